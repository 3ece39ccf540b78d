/*  gw_range_test - tables of Range headers. */

#include "gw_range.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_one_range_is_served_and_all_else_is_the_whole (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint64_t size;
        gw_range_kind_t kind;
        uint64_t first, count;
    } rows[] = {
        {"bytes=0-0", 10, GW_RANGE_PART, 0, 1},
        {"bytes=0-", 10, GW_RANGE_PART, 0, 10},
        {"BYTES=3-5", 10, GW_RANGE_PART, 3, 3},
        {"bytes=9-100", 10, GW_RANGE_PART, 9, 1},
        {"bytes=-3", 10, GW_RANGE_PART, 7, 3},
        {"bytes=-30", 10, GW_RANGE_PART, 0, 10},
        {"bytes=1-99999999999999999999999", 10, GW_RANGE_PART, 1, 9},
        {"bytes=-99999999999999999999999", 10, GW_RANGE_PART, 0, 10},
        {"bytes=10-", 10, GW_RANGE_OUTSIDE, 0, 10},
        {"bytes=0-", 0, GW_RANGE_OUTSIDE, 0, 0},
        {"bytes=-0", 10, GW_RANGE_OUTSIDE, 0, 10},
        {"bytes=99999999999999999999999-", 10, GW_RANGE_OUTSIDE, 0, 10},
        {"bytes=-5", 0, GW_RANGE_WHOLE, 0, 0},
        {"bytes=5-4", 10, GW_RANGE_WHOLE, 0, 10},
        {"bytes=-", 10, GW_RANGE_WHOLE, 0, 10},
        {"bytes=", 10, GW_RANGE_WHOLE, 0, 10},
        {"bytes=1", 10, GW_RANGE_WHOLE, 0, 10},
        {"bytes=1-2,4-5", 10, GW_RANGE_WHOLE, 0, 10},
        {"bytes=1-2 ", 10, GW_RANGE_WHOLE, 0, 10},
        {"bytes= 1-2", 10, GW_RANGE_WHOLE, 0, 10},
        {"lines=1-2", 10, GW_RANGE_WHOLE, 0, 10},
        {"", 10, GW_RANGE_WHOLE, 0, 10},
        {NULL, 10, GW_RANGE_WHOLE, 0, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gw_range_t range;
        size_t len = rows[i].value ? strlen (rows[i].value) : 0;
        gw_range_kind_t kind = gw_range_read (rows[i].value, len, rows[i].size, &range);
        if (kind != rows[i].kind || range.first != rows[i].first || range.count != rows[i].count)
            fail_msg ("%s: %d %llu %llu", rows[i].value, kind, (unsigned long long)range.first,
                      (unsigned long long)range.count);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_one_range_is_served_and_all_else_is_the_whole)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
