/*  gw_seat_test - sessions that speak a dialect, against a played chat: what they are told, that they
    are told all of it once, and how they end.  The voice is that of members' rooms. */

#include "gw_voices.h"
#include "gw_ws_fake.h"

enum { ROOM = 7, ANN = 5, HEAD = 10 };

static fake_conn_t *s_sit (uint64_t account)
{
    fake_conn_t *self = fake_open_session (account, true);
    const gw_place_t place = {.voice = &gw_voice_member, .address = "team_00000", .room = ROOM, .head = HEAD};
    gw_seat_take (self->ws, &place);
    return self;
}

static fake_conn_t *s_sit_joined (uint64_t account)
{
    fake_conn_t *self = s_sit (account);
    fake_answer_membership (ROOM, account, HEAD, PT_role_MEMBER);
    fake_expect_none (self);
    return self;
}

static pt_item_t s_item (uint64_t seq, uint64_t sender)
{
    pt_item_t item = fake_item (ROOM, seq);
    item.sender = sender;
    return item;
}

static void s_publish (uint64_t seq, uint64_t sender)
{
    pt_item_t item = s_item (seq, sender);
    fake_publish (ROOM, 1, &item, 1);
}

/*  The page that is asked for, of items by that sender. */
static void s_answer_page (uint64_t after, uint64_t last, uint64_t sender)
{
    fake_call_t call = fake_take (PT_OP_chat_range);
    const pt_range_query_t *query = call.msg;
    assert_int_equal (query->after, after);
    assert_true (query->has_senders && query->senders);
    pt_item_t items[LIM_RANGE];
    uint32_t count = 0;
    for (uint64_t seq = after + 1; seq <= last; seq++)
        items[count++] = s_item (seq, sender);
    const pt_person_t person = {.id = sender, .email = PT_LIT ("a@x.io"), .has_email = true};
    pt_history_page_t page = {
        .items = {items, count}, .head = last, .epoch = 1, .senders = {&person, 1}, .has_senders = true};
    fake_answer (call, &page);
}

static void s_expect_item (fake_conn_t *client, uint64_t seq)
{
    char text[160];
    snprintf (text, sizeof text,
              "{\"message\":\"hi\",\"sender\":\"a@x.io\",\"timestamp\":\"1970-01-01 00:00:00.%06d+00:00\"}", (int)seq);
    fake_expect (client, text);
}

static void test_nothing_is_told_but_what_is_said (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), client->ws->identity.expires_us - 30000000);
    gw_ws_drain (client->ws, 100);
    pt_item_t item = fake_member (ROOM, HEAD + 1, 99, PT_change_JOINED, PT_role_MEMBER);
    fake_publish (ROOM, 1, &item, 1);
    fake_expect_none (client);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), client->ws->identity.expires_us);
    assert_int_equal (client->close_code, 4401);
    fake_close (&client);
}

static void test_an_item_of_somebody_unknown_comes_with_a_page_and_the_next_at_once (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN);
    s_publish (HEAD + 1, 20);
    fake_expect_none (client);
    s_answer_page (HEAD, HEAD + 1, 20);
    s_expect_item (client, HEAD + 1);
    for (uint64_t seq = HEAD + 2; seq < HEAD + 10; seq++) {
        s_publish (seq, 20);
        s_expect_item (client, seq);
    }
    fake_close (&client);
}

static void test_what_comes_while_a_page_is_asked_for_waits_its_turn (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN), *other = s_sit_joined (ANN + 1);
    s_publish (HEAD + 1, 20);
    s_publish (HEAD + 2, 20);
    fake_expect_none (client);
    fake_expect_none (other);
    assert_int_equal (fake_open (PT_OP_chat_range), 1);
    s_publish (HEAD + 3, 20);
    s_answer_page (HEAD, HEAD + 2, 20);
    s_publish (HEAD + 4, 20);
    for (uint64_t seq = HEAD + 1; seq <= HEAD + 2; seq++) {
        s_expect_item (client, seq);
        s_expect_item (other, seq);
    }
    fake_expect_none (client);
    fake_expect_none (other);
    s_answer_page (HEAD + 2, HEAD + 3, 20);
    for (uint64_t seq = HEAD + 3; seq <= HEAD + 4; seq++) {
        s_expect_item (client, seq);
        s_expect_item (other, seq);
    }
    fake_expect_none (client);
    fake_close (&client);
    fake_close (&other);
}

