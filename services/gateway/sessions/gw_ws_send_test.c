/*  gw_ws_send_test - sending from a session: batches, answers, honest errors. */

#include "gw_ws_fake.h"

static void s_ask_send (fake_conn_t *client, int id, int room, const char *send_id)
{
    fake_ask (client, "{\"op\":\"send\",\"id\":%d,\"room\":\"%d\",\"send_id\":\"%s\",\"body\":\"hi\"}", id, room,
              send_id);
}

static fake_call_t s_take (uint64_t room, uint32_t count)
{
    fake_call_t call = fake_take (PT_OP_chat_send);
    const pt_send_t *msg = call.msg;
    assert_int_equal (call.affinity, room);
    assert_int_equal (msg->room, room);
    assert_int_equal (msg->account, 3);
    assert_int_equal (msg->sends.count, count);
    return call;
}

static void s_answer (fake_call_t call, uint64_t seq)
{
    const pt_send_t *msg = call.msg;
    pt_send_result_t results[LIM_SENDS] = {{0}};
    for (uint32_t i = 0; i < msg->sends.count; i++)
        results[i] = (pt_send_result_t){.seq = seq + i, .id = 1000 + seq + i, .at = 0};
    pt_send_results_t reply = {.results = {results, msg->sends.count}};
    fake_answer (call, &reply);
}

static void test_one_append_is_under_way_and_the_rest_goes_as_one_array (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    s_ask_send (client, 1, 7, "a");
    s_ask_send (client, 2, 7, "b");
    s_ask_send (client, 3, 8, "c");
    s_ask_send (client, 4, 7, "d");
    assert_int_equal (fake_open (PT_OP_chat_send), 2);
    s_answer (s_take (7, 1), 10);
    fake_expect (client, "{\"re\":1,\"ok\":{\"seq\":10,\"id\":\"1010\",\"at\":\"1970-01-01T00:00:00.000000Z\","
                         "\"duplicate\":false}}");
    s_answer (s_take (8, 1), 5);
    fake_expect_like (client, "{\"re\":3,\"ok\":{\"seq\":5,");
    fake_call_t call = s_take (7, 2);
    assert_memory_equal (((const pt_send_t *)call.msg)->sends.at[0].send_id.at, "b", 1);
    assert_memory_equal (((const pt_send_t *)call.msg)->sends.at[1].send_id.at, "d", 1);
    s_answer (call, 11);
    fake_expect_like (client, "{\"re\":2,\"ok\":{\"seq\":11,");
    fake_expect_like (client, "{\"re\":4,\"ok\":{\"seq\":12,");
    assert_int_equal (client->ws->pending, 0);
    assert_int_equal (client->ws->send_bytes, 0);
    assert_null (fake.gw.sessions->lanes);
    fake_close (&client);
}

static void test_a_burst_of_one_turn_is_one_array (void **state)
{
    (void)state;
    static const char *const frames[] = {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"x\"}",
                                         "{\"op\":\"send\",\"id\":2,\"room\":\"7\",\"send_id\":\"b\",\"body\":\"y\"}"};
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    gw_ws_message (client->ws, frames[0], strlen (frames[0]), false);
    gw_ws_message (client->ws, frames[1], strlen (frames[1]), false);
    s_answer (s_take (7, 2), 10);
    fake_expect_like (client, "{\"re\":1,\"ok\":{\"seq\":10,");
    fake_expect_like (client, "{\"re\":2,\"ok\":{\"seq\":11,");
    fake_close (&client);
}

static void test_a_sender_that_leaves_within_the_turn_sends_nothing (void **state)
{
    (void)state;
    static const char frame[] = "{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"x\"}";
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    gw_ws_message (client->ws, frame, strlen (frame), false);
    fake_close (&client);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
}

static void test_an_open_outcome_is_reported_and_nothing_overtakes_it (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    s_ask_send (client, 1, 7, "a");
    s_ask_send (client, 2, 7, "b");
    fake_refuse (s_take (7, 1), -PT_E_worker_lost);
    fake_expect (client,
                 "{\"re\":1,\"error\":{\"code\":\"worker_lost\",\"detail\":\"the outcome is unknown: send again with "
                 "the same send_id\"}}");
    fake_expect_none (client);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    s_ask_send (client, 3, 7, "c");
    s_ask_send (client, 4, 7, "a"); /* sent again: attached, not queued behind c */
    gw_sessions_lane_tick (fake.gw.sessions, sv_now_ms () + GW_SENDQ_RETRY_MS + 1);
    fake_call_t call = s_take (7, 3);
    assert_memory_equal (((const pt_send_t *)call.msg)->sends.at[0].send_id.at, "a", 1);
    s_answer (call, 10);
    fake_expect_like (client, "{\"re\":4,\"ok\":{\"seq\":10,");
    fake_expect_like (client, "{\"re\":2,\"ok\":{\"seq\":11,");
    fake_expect_like (client, "{\"re\":3,\"ok\":{\"seq\":12,");
    assert_int_equal (client->ws->pending, 0);
    fake_close (&client);
}

static void test_a_send_is_answered_by_its_deadline_even_when_chat_is_silent (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    s_ask_send (client, 1, 7, "a");
    s_ask_send (client, 2, 7, "b");
    gw_sessions_lane_tick (fake.gw.sessions, sv_now_ms () + GW_WS_CALL_MS + 1);
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"deadline\"");
    fake_expect_like (client, "{\"re\":2,\"error\":{\"code\":\"deadline\"");
    s_answer (s_take (7, 1), 10);
    s_answer (s_take (7, 1), 11);
    fake_expect_none (client);
    fake_close (&client);
}

