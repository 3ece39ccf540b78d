/*  One client that speaks the dialect of members' rooms, without a socket. */

#include "ld_rig.h"

static int s_setup (void **state)
{
    return ld_rig_new (state, "\"speaks\":\"team_1a2b3\",\"email\":\"c0@example.com\"");
}

/*  The `number`th message of c0, as the plan's seed makes it, at that second. */
static void s_hear_own (ld_rig_t *rig, uint64_t number, unsigned second)
{
    char text[600], body[LD_BODY_MAX], escaped[2 * LD_BODY_MAX + 1];
    size_t len = ld_session_body (rig->client, &(ld_send_t){.number = number}, body);
    ld_body_escape (escaped, body, len);
    snprintf (text, sizeof text,
              "{\"message\":\"%s\",\"sender\":\"c0@example.com\",\"timestamp\":\"2026-11-20 10:00:%02u.000000+00:00\"}",
              escaped, second);
    ld_rig_hear (rig, text);
}

/*  Whether its log has a line with this in it. */
static bool s_is_logged (ld_rig_t *rig, const char *what)
{
    char path[64], line[VF_LINE_MAX];
    bool is_there = false;
    assert_int_equal (ld_logs_flush (&rig->ld.logs), 0);
    snprintf (path, sizeof path, "%s/c0.jsonl", rig->folder);
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    while (fgets (line, sizeof line, file))
        is_there |= strstr (line, what) != NULL;
    fclose (file);
    return is_there;
}

static void what_it_hears_of_its_own_is_acknowledged (void **state)
{
    ld_rig_t *rig = *state;
    rig->client->tongue->pump (rig->client, 0);
    assert_true (ld_session_begin (rig->client, 0));
    assert_true (ld_session_begin (rig->client, 0));
    assert_int_equal (rig->room->outbox.flying, 2);
    assert_true (s_is_logged (rig, "\"op\":\"invoke\",\"kind\":\"send\",\"room\":\"7\",\"bodyhash\""));
    s_hear_own (rig, 1, 1);
    assert_int_equal (rig->ld.stats.acked, 1);
    assert_int_equal (rig->room->outbox.count, 1);
    assert_true (s_is_logged (rig, "\"kind\":\"heard\",\"account\":\"5\",\"room\":\"7\",\"bodyhash\""));
    assert_true (s_is_logged (rig, "\"op\":\"ok\",\"kind\":\"send\",\"room\":\"7\",\"bodyhash\""));
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void what_was_in_flight_is_unknown_after_an_error_and_not_sent_again (void **state)
{
    ld_rig_t *rig = *state;
    rig->client->tongue->pump (rig->client, 0);
    assert_true (ld_session_begin (rig->client, 0));
    ld_rig_hear (rig, "{\"error\":\"Try again later.\"}");
    assert_false (rig->client->is_open);
    assert_int_equal (rig->room->outbox.count, 0);
    assert_int_equal (rig->ld.stats.unknown, 1);
    assert_true (s_is_logged (rig, "\"op\":\"info\",\"kind\":\"send\",\"room\":\"7\",\"bodyhash\""));
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void a_mark_is_owed_again_when_its_message_is_lost (void **state)
{
    ld_rig_t *rig = *state;
    rig->client->tongue->pump (rig->client, 0);
    ld_run_mark (&rig->ld);
    assert_false (rig->client->owes_mark);
    ld_client_leave (rig->client, 0, "storm");
    assert_true (rig->client->owes_mark);
}

static void a_time_that_does_not_rise_is_a_violation (void **state)
{
    ld_rig_t *rig = *state;
    s_hear_own (rig, 1, 2);
    s_hear_own (rig, 2, 3);
    assert_int_equal (rig->ld.stats.violations, 0);
    s_hear_own (rig, 3, 3);
    assert_int_equal (rig->ld.stats.violations, 1);
}

static void other_frames_and_foreign_texts_are_violations (void **state)
{
    static const char *const odd[] = {
        "noise",
        "[]",
        "{\"message\":\"x\"}",
        "{\"message\":5,\"sender\":null,\"timestamp\":\"2026\"}",
        "{\"message\":\"x\",\"sender\":null,\"timestamp\":\"2026\",\"seq\":1}",
        "{\"message\":\"x\",\"sender\":null,\"timestamp\":\"2026\"}",
    };
    ld_rig_t *rig = *state;
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
        ld_rig_hear (rig, odd[i]);
        assert_int_equal (rig->ld.stats.violations, i + 1);
    }
}

static void a_silence_is_asked_about_and_then_given_up (void **state)
{
    ld_rig_t *rig = *state;
    rig->client->heard_us = rig->ld.now_us;
    rig->ld.now_us += rig->ld.plan.quiet_ms * 1000 + 1;
    rig->client->tongue->watch (rig->client);
    assert_true (rig->client->is_open);
    assert_int_not_equal (rig->client->asked_us, 0);
    rig->ld.now_us += rig->ld.plan.answer_ms * 1000 + 1;
    rig->client->tongue->watch (rig->client);
    assert_false (rig->client->is_open);
}

static void at_the_end_it_says_one_thing_more_when_it_may_lack_something (void **state)
{
    ld_rig_t *rig = *state;
    rig->client->tongue->pump (rig->client, 0);
    rig->room->place->said = 1;
    ld_run_stop (&rig->ld);
    rig->client->tongue->pump (rig->client, 0);
    assert_int_equal (rig->room->outbox.count, 0);
    rig->ld.now_us += LD_CALM_US;
    rig->client->tongue->pump (rig->client, 0);
    assert_int_equal (rig->room->outbox.flying, 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_it_hears_of_its_own_is_acknowledged, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (what_was_in_flight_is_unknown_after_an_error_and_not_sent_again, s_setup,
                                         ld_rig_destroy),
        cmocka_unit_test_setup_teardown (a_mark_is_owed_again_when_its_message_is_lost, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (a_time_that_does_not_rise_is_a_violation, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (other_frames_and_foreign_texts_are_violations, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (a_silence_is_asked_about_and_then_given_up, s_setup, ld_rig_destroy),
        cmocka_unit_test_setup_teardown (at_the_end_it_says_one_thing_more_when_it_may_lack_something, s_setup,
                                         ld_rig_destroy),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
