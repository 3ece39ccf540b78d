/*  gw_room_test - how rooms share the places for questions: GW_REPAIR_CALLS for
    repairs of holes, GW_PAGE_CALLS for pages of the past. */

#include "gw_ws_fake.h"

#define S_HEAD 10
#define S_WAIT_MS 60000 /* beyond every retry and linger */

typedef struct {
    gw_sub_t *sub;
    unsigned ready;
    int ended;
} s_reader_t;

static void s_on_ready (gw_sub_t *sub)
{
    ((s_reader_t *)sub->owner)->ready++;
}

static void s_on_ended (gw_sub_t *sub, int why)
{
    ((s_reader_t *)sub->owner)->ended = why;
}

static const gw_sub_ops_t s_ops = {s_on_ready, s_on_ended};

/*  A subscriber of `room`, which stands at S_HEAD, that has read up to `since`. */
static void s_join (s_reader_t *self, uint64_t room, uint64_t since)
{
    pt_membership_t membership = {.room = room, .account = 5, .role = PT_role_MEMBER, .seq = S_HEAD, .epoch = 1};
    gw_joined_t joined;
    int err = 0;
    self->sub = gw_sub_new (fake.gw.rooms, &(gw_sub_want_t){.room = room, .account = 5}, &s_ops, self, &err);
    assert_non_null (self->sub);
    assert_int_equal (gw_sub_join (self->sub, &membership, &since, &joined), 0);
    self->ready = 0; /* one that is behind is called from within */
}

/*  Rooms 1 to `count`, each with a subscriber that needs a page. */
static s_reader_t *s_fill (unsigned count)
{
    s_reader_t *readers = calloc (count, sizeof *readers);
    assert_non_null (readers);
    for (unsigned i = 0; i < count; i++) {
        s_join (&readers[i], 1 + i, 0);
        gw_sub_page (readers[i].sub);
    }
    return readers;
}

static void s_leave_all (s_reader_t **readers_p, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        gw_sub_destroy (&(*readers_p)[i].sub);
    free (*readers_p);
    *readers_p = NULL;
}

/*  The open question for items of a room; id 0 when there is none. */
static fake_call_t s_find_range (uint64_t room)
{
    for (unsigned i = 0; i < fake.call_count; i++)
        if (fake.calls[i].opcode == PT_OP_chat_range && fake.calls[i].affinity == room)
            return fake.calls[i];
    return (fake_call_t){0};
}

static unsigned s_count_ranges (void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake.call_count; i++)
        count += fake.calls[i].opcode == PT_OP_chat_range;
    return count;
}

static fake_call_t s_take_range (uint64_t room)
{
    fake_call_t call = s_find_range (room);
    assert_int_not_equal (call.id, 0);
    sv_bus_cancel (NULL, call.id);
    return call;
}

/*  The subscriber is owed the items from `first` on and finds them in a page. */
static void s_expect_page (s_reader_t *reader, uint64_t first)
{
    const char *bytes;
    size_t len = 0;
    uint64_t to = 0;
    assert_int_equal (reader->sub->feed.next, first);
    assert_int_equal (gw_feed_peek (&reader->sub->feed, 65536, &bytes, &len, &to), GW_FEED_BYTES);
    assert_true (len > 0 && to >= first);
}

static void the_place_of_an_answered_page_goes_to_the_room_that_waits_longest (void **state)
{
    (void)state;
    s_reader_t *readers = s_fill (GW_PAGE_CALLS + 2);
    assert_int_equal (s_count_ranges (), GW_PAGE_CALLS);
    assert_int_equal (s_find_range (GW_PAGE_CALLS + 1).id, 0);
    fake_answer_page (s_take_range (3), 3, 1, S_HEAD, S_HEAD);
    assert_int_equal (readers[2].ready, 1);
    s_expect_page (&readers[2], 1);
    assert_int_not_equal (s_find_range (GW_PAGE_CALLS + 1).id, 0);
    assert_int_equal (s_find_range (GW_PAGE_CALLS + 2).id, 0);
    fake_refuse (s_take_range (4), -PT_E_unavailable);
    assert_int_not_equal (s_find_range (GW_PAGE_CALLS + 2).id, 0);
    assert_int_equal (s_count_ranges (), GW_PAGE_CALLS);
    s_leave_all (&readers, GW_PAGE_CALLS + 2);
}

