/*  gw_ws_revoked_test - what becomes of sessions when credentials are revoked, and
    while nobody knows whether they are. */

#include "gw_ws_fake.h"

static void s_revoke (pt_revocation_t what)
{
    const pt_revocations_t told = {.items = {&what, 1}, .has_items = true};
    gw_revoked_out_t out;
    gw_revoked_step (fake.gw.revoked, &(gw_revoked_event_t){.kind = GW_REVOKED_TOLD, .told = &told}, sv_now_ms (), NULL,
                     NULL, &out);
    gw_sessions_revoke (fake.gw.sessions, &what);
}

static pt_revocation_t s_one (uint64_t account, uint64_t session)
{
    return (pt_revocation_t){.account = account, .session = session, .has_session = true};
}

static pt_revocation_t s_all (uint64_t account, uint64_t generation)
{
    return (pt_revocation_t){.account = account, .generation = generation, .has_generation = true};
}

static void s_be_blind (void)
{
    fake_see_from (sv_now_ms () - LIM_REVOKED_BLIND_MS);
}

static void s_see_again (void)
{
    fake_sweep (FAKE_FOR_EVER);
    gw_sessions_resume (fake.gw.sessions);
}

/*  A client with a credential of its own. */
static fake_conn_t *s_connect (uint64_t account, uint64_t session)
{
    fake_conn_t *client = fake_connect (account);
    client->ws->identity.session = session;
    fake_read (client);
    return client;
}

/*  ---- signed out -------------------------------------------------------------------- */

static void test_a_revoked_credential_closes_its_sockets_and_no_others (void **state)
{
    (void)state;
    fake_conn_t *first = s_connect (3, 10), *second = s_connect (3, 11), *again = s_connect (3, 10),
                *other = s_connect (4, 10);
    s_revoke (s_one (3, 10));
    fake_expect (first, "{\"ev\":\"session\",\"what\":\"revoked\"}");
    fake_expect (again, "{\"ev\":\"session\",\"what\":\"revoked\"}");
    assert_true (first->close_code == 4401 && again->close_code == 4401);
    fake_expect_none (second);
    fake_expect_none (other);
    assert_true (second->close_code == 0 && other->close_code == 0);
    fake_close (&first);
    fake_close (&again);
    fake_close (&second);
    fake_close (&other);
}

static void test_a_generation_closes_all_of_an_account_but_the_one_that_is_spared (void **state)
{
    (void)state;
    fake_conn_t *old = s_connect (3, 10), *asking = s_connect (3, 11), *fresh = s_connect (3, 12);
    fresh->ws->identity.generation = 2;
    pt_revocation_t what = s_all (3, 2);
    what.spared = 11;
    what.has_spared = true;
    s_revoke (what);
    assert_true (old->close_code == 4401 && asking->close_code == 0 && fresh->close_code == 0);
    fake_close (&old);
    fake_close (&asking);
    fake_close (&fresh);
}

static void test_who_is_signed_out_is_given_nothing_of_its_rooms (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    fake_subscribe (client, 7, 3, 10);
    fake_publish_seq (7, 11);
    s_revoke (s_one (3, 10));
    fake_publish_seq (7, 12);
    fake_expect (client, "{\"ev\":\"session\",\"what\":\"revoked\"}");
    fake_expect_none (client);
    fake_ask (client, "{\"op\":\"ping\",\"id\":9}");
    fake_expect_none (client);
    fake_close (&client);
    gw_rooms_tick (fake.gw.rooms, sv_now_ms () + GW_ROOM_LINGER_MS + 1);
}

/*  The first send may be stored or not; the second, which waits for it, must not be
    sent by somebody who is signed out.  Neither is answered. */
static void test_sends_of_who_is_signed_out_have_no_answer_and_are_not_tried_again (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    fake_ask (client, "{\"op\":\"send\",\"id\":1,\"room\":\"7\",\"send_id\":\"a\",\"body\":\"x\"}");
    assert_int_equal (fake_open (PT_OP_chat_send), 1);
    fake_ask (client, "{\"op\":\"send\",\"id\":2,\"room\":\"7\",\"send_id\":\"b\",\"body\":\"y\"}");
    s_revoke (s_one (3, 10));
    fake_expect (client, "{\"ev\":\"session\",\"what\":\"revoked\"}");
    fake_expect_none (client);
    gw_sessions_lane_tick (fake.gw.sessions, sv_now_ms () + 1000);
    assert_int_equal (fake_open (PT_OP_chat_send), 0);
    fake_close (&client);
}

