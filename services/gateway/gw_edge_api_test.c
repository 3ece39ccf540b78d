/*  gw_edge_api_test - HTTP from outside, the other half: good requests become the
    calls they should, answers keep their names, and time, files and a drain are
    handled (README.md, row 16). */

#include "gw_probe.h"
#include <sys/resource.h>

#define H "Host: x\r\n"
#define JSON "Content-Type: application/json\r\n"
#define LIVE "GET /livez HTTP/1.1\r\n" H "\r\n"
#define SIGN_IN "POST /v1/sessions HTTP/1.1\r\n" H

static int s_setup (void **state)
{
    *state = probe_new (NULL);
    return 0;
}

static int s_teardown (void **state)
{
    probe_t *self = *state;
    probe_destroy (&self);
    return 0;
}

static int s_say_as (const probe_t *self, const char *line, const char *more)
{
    char text[4096];
    int fd = probe_connect (self->port);
    snprintf (text, sizeof text, "%s HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n%s", line, self->token, more);
    probe_say (fd, text);
    return fd;
}

static void test_a_request_becomes_its_operation (void **state)
{
    probe_t *self = *state;
    int fd = s_say_as (self, "POST /v1/rooms",
                       JSON "Idempotency-Key: k-1\r\nX-Request-ID: trace-9\r\nContent-Length: 32\r\n\r\n"
                            "{\"name\":\"den\",\"members\":[\"8\",9]}");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_create);
    const pt_room_create_t *create = call->msg;
    assert_non_null (create);
    assert_true (create->account == 7 && pt_str_eq (create->name, PT_LIT ("den")));
    assert_true (create->members.count == 2 && create->members.at[0] == 8 && create->members.at[1] == 9);
    assert_true (pt_str_eq (create->key, PT_LIT ("k-1")));
    assert_string_equal (call->envelope.trace, "trace-9");
    const pt_room_t room = {.id = 5, .kind = create->has_kind ? create->kind : (pt_room_kind_t)2, .created_by = 7};
    harness_answer (self->harness, call, &room);
    probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 201);
    assert_non_null (strstr (got->bytes, "{\"id\":\"5\",\"kind\":\"group\","));
    assert_non_null (strstr (got->bytes, "X-Request-ID: trace-9\r\n"));
    close (fd);
}

static void test_path_and_query_fill_their_fields (void **state)
{
    probe_t *self = *state;
    int fd = s_say_as (self, "GET /v1/rooms/12/messages?after=5&limit=10", "\r\n");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_history);
    const pt_history_query_t *query = call->msg;
    assert_true (query->account == 7 && query->room == 12 && query->has_after && query->after == 5 &&
                 query->has_limit && query->limit == 10 && !query->has_before);
    assert_true (call->envelope.affinity == 12);
    const pt_history_page_t page = {.head = 9, .epoch = 1};
    harness_answer (self->harness, call, &page);
    probe_got_t *got = probe_answer (fd);
    assert_non_null (strstr (got->bytes, "\r\n\r\n{\"items\":[],\"more\":false,\"head\":9,\"epoch\":1,\"floor\":0}"));
    close (fd);

    static const struct {
        const char *line;
        int status;
        const char *text;
    } rows[] = {
        {"GET /v1/rooms/abc", 404, "not_found"},
        {"GET /v1/rooms/99999999999999999999", 404, "not_found"},
        {"GET /v1/rooms/0", 422, "{\"field\":\"room\",\"code\":\"too_small\"}"},
        {"GET /v1/rooms/1/messages?after=x", 422, "{\"field\":\"after\",\"code\":\"type\"}"},
        {"GET /v1/rooms/1/messages?limit=201", 422, "{\"field\":\"limit\",\"code\":\"too_large\"}"},
        {"GET /v1/rooms/1/messages?afer=1", 422, "{\"field\":\"afer\",\"code\":\"unknown\"}"},
        {"GET /v1/rooms/1/messages?account=1", 422, "{\"field\":\"account\",\"code\":\"unknown\"}"},
        {"GET /v1/accounts?q=%ff", 422, "{\"field\":\"q\",\"code\":\"encoding\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fd = s_say_as (self, rows[i].line, "\r\n");
        got = probe_answer (fd);
        if (probe_status (got) != rows[i].status || !strstr (got->bytes, rows[i].text))
            fail_msg ("%s: %s", rows[i].line, got->bytes);
        close (fd);
    }
}

static void s_post_message (probe_t *self, const pt_send_result_t *result, int status, const char *contains)
{
    int fd = s_say_as (self, "POST /v1/rooms/12/messages",
                       JSON "Content-Length: 29\r\n\r\n{\"send_id\":\"s1\",\"body\":\"hey\"}");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_send);
    const pt_send_t *send = call->msg;
    assert_true (send->account == 7 && send->room == 12 && send->sends.count == 1);
    assert_true (pt_str_eq (send->sends.at[0].send_id, PT_LIT ("s1")));
    assert_true (pt_str_eq (send->sends.at[0].body, PT_LIT ("hey")));
    const pt_send_results_t results = {.results = {result, 1}};
    harness_answer (self->harness, call, &results);
    probe_got_t *got = probe_answer (fd);
    if (probe_status (got) != status || !strstr (got->bytes, contains))
        fail_msg ("%s", got->bytes);
    close (fd);
}

