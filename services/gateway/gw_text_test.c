/*  gw_text_test - strings, numbers and times as JSON, by vectors and against
    jansson. */

#include "gw_text.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_strings_are_quoted_and_escaped (void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } rows[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
        {"\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"1234567\"", 8, "\"1234567\\\"\""},
        {"12345678\n12345678\x02", 18, "\"12345678\\n12345678\\u0002\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pt_buf_t out;
        pt_buf_init (&out, 1024);
        gw_text_str (&out, rows[i].in, rows[i].len);
        assert_int_equal (out.len, strlen (rows[i].out));
        assert_memory_equal (out.at, rows[i].out, out.len);
        assert_int_equal (gw_text_str_len (rows[i].in, rows[i].len), out.len);
        pt_buf_fini (&out);
    }
}

/*  Every ASCII byte at every offset of a word reads back as it was. */
static void test_every_byte_survives_at_every_offset (void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 128; byte++) {
        for (size_t at = 0; at < 24; at++) {
            char in[24], out[24 * 6 + 2];
            memset (in, 'x', sizeof in);
            in[at] = (char)byte;
            size_t len = (size_t)(gw_text_put_str (out, in, sizeof in) - out);
            assert_int_equal (len, gw_text_str_len (in, sizeof in));
            json_t *json = json_loadb (out, len, JSON_DECODE_ANY, NULL);
            assert_int_equal (json_string_length (json), sizeof in);
            assert_memory_equal (json_string_value (json), in, sizeof in);
            json_decref (json);
        }
    }
}

static void test_numbers_are_decimal (void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {9007199254740991u, "9007199254740991"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pt_buf_t out;
        pt_buf_init (&out, 100);
        gw_text_u64 (&out, rows[i].value);
        assert_int_equal (out.len, strlen (rows[i].text));
        assert_memory_equal (out.at, rows[i].text, out.len);
        gw_text_id (&out, rows[i].value);
        assert_int_equal (out.len, 2 * strlen (rows[i].text) + 2);
        pt_buf_fini (&out);
    }
}

static void test_times_are_rfc_3339_with_microseconds (void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1970-01-01T00:00:00.000000Z"},
        {951782399999999, "2000-02-28T23:59:59.999999Z"},
        {951782400000000, "2000-02-29T00:00:00.000000Z"},
        {951868800000001, "2000-03-01T00:00:00.000001Z"},
        {1795254695123456, "2026-11-21T09:51:35.123456Z"},
        {4107542400000000, "2100-03-01T00:00:00.000000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[GW_TEXT_TIME + 1] = {0};
        assert_ptr_equal (gw_text_put_time (text, rows[i].us), text + GW_TEXT_TIME);
        assert_string_equal (text, rows[i].text);
        char clock[GW_TEXT_CLOCK + 1] = {0};
        assert_ptr_equal (gw_text_put_clock (clock, rows[i].us), clock + GW_TEXT_CLOCK);
        assert_memory_equal (clock, rows[i].text + sizeof "1970-01-01T" - 1, sizeof clock - 1);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_strings_are_quoted_and_escaped),
        cmocka_unit_test (test_every_byte_survives_at_every_offset),
        cmocka_unit_test (test_numbers_are_decimal),
        cmocka_unit_test (test_times_are_rfc_3339_with_microseconds),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
