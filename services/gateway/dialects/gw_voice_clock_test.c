/*  gw_voice_clock_test - the sockets of groups that tell the time: what the greeting waits for, what comes
    before and behind it. */

#include "gw_config.h"
#include "gw_voices.h"
#include "gw_ws_fake.h"
#include <ctype.h>

#define GROUP "chat_a1b2c3d4"
#define START "{\"type\":\"chat_message\",\"message\":\""

enum { ANN = 7, ROOM = 300, BUSY = 1013 };

static fake_conn_t *s_sit (void)
{
    fake_conn_t *self = fake_sit (ANN, &gw_voice_clock, GROUP, ROOM);
    if (fake_open (PT_OP_chat_room_find)) {
        const pt_room_t room = {.id = ROOM, .uuid = PT_LIT ("u"), .kind = PT_room_kind_PUBLIC, .epoch = 1};
        const pt_room_detail_t detail = {.room = &room};
        fake_call_t call = fake_take (PT_OP_chat_room_find);
        const pt_room_find_t *find = call.msg;
        assert_true (find->has_account && find->account == ANN);
        fake_answer (call, &detail);
    }
    return self;
}

static void s_answer_name (const char *name)
{
    const pt_person_t person = {.id = ANN, .uuid = PT_LIT ("u"), .login = pt_str (name), .has_login = true};
    fake_call_t call = fake_take (PT_OP_chat_person);
    const pt_person_ref_t *ref = call.msg;
    assert_true (ref->account == ANN && !ref->has_id && !ref->has_uuid);
    fake_answer (call, &person);
}

/*  Told at the group's address. */
static void s_hear (pt_signal_t kind)
{
    static uint64_t counter;
    const pt_room_signal_t signal = {.address = PT_LIT (GROUP), .kind = kind};
    fake_hear ('s',
               &(sv_event_t){.opcode = PT_EV_room_signal, .msg = &signal, .generation = 100, .counter = ++counter});
}

/*  The next frame is this text, as JSON has it, and a time. */
static void s_expect_time (fake_conn_t *self, const char *text)
{
    const char *read = fake_read (self);
    size_t start = strlen (START), len = strlen (text);
    assert_int_equal (strlen (read), start + len + sizeof "09:26:00\"}" - 1);
    assert_memory_equal (read, START, start);
    assert_memory_equal (read + start, text, len);
    for (unsigned i = 0; i < 8; i++)
        assert_true (i % 3 == 2 ? read[start + len + i] == ':' : isdigit ((unsigned char)read[start + len + i]));
}

static fake_conn_t *s_sit_greeted (void)
{
    fake_conn_t *self = s_sit ();
    s_answer_name ("ann");
    s_hear (PT_signal_PROBE);
    s_expect_time (self, "hi ann now is ");
    return self;
}

static void the_greeting_waits_for_the_name_and_for_the_way_of_signals (void **state)
{
    (void)state;
    fake_conn_t *one = s_sit (), *two = s_sit ();
    s_answer_name ("ann");
    fake_expect_none (one);
    s_hear (PT_signal_PROBE);
    s_expect_time (one, "hi ann now is ");
    fake_expect_none (two);
    s_answer_name ("ann");
    s_expect_time (two, "hi ann now is ");
    fake_expect_none (one);
    fake_close (&one);
    fake_close (&two);
}

static void what_is_asked_before_the_greeting_is_answered_behind_it (void **state)
{
    (void)state;
    fake_conn_t *ann = s_sit ();
    fake_ask (ann, "one");
    fake_ask (ann, "two");
    s_answer_name ("ann");
    fake_expect_none (ann);
    s_hear (PT_signal_PROBE);
    s_expect_time (ann, "hi ann now is ");
    s_expect_time (ann, "now is ");
    s_expect_time (ann, "now is ");
    fake_ask (ann, "three");
    s_expect_time (ann, "now is ");
    fake_expect_none (ann);
    fake_close (&ann);
}

static void no_more_than_so_much_is_owed (void **state)
{
    (void)state;
    static const gw_config_t unlimited;
    fake.gw.config = &unlimited;
    fake_conn_t *ann = s_sit ();
    for (unsigned i = 0; i < LIM_WS_PENDING; i++)
        fake_ask (ann, "early");
    fake_expect_none (ann);
    fake_ask (ann, "one more");
    fake_expect (ann, "{\"error\":\"too much without an answer\"}");
    fake_close (&ann);
}

