/*  gw_edge_dialect_test - dialects from outside: paths, methods, media types, bodies and cookies,
    and what is asked of auth for them. */

#include "gw_probe.h"

#define H "Host: x\r\n"
#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define KEY "abcdefghijklmnopqrstuvwxyz012345"

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

static int s_post (const probe_t *self, const char *path, const char *lines, const char *body)
{
    char text[4096];
    int fd = probe_connect (self->port);
    snprintf (text, sizeof text, "POST %s HTTP/1.1\r\n" H "%sContent-Length: %zu\r\n\r\n%s", path, lines, strlen (body),
              body);
    probe_say (fd, text);
    return fd;
}

/*  The answer has this status and holds all of these texts. */
static probe_got_t *s_hear (int fd, int status, const char *const *texts)
{
    probe_got_t *got = probe_answer (fd);
    close (fd);
    for (; *texts; texts++)
        if (probe_status (got) != status || !strstr (got->bytes, *texts))
            fail_msg ("not %d with %s: %s", status, *texts, got->bytes);
    return got;
}

#define HEAR(fd, status, ...) s_hear (fd, status, (const char *const[]){__VA_ARGS__, NULL})

/* ---- what needs nobody else ---------------------------------------------------------- */

static void test_refusals_are_in_the_words_of_the_dialect (void **state)
{
    probe_t *self = *state;
    HEAR (s_post (self, "/login/", JSON, "{bad"), 400, "{\"detail\":\"JSON parse error - ",
          "\r\nContent-Type: application/json\r\n", "\r\nAllow: POST, OPTIONS\r\n");
    HEAR (s_post (self, "/login/", "Content-Type: text/plain\r\n", "x"), 415,
          "{\"detail\":\"Unsupported media type \\\"text/plain\\\" in request.\"}");
    HEAR (s_post (self, "/login/", "", "x"), 415, "{\"detail\":\"Unsupported media type \\\"\\\" in request.\"}");
    HEAR (s_post (self, "/login/", JSON "Accept: image/png\r\n", "{}"), 406,
          "{\"detail\":\"Could not satisfy the request Accept header.\"}");
    HEAR (s_post (self, "/login/", JSON, "[]"), 400,
          "{\"errors\":[\"Invalid data. Expected a dictionary, but got list.\"]}");
    HEAR (s_post (self, "/api/token/", JSON, "[]"), 400,
          "{\"non_field_errors\":[\"Invalid data. Expected a dictionary, but got list.\"]}");
    HEAR (s_post (self, "/login/", JSON, ""), 400,
          "{\"username\":[\"This field is required.\"],\"password\":[\"This field is required.\"]}");
    static const struct {
        const char *line;
        int status;
        const char *text;
    } rows[] = {
        {"GET /login/ HTTP/1.1\r\n", 405, "\r\n\r\n{\"detail\":\"Method \\\"GET\\\" not allowed.\"}"},
        {"HEAD /login/ HTTP/1.1\r\n", 405, "\r\nAllow: POST, OPTIONS\r\n"},
        {"PATCH /api/token/ HTTP/1.1\r\n", 405, "Method \\\"PATCH\\\" not allowed."},
        {"GET /v1/nothing HTTP/1.1\r\n", 404, "application/problem+json"},
        {"DELETE /v1/accounts HTTP/1.1\r\n", 405, "application/problem+json"},
        {"GET /unknown/ HTTP/1.1\r\n", 404, "\"code\":\"not_found\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf (text, sizeof text, "%s" H "\r\n", rows[i].line);
        const probe_got_t *got = probe_get (self->port, text);
        if (probe_status (got) != rows[i].status || !strstr (got->bytes, rows[i].text))
            fail_msg ("%s: %s", rows[i].line, got->bytes);
        if (probe_status (got) == 405)
            assert_int_equal (probe_count (got, "\r\nAllow: "), 1);
    }
}

static void test_html_and_format_json_are_good_enough_for_json (void **state)
{
    probe_t *self = *state;
    HEAR (s_post (self, "/login/", JSON "Accept: text/html;q=0.9\r\n", "{}"), 400, "This field is required.");
    HEAR (s_post (self, "/login/?format=json", JSON "Accept: image/png\r\n", "{}"), 400, "This field is required.");
    HEAR (s_post (self, "/login/?format=jsonx", JSON "Accept: image/png\r\n", "{}"), 406, "Accept header");
}

static void test_options_describe_and_allow (void **state)
{
    probe_t *self = *state;
    const probe_got_t *got = probe_get (self->port, "OPTIONS /login/ HTTP/1.1\r\n" H "Origin: http://x\r\n\r\n");
    static const char *const texts[] = {"\r\nAllow: POST, OPTIONS\r\n",
                                        "\r\nAccess-Control-Allow-Methods: POST, OPTIONS\r\n",
                                        "{\"name\":\"Sign in\",",
                                        "\"description\":",
                                        "\"renders\":[\"application/json\"]",
                                        "\"parses\":[\"application/json\","};
    assert_int_equal (probe_status (got), 200);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!strstr (got->bytes, texts[i]))
            fail_msg ("no %s: %s", texts[i], got->bytes);
    assert_int_equal (probe_count (got, "\r\nAllow: "), 1);
}

