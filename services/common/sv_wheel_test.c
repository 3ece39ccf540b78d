/*  sv_wheel_test - timers fall due once, in time, whatever their number. */

#include "sv_wheel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NODES 2000

static sv_wheel_t *s_make_wheel (void)
{
    sv_wheel_t *wheel = malloc (sizeof *wheel);
    assert_non_null (wheel);
    sv_wheel_init (wheel);
    return wheel;
}

static sv_wheel_node_t *s_make_nodes (void)
{
    sv_wheel_node_t *nodes = calloc (NODES, sizeof *nodes);
    assert_non_null (nodes);
    return nodes;
}

static void a_node_falls_due_within_one_step (void **state)
{
    (void)state;
    static const uint64_t delays[] = {1, 7, 8, 9, 1000, 30000, SV_WHEEL_SLOTS * SV_WHEEL_STEP_MS, 500000};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        sv_wheel_t *wheel = s_make_wheel ();
        sv_wheel_node_t node = {0};
        uint64_t now = 123456789;
        sv_wheel_set (wheel, &node, now + delays[i], now);
        uint64_t at = now;
        while (!sv_wheel_pop (wheel, at))
            at++;
        assert_in_range (at, now + delays[i], now + delays[i] + SV_WHEEL_STEP_MS);
        assert_null (sv_wheel_pop (wheel, at + 100000));
        free (wheel);
    }
}

static void a_moved_or_removed_node_does_not_fall_due (void **state)
{
    (void)state;
    sv_wheel_t *wheel = s_make_wheel ();
    sv_wheel_node_t a = {0}, b = {0};
    sv_wheel_set (wheel, &a, 1100, 1000);
    sv_wheel_set (wheel, &b, 1100, 1000);
    sv_wheel_set (wheel, &a, 2000, 1000);
    sv_wheel_unset (wheel, &b);
    sv_wheel_unset (wheel, &b);
    assert_null (sv_wheel_pop (wheel, 1900));
    assert_ptr_equal (sv_wheel_pop (wheel, 2008), &a);
    assert_int_equal (wheel->count, 0);
    free (wheel);
}

static void a_long_sleep_misses_nothing (void **state)
{
    (void)state;
    sv_wheel_t *wheel = s_make_wheel ();
    sv_wheel_node_t *nodes = s_make_nodes ();
    for (unsigned i = 0; i < NODES; i++)
        sv_wheel_set (wheel, &nodes[i], 1000 + i * 17, 1000);
    unsigned count = 0;
    while (sv_wheel_pop (wheel, 100000000))
        count++;
    assert_int_equal (count, NODES);
    free (nodes);
    free (wheel);
}

static void random_timers_are_never_early_nor_lost (void **state)
{
    (void)state;
    sv_wheel_t *wheel = s_make_wheel ();
    sv_wheel_node_t *nodes = s_make_nodes ();
    uint64_t now = 5, random = 99;
    for (int turn = 0; turn < 20000; turn++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        sv_wheel_node_t *node = &nodes[(random >> 33) % NODES];
        sv_wheel_set (wheel, node, now + 1 + (random >> 40) % 40000, now);
        now += (random >> 20) % 40;
        while ((node = sv_wheel_pop (wheel, now)))
            assert_true (node->due_ms <= now && !node->link);
        for (unsigned i = 0; turn % 1000 == 0 && i < NODES; i++)
            assert_true (!nodes[i].link || nodes[i].due_ms + SV_WHEEL_STEP_MS > now);
    }
    free (nodes);
    free (wheel);
}

static void a_node_due_at_the_end_of_time_is_never_due (void **state)
{
    (void)state;
    sv_wheel_t *wheel = s_make_wheel ();
    sv_wheel_node_t node = {0};
    sv_wheel_set (wheel, &node, UINT64_MAX, 1000);
    assert_null (sv_wheel_pop (wheel, 1000));
    assert_null (sv_wheel_pop (wheel, UINT64_C (1) << 60));
    assert_int_equal (wheel->count, 1);
    free (wheel);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_node_falls_due_within_one_step),
        cmocka_unit_test (a_moved_or_removed_node_does_not_fall_due),
        cmocka_unit_test (a_long_sleep_misses_nothing),
        cmocka_unit_test (a_node_due_at_the_end_of_time_is_never_due),
        cmocka_unit_test (random_timers_are_never_early_nor_lost),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
