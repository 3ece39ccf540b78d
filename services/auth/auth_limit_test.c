/*  auth_limit_test - who may guess how often, and whom nobody can keep out. */

#include "auth_limit.h"
#include "harness.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define ANN PT_LIT ("ann")
#define HOME PT_LIT ("192.0.2.1")
#define AWAY PT_LIT ("198.51.100.7")

static const uint64_t s_seed[2] = {3, 4};

static void s_fail (auth_limit_t *self, pt_str_t who, pt_str_t from, unsigned times, uint64_t now_ms)
{
    for (unsigned i = 0; i < times; i++)
        auth_limit_record (self, who, from, false, now_ms);
}

static void s_five_guesses_and_then_one_in_ten_seconds (void **state)
{
    (void)state;
    auth_limit_t *self = auth_limit_new (s_seed);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 1000), 0);
        s_fail (self, ANN, HOME, 1, 1000);
    }
    assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 1000), 10000);
    assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 10999), 1);
    assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 11000), 0);
    assert_int_equal (auth_limit_wait_ms (self, ANN, AWAY, 1000), 0);
    assert_int_equal (auth_limit_wait_ms (self, PT_LIT ("bob"), HOME, 1000), 0);
    auth_limit_destroy (&self);
}

static void s_a_flood_of_guesses_is_owed_up_to_ten_minutes (void **state)
{
    (void)state;
    auth_limit_t *self = auth_limit_new (s_seed);
    s_fail (self, ANN, HOME, 1000, 1000);
    assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 1000), AUTH_LIMIT_IDENTIFIER_DEBT_MS - 49 * 30000);
    auth_limit_record (self, ANN, AWAY, true, 1000);
    s_fail (self, ANN, AWAY, 1000, 1000);
    assert_int_equal (auth_limit_wait_ms (self, ANN, AWAY, 1000), AUTH_LIMIT_PAIR_DEBT_MS - 40000);
    auth_limit_destroy (&self);
}

static void s_guesses_from_everywhere_are_counted_together (void **state)
{
    (void)state;
    auth_limit_t *self = auth_limit_new (s_seed);
    for (unsigned i = 0; i < 50; i++) {
        char from[32];
        snprintf (from, sizeof from, "203.0.113.%u", i);
        assert_int_equal (auth_limit_wait_ms (self, ANN, pt_str (from), 1000), 0);
        s_fail (self, ANN, pt_str (from), 1, 1000);
    }
    assert_int_equal (auth_limit_wait_ms (self, ANN, AWAY, 1000), 30000);
    auth_limit_destroy (&self);
}

static void s_nobody_is_kept_out_where_he_signed_in_before (void **state)
{
    (void)state;
    auth_limit_t *self = auth_limit_new (s_seed);
    auth_limit_record (self, ANN, HOME, true, 1000);
    for (unsigned i = 0; i < 500; i++) {
        char from[32];
        snprintf (from, sizeof from, "203.0.%u.%u", i / 250, i % 250);
        s_fail (self, ANN, pt_str (from), 1, 2000);
    }
    assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 2000), 0);
    assert_true (auth_limit_wait_ms (self, ANN, AWAY, 2000) > 0);
    s_fail (self, ANN, HOME, 5, 2000);
    assert_int_equal (auth_limit_wait_ms (self, ANN, HOME, 2000), 10000);
    assert_true (auth_limit_wait_ms (self, ANN, HOME, 3000 + AUTH_LIMIT_KNOWN_MS) == 0);
    auth_limit_destroy (&self);
}

static void s_a_network_is_an_address_or_64_bits (void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_one;
    } cases[] = {
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"2001:db8:1:2::3", "2001:db8:1:2:ffff::4", true},
        {"2001:db8:1:2::3", "2001:db8:1:3::3", false},
        {"", "192.0.2.1", false},
        {"0.0.0.0", "", false},
        {"::", "0.0.0.0", false},
        {"unix", "", true}, /* what can't be read is one place */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        auth_limit_t *self = auth_limit_new (s_seed);
        s_fail (self, ANN, pt_str (cases[i].a), 5, 1000);
        if ((auth_limit_wait_ms (self, ANN, pt_str (cases[i].b), 1000) > 0) != cases[i].is_one)
            fail_msg ("%s %s", cases[i].a, cases[i].b);
        auth_limit_destroy (&self);
    }
}

/*  ---- the program ----------------------------------------------------------------- */

static void s_on_find (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    ++*(unsigned *)ctx;
    harness_refuse (harness, call, PT_E_not_found, "no such account");
}

static void s_the_sixth_guess_is_told_to_wait_unseen (void **state)
{
    (void)state;
    char dir[] = "/tmp/parley-auth-XXXXXX", path[64];
    unsigned asked = 0;
    assert_non_null (mkdtemp (dir));
    const char *const args[] = {"--state-dir", dir, NULL};
    harness_t *harness = harness_new ("parley-auth", PT_PEER_auth, args);
    harness_fake (harness, PT_OP_store_account_find, s_on_find, &asked);
    pt_session_create_t ask = {.identifier = PT_LIT ("Nobody"), .password = PT_LIT ("a guess"), .key = PT_LIT ("k")};
    ask.address = HOME;
    ask.has_address = true;
    for (unsigned i = 0; i < 6; i++) {
        ask.identifier = i % 2 ? PT_LIT ("nobody") : PT_LIT ("NOBODY");
        uint64_t id = harness_request (harness, PT_OP_auth_session_create, &ask);
        const harness_frame_t *reply = harness_reply (harness, id);
        assert_int_equal (reply->envelope.status, i < 5 ? PT_E_bad_credentials : PT_E_too_many);
        if (i == 5)
            assert_in_range (((const pt_error_t *)reply->msg)->retry_ms, 1, 10000);
    }
    assert_int_equal (asked, 5);
    harness_destroy (&harness);
    snprintf (path, sizeof path, "%s/auth-key.jwk", dir);
    unlink (path);
    snprintf (path, sizeof path, "%s/auth-secret", dir);
    unlink (path);
    assert_int_equal (rmdir (dir), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_five_guesses_and_then_one_in_ten_seconds),
        cmocka_unit_test (s_a_flood_of_guesses_is_owed_up_to_ten_minutes),
        cmocka_unit_test (s_guesses_from_everywhere_are_counted_together),
        cmocka_unit_test (s_nobody_is_kept_out_where_he_signed_in_before),
        cmocka_unit_test (s_a_network_is_an_address_or_64_bits),
        cmocka_unit_test (s_the_sixth_guess_is_told_to_wait_unseen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
