/*  Tests of vf_judge: good histories are accepted, and each way to spoil one is
    caught and called by its name. */

#include "vf_history.h"

#define SEEDS 200

static void good_histories_are_accepted (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        history_t *history = history_new (seed, 300);
        vf_counts_t counts;
        bool is_good;
        vf_judge_t *judge = history_judge (history, &counts, &is_good);
        unsigned count;
        const vf_fault_t *faults = vf_judge_faults (judge, &count);
        if (!is_good)
            fail_msg ("seed %u: %s: %s", (unsigned)seed, vf_finding_name (faults->finding), faults->text);
        assert_in_range (counts.acked, 20, counts.sent);
        assert_int_equal (counts.stored, history->heads[0] + history->heads[1]);
        assert_in_range (counts.delivered, counts.stored, 4 * counts.stored);
        assert_int_equal (counts.rooms, HISTORY_ROOMS);
        vf_judge_destroy (&judge);
        free (history);
    }
}

/* ---- spoiling --------------------------------------------------------------------- */

/*  A random event of this op and kind from the middle of the history; NULL when there is none. */
static vf_event_t *s_pick (history_t *history, vf_op_t op, vf_kind_t kind, bool is_message)
{
    for (unsigned tries = 0; tries < 10 * history->count; tries++) {
        vf_event_t *event = &history->events[history_below (history, history->count)];
        if (event->op == op && event->kind == kind && (!is_message || event->cmid.len))
            return event;
    }
    return NULL;
}

static void s_remove (history_t *history, vf_event_t *event)
{
    size_t index = (size_t)(event - history->events);
    memmove (event, event + 1, (history->count - index - 1) * sizeof *event);
    history->count--;
}

static void s_insert (history_t *history, vf_event_t *before, vf_event_t event)
{
    size_t index = (size_t)(before - history->events);
    memmove (before + 1, before, (history->count - index) * sizeof *before);
    *before = event;
    history->count++;
}

/*  The next event after this one with the same op, kind, client and room. */
static vf_event_t *s_next (history_t *history, vf_event_t *event)
{
    for (vf_event_t *at = event + 1; at < history->events + history->count; at++)
        if (at->op == event->op && at->kind == event->kind && at->room == event->room &&
            pt_str_eq (at->client, event->client))
            return at;
    return NULL;
}

static bool s_drop_delivery (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, true);
    if (event)
        s_remove (history, event);
    return event != NULL;
}

static bool s_drop_last_delivery (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, false), *next;
    while (event && (next = s_next (history, event)) != NULL)
        event = next;
    if (event)
        s_remove (history, event);
    return event != NULL;
}

static bool s_double_delivery (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, true);
    if (event)
        s_insert (history, event + 1, *event);
    return event != NULL;
}

static bool s_swap_deliveries (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, true);
    vf_event_t *next = event ? s_next (history, event) : NULL;
    if (!next || next->seq != event->seq + 1)
        return false;
    vf_event_t copy = *event;
    *event = *next;
    *next = copy;
    return true;
}

static bool s_forge_body (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, true);
    if (event)
        event->bodyhash ^= 4;
    return event != NULL;
}

static bool s_forge_sender (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, true);
    if (event)
        event->account ^= 1;
    return event != NULL;
}

static bool s_forge_far_seq (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_RECV, true);
    if (event)
        event->seq = UINT64_MAX / 2;
    return event != NULL;
}

static bool s_forge_message (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_ITEM, true);
    if (!event)
        return false;
    for (uint32_t i = 0; i < history->count; i++) {
        vf_event_t *at = &history->events[i];
        if (at != event && at->kind == VF_RECV && at->room == event->room && at->seq == event->seq)
            at->cmid = PT_LIT ("nobody's");
    }
    event->cmid = PT_LIT ("nobody's");
    return true;
}

static bool s_lose_message (history_t *history)
{
    vf_event_t *ack = s_pick (history, VF_OK, VF_SEND, true);
    if (!ack)
        return false;
    uint64_t room = ack->room, seq = ack->seq;
    for (uint32_t i = 0; i < history->count; i++)
        if (history->events[i].kind == VF_ITEM && history->events[i].room == room && history->events[i].seq == seq)
            s_remove (history, &history->events[i]);
    return true;
}

