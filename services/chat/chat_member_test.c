/*  chat_member_test - join, leave, set and remove through the daemon, store
    being played by the test. */

#include "chat_fixture.h"

enum { BY = 7, OTHER = 8 };

typedef struct {
    const char *what;
    uint16_t opcode;
    uint64_t member;      /* of set and remove */
    pt_role_t role;       /* of set; none: absent */
    pt_change_t asked;    /* what store has to be asked */
    pt_role_t asked_role; /* none: absent */
    uint64_t asked_account;
    bool wants_membership;
} s_row_t;

static const s_row_t s_rows[] = {
    {"join", PT_OP_chat_room_join, 0, 0, PT_change_JOINED, 0, BY, true},
    {"leave", PT_OP_chat_room_leave, 0, 0, PT_change_LEFT, 0, BY, false},
    {"add", PT_OP_chat_member_set, OTHER, 0, PT_change_JOINED, PT_role_MEMBER, OTHER, true},
    {"add admin", PT_OP_chat_member_set, OTHER, PT_role_ADMIN, PT_change_JOINED, PT_role_ADMIN, OTHER, true},
    {"own role", PT_OP_chat_member_set, BY, PT_role_READER, PT_change_JOINED, PT_role_READER, BY, true},
    {"remove", PT_OP_chat_member_remove, OTHER, 0, PT_change_KICKED, 0, OTHER, false},
    {"remove oneself", PT_OP_chat_member_remove, BY, 0, PT_change_LEFT, 0, BY, false},
};

static uint64_t s_request (harness_t *harness, const s_row_t *row, uint64_t room)
{
    if (row->opcode == PT_OP_chat_member_set) {
        pt_member_set_t set = {.account = BY,
                               .room = room,
                               .member = row->member,
                               .role = row->role,
                               .has_role = row->role != PT_role_none,
                               .key = PT_LIT ("key")};
        return harness_request (harness, row->opcode, &set);
    }
    if (row->opcode == PT_OP_chat_member_remove) {
        pt_member_remove_t remove = {.account = BY, .room = room, .member = row->member, .key = PT_LIT ("key")};
        return harness_request (harness, row->opcode, &remove);
    }
    pt_room_change_t change = {.account = BY, .room = room, .key = PT_LIT ("key")};
    return harness_request (harness, row->opcode, &change);
}

static const harness_frame_t *s_take_question (harness_t *harness, const s_row_t *row, uint64_t room)
{
    const harness_frame_t *call = fixture_append (harness, room);
    const pt_append_t *append = call->msg;
    assert_int_equal (append->entries.count, 1);
    const pt_append_entry_t *entry = append->entries.at;
    assert_int_equal (entry->kind, PT_item_kind_MEMBER);
    assert_int_equal (entry->sender, BY);
    fixture_assert_str (entry->send_id, "key");
    assert_true (entry->has_account && entry->account == row->asked_account);
    assert_true (entry->has_what && entry->what == row->asked);
    assert_int_equal (entry->has_role, row->asked_role != PT_role_none);
    if (entry->has_role)
        assert_int_equal (entry->role, row->asked_role);
    assert_false (entry->has_body || entry->has_reply_to);
    return call;
}

static void s_answer (harness_t *harness, const harness_frame_t *call, const pt_append_result_t *result)
{
    pt_append_results_t answer = {.results = {result, 1}, .epoch = 2, .head = 20, .floor = 1};
    harness_answer (harness, call, &answer);
}

static void s_assert_reply (harness_t *harness, uint64_t id, const s_row_t *row, uint64_t room, pt_role_t role)
{
    const harness_frame_t *reply = fixture_ok (harness, id);
    if (!row->wants_membership)
        return;
    const pt_membership_t *membership = reply->msg;
    assert_int_equal (membership->room, room);
    assert_int_equal (membership->account, row->asked_account);
    assert_int_equal (membership->has_role, role != PT_role_none);
    if (role)
        assert_int_equal (membership->role, role);
    assert_int_equal (membership->seq, 20);
    assert_int_equal (membership->epoch, 2);
    assert_int_equal (membership->floor, 1);
}

