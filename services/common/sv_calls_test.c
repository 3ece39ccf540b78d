/*  sv_calls_test - the resend table: its rules, and a random walk that checks
    that every call ends once. */

#include "sv_calls.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SENT_MAX 64

typedef struct {
    sv_calls_t *calls;
    uint64_t now_ms;
    struct {
        uint64_t id;
        unsigned broker;
        uint32_t remaining_ms;
    } sent[SENT_MAX];
    unsigned sent_count;
    unsigned ended_count;
    int ended_err;
    uint32_t deaf; /* set of brokers that can't take anything */
    uint32_t ended[LIM_CALLS];
} rig_t;

static bool s_send (void *ctx, uint32_t slot, uint64_t id, unsigned broker, uint32_t remaining_ms)
{
    rig_t *rig = ctx;
    assert_int_equal (sv_calls_slot (rig->calls, id), slot);
    if (rig->deaf >> broker & 1)
        return false;
    if (rig->sent_count < SENT_MAX) {
        rig->sent[rig->sent_count].id = id;
        rig->sent[rig->sent_count].broker = broker;
        rig->sent[rig->sent_count].remaining_ms = remaining_ms;
    }
    rig->sent_count++;
    return true;
}

static void s_ended (void *ctx, uint32_t slot, int err)
{
    rig_t *rig = ctx;
    assert_int_equal (sv_calls_id (rig->calls, slot), 0);
    rig->ended_count++;
    rig->ended_err = err;
    rig->ended[slot]++;
}

static rig_t *s_rig (unsigned brokers, unsigned live)
{
    static const sv_calls_ops_t ops = {s_send, s_ended};
    static const uint64_t keys[LIM_BROKERS] = {11, 22, 33, 44, 55, 66, 77, 88};
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    rig->now_ms = 5000;
    rig->calls = sv_calls_new (keys, brokers, 0xabcdef0123456789u, &ops, rig);
    assert_non_null (rig->calls);
    for (unsigned i = 0; i < live; i++)
        sv_calls_step (rig->calls, &(sv_calls_event_t){.kind = SV_CALLS_UP, .broker = i}, rig->now_ms);
    return rig;
}

static void s_drop (rig_t *rig)
{
    sv_calls_destroy (&rig->calls);
    free (rig);
}

static uint64_t s_call (rig_t *rig, uint64_t affinity, uint32_t deadline_ms)
{
    sv_calls_ask_t ask = {.opcode = PT_OP_chat_send, .affinity = affinity, .deadline_ms = deadline_ms};
    uint64_t id = sv_calls_enter (rig->calls, &ask, rig->now_ms);
    assert_true (id > 0);
    sv_calls_start (rig->calls, id, rig->now_ms);
    return id;
}

static void s_tell (rig_t *rig, sv_calls_kind_t kind, unsigned broker)
{
    sv_calls_step (rig->calls, &(sv_calls_event_t){.kind = kind, .broker = broker}, rig->now_ms);
}

static void s_refuse (rig_t *rig, uint64_t id, unsigned broker, int err)
{
    sv_calls_event_t event = {.kind = SV_CALLS_REFUSED, .broker = broker, .id = id, .err = err};
    sv_calls_step (rig->calls, &event, rig->now_ms);
}

static void s_pass (rig_t *rig, uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i += 10) {
        rig->now_ms += 10;
        s_tell (rig, SV_CALLS_TICK, 0);
    }
}

/*  ---- rules ---------------------------------------------------------------------- */

static void a_call_is_sent_and_its_answer_taken_once (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t id = s_call (rig, 0, 1000);
    assert_int_equal (rig->sent_count, 1);
    assert_int_equal (rig->sent[0].id, id);
    assert_int_equal (rig->sent[0].remaining_ms, 900);
    assert_true (sv_calls_answer (rig->calls, id, rig->now_ms) >= 0);
    assert_int_equal (sv_calls_answer (rig->calls, id, rig->now_ms), -1);
    assert_int_equal (sv_calls_open (rig->calls), 0);
    s_pass (rig, 2000);
    assert_int_equal (rig->ended_count, 0);
    s_drop (rig);
}

static void calls_without_key_take_the_live_brokers_in_turn (void **state)
{
    (void)state;
    rig_t *rig = s_rig (3, 2);
    for (int i = 0; i < 4; i++)
        s_call (rig, 0, 1000);
    assert_int_not_equal (rig->sent[0].broker, rig->sent[1].broker);
    assert_int_equal (rig->sent[0].broker, rig->sent[2].broker);
    assert_int_equal (rig->sent[1].broker, rig->sent[3].broker);
    s_drop (rig);
}

