/*  gw_check_test - what is remembered of opaque credentials, and how auth is asked
    about them. */

#define FAKE_CALLS 2048
#include "gw_prove.h"
#include "gw_ws_fake.h"
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*  How far the clocks are ahead. */
static int64_t s_ahead_ms;

int clock_gettime (clockid_t clock, struct timespec *out)
{
    long err = syscall (SYS_clock_gettime, clock, out);
    out->tv_sec += s_ahead_ms / 1000;
    return (int)err;
}

#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define TOKEN "Token " HEX40
#define BASIC "Basic QWxpY2U6cGE6c3M="
#define KEY "abcdefghijklmnopqrstuvwxyz012345"

/* ---- the cache against a model ------------------------------------------------ */

enum { S_NAMES = 40, S_MAX = 12, S_STEPS = 20000 };

typedef struct {
    bool is_there;
    uint64_t account, session, confirmed_ms, order;
} model_t;

static void s_hash (uint8_t out[GW_CHECK_HASH], unsigned name)
{
    memset (out, 0, GW_CHECK_HASH);
    out[0] = (uint8_t)(1 + name / 2); /* two share all that is looked up by */
    out[GW_CHECK_HASH - 1] = (uint8_t)name;
}

static uint32_t s_next (uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/*  The hash's first bytes decide the place: of two that share it the newer stays. */
static bool s_share (unsigned a, unsigned b)
{
    uint8_t one[GW_CHECK_HASH], two[GW_CHECK_HASH];
    s_hash (one, a);
    s_hash (two, b);
    return memcmp (one, two, 8) == 0;
}

static void s_model_put (model_t *model, unsigned name, const gw_identity_t *identity, uint64_t now)
{
    unsigned count = 0, oldest = S_NAMES;
    bool is_shared = false;
    for (unsigned i = 0; i < S_NAMES; i++)
        if (model[i].is_there && s_share (i, name)) {
            model[i].is_there = false;
            is_shared = true;
        }
    for (unsigned i = 0; i < S_NAMES; i++)
        if (model[i].is_there) {
            count++;
            oldest = oldest == S_NAMES || model[i].order < model[oldest].order ? i : oldest;
        }
    if (!is_shared && count >= S_MAX)
        model[oldest].is_there = false;
    model[name] = (model_t){true, identity->account, identity->session, now, now};
}

static void s_compare (const gw_check_cache_t *cache, const model_t *model)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < S_NAMES; i++) {
        uint8_t hash[GW_CHECK_HASH];
        uint64_t confirmed_ms = 0;
        s_hash (hash, i);
        const gw_identity_t *identity = gw_check_cache_find (cache, hash, &confirmed_ms);
        count += model[i].is_there;
        assert_int_equal (identity != NULL, model[i].is_there);
        if (identity) {
            assert_int_equal (identity->account, model[i].account);
            assert_int_equal (identity->session, model[i].session);
            assert_int_equal (confirmed_ms, model[i].confirmed_ms);
        }
    }
    assert_int_equal (gw_check_cache_count (cache), count);
}

static void test_the_cache_does_what_its_model_does (void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 5; seed++) {
        uint32_t random = seed;
        model_t model[S_NAMES] = {0};
        gw_check_cache_t *cache = gw_check_cache_new (S_MAX);
        for (uint64_t now = 1; now <= S_STEPS / 5; now++) {
            unsigned name = s_next (&random) % S_NAMES;
            const gw_identity_t identity = {.account = 1 + s_next (&random) % 4, .session = 1 + s_next (&random) % 3};
            uint8_t hash[GW_CHECK_HASH];
            s_hash (hash, name);
            unsigned what = s_next (&random) % 10;
            if (what < 6) {
                gw_check_cache_put (cache, hash, &identity, now);
                s_model_put (model, name, &identity, now);
            } else if (what < 8) {
                gw_check_cache_drop (cache, hash);
                model[name].is_there = false;
            } else {
                uint64_t session = what == 8 ? identity.session : 0;
                gw_check_cache_forget (cache, identity.account, session);
                for (unsigned i = 0; i < S_NAMES; i++)
                    if (model[i].account == identity.account && (session == 0 || model[i].session == session))
                        model[i].is_there = false;
            }
            s_compare (cache, model);
        }
        gw_check_cache_destroy (&cache);
    }
}