static void s_assert_item (harness_t *harness, const s_row_t *row, uint64_t room, pt_change_t what, pt_role_t role)
{
    const pt_room_items_t *event = fixture_items (harness, room);
    assert_int_equal (event->epoch, 2);
    assert_int_equal (event->items.count, 1);
    const pt_item_t *item = event->items.at;
    assert_int_equal (item->room, room);
    assert_int_equal (item->seq, 19);
    assert_int_equal (item->id, 190);
    assert_int_equal (item->at, 1900);
    assert_int_equal (item->kind, PT_item_kind_MEMBER);
    assert_true (item->has_account && item->account == row->asked_account);
    assert_true (item->has_by && item->by == BY);
    assert_true (item->has_what && item->what == what);
    assert_int_equal (item->has_role, role != PT_role_none);
    if (role)
        assert_int_equal (item->role, role);
    assert_false (item->has_sender || item->has_send_id || item->has_body || item->has_reply_to);
}

static pt_append_result_t s_make_result (pt_role_t role)
{
    return (pt_append_result_t){.seq = 19,
                                .has_seq = true,
                                .id = 190,
                                .has_id = true,
                                .at = 1900,
                                .has_at = true,
                                .role = role,
                                .has_role = role != PT_role_none};
}

static bool s_ends_as_member (const s_row_t *row)
{
    return row->asked == PT_change_JOINED;
}

static void a_change_is_appended_published_and_answered (void **state)
{
    harness_t *harness = *state;
    for (size_t i = 0; i < COUNT (s_rows); i++) {
        const s_row_t *row = s_rows + i;
        uint64_t room = 200 + i, id = s_request (harness, row, room);
        const harness_frame_t *call = s_take_question (harness, row, room);
        pt_role_t role = s_ends_as_member (row) ? PT_role_READER : PT_role_none;
        pt_append_result_t result = s_make_result (role);
        s_answer (harness, call, &result);
        s_assert_reply (harness, id, row, room, role);
        s_assert_item (harness, row, room, row->asked, role);
    }
    fixture_assert_silence (harness);
}

static void a_known_change_is_published_again (void **state)
{
    harness_t *harness = *state;
    for (size_t i = 0; i < COUNT (s_rows); i++) {
        const s_row_t *row = s_rows + i;
        uint64_t room = 220 + i, id = s_request (harness, row, room);
        pt_role_t role = s_ends_as_member (row) ? PT_role_MEMBER : PT_role_none;
        pt_append_result_t result = s_make_result (role);
        result.known = result.has_known = true;
        s_answer (harness, s_take_question (harness, row, room), &result);
        s_assert_reply (harness, id, row, room, role);
        s_assert_item (harness, row, room, row->asked, role);
    }
    fixture_assert_silence (harness);
}

static void what_store_says_happened_counts (void **state)
{
    harness_t *harness = *state;
    const s_row_t *row = s_rows + 3;
    uint64_t id = s_request (harness, row, 240);
    pt_append_result_t result = s_make_result (PT_role_ADMIN);
    result.what = PT_change_ROLE;
    result.has_what = true;
    s_answer (harness, s_take_question (harness, row, 240), &result);
    s_assert_reply (harness, id, row, 240, PT_role_ADMIN);
    s_assert_item (harness, row, 240, PT_change_ROLE, PT_role_ADMIN);
}

static void a_change_that_changed_nothing_is_answered_and_not_published (void **state)
{
    harness_t *harness = *state;
    for (size_t i = 0; i < COUNT (s_rows); i++) {
        const s_row_t *row = s_rows + i;
        uint64_t room = 250 + i, id = s_request (harness, row, room);
        pt_role_t role = s_ends_as_member (row) ? PT_role_OWNER : PT_role_none;
        pt_append_result_t result = {.role = role, .has_role = role != PT_role_none, .has_seq = i % 2};
        s_answer (harness, s_take_question (harness, row, room), &result);
        s_assert_reply (harness, id, row, room, role);
    }
    fixture_assert_silence (harness);
}

