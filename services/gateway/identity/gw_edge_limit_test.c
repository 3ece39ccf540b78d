/*  gw_edge_limit_test - limits from outside: who asks too often is told so, and when
    to come back. */

#include "gw_probe.h"

#define SIGN_IN "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
#define LIVE "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

/*  More than any bucket gives while the test runs. */
enum { MANY = 4000 };

static int s_setup (void **state)
{
    static const char *const limited[] = {"--rate-limits=on", NULL};
    *state = probe_new_quiet (limited);
    return 0;
}

static int s_teardown (void **state)
{
    probe_t *self = *state;
    probe_destroy (&self);
    return 0;
}

static void s_assert_refusal (const probe_got_t *got, const char *class)
{
    char policy[64];
    snprintf (policy, sizeof policy, "\r\nRateLimit-Policy: \"%s\";q=", class);
    assert_int_equal (probe_status (got), 429);
    assert_non_null (strstr (got->bytes, "\r\nRetry-After: "));
    assert_non_null (strstr (got->bytes, policy));
    assert_non_null (strstr (got->bytes, ";r=0;t="));
    assert_non_null (strstr (got->bytes, "\"code\":\"too_many\""));
}

static void s_assert_counted (const probe_t *self, unsigned refusals)
{
    char line[64];
    snprintf (line, sizeof line, "\nparley_gateway_limited_total %u\n", refusals);
    const probe_got_t *got = probe_get (self->internal_port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null (strstr (got->bytes, line));
}

static void test_the_eleventh_sign_in_at_once_must_wait (void **state)
{
    probe_t *self = *state;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal (probe_status (probe_get (self->port, SIGN_IN)), 422);
    const probe_got_t *got = probe_get (self->port, SIGN_IN);
    s_assert_refusal (got, "sign-in");
    s_assert_counted (self, 1);
    assert_int_equal (probe_status (probe_get (self->port, LIVE)), 200);
}

static void test_a_dialects_client_is_throttled_in_the_words_it_knows (void **state)
{
    static const char sign_in[] =
        "POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    probe_t *self = *state;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal (probe_status (probe_get (self->port, sign_in)), 400);
    const probe_got_t *got = probe_get (self->port, sign_in);
    assert_int_equal (probe_status (got), 429);
    assert_non_null (strstr (got->bytes, "\r\nRetry-After: "));
    assert_non_null (strstr (got->bytes, "\r\nRateLimit-Policy: \"sign-in\";q="));
    assert_non_null (strstr (got->bytes, "{\"detail\":\"Request was throttled. Expected available in "));
    s_assert_counted (self, 1);
}

static void test_wrong_credentials_use_up_what_signing_in_needs (void **state)
{
    static const char wrong[] = "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\n\r\n";
    static const char wrong_socket[] = PROBE_UPGRADE "Authorization: Bearer a.b.c\r\n\r\n";
    probe_t *self = *state;
    while (probe_status (probe_get (self->port, wrong)) == 503)
        continue; /* it has no keys yet */
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal (probe_status (probe_get (self->port, i % 2 ? wrong : wrong_socket)), 401);
    s_assert_refusal (probe_get (self->port, SIGN_IN), "sign-in");
}

/*  Who shares an address with somebody that guesses. */
static void test_a_token_is_asked_about_beside_guesses_and_a_password_is_not (void **state)
{
    static const char wrong[] = "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\n\r\n";
    static const char basic[] = "Authorization: Basic YTpi\r\n\r\n";
    static const char *const starts[] = {"GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\n", PROBE_UPGRADE};
    probe_t *self = *state;
    char text[512];
    while (probe_status (probe_get (self->port, wrong)) == 503)
        continue; /* it has no keys yet */
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal (probe_status (probe_get (self->port, wrong)), 401);
    for (unsigned i = 0; i < 2; i++) {
        snprintf (text, sizeof text, "%s%s", starts[i], basic);
        s_assert_refusal (probe_get (self->port, text), "sign-in");
        snprintf (text, sizeof text, "%sAuthorization: Token %040u\r\n\r\n", starts[i], i);
        int fd = probe_connect (self->port);
        probe_say (fd, text);
        harness_refuse (self->harness, harness_expect (self->harness, PT_OP_auth_check), PT_E_token_expired, NULL);
        assert_int_equal (probe_status (probe_answer (fd)), 401);
        close (fd);
    }
    s_assert_counted (self, 2);
}

/*  On one connection, which stays: a refusal is an answer like others. */
static void test_requests_beyond_their_pace_are_refused_until_it_is_time (void **state)
{
    probe_t *self = *state;
    int fd = probe_connect (self->port);
    const probe_got_t *got = NULL;
    unsigned good = 0;
    for (; good < MANY; good++) {
        probe_say (fd, LIVE);
        got = probe_answer (fd);
        if (probe_status (got) != 200)
            break;
    }
    assert_true (good >= 200 && good < MANY);
    s_assert_refusal (got, "request");
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    do {
        probe_say (fd, LIVE);
        got = probe_answer (fd);
    } while (probe_status (got) == 429 && sv_now_ms () < end_ms);
    assert_int_equal (probe_status (got), 200);
    close (fd);
}

static void test_handshakes_have_a_pace_of_their_own (void **state)
{
    probe_t *self = *state;
    const probe_got_t *got = NULL;
    unsigned good = 0;
    for (; good < MANY; good++) {
        got = probe_get (self->port, PROBE_UPGRADE "\r\n");
        if (probe_status (got) != 101)
            break;
    }
    assert_true (good >= 200 && good < MANY);
    s_assert_refusal (got, "socket");
    assert_int_equal (probe_status (probe_get (self->port, LIVE)), 200);
}

/*  Nobody answers for chat here: whoever is looked for waits.  On a slow machine it may be the turn
    of one more. */
static void test_a_dialects_handshake_beyond_its_pace_looks_for_no_room (void **state)
{
    probe_t *self = *state;
    for (unsigned tries = 3; tries > 0; tries--) {
        for (unsigned i = 0; i < MANY && probe_status (probe_get (self->port, PROBE_UPGRADE "\r\n")) == 101; i++)
            continue;
        const probe_got_t *got = probe_get (self->port, "GET /ws/chat/lobby/ HTTP/1.1\r\n" PROBE_SOCKET "\r\n");
        if (probe_status (got) == 429)
            return;
    }
    fail_msg ("it is never refused");
}

/*  Each of its addresses would be let through. */
static void test_an_account_has_one_pace_from_wherever_it_asks (void **state)
{
    enum { ADDRESSES = 8 };
    probe_t *self = *state;
    int fds[ADDRESSES];
    char text[2048];
    snprintf (text, sizeof text, "GET /v1/accounts/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
              self->token);
    while (probe_status (probe_get (self->port, text)) == 503)
        continue; /* it has no keys yet */
    for (uint32_t i = 0; i < ADDRESSES; i++)
        fds[i] = probe_connect_from (INADDR_LOOPBACK + i, self->port);
    const probe_got_t *got = NULL;
    unsigned good = 0;
    for (; good < MANY; good++) {
        probe_say (fds[good % ADDRESSES], text);
        got = probe_answer (fds[good % ADDRESSES]);
        if (probe_status (got) != 404)
            break;
    }
    assert_in_range (good, 190, MANY - 1);
    s_assert_refusal (got, "account");
    for (unsigned i = 0; i < ADDRESSES; i++)
        close (fds[i]);
}

/*  The port for the operator is not for clients. */
static void test_the_internal_port_is_not_limited (void **state)
{
    probe_t *self = *state;
    int fd = probe_connect (self->internal_port);
    for (unsigned i = 0; i < 500; i++) {
        probe_say (fd, LIVE);
        assert_int_equal (probe_status (probe_answer (fd)), 200);
    }
    close (fd);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_the_eleventh_sign_in_at_once_must_wait),
        TEST (test_a_dialects_client_is_throttled_in_the_words_it_knows),
        TEST (test_wrong_credentials_use_up_what_signing_in_needs),
        TEST (test_a_token_is_asked_about_beside_guesses_and_a_password_is_not),
        TEST (test_requests_beyond_their_pace_are_refused_until_it_is_time),
        TEST (test_handshakes_have_a_pace_of_their_own),
        TEST (test_a_dialects_handshake_beyond_its_pace_looks_for_no_room),
        TEST (test_an_account_has_one_pace_from_wherever_it_asks),
        TEST (test_the_internal_port_is_not_limited),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
