/*  sv_trace_test - the ring of hops: what it keeps, finds and forgets. */

#include "sv_trace.h"

#include "sv_loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    sv_trace_t *trace;
    pt_arena_t *arena;
    pt_trace_t out;
} s_test_t;

static int s_set_up (void **state)
{
    static s_test_t test;
    test = (s_test_t){.trace = sv_trace_new (7), .arena = pt_arena_new (1 << 20)};
    *state = &test;
    return test.trace && test.arena ? 0 : -1;
}

static int s_tear_down (void **state)
{
    s_test_t *test = *state;
    sv_trace_destroy (&test->trace);
    pt_arena_destroy (&test->arena);
    return 0;
}

static void s_add (s_test_t *test, const char *trace, uint64_t room, uint64_t seq, uint64_t last)
{
    sv_trace_add (test->trace,
                  &(sv_hop_t){.kind = PT_hop_kind_COMMITTED, .trace = trace, .room = room, .seq = seq, .last = last});
}

static unsigned s_find (s_test_t *test, const char *trace, uint64_t room, uint64_t seq)
{
    pt_trace_query_t query = {.has_trace = trace != NULL,
                              .trace = pt_str (trace ? trace : ""),
                              .has_room = room != 0,
                              .room = room,
                              .has_seq = seq != 0,
                              .seq = seq};
    assert_int_equal (sv_trace_find (test->trace, &query, test->arena, &test->out), 0);
    return test->out.hops.count;
}

static void a_hop_comes_back_with_all_that_was_noted (void **state)
{
    s_test_t *test = *state;
    int64_t before_us = sv_wall_us ();
    sv_trace_add (test->trace, &(sv_hop_t){.kind = PT_hop_kind_ANSWERED,
                                           .opcode = PT_OP_store_append,
                                           .trace = "t-1",
                                           .room = 4,
                                           .seq = 5,
                                           .last = 7,
                                           .status = -PT_E_busy,
                                           .broker = 1,
                                           .count = 9});
    assert_int_equal (s_find (test, "t-1", 0, 0), 1);
    const pt_hop_t *hop = &test->out.hops.at[0];
    assert_int_equal (hop->kind, PT_hop_kind_ANSWERED);
    assert_int_equal (hop->opcode, PT_OP_store_append);
    assert_true (pt_str_eq (hop->trace, PT_LIT ("t-1")));
    assert_int_equal (hop->room, 4);
    assert_int_equal (hop->seq, 5);
    assert_int_equal (hop->last, 7);
    assert_int_equal (hop->status, PT_E_busy);
    assert_true (hop->has_broker);
    assert_int_equal (hop->broker, 0);
    assert_int_equal (hop->count, 9);
    assert_in_range (hop->at, before_us - 1000, sv_wall_us () + 1000);
}

static void what_was_not_noted_is_absent (void **state)
{
    s_test_t *test = *state;
    s_add (test, NULL, 4, 5, 0);
    assert_int_equal (s_find (test, NULL, 4, 5), 1);
    const pt_hop_t *hop = &test->out.hops.at[0];
    assert_false (hop->has_trace || hop->has_opcode || hop->has_last || hop->has_status || hop->has_broker ||
                  hop->has_count);
}

static void a_message_is_found_within_the_positions_of_a_hop (void **state)
{
    s_test_t *test = *state;
    s_add (test, "a", 4, 5, 7);
    s_add (test, "b", 5, 5, 7);
    s_add (test, "c", 4, 0, 0); /* of the room, before there was a number */
    assert_int_equal (s_find (test, NULL, 4, 4), 0);
    assert_int_equal (s_find (test, NULL, 4, 5), 1);
    assert_int_equal (s_find (test, NULL, 4, 7), 1);
    assert_int_equal (s_find (test, NULL, 4, 8), 0);
    assert_int_equal (s_find (test, "c", 4, 6), 2);
}

static void request_ids_match_whole (void **state)
{
    s_test_t *test = *state;
    char longest[LIM_TRACE + 1];
    memset (longest, 'x', LIM_TRACE);
    longest[LIM_TRACE] = 0;
    s_add (test, longest, 0, 0, 0);
    s_add (test, "ab", 0, 0, 0);
    assert_int_equal (s_find (test, "a", 0, 0), 0);
    assert_int_equal (s_find (test, "abc", 0, 0), 0);
    assert_int_equal (s_find (test, "ab", 0, 0), 1);
    assert_int_equal (s_find (test, longest, 0, 0), 1);
    assert_int_equal (test->out.hops.at[0].trace.len, LIM_TRACE);
    longest[LIM_TRACE - 1] = 0;
    assert_int_equal (s_find (test, longest, 0, 0), 0);
}

static void the_newest_hop_takes_the_place_of_the_oldest (void **state)
{
    s_test_t *test = *state; /* 7 were asked for: 8 it is */
    for (uint64_t seq = 1; seq <= 8; seq++)
        s_add (test, "t", 4, seq, 0);
    assert_int_equal (s_find (test, "t", 0, 0), 8);
    s_add (test, "t", 4, 9, 0);
    assert_int_equal (s_find (test, "t", 0, 0), 8);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal (test->out.hops.at[i].seq, i + 2);
    for (uint64_t seq = 10; seq <= 800; seq++)
        s_add (test, "t", 4, seq, 0);
    assert_int_equal (s_find (test, "t", 0, 0), 8);
    assert_int_equal (test->out.hops.at[0].seq, 793);
}

