/*  gw_voice_open_test - the sockets of open rooms: what who hears, and what becomes of it while services
    fail. */

#include "gw_voices.h"
#include "gw_words.h"
#include "gw_ws_fake.h"

enum { ROOM = 12, ANN = 7, BOB = 8, SEEN = 3 };

/* ---- frames ------------------------------------------------------------------------------ */

static void s_assert_put (const pt_item_t *item, const gw_sender_t *sender, const char *expected)
{
    pt_buf_t out;
    pt_buf_init (&out, GW_TRACK_TEXT);
    gw_voice_open.put (&out, item, sender);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_int_equal (out.len, strlen (expected));
    if (out.len)
        assert_memory_equal (out.at, expected, out.len);
    pt_buf_fini (&out);
}

static void a_message_is_told_behind_the_name_of_its_author (void **state)
{
    (void)state;
    const gw_sender_t ann = {.name = PT_LIT ("ann \"a\"")}, nameless = {.email = PT_LIT ("bob@example.com")};
    pt_item_t item = fake_item (ROOM, 1);
    s_assert_put (&item, &ann, "{\"message\":\"ann \\\"a\\\": hi\"}");
    item.body = PT_LIT ("a\"b\\c\n\x01 \xf0\x9f\x98\x80");
    s_assert_put (&item, &ann, "{\"message\":\"ann \\\"a\\\": a\\\"b\\\\c\\n\\u0001 \xf0\x9f\x98\x80\"}");
    s_assert_put (&item, NULL, "{\"message\":\"(deleted): a\\\"b\\\\c\\n\\u0001 \xf0\x9f\x98\x80\"}");
    item.body = (pt_str_t){0};
    s_assert_put (&item, &nameless, "{\"message\":\"(deleted): \"}");
    item = fake_member (ROOM, 1, BOB, PT_change_JOINED, PT_role_MEMBER);
    s_assert_put (&item, &ann, "");
}

static void the_longest_text_and_name_of_escapes_are_told (void **state)
{
    (void)state;
    static char text[LIM_BODY], name[LIM_NAME];
    memset (text, 1, sizeof text);
    memset (name, 1, sizeof name);
    const gw_sender_t sender = {.name = {name, sizeof name}};
    pt_item_t item = fake_item (ROOM, 1);
    item.body = (pt_str_t){text, sizeof text};
    pt_buf_t out;
    pt_buf_init (&out, GW_TRACK_TEXT);
    gw_voice_open.put (&out, &item, &sender);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_int_equal (out.len, 6 * (LIM_BODY + LIM_NAME) + sizeof "{\"message\":\": \"}" - 1);
    pt_buf_fini (&out);
}

/* ---- who is not signed in -------------------------------------------------------------------- */

static void s_hear (const pt_room_signal_t *signal)
{
    static uint64_t counter;
    const sv_event_t event = {
        .opcode = PT_EV_room_signal, .msg = signal, .generation = 100, .counter = ++counter, .arena = fake.arena};
    fake_hear ('s', &event);
}

/*  The open call that tells something, which is that. */
static fake_call_t s_told (pt_signal_t kind, const char *text)
{
    fake_call_t call = fake_take (PT_OP_chat_signal);
    const pt_room_signal_t *signal = call.msg;
    assert_int_equal (signal->kind, kind);
    assert_true (pt_str_eq (signal->address, PT_LIT ("lobby")));
    assert_true (signal->has_origin || kind == PT_signal_PROBE);
    if (text)
        assert_true (pt_str_eq (signal->text, pt_str (text)));
    return call;
}

static void s_done (fake_call_t call)
{
    const pt_empty_t done = {0};
    fake_answer (call, &done);
}

/*  The only open question for the room, which asks for the address. */
static fake_call_t s_looked (void)
{
    fake_call_t call = fake_take (PT_OP_chat_room_find);
    const pt_room_find_t *find = call.msg;
    assert_true (find->has_address && pt_str_eq (find->address, PT_LIT ("lobby")));
    assert_int_equal (find->dialect, PT_room_dialect_OPEN);
    return call;
}

/*  What is told at the address from here on arrives. */
static void s_prove (void)
{
    fake_call_t probe = s_told (PT_signal_PROBE, NULL);
    s_done (probe);
    s_hear (probe.msg);
}

