/*  gw_multipart_test - forms, good and bad, whole and byte by byte. */

#include "gw_multipart.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=xx"
#define FILE_HEAD "Content-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\n"

static gw_multipart_result_t s_parse (const char *text, size_t len, size_t piece, char *out, size_t *out_len)
{
    gw_multipart_t self;
    gw_multipart_result_t result = GW_MULTIPART_MORE;
    *out_len = 0;
    assert_true (gw_multipart_init (&self, TYPE, sizeof TYPE - 1));
    for (size_t from = 0; from < len && result == GW_MULTIPART_MORE; from += piece) {
        const char *at = text + from, *data;
        size_t left = len - from < piece ? len - from : piece, data_len;
        do {
            result = gw_multipart_next (&self, &at, &left, &data, &data_len);
            if (result == GW_MULTIPART_FILE)
                assert_true (self.name_len == 1 && self.name[0] == 'n');
            if (result == GW_MULTIPART_DATA) {
                memcpy (out + *out_len, data, data_len);
                *out_len += data_len;
            }
        } while (result == GW_MULTIPART_FILE || result == GW_MULTIPART_DATA);
    }
    return result;
}

static void test_the_first_file_is_found_however_the_form_is_cut (void **state)
{
    (void)state;
    static const struct {
        const char *text, *body;
        gw_multipart_result_t result;
    } rows[] = {
        {"--xx\r\n" FILE_HEAD "hello\r\n--xx--\r\n", "hello", GW_MULTIPART_END},
        {"--xx\r\n" FILE_HEAD "\r\n--xx--", "", GW_MULTIPART_END},
        {"preamble\r\n--xx \r\n" FILE_HEAD "hello\r\n--xx\r\n" FILE_HEAD "not this\r\n--xx--", "hello",
         GW_MULTIPART_END},
        {"--xx\r\nContent-Disposition: form-data; name=a\r\n\r\n--xx\r\n--xx\r\n" FILE_HEAD "b\r\n--xx--", "b",
         GW_MULTIPART_END},
        {"--xx\r\n" FILE_HEAD "\r\n\r\n-\r\n--\r\n--x\r\r\n--xy\r\n--xx", "\r\n\r\n-\r\n--\r\n--x\r\r\n--xy",
         GW_MULTIPART_END},
        {"--xx\r\ncontent-disposition: form-data; filename=n\r\nA: b\r\n\r\nhello\r\n--xx--", "hello",
         GW_MULTIPART_END},
        {"--xx\r\n" FILE_HEAD "hello", "hello", GW_MULTIPART_MORE},
        {"no boundary", "", GW_MULTIPART_MORE},
        {"--xx--", "", GW_MULTIPART_BAD},
        {"--xx\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--xx--", "", GW_MULTIPART_BAD},
        {"--xxx\r\n" FILE_HEAD "hello", "", GW_MULTIPART_BAD},
        {"--xx\n" FILE_HEAD "hello", "", GW_MULTIPART_BAD},
        {"--xx\r\nA: b\nC: d\r\n\r\n", "", GW_MULTIPART_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece < 60; piece++) {
            char out[256];
            size_t len;
            gw_multipart_result_t result = s_parse (rows[i].text, strlen (rows[i].text), piece, out, &len);
            if (result != rows[i].result || len != strlen (rows[i].body) || memcmp (out, rows[i].body, len) != 0)
                fail_msg ("row %zu in pieces of %zu: %d %.*s", i, piece, result, (int)len, out);
        }
}

/*  71 characters; 70 are allowed. */
#define S_LONG_BOUNDARY                                                                                                \
    "multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890"

static void test_only_forms_with_a_boundary_are_read (void **state)
{
    (void)state;
    static const char *const good[] = {"multipart/form-data; boundary=x", "Multipart/Form-Data; a=b; boundary=\"x y\"",
                                       "multipart/form-data;boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"};
    static const char *const bad[] = {"multipart/mixed; boundary=x",
                                      "multipart/form-data",
                                      "multipart/form-data; boundary=",
                                      "multipart/form-data; boundary=\"x",
                                      "multipart/form-data; boundary=\"x \"",
                                      "multipart/form-data; boundary=\"a@b\"",
                                      S_LONG_BOUNDARY};
    gw_multipart_t self;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!gw_multipart_init (&self, good[i], strlen (good[i])))
            fail_msg ("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (gw_multipart_init (&self, bad[i], strlen (bad[i])))
            fail_msg ("taken: %s", bad[i]);
}

static void test_what_comes_before_the_file_is_bounded (void **state)
{
    (void)state;
    static char text[GW_MULTIPART_BEFORE + 64];
    char out[8];
    size_t len;
    memset (text, 'a', sizeof text);
    assert_int_equal (s_parse (text, GW_MULTIPART_BEFORE - 2, sizeof text, out, &len), GW_MULTIPART_MORE);
    assert_int_equal (s_parse (text, sizeof text, sizeof text, out, &len), GW_MULTIPART_BAD);
    memcpy (text, "--xx\r\n", 6);
    assert_int_equal (s_parse (text, GW_MULTIPART_LINE + 16, sizeof text, out, &len), GW_MULTIPART_BAD);
}

/*  What there is in a form, as text: `name=content;`, of a file `name!file=content;`. */
static gw_multipart_result_t s_parse_all (const char *text, size_t piece, char *out)
{
    gw_multipart_t self;
    gw_multipart_result_t result = GW_MULTIPART_MORE;
    size_t total = strlen (text);
    *out = '\0';
    assert_true (gw_multipart_init (&self, TYPE, sizeof TYPE - 1));
    self.wants_all = true;
    for (size_t from = 0; from < total && result != GW_MULTIPART_END && result != GW_MULTIPART_BAD; from += piece) {
        const char *at = text + from, *data;
        size_t left = total - from < piece ? total - from : piece, len;
        do {
            result = gw_multipart_next (&self, &at, &left, &data, &len);
            if (result == GW_MULTIPART_PART)
                sprintf (out + strlen (out), "%.*s%s%.*s=", (int)self.field_len, self.field, self.is_file ? "!" : "",
                         self.is_file ? (int)self.name_len : 0, self.name);
            else if (result == GW_MULTIPART_DATA)
                sprintf (out + strlen (out), "%.*s", (int)len, data);
            else if (result == GW_MULTIPART_PART_END)
                strcat (out, ";");
        } while (result == GW_MULTIPART_PART || result == GW_MULTIPART_DATA || result == GW_MULTIPART_PART_END);
    }
    return result;
}

#define FIELD_HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static void test_all_parts_are_found_where_all_are_wanted (void **state)
{
    (void)state;
    static const struct {
        const char *text, *parts;
        gw_multipart_result_t result;
    } rows[] = {
        {"--xx\r\n" FIELD_HEAD ("a") "1\r\n--xx\r\n" FIELD_HEAD ("b") "\r\n--xx--\r\n", "a=1;b=;", GW_MULTIPART_END},
        {"pre\r\n--xx\r\n" FILE_HEAD "1\r\n--xx\r\n" FIELD_HEAD ("a") "2\r\n3\r\n--xx--behind", "f!n=1;a=2\r\n3;",
         GW_MULTIPART_END},
        {"--xx\r\n" FIELD_HEAD ("a") "1\r\n--xx\r\nA: b\r\n\r\n2\r\n--xx--", "a=1;=2;", GW_MULTIPART_END},
        {"--xx--", "", GW_MULTIPART_END},
        {"--xx\r\n" FIELD_HEAD ("a") "1\r\n--xx", "a=1;", GW_MULTIPART_MORE},
        {"--xx\r\n" FIELD_HEAD ("a") "1", "a=1", GW_MULTIPART_MORE},
        {"--xx\r\n" FIELD_HEAD ("a") "1\r\n--xx-x", "a=1;", GW_MULTIPART_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece < 60; piece++) {
            char out[256];
            gw_multipart_result_t result = s_parse_all (rows[i].text, piece, out);
            if (result != rows[i].result || strcmp (out, rows[i].parts) != 0)
                fail_msg ("row %zu in pieces of %zu: %d %s", i, piece, result, out);
        }
}

/*  Where all parts are wanted. */
static void test_a_control_without_a_chosen_file_has_no_name (void **state)
{
    (void)state;
    static const struct {
        const char *name, *field;
        bool is_file;
    } rows[] = {{"; filename=\"a.png\"", "avatar", true}, {"; filename=\"\"", "", false}, {"", "avatar", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gw_multipart_t self;
        char text[128];
        const char *at = text, *out;
        size_t out_len;
        snprintf (text, sizeof text, "--xx\r\nContent-Disposition: form-data; name=avatar%s\r\n\r\n", rows[i].name);
        size_t len = strlen (text);
        assert_true (gw_multipart_init (&self, "multipart/form-data; boundary=xx", 32));
        self.wants_all = true;
        assert_int_equal (gw_multipart_next (&self, &at, &len, &out, &out_len), GW_MULTIPART_PART);
        assert_int_equal (self.field_len, strlen (rows[i].field));
        assert_memory_equal (self.field, rows[i].field, self.field_len);
        assert_int_equal (self.is_file, rows[i].is_file);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_all_parts_are_found_where_all_are_wanted),
                                       cmocka_unit_test (test_the_first_file_is_found_however_the_form_is_cut),
                                       cmocka_unit_test (test_only_forms_with_a_boundary_are_read),
                                       cmocka_unit_test (test_what_comes_before_the_file_is_bounded),
                                       cmocka_unit_test (test_a_control_without_a_chosen_file_has_no_name)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
