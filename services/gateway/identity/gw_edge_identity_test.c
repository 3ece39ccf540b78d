/*  gw_edge_identity_test - credentials of every kind from outside, HTTP and
    WebSocket: which one counts, how auth is asked, what a cookie needs, what a
    token may, and what never reaches a log. */

#include "gw_identity.h"
#include "gw_probe.h"

#define H "Host: x\r\n"
#define JSON "Content-Type: application/json\r\n"
#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define HEX39 "0123456789abcdef0123456789abcdef0123456"
#define HEX30 "0123456789abcdef0123456789abcd"
#define KEY "abcdefghijklmnopqrstuvwxyz012345"
#define CSRF "543210zyxwvutsrqponmlkjihgfedcba"

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

static int s_say (const probe_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

static int s_say (const probe_t *self, const char *format, ...)
{
    char text[8192];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    int fd = probe_connect (self->port);
    probe_say (fd, text);
    return fd;
}

static probe_got_t *s_hear (int fd)
{
    probe_got_t *got = probe_answer (fd);
    close (fd);
    return got;
}

static void s_assert_answer (int fd, int status, const char *text)
{
    probe_got_t *got = s_hear (fd);
    if (probe_status (got) != status || !strstr (got->bytes, text))
        fail_msg ("not %d with %s: %s", status, text, got->bytes);
}

/*  The question to auth, which must be about this secret. */
static const harness_frame_t *s_expect_check (probe_t *self, pt_scheme_t scheme, const char *secret)
{
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_check);
    const pt_credential_check_t *check = call->msg;
    assert_int_equal (check->scheme, scheme);
    assert_true (pt_str_eq (check->secret, pt_str (secret)));
    assert_true (check->has_address && pt_str_eq (check->address, PT_LIT ("127.0.0.1")));
    return call;
}

static pt_identity_t s_identity (uint64_t session, pt_credential_kind_t kind)
{
    return (pt_identity_t){.account = 9, .session = session, .kind = kind, .generation = 1};
}

static void s_answer_room (probe_t *self, uint64_t account)
{
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_get);
    assert_int_equal (((const pt_room_ref_t *)call->msg)->account, account);
    const pt_room_t room = {.id = 1, .kind = (pt_room_kind_t)1, .created_by = 7};
    harness_answer (self->harness, call, &room);
}

/* ---- HTTP ------------------------------------------------------------------------ */

static void test_an_opaque_token_is_asked_about_once (void **state)
{
    probe_t *self = *state;
    int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H "Authorization: Token " HEX40 "\r\n\r\n");
    const pt_identity_t identity = s_identity (51, PT_credential_kind_AUTHTOKEN);
    harness_answer (self->harness, s_expect_check (self, PT_scheme_TOKEN, HEX40), &identity);
    s_answer_room (self, 9);
    s_assert_answer (fd, 200, "{\"id\":\"1\"");
    fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H "Authorization: token " HEX40 "\r\n\r\n");
    s_answer_room (self, 9);
    s_assert_answer (fd, 200, "{\"id\":\"1\"");
}

static void test_a_refusal_names_its_reason_and_the_scheme (void **state)
{
    probe_t *self = *state;
    static const struct {
        const char *header;
        pt_scheme_t scheme;
        const char *secret;
        int err;
        const char *code, *challenge;
    } rows[] = {
        {"Token 1" HEX40 "23456789abcdef012345678", PT_scheme_TOKEN, "1" HEX40 "23456789abcdef012345678",
         PT_E_token_revoked, "token_revoked", "WWW-Authenticate: Token realm=\"parley\"\r\n"},
        {"Bearer parley_" HEX40 "abc", PT_scheme_BEARER, "parley_" HEX40 "abc", PT_E_token_expired, "token_expired",
         "WWW-Authenticate: Bearer realm=\"parley\", error=\"invalid_token\""},
        {"Basic YTpi", PT_scheme_BASIC, "a:b", PT_E_bad_credentials, "bad_credentials",
         "WWW-Authenticate: Basic realm=\"parley\""},
        {"Basic YTpj", PT_scheme_BASIC, "a:c", PT_E_inactive, "inactive", "WWW-Authenticate: Basic realm=\"parley\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H "Authorization: %s\r\n\r\n", rows[i].header);
        harness_refuse (self->harness, s_expect_check (self, rows[i].scheme, rows[i].secret), rows[i].err, NULL);
        probe_got_t *got = s_hear (fd);
        if (probe_status (got) != 401 || !strstr (got->bytes, rows[i].code) || !strstr (got->bytes, rows[i].challenge))
            fail_msg ("%s: %s", rows[i].header, got->bytes);
    }
    int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H "Authorization: Basic YTpk\r\n\r\n");
    harness_refuse (self->harness, s_expect_check (self, PT_scheme_BASIC, "a:d"), PT_E_unavailable, NULL);
    s_assert_answer (fd, 503, "Retry-After: ");
}

