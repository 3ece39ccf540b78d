/*  gw_cookie_test - cookies in and out, and what makes sure that a request that
    only a cookie speaks for was meant. */

#include "gw_cookie.h"
#include "gw_csrf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "abcdefghijklmnopqrstuvwxyz012345"
#define OTHER "abcdefghijklmnopqrstuvwxyz012346"

static void test_a_cookie_is_found_by_its_whole_name (void **state)
{
    (void)state;
    static const struct {
        const char *header, *value; /* of `a`; NULL: absent */
    } rows[] = {
        {"a=1", "1"},         {"b=2; a=1; c=3", "1"},
        {"b=2;a=1", "1"},     {" \ta = 1\t ;b=2", "1"},
        {"a=\"1\"", "1"},     {"a=", ""},
        {"a=1=2", "1=2"},     {"a=1; a=1", "1"},
        {"a=1; a=2", NULL},   {"a=1; b; a=2", NULL},
        {"a", NULL},          {"A=1", NULL},
        {"aa=1", NULL},       {"b=a=1", NULL},
        {"", NULL},           {";;;", NULL},
        {"a=1 2", NULL},      {"a=1,b", NULL},
        {"a=1\\", NULL},      {"a=\"1", NULL},
        {"a=\xc3\xa9", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_str_t value = gw_cookie_find (pt_str (rows[i].header), "a");
        bool is_right = rows[i].value ? value.at && pt_str_eq (value, pt_str (rows[i].value)) : !value.at;
        if (!is_right)
            fail_msg ("%s: %.*s", rows[i].header, (int)value.len, value.at ? value.at : "(absent)");
    }
}

static void test_pairs_are_bounded (void **state)
{
    (void)state;
    char header[GW_COOKIE_PAIRS * 4 + 16] = "";
    for (int i = 0; i < GW_COOKIE_PAIRS - 1; i++)
        strcat (header, "b=2;");
    strcat (header, "a=1");
    assert_non_null (gw_cookie_find (pt_str (header), "a").at);
    memmove (header + 4, header, strlen (header) + 1);
    memcpy (header, "c=3;", 4);
    assert_null (gw_cookie_find (pt_str (header), "a").at);
}

static void test_a_second_that_has_begun_counts (void **state)
{
    (void)state;
    assert_int_equal (gw_cookie_seconds (2000000, 1000000), 1);
    assert_int_equal (gw_cookie_seconds (2000000, 999999), 2);
    assert_int_equal (gw_cookie_seconds (2000000, 1999999), 1);
    assert_int_equal (gw_cookie_seconds (2000000, 2000000), 0);
    assert_int_equal (gw_cookie_seconds (2000000, 2000001), 0);
}

static void test_keys_have_one_form (void **state)
{
    (void)state;
    uint8_t random[GW_COOKIE_KEY];
    char key[GW_COOKIE_KEY + 1];
    for (unsigned i = 0; i < GW_COOKIE_KEY; i++)
        random[i] = (uint8_t)(i * 8 + 3);
    gw_cookie_key (random, key);
    assert_int_equal (strlen (key), GW_COOKIE_KEY);
    assert_true (gw_cookie_is_key (pt_str (key)));
    assert_true (gw_cookie_is_key (PT_LIT (KEY)));
    assert_false (gw_cookie_is_key (PT_LIT (KEY "0")));
    assert_false (gw_cookie_is_key (PT_LIT ("Abcdefghijklmnopqrstuvwxyz012345")));
    assert_false (gw_cookie_is_key (PT_LIT ("")));
}

static void test_set_cookies_say_who_may_read_them (void **state)
{
    (void)state;
    pt_buf_t out;
    pt_buf_init (&out, 1024);
    gw_cookie_put_session (&out, PT_LIT (KEY), 1209600, false);
    gw_cookie_put_csrf (&out, PT_LIT (OTHER), GW_COOKIE_CSRF_SECONDS, true);
    gw_cookie_put_session (&out, PT_LIT (""), 0, false);
    gw_cookie_put_access (&out, PT_LIT ("a.b.c"), 300, false);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_string_equal (out.at, "Set-Cookie: sessionid=" KEY "; Path=/; Max-Age=1209600; SameSite=Lax; HttpOnly\r\n"
                                 "Set-Cookie: csrftoken=" OTHER "; Path=/; Max-Age=31449600; SameSite=Lax; Secure\r\n"
                                 "Set-Cookie: sessionid=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly\r\n"
                                 "Set-Cookie: access=a.b.c; Path=/; Max-Age=300; SameSite=Lax; HttpOnly\r\n");
    pt_buf_fini (&out);
}

static void test_a_request_must_repeat_the_token_and_name_no_foreign_origin (void **state)
{
    (void)state;
    static const struct {
        const char *cookie, *header, *origin, *referer, *allowed;
        bool is_ok;
    } rows[] = {
        {KEY, KEY, NULL, NULL, NULL, true},
        {KEY, KEY, "http://x", NULL, NULL, true},
        {KEY, KEY, "https://x", "http://evil/", NULL, true},
        {KEY, KEY, NULL, "http://x/page?q#f", NULL, true},
        {KEY, KEY, NULL, "http://x", NULL, true},
        {KEY, KEY, "https://app.example", NULL, "https://app.example", true},
        {KEY, KEY, NULL, "https://app.example/a", "https://app.example", true},
        {KEY, KEY, "http://evil", NULL, NULL, false},
        {KEY, KEY, "http://evil", "http://x/", NULL, false},
        {KEY, KEY, "null", NULL, NULL, false},
        {KEY, KEY, "", NULL, NULL, false},
        {KEY, KEY, NULL, "http://evil/http://x/", NULL, false},
        {KEY, KEY, NULL, "http://x.evil/", NULL, false},
        {KEY, KEY, NULL, "http://x@evil/", NULL, false},
        {KEY, KEY, NULL, "x", NULL, false},
        {KEY, OTHER, NULL, NULL, NULL, false},
        {KEY, NULL, NULL, NULL, NULL, false},
        {NULL, KEY, NULL, NULL, NULL, false},
        {NULL, NULL, NULL, NULL, NULL, false},
        {"", "", NULL, NULL, NULL, false},
        {"short", "short", NULL, NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
#define GIVEN(text) ((text) ? pt_str (text) : (pt_str_t){0})
        const gw_csrf_t csrf = {.cookie = GIVEN (rows[i].cookie),
                                .header = GIVEN (rows[i].header),
                                .origin = GIVEN (rows[i].origin),
                                .referer = GIVEN (rows[i].referer),
                                .allowed = rows[i].allowed,
                                .host = "x"};
#undef GIVEN
        if (gw_csrf_judge (&csrf) != (rows[i].is_ok ? 0 : -PT_E_csrf_failed))
            fail_msg ("row %zu", i);
    }
    assert_true (gw_csrf_is_safe (GW_GET));
    for (gw_method_t method = GW_POST; method <= GW_DELETE; method++)
        assert_false (gw_csrf_is_safe (method));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_cookie_is_found_by_its_whole_name),
        cmocka_unit_test (test_pairs_are_bounded),
        cmocka_unit_test (test_a_second_that_has_begun_counts),
        cmocka_unit_test (test_keys_have_one_form),
        cmocka_unit_test (test_set_cookies_say_who_may_read_them),
        cmocka_unit_test (test_a_request_must_repeat_the_token_and_name_no_foreign_origin),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
