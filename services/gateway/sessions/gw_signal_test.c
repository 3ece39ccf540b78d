/*  gw_signal_test - who hears what is kept nowhere: once, at its address, while
    listeners come and go. */

#include "gw_ws_fake.h"

enum { CHAT = 100, OTHER_CHAT = 101, GATEWAY = 500 };

/*  A listener that counts, and on its next signal destroys or makes another. */
typedef struct s_ear {
    gw_listener_t *listener;
    unsigned heard;
    char last[32]; /* text of the last signal */
    struct s_ear *ends, *begins;
} s_ear_t;

static void s_listen (s_ear_t *ear, const char *address);

static void s_on_signal (void *arg, const pt_room_signal_t *signal)
{
    s_ear_t *ear = arg;
    ear->heard++;
    snprintf (ear->last, sizeof ear->last, "%.*s", (int)signal->text.len, signal->text.at);
    if (ear->ends)
        gw_listener_destroy (&ear->ends->listener);
    if (ear->begins)
        s_listen (ear->begins, "lobby");
    ear->ends = ear->begins = NULL;
}

static void s_listen (s_ear_t *ear, const char *address)
{
    int err = 1;
    ear->listener = gw_listener_new (fake.gw.signals, address, strlen (address), s_on_signal, ear, &err);
    assert_non_null (ear->listener);
    assert_int_equal (err, 0);
}

static void s_leave (s_ear_t *ear)
{
    gw_listener_destroy (&ear->listener);
    assert_null (ear->listener);
}

/*  The event as one broker brings it. */
static void s_hear (const pt_room_signal_t *signal, uint64_t chat, uint64_t counter, unsigned broker)
{
    const sv_event_t event = {
        .opcode = PT_EV_room_signal, .msg = signal, .generation = chat, .counter = counter, .broker = broker};
    fake_hear ('s', &event);
}

static pt_room_signal_t s_said (const char *address, const char *text)
{
    return (pt_room_signal_t){
        .address = pt_str (address), .kind = PT_signal_SAID, .text = pt_str (text), .has_text = true};
}

static uint64_t s_counter; /* of CHAT's events */

static void s_say (const char *address, const char *text)
{
    pt_room_signal_t said = s_said (address, text);
    s_hear (&said, CHAT, ++s_counter, 0);
}

/*  As numbered by GATEWAY. */
static pt_room_signal_t s_numbered (const char *address, uint64_t number)
{
    pt_room_signal_t said = s_said (address, "x");
    said.teller = GATEWAY;
    said.number = number;
    said.has_teller = said.has_number = true;
    return said;
}

static void a_signal_is_told_to_all_at_its_address_and_to_nobody_else (void **state)
{
    (void)state;
    s_ear_t ears[3] = {0};
    s_listen (&ears[0], "lobby");
    s_listen (&ears[1], "lobby");
    s_listen (&ears[2], "lob");
    s_say ("lobby", "a");
    s_say ("lob", "b");
    s_say ("lo", "c");
    s_say ("lobby2", "d");
    const char *const last[] = {"a", "a", "b"};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal (ears[i].heard, 1);
        assert_string_equal (ears[i].last, last[i]);
        s_leave (&ears[i]);
    }
    s_say ("lobby", "e");
    assert_int_equal (ears[0].heard, 1);
}

static void the_first_listener_subscribes_the_address_and_the_last_one_ends_that (void **state)
{
    (void)state;
    s_ear_t one = {0}, two = {0}, other = {0};
    assert_int_equal (fake.topics, 0);
    s_listen (&one, "lobby");
    s_listen (&two, "lobby");
    assert_int_equal (fake.topics, 1);
    s_listen (&other, "den");
    assert_int_equal (fake.topics, 2);
    assert_int_equal (gw_signals_count (fake.gw.signals), 2);
    s_leave (&one);
    assert_int_equal (fake.topics, 2);
    s_leave (&two);
    assert_int_equal (fake.topics, 1);
    s_listen (&one, "lobby");
    assert_int_equal (fake.topics, 2);
    s_leave (&one);
    s_leave (&other);
    assert_int_equal (fake.topics, 0);
    assert_int_equal (gw_signals_count (fake.gw.signals), 0);
}

