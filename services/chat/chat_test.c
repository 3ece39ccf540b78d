/*  chat_test - every operation of parley-chat, and what goes wrong around it:
    bad bodies, unknown operations, short deadlines, a store that refuses, is
    silent or is late, and the end of the process. */

#include "chat_fixture.h"
#include "chat_ops.h"
#include <signal.h>

/*  ---- tables ---------------------------------------------------------------- */

static void every_operation_of_the_schema_has_one_handler (void **state)
{
    (void)state;
    size_t expected = 0;
    const pt_call_t *call;
    for (size_t i = 0; (call = pt_call_at (i)); i++) {
        if (call->service != PT_SERVICE_chat)
            continue;
        size_t found = 0;
        for (size_t k = 0; k < chat_op_count; k++)
            found += chat_ops[k].opcode == call->opcode && chat_ops[k].fn != NULL;
        if (found != 1)
            fail_msg ("%s has %zu handlers", call->name, found);
        expected++;
    }
    assert_int_equal (chat_op_count, expected);
}

static void a_forwarded_operation_asks_store_the_same_question (void **state)
{
    (void)state;
    size_t forwarded = 0;
    for (size_t i = 0; i < chat_route_count; i++) {
        const sv_route_t *route = &chat_routes[i];
        const pt_call_t *ours = pt_call_find (route->opcode), *stores = pt_call_find (route->to);
        assert_non_null (ours);
        assert_non_null (stores);
        assert_int_equal (stores->service, PT_SERVICE_store);
        assert_int_equal (ours->request, stores->request);
        assert_int_equal (ours->reply, stores->reply);
        assert_int_equal (ours->flags & PT_READ, stores->flags & PT_READ);
    }
    for (size_t i = 0; i < chat_op_count; i++)
        forwarded += chat_ops[i].fn == chat_forward_on_request;
    assert_int_equal (forwarded, chat_route_count);
}

/*  ---- forwarding -------------------------------------------------------------- */

static const uint64_t s_rooms[] = {5, 6};

static const pt_room_ref_t s_room_ref = {.account = 7, .room = 5};
static const pt_room_update_t s_update = {
    .account = 7, .room = 5, .name = {"new", 3}, .has_name = true, .key = {"k", 1}};
static const pt_room_query_t s_room_query = {.account = 7, .limit = 9, .has_limit = true};
static const pt_member_query_t s_member_query = {.account = 7, .room = 5, .cursor = {"c", 1}, .has_cursor = true};
static const pt_history_query_t s_history = {.account = 7, .room = 5, .after = 3, .has_after = true};
static const pt_read_set_t s_read = {.account = 7, .room = 5, .seq = 9};
static const pt_sync_query_t s_sync = {.account = 7, .rooms = {s_rooms, 2}, .has_rooms = true};
static const pt_range_query_t s_range = {.room = 5, .after = 3, .limit = 100};
static const pt_head_query_t s_head_query = {.rooms = {s_rooms, 2}};

static const pt_room_t s_room = {
    .id = 5, .kind = PT_room_kind_PUBLIC, .created_by = 7, .created_at = 1, .head = 9, .epoch = 1};
static const pt_room_page_t s_room_page = {.items = {&s_room, 1}};
static const pt_member_t s_member = {.account = 7, .role = PT_role_OWNER, .joined_at = 1};
static const pt_member_page_t s_member_page = {.items = {&s_member, 1}};
static const pt_membership_t s_membership = {.room = 5, .account = 7, .seq = 9, .epoch = 1};
static const pt_history_page_t s_page = {.more = true, .head = 9, .epoch = 1};
static const pt_empty_t s_empty;
static const pt_sync_page_t s_sync_page;
static const pt_head_t s_head = {.room = 5, .seq = 9, .epoch = 1};
static const pt_heads_t s_heads = {.heads = {&s_head, 1}};

static const pt_revoked_query_t s_revoked_query = {.cursor = {"c", 1}};
static const pt_revocation_t s_revocation = {.account = 7, .session = 9, .has_session = true, .at = 1};
static const pt_revoked_page_t s_revoked_page = {.items = {&s_revocation, 1}, .cursor = {"d", 1}};