static void test_an_identity_revoked_during_the_handshake_is_refused_at_once (void **state)
{
    (void)state;
    s_revoke (s_one (3, 3));
    fake_conn_t *client = fake_connect (3);
    assert_false (client->ws->has_identity);
    fake_expect_like (client, "{\"ev\":\"hello\"");
    fake_expect (client, "{\"ev\":\"session\",\"what\":\"revoked\"}");
    assert_int_equal (client->close_code, 4401);
    fake_close (&client);
}

static void test_a_session_takes_another_credential_of_its_account_unless_that_is_revoked (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    gw_identity_t next = client->ws->identity;
    next.session = 11;
    assert_int_equal (gw_ws_sign_in (client->ws, &next), 0);
    s_revoke (s_one (3, 10));
    assert_int_equal (client->close_code, 0);
    next.session = 10;
    assert_int_equal (gw_ws_sign_in (client->ws, &next), -PT_E_token_revoked);
    next = (gw_identity_t){.account = 4, .session = 12, .expires_us = INT64_MAX};
    assert_int_equal (gw_ws_sign_in (client->ws, &next), -PT_E_forbidden);
    assert_true (client->ws->identity.account == 3 && client->ws->identity.session == 11);
    s_revoke (s_one (3, 11));
    assert_int_equal (client->close_code, 4401);
    fake_close (&client);
}

/*  ---- a walk --------------------------------------------------------------------------- */

enum { CLIENTS = 24, ACCOUNTS = 4, SESSIONS = 3, STEPS = 4000 };

static uint64_t s_random (uint64_t *random, uint64_t below)
{
    *random = *random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (*random >> 33) % below;
}

static void s_check_walk (fake_conn_t *const clients[CLIENTS], const bool was_open[CLIENTS],
                          const pt_revocation_t *what)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i] && was_open[i])
            assert_int_equal (clients[i]->close_code, gw_revoked_hits (what, &clients[i]->ws->identity) ? 4401 : 0);
}

static void test_a_seeded_walk_of_sockets_and_revocations (void **state)
{
    (void)state;
    fake_conn_t *clients[CLIENTS] = {0};
    uint64_t random = 7, generations[ACCOUNTS + 1] = {0};
    for (unsigned step = 0; step < STEPS; step++) {
        fake_conn_t **at = &clients[s_random (&random, CLIENTS)];
        uint64_t account = 1 + s_random (&random, ACCOUNTS);
        bool was_open[CLIENTS];
        if (s_random (&random, 3)) {
            if (*at)
                fake_close (at);
            else {
                fake_see_from (FAKE_FOR_EVER); /* no credential is used up */
                *at = s_connect (account, 10 + s_random (&random, SESSIONS));
                (*at)->ws->identity.generation = generations[account];
            }
            continue;
        }
        for (unsigned i = 0; i < CLIENTS; i++)
            was_open[i] = clients[i] && !clients[i]->close_code;
        pt_revocation_t what = s_random (&random, 4) ? s_one (account, 10 + s_random (&random, SESSIONS))
                                                     : s_all (account, ++generations[account]);
        s_revoke (what);
        s_check_walk (clients, was_open, &what);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i])
            fake_close (&clients[i]);
    assert_int_equal (fake.gw.sessions->accounts.count, 0);
}

/*  ---- blind -------------------------------------------------------------------------------- */

static void test_who_is_blind_takes_no_request_that_needs_an_identity (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    s_be_blind ();
    static const char *const asked[] = {
        "\"op\":\"subscribe\",\"room\":\"7\"", "\"op\":\"send\",\"room\":\"7\",\"send_id\":\"a\",\"body\":\"x\"",
        "\"op\":\"history\",\"room\":\"7\"", "\"op\":\"read\",\"room\":\"7\",\"seq\":1"};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        fake_ask (client, "{\"id\":5,%s}", asked[i]);
        fake_expect_like (client, "{\"re\":5,\"error\":{\"code\":\"unavailable\",");
    }
    fake_ask (client, "{\"op\":\"ping\",\"id\":6}");
    fake_expect_like (client, "{\"re\":6,\"ok\":{\"time\":");
    const gw_identity_t identity = client->ws->identity;
    assert_int_equal (gw_ws_sign_in (client->ws, &identity), -PT_E_unavailable);
    assert_int_equal (client->close_code, 0);
    s_see_again ();
    fake_subscribe (client, 7, 3, 10);
    fake_close (&client);
    gw_rooms_tick (fake.gw.rooms, sv_now_ms () + GW_ROOM_LINGER_MS + 1);
}

