/*  chat_channel_test - channels as a pure core: order, who gets what, repeats, and every maximum; and
    random walks beside a model. */

#include "chat_channel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#define ASKS_MAX 65536
#define TEXT_MAX 64

/*  What became of each question. */
typedef struct {
    unsigned times; /* answered */
    int err;
    bool has_message;
    char message[TEXT_MAX];
} outcome_t;

typedef struct {
    chat_channel_t *core;
    uint64_t now_ms;
    size_t asks;
    outcome_t outcomes[ASKS_MAX];
} rig_t;

static void s_answered (void *ctx, void *ask, int err, pt_str_t message)
{
    (void)ctx;
    outcome_t *outcome = ask;
    outcome->times++;
    outcome->err = err;
    outcome->has_message = message.at != NULL;
    snprintf (outcome->message, TEXT_MAX, "%.*s", (int)message.len, message.at ? message.at : "");
}

static rig_t *s_new (unsigned receivers)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    rig->core = chat_channel_new (receivers, s_answered, rig);
    assert_non_null (rig->core);
    rig->now_ms = 1000;
    return rig;
}

static int s_set_up (void **state)
{
    *state = s_new (CHAT_CHANNEL_RECEIVERS);
    return 0;
}

static int s_tear_down (void **state)
{
    rig_t *rig = *state;
    chat_channel_destroy (&rig->core);
    free (rig);
    return 0;
}

static outcome_t *s_ask (rig_t *rig, chat_channel_event_t event)
{
    assert_in_range (rig->asks, 0, ASKS_MAX - 1);
    outcome_t *outcome = &rig->outcomes[rig->asks++];
    event.ask = outcome;
    chat_channel_step (rig->core, &event, rig->now_ms);
    return outcome;
}

static outcome_t *s_send (rig_t *rig, uint64_t call, const char *channel, const char *message)
{
    return s_ask (
        rig, (chat_channel_event_t){
                 .kind = CHAT_CHANNEL_SEND, .call = call, .channel = pt_str (channel), .message = pt_str (message)});
}

static outcome_t *s_receive (rig_t *rig, uint64_t call, const char *channel, uint64_t wait_ms)
{
    return s_ask (rig,
                  (chat_channel_event_t){
                      .kind = CHAT_CHANNEL_RECEIVE, .call = call, .channel = pt_str (channel), .wait_ms = wait_ms});
}

static void s_tick (rig_t *rig, uint64_t ms)
{
    rig->now_ms += ms;
    chat_channel_step (rig->core, &(chat_channel_event_t){.kind = CHAT_CHANNEL_TICK}, rig->now_ms);
}

static void s_assert_got (const outcome_t *outcome, const char *message)
{
    assert_int_equal (outcome->times, 1);
    assert_int_equal (outcome->err, 0);
    assert_true (outcome->has_message);
    assert_string_equal (outcome->message, message);
}

static void s_assert_end (const outcome_t *outcome, int err)
{
    assert_int_equal (outcome->times, 1);
    assert_string_equal (pt_error_name (outcome->err), pt_error_name (err));
    assert_int_equal (outcome->err != 0, err != 0);
    assert_false (outcome->has_message);
}

/*  ---- what a channel is --------------------------------------------------------- */

static void messages_come_in_the_order_they_were_sent_and_each_once (void **state)
{
    rig_t *rig = *state;
    s_assert_end (s_send (rig, 1, "a", "{1}"), 0);
    s_assert_end (s_send (rig, 2, "b", "{2}"), 0);
    s_assert_end (s_send (rig, 3, "a", "{3}"), 0);
    s_assert_got (s_receive (rig, 4, "a", 0), "{1}");
    s_assert_got (s_receive (rig, 5, "a", 500), "{3}");
    s_assert_end (s_receive (rig, 6, "a", 0), 0);
    s_assert_got (s_receive (rig, 7, "b", 0), "{2}");
}

static void who_waited_longest_gets_the_message (void **state)
{
    rig_t *rig = *state;
    const outcome_t *first = s_receive (rig, 1, "a", 500), *other = s_receive (rig, 2, "b", 500),
                    *second = s_receive (rig, 3, "a", 500);
    assert_int_equal (first->times + second->times + other->times, 0);
    s_send (rig, 4, "a", "{1}");
    s_assert_got (first, "{1}");
    assert_int_equal (second->times + other->times, 0);
    s_send (rig, 5, "a", "{2}");
    s_assert_got (second, "{2}");
    assert_int_equal (other->times, 0);
}