/*  The identity is at fault before the media type, whatever is known first. */
static void test_faults_keep_their_order_while_auth_is_asked (void **state)
{
    probe_t *self = *state;
    const pt_identity_t identity = s_identity (52, PT_credential_kind_KNOX);
    int fd = s_say (self,
                    "POST /v1/rooms HTTP/1.1\r\n" H "Authorization: Token %064x\r\nContent-Type: text/plain\r\n"
                    "Content-Length: 2\r\n\r\n{}",
                    1);
    harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_check), PT_E_token_invalid, NULL);
    s_assert_answer (fd, 401, "token_invalid");
    fd = s_say (self,
                "POST /v1/rooms HTTP/1.1\r\n" H "Authorization: Token %064x\r\nContent-Type: text/plain\r\n"
                "Content-Length: 2\r\n\r\n{}",
                2);
    harness_answer (self->harness, harness_expect (self->harness, PT_OP_auth_check), &identity);
    s_assert_answer (fd, 415, "unsupported_media");
    fd = s_say (self, "GET /v1/nothing HTTP/1.1\r\n" H "Authorization: Token %064x\r\n\r\n", 3);
    s_assert_answer (fd, 404, "not_found");
}

/*  The answer may come before the body, and after it. */
static void test_a_body_and_its_identity_wait_for_each_other (void **state)
{
    probe_t *self = *state;
    const pt_identity_t identity = s_identity (53, PT_credential_kind_KNOX);
    for (int is_late = 0; is_late < 2; is_late++) {
        int fd = s_say (self,
                        "POST /v1/rooms HTTP/1.1\r\n" H JSON "Authorization: Token %064x\r\nContent-Length: 14\r\n\r\n",
                        16 + is_late);
        if (is_late)
            probe_say (fd, "{\"name\":\"den\"}");
        harness_answer (self->harness, harness_expect (self->harness, PT_OP_auth_check), &identity);
        if (!is_late) {
            assert_int_equal (probe_status (probe_get (self->port, "GET /livez HTTP/1.1\r\n" H "\r\n")), 200);
            probe_say (fd, "{\"name\":\"den\"}");
        }
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_create);
        assert_int_equal (((const pt_room_create_t *)call->msg)->account, 9);
        const pt_room_t room = {.id = 5, .kind = (pt_room_kind_t)2, .created_by = 9};
        harness_answer (self->harness, call, &room);
        s_assert_answer (fd, 201, "{\"id\":\"5\"");
    }
    /*  Who leaves meanwhile is not noticed, as with any call, and costs nothing. */
    int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H "Authorization: Token %064x\r\n\r\n", 18);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_check);
    close (fd);
    harness_answer (self->harness, call, &identity);
    s_answer_room (self, 9);
    assert_int_equal (probe_status (probe_get (self->port, "GET /livez HTTP/1.1\r\n" H "\r\n")), 200);
}