static const pt_room_find_t s_find = {
    .address = {"team_451b7", 10}, .has_address = true, .dialect = PT_room_dialect_MEMBER};
static const pt_person_t s_person = {.id = 7, .uuid = {"00000000-0000-4000-8000-000000000007", 36}};
static const pt_room_detail_t s_detail = {
    .room = &s_room, .people = {&s_person, 1}, .creator = &s_person, .has_creator = true};
static const pt_room_index_t s_index = {.account = 7, .dialect = PT_room_dialect_CHAT, .limit = 8, .has_limit = true};
static const pt_room_details_t s_details = {.items = {&s_detail, 1}, .total = 1, .has_total = true};
static const pt_people_query_t s_people_query = {.ids = {s_rooms, 2}};
static const pt_people_t s_people = {.items = {&s_person, 1}};
static const pt_person_ref_t s_person_ref = {.account = 7};
static const pt_people_find_t s_people_find = {.account = 7, .q = {"an", 2}, .offset = 8, .has_offset = true};
static const pt_contact_create_t s_contact_create = {
    .account = 7, .uuid = {"00000000-0000-4000-8000-000000000008", 36}, .key = {"k", 1}};
static const pt_contact_t s_contact = {.id = 3, .asker = &s_person, .has_asker = true, .known = true};
static const pt_contact_query_t s_contact_query = {.account = 7};
static const pt_contacts_t s_contacts = {.items = {&s_contact, 1}};
static const pt_contact_answer_t s_contact_answer = {.account = 7, .id = 3, .accept = true, .key = {"k", 1}};
static const pt_contact_answered_t s_contact_answered = {.room = &s_detail, .has_room = true};
static const pt_friend_query_t s_friend_query = {.account = 7, .limit = 8, .has_limit = true};

static const struct {
    uint16_t opcode;
    const void *question, *answer;
} s_samples[] = {
    {PT_OP_chat_room_get, &s_room_ref, &s_room},
    {PT_OP_chat_room_update, &s_update, &s_room},
    {PT_OP_chat_room_list, &s_room_query, &s_room_page},
    {PT_OP_chat_member_list, &s_member_query, &s_member_page},
    {PT_OP_chat_membership, &s_room_ref, &s_membership},
    {PT_OP_chat_history, &s_history, &s_page},
    {PT_OP_chat_read, &s_read, &s_empty},
    {PT_OP_chat_sync, &s_sync, &s_sync_page},
    {PT_OP_chat_range, &s_range, &s_page},
    {PT_OP_chat_heads, &s_head_query, &s_heads},
    {PT_OP_chat_revoked, &s_revoked_query, &s_revoked_page},
    {PT_OP_chat_room_find, &s_find, &s_detail},
    {PT_OP_chat_room_index, &s_index, &s_details},
    {PT_OP_chat_people, &s_people_query, &s_people},
    {PT_OP_chat_person, &s_person_ref, &s_person},
    {PT_OP_chat_people_find, &s_people_find, &s_people},
    {PT_OP_chat_contact_create, &s_contact_create, &s_contact},
    {PT_OP_chat_contact_list, &s_contact_query, &s_contacts},
    {PT_OP_chat_contact_answer, &s_contact_answer, &s_contact_answered},
    {PT_OP_chat_friend_list, &s_friend_query, &s_people},
};

static const void *s_sample (uint16_t opcode, const void **out_answer)
{
    *out_answer = NULL;
    for (size_t i = 0; i < COUNT (s_samples); i++)
        if (s_samples[i].opcode == opcode) {
            *out_answer = s_samples[i].answer;
            return s_samples[i].question;
        }
    fail_msg ("no sample for %04x", opcode);
    return NULL;
}

static pt_envelope_t s_make_envelope (uint16_t opcode, uint32_t deadline_ms)
{
    static uint64_t last = 1u << 20;
    return (pt_envelope_t){.version = PT_VERSION,
                           .kind = PT_KIND_REQUEST,
                           .service = PT_SERVICE_chat,
                           .opcode = opcode,
                           .correlation = ++last,
                           .deadline_ms = deadline_ms,
                           .affinity = 77,
                           .trace = "trace-1"};
}

static void s_encode (pt_buf_t *out, pt_msg_t type, const void *msg)
{
    pt_buf_init (out, LIM_FRAME);
    assert_int_equal (pt_encode (out, type, msg), 0);
}

