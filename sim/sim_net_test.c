#include "pt_test.h"
#include "sim_net.h"

typedef struct {
    sim_net_t net;
    sim_queue_t queue;
    sim_random_t random;
    sim_link_t *link;
    unsigned ups, downs, taken;
    uint32_t last; /* number of the last parcel; they must rise by one */
    bool is_in_order;
} s_bench_t;

static void s_up (void *ctx, sim_link_t *link)
{
    (void)link;
    ((s_bench_t *)ctx)->ups++;
}

static void s_down (void *ctx, sim_link_t *link)
{
    (void)link;
    ((s_bench_t *)ctx)->downs++;
}

static void s_take (void *ctx, sim_link_t *link, sim_parcel_t *parcel)
{
    s_bench_t *self = ctx;
    uint32_t number;
    (void)link;
    memcpy (&number, parcel->parts[0]->at, sizeof number);
    self->is_in_order = self->is_in_order && number == self->last + 1;
    self->last = number;
    self->taken++;
    sim_parcel_discard (&self->net, &parcel);
}

static const sim_end_ops_t s_ops = {s_up, s_down, s_take};

/*  As the world does it, up to a time. */
static void s_run (s_bench_t *self, uint64_t until_us)
{
    sim_event_t event;
    while (sim_queue_pop (&self->queue, &event)) {
        if (event.at_us > until_us) {
            sim_queue_push (&self->queue, &event);
            break;
        }
        self->net.now_us = event.at_us;
        const sim_node_t *node = event.node >= 0 ? &self->net.nodes[event.node] : NULL;
        if (node && event.life && event.life != node->life)
            continue;
        if (node && node->wakes_us > event.at_us) {
            event.at_us = node->wakes_us;
            sim_queue_push (&self->queue, &event);
            continue;
        }
        event.fn (event.ctx, event.arg);
    }
    self->net.now_us = until_us;
}

static void s_open (s_bench_t *self)
{
    *self = (s_bench_t){.random = {3}, .is_in_order = true};
    sim_queue_init (&self->queue);
    sim_net_init (&self->net, &self->queue, &self->random);
    sim_net_start (&self->net, 0);
    sim_net_start (&self->net, 1);
    self->link = sim_net_connect (&self->net, &(sim_end_t){0, &s_ops, self}, &(sim_end_t){1, &s_ops, self});
    assert_non_null (self->link);
    s_run (self, 100000);
    assert_int_equal (self->ups, 2);
}

static void s_close (s_bench_t *self)
{
    sim_net_fini (&self->net);
    sim_queue_fini (&self->queue);
}

static void s_send (s_bench_t *self, uint32_t from, uint32_t to)
{
    for (uint32_t number = from; number <= to; number++) {
        sim_parcel_t *parcel = sim_parcel_new (&self->net);
        parcel->parts[0] = sim_bytes_new (&number, sizeof number);
        parcel->count = 1;
        sim_link_send (self->link, 0, parcel);
    }
}

static void test_a_link_keeps_the_order_of_what_it_carries (void **state)
{
    (void)state;
    s_bench_t bench;
    s_open (&bench);
    s_send (&bench, 1, 500);
    s_run (&bench, 1000000);
    assert_int_equal (bench.taken, 500);
    assert_true (bench.is_in_order);
    s_close (&bench);
}

static void test_a_cut_loses_a_tail_and_both_ends_learn_of_it_once (void **state)
{
    (void)state;
    s_bench_t bench;
    s_open (&bench);
    s_send (&bench, 1, 500);
    sim_link_cut (bench.link);
    s_run (&bench, 1000000);
    assert_true (bench.taken < 500);
    assert_true (bench.is_in_order);
    assert_int_equal (bench.downs, 2);
    s_send (&bench, 501, 510);
    s_run (&bench, 2000000);
    assert_true (bench.last < 501);
    s_close (&bench);
}

static void test_who_sleeps_gets_everything_when_it_wakes (void **state)
{
    (void)state;
    s_bench_t bench;
    s_open (&bench);
    sim_net_sleep (&bench.net, 1, 3000000);
    s_send (&bench, 1, 50);
    s_run (&bench, 3000000);
    assert_int_equal (bench.taken, 0);
    s_run (&bench, 3200000);
    assert_int_equal (bench.taken, 50);
    assert_true (bench.is_in_order);
    assert_int_equal (bench.downs, 0);
    s_close (&bench);
}

static void test_a_blocked_way_delays_and_one_blocked_too_long_breaks_the_link (void **state)
{
    (void)state;
    s_bench_t bench;
    s_open (&bench);
    sim_net_block (&bench.net, 0, 1, 2000000);
    s_send (&bench, 1, 5);
    s_run (&bench, 2000000);
    assert_int_equal (bench.taken, 0);
    s_run (&bench, 2400000);
    assert_int_equal (bench.taken, 5);
    sim_net_block (&bench.net, 0, 1, 10000000);
    s_run (&bench, 11000000);
    assert_int_equal (bench.downs, 2);
    s_close (&bench);
}

static void test_what_a_killed_process_left_unsent_is_lost_and_the_other_end_told (void **state)
{
    (void)state;
    s_bench_t bench;
    s_open (&bench);
    s_send (&bench, 1, 20);
    sim_net_kill (&bench.net, 0);
    sim_link_close (bench.link, 0);
    s_send (&bench, 21, 30);
    s_run (&bench, 1000000);
    assert_true (bench.last <= 20);
    assert_true (bench.is_in_order);
    assert_int_equal (bench.downs, 1);
    s_close (&bench);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_link_keeps_the_order_of_what_it_carries),
        cmocka_unit_test (test_a_cut_loses_a_tail_and_both_ends_learn_of_it_once),
        cmocka_unit_test (test_who_sleeps_gets_everything_when_it_wakes),
        cmocka_unit_test (test_a_blocked_way_delays_and_one_blocked_too_long_breaks_the_link),
        cmocka_unit_test (test_what_a_killed_process_left_unsent_is_lost_and_the_other_end_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