static void a_group_that_is_told_tells_each_by_its_name_and_nothing_else_does (void **state)
{
    (void)state;
    fake_conn_t *ann = s_sit (), *late;
    s_answer_name ("ann");
    s_hear (PT_signal_TELL); /* it shows that the group is heard, and was told before the greeting said so */
    s_expect_time (ann, "hi ann now is ");
    s_expect_time (ann, "ann now is ");
    late = s_sit ();
    s_hear (PT_signal_TELL);
    s_expect_time (ann, "ann now is ");
    s_hear (PT_signal_SAID);
    s_hear (PT_signal_JOINED);
    fake_expect_none (ann);
    s_answer_name ("late");
    s_expect_time (late, "hi late now is ");
    fake_expect_none (late);
    fake_close (&ann);
    s_hear (PT_signal_TELL);
    s_expect_time (late, "late now is ");
    fake_close (&late);
}

static void names_of_any_kind_are_told (void **state)
{
    (void)state;
    char longest[LIM_LOGIN + 1] = "", text[LIM_LOGIN + 32];
    memset (longest, 'x', LIM_LOGIN);
    snprintf (text, sizeof text, "hi %s now is ", longest);
    const char *const names[][2] = {
        {"a\"b\\\n\x01 \xf0\x9f\x98\x80", "hi a\\\"b\\\\\\n\\u0001 \xf0\x9f\x98\x80 now is "},
        {longest, text},
        {"", "hi now is "}};
    for (unsigned i = 0; i < 3; i++) {
        fake_conn_t *ann = s_sit ();
        s_hear (PT_signal_PROBE);
        s_answer_name (names[i][0]);
        s_expect_time (ann, names[i][1]);
        fake_close (&ann);
    }
}

static void a_binary_frame_is_an_error_and_no_more (void **state)
{
    (void)state;
    fake_conn_t *ann = s_sit_greeted ();
    gw_ws_message (ann->ws, "\0\xff", 2, true);
    fake_expect (ann, "{\"error\":\"Text messages only.\"}");
    assert_int_equal (ann->close_code, 0);
    fake_ask (ann, "text");
    s_expect_time (ann, "now is ");
    fake_close (&ann);
}

static void who_can_not_be_named_is_sent_away_to_come_again (void **state)
{
    (void)state;
    fake_conn_t *ann = s_sit ();
    fake_refuse (fake_take (PT_OP_chat_person), -PT_E_unavailable);
    fake_expect_like (ann, "{\"error\":\"");
    assert_int_equal (ann->close_code, BUSY);
    s_hear (PT_signal_TELL);
    fake_ask (ann, "text");
    fake_close (&ann);
    fake.is_bus_full = true;
    ann = s_sit ();
    fake_expect_like (ann, "{\"error\":\"");
    assert_int_equal (ann->close_code, BUSY);
    fake.is_bus_full = false;
    fake_close (&ann);
}

static void an_address_that_can_not_be_heard_sends_away (void **state)
{
    (void)state;
    fake.is_topic_refused = true;
    fake_conn_t *ann = s_sit ();
    assert_int_equal (ann->close_code, BUSY);
    assert_int_equal (fake.call_count, 0);
    fake_close (&ann);
}

static void a_message_in_the_group_is_not_told (void **state)
{
    (void)state;
    fake_conn_t *ann = s_sit_greeted ();
    fake_publish_seq (ROOM, 1);
    fake_expect_none (ann);
    fake_ask (ann, "text");
    s_expect_time (ann, "now is ");
    fake_close (&ann);
}

static void the_last_socket_of_a_group_ends_its_subscription (void **state)
{
    (void)state;
    fake_conn_t *one = s_sit_greeted (), *two = s_sit ();
    fake_close (&one);
    assert_int_equal (gw_signals_count (fake.gw.signals), 1);
    fake_close (&two);
    assert_int_equal (gw_signals_count (fake.gw.signals), 0);
    assert_int_equal (fake.call_count, 0);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (the_greeting_waits_for_the_name_and_for_the_way_of_signals),
        S_TEST (what_is_asked_before_the_greeting_is_answered_behind_it),
        S_TEST (no_more_than_so_much_is_owed),
        S_TEST (a_group_that_is_told_tells_each_by_its_name_and_nothing_else_does),
        S_TEST (names_of_any_kind_are_told),
        S_TEST (a_binary_frame_is_an_error_and_no_more),
        S_TEST (who_can_not_be_named_is_sent_away_to_come_again),
        S_TEST (an_address_that_can_not_be_heard_sends_away),
        S_TEST (a_message_in_the_group_is_not_told),
        S_TEST (the_last_socket_of_a_group_ends_its_subscription),
    };
    return cmocka_run_group_tests_name ("gw_voice_clock", tests, NULL, NULL);
}
