/*  gw_voice_chat_test - the frames of friends' chats, what is asked for which time, and what becomes of a
    question that services fail. */

#include "gw_voices.h"
#include "gw_ws_fake.h"

enum { ROOM = 5, ANN = 7, PAGE = 15 };

#define S_UUID "3f0b1c9e-1f8e-4f43-9a38-3c1c6b5b7c11"

static fake_conn_t *s_ann (void)
{
    fake_conn_t *self = fake_sit (ANN, &gw_voice_chat, S_UUID, ROOM);
    fake_answer_membership (ROOM, ANN, 0, PT_role_MEMBER);
    return self;
}

/* ---- frames ------------------------------------------------------------------------------ */

static void s_assert_put (const pt_item_t *item, const char *expected)
{
    pt_buf_t out;
    pt_buf_init (&out, GW_TRACK_TEXT);
    gw_voice_chat.put (&out, item, NULL);
    pt_buf_put (&out, "", 1);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_string_equal (out.at, expected);
    pt_buf_fini (&out);
}

static void a_message_is_told_with_its_author_and_time (void **state)
{
    (void)state;
    pt_item_t item = fake_item (ROOM, 1);
    item.at = INT64_C (1795245783000001);
    s_assert_put (&item, "{\"message\":{\"author_id\":9,\"content\":\"hi\",\"time_stamp\":\"2026-11-21 "
                         "07:23:03.000001+00:00\"},\"command\":\"new_message\"}");
    item.body = PT_LIT ("a\"b\\c\n\x01 \xf0\x9f\x98\x80");
    item.sender = LIM_ID;
    item.at = INT64_C (1795245783000000);
    s_assert_put (&item, "{\"message\":{\"author_id\":9223372036854775807,\"content\":\"a\\\"b\\\\c\\n\\u0001 "
                         "\xf0\x9f\x98\x80\",\"time_stamp\":\"2026-11-21 07:23:03.000000+00:00\"},\"command\":\"new_"
                         "message\"}");
    item.has_sender = false;
    item.body = PT_LIT ("");
    s_assert_put (&item, "{\"message\":{\"author_id\":null,\"content\":\"\",\"time_stamp\":\"2026-11-21 "
                         "07:23:03.000000+00:00\"},\"command\":\"new_message\"}");
}

static void who_joins_is_not_told (void **state)
{
    (void)state;
    const pt_item_t item = fake_member (ROOM, 1, ANN, PT_change_JOINED, PT_role_MEMBER);
    s_assert_put (&item, "");
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
    gw_voice_chat.put (&out, &item, NULL);
    assert_int_equal (pt_buf_error (&out), 0);
    assert_true (out.len > 6 * LIM_BODY);
    pt_buf_fini (&out);
}

/* ---- what is asked ------------------------------------------------------------------------- */

/*  The question that is open. */
static fake_call_t s_asked (int64_t before_at)
{
    fake_call_t call = fake_take (PT_OP_chat_history);
    const pt_history_query_t *query = call.msg;
    assert_int_equal (call.affinity, ROOM);
    assert_int_equal (query->account, ANN);
    assert_int_equal (query->room, ROOM);
    assert_int_equal (query->limit, PAGE);
    assert_true (query->has_before_at && !query->has_after && !query->has_before && !query->has_around);
    assert_true (query->before_at == before_at);
    return call;
}

static void s_answer_none (fake_call_t call)
{
    const pt_history_page_t page = {.head = 1, .epoch = 1};
    fake_answer (call, &page);
}

