/*  gw_chunked_test - chunked bodies, good and bad, whole and byte by byte. */

#include "gw_chunked.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*  Decodes with the input cut into pieces; what was decoded is in `out`. */
static gw_chunked_result_t s_decode (const char *text, size_t len, size_t piece, char *out, size_t *out_len)
{
    gw_chunked_t self = {0};
    gw_chunked_result_t result = GW_CHUNKED_MORE;
    *out_len = 0;
    for (size_t from = 0; from < len && result == GW_CHUNKED_MORE; from += piece) {
        const char *at = text + from, *data;
        size_t left = len - from < piece ? len - from : piece, data_len;
        while ((result = gw_chunked_next (&self, &at, &left, &data, &data_len)) == GW_CHUNKED_DATA) {
            memcpy (out + *out_len, data, data_len);
            *out_len += data_len;
        }
    }
    return result;
}

static void test_bodies_are_decoded_however_they_are_cut (void **state)
{
    (void)state;
    static const struct {
        const char *text, *body;
        gw_chunked_result_t result;
    } rows[] = {
        {"0\r\n\r\n", "", GW_CHUNKED_END},
        {"5\r\nhello\r\n0\r\n\r\n", "hello", GW_CHUNKED_END},
        {"3\r\nhel\r\n2\r\nlo\r\n000\r\n\r\n", "hello", GW_CHUNKED_END},
        {"A;x=\"y\"\r\n0123456789\r\n0;z\r\nA: b\r\nC: d\r\n\r\n", "0123456789", GW_CHUNKED_END},
        {"0a \r\n0123456789\r\n0\r\n\r\n", "0123456789", GW_CHUNKED_END},
        {"5\r\nhel", "hel", GW_CHUNKED_MORE},
        {"5\r\nhello\r\n", "hello", GW_CHUNKED_MORE},
        {"\r\n", "", GW_CHUNKED_BAD},
        {"5\nhello\r\n0\r\n\r\n", "", GW_CHUNKED_BAD},
        {"-5\r\nhello", "", GW_CHUNKED_BAD},
        {"+5\r\nhello", "", GW_CHUNKED_BAD},
        {"0x5\r\nhello", "", GW_CHUNKED_BAD},
        {" 5\r\nhello", "", GW_CHUNKED_BAD},
        {"5\r\nhello!\r\n", "hello", GW_CHUNKED_BAD},
        {"5\r\nhello\n0\r\n\r\n", "hello", GW_CHUNKED_BAD},
        {"5;a\nb\r\nhello", "", GW_CHUNKED_BAD},
        {"0000000000000005\r\nhello", "", GW_CHUNKED_BAD},
        {"0\r\n\n", "", GW_CHUNKED_BAD},
        {"0\r\nA: b\n\r\n", "", GW_CHUNKED_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece < 40; piece++) {
            char out[64];
            size_t len;
            gw_chunked_result_t result = s_decode (rows[i].text, strlen (rows[i].text), piece, out, &len);
            if (result != rows[i].result || len != strlen (rows[i].body) || memcmp (out, rows[i].body, len) != 0)
                fail_msg ("row %zu in pieces of %zu: %d %.*s", i, piece, result, (int)len, out);
        }
}

static void test_what_is_read_past_is_bounded (void **state)
{
    (void)state;
    char text[GW_CHUNKED_TRAILERS + 64], out[8];
    size_t len;
    memset (text, 'a', sizeof text);
    memcpy (text, "1;", 2);
    assert_int_equal (s_decode (text, GW_CHUNKED_EXTENSION, sizeof text, out, &len), GW_CHUNKED_MORE);
    assert_int_equal (s_decode (text, GW_CHUNKED_EXTENSION + 8, sizeof text, out, &len), GW_CHUNKED_BAD);
    memcpy (text, "0\r\n", 3);
    assert_int_equal (s_decode (text, GW_CHUNKED_TRAILERS, sizeof text, out, &len), GW_CHUNKED_MORE);
    assert_int_equal (s_decode (text, GW_CHUNKED_TRAILERS + 8, sizeof text, out, &len), GW_CHUNKED_BAD);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_bodies_are_decoded_however_they_are_cut),
                                       cmocka_unit_test (test_what_is_read_past_is_bounded)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