/* ---- asking -------------------------------------------------------------------- */

typedef struct {
    gw_proof_t proof;
    unsigned told;
} asker_t;

static void s_on_proved (void *arg)
{
    asker_t *self = arg;
    self->told++;
}

static int s_ask_from (asker_t *self, gw_shown_t shown, const gw_network_t *network)
{
    *self = (asker_t){
        .proof = {
            .gw = &fake.gw, .shown = shown, .peer = "192.0.2.1", .network = network, .fn = s_on_proved, .arg = self}};
    return gw_prove (&self->proof);
}

static int s_ask (asker_t *self, gw_shown_t shown)
{
    return s_ask_from (self, shown, NULL);
}

static int s_ask_token (asker_t *self)
{
    return s_ask (self, (gw_shown_t){.authorization = PT_LIT ("Token " HEX40)});
}

static int s_ask_cookie (asker_t *self)
{
    return s_ask (self, (gw_shown_t){.cookies = PT_LIT ("sessionid=" KEY)});
}

static const pt_identity_t s_alice = {
    .account = 7, .session = 42, .kind = PT_credential_kind_AUTHTOKEN, .generation = 3};

static void test_one_question_serves_all_that_show_the_same (void **state)
{
    (void)state;
    asker_t askers[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal (s_ask_token (&askers[i]), GW_PROVE_LATER);
    assert_int_equal (fake_open (PT_OP_auth_check), 1);
    fake_call_t call = fake_take (PT_OP_auth_check);
    const pt_credential_check_t *check = call.msg;
    assert_int_equal (check->scheme, PT_scheme_TOKEN);
    assert_true (pt_str_eq (check->secret, PT_LIT (HEX40)) && pt_str_eq (check->address, PT_LIT ("192.0.2.1")));
    gw_prove_cancel (&askers[1].proof);
    fake_answer (call, &s_alice);
    assert_true (askers[0].told == 1 && askers[1].told == 0 && askers[2].told == 1);
    assert_int_equal (askers[0].proof.err, 0);
    assert_true (askers[0].proof.identity.account == 7 && askers[0].proof.identity.session == 42 &&
                 askers[0].proof.identity.generation == 3 && askers[0].proof.identity.scopes == GW_SCOPE_ALL);
    /*  And is remembered, by scheme. */
    assert_int_equal (s_ask_token (&askers[1]), 0);
    assert_int_equal (s_ask (&askers[1], (gw_shown_t){.authorization = PT_LIT ("Bearer " HEX40)}), GW_PROVE_LATER);
    gw_prove_cancel (&askers[1].proof);
    assert_int_equal (fake_open (PT_OP_auth_check), 0); /* nobody waits for it any more */
}

static void test_what_is_forgotten_is_asked_again (void **state)
{
    (void)state;
    asker_t asker;
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &s_alice);
    gw_check_forget (fake.gw.checks, 7, 41);
    assert_int_equal (s_ask_token (&asker), 0);
    gw_check_forget (fake.gw.checks, 7, 42);
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &s_alice);
    gw_check_forget (fake.gw.checks, 7, 0);
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_token_revoked);
    assert_int_equal (asker.proof.err, -PT_E_token_revoked);
    /*  Refusals are not remembered. */
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    gw_prove_cancel (&asker.proof);
}

static void test_what_expired_does_not_count (void **state)
{
    (void)state;
    asker_t asker;
    pt_identity_t late = s_alice;
    late.expires_at = sv_wall_us () - 1;
    late.has_expires_at = true;
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &late);
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    gw_prove_cancel (&asker.proof);
}

/*  The answer of auth, and as much later. */
static void s_know (asker_t *asker, const char *authorization, const pt_identity_t *identity, int64_t later_ms)
{
    s_ahead_ms = 0;
    assert_int_equal (s_ask (asker, (gw_shown_t){.authorization = pt_str (authorization)}), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), identity);
    s_ahead_ms = later_ms;
}

/*  The clocks go on by themselves as well. */
enum { LEEWAY_MS = 10000 };

