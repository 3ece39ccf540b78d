/*  gw_echo_test - what comes back of what somebody says without being signed in. */

#include "gw_echo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void s_assert_echo (const char *text, size_t len, const char *expected)
{
    pt_buf_t out;
    pt_buf_init (&out, 512 * 1024);
    assert_int_equal (gw_echo_put (&out, (pt_str_t){text, (uint32_t)len}), 0);
    assert_int_equal (out.len, strlen (expected));
    pt_buf_put (&out, "", 1);
    assert_string_equal (out.at, expected);
    pt_buf_fini (&out);
}

static void of_an_object_with_a_message_that_alone_comes_back (void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"message\":\"hello\"}", "{\"message\":\"hello\"}"},
        {" { \"a\": 1, \"message\" : \"hello\" } ", "{\"message\":\"hello\"}"},
        {"{\"message\":\"\"}", "{\"message\":\"\"}"},
        {"{\"message\":\"\\u00fc\\ud83d\\ude00 \\\" \\\\ \\u0001\\n\"}",
         "{\"message\":\"\xc3\xbc\xf0\x9f\x98\x80 \\\" \\\\ \\u0001\\n\"}"},
        {"{\"message\":null}", "{\"message\":null}"},
        {"{\"message\":[1, {\"a\": 2.5}, true]}", "{\"message\":[1,{\"a\":2.5},true]}"},
        {"{\"message\":9007199254740993}", "{\"message\":9007199254740993}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        s_assert_echo (rows[i][0], strlen (rows[i][0]), rows[i][1]);
}

static void anything_else_comes_back_as_it_is (void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "abc",
        " {\"text\": \"message\"} ",
        "[\"message\"]",
        "\"message\"",
        "{\"message\":",
        "{\"message\":1}}",
        "{\"message\":1,\"message\":2}",
        "{\"message\":\"\\u0000\"}",
        "{\"message\":99999999999999999999}",
        "null",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        s_assert_echo (rows[i], strlen (rows[i]), rows[i]);
    char deep[LIM_BODY + 1];
    memset (deep, '[', LIM_BODY);
    deep[LIM_BODY] = 0;
    s_assert_echo (deep, LIM_BODY, deep);
}

static void what_does_not_fit_is_told (void **state)
{
    (void)state;
    static const char *const rows[] = {"{\"message\":\"hello\"}", "{\"message\":[1,2,3]}", "hello, all of you"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_buf_t out;
        pt_buf_init (&out, 16);
        assert_int_not_equal (gw_echo_put (&out, pt_str (rows[i])), 0);
        pt_buf_fini (&out);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (of_an_object_with_a_message_that_alone_comes_back),
        cmocka_unit_test (anything_else_comes_back_as_it_is),
        cmocka_unit_test (what_does_not_fit_is_told),
    };
    return cmocka_run_group_tests_name ("gw_echo", tests, NULL, NULL);
}
