/*  gw_ui_test - what is filled into a page stays text; every page has a value for each of its places; where signing in
    may lead, and what an open chat may be called. */

#include "gw_ui.h"
#include "gw_ui_files.h"
#include "gw_ui_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const gw_ui_value_t s_values[] = {
    {"name", {"<b a='1' b=\"2\">&{{x}}", 21}}, {"none", {"", 0}}, {"some", {"s", 1}}, {0}};

/*  0 and the text, else the error and "". */
static int s_fill (const char *text, char *out, size_t size)
{
    pt_buf_t buf;
    pt_buf_init (&buf, size - 1);
    int err = gw_ui_text_write (&buf, pt_str (text), s_values);
    snprintf (out, size, "%.*s", err == 0 ? (int)buf.len : 0, err == 0 ? buf.at : "");
    pt_buf_fini (&buf);
    return err;
}

static void test_a_value_is_text_whatever_is_in_it (void **state)
{
    (void)state;
    char out[256];
    assert_int_equal (s_fill ("<i title=\"{{name}}\">{{name}}{{some}}</i>", out, sizeof out), 0);
    assert_string_equal (out, "<i title=\"&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;{{x}}\">"
                              "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;{{x}}s</i>");
}

static void test_a_part_is_left_out_when_its_value_is_empty (void **state)
{
    (void)state;
    char out[256];
    assert_int_equal (s_fill ("a{{?none}}b{{some}}{{/none}}c{{?some}}d{{some}}{{/some}}e", out, sizeof out), 0);
    assert_string_equal (out, "a" /* not b */
                              "c"
                              "ds"
                              "e");
    assert_int_equal (s_fill ("", out, sizeof out), 0);
}

static void test_a_template_that_is_not_whole_is_refused (void **state)
{
    (void)state;
    static const char *const rows[] = {"{{",         "a{{name",           "{{other}}", "{{?other}}{{/other}}",
                                       "{{?none}}a", "{{?none}}a{{/none", "{{}}"};
    char out[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal (s_fill (rows[i], out, sizeof out), -PT_E_internal);
}

static void test_what_does_not_fit_is_an_error (void **state)
{
    (void)state;
    char out[8];
    assert_int_equal (s_fill ("{{name}}", out, sizeof out), -PT_E_too_large);
}

static void test_signing_in_leads_to_a_path_of_this_host_alone (void **state)
{
    (void)state;
    static const char *const own[] = {"/", "/chat/lobby/", "/api/google-callback/?a=b&c=%2F#d", "/a//b"};
    static const char *const foreign[] = {"",
                                          "chat",
                                          "//evil.example",
                                          "/\\evil.example",
                                          "https://evil.example",
                                          "/\t/evil.example",
                                          "/a b",
                                          "/a\r\nSet-Cookie: b=c",
                                          "javascript:alert(1)",
                                          "/\xc3\xa9",
                                          "\\/evil",
                                          "/a\\b"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!gw_ui_is_own (pt_str (own[i])))
            fail_msg ("%s", own[i]);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (gw_ui_is_own (pt_str (foreign[i])))
            fail_msg ("%s", foreign[i]);
    char longest[1026];
    memset (longest, 'a', sizeof longest);
    longest[0] = '/';
    assert_true (gw_ui_is_own ((pt_str_t){longest, 1024}));
    assert_false (gw_ui_is_own ((pt_str_t){longest, 1025}));
}

static void test_the_name_of_an_open_chat_has_a_hundred_signs_of_words (void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a b", "a/b", "a.b", "\xc3\xa9", "a\"", "<"};
    char longest[101];
    memset (longest, 'Z', sizeof longest);
    assert_true (gw_ui_is_room (PT_LIT ("room-2_A")));
    assert_true (gw_ui_is_room ((pt_str_t){longest, 100}));
    assert_false (gw_ui_is_room ((pt_str_t){longest, 101}));
    assert_false (gw_ui_is_room ((pt_str_t){"a\0b", 3}));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false (gw_ui_is_room (pt_str (bad[i])));
}

static bool s_holds (const gw_ui_file_t *file, const char *text)
{
    return memmem (file->at, file->len, text, strlen (text)) != NULL;
}

/*  The policy of pages would keep it from running. */
static void test_no_page_has_a_script_or_a_style_of_its_own (void **state)
{
    (void)state;
    static const char *const names[] = {"home",         "login",           "rooms",        "room",       "problem",
                                        "public_login", "public_register", "public_rooms", "public_room"};
    static const char *const never[] = {
        "@feed", "<script>", "<style", " style=", " onclick=", " onload=", "javascript:", "http:", "https:"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const gw_ui_file_t *page = gw_ui_files_page (names[i]);
        assert_non_null (page);
        for (size_t j = 0; j < sizeof never / sizeof *never; j++)
            if (s_holds (page, never[j]))
                fail_msg ("%s has %s", names[i], never[j]);
        assert_true (s_holds (page, "<main id=\"main\">") && s_holds (page, "</html>"));
    }
    assert_null (gw_ui_files_page ("nothing"));
    assert_int_equal (strlen (gw_ui_files_stamp ()), 16);
}

/*  What others have written must not become HTML in a browser. */
static void test_no_script_writes_html (void **state)
{
    (void)state;
    const gw_ui_file_t *file;
    size_t i = 0;
    for (; (file = gw_ui_files_at (i)); i++)
        if (s_holds (file, "innerHTML") || s_holds (file, "insertAdjacentHTML") || s_holds (file, "document.write") ||
            s_holds (file, "eval"))
            fail_msg ("%s", file->name);
    assert_true (i > 5 && i <= GW_UI_FILES);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_value_is_text_whatever_is_in_it),
        cmocka_unit_test (test_a_part_is_left_out_when_its_value_is_empty),
        cmocka_unit_test (test_a_template_that_is_not_whole_is_refused),
        cmocka_unit_test (test_what_does_not_fit_is_an_error),
        cmocka_unit_test (test_signing_in_leads_to_a_path_of_this_host_alone),
        cmocka_unit_test (test_the_name_of_an_open_chat_has_a_hundred_signs_of_words),
        cmocka_unit_test (test_no_page_has_a_script_or_a_style_of_its_own),
        cmocka_unit_test (test_no_script_writes_html),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
