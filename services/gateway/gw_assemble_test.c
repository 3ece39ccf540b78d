/*  gw_assemble_test - messages cut into frames and slices in every way, and every
    limit from both sides. */

#include "gw_assemble.h"
#include "pt_limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    gw_assemble_t assemble;
    const char *bytes;
    size_t len;
    uint16_t code;
} fixture_t;

static gw_assembled_t s_take (fixture_t *self, const char *bytes, size_t len, size_t left, bool is_first, bool is_last)
{
    const gw_slice_t slice = {.bytes = bytes, .len = len, .frame_left = left, .is_first = is_first, .is_last = is_last};
    self->bytes = NULL;
    self->code = 0;
    return gw_assemble_take (&self->assemble, &slice, &self->bytes, &self->len, &self->code);
}

static int s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    gw_assemble_init (&self->assemble);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    gw_assemble_fini (&self->assemble);
    free (self);
    return 0;
}

static void test_a_message_in_one_slice_is_not_copied (void **state)
{
    fixture_t *self = *state;
    const char text[] = "hello";
    assert_int_equal (s_take (self, text, 5, 0, true, true), GW_ASSEMBLE_WHOLE);
    assert_ptr_equal (self->bytes, text);
    assert_int_equal (self->len, 5);
    assert_null (self->assemble.bytes.at);
}

static void test_a_message_cut_at_every_two_places_comes_out_whole (void **state)
{
    fixture_t *self = *state;
    const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    const size_t len = sizeof text - 1;
    for (size_t i = 0; i <= len; i++)
        for (size_t j = i; j <= len; j++) {
            assert_int_equal (s_take (self, text, i, 0, true, false), GW_ASSEMBLE_MORE);
            assert_int_equal (s_take (self, text + i, j - i, len - j, false, false), GW_ASSEMBLE_MORE);
            assert_int_equal (s_take (self, text + j, len - j, 0, false, true), GW_ASSEMBLE_WHOLE);
            assert_int_equal (self->len, len);
            assert_memory_equal (self->bytes, text, len);
        }
}

static void test_an_empty_message_is_whole (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (s_take (self, NULL, 0, 0, true, true), GW_ASSEMBLE_WHOLE);
    assert_int_equal (self->len, 0);
    assert_non_null (self->bytes);
}

static void test_the_size_limit_counts_what_a_frame_claims (void **state)
{
    fixture_t *self = *state;
    char *big = calloc (1, LIM_WS_MESSAGE + 1);
    assert_non_null (big);
    memset (big, 'x', LIM_WS_MESSAGE + 1);
    assert_int_equal (s_take (self, big, LIM_WS_MESSAGE, 0, true, true), GW_ASSEMBLE_WHOLE);
    assert_int_equal (s_take (self, big, LIM_WS_MESSAGE + 1, 0, true, true), GW_ASSEMBLE_CLOSE);
    assert_int_equal (self->code, 1009);
    assert_int_equal (s_take (self, big, 1, LIM_WS_MESSAGE - 1, true, false), GW_ASSEMBLE_MORE);
    assert_int_equal (s_take (self, big, 1, LIM_WS_MESSAGE, true, false), GW_ASSEMBLE_CLOSE);
    assert_int_equal (self->code, 1009);
    assert_int_equal (s_take (self, big, 1, (size_t)1 << 62, true, false), GW_ASSEMBLE_CLOSE);
    assert_int_equal (self->code, 1009);
    /*  Across frames. */
    assert_int_equal (s_take (self, big, LIM_WS_MESSAGE, 0, true, false), GW_ASSEMBLE_MORE);
    assert_int_equal (s_take (self, big, 1, 0, false, true), GW_ASSEMBLE_CLOSE);
    assert_int_equal (self->code, 1009);
    free (big);
}

static void test_the_fragment_limit_counts_empty_frames (void **state)
{
    fixture_t *self = *state;
    for (int i = 1; i < LIM_WS_FRAGMENTS; i++)
        assert_int_equal (s_take (self, "", 0, 0, i == 1, false), GW_ASSEMBLE_MORE);
    assert_int_equal (s_take (self, "", 0, 0, false, true), GW_ASSEMBLE_WHOLE);
    for (int i = 1; i <= LIM_WS_FRAGMENTS; i++)
        assert_int_equal (s_take (self, "", 0, 0, i == 1, false), GW_ASSEMBLE_MORE);
    assert_int_equal (s_take (self, "", 0, 0, false, true), GW_ASSEMBLE_CLOSE);
    assert_int_equal (self->code, 1008);
}

static void test_slices_of_one_frame_are_one_fragment (void **state)
{
    fixture_t *self = *state;
    for (size_t left = 2 * LIM_WS_FRAGMENTS; left > 0; left--)
        assert_int_equal (s_take (self, "x", 1, left, left == 2 * LIM_WS_FRAGMENTS, false), GW_ASSEMBLE_MORE);
    assert_int_equal (s_take (self, "x", 1, 0, false, true), GW_ASSEMBLE_WHOLE);
    assert_int_equal (self->len, 2 * LIM_WS_FRAGMENTS + 1);
}

static void test_binary_is_refused (void **state)
{
    fixture_t *self = *state;
    const gw_slice_t slice = {.bytes = "x", .len = 1, .is_first = true, .is_last = true, .is_binary = true};
    assert_int_equal (gw_assemble_take (&self->assemble, &slice, &self->bytes, &self->len, &self->code),
                      GW_ASSEMBLE_CLOSE);
    assert_int_equal (self->code, 4400);
}

static void test_text_must_be_utf8_at_its_end (void **state)
{
    fixture_t *self = *state;
    static const char *const bad[] = {"\xff", "\xc3", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal (s_take (self, bad[i], strlen (bad[i]), 0, true, true), GW_ASSEMBLE_CLOSE);
        assert_int_equal (self->code, 1007);
    }
    assert_int_equal (s_take (self, "a\0b", 3, 0, true, true), GW_ASSEMBLE_WHOLE);
    assert_int_equal (s_take (self, "a\0\xff", 3, 0, true, true), GW_ASSEMBLE_CLOSE);
    assert_int_equal (s_take (self, "\0", 1, 0, true, true), GW_ASSEMBLE_WHOLE);
}

static void test_a_close_payload_of_one_byte_is_a_protocol_error (void **state)
{
    (void)state;
    assert_int_equal (gw_assemble_close_fault (0), 0);
    assert_int_equal (gw_assemble_close_fault (1), 1002);
    assert_int_equal (gw_assemble_close_fault (2), 0);
    assert_int_equal (gw_assemble_close_fault (125), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_a_message_in_one_slice_is_not_copied, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_a_message_cut_at_every_two_places_comes_out_whole, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_an_empty_message_is_whole, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_the_size_limit_counts_what_a_frame_claims, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_the_fragment_limit_counts_empty_frames, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_slices_of_one_frame_are_one_fragment, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_binary_is_refused, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_text_must_be_utf8_at_its_end, s_setup, s_teardown),
        cmocka_unit_test (test_a_close_payload_of_one_byte_is_a_protocol_error),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