static void test_an_answer_is_used_as_long_as_it_is_fresh (void **state)
{
    (void)state;
    asker_t asker;
    s_know (&asker, TOKEN, &s_alice, GW_CHECK_FRESH_MS - LEEWAY_MS);
    assert_int_equal (s_ask_token (&asker), 0);
    s_ahead_ms = GW_CHECK_FRESH_MS;
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_token_revoked);
    assert_int_equal (asker.proof.err, -PT_E_token_revoked);
    s_ahead_ms = 0;
}

static void test_while_auth_cannot_be_asked_an_older_answer_will_do (void **state)
{
    (void)state;
    asker_t asker;
    s_know (&asker, TOKEN, &s_alice, GW_CHECK_STALE_MS - LEEWAY_MS);
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_deadline);
    assert_true (asker.proof.err == 0 && asker.proof.identity.session == s_alice.session);
    fake.is_bus_full = true;
    assert_int_equal (s_ask_token (&asker), 0);
    fake.is_bus_full = false;
    s_ahead_ms = GW_CHECK_STALE_MS;
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_deadline);
    assert_int_equal (asker.proof.err, -PT_E_unavailable);
    s_ahead_ms = 0;
}

/*  No revocation could name them. */
static void test_passwords_are_never_taken_on_an_older_answer (void **state)
{
    (void)state;
    asker_t asker;
    pt_identity_t nameless = s_alice;
    nameless.session = GW_IDENTITY_UNNAMED;
    s_know (&asker, BASIC, &nameless, GW_CHECK_FRESH_MS);
    assert_int_equal (s_ask (&asker, (gw_shown_t){.authorization = PT_LIT (BASIC)}), GW_PROVE_LATER);
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_deadline);
    assert_int_equal (asker.proof.err, -PT_E_unavailable);
    s_ahead_ms = 0;
}

static void test_without_auth_nobody_is_refused_for_good (void **state)
{
    (void)state;
    asker_t asker;
    static const int errs[] = {PT_E_unavailable, PT_E_deadline, PT_E_worker_lost, PT_E_busy};
    for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
        assert_int_equal (i % 2 ? s_ask_token (&asker) : s_ask_cookie (&asker), GW_PROVE_LATER);
        fake_refuse (fake_take (PT_OP_auth_check), -errs[i]);
        assert_int_equal (asker.proof.err, -PT_E_unavailable);
    }
    fake.is_bus_full = true;
    assert_int_equal (s_ask_cookie (&asker), -PT_E_busy);
    fake.is_bus_full = false;
}

static void test_a_cookie_that_is_no_good_counts_as_absent (void **state)
{
    (void)state;
    asker_t asker;
    assert_int_equal (s_ask_cookie (&asker), GW_PROVE_LATER);
    fake_refuse (fake_take (PT_OP_auth_check), -PT_E_token_expired);
    assert_int_equal (asker.proof.err, -PT_E_unauthenticated);
    assert_int_equal (asker.told, 1);
    assert_int_equal (s_ask (&asker, (gw_shown_t){.cookies = PT_LIT ("sessionid=x")}), -PT_E_unauthenticated);
    assert_int_equal (s_ask (&asker, (gw_shown_t){0}), -PT_E_unauthenticated);
    /*  On a socket the session is looked at behind an access token of no use. */
    const gw_shown_t both = {.cookies =
                                 PT_LIT ("sessionid=" KEY "; access=aa.bb.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP-"),
                             .is_socket = true};
    assert_int_equal (s_ask (&asker, both), GW_PROVE_LATER);
    fake_call_t call = fake_take (PT_OP_auth_check);
    assert_int_equal (((const pt_credential_check_t *)call.msg)->scheme, PT_scheme_BEARER);
    fake_refuse (call, -PT_E_token_invalid);
    assert_int_equal (asker.told, 0);
    call = fake_take (PT_OP_auth_check);
    assert_int_equal (((const pt_credential_check_t *)call.msg)->scheme, PT_scheme_COOKIE);
    fake_answer (call, &s_alice);
    assert_true (asker.told == 1 && asker.proof.err == 0 && asker.proof.is_asked);
}