static void test_items_that_it_does_not_tell_do_not_hold_up_others (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN);
    s_publish (HEAD + 1, 20);
    fake_expect_none (client);
    s_answer_page (HEAD, HEAD + 1, 20);
    s_expect_item (client, HEAD + 1);
    client->is_blocked = true;
    for (uint64_t seq = HEAD + 2; seq < HEAD + 40; seq += 2) {
        pt_item_t items[] = {fake_member (ROOM, seq, 99, PT_change_JOINED, PT_role_MEMBER), s_item (seq + 1, 20)};
        fake_publish (ROOM, 1, items, 2);
    }
    fake_expect_none (client);
    client->is_blocked = false;
    for (uint64_t seq = HEAD + 2; seq < HEAD + 40; seq += 2)
        s_expect_item (client, seq + 1);
    fake_expect_none (client);
    fake_close (&client);
}

/*  Far more than a ring holds. */
static void test_a_slow_one_is_never_told_that_it_lags (void **state)
{
    (void)state;
    enum { MANY = GW_RING_ITEMS * 2 };
    fake_conn_t *client = s_sit_joined (ANN);
    s_publish (HEAD + 1, 20);
    fake_expect_none (client);
    s_answer_page (HEAD, HEAD + 1, 20);
    s_expect_item (client, HEAD + 1);
    client->is_blocked = true;
    for (uint64_t seq = HEAD + 2; seq <= HEAD + MANY; seq++)
        s_publish (seq, 20);
    client->is_blocked = false;
    for (uint64_t seq = HEAD + 2; seq <= HEAD + MANY; seq++) {
        fake_turn (client);
        if (fake_open (PT_OP_chat_range))
            s_answer_page (((const pt_range_query_t *)fake.calls[0].msg)->after,
                           ((const pt_range_query_t *)fake.calls[0].msg)->after + 100, 20);
        s_expect_item (client, seq);
    }
    fake_expect_none (client);
    fake_close (&client);
}

static void test_a_native_socket_in_the_same_room_hears_its_own_protocol (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN), *native = fake_connect (ANN + 1);
    fake_read (native);
    fake_subscribe (native, ROOM, ANN + 1, HEAD);
    s_publish (HEAD + 1, 20);
    fake_expect_seq (native, ROOM, HEAD + 1);
    fake_expect_none (client);
    s_answer_page (HEAD, HEAD + 1, 20);
    s_expect_item (client, HEAD + 1);
    fake_expect_none (native);
    fake_close (&client);
    fake_close (&native);
}

/*  The page that the native socket has asked for does not say who the senders are. */
static void test_a_page_that_was_asked_for_without_senders_is_asked_for_again (void **state)
{
    (void)state;
    fake_conn_t *native = fake_connect (ANN + 1);
    fake_read (native);
    fake_ask (native, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"%d\",\"since\":%d}", ROOM, HEAD - 2);
    fake_answer_membership (ROOM, ANN + 1, HEAD, PT_role_MEMBER);
    fake_expect_like (native, "{\"re\":1,");
    fake_call_t call = fake_take (PT_OP_chat_range);
    fake_conn_t *client = fake_open_session (ANN, true);
    const gw_place_t place = {.voice = &gw_voice_member, .address = "team_00000", .room = ROOM, .head = HEAD - 2};
    gw_seat_take (client->ws, &place);
    fake_answer_membership (ROOM, ANN, HEAD, PT_role_MEMBER);
    fake_expect_none (client);
    fake_answer_page (call, ROOM, HEAD - 1, HEAD, HEAD);
    for (uint64_t seq = HEAD - 1; seq <= HEAD; seq++)
        fake_expect_seq (native, ROOM, seq);
    fake_expect_none (client);
    s_answer_page (HEAD - 2, HEAD, 9);
    for (uint64_t seq = HEAD - 1; seq <= HEAD; seq++)
        s_expect_item (client, seq);
    fake_expect_none (client);
    fake_close (&client);
    fake_close (&native);
}