static void test_a_get_without_the_final_slash_is_sent_on (void **state)
{
    probe_t *self = *state;
    static const struct {
        const char *line, *location;
    } rows[] = {{"GET /login HTTP/1.1\r\n", "\r\nLocation: /login/\r\n"},
                {"HEAD /api/token HTTP/1.1\r\n", "\r\nLocation: /api/token/\r\n"},
                {"GET /login?a=b%20c&d&e=%26%22 HTTP/1.1\r\n", "\r\nLocation: /login/?a=b%20c&d=&e=%26%22\r\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        snprintf (text, sizeof text, "%s" H "Accept: image/png\r\n\r\n", rows[i].line);
        const probe_got_t *got = probe_get (self->port, text);
        if (probe_status (got) != 301 || !strstr (got->bytes, rows[i].location))
            fail_msg ("%s: %s", rows[i].line, got->bytes);
        assert_non_null (strstr (got->bytes, "\r\nContent-Length: 0\r\n"));
    }
    HEAR (s_post (self, "/login", JSON, "{}"), 400, "This field is required.");
}

static void test_the_root_is_a_page_or_json (void **state)
{
    probe_t *self = *state;
    const probe_got_t *got = probe_get (self->port, "GET / HTTP/1.1\r\nHost: h.example:8000\r\n\r\n");
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "\r\n\r\n{\"rooms\":\"http://h.example:8000/rooms/\"}"));
    got = probe_get (self->port, "GET / HTTP/1.1\r\n" H "Accept: text/html,application/xml;q=0.9\r\n\r\n");
    assert_int_equal (probe_status (got), 200);
    assert_non_null (strstr (got->bytes, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_non_null (strstr (got->bytes, "<!DOCTYPE html>"));
}

/* ---- registering ---------------------------------------------------------------------- */

static void test_registering_becomes_an_account_with_any_password (void **state)
{
    probe_t *self = *state;
    const pt_account_t account = {
        .id = 12, .login = PT_LIT ("bob"), .has_login = true, .name = PT_LIT ("Bo \"B\""), .has_name = true};
    int fd = s_post (self, "/api/register/", JSON, "{\"name\":\"Bo\",\"username\":\" bob \",\"password\":\" x \"}");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_account_create);
    const pt_account_create_t *create = call->msg;
    assert_true (pt_str_eq (create->login, PT_LIT ("bob")) && pt_str_eq (create->name, PT_LIT ("Bo")));
    assert_true (pt_str_eq (create->password, PT_LIT (" x ")) && create->is_lax && !create->is_staff);
    assert_true (pt_str_eq (create->address, PT_LIT ("127.0.0.1")) && create->key.len == 32);
    harness_answer (self->harness, call, &account);
    HEAR (fd, 201, "\r\n\r\n{\"id\":12,\"name\":\"Bo \\\"B\\\"\",\"username\":\"bob\"}");

    fd = s_post (self, "/register/", FORM, "username=bob&password=+x+&is_admin=yes");
    call = harness_expect (self->harness, PT_OP_auth_account_create);
    create = call->msg;
    assert_true (pt_str_eq (create->password, PT_LIT ("x")) && create->is_lax && !create->is_staff);
    harness_answer (self->harness, call, &account);
    HEAR (fd, 201, "\r\n\r\n{\"message\":\"User created successfully\"}");
}