static void test_a_token_may_what_its_scopes_say (void **state)
{
    probe_t *self = *state;
    pt_identity_t identity = s_identity (54, PT_credential_kind_TOKEN);
    identity.scopes = PT_LIT ("read");
    identity.has_scopes = true;
#define READER "Authorization: Bearer parley_" HEX40 "xyz\r\n"
    int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H READER "\r\n");
    harness_answer (self->harness, s_expect_check (self, PT_scheme_BEARER, "parley_" HEX40 "xyz"), &identity);
    s_answer_room (self, 9);
    s_assert_answer (fd, 200, "{\"id\":\"1\"");
    fd = s_say (self, "POST /v1/rooms/1/join HTTP/1.1\r\n" H READER "Content-Length: 0\r\n\r\n");
    s_assert_answer (fd, 403, "scope_missing");
    fd = s_say (self, "GET /v1/sessions HTTP/1.1\r\n" H READER "\r\n");
    s_assert_answer (fd, 403, "error=\"insufficient_scope\"");
    fd = s_say (self, "GET /v1/admin/accounts?q= HTTP/1.1\r\n" H READER "\r\n");
    s_assert_answer (fd, 403, "scope_missing");
    fd = s_say (self, PROBE_UPGRADE READER "\r\n");
    assert_int_equal (probe_status (probe_answer (fd)), 101);
    probe_text (fd, "{\"op\":\"send\",\"id\":3,\"room\":\"1\",\"send_id\":\"a\",\"body\":\"b\"}");
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_non_null (memmem (got->bytes, got->len, "{\"re\":3,\"error\":{\"code\":\"scope_missing\"", 38));
    close (fd);
    /*  Signing itself out it always may. */
    fd = s_say (self, "DELETE /v1/sessions/current HTTP/1.1\r\n" H READER "\r\n");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_session_delete);
    assert_int_equal (((const pt_session_ref_t *)call->msg)->id, 54);
    harness_answer (self->harness, call, &(pt_empty_t){0});
    s_assert_answer (fd, 204, "");
}

static void test_a_token_asks_for_another_with_the_scopes_it_has (void **state)
{
    probe_t *self = *state;
    pt_identity_t identity = s_identity (55, PT_credential_kind_TOKEN);
    identity.scopes = PT_LIT ("account read");
    identity.has_scopes = true;
#define KEEPER "Authorization: Bearer parley_" HEX40 "abc\r\n"
    int fd = s_say (
        self, "POST /v1/tokens HTTP/1.1\r\n" H KEEPER "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        strlen ("{\"name\":\"n\",\"scopes\":\"admin\"}"), "{\"name\":\"n\",\"scopes\":\"admin\"}");
    harness_answer (self->harness, s_expect_check (self, PT_scheme_BEARER, "parley_" HEX40 "abc"), &identity);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_token_create);
    const pt_token_create_t *ask = call->msg;
    assert_true (ask->has_granted && pt_str_eq (ask->granted, PT_LIT ("read account")));
    harness_refuse (self->harness, call, PT_E_scope_missing, NULL);
    s_assert_answer (fd, 403, "scope_missing");
}

/*  A client that asks at once when it has its answer is not taken for one that sends
    requests before: none of its connections ends. */
static void test_a_quick_client_keeps_its_connection (void **state)
{
    const probe_t *self = *state;
    char text[4096], got[8192];
    int len = snprintf (text, sizeof text, "GET /v1/rooms/abc HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n",
                        self->token);
    int fd = probe_connect (self->port);
    for (int i = 0; i < 10000; i++) {
        probe_send (fd, text, (size_t)len);
        ssize_t n = recv (fd, got, sizeof got, 0);
        if (n < 12 || memcmp (got, "HTTP/1.1 404", 12) != 0)
            fail_msg ("request %d: %.*s", i, n > 0 ? (int)n : 0, got);
    }
    close (fd);
}

/* ---- browsers --------------------------------------------------------------------- */

#define COOKIES "Cookie: sessionid=" KEY "; csrftoken=" CSRF "\r\n"