/*  As above, but nobody was given it and the others moved up: only the acknowledgement tells. */
static bool s_lose_without_trace (history_t *history)
{
    vf_event_t *ack = s_pick (history, VF_OK, VF_SEND, true);
    if (!ack)
        return false;
    uint64_t room = ack->room, seq = ack->seq;
    for (uint32_t i = history->count; i > 0; i--) {
        vf_event_t *at = &history->events[i - 1];
        if (at->room != room || (at->kind != VF_ITEM && at->kind != VF_RECV))
            continue;
        if (at->seq == seq)
            s_remove (history, at);
        else if (at->seq > seq)
            at->seq--;
    }
    for (uint32_t i = 0; i < history->count; i++) {
        vf_event_t *at = &history->events[i];
        if (at->room == room && at->seq > seq && (at->kind == VF_SEND || at->kind == VF_READ))
            at->seq--;
        if (at->room == room && at->seq >= seq && (at->kind == VF_SUB || at->kind == VF_END))
            at->seq--;
    }
    return true;
}

static bool s_store_twice (history_t *history)
{
    vf_event_t *item = s_pick (history, VF_OK, VF_ITEM, true), *last = item, *next;
    if (!item)
        return false;
    while ((next = s_next (history, last)) != NULL)
        last = next;
    vf_event_t again = *item;
    again.seq = last->seq + 1;
    s_insert (history, last + 1, again);
    return true;
}

static bool s_skip_number (history_t *history)
{
    vf_event_t *item = s_pick (history, VF_OK, VF_ITEM, false), *next;
    if (!item || !(next = s_next (history, item)))
        return false;
    s_remove (history, item);
    return true;
}

static bool s_use_number_twice (history_t *history)
{
    vf_event_t *item = s_pick (history, VF_OK, VF_ITEM, false);
    if (item)
        s_insert (history, item + 1, *item);
    return item != NULL;
}

static bool s_answer_otherwise (history_t *history)
{
    vf_event_t *ack = s_pick (history, VF_OK, VF_SEND, true);
    if (!ack)
        return false;
    vf_event_t again = *ack;
    again.seq++;
    s_insert (history, ack + 1, again);
    return true;
}

static bool s_acknowledge_unstored (history_t *history)
{
    vf_event_t *refused = s_pick (history, VF_FAIL, VF_SEND, true);
    if (!refused)
        return false;
    refused->op = VF_OK;
    refused->seq = 1;
    return true;
}

static bool s_refuse_stored (history_t *history)
{
    vf_event_t *ack = s_pick (history, VF_OK, VF_SEND, true);
    if (!ack || ack->duplicate)
        return false;
    ack->op = VF_FAIL;
    ack->seq = 0;
    return true;
}

static bool s_forget_outcome (history_t *history)
{
    vf_event_t *info = s_pick (history, VF_INFO, VF_SEND, true);
    if (!info || (info + 1)->op == VF_INVOKE)
        return false;
    s_remove (history, info);
    return true;
}

/*  Two acknowledged messages of one sender change places in the store, and everybody agrees. */
static bool s_reorder (history_t *history)
{
    vf_event_t *first = s_pick (history, VF_OK, VF_SEND, true);
    vf_event_t *second = first ? s_next (history, first) : NULL;
    if (!second)
        return false;
    uint64_t a = first->seq, b = second->seq, room = first->room;
    pt_str_t a_cmid = first->cmid, b_cmid = second->cmid;
    uint64_t a_hash = 0, b_hash = 0;
    for (uint32_t i = 0; i < history->count; i++) {
        const vf_event_t *at = &history->events[i];
        if (at->kind == VF_ITEM && at->room == room && at->seq == a)
            a_hash = at->bodyhash;
        if (at->kind == VF_ITEM && at->room == room && at->seq == b)
            b_hash = at->bodyhash;
    }
    for (uint32_t i = 0; i < history->count; i++) {
        vf_event_t *at = &history->events[i];
        bool is_given = at->kind == VF_ITEM || at->kind == VF_RECV || at->kind == VF_READ;
        if (at->room != room || (at->seq != a && at->seq != b) || !is_given)
            continue;
        bool is_first = at->seq == a;
        at->bodyhash = is_first ? b_hash : a_hash;
        if (at->kind != VF_READ)
            at->cmid = is_first ? b_cmid : a_cmid;
    }
    for (uint32_t i = 0; i < history->count; i++) {
        vf_event_t *at = &history->events[i];
        if (at->kind == VF_SEND && at->op == VF_OK && at->room == room && (at->seq == a || at->seq == b))
            at->seq = at->seq == a ? b : a;
    }
    return true;
}

