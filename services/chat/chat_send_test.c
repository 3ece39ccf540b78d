/*  chat_send_test - posting messages through the daemon, store being played by
    the test. */

#include "chat_fixture.h"

static uint64_t s_send (harness_t *harness, uint64_t room, const pt_send_entry_t *entries, uint32_t count)
{
    pt_send_t send = {.account = 7, .room = room, .sends = {entries, count}};
    return harness_request (harness, PT_OP_chat_send, &send);
}

static pt_append_result_t s_took (uint64_t seq)
{
    return (pt_append_result_t){
        .seq = seq, .has_seq = true, .id = 1000 + seq, .has_id = true, .at = (int64_t)(5000 + seq), .has_at = true};
}

static pt_append_result_t s_knew (uint64_t seq)
{
    pt_append_result_t result = s_took (seq);
    result.known = result.has_known = true;
    return result;
}

static pt_append_result_t s_refused (int err)
{
    return (pt_append_result_t){.status = (uint64_t)err};
}

static void s_answer (harness_t *harness, const harness_frame_t *call, const pt_append_result_t *results,
                      uint32_t count, uint64_t head)
{
    pt_append_results_t answer = {.results = {results, count}, .epoch = 3, .head = head};
    harness_answer (harness, call, &answer);
}

static void s_assert_result (const pt_send_result_t *result, uint64_t seq, bool is_duplicate)
{
    assert_int_equal (result->status, 0);
    assert_true (result->has_seq && result->has_id && result->has_at && result->has_duplicate);
    assert_int_equal (result->seq, seq);
    assert_int_equal (result->id, 1000 + seq);
    assert_int_equal (result->at, 5000 + seq);
    assert_int_equal (result->duplicate, is_duplicate);
}

static void s_assert_refusal (const pt_send_result_t *result, int err)
{
    assert_int_equal (result->status, err);
    assert_false (result->has_seq || result->has_id || result->has_at || result->has_duplicate);
}

static void one_message_is_appended_published_and_acknowledged (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entry = {.send_id = PT_LIT ("a"), .body = PT_LIT ("hello"), .reply_to = 4, .has_reply_to = true};
    uint64_t id = s_send (harness, 101, &entry, 1);

    const harness_frame_t *call = fixture_append (harness, 101);
    const pt_append_t *append = call->msg;
    assert_int_equal (append->entries.count, 1);
    const pt_append_entry_t *asked = append->entries.at;
    assert_int_equal (asked->kind, PT_item_kind_MESSAGE);
    assert_int_equal (asked->sender, 7);
    fixture_assert_str (asked->send_id, "a");
    fixture_assert_str (asked->body, "hello");
    assert_true (asked->has_reply_to && asked->reply_to == 4);
    assert_false (asked->has_account || asked->has_what || asked->has_role);
    pt_append_result_t result = s_took (5);
    s_answer (harness, call, &result, 1, 5);

    const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
    assert_int_equal (reply->results.count, 1);
    s_assert_result (reply->results.at, 5, false);

    const harness_frame_t *frame = harness_event (harness, PT_EV_room_items);
    const pt_room_items_t *event = frame->msg;
    assert_int_equal (event->room, 101);
    assert_int_equal (event->epoch, 3);
    assert_int_equal (event->items.count, 1);
    const pt_item_t *item = event->items.at;
    assert_int_equal (item->room, 101);
    assert_int_equal (item->seq, 5);
    assert_int_equal (item->id, 1005);
    assert_int_equal (item->kind, PT_item_kind_MESSAGE);
    assert_int_equal (item->at, 5005);
    assert_true (item->has_sender && item->sender == 7);
    fixture_assert_str (item->send_id, "a");
    fixture_assert_str (item->body, "hello");
    assert_true (item->has_reply_to && item->reply_to == 4);
    assert_false (item->has_account || item->has_what || item->has_role || item->has_by);
}