static void a_wait_ends_at_its_time_with_nothing (void **state)
{
    rig_t *rig = *state;
    const outcome_t *outcome = s_receive (rig, 1, "a", 300);
    assert_int_equal (chat_channel_due_ms (rig->core) <= rig->now_ms + 300, 1);
    s_tick (rig, 299);
    assert_int_equal (outcome->times, 0);
    s_tick (rig, 1);
    s_assert_end (outcome, 0);
    s_send (rig, 2, "a", "{1}");
    s_assert_end (outcome, 0);
    s_assert_got (s_receive (rig, 3, "a", 0), "{1}");
}

/*  Even when the tick is late. */
static void a_wait_that_is_over_takes_no_message (void **state)
{
    rig_t *rig = *state;
    const outcome_t *outcome = s_receive (rig, 1, "a", 300);
    rig->now_ms += 300;
    s_send (rig, 2, "a", "{1}");
    s_assert_end (outcome, 0);
    s_assert_got (s_receive (rig, 3, "a", 0), "{1}");
}

static void a_message_is_kept_for_a_minute (void **state)
{
    rig_t *rig = *state;
    s_send (rig, 1, "a", "{1}");
    rig->now_ms += CHAT_CHANNEL_KEPT_MS - 1;
    s_send (rig, 2, "a", "{2}");
    s_assert_got (s_receive (rig, 3, "a", 0), "{1}");
    s_send (rig, 4, "b", "{3}");
    rig->now_ms += CHAT_CHANNEL_KEPT_MS;
    s_assert_end (s_receive (rig, 5, "a", 0), 0);
    s_assert_end (s_receive (rig, 6, "b", 0), 0);
}

static void an_idle_core_has_nothing_due (void **state)
{
    rig_t *rig = *state;
    assert_int_equal (chat_channel_due_ms (rig->core), 0);
    s_send (rig, 1, "a", "{1}");
    s_receive (rig, 2, "b", 100);
    assert_int_not_equal (chat_channel_due_ms (rig->core), 0);
    s_tick (rig, 200);
    assert_in_range (chat_channel_due_ms (rig->core), rig->now_ms + 1, rig->now_ms + CHAT_CHANNEL_SWEEP_MS);
    s_tick (rig, CHAT_CHANNEL_KEPT_MS);
    s_tick (rig, LIM_DEADLINE_MS);
    assert_int_equal (chat_channel_due_ms (rig->core), 0);
}

static void a_drain_ends_every_wait (void **state)
{
    rig_t *rig = *state;
    const outcome_t *outcomes[] = {s_receive (rig, 1, "a", 900), s_receive (rig, 2, "b", 900),
                                   s_receive (rig, 1, "a", 900)};
    chat_channel_step (rig->core, &(chat_channel_event_t){.kind = CHAT_CHANNEL_DRAIN}, rig->now_ms);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        s_assert_end (outcomes[i], -PT_E_draining);
}

/*  ---- repeats ------------------------------------------------------------------------ */

static void a_repeat_of_a_send_adds_nothing (void **state)
{
    rig_t *rig = *state;
    s_assert_end (s_send (rig, 1, "a", "{1}"), 0);
    s_assert_end (s_send (rig, 1, "a", "{1}"), 0);
    s_assert_got (s_receive (rig, 2, "a", 0), "{1}");
    s_assert_end (s_send (rig, 1, "a", "{1}"), 0);
    s_assert_end (s_receive (rig, 3, "a", 0), 0);
}

static void a_repeat_of_a_receive_gets_the_same_message_and_no_other (void **state)
{
    rig_t *rig = *state;
    s_send (rig, 1, "a", "{1}");
    s_send (rig, 2, "a", "{2}");
    s_assert_got (s_receive (rig, 3, "a", 0), "{1}");
    s_assert_got (s_receive (rig, 3, "a", 0), "{1}");
    s_assert_got (s_receive (rig, 4, "a", 0), "{2}");
}

static void a_receive_and_its_repeats_wait_as_one (void **state)
{
    rig_t *rig = *state;
    const outcome_t *first = s_receive (rig, 1, "a", 300);
    rig->now_ms += 250;
    const outcome_t *again = s_receive (rig, 1, "a", 300), *other = s_receive (rig, 2, "a", 300);
    s_send (rig, 3, "a", "{1}");
    s_assert_got (first, "{1}");
    s_assert_got (again, "{1}");
    assert_int_equal (other->times, 0);
    s_send (rig, 4, "a", "{2}");
    s_assert_got (other, "{2}");
}