static void each_way_to_write_a_time_is_read_and_given_back (void **state)
{
    (void)state;
    static const struct {
        const char *stamp;
        int64_t before_at;
    } rows[] = {
        {"\"0\"", INT64_MAX},
        {"0", INT64_MAX},
        {"null", INT64_MAX},
        {"\"\"", INT64_MAX},
        {"\"2026-11-21 07:23:03.042699+00:00\"", INT64_C (1795245783042699)},
        {"\"2026-11-21T07:23:03.042699Z\"", INT64_C (1795245783042699)},
        {"\"2026-11-21T09:23:03.042+02:00\"", INT64_C (1795245783042000)},
        {"\"2026-11-21 07:23:03\"", INT64_C (1795245783000000)},
        {"\"2026-11-21T07:23:03.123456789+00:00\"", INT64_C (1795245783123456)},
        {"\"1970-01-01T00:00:00Z\"", 0},
    };
    fake_conn_t *ann = s_ann ();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        fake_ask (ann, "{\"command\":\"fetch_messages\",\"last_message_time_stamp\":%s}", rows[i].stamp);
        s_answer_none (s_asked (rows[i].before_at));
        snprintf (text, sizeof text,
                  "{\"messages\":[],\"command\":\"fetch_messages\",\"last_message_time_stamp\":%s,\"error\":\"NO "
                  "MESSAGES\"}",
                  rows[i].stamp);
        fake_expect (ann, text);
    }
    fake_ask (ann, "{\"command\":\"fetch_messages\"}");
    s_answer_none (s_asked (INT64_MAX));
    fake_expect_like (ann, "{\"messages\":[],\"command\":\"fetch_messages\",\"last_message_time_stamp\":null,");
    fake_close (&ann);
}

static void what_is_no_time_is_told_and_not_asked (void **state)
{
    (void)state;
    static const char *const rows[] = {
        "1",
        "-1",
        "0.5",
        "true",
        "[]",
        "{}",
        "\"00\"",
        "\"yesterday\"",
        "\"2026-11-21\"",
        "\"2026-11-21 \"",
        "\"2026-13-21 07:23:03+00:00\"",
        "\"2026-11-21 07:23:03.1234567890+00:00\"",
        "\"2026-11-21 07:23:03+00:00 and much that does not belong there\"",
        "\"2026-11-21\\u000007:23:03+00:00\"",
    };
    fake_conn_t *ann = s_ann ();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake_ask (ann, "{\"command\":\"fetch_messages\",\"last_message_time_stamp\":%s}", rows[i]);
        fake_expect_like (ann, "{\"error\":\"");
        assert_int_equal (fake_open (PT_OP_chat_history), 0);
    }
    fake_close (&ann);
}

/* ---- pages ---------------------------------------------------------------------------------- */

/*  Messages `first`..`last` with that text, as a page. */
static void s_answer_page (fake_call_t call, uint64_t first, uint64_t last, pt_str_t body)
{
    pt_item_t items[PAGE];
    uint32_t count = 0;
    for (uint64_t seq = first; seq <= last; seq++) {
        items[count] = fake_item (ROOM, seq);
        items[count++].body = body;
    }
    const pt_history_page_t page = {.items = {items, count}, .more = first > 1, .head = 40, .epoch = 1};
    fake_answer (call, &page);
}

static unsigned s_count (const char *text, const char *word)
{
    unsigned count = 0;
    while ((text = strstr (text, word))) {
        count++;
        text++;
    }
    return count;
}

static void s_fetch (fake_conn_t *self)
{
    fake_ask (self, "{\"command\":\"fetch_messages\",\"last_message_time_stamp\":\"0\"}");
}

static void a_page_has_the_latest_first_and_says_when_it_is_not_full (void **state)
{
    (void)state;
    fake_conn_t *ann = s_ann ();
    s_fetch (ann);
    s_answer_page (s_asked (INT64_MAX), 3, 4, PT_LIT ("\"hi\""));
    fake_expect (ann,
                 "{\"messages\":["
                 "{\"author_id\":9,\"content\":\"\\\"hi\\\"\",\"time_stamp\":\"1970-01-01 00:00:00.000004+00:00\"},"
                 "{\"author_id\":9,\"content\":\"\\\"hi\\\"\",\"time_stamp\":\"1970-01-01 00:00:00.000003+00:00\"}"
                 "],\"command\":\"fetch_messages\",\"last_message_time_stamp\":\"1970-01-01 "
                 "00:00:00.000003+00:00\",\"error\":\"LAST PACKAGE\"}");
    for (unsigned count = PAGE - 1; count <= PAGE; count++) {
        s_fetch (ann);
        s_answer_page (s_asked (INT64_MAX), 1, count, PT_LIT ("hi"));
        const char *frame = fake_read (ann);
        assert_int_equal (s_count (frame, "author_id"), count);
        assert_int_equal (s_count (frame, "LAST PACKAGE"), count < PAGE);
    }
    fake_close (&ann);
}