static void a_page_that_failed_is_asked_for_again_after_a_pause (void **state)
{
    (void)state;
    s_reader_t *readers = s_fill (1);
    fake_refuse (s_take_range (1), -PT_E_unavailable);
    gw_rooms_due (fake.gw.rooms, sv_now_ms ());
    assert_int_equal (s_count_ranges (), 0);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + S_WAIT_MS);
    fake_answer_page (s_take_range (1), 1, 1, S_HEAD, S_HEAD);
    s_expect_page (&readers[0], 1);
    s_leave_all (&readers, 1);
}

static void a_page_that_the_bus_has_no_room_for_is_asked_for_again (void **state)
{
    (void)state;
    fake.is_bus_full = true;
    s_reader_t *readers = s_fill (1);
    assert_int_equal (s_count_ranges (), 0);
    fake.is_bus_full = false;
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + S_WAIT_MS);
    fake_answer_page (s_take_range (1), 1, 1, S_HEAD, S_HEAD);
    s_expect_page (&readers[0], 1);
    s_leave_all (&readers, 1);
}

static void rooms_that_go_give_their_places_to_those_that_wait (void **state)
{
    (void)state;
    s_reader_t *readers = s_fill (GW_PAGE_CALLS + 1);
    s_reader_t last = readers[GW_PAGE_CALLS];
    last.sub->owner = &last;
    readers[GW_PAGE_CALLS].sub = NULL;
    s_leave_all (&readers, GW_PAGE_CALLS);
    assert_int_equal (s_find_range (GW_PAGE_CALLS + 1).id, 0);
    for (unsigned i = 0; i < 3; i++)
        gw_rooms_tick (fake.gw.rooms, sv_now_ms () + S_WAIT_MS);
    assert_int_equal (gw_rooms_count (fake.gw.rooms), 1);
    assert_int_equal (s_count_ranges (), 1);
    fake_answer_page (s_take_range (GW_PAGE_CALLS + 1), GW_PAGE_CALLS + 1, 1, S_HEAD, S_HEAD);
    assert_int_equal (last.ready, 1);
    gw_sub_destroy (&last.sub);
}

static void a_room_that_begins_anew_frees_its_place (void **state)
{
    (void)state;
    s_reader_t *readers = s_fill (GW_PAGE_CALLS + 1);
    pt_item_t item = fake_item (1, 1);
    fake_publish (1, 2, &item, 1);
    assert_int_equal (readers[0].ended, -PT_E_conflict);
    gw_rooms_tick (fake.gw.rooms, sv_now_ms ());
    assert_int_equal (s_find_range (1).id, 0);
    assert_int_not_equal (s_find_range (GW_PAGE_CALLS + 1).id, 0);
    s_leave_all (&readers, GW_PAGE_CALLS + 1);
}

/*  Subscribers of rooms 1 to `count` who miss one item each. */
static s_reader_t *s_tear (unsigned count)
{
    s_reader_t *readers = calloc (count, sizeof *readers);
    assert_non_null (readers);
    for (unsigned i = 0; i < count; i++) {
        s_join (&readers[i], 1 + i, S_HEAD);
        fake_publish_seq (1 + i, S_HEAD + 2);
    }
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 1000);
    return readers;
}

static void a_repair_without_a_place_is_tried_again (void **state)
{
    (void)state;
    s_reader_t *readers = s_tear (GW_REPAIR_CALLS + 1);
    assert_int_equal (s_count_ranges (), GW_REPAIR_CALLS);
    unsigned last = 1;
    while (s_find_range (last).id)
        last++;
    unsigned other = last == 7 ? 8 : 7;
    fake_answer_page (s_take_range (other), other, S_HEAD + 1, S_HEAD + 1, S_HEAD + 2);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + S_WAIT_MS);
    fake_answer_page (s_take_range (last), last, S_HEAD + 1, S_HEAD + 1, S_HEAD + 2);
    assert_int_equal (gw_room_last (readers[last - 1].sub->room), S_HEAD + 2);
    s_leave_all (&readers, GW_REPAIR_CALLS + 1);
}

