/*  auth_session_test - signing in for a session, and going on with its refresh token;
    parley-auth against a fake store. */

#include "auth_fake.h"
#include "auth_refresh.h"
#include <cjose/jws.h>
#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static int s_forget (void **state)
{
    fake_t *fake = *state;
    fake->refuse_count = fake->finds = fake->rotates = 0;
    return 0;
}

static int64_t s_now_s (void)
{
    return (int64_t)time (NULL);
}

/*  ---- keys ------------------------------------------------------------------- */

static json_t *s_fetch_key (fake_t *fake)
{
    const pt_empty_t nothing = {0};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_keys, &nothing);
    assert_int_equal (reply->envelope.status, 0);
    const pt_key_set_t *keys = reply->msg;
    assert_int_equal (keys->keys.count, 1);
    json_t *jwk = json_loadb (keys->keys.at[0].jwk.at, keys->keys.at[0].jwk.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (jwk);
    assert_true (pt_str_eq (keys->keys.at[0].kid, pt_str (json_string_value (json_object_get (jwk, "kid")))));
    assert_null (json_object_get (jwk, "d"));
    return jwk;
}

static void s_keys_are_public (void **state)
{
    json_t *jwk = s_fetch_key (*state);
    assert_string_equal (json_string_value (json_object_get (jwk, "crv")), "P-256");
    json_decref (jwk);
}

static pt_session_create_t s_sign_in (const char *identifier, const char *password, const char *key)
{
    return (pt_session_create_t){.identifier = pt_str (identifier), .password = pt_str (password), .key = pt_str (key)};
}

/*  ---- sessions -------------------------------------------------------------------- */

static void s_check_claims (fake_t *fake, pt_str_t token, const char *account)
{
    char copy[LIM_TOKEN + 1];
    fake_copy (copy, sizeof copy, token);
    json_t *half = s_fetch_key (fake);
    char *text = json_dumps (half, JSON_COMPACT);
    cjose_jwk_t *jwk = cjose_jwk_import (text, strlen (text), NULL);
    cjose_jws_t *jws = cjose_jws_import (copy, strlen (copy), NULL);
    uint8_t *payload = NULL;
    size_t len = 0;
    assert_true (cjose_jws_verify (jws, jwk, NULL));
    assert_true (cjose_jws_get_plaintext (jws, &payload, &len, NULL));
    json_t *claims = json_loadb ((const char *)payload, len, JSON_REJECT_DUPLICATES, NULL);
    assert_string_equal (cjose_header_get (cjose_jws_get_protected (jws), "kid", NULL),
                         json_string_value (json_object_get (half, "kid")));
    assert_string_equal (json_string_value (json_object_get (claims, "sub")), account);
    assert_string_equal (json_string_value (json_object_get (claims, "sid")), "1001");
    json_int_t end_s = json_integer_value (json_object_get (claims, "exp"));
    assert_in_range (end_s, s_now_s () + 290, s_now_s () + 301);
    json_decref (claims);
    json_decref (half);
    free (text);
    cjose_jws_release (jws);
    cjose_jwk_release (jwk);
}

static void s_signing_in_gives_two_tokens (void **state)
{
    fake_t *fake = *state;
    pt_session_create_t ask = s_sign_in ("Ann", FAKE_GOOD, "key");
    ask.device = PT_LIT ("a phone");
    ask.has_device = true;
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    const pt_session_grant_t *grant = reply->msg;
    uint8_t hash[LIM_HASH];
    auth_refresh_hash (grant->refresh, hash);
    assert_int_equal (grant->account, 7);
    assert_int_equal (grant->session, 1001);
    assert_int_equal (grant->expires_in, 300);
    assert_int_equal (grant->refresh.len, AUTH_REFRESH_LEN);
    assert_true (pt_str_eq (grant->token_type, PT_LIT ("Bearer")));
    assert_string_equal (fake->identifier, "ann");
    assert_string_equal (fake->name, "a phone");
    assert_int_equal (fake->session.account, 7);
    assert_memory_equal (fake->first_hash, hash, LIM_HASH);
    assert_in_range (fake->session.expires_at / 1000000, s_now_s () + 86390, s_now_s () + 86401);
    assert_null (memmem (fake->body, fake->body_len, grant->refresh.at, grant->refresh.len));
    s_check_claims (fake, grant->access, "7");
}

static void s_fetch_refresh (fake_t *fake, const char *key, auth_refresh_t *out)
{
    pt_session_create_t ask = s_sign_in ("ann", FAKE_GOOD, key);
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_create, &ask);
    assert_int_equal (reply->envelope.status, 0);
    fake_copy (out->text, sizeof out->text, ((const pt_session_grant_t *)reply->msg)->refresh);
}