static void s_assert_bytes (const harness_frame_t *frame, const pt_buf_t *expected)
{
    assert_int_equal (frame->body_len, expected->len);
    assert_memory_equal (frame->body, expected->at, expected->len);
}

static void body_and_answer_pass_unchanged (void **state)
{
    harness_t *harness = *state;
    for (size_t i = 0; i < chat_route_count; i++) {
        const sv_route_t *route = &chat_routes[i];
        const pt_call_t *call = pt_call_find (route->opcode);
        const void *answer, *question = s_sample (route->opcode, &answer);
        pt_buf_t body, reply;
        s_encode (&body, call->request, question);
        s_encode (&reply, call->reply, answer);
        pt_envelope_t envelope = s_make_envelope (route->opcode, 8000);
        uint64_t id = harness_request_raw (harness, &envelope, body.at, body.len);
        const harness_frame_t *asked = harness_expect (harness, route->to);
        s_assert_bytes (asked, &body);
        assert_int_equal (asked->envelope.affinity, 77);
        assert_in_range (asked->envelope.deadline_ms, 1, 8000);
        assert_string_equal (asked->envelope.trace, "trace-1");
        harness_answer (harness, asked, answer);
        s_assert_bytes (fixture_ok (harness, id), &reply);
        pt_buf_fini (&body);
        pt_buf_fini (&reply);
    }
}

static void a_forwarded_refusal_passes_unchanged (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_not_found, PT_E_not_member, PT_E_forbidden, PT_E_conflict};
    for (size_t i = 0; i < chat_route_count; i++) {
        const sv_route_t *route = &chat_routes[i];
        int err = errors[i % COUNT (errors)];
        const void *answer;
        uint64_t id = harness_request (harness, route->opcode, s_sample (route->opcode, &answer));
        harness_refuse (harness, harness_expect (harness, route->to), err, "because");
        fixture_assert_str (fixture_refused (harness, id, err)->detail, "because");
    }
}

static void a_forwarded_body_against_the_rules_stays_here (void **state)
{
    harness_t *harness = *state;
    pt_room_update_t update = {.account = 7, .room = 5, .name = PT_LIT ("\t"), .has_name = true, .key = PT_LIT ("k")};
    const pt_error_t *error =
        fixture_refused (harness, harness_request (harness, PT_OP_chat_room_update, &update), PT_E_invalid);
    fixture_assert_fault (error, 0, "name", "encoding");
    pt_history_query_t history = {
        .account = 7, .room = 5, .after = 1, .has_after = true, .before = 9, .has_before = true};
    error = fixture_refused (harness, harness_request (harness, PT_OP_chat_history, &history), PT_E_invalid);
    fixture_assert_fault (error, 0, "before", "not_one_of");
}

/*  ---- bad requests -------------------------------------------------------------- */

static void a_bad_body_is_refused_whatever_the_operation (void **state)
{
    harness_t *harness = *state;
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } rows[] = {
        {"", 0, PT_E_malformed},                     /* nothing */
        {"\xc1", 1, PT_E_malformed},                 /* never used */
        {"\x90", 1, PT_E_malformed},                 /* an array */
        {"\x80\x80", 2, PT_E_malformed},             /* trailing bytes */
        {"\xdf\xff\xff\xff\xff", 5, PT_E_malformed}, /* a map that claims too much */
        {"\x81\xa4room\xa5", 7, PT_E_malformed},     /* cut off */
        {"\x80", 1, PT_E_invalid},                   /* required fields are missing */
        {"\x81\xa7"
         "account\xa1"
         "7",
         11, PT_E_invalid}, /* a wrong type */
    };
    for (size_t i = 0; i < chat_op_count; i++) {
        bool takes_nothing = chat_ops[i].opcode == PT_OP_chat_status;
        for (size_t k = 0; k < COUNT (rows); k++) {
            if (takes_nothing && rows[k].err == PT_E_invalid)
                continue;
            pt_envelope_t envelope = s_make_envelope (chat_ops[i].opcode, 8000);
            fixture_refused (harness, harness_request_raw (harness, &envelope, rows[k].bytes, rows[k].len),
                             rows[k].err);
        }
    }
    fixture_assert_silence (harness);
}

