/*  gw_ws_test - sessions and rooms against a played chat: what subscribers see. */

#include "gw_ws_fake.h"

static void test_a_session_says_hello_and_wants_an_identity (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (0);
    fake_expect_like (client, "{\"ev\":\"hello\",\"version\":\"" SV_VERSION "\",\"instance\":\"00000000deadbeef\",");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\"}");
    fake_expect (client, "{\"re\":1,\"error\":{\"code\":\"unauthenticated\",\"detail\":\"Sign in first\"}}");
    gw_sessions_tick (fake.gw.sessions, sv_now_ms () + LIM_WS_AUTH_MS, sv_wall_us ());
    assert_int_equal (client->close_code, 4408);
    fake_close (&client);
}

static void test_an_identity_ends_with_a_warning_and_4401 (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    int64_t end = client->ws->identity.expires_us;
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), end - 30000000);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), end - 20000000);
    fake_expect (client, "{\"ev\":\"session\",\"what\":\"expiring\"}");
    fake_expect_none (client);
    assert_int_equal (client->close_code, 0);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), end);
    assert_int_equal (client->close_code, 4401);
    fake_close (&client);
}

static void test_faults_are_answered_and_when_repeated_close (void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{",
        "[]",
        "{\"op\":\"ping\"}",
        "{\"op\":\"ping\",\"id\":-1}",
        "{\"op\":\"ping\",\"id\":1.5}",
        "{\"op\":7,\"id\":1}",
        "{\"op\":\"ping\",\"op\":\"ping\",\"id\":1}",
        "{\"op\":\"ping\",\"id\":1,\"x\":\"\\u0000\"}",
        "{\"op\":\"ping\",\"id\":1,\"x\":\"\xff\"}",
        "{\"op\":\"ping\",\"id\":1,\"x\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
    };
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_ask (client, "%s", rows[i]);
        const char *text = fake_read (client);
        assert_non_null (strstr (text, "\"error\":{\"code\":\"malformed\""));
        assert_int_equal (client->close_code, 0);
    }
    fake_ask (client, "{\"op\":\"nonsense\",\"id\":5}");
    fake_expect_like (client, "{\"re\":5,\"error\":{\"code\":\"unknown_op\"");
    fake_ask (client, "nonsense");
    assert_int_equal (client->close_code, 4400);
    fake_expect_like (client, "{\"re\":null,\"error\":{\"code\":\"malformed\"");
    fake_close (&client);
}

static void test_too_many_frames_are_refused_then_4429 (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    unsigned refused = 0;
    for (int i = 0; i < LIM_WS_RATE_BURST + 60 && !client->close_code; i++)
        fake_ask (client, "{\"op\":\"ping\",\"id\":%d}", i);
    for (const char *text = fake_read (client); *text; text = fake_read (client))
        refused += strstr (text, "\"code\":\"too_many\"") != NULL;
    assert_int_equal (client->close_code, 4429);
    assert_in_range (refused, 10, 12);
    fake_close (&client);
}

static void test_subscribe_answers_before_items_and_delivers_each_seq_once (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":4,\"room\":\"7\"}");
    assert_int_equal (fake.topics, 1);
    fake_publish_seq (7, 11); /* committed while chat was being asked */
    fake_expect_none (client);
    fake_call_t call = fake_take (PT_OP_chat_membership);
    assert_int_equal (((const pt_room_ref_t *)call.msg)->account, 3);
    assert_int_equal (call.affinity, 7);
    pt_membership_t msg = {.room = 7, .account = 3, .role = PT_role_ADMIN, .seq = 10, .epoch = 1};
    fake_answer (call, &msg);
    fake_publish_seq (7, 11);
    fake_publish_seq (7, 11);
    fake_publish_seq (7, 12);
    fake_expect (client, "{\"re\":4,\"ok\":{\"head\":10,\"epoch\":1,\"recovered\":false,\"role\":\"admin\"}}");
    fake_expect (client,
                 "{\"ev\":\"message\",\"room\":\"7\",\"seq\":11,\"id\":\"1011\",\"kind\":\"message\",\"sender\":\"9\","
                 "\"send_id\":\"s\",\"body\":\"hi\",\"at\":\"1970-01-01T00:00:00.000011Z\"}");
    fake_expect_seq (client, 7, 12);
    fake_expect_none (client);

    fake_ask (client, "{\"op\":\"unsubscribe\",\"id\":5,\"room\":7}");
    fake_publish_seq (7, 13);
    fake_expect (client, "{\"re\":5,\"ok\":{}}");
    fake_expect_none (client);
    gw_rooms_tick (fake.gw.rooms, sv_now_ms () + GW_ROOM_LINGER_MS + 1);
    assert_int_equal (fake.topics, 0);
    fake_close (&client);
}