static void test_signing_in_with_a_cookie_hides_the_key (void **state)
{
    probe_t *self = *state;
    static const char body[] = "{\"identifier\":\"Ada\",\"password\":\"p\",\"kind\":\"cookie\"}";
    int fd = s_say (self, "POST /v1/sessions HTTP/1.1\r\n" H JSON COOKIES "Content-Length: %zu\r\n\r\n%s",
                    strlen (body), body);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_session_create);
    const pt_session_create_t *create = call->msg;
    assert_true (create->has_kind && create->kind == PT_credential_kind_COOKIE);
    assert_true (create->has_address && pt_str_eq (create->address, PT_LIT ("127.0.0.1")));
    assert_true (call->envelope.affinity == gw_identity_affinity (PT_LIT ("ada")));
    const pt_session_grant_t grant = {.token_type = PT_LIT ("Cookie"),
                                      .account = 9,
                                      .session = 60,
                                      .token = PT_LIT (KEY),
                                      .has_token = true,
                                      .expires_at = sv_wall_us () + INT64_C (1209600) * 1000000,
                                      .has_expires_at = true};
    harness_answer (self->harness, call, &grant);
    probe_got_t *got = s_hear (fd);
    assert_int_equal (probe_status (got), 201);
    assert_non_null (
        strstr (got->bytes, "\r\nSet-Cookie: sessionid=" KEY "; Path=/; Max-Age=1209600; SameSite=Lax; HttpOnly\r\n"));
    assert_non_null (strstr (got->bytes, "\r\nSet-Cookie: csrftoken="));
    assert_null (strstr (strstr (got->bytes, "\r\n\r\n"), KEY));
}

static void test_a_cookie_needs_the_csrf_token_where_something_changes (void **state)
{
    probe_t *self = *state;
    const pt_identity_t identity = s_identity (61, PT_credential_kind_COOKIE);
    static const struct {
        const char *headers;
        int status;
    } rows[] = {
        {COOKIES "X-CSRFToken: " CSRF "\r\n", 404}, /* the room is not there: it was asked for */
        {COOKIES "X-CSRFToken: " CSRF "\r\nOrigin: http://x\r\n", 404},
        {COOKIES, 403},
        {"Cookie: sessionid=" KEY "\r\nX-CSRFToken: " CSRF "\r\n", 403},
        {COOKIES "X-CSRFToken: " KEY "\r\n", 403},
        {COOKIES "X-CSRFToken: " CSRF "\r\nOrigin: http://evil\r\n", 403},
        {COOKIES "X-CSRFToken: " CSRF "\r\nReferer: http://evil/x\r\n", 403},
        {"Cookie: sessionid=" CSRF "; sessionid=" KEY "\r\nX-CSRFToken: " CSRF "\r\n", 401},
        {"Cookie: a=b\r\n", 401},
    };
    int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H COOKIES "\r\n");
    harness_answer (self->harness, s_expect_check (self, PT_scheme_COOKIE, KEY), &identity);
    s_answer_room (self, 9);
    s_assert_answer (fd, 200, "{\"id\":\"1\"");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fd = s_say (self, "POST /v1/rooms/1/join HTTP/1.1\r\n" H "Content-Length: 0\r\n%s\r\n", rows[i].headers);
        if (rows[i].status == 404) {
            harness_refuse (self->harness, harness_expect (self->harness, PT_OP_chat_room_join), PT_E_not_found, NULL);
        }
        probe_got_t *got = s_hear (fd);
        if (probe_status (got) != rows[i].status)
            fail_msg ("%s: %s", rows[i].headers, got->bytes);
        if (rows[i].status == 403)
            assert_non_null (strstr (got->bytes, "csrf_failed"));
    }
    /*  What was shown on purpose outranks the cookie and needs none of it. */
    fd = s_say (self,
                "POST /v1/rooms/1/join HTTP/1.1\r\n" H COOKIES "Content-Length: 0\r\nAuthorization: Bearer %s\r\n\r\n",
                self->token);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_chat_room_join);
    assert_int_equal (((const pt_room_change_t *)call->msg)->account, 7);
    harness_refuse (self->harness, call, PT_E_not_found, NULL);
    s_assert_answer (fd, 404, "not_found");
}

