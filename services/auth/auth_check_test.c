/*  auth_check_test - signing in with every kind, and telling whose credential it is;
    parley-auth against a fake store. */

#include "auth_credential.h"
#include "auth_fake.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define LEGACY_KEY "django-insecure-0123456789abcdefghij"

static int s_open (void **state)
{
    static const char *const more[] = {"--jwt-legacy-hs256-key", LEGACY_KEY, NULL};
    fake_t *fake = fake_new ();
    if (!fake)
        return -1;
    fake_start (fake, more);
    *state = fake;
    return 0;
}

static int s_forget (void **state)
{
    fake_t *fake = *state;
    fake->refuse = 0;
    fake->refuse_count = fake->creates = fake->finds = 0;
    fake->find_refuse = 0;
    fake->authtoken = 1;
    fake->generation = FAKE_GENERATION;
    fake->is_changing = fake->is_new_password = false;
    return 0;
}

/*  ---- signing in ------------------------------------------------------------- */

static pt_session_create_t s_ask_for (pt_credential_kind_t kind, const char *key)
{
    return (pt_session_create_t){.identifier = PT_LIT ("Ann"),
                                 .password = PT_LIT (FAKE_GOOD),
                                 .key = pt_str (key),
                                 .kind = kind,
                                 .has_kind = true,
                                 .address = PT_LIT ("192.0.2.7"),
                                 .has_address = true};
}

static const pt_session_grant_t *s_sign_in (fake_t *fake, pt_credential_kind_t kind, const char *key)
{
    const pt_session_create_t ask = s_ask_for (kind, key);
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    return reply->msg;
}

/*  What store was given is the hash of what the client was. */
static void s_assert_stored (const fake_t *fake, pt_credential_kind_t kind, pt_str_t token)
{
    auth_credential_hash_t hash;
    auth_credential_hash (kind, token, &hash);
    assert_int_equal (fake->insert.kind, kind);
    assert_int_equal (fake->insert.secret_hash.len, hash.len);
    assert_memory_equal (fake->secret_hash, hash.at, hash.len);
}

static void s_each_kind_is_given_in_its_form (void **state)
{
    static const struct {
        pt_credential_kind_t kind;
        uint32_t len;
        const char *type;
        int64_t life_s;
        uint32_t prefix;
    } rows[] = {{PT_credential_kind_AUTHTOKEN, 40, "Token", 0, 0},
                {PT_credential_kind_KNOX, 64, "Token", 36000, 15},
                {PT_credential_kind_COOKIE, 32, "Cookie", 14 * 86400, 0}};
    fake_t *fake = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const pt_session_grant_t *grant = s_sign_in (fake, rows[i].kind, "key");
        assert_false (grant->has_access || grant->has_refresh);
        assert_int_equal (grant->token.len, rows[i].len);
        assert_true (pt_str_eq (grant->token_type, pt_str (rows[i].type)));
        assert_int_equal (grant->account, 7);
        assert_int_equal (grant->session, FAKE_SESSION);
        assert_int_equal (grant->has_expires_in, rows[i].life_s > 0);
        assert_int_equal (grant->has_expires_at, rows[i].life_s > 0);
        if (rows[i].life_s > 0)
            assert_int_equal (grant->expires_in, rows[i].life_s);
        if (rows[i].life_s > 0)
            assert_in_range (grant->expires_at / 1000000, time (NULL) + rows[i].life_s - 10,
                             time (NULL) + rows[i].life_s + 1);
        s_assert_stored (fake, rows[i].kind, grant->token);
        assert_int_equal (strlen (fake->prefix), rows[i].prefix);
        assert_true (fake->insert.has_address);
    }
}

static void s_a_repeat_gives_the_same_credential_and_another_key_another (void **state)
{
    fake_t *fake = *state;
    static const pt_credential_kind_t kinds[] = {PT_credential_kind_KNOX, PT_credential_kind_COOKIE};
    for (size_t i = 0; i < 2; i++) {
        pt_str_t first = s_sign_in (fake, kinds[i], "one")->token;
        assert_true (pt_str_eq (s_sign_in (fake, kinds[i], "one")->token, first));
        assert_false (pt_str_eq (s_sign_in (fake, kinds[i], "two")->token, first));
    }
}