/*  What was said since the socket opened is told when chat answers again. */
static void test_a_room_that_could_not_be_joined_is_followed_from_where_it_stood (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit (ANN);
    fake_refuse (fake_take (PT_OP_chat_membership), -PT_E_unavailable);
    fake_expect_none (client);
    assert_int_equal (fake_open (PT_OP_chat_membership), 0);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), sv_wall_us ());
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), sv_wall_us ());
    fake_answer_membership (ROOM, ANN, HEAD + 2, PT_role_MEMBER);
    fake_expect_none (client);
    s_answer_page (HEAD, HEAD + 2, 20);
    s_expect_item (client, HEAD + 1);
    s_expect_item (client, HEAD + 2);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), sv_wall_us ());
    assert_int_equal (fake_open (PT_OP_chat_membership), 0);
    fake_close (&client);
}

static void test_who_is_removed_or_whose_room_is_gone_is_told_by_the_close (void **state)
{
    (void)state;
    fake_conn_t *removed = s_sit_joined (ANN), *stays = s_sit_joined (ANN + 1), *late = s_sit (ANN + 2);
    fake_refuse (fake_take (PT_OP_chat_membership), -PT_E_not_member);
    assert_int_equal (late->close_code, 4403);
    pt_item_t item = fake_member (ROOM, HEAD + 1, ANN, PT_change_KICKED, PT_role_none);
    fake_publish (ROOM, 1, &item, 1);
    fake_expect_none (removed);
    assert_int_equal (removed->close_code, 4403);
    assert_int_equal (stays->close_code, 0);
    const pt_head_t gone = {.room = ROOM};
    fake_hear ('r', &(sv_event_t){.opcode = PT_EV_room_gone, .msg = &gone, .generation = 5, .arena = fake.arena});
    assert_int_equal (stays->close_code, 4404);
    fake_close (&removed);
    fake_close (&stays);
    fake_close (&late);
}

/*  The errors and the end of its room go out with one write. */
static void test_what_was_told_to_who_is_removed_comes_before_the_close (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN);
    for (unsigned i = 0; i < 3; i++)
        fake_ask (client, "{");
    pt_item_t item = fake_member (ROOM, HEAD + 1, ANN, PT_change_KICKED, PT_role_none);
    fake_publish (ROOM, 1, &item, 1);
    fake_turn (client);
    assert_int_equal (client->writes, 1);
    assert_int_equal (client->close_code, 4403);
    for (unsigned i = 0; i < 3; i++)
        fake_expect (client, "{\"error\":\"Invalid JSON format.\"}");
    fake_expect_none (client);
    fake_close (&client);
}

/*  Numbers of another epoch say nothing about what was told: it goes on with what comes. */
static void test_a_room_that_begins_anew_is_followed_from_its_head (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN);
    pt_item_t item = s_item (4, 20);
    fake_publish (ROOM, 2, &item, 1);
    fake_expect_none (client);
    assert_int_equal (client->close_code, 0);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), sv_wall_us ());
    pt_membership_t membership = {.room = ROOM, .account = ANN, .role = PT_role_MEMBER, .seq = 4, .epoch = 2};
    fake_answer (fake_take (PT_OP_chat_membership), &membership);
    fake_expect_none (client);
    item.seq = 5;
    fake_publish (ROOM, 2, &item, 1);
    fake_expect_none (client);
    pt_history_page_t page = {.items = {&item, 1}, .head = 5, .epoch = 2};
    fake_answer (fake_take (PT_OP_chat_range), &page);
    fake_expect_like (client, "{\"message\":\"hi\",\"sender\":null,");
    fake_close (&client);
}