static void test_a_cookie_is_renewed_by_use_and_taken_away_at_the_end (void **state)
{
    probe_t *self = *state;
    pt_identity_t identity = s_identity (62, PT_credential_kind_COOKIE);
    identity.expires_at = sv_wall_us () + INT64_C (1000) * 1000000;
    identity.has_expires_at = true;
#define MINE "Cookie: sessionid=zz" HEX30 "; csrftoken=" CSRF "\r\nX-CSRFToken: " CSRF "\r\n"
    int fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H MINE "\r\n");
    harness_answer (self->harness, s_expect_check (self, PT_scheme_COOKIE, "zz" HEX30), &identity);
    s_answer_room (self, 9);
    s_assert_answer (fd, 200, "\r\nSet-Cookie: sessionid=zz" HEX30 "; Path=/; Max-Age=1000");
    fd = s_say (self, "GET /v1/rooms/1 HTTP/1.1\r\n" H MINE "\r\n");
    s_answer_room (self, 9);
    assert_null (strstr (s_hear (fd)->bytes, "Set-Cookie"));
    static const struct {
        const char *path;
        bool is_over;
    } rows[] = {
        {"/v1/sessions/current", true}, {"/v1/sessions/62", true}, {"/v1/sessions", true}, {"/v1/sessions/63", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fd = s_say (self, "DELETE %s HTTP/1.1\r\n" H MINE "\r\n", rows[i].path);
        harness_answer (self->harness, harness_expect (self->harness, PT_OP_auth_session_delete), &(pt_empty_t){0});
        probe_got_t *got = s_hear (fd);
        assert_int_equal (probe_status (got), 204);
        bool is_cleared = strstr (got->bytes, "Set-Cookie: sessionid=; Path=/; Max-Age=0") &&
                          strstr (got->bytes, "Set-Cookie: csrftoken=; Path=/; Max-Age=0");
        assert_int_equal (is_cleared, rows[i].is_over);
    }
}

/* ---- routes ----------------------------------------------------------------------- */

static void test_routes_of_accounts_become_their_operations (void **state)
{
    probe_t *self = *state;
    static const struct {
        const char *line, *body;
        uint16_t opcode;
        int status;
    } rows[] = {
        {"POST /v1/accounts/confirmations", "{\"email\":\"a@b.example\"}", PT_OP_auth_mail_ask, 202},
        {"POST /v1/passwords/resets", "{\"email\":\"a@b.example\"}", PT_OP_auth_mail_ask, 202},
        {"POST /v1/passwords/reset", "{\"token\":\"t\",\"password\":\"p\"}", PT_OP_auth_password_reset, 204},
        {"PUT /v1/accounts/me/password", "{\"old_password\":\"p\",\"password\":\"q\"}", PT_OP_auth_password_set, 204},
        {"PUT /v1/accounts/me/email", "{\"email\":\"a@b.example\"}", PT_OP_auth_email_set, 202},
        {"DELETE /v1/accounts/me", "{\"password\":\"p\"}", PT_OP_auth_account_delete, 204},
        {"DELETE /v1/accounts/me", "", PT_OP_auth_account_delete, 204},
        {"DELETE /v1/tokens/77", "", PT_OP_auth_session_delete, 204},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_say (self, "%s HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n" JSON "Content-Length: %zu\r\n\r\n%s",
                        rows[i].line, self->token, strlen (rows[i].body), rows[i].body);
        const harness_frame_t *call = harness_expect (self->harness, rows[i].opcode);
        if (rows[i].opcode == PT_OP_auth_mail_ask) {
            const pt_mail_ask_t *ask = call->msg;
            assert_int_equal (ask->kind, i == 0 ? PT_mail_kind_CONFIRM : PT_mail_kind_RESET);
            assert_true (ask->has_address && pt_str_eq (ask->address, PT_LIT ("127.0.0.1")));
        }
        if (rows[i].opcode == PT_OP_auth_session_delete) {
            const pt_session_ref_t *ref = call->msg;
            assert_true (ref->id == 77 && ref->has_kind && ref->kind == PT_credential_kind_TOKEN && ref->account == 7);
        }
        harness_answer (self->harness, call, &(pt_empty_t){0});
        probe_got_t *got = s_hear (fd);
        if (probe_status (got) != rows[i].status)
            fail_msg ("%s: %s", rows[i].line, got->bytes);
    }
    /*  Faults of fields reach the client by name; INNER ones can't be set. */
    int fd = s_say (self, "POST /v1/passwords/resets HTTP/1.1\r\n" H JSON "Content-Length: 42\r\n\r\n"
                          "{\"email\":\"a@b.example\",\"kind\":\"confirm\"}  ");
    s_assert_answer (fd, 422, "{\"field\":\"kind\",\"code\":\"unknown\"");
    fd = s_say (self,
                "PUT /v1/accounts/me/email HTTP/1.1\r\n" H JSON "Authorization: Bearer %s\r\n"
                "Content-Length: 23\r\n\r\n{\"email\":\"a@b.example\"}",
                self->token);
    harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_email_set), PT_E_taken, "taken");
    s_assert_answer (fd, 409, "\"code\":\"taken\"");
}

