/*  gw_condition_test - conditions of requests, in the order of RFC 9110. */

#include "gw_condition.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define THEN "Sun, 06 Nov 1994 08:49:37 GMT"
#define MODIFIED 784111777

static pt_str_t s_str (const char *text)
{
    return text ? pt_str (text) : (pt_str_t){0};
}

static void test_conditions_are_judged_in_their_order (void **state)
{
    (void)state;
    static const struct {
        const char *match, *none, *unmodified, *modified;
        gw_condition_t is;
    } rows[] = {
        {NULL, NULL, NULL, NULL, GW_CONDITION_HOLDS},
        {"\"a\"", NULL, NULL, NULL, GW_CONDITION_HOLDS},
        {"*", NULL, NULL, NULL, GW_CONDITION_HOLDS},
        {"\"b\", \"a\"", NULL, NULL, NULL, GW_CONDITION_HOLDS},
        {"W/\"a\"", NULL, NULL, NULL, GW_CONDITION_FAILED},
        {"\"b\"", NULL, NULL, NULL, GW_CONDITION_FAILED},
        {"a", NULL, NULL, NULL, GW_CONDITION_FAILED},
        {"\"a", NULL, NULL, NULL, GW_CONDITION_FAILED},
        {"", NULL, NULL, NULL, GW_CONDITION_FAILED},
        {"\"a\"", NULL, BEFORE, NULL, GW_CONDITION_HOLDS},
        {NULL, NULL, BEFORE, NULL, GW_CONDITION_FAILED},
        {NULL, NULL, THEN, NULL, GW_CONDITION_HOLDS},
        {NULL, NULL, "yesterday", NULL, GW_CONDITION_HOLDS},
        {NULL, "\"a\"", NULL, NULL, GW_CONDITION_NOT_MODIFIED},
        {NULL, "W/\"a\"", NULL, NULL, GW_CONDITION_NOT_MODIFIED},
        {NULL, "\"x,y\",\"a\"", NULL, NULL, GW_CONDITION_NOT_MODIFIED},
        {NULL, "*", NULL, NULL, GW_CONDITION_NOT_MODIFIED},
        {NULL, "\"b\"", NULL, THEN, GW_CONDITION_HOLDS},
        {NULL, NULL, NULL, THEN, GW_CONDITION_NOT_MODIFIED},
        {NULL, NULL, NULL, BEFORE, GW_CONDITION_HOLDS},
        {"\"b\"", "\"a\"", NULL, NULL, GW_CONDITION_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const gw_conditions_t conditions = {.if_match = s_str (rows[i].match),
                                            .if_none_match = s_str (rows[i].none),
                                            .if_unmodified_since = s_str (rows[i].unmodified),
                                            .if_modified_since = s_str (rows[i].modified)};
        if (gw_condition_judge (&conditions, PT_LIT ("\"a\""), MODIFIED) != rows[i].is)
            fail_msg ("row %zu", i);
    }
}

static void test_a_range_holds_for_the_very_same_file_alone (void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool is_ok;
    } rows[] = {{NULL, true},    {"\"a\"", true},  {THEN, true}, {"W/\"a\"", false},
                {BEFORE, false}, {"\"b\"", false}, {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const gw_conditions_t conditions = {.if_range = s_str (rows[i].value)};
        assert_true (gw_condition_range_ok (&conditions, PT_LIT ("\"a\""), MODIFIED) == rows[i].is_ok);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_conditions_are_judged_in_their_order),
                                       cmocka_unit_test (test_a_range_holds_for_the_very_same_file_alone)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
