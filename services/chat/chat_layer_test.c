/*  chat_layer_test - the channel layer through two instances of the daemon; the test is the broker
    between them, and carries what one sends to the other. */

#include "chat_channel.h"
#include "chat_fixture.h"
#include "sv_loop.h"
#include <signal.h>

typedef struct {
    harness_t *home;  /* of the groups */
    harness_t *other; /* of the channels that are not there */
} pair_t;

static int s_set_up (void **state)
{
    pair_t *pair = calloc (1, sizeof *pair);
    assert_non_null (pair);
    pair->home = fixture_new ();
    pair->other = fixture_new ();
    *state = pair;
    return 0;
}

static int s_tear_down (void **state)
{
    pair_t *pair = *state;
    harness_destroy (&pair->home);
    harness_destroy (&pair->other);
    free (pair);
    return 0;
}

/*  A key that no other call of these tests has. */
static pt_str_t s_key (harness_t *harness)
{
    static unsigned turn;
    char text[LIM_KEY];
    snprintf (text, sizeof text, "key-%u", ++turn);
    return pt_str (pt_arena_copy (harness_arena (harness), text, strlen (text)));
}

static uint64_t s_ask_send (harness_t *harness, const char *channel, const char *message)
{
    pt_channel_send_t send = {.channel = pt_str (channel), .message = pt_str (message), .key = s_key (harness)};
    return harness_request (harness, PT_OP_chat_channel_send, &send);
}

static uint64_t s_ask_receive (harness_t *harness, const char *channel, uint64_t timeout_ms, pt_str_t key)
{
    pt_channel_receive_t receive = {.channel = pt_str (channel), .timeout_ms = timeout_ms, .key = key};
    return harness_request (harness, PT_OP_chat_channel_receive, &receive);
}

static void s_assert_received (harness_t *harness, uint64_t id, const char *message)
{
    const pt_channel_received_t *received = fixture_ok (harness, id)->msg;
    assert_int_equal (received->has_message, message != NULL);
    if (message)
        fixture_assert_str (received->message, message);
}

static void s_assert_holds (harness_t *harness, const char *channel, const char *message)
{
    s_assert_received (harness, s_ask_receive (harness, channel, 0, s_key (harness)), message);
}

static void s_change (harness_t *harness, uint16_t opcode, const char *group, const char *channel)
{
    pt_channel_group_change_t change = {.group = pt_str (group), .channel = pt_str (channel), .key = s_key (harness)};
    fixture_ok (harness, harness_request (harness, opcode, &change));
}

static uint64_t s_ask_group_send (harness_t *harness, const char *group, const char *message, pt_str_t key)
{
    pt_channel_group_send_t send = {.group = pt_str (group), .message = pt_str (message), .key = key};
    return harness_request (harness, PT_OP_chat_channel_group_send, &send);
}

/*  Carries one send of the group's home to the instance that has the channel, and the answer back. */
static void s_carry (harness_t *from, harness_t *to, const char *message)
{
    const harness_frame_t *call = harness_expect (from, PT_OP_chat_channel_send);
    const pt_channel_send_t *send = call->msg;
    fixture_assert_str (send->message, message);
    assert_int_equal (call->envelope.service, PT_SERVICE_chat);
    assert_int_equal (call->envelope.affinity, pt_affinity (send->channel));
    uint64_t id = harness_request (to, PT_OP_chat_channel_send, send);
    static const pt_empty_t done = {0};
    const harness_frame_t *reply = harness_reply (to, id);
    if (reply->envelope.status == 0)
        harness_answer (from, call, &done);
    else
        harness_refuse (from, call, reply->envelope.status, NULL);
}

/*  ---- channels ------------------------------------------------------------------- */

static void what_is_sent_is_received_in_order_and_once (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    fixture_ok (harness, s_ask_send (harness, "plain", "{\"type\":\"hello\"}"));
    fixture_ok (harness, s_ask_send (harness, "plain", "{\"type\":\"world\"}"));
    s_assert_holds (harness, "plain", "{\"type\":\"hello\"}");
    s_assert_holds (harness, "plain", "{\"type\":\"world\"}");
    s_assert_holds (harness, "plain", NULL);
}

/*  Other requests are answered while one waits; its message comes by a later one. */
static void a_receive_waits_and_holds_up_nobody (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    uint64_t waiting = s_ask_receive (harness, "patient", LIM_CHANNEL_WAIT_MS, s_key (harness));
    s_assert_holds (harness, "patient and empty", NULL);
    fixture_assert_silence (harness);
    fixture_ok (harness, s_ask_send (harness, "patient", "{\"n\":1}"));
    s_assert_received (harness, waiting, "{\"n\":1}");
}