/*  Somebody at an address without a room, who has looked whether there is one meanwhile; or in a room. */
static fake_conn_t *s_guest (uint64_t room)
{
    fake_conn_t *self = fake_sit (0, &gw_voice_open, "lobby", room);
    s_prove ();
    if (!room)
        fake_refuse (s_looked (), -PT_E_not_found);
    fake_expect_none (self);
    return self;
}

static void a_word_comes_back_when_it_is_on_its_way_to_the_others_and_its_own_signal_is_not_told (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (0);
    fake_ask (guest, "one");
    fake_ask (guest, "{\"message\":\"two\",\"a\":1}");
    fake_expect_none (guest);
    fake_call_t call = s_told (PT_signal_SAID, "one");
    assert_int_equal (fake_open (PT_OP_chat_signal), 0); /* the second waits for the first */
    s_hear (call.msg);
    fake_expect_none (guest);
    s_done (call);
    fake_expect (guest, "one");
    s_done (s_told (PT_signal_SAID, "{\"message\":\"two\"}"));
    fake_expect (guest, "{\"message\":\"two\"}");
    fake_expect_none (guest);
    fake_close (&guest);
}

static void words_that_can_not_be_told_are_refused_one_by_one_and_later_ones_go (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (0);
    for (unsigned i = 0; i < 3; i++)
        fake_ask (guest, "word");
    fake_refuse (s_told (PT_signal_SAID, "word"), -PT_E_deadline);
    for (unsigned i = 0; i < 3; i++)
        fake_expect_like (guest, "{\"error\":");
    fake.is_bus_full = true;
    fake_ask (guest, "word");
    fake_expect_like (guest, "{\"error\":");
    fake.is_bus_full = false;
    fake_ask (guest, "bad");
    fake_ask (guest, "good");
    fake_refuse (s_told (PT_signal_SAID, "bad"), -PT_E_invalid);
    fake_expect_like (guest, "{\"error\":");
    s_done (s_told (PT_signal_SAID, "good"));
    fake_expect (guest, "good");
    fake_close (&guest);
}

static void more_words_than_may_wait_are_refused (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (0);
    fake_ask (guest, "first");
    fake_call_t call = s_told (PT_signal_SAID, "first");
    char *word = calloc (1, LIM_BODY);
    memset (word, 'x', LIM_BODY);
    unsigned count = 0;
    for (const char *read = ""; !*read; count++) {
        gw_ws_message (guest->ws, word, LIM_BODY, false);
        read = fake_read (guest);
    }
    assert_int_equal (count, GW_WORDS_BYTES / LIM_BODY);
    assert_int_equal (guest->close_code, 0);
    free (word);
    s_done (call);
    fake_expect (guest, "first");
    fake_close (&guest);
}

static void s_answer_found (fake_call_t call, uint64_t head)
{
    const pt_room_t room = {.id = ROOM, .kind = PT_room_kind_PUBLIC, .epoch = 1, .head = head, .uuid = PT_LIT ("u")};
    const pt_room_detail_t detail = {.room = &room};
    fake_answer (call, &detail);
}

static pt_room_signal_t s_moved (pt_signal_t kind)
{
    return (pt_room_signal_t){.address = PT_LIT ("lobby"),
                              .kind = kind,
                              .account = ANN,
                              .has_account = true,
                              .name = PT_LIT ("ann"),
                              .has_name = true,
                              .origin = 5,
                              .has_origin = true};
}

/*  What was said between the making of the room and the answer is in the page. */
static void who_joins_has_a_guest_look_for_the_room_and_hear_all_of_it (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (0);
    const pt_room_signal_t joined = s_moved (PT_signal_JOINED), left = s_moved (PT_signal_LEFT);
    s_hear (&joined);
    fake_expect (guest, "{\"message\":\"ann has joined the chat\"}");
    fake_call_t call = s_looked ();
    s_hear (&left); /* does not ask twice */
    fake_expect (guest, "{\"message\":\"ann has left the chat\"}");
    assert_int_equal (fake_open (PT_OP_chat_room_find), 0);
    s_answer_found (call, SEEN);
    s_answer_found (fake_take (PT_OP_chat_room_find), SEEN); /* the seat, where the room stands */
    fake_expect_none (guest);
    fake_answer_page (fake_take (PT_OP_chat_range), ROOM, 1, SEEN, SEEN);
    for (unsigned i = 0; i < SEEN; i++)
        fake_expect (guest, "{\"message\":\"(deleted): hi\"}");
    s_hear (&joined);
    assert_int_equal (fake_open (PT_OP_chat_room_find), 0);
    fake_close (&guest);
}