static void a_repeat_waits_no_longer_than_the_first (void **state)
{
    rig_t *rig = *state;
    const outcome_t *first = s_receive (rig, 1, "a", 300);
    rig->now_ms += 250;
    const outcome_t *again = s_receive (rig, 1, "a", 300);
    s_tick (rig, 50);
    s_assert_end (first, 0);
    s_assert_end (again, 0);
    s_send (rig, 2, "a", "{1}");
    s_assert_end (s_receive (rig, 1, "a", 300), 0);
    s_assert_got (s_receive (rig, 3, "a", 0), "{1}");
}

static void a_refusal_is_repeated_too (void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 0; i < CHAT_CHANNEL_MESSAGES; i++)
        s_assert_end (s_send (rig, 1 + i, "a", "{}"), 0);
    s_assert_end (s_send (rig, 1000, "a", "{late}"), -PT_E_busy);
    s_receive (rig, 1001, "a", 0);
    s_assert_end (s_send (rig, 1000, "a", "{late}"), -PT_E_busy);
    s_assert_end (s_send (rig, 1002, "a", "{}"), 0);
}

static void a_call_is_forgotten_when_no_repeat_can_come (void **state)
{
    rig_t *rig = *state;
    s_send (rig, 1, "a", "{1}");
    s_receive (rig, 2, "a", 0);
    rig->now_ms += LIM_DEADLINE_MS - 1;
    s_assert_got (s_receive (rig, 2, "a", 0), "{1}");
    rig->now_ms += 1;
    s_assert_end (s_receive (rig, 2, "a", 0), 0);
}

/*  ---- maxima --------------------------------------------------------------------------- */

static void a_full_channel_is_busy_and_the_others_are_not (void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 0; i < CHAT_CHANNEL_MESSAGES; i++)
        s_assert_end (s_send (rig, 1 + i, "a", "{}"), 0);
    s_assert_end (s_send (rig, 500, "a", "{}"), -PT_E_busy);
    s_assert_end (s_send (rig, 501, "b", "{}"), 0);
    rig->now_ms += CHAT_CHANNEL_KEPT_MS;
    s_assert_end (s_send (rig, 502, "a", "{}"), 0);
}

static void too_many_channels_are_busy (void **state)
{
    rig_t *rig = *state;
    char name[16];
    for (uint64_t i = 0; i < CHAT_CHANNELS; i++) {
        snprintf (name, sizeof name, "c%u", (unsigned)i);
        s_assert_end (s_send (rig, 1 + i, name, "{}"), 0);
    }
    s_assert_end (s_send (rig, 5000, "one more", "{}"), -PT_E_busy);
    s_assert_end (s_send (rig, 5001, "c7", "{}"), 0);
    rig->now_ms += CHAT_CHANNEL_KEPT_MS;
    s_tick (rig, 0);
    s_assert_end (s_send (rig, 5002, "one more", "{}"), 0);
}

static void too_many_receivers_are_busy_and_a_repeat_ends_its_call (void **state)
{
    (void)state;
    rig_t *rig = s_new (2);
    const outcome_t *first = s_receive (rig, 1, "a", 500), *second = s_receive (rig, 2, "a", 500);
    s_assert_end (s_receive (rig, 3, "a", 500), -PT_E_busy);
    assert_int_equal (first->times, 0);
    s_assert_end (s_receive (rig, 1, "a", 500), -PT_E_busy);
    s_assert_end (first, -PT_E_busy);
    s_send (rig, 4, "a", "{1}");
    s_assert_got (second, "{1}");
    s_tear_down ((void **)&rig);
}

static void too_many_bytes_are_busy_until_they_are_old (void **state)
{
    rig_t *rig = *state;
    char *big = malloc (LIM_CHANNEL_MESSAGE + 1);
    assert_non_null (big);
    memset (big, 'x', LIM_CHANNEL_MESSAGE);
    big[LIM_CHANNEL_MESSAGE] = '\0';
    unsigned fit = CHAT_CHANNEL_BYTES / LIM_CHANNEL_MESSAGE;
    char name[16];
    for (unsigned i = 0; i < fit; i++) {
        snprintf (name, sizeof name, "c%u", i % 100);
        s_assert_end (s_send (rig, 1 + i, name, big), 0);
    }
    s_assert_end (s_send (rig, 90000, "c0", "{}"), -PT_E_busy);
    const outcome_t *received = s_receive (rig, 90001, "c0", 0);
    assert_true (received->has_message);
    /*  A repeat may ask for it yet. */
    s_assert_end (s_send (rig, 90002, "c0", "{}"), -PT_E_busy);
    rig->now_ms += LIM_DEADLINE_MS;
    s_assert_end (s_send (rig, 90003, "c0", "{}"), 0);
    free (big);
}

