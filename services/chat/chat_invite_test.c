/*  chat_invite_test - adding friends to rooms through the daemon, store being played by the
    test. */

#include "chat_fixture.h"

#define ROOM_UUID "00000000-0000-4000-8000-000000000301"
#define FRIEND_UUID "00000000-0000-4000-8000-000000000008"

enum { BY = 7, FRIEND = 8 };

static const pt_room_invite_t s_invite = {
    .account = BY, .room = {ROOM_UUID, 36}, .uuid = {FRIEND_UUID, 36}, .key = {"key", 3}};

/*  Store's question about the invitation, which has to be the one asked. */
static const harness_frame_t *s_expect (harness_t *harness)
{
    const harness_frame_t *call = harness_expect (harness, PT_OP_store_invite);
    const pt_room_invite_t *asked = call->msg;
    assert_int_equal (call->envelope.affinity, BY);
    assert_int_equal (asked->account, BY);
    fixture_assert_str (asked->room, ROOM_UUID);
    fixture_assert_str (asked->uuid, FRIEND_UUID);
    return call;
}

/*  Goes as far as the question to append. */
static const harness_frame_t *s_reach_append (harness_t *harness, uint64_t room, uint64_t *out_id)
{
    const pt_invite_t found = {.room = room, .account = FRIEND};
    *out_id = harness_request (harness, PT_OP_chat_invite, &s_invite);
    harness_answer (harness, s_expect (harness), &found);
    const harness_frame_t *call = fixture_append (harness, room);
    const pt_append_t *append = call->msg;
    assert_int_equal (append->entries.count, 1);
    const pt_append_entry_t *entry = append->entries.at;
    assert_int_equal (entry->kind, PT_item_kind_MEMBER);
    assert_int_equal (entry->sender, BY);
    assert_true (entry->has_account && entry->account == FRIEND);
    assert_true (entry->has_what && entry->what == PT_change_JOINED);
    assert_false (entry->has_role);
    fixture_assert_str (entry->send_id, "key");
    return call;
}

static bool s_is_known (harness_t *harness, uint64_t id)
{
    const pt_room_invited_t *invited = fixture_ok (harness, id)->msg;
    return invited->has_known && invited->known;
}

static void a_friend_is_appended_and_published (void **state)
{
    harness_t *harness = *state;
    for (unsigned is_again = 0; is_again < 2; is_again++) {
        uint64_t id, room = 310 + is_again;
        const harness_frame_t *call = s_reach_append (harness, room, &id);
        pt_append_result_t result = {.seq = 5,
                                     .has_seq = true,
                                     .id = 50,
                                     .has_id = true,
                                     .at = 500,
                                     .has_at = true,
                                     .role = PT_role_MEMBER,
                                     .has_role = true,
                                     .known = is_again,
                                     .has_known = true};
        pt_append_results_t answer = {.results = {&result, 1}, .epoch = 1, .head = 5};
        harness_answer (harness, call, &answer);
        assert_false (s_is_known (harness, id));
        assert_int_equal (fixture_items (harness, room)->items.at[0].account, FRIEND);
    }
}

static void who_is_in_already_is_known_and_nothing_is_published (void **state)
{
    harness_t *harness = *state;
    uint64_t id;
    const harness_frame_t *call = s_reach_append (harness, 320, &id);
    pt_append_result_t result = {.role = PT_role_ADMIN, .has_role = true};
    pt_append_results_t answer = {.results = {&result, 1}, .epoch = 1, .head = 5};
    harness_answer (harness, call, &answer);
    assert_true (s_is_known (harness, id));
    fixture_assert_silence (harness);
}

static void what_has_not_to_change_is_not_appended (void **state)
{
    harness_t *harness = *state;
    const pt_invite_t found = {.room = 330, .account = FRIEND, .known = true, .has_known = true};
    uint64_t id = harness_request (harness, PT_OP_chat_invite, &s_invite);
    harness_answer (harness, s_expect (harness), &found);
    assert_true (s_is_known (harness, id));
    fixture_assert_silence (harness);
}

static void a_refusal_reaches_the_asker (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_not_found, PT_E_not_member, PT_E_forbidden};
    for (size_t i = 0; i < COUNT (errors); i++) {
        uint64_t id = harness_request (harness, PT_OP_chat_invite, &s_invite);
        harness_refuse (harness, s_expect (harness), errors[i], "so");
        fixture_refused (harness, id, errors[i]);
    }
    uint64_t id;
    const harness_frame_t *call = s_reach_append (harness, 340, &id);
    pt_append_result_t result = {.status = PT_E_forbidden};
    pt_append_results_t answer = {.results = {&result, 1}, .epoch = 1, .head = 5};
    harness_answer (harness, call, &answer);
    fixture_refused (harness, id, PT_E_forbidden);
    fixture_assert_silence (harness);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_friend_is_appended_and_published),
        cmocka_unit_test (who_is_in_already_is_known_and_nothing_is_published),
        cmocka_unit_test (what_has_not_to_change_is_not_appended),
        cmocka_unit_test (a_refusal_reaches_the_asker),
        cmocka_unit_test (every_event_was_encoded),
    };
    return cmocka_run_group_tests_name ("chat_invite", tests, fixture_set_up, fixture_tear_down);
}