static void an_event_that_comes_through_both_brokers_is_told_once (void **state)
{
    (void)state;
    s_ear_t ear = {0};
    s_listen (&ear, "lobby");
    const pt_room_signal_t said = s_said ("lobby", "x");
    for (uint64_t counter = 1; counter <= 3; counter++)
        for (unsigned broker = 0; broker < 2; broker++)
            s_hear (&said, CHAT, counter, broker);
    assert_int_equal (ear.heard, 3);
    s_hear (&said, OTHER_CHAT, 1, 0);
    assert_int_equal (ear.heard, 4);
    s_leave (&ear);
}

static void a_request_that_arrived_twice_is_told_once_whichever_chat_tells_it (void **state)
{
    (void)state;
    s_ear_t ear = {0};
    s_listen (&ear, "lobby");
    const pt_room_signal_t first = s_numbered ("lobby", 1), second = s_numbered ("lobby", 2);
    s_hear (&second, CHAT, 1, 0);
    s_hear (&first, CHAT, 2, 0);
    s_hear (&first, OTHER_CHAT, 1, 0);
    s_hear (&second, OTHER_CHAT, 2, 1);
    assert_int_equal (ear.heard, 2);
    pt_room_signal_t elsewhere = first;
    elsewhere.teller = GATEWAY + 1;
    s_hear (&elsewhere, CHAT, 3, 0);
    assert_int_equal (ear.heard, 3);
    s_leave (&ear);
}

static void other_events_of_the_topic_are_not_told (void **state)
{
    (void)state;
    s_ear_t ear = {0};
    s_listen (&ear, "lobby");
    const pt_head_t head = {.room = 1};
    fake_hear ('s', &(sv_event_t){.opcode = PT_EV_room_gone, .msg = &head, .generation = CHAT, .counter = 1});
    assert_int_equal (ear.heard, 0);
    s_leave (&ear);
}

static void a_listener_may_end_itself_or_another_while_it_is_told (void **state)
{
    (void)state;
    for (unsigned who = 0; who < 3; who++)
        for (unsigned whom = 0; whom < 3; whom++) {
            s_ear_t ears[3] = {0};
            for (unsigned i = 0; i < 3; i++)
                s_listen (&ears[i], "lobby");
            ears[who].ends = &ears[whom];
            s_say ("lobby", "x");
            s_say ("lobby", "y");
            for (unsigned i = 0; i < 3; i++)
                if (i != whom)
                    assert_int_equal (ears[i].heard, 2);
            assert_in_range (ears[whom].heard, 0, 1);
            for (unsigned i = 0; i < 3; i++)
                gw_listener_destroy (&ears[i].listener);
            assert_int_equal (fake.topics, 0);
        }
}

static void the_last_listener_may_end_while_it_is_told_and_another_begin (void **state)
{
    (void)state;
    s_ear_t old = {0}, young = {0};
    s_listen (&old, "lobby");
    old.ends = &old;
    old.begins = &young;
    s_say ("lobby", "x");
    assert_int_equal (young.heard, 0);
    assert_int_equal (fake.topics, 1);
    s_say ("lobby", "y");
    assert_int_equal (young.heard, 1);
    assert_int_equal (old.heard, 1);
    s_leave (&young);
}

static void who_begins_while_others_are_told_hears_the_next_one (void **state)
{
    (void)state;
    s_ear_t old[2] = {0}, young = {0};
    s_listen (&old[0], "lobby");
    s_listen (&old[1], "lobby");
    old[0].begins = &young;
    s_say ("lobby", "x");
    assert_int_equal (young.heard, 0);
    s_say ("lobby", "y");
    assert_int_equal (young.heard, 1);
    assert_int_equal (old[1].heard, 2);
    s_leave (&old[0]);
    s_leave (&old[1]);
    s_leave (&young);
}