static void test_a_full_bus_is_reported_and_tried_again (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake.is_bus_full = true;
    s_ask_send (client, 1, 7, "a");
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"busy\"");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":2,\"room\":\"7\"}");
    fake_expect_like (client, "{\"re\":2,\"error\":{\"code\":\"busy\"");
    fake_ask (client, "{\"op\":\"history\",\"id\":3,\"room\":\"7\"}");
    fake_expect_like (client, "{\"re\":3,\"error\":{\"code\":\"busy\"");
    assert_int_equal (client->ws->subs.count, 0);
    fake.is_bus_full = false;
    gw_sessions_lane_tick (fake.gw.sessions, sv_now_ms () + 1000);
    s_answer (s_take (7, 1), 10);
    fake_close (&client);
}

static void test_refusals_are_per_send (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    s_ask_send (client, 1, 7, "a");
    s_ask_send (client, 2, 7, "b");
    s_ask_send (client, 3, 7, "c");
    fake_refuse (s_take (7, 1), -PT_E_not_member);
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"not_member\"");
    pt_send_result_t results[2] = {{.status = PT_E_conflict}, {.seq = 4, .id = 5, .duplicate = true}};
    pt_send_results_t reply = {.results = {results, 2}};
    fake_answer (s_take (7, 2), &reply);
    fake_expect_like (client, "{\"re\":2,\"error\":{\"code\":\"conflict\"");
    fake_expect_like (client, "{\"re\":3,\"ok\":{\"seq\":4,\"id\":\"5\"");
    fake_close (&client);
}

static void test_fields_are_checked_before_anything_is_asked (void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"op\":\"send\",\"id\":1,\"send_id\":\"a\",\"body\":\"b\"}", "room"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"0\",\"send_id\":\"a\",\"body\":\"b\"}", "room"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"body\":\"b\"}", "send_id"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"\",\"body\":\"b\"}", "send_id"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":7}", "body"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"\"}", "body"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"b\",\"reply_to\":0}", "reply_to"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"b\",\"attachments\":\"5\"}",
         "attachments"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"b\",\"attachments\":[\"x\"]}",
         "attachments"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"b\","
         "\"attachments\":[1,2,3,4,5,6,7,8,9,10,11]}",
         "attachments"},
        {"{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"b\",\"reply_to\":\"x\"}", "reply_to"},
    };
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_ask (client, "%s", rows[i][0]);
        char text[100];
        snprintf (text, sizeof text, "{\"re\":1,\"error\":{\"code\":\"invalid\",\"detail\":\"%s: ", rows[i][1]);
        fake_expect_like (client, text);
    }
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    fake_close (&client);
}

static void test_a_send_takes_its_attachments_with_it (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "%s",
              "{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"\","
              "\"attachments\":[\"9223372036854775807\",5]}");
    fake_call_t call = s_take (7, 1);
    const pt_send_entry_t *entry = &((const pt_send_t *)call.msg)->sends.at[0];
    assert_true (entry->body.len == 0 && entry->attachments.count == 2);
    assert_true (entry->attachments.at[0] == LIM_ID && entry->attachments.at[1] == 5);
    s_answer (call, 10);
    fake_expect_like (client, "{\"re\":1,\"ok\":{\"seq\":10,");
    fake_close (&client);
}

static void test_the_sockets_of_an_account_hear_how_far_its_transfers_are (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3), *other = fake_connect (4);
    fake_read (client);
    fake_read (other);
    const pt_drive_progress_t progress = {.account = 3,
                                          .transfer = 9,
                                          .direction = PT_LIT ("up"),
                                          .state = PT_LIT ("running"),
                                          .acked = 5,
                                          .total = 10,
                                          .has_total = true};
    gw_sessions_progress (fake.gw.sessions, &progress);
    fake_expect (client, "{\"ev\":\"drive.progress\",\"transfer\":\"9\",\"direction\":\"up\",\"state\":\"running\","
                         "\"acked\":5,\"total\":10}");
    assert_string_equal (fake_read (other), "");
    fake_close (&client);
    fake_close (&other);
}

static void test_what_waits_is_bounded (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    for (int i = 0; i < LIM_WS_PENDING + 1; i++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", i);
        client->ws->rate = (sv_rate_t){0};
        s_ask_send (client, i, 7, key);
    }
    char text[80];
    snprintf (text, sizeof text, "{\"re\":%d,\"error\":{\"code\":\"too_many\"", LIM_WS_PENDING);
    fake_expect_like (client, text);
    fake_expect_none (client);
    fake_refuse (s_take (7, 1), -PT_E_deadline);
    fake_expect_like (client, "{\"re\":0,\"error\":{\"code\":\"deadline\"");
    s_ask_send (client, 999, 7, "k0"); /* sent again: it has its place */
    fake_expect_none (client);
    gw_sessions_lane_tick (fake.gw.sessions, sv_now_ms () + 1000);
    s_answer (s_take (7, LIM_SENDS), 1);
    fake_expect_like (client, "{\"re\":999,\"ok\":{\"seq\":1,");
    fake_close (&client);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (test_one_append_is_under_way_and_the_rest_goes_as_one_array),
        S_TEST (test_a_burst_of_one_turn_is_one_array),
        S_TEST (test_a_sender_that_leaves_within_the_turn_sends_nothing),
        S_TEST (test_an_open_outcome_is_reported_and_nothing_overtakes_it),
        S_TEST (test_a_send_is_answered_by_its_deadline_even_when_chat_is_silent),
        S_TEST (test_a_full_bus_is_reported_and_tried_again),
        S_TEST (test_refusals_are_per_send),
        S_TEST (test_fields_are_checked_before_anything_is_asked),
        S_TEST (test_a_send_takes_its_attachments_with_it),
        S_TEST (test_the_sockets_of_an_account_hear_how_far_its_transfers_are),
        S_TEST (test_what_waits_is_bounded),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
