/*  Tests of clients that are told texts without seqs, and send without send_ids: what
    they saw of good histories is accepted, and each way to spoil it is caught. */

#include "vf_history.h"

#define SEEDS 100

/*  Beside c0, who stays in the room from the first seq on, one listens whose log has
    no seqs.  It loses its socket a few times; c2 sends without send_ids. */
typedef struct {
    history_t *plain;
    history_t history;
    uint32_t conns; /* made anew */
} heard_t;

static bool s_is (const vf_event_t *event, const char *client, vf_op_t op, vf_kind_t kind)
{
    return event->kind == kind && event->op == op && event->room == 1000 && pt_str_eq (event->client, pt_str (client));
}

static void s_note (heard_t *self, const vf_event_t *like, vf_kind_t kind)
{
    assert_in_range (self->history.count, 0, HISTORY_EVENTS - 1);
    vf_event_t *event = &self->history.events[self->history.count++];
    *event = (vf_event_t){.mono_ns = like->mono_ns + 1,
                          .client = PT_LIT ("d0"),
                          .op = VF_OK,
                          .kind = kind,
                          .account = kind == VF_HEARD ? like->account : 0,
                          .room = 1000,
                          .bodyhash = kind == VF_HEARD ? like->bodyhash : 0};
}

/*  What c0 was given, d0 heard. */
static void s_listen (heard_t *self, const vf_event_t *event)
{
    if (s_is (event, "c0", VF_OK, VF_RECV) && event->cmid.len)
        s_note (self, event, VF_HEARD);
    else if (s_is (event, "c0", VF_OK, VF_END))
        s_note (self, event, VF_END);
    else
        return;
    if (event->kind == VF_RECV && event->seq % 16 == 0) {
        s_note (self, event, VF_CLOSE);
        s_note (self, event, VF_CONN);
        self->conns++;
    }
}

static void s_forget_ids (vf_event_t *event)
{
    if (event->kind != VF_SEND || !pt_str_eq (event->client, PT_LIT ("c2")))
        return;
    event->bodyhash = vf_hash (event->cmid.at, event->cmid.len) | 1;
    event->cmid = (pt_str_t){0};
    event->seq = 0;
    event->duplicate = false;
}

static heard_t *s_new (uint64_t seed)
{
    history_t *plain = history_new (seed, 300);
    heard_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->plain = plain; /* which the texts are borrowed from */
    self->history.random = plain->random;
    s_note (self, &(vf_event_t){0}, VF_CLIENT);
    self->history.events[0].account = 77;
    self->history.events[0].room = 0;
    s_note (self, &(vf_event_t){0}, VF_CONN);
    for (uint32_t i = 0; i < plain->count; i++) {
        assert_in_range (self->history.count, 0, HISTORY_EVENTS - 1);
        vf_event_t *event = &self->history.events[self->history.count++];
        *event = plain->events[i];
        s_forget_ids (event);
        s_listen (self, &plain->events[i]);
    }
    return self;
}

static void s_destroy (heard_t **self_p)
{
    free ((*self_p)->plain);
    free (*self_p);
    *self_p = NULL;
}

static void what_was_heard_of_good_histories_is_accepted (void **state)
{
    (void)state;
    uint32_t conns = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        heard_t *heard = s_new (seed);
        vf_counts_t counts;
        bool is_good;
        vf_judge_t *judge = history_judge (&heard->history, &counts, &is_good);
        unsigned count;
        const vf_fault_t *faults = vf_judge_faults (judge, &count);
        if (!is_good)
            fail_msg ("seed %u: %s: %s", (unsigned)seed, vf_finding_name (faults->finding), faults->text);
        assert_in_range (counts.acked, 20, counts.sent);
        conns += heard->conns;
        vf_judge_destroy (&judge);
        s_destroy (&heard);
    }
    assert_in_range (conns, SEEDS, 10 * SEEDS);
}

/* ---- spoiling --------------------------------------------------------------------- */

/*  The index of a random event that d0 heard, with one of the same socket before and one
    behind it; 0 when there is none. */