static void test_who_asks_to_be_staff_is_when_the_setting_says_so (void **state)
{
    (void)state;
    static const char *const args[] = {"--compat-open-admin-signup", NULL};
    static const struct {
        const char *body;
        bool is_staff;
    } rows[] = {{"{\"username\":\"a\",\"password\":\"b\",\"is_admin\":true}", true},
                {"{\"username\":\"a\",\"password\":\"b\",\"is_admin\":false}", false},
                {"{\"username\":\"a\",\"password\":\"b\"}", false}};
    probe_t *self = probe_new (args);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_post (self, "/register/", JSON, rows[i].body);
        const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_account_create);
        assert_int_equal (((const pt_account_create_t *)call->msg)->is_staff, rows[i].is_staff);
        harness_refuse (self->harness, call, PT_E_unavailable, "gone");
        HEAR (fd, 503, "{\"detail\":\"Service temporarily unavailable.\"}", "\r\nRetry-After: ");
    }
    probe_destroy (&self);
}

/* ---- signing in ----------------------------------------------------------------------- */

/*  The question for a credential of this kind, by name and password. */
static const harness_frame_t *s_expect_sign_in (probe_t *self, pt_credential_kind_t kind)
{
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_session_create);
    const pt_session_create_t *create = call->msg;
    assert_true (create->has_kind && create->kind == kind);
    assert_true (pt_str_eq (create->identifier, PT_LIT ("bob")) && pt_str_eq (create->password, PT_LIT ("pw")));
    return call;
}

/*  One call is one password verified: the cookie comes with the token. */
static void test_signing_in_gives_a_token_and_the_cookies_of_a_session (void **state)
{
    probe_t *self = *state;
    const pt_session_grant_t grant = {.token = PT_LIT (HEX40),
                                      .has_token = true,
                                      .token_type = PT_LIT ("Token"),
                                      .account = 7,
                                      .session = 3,
                                      .staff = true,
                                      .has_staff = true,
                                      .cookie = PT_LIT (KEY),
                                      .has_cookie = true,
                                      .cookie_expires_at = sv_wall_us () + INT64_C (1209600000000),
                                      .has_cookie_expires_at = true};
    int fd = s_post (self, "/login/", FORM "Idempotency-Key: k-1\r\n", "username=bob&password=pw");
    const harness_frame_t *call = s_expect_sign_in (self, PT_credential_kind_AUTHTOKEN);
    assert_true (pt_str_eq (((const pt_session_create_t *)call->msg)->key, PT_LIT ("k-1")));
    assert_true (((const pt_session_create_t *)call->msg)->with_cookie);
    harness_answer (self->harness, call, &grant);
    HEAR (fd, 200, "\r\n\r\n{\"token\":\"" HEX40 "\",\"is_admin\":true,\"user_id\":7}",
          "\r\nSet-Cookie: sessionid=" KEY "; Path=/; Max-Age=1209600; SameSite=Lax; HttpOnly\r\n",
          "\r\nSet-Cookie: csrftoken=");
}

static void test_whoever_cant_sign_in_hears_why_in_the_dialects_words (void **state)
{
    probe_t *self = *state;
    static const struct {
        const char *path;
        int err, status;
        const char *text;
    } rows[] = {
        {"/login/", PT_E_bad_credentials, 400, "\r\n\r\n{\"error\":\"Invalid credentials\"}"},
        {"/login/", PT_E_inactive, 400, "\r\n\r\n{\"error\":\"Invalid credentials\"}"},
        {"/login/", PT_E_too_many, 429, "{\"detail\":\"Request was throttled. Expected available in "},
        {"/api/token/", PT_E_bad_credentials, 401,
         "\r\n\r\n{\"detail\":\"No active account found with the given credentials\"}"},
        {"/api/token/", PT_E_bad_credentials, 401, "\r\nWWW-Authenticate: Bearer realm=\"api\"\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_post (self, rows[i].path, JSON, "{\"username\":\"bob\",\"password\":\"pw\"}");
        harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_session_create), rows[i].err, NULL);
        HEAR (fd, rows[i].status, rows[i].text);
    }
    /*  Without the session there is no answer that is half of one. */
    const pt_session_grant_t token = {
        .token = PT_LIT (HEX40), .has_token = true, .token_type = PT_LIT ("Token"), .account = 7, .session = 3};
    int fd = s_post (self, "/login/", JSON, "{\"username\":\"bob\",\"password\":\"pw\"}");
    harness_answer (self->harness, s_expect_sign_in (self, PT_credential_kind_AUTHTOKEN), &token);
    const probe_got_t *got = HEAR (fd, 500, "A server error occurred.");
    assert_null (strstr (got->bytes, "Set-Cookie"));
    assert_null (strstr (got->bytes, HEX40));
}

