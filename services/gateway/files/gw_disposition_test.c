/*  gw_disposition_test - names of files, read and written. */

#include "gw_disposition.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_names_are_read_as_clients_write_them (void **state)
{
    (void)state;
    static const struct {
        const char *value, *name; /* NULL: none */
    } rows[] = {
        {"attachment; filename=a.txt", "a.txt"},
        {"form-data; name=\"f\"; filename=\"a b.txt\"", "a b.txt"},
        {"form-data; filename=\"a\\\"b\"", "a\"b"},
        {"form-data; filename=\"a%22b%0d%0A%41\"", "a\"b\r\n%41"},
        {"attachment; filename=\"x\"; filename*=UTF-8''%c3%a9%20b", "\xc3\xa9 b"},
        {"attachment; filename*=utf-8'en'b; filename=x", "b"},
        {"attachment; filename*=iso-8859-1''%e9; filename=x", "x"},
        {"attachment; filename*=UTF-8''%ff; filename=x", NULL},
        {"attachment; filename=\"C:\\dir\\a.txt\"", "a.txt"},
        {"attachment; filename=\"../../etc/passwd\"", "passwd"},
        {"attachment; filename*=UTF-8''..%2f..%2fx", "x"},
        {"attachment; filename=\"dir/\"", NULL},
        {"attachment; filename=\"\"", NULL},
        {"attachment; filename=\"open", NULL},
        {"attachment; filename*=UTF-8''a%00b", NULL},
        {"attachment", NULL},
        {"attachment; xfilename=a", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[64];
        size_t len = 0;
        bool has = gw_disposition_name (rows[i].value, strlen (rows[i].value), name, sizeof name, &len);
        if (has != (rows[i].name != NULL) ||
            (has && (len != strlen (rows[i].name) || memcmp (name, rows[i].name, len))))
            fail_msg ("%s: %d %.*s", rows[i].value, has, (int)len, name);
    }
    char tiny[2];
    size_t len;
    assert_false (gw_disposition_name ("a; filename=abc", 15, tiny, sizeof tiny, &len));
}

static void test_no_name_breaks_out_of_its_header (void **state)
{
    (void)state;
    static const struct {
        const char *name, *line;
    } rows[] = {
        {"a.txt", "Content-Disposition: attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt\r\n"},
        {"a\"\r\nX: y\\",
         "Content-Disposition: attachment; filename=\"a___X: y_\"; filename*=UTF-8''a%22%0D%0AX%3A%20y%5C\r\n"},
        {"\xe2\x82\xac/%", "Content-Disposition: attachment; filename=\"___\"; filename*=UTF-8''%E2%82%AC%2F%25\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pt_buf_t out;
        pt_buf_init (&out, 4096);
        gw_disposition_put (&out, false, pt_str (rows[i].name));
        assert_int_equal (pt_buf_error (&out), 0);
        if (out.len != strlen (rows[i].line) || memcmp (out.at, rows[i].line, out.len) != 0)
            fail_msg ("%.*s", (int)out.len, out.at);
        pt_buf_fini (&out);
    }
}

static void test_what_a_browser_would_run_is_never_shown_in_place (void **state)
{
    (void)state;
    static const char *const shown[] = {"image/png", "image/webp", "text/plain", "video/mp4", "audio/ogg"};
    static const char *const saved[] = {"image/svg+xml",         "text/html", "application/pdf",
                                        "application/xhtml+xml", "audio/",    ""};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        assert_true (gw_disposition_is_inline (pt_str (shown[i])));
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++)
        assert_false (gw_disposition_is_inline (pt_str (saved[i])));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_names_are_read_as_clients_write_them),
                                       cmocka_unit_test (test_no_name_breaks_out_of_its_header),
                                       cmocka_unit_test (test_what_a_browser_would_run_is_never_shown_in_place)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