static void the_order_of_the_array_is_kept (void **state)
{
    harness_t *harness = *state;
    char ids[LIM_SENDS][8];
    pt_send_entry_t entries[LIM_SENDS] = {0};
    pt_append_result_t results[LIM_SENDS];
    for (uint32_t i = 0; i < LIM_SENDS; i++) {
        snprintf (ids[i], sizeof ids[i], "id%u", (i * 37) % LIM_SENDS);
        entries[i] = (pt_send_entry_t){.send_id = pt_str (ids[i]), .body = pt_str (ids[i])};
        results[i] = s_took (i + 1);
    }
    uint64_t id = s_send (harness, 102, entries, LIM_SENDS);
    const harness_frame_t *call = fixture_append (harness, 102);
    const pt_append_t *append = call->msg;
    assert_int_equal (append->entries.count, LIM_SENDS);
    for (uint32_t i = 0; i < LIM_SENDS; i++)
        fixture_assert_str (append->entries.at[i].send_id, ids[i]);
    s_answer (harness, call, results, LIM_SENDS, LIM_SENDS);
    const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
    assert_int_equal (reply->results.count, LIM_SENDS);
    for (uint32_t i = 0; i < LIM_SENDS; i++)
        s_assert_result (reply->results.at + i, i + 1, false);
    const pt_room_items_t *event = fixture_items (harness, 102);
    assert_int_equal (event->items.count, LIM_SENDS);
    for (uint32_t i = 0; i < LIM_SENDS; i++) {
        assert_int_equal (event->items.at[i].seq, i + 1);
        fixture_assert_str (event->items.at[i].body, ids[i]);
    }
    fixture_assert_silence (harness);
}

static void a_known_message_is_a_duplicate_and_is_published_again (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entries[] = {
        {.send_id = PT_LIT ("new"), .body = PT_LIT ("third")},
        {.send_id = PT_LIT ("old"), .body = PT_LIT ("first")},
        {.send_id = PT_LIT ("new"), .body = PT_LIT ("third")},
    };
    uint64_t id = s_send (harness, 103, entries, COUNT (entries));
    const harness_frame_t *call = fixture_append (harness, 103);
    pt_append_result_t results[] = {s_took (3), s_knew (1), s_knew (3)};
    s_answer (harness, call, results, COUNT (results), 3);
    const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
    s_assert_result (reply->results.at, 3, false);
    s_assert_result (reply->results.at + 1, 1, true);
    s_assert_result (reply->results.at + 2, 3, true);
    const pt_room_items_t *event = fixture_items (harness, 103);
    assert_int_equal (event->items.count, 2);
    assert_int_equal (event->items.at[0].seq, 1);
    fixture_assert_str (event->items.at[0].body, "first");
    assert_int_equal (event->items.at[1].seq, 3);
    fixture_assert_str (event->items.at[1].body, "third");
}

static void a_refused_entry_leaves_the_others_in_place (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entries[] = {
        {.send_id = PT_LIT ("1"), .body = PT_LIT ("one")},   {.send_id = PT_LIT ("2"), .body = PT_LIT (" \t ")},
        {.send_id = PT_LIT ("3"), .body = PT_LIT ("three")}, {.send_id = PT_LIT ("4\n"), .body = PT_LIT ("four")},
        {.send_id = PT_LIT ("5"), .body = PT_LIT ("five")},
    };
    uint64_t id = s_send (harness, 104, entries, COUNT (entries));
    const harness_frame_t *call = fixture_append (harness, 104);
    const pt_append_t *append = call->msg;
    assert_int_equal (append->entries.count, 3);
    fixture_assert_str (append->entries.at[0].send_id, "1");
    fixture_assert_str (append->entries.at[1].send_id, "3");
    fixture_assert_str (append->entries.at[2].send_id, "5");
    pt_append_result_t results[] = {s_took (8), s_refused (PT_E_conflict), s_took (9)};
    s_answer (harness, call, results, COUNT (results), 9);
    const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
    assert_int_equal (reply->results.count, 5);
    s_assert_result (reply->results.at, 8, false);
    s_assert_refusal (reply->results.at + 1, PT_E_invalid);
    s_assert_refusal (reply->results.at + 2, PT_E_conflict);
    s_assert_refusal (reply->results.at + 3, PT_E_invalid);
    s_assert_result (reply->results.at + 4, 9, false);
    const pt_room_items_t *event = fixture_items (harness, 104);
    assert_int_equal (event->items.count, 2);
    fixture_assert_str (event->items.at[0].body, "one");
    fixture_assert_str (event->items.at[1].body, "five");
}

static void nothing_but_bad_entries_is_invalid_and_names_them (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entries[] = {{.send_id = PT_LIT ("1"), .body = PT_LIT (" ")},
                                 {.send_id = PT_LIT ("\x7f"), .body = PT_LIT ("two")}};
    const pt_error_t *error = fixture_refused (harness, s_send (harness, 105, entries, 2), PT_E_invalid);
    assert_int_equal (error->errors.count, 2);
    fixture_assert_fault (error, 0, "sends.0.body", "too_short");
    fixture_assert_fault (error, 1, "sends.1.send_id", "encoding");
    fixture_assert_silence (harness);
}