static void one_key_goes_to_one_broker_and_keys_spread (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    unsigned counts[2] = {0};
    for (uint64_t key = 1; key <= 60; key++) {
        rig->sent_count = 0;
        s_call (rig, key, 1000);
        s_call (rig, key, 1000);
        assert_int_equal (rig->sent[0].broker, rig->sent[1].broker);
        counts[rig->sent[0].broker]++;
    }
    assert_in_range (counts[0], 15, 45);
    s_drop (rig);
}

static void an_unanswered_call_goes_through_another_broker_with_patience_doubled (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t id = s_call (rig, 0, 10000);
    s_pass (rig, 240);
    assert_int_equal (rig->sent_count, 1);
    s_pass (rig, 30);
    assert_int_equal (rig->sent_count, 2);
    assert_int_equal (rig->sent[1].id, id);
    assert_int_not_equal (rig->sent[1].broker, rig->sent[0].broker);
    assert_in_range (rig->sent[1].remaining_ms, 9600, 9660);
    s_pass (rig, 450);
    assert_int_equal (rig->sent_count, 2);
    s_pass (rig, 80);
    assert_int_equal (rig->sent_count, 3);
    assert_int_equal (rig->sent[2].broker, rig->sent[0].broker);
    assert_int_equal (sv_calls_resent (rig->calls), 2);
    s_drop (rig);
}

static void with_one_live_broker_nothing_is_sent_twice (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 1);
    s_call (rig, 0, 3000);
    s_pass (rig, 2900);
    assert_int_equal (rig->sent_count, 1);
    s_pass (rig, 200);
    assert_int_equal (rig->ended_count, 1);
    assert_int_equal (rig->ended_err, -PT_E_deadline);
    s_drop (rig);
}

static void tries_are_bounded (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t id = s_call (rig, 0, LIM_DEADLINE_MS);
    for (int i = 0; i < 50; i++) {
        s_refuse (rig, id, rig->sent[rig->sent_count - 1].broker, -PT_E_busy);
        s_pass (rig, 1600);
    }
    assert_int_equal (rig->sent_count, LIM_RESENDS);
    assert_int_equal (rig->ended_count, 1);
    assert_int_equal (rig->ended_err, -PT_E_busy);
    s_drop (rig);
}

static void patience_follows_the_99th_percentile (void **state)
{
    (void)state;
    rig_t *rig = s_rig (1, 1);
    assert_int_equal (sv_calls_patience_ms (rig->calls, PT_OP_chat_send), LIM_RESEND_MIN_MS);
    for (int i = 0; i < 300; i++) {
        uint64_t id = s_call (rig, 0, 10000);
        rig->now_ms += i % 20 == 0 ? 400 : 2;
        sv_calls_answer (rig->calls, id, rig->now_ms);
    }
    assert_int_equal (sv_calls_patience_ms (rig->calls, PT_OP_chat_send), 3 * 512);
    assert_int_equal (sv_calls_patience_ms (rig->calls, PT_OP_auth_keys), LIM_RESEND_MIN_MS);
    for (int i = 0; i < 5000; i++) {
        uint64_t id = s_call (rig, 0, 10000);
        sv_calls_answer (rig->calls, id, ++rig->now_ms);
    }
    assert_int_equal (sv_calls_patience_ms (rig->calls, PT_OP_chat_send), LIM_RESEND_MIN_MS);
    s_drop (rig);
}

/*  Else no call that is lost soon after an outage would be sent again in time. */
static void patience_ends_at_its_maximum_whatever_was_waited_for (void **state)
{
    (void)state;
    rig_t *rig = s_rig (1, 1);
    for (int i = 0; i < 300; i++) {
        uint64_t id = s_call (rig, 0, 10000);
        rig->now_ms += 8000;
        sv_calls_answer (rig->calls, id, rig->now_ms);
    }
    assert_int_equal (sv_calls_patience_ms (rig->calls, PT_OP_chat_send), LIM_RESEND_MAX_MS);
    s_drop (rig);
}

static void without_a_broker_calls_wait_and_go_when_one_comes (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 0);
    s_call (rig, 0, 2000);
    s_call (rig, 9, 2000);
    s_pass (rig, 1000);
    assert_int_equal (rig->sent_count, 0);
    s_tell (rig, SV_CALLS_UP, 1);
    assert_int_equal (rig->sent_count, 2);
    assert_int_equal (rig->sent[0].remaining_ms, 900);
    s_drop (rig);
}

static void without_a_broker_the_deadline_ends_with_unavailable (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 0);
    s_call (rig, 0, 500);
    s_pass (rig, 490);
    assert_int_equal (rig->ended_count, 0);
    s_pass (rig, 30);
    assert_int_equal (rig->ended_err, -PT_E_unavailable);
    assert_int_equal (sv_calls_open (rig->calls), 0);
    s_drop (rig);
}