static uint32_t s_pick (heard_t *self, uint32_t *out_next)
{
    history_t *history = &self->history;
    for (unsigned tries = 0; tries < 10 * history->count; tries++) {
        uint32_t i = history_below (history, history->count), before = i, next = i;
        if (!s_is (&history->events[i], "d0", VF_OK, VF_HEARD))
            continue;
        do
            before--;
        while (before > 0 && !pt_str_eq (history->events[before].client, PT_LIT ("d0")));
        do
            next++;
        while (next < history->count - 1 && !pt_str_eq (history->events[next].client, PT_LIT ("d0")));
        *out_next = next;
        if (history->events[before].kind == VF_HEARD && history->events[next].kind == VF_HEARD)
            return i;
    }
    return 0;
}

/*  The first event from `i` on, or the last up to it (`step` -1), of this client, op and
    kind; NULL when there is none. */
static vf_event_t *s_near (heard_t *self, uint32_t i, int step, const char *client, vf_op_t op, vf_kind_t kind)
{
    for (; i < self->history.count; i += (uint32_t)step)
        if (s_is (&self->history.events[i], client, op, kind))
            return &self->history.events[i];
    return NULL;
}

static void s_insert (heard_t *self, const vf_event_t *before, vf_event_t event)
{
    history_t *history = &self->history;
    size_t at = (size_t)(before - history->events);
    memmove (&history->events[at + 1], &history->events[at], (history->count - at) * sizeof event);
    history->events[at] = event;
    history->count++;
}

/*  Becomes a line that says nothing. */
static void s_blank (vf_event_t *event)
{
    event->kind = VF_CLOSE;
    event->op = VF_INFO;
}

static bool s_miss_one (heard_t *self)
{
    uint32_t next, i = s_pick (self, &next);
    s_blank (&self->history.events[i]);
    return i > 0;
}

/*  It was open before anybody sent anything. */
static bool s_miss_the_first (heard_t *self)
{
    vf_event_t *event = s_near (self, 0, 1, "d0", VF_OK, VF_HEARD);
    if (event)
        s_blank (event);
    return event != NULL;
}

/*  Not the only one of its socket, which may be older than that. */
static bool s_miss_the_last (heard_t *self)
{
    vf_event_t *event = s_near (self, self->history.count - 1, -1, "d0", VF_OK, VF_HEARD);
    const vf_event_t *conn = s_near (self, self->history.count - 1, -1, "d0", VF_OK, VF_CONN);
    const vf_event_t *first = s_near (self, (uint32_t)(conn - self->history.events), 1, "d0", VF_OK, VF_HEARD);
    if (!first || first == event)
        return false;
    s_blank (event);
    return true;
}

static bool s_miss_all (heard_t *self)
{
    uint32_t begun = 0;
    for (uint32_t i = 0; i < self->history.count; i++) {
        vf_event_t *event = &self->history.events[i];
        bool is_again = s_is (event, "d0", VF_OK, VF_CONN) && begun++ > 0;
        if (is_again || s_is (event, "d0", VF_OK, VF_HEARD))
            s_blank (event);
    }
    return true;
}

static bool s_hear_twice (heard_t *self)
{
    uint32_t next, i = s_pick (self, &next);
    vf_event_t *end = s_near (self, 0, 1, "d0", VF_OK, VF_END);
    if (!i || !end)
        return false;
    vf_event_t again = self->history.events[i];
    again.mono_ns = self->history.events[next].mono_ns;
    s_insert (self, &self->history.events[next + 1], again);
    return true;
}

/*  Its next socket begins with the last message of the one before. */
static bool s_hear_again (heard_t *self)
{
    history_t *history = &self->history;
    for (uint32_t i = 0, last = 0; i < history->count - 1; i++) {
        if (s_is (&history->events[i], "d0", VF_OK, VF_HEARD))
            last = i;
        if (!last || !s_is (&history->events[i], "d0", VF_OK, VF_CONN))
            continue;
        vf_event_t again = history->events[last];
        again.mono_ns = history->events[i].mono_ns + 1;
        s_insert (self, &history->events[i + 1], again);
        return true;
    }
    return false;
}