static void test_staff_alone_reaches_what_is_staffs (void **state)
{
    probe_t *self = *state;
    pt_identity_t identity = s_identity (70, PT_credential_kind_KNOX);
    identity.staff = true;
    int fd = s_say (self, "GET /v1/admin/audit?of=3&limit=2 HTTP/1.1\r\n" H "Authorization: Token %064x\r\n\r\n", 70);
    harness_answer (self->harness, harness_expect (self->harness, PT_OP_auth_check), &identity);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_audit);
    const pt_audit_query_t *query = call->msg;
    assert_true (query->account == 9 && query->has_of && query->of == 3 && query->has_limit && query->limit == 2);
    harness_answer (self->harness, call, &(pt_audit_page_t){0});
    s_assert_answer (fd, 200, "{\"items\":[]");
    fd = s_say (self, "DELETE /v1/admin/accounts/3/sessions HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n",
                self->token);
    s_assert_answer (fd, 403, "\"code\":\"forbidden\"");
}

/* ---- WebSocket ---------------------------------------------------------------------- */

/*  Whatever way it is shown, a credential is judged before the socket is opened. */
static void test_a_handshake_waits_for_auth (void **state)
{
    probe_t *self = *state;
    static const struct {
        const char *query, *header;
        pt_scheme_t scheme;
        const char *secret;
    } rows[] = {
        {"", "Authorization: Token a" HEX39 "\r\n", PT_scheme_TOKEN, "a" HEX39},
        {"?a=b&token=b" HEX39 "&c=d", "", PT_scheme_BEARER, "b" HEX39},
        {"", "Sec-WebSocket-Protocol: bearer, c" HEX39 ", parley.v1.json\r\n", PT_scheme_BEARER, "c" HEX39},
        {"", "Cookie: a=b; sessionid=ws" HEX30 "\r\n", PT_scheme_COOKIE, "ws" HEX30},
        {"", "Authorization: Basic YTplZGdl\r\n", PT_scheme_BASIC, "a:edge"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int is_good = 0; is_good < 2; is_good++) {
            int fd = s_say (self, "GET /v1/ws%s HTTP/1.1\r\n%s%s\r\n", rows[i].query,
                            strstr (PROBE_UPGRADE, "\r\n") + 2, rows[i].header);
            const harness_frame_t *call = s_expect_check (self, rows[i].scheme, rows[i].secret);
            const pt_identity_t identity = s_identity (80 + i, PT_credential_kind_KNOX);
            assert_int_equal (probe_read (fd, 20)->len, 0);
            bool is_cookie = rows[i].scheme == PT_scheme_COOKIE;
            if (is_good)
                harness_answer (self->harness, call, &identity);
            else
                harness_refuse (self->harness, call, PT_E_token_revoked, NULL);
            probe_got_t *got = probe_answer (fd);
            int status = is_good || is_cookie ? 101 : 401;
            if (probe_status (got) != status || (status == 401 && !strstr (got->bytes, "token_revoked")))
                fail_msg ("row %zu: %s", i, got->bytes);
            close (fd);
        }
}

/*  A request's credential is good for that request alone: a proxy may carry another
    client's on the same connection. */
static void test_a_credential_does_not_outlive_its_request (void **state)
{
    probe_t *self = *state;
    int fd = s_say (self, "GET /v1/ws HTTP/1.1\r\n" H "Authorization: Bearer %s\r\n\r\n", self->token);
    assert_int_equal (probe_status (probe_answer (fd)), 426);
    probe_say (fd, PROBE_UPGRADE "\r\n");
    assert_int_equal (probe_status (probe_answer (fd)), 101);
    probe_text (fd, "{\"op\":\"history\",\"id\":3,\"room\":\"1\"}");
    probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
    assert_non_null (memmem (got->bytes, got->len, "{\"re\":3,\"error\":{\"code\":\"unauthenticated\"", 40));
    close (fd);
}

/*  Where the handshake could not be looked at before, the socket opens without an
    identity: what the client says waits for the answer, and a refusal closes it. */
static void test_a_second_request_of_a_connection_is_judged_behind_the_handshake (void **state)
{
    probe_t *self = *state;
    const pt_identity_t identity = s_identity (90, PT_credential_kind_KNOX);
    for (int is_good = 0; is_good < 2; is_good++) {
        int fd = s_say (self, "GET /livez HTTP/1.1\r\n" H "\r\n");
        assert_int_equal (probe_status (probe_answer (fd)), 200);
        char text[1024];
        snprintf (text, sizeof text, PROBE_UPGRADE "Authorization: Token %064x\r\n\r\n", 90 + is_good);
        probe_say (fd, text);
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_check);
        assert_int_equal (probe_status (probe_answer (fd)), 101);
        probe_text (fd, "{\"op\":\"history\",\"id\":3,\"room\":\"1\"}");
        if (is_good) {
            harness_answer (self->harness, call, &identity);
            call = harness_expect (self->harness, PT_OP_chat_history);
            assert_int_equal (((const pt_history_query_t *)call->msg)->account, 9);
            harness_refuse (self->harness, call, PT_E_not_member, NULL);
        } else {
            harness_refuse (self->harness, call, PT_E_token_revoked, NULL);
            probe_got_t *got = probe_read (fd, PROBE_QUIET_MS);
            assert_int_equal (probe_close_code (got), 4401);
            assert_null (memmem (got->bytes, got->len, "\"re\":3", 6));
        }
        close (fd);
    }
}