static void test_the_items_of_one_turn_are_one_write (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    unsigned writes = client->writes;
    for (uint64_t seq = 11; seq <= 18; seq++)
        fake_publish_seq (7, seq);
    for (uint64_t seq = 11; seq <= 18; seq++)
        fake_expect_seq (client, 7, seq);
    assert_int_equal (client->writes, writes + 1);
    fake_close (&client);
}

static void test_who_is_no_member_is_refused (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\"}");
    fake_answer_membership (7, 3, 10, PT_role_none);
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"not_member\"");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":2,\"room\":\"8\"}");
    fake_refuse (fake_take (PT_OP_chat_membership), -PT_E_not_found);
    fake_expect_like (client, "{\"re\":2,\"error\":{\"code\":\"not_found\"");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":3,\"room\":\"x\"}");
    fake_expect_like (client, "{\"re\":3,\"error\":{\"code\":\"invalid\"");
    assert_int_equal (client->ws->subs.count, 0);
    fake_close (&client);
}

/*  A kick that is published before the answer of before the kick arrives. */
static void test_a_kick_overtaking_the_answer_still_counts (void **state)
{
    (void)state;
    fake_conn_t *other = fake_connect (4);
    fake_conn_t *client = fake_connect (3);
    fake_read (other);
    fake_read (client);
    fake_subscribe (other, 7, 4, 10);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\"}");
    pt_item_t kick = fake_member (7, 11, 3, PT_change_KICKED, PT_role_none);
    fake_publish (7, 1, &kick, 1);
    fake_answer_membership (7, 3, 10, PT_role_MEMBER);
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"not_member\"");
    fake_publish_seq (7, 12);
    fake_expect_none (client);
    fake_close (&client);
    fake_close (&other);
}

static void test_a_kick_is_the_last_event_of_the_account_alone (void **state)
{
    (void)state;
    fake_conn_t *other = fake_connect (4);
    fake_conn_t *client = fake_connect (3);
    fake_read (other);
    fake_read (client);
    fake_subscribe (other, 7, 4, 10);
    fake_subscribe (client, 7, 3, 10);
    pt_item_t items[3] = {fake_item (7, 11), fake_member (7, 12, 3, PT_change_KICKED, PT_role_none), fake_item (7, 13)};
    fake_publish (7, 1, items, 3);
    fake_expect_seq (client, 7, 11);
    fake_expect (client,
                 "{\"ev\":\"member\",\"room\":\"7\",\"seq\":12,\"id\":\"1012\",\"kind\":\"member\",\"account\":\"3\","
                 "\"what\":\"kicked\",\"at\":\"1970-01-01T00:00:00.000012Z\"}");
    fake_expect_none (client);
    assert_int_equal (client->ws->subs.count, 0);
    assert_int_equal (client->close_code, 0);
    fake_expect_seq (other, 7, 11);
    fake_expect_like (other, "{\"ev\":\"member\"");
    fake_expect_seq (other, 7, 13);

    /*  Let in again, it may subscribe again. */
    pt_item_t join = fake_member (7, 14, 3, PT_change_JOINED, PT_role_MEMBER);
    fake_publish (7, 1, &join, 1);
    fake_expect_none (client);
    fake_subscribe (client, 7, 3, 14);
    fake_publish_seq (7, 15);
    fake_expect_seq (client, 7, 15);
    fake_close (&client);
    fake_close (&other);
}

static void test_resume_fetches_pages_and_joins_the_live_stream_without_a_hole (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\",\"since\":100}");
    fake_answer_membership (7, 3, 300, PT_role_MEMBER);
    fake_publish_seq (7, 301);
    fake_expect (client, "{\"re\":1,\"ok\":{\"head\":300,\"epoch\":1,\"recovered\":true,\"role\":\"member\"}}");
    fake_expect_none (client);
    fake_call_t call = fake_take (PT_OP_chat_range);
    assert_int_equal (((const pt_range_query_t *)call.msg)->after, 100);
    fake_answer_page (call, 7, 101, 200, 301);
    fake_publish_seq (7, 302);
    for (uint64_t seq = 101; seq <= 200; seq++)
        fake_expect_seq (client, 7, seq);
    fake_expect_none (client);
    call = fake_take (PT_OP_chat_range);
    assert_int_equal (((const pt_range_query_t *)call.msg)->after, 200);
    fake_answer_page (call, 7, 201, 301, 302); /* beyond the ring's first */
    fake_publish_seq (7, 303);
    for (uint64_t seq = 201; seq <= 303; seq++)
        fake_expect_seq (client, 7, seq);
    fake_expect_none (client);
    assert_int_equal (fake_open (PT_OP_chat_range), 0);
    fake_close (&client);
}