static void s_a_repeated_sign_in_gives_the_same_session (void **state)
{
    auth_refresh_t first, again, other;
    s_fetch_refresh (*state, "one", &first);
    s_fetch_refresh (*state, "one", &again);
    s_fetch_refresh (*state, "two", &other);
    assert_string_equal (first.text, again.text);
    assert_string_not_equal (first.text, other.text);
}

/*  Byte for byte the same answer, whatever the reason. */
static void s_a_refusal_does_not_tell_who_exists (void **state)
{
    fake_t *fake = *state;
    static const struct {
        const char *identifier, *password;
    } cases[] = {{"ann", "wrong password"},
                 {"nobody", FAKE_GOOD},
                 {"inactive", FAKE_GOOD},
                 {"google", FAKE_GOOD},
                 {"google", "x"},
                 {"nobody@example.org", "x"},
                 {"\x01", "x"}};
    uint8_t first[1024];
    size_t first_len = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_session_create_t ask = s_sign_in (cases[i].identifier, cases[i].password, "k");
        s_forget (state);
        const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_create, &ask);
        assert_int_equal (reply->envelope.status, PT_E_bad_credentials);
        assert_int_equal (fake->finds, 1);
        if (i == 0) {
            assert_in_range (reply->body_len, 1, sizeof first);
            memcpy (first, reply->body, first_len = reply->body_len);
        }
        assert_int_equal (reply->body_len, first_len);
        assert_memory_equal (reply->body, first, first_len);
    }
}

/*  Whether a refused sign-in says that nobody has the identifier. */
static bool s_tells_unknown (void **state, const char *identifier, bool has_asked, bool tells)
{
    pt_session_create_t ask = s_sign_in (identifier, "wrong password", "k");
    ask.tells_unknown = tells;
    ask.has_tells_unknown = has_asked;
    s_forget (state);
    const harness_frame_t *reply = fake_ask (*state, PT_OP_auth_session_create, &ask);
    const pt_error_t *error = reply->msg;
    assert_int_equal (reply->envelope.status, PT_E_bad_credentials);
    return error->errors.count == 1 && pt_str_eq (error->errors.at[0].field, PT_LIT ("identifier")) &&
           pt_str_eq (error->errors.at[0].code, PT_LIT ("not_found"));
}

static void s_a_refusal_tells_of_nobody_where_that_was_asked_for (void **state)
{
    static const char *const known[] = {"ann", "inactive", "google"};
    assert_true (s_tells_unknown (state, "nobody", true, true));
    assert_false (s_tells_unknown (state, "nobody", true, false));
    assert_false (s_tells_unknown (state, "nobody", false, false));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_false (s_tells_unknown (state, known[i], true, true));
}

static void s_ask_refresh (fake_t *fake, const char *token, auth_refresh_t *out)
{
    pt_session_refresh_t ask = {.refresh = pt_str (token), .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, 0);
    fake_copy (out->text, sizeof out->text, ((const pt_session_grant_t *)reply->msg)->refresh);
}

static void s_refreshing_rotates_to_the_same_successor (void **state)
{
    fake_t *fake = *state;
    uint8_t hash[LIM_HASH];
    auth_refresh_t token, next, again, third;
    s_fetch_refresh (fake, "rotate", &token);
    s_ask_refresh (fake, token.text, &next);
    assert_string_not_equal (next.text, token.text);
    auth_refresh_hash (pt_str (token.text), hash);
    assert_memory_equal (fake->shown_hash, hash, LIM_HASH);
    auth_refresh_hash (pt_str (next.text), hash);
    assert_memory_equal (fake->next_hash, hash, LIM_HASH);
    assert_int_equal (fake->rotate.grace_ms, AUTH_REFRESH_GRACE_MS);
    assert_in_range (fake->rotate.expires_at / 1000000, s_now_s () + 86390, s_now_s () + 86401);
    s_ask_refresh (fake, token.text, &again);
    assert_string_equal (next.text, again.text);
    s_ask_refresh (fake, next.text, &third);
    assert_string_not_equal (third.text, next.text);
}

static void s_a_used_token_is_refused_as_store_says (void **state)
{
    fake_t *fake = *state;
    auth_refresh_t token;
    s_fetch_refresh (fake, "reuse", &token);
    fake->refuse_count = 1;
    fake->refuse = PT_E_token_invalid;
    pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = PT_LIT ("k")};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, PT_E_token_invalid);
    fake->refuse_count = 1;
    fake->refuse = PT_E_token_expired;
    reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, PT_E_token_expired);
}