static void bounds_of_the_schema_are_kept (void **state)
{
    harness_t *harness = *state;
    static char body[LIM_BODY + 1];
    memset (body, 'b', sizeof body);
    /*  account 7, room 5, sends [{send_id "a", body of 16385 bytes}] */
    static const char head[] = "\x83\xa7"
                               "account\x07\xa4room\x05\xa5sends\x91\x82\xa7send_id\xa1"
                               "a\xa4"
                               "body\xda\x40\x01";
    pt_buf_t raw;
    pt_buf_init (&raw, LIM_FRAME);
    pt_buf_put (&raw, head, sizeof head - 1);
    pt_buf_put (&raw, body, sizeof body);
    assert_int_equal (pt_buf_error (&raw), 0);
    pt_envelope_t envelope = s_make_envelope (PT_OP_chat_send, 8000);
    const pt_error_t *error =
        fixture_refused (harness, harness_request_raw (harness, &envelope, raw.at, raw.len), PT_E_invalid);
    fixture_assert_fault (error, 0, "sends.0.body", "too_long");
    pt_buf_fini (&raw);
    static const char none[] = "\x83\xa7"
                               "account\x07\xa4room\x05\xa5sends\x90";
    envelope = s_make_envelope (PT_OP_chat_send, 8000);
    error = fixture_refused (harness, harness_request_raw (harness, &envelope, none, sizeof none - 1), PT_E_invalid);
    fixture_assert_fault (error, 0, "sends", "too_short");
}

static void an_unknown_operation_is_refused (void **state)
{
    harness_t *harness = *state;
    static const uint16_t opcodes[] = {0x02ee, 0x0000, PT_OP_store_append, PT_EV_room_items};
    for (size_t i = 0; i < COUNT (opcodes); i++) {
        pt_envelope_t envelope = s_make_envelope (opcodes[i], 8000);
        fixture_refused (harness, harness_request_raw (harness, &envelope, "\x80", 1), PT_E_unknown_op);
    }
}

/*  ---- deadlines and a store in trouble --------------------------------------------- */

static uint64_t s_send_within (harness_t *harness, uint64_t room, uint32_t deadline_ms)
{
    pt_send_entry_t entry = {.send_id = PT_LIT ("a"), .body = PT_LIT ("hello")};
    pt_send_t send = {.account = 7, .room = room, .sends = {&entry, 1}};
    pt_buf_t body;
    s_encode (&body, PT_MSG_send, &send);
    pt_envelope_t envelope = s_make_envelope (PT_OP_chat_send, deadline_ms);
    uint64_t id = harness_request_raw (harness, &envelope, body.at, body.len);
    pt_buf_fini (&body);
    return id;
}

static void s_answer_append (harness_t *harness, const harness_frame_t *call, uint64_t seq)
{
    pt_append_result_t result = {.seq = seq, .has_seq = true, .id = seq, .has_id = true, .at = 1, .has_at = true};
    pt_append_results_t answer = {.results = {&result, 1}, .epoch = 1, .head = seq};
    harness_answer (harness, call, &answer);
}

static void a_deadline_too_short_to_ask_store_is_refused_at_once (void **state)
{
    harness_t *harness = *state;
    fixture_refused (harness, s_send_within (harness, 501, 1), PT_E_deadline);
    fixture_assert_silence (harness);
}

static void store_has_less_time_than_the_caller_gave (void **state)
{
    harness_t *harness = *state;
    uint64_t id = s_send_within (harness, 502, 5000);
    const harness_frame_t *call = fixture_append (harness, 502);
    assert_in_range (call->envelope.deadline_ms, 1, 4980);
    assert_string_equal (call->envelope.trace, "trace-1");
    s_answer_append (harness, call, 1);
    fixture_ok (harness, id);
    fixture_items (harness, 502);
}

/*  Also an answer that comes after that stays unpublished: gateways find the
    item by the head. */
static void a_silent_store_is_an_unknown_outcome (void **state)
{
    harness_t *harness = *state;
    uint64_t id = s_send_within (harness, 503, 400);
    const harness_frame_t *call = fixture_append (harness, 503);
    fixture_refused (harness, id, PT_E_deadline);
    s_answer_append (harness, call, 1);
    fixture_assert_silence (harness);
}