/*  The first look comes when whatever is told arrives; somebody joined before. */
static void a_room_that_came_to_be_before_a_guest_could_hear_of_it_is_found (void **state)
{
    (void)state;
    fake_conn_t *guest = fake_sit (0, &gw_voice_open, "lobby", 0);
    assert_int_equal (fake_open (PT_OP_chat_room_find), 0);
    s_prove ();
    s_answer_found (s_looked (), 1);
    s_answer_found (fake_take (PT_OP_chat_room_find), 1);
    fake_expect_none (guest);
    fake_answer_page (fake_take (PT_OP_chat_range), ROOM, 1, 1, 1);
    fake_expect (guest, "{\"message\":\"(deleted): hi\"}");
    fake_close (&guest);
}

static void a_room_that_can_not_be_looked_for_is_looked_for_again (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (0);
    const pt_room_signal_t joined = s_moved (PT_signal_JOINED);
    s_hear (&joined);
    fake_expect_like (guest, "{\"message\":");
    fake_refuse (s_looked (), -PT_E_not_found);
    s_hear (&joined);
    fake_expect_like (guest, "{\"message\":");
    fake_refuse (s_looked (), -PT_E_deadline);
    fake_expect_none (guest); /* nothing of it concerns the client */
    fake_close (&guest);
}

static void a_room_that_nobody_was_heard_to_join_is_looked_for_now_and_then (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (0);
    const uint64_t now_ms = sv_now_ms ();
    const int64_t wall_us = sv_wall_us ();
    gw_sessions_tick (fake.gw.sessions, now_ms + 20000, wall_us);
    assert_int_equal (fake_open (PT_OP_chat_room_find), 0);
    gw_sessions_tick (fake.gw.sessions, now_ms + 31000, wall_us);
    gw_sessions_tick (fake.gw.sessions, now_ms + 32000, wall_us);
    assert_int_equal (fake_open (PT_OP_chat_room_find), 1);
    fake_refuse (s_looked (), -PT_E_deadline);
    gw_sessions_tick (fake.gw.sessions, now_ms + 33000, wall_us);
    s_answer_found (s_looked (), 0);
    s_answer_found (fake_take (PT_OP_chat_room_find), 0);
    gw_sessions_tick (fake.gw.sessions, now_ms + 100000, wall_us);
    assert_int_equal (fake_open (PT_OP_chat_room_find), 0);
    fake_close (&guest);
}

static void a_guest_of_a_room_that_is_there_follows_it_at_once (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest (ROOM);
    s_answer_found (fake_take (PT_OP_chat_room_find), 0);
    const pt_room_signal_t joined = s_moved (PT_signal_JOINED);
    s_hear (&joined);
    fake_expect (guest, "{\"message\":\"ann has joined the chat\"}");
    assert_int_equal (fake_open (PT_OP_chat_room_find), 0);
    fake_publish_seq (ROOM, 1);
    fake_expect_none (guest);
    fake_answer_page (fake_take (PT_OP_chat_range), ROOM, 1, 1, 1);
    fake_expect (guest, "{\"message\":\"(deleted): hi\"}");
    fake_close (&guest);
}

/* ---- who is ---------------------------------------------------------------------------------- */

static void s_name (const char *login)
{
    const pt_person_t person = {.id = ANN, .login = pt_str (login), .has_login = true};
    fake_answer (fake_take (PT_OP_chat_person), &person);
}

static void s_made (uint64_t head)
{
    fake_call_t call = fake_take (PT_OP_chat_room_create);
    const pt_room_create_t *create = call.msg;
    assert_int_equal (create->account, ANN);
    assert_int_equal (create->dialect, PT_room_dialect_OPEN);
    assert_true (create->has_room_address && pt_str_eq (create->room_address, PT_LIT ("lobby")));
    const pt_room_t room = {.id = ROOM, .kind = PT_room_kind_PUBLIC, .epoch = 1, .head = head, .uuid = PT_LIT ("u")};
    fake_answer (call, &room);
}