static gw_listener_t *s_try (const char *address, size_t len, int *out_err)
{
    static s_ear_t ear;
    return gw_listener_new (fake.gw.signals, address, len, s_on_signal, &ear, out_err);
}

static void what_is_no_address_is_refused (void **state)
{
    (void)state;
    static const char longest[LIM_ROOM_ADDRESS + 1] = "x";
    int err = 0;
    assert_null (s_try ("", 0, &err));
    assert_int_equal (err, -PT_E_invalid);
    assert_null (s_try (longest, sizeof longest, &err));
    assert_int_equal (err, -PT_E_invalid);
    gw_listener_t *listener = s_try (longest, LIM_ROOM_ADDRESS, &err);
    assert_non_null (listener);
    gw_listener_destroy (&listener);
}

static void a_topic_that_the_bus_refuses_leaves_nothing_behind (void **state)
{
    (void)state;
    int err = 0;
    fake.is_topic_refused = true;
    assert_null (s_try ("lobby", 5, &err));
    assert_int_equal (err, -PT_E_memory);
    assert_int_equal (gw_signals_count (fake.gw.signals), 0);
    fake.is_topic_refused = false;
    s_ear_t ear = {0};
    s_listen (&ear, "lobby");
    s_say ("lobby", "x");
    assert_int_equal (ear.heard, 1);
    s_leave (&ear);
}

static void an_address_too_many_is_busy_and_one_that_is_known_is_not (void **state)
{
    (void)state;
    s_ear_t *ears = calloc (GW_SIGNALS + 1, sizeof *ears);
    assert_non_null (ears);
    char address[16];
    for (unsigned i = 0; i < GW_SIGNALS; i++) {
        snprintf (address, sizeof address, "a%u", i);
        s_listen (&ears[i], address);
    }
    int err = 0;
    assert_null (s_try ("one more", 8, &err));
    assert_int_equal (err, -PT_E_busy);
    s_listen (&ears[GW_SIGNALS], "a7");
    for (unsigned i = 0; i < GW_SIGNALS; i++) {
        snprintf (address, sizeof address, "a%u", i);
        s_say (address, address);
        assert_string_equal (ears[i].last, address);
        assert_int_equal (ears[i].heard, 1);
    }
    for (unsigned i = 0; i <= GW_SIGNALS; i++)
        s_leave (&ears[i]);
    assert_int_equal (fake.topics, 0);
    free (ears);
}

static void s_on_sent (void *arg, const sv_reply_t *reply)
{
    *(int *)arg = reply->status;
}

static void what_is_sent_is_numbered_and_one_address_goes_to_one_chat (void **state)
{
    (void)state;
    int outcome = 1, err = 0;
    uint64_t affinity = 0;
    for (uint64_t turn = 1; turn <= 2; turn++) {
        pt_room_signal_t said = s_said ("lobby", "x");
        assert_true (gw_signal_send (fake.gw.signals, &said, NULL, s_on_sent, &outcome, &err) > 0);
        fake_call_t call = fake_take (PT_OP_chat_signal);
        const pt_room_signal_t *sent = call.msg;
        assert_true (sent->has_teller && sent->teller == sv_bus_generation (NULL));
        assert_true (sent->has_number && sent->number == turn);
        assert_true (call.affinity != 0 && (turn == 1 || call.affinity == affinity));
        affinity = call.affinity;
        fake_answer (call, &(pt_empty_t){0});
        assert_int_equal (outcome, 0);
    }
    fake.is_bus_full = true;
    pt_room_signal_t said = s_said ("lobby", "x");
    assert_int_equal (gw_signal_send (fake.gw.signals, &said, NULL, s_on_sent, &outcome, &err), 0);
    assert_int_equal (err, -PT_E_busy);
}

/* ---- probes ------------------------------------------------------------------------- */

/*  A listener that counts how often it was told that it is heard, and ends then if it shall. */
typedef struct {
    gw_listener_t *listener;
    unsigned heard, ready;
    bool ends;
} s_waiter_t;