static void test_a_posted_message_is_new_known_or_refused (void **state)
{
    pt_send_result_t result = {.seq = 3, .has_seq = true, .id = 4, .has_id = true, .has_duplicate = true};
    s_post_message (*state, &result, 201, "{\"seq\":3,\"id\":\"4\",\"duplicate\":false}");
    result.duplicate = true;
    s_post_message (*state, &result, 200, "{\"seq\":3,\"id\":\"4\",\"duplicate\":true}");
    const pt_send_result_t refused = {.status = PT_E_not_member};
    s_post_message (*state, &refused, 403, "\"code\":\"not_member\"");
    const pt_send_result_t reason = {
        .status = PT_E_not_found, .detail = PT_LIT ("attachments.1: none"), .has_detail = true};
    s_post_message (*state, &reason, 404, "\"detail\":\"attachments.1: none\"");
}

static void test_errors_of_services_keep_their_name (void **state)
{
    probe_t *self = *state;
    int fd = s_say_as (self, "DELETE /v1/rooms/12", "\r\n");
    harness_refuse (self->harness, harness_expect (self->harness, PT_OP_chat_room_delete), PT_E_forbidden,
                    "owners only");
    probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 403);
    assert_non_null (strstr (got->bytes, "\"code\":\"forbidden\",\"detail\":\"owners only\""));
    /*  The same connection serves on, and an empty reply has no body. */
    char text[2048];
    snprintf (text, sizeof text, "DELETE /v1/sessions/current HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n",
              self->token);
    probe_say (fd, text);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_session_delete);
    const pt_session_ref_t *ref = call->msg;
    assert_true (ref->account == 7 && ref->has_id && ref->id == 42);
    const pt_empty_t nothing = {0};
    harness_answer (self->harness, call, &nothing);
    got = probe_answer (fd);
    assert_int_equal (probe_status (got), 204);
    assert_null (strstr (got->bytes, "Content-Length"));
    close (fd);
}

/*  What is sent while a request is being worked on waits, and the waiting costs
    no processor time. */
static void test_input_during_a_call_waits_without_spinning (void **state)
{
    probe_t *self = *state;
    char more[2048];
    snprintf (more, sizeof more, "\r\nGET /v1/rooms/2 HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n", self->token);
    for (int is_early = 0; is_early < 2; is_early++) {
        int fd = s_say_as (self, "GET /v1/rooms/1", is_early ? more : "\r\n");
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_get);
        unsigned long before = probe_cpu (self);
        if (!is_early)
            probe_say (fd, more + 2);
        assert_int_equal (probe_read (fd, 400)->len, 0);
        assert_in_range (probe_cpu (self) - before, 0, 10);
        pt_room_t room = {.id = 1, .kind = (pt_room_kind_t)1, .created_by = 7};
        harness_answer (self->harness, call, &room);
        assert_non_null (strstr (probe_answer (fd)->bytes, "{\"id\":\"1\""));
        if (is_early) { /* lws had it already: the connection ends, see gw_http.c */
            assert_true (probe_read (fd, PROBE_WAIT_MS)->is_closed);
        } else {
            room.id = 2;
            harness_answer (self->harness, harness_expect (self->harness, PT_OP_chat_room_get), &room);
            assert_non_null (strstr (probe_answer (fd)->bytes, "{\"id\":\"2\""));
        }
        close (fd);
    }
}

static void test_a_client_that_leaves_costs_nothing (void **state)
{
    probe_t *self = *state;
    for (int i = 0; i < 20; i++) {
        int fd = s_say_as (self, "GET /v1/rooms/1", "\r\n");
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_get);
        close (fd);
        const pt_room_t room = {.id = 1, .kind = (pt_room_kind_t)1, .created_by = 7};
        harness_answer (self->harness, call, &room);
    }
    assert_int_equal (probe_status (probe_get (self->port, LIVE)), 200);
}

/* ---- time and files -------------------------------------------------------------------- */