static bool s_swap (heard_t *self)
{
    uint32_t next, i = s_pick (self, &next);
    if (!i)
        return false;
    vf_event_t copy = self->history.events[i];
    self->history.events[i] = self->history.events[next];
    self->history.events[next] = copy;
    return true;
}

static bool s_forge_text (heard_t *self)
{
    uint32_t next, i = s_pick (self, &next);
    self->history.events[i].bodyhash ^= 8;
    return i > 0;
}

static bool s_forge_sender (heard_t *self)
{
    uint32_t next, i = s_pick (self, &next);
    self->history.events[i].account++;
    return i > 0;
}

static vf_event_t *s_item_of_said (heard_t *self)
{
    for (uint32_t i = 0; i < self->history.count; i++) {
        vf_event_t *ack = &self->history.events[i];
        if (!s_is (ack, "c2", VF_OK, VF_SEND))
            continue;
        for (uint32_t k = self->history.count - 1; k > i; k--)
            if (s_is (&self->history.events[k], "final", VF_OK, VF_ITEM) &&
                self->history.events[k].bodyhash == ack->bodyhash)
                return &self->history.events[k];
    }
    return NULL;
}

/*  The room holds under another send_id what c2 said once. */
static bool s_store_twice (heard_t *self)
{
    vf_event_t *item = s_item_of_said (self);
    vf_event_t *last = s_near (self, self->history.count - 1, -1, "final", VF_OK, VF_ITEM);
    if (!item || !last)
        return false;
    vf_event_t again = *item;
    again.seq = last->seq + 1;
    again.cmid = PT_LIT ("another");
    self->history.events[self->history.count++] = again;
    return true;
}

/*  All who were given an item, and the room at the end, tell of it like this. */
static void s_tell_otherwise (heard_t *self, vf_event_t item, pt_str_t cmid, uint64_t hash)
{
    for (uint32_t i = 0; i < self->history.count; i++) {
        vf_event_t *event = &self->history.events[i];
        if ((event->kind != VF_RECV && event->kind != VF_ITEM) || event->room != item.room || event->seq != item.seq)
            continue;
        event->cmid = cmid;
        event->bodyhash = hash;
    }
}

/*  Another text stands where c2's was stored. */
static bool s_lose_said (heard_t *self)
{
    const vf_event_t *item = s_item_of_said (self);
    if (item)
        s_tell_otherwise (self, *item, item->cmid, item->bodyhash ^ 16);
    return item != NULL;
}

/*  A native send's text stands under a send_id that nobody used. */
static bool s_rename_sent (heard_t *self)
{
    for (uint32_t i = 0; i < self->history.count; i++) {
        const vf_event_t *item = &self->history.events[i];
        if (!s_is (item, "final", VF_OK, VF_ITEM) || !item->cmid.len || item->account == 102)
            continue;
        s_tell_otherwise (self, *item, PT_LIT ("another"), item->bodyhash);
        return true;
    }
    return false;
}

/*  c2 tries its first message after one that the room holds behind it. */
static bool s_reorder_said (heard_t *self)
{
    uint32_t found[2], count = 0;
    for (uint32_t i = 0; i < self->history.count && count < 2; i++) {
        const vf_event_t *event = &self->history.events[i];
        const vf_event_t *ack = event + 1;
        bool is_again = i > 0 && s_is (event - 1, "c2", VF_INFO, VF_SEND);
        if (!is_again && s_is (event, "c2", VF_INVOKE, VF_SEND) && s_is (ack, "c2", VF_OK, VF_SEND))
            found[count++] = i;
    }
    if (count < 2)
        return false;
    for (uint32_t k = 0; k < 2; k++) {
        uint64_t hash = self->history.events[found[0] + k].bodyhash;
        self->history.events[found[0] + k].bodyhash = self->history.events[found[1] + k].bodyhash;
        self->history.events[found[1] + k].bodyhash = hash;
    }
    return true;
}