static void s_on_heard (void *arg, const pt_room_signal_t *signal)
{
    (void)signal;
    ((s_waiter_t *)arg)->heard++;
}

static void s_on_ready (void *arg)
{
    s_waiter_t *self = arg;
    self->ready++;
    if (self->ends)
        gw_listener_destroy (&self->listener);
}

static void s_wait (s_waiter_t *self)
{
    int err;
    self->listener = gw_listener_new (fake.gw.signals, "lobby", 5, s_on_heard, self, &err);
    assert_non_null (self->listener);
    gw_listener_await (self->listener, s_on_ready);
}

/*  The probe as chat publishes it. */
static void s_bring (fake_call_t call)
{
    s_hear (call.msg, CHAT, ++s_counter, 0);
}

/*  What is told while many addresses are probed must not look as if it came too late. */
static void probes_use_up_no_numbers (void **state)
{
    (void)state;
    s_waiter_t waiter = {0};
    int outcome = 1, err = 0;
    s_wait (&waiter);
    fake_call_t probe = fake_take (PT_OP_chat_signal);
    const pt_room_signal_t *sent = probe.msg;
    assert_false (sent->has_teller || sent->has_number);
    fake_answer (probe, &(pt_empty_t){0});
    pt_room_signal_t said = s_said ("den", "x");
    assert_true (gw_signal_send (fake.gw.signals, &said, NULL, s_on_sent, &outcome, &err) > 0);
    fake_call_t call = fake_take (PT_OP_chat_signal);
    assert_int_equal (((const pt_room_signal_t *)call.msg)->number, 1);
    fake_answer (call, &(pt_empty_t){0});
    gw_listener_destroy (&waiter.listener);
}

static void who_waits_is_told_when_a_probe_comes_back_and_hears_nothing_of_it (void **state)
{
    (void)state;
    s_waiter_t one = {0}, two = {0};
    s_wait (&one);
    s_wait (&two);
    assert_int_equal (fake_open (PT_OP_chat_signal), 1);
    fake_call_t call = fake_take (PT_OP_chat_signal);
    assert_int_equal (((const pt_room_signal_t *)call.msg)->kind, PT_signal_PROBE);
    assert_int_equal (call.affinity, gw_signal_affinity (PT_LIT ("lobby")));
    fake_answer (call, &(pt_empty_t){0});
    assert_int_equal (one.ready + two.ready, 0);
    s_bring (call);
    s_bring (call);
    assert_int_equal (one.ready, 1);
    assert_int_equal (two.ready, 1);
    assert_int_equal (one.heard + two.heard, 0);
    gw_listener_destroy (&one.listener);
    gw_listener_destroy (&two.listener);
}

static void whatever_is_heard_proves_the_way_and_who_comes_later_need_not_wait (void **state)
{
    (void)state;
    s_waiter_t one = {0}, two = {0};
    s_wait (&one);
    s_say ("lob", "elsewhere");
    assert_int_equal (one.ready, 0);
    s_say ("lobby", "x");
    assert_int_equal (one.ready, 1);
    assert_int_equal (one.heard, 1);
    s_wait (&two);
    assert_int_equal (two.ready, 1);
    assert_int_equal (fake_open (PT_OP_chat_signal), 0);
    gw_listener_destroy (&one.listener);
    gw_listener_destroy (&two.listener);
    s_wait (&one); /* subscribed anew, nothing is known */
    assert_int_equal (one.ready, 1);
    assert_int_equal (fake_open (PT_OP_chat_signal), 1);
    gw_listener_destroy (&one.listener);
}