static void test_basic_goes_to_auth_as_name_and_password (void **state)
{
    (void)state;
    asker_t asker;
    pt_identity_t nameless = s_alice;
    nameless.session = GW_IDENTITY_UNNAMED;
    assert_int_equal (s_ask (&asker, (gw_shown_t){.authorization = PT_LIT ("Basic QWxpY2U6cGE6c3M=")}), GW_PROVE_LATER);
    fake_call_t call = fake_take (PT_OP_auth_check);
    const pt_credential_check_t *check = call.msg;
    assert_int_equal (check->scheme, PT_scheme_BASIC);
    assert_true (pt_str_eq (check->secret, PT_LIT ("Alice:pa:ss")));
    assert_true (call.affinity == gw_identity_affinity (PT_LIT ("alice")));
    fake_answer (call, &nameless);
    assert_int_equal (asker.proof.err, 0);
    assert_int_equal (s_ask (&asker, (gw_shown_t){.authorization = PT_LIT ("Basic ====")}), -PT_E_bad_credentials);
}

static void test_scopes_and_staff_are_what_auth_says (void **state)
{
    (void)state;
    asker_t asker;
    pt_identity_t said = s_alice;
    said.scopes = PT_LIT ("read admin");
    said.has_scopes = true;
    said.staff = true;
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &said);
    assert_int_equal (asker.proof.identity.scopes, GW_SCOPE_READ | GW_SCOPE_ADMIN);
    assert_true (asker.proof.identity.is_staff);
}

static void test_questions_are_bounded_and_taken_back (void **state)
{
    (void)state;
    static asker_t askers[GW_CHECK_OPEN + 1];
    for (unsigned i = 0; i <= GW_CHECK_OPEN; i++) {
        char header[64];
        snprintf (header, sizeof header, "Token %040x", i);
        assert_int_equal (s_ask (&askers[i], (gw_shown_t){.authorization = pt_str (header)}),
                          i < GW_CHECK_OPEN ? GW_PROVE_LATER : -PT_E_busy);
    }
    for (unsigned i = 0; i < GW_CHECK_OPEN; i++)
        gw_prove_cancel (&askers[i].proof);
    assert_int_equal (fake_open (PT_OP_auth_check), 0);
}

/*  What was revoked since it was judged. */
static void s_revoke (uint64_t account, uint64_t session, uint64_t generation)
{
    const pt_revocation_t what = {.account = account,
                                  .session = session,
                                  .has_session = session != 0,
                                  .generation = generation,
                                  .has_generation = generation != 0,
                                  .at = sv_wall_us ()};
    const pt_revocations_t told = {.items = {&what, 1}, .has_items = true};
    gw_revoked_out_t out;
    gw_revoked_step (fake.gw.revoked, &(gw_revoked_event_t){.kind = GW_REVOKED_TOLD, .told = &told}, sv_now_ms (), NULL,
                     NULL, &out);
}

static void test_what_was_revoked_since_is_asked_again_and_only_once (void **state)
{
    (void)state;
    asker_t asker;
    pt_identity_t later = s_alice;
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &s_alice);
    /*  The account's generation moves on, this credential lives. */
    s_revoke (7, 0, s_alice.generation + 1);
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    later.generation++;
    fake_answer (fake_take (PT_OP_auth_check), &later);
    assert_true (asker.proof.err == 0 && asker.proof.identity.generation == later.generation);
    assert_int_equal (s_ask_token (&asker), 0);
    /*  This one is meant: what auth says of it is older, twice. */
    s_revoke (7, 42, 0);
    assert_int_equal (s_ask_token (&asker), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &later);
    assert_true (asker.told == 1 && asker.proof.err == -PT_E_token_revoked);
}

static const gw_network_t s_network = {.family = 4, .bytes = {192, 0, 2, 1}};

static void s_limit (void)
{
    static const uint64_t seed[2] = {1, 2};
    fake.gw.limit = gw_limit_new (seed, false);
    assert_non_null (fake.gw.limit);
}

static int s_try (asker_t *self, const char *authorization)
{
    return s_ask_from (self, (gw_shown_t){.authorization = pt_str (authorization)}, &s_network);
}

/*  The same guess until the network may try no more; how often it could. */
static unsigned s_guess (asker_t *self, const char *authorization, unsigned max)
{
    for (unsigned guesses = 0; guesses < max; guesses++) {
        int err = s_try (self, authorization);
        if (err == -PT_E_too_many)
            return guesses;
        if (err == GW_PROVE_LATER)
            fake_refuse (fake_take (PT_OP_auth_check), -PT_E_bad_credentials);
    }
    return max;
}