/*  Ann at an empty room that she makes, whose name is known; she has not joined. */
static fake_conn_t *s_comer (void)
{
    fake_conn_t *self = fake_sit (ANN, &gw_voice_open, "lobby", 0);
    s_prove ();
    s_name ("ann");
    s_made (0);
    s_answer_found (fake_take (PT_OP_chat_room_find), 0);
    return self;
}

static void s_close (fake_conn_t **self_p)
{
    fake_close (self_p);
    s_done (s_told (PT_signal_LEFT, NULL));
}

static void who_comes_first_makes_the_room_and_joins_when_it_is_known_and_told (void **state)
{
    (void)state;
    fake_conn_t *ann = fake_sit (ANN, &gw_voice_open, "lobby", 0);
    s_made (0);
    s_answer_found (fake_take (PT_OP_chat_room_find), 0);
    fake_expect_none (ann);
    s_prove ();
    assert_int_equal (fake_open (PT_OP_chat_signal), 0); /* nobody knows her name */
    s_name ("ann");
    const fake_call_t call = s_told (PT_signal_JOINED, NULL);
    const pt_room_signal_t *signal = call.msg;
    assert_int_equal (signal->account, ANN);
    assert_true (pt_str_eq (signal->name, PT_LIT ("ann")));
    fake_expect_none (ann);
    s_done (call);
    fake_expect (ann, "{\"message\":\"ann has joined the chat\"}");
    s_close (&ann);
}

static void what_who_comes_says_before_it_has_joined_is_posted_behind_that (void **state)
{
    (void)state;
    fake_conn_t *ann = s_comer ();
    fake_ask (ann, "{\"message\":\"early\"}");
    fake_expect_none (ann);
    fake_call_t call = s_told (PT_signal_JOINED, NULL);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    s_done (call);
    fake_expect (ann, "{\"message\":\"ann has joined the chat\"}");
    const pt_send_t *sent = fake_take (PT_OP_chat_send).msg;
    assert_int_equal (sent->room, ROOM);
    assert_int_equal (sent->account, ANN);
    assert_true (pt_str_eq (sent->sends.at[0].body, PT_LIT ("early")));
    s_close (&ann);
}

static void who_can_not_be_told_to_have_joined_is_told_so_and_speaks_all_the_same (void **state)
{
    (void)state;
    fake_conn_t *ann = s_comer ();
    fake_ask (ann, "{\"message\":\"early\"}");
    fake_turn (ann);
    fake_refuse (s_told (PT_signal_JOINED, NULL), -PT_E_deadline);
    fake_expect_like (ann, "{\"error\":");
    fake_take (PT_OP_chat_send);
    s_close (&ann);
}

static void who_has_joined_hears_others_come_and_go_and_what_guests_say (void **state)
{
    (void)state;
    fake_conn_t *ann = s_comer ();
    const pt_room_signal_t joined = s_moved (PT_signal_JOINED), left = s_moved (PT_signal_LEFT);
    const pt_room_signal_t said = {
        .address = PT_LIT ("lobby"), .kind = PT_signal_SAID, .text = PT_LIT ("a word"), .has_text = true};
    fake_turn (ann);
    s_hear (&said); /* too early */
    fake_expect_none (ann);
    s_done (s_told (PT_signal_JOINED, NULL));
    fake_expect (ann, "{\"message\":\"ann has joined the chat\"}");
    s_hear (&joined);
    fake_expect (ann, "{\"message\":\"ann has joined the chat\"}");
    s_hear (&said);
    fake_expect (ann, "a word");
    s_hear (&left);
    fake_expect (ann, "{\"message\":\"ann has left the chat\"}");
    fake_see_from (0); /* nobody knows who is signed out */
    s_hear (&said);
    fake_expect_none (ann);
    s_close (&ann);
}

static void who_can_not_be_named_or_given_a_room_may_come_again (void **state)
{
    (void)state;
    static const uint16_t opcodes[] = {PT_OP_chat_person, PT_OP_chat_room_create};
    for (size_t i = 0; i < 2; i++) {
        fake_conn_t *ann = fake_sit (ANN, &gw_voice_open, "lobby", 0);
        fake_refuse (fake_take (opcodes[i]), -PT_E_unavailable);
        fake_expect_like (ann, "{\"error\":");
        assert_int_equal (ann->close_code, GW_WS_SHORT);
        fake_close (&ann);
    }
}

