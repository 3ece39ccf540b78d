/*  gw_dialect_json_test - times, addresses and pages as dialects write them. */

#include "gw_dialect_json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *s_text (pt_buf_t *out)
{
    pt_buf_put (out, "", 1);
    assert_int_equal (pt_buf_error (out), 0);
    return out->at;
}

static void test_times_leave_microseconds_out_when_they_are_zero (void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {{INT64_C (1795245783042699), "\"2026-11-21T07:23:03.042699Z\""},
                {INT64_C (1795245783000000), "\"2026-11-21T07:23:03Z\""},
                {INT64_C (1795245783000001), "\"2026-11-21T07:23:03.000001Z\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_buf_t out;
        pt_buf_init (&out, 64);
        gw_dialect_json_time (&out, rows[i].us);
        assert_string_equal (s_text (&out), rows[i].text);
        pt_buf_fini (&out);
    }
}

static void test_stamps_of_frames_always_have_microseconds (void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {{INT64_C (1795245783042699), "\"2026-11-21 07:23:03.042699+00:00\""},
                {INT64_C (1795245783000000), "\"2026-11-21 07:23:03.000000+00:00\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pt_buf_t out;
        pt_buf_init (&out, 64);
        gw_dialect_json_stamp (&out, rows[i].us);
        assert_string_equal (s_text (&out), rows[i].text);
        pt_buf_fini (&out);
    }
}

static void test_texts_may_be_null_and_urls_are_escaped (void **state)
{
    (void)state;
    pt_buf_t out;
    pt_buf_init (&out, 256);
    gw_dialect_json_text (&out, false, PT_LIT ("x"));
    gw_dialect_json_text (&out, true, PT_LIT ("a\"b"));
    gw_dialect_json_url (&out, true, "h:1", "/a b/\xc3\xa9\"/?");
    assert_string_equal (s_text (&out), "null\"a\\\"b\"\"https://h:1/a%20b/%C3%A9%22/%3F\"");
    pt_buf_fini (&out);
}

static gw_pair_t s_pair (const char *name, const char *value)
{
    return (gw_pair_t){.name = name, .name_len = strlen (name), .value = value, .value_len = strlen (value)};
}

static void test_pages_lead_to_the_next_and_the_previous_one (void **state)
{
    (void)state;
    static const struct {
        const char *limit, *offset; /* NULL: not in the query */
        uint64_t total;
        const char *next, *previous; /* NULL: null */
    } rows[] = {
        {NULL, NULL, 12, "?limit=8&offset=8&q=a%26b", NULL},
        {NULL, "8", 12, NULL, "?limit=8&q=a%26b"},
        {"2", "4", 12, "?limit=2&offset=6&q=a%26b", "?limit=2&offset=2&q=a%26b"},
        {"2", "1", 3, NULL, "?limit=2&q=a%26b"},
        {"2", "10", 12, NULL, "?limit=2&offset=8&q=a%26b"},
        {"12", "0", 12, NULL, NULL},
        {"x", "-1", 9, "?limit=8&offset=8&q=a%26b", NULL},
        {"0", "", 9, "?limit=8&offset=8&q=a%26b", NULL},
        {"9999999999999999", NULL, 9, "?limit=8&offset=8&q=a%26b", NULL},
        {"100000", NULL, 201, "?limit=200&offset=200&q=a%26b", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_pair_t query[3] = {s_pair ("q", "a&b")};
        unsigned count = 1;
        if (rows[i].limit)
            query[count++] = s_pair ("limit", rows[i].limit);
        if (rows[i].offset)
            query[count++] = s_pair ("offset", rows[i].offset);
        gw_dialect_page_t page = {.host = "h", .path = "/p/", .query = query, .query_count = count};
        char want[512], next[128] = "null", previous[128] = "null";
        pt_buf_t out;
        pt_buf_init (&out, 1024);
        gw_dialect_page_read (&page, 8);
        gw_dialect_page_write (&out, &page, rows[i].total);
        if (rows[i].next)
            snprintf (next, sizeof next, "\"http://h/p/%s\"", rows[i].next);
        if (rows[i].previous)
            snprintf (previous, sizeof previous, "\"http://h/p/%s\"", rows[i].previous);
        snprintf (want, sizeof want, "{\"count\":%u,\"next\":%s,\"previous\":%s,\"results\":", (unsigned)rows[i].total,
                  next, previous);
        assert_string_equal (s_text (&out), want);
        pt_buf_fini (&out);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_times_leave_microseconds_out_when_they_are_zero),
        cmocka_unit_test (test_stamps_of_frames_always_have_microseconds),
        cmocka_unit_test (test_texts_may_be_null_and_urls_are_escaped),
        cmocka_unit_test (test_pages_lead_to_the_next_and_the_previous_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