/*  Head of the room when the client last subscribed before `event`. */
static uint64_t s_subscribed_at (const history_t *history, const vf_event_t *event)
{
    for (const vf_event_t *at = event; at >= history->events; at--)
        if (at->kind == VF_SUB && at->op == VF_OK && at->room == event->room && pt_str_eq (at->client, event->client))
            return at->head;
    return 0;
}

/*  After its own kick a client is given one more item, which is in the store. */
static bool s_deliver_after_kick (history_t *history)
{
    for (uint32_t i = 0; i < history->count; i++) {
        vf_event_t *at = &history->events[i];
        bool is_end =
            at->kind == VF_RECV && (pt_str_eq (at->what, PT_LIT ("kicked")) || pt_str_eq (at->what, PT_LIT ("left")));
        if (!is_end || at->account != 100 + (uint64_t)(at->client.at[1] - '0') ||
            at->seq <= s_subscribed_at (history, at))
            continue;
        for (uint32_t k = i; k < history->count; k++) {
            vf_event_t late = history->events[k];
            if (late.kind != VF_ITEM || late.room != at->room || late.seq != at->seq + 1)
                continue;
            late.kind = VF_RECV;
            late.client = at->client;
            s_insert (history, at + 1, late);
            return true;
        }
    }
    return false;
}

static bool s_subscribe_ahead (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_SUB, false);
    vf_event_t *next = event ? s_next (history, event) : NULL;
    if (!next)
        return false;
    next->seq += 1;
    return true;
}

static bool s_deny_recovery (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_SUB, false);
    if (event)
        event->recovered = false;
    return event != NULL;
}

static bool s_miss_in_history (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_READ, false);
    if (event)
        event->op = VF_FAIL;
    return event != NULL;
}

static bool s_show_other_history (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_OK, VF_READ, false);
    if (event)
        event->bodyhash ^= 2;
    return event != NULL;
}

static bool s_never_flow_again (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_INFO, VF_FAULT, false);
    if (event)
        s_remove (history, event);
    return event != NULL;
}

static bool s_flow_late (history_t *history)
{
    vf_event_t *event = s_pick (history, VF_INFO, VF_FAULT, false);
    if (event)
        event->mono_ns += 200000000000u;
    return event != NULL;
}

static bool s_grow (history_t *history)
{
    vf_event_t event = {
        .client = PT_LIT ("nemesis"), .op = VF_OK, .kind = VF_STAT, .gateway = PT_LIT ("chat"), .rss = 2u << 30};
    s_insert (history, history->events + history->count, event);
    return true;
}

static bool s_leak_descriptors (history_t *history)
{
    vf_event_t event = {
        .client = PT_LIT ("nemesis"), .op = VF_OK, .kind = VF_STAT, .gateway = PT_LIT ("chat"), .fds = 1001};
    s_insert (history, history->events + history->count, event);
    return true;
}

static bool s_slow_others (history_t *history)
{
    vf_event_t event = {.client = PT_LIT ("nemesis"),
                        .op = VF_OK,
                        .kind = VF_STAT,
                        .what = PT_LIT ("slowed"),
                        .err = PT_LIT ("p99 +31 %")};
    s_insert (history, history->events + history->count, event);
    return true;
}

/*  The end of a session, and the event of this op and kind of the client who was signed
    out that is next to it, before (`step` -1) or behind; NULL when there is none. */
static vf_event_t *s_near_revocation (history_t *history, vf_event_t **out_revoke, int step, vf_op_t op, vf_kind_t kind)
{
    vf_event_t *revoke = *out_revoke = s_pick (history, VF_OK, VF_REVOKE, false);
    for (vf_event_t *at = revoke; revoke && at >= history->events && at < history->events + history->count; at += step)
        if (at->op == op && at->kind == kind && at->client.at[1] - '0' == (int)((revoke->session - 500) % 4))
            return at;
    return NULL;
}

static bool s_deliver_to_signed_out (history_t *history)
{
    vf_event_t *revoke, *event = s_near_revocation (history, &revoke, -1, VF_OK, VF_RECV);
    if (!event)
        return false;
    for (const vf_event_t *at = event; at < revoke; at++)
        if (at->kind == VF_CONN && pt_str_eq (at->client, event->client))
            return false;
    event->mono_ns = revoke->mono_ns + VF_REVOKED_MS * 1000000ull + 1;
    return true;
}

static bool s_never_close (history_t *history)
{
    vf_event_t *revoke, *event = s_near_revocation (history, &revoke, 1, VF_OK, VF_CLOSE);
    if (event)
        s_remove (history, event);
    return event != NULL;
}

