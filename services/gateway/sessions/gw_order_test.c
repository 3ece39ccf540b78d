/*  gw_order_test - vectors for each rule, and a seeded walk against a model
    room with loss, doubling, reordering and failing questions. */

#include "gw_order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char s_body[] = "0123456789";

static pt_item_t s_item (uint64_t seq)
{
    return (pt_item_t){
        .room = 7, .seq = seq, .id = seq + 1000, .kind = PT_item_kind_MESSAGE, .body = {s_body, (uint32_t)(seq % 10)}};
}

/*  One step with up to four seqs; the output says what came of it. */
static void s_items (gw_order_t *order, uint64_t epoch, uint64_t now, gw_order_out_t *out, const uint64_t *seqs)
{
    static pt_item_t items[4];
    uint32_t count = 0;
    while (count < 4 && seqs[count]) {
        items[count] = s_item (seqs[count]);
        count++;
    }
    gw_order_step (order, &(gw_order_event_t){.kind = GW_ORDER_ITEMS, .epoch = epoch, .items = items, .count = count},
                   now, out);
}

static void s_event (gw_order_t *order, gw_order_kind_t kind, uint64_t epoch, uint64_t seq, uint64_t now,
                     gw_order_out_t *out)
{
    gw_order_step (order, &(gw_order_event_t){.kind = kind, .epoch = epoch, .seq = seq}, now, out);
}

static gw_order_t *s_started (uint64_t base)
{
    gw_order_t *order = gw_order_new (42);
    gw_order_out_t out;
    s_event (order, GW_ORDER_START, 1, base, 0, &out);
    assert_true (gw_order_is_started (order));
    return order;
}

static void test_items_arrive_in_order_once_and_early_ones_wait (void **state)
{
    (void)state;
    static const struct {
        uint64_t seqs[4];
        unsigned count;
        uint64_t last;
        bool is_due;
    } rows[] = {
        {{11}, 1, 11, false},    {{11}, 0, 11, false}, {{12, 13}, 2, 13, false},         {{15}, 0, 13, true},
        {{15, 17}, 0, 13, true}, {{14}, 2, 15, true},  {{13, 14, 15, 16}, 2, 17, false}, {{3}, 0, 17, false},
    };
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t before = gw_order_last (order);
        s_items (order, 1, 5, &out, rows[i].seqs);
        assert_int_equal (out.count, rows[i].count);
        for (unsigned k = 0; k < out.count; k++)
            assert_int_equal (out.items[k]->seq, before + 1 + k);
        assert_int_equal (gw_order_last (order), rows[i].last);
        assert_int_equal (out.due_ms != 0, rows[i].is_due);
        assert_false (out.is_ask);
    }
    assert_int_equal (gw_order_held_bytes (order), 0);
    gw_order_destroy (&order);
    assert_null (order);
}

static void test_a_held_item_keeps_its_text (void **state)
{
    (void)state;
    gw_order_t *order = s_started (0);
    gw_order_out_t out;
    s_items (order, 1, 0, &out, (uint64_t[4]){2, 3});
    s_items (order, 1, 0, &out, (uint64_t[4]){1});
    assert_int_equal (out.count, 3);
    assert_int_equal (out.items[2]->body.len, 3);
    assert_memory_equal (out.items[2]->body.at, s_body, 3);
    assert_ptr_not_equal (out.items[2]->body.at, s_body);
    gw_order_destroy (&order);
}

static void test_a_hole_is_asked_for_once_after_a_short_wait (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_items (order, 1, 100, &out, (uint64_t[4]){14});
    assert_in_range (out.due_ms, 100 + GW_ORDER_WAIT_MS / 2, 100 + GW_ORDER_WAIT_MS * 3 / 2);
    s_event (order, GW_ORDER_TICK, 0, 0, out.due_ms - 1, &out);
    assert_false (out.is_ask);
    s_event (order, GW_ORDER_TICK, 0, 0, out.due_ms, &out);
    assert_true (out.is_ask);
    assert_int_equal (out.ask_after, 10);
    assert_int_equal (out.ask_limit, 3);
    s_event (order, GW_ORDER_TICK, 0, 0, 500, &out);
    assert_false (out.is_ask);
    pt_item_t items[3] = {s_item (11), s_item (12), s_item (13)};
    gw_order_step (order,
                   &(gw_order_event_t){.kind = GW_ORDER_ANSWER, .epoch = 1, .seq = 14, .items = items, .count = 3}, 501,
                   &out);
    assert_int_equal (out.count, 4);
    assert_int_equal (out.due_ms, 0);
    gw_order_destroy (&order);
}