static void test_deliveries_wait_while_nobody_knows_and_go_on_where_they_were (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    fake_subscribe (client, 7, 3, 10);
    fake_publish_seq (7, 11);
    fake_expect_seq (client, 7, 11);
    s_be_blind ();
    for (uint64_t seq = 12; seq <= 20; seq++)
        fake_publish_seq (7, seq);
    fake_expect_none (client);
    assert_false (client->is_dirty); /* nor does it ask to be written to again and again */
    gw_sessions_tick (fake.gw.sessions, sv_now_ms () + 2 * LIM_WS_STUCK_MS, sv_wall_us ());
    assert_int_equal (client->close_code, 0); /* it is not the client that is too slow */
    s_see_again ();
    for (uint64_t seq = 12; seq <= 20; seq++)
        fake_expect_seq (client, 7, seq);
    fake_expect_none (client);
    fake_close (&client);
    gw_rooms_tick (fake.gw.rooms, sv_now_ms () + GW_ROOM_LINGER_MS + 1);
}

static void test_nobody_hears_of_transfers_while_nobody_knows (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    const pt_drive_progress_t progress = {
        .account = 3, .transfer = 9, .direction = PT_LIT ("up"), .state = PT_LIT ("running")};
    s_be_blind ();
    gw_sessions_progress (fake.gw.sessions, &progress);
    fake_expect_none (client);
    s_see_again ();
    fake_expect_none (client);
    gw_sessions_progress (fake.gw.sessions, &progress);
    fake_expect_like (client, "{\"ev\":\"drive.progress\"");
    fake_close (&client);
}

/*  The first sweep that is complete brings what happened in the dark before anything
    is delivered. */
static void test_who_was_signed_out_in_the_dark_gets_nothing_when_it_is_over (void **state)
{
    (void)state;
    fake_conn_t *client = s_connect (3, 10);
    fake_subscribe (client, 7, 3, 10);
    s_be_blind ();
    fake_publish_seq (7, 11);
    s_revoke (s_one (3, 10));
    s_see_again ();
    fake_expect (client, "{\"ev\":\"session\",\"what\":\"revoked\"}");
    fake_expect_none (client);
    fake_close (&client);
    gw_rooms_tick (fake.gw.rooms, sv_now_ms () + GW_ROOM_LINGER_MS + 1);
}

static void test_a_socket_opened_in_the_dark_is_told_to_try_again (void **state)
{
    (void)state;
    s_be_blind ();
    fake_conn_t *client = fake_connect (3);
    fake_expect_like (client, "{\"ev\":\"hello\"");
    assert_int_equal (client->close_code, 1013);
    fake_close (&client);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_a_revoked_credential_closes_its_sockets_and_no_others),
        TEST (test_a_generation_closes_all_of_an_account_but_the_one_that_is_spared),
        TEST (test_who_is_signed_out_is_given_nothing_of_its_rooms),
        TEST (test_sends_of_who_is_signed_out_have_no_answer_and_are_not_tried_again),
        TEST (test_an_identity_revoked_during_the_handshake_is_refused_at_once),
        TEST (test_a_session_takes_another_credential_of_its_account_unless_that_is_revoked),
        TEST (test_a_seeded_walk_of_sockets_and_revocations),
        TEST (test_who_is_blind_takes_no_request_that_needs_an_identity),
        TEST (test_deliveries_wait_while_nobody_knows_and_go_on_where_they_were),
        TEST (test_nobody_hears_of_transfers_while_nobody_knows),
        TEST (test_who_was_signed_out_in_the_dark_gets_nothing_when_it_is_over),
        TEST (test_a_socket_opened_in_the_dark_is_told_to_try_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