static void a_dead_broker_loses_nothing (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t a = s_call (rig, 0, 5000), b = s_call (rig, 0, 5000);
    unsigned dead = rig->sent[0].broker;
    assert_int_not_equal (dead, rig->sent[1].broker);
    s_tell (rig, SV_CALLS_DOWN, dead);
    assert_int_equal (rig->sent_count, 3);
    assert_int_equal (rig->sent[2].id, a);
    assert_int_equal (rig->sent[2].broker, rig->sent[1].broker);
    assert_true (sv_calls_answer (rig->calls, a, rig->now_ms) >= 0);
    assert_true (sv_calls_answer (rig->calls, b, rig->now_ms) >= 0);
    s_drop (rig);
}

static void a_broker_that_restarts_is_sent_again_what_it_had (void **state)
{
    (void)state;
    rig_t *rig = s_rig (1, 1);
    uint64_t id = s_call (rig, 0, 5000);
    s_tell (rig, SV_CALLS_DOWN, 0);
    s_pass (rig, 300);
    assert_int_equal (rig->sent_count, 1);
    s_tell (rig, SV_CALLS_UP, 0);
    assert_int_equal (rig->sent_count, 2);
    assert_int_equal (rig->sent[1].id, id);
    s_drop (rig);
}

static void a_leaving_broker_gets_nothing_new_and_may_still_answer (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t id = s_call (rig, 0, 5000);
    s_tell (rig, SV_CALLS_LEAVING, rig->sent[0].broker);
    assert_int_equal (rig->sent_count, 1);
    s_call (rig, 0, 5000);
    s_call (rig, 0, 5000);
    assert_int_not_equal (rig->sent[1].broker, rig->sent[0].broker);
    assert_int_not_equal (rig->sent[2].broker, rig->sent[0].broker);
    assert_true (sv_calls_answer (rig->calls, id, rig->now_ms) >= 0);
    s_drop (rig);
}

