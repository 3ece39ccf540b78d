/*  pt_scan_test - vectors of pt_scan, and agreement with msgpack-c. */

#include "pt_codec.h"
#include "pt_sample.h"
#include "pt_scan.h"
#include "pt_test.h"
#include <msgpack.h>

typedef struct {
    const char *what;
    const char *bytes;
    size_t len;
    int rc;
} s_vector_t;

#define PASS 0
#define FAIL -PT_E_malformed

static const s_vector_t s_vectors[] = {
    {"nothing", BYTES (""), FAIL},
    {"nil", BYTES ("\xc0"), PASS},
    {"false", BYTES ("\xc2"), PASS},
    {"true", BYTES ("\xc3"), PASS},
    {"the type that is never used", BYTES ("\xc1"), FAIL},
    {"largest fixint", BYTES ("\x7f"), PASS},
    {"smallest fixint", BYTES ("\xe0"), PASS},
    {"two objects", BYTES ("\x01\x02"), FAIL},
    {"uint 8", BYTES ("\xcc\xff"), PASS},
    {"uint 16", BYTES ("\xcd\xff\xff"), PASS},
    {"uint 32", BYTES ("\xce\xff\xff\xff\xff"), PASS},
    {"uint 64", BYTES ("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), PASS},
    {"int 8", BYTES ("\xd0\x80"), PASS},
    {"int 16", BYTES ("\xd1\x80\x00"), PASS},
    {"int 32", BYTES ("\xd2\x80\x00\x00\x00"), PASS},
    {"int 64", BYTES ("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), PASS},
    {"float 32", BYTES ("\xca\x00\x00\x00\x00"), FAIL},
    {"float 64", BYTES ("\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), FAIL},
    {"fixext 1", BYTES ("\xd4\x01\x00"), FAIL},
    {"fixext 2", BYTES ("\xd5\x01\x00\x00"), FAIL},
    {"fixext 4", BYTES ("\xd6\xff\x00\x00\x00\x00"), FAIL},
    {"fixext 8", BYTES ("\xd7\x01\x00\x00\x00\x00\x00\x00\x00\x00"), FAIL},
    {"fixext 16", BYTES ("\xd8\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), FAIL},
    {"ext 8", BYTES ("\xc7\x01\x01\x00"), FAIL},
    {"ext 16", BYTES ("\xc8\x00\x01\x01\x00"), FAIL},
    {"ext 32", BYTES ("\xc9\x00\x00\x00\x01\x01\x00"), FAIL},
    {"float in a map", BYTES ("\x81\xa1\x61\xca\x00\x00\x00\x00"), FAIL},
    {"empty str", BYTES ("\xa0"), PASS},
    {"fixstr",
     BYTES ("\xa3"
            "abc"),
     PASS},
    {"str 8",
     BYTES ("\xd9\x03"
            "abc"),
     PASS},
    {"str 16",
     BYTES ("\xda\x00\x03"
            "abc"),
     PASS},
    {"str 32",
     BYTES ("\xdb\x00\x00\x00\x03"
            "abc"),
     PASS},
    {"str longer than the bytes",
     BYTES ("\xa3"
            "ab"),
     FAIL},
    {"str 32 of 4 GiB", BYTES ("\xdb\xff\xff\xff\xff"), FAIL},
    {"bin 8", BYTES ("\xc4\x01\x00"), PASS},
    {"bin 16", BYTES ("\xc5\x00\x01\x00"), PASS},
    {"bin 32", BYTES ("\xc6\x00\x00\x00\x01\x00"), PASS},
    {"bin 32 of 4 GiB", BYTES ("\xc6\xff\xff\xff\xff"), FAIL},
    {"empty array", BYTES ("\x90"), PASS},
    {"empty map", BYTES ("\x80"), PASS},
    {"empty array 32", BYTES ("\xdd\x00\x00\x00\x00"), PASS},
    {"empty map 32", BYTES ("\xdf\x00\x00\x00\x00"), PASS},
    {"array of 2^32 - 1", BYTES ("\xdd\xff\xff\xff\xff"), FAIL},
    {"map of 2^32 - 1", BYTES ("\xdf\xff\xff\xff\xff"), FAIL},
    {"array of 2^28", BYTES ("\xdd\x10\x00\x00\x00"), FAIL},
    {"array 16 of 65535", BYTES ("\xdc\xff\xff\x01"), FAIL},
    {"map 16 of 65535", BYTES ("\xde\xff\xff\x01\x01"), FAIL},
    {"array of two with one", BYTES ("\x92\x01"), FAIL},
    {"map of one with a key alone", BYTES ("\x81\xa1\x61"), FAIL},
    {"inner array takes what the outer owes", BYTES ("\x92\x91\x01"), FAIL},
    {"array in array", BYTES ("\x92\x91\x01\x02"), PASS},
    {"map in map", BYTES ("\x81\xa1\x61\x81\xa1\x62\x00"), PASS},
    {"map with an array as key", BYTES ("\x81\x90\x01"), PASS},
    {"array followed by a byte", BYTES ("\x91\x01\x00"), FAIL},
};

static void vectors_are_judged_as_listed (void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF (s_vectors); i++) {
        void *bytes = test_copy (s_vectors[i].bytes, s_vectors[i].len);
        int rc = pt_scan (bytes, s_vectors[i].len, LIM_SCAN_DEPTH, LIM_SCAN_OBJECTS);
        if (rc != s_vectors[i].rc)
            fail_msg ("%s: got %d", s_vectors[i].what, rc);
        free (bytes);
    }
}

static void every_truncation_of_a_vector_is_refused (void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF (s_vectors); i++)
        for (size_t len = 0; s_vectors[i].rc == PASS && len < s_vectors[i].len; len++) {
            void *bytes = test_copy (s_vectors[i].bytes, len);
            if (pt_scan (bytes, len, LIM_SCAN_DEPTH, LIM_SCAN_OBJECTS) == 0)
                fail_msg ("%s: %zu bytes of it pass", s_vectors[i].what, len);
            free (bytes);
        }
}

static void nesting_is_allowed_to_the_depth_and_not_beyond (void **state)
{
    (void)state;
    enum { MOST = 1000 };
    char bytes[MOST + 1];
    for (unsigned nested = 1; nested <= 40; nested++) {
        memset (bytes, 0x91, nested);
        bytes[nested] = 0x01;
        for (unsigned depth = 0; depth <= 40; depth++) {
            unsigned allowed = depth < 32 ? depth : 32;
            assert_int_equal (pt_scan (bytes, nested + 1, depth, MOST), nested <= allowed ? 0 : FAIL);
        }
    }
    memset (bytes, 0x91, MOST);
    bytes[MOST] = 0x01;
    assert_int_equal (pt_scan (bytes, sizeof bytes, UINT32_MAX, UINT32_MAX), FAIL);
}

static void nested_bombs_are_refused_at_their_header (void **state)
{
    (void)state;
    /*  32 arrays of 16 million each: msgpack-c would allocate 16 GB for it. */
    char bytes[32 * 5];
    for (size_t i = 0; i < 32; i++)
        memcpy (bytes + 5 * i, "\xdd\x01\x00\x00\x00", 5);
    assert_int_equal (pt_scan (bytes, sizeof bytes, 32, UINT32_MAX), FAIL);
}

static void objects_are_counted_over_all_levels (void **state)
{
    (void)state;
    /*  1 + 2 + 2 + 2 objects. */
    const char bytes[] = "\x82\xa1\x61\x92\x01\x02\xa1\x62\x03";
    for (unsigned objects = 0; objects < 10; objects++)
        assert_int_equal (pt_scan (bytes, sizeof bytes - 1, 8, objects), objects >= 7 ? 0 : FAIL);
}

static void every_truncation_of_every_message_is_refused (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (1 << 20);
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    for (unsigned type = 0; type < PT_MSG_COUNT; type++) {
        pt_sample_t sample = {.kind = PT_SAMPLE_RANDOM, .state = type, .budget = 512, .arena = arena};
        pt_buf_clear (&buf);
        assert_int_equal (pt_encode (&buf, type, pt_sample_message (&sample, type)), 0);
        assert_int_equal (pt_scan (buf.at, buf.len, LIM_SCAN_DEPTH, LIM_SCAN_OBJECTS), 0);
        size_t most = buf.len < 600 ? buf.len : 600;
        for (size_t len = 0; len < most; len++) {
            void *bytes = test_copy (buf.at, len);
            assert_int_equal (pt_scan (bytes, len, LIM_SCAN_DEPTH, LIM_SCAN_OBJECTS), FAIL);
            free (bytes);
        }
        pt_arena_reset (arena);
    }
    pt_buf_fini (&buf);
    pt_arena_destroy (&arena);
}

/*  Random bytes that look like msgpack more often than not. */
static size_t s_make_noise (pt_sample_t *random, char *to, size_t most)
{
    static const unsigned char s_types[] = {0x80, 0x81, 0x82, 0x90, 0x91, 0x93, 0xa0, 0xa1, 0xc0, 0xc2, 0xc4, 0xcc,
                                            0xcd, 0xd9, 0xda, 0xdc, 0xde, 0xdd, 0xd0, 0x00, 0x01, 0x02, 0xca, 0xd4};
    size_t len = 1 + pt_sample_next (random) % most;
    for (size_t i = 0; i < len; i++) {
        uint64_t next = pt_sample_next (random);
        to[i] = (char)(next % 8 ? s_types[(next >> 8) % sizeof s_types] : (unsigned char)(next >> 16));
    }
    return len;
}

/*  Whether a tree has what pt_scan refuses and msgpack-c does not. */
static bool s_has_banned (const msgpack_object *object)
{
    bool banned = object->type == MSGPACK_OBJECT_FLOAT32 || object->type == MSGPACK_OBJECT_FLOAT64 ||
                  object->type == MSGPACK_OBJECT_EXT;
    if (object->type == MSGPACK_OBJECT_ARRAY)
        for (uint32_t i = 0; i < object->via.array.size; i++)
            banned = banned || s_has_banned (&object->via.array.ptr[i]);
    if (object->type == MSGPACK_OBJECT_MAP)
        for (uint32_t i = 0; i < object->via.map.size; i++)
            banned = banned || s_has_banned (&object->via.map.ptr[i].key) || s_has_banned (&object->via.map.ptr[i].val);
    return banned;
}

static void what_passes_is_what_msgpack_c_reads_whole (void **state)
{
    (void)state;
    pt_sample_t random = {.state = 7};
    msgpack_zone zone;
    assert_true (msgpack_zone_init (&zone, 8192));
    unsigned passed = 0;
    for (int round = 0; round < 100000; round++) {
        char noise[12];
        size_t len = s_make_noise (&random, noise, sizeof noise);
        char *bytes = test_copy (noise, len);
        int rc = pt_scan (bytes, len, 32, UINT32_MAX);
        /*  msgpack-c is asked only where a bomb can't hurt it. */
        msgpack_object root;
        size_t offset = 0;
        bool is_bomb = memchr (bytes, 0xdd, len) || memchr (bytes, 0xdf, len);
        if (rc == 0 || !is_bomb) {
            msgpack_unpack_return got = msgpack_unpack (bytes, len, &offset, &zone, &root);
            bool is_read = got == MSGPACK_UNPACK_SUCCESS && offset == len && !s_has_banned (&root);
            if (is_read != (rc == 0))
                fail_msg ("round %d: scan %d, msgpack-c %d", round, rc, (int)got);
            msgpack_zone_clear (&zone);
        }
        passed += rc == 0;
        free (bytes);
    }
    assert_true (passed > 1000);
    msgpack_zone_destroy (&zone);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (vectors_are_judged_as_listed),
        cmocka_unit_test (every_truncation_of_a_vector_is_refused),
        cmocka_unit_test (nesting_is_allowed_to_the_depth_and_not_beyond),
        cmocka_unit_test (nested_bombs_are_refused_at_their_header),
        cmocka_unit_test (objects_are_counted_over_all_levels),
        cmocka_unit_test (every_truncation_of_every_message_is_refused),
        cmocka_unit_test (what_passes_is_what_msgpack_c_reads_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