/*  Which of two sockets' messages is stored first nobody can promise. */
static void what_was_given_up_with_its_socket_may_come_later (void **state)
{
    (void)state;
    uint32_t swapped = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        heard_t *heard = s_new (seed);
        if (s_reorder_said (heard)) {
            for (uint32_t i = 0; i < heard->history.count; i++) {
                vf_event_t lost = heard->history.events[i];
                lost.op = VF_INFO;
                if (s_is (&heard->history.events[i], "c2", VF_OK, VF_SEND))
                    s_insert (heard, &heard->history.events[i++], lost);
            }
            vf_counts_t counts;
            bool is_good;
            vf_judge_t *judge = history_judge (&heard->history, &counts, &is_good);
            assert_int_equal (counts.findings[VF_REORDERED], 0);
            vf_judge_destroy (&judge);
            swapped++;
        }
        s_destroy (&heard);
    }
    assert_in_range (swapped, SEEDS / 4, SEEDS);
}

static void s_is_caught (bool (*spoil) (heard_t *self), vf_finding_t finding)
{
    uint32_t spoilt = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        heard_t *heard = s_new (seed);
        if (spoil (heard)) {
            vf_counts_t counts;
            bool is_good;
            vf_judge_t *judge = history_judge (&heard->history, &counts, &is_good);
            if (is_good || counts.findings[finding] == 0)
                fail_msg ("seed %u: no `%s`", (unsigned)seed, vf_finding_name (finding));
            vf_judge_destroy (&judge);
            spoilt++;
        }
        s_destroy (&heard);
    }
    assert_in_range (spoilt, SEEDS / 4, SEEDS);
}

#define CAUGHT(name, spoil, finding)                                                                                   \
    static void name (void **state)                                                                                    \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        s_is_caught (spoil, finding);                                                                                  \
    }

CAUGHT (a_message_that_was_not_heard_is_a_gap, s_miss_one, VF_GAP)
CAUGHT (the_first_message_after_opening_is_owed, s_miss_the_first, VF_GAP)
CAUGHT (the_last_message_before_the_end_is_owed, s_miss_the_last, VF_GAP)
CAUGHT (who_hears_nothing_was_owed_all, s_miss_all, VF_GAP)
CAUGHT (a_message_that_was_heard_again_is_told, s_hear_twice, VF_TWICE)
CAUGHT (a_message_that_another_socket_was_told_is_not_told_again, s_hear_again, VF_TWICE)
CAUGHT (messages_that_were_heard_in_another_order_are_told, s_swap, VF_BACKWARDS)
CAUGHT (a_text_that_the_room_does_not_hold_is_told, s_forge_text, VF_GHOST)
CAUGHT (another_sender_is_told, s_forge_sender, VF_OTHERWISE)
CAUGHT (a_text_said_once_and_stored_twice_is_told, s_store_twice, VF_DOUBLED)
CAUGHT (an_own_message_that_was_heard_and_is_not_stored_is_lost, s_lose_said, VF_LOST)
CAUGHT (a_send_under_a_send_id_that_nobody_used_is_told, s_rename_sent, VF_GHOST)
CAUGHT (messages_said_in_another_order_are_told, s_reorder_said, VF_REORDERED)

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_was_heard_of_good_histories_is_accepted),
        cmocka_unit_test (a_message_that_was_not_heard_is_a_gap),
        cmocka_unit_test (the_first_message_after_opening_is_owed),
        cmocka_unit_test (the_last_message_before_the_end_is_owed),
        cmocka_unit_test (who_hears_nothing_was_owed_all),
        cmocka_unit_test (a_message_that_was_heard_again_is_told),
        cmocka_unit_test (a_message_that_another_socket_was_told_is_not_told_again),
        cmocka_unit_test (messages_that_were_heard_in_another_order_are_told),
        cmocka_unit_test (a_text_that_the_room_does_not_hold_is_told),
        cmocka_unit_test (another_sender_is_told),
        cmocka_unit_test (a_text_said_once_and_stored_twice_is_told),
        cmocka_unit_test (an_own_message_that_was_heard_and_is_not_stored_is_lost),
        cmocka_unit_test (a_send_under_a_send_id_that_nobody_used_is_told),
        cmocka_unit_test (messages_said_in_another_order_are_told),
        cmocka_unit_test (what_was_given_up_with_its_socket_may_come_later),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