static void test_slow_heads_bodies_and_idle_clients_are_cut (void **state)
{
    (void)state;
    static const char *const args[] = {"--head-timeout", "300ms", "--body-timeout", "300ms", "--idle-timeout",
                                       "300ms",          NULL};
    probe_t *self = probe_new (args);
    static const struct {
        const char *text;
        int status;
    } rows[] = {{"", 0}, {"GET /livez HT", 0}, {SIGN_IN JSON "Content-Length: 20\r\n\r\n{", 408}, {LIVE, 200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        probe_got_t *got = probe_ask (self->port, rows[i].text, strlen (rows[i].text), PROBE_WAIT_MS);
        assert_int_equal (probe_status (got), rows[i].status);
        assert_true (got->is_closed);
        assert_in_range (got->took_ms, 200, 1500);
    }
    /*  A byte now and then does not buy more time. */
    int fd = probe_connect (self->port);
    probe_say (fd, SIGN_IN JSON "Content-Length: 20\r\n\r\n");
    uint64_t start = sv_now_ms ();
    probe_got_t *got = probe_read (fd, 100);
    while (!got->is_closed && got->len == 0 && sv_now_ms () - start < PROBE_WAIT_MS) {
        probe_say (fd, " ");
        got = probe_read (fd, 100);
    }
    assert_in_range (sv_now_ms () - start, 200, 1500);
    assert_int_equal (probe_status (got), 408);
    close (fd);
    probe_destroy (&self);
}

/*  Row 16: clients beyond the cap wait in the kernel, and the waiting costs no
    processor time. */
static void test_the_cap_pauses_the_listener (void **state)
{
    (void)state;
    static const char *const args[] = {"--connections", "4", NULL};
    probe_t *self = probe_new (args);
    int fds[5];
    for (int i = 0; i < 4; i++) {
        fds[i] = probe_connect (self->port);
        probe_say (fds[i], LIVE);
        assert_int_equal (probe_status (probe_answer (fds[i])), 200);
    }
    fds[4] = probe_connect (self->port);
    probe_say (fds[4], LIVE);
    unsigned long before = probe_cpu (self);
    assert_int_equal (probe_read (fds[4], 500)->len, 0);
    assert_in_range (probe_cpu (self) - before, 0, 10);
    close (fds[0]);
    assert_int_equal (probe_status (probe_answer (fds[4])), 200);
    for (int i = 1; i < 5; i++)
        close (fds[i]);
    probe_destroy (&self);
}

/*  Row 16 again, when someone else has used up the files. */
static void test_running_out_of_files_does_not_spin (void **state)
{
    (void)state;
    probe_t *self = probe_new (NULL);
    int kept = probe_connect (self->port);
    probe_say (kept, LIVE);
    assert_int_equal (probe_status (probe_answer (kept)), 200);
    struct rlimit before_limit, limit = {.rlim_cur = 8, .rlim_max = 0};
    assert_int_equal (prlimit (harness_pid (self->harness), RLIMIT_NOFILE, NULL, &before_limit), 0);
    limit.rlim_max = before_limit.rlim_max;
    assert_int_equal (prlimit (harness_pid (self->harness), RLIMIT_NOFILE, &limit, NULL), 0);
    int fd = probe_connect (self->port);
    probe_say (fd, LIVE);
    unsigned long before = probe_cpu (self);
    assert_int_equal (probe_read (fd, 500)->len, 0);
    assert_in_range (probe_cpu (self) - before, 0, 10);
    /*  Those that are there are served, and when files are back so is the other. */
    probe_say (kept, LIVE);
    assert_int_equal (probe_status (probe_answer (kept)), 200);
    assert_int_equal (prlimit (harness_pid (self->harness), RLIMIT_NOFILE, &before_limit, NULL), 0);
    close (kept);
    assert_int_equal (probe_status (probe_answer (fd)), 200);
    close (fd);
    probe_destroy (&self);
}

static void test_a_drain_finishes_what_was_begun (void **state)
{
    (void)state;
    probe_t *self = probe_new (NULL);
    int idle = probe_connect (self->port);
    probe_say (idle, LIVE);
    assert_int_equal (probe_status (probe_answer (idle)), 200);
    int busy = s_say_as (self, "GET /v1/rooms/1", "\r\n");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_get);
    assert_int_equal (kill (harness_pid (self->harness), SIGTERM), 0);
    assert_true (probe_read (idle, PROBE_WAIT_MS)->is_closed);
    const pt_room_t room = {.id = 1, .kind = (pt_room_kind_t)1, .created_by = 7};
    harness_answer (self->harness, call, &room);
    probe_got_t *got = probe_read (busy, PROBE_WAIT_MS);
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "Connection: close\r\n"));
    assert_true (got->is_closed);
    close (idle);
    close (busy);
    probe_destroy (&self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_request_becomes_its_operation),
        cmocka_unit_test (test_path_and_query_fill_their_fields),
        cmocka_unit_test (test_a_posted_message_is_new_known_or_refused),
        cmocka_unit_test (test_errors_of_services_keep_their_name),
        cmocka_unit_test (test_input_during_a_call_waits_without_spinning),
        cmocka_unit_test (test_a_client_that_leaves_costs_nothing),
        cmocka_unit_test (test_slow_heads_bodies_and_idle_clients_are_cut),
        cmocka_unit_test (test_the_cap_pauses_the_listener),
        cmocka_unit_test (test_running_out_of_files_does_not_spin),
        cmocka_unit_test (test_a_drain_finishes_what_was_begun),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