static void test_a_head_without_events_is_asked_for_in_pages (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_event (order, GW_ORDER_HEAD, 1, 1000, 0, &out);
    s_event (order, GW_ORDER_TICK, 0, 0, out.due_ms, &out);
    assert_true (out.is_ask);
    assert_int_equal (out.ask_limit, LIM_RANGE);
    pt_item_t items[2] = {s_item (11), s_item (12)};
    gw_order_step (order,
                   &(gw_order_event_t){.kind = GW_ORDER_ANSWER, .epoch = 1, .seq = 1000, .items = items, .count = 2},
                   50, &out);
    assert_int_equal (out.count, 2);
    assert_true (out.is_ask);
    assert_int_equal (out.ask_after, 12);
    gw_order_destroy (&order);
}

static void test_failed_empty_and_lost_answers_are_repeated_with_back_off (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_event (order, GW_ORDER_HEAD, 1, 12, 0, &out);
    uint64_t now = out.due_ms;
    s_event (order, GW_ORDER_TICK, 0, 0, now, &out);
    uint64_t wait = GW_ORDER_RETRY_MS;
    for (unsigned i = 0; i < 12; i++) {
        assert_true (out.is_ask);
        if (i % 3 == 0)
            s_event (order, GW_ORDER_FAILED, 0, 0, now, &out);
        else if (i % 3 == 1)
            s_event (order, GW_ORDER_ANSWER, 1, 12, now, &out);
        else {
            now += GW_ORDER_ANSWER_MS;
            s_event (order, GW_ORDER_TICK, 0, 0, now, &out);
        }
        assert_false (out.is_ask);
        assert_in_range (out.due_ms - now, wait / 2, wait * 3 / 2);
        now = out.due_ms;
        s_event (order, GW_ORDER_TICK, 0, 0, now, &out);
        wait = wait * 2 < GW_ORDER_RETRY_MAX_MS ? wait * 2 : GW_ORDER_RETRY_MAX_MS;
    }
    gw_order_destroy (&order);
}

static void test_an_answer_no_longer_needed_leaves_no_timer (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_items (order, 1, 0, &out, (uint64_t[4]){12});
    s_event (order, GW_ORDER_TICK, 0, 0, out.due_ms, &out);
    assert_true (out.is_ask);
    s_items (order, 1, 20, &out, (uint64_t[4]){11});
    assert_int_equal (out.count, 2);
    s_event (order, GW_ORDER_TICK, 0, 0, out.due_ms, &out);
    assert_int_equal (out.due_ms, 0);
    assert_false (out.is_ask);
    gw_order_destroy (&order);
}

static void test_what_is_held_is_bounded_in_number_and_bytes (void **state)
{
    (void)state;
    gw_order_t *order = s_started (0);
    gw_order_out_t out;
    for (uint64_t seq = 2; seq < 2000; seq++)
        s_items (order, 1, 0, &out, (uint64_t[4]){seq});
    assert_true (gw_order_held_bytes (order) <= GW_ORDER_HELD_BYTES);
    s_items (order, 1, 0, &out, (uint64_t[4]){1});
    assert_int_equal (out.count, GW_ORDER_HELD);
    assert_int_equal (gw_order_head (order), 1999);

    static char text[LIM_BODY];
    memset (text, 'x', sizeof text);
    for (uint64_t seq = 300; seq < 400; seq++) {
        pt_item_t item = s_item (seq);
        item.body = (pt_str_t){text, sizeof text};
        gw_order_step (order, &(gw_order_event_t){.kind = GW_ORDER_ITEMS, .epoch = 1, .items = &item, .count = 1}, 0,
                       &out);
    }
    assert_in_range (gw_order_held_bytes (order), LIM_BODY, GW_ORDER_HELD_BYTES);
    gw_order_destroy (&order);
}

static void test_an_older_epoch_is_ignored_and_a_newer_one_resets (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_items (order, 0, 0, &out, (uint64_t[4]){11});
    assert_int_equal (out.count, 0);
    assert_int_equal (gw_order_head (order), 10);
    s_items (order, 2, 0, &out, (uint64_t[4]){11});
    assert_true (out.is_reset);
    assert_int_equal (out.count, 0);
    assert_false (gw_order_is_started (order));
    assert_int_equal (gw_order_epoch (order), 2);
    s_event (order, GW_ORDER_START, 1, 10, 0, &out);
    assert_false (gw_order_is_started (order));
    s_event (order, GW_ORDER_START, 2, 10, 0, &out);
    assert_false (out.is_reset);
    assert_true (gw_order_is_started (order));
    assert_int_not_equal (out.due_ms, 0);
    s_event (order, GW_ORDER_START, 3, 4, 0, &out);
    assert_true (out.is_reset);
    assert_int_equal (gw_order_last (order), 4);
    gw_order_destroy (&order);
}

