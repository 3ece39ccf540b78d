/*  Frames: round trips, every split, and what no server may send. */

#include "ld_frame.h"
#include "pt_test.h"
#include <stdlib.h>
#include <string.h>

static const size_t s_lens[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};

/*  A frame as a server sends it: what a client writes under the zero mask,
    without the mask. */
static size_t s_server_frame (char *out, ld_opcode_t opcode, const char *payload, size_t len)
{
    size_t size = ld_frame_put (out, opcode, payload, len, 0);
    size_t head = size - len - 4;
    assert_true (out[1] & 0x80);
    out[1] = (char)(out[1] & 127);
    memmove (out + head, out + head + 4, len);
    return size - 4;
}

static void a_frame_that_is_written_can_be_read (void **state)
{
    (void)state;
    char *payload = malloc (70000), *wire = malloc (70000 + LD_FRAME_HEAD);
    assert_non_null (payload);
    assert_non_null (wire);
    memset (payload, 'x', 70000);
    for (size_t i = 0; i < sizeof s_lens / sizeof *s_lens; i++) {
        ld_frame_t frame;
        size_t size = s_server_frame (wire, LD_TEXT, payload, s_lens[i]);
        assert_int_equal (ld_frame_parse (wire, size, &frame), 1);
        assert_int_equal (frame.len, s_lens[i]);
        assert_int_equal (frame.used, size);
        assert_true (frame.is_final);
        assert_memory_equal (frame.at, payload, s_lens[i]);
    }
    free (payload);
    free (wire);
}

static void the_mask_covers_every_byte (void **state)
{
    (void)state;
    char wire[64];
    size_t len = ld_frame_put (wire, LD_TEXT, "hello", 5, 0x04030201);
    assert_int_equal (len, 11);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal (wire[6 + i] ^ wire[2 + (i & 3)], "hello"[i]);
    assert_memory_equal (wire + 2, "\1\2\3\4", 4);
}

static void a_frame_is_not_whole_before_its_last_byte (void **state)
{
    (void)state;
    char payload[300], wire[320];
    ld_frame_t frame;
    memset (payload, 'y', sizeof payload);
    size_t size = s_server_frame (wire, LD_TEXT, payload, sizeof payload);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal (ld_frame_parse (wire, cut, &frame), 0);
    assert_int_equal (ld_frame_parse (wire, size, &frame), 1);
}

static void what_no_server_may_send_is_malformed (void **state)
{
    (void)state;
    static const char *const frames[] = {
        "\xc1\x01x",        /* a reserved bit */
        "\x81\x81xxxxx",    /* masked */
        "\x83\x01x",        /* a reserved opcode */
        "\x8b\x01x",        /* a reserved control opcode */
        "\x09\x01x",        /* a ping in pieces */
        "\x89\x7e\x01\x01", /* a long ping */
    };
    ld_frame_t frame;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        assert_int_equal (ld_frame_parse (frames[i], 3, &frame), -PT_E_malformed);
}

static void a_frame_beyond_the_bound_is_refused_at_its_head (void **state)
{
    (void)state;
    ld_frame_t frame;
    assert_int_equal (ld_frame_parse ("\x81\x7f\0\0\0\0\0\x10\0\1", 10, &frame), -PT_E_too_large);
    assert_int_equal (ld_frame_parse ("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, &frame), -PT_E_too_large);
}

static void a_frame_that_goes_on_says_so (void **state)
{
    (void)state;
    ld_frame_t frame;
    assert_int_equal (ld_frame_parse ("\x01\x01x", 3, &frame), 1);
    assert_false (frame.is_final);
    assert_int_equal (frame.opcode, LD_TEXT);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_frame_that_is_written_can_be_read),
        cmocka_unit_test (the_mask_covers_every_byte),
        cmocka_unit_test (a_frame_is_not_whole_before_its_last_byte),
        cmocka_unit_test (what_no_server_may_send_is_malformed),
        cmocka_unit_test (a_frame_beyond_the_bound_is_refused_at_its_head),
        cmocka_unit_test (a_frame_that_goes_on_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
