/*  One client without a socket: frames go in, its rooms and its log tell what it
    made of them. */

#include "ld.h"
#include "pt_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    ld_t ld;
    ld_client_t *client;
    ld_room_t *room;
    char folder[32];
} s_rig_t;

static void s_hear (s_rig_t *rig, const char *text)
{
    ld_session_message (rig->client, text, strlen (text));
}

static void s_hear_removal (s_rig_t *rig, const char *what, unsigned seq)
{
    char text[200];
    snprintf (text, sizeof text,
              "{\"ev\":\"member\",\"room\":\"7\",\"seq\":%u,\"kind\":\"member\",\"account\":\"5\",\"what\":\"%s\"}",
              seq, what);
    s_hear (rig, text);
}

static void s_hear_message (s_rig_t *rig, unsigned seq)
{
    char text[600], body[LD_BODY_MAX], escaped[2 * LD_BODY_MAX];
    size_t at = 0, len = ld_body_put (body, &(ld_body_t){.sender = PT_LIT ("x"), .number = seq}, 1);
    for (size_t i = 0; i < len; i++) {
        if (body[i] == '"' || body[i] == '\\' || body[i] == '\n')
            escaped[at++] = '\\';
        escaped[at++] = body[i] == '\n' ? 'n' : body[i];
    }
    snprintf (
        text, sizeof text,
        "{\"ev\":\"message\",\"room\":\"7\",\"seq\":%u,\"kind\":\"message\",\"sender\":\"6\",\"send_id\":\"x-%u\","
        "\"body\":\"%.*s\"}",
        seq, seq, (int)at, escaped);
    s_hear (rig, text);
}

static int s_setup (void **state)
{
    s_rig_t *rig = calloc (1, sizeof *rig);
    char path[64], fault[LD_FAULT];
    assert_non_null (rig);
    strcpy (rig->folder, "/tmp/ld_session_XXXXXX");
    assert_non_null (mkdtemp (rig->folder));
    snprintf (path, sizeof path, "%s/plan.json", rig->folder);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fprintf (
        file,
        "{\"gateways\":[\"127.0.0.1:1\"],\"logs\":\"%s\",\"clients\":[{\"name\":\"c0\",\"account\":\"5\",\"token\":"
        "\"t\",\"rooms\":[\"7\"],\"mode\":\"churn\",\"sends\":true}]}",
        rig->folder);
    fclose (file);
    assert_int_equal (ld_plan_read (&rig->ld.plan, path, fault), 0);
    unlink (path);
    assert_int_equal (ld_net_init (&rig->ld.net), 0);
    assert_int_equal (ld_run_init (&rig->ld), 0);
    rig->client = rig->ld.clients;
    rig->room = rig->client->rooms;
    rig->client->is_open = true;
    *state = rig;
    return 0;
}

static int s_teardown (void **state)
{
    s_rig_t *rig = *state;
    char path[64];
    ld_run_fini (&rig->ld);
    ld_net_fini (&rig->ld.net);
    snprintf (path, sizeof path, "%s/c0.jsonl", rig->folder);
    unlink (path);
    rmdir (rig->folder);
    free (rig);
    return 0;
}

/*  Subscribed from `since` on, the head being told as 10. */
static void s_subscribe (s_rig_t *rig, uint64_t since)
{
    rig->room->last = since;
    ld_session_pump (rig->client, 0);
    assert_int_equal (rig->room->state, LD_ASKED);
    s_hear (rig, "{\"re\":1,\"ok\":{\"head\":10,\"epoch\":1,\"recovered\":true,\"role\":\"member\"}}");
    assert_int_equal (rig->room->state, LD_LIVE);
}

static void an_own_removal_in_a_replay_is_of_an_earlier_membership (void **state)
{
    s_rig_t *rig = *state;
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
    s_rig_t *rig = *state;
    s_subscribe (rig, 10);
    s_hear_removal (rig, "left", 11);
    assert_int_equal (rig->room->state, LD_OUT);
    assert_int_equal (rig->ld.stats.violations, 0);
    s_hear_message (rig, 12);
    assert_int_equal (rig->ld.stats.violations, 1);
}

static void holes_and_repeats_are_violations (void **state)
{
    s_rig_t *rig = *state;
    s_subscribe (rig, 10);
    s_hear_message (rig, 11);
    s_hear_message (rig, 11);
    assert_int_equal (rig->ld.stats.violations, 1);
    s_hear_message (rig, 13);
    assert_int_equal (rig->ld.stats.violations, 2);
}

static void a_lag_is_pulled_up_to_the_head_and_no_further (void **state)
{
    s_rig_t *rig = *state;
    s_subscribe (rig, 10);
    s_hear (rig, "{\"ev\":\"lag\",\"room\":\"7\",\"head\":12}");
    assert_true (rig->room->is_pulling);
    s_hear (rig,
            "{\"re\":2,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":11,\"kind\":\"member\",\"account\":\"6\",\"what\":"
            "\"left\"}],\"more\":true,\"head\":13}}");
    assert_true (rig->room->is_pulling);
    s_hear (rig,
            "{\"re\":3,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":12,\"kind\":\"member\",\"account\":\"6\",\"what\":"
            "\"joined\"}],\"more\":true,\"head\":13}}");
    assert_false (rig->room->is_pulling);
    assert_int_equal (rig->room->last, 12);
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void a_reset_reads_the_room_from_its_beginning (void **state)
{
    s_rig_t *rig = *state;
    s_subscribe (rig, 10);
    s_hear (rig, "{\"ev\":\"reset\",\"room\":\"7\",\"epoch\":2}");
    assert_int_equal (rig->room->state, LD_ASKED);
    assert_int_equal (rig->room->last, 0);
    s_hear (rig, "{\"re\":2,\"ok\":{\"head\":3,\"epoch\":2,\"recovered\":true,\"role\":\"member\"}}");
    assert_int_equal (rig->room->state, LD_LIVE);
    assert_int_equal (rig->ld.stats.violations, 0);
}

static void a_send_is_repeated_until_its_outcome_is_certain (void **state)
{
    s_rig_t *rig = *state;
    s_subscribe (rig, 10);
    assert_true (ld_session_begin (rig->client, 0));
    assert_int_equal (rig->room->outbox.flying, 1);
    s_hear (rig, "{\"re\":2,\"error\":{\"code\":\"deadline\",\"detail\":\"x\"}}");
    assert_int_equal (rig->room->outbox.count, 1);
    rig->ld.now_us += LD_RETRY_MAX_US;
    ld_session_pump (rig->client, 0);
    s_hear (rig, "{\"re\":3,\"ok\":{\"seq\":11,\"id\":\"1\",\"at\":\"x\",\"duplicate\":true}}");
    assert_int_equal (rig->room->outbox.count, 0);
    assert_int_equal (rig->ld.stats.acked, 1);
    assert_int_equal (rig->ld.stats.unknown, 1);
}

static void answers_to_nothing_and_noise_are_violations (void **state)
{
    s_rig_t *rig = *state;
    s_hear (rig, "{\"re\":9,\"ok\":{}}");
    s_hear (rig, "noise");
    assert_int_equal (rig->ld.stats.violations, 2);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (an_own_removal_in_a_replay_is_of_an_earlier_membership, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (an_item_behind_ones_removal_is_a_violation, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (holes_and_repeats_are_violations, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (a_lag_is_pulled_up_to_the_head_and_no_further, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (a_reset_reads_the_room_from_its_beginning, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (a_send_is_repeated_until_its_outcome_is_certain, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (answers_to_nothing_and_noise_are_violations, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