static void test_those_who_resume_together_share_one_question (void **state)
{
    (void)state;
    fake_conn_t *clients[20];
    for (int i = 0; i < 20; i++) {
        clients[i] = fake_connect (3);
        fake_read (clients[i]);
        fake_ask (clients[i], "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\",\"since\":%d}", 100 + i);
        fake_answer_membership (7, 3, 150, PT_role_MEMBER);
        fake_expect_like (clients[i], "{\"re\":1,\"ok\":{\"head\":150,\"epoch\":1,\"recovered\":true");
    }
    assert_int_equal (fake_open (PT_OP_chat_range), 1);
    fake_answer_page (fake_take (PT_OP_chat_range), 7, 101, 150, 150);
    assert_int_equal (fake_open (PT_OP_chat_range), 0);
    fake_publish_seq (7, 151);
    for (int i = 0; i < 20; i++) {
        for (uint64_t seq = 101 + (uint64_t)i; seq <= 151; seq++)
            fake_expect_seq (clients[i], 7, seq);
        fake_expect_none (clients[i]);
        fake_close (&clients[i]);
    }
}

static void test_resume_within_the_recent_past_asks_nobody (void **state)
{
    (void)state;
    fake_conn_t *other = fake_connect (4);
    fake_conn_t *client = fake_connect (3);
    fake_read (other);
    fake_read (client);
    fake_subscribe (other, 7, 4, 10);
    for (uint64_t seq = 11; seq <= 20; seq++)
        fake_publish_seq (7, seq);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\",\"since\":14}");
    fake_answer_membership (7, 3, 20, PT_role_MEMBER);
    fake_expect_like (client, "{\"re\":1,\"ok\":");
    for (uint64_t seq = 15; seq <= 20; seq++)
        fake_expect_seq (client, 7, seq);
    fake_expect_none (client);
    assert_int_equal (fake_open (PT_OP_chat_range), 0);
    fake_close (&client);
    fake_close (&other);
}

static void test_a_since_that_cannot_be_continued_is_said (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\",\"since\":5}");
    pt_membership_t msg = {.room = 7, .account = 3, .role = PT_role_MEMBER, .seq = 10, .epoch = 1, .floor = 6};
    fake_answer (fake_take (PT_OP_chat_membership), &msg);
    fake_expect (client,
                 "{\"re\":1,\"ok\":{\"head\":10,\"epoch\":1,\"recovered\":false,\"floor\":6,\"role\":\"member\"}}");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":2,\"room\":\"7\",\"since\":\"11\"}");
    fake_answer (fake_take (PT_OP_chat_membership), &msg);
    fake_expect (client, "{\"re\":2,\"ok\":{\"head\":10,\"epoch\":1,\"recovered\":false,\"role\":\"member\"}}");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":3,\"room\":\"7\",\"since\":10}");
    fake_answer (fake_take (PT_OP_chat_membership), &msg);
    fake_expect_like (client, "{\"re\":3,\"ok\":{\"head\":10,\"epoch\":1,\"recovered\":true");
    fake_close (&client);
}

static void test_a_failed_page_is_asked_for_again (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"7\",\"since\":5}");
    fake_answer_membership (7, 3, 10, PT_role_MEMBER);
    fake_expect_like (client, "{\"re\":1,\"ok\":");
    fake_refuse (fake_take (PT_OP_chat_range), -PT_E_unavailable);
    assert_int_equal (fake_open (PT_OP_chat_range), 0);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 400);
    fake_answer_page (fake_take (PT_OP_chat_range), 7, 6, 10, 10);
    for (uint64_t seq = 6; seq <= 10; seq++)
        fake_expect_seq (client, 7, seq);
    fake_close (&client);
}

