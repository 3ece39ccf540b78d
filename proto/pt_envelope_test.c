/*  pt_envelope_test - round trips and every way to be malformed. */

#include "pt_envelope.h"
#include "pt_sample.h"
#include "pt_test.h"

static const pt_envelope_t s_usual = {
    .version = PT_VERSION,
    .kind = PT_KIND_REQUEST,
    .service = 2,
    .opcode = 0x0221,
    .correlation = 77,
    .deadline_ms = 30000,
    .affinity = 12,
    .status = 0,
    .trace = "req-1",
};

static void s_assert_same (const pt_envelope_t *a, const pt_envelope_t *b)
{
    assert_int_equal (a->version, b->version);
    assert_int_equal (a->kind, b->kind);
    assert_int_equal (a->service, b->service);
    assert_int_equal (a->opcode, b->opcode);
    assert_true (a->correlation == b->correlation);
    assert_int_equal (a->deadline_ms, b->deadline_ms);
    assert_true (a->affinity == b->affinity);
    assert_int_equal (a->status, b->status);
    assert_string_equal (a->trace, b->trace);
}

static void the_bytes_are_the_documented_ones (void **state)
{
    (void)state;
    uint8_t bytes[LIM_ENVELOPE];
    size_t len = pt_envelope_encode (&s_usual, bytes);
    assert_int_equal (len, 19);
    assert_memory_equal (bytes,
                         "\x99\x01\x01\x02\xcd\x02\x21\x4d\xcd\x75\x30\x0c\x00\xa5"
                         "req-1",
                         len);
}

static uint64_t s_edge (pt_sample_t *random, uint64_t max)
{
    return pt_sample_number (random, 0, max);
}

static void what_is_encoded_is_decoded (void **state)
{
    (void)state;
    pt_sample_t random = {.kind = PT_SAMPLE_RANDOM, .state = 3};
    for (int round = 0; round < 20000; round++) {
        pt_envelope_t in = {.version = PT_VERSION}, out;
        in.kind = (uint8_t)(1 + pt_sample_next (&random) % PT_KIND_DIRECT);
        in.service = (uint8_t)s_edge (&random, UINT8_MAX);
        in.opcode = (uint16_t)s_edge (&random, UINT16_MAX);
        in.correlation = s_edge (&random, UINT64_MAX);
        in.deadline_ms = (uint32_t)s_edge (&random, UINT32_MAX);
        in.affinity = s_edge (&random, UINT64_MAX);
        in.status = (uint16_t)s_edge (&random, UINT16_MAX);
        memset (in.trace, 0x20 + (int)(pt_sample_next (&random) % 95), pt_sample_next (&random) % (LIM_TRACE + 1));
        uint8_t bytes[LIM_ENVELOPE];
        size_t len = pt_envelope_encode (&in, bytes);
        assert_true (len <= sizeof bytes);
        void *copy = test_copy (bytes, len);
        assert_int_equal (pt_envelope_decode (&out, copy, len), 0);
        s_assert_same (&in, &out);
        free (copy);
    }
}

static void the_largest_envelope_fits (void **state)
{
    (void)state;
    pt_envelope_t in = {1, 7, 255, 65535, UINT64_MAX, UINT32_MAX, UINT64_MAX, 65535, ""};
    memset (in.trace, '~', LIM_TRACE);
    uint8_t bytes[LIM_ENVELOPE];
    assert_true (pt_envelope_encode (&in, bytes) <= LIM_ENVELOPE);
}

static void every_truncation_and_every_trailing_byte_is_refused (void **state)
{
    (void)state;
    uint8_t bytes[LIM_ENVELOPE];
    size_t len = pt_envelope_encode (&s_usual, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        void *copy = test_copy (bytes, cut);
        pt_envelope_t out = {.status = 4711};
        assert_int_equal (pt_envelope_decode (&out, copy, cut), -PT_E_malformed);
        assert_int_equal (out.status, 4711);
        free (copy);
    }
    for (int extra = 0; extra < 256; extra++) {
        pt_envelope_t out;
        bytes[len] = (uint8_t)extra;
        assert_int_equal (pt_envelope_decode (&out, bytes, len + 1), -PT_E_malformed);
    }
}

typedef struct {
    const char *what;
    const char *bytes;
    size_t len;
    int rc;
} s_vector_t;

#define PASS 0
#define FAIL -PT_E_malformed
#define OTHER -PT_E_version_unsupported

