/*  gw_time_test - RFC 3339, there and back. */

#include "gw_text.h"
#include "gw_time.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_times_are_read (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1970-01-01t01:00:00.5+01:00", 500000},
        {"2000-02-29T12:00:00Z", 951825600000000},
        {"2026-11-21T09:51:35.123456Z", 1795254695123456},
        {"2026-11-21T09:51:35.123456789-00:30", 1795256495123456},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = -1;
        assert_true (gw_time_parse (rows[i].text, strlen (rows[i].text), &us));
        assert_true (us == rows[i].us);
    }
}

static void test_what_is_no_time_is_refused (void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "now",
                                      "2026-11-21",
                                      "2026-11-21T09:51:35",
                                      "2026-11-21 09:51:35Z",
                                      "2026-13-21T09:51:35Z",
                                      "2026-02-29T09:51:35Z",
                                      "2026-00-01T09:51:35Z",
                                      "2026-01-00T09:51:35Z",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T09:60:35Z",
                                      "2026-11-21T09:51:60Z",
                                      "2026-11-21T09:51:35.Z",
                                      "2026-11-21T09:51:35.1234567890Z",
                                      "2026-11-21T09:51:35+24:00",
                                      "2026-11-21T09:51:35+0100",
                                      "2026-11-21T09:51:35ZZ",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+00:01",
                                      "+026-11-21T09:51:35Z"};
    int64_t us = 5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (gw_time_parse (bad[i], strlen (bad[i]), &us))
            fail_msg ("taken: %s", bad[i]);
    assert_true (us == 5);
}

static void test_what_is_written_is_read_back (void **state)
{
    (void)state;
    char text[GW_TEXT_TIME];
    for (int64_t us = 0; us < (int64_t)4000000000000000; us += (int64_t)86399999999977) {
        int64_t back = -1;
        assert_ptr_equal (gw_text_put_time (text, us), text + GW_TEXT_TIME);
        assert_true (gw_time_parse (text, GW_TEXT_TIME, &back));
        assert_true (back == us);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_times_are_read),
        cmocka_unit_test (test_what_is_no_time_is_refused),
        cmocka_unit_test (test_what_is_written_is_read_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