static void too_many_calls_to_remember_are_busy (void **state)
{
    rig_t *rig = *state;
    unsigned i = 0;
    while (s_receive (rig, 1 + i, "a", 0)->err == 0)
        i++;
    assert_int_equal (i, 16384);
    s_assert_end (s_send (rig, 70000, "a", "{}"), -PT_E_busy);
    rig->now_ms += LIM_DEADLINE_MS;
    s_assert_end (s_send (rig, 70001, "a", "{}"), 0);
}

/*  ---- random walks ---------------------------------------------------------------------- */

#define WALK_STEPS 20000
#define WALK_CHANNELS 3

static uint64_t s_random (uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed >> 11;
}

/*  Every message is a rising number; per channel they must be received in that order, none twice but to
    repeats of one call, and every question is answered at most once and, when all waits are over, exactly once. */
static void s_walk (uint64_t seed)
{
    rig_t *rig = s_new (8);
    unsigned sent = 0;
    uint64_t calls[WALK_STEPS];
    const char *names[WALK_CHANNELS] = {"a", "b", "c"};
    uint8_t channels[WALK_STEPS];
    for (unsigned i = 0; i < WALK_STEPS; i++) {
        uint64_t dice = s_random (&seed) % 100;
        unsigned at = i > 0 && dice < 20 ? (unsigned)(s_random (&seed) % i) : i;
        if (at + 50 < i)
            at = i; /* long ago: no repeat comes so late */
        bool is_send = at == i ? s_random (&seed) % 2 == 0 : calls[at] % 2 == 0;
        calls[i] = at == i ? (uint64_t)(i + 1) * 2 + !is_send : calls[at];
        channels[i] = at == i ? (uint8_t)(s_random (&seed) % WALK_CHANNELS) : channels[at];
        char text[16];
        snprintf (text, sizeof text, "%u", ++sent);
        if (is_send)
            s_send (rig, calls[i], names[channels[i]], text);
        else
            s_receive (rig, calls[i], names[channels[i]], s_random (&seed) % 300);
        if (dice >= 90)
            s_tick (rig, s_random (&seed) % 40);
    }
    s_tick (rig, 300);
    unsigned last[WALK_CHANNELS] = {0}, received = 0;
    for (unsigned i = 0; i < WALK_STEPS; i++) {
        const outcome_t *outcome = &rig->outcomes[i];
        assert_int_equal (outcome->times, 1);
        bool is_repeat = false;
        for (unsigned k = i > 50 ? i - 51 : 0; k < i; k++)
            if (calls[k] == calls[i]) {
                is_repeat = true;
                assert_int_equal (rig->outcomes[k].err, outcome->err);
                assert_string_equal (rig->outcomes[k].message, outcome->message);
            }
        if (is_repeat || !outcome->has_message)
            continue;
        received++;
        /*  A wait that began earlier is served earlier, and is earlier in the list. */
        unsigned number = (unsigned)strtoul (outcome->message, NULL, 10);
        assert_true (number > last[channels[i]]);
        last[channels[i]] = number;
    }
    assert_true (received > WALK_STEPS / 10);
    s_tear_down ((void **)&rig);
}

static void walks_lose_no_order_and_give_nothing_twice (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        s_walk (seed * UINT64_C (0x9e3779b97f4a7c15));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (messages_come_in_the_order_they_were_sent_and_each_once),
        TEST (who_waited_longest_gets_the_message),
        TEST (a_wait_ends_at_its_time_with_nothing),
        TEST (a_wait_that_is_over_takes_no_message),
        TEST (a_message_is_kept_for_a_minute),
        TEST (an_idle_core_has_nothing_due),
        TEST (a_drain_ends_every_wait),
        TEST (a_repeat_of_a_send_adds_nothing),
        TEST (a_repeat_of_a_receive_gets_the_same_message_and_no_other),
        TEST (a_receive_and_its_repeats_wait_as_one),
        TEST (a_repeat_waits_no_longer_than_the_first),
        TEST (a_refusal_is_repeated_too),
        TEST (a_call_is_forgotten_when_no_repeat_can_come),
        TEST (a_full_channel_is_busy_and_the_others_are_not),
        TEST (too_many_channels_are_busy),
        TEST (too_many_receivers_are_busy_and_a_repeat_ends_its_call),
        TEST (too_many_bytes_are_busy_until_they_are_old),
        TEST (too_many_calls_to_remember_are_busy),
        cmocka_unit_test (walks_lose_no_order_and_give_nothing_twice),
    };
    return cmocka_run_group_tests_name ("chat_channel", tests, NULL, NULL);
}