static void s_an_authtoken_is_the_same_until_its_generation_changes (void **state)
{
    fake_t *fake = *state;
    pt_str_t first = s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "one")->token;
    assert_true (pt_str_eq (s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "two")->token, first));
    assert_int_equal (fake->insert.authtoken, 1);
    fake->authtoken = 2;
    assert_false (pt_str_eq (s_sign_in (fake, PT_credential_kind_AUTHTOKEN, "three")->token, first));
    assert_int_equal (fake->insert.authtoken, 2);
}

/*  Whose password is verified is found by one question; both credentials follow from that. */
static void s_a_cookie_beside_a_token_takes_no_second_look_at_the_password (void **state)
{
    static const pt_credential_kind_t kinds[] = {PT_credential_kind_AUTHTOKEN, PT_credential_kind_KNOX};
    fake_t *fake = *state;
    for (size_t i = 0; i < 2; i++) {
        s_forget (state);
        pt_session_create_t ask = s_ask_for (kinds[i], "one");
        ask.with_cookie = ask.has_with_cookie = true;
        const pt_session_grant_t *grant = fake_ask (fake, PT_OP_auth_session_create, &ask)->msg;
        assert_int_equal (auth_credential_kind (grant->token), kinds[i]);
        assert_int_equal (auth_credential_kind (grant->cookie), PT_credential_kind_COOKIE);
        assert_in_range (grant->cookie_expires_at / 1000000, time (NULL) + 14 * 86400 - 10, time (NULL) + 14 * 86400);
        s_assert_stored (fake, PT_credential_kind_COOKIE, grant->cookie);
        assert_int_equal (fake->creates, 2);
        assert_int_equal (fake->finds, 1);
        assert_true (
            pt_str_eq (((const pt_session_grant_t *)fake_ask (fake, PT_OP_auth_session_create, &ask)->msg)->cookie,
                       grant->cookie));
    }
}

/*  Somebody signed out of all between the password and its credential. */
static void s_credentials_that_just_began_anew_are_asked_for_once_more (void **state)
{
    static const pt_credential_kind_t kinds[] = {PT_credential_kind_SESSION, PT_credential_kind_AUTHTOKEN,
                                                 PT_credential_kind_KNOX};
    fake_t *fake = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        s_forget (state);
        fake->refuse = PT_E_conflict;
        fake->refuse_count = 1;
        fake->is_changing = true;
        s_sign_in (fake, kinds[i], "k");
        bool is_session = kinds[i] == PT_credential_kind_SESSION;
        assert_int_equal (is_session ? fake->session.generation : fake->insert.generation, FAKE_GENERATION + 1);
        assert_true (is_session || fake->creates == 2);
        fake->refuse_count = 5;
        const pt_session_create_t ask = s_ask_for (kinds[i], "k");
        assert_int_equal (fake_ask (fake, PT_OP_auth_session_create, &ask)->envelope.status, PT_E_conflict);
        assert_int_equal (fake->refuse_count, 3);
    }
}

/*  What was verified is not its password any more. */
static void s_a_password_that_just_changed_signs_nobody_in (void **state)
{
    fake_t *fake = *state;
    char before[AUTH_ARGON_SIZE];
    memcpy (before, fake->good_hash, sizeof before);
    fake->refuse = PT_E_conflict;
    fake->refuse_count = 1;
    fake->is_changing = fake->is_new_password = true;
    const pt_session_create_t ask = s_ask_for (PT_credential_kind_SESSION, "k");
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_create, &ask)->envelope.status, PT_E_bad_credentials);
    memcpy (fake->good_hash, before, sizeof before);
}

static void s_a_password_gives_no_api_token (void **state)
{
    fake_t *fake = *state;
    const pt_session_create_t ask = s_ask_for (PT_credential_kind_TOKEN, "k");
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_create, &ask)->envelope.status, PT_E_invalid);
    assert_int_equal (fake->creates, 0);
}

