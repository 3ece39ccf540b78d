#include "pt_test.h"
#include "sim_queue.h"
#include "sim_random.h"

static void s_nothing (void *ctx, uint64_t arg)
{
    (void)ctx, (void)arg;
}

static void test_events_come_by_time_and_those_of_one_time_in_their_order (void **state)
{
    (void)state;
    sim_queue_t queue;
    sim_random_t random = {7};
    sim_queue_init (&queue);
    for (uint64_t i = 0; i < 5000; i++)
        sim_queue_push (&queue, &(sim_event_t){.at_us = sim_random_below (&random, 300), .fn = s_nothing, .arg = i});
    sim_event_t event, before = {0};
    for (unsigned i = 0; i < 5000; i++) {
        assert_true (sim_queue_pop (&queue, &event));
        assert_true (event.at_us > before.at_us || (event.at_us == before.at_us && event.order > before.order));
        before = event;
    }
    assert_false (sim_queue_pop (&queue, &event));
    sim_queue_fini (&queue);
}

static void test_an_event_that_is_put_back_keeps_its_order (void **state)
{
    (void)state;
    sim_queue_t queue;
    sim_queue_init (&queue);
    for (uint64_t i = 1; i <= 3; i++)
        sim_queue_push (&queue, &(sim_event_t){.at_us = i, .fn = s_nothing, .arg = i});
    for (unsigned i = 0; i < 3; i++) {
        sim_event_t event;
        assert_true (sim_queue_pop (&queue, &event));
        if (event.at_us == 9) {
            assert_int_equal (event.arg, i + 1);
            continue;
        }
        event.at_us = 9;
        sim_queue_push (&queue, &event);
        i--;
    }
    sim_queue_fini (&queue);
}

static void test_a_queue_beyond_its_maximum_says_so (void **state)
{
    (void)state;
    sim_queue_t queue;
    sim_queue_init (&queue);
    for (unsigned i = 0; i <= SIM_QUEUE_MAX; i++)
        sim_queue_push (&queue, &(sim_event_t){.at_us = i, .fn = s_nothing});
    assert_true (queue.is_overrun);
    assert_int_equal (queue.count, SIM_QUEUE_MAX);
    sim_queue_fini (&queue);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_events_come_by_time_and_those_of_one_time_in_their_order),
        cmocka_unit_test (test_an_event_that_is_put_back_keeps_its_order),
        cmocka_unit_test (test_a_queue_beyond_its_maximum_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