static void who_would_not_hear_the_next_one_does_not_join (void **state)
{
    (void)state;
    fake_conn_t *ann = fake_sit (ANN, &gw_voice_open, "lobby", 0);
    s_name ("ann");
    s_made (0);
    s_answer_found (fake_take (PT_OP_chat_room_find), 0);
    fake_expect_none (ann);
    assert_int_equal (fake_open (PT_OP_chat_signal), 1);
    s_prove ();
    s_done (s_told (PT_signal_JOINED, NULL));
    fake_expect (ann, "{\"message\":\"ann has joined the chat\"}");
    s_close (&ann);
}

/*  The head that was to be told first is of numbers that count no more. */
static void who_comes_to_a_room_that_begins_anew_joins_all_the_same (void **state)
{
    (void)state;
    fake_conn_t *ann = fake_sit (ANN, &gw_voice_open, "lobby", 0);
    s_prove ();
    s_name ("ann");
    s_made (5);
    s_answer_found (fake_take (PT_OP_chat_room_find), 5);
    fake_expect_none (ann);
    pt_item_t item = fake_item (ROOM, 1);
    fake_publish (ROOM, 2, &item, 1);
    fake_expect_none (ann);
    gw_sessions_tick (fake.gw.sessions, sv_now_ms (), sv_wall_us ());
    const pt_room_t room = {.id = ROOM, .kind = PT_room_kind_PUBLIC, .epoch = 2, .head = 1, .uuid = PT_LIT ("u")};
    const pt_room_detail_t detail = {.room = &room};
    fake_answer (fake_take (PT_OP_chat_room_find), &detail);
    fake_expect_none (ann);
    s_done (s_told (PT_signal_JOINED, NULL));
    fake_expect (ann, "{\"message\":\"ann has joined the chat\"}");
    s_close (&ann);
}

static void who_leaves_before_it_has_joined_is_not_missed (void **state)
{
    (void)state;
    fake_conn_t *ann = fake_sit (ANN, &gw_voice_open, "lobby", 0);
    s_name ("ann");
    fake_close (&ann);
    assert_int_equal (fake_open (PT_OP_chat_signal), 0);
}

static void a_socket_that_can_not_listen_is_closed (void **state)
{
    (void)state;
    fake.is_topic_refused = true;
    fake_conn_t *guest = fake_sit (0, &gw_voice_open, "lobby", 0);
    assert_int_equal (guest->close_code, GW_WS_SHORT);
    fake_close (&guest);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_message_is_told_behind_the_name_of_its_author),
        TEST (the_longest_text_and_name_of_escapes_are_told),
        TEST (a_word_comes_back_when_it_is_on_its_way_to_the_others_and_its_own_signal_is_not_told),
        TEST (words_that_can_not_be_told_are_refused_one_by_one_and_later_ones_go),
        TEST (more_words_than_may_wait_are_refused),
        TEST (who_joins_has_a_guest_look_for_the_room_and_hear_all_of_it),
        TEST (a_room_that_came_to_be_before_a_guest_could_hear_of_it_is_found),
        TEST (a_room_that_can_not_be_looked_for_is_looked_for_again),
        TEST (a_room_that_nobody_was_heard_to_join_is_looked_for_now_and_then),
        TEST (a_guest_of_a_room_that_is_there_follows_it_at_once),
        TEST (who_comes_first_makes_the_room_and_joins_when_it_is_known_and_told),
        TEST (what_who_comes_says_before_it_has_joined_is_posted_behind_that),
        TEST (who_can_not_be_told_to_have_joined_is_told_so_and_speaks_all_the_same),
        TEST (who_has_joined_hears_others_come_and_go_and_what_guests_say),
        TEST (who_can_not_be_named_or_given_a_room_may_come_again),
        TEST (who_would_not_hear_the_next_one_does_not_join),
        TEST (who_comes_to_a_room_that_begins_anew_joins_all_the_same),
        TEST (who_leaves_before_it_has_joined_is_not_missed),
        TEST (a_socket_that_can_not_listen_is_closed),
    };
    return cmocka_run_group_tests_name ("gw_voice_open", tests, NULL, NULL);
}
