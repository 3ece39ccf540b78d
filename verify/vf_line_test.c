/*  Tests of vf_line: what is written is read again, what is malformed is refused. */

#include "vf_line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *s_read (vf_event_t *out, const char *text)
{
    static char line[VF_LINE_MAX];
    size_t len = strlen (text);
    memcpy (line, text, len);
    return vf_line_read (out, line, len);
}

static void a_line_is_read_with_all_its_keys (void **state)
{
    (void)state;
    vf_event_t event;
    const char *fault =
        s_read (&event, "{\"mono_ns\":12,\"wall_ns\":1790000000000000000,\"client\":\"c1\",\"op\":\"ok\","
                        "\"kind\":\"send\",\"account\":\"7\",\"room\":\"18446744073709551615\",\"seq\":5,"
                        "\"epoch\":1,\"cmid\":\"a\\\"b\\\\c\\u0007\",\"bodyhash\":\"00ff00000000AbCd\","
                        "\"gateway\":\"0\",\"duplicate\":true,\"rss\":9}");
    assert_null (fault);
    assert_int_equal (event.mono_ns, 12);
    assert_int_equal (event.wall_ns, 1790000000000000000);
    assert_true (pt_str_eq (event.client, PT_LIT ("c1")));
    assert_int_equal (event.op, VF_OK);
    assert_int_equal (event.kind, VF_SEND);
    assert_int_equal (event.account, 7);
    assert_true (event.room == UINT64_MAX);
    assert_int_equal (event.seq, 5);
    assert_true (pt_str_eq (event.cmid, PT_LIT ("a\"b\\c\a")));
    assert_true (event.bodyhash == 0x00ff00000000abcdu);
    assert_true (event.duplicate);
    assert_false (event.recovered);
    assert_int_equal (event.rss, 9);
}

static void order_spaces_and_unknown_keys_do_not_matter (void **state)
{
    (void)state;
    vf_event_t event;
    assert_null (s_read (
        &event, " { \"kind\" : \"recv\" , \"later\":\"x\",\"n\":-1.5e3,\"b\":null, \"room\":3, \"op\": \"ok\",\t"
                "\"client\":\"c\"} "));
    assert_int_equal (event.kind, VF_RECV);
    assert_int_equal (event.room, 3);
}

static void what_is_malformed_is_refused (void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"op\":\"ok\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"\"}",
        "{\"op\":\"done\",\"kind\":\"send\",\"client\":\"c\"}",
        "{\"op\":\"ok\",\"kind\":\"sent\",\"client\":\"c\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\"",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\"} x",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"seq\":1.5}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"seq\":-1}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"seq\":18446744073709551616}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"room\":\"7x\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"bodyhash\":\"12\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"bodyhash\":\"zzzzzzzzzzzzzzzz\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"cmid\":\"\\x\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"cmid\":\"\\u00\"}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"cmid\":\"a",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"duplicate\":1}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"x\":{\"y\":1}}",
        "{\"op\":\"ok\",\"kind\":\"send\",\"client\":\"c\",\"x\":}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        vf_event_t event;
        if (!s_read (&event, lines[i]))
            fail_msg ("taken: %s", lines[i]);
    }
}

static void every_prefix_of_a_line_is_refused (void **state)
{
    (void)state;
    static const char line[] =
        "{\"mono_ns\":12,\"client\":\"c1\",\"op\":\"ok\",\"kind\":\"sub\",\"room\":\"7\",\"recovered\":true}";
    for (size_t len = 0; len < sizeof line - 1; len++) {
        char *copy = malloc (len + 1); /* exact, so that ASan sees a read past the end */
        memcpy (copy, line, len);
        vf_event_t event;
        assert_non_null (vf_line_read (&event, copy, len));
        free (copy);
    }
}

static void what_is_written_is_read_again (void **state)
{
    (void)state;
    const vf_event_t events[] = {
        {.mono_ns = 1,
         .wall_ns = 2,
         .client = PT_LIT ("c"),
         .op = VF_INVOKE,
         .kind = VF_SEND,
         .room = 9,
         .cmid = PT_LIT ("\"\n\\"),
         .bodyhash = 0xabc},
        {.client = PT_LIT ("c"), .op = VF_OK, .kind = VF_SUB, .room = 9, .seq = 4, .epoch = 1, .head = 77},
        {.client = PT_LIT ("c"), .op = VF_OK, .kind = VF_SUB, .recovered = true},
        {.client = PT_LIT ("nemesis"),
         .op = VF_OK,
         .kind = VF_STAT,
         .gateway = PT_LIT ("store"),
         .rss = UINT64_MAX,
         .fds = 4,
         .cpu = 1},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        char line[VF_LINE_MAX], again[VF_LINE_MAX];
        size_t len = vf_line_write (line, sizeof line, &events[i]);
        assert_in_range (len, 1, VF_LINE_MAX);
        assert_int_equal (line[len - 1], '\n');
        char copy[VF_LINE_MAX];
        memcpy (copy, line, len);
        vf_event_t event;
        assert_null (vf_line_read (&event, copy, len - 1));
        assert_int_equal (vf_line_write (again, sizeof again, &event), len);
        assert_memory_equal (line, again, len);
    }
}

static void what_does_not_fit_is_not_written (void **state)
{
    (void)state;
    const vf_event_t event = {.client = PT_LIT ("c"), .op = VF_OK, .kind = VF_CONN};
    char line[VF_LINE_MAX];
    size_t len = vf_line_write (line, sizeof line, &event);
    assert_int_equal (vf_line_write (line, len, &event), len);
    for (size_t size = 0; size < len; size++)
        assert_int_equal (vf_line_write (line, size, &event), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_line_is_read_with_all_its_keys),
        cmocka_unit_test (order_spaces_and_unknown_keys_do_not_matter),
        cmocka_unit_test (what_is_malformed_is_refused),
        cmocka_unit_test (every_prefix_of_a_line_is_refused),
        cmocka_unit_test (what_is_written_is_read_again),
        cmocka_unit_test (what_does_not_fit_is_not_written),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