static void test_a_post_that_is_refused_is_told_and_one_of_open_outcome_is_tried_again (void **state)
{
    (void)state;
    fake_conn_t *client = s_sit_joined (ANN);
    fake_ask (client, "{\"message\":\"one\"}");
    fake_call_t call = fake_take (PT_OP_chat_send);
    const pt_send_t *first = call.msg;
    assert_int_equal (first->account, ANN);
    assert_int_equal (first->sends.count, 1);
    fake_refuse (call, -PT_E_unavailable);
    gw_sessions_lane_tick (fake.gw.sessions, sv_now_ms () + 60000);
    fake_expect_none (client);
    fake_ask (client, "{\"message\":\"two\"}");
    call = fake_take (PT_OP_chat_send);
    const pt_send_t *again = call.msg;
    assert_true (again->sends.count >= 1);
    assert_true (pt_str_eq (first->sends.at[0].send_id, again->sends.at[0].send_id));
    assert_true (pt_str_eq (again->sends.at[0].body, PT_LIT ("one")));
    fake_refuse (call, -PT_E_forbidden);
    fake_expect (client, "{\"error\":\"Not allowed\"}");
    fake_close (&client);
}

static void test_two_posts_of_two_sockets_never_share_an_id (void **state)
{
    (void)state;
    fake_conn_t *clients[] = {s_sit_joined (ANN), s_sit_joined (ANN)};
    pt_str_t ids[2];
    for (unsigned i = 0; i < 2; i++) {
        fake_ask (clients[i], "{\"message\":\"same\"}");
        fake_call_t call = fake_take (PT_OP_chat_send);
        ids[i] = ((const pt_send_t *)call.msg)->sends.at[0].send_id;
        fake_refuse (call, -PT_E_forbidden);
    }
    assert_false (pt_str_eq (ids[0], ids[1]));
    fake_close (&clients[0]);
    fake_close (&clients[1]);
}

static void test_odd_frames_are_told_and_the_socket_goes_on (void **state)
{
    (void)state;
    static const char *const odd[] = {"", "{", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]", "null",
                                      "{\"message\":null}"};
    fake_conn_t *client = s_sit_joined (ANN);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        fake_ask (client, "%s", odd[i]);
        fake_expect_like (client, "{\"error\":\"");
    }
    gw_ws_message (client->ws, "\xff\x00", 2, true);
    fake_expect (client, "{\"error\":\"Text messages only.\"}");
    assert_int_equal (client->close_code, 0);
    fake_close (&client);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_nothing_is_told_but_what_is_said),
        TEST (test_an_item_of_somebody_unknown_comes_with_a_page_and_the_next_at_once),
        TEST (test_what_comes_while_a_page_is_asked_for_waits_its_turn),
        TEST (test_items_that_it_does_not_tell_do_not_hold_up_others),
        TEST (test_a_slow_one_is_never_told_that_it_lags),
        TEST (test_a_native_socket_in_the_same_room_hears_its_own_protocol),
        TEST (test_a_page_that_was_asked_for_without_senders_is_asked_for_again),
        TEST (test_a_room_that_could_not_be_joined_is_followed_from_where_it_stood),
        TEST (test_who_is_removed_or_whose_room_is_gone_is_told_by_the_close),
        TEST (test_what_was_told_to_who_is_removed_comes_before_the_close),
        TEST (test_a_room_that_begins_anew_is_followed_from_its_head),
        TEST (test_a_post_that_is_refused_is_told_and_one_of_open_outcome_is_tried_again),
        TEST (test_two_posts_of_two_sockets_never_share_an_id),
        TEST (test_odd_frames_are_told_and_the_socket_goes_on),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