static void a_refused_change_is_the_request_refused (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_forbidden, PT_E_not_member, PT_E_not_found, PT_E_conflict};
    for (size_t i = 0; i < COUNT (s_rows); i++) {
        const s_row_t *row = s_rows + i;
        int err = errors[i % COUNT (errors)];
        uint64_t room = 270 + i, id = s_request (harness, row, room);
        pt_append_result_t result = {.status = (uint64_t)err, .detail = PT_LIT ("because"), .has_detail = true};
        s_answer (harness, s_take_question (harness, row, room), &result);
        fixture_assert_str (fixture_refused (harness, id, err)->detail, "because");
    }
    fixture_assert_silence (harness);
}

static void a_refused_call_is_the_request_refused (void **state)
{
    harness_t *harness = *state;
    for (size_t i = 0; i < COUNT (s_rows); i++) {
        uint64_t room = 290 + i, id = s_request (harness, s_rows + i, room);
        harness_refuse (harness, fixture_append (harness, room), PT_E_not_found, "no such room");
        fixture_assert_str (fixture_refused (harness, id, PT_E_not_found)->detail, "no such room");
    }
    fixture_assert_silence (harness);
}

static void an_answer_that_does_not_fit_is_no_success (void **state)
{
    harness_t *harness = *state;
    pt_append_result_t no_id = s_make_result (PT_role_MEMBER), no_at = no_id;
    no_id.has_id = no_at.has_at = false;
    const pt_append_result_t rows[][2] = {{s_make_result (0), s_make_result (0)}, {no_id}, {no_at}};
    for (size_t i = 0; i < COUNT (rows); i++) {
        uint64_t room = 310 + i, id = s_request (harness, s_rows, room);
        pt_append_results_t answer = {.results = {rows[i], i == 0 ? 2 : 1}, .epoch = 1, .head = 19};
        harness_answer (harness, fixture_append (harness, room), &answer);
        fixture_refused (harness, id, PT_E_worker_lost);
    }
    fixture_assert_silence (harness);
}

/*  ---- several at once --------------------------------------------------------- */

static const uint64_t s_added[] = {21, 22, 23};

static uint64_t s_request_add (harness_t *harness, uint64_t room)
{
    pt_members_add_t add = {.account = BY, .room = room, .members = {s_added, COUNT (s_added)}, .key = PT_LIT ("key")};
    return harness_request (harness, PT_OP_chat_members_add, &add);
}

/*  Lets store know the first `count` of them. */
static void s_answer_people (harness_t *harness, uint32_t count)
{
    const harness_frame_t *call = harness_expect (harness, PT_OP_store_people);
    const pt_people_query_t *query = call->msg;
    assert_int_equal (query->ids.count, COUNT (s_added));
    assert_true (query->is_living);
    pt_person_t people[COUNT (s_added)] = {0};
    for (uint32_t i = 0; i < count; i++)
        people[i] = (pt_person_t){.id = s_added[i], .uuid = PT_LIT ("00000000-0000-4000-8000-000000000000")};
    pt_people_t answer = {.items = {people, count}};
    harness_answer (harness, call, &answer);
}

static const harness_frame_t *s_take_adding (harness_t *harness, uint64_t room)
{
    const harness_frame_t *call = fixture_append (harness, room);
    const pt_append_t *append = call->msg;
    assert_int_equal (append->entries.count, COUNT (s_added));
    for (uint32_t i = 0; i < append->entries.count; i++) {
        const pt_append_entry_t *entry = &append->entries.at[i];
        assert_int_equal (entry->kind, PT_item_kind_MEMBER);
        assert_int_equal (entry->sender, BY);
        assert_true (entry->has_account && entry->account == s_added[i]);
        assert_true (entry->has_what && entry->what == PT_change_JOINED);
        assert_false (entry->has_role);
        for (uint32_t k = 0; k < i; k++)
            assert_false (pt_str_eq (entry->send_id, append->entries.at[k].send_id));
    }
    return call;
}