/* ---- logs ----------------------------------------------------------------------------- */

/*  A key in the query reaches the gateway, and nobody who reads its log. */
static void test_no_credential_reaches_the_log (void **state)
{
    (void)state;
    static const char *const args[] = {"--log-level", "debug", NULL};
    probe_t *self = probe_new (args);
    static const char *const shown[] = {"GET /v1/ws?token=" HEX40 " HTTP/1.1\r\n",
                                        "GET /v1/rooms?token=" HEX40 " HTTP/1.1\r\n"};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int fd =
            s_say (self, "%s%sAuthorization: Token " HEX40 "\r\n\r\n", shown[i], strstr (PROBE_UPGRADE, "\r\n") + 2);
        if (i == 0)
            harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_check), PT_E_token_invalid, NULL);
        assert_true (probe_status (s_hear (fd)) >= 400);
    }
    char path[256];
    static char text[1 << 20];
    snprintf (path, sizeof path, "%s/log", harness_dir (self->harness));
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    text[fread (text, 1, sizeof text - 1, file)] = '\0';
    fclose (file);
    assert_true (strlen (text) > 0);
    assert_null (strstr (text, HEX40));
    probe_destroy (&self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_opaque_token_is_asked_about_once),
        cmocka_unit_test (test_a_refusal_names_its_reason_and_the_scheme),
        cmocka_unit_test (test_faults_keep_their_order_while_auth_is_asked),
        cmocka_unit_test (test_a_body_and_its_identity_wait_for_each_other),
        cmocka_unit_test (test_a_token_may_what_its_scopes_say),
        cmocka_unit_test (test_a_token_asks_for_another_with_the_scopes_it_has),
        cmocka_unit_test (test_a_quick_client_keeps_its_connection),
        cmocka_unit_test (test_signing_in_with_a_cookie_hides_the_key),
        cmocka_unit_test (test_a_cookie_needs_the_csrf_token_where_something_changes),
        cmocka_unit_test (test_a_cookie_is_renewed_by_use_and_taken_away_at_the_end),
        cmocka_unit_test (test_routes_of_accounts_become_their_operations),
        cmocka_unit_test (test_staff_alone_reaches_what_is_staffs),
        cmocka_unit_test (test_a_handshake_waits_for_auth),
        cmocka_unit_test (test_a_credential_does_not_outlive_its_request),
        cmocka_unit_test (test_a_second_request_of_a_connection_is_judged_behind_the_handshake),
        cmocka_unit_test (test_no_credential_reaches_the_log),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