static void a_broker_that_takes_nothing_is_passed_over (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    rig->deaf = 1u << 0;
    for (int i = 0; i < 4; i++)
        s_call (rig, (uint64_t)i, 5000);
    assert_int_equal (rig->sent_count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal (rig->sent[i].broker, 1);
    rig->deaf = 3;
    s_call (rig, 0, 5000);
    assert_int_equal (rig->sent_count, 4);
    rig->deaf = 0;
    s_pass (rig, 100);
    assert_int_equal (rig->sent_count, 5);
    s_drop (rig);
}

static void a_refusal_is_tried_elsewhere_at_once_then_after_a_pause (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t id = s_call (rig, 0, 5000);
    s_refuse (rig, id, rig->sent[0].broker, -PT_E_busy);
    assert_int_equal (rig->sent_count, 2);
    assert_int_not_equal (rig->sent[1].broker, rig->sent[0].broker);
    s_refuse (rig, id, rig->sent[1].broker, -PT_E_busy);
    assert_int_equal (rig->sent_count, 2);
    s_pass (rig, 60);
    assert_int_equal (rig->sent_count, 3);
    assert_int_equal (rig->ended_count, 0);
    s_drop (rig);
}

static void a_refusal_of_a_broker_that_has_it_no_more_is_ignored (void **state)
{
    (void)state;
    rig_t *rig = s_rig (2, 2);
    uint64_t id = s_call (rig, 0, 5000);
    s_pass (rig, 270);
    assert_int_equal (rig->sent_count, 2);
    s_refuse (rig, id, rig->sent[0].broker, -PT_E_worker_lost);
    s_pass (rig, 200);
    assert_int_equal (rig->sent_count, 2);
    assert_true (sv_calls_slot (rig->calls, id) >= 0);
    s_drop (rig);
}

static void a_refusal_near_the_deadline_is_final (void **state)
{
    (void)state;
    rig_t *rig = s_rig (1, 1);
    uint64_t id = s_call (rig, 0, 8);
    s_refuse (rig, id, 0, -PT_E_worker_lost);
    assert_int_equal (rig->ended_count, 1);
    assert_int_equal (rig->ended_err, -PT_E_worker_lost);
    s_drop (rig);
}

static void a_cancelled_call_is_forgotten (void **state)
{
    (void)state;
    rig_t *rig = s_rig (1, 1);
    uint64_t id = s_call (rig, 0, 100);
    assert_true (sv_calls_cancel (rig->calls, id) >= 0);
    assert_int_equal (sv_calls_cancel (rig->calls, id), -1);
    assert_int_equal (sv_calls_cancel (rig->calls, 0), -1);
    s_pass (rig, 500);
    assert_int_equal (rig->ended_count, 0);
    s_drop (rig);
}

static void the_table_is_bounded_and_slots_are_used_again (void **state)
{
    (void)state;
    rig_t *rig = s_rig (1, 1);
    sv_calls_ask_t ask = {.opcode = PT_OP_chat_send, .deadline_ms = 1000};
    uint64_t first = s_call (rig, 0, 1000);
    for (int i = 1; i < LIM_CALLS; i++)
        s_call (rig, 0, 1000);
    assert_int_equal (sv_calls_enter (rig->calls, &ask, rig->now_ms), 0);
    int32_t slot = sv_calls_answer (rig->calls, first, rig->now_ms);
    uint64_t again = s_call (rig, 0, 1000);
    assert_int_equal (sv_calls_slot (rig->calls, again), slot);
    assert_int_not_equal (again, first);
    assert_int_equal (sv_calls_slot (rig->calls, first), -1);
    s_pass (rig, 1100);
    assert_int_equal (rig->ended_count, LIM_CALLS);
    s_drop (rig);
}

/*  ---- walk ------------------------------------------------------------------------- */

static uint64_t s_random (uint64_t *random, uint64_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % below;
}

static void every_call_ends_once (void **state)
{
    (void)state;
    enum { OPEN_MAX = 512, EVENTS = 200000 };
    rig_t *rig = s_rig (3, 0);
    uint64_t random = 42, open[OPEN_MAX];
    unsigned open_count = 0, made = 0, answered = 0;
    for (int i = 0; i < EVENTS; i++) {
        unsigned broker = (unsigned)s_random (&random, 3);
        switch (s_random (&random, 40)) {
        case 0:
            s_tell (rig, SV_CALLS_UP, broker);
            break;
        case 1:
            s_tell (rig, s_random (&random, 2) ? SV_CALLS_DOWN : SV_CALLS_LEAVING, broker);
            break;
        case 2:
            rig->deaf = (uint32_t)s_random (&random, 8);
            break;
        case 3:
        case 4:
        case 5:
            s_pass (rig, s_random (&random, 60));
            break;
        default:
            if (s_random (&random, 2) && open_count < OPEN_MAX) {
                open[open_count++] = s_call (rig, s_random (&random, 3), (uint32_t)s_random (&random, 2000));
                made++;
            } else if (open_count > 0) {
                unsigned which = (unsigned)s_random (&random, open_count);
                if (s_random (&random, 3) == 0)
                    s_refuse (rig, open[which], broker, -PT_E_busy);
                else {
                    answered += sv_calls_answer (rig->calls, open[which], rig->now_ms) >= 0;
                    open[which] = open[--open_count];
                }
            }
        }
        assert_int_equal (answered + rig->ended_count + sv_calls_open (rig->calls), made);
    }
    s_pass (rig, 3000);
    assert_int_equal (sv_calls_open (rig->calls), 0);
    assert_int_equal (answered + rig->ended_count, made);
    assert_true (answered > 1000 && rig->ended_count > 1000);
    s_drop (rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_call_is_sent_and_its_answer_taken_once),
        cmocka_unit_test (calls_without_key_take_the_live_brokers_in_turn),
        cmocka_unit_test (one_key_goes_to_one_broker_and_keys_spread),
        cmocka_unit_test (an_unanswered_call_goes_through_another_broker_with_patience_doubled),
        cmocka_unit_test (with_one_live_broker_nothing_is_sent_twice),
        cmocka_unit_test (tries_are_bounded),
        cmocka_unit_test (patience_follows_the_99th_percentile),
        cmocka_unit_test (patience_ends_at_its_maximum_whatever_was_waited_for),
        cmocka_unit_test (without_a_broker_calls_wait_and_go_when_one_comes),
        cmocka_unit_test (without_a_broker_the_deadline_ends_with_unavailable),
        cmocka_unit_test (a_dead_broker_loses_nothing),
        cmocka_unit_test (a_broker_that_restarts_is_sent_again_what_it_had),
        cmocka_unit_test (a_leaving_broker_gets_nothing_new_and_may_still_answer),
        cmocka_unit_test (a_broker_that_takes_nothing_is_passed_over),
        cmocka_unit_test (a_refusal_is_tried_elsewhere_at_once_then_after_a_pause),
        cmocka_unit_test (a_refusal_of_a_broker_that_has_it_no_more_is_ignored),
        cmocka_unit_test (a_refusal_near_the_deadline_is_final),
        cmocka_unit_test (a_cancelled_call_is_forgotten),
        cmocka_unit_test (the_table_is_bounded_and_slots_are_used_again),
        cmocka_unit_test (every_call_ends_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
