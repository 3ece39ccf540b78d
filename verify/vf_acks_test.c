/*  Tests of vf_acks: what is stored as acknowledged is kept, all else is named. */

#include "vf_acks.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ITEMS = 600 };

/*  One room of a paper store, and what was said against it. */
typedef struct {
    vf_acks_t *acks;
    pt_item_t items[ITEMS];
    char ids[ITEMS][16];
    uint32_t count;
    uint64_t floor;
    bool is_gone;
    unsigned questions, lost, changed;
    uint64_t last_bad;
} desk_t;

static void s_add (desk_t *desk, vf_kind_t kind, vf_op_t op, uint64_t seq, const char *cmid, const char *body)
{
    vf_event_t event = {.client = PT_LIT ("c"),
                        .kind = kind,
                        .op = op,
                        .account = kind == VF_CLIENT ? 7 : 0,
                        .room = 3,
                        .seq = seq,
                        .cmid = pt_str (cmid),
                        .bodyhash = op == VF_INVOKE ? vf_hash (body, strlen (body)) : 0};
    assert_int_equal (vf_acks_add (desk->acks, &event), 0);
}

/*  Every message invoked and acknowledged, the later ones first. */
static int s_open (void **state)
{
    desk_t *desk = calloc (1, sizeof *desk);
    assert_non_null (desk);
    desk->acks = vf_acks_new ();
    assert_non_null (desk->acks);
    s_add (desk, VF_CLIENT, VF_OK, 0, "", "");
    desk->count = ITEMS;
    for (uint32_t i = ITEMS; i-- > 0;) {
        snprintf (desk->ids[i], sizeof desk->ids[i], "m%u", i);
        desk->items[i] = (pt_item_t){.room = 3,
                                     .seq = i + 1,
                                     .kind = PT_item_kind_MESSAGE,
                                     .sender = 7,
                                     .send_id = pt_str (desk->ids[i]),
                                     .body = PT_LIT ("body"),
                                     .has_body = true};
        s_add (desk, VF_SEND, VF_INVOKE, 0, desk->ids[i], "body");
        s_add (desk, VF_SEND, VF_INFO, 0, desk->ids[i], "");
        s_add (desk, VF_SEND, VF_INVOKE, 0, desk->ids[i], "body");
        s_add (desk, VF_SEND, VF_OK, i + 1, desk->ids[i], "");
    }
    *state = desk;
    return 0;
}

static int s_close (void **state)
{
    desk_t *desk = *state;
    vf_acks_destroy (&desk->acks);
    free (desk);
    return 0;
}

static void s_on_bad (void *ctx, uint64_t room, uint64_t seq, bool is_changed)
{
    desk_t *desk = ctx;
    assert_int_equal (room, 3);
    desk->last_bad = seq;
    desk->changed += is_changed;
    desk->lost += !is_changed;
}

static void s_compare (desk_t *desk)
{
    pt_range_query_t query;
    while (vf_acks_next (desk->acks, &query)) {
        uint32_t first = 0, count = 0;
        while (first < desk->count && desk->items[first].seq <= query.after)
            first++;
        while (first + count < desk->count && count < query.limit)
            count++;
        pt_history_page_t page = {
            .items = {&desk->items[first], count}, .more = first + count < desk->count, .floor = desk->floor};
        vf_acks_take (desk->acks, desk->is_gone ? NULL : &page, s_on_bad, desk);
        assert_in_range (++desk->questions, 1, ITEMS);
    }
}

static void s_remove (desk_t *desk, uint32_t first, uint32_t count)
{
    memmove (&desk->items[first], &desk->items[first + count], (desk->count - first - count) * sizeof desk->items[0]);
    desk->count -= count;
}

static void what_is_stored_as_acknowledged_is_kept (void **state)
{
    desk_t *desk = *state;
    s_compare (desk);
    vf_acks_counts_t counts = vf_acks_counts (desk->acks);
    assert_int_equal (counts.acks, ITEMS);
    assert_int_equal (counts.kept, ITEMS);
    assert_int_equal (counts.lost + counts.changed + counts.expired, 0);
    assert_int_equal (desk->questions, 3);
}

static void a_missing_item_is_lost_wherever_it_stood (void **state)
{
    static const uint32_t places[] = {0, 255, 256, 300, ITEMS - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (i > 0) {
            s_close (state);
            s_open (state);
        }
        desk_t *desk = *state;
        s_remove (desk, places[i], 1);
        s_compare (desk);
        assert_int_equal (desk->lost, 1);
        assert_int_equal (desk->last_bad, places[i] + 1);
        assert_int_equal (vf_acks_counts (desk->acks).kept, ITEMS - 1);
    }
}

static void the_lost_end_of_a_room_is_seen (void **state)
{
    desk_t *desk = *state;
    s_remove (desk, 100, ITEMS - 100);
    s_compare (desk);
    assert_int_equal (vf_acks_counts (desk->acks).lost, ITEMS - 100);
}

static void a_room_that_is_gone_has_lost_everything (void **state)
{
    desk_t *desk = *state;
    desk->is_gone = true;
    s_compare (desk);
    assert_int_equal (vf_acks_counts (desk->acks).lost, ITEMS);
}

static void another_body_sender_or_id_is_changed (void **state)
{
    desk_t *desk = *state;
    desk->items[10].body = PT_LIT ("forged");
    desk->items[20].sender = 8;
    desk->items[30].send_id = PT_LIT ("x");
    desk->items[40].kind = PT_item_kind_MEMBER;
    s_compare (desk);
    assert_int_equal (desk->changed, 4);
    assert_int_equal (vf_acks_counts (desk->acks).changed, 4);
    assert_int_equal (desk->lost, 0);
}

static void numbers_no_longer_kept_are_no_loss (void **state)
{
    desk_t *desk = *state;
    desk->floor = 300;
    s_remove (desk, 0, 301);
    s_compare (desk);
    assert_int_equal (vf_acks_counts (desk->acks).expired, 300);
    assert_int_equal (vf_acks_counts (desk->acks).lost, 1);
    assert_int_equal (desk->last_bad, 301);
}

static void two_numbers_for_one_send_can_not_both_hold (void **state)
{
    desk_t *desk = *state;
    s_add (desk, VF_SEND, VF_OK, 6, desk->ids[0], "");
    s_compare (desk);
    assert_int_equal (desk->changed, 1);
    assert_int_equal (desk->last_bad, 6);
}

static void an_acknowledgement_without_a_number_is_lost (void **state)
{
    desk_t *desk = *state;
    s_add (desk, VF_SEND, VF_OK, 0, desk->ids[0], "");
    s_compare (desk);
    assert_int_equal (desk->lost, 1);
}

static void nothing_is_asked_when_nothing_was_acknowledged (void **state)
{
    (void)state;
    vf_acks_t *acks = vf_acks_new ();
    assert_non_null (acks);
    pt_range_query_t query;
    assert_false (vf_acks_next (acks, &query));
    vf_acks_take (acks, NULL, s_on_bad, NULL);
    vf_acks_destroy (&acks);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_open, s_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_is_stored_as_acknowledged_is_kept),
        TEST (a_missing_item_is_lost_wherever_it_stood),
        TEST (the_lost_end_of_a_room_is_seen),
        TEST (a_room_that_is_gone_has_lost_everything),
        TEST (another_body_sender_or_id_is_changed),
        TEST (numbers_no_longer_kept_are_no_loss),
        TEST (two_numbers_for_one_send_can_not_both_hold),
        TEST (an_acknowledgement_without_a_number_is_lost),
        cmocka_unit_test (nothing_is_asked_when_nothing_was_acknowledged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