static void test_a_lost_event_is_found_by_its_head_and_repaired (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 25); /* a new subscription asks for its head */
    fake_call_t call = fake_take (PT_OP_chat_heads);
    const pt_head_query_t *query = call.msg;
    assert_int_equal (query->rooms.count, 1);
    assert_int_equal (query->rooms.at[0], 7);
    pt_head_t head = {.room = 7, .seq = 12, .epoch = 1};
    pt_heads_t heads = {.heads = {&head, 1}};
    fake_answer (call, &heads);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 100);
    call = fake_take (PT_OP_chat_range);
    assert_int_equal (((const pt_range_query_t *)call.msg)->after, 10);
    assert_int_equal (((const pt_range_query_t *)call.msg)->limit, 2);
    fake_publish_seq (7, 13);
    fake_expect_none (client);
    fake_answer_page (call, 7, 11, 12, 13);
    for (uint64_t seq = 11; seq <= 13; seq++)
        fake_expect_seq (client, 7, seq);

    /*  Later the tick asks, and so does a change of brokers. */
    gw_rooms_tick (fake.gw.rooms, sv_now_ms () + 2500);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 2600);
    fake_refuse (fake_take (PT_OP_chat_heads), -PT_E_deadline);
    fake.on_change (fake.on_change_ctx, 2);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 5000);
    head.seq = 13;
    fake_answer (fake_take (PT_OP_chat_heads), &heads);
    fake_close (&client);
}

static void test_a_room_that_is_gone_and_a_new_epoch_end_the_subscription (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    fake_subscribe (client, 8, 3, 10);
    pt_item_t item = fake_item (7, 3);
    fake_publish (7, 2, &item, 1);
    fake_expect (client, "{\"ev\":\"reset\",\"room\":\"7\",\"epoch\":2}");
    pt_head_t head = {.room = 8};
    sv_event_t event = {.opcode = PT_EV_room_gone, .msg = &head, .generation = 5};
    fake_hear ('r', &event);
    fake_expect (client, "{\"ev\":\"gone\",\"room\":\"8\"}");
    fake_publish_seq (8, 11);
    fake_expect_none (client);
    assert_int_equal (client->ws->subs.count, 0);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"8\"}");
    fake_answer_membership (8, 3, 10, PT_role_MEMBER);
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"gone\"");

    /*  An answer of the old epoch is not taken, one of the new is. */
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":2,\"room\":\"7\"}");
    fake_answer_membership (7, 3, 10, PT_role_MEMBER);
    fake_expect_like (client, "{\"re\":2,\"error\":{\"code\":\"unavailable\"");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":3,\"room\":\"7\"}");
    pt_membership_t msg = {.room = 7, .account = 3, .role = PT_role_MEMBER, .seq = 3, .epoch = 2};
    fake_answer (fake_take (PT_OP_chat_membership), &msg);
    fake_expect_like (client, "{\"re\":3,\"ok\":{\"head\":3,\"epoch\":2,");
    fake_close (&client);
}

/*  ---- lag ------------------------------------------------------------------------- */

static void s_publish_big (uint64_t room, uint64_t seq)
{
    static char body[8000];
    memset (body, 'x', sizeof body);
    pt_item_t item = fake_item (room, seq);
    item.body = (pt_str_t){body, sizeof body};
    fake_publish (room, 1, &item, 1);
}

static void test_a_slow_reader_lags_pulls_and_goes_on_without_a_hole (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    client->is_blocked = true;
    for (uint64_t seq = 11; seq <= 110; seq++) {
        s_publish_big (7, seq);
        fake_turn (client);
    }
    client->is_blocked = false;
    fake_expect (client, "{\"ev\":\"lag\",\"room\":\"7\",\"head\":110}");
    fake_publish_seq (7, 111);
    fake_expect_none (client);

    /*  Half way the client still lags; from the told head on it is live. */
    fake_ask (client, "{\"op\":\"history\",\"id\":6,\"room\":\"7\",\"after\":10,\"limit\":50}");
    fake_call_t call = fake_take (PT_OP_chat_history);
    assert_int_equal (((const pt_history_query_t *)call.msg)->account, 3);
    fake_answer_page (call, 7, 11, 60, 111);
    fake_expect_like (client,
                      "{\"re\":6,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":11,\"id\":\"1011\",\"kind\":\"message\"");
    fake_expect_none (client);
    fake_ask (client, "{\"op\":\"history\",\"id\":7,\"room\":\"7\",\"after\":60,\"limit\":50}");
    fake_publish_seq (7, 112);
    fake_answer_page (fake_take (PT_OP_chat_history), 7, 61, 110, 112);
    fake_publish_seq (7, 113);
    fake_expect_like (client, "{\"re\":7,\"ok\":{\"items\":[{\"room\":\"7\",\"seq\":61,");
    for (uint64_t seq = 111; seq <= 113; seq++)
        fake_expect_seq (client, 7, seq);
    fake_expect_none (client);
    fake_close (&client);
}