static bool s_close_late (history_t *history)
{
    vf_event_t *revoke, *event = s_near_revocation (history, &revoke, 1, VF_OK, VF_CLOSE);
    if (event)
        event->mono_ns = revoke->mono_ns + VF_REVOKED_MS * 1000000ull + 1;
    return event != NULL;
}

static bool s_accept_late (history_t *history)
{
    vf_event_t *revoke, *event = s_near_revocation (history, &revoke, 1, VF_FAIL, VF_USE);
    if (event)
        event->op = VF_OK;
    return event != NULL;
}

static bool s_connect_signed_out (history_t *history)
{
    vf_event_t *revoke, *event = s_near_revocation (history, &revoke, 1, VF_OK, VF_CONN);
    if (event)
        event->session = revoke->session;
    return event != NULL;
}

static const struct {
    const char *name;
    bool (*spoil) (history_t *history);
    vf_finding_t finding;
} s_spoilers[] = {
    {"drop a delivery", s_drop_delivery, VF_GAP},
    {"drop the last delivery", s_drop_last_delivery, VF_GAP},
    {"double a delivery", s_double_delivery, VF_TWICE},
    {"swap two deliveries", s_swap_deliveries, VF_BACKWARDS},
    {"forge a body", s_forge_body, VF_OTHERWISE},
    {"forge a sender", s_forge_sender, VF_OTHERWISE},
    {"forge a seq out of this world", s_forge_far_seq, VF_OTHERWISE},
    {"forge a message", s_forge_message, VF_GHOST},
    {"lose a message", s_lose_message, VF_LOST},
    {"lose a message without a trace", s_lose_without_trace, VF_LOST},
    {"store a message twice", s_store_twice, VF_DOUBLED},
    {"skip a number", s_skip_number, VF_HOLE},
    {"use a number twice", s_use_number_twice, VF_HOLE},
    {"acknowledge with two numbers", s_answer_otherwise, VF_DOUBLED},
    {"acknowledge what is not stored", s_acknowledge_unstored, VF_LOST},
    {"refuse what is stored", s_refuse_stored, VF_DISHONEST},
    {"forget an outcome", s_forget_outcome, VF_DISHONEST},
    {"store in another order", s_reorder, VF_REORDERED},
    {"deliver after a kick", s_deliver_after_kick, VF_LATE},
    {"subscribe ahead", s_subscribe_ahead, VF_GAP},
    {"deny recovery", s_deny_recovery, VF_GAP},
    {"miss in history", s_miss_in_history, VF_UNREAD},
    {"show another history", s_show_other_history, VF_UNREAD},
    {"never flow again", s_never_flow_again, VF_UNRECOVERED},
    {"flow late", s_flow_late, VF_UNRECOVERED},
    {"grow", s_grow, VF_UNBOUNDED},
    {"leak descriptors", s_leak_descriptors, VF_UNBOUNDED},
    {"slow others", s_slow_others, VF_SLOWED},
    {"deliver to who is signed out", s_deliver_to_signed_out, VF_HEARD_AFTER},
    {"never close who is signed out", s_never_close, VF_OPEN_AFTER},
    {"close who is signed out late", s_close_late, VF_OPEN_AFTER},
    {"accept who is signed out", s_accept_late, VF_TAKEN_AFTER},
    {"let who is signed out connect", s_connect_signed_out, VF_TAKEN_AFTER},
};

static void every_spoiled_history_is_caught (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_spoilers / sizeof s_spoilers[0]; i++) {
        unsigned spoiled = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            history_t *history = history_new (seed, 200);
            if (s_spoilers[i].spoil (history)) {
                vf_counts_t counts;
                bool is_good;
                vf_judge_t *judge = history_judge (history, &counts, &is_good);
                if (is_good || counts.findings[s_spoilers[i].finding] == 0)
                    fail_msg ("%s, seed %u: not caught as '%s'", s_spoilers[i].name, (unsigned)seed,
                              vf_finding_name (s_spoilers[i].finding));
                vf_judge_destroy (&judge);
                spoiled++;
            }
            free (history);
        }
        if (spoiled < SEEDS / 20)
            fail_msg ("%s: only %u histories could be spoiled", s_spoilers[i].name, spoiled);
    }
}