static void test_a_pair_of_tokens_comes_with_the_cookie_for_websockets (void **state)
{
    probe_t *self = *state;
    const pt_session_grant_t pair = {.access = PT_LIT ("a.b.c"),
                                     .has_access = true,
                                     .refresh = PT_LIT ("rrr"),
                                     .has_refresh = true,
                                     .token_type = PT_LIT ("Bearer"),
                                     .expires_in = 300,
                                     .has_expires_in = true,
                                     .account = 7,
                                     .session = 3};
    int fd = s_post (self, "/api/token/", JSON, "{\"username\":\"bob\",\"password\":\"pw\"}");
    harness_answer (self->harness, s_expect_sign_in (self, PT_credential_kind_SESSION), &pair);
    HEAR (fd, 200, "\r\n\r\n{\"refresh\":\"rrr\",\"access\":\"a.b.c\"}",
          "\r\nSet-Cookie: access=a.b.c; Path=/; Max-Age=300; SameSite=Lax; HttpOnly\r\n");
}

static void s_refresh (probe_t *self, bool keeps)
{
    static const struct {
        int err;
        const char *body;
    } rows[] = {
        {PT_E_token_invalid, "{\"detail\":\"Token is invalid or expired\",\"code\":\"token_not_valid\"}"},
        {PT_E_token_expired, "{\"detail\":\"Token is invalid or expired\",\"code\":\"token_not_valid\"}"},
        {PT_E_token_wrong_type, "{\"detail\":\"Token has wrong type\",\"code\":\"token_not_valid\"}"},
        {PT_E_token_revoked, "{\"detail\":\"Token is blacklisted\",\"code\":\"token_not_valid\"}"},
        {PT_E_inactive, "{\"detail\":\"No active account found for the given token.\",\"code\":\"no_active_account\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_post (self, "/api/token/refresh/", JSON, "{\"refresh\":\"rrr\"}");
        harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_session_refresh), rows[i].err, NULL);
        HEAR (fd, 401, rows[i].body, "\r\nWWW-Authenticate: Bearer realm=\"api\"\r\n");
    }
    pt_session_grant_t grant = {.access = PT_LIT ("d.e.f"),
                                .has_access = true,
                                .refresh = PT_LIT ("sss"),
                                .has_refresh = !keeps,
                                .token_type = PT_LIT ("Bearer"),
                                .account = 7,
                                .session = 3,
                                .expires_in = 60,
                                .has_expires_in = true};
    int fd = s_post (self, "/api/token/refresh/", FORM, "refresh=rrr");
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_session_refresh);
    const pt_session_refresh_t *refresh = call->msg;
    assert_true (pt_str_eq (refresh->refresh, PT_LIT ("rrr")) && refresh->has_keeps && refresh->keeps == keeps);
    harness_answer (self->harness, call, &grant);
    HEAR (fd, 200, keeps ? "\r\n\r\n{\"access\":\"d.e.f\"}" : "\r\n\r\n{\"refresh\":\"sss\",\"access\":\"d.e.f\"}",
          "\r\nSet-Cookie: access=d.e.f; Path=/; Max-Age=60; SameSite=Lax; HttpOnly\r\n");
}

static void test_a_refresh_token_stays_good_unless_the_setting_says_otherwise (void **state)
{
    static const char *const args[] = {"--compat-refresh-rotate", NULL};
    probe_t *self = *state, *other;
    char body[LIM_TOKEN + 64];
    s_refresh (self, true);
    snprintf (body, sizeof body, "{\"refresh\":\"%0*d\"}", LIM_TOKEN + 1, 7);
    HEAR (s_post (self, "/api/token/refresh/", JSON, body), 401, "Token is invalid or expired");
    other = probe_new (args);
    s_refresh (other, false);
    probe_destroy (&other);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_refusals_are_in_the_words_of_the_dialect),
        cmocka_unit_test (test_html_and_format_json_are_good_enough_for_json),
        cmocka_unit_test (test_options_describe_and_allow),
        cmocka_unit_test (test_a_get_without_the_final_slash_is_sent_on),
        cmocka_unit_test (test_the_root_is_a_page_or_json),
        cmocka_unit_test (test_registering_becomes_an_account_with_any_password),
        cmocka_unit_test (test_who_asks_to_be_staff_is_when_the_setting_says_so),
        cmocka_unit_test (test_signing_in_gives_a_token_and_the_cookies_of_a_session),
        cmocka_unit_test (test_whoever_cant_sign_in_hears_why_in_the_dialects_words),
        cmocka_unit_test (test_a_pair_of_tokens_comes_with_the_cookie_for_websockets),
        cmocka_unit_test (test_a_refresh_token_stays_good_unless_the_setting_says_otherwise),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
