/*  gw_voice_public_test - the frames of numbered rooms, and speaking for whoever is named where nobody is
    signed in. */

#include "gw_config.h"
#include "gw_voices.h"
#include "gw_ws_fake.h"

enum { ROOM = 12, ANN = 7, BOB = 8, WAITING = 64 };

static gw_config_t s_config;

static int s_setup (void **state)
{
    int rc = fake_setup (state);
    s_config = (gw_config_t){.compat_trust_userid = true};
    fake.gw.config = &s_config;
    return rc;
}

/* ---- frames ------------------------------------------------------------------------------ */

static void s_assert_put (const pt_item_t *item, const gw_sender_t *sender, const char *expected)
{
    pt_buf_t out;
    pt_buf_init (&out, GW_TRACK_TEXT);
    gw_voice_public.put (&out, item, sender);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_string_equal (out.at, expected);
    pt_buf_fini (&out);
}

static void a_message_is_told_with_the_name_of_its_author (void **state)
{
    (void)state;
    const gw_sender_t bob = {.name = PT_LIT ("bob \"b\""), .email = PT_LIT ("bob@example.com")};
    pt_item_t item = fake_item (ROOM, 1);
    s_assert_put (&item, &bob, "{\"message\":\"hi\",\"username\":\"bob \\\"b\\\"\"}");
    item.body = PT_LIT ("a\"b\\c\n\x01 \xf0\x9f\x98\x80");
    s_assert_put (&item, &bob,
                  "{\"message\":\"a\\\"b\\\\c\\n\\u0001 \xf0\x9f\x98\x80\",\"username\":\"bob \\\"b\\\"\"}");
}

static void an_author_who_is_gone_has_no_name (void **state)
{
    (void)state;
    const gw_sender_t nameless = {.email = PT_LIT ("bob@example.com")};
    const pt_item_t item = fake_item (ROOM, 1);
    s_assert_put (&item, NULL, "{\"message\":\"hi\",\"username\":null}");
    s_assert_put (&item, &nameless, "{\"message\":\"hi\",\"username\":null}");
}

static void who_joins_is_not_told (void **state)
{
    (void)state;
    const pt_item_t item = fake_member (ROOM, 1, BOB, PT_change_JOINED, PT_role_MEMBER);
    s_assert_put (&item, NULL, "");
}

static void the_longest_text_of_escapes_is_told (void **state)
{
    (void)state;
    static char text[LIM_BODY];
    memset (text, 1, sizeof text);
    pt_item_t item = fake_item (ROOM, 1);
    item.body = (pt_str_t){text, sizeof text};
    pt_buf_t out;
    pt_buf_init (&out, GW_TRACK_TEXT);
    gw_voice_public.put (&out, &item, NULL);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_int_equal (out.len, 6 * LIM_BODY + sizeof "{\"message\":\"\",\"username\":null}" - 1);
    pt_buf_fini (&out);
}

/* ---- who is believed ----------------------------------------------------------------------- */

static fake_conn_t *s_guest (void)
{
    fake_conn_t *self = fake_sit (0, &gw_voice_public, "12", ROOM);
    const pt_room_t room = {.id = ROOM, .kind = PT_room_kind_PUBLIC, .epoch = 1, .uuid = PT_LIT ("u")};
    const pt_room_detail_t detail = {.room = &room};
    fake_answer (fake_take (PT_OP_chat_room_find), &detail);
    return self;
}

static void s_say (fake_conn_t *self, uint64_t account, const char *text)
{
    fake_ask (self, "{\"message\":\"%s\",\"userid\":%d}", text, (int)account);
}

/*  The question whether there is such an account. */
static fake_call_t s_asked_for (uint64_t account)
{
    fake_call_t call = fake_take (PT_OP_chat_person);
    const pt_person_ref_t *ref = call.msg;
    assert_int_equal (ref->account, account);
    assert_false (ref->has_id || ref->has_uuid);
    return call;
}

static void s_answer_person (uint64_t account, bool is_active)
{
    const pt_person_t person = {.id = account, .active = is_active, .has_active = true};
    fake_answer (s_asked_for (account), &person);
}

static void s_assert_posted (uint64_t account, const char *text)
{
    const pt_send_t *sent = fake_take (PT_OP_chat_send).msg;
    assert_int_equal (sent->account, account);
    assert_int_equal (sent->room, ROOM);
    assert_int_equal (sent->sends.count, 1);
    assert_int_equal (sent->sends.at[0].body.len, strlen (text));
    assert_memory_equal (sent->sends.at[0].body.at, text, strlen (text));
}