static void a_receive_ends_at_its_time_with_nothing (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    uint64_t began_ms = sv_now_ms ();
    s_assert_received (harness, s_ask_receive (harness, "silent", 150, s_key (harness)), NULL);
    assert_in_range (sv_now_ms () - began_ms, 150, 5000);
}

static void a_receive_that_was_sent_twice_takes_one_message (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    pt_str_t key = s_key (harness);
    uint64_t first = s_ask_receive (harness, "twice", LIM_CHANNEL_WAIT_MS, key);
    uint64_t again = s_ask_receive (harness, "twice", LIM_CHANNEL_WAIT_MS, key);
    fixture_ok (harness, s_ask_send (harness, "twice", "{\"n\":1}"));
    fixture_ok (harness, s_ask_send (harness, "twice", "{\"n\":2}"));
    s_assert_received (harness, first, "{\"n\":1}");
    s_assert_received (harness, again, "{\"n\":1}");
    s_assert_received (harness, s_ask_receive (harness, "twice", 0, key), "{\"n\":1}");
    s_assert_holds (harness, "twice", "{\"n\":2}");
}

static void a_full_channel_refuses_a_direct_send (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    for (unsigned i = 0; i < CHAT_CHANNEL_MESSAGES; i++)
        fixture_ok (harness, s_ask_send (harness, "full", "{}"));
    fixture_refused (harness, s_ask_send (harness, "full", "{}"), PT_E_busy);
    fixture_ok (harness, s_ask_send (harness, "not full", "{}"));
}

static void a_receiver_too_many_is_busy (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    uint64_t ids[CHAT_CHANNEL_RECEIVERS];
    for (unsigned i = 0; i < CHAT_CHANNEL_RECEIVERS; i++)
        ids[i] = s_ask_receive (harness, "crowd", LIM_CHANNEL_WAIT_MS, s_key (harness));
    fixture_refused (harness, s_ask_receive (harness, "crowd", 100, s_key (harness)), PT_E_busy);
    for (unsigned i = 0; i < CHAT_CHANNEL_RECEIVERS; i++) {
        fixture_ok (harness, s_ask_send (harness, "crowd", "{}"));
        s_assert_received (harness, ids[i], "{}");
    }
}

static void what_breaks_the_schema_is_refused (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = PT_KIND_REQUEST,
                              .service = PT_SERVICE_chat,
                              .opcode = PT_OP_chat_channel_receive,
                              .correlation = 900001,
                              .deadline_ms = 5000};
    fixture_assert_fault (fixture_refused (harness, harness_request_raw (harness, &envelope, "\x80", 1), PT_E_invalid),
                          0, "channel", "missing");
}

/*  ---- groups ----------------------------------------------------------------------- */

static void a_group_reaches_channels_of_both_instances_once (void **state)
{
    pair_t *pair = *state;
    s_change (pair->home, PT_OP_chat_channel_group_add, "both", "here");
    s_change (pair->home, PT_OP_chat_channel_group_add, "both", "there");
    s_change (pair->home, PT_OP_chat_channel_group_add, "both", "there");
    uint64_t id = s_ask_group_send (pair->home, "both", "{\"n\":1}", s_key (pair->home));
    for (unsigned i = 0; i < 2; i++)
        s_carry (pair->home, pair->other, "{\"n\":1}");
    fixture_ok (pair->home, id);
    s_assert_holds (pair->other, "here", "{\"n\":1}");
    s_assert_holds (pair->other, "there", "{\"n\":1}");
    s_assert_holds (pair->other, "here", NULL);
    s_assert_holds (pair->other, "there", NULL);
    s_change (pair->home, PT_OP_chat_channel_group_discard, "both", "here");
    id = s_ask_group_send (pair->home, "both", "{\"n\":2}", s_key (pair->home));
    s_carry (pair->home, pair->other, "{\"n\":2}");
    fixture_ok (pair->home, id);
    s_assert_holds (pair->other, "there", "{\"n\":2}");
    s_assert_holds (pair->other, "here", NULL);
}

static void a_group_without_members_is_sent_to_as_well (void **state)
{
    harness_t *harness = ((pair_t *)*state)->home;
    fixture_ok (harness, s_ask_group_send (harness, "nobody", "{}", s_key (harness)));
}

