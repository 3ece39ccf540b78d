/*  gw_header_test - tables of header values, good and bad. */

#include "gw_header.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_content_length_is_digits_alone (void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "+3",  "-1",    "3abc",   "3 ",
                                      " 3",  "3,3", "3, 40", "0x10",   "1e3",
                                      "3.0", "\t3", "٣",     "1\0012", "1234567890123456"};
    uint64_t length = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal (gw_header_length (bad[i], strlen (bad[i]), &length), -PT_E_malformed);
        assert_int_equal (length, 7);
    }
    assert_int_equal (gw_header_length ("0", 1, &length), 0);
    assert_int_equal (length, 0);
    assert_int_equal (gw_header_length ("00065536", 8, &length), 0);
    assert_int_equal (length, 65536);
    assert_int_equal (gw_header_length ("999999999999999", 15, &length), 0);
    assert_int_equal (length, 999999999999999);
}

static void test_host_is_one_name_and_perhaps_a_port (void **state)
{
    (void)state;
    static const char *const good[] = {"x",     "example.org",       "a-b.example.org:8000", "127.0.0.1:1",
                                       "[::1]", "[2001:db8::7]:443", "under_score",          "x:65535"};
    static const char *const bad[] = {"",     "a, b", "a,b",  "a b",      "a@b",     "a/b",     "a:",      "a:x",
                                      "a:0",  ":80",  "[::1", "::1",      "[]:80",   "[g::]",   "a:65536", "a:123456",
                                      "a\tb", "a#b",  "a?b",  "http://a", "a:80:80", "[::1]80", "[::1]:"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!gw_header_host_ok (good[i], strlen (good[i])))
            fail_msg ("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (gw_header_host_ok (bad[i], strlen (bad[i])))
            fail_msg ("taken: %s", bad[i]);
}

static void test_origins_are_compared_whole (void **state)
{
    (void)state;
    static const struct {
        const char *origin, *list, *host;
        bool is_ok;
    } rows[] = {
        {"http://x", NULL, "x", true},
        {"https://x", NULL, "x", true},
        {"https://X:8000", NULL, "x:8000", true},
        {"http://x:8001", NULL, "x:8000", false},
        {"http://x.evil", NULL, "x", false},
        {"http://evilx", NULL, "x", false},
        {"http://evil", NULL, "x", false},
        {"ftp://x", NULL, "x", false},
        {"x", NULL, "x", false},
        {"null", NULL, "null", false},
        {"null", "null, http://x", "x", false},
        {"", NULL, "", false},
        {"http://", NULL, "", false},
        {"https://app.example", "https://app.example", "x", true},
        {"https://app.example", " https://a.example ,https://app.example ", "x", true},
        {"https://app.example.evil", "https://app.example", "x", false},
        {"https://pp.example", "https://app.example", "x", false},
        {"http://x", "https://app.example", "x", false},
        {"*", "*", "x", true}, /* the list is taken at its word; `*` is no origin a browser sends */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (gw_header_origin_ok (rows[i].origin, strlen (rows[i].origin), rows[i].list, rows[i].host) != rows[i].is_ok)
            fail_msg ("row %zu: %s", i, rows[i].origin);
}

static void test_settings_name_whole_origins (void **state)
{
    (void)state;
    static const char *const good[] = {"https://app.example", "http://localhost:3000", "HTTP://[::1]:80"};
    static const char *const bad[] = {"*",    "app.example", "https://",   "https://app.example/", "https://*.example",
                                      "null", "ws://x",      "https://a@b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true (gw_header_is_origin (good[i], strlen (good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false (gw_header_is_origin (bad[i], strlen (bad[i])));
}

static void test_credentials_are_a_known_scheme_and_one_token (void **state)
{
    (void)state;
#define VALUE(text) text, sizeof (text) - 1
    static const struct {
        const char *value;
        size_t len;
        int err;
        pt_scheme_t scheme;
        const char *token;
    } rows[] = {
        {VALUE ("bEaReR  aA0-._~+/="), 0, PT_scheme_BEARER, "aA0-._~+/="},
        {VALUE ("TOKEN abc"), 0, PT_scheme_TOKEN, "abc"},
        {VALUE ("basic YTpi"), 0, PT_scheme_BASIC, "YTpi"},
        {VALUE ("Digest abc"), -PT_E_unauthenticated, PT_scheme_none, NULL},
        {VALUE ("Bearerabc"), -PT_E_unauthenticated, PT_scheme_none, NULL},
        {VALUE (""), -PT_E_unauthenticated, PT_scheme_none, NULL},
        {VALUE (" Bearer abc"), -PT_E_unauthenticated, PT_scheme_none, NULL},
        {VALUE ("Bearer"), -PT_E_token_invalid, PT_scheme_BEARER, NULL},
        {VALUE ("Token "), -PT_E_token_invalid, PT_scheme_TOKEN, NULL},
        {VALUE ("Token a b"), -PT_E_token_invalid, PT_scheme_TOKEN, NULL},
        {VALUE ("Bearer a,b"), -PT_E_token_invalid, PT_scheme_BEARER, NULL},
        {VALUE ("Bearer a\"b"), -PT_E_token_invalid, PT_scheme_BEARER, NULL},
        {VALUE ("Bearer a\0b"), -PT_E_token_invalid, PT_scheme_BEARER, NULL},
    };
#undef VALUE
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_scheme_t scheme = PT_scheme_COOKIE;
        const char *token = NULL;
        size_t len = 0;
        int err = gw_header_credentials (rows[i].value, rows[i].len, &scheme, &token, &len);
        if (err != rows[i].err || scheme != rows[i].scheme)
            fail_msg ("%s: %d, scheme %d", rows[i].value, err, (int)scheme);
        if (err == 0) {
            assert_int_equal (len, strlen (rows[i].token));
            assert_memory_equal (token, rows[i].token, len);
        }
    }
}

static void test_ids_are_printable_and_bounded (void **state)
{
    (void)state;
    assert_true (gw_header_printable ("abc ~", 5, 64));
    assert_false (gw_header_printable ("", 0, 64));
    assert_false (gw_header_printable ("abc", 3, 2));
    assert_false (gw_header_printable ("a\nb", 3, 64));
    assert_false (gw_header_printable ("a\x7f", 2, 64));
    assert_false (gw_header_printable ("\xc3\xa9", 2, 64));
    assert_false (gw_header_printable ("a\0b", 3, 64));
}

static void test_media_types_ignore_parameters (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_json, accepts;
    } rows[] = {
        {"application/json", true, true},
        {"Application/JSON; charset=utf-8", true, true},
        {"application/json ;x=y", true, true},
        {"application/merge-patch+json", true, false},
        {"application/+json", false, false},
        {"text/plain", false, false},
        {"application/jsonp", false, false},
        {"*/*", false, true},
        {"text/html, application/*;q=0.5", false, true},
        {"text/html,text/plain", false, false},
        {"application/problem+json", true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen (rows[i].value);
        if (gw_header_is_json (rows[i].value, len) != rows[i].is_json)
            fail_msg ("Content-Type: %s", rows[i].value);
        if (gw_header_accepts_json (rows[i].value, len) != rows[i].accepts)
            fail_msg ("Accept: %s", rows[i].value);
    }
    assert_true (gw_header_accepts_json ("", 0));
}

static void test_accept_names_media_types_or_wildcards (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_named;
    } rows[] = {{"text/html", true},   {"*/*", false}, {"image/png, Text/HTML;q=0.1", true},
                {"text/htmlx", false}, {"", false},    {"text/*", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (gw_header_lists_media (rows[i].value, strlen (rows[i].value), "text/html") != rows[i].is_named)
            fail_msg ("Accept: %s", rows[i].value);
}

static void test_lists_are_walked_and_trimmed (void **state)
{
    (void)state;
    const char list[] = " a ,, b\t,c d ,";
    static const char *const expected[] = {"a", "b", "c d"};
    const char *entry;
    size_t at = 0, len, i = 0;
    for (; gw_header_next (list, strlen (list), &at, &entry, &len); i++) {
        assert_true (i < 3);
        assert_int_equal (len, strlen (expected[i]));
        assert_memory_equal (entry, expected[i], len);
    }
    assert_int_equal (i, 3);
    assert_true (gw_header_in_list ("keep-alive, Upgrade", "upgrade", 7));
    assert_false (gw_header_in_list ("keep-alive, Upgraded", "upgrade", 7));
}

static void test_a_trace_id_is_taken_from_a_valid_traceparent_alone (void **state)
{
    (void)state;
#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
    static const struct {
        const char *value;
        bool is_valid;
    } rows[] = {
        {"00-" ID "-" PARENT "-01", true},
        {"cc-" ID "-" PARENT "-01", true},
        {"cc-" ID "-" PARENT "-01-what-will-be", true},
        {"00-" ID "-" PARENT "-01-more", false},
        {"cc-" ID "-" PARENT "-01.more", false},
        {"ff-" ID "-" PARENT "-01", false},
        {"00-" ID "-" PARENT, false},
        {"00-" ID "-" PARENT "-0", false},
        {"00-00000000000000000000000000000000-" PARENT "-01", false},
        {"00-" ID "-0000000000000000-01", false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false},
        {"00_" ID "-" PARENT "-01", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *id = gw_header_trace_id (rows[i].value, strlen (rows[i].value));
        if ((id != NULL) != rows[i].is_valid)
            fail_msg ("traceparent: %s", rows[i].value);
        if (id)
            assert_memory_equal (id, ID, GW_HEADER_TRACE_ID);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_content_length_is_digits_alone),
        cmocka_unit_test (test_host_is_one_name_and_perhaps_a_port),
        cmocka_unit_test (test_origins_are_compared_whole),
        cmocka_unit_test (test_settings_name_whole_origins),
        cmocka_unit_test (test_credentials_are_a_known_scheme_and_one_token),
        cmocka_unit_test (test_ids_are_printable_and_bounded),
        cmocka_unit_test (test_media_types_ignore_parameters),
        cmocka_unit_test (test_accept_names_media_types_or_wildcards),
        cmocka_unit_test (test_lists_are_walked_and_trimmed),
        cmocka_unit_test (test_a_trace_id_is_taken_from_a_valid_traceparent_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