static void fifteen_of_the_longest_plain_texts_are_one_page (void **state)
{
    (void)state;
    static char text[LIM_BODY];
    memset (text, 'x', sizeof text);
    fake_conn_t *ann = s_ann ();
    s_fetch (ann);
    s_answer_page (s_asked (INT64_MAX), 1, PAGE, (pt_str_t){text, sizeof text});
    assert_int_equal (s_count (fake_read (ann), "author_id"), PAGE);
    fake_close (&ann);
}

/*  What is left out is asked for next: the time is that of the last one told, and nothing says that
    there are no more. */
static void a_page_that_is_too_long_goes_on_in_the_next (void **state)
{
    (void)state;
    static char text[LIM_BODY];
    memset (text, 1, sizeof text);
    fake_conn_t *ann = s_ann ();
    s_fetch (ann);
    s_answer_page (s_asked (INT64_MAX), 1, 7, (pt_str_t){text, sizeof text});
    const char *frame = fake_read (ann);
    assert_int_equal (s_count (frame, "author_id"), 2);
    assert_non_null (strstr (frame, "\"last_message_time_stamp\":\"1970-01-01 00:00:00.000006+00:00\"}"));
    assert_int_equal (ann->close_code, 0);
    fake_close (&ann);
}

static void pages_are_asked_for_one_by_one_as_they_are_taken (void **state)
{
    (void)state;
    static char text[LIM_BODY];
    memset (text, 'x', sizeof text);
    fake_conn_t *ann = s_ann ();
    for (unsigned i = 0; i < 3; i++)
        s_fetch (ann);
    assert_int_equal (fake_open (PT_OP_chat_history), 1);
    ann->is_blocked = true;
    s_answer_page (s_asked (INT64_MAX), 1, PAGE, (pt_str_t){text, sizeof text});
    fake_turn (ann);
    assert_int_equal (fake_open (PT_OP_chat_history), 0);
    ann->is_blocked = false;
    fake_turn (ann);
    assert_int_equal (fake_open (PT_OP_chat_history), 1);
    s_answer_none (s_asked (INT64_MAX));
    s_answer_none (s_asked (INT64_MAX));
    fake_expect_like (ann, "{\"messages\":[{");
    for (unsigned i = 0; i < 2; i++)
        fake_expect_like (ann, "{\"messages\":[],");
    assert_int_equal (ann->close_code, 0);
    fake_close (&ann);
}

static void what_can_not_be_asked_or_fails_is_told_and_the_next_is_asked (void **state)
{
    (void)state;
    fake_conn_t *ann = s_ann ();
    fake.is_bus_full = true;
    s_fetch (ann);
    fake_expect_like (ann, "{\"error\":\"");
    fake.is_bus_full = false;
    for (unsigned i = 0; i < 2; i++)
        s_fetch (ann);
    fake_refuse (s_asked (INT64_MAX), -PT_E_unavailable);
    fake_expect_like (ann, "{\"error\":\"");
    s_answer_none (s_asked (INT64_MAX));
    fake_expect_like (ann, "{\"messages\":[],");
    fake_expect_none (ann);
    fake_close (&ann);
}

static void questions_beyond_the_bound_are_refused_and_closing_forgets_the_others (void **state)
{
    (void)state;
    fake_conn_t *ann = s_ann ();
    for (unsigned i = 0; i < LIM_WS_PENDING; i++) {
        ann->ws->rate = (sv_rate_t){0};
        s_fetch (ann);
    }
    fake_expect_none (ann);
    ann->ws->rate = (sv_rate_t){0};
    s_fetch (ann);
    fake_expect_like (ann, "{\"error\":\"too many requests");
    assert_int_equal (fake_open (PT_OP_chat_history), 1);
    fake_close (&ann);
    assert_int_equal (fake_open (PT_OP_chat_history), 0);
}