static const s_vector_t s_vectors[] = {
    {"smallest", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), PASS},
    {"array 16", BYTES ("\xdc\x00\x09\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), PASS},
    {"array 32", BYTES ("\xdd\x00\x00\x00\x09\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), PASS},
    {"wide integers",
     BYTES ("\x99\xcc\x01\xcd\x00\x01\xce\x00\x00\x00\x00\xcf\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\xa0"),
     PASS},
    {"signed integers that are positive",
     BYTES ("\x99\xd0\x01\xd1\x00\x01\xd2\x00\x00\x00\x01\xd3\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\xa0"),
     PASS},
    {"str 8",
     BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xd9\x01"
            "a"),
     PASS},
    {"str 16",
     BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xda\x00\x01"
            "a"),
     PASS},
    {"str 32",
     BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xdb\x00\x00\x00\x01"
            "a"),
     PASS},
    {"eight elements", BYTES ("\x98\x01\x01\x00\x00\x00\x00\x00\x00"), FAIL},
    {"eight announced, nine there", BYTES ("\x98\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"ten elements", BYTES ("\x9a\x01\x01\x00\x00\x00\x00\x00\x00\xa0\x00"), FAIL},
    {"no elements", BYTES ("\x90"), FAIL},
    {"array 32 of 2^32 - 1", BYTES ("\xdd\xff\xff\xff\xff\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"a map", BYTES ("\x89\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"a number", BYTES ("\x09"), FAIL},
    {"version 0", BYTES ("\x99\x00\x01\x00\x00\x00\x00\x00\x00\xa0"), OTHER},
    {"version 2", BYTES ("\x99\x02\x01\x00\x00\x00\x00\x00\x00\xa0"), OTHER},
    {"version 2 with other elements", BYTES ("\x93\x02\xc0\x81"), OTHER},
    {"version 2^64 - 1", BYTES ("\x99\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), OTHER},
    {"version as str", BYTES ("\x99\xa1\x31\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"version -1", BYTES ("\x99\xff\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"kind 0", BYTES ("\x99\x01\x00\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"kind 9", BYTES ("\x99\x01\x09\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"kind 257", BYTES ("\x99\x01\xcd\x01\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"kind nil", BYTES ("\x99\x01\xc0\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"service 256", BYTES ("\x99\x01\x01\xcd\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"opcode 65536", BYTES ("\x99\x01\x01\x00\xce\x00\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"correlation -1", BYTES ("\x99\x01\x01\x00\x00\xd3\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\xa0"), FAIL},
    {"correlation -128", BYTES ("\x99\x01\x01\x00\x00\xd0\x80\x00\x00\x00\xa0"), FAIL},
    {"correlation float", BYTES ("\x99\x01\x01\x00\x00\xca\x00\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"correlation true", BYTES ("\x99\x01\x01\x00\x00\xc3\x00\x00\x00\xa0"), FAIL},
    {"deadline 2^32", BYTES ("\x99\x01\x01\x00\x00\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xa0"), FAIL},
    {"affinity as array", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x90\x00\xa0"), FAIL},
    {"status 65536", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\xce\x00\x01\x00\x00\xa0"), FAIL},
    {"trace nil", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xc0"), FAIL},
    {"trace bin",
     BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xc4\x01"
            "a"),
     FAIL},
    {"trace number", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\x00"), FAIL},
    {"trace with NUL", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xa1\x00"), FAIL},
    {"trace with newline", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xa2\x61\x0a"), FAIL},
    {"trace with DEL", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xa1\x7f"), FAIL},
    {"trace with UTF-8", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xa2\xc3\xa9"), FAIL},
    {"trace longer than the bytes", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xa2\x61"), FAIL},
    {"trace of 4 GiB", BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xdb\xff\xff\xff\xff"), FAIL},
    {"trace of 65",
     BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xd9\x41"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     FAIL},
    {"trace of 64",
     BYTES ("\x99\x01\x01\x00\x00\x00\x00\x00\x00\xd9\x40"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     PASS},
};

static void vectors_are_judged_as_listed (void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF (s_vectors); i++) {
        void *bytes = test_copy (s_vectors[i].bytes, s_vectors[i].len);
        pt_envelope_t out = {.deadline_ms = 4711};
        int rc = pt_envelope_decode (&out, bytes, s_vectors[i].len);
        if (rc != s_vectors[i].rc)
            fail_msg ("%s: got %d", s_vectors[i].what, rc);
        if (rc)
            assert_int_equal (out.deadline_ms, 4711);
        free (bytes);
    }
}

static void an_unprintable_trace_leaves_as_question_marks (void **state)
{
    (void)state;
    pt_envelope_t in = s_usual, out;
    memcpy (in.trace, "a\nb\x80", sizeof "a\nb\x80");
    uint8_t bytes[LIM_ENVELOPE];
    size_t len = pt_envelope_encode (&in, bytes);
    assert_int_equal (pt_envelope_decode (&out, bytes, len), 0);
    assert_string_equal (out.trace, "a?b?");
}

/*  Whatever changes in one byte, the decoder refuses it or gives values that
    encode and decode to themselves. */
static void every_changed_byte_is_refused_or_consistent (void **state)
{
    (void)state;
    uint8_t good[LIM_ENVELOPE];
    size_t len = pt_envelope_encode (&s_usual, good);
    for (size_t at = 0; at < len; at++)
        for (int value = 0; value < 256; value++) {
            uint8_t *bytes = test_copy (good, len);
            bytes[at] = (uint8_t)value;
            pt_envelope_t once, twice;
            if (pt_envelope_decode (&once, bytes, len) == 0) {
                uint8_t again[LIM_ENVELOPE];
                assert_int_equal (pt_envelope_decode (&twice, again, pt_envelope_encode (&once, again)), 0);
                s_assert_same (&once, &twice);
            }
            free (bytes);
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_bytes_are_the_documented_ones),
        cmocka_unit_test (what_is_encoded_is_decoded),
        cmocka_unit_test (the_largest_envelope_fits),
        cmocka_unit_test (every_truncation_and_every_trailing_byte_is_refused),
        cmocka_unit_test (vectors_are_judged_as_listed),
        cmocka_unit_test (an_unprintable_trace_leaves_as_question_marks),
        cmocka_unit_test (every_changed_byte_is_refused_or_consistent),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