static void a_probe_is_repeated_until_it_comes_back_one_at_a_time (void **state)
{
    (void)state;
    s_waiter_t one = {0};
    uint64_t now_ms = sv_now_ms ();
    s_wait (&one);
    gw_signals_tick (fake.gw.signals, now_ms);
    assert_int_equal (fake_open (PT_OP_chat_signal), 1);
    fake_refuse (fake_take (PT_OP_chat_signal), -PT_E_unavailable);
    assert_int_equal (fake_open (PT_OP_chat_signal), 0);
    fake.is_bus_full = true;
    gw_signals_tick (fake.gw.signals, now_ms);
    fake.is_bus_full = false;
    gw_signals_tick (fake.gw.signals, now_ms);
    assert_int_equal (one.ready, 0);
    s_bring (fake_take (PT_OP_chat_signal));
    assert_int_equal (one.ready, 1);
    gw_signals_tick (fake.gw.signals, now_ms);
    assert_int_equal (fake_open (PT_OP_chat_signal), 0);
    gw_listener_destroy (&one.listener);
}

static void who_has_waited_long_enough_is_told_all_the_same (void **state)
{
    (void)state;
    s_waiter_t one = {0}, two = {0};
    s_wait (&one);
    uint64_t now_ms = sv_now_ms ();
    gw_signals_tick (fake.gw.signals, now_ms + GW_SIGNAL_PROOF_MS - 1000);
    assert_int_equal (one.ready, 0);
    gw_signals_tick (fake.gw.signals, now_ms + GW_SIGNAL_PROOF_MS);
    assert_int_equal (one.ready, 1);
    assert_int_equal (fake_open (PT_OP_chat_signal), 0);
    s_wait (&two); /* it is as unknown as before */
    assert_int_equal (two.ready, 0);
    s_bring (fake_take (PT_OP_chat_signal));
    assert_int_equal (one.ready + two.ready, 2);
    gw_listener_destroy (&one.listener);
    gw_listener_destroy (&two.listener);
}

static void who_waits_may_end_as_it_is_told_and_the_last_one_ends_the_probe (void **state)
{
    (void)state;
    s_waiter_t one = {.ends = true}, two = {.ends = true};
    s_wait (&one);
    s_wait (&two);
    fake_call_t call = fake_take (PT_OP_chat_signal);
    s_bring (call);
    assert_int_equal (one.ready + two.ready, 2);
    assert_int_equal (gw_signals_count (fake.gw.signals), 0);
    s_wait (&one);
    gw_signals_tick (fake.gw.signals, sv_now_ms () + GW_SIGNAL_PROOF_MS);
    assert_int_equal (one.ready, 2);
    assert_int_equal (gw_signals_count (fake.gw.signals), 0);
    two.ends = false;
    s_wait (&two);
    gw_listener_destroy (&two.listener);
    assert_int_equal (fake_open (PT_OP_chat_signal), 0);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (a_signal_is_told_to_all_at_its_address_and_to_nobody_else),
        S_TEST (the_first_listener_subscribes_the_address_and_the_last_one_ends_that),
        S_TEST (an_event_that_comes_through_both_brokers_is_told_once),
        S_TEST (a_request_that_arrived_twice_is_told_once_whichever_chat_tells_it),
        S_TEST (other_events_of_the_topic_are_not_told),
        S_TEST (a_listener_may_end_itself_or_another_while_it_is_told),
        S_TEST (the_last_listener_may_end_while_it_is_told_and_another_begin),
        S_TEST (who_begins_while_others_are_told_hears_the_next_one),
        S_TEST (what_is_no_address_is_refused),
        S_TEST (a_topic_that_the_bus_refuses_leaves_nothing_behind),
        S_TEST (an_address_too_many_is_busy_and_one_that_is_known_is_not),
        S_TEST (what_is_sent_is_numbered_and_one_address_goes_to_one_chat),
        S_TEST (probes_use_up_no_numbers),
        S_TEST (who_waits_is_told_when_a_probe_comes_back_and_hears_nothing_of_it),
        S_TEST (whatever_is_heard_proves_the_way_and_who_comes_later_need_not_wait),
        S_TEST (a_probe_is_repeated_until_it_comes_back_one_at_a_time),
        S_TEST (who_has_waited_long_enough_is_told_all_the_same),
        S_TEST (who_waits_may_end_as_it_is_told_and_the_last_one_ends_the_probe),
    };
    return cmocka_run_group_tests_name ("gw_signal", tests, NULL, NULL);
}