/* ---- what is said ------------------------------------------------------------------------------ */

static void a_text_is_posted_and_told_to_all_by_the_room (void **state)
{
    (void)state;
    fake_conn_t *ann = s_ann ();
    fake_ask (ann, "{\"command\":\"new_message\",\"message\":\"hello\"}");
    fake_call_t call = fake_take (PT_OP_chat_send);
    const pt_send_t *sent = call.msg;
    assert_int_equal (sent->account, ANN);
    assert_int_equal (sent->room, ROOM);
    assert_true (pt_str_eq (sent->sends.at[0].body, PT_LIT ("hello")));
    const pt_send_result_t result = {.seq = 1, .has_seq = true, .id = 1001, .has_id = true, .at = 1, .has_at = true};
    const pt_send_results_t results = {.results = {&result, 1}};
    fake_answer (call, &results);
    fake_expect_none (ann);
    fake_publish_seq (ROOM, 1);
    fake_expect (ann, "{\"message\":{\"author_id\":9,\"content\":\"hi\",\"time_stamp\":\"1970-01-01 "
                      "00:00:00.000001+00:00\"},\"command\":\"new_message\"}");
    fake_close (&ann);
}

static void who_may_say_nothing_is_told_why (void **state)
{
    (void)state;
    fake_conn_t *ann = s_ann ();
    fake_ask (ann, "{\"command\":\"new_message\",\"message\":\"hello\"}");
    const pt_send_result_t result = {
        .status = PT_E_forbidden, .detail = PT_LIT ("readers don't write"), .has_detail = true};
    const pt_send_results_t results = {.results = {&result, 1}};
    fake_answer (fake_take (PT_OP_chat_send), &results);
    fake_expect (ann, "{\"error\":\"readers don't write\"}");
    fake_close (&ann);
}

static void what_is_no_command_is_told (void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"nonsense", "Invalid JSON format."},
        {"[]", "A JSON object is required."},
        {"{}", "command is required."},
        {"{\"command\":null}", "command is required."},
        {"{\"command\":\"\"}", "command is unknown."},
        {"{\"command\":\"new_messages\"}", "command is unknown."},
        {"{\"command\":\"new_message\"}", "message is required."},
        {"{\"command\":\"new_message\",\"message\":5}", "message is required."},
    };
    fake_conn_t *ann = s_ann ();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[100];
        fake_ask (ann, "%s", rows[i][0]);
        snprintf (text, sizeof text, "{\"error\":\"%s\"}", rows[i][1]);
        fake_expect (ann, text);
    }
    gw_ws_message (ann->ws, "{}", 2, true);
    fake_expect (ann, "{\"error\":\"Text messages only.\"}");
    assert_int_equal (ann->close_code, 0);
    fake_close (&ann);
}

#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        S_TEST (a_message_is_told_with_its_author_and_time),
        S_TEST (who_joins_is_not_told),
        S_TEST (the_longest_text_of_escapes_is_told),
        S_TEST (each_way_to_write_a_time_is_read_and_given_back),
        S_TEST (what_is_no_time_is_told_and_not_asked),
        S_TEST (a_page_has_the_latest_first_and_says_when_it_is_not_full),
        S_TEST (fifteen_of_the_longest_plain_texts_are_one_page),
        S_TEST (a_page_that_is_too_long_goes_on_in_the_next),
        S_TEST (pages_are_asked_for_one_by_one_as_they_are_taken),
        S_TEST (what_can_not_be_asked_or_fails_is_told_and_the_next_is_asked),
        S_TEST (questions_beyond_the_bound_are_refused_and_closing_forgets_the_others),
        S_TEST (a_text_is_posted_and_told_to_all_by_the_room),
        S_TEST (who_may_say_nothing_is_told_why),
        S_TEST (what_is_no_command_is_told),
    };
    return cmocka_run_group_tests_name ("gw_voice_chat", tests, NULL, NULL);
}