static void frames_of_several_are_posted_one_after_the_other_once_each_is_known (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest ();
    s_say (guest, ANN, "one");
    s_say (guest, BOB, "two");
    assert_int_equal (fake_open (PT_OP_chat_person), 1);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    s_answer_person (ANN, true);
    s_assert_posted (ANN, "one");
    s_answer_person (BOB, true);
    s_assert_posted (BOB, "two");
    fake_expect_none (guest);
    fake_close (&guest);
}

static void who_is_not_there_or_may_not_sign_in_says_nothing_and_the_next_frame_counts (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest ();
    s_say (guest, 99, "not there");
    s_say (guest, ANN, "not active");
    s_say (guest, BOB, "said");
    fake_refuse (s_asked_for (99), -PT_E_not_found);
    fake_expect_like (guest, "{\"error\":\"");
    s_answer_person (ANN, false);
    fake_expect (guest, "{\"error\":\"userid may not sign in.\"}");
    s_answer_person (BOB, true);
    s_assert_posted (BOB, "said");
    fake_expect_none (guest);
    fake_close (&guest);
}

static void what_can_not_be_asked_is_told_and_not_posted_later (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest ();
    fake.is_bus_full = true;
    s_say (guest, ANN, "lost");
    fake_expect_like (guest, "{\"error\":\"");
    fake.is_bus_full = false;
    s_say (guest, ANN, "said");
    s_say (guest, BOB, "lost too");
    fake.is_bus_full = true;
    fake_refuse (s_asked_for (ANN), -PT_E_unavailable);
    fake_expect_like (guest, "{\"error\":\"");
    fake_expect_like (guest, "{\"error\":\"");
    fake_expect_none (guest);
    fake.is_bus_full = false;
    assert_int_equal (fake_open (PT_OP_chat_person), 0);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    fake_close (&guest);
}

static void no_more_than_a_few_wait_and_closing_forgets_them (void **state)
{
    (void)state;
    fake_conn_t *guest = s_guest ();
    for (unsigned i = 0; i < WAITING; i++)
        s_say (guest, ANN, "waits");
    fake_expect_none (guest);
    s_say (guest, ANN, "one more");
    fake_expect (guest, "{\"error\":\"too much without an answer\"}");
    fake_close (&guest);
    assert_int_equal (fake_open (PT_OP_chat_person), 0);
}

static void who_is_signed_in_speaks_for_nobody_else_and_without_being_asked_for (void **state)
{
    (void)state;
    fake_conn_t *ann = fake_sit (ANN, &gw_voice_public, "12", ROOM);
    s_say (ann, BOB, "not mine");
    fake_expect (ann, "{\"error\":\"userid is somebody else's.\"}");
    s_say (ann, ANN, "mine");
    assert_int_equal (fake_open (PT_OP_chat_person), 0);
    s_assert_posted (ANN, "mine");
    fake_close (&ann);
}

static void nobody_is_believed_by_default (void **state)
{
    (void)state;
    s_config.compat_trust_userid = false;
    fake_conn_t *guest = s_guest ();
    s_say (guest, ANN, "said");
    fake_expect (guest, "{\"error\":\"Authentication credentials were not provided.\"}");
    assert_int_equal (fake_open (PT_OP_chat_person), 0);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    fake_close (&guest);
}

static void a_credential_that_may_only_read_does_not_speak (void **state)
{
    (void)state;
    fake_conn_t *ann = fake_sit (ANN, &gw_voice_public, "12", ROOM);
    ann->ws->identity.scopes = GW_SCOPE_READ;
    s_say (ann, ANN, "mine");
    fake_expect_like (ann, "{\"error\":\"");
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    fake_close (&ann);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (a_message_is_told_with_the_name_of_its_author),
        S_TEST (an_author_who_is_gone_has_no_name),
        S_TEST (who_joins_is_not_told),
        S_TEST (the_longest_text_of_escapes_is_told),
        S_TEST (frames_of_several_are_posted_one_after_the_other_once_each_is_known),
        S_TEST (who_is_not_there_or_may_not_sign_in_says_nothing_and_the_next_frame_counts),
        S_TEST (what_can_not_be_asked_is_told_and_not_posted_later),
        S_TEST (no_more_than_a_few_wait_and_closing_forgets_them),
        S_TEST (who_is_signed_in_speaks_for_nobody_else_and_without_being_asked_for),
        S_TEST (nobody_is_believed_by_default),
        S_TEST (a_credential_that_may_only_read_does_not_speak),
    };
    return cmocka_run_group_tests_name ("gw_voice_public", tests, NULL, NULL);
}
