/*  gw_ws_auth_test - the operation `auth`: credentials that auth has to be asked
    about, one at a time, and what a session may do with what it was given. */

#include "gw_ws_fake.h"

#define TOKEN(digit) digit "123456789abcdef0123456789abcdef01234567"
#define AUTH(id, digit) "{\"op\":\"auth\",\"id\":" #id ",\"token\":\"" TOKEN (digit) "\"}"

static pt_identity_t s_identity (uint64_t account, uint64_t session)
{
    return (pt_identity_t){.account = account, .session = session, .kind = PT_credential_kind_KNOX};
}

static void test_an_opaque_token_signs_in_when_auth_has_answered (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (0);
    const pt_identity_t identity = s_identity (7, 42);
    fake_read (client);
    fake_ask (client, AUTH (1, "0"));
    fake_ask (client, "{\"op\":\"ping\",\"id\":2}");
    fake_expect_like (client, "{\"re\":2,\"ok\":");
    fake_call_t call = fake_take (PT_OP_auth_check);
    const pt_credential_check_t *check = call.msg;
    assert_true (pt_str_eq (check->secret, PT_LIT (TOKEN ("0"))) && check->scheme == PT_scheme_BEARER);
    fake_answer (call, &identity);
    fake_expect (client, "{\"re\":1,\"ok\":{\"account\":\"7\",\"session\":\"42\"}}");
    /*  Known now: no question. */
    fake_ask (client, AUTH (3, "0"));
    fake_expect (client, "{\"re\":3,\"ok\":{\"account\":\"7\",\"session\":\"42\"}}");
    assert_int_equal (fake_open (PT_OP_auth_check), 0);
    fake_close (&client);
}

static void test_one_auth_waits_for_the_other (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (0);
    const pt_identity_t first = s_identity (7, 1), second = s_identity (7, 2), other = s_identity (8, 3);
    fake_read (client);
    fake_ask (client, AUTH (1, "1"));
    fake_ask (client, AUTH (2, "2"));
    fake_ask (client, AUTH (3, "3"));
    fake_ask (client, "{\"op\":\"auth\",\"id\":4,\"token\":\"nonsense\"}");
    assert_int_equal (fake_open (PT_OP_auth_check), 1);
    fake_expect_none (client);
    fake_ask (client, AUTH (5, "5"));
    fake_expect_like (client, "{\"re\":5,\"error\":{\"code\":\"too_many\"");
    fake_answer (fake_take (PT_OP_auth_check), &first);
    fake_expect (client, "{\"re\":1,\"ok\":{\"account\":\"7\",\"session\":\"1\"}}");
    fake_answer (fake_take (PT_OP_auth_check), &second);
    fake_expect (client, "{\"re\":2,\"ok\":{\"account\":\"7\",\"session\":\"2\"}}");
    /*  Another account may not take the socket over; who could be told at once
        had to wait as well. */
    fake_answer (fake_take (PT_OP_auth_check), &other);
    fake_expect_like (client, "{\"re\":3,\"error\":{\"code\":\"forbidden\"");
    fake_expect_like (client, "{\"re\":4,\"error\":{\"code\":\"token_invalid\"");
    assert_int_equal (client->ws->identity.session, 2);
    fake_close (&client);
}

static void test_a_refusal_leaves_the_session_as_it_was (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (7);
    fake_read (client);
    fake_ask (client, AUTH (1, "6"));
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_token_expired);
    fake_expect_like (client, "{\"re\":1,\"error\":{\"code\":\"token_expired\"");
    fake_ask (client, AUTH (2, "6"));
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_deadline);
    fake_expect_like (client, "{\"re\":2,\"error\":{\"code\":\"unavailable\"");
    assert_true (client->ws->has_identity && client->ws->identity.session == 3 && client->close_code == 0);
    fake_close (&client);
}

static void test_who_leaves_meanwhile_takes_the_question_along (void **state)
{
    (void)state;
    fake_conn_t *client = fake_connect (0);
    fake_ask (client, AUTH (1, "7"));
    fake_ask (client, AUTH (2, "8"));
    assert_int_equal (fake_open (PT_OP_auth_check), 1);
    fake_close (&client);
    assert_int_equal (fake_open (PT_OP_auth_check), 0);
}

/*  A socket is no way round the limits of its network. */
static void test_wrong_tokens_count_for_the_network_and_so_do_questions (void **state)
{
    (void)state;
    static const uint64_t seed[2] = {1, 2};
    static const gw_network_t network = {.family = 4, .bytes = {192, 0, 2, 1}};
    fake.gw.limit = gw_limit_new (seed, false);
    fake_conn_t *client = fake_connect (0);
    client->network = &network;
    fake_read (client);
    fake_ask (client, AUTH (1, "9"));
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_token_invalid);
    for (unsigned i = 0; i < 10; i++)
        fake_ask (client, "{\"op\":\"auth\",\"id\":2,\"token\":\"nonsense\"}");
    assert_true (gw_limit_wait (fake.gw.limit, GW_LIMIT_SIGN_IN, &network, sv_now_ms ()) > 0);
    /*  So far ahead that none comes back while the test runs. */
    while (gw_limit_take (fake.gw.limit, GW_LIMIT_CHECK, &network, sv_now_ms () + 60000) == 0)
        continue;
    while (*fake_read (client))
        continue;
    fake_ask (client, AUTH (3, "9"));
    fake_expect_like (client, "{\"re\":3,\"error\":{\"code\":\"too_many\"");
    fake_close (&client);
    gw_limit_destroy (&fake.gw.limit);
}

static void test_scopes_bound_what_a_session_may_ask (void **state)
{
    (void)state;
    static const struct {
        const char *op;
        unsigned scope;
    } rows[] = {
        {"{\"op\":\"send\",\"id\":9,\"room\":\"1\"}", GW_SCOPE_WRITE},
        {"{\"op\":\"read\",\"id\":9,\"room\":\"1\"}", GW_SCOPE_WRITE},
        {"{\"op\":\"history\",\"id\":9}", GW_SCOPE_READ},
        {"{\"op\":\"subscribe\",\"id\":9}", GW_SCOPE_READ},
        {"{\"op\":\"unsubscribe\",\"id\":9}", GW_SCOPE_READ},
        {"{\"op\":\"ping\",\"id\":9}", 0},
    };
    fake_conn_t *client = fake_connect (7);
    fake_read (client);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        client->ws->identity.scopes = GW_SCOPE_ALL & ~rows[i].scope;
        fake_ask (client, "%s", rows[i].op);
        fake_turn (client);
        const char *answer = fake_read (client);
        assert_int_equal (strstr (answer, "scope_missing") != NULL, rows[i].scope != 0);
    }
    fake_close (&client);
}

int main (void)
{
#define S_TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        S_TEST (test_an_opaque_token_signs_in_when_auth_has_answered),
        S_TEST (test_one_auth_waits_for_the_other),
        S_TEST (test_a_refusal_leaves_the_session_as_it_was),
        S_TEST (test_who_leaves_meanwhile_takes_the_question_along),
        S_TEST (test_wrong_tokens_count_for_the_network_and_so_do_questions),
        S_TEST (test_scopes_bound_what_a_session_may_ask),
    };
#undef S_TEST
    return cmocka_run_group_tests (tests, NULL, NULL);
}