static void test_a_lagging_client_may_also_subscribe_again (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    client->is_blocked = true;
    for (uint64_t seq = 11; seq <= 110; seq++)
        s_publish_big (7, seq);
    fake_turn (client);
    client->is_blocked = false;
    fake_expect_like (client, "{\"ev\":\"lag\"");
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":2,\"room\":\"7\",\"since\":10}");
    fake_answer_membership (7, 3, 110, PT_role_MEMBER);
    fake_expect_like (client, "{\"re\":2,\"ok\":{\"head\":110,\"epoch\":1,\"recovered\":true");
    fake_expect_none (client);
    fake_answer_page (fake_take (PT_OP_chat_range), 7, 11, 100, 110);
    for (uint64_t seq = 11; seq <= 110; seq++)
        fake_expect_seq (client, 7, seq);
    fake_expect_none (client);
    fake_close (&client);
}

static void test_a_lagging_account_that_is_kicked_hears_of_it (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    client->is_blocked = true;
    for (uint64_t seq = 11; seq <= 110; seq++)
        s_publish_big (7, seq);
    fake_turn (client);
    client->is_blocked = false;
    fake_expect_like (client, "{\"ev\":\"lag\"");
    pt_item_t kick = fake_member (7, 111, 3, PT_change_KICKED, PT_role_none);
    fake_publish (7, 1, &kick, 1);
    fake_publish_seq (7, 112);
    fake_expect_like (client, "{\"ev\":\"member\",\"room\":\"7\",\"seq\":111,");
    fake_expect_none (client);
    assert_int_equal (client->ws->subs.count, 0);
    fake_close (&client);
}

static void test_a_slow_reader_costs_no_other_and_is_closed_when_stuck (void **state)
{
    (void)state;
    fake_conn_t *slow = fake_connect (3);
    fake_conn_t *quick = fake_connect (4);
    fake_read (slow);
    fake_read (quick);
    fake_subscribe (slow, 7, 3, 10);
    fake_subscribe (quick, 7, 4, 10);
    slow->is_blocked = true;
    for (uint64_t seq = 11; seq <= 1010; seq++) {
        s_publish_big (7, seq);
        fake_turn (slow);
        fake_expect_seq (quick, 7, seq);
    }
    gw_sessions_tick (fake.gw.sessions, sv_now_ms () + LIM_WS_STUCK_MS + 1000, sv_wall_us ());
    assert_int_equal (slow->close_code, 1013);
    assert_int_equal (quick->close_code, 0);
    fake_close (&slow);
    fake_close (&quick);
}

/*  ---- history, read, the end of a connection -------------------------------------------- */

static void test_long_history_is_cut_and_questions_take_turns (void **state)
{
    (void)state;
    static char body[LIM_BODY];
    memset (body, '"', sizeof body);
    pt_item_t items[20];
    for (uint32_t i = 0; i < 20; i++) {
        items[i] = fake_item (7, 50 + i);
        items[i].body = (pt_str_t){body, sizeof body};
    }
    pt_history_page_t page = {.items = {items, 20}, .head = 69, .epoch = 1};
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"history\",\"id\":1,\"room\":\"7\",\"before\":70}");
    fake_ask (client, "{\"op\":\"history\",\"id\":2,\"room\":\"7\",\"around\":60,\"limit\":20}");
    fake_ask (client, "{\"op\":\"history\",\"id\":3,\"room\":\"7\",\"after\":1,\"before\":2}");
    fake_ask (client, "{\"op\":\"history\",\"id\":4,\"room\":\"7\",\"limit\":2000}");
    fake_expect_like (client, "{\"re\":3,\"error\":{\"code\":\"invalid\"");
    fake_expect_like (client, "{\"re\":4,\"error\":{\"code\":\"invalid\",\"detail\":\"limit: ");
    assert_int_equal (fake_open (PT_OP_chat_history), 1);
    fake_answer (fake_take (PT_OP_chat_history), &page);
    assert_int_equal (fake_open (PT_OP_chat_history), 0); /* what it has must be taken first */
    const char *text = fake_read (client);
    assert_non_null (strstr (text, "\"seq\":69,"));
    assert_null (strstr (text, "\"seq\":64,"));
    assert_non_null (strstr (text, "\"more\":true"));
    assert_true (strlen (text) <= GW_WS_HISTORY_BYTES + 1000);
    fake_answer (fake_take (PT_OP_chat_history), &page);
    text = fake_read (client);
    assert_non_null (strstr (text, "\"seq\":60,"));
    assert_non_null (strstr (text, "\"seq\":59,"));
    assert_null (strstr (text, "\"seq\":50,"));
    assert_null (strstr (text, "\"seq\":69,"));
    fake_close (&client);
}

