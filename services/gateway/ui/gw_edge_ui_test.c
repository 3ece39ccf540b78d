/*  gw_edge_ui_test - the two forms that work without scripts, from outside: whose proof counts, what is asked of auth,
   and that what is refused is shown again. */

#include "gw_probe.h"

#define H "Host: x\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define KEY "abcdefghijklmnopqrstuvwxyz012345"
#define COOKIE "Cookie: csrftoken=" KEY "\r\n"
#define PROOF "csrfmiddlewaretoken=" KEY

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
    snprintf (text, sizeof text, "POST %s HTTP/1.1\r\n" H FORM "%sContent-Length: %zu\r\n\r\n%s", path, lines,
              strlen (body), body);
    probe_say (fd, text);
    return fd;
}

/*  The answer has this status and holds all of these texts. */
static const probe_got_t *s_hear (int fd, int status, const char *const *texts)
{
    const probe_got_t *got = probe_answer (fd);
    close (fd);
    assert_int_equal (probe_status (got), status);
    for (; *texts; texts++)
        if (!strstr (got->bytes, *texts))
            fail_msg ("no %s: %s", *texts, got->bytes);
    return got;
}

#define HEAR(fd, status, ...) s_hear (fd, status, (const char *const[]){__VA_ARGS__, NULL})

static void test_signing_in_asks_auth_once_for_a_session_and_leads_on (void **state)
{
    probe_t *self = *state;
    const pt_session_grant_t grant = {.token = PT_LIT (KEY),
                                      .has_token = true,
                                      .token_type = PT_LIT ("Cookie"),
                                      .account = 7,
                                      .session = 4,
                                      .expires_at = sv_wall_us () + INT64_C (1209600000000),
                                      .has_expires_at = true};
    int fd = s_post (self, "/accounts/login/", COOKIE, "login=bob&password=p%26+w&next=%2Fchat%2Flobby%2F&" PROOF);
    const harness_frame_t *call = harness_expect (self->harness, PT_OP_auth_session_create);
    const pt_session_create_t *create = call->msg;
    assert_true (create->has_kind && create->kind == PT_credential_kind_COOKIE);
    assert_true (pt_str_eq (create->identifier, PT_LIT ("bob")) && pt_str_eq (create->password, PT_LIT ("p& w")));
    assert_true (pt_str_eq (create->address, PT_LIT ("127.0.0.1")));
    harness_answer (self->harness, call, &grant);
    const probe_got_t *got =
        HEAR (fd, 302, "\r\nLocation: /chat/lobby/\r\n", "\r\nContent-Length: 0\r\n",
              "\r\nSet-Cookie: sessionid=" KEY "; Path=/; Max-Age=1209600; SameSite=Lax; HttpOnly\r\n");
    assert_null (strstr (got->bytes, "csrftoken=" KEY)); /* who signs in gets another proof */
}

static void test_a_form_without_its_proof_is_shown_again_and_asks_nobody (void **state)
{
    probe_t *self = *state;
    static const struct {
        const char *lines, *body;
    } rows[] = {
        {"", "login=b%22o&password=p"},
        {COOKIE, "login=b%22o&password=p"},
        {"", "login=b%22o&password=p&" PROOF},
        {COOKIE "Origin: https://other.example\r\n", "login=b%22o&password=p&" PROOF},
        {COOKIE "Origin: null\r\n", "login=b%22o&password=p&" PROOF},
        {"Cookie: csrftoken=\r\n", "login=b%22o&password=p&csrfmiddlewaretoken="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        HEAR (s_post (self, "/accounts/login/", rows[i].lines, rows[i].body), 403,
              "\r\nContent-Type: text/html; charset=utf-8\r\n", "value=\"b&quot;o\"", "role=\"alert\"",
              "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; ");
    HEAR (s_post (self, "/chat/", "", "room_name=a"), 403, "value=\"a\"");
    HEAR (s_post (self, "/chat/", COOKIE "Origin: http://x\r\n", "room_name=a&" PROOF), 302,
          "\r\nLocation: /chat/a/\r\n");
}

static void test_what_auth_refuses_is_said_in_the_form (void **state)
{
    probe_t *self = *state;
    static const struct {
        int err, status;
        const char *text;
    } rows[] = {{PT_E_bad_credentials, 403, "Name and password do not belong together."},
                {PT_E_inactive, 403, "Name and password do not belong together."},
                {PT_E_too_many, 429, "Too many tries."},
                {PT_E_busy, 503, "The server can not do that right now."}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = s_post (self, "/accounts/login/", COOKIE, "login=bob&password=secret&next=%2F%2Fevil&" PROOF);
        harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_session_create), rows[i].err, NULL);
        const probe_got_t *got = HEAR (fd, rows[i].status, rows[i].text, "name=\"login\" value=\"bob\"",
                                       "name=\"next\" value=\"/\"", "value=\"" KEY "\"");
        assert_null (strstr (got->bytes, "secret"));
        assert_null (strstr (got->bytes, "Set-Cookie"));
    }
}

static void test_a_body_that_is_no_form_is_refused_with_a_page (void **state)
{
    probe_t *self = *state;
    static const char *const bodies[] = {"[]", "{bad", "{\"login\":7,\"password\":{}}", ""};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char text[512];
        snprintf (text, sizeof text,
                  "POST /accounts/login/ HTTP/1.1\r\n" H "Content-Type: application/json\r\n" COOKIE "X-CSRFToken: " KEY
                  "\r\nContent-Length: %zu\r\n\r\n%s",
                  strlen (bodies[i]), bodies[i]);
        int fd = probe_connect (self->port);
        probe_say (fd, text);
        HEAR (fd, 400, "Both a name and a password are needed.");
    }
    HEAR (s_post (self, "/ui/login/", "", ""), 405, "\r\nAllow: GET, HEAD, OPTIONS\r\n", "role=\"alert\"");
}

/*  Without a session there is nothing to ask. */
static void test_signing_out_ends_the_session_of_the_cookie (void **state)
{
    probe_t *self = *state;
    const probe_got_t *got = probe_get (self->port, "GET /logout HTTP/1.1\r\n" H "\r\n");
    assert_int_equal (probe_status (got), 302);
    assert_non_null (strstr (got->bytes, "\r\nLocation: /\r\n"));
    assert_non_null (strstr (got->bytes, "\r\nSet-Cookie: sessionid=; Path=/; Max-Age=0;"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_signing_in_asks_auth_once_for_a_session_and_leads_on),
        cmocka_unit_test (test_a_form_without_its_proof_is_shown_again_and_asks_nobody),
        cmocka_unit_test (test_what_auth_refuses_is_said_in_the_form),
        cmocka_unit_test (test_a_body_that_is_no_form_is_refused_with_a_page),
        cmocka_unit_test (test_signing_out_ends_the_session_of_the_cookie),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