/*  The judge must not depend on whose log is read first. */
static void the_order_of_logs_does_not_matter (void **state)
{
    (void)state;
    static const char *const order[] = {"final", "c3", "nemesis", "c1", "c0", "c2"};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        history_t *history = history_new (seed, 200);
        history_t *sorted = calloc (1, sizeof *sorted);
        for (size_t name = 0; name < sizeof order / sizeof order[0]; name++)
            for (uint32_t i = 0; i < history->count; i++)
                if (pt_str_eq (history->events[i].client, pt_str (order[name])))
                    sorted->events[sorted->count++] = history->events[i];
        assert_int_equal (sorted->count, history->count);
        vf_counts_t counts;
        bool is_good;
        vf_judge_t *judge = history_judge (sorted, &counts, &is_good);
        assert_true (is_good);
        vf_judge_destroy (&judge);
        free (sorted);
        free (history);
    }
}

static void sends_inside_faults_are_counted (void **state)
{
    (void)state;
    history_t *history = calloc (1, sizeof *history);
    history->random = 1;
    history_begin (history);
    for (unsigned i = 0; i < 10; i++)
        history->now_ns++, history_send (history, 0, 0);
    uint64_t from = history->count;
    history_fault (history, 0);
    for (unsigned i = 0; i < 10; i++)
        history_send (history, 0, 0);
    uint64_t to = history->count;
    history_fault (history, 1);
    history_fault (history, 2);
    for (unsigned i = 0; i < 10; i++)
        history_send (history, 0, 0);
    history_end (history);
    uint64_t expected = 0;
    for (uint64_t i = from; i < to; i++)
        expected += history->events[i].kind == VF_SEND && history->events[i].op == VF_OK;
    vf_counts_t counts;
    bool is_good;
    vf_judge_t *judge = history_judge (history, &counts, &is_good);
    assert_true (is_good);
    assert_int_equal (counts.faults, 1);
    assert_in_range (expected, 1, 10);
    assert_int_equal (counts.acked_in_faults, expected);
    vf_judge_destroy (&judge);
    free (history);
}

/*  One session that is revoked at 10 s and closed at `closed_ms`, beside a fault from
    9 s to 20 s. */
static void s_one_revocation (uint64_t closed_ms, const char *what, vf_counts_t *out_counts)
{
    static const vf_limits_t limits = {0};
    const vf_event_t events[] = {
        {.mono_ns = 1, .client = PT_LIT ("c0"), .op = VF_OK, .kind = VF_CONN, .session = 7},
        {.mono_ns = closed_ms * 1000000,
         .client = PT_LIT ("c0"),
         .op = VF_OK,
         .kind = VF_CLOSE,
         .err = PT_LIT ("4401")},
        {.mono_ns = 10000000000, .client = PT_LIT ("c1"), .op = VF_OK, .kind = VF_REVOKE, .session = 7},
        {.mono_ns = 9000000000, .client = PT_LIT ("n"), .op = VF_INVOKE, .kind = VF_FAULT, .what = pt_str (what)},
        {.mono_ns = 20000000000, .client = PT_LIT ("n"), .op = VF_OK, .kind = VF_FAULT},
        {.mono_ns = 20000000001, .client = PT_LIT ("n"), .op = VF_INFO, .kind = VF_FAULT},
    };
    vf_judge_t *judge = vf_judge_new (&limits);
    assert_non_null (judge);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        assert_int_equal (vf_judge_add (judge, &events[i]), 0);
    vf_judge_finish (judge, out_counts);
    vf_judge_destroy (&judge);
}

static void what_nobody_can_read_counts_from_the_end_of_the_fault (void **state)
{
    (void)state;
    static const struct {
        uint64_t closed_ms;
        const char *what;
        unsigned findings;
    } cases[] = {{14999, "", 0}, {15001, "", 1}, {15001, "blind", 0}, {24999, "blind", 0}, {25001, "blind", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vf_counts_t counts;
        s_one_revocation (cases[i].closed_ms, cases[i].what, &counts);
        assert_int_equal (counts.findings[VF_OPEN_AFTER], cases[i].findings);
        assert_int_equal (counts.revoked, 1);
        assert_int_equal (counts.revoked_closed, 1);
        assert_int_equal (counts.close_max_us, (cases[i].closed_ms - 10000) * 1000);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (good_histories_are_accepted),
        cmocka_unit_test (every_spoiled_history_is_caught),
        cmocka_unit_test (the_order_of_logs_does_not_matter),
        cmocka_unit_test (sends_inside_faults_are_counted),
        cmocka_unit_test (what_nobody_can_read_counts_from_the_end_of_the_fault),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