static void a_typed_error_of_store_arrives_as_such (void **state)
{
    harness_t *harness = *state;
    static const int errors[] = {PT_E_busy,     PT_E_unavailable, PT_E_worker_lost, PT_E_deadline,
                                 PT_E_draining, PT_E_memory,      PT_E_internal,    PT_E_gone};
    for (size_t i = 0; i < COUNT (errors); i++) {
        uint64_t room = 510 + i, id = s_send_within (harness, room, 2000);
        harness_refuse (harness, fixture_append (harness, room), errors[i], NULL);
        fixture_refused (harness, id, errors[i]);
    }
    fixture_assert_silence (harness);
}

/*  ---- readiness and the end ----------------------------------------------------------- */

static const pt_status_t *s_status (harness_t *harness)
{
    pt_empty_t empty = {0};
    return fixture_ok (harness, harness_request (harness, PT_OP_chat_status, &empty))->msg;
}

static void it_is_ready_once_store_has_answered (void **state)
{
    (void)state;
    harness_t *harness = harness_new ("parley-chat", PT_PEER_chat, NULL);
    const pt_status_t *status = s_status (harness);
    fixture_assert_str (status->service, "chat");
    assert_int_equal (status->pid, harness_pid (harness));
    assert_false (status->ready);
    fixture_assert_str (status->reason, "store has not answered yet");
    harness_refuse (harness, harness_expect (harness, PT_OP_store_status), PT_E_unavailable, NULL);
    harness_answer_status (harness, harness_expect (harness, PT_OP_store_status), true);
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (!(status = s_status (harness))->ready)
        assert_true (sv_now_ms () < end_ms);
    assert_false (status->has_reason && status->reason.len > 0);
    harness_destroy (&harness);
}

static void what_was_taken_is_answered_before_the_end (void **state)
{
    (void)state;
    harness_t *harness = fixture_new ();
    uint64_t id = s_send_within (harness, 520, 8000);
    const harness_frame_t *call = fixture_append (harness, 520);
    assert_int_equal (kill (harness_pid (harness), SIGTERM), 0);
    s_answer_append (harness, call, 1);
    fixture_ok (harness, id);
    harness_destroy (&harness);
}

static void a_drain_cut_short_leaves_the_outcome_unknown (void **state)
{
    (void)state;
    static const char *const args[] = {"--drain-ms", "100ms", NULL};
    harness_t *harness = harness_new ("parley-chat", PT_PEER_chat, args);
    harness_fake (harness, PT_OP_store_status, harness_fake_ready, NULL);
    uint64_t id = s_send_within (harness, 521, 8000);
    fixture_append (harness, 521);
    assert_int_equal (kill (harness_pid (harness), SIGTERM), 0);
    fixture_refused (harness, id, PT_E_worker_lost);
    harness_destroy (&harness);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_operation_of_the_schema_has_one_handler),
        cmocka_unit_test (a_forwarded_operation_asks_store_the_same_question),
        cmocka_unit_test (body_and_answer_pass_unchanged),
        cmocka_unit_test (a_forwarded_refusal_passes_unchanged),
        cmocka_unit_test (a_forwarded_body_against_the_rules_stays_here),
        cmocka_unit_test (a_bad_body_is_refused_whatever_the_operation),
        cmocka_unit_test (bounds_of_the_schema_are_kept),
        cmocka_unit_test (an_unknown_operation_is_refused),
        cmocka_unit_test (a_deadline_too_short_to_ask_store_is_refused_at_once),
        cmocka_unit_test (store_has_less_time_than_the_caller_gave),
        cmocka_unit_test (a_silent_store_is_an_unknown_outcome),
        cmocka_unit_test (a_typed_error_of_store_arrives_as_such),
        cmocka_unit_test (it_is_ready_once_store_has_answered),
        cmocka_unit_test (what_was_taken_is_answered_before_the_end),
        cmocka_unit_test (a_drain_cut_short_leaves_the_outcome_unknown),
        cmocka_unit_test (every_event_was_encoded),
    };
    return cmocka_run_group_tests (tests, fixture_set_up, fixture_tear_down);
}