static void it_says_since_when_it_remembers (void **state)
{
    s_test_t *test = *state;
    uint64_t now_us = sv_now_us ();
    int64_t born_us = sv_wall_us ();
    for (uint64_t seq = 1; seq <= 10; seq++) {
        sv_hop_t hop = {.kind = PT_hop_kind_TAKEN, .trace = "t", .seq = seq, .at_us = now_us + seq * 1000000};
        if (seq == 8) {
            (void)s_find (test, "t", 0, 0);
            assert_in_range (test->out.since, born_us - 1000000, born_us + 1000);
        }
        sv_trace_add (test->trace, &hop);
    }
    (void)s_find (test, "t", 0, 0);
    assert_int_equal (test->out.since, test->out.hops.at[0].at);
    assert_int_equal (test->out.hops.at[0].seq, 3);
    assert_int_equal (test->out.hops.at[1].at - test->out.hops.at[0].at, 1000000);
}

static void an_answer_holds_the_newest_and_says_that_there_are_more (void **state)
{
    s_test_t *test = *state;
    sv_trace_destroy (&test->trace);
    test->trace = sv_trace_new (2 * LIM_HOPS);
    for (uint64_t seq = 1; seq <= LIM_HOPS; seq++)
        s_add (test, "t", 4, seq, 0);
    assert_int_equal (s_find (test, "t", 0, 0), LIM_HOPS);
    assert_false (test->out.more);
    s_add (test, "t", 4, LIM_HOPS + 1, 0);
    assert_int_equal (s_find (test, "t", 0, 0), LIM_HOPS);
    assert_true (test->out.more);
    assert_int_equal (test->out.hops.at[LIM_HOPS - 1].seq, LIM_HOPS + 1);
}

static void items_become_a_hop_for_each_run_of_adjoining_seqs (void **state)
{
    s_test_t *test = *state;
    const pt_item_t items[] = {{.seq = 3}, {.seq = 4}, {.seq = 5}, {.seq = 9}, {.seq = 11}, {.seq = 12}};
    sv_trace_add_items (test->trace, &(sv_hop_t){.kind = PT_hop_kind_PUBLISHED, .room = 4, .trace = "t"}, items, 6);
    assert_int_equal (s_find (test, "t", 0, 0), 3);
    const pt_hop_t *hops = test->out.hops.at;
    assert_int_equal (hops[0].seq, 3);
    assert_int_equal (hops[0].last, 5);
    assert_int_equal (hops[1].seq, 9);
    assert_false (hops[1].has_last);
    assert_int_equal (hops[2].seq, 11);
    assert_int_equal (hops[2].last, 12);
    assert_int_equal (s_find (test, NULL, 4, 7), 0);
}

static void without_a_ring_nothing_is_noted_and_nothing_older_is_known (void **state)
{
    s_test_t *test = *state;
    sv_trace_t *none = sv_trace_new (0);
    assert_null (none);
    sv_trace_add (none, &(sv_hop_t){.kind = PT_hop_kind_TAKEN, .trace = "t"});
    pt_trace_query_t query = {.has_trace = true, .trace = PT_LIT ("t")};
    assert_int_equal (sv_trace_find (none, &query, test->arena, &test->out), 0);
    assert_int_equal (test->out.hops.count, 0);
    assert_in_range (test->out.since, sv_wall_us () - 1000000, sv_wall_us () + 1000);
    sv_trace_destroy (&none);
}

static void a_question_for_nothing_is_invalid (void **state)
{
    s_test_t *test = *state;
    const pt_trace_query_t queries[] = {{0}, {.has_room = true, .room = 4}, {.has_seq = true, .seq = 5}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal (sv_trace_find (test->trace, &queries[i], test->arena, &test->out), -PT_E_invalid);
}

static void an_arena_that_is_full_is_told (void **state)
{
    s_test_t *test = *state;
    pt_arena_t *small = pt_arena_new (64);
    pt_trace_query_t query = {.has_trace = true, .trace = PT_LIT ("t")};
    assert_int_equal (sv_trace_find (test->trace, &query, small, &test->out), -PT_E_memory);
    pt_arena_destroy (&small);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_hop_comes_back_with_all_that_was_noted),
        TEST (what_was_not_noted_is_absent),
        TEST (a_message_is_found_within_the_positions_of_a_hop),
        TEST (request_ids_match_whole),
        TEST (the_newest_hop_takes_the_place_of_the_oldest),
        TEST (it_says_since_when_it_remembers),
        TEST (an_answer_holds_the_newest_and_says_that_there_are_more),
        TEST (items_become_a_hop_for_each_run_of_adjoining_seqs),
        TEST (without_a_ring_nothing_is_noted_and_nothing_older_is_known),
        TEST (a_question_for_nothing_is_invalid),
        TEST (an_arena_that_is_full_is_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
