/*  sv_backend_test - how much of a caller's time a call behind it may take.  The
    rest shows in the services that make such calls. */

#include "sv_backend.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(list) (sizeof (list) / sizeof (list)[0])

static void a_call_ends_before_its_caller_gives_up (void **state)
{
    (void)state;
    static const struct {
        uint32_t remaining_ms;
        uint64_t longest_ms;
        uint32_t deadline_ms;
    } rows[] = {
        {0, 10000, 0},
        {SV_BACKEND_MARGIN_MS, 10000, 0},
        {SV_BACKEND_MARGIN_MS + 1, 10000, 1},
        {5000, 10000, 5000 - SV_BACKEND_MARGIN_MS},
        {30000, 10000, 10000},
        {10000 + SV_BACKEND_MARGIN_MS, 10000, 10000},
        {UINT32_MAX, 30000, 30000},
    };
    for (size_t i = 0; i < COUNT (rows); i++)
        assert_int_equal (sv_backend_deadline (rows[i].remaining_ms, rows[i].longest_ms), rows[i].deadline_ms);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_call_ends_before_its_caller_gives_up),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