/*  What can't be guessed is as good beside somebody who guesses as anywhere. */
static void test_who_has_guessed_too_often_tries_no_more_passwords (void **state)
{
    (void)state;
    asker_t asker;
    s_limit ();
    assert_int_equal (s_guess (&asker, "Bearer nonsense", 100), 100);
    assert_int_equal (s_try (&asker, BASIC), -PT_E_too_many);
    assert_true (asker.proof.retry_ms > 0 && asker.proof.limit == GW_LIMIT_SIGN_IN);
    assert_int_equal (fake_open (PT_OP_auth_check), 0);
    assert_int_equal (s_try (&asker, TOKEN), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &s_alice);
    assert_int_equal (asker.proof.err, 0);
    assert_int_equal (s_ask (&asker, (gw_shown_t){.authorization = PT_LIT (BASIC)}), GW_PROVE_LATER);
    gw_prove_cancel (&asker.proof);
    gw_limit_destroy (&fake.gw.limit);
}

static void test_passwords_that_are_known_are_heard_beside_guesses (void **state)
{
    (void)state;
    asker_t asker;
    s_limit ();
    assert_int_equal (s_try (&asker, BASIC), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &s_alice);
    /*  Ten at once; a slow machine gets some more meanwhile. */
    assert_in_range (s_guess (&asker, "Basic YTpi", 100), 10, 30);
    assert_int_equal (asker.proof.limit, GW_LIMIT_SIGN_IN);
    assert_int_equal (s_try (&asker, BASIC), 0);
    gw_limit_destroy (&fake.gw.limit);
}

/*  Cookies that nobody ever had are forgiven, but not for nothing. */
static void test_questions_of_a_network_are_bounded_whatever_is_shown (void **state)
{
    (void)state;
    asker_t asker;
    unsigned asked = 0;
    s_limit ();
    assert_int_equal (s_try (&asker, TOKEN), GW_PROVE_LATER);
    fake_answer (fake_take (PT_OP_auth_check), &s_alice);
    for (int err = 0; err != -PT_E_too_many && asked < 20000; asked++) {
        char cookie[64];
        snprintf (cookie, sizeof cookie, "sessionid=%032u", asked);
        err = s_ask_from (&asker, (gw_shown_t){.cookies = pt_str (cookie)}, &s_network);
        if (err == GW_PROVE_LATER)
            fake_refuse (fake_take (PT_OP_auth_check), -PT_E_token_invalid);
    }
    assert_in_range (asked, 200, 19999);
    assert_true (asker.proof.retry_ms > 0 && asker.proof.limit == GW_LIMIT_CHECK);
    assert_int_equal (s_try (&asker, TOKEN), 0);
    assert_true (gw_limit_wait (fake.gw.limit, GW_LIMIT_SIGN_IN, &s_network, sv_now_ms ()) == 0);
    gw_limit_destroy (&fake.gw.limit);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_cache_does_what_its_model_does),
        TEST (test_one_question_serves_all_that_show_the_same),
        TEST (test_what_is_forgotten_is_asked_again),
        TEST (test_what_expired_does_not_count),
        TEST (test_an_answer_is_used_as_long_as_it_is_fresh),
        TEST (test_while_auth_cannot_be_asked_an_older_answer_will_do),
        TEST (test_passwords_are_never_taken_on_an_older_answer),
        TEST (test_without_auth_nobody_is_refused_for_good),
        TEST (test_a_cookie_that_is_no_good_counts_as_absent),
        TEST (test_basic_goes_to_auth_as_name_and_password),
        TEST (test_scopes_and_staff_are_what_auth_says),
        TEST (test_questions_are_bounded_and_taken_back),
        TEST (test_what_was_revoked_since_is_asked_again_and_only_once),
        TEST (test_who_has_guessed_too_often_tries_no_more_passwords),
        TEST (test_passwords_that_are_known_are_heard_beside_guesses),
        TEST (test_questions_of_a_network_are_bounded_whatever_is_shown),
    };
#undef TEST
    return cmocka_run_group_tests (tests, NULL, NULL);
}