static void test_items_below_the_floor_are_skipped_and_said (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_items (order, 1, 0, &out, (uint64_t[4]){31});
    s_event (order, GW_ORDER_TICK, 0, 0, out.due_ms, &out);
    gw_order_step (order, &(gw_order_event_t){.kind = GW_ORDER_ANSWER, .epoch = 1, .seq = 31, .floor = 30}, 50, &out);
    assert_int_equal (out.skipped, 30);
    assert_int_equal (out.count, 1);
    assert_int_equal (out.items[0]->seq, 31);
    assert_int_equal (gw_order_held_bytes (order), 0);
    gw_order_destroy (&order);
}

static void test_a_room_that_is_gone_stays_silent (void **state)
{
    (void)state;
    gw_order_t *order = s_started (10);
    gw_order_out_t out;
    s_items (order, 1, 0, &out, (uint64_t[4]){13});
    s_event (order, GW_ORDER_GONE, 0, 0, 0, &out);
    assert_true (out.is_reset);
    s_items (order, 1, 0, &out, (uint64_t[4]){11});
    assert_int_equal (out.count, 0);
    assert_int_equal (out.due_ms, 0);
    gw_order_destroy (&order);
}

/*  ---- the walk ------------------------------------------------------------- */

#define S_STEPS 250000
#define S_LATER 64 /* events on their way */

typedef struct {
    gw_order_t *order;
    uint64_t random;
    uint64_t now;
    uint64_t head; /* the model's truth */
    uint64_t delivered;
    uint64_t due;
    bool is_asked; /* the network holds a question */
    uint64_t ask_after;
    uint32_t ask_limit;
    uint64_t asks;
    struct {
        uint64_t first;
        uint32_t count;
    } later[S_LATER];
    unsigned later_count;
} s_walk_t;

static uint64_t s_random (s_walk_t *walk, uint64_t below)
{
    walk->random = walk->random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (walk->random >> 33) % below;
}

static void s_walk_step (s_walk_t *walk, const gw_order_event_t *event)
{
    gw_order_out_t out;
    gw_order_step (walk->order, event, walk->now, &out);
    assert_false (out.is_reset);
    for (unsigned i = 0; i < out.count; i++) {
        assert_int_equal (out.items[i]->seq, walk->delivered + 1);
        assert_int_equal (out.items[i]->body.len, out.items[i]->seq % 10);
        walk->delivered++;
    }
    assert_true (walk->delivered <= walk->head);
    assert_true (gw_order_held_bytes (walk->order) <= GW_ORDER_HELD_BYTES);
    if (out.is_ask) {
        assert_int_equal (out.ask_after, walk->delivered);
        assert_in_range (out.ask_limit, 1, LIM_RANGE);
        walk->is_asked = true;
        walk->ask_after = out.ask_after;
        walk->ask_limit = out.ask_limit;
        walk->asks++;
    }
    walk->due = out.due_ms;
}

static void s_walk_items (s_walk_t *walk, gw_order_kind_t kind, uint64_t first, uint32_t count, uint64_t head)
{
    pt_item_t items[LIM_RANGE];
    for (uint32_t i = 0; i < count; i++)
        items[i] = s_item (first + i);
    s_walk_step (walk, &(gw_order_event_t){.kind = kind, .epoch = 1, .seq = head, .items = items, .count = count});
}

static void s_walk_commit (s_walk_t *walk)
{
    uint32_t count = (uint32_t)(1 + s_random (walk, 5));
    uint64_t first = walk->head + 1;
    walk->head += count;
    if (s_random (walk, 100) < 20)
        return; /* lost */
    unsigned copies = s_random (walk, 100) < 50 ? 2 : 1;
    while (copies-- && walk->later_count < S_LATER) {
        walk->later[walk->later_count].first = first;
        walk->later[walk->later_count++].count = count;
    }
}

