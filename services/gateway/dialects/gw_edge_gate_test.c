/*  gw_edge_gate_test - the handshake of a dialect's socket from outside: who is let in, and what the
    others are told. */

#include "gw_probe.h"

#define HEAD                                                                                                           \
    "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"          \
    "Sec-WebSocket-Version: 13\r\n"

/*  Of 111 characters. */
#define LONG_NAME                                                                                                      \
    "/ws/chat/0123456789012345678901234567890123456789012345678901234567890123456789"                                  \
    "01234567890123456789012345678901234567890/"

enum { ROOM = 12 };

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

static int s_knock (const probe_t *self, const char *path, const char *headers)
{
    char text[4096];
    int fd = probe_connect (self->port);
    snprintf (text, sizeof text, "GET %s HTTP/1.1\r\n" HEAD "%s\r\n", path, headers);
    probe_say (fd, text);
    return fd;
}

/*  With the token of the probe's account. */
static int s_knock_known (const probe_t *self, const char *path)
{
    char headers[2048];
    snprintf (headers, sizeof headers, "Authorization: Bearer %s\r\n", self->token);
    return s_knock (self, path, headers);
}

static void s_expect_status (int fd, int status)
{
    const probe_got_t *got = probe_answer (fd);
    if (probe_status (got) != status)
        fail_msg ("not %d: %s", status, got->bytes);
    close (fd);
}

static const harness_frame_t *s_expect_find (probe_t *self, pt_room_dialect_t dialect)
{
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_find);
    const pt_room_find_t *find = call->msg;
    assert_int_equal (find->dialect, dialect);
    assert_true (find->has_brief && find->brief);
    return call;
}

static void s_answer_room (probe_t *self, const harness_frame_t *call, bool is_member)
{
    const pt_room_t room = {.id = ROOM,
                            .kind = PT_room_kind_GROUP,
                            .created_by = 1,
                            .head = 3,
                            .epoch = 1,
                            .role = PT_role_MEMBER,
                            .has_role = is_member};
    const pt_room_detail_t detail = {.room = &room};
    harness_answer (self->harness, call, &detail);
}

static void test_names_that_no_room_can_have_are_not_there (void **state)
{
    static const char *const paths[] = {"/ws/chat/",           "/ws/chat/x",    "/ws/chat//",
                                        "/ws/chat/a.b/",       "/ws/chat/a/b/", "/ws/chat/a%62c/",
                                        "/ws/chat/\xc3\xbc/",  "/ws/chat",      "/ws/chat/../ws/",
                                        "/ws/chat/lobby/?x/y", LONG_NAME};
    probe_t *self = *state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int fd = s_knock_known (self, paths[i]);
        const probe_got_t *got = probe_answer (fd);
        if (probe_status (got) == 101 || probe_status (got) < 400)
            fail_msg ("%s: %s", paths[i], got->bytes);
        close (fd);
        if (strchr (paths[i], '?'))
            harness_refuse (self->harness, s_expect_find (self, PT_room_dialect_MEMBER), PT_E_not_found, NULL);
    }
}

static void test_who_is_nobody_is_not_let_in_and_nobody_is_asked (void **state)
{
    static const char *const paths[] = {"/ws/chat/team_00000/", "/ws/chat/chat_00000000/",
                                        "/ws/chat/5b3c1c5e-5d1c-4f5e-9d5e-0123456789ab/"};
    probe_t *self = *state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        s_expect_status (s_knock (self, paths[i], ""), 403);
        s_expect_status (s_knock (self, paths[i], "Authorization: Bearer a.b.c\r\n"), 403);
        s_expect_status (s_knock (self, paths[i], "Cookie: access=a.b.c\r\n"), 403);
    }
    s_expect_status (s_knock (self, "/ws/chat/99999999999999999999/", ""), 403);
}

static void test_members_are_let_in_and_others_are_not (void **state)
{
    probe_t *self = *state;
    int fd = s_knock_known (self, "/ws/chat/team_00000/");
    const harness_frame_t *call = s_expect_find (self, PT_room_dialect_MEMBER);
    const pt_room_find_t *find = call->msg;
    assert_int_equal (find->account, 7);
    assert_true (pt_str_eq (find->address, PT_LIT ("team_00000")));
    s_answer_room (self, call, false);
    s_expect_status (fd, 403);

    static const int refusals[] = {PT_E_not_found, PT_E_not_member, PT_E_gone};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        fd = s_knock_known (self, "/ws/chat/team_00000/");
        harness_refuse (self->harness, s_expect_find (self, PT_room_dialect_MEMBER), refusals[i], NULL);
        s_expect_status (fd, 403);
    }
    fd = s_knock_known (self, "/ws/chat/team_00000/");
    harness_refuse (self->harness, s_expect_find (self, PT_room_dialect_MEMBER), PT_E_unavailable, NULL);
    s_expect_status (fd, 503);

    fd = s_knock_known (self, "/ws/chat/team_00000/");
    s_answer_room (self, s_expect_find (self, PT_room_dialect_MEMBER), true);
    s_expect_status (fd, 101);
    harness_expect (self->harness, PT_OP_chat_membership);
}