static void repairs_and_pages_do_not_take_each_others_places (void **state)
{
    (void)state;
    s_reader_t *readers = s_fill (GW_PAGE_CALLS + 1), live = {0};
    s_join (&live, 1000, S_HEAD);
    fake_publish_seq (1000, S_HEAD + 2);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 1000);
    fake_answer_page (s_take_range (1000), 1000, S_HEAD + 1, S_HEAD + 1, S_HEAD + 2);
    assert_int_equal (gw_room_last (live.sub->room), S_HEAD + 2);
    assert_int_equal (s_count_ranges (), GW_PAGE_CALLS);
    gw_sub_destroy (&live.sub);
    s_leave_all (&readers, GW_PAGE_CALLS + 1);
}

static void pages_are_asked_for_while_all_places_of_repairs_are_taken (void **state)
{
    (void)state;
    s_reader_t *readers = s_tear (GW_REPAIR_CALLS), late = {0};
    s_join (&late, 2000, 0);
    gw_sub_page (late.sub);
    fake_answer_page (s_take_range (2000), 2000, 1, S_HEAD, S_HEAD);
    s_expect_page (&late, 1);
    gw_sub_destroy (&late.sub);
    s_leave_all (&readers, GW_REPAIR_CALLS);
}

static void one_page_serves_all_who_wait_for_any_of_its_items (void **state)
{
    (void)state;
    s_reader_t readers[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        s_join (&readers[i], 7, i);
        gw_sub_page (readers[i].sub);
    }
    assert_int_equal (s_count_ranges (), 1);
    fake_answer_page (s_take_range (7), 7, 1, S_HEAD, S_HEAD);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal (readers[i].ready, 1);
        s_expect_page (&readers[i], 1 + i);
    }
    assert_int_equal (s_count_ranges (), 0);
    s_reader_t next = {0};
    s_join (&next, 7, 4);
    gw_sub_page (next.sub);
    assert_int_equal (s_count_ranges (), 0);
    s_expect_page (&next, 5);
    gw_sub_destroy (&next.sub);
    for (unsigned i = 0; i < 3; i++)
        gw_sub_destroy (&readers[i].sub);
}

static void a_deleted_room_ends_its_subscriptions_and_takes_no_more (void **state)
{
    (void)state;
    s_reader_t reader = {0};
    s_join (&reader, 7, S_HEAD);
    fake_publish_seq (7, S_HEAD + 2);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 1000);
    fake_refuse (s_take_range (7), -PT_E_gone);
    assert_int_equal (reader.ended, -PT_E_gone);
    pt_membership_t membership = {.room = 7, .account = 5, .role = PT_role_MEMBER, .seq = S_HEAD, .epoch = 1};
    gw_joined_t joined;
    assert_int_equal (gw_sub_join (reader.sub, &membership, NULL, &joined), -PT_E_gone);
    gw_sub_destroy (&reader.sub);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (the_place_of_an_answered_page_goes_to_the_room_that_waits_longest),
        S_TEST (a_page_that_failed_is_asked_for_again_after_a_pause),
        S_TEST (a_page_that_the_bus_has_no_room_for_is_asked_for_again),
        S_TEST (rooms_that_go_give_their_places_to_those_that_wait),
        S_TEST (a_room_that_begins_anew_frees_its_place),
        S_TEST (a_repair_without_a_place_is_tried_again),
        S_TEST (repairs_and_pages_do_not_take_each_others_places),
        S_TEST (pages_are_asked_for_while_all_places_of_repairs_are_taken),
        S_TEST (one_page_serves_all_who_wait_for_any_of_its_items),
        S_TEST (a_deleted_room_ends_its_subscriptions_and_takes_no_more),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