static void when_store_refuses_every_entry_nothing_is_published (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entries[] = {{.send_id = PT_LIT ("1"), .body = PT_LIT ("one")},
                                 {.send_id = PT_LIT ("2"), .body = PT_LIT ("two")}};
    uint64_t id = s_send (harness, 106, entries, 2);
    const harness_frame_t *call = fixture_append (harness, 106);
    pt_append_result_t results[] = {s_refused (PT_E_not_member), s_refused (PT_E_conflict)};
    s_answer (harness, call, results, 2, 4);
    const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
    s_assert_refusal (reply->results.at, PT_E_not_member);
    s_assert_refusal (reply->results.at + 1, PT_E_conflict);
    fixture_assert_silence (harness);
}

static void when_store_refuses_the_request_the_caller_learns_why (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_not_found, PT_E_gone, PT_E_forbidden, PT_E_not_member, PT_E_internal};
    for (size_t i = 0; i < COUNT (errors); i++) {
        pt_send_entry_t entry = {.send_id = PT_LIT ("1"), .body = PT_LIT ("one")};
        uint64_t room = 110 + i, id = s_send (harness, room, &entry, 1);
        harness_refuse (harness, fixture_append (harness, room), errors[i], "because");
        fixture_assert_str (fixture_refused (harness, id, errors[i])->detail, "because");
    }
    fixture_assert_silence (harness);
}

/*  An answer that does not fit leaves the outcome unknown: neither success nor
    plain failure would be true. */
static void an_answer_that_does_not_fit_is_no_success (void **state)
{
    harness_t *harness = *state;
    pt_append_result_t no_seq = s_took (1), no_id = s_took (1), no_at = s_took (1);
    no_seq.has_seq = no_id.has_id = no_at.has_at = false;
    const struct {
        pt_append_result_t results[3];
        uint32_t count;
    } rows[] = {
        {{s_took (1)}, 1},         {{s_took (1), s_took (2), s_took (3)}, 3},
        {{s_took (2), no_seq}, 2}, {{s_took (2), no_id}, 2},
        {{no_at, s_took (2)}, 2},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        pt_send_entry_t entries[] = {{.send_id = PT_LIT ("1"), .body = PT_LIT ("one")},
                                     {.send_id = PT_LIT ("2"), .body = PT_LIT ("two")}};
        uint64_t room = 120 + i, id = s_send (harness, room, entries, 2);
        s_answer (harness, fixture_append (harness, room), rows[i].results, rows[i].count, 3);
        fixture_refused (harness, id, PT_E_worker_lost);
    }
    fixture_assert_silence (harness);
}

static const pt_attachment_t s_files[] = {
    {.file = 70, .name = {"a.png", sizeof ("a.png") - 1}, .type = {"image/png", sizeof ("image/png") - 1}, .size = 5},
    {.file = 71, .name = {"b.txt", sizeof ("b.txt") - 1}, .type = {"text/plain", sizeof ("text/plain") - 1}, .size = 6},
};
static const uint64_t s_file_ids[] = {70, 71};

/*  Also of a repeat, whose files may be gone: its item says what they were. */
static void files_are_published_as_store_says_they_are (void **state)
{
    harness_t *harness = *state;
    for (int turn = 0; turn < 2; turn++) {
        pt_send_entry_t entries[] = {
            {.send_id = PT_LIT ("f"), .body = PT_LIT (""), .attachments = {s_file_ids, 2}, .has_attachments = true},
            {.send_id = PT_LIT ("g"), .body = PT_LIT ("plain"), .has_attachments = true}};
        uint64_t id = s_send (harness, 150, entries, 2);
        const harness_frame_t *call = fixture_append (harness, 150);
        const pt_append_t *append = call->msg;
        assert_int_equal (append->entries.at[0].attachments.count, 2);
        assert_int_equal (append->entries.at[0].attachments.at[1], 71);
        assert_false (append->entries.at[1].has_attachments);
        pt_append_result_t results[] = {turn ? s_knew (3) : s_took (3), turn ? s_knew (4) : s_took (4)};
        results[0].attachments.at = s_files;
        results[0].attachments.count = 2;
        results[0].has_attachments = true;
        s_answer (harness, call, results, 2, 4);
        fixture_ok (harness, id);
        const pt_room_items_t *event = fixture_items (harness, 150);
        assert_int_equal (event->items.at[0].attachments.count, 2);
        fixture_assert_str (event->items.at[0].attachments.at[0].name, "a.png");
        fixture_assert_str (event->items.at[0].attachments.at[1].type, "text/plain");
        assert_int_equal (event->items.at[0].body.len, 0);
        assert_false (event->items.at[1].has_attachments);
    }
}

