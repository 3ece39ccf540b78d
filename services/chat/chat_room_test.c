/*  chat_room_test - making and deleting rooms through the daemon, store being
    played by the test. */

#include "chat_fixture.h"

static const pt_room_t s_made = {
    .id = 55, .kind = PT_room_kind_GROUP, .created_by = 7, .created_at = 99, .head = 3, .epoch = 1};

static void a_room_is_made_as_asked (void **state)
{
    harness_t *harness = *state;
    static const uint64_t members[] = {8, 9};
    pt_room_create_t create = {.account = 7,
                               .name = PT_LIT ("den"),
                               .has_name = true,
                               .topic = PT_LIT ("talk"),
                               .has_topic = true,
                               .kind = PT_room_kind_PUBLIC,
                               .has_kind = true,
                               .members = {members, 2},
                               .has_members = true,
                               .key = PT_LIT ("k1")};
    uint64_t id = harness_request (harness, PT_OP_chat_room_create, &create);
    const harness_frame_t *call = harness_expect (harness, PT_OP_store_room_create);
    assert_int_equal (call->envelope.affinity, 7);
    const pt_room_create_t *asked = call->msg;
    assert_int_equal (asked->account, 7);
    fixture_assert_str (asked->name, "den");
    fixture_assert_str (asked->topic, "talk");
    fixture_assert_str (asked->key, "k1");
    assert_int_equal (asked->kind, PT_room_kind_PUBLIC);
    assert_int_equal (asked->members.count, 2);
    assert_int_equal (asked->members.at[0], 8);
    assert_int_equal (asked->members.at[1], 9);
    harness_answer (harness, call, &s_made);
    const pt_room_t *room = fixture_ok (harness, id)->msg;
    assert_int_equal (room->id, 55);
    assert_int_equal (room->head, 3);
    fixture_assert_silence (harness);
}

static void a_room_without_kind_is_made_a_group (void **state)
{
    harness_t *harness = *state;
    pt_room_create_t create = {.account = 7, .name = PT_LIT ("den"), .has_name = true, .key = PT_LIT ("k2")};
    uint64_t id = harness_request (harness, PT_OP_chat_room_create, &create);
    const harness_frame_t *call = harness_expect (harness, PT_OP_store_room_create);
    const pt_room_create_t *asked = call->msg;
    assert_true (asked->has_kind && asked->kind == PT_room_kind_GROUP);
    assert_false (asked->has_topic || asked->has_members);
    harness_answer (harness, call, &s_made);
    fixture_ok (harness, id);
}

static void a_room_against_the_rules_never_reaches_store (void **state)
{
    harness_t *harness = *state;
    pt_room_create_t create = {.account = 7, .key = PT_LIT ("k3")};
    const pt_error_t *error =
        fixture_refused (harness, harness_request (harness, PT_OP_chat_room_create, &create), PT_E_invalid);
    fixture_assert_fault (error, 0, "name", "missing");
    static const uint64_t self[] = {7};
    create.kind = PT_room_kind_DIRECT;
    create.has_kind = true;
    create.members = (pt_ids_t){self, 1};
    create.has_members = true;
    error = fixture_refused (harness, harness_request (harness, PT_OP_chat_room_create, &create), PT_E_invalid);
    fixture_assert_fault (error, 0, "members.0", "not_one_of");
}

static void a_refusal_of_store_reaches_the_maker (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_conflict, PT_E_not_found, PT_E_too_many};
    for (size_t i = 0; i < COUNT (errors); i++) {
        pt_room_create_t create = {.account = 7, .name = PT_LIT ("den"), .has_name = true, .key = PT_LIT ("k4")};
        uint64_t id = harness_request (harness, PT_OP_chat_room_create, &create);
        harness_refuse (harness, harness_expect (harness, PT_OP_store_room_create), errors[i], "so");
        fixture_assert_str (fixture_refused (harness, id, errors[i])->detail, "so");
    }
}

static void s_assert_gone (harness_t *harness, uint64_t room)
{
    const pt_head_t *event = harness_event (harness, PT_EV_room_gone)->msg;
    assert_int_equal (event->room, room);
}

static void a_deleted_room_is_announced_each_time_store_says_so (void **state)
{
    harness_t *harness = *state;
    for (int turn = 0; turn < 2; turn++) {
        pt_room_change_t change = {.account = 7, .room = 401, .key = PT_LIT ("k5")};
        uint64_t id = harness_request (harness, PT_OP_chat_room_delete, &change);
        const harness_frame_t *call = harness_expect (harness, PT_OP_store_room_delete);
        assert_int_equal (call->envelope.affinity, 401);
        const pt_room_change_t *asked = call->msg;
        assert_int_equal (asked->account, 7);
        assert_int_equal (asked->room, 401);
        fixture_assert_str (asked->key, "k5");
        pt_empty_t empty = {0};
        harness_answer (harness, call, &empty);
        fixture_ok (harness, id);
        s_assert_gone (harness, 401);
    }
}

static void a_room_that_was_not_deleted_is_not_announced (void **state)
{
    harness_t *harness = *state;
    pt_room_change_t change = {.account = 7, .room = 402, .key = PT_LIT ("k6")};
    uint64_t id = harness_request (harness, PT_OP_chat_room_delete, &change);
    harness_refuse (harness, harness_expect (harness, PT_OP_store_room_delete), PT_E_forbidden, NULL);
    fixture_refused (harness, id, PT_E_forbidden);
    change.room = 403;
    id = harness_request (harness, PT_OP_chat_room_delete, &change);
    pt_empty_t empty = {0};
    harness_answer (harness, harness_expect (harness, PT_OP_store_room_delete), &empty);
    fixture_ok (harness, id);
    s_assert_gone (harness, 403);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_room_is_made_as_asked),
        cmocka_unit_test (a_room_without_kind_is_made_a_group),
        cmocka_unit_test (a_room_against_the_rules_never_reaches_store),
        cmocka_unit_test (a_refusal_of_store_reaches_the_maker),
        cmocka_unit_test (a_deleted_room_is_announced_each_time_store_says_so),
        cmocka_unit_test (a_room_that_was_not_deleted_is_not_announced),
        cmocka_unit_test (every_event_was_encoded),
    };
    return cmocka_run_group_tests (tests, fixture_set_up, fixture_tear_down);
}