static void test_read_and_ping_are_answered (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_ask (client, "{\"op\":\"read\",\"id\":1,\"room\":\"7\",\"seq\":5}");
    fake_call_t call = fake_take (PT_OP_chat_read);
    assert_int_equal (((const pt_read_set_t *)call.msg)->seq, 5);
    fake_answer (call, &(pt_empty_t){0});
    fake_expect (client, "{\"re\":1,\"ok\":{}}");
    fake_ask (client, "{\"op\":\"ping\",\"id\":2}");
    fake_expect_like (client, "{\"re\":2,\"ok\":{\"time\":\"20");
    fake_close (&client);
}

static void test_a_connection_may_vanish_at_any_time (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (3);
    fake_read (client);
    fake_subscribe (client, 7, 3, 10);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":2,\"room\":\"8\",\"since\":1}");
    fake_answer_membership (8, 3, 10, PT_role_MEMBER);
    fake_turn (client);
    fake_ask (client, "{\"op\":\"subscribe\",\"id\":3,\"room\":\"9\"}");
    fake_ask (client, "{\"op\":\"history\",\"id\":4,\"room\":\"7\"}");
    fake_ask (client, "{\"op\":\"history\",\"id\":5,\"room\":\"7\"}");
    fake_ask (client, "{\"op\":\"send\",\"id\":6,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"b\"}");
    fake_ask (client, "{\"op\":\"send\",\"id\":7,\"room\":\"7\",\"send_id\":\"b\",\"body\":\"b\"}");
    fake_publish_seq (7, 11);
    assert_true (fake.call_count >= 4);
    fake_close (&client);
    assert_int_equal (fake_open (PT_OP_chat_membership), 0);
    assert_int_equal (fake_open (PT_OP_chat_history), 0);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    fake_publish_seq (7, 12);
    gw_rooms_due (fake.gw.rooms, sv_now_ms () + 10000);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (test_a_session_says_hello_and_wants_an_identity),
        S_TEST (test_an_identity_ends_with_a_warning_and_4401),
        S_TEST (test_faults_are_answered_and_when_repeated_close),
        S_TEST (test_too_many_frames_are_refused_then_4429),
        S_TEST (test_subscribe_answers_before_items_and_delivers_each_seq_once),
        S_TEST (test_the_items_of_one_turn_are_one_write),
        S_TEST (test_who_is_no_member_is_refused),
        S_TEST (test_a_kick_overtaking_the_answer_still_counts),
        S_TEST (test_a_kick_is_the_last_event_of_the_account_alone),
        S_TEST (test_resume_fetches_pages_and_joins_the_live_stream_without_a_hole),
        S_TEST (test_those_who_resume_together_share_one_question),
        S_TEST (test_resume_within_the_recent_past_asks_nobody),
        S_TEST (test_a_since_that_cannot_be_continued_is_said),
        S_TEST (test_a_failed_page_is_asked_for_again),
        S_TEST (test_a_lost_event_is_found_by_its_head_and_repaired),
        S_TEST (test_a_room_that_is_gone_and_a_new_epoch_end_the_subscription),
        S_TEST (test_a_slow_reader_lags_pulls_and_goes_on_without_a_hole),
        S_TEST (test_a_lagging_client_may_also_subscribe_again),
        S_TEST (test_a_lagging_account_that_is_kicked_hears_of_it),
        S_TEST (test_a_slow_reader_costs_no_other_and_is_closed_when_stuck),
        S_TEST (test_long_history_is_cut_and_questions_take_turns),
        S_TEST (test_read_and_ping_are_answered),
        S_TEST (test_a_connection_may_vanish_at_any_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