static void files_that_are_not_in_the_answer_are_no_success (void **state)
{
    harness_t *harness = *state;
    for (uint32_t told = 0; told < 2; told++) {
        pt_send_entry_t entry = {
            .send_id = PT_LIT ("f"), .body = PT_LIT ("x"), .attachments = {s_file_ids, 2}, .has_attachments = true};
        uint64_t room = 151 + told, id = s_send (harness, room, &entry, 1);
        pt_append_result_t result = s_took (1);
        result.attachments.at = s_files;
        result.attachments.count = told;
        result.has_attachments = told > 0;
        s_answer (harness, fixture_append (harness, room), &result, 1, 1);
        fixture_refused (harness, id, PT_E_worker_lost);
    }
    fixture_assert_silence (harness);
}

static void a_refusal_says_why (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entry = {
        .send_id = PT_LIT ("f"), .body = PT_LIT ("x"), .attachments = {s_file_ids, 2}, .has_attachments = true};
    uint64_t id = s_send (harness, 153, &entry, 1);
    pt_append_result_t result = s_refused (PT_E_not_found);
    result.detail = PT_LIT ("attachments.1: no file of the sender's");
    result.has_detail = true;
    s_answer (harness, fixture_append (harness, 153), &result, 1, 1);
    const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
    s_assert_refusal (reply->results.at, PT_E_not_found);
    fixture_assert_str (reply->results.at[0].detail, "attachments.1: no file of the sender's");
    fixture_assert_silence (harness);
}

static void the_largest_request_is_published_in_events_that_fit (void **state)
{
    harness_t *harness = *state;
    enum { SENDS = 63 };
    static char body[LIM_BODY];
    memset (body, 'b', sizeof body);
    char ids[SENDS][LIM_SEND_ID + 1];
    pt_send_entry_t entries[SENDS] = {0};
    pt_append_result_t results[SENDS];
    for (uint32_t i = 0; i < SENDS; i++) {
        snprintf (ids[i], sizeof ids[i], "%064u", i);
        entries[i] = (pt_send_entry_t){.send_id = pt_str (ids[i]), .body = {body, sizeof body}};
        results[i] = s_took (i + 1);
    }
    uint64_t id = s_send (harness, 130, entries, SENDS);
    s_answer (harness, fixture_append (harness, 130), results, SENDS, SENDS);
    assert_int_equal (((const pt_send_results_t *)fixture_ok (harness, id)->msg)->results.count, SENDS);
    uint64_t seq = 0;
    unsigned events = 0;
    for (; seq < SENDS; events++) {
        const harness_frame_t *frame = harness_event (harness, PT_EV_room_items);
        assert_in_range (frame->body_len, 1, LIM_FRAME);
        const pt_room_items_t *event = frame->msg;
        assert_int_equal (event->room, 130);
        for (uint32_t i = 0; i < event->items.count; i++)
            assert_int_equal (event->items.at[i].seq, ++seq);
    }
    assert_int_equal (events, 2);
    fixture_assert_silence (harness);
}

static void a_repeated_request_gets_the_same_answer (void **state)
{
    harness_t *harness = *state;
    pt_send_entry_t entry = {.send_id = PT_LIT ("again"), .body = PT_LIT ("once")};
    for (int turn = 0; turn < 3; turn++) {
        uint64_t id = s_send (harness, 140, &entry, 1);
        pt_append_result_t result = turn == 0 ? s_took (2) : s_knew (2);
        s_answer (harness, fixture_append (harness, 140), &result, 1, 2);
        const pt_send_results_t *reply = fixture_ok (harness, id)->msg;
        s_assert_result (reply->results.at, 2, turn > 0);
        assert_int_equal (fixture_items (harness, 140)->items.at->seq, 2);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (one_message_is_appended_published_and_acknowledged),
        cmocka_unit_test (the_order_of_the_array_is_kept),
        cmocka_unit_test (a_known_message_is_a_duplicate_and_is_published_again),
        cmocka_unit_test (a_refused_entry_leaves_the_others_in_place),
        cmocka_unit_test (nothing_but_bad_entries_is_invalid_and_names_them),
        cmocka_unit_test (when_store_refuses_every_entry_nothing_is_published),
        cmocka_unit_test (when_store_refuses_the_request_the_caller_learns_why),
        cmocka_unit_test (an_answer_that_does_not_fit_is_no_success),
        cmocka_unit_test (files_are_published_as_store_says_they_are),
        cmocka_unit_test (files_that_are_not_in_the_answer_are_no_success),
        cmocka_unit_test (a_refusal_says_why),
        cmocka_unit_test (the_largest_request_is_published_in_events_that_fit),
        cmocka_unit_test (a_repeated_request_gets_the_same_answer),
        cmocka_unit_test (every_event_was_encoded),
    };
    return cmocka_run_group_tests (tests, fixture_set_up, fixture_tear_down);
}