/*  Mostly the oldest event arrives, sometimes any of those on their way. */
static void s_walk_arrive (s_walk_t *walk)
{
    if (!walk->later_count)
        return;
    unsigned at = s_random (walk, 100) < 80 ? 0 : (unsigned)s_random (walk, walk->later_count);
    uint64_t first = walk->later[at].first;
    uint32_t count = walk->later[at].count;
    walk->later_count--;
    memmove (&walk->later[at], &walk->later[at + 1], (walk->later_count - at) * sizeof walk->later[0]);
    s_walk_items (walk, GW_ORDER_ITEMS, first, count, 0);
}

static void s_walk_answer (s_walk_t *walk, bool is_calm)
{
    if (!walk->is_asked)
        return;
    walk->is_asked = false;
    uint64_t luck = is_calm ? 99 : s_random (walk, 100);
    if (luck < 10)
        return; /* never answered */
    if (luck < 30) {
        s_walk_step (walk, &(gw_order_event_t){.kind = GW_ORDER_FAILED});
        return;
    }
    uint64_t head = luck < 40 ? walk->ask_after : walk->head; /* a copy that lags */
    uint64_t count = head - walk->ask_after;
    if (count > walk->ask_limit)
        count = walk->ask_limit;
    if (luck < 60 && count > 1)
        count = 1 + s_random (walk, count); /* cut for size */
    s_walk_items (walk, GW_ORDER_ANSWER, walk->ask_after + 1, (uint32_t)count, head);
}

static void s_walk_tick (s_walk_t *walk, uint64_t ms)
{
    walk->now += ms;
    if (walk->due && walk->now >= walk->due)
        s_walk_step (walk, &(gw_order_event_t){.kind = GW_ORDER_TICK});
}

static void s_walk_once (s_walk_t *walk)
{
    uint64_t luck = s_random (walk, 100);
    if (luck < 20)
        s_walk_commit (walk);
    else if (luck < 60)
        s_walk_arrive (walk);
    else if (luck < 65)
        s_walk_step (walk, &(gw_order_event_t){.kind = GW_ORDER_HEAD,
                                               .epoch = 1,
                                               .seq = s_random (walk, 4) ? walk->head : walk->head / 2});
    else if (luck < 75)
        s_walk_answer (walk, false);
    else
        s_walk_tick (walk, s_random (walk, 200) ? s_random (walk, 10) : GW_ORDER_ANSWER_MS);
}

static void test_a_walk_with_loss_doubling_and_reordering_delivers_all_in_order (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        s_walk_t walk = {.order = gw_order_new (seed), .random = seed, .head = 100, .delivered = 100};
        s_walk_step (&walk, &(gw_order_event_t){.kind = GW_ORDER_START, .epoch = 1, .seq = 100});
        for (unsigned i = 0; i < S_STEPS / 4; i++)
            s_walk_once (&walk);

        /*  The faults end: a head, ticks and answers are enough. */
        s_walk_step (&walk, &(gw_order_event_t){.kind = GW_ORDER_HEAD, .epoch = 1, .seq = walk.head});
        for (unsigned i = 0; i < 100000 && walk.delivered < walk.head; i++) {
            s_walk_tick (&walk, 50);
            s_walk_answer (&walk, true);
        }
        assert_int_equal (walk.delivered, walk.head);
        assert_true (walk.head > 10000);
        assert_true (walk.asks > 100);
        s_walk_tick (&walk, GW_ORDER_ANSWER_MS);
        assert_int_equal (walk.due, 0);
        assert_int_equal (gw_order_held_bytes (walk.order), 0);
        gw_order_destroy (&walk.order);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_items_arrive_in_order_once_and_early_ones_wait),
        cmocka_unit_test (test_a_held_item_keeps_its_text),
        cmocka_unit_test (test_a_hole_is_asked_for_once_after_a_short_wait),
        cmocka_unit_test (test_a_head_without_events_is_asked_for_in_pages),
        cmocka_unit_test (test_failed_empty_and_lost_answers_are_repeated_with_back_off),
        cmocka_unit_test (test_an_answer_no_longer_needed_leaves_no_timer),
        cmocka_unit_test (test_what_is_held_is_bounded_in_number_and_bytes),
        cmocka_unit_test (test_an_older_epoch_is_ignored_and_a_newer_one_resets),
        cmocka_unit_test (test_items_below_the_floor_are_skipped_and_said),
        cmocka_unit_test (test_a_room_that_is_gone_stays_silent),
        cmocka_unit_test (test_a_walk_with_loss_doubling_and_reordering_delivers_all_in_order),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