static void a_full_channel_drops_what_its_group_sends (void **state)
{
    pair_t *pair = *state;
    s_change (pair->home, PT_OP_chat_channel_group_add, "spill", "brim");
    for (unsigned i = 0; i < CHAT_CHANNEL_MESSAGES; i++)
        fixture_ok (pair->other, s_ask_send (pair->other, "brim", "{}"));
    uint64_t id = s_ask_group_send (pair->home, "spill", "{\"n\":1}", s_key (pair->home));
    s_carry (pair->home, pair->other, "{\"n\":1}");
    fixture_ok (pair->home, id);
    assert_non_null (strstr (fixture_metrics (pair->home), "\nparley_chat_channel_dropped_total 1\n"));
    for (unsigned i = 0; i < CHAT_CHANNEL_MESSAGES; i++)
        s_assert_holds (pair->other, "brim", "{}");
    s_assert_holds (pair->other, "brim", NULL);
}

static void a_send_to_a_group_that_comes_twice_goes_out_once (void **state)
{
    pair_t *pair = *state;
    s_change (pair->home, PT_OP_chat_channel_group_add, "again", "once");
    pt_str_t key = s_key (pair->home);
    uint64_t first = s_ask_group_send (pair->home, "again", "{\"n\":1}", key);
    uint64_t again = s_ask_group_send (pair->home, "again", "{\"n\":1}", key);
    s_carry (pair->home, pair->other, "{\"n\":1}");
    fixture_ok (pair->home, first);
    fixture_ok (pair->home, again);
    fixture_ok (pair->home, s_ask_group_send (pair->home, "again", "{\"n\":1}", key));
    s_change (pair->home, PT_OP_chat_channel_group_add, "again", "later");
    fixture_ok (pair->home, s_ask_group_send (pair->home, "again", "{\"n\":1}", key));
    s_assert_holds (pair->other, "once", "{\"n\":1}");
    s_assert_holds (pair->other, "once", NULL);
    s_assert_holds (pair->other, "later", NULL);
}

static void too_many_sends_to_groups_at_a_time_are_busy (void **state)
{
    pair_t *pair = *state;
    s_change (pair->home, PT_OP_chat_channel_group_add, "slow", "sink");
    uint64_t ids[4];
    for (size_t i = 0; i < COUNT (ids); i++)
        ids[i] = s_ask_group_send (pair->home, "slow", "{}", s_key (pair->home));
    fixture_refused (pair->home, s_ask_group_send (pair->home, "slow", "{}", s_key (pair->home)), PT_E_busy);
    for (size_t i = 0; i < COUNT (ids); i++)
        s_carry (pair->home, pair->other, "{}");
    for (size_t i = 0; i < COUNT (ids); i++)
        fixture_ok (pair->home, ids[i]);
}

/*  ---- the end ------------------------------------------------------------------------ */

static void who_waits_is_told_when_the_daemon_drains (void **state)
{
    (void)state;
    harness_t *harness = fixture_new ();
    uint64_t id = s_ask_receive (harness, "a", LIM_CHANNEL_WAIT_MS, s_key (harness));
    s_assert_holds (harness, "b", NULL); /* the first was taken, too */
    assert_int_equal (kill (harness_pid (harness), SIGTERM), 0);
    fixture_refused (harness, id, PT_E_draining);
    harness_destroy (&harness);
}

/*  With little credit a waiting receive must not keep the others out. */
static void with_the_least_credit_nobody_waits (void **state)
{
    (void)state;
    static const char *const args[] = {"--credit", "1", NULL};
    harness_t *harness = harness_new ("parley-chat", PT_PEER_chat, args);
    assert_non_null (harness);
    harness_fake (harness, PT_OP_store_status, harness_fake_ready, NULL);
    fixture_refused (harness, s_ask_receive (harness, "a", 1000, s_key (harness)), PT_E_busy);
    s_assert_holds (harness, "a", NULL);
    harness_destroy (&harness);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_sent_is_received_in_order_and_once),
        cmocka_unit_test (a_receive_waits_and_holds_up_nobody),
        cmocka_unit_test (a_receive_ends_at_its_time_with_nothing),
        cmocka_unit_test (a_receive_that_was_sent_twice_takes_one_message),
        cmocka_unit_test (a_full_channel_refuses_a_direct_send),
        cmocka_unit_test (a_receiver_too_many_is_busy),
        cmocka_unit_test (what_breaks_the_schema_is_refused),
        cmocka_unit_test (a_group_reaches_channels_of_both_instances_once),
        cmocka_unit_test (a_group_without_members_is_sent_to_as_well),
        cmocka_unit_test (a_full_channel_drops_what_its_group_sends),
        cmocka_unit_test (a_send_to_a_group_that_comes_twice_goes_out_once),
        cmocka_unit_test (too_many_sends_to_groups_at_a_time_are_busy),
        cmocka_unit_test (who_waits_is_told_when_the_daemon_drains),
        cmocka_unit_test (with_the_least_credit_nobody_waits),
    };
    return cmocka_run_group_tests_name ("chat_layer", tests, s_set_up, s_tear_down);
}
