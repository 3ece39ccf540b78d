/*  One client without a socket: frames go in, its rooms and its log tell what it
    made of them. */

#include "ld_rig.h"

static void s_hear_removal (ld_rig_t *rig, const char *what, unsigned seq)
{
    char text[200];
    snprintf (text, sizeof text,
              "{\"ev\":\"member\",\"room\":\"7\",\"seq\":%u,\"kind\":\"member\",\"account\":\"5\",\"what\":\"%s\"}",
              seq, what);
    ld_rig_hear (rig, text);
}

static void s_hear_message (ld_rig_t *rig, unsigned seq)
{
    char text[600], body[2 * LD_BODY_MAX + 1];
    ld_rig_body (body, "x", seq);
    snprintf (
        text, sizeof text,
        "{\"ev\":\"message\",\"room\":\"7\",\"seq\":%u,\"kind\":\"message\",\"sender\":\"6\",\"send_id\":\"x-%u\","
        "\"body\":\"%s\"}",
        seq, seq, body);
    ld_rig_hear (rig, text);
}

static int s_setup (void **state)
{
    return ld_rig_new (state, "\"mode\":\"churn\"");
}

/*  Subscribed from `since` on, the head being told as 10. */
static void s_subscribe (ld_rig_t *rig, uint64_t since)
{
    rig->room->last = since;
    ld_session_pump (rig->client, 0);
    assert_int_equal (rig->room->state, LD_ASKED);
    ld_rig_hear (rig, "{\"re\":1,\"ok\":{\"head\":10,\"epoch\":1,\"recovered\":true,\"role\":\"member\"}}");
    assert_int_equal (rig->room->state, LD_LIVE);
}

static void an_own_removal_in_a_replay_is_of_an_earlier_membership (void **state)
{
    ld_rig_t *rig = *state;
    s_subscribe (rig, 8);
    s_hear_removal (rig, "kicked", 9);
    assert_int_equal (rig->room->state, LD_LIVE);
    s_hear_message (rig, 10);
    s_hear_message (rig, 11);
    assert_int_equal (rig->room->last, 11);
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void an_item_behind_ones_removal_is_a_violation (void **state)
{
    ld_rig_t *rig = *state;
    s_subscribe (rig, 10);
    s_hear_removal (rig, "left", 11);
    assert_int_equal (rig->room->state, LD_OUT);
    assert_int_equal (rig->ld.stats.violations, 0);
    s_hear_message (rig, 12);
    assert_int_equal (rig->ld.stats.violations, 1);
}

static void holes_and_repeats_are_violations (void **state)
{
    ld_rig_t *rig = *state;
    s_subscribe (rig, 10);
    s_hear_message (rig, 11);
    s_hear_message (rig, 11);
    assert_int_equal (rig->ld.stats.violations, 1);
    s_hear_message (rig, 13);
    assert_int_equal (rig->ld.stats.violations, 2);
}

static void a_lag_is_pulled_up_to_the_head_and_no_further (void **state)
{
    ld_rig_t *rig = *state;
    s_subscribe (rig, 10);
    ld_rig_hear (rig, "{\"ev\":\"lag\",\"room\":\"7\",\"head\":12}");
    assert_true (rig->room->is_pulling);
    ld_rig_hear (
        rig, "{\"re\":2,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":11,\"kind\":\"member\",\"account\":\"6\",\"what\":"
             "\"left\"}],\"more\":true,\"head\":13}}");
    assert_true (rig->room->is_pulling);
    ld_rig_hear (
        rig, "{\"re\":3,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":12,\"kind\":\"member\",\"account\":\"6\",\"what\":"
             "\"joined\"}],\"more\":true,\"head\":13}}");
    assert_false (rig->room->is_pulling);
    assert_int_equal (rig->room->last, 12);
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void a_reset_reads_the_room_from_its_beginning (void **state)
{
    ld_rig_t *rig = *state;
    s_subscribe (rig, 10);
    ld_rig_hear (rig, "{\"ev\":\"reset\",\"room\":\"7\",\"epoch\":2}");
    assert_int_equal (rig->room->state, LD_ASKED);
    assert_int_equal (rig->room->last, 0);
    ld_rig_hear (rig, "{\"re\":2,\"ok\":{\"head\":3,\"epoch\":2,\"recovered\":true,\"role\":\"member\"}}");
    assert_int_equal (rig->room->state, LD_LIVE);
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void a_send_is_repeated_until_its_outcome_is_certain (void **state)
{
    ld_rig_t *rig = *state;
    s_subscribe (rig, 10);
    assert_true (ld_session_begin (rig->client, 0));
    assert_int_equal (rig->room->outbox.flying, 1);
    ld_rig_hear (rig, "{\"re\":2,\"error\":{\"code\":\"deadline\",\"detail\":\"x\"}}");
    assert_int_equal (rig->room->outbox.count, 1);
    rig->ld.now_us += LD_RETRY_MAX_US;
    ld_session_pump (rig->client, 0);
    ld_rig_hear (rig, "{\"re\":3,\"ok\":{\"seq\":11,\"id\":\"1\",\"at\":\"x\",\"duplicate\":true}}");
    assert_int_equal (rig->room->outbox.count, 0);
    assert_int_equal (rig->ld.stats.acked, 1);
    assert_int_equal (rig->ld.stats.unknown, 1);
}

static void answers_to_nothing_and_noise_are_violations (void **state)
{
    ld_rig_t *rig = *state;
    ld_rig_hear (rig, "{\"re\":9,\"ok\":{}}");
    ld_rig_hear (rig, "noise");
    assert_int_equal (rig->ld.stats.violations, 2);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (an_own_removal_in_a_replay_is_of_an_earlier_membership, s_setup,
                                         ld_rig_destroy),
        cmocka_unit_test_setup_teardown (an_item_behind_ones_removal_is_a_violation, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (holes_and_repeats_are_violations, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (a_lag_is_pulled_up_to_the_head_and_no_further, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (a_reset_reads_the_room_from_its_beginning, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (a_send_is_repeated_until_its_outcome_is_certain, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (answers_to_nothing_and_noise_are_violations, s_setup, ld_rig_destroy),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
