/*  gw_date_test - dates of HTTP, there and back. */

#include "gw_date.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_a_date_is_read_as_it_was_written (void **state)
{
    (void)state;
    static const int64_t moments[] = {0, 1, 784111777, 951782400, 1709164800, 4102444799, INT64_C (253402300799)};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        char text[GW_DATE + 1];
        int64_t back = -1;
        assert_true (gw_date_parse (gw_date_put (text, moments[i]), GW_DATE, &back));
        assert_true (back == moments[i]);
    }
    char text[GW_DATE + 1];
    assert_string_equal (gw_date_put (text, 784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal (gw_date_put (text, -5), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal (gw_date_put (text, INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void test_what_is_no_date_is_refused (void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994",
                                      "Mon, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Xxx 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1899 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMT "};
    int64_t out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (gw_date_parse (bad[i], strlen (bad[i]), &out))
            fail_msg ("taken: %s", bad[i]);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_a_date_is_read_as_it_was_written),
                                       cmocka_unit_test (test_what_is_no_date_is_refused)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