static void s_a_token_that_is_kept_gives_an_access_token_alone (void **state)
{
    fake_t *fake = *state;
    auth_refresh_t token;
    s_fetch_refresh (fake, "kept", &token);
    pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = PT_LIT ("k"), .keeps = true, .has_keeps = true};
    const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
    assert_int_equal (reply->envelope.status, 0);
    const pt_session_grant_t *grant = reply->msg;
    assert_false (grant->has_refresh);
    assert_true (fake->rotate.keeps && fake->rotate.spares);
    s_check_claims (fake, grant->access, "7");
}

/*  Within the grace of a lost reply too, another request is another use. */
static void s_the_successor_of_simplejwt_belongs_to_one_request (void **state)
{
    fake_t *fake = *state;
    static const char *const keys[] = {"one", "one", "two"};
    char nexts[3][AUTH_REFRESH_LEN + 1];
    auth_refresh_t token;
    s_fetch_refresh (fake, "exchanged", &token);
    for (size_t i = 0; i < 3; i++) {
        pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = pt_str (keys[i]), .has_keeps = true};
        const harness_frame_t *reply = fake_ask (fake, PT_OP_auth_session_refresh, &ask);
        assert_int_equal (reply->envelope.status, 0);
        fake_copy (nexts[i], sizeof nexts[i], ((const pt_session_grant_t *)reply->msg)->refresh);
        assert_true (!fake->rotate.keeps && fake->rotate.spares);
    }
    assert_string_equal (nexts[0], nexts[1]);
    assert_string_not_equal (nexts[0], nexts[2]);
    pt_session_refresh_t ask = {.refresh = pt_str (token.text), .key = PT_LIT ("k")};
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_refresh, &ask)->envelope.status, 0);
    assert_false (fake->rotate.spares);
}

static void s_an_access_token_is_no_refresh_token_and_told_so (void **state)
{
    fake_t *fake = *state;
    char access[LIM_TOKEN + 1];
    pt_session_create_t in = s_sign_in ("ann", FAKE_GOOD, "mistaken");
    fake_copy (access, sizeof access,
               ((const pt_session_grant_t *)fake_ask (fake, PT_OP_auth_session_create, &in)->msg)->access);
    pt_session_refresh_t ask = {.refresh = pt_str (access), .key = PT_LIT ("k"), .keeps = true, .has_keeps = true};
    s_forget (state);
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_refresh, &ask)->envelope.status, PT_E_token_wrong_type);
    access[strlen (access) - 3] ^= 1;
    assert_int_equal (fake_ask (fake, PT_OP_auth_session_refresh, &ask)->envelope.status, PT_E_token_invalid);
    assert_int_equal (fake->finds + fake->rotates, 0);
}

static void s_what_is_no_token_never_reaches_store (void **state)
{
    fake_t *fake = *state;
    static const char *const cases[] = {"x", "not a token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
                                        "eyJhbGciOiJub25lIn0.e30."};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_session_refresh_t ask = {.refresh = pt_str (cases[i]), .key = PT_LIT ("k")};
        assert_int_equal (fake_ask (fake, PT_OP_auth_session_refresh, &ask)->envelope.status, PT_E_token_invalid);
    }
    assert_int_equal (fake->finds + fake->rotates, 0);
}

static void s_what_was_shown_and_given_is_not_in_the_log (void **state)
{
    const fake_t *fake = *state;
    static const char *const secrets[] = {FAKE_GOOD, "wrong password", "argon2id", "eyJ", NULL};
    fake_assert_unlogged (fake->harness, secrets);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (s_keys_are_public, s_forget),
        cmocka_unit_test_setup (s_signing_in_gives_two_tokens, s_forget),
        cmocka_unit_test_setup (s_a_repeated_sign_in_gives_the_same_session, s_forget),
        cmocka_unit_test_setup (s_a_refusal_does_not_tell_who_exists, s_forget),
        cmocka_unit_test_setup (s_a_refusal_tells_of_nobody_where_that_was_asked_for, s_forget),
        cmocka_unit_test_setup (s_refreshing_rotates_to_the_same_successor, s_forget),
        cmocka_unit_test_setup (s_a_used_token_is_refused_as_store_says, s_forget),
        cmocka_unit_test_setup (s_a_token_that_is_kept_gives_an_access_token_alone, s_forget),
        cmocka_unit_test_setup (s_the_successor_of_simplejwt_belongs_to_one_request, s_forget),
        cmocka_unit_test_setup (s_an_access_token_is_no_refresh_token_and_told_so, s_forget),
        cmocka_unit_test_setup (s_what_is_no_token_never_reaches_store, s_forget),
        cmocka_unit_test (s_what_was_shown_and_given_is_not_in_the_log),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, fake_open, fake_close);
}
