/*  gw_seen_test - repeats are told from what is late. */

#include "gw_seen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void s_each_event_counts_once_whatever_comes_first (void **state)
{
    (void)state;
    gw_seen_t seen = {0};
    const uint64_t order[] = {7, 9, 7, 8, 9, 8, 10, 6, 6};
    const bool is_new[] = {true, true, false, true, false, false, true, true, false};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        assert_true (gw_seen_is_new (&seen, 5, order[i]) == is_new[i]);
}

static void s_publishers_are_told_apart (void **state)
{
    (void)state;
    gw_seen_t seen = {0};
    for (uint64_t generation = 1; generation <= GW_SEEN_PUBLISHERS; generation++)
        assert_true (gw_seen_is_new (&seen, generation, 3));
    for (uint64_t generation = 1; generation <= GW_SEEN_PUBLISHERS; generation++)
        assert_false (gw_seen_is_new (&seen, generation, 3));
    assert_true (gw_seen_is_new (&seen, GW_SEEN_PUBLISHERS + 1, 3));
    assert_false (gw_seen_is_new (&seen, 2, 3));
    assert_true (gw_seen_is_new (&seen, 1, 3));
}

static void s_what_is_behind_the_window_is_a_repeat (void **state)
{
    (void)state;
    gw_seen_t seen = {0};
    assert_true (gw_seen_is_new (&seen, 5, 10));
    assert_true (gw_seen_is_new (&seen, 5, 10 + GW_SEEN_WINDOW));
    assert_false (gw_seen_is_new (&seen, 5, 10));
    assert_true (gw_seen_is_new (&seen, 5, 11));
    assert_false (gw_seen_is_new (&seen, 5, 11));
    assert_true (gw_seen_is_new (&seen, 5, 1000000));
    assert_true (gw_seen_is_new (&seen, 5, 1000000 - GW_SEEN_WINDOW + 1));
    assert_false (gw_seen_is_new (&seen, 5, 1000000 - GW_SEEN_WINDOW));
}

/*  Against a list of all that came. */
static void s_a_long_walk_agrees_with_a_list (void **state)
{
    (void)state;
    enum { LENGTH = 20000, SPREAD = 900 };
    gw_seen_t seen = {0};
    bool *came = calloc (LENGTH + SPREAD, sizeof *came);
    assert_non_null (came);
    srand (1);
    for (uint64_t i = 1; i < LENGTH; i++) {
        uint64_t counter = i + (uint64_t)rand () % SPREAD;
        assert_true (gw_seen_is_new (&seen, 5, counter) == !came[counter]);
        came[counter] = true;
    }
    free (came);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_each_event_counts_once_whatever_comes_first),
        cmocka_unit_test (s_publishers_are_told_apart),
        cmocka_unit_test (s_what_is_behind_the_window_is_a_repeat),
        cmocka_unit_test (s_a_long_walk_agrees_with_a_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
