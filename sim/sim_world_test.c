#include "pt_test.h"
#include "sim_world.h"

#define S_SCHEDULES 200
#define S_EVENTS 1000

static sim_result_t s_play (uint64_t seed)
{
    sim_order_t order = {.seed = seed, .events_min = S_EVENTS};
    sim_result_t result;
    assert_int_equal (sim_world_run (&order, &result), 0);
    return result;
}

static void test_a_seed_gives_the_same_schedule_every_time (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        sim_result_t first = s_play (seed), second = s_play (seed);
        assert_int_equal (first.hash, second.hash);
        assert_int_equal (first.steps, second.steps);
    }
    assert_int_not_equal (s_play (1).hash, s_play (2).hash);
}

static void test_nothing_is_wrong_in_many_schedules (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= S_SCHEDULES; seed++) {
        sim_result_t result = s_play (seed);
        if (!result.is_good)
            fail_msg ("seed %llu: %s: %s", (unsigned long long)seed, vf_finding_name (result.finding), result.wrong);
        assert_true (result.events >= S_EVENTS);
        assert_true (result.faults >= SIM_FAULTS_MIN);
        assert_true (result.sent > 0 && result.received > result.sent);
    }
}

/*  Seeds that once found something; the file names it. */
static void test_nothing_is_wrong_in_schedules_that_once_found_something (void **state)
{
    (void)state;
    FILE *file = fopen ("sim/seeds", "re");
    if (!file)
        skip ();
    char line[200];
    unsigned long long seed;
    unsigned count = 0;
    while (fgets (line, sizeof line, file)) {
        if (sscanf (line, "%llu", &seed) != 1)
            continue;
        sim_result_t result = s_play (seed);
        if (!result.is_good)
            fail_msg ("seed %llu: %s: %s", seed, vf_finding_name (result.finding), result.wrong);
        count++;
    }
    fclose (file);
    assert_true (count > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_seed_gives_the_same_schedule_every_time),
        cmocka_unit_test (test_nothing_is_wrong_in_many_schedules),
        cmocka_unit_test (test_nothing_is_wrong_in_schedules_that_once_found_something),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
