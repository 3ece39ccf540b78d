/*  gw_edge_revoked_test - revocation from outside: who is signed out gets in nowhere,
    and nobody does while it can't be known. */

#include "gw_probe.h"

#define GET_ME "GET /v1/accounts/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define READY "GET /readyz?verbose HTTP/1.1\r\nHost: x\r\n\r\n"

static int s_setup (void **state)
{
    *state = probe_new (NULL);
    return 0;
}

static int s_setup_unswept (void **state)
{
    *state = probe_new_unswept (NULL);
    return 0;
}

static int s_teardown (void **state)
{
    probe_t *self = *state;
    probe_destroy (&self);
    return 0;
}

/*  An identity is judged before the path is found to name nobody. */
static const probe_got_t *s_ask (const probe_t *self)
{
    char text[2048];
    snprintf (text, sizeof text, GET_ME, self->token);
    return probe_get (self->port, text);
}

static const probe_got_t *s_shake_hands (const probe_t *self)
{
    char text[4096];
    snprintf (text, sizeof text, PROBE_UPGRADE "Authorization: Bearer %s\r\n\r\n", self->token);
    return probe_get (self->port, text);
}

static int s_open (const probe_t *self)
{
    char extra[2048];
    snprintf (extra, sizeof extra, "Authorization: Bearer %s\r\n", self->token);
    return probe_upgrade (self->port, extra);
}

static void s_assert_signed_out (int fd)
{
    const probe_got_t *got = probe_read (fd, PROBE_WAIT_MS);
    assert_int_equal (probe_close_code (got), 4401);
    close (fd);
}

static void s_assert_refused (const probe_t *self)
{
    const probe_got_t *got = s_ask (self);
    assert_int_equal (probe_status (got), 401);
    assert_non_null (strstr (got->bytes, "\"code\":\"token_revoked\""));
    assert_int_equal (probe_status (s_shake_hands (self)), 401);
}

/*  Lets the fakes answer what the gateway asks, once round. */
static void s_serve (const probe_t *self)
{
    const pt_empty_t nothing = {0};
    harness_reply (self->harness, harness_request (self->harness, PT_OP_gateway_status, &nothing));
}

static void test_an_event_signs_out_at_once (void **state)
{
    probe_t *self = *state;
    assert_int_equal (probe_status (s_ask (self)), 404);
    int fd = s_open (self);
    assert_true (probe_sign_out (self));
    s_assert_signed_out (fd);
    s_assert_refused (self);
}

static void s_on_revoked (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    (void)ctx;
    const pt_revocation_t what = {.account = 7, .generation = 1, .has_generation = true};
    const pt_revoked_page_t page = {.items = {&what, 1}, .cursor = PT_LIT ("d")};
    harness_answer (harness, call, &page);
}

static void test_what_no_event_told_is_found_by_asking (void **state)
{
    probe_t *self = *state;
    int fd = s_open (self);
    harness_fake (self->harness, PT_OP_chat_revoked, s_on_revoked, NULL);
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    while (probe_status (s_ask (self)) != 401 && sv_now_ms () < end_ms)
        s_serve (self);
    s_assert_signed_out (fd);
    s_assert_refused (self);
}

static void s_on_check (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const pt_identity_t identity = {.account = 9, .session = 51, .kind = PT_credential_kind_TOKEN, .generation = 1};
    unsigned *count = ctx;
    ++*count;
    harness_answer (harness, call, &identity);
}

/*  What auth has said of an opaque token, or says when it is asked. */
static int s_ask_opaque (const probe_t *self)
{
    int fd = probe_connect (self->port);
    struct pollfd item = {.fd = fd, .events = POLLIN};
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    probe_say (fd, "GET /v1/accounts/x HTTP/1.1\r\nHost: x\r\nAuthorization: Token " HEX40 "\r\n\r\n");
    while (poll (&item, 1, 0) == 0 && sv_now_ms () < end_ms)
        s_serve (self);
    int status = probe_status (probe_answer (fd));
    close (fd);
    return status;
}

/*  The credential lives, but the account is not what it was: what was remembered of it, its
    scopes and whether it is staff, is asked about again. */
static void test_who_is_spared_is_asked_about_again (void **state)
{
    probe_t *self = *state;
    unsigned count = 0;
    harness_fake (self->harness, PT_OP_auth_check, s_on_check, &count);
    assert_int_equal (s_ask_opaque (self), 404);
    assert_int_equal (s_ask_opaque (self), 404);
    assert_int_equal (count, 1);
    const pt_revocation_t what = {
        .account = 9, .generation = 2, .has_generation = true, .spared = 51, .has_spared = true};
    const pt_revocations_t told = {.items = {&what, 1}, .has_items = true};
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    while (count == 1 && sv_now_ms () < end_ms) {
        harness_publish (self->harness, "a", 1, PT_EV_revoked, &told);
        assert_int_equal (s_ask_opaque (self), 404);
    }
    assert_int_equal (count, 2);
}

static void test_nobody_is_served_before_it_is_known_what_was_revoked (void **state)
{
    probe_t *self = *state;
    const probe_got_t *got;
    uint64_t end_ms = sv_now_ms () + PROBE_WAIT_MS;
    do /* until the keys and chat are there */
        got = probe_get (self->port, READY);
    while (probe_count (got, "\"ok\":false") > 1 && sv_now_ms () < end_ms);
    assert_int_equal (probe_status (got), 503);
    assert_non_null (strstr (got->bytes, "{\"name\":\"revoked\",\"ok\":false,\"reason\":"));
    got = s_ask (self);
    assert_int_equal (probe_status (got), 503);
    assert_non_null (strstr (got->bytes, "\"code\":\"unavailable\""));
    assert_non_null (strstr (got->bytes, "\r\nRetry-After: 1\r\n"));
    assert_int_equal (probe_status (s_shake_hands (self)), 503);
    harness_fake (self->harness, PT_OP_chat_revoked, probe_on_revoked, NULL);
    while (probe_status (s_ask (self)) != 404 && sv_now_ms () < end_ms)
        s_serve (self);
    assert_int_equal (probe_status (s_ask (self)), 404);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_an_event_signs_out_at_once, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_what_no_event_told_is_found_by_asking, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_who_is_spared_is_asked_about_again, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_nobody_is_served_before_it_is_known_what_was_revoked, s_setup_unswept,
                                         s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