static void s_staff_is_told_so (void **state)
{
    fake_t *fake = *state;
    pt_session_create_t ask = s_ask_for (PT_credential_kind_SESSION, "k");
    assert_false (((const pt_session_grant_t *)fake_ask (fake, PT_OP_auth_session_create, &ask)->msg)->has_staff);
    ask.identifier = PT_LIT ("root");
    assert_true (((const pt_session_grant_t *)fake_ask (fake, PT_OP_auth_session_create, &ask)->msg)->staff);
}

/*  ---- whose it is --------------------------------------------------------------- */

static const harness_frame_t *s_check (fake_t *fake, pt_scheme_t scheme, const char *secret)
{
    const pt_credential_check_t ask = {.scheme = scheme, .secret = pt_str (secret)};
    return fake_ask (fake, PT_OP_auth_check, &ask);
}

static void s_assert_refused (fake_t *fake, pt_scheme_t scheme, const char *secret, int err)
{
    const harness_frame_t *reply = s_check (fake, scheme, secret);
    if (reply->envelope.status != err)
        fail_msg ("%s: %u instead of %d", secret, reply->envelope.status, err);
}

#define AUTHTOKEN "0123456789abcdef0123456789abcdef01234567"
#define KNOX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define API "parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define COOKIE "abcdefghijklmnopqrstuvwxyz012345"

static void s_opaque_credentials_are_found_by_their_hash (void **state)
{
    static const struct {
        pt_scheme_t scheme;
        const char *secret;
        pt_credential_kind_t kind;
    } rows[] = {{PT_scheme_TOKEN, AUTHTOKEN, PT_credential_kind_AUTHTOKEN},
                {PT_scheme_BEARER, AUTHTOKEN, PT_credential_kind_AUTHTOKEN},
                {PT_scheme_TOKEN, KNOX, PT_credential_kind_KNOX},
                {PT_scheme_BEARER, API, PT_credential_kind_TOKEN},
                {PT_scheme_TOKEN, API, PT_credential_kind_TOKEN},
                {PT_scheme_COOKIE, COOKIE, PT_credential_kind_COOKIE}};
    fake_t *fake = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        auth_credential_hash_t hash;
        const harness_frame_t *reply = s_check (fake, rows[i].scheme, rows[i].secret);
        assert_int_equal (reply->envelope.status, 0);
        const pt_identity_t *identity = reply->msg;
        assert_int_equal (identity->account, 7);
        assert_int_equal (identity->session, FAKE_SESSION);
        assert_int_equal (identity->kind, rows[i].kind);
        assert_true (pt_str_eq (identity->scopes, PT_LIT ("read")));
        auth_credential_hash (rows[i].kind, pt_str (rows[i].secret), &hash);
        assert_int_equal (fake->find.secret_hash.len, hash.len);
        assert_memory_equal (fake->find_hash, hash.at, hash.len);
        assert_int_equal (fake->find.kind, rows[i].kind);
    }
}

static void s_what_store_says_of_a_credential_is_told (void **state)
{
    static const int errors[] = {PT_E_token_invalid, PT_E_token_expired, PT_E_token_revoked, PT_E_inactive,
                                 PT_E_unavailable};
    fake_t *fake = *state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        fake->find_refuse = errors[i];
        s_assert_refused (fake, PT_scheme_TOKEN, KNOX, errors[i]);
    }
}

static void s_a_credential_shown_the_wrong_way_is_refused (void **state)
{
    fake_t *fake = *state;
    s_assert_refused (fake, PT_scheme_COOKIE, AUTHTOKEN, PT_E_token_invalid);
    s_assert_refused (fake, PT_scheme_COOKIE, KNOX, PT_E_token_invalid);
    s_assert_refused (fake, PT_scheme_COOKIE, API, PT_E_token_invalid);
    s_assert_refused (fake, PT_scheme_BEARER, COOKIE, PT_E_token_invalid);
    s_assert_refused (fake, PT_scheme_TOKEN, COOKIE, PT_E_token_invalid);
    s_assert_refused (fake, PT_scheme_TOKEN, "x", PT_E_token_invalid);
    s_assert_refused (fake, PT_scheme_BEARER, "a.b.c", PT_E_token_invalid);
}