static void several_are_added_by_one_append (void **state)
{
    harness_t *harness = *state;
    uint64_t id = s_request_add (harness, 400);
    s_answer_people (harness, COUNT (s_added));
    const harness_frame_t *call = s_take_adding (harness, 400);
    pt_append_result_t results[] = {
        s_make_result (PT_role_MEMBER), {.role = PT_role_OWNER, .has_role = true}, s_make_result (PT_role_MEMBER)};
    results[2].seq++;
    pt_append_results_t answer = {.results = {results, COUNT (results)}, .epoch = 2, .head = 20, .floor = 1};
    harness_answer (harness, call, &answer);
    fixture_ok (harness, id);
    const pt_room_items_t *event = fixture_items (harness, 400);
    assert_int_equal (event->items.count, 2); /* the second was in already */
    assert_int_equal (event->items.at[0].account, s_added[0]);
    assert_int_equal (event->items.at[1].account, s_added[2]);
    fixture_assert_silence (harness);
}

static void an_unknown_one_adds_nobody (void **state)
{
    harness_t *harness = *state;
    uint64_t id = s_request_add (harness, 401);
    s_answer_people (harness, 1);
    const pt_error_t *error = fixture_refused (harness, id, PT_E_invalid);
    assert_int_equal (error->errors.count, 1);
    fixture_assert_fault (error, 0, "members", "not_found");
    fixture_assert_str (error->errors.at[0].detail, "22");
    fixture_assert_silence (harness);
}

static void what_was_added_beside_a_refusal_is_published (void **state)
{
    harness_t *harness = *state;
    uint64_t id = s_request_add (harness, 402);
    s_answer_people (harness, COUNT (s_added));
    const harness_frame_t *call = s_take_adding (harness, 402);
    pt_append_result_t gone = {.status = PT_E_not_found, .detail = PT_LIT ("no such account"), .has_detail = true};
    pt_append_result_t results[] = {s_make_result (PT_role_MEMBER), gone, gone};
    pt_append_results_t answer = {.results = {results, COUNT (results)}, .epoch = 2, .head = 20, .floor = 1};
    harness_answer (harness, call, &answer);
    fixture_assert_str (fixture_refused (harness, id, PT_E_not_found)->detail, "no such account");
    assert_int_equal (fixture_items (harness, 402)->items.count, 1);
    fixture_assert_silence (harness);
}

static void an_adding_without_store_is_refused (void **state)
{
    harness_t *harness = *state;
    uint64_t id = s_request_add (harness, 403);
    harness_refuse (harness, harness_expect (harness, PT_OP_store_people), PT_E_unavailable, "away");
    fixture_refused (harness, id, PT_E_unavailable);
    id = s_request_add (harness, 404);
    s_answer_people (harness, COUNT (s_added));
    pt_append_result_t one = s_make_result (PT_role_MEMBER);
    s_answer (harness, s_take_adding (harness, 404), &one);
    fixture_refused (harness, id, PT_E_worker_lost);
    fixture_assert_silence (harness);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_change_is_appended_published_and_answered),
        cmocka_unit_test (a_known_change_is_published_again),
        cmocka_unit_test (what_store_says_happened_counts),
        cmocka_unit_test (a_change_that_changed_nothing_is_answered_and_not_published),
        cmocka_unit_test (a_refused_change_is_the_request_refused),
        cmocka_unit_test (a_refused_call_is_the_request_refused),
        cmocka_unit_test (an_answer_that_does_not_fit_is_no_success),
        cmocka_unit_test (several_are_added_by_one_append),
        cmocka_unit_test (an_unknown_one_adds_nobody),
        cmocka_unit_test (what_was_added_beside_a_refusal_is_published),
        cmocka_unit_test (an_adding_without_store_is_refused),
        cmocka_unit_test (every_event_was_encoded),
    };
    return cmocka_run_group_tests (tests, fixture_set_up, fixture_tear_down);
}