/*  lws has the socket by then: it can only be closed. */
static void test_on_a_connection_that_was_used_before_refusals_are_closes (void **state)
{
    probe_t *self = *state;
    char text[4096];
    int fd = probe_connect (self->port);
    probe_say (fd, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal (probe_status (probe_answer (fd)), 200);
    snprintf (text, sizeof text, "GET /ws/chat/team_00000/ HTTP/1.1\r\n" HEAD "Authorization: Bearer %s\r\n\r\n",
              self->token);
    probe_say (fd, text);
    assert_int_equal (probe_status (probe_answer (fd)), 101);
    probe_text (fd, "{\"message\":\"too early\"}");
    s_answer_room (self, s_expect_find (self, PT_room_dialect_MEMBER), false);
    const probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    assert_int_equal (probe_close_code (got), 4403);
    close (fd);
}

/*  A proxy may send the requests of many clients through one connection. */
static void test_what_one_request_was_let_in_to_is_nothing_to_the_next (void **state)
{
    probe_t *self = *state;
    char text[4096];
    int fd = probe_connect (self->port);
    probe_say (fd, "GET /ws/chat/lobby/ HTTP/1.1\r\nHost: x\r\n\r\n");
    harness_refuse (self->harness, s_expect_find (self, PT_room_dialect_MEMBER), PT_E_not_found, NULL);
    harness_refuse (self->harness, s_expect_find (self, PT_room_dialect_OPEN), PT_E_not_found, NULL);
    assert_int_equal (probe_status (probe_answer (fd)), 404);
    snprintf (text, sizeof text, "GET /ws/chat/team_00000/ HTTP/1.1\r\n" HEAD "Authorization: Bearer %s\r\n\r\n",
              self->token);
    probe_say (fd, text);
    assert_int_equal (probe_status (probe_answer (fd)), 101);
    s_answer_room (self, s_expect_find (self, PT_room_dialect_MEMBER), false);
    assert_int_equal (probe_close_code (probe_read (fd, PROBE_WAIT_MS)), 4403);
    close (fd);
}

static void test_a_client_that_goes_while_it_waits_leaves_nothing_behind (void **state)
{
    probe_t *self = *state;
    for (unsigned i = 0; i < 20; i++) {
        int fd = s_knock_known (self, "/ws/chat/team_00000/");
        const harness_frame_t *call = s_expect_find (self, PT_room_dialect_MEMBER);
        close (fd);
        s_answer_room (self, call, i % 2);
        if (i % 2 == 0)
            continue;
        s_expect_status (s_knock (self, "/ws/chat/team_00000/", ""), 403);
    }
}

/*  A browser takes a socket whose subprotocol it offered, and no other. */
static void test_the_subprotocol_beside_a_token_is_agreed_on_without_the_token (void **state)
{
    probe_t *self = *state;
    char headers[2048];
    snprintf (headers, sizeof headers, "Sec-WebSocket-Protocol: bearer, %s\r\n", self->token);
    int fd = s_knock (self, "/ws/chat/team_00000/", headers);
    s_answer_room (self, s_expect_find (self, PT_room_dialect_MEMBER), true);
    const probe_got_t *got = probe_answer (fd);
    assert_int_equal (probe_status (got), 101);
    assert_non_null (strstr (got->bytes, "\r\nSec-WebSocket-Protocol: bearer\r\n"));
    assert_null (strstr (got->bytes, self->token));
    close (fd);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_names_that_no_room_can_have_are_not_there),
        TEST (test_who_is_nobody_is_not_let_in_and_nobody_is_asked),
        TEST (test_members_are_let_in_and_others_are_not),
        TEST (test_on_a_connection_that_was_used_before_refusals_are_closes),
        TEST (test_what_one_request_was_let_in_to_is_nothing_to_the_next),
        TEST (test_a_client_that_goes_while_it_waits_leaves_nothing_behind),
        TEST (test_the_subprotocol_beside_a_token_is_agreed_on_without_the_token),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