/*  ---- Basic ------------------------------------------------------------------------ */

static void s_basic_is_a_sign_in_without_a_session (void **state)
{
    const harness_frame_t *reply = s_check (*state, PT_scheme_BASIC, "ANN:" FAKE_GOOD);
    assert_int_equal (reply->envelope.status, 0);
    const pt_identity_t *identity = reply->msg;
    assert_int_equal (identity->account, 7);
    assert_int_equal (identity->session, LIM_ID);
    assert_int_equal (identity->generation, FAKE_GENERATION);
    assert_false (identity->staff || identity->has_scopes || identity->has_expires_at);
    reply = s_check (*state, PT_scheme_BASIC, "root:" FAKE_GOOD);
    assert_true (((const pt_identity_t *)reply->msg)->staff);
}

static void s_basic_tells_not_who_exists (void **state)
{
    static const char *const bad[] = {"ann:wrong password",
                                      "nobody:" FAKE_GOOD,
                                      "inactive:" FAKE_GOOD,
                                      "google:" FAKE_GOOD,
                                      "ann",
                                      ":" FAKE_GOOD,
                                      "ann:",
                                      ":"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        s_assert_refused (*state, PT_scheme_BASIC, bad[i], PT_E_bad_credentials);
}

static void s_guessing_by_basic_has_an_end (void **state)
{
    for (int i = 0; i < 5; i++)
        s_assert_refused (*state, PT_scheme_BASIC, "guessed:wrong", PT_E_bad_credentials);
    s_assert_refused (*state, PT_scheme_BASIC, "guessed:wrong", PT_E_too_many);
    const pt_session_create_t ask = {
        .identifier = PT_LIT ("Guessed"), .password = PT_LIT ("wrong"), .key = PT_LIT ("k")};
    assert_int_equal (fake_ask (*state, PT_OP_auth_session_create, &ask)->envelope.status, PT_E_too_many);
}

/*  ---- tokens of an older deployment --------------------------------------------------- */

static void s_add_part (char *out, size_t size, const void *bytes, size_t len)
{
    size_t at = strlen (out);
    sodium_bin2base64 (out + at, size - at, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void s_sign_legacy (uint64_t user, int64_t exp_s, char out[1024])
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    char claims[256];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    snprintf (claims, sizeof claims, "{\"token_type\":\"access\",\"exp\":%lld,\"user_id\":%llu}", (long long)exp_s,
              (unsigned long long)user);
    out[0] = '\0';
    s_add_part (out, 1024, header, sizeof header - 1);
    strcat (out, ".");
    s_add_part (out, 1024, claims, strlen (claims));
    crypto_auth_hmacsha256_init (&state, (const uint8_t *)LEGACY_KEY, strlen (LEGACY_KEY));
    crypto_auth_hmacsha256_update (&state, (const uint8_t *)out, strlen (out));
    crypto_auth_hmacsha256_final (&state, mac);
    strcat (out, ".");
    s_add_part (out, 1024, mac, sizeof mac);
}

static void s_an_older_token_names_an_account_that_lives (void **state)
{
    char token[1024];
    int64_t end_s = time (NULL) + 300;
    s_sign_legacy (7, end_s, token);
    const harness_frame_t *reply = s_check (*state, PT_scheme_BEARER, token);
    assert_int_equal (reply->envelope.status, 0);
    const pt_identity_t *identity = reply->msg;
    assert_int_equal (identity->account, 7);
    assert_int_equal (identity->session, LIM_ID);
    assert_int_equal (identity->generation, FAKE_GENERATION);
    assert_true (identity->has_expires_at);
    assert_int_equal (identity->expires_at, end_s * 1000000);
    s_sign_legacy (8, end_s, token);
    s_assert_refused (*state, PT_scheme_BEARER, token, PT_E_inactive);
    s_sign_legacy (99, end_s, token);
    s_assert_refused (*state, PT_scheme_BEARER, token, PT_E_token_invalid);
    s_sign_legacy (7, time (NULL) - 1, token);
    s_assert_refused (*state, PT_scheme_BEARER, token, PT_E_token_expired);
    s_sign_legacy (7, end_s, token);
    s_assert_refused (*state, PT_scheme_COOKIE, token, PT_E_token_invalid);
}

/*  ---- the audit trail -------------------------------------------------------------------- */

/*  Also when store was away at first. */
static void s_refusals_reach_the_audit_trail (void **state)
{
    fake_t *fake = *state;
    unsigned seen = 0;
    harness_fake (fake->harness, PT_OP_store_audit_create, NULL, NULL);
    const pt_credential_check_t ask = {.scheme = PT_scheme_BASIC,
                                       .secret = PT_LIT ("somebody:secret typed"),
                                       .address = PT_LIT ("192.0.2.99"),
                                       .has_address = true};
    assert_int_equal (fake_ask (fake, PT_OP_auth_check, &ask)->envelope.status, PT_E_bad_credentials);
    while (seen < 2) {
        const harness_frame_t *call = harness_expect (fake->harness, PT_OP_store_audit_create);
        const pt_audit_batch_t *batch = call->msg;
        bool is_found = false;
        for (uint32_t i = 0; i < batch->items.count; i++) {
            const pt_audit_t *item = &batch->items.at[i];
            assert_int_equal (item->what, PT_audit_action_REFUSED);
            assert_false (item->has_account);
            is_found = is_found || pt_str_eq (item->address, PT_LIT ("192.0.2.99"));
        }
        assert_null (memmem (call->body, call->body_len, "typed", 5));
        assert_null (memmem (call->body, call->body_len, "somebody", 8));
        seen += is_found;
        if (is_found && seen == 1)
            harness_refuse (fake->harness, call, PT_E_deadline, "away");
        else
            harness_answer (fake->harness, call, &(pt_empty_t){0});
    }
}

static void s_nothing_that_was_shown_or_given_is_in_the_log (void **state)
{
    const fake_t *fake = *state;
    static const char *const secrets[] = {FAKE_GOOD, "typed",    AUTHTOKEN, KNOX,     API,
                                          COOKIE,    LEGACY_KEY, "eyJ",     "argon2", NULL};
    fake_assert_unlogged (fake->harness, secrets);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (s_each_kind_is_given_in_its_form, s_forget),
        cmocka_unit_test_setup (s_a_repeat_gives_the_same_credential_and_another_key_another, s_forget),
        cmocka_unit_test_setup (s_an_authtoken_is_the_same_until_its_generation_changes, s_forget),
        cmocka_unit_test_setup (s_a_cookie_beside_a_token_takes_no_second_look_at_the_password, s_forget),
        cmocka_unit_test_setup (s_credentials_that_just_began_anew_are_asked_for_once_more, s_forget),
        cmocka_unit_test_setup (s_a_password_that_just_changed_signs_nobody_in, s_forget),
        cmocka_unit_test_setup (s_a_password_gives_no_api_token, s_forget),
        cmocka_unit_test_setup (s_staff_is_told_so, s_forget),
        cmocka_unit_test_setup (s_opaque_credentials_are_found_by_their_hash, s_forget),
        cmocka_unit_test_setup (s_what_store_says_of_a_credential_is_told, s_forget),
        cmocka_unit_test_setup (s_a_credential_shown_the_wrong_way_is_refused, s_forget),
        cmocka_unit_test_setup (s_basic_is_a_sign_in_without_a_session, s_forget),
        cmocka_unit_test_setup (s_basic_tells_not_who_exists, s_forget),
        cmocka_unit_test_setup (s_guessing_by_basic_has_an_end, s_forget),
        cmocka_unit_test_setup (s_an_older_token_names_an_account_that_lives, s_forget),
        cmocka_unit_test_setup (s_refusals_reach_the_audit_trail, s_forget),
        cmocka_unit_test (s_nothing_that_was_shown_or_given_is_in_the_log),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, fake_close);
}
