/*  gw_token_test - one good token, and every way it can be bad. */

#include "gw_forge.h"
#include "gw_token.h"
#include "pt_limits.h"
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND ((int64_t)1000000)
#define NOW (1000 * SECOND)

typedef struct {
    gw_tokens_t *tokens;
    cjose_jwk_t *key, *other;
} fixture_t;

static void s_set_keys (fixture_t *self, const cjose_jwk_t *key, const char *kid)
{
    char text[1024];
    const pt_public_key_t public = forge_public (key, kid, text);
    const pt_key_set_t set = {.keys = {&public, 1}};
    assert_int_equal (gw_tokens_set_keys (self->tokens, &set), 0);
}

static int s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->tokens = gw_tokens_new ();
    assert_non_null (self->tokens);
    self->key = forge_key ();
    self->other = forge_key ();
    s_set_keys (self, self->key, "k1");
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    gw_tokens_destroy (&self->tokens);
    gw_tokens_destroy (&self->tokens);
    cjose_jwk_release (self->key);
    cjose_jwk_release (self->other);
    free (self);
    return 0;
}

static int s_verify_at (fixture_t *self, const char *token, int64_t now_us, gw_identity_t *out)
{
    return gw_tokens_verify (self->tokens, token, strlen (token), now_us, out);
}

static int s_verify (fixture_t *self, const char *token)
{
    gw_identity_t identity;
    return s_verify_at (self, token, NOW, &identity);
}

/*  Signs, verifies at NOW, frees. */
static int s_judge (fixture_t *self, forge_t forge)
{
    if (!forge.key)
        forge.key = self->key;
    if (!forge.claims)
        forge.claims = FORGE_CLAIMS;
    char *token = forge_token (&forge);
    int err = s_verify (self, token);
    free (token);
    return err;
}

static void test_a_good_token_names_account_session_and_end (void **state)
{
    fixture_t *self = *state;
    gw_identity_t identity = {0};
    char *token = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        assert_int_equal (s_verify_at (self, token, NOW, &identity), 0);
        assert_true (identity.account == 7 && identity.session == 42);
        assert_true (identity.expires_us == 253402300799 * SECOND);
    }
    free (token);
}

static void test_a_token_says_what_its_account_was (void **state)
{
    fixture_t *self = *state;
#define WHO "{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"iat\":900,\"exp\":2000"
    static const struct {
        const char *claims;
        uint64_t generation;
        unsigned scopes;
        bool is_staff;
    } rows[] = {
        {WHO "}", 0, GW_SCOPE_ALL, false},
        {WHO ",\"gen\":5,\"staff\":false}", 5, GW_SCOPE_ALL, false},
        {WHO ",\"gen\":9007199254740991,\"staff\":true}", LIM_SEQ, GW_SCOPE_ALL, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gw_identity_t identity = {0};
        char *token = forge_token (&(forge_t){.key = self->key, .claims = rows[i].claims});
        assert_int_equal (s_verify_at (self, token, NOW, &identity), 0);
        assert_true (identity.generation == rows[i].generation && identity.is_staff == rows[i].is_staff);
        assert_true (identity.scopes == rows[i].scopes && identity.kind == PT_credential_kind_SESSION);
        assert_true (identity.issued_us == 900 * SECOND);
        free (token);
    }
#undef WHO
}

static void test_without_keys_nobody_is_refused_for_good (void **state)
{
    fixture_t *self = *state;
    gw_tokens_t *empty = gw_tokens_new ();
    gw_identity_t identity;
    assert_false (gw_tokens_has_keys (empty));
    assert_int_equal (gw_tokens_verify (empty, "a.b.c", 5, NOW, &identity), -PT_E_unavailable);
    gw_tokens_destroy (&empty);
    assert_true (gw_tokens_has_keys (self->tokens));
}

static void test_wrong_headers_are_refused (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (s_judge (self, (forge_t){0}), 0);
    assert_int_equal (s_judge (self, (forge_t){.typ = "at+jwt"}), -PT_E_token_invalid);
    assert_int_equal (s_judge (self, (forge_t){.typ = ""}), -PT_E_token_invalid);
    assert_int_equal (s_judge (self, (forge_t){.kid = "k2"}), -PT_E_token_invalid);
    assert_int_equal (s_judge (self, (forge_t){.kid = ""}), -PT_E_token_invalid);
    assert_int_equal (s_judge (self, (forge_t){.key = self->other}), -PT_E_token_invalid);
}

/*  HS256 with the text of the public key as its secret: the classic confusion. */
static void test_other_algorithms_are_refused (void **state)
{
    fixture_t *self = *state;
    cjose_err err;
    char public[1024];
    forge_public (self->key, "k1", public);
    cjose_jwk_t *secret = cjose_jwk_create_oct_spec ((const uint8_t *)public, strlen (public), &err);
    assert_non_null (secret);
    assert_int_equal (s_judge (self, (forge_t){.key = secret, .alg = "HS256"}), -PT_E_token_invalid);
    cjose_jwk_release (secret);
    cjose_jwk_t *rsa = cjose_jwk_create_RSA_random (2048, NULL, 0, &err);
    assert_non_null (rsa);
    assert_int_equal (s_judge (self, (forge_t){.key = rsa, .alg = "RS256"}), -PT_E_token_invalid);
    cjose_jwk_release (rsa);
}

static char *s_encode (const char *text)
{
    cjose_err err;
    char *out;
    size_t len;
    assert_true (cjose_base64url_encode ((const uint8_t *)text, strlen (text), &out, &len, &err));
    return out;
}

static void s_assert_unsigned_refused (fixture_t *self, const char *header, const char *signature)
{
    char *head = s_encode (header), *body = s_encode (FORGE_CLAIMS), token[1024];
    snprintf (token, sizeof token, "%s.%s.%s", head, body, signature);
    assert_int_equal (s_verify (self, token), -PT_E_token_invalid);
    free (head);
    free (body);
}

static void test_alg_none_is_refused_however_it_is_dressed (void **state)
{
    fixture_t *self = *state;
    char zeros[87];
    memset (zeros, 'A', 86);
    zeros[86] = '\0';
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
        "{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
        "{\"typ\":\"JWT\",\"kid\":\"k1\"}",
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
        "{\"alg\":null,\"typ\":\"JWT\",\"kid\":\"k1\"}",
        "{}",
        "[]",
        "nonsense",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        s_assert_unsigned_refused (self, headers[i], "");
        s_assert_unsigned_refused (self, headers[i], zeros);
    }
}

static void test_wrong_claims_are_refused (void **state)
{
    fixture_t *self = *state;
#define REST ",\"nbf\":1,\"exp\":253402300799}"
    static const struct {
        const char *claims;
        int err;
    } rows[] = {
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\"" REST, 0},
        {"{" FORGE_TYPE "\"iss\":\"other\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"other\",\"sub\":\"7\",\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":[\"parley\"],\"sub\":\"7\",\"sid\":\"42\"" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"sub\":\"7\",\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":7,\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"0\",\"sid\":\"42\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"-7\",\"sid\":\"42\"" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7x\",\"sid\":\"42\"" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"9223372036854775808\",\"sid\":\"42\"" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\"" REST, -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\"" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\"}", -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":\"9999\"}",
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":1e12}",
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":-1}",
         -PT_E_token_invalid},
        {"{" FORGE_TYPE
         "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":9223372036854775807}",
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":1000}",
         -PT_E_token_expired},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":1001}", 0},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"nbf\":1005,\"exp\":2000}",
         0},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"nbf\":1006,\"exp\":2000}",
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"gen\":-1" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"gen\":\"1\"" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE
         "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"gen\":9007199254740992" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"staff\":1" REST,
         -PT_E_token_invalid},
        {"{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"iat\":\"1\"" REST,
         -PT_E_token_invalid},
        {"{\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"token_type\":\"refresh\"" REST,
         -PT_E_token_invalid},
        {"{\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"token_type\":\"access\",\"gen\":0" REST,
         0},
        {"[]", -PT_E_token_invalid},
        {"7", -PT_E_token_invalid},
        {"", -PT_E_token_invalid},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (s_judge (self, (forge_t){.claims = rows[i].claims}) != rows[i].err)
            fail_msg ("row %zu: %s", i, rows[i].claims);
}

static void test_a_cached_token_still_expires (void **state)
{
    fixture_t *self = *state;
    gw_identity_t identity;
    char *token = forge_token (&(forge_t){
        .key = self->key,
        .claims = "{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"exp\":1001}"});
    assert_int_equal (s_verify_at (self, token, NOW, &identity), 0);
    assert_int_equal (s_verify_at (self, token, 1001 * SECOND - 1, &identity), 0);
    assert_int_equal (s_verify_at (self, token, 1001 * SECOND, &identity), -PT_E_token_expired);
    free (token);
}

/*  Every single bit of the text counts: there is no second spelling. */
static void test_no_bit_can_be_changed_and_no_byte_left_out (void **state)
{
    fixture_t *self = *state;
    char *token = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    size_t len = strlen (token);
    assert_int_equal (s_verify (self, token), 0);
    for (size_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            token[i] = (char)(token[i] ^ (1 << bit));
            gw_identity_t identity;
            if (gw_tokens_verify (self->tokens, token, len, NOW, &identity) == 0)
                fail_msg ("bit %d of byte %zu of %zu", bit, i, len);
            token[i] = (char)(token[i] ^ (1 << bit));
        }
    for (size_t cut = 0; cut < len; cut++) {
        gw_identity_t identity;
        assert_int_not_equal (gw_tokens_verify (self->tokens, token, cut, NOW, &identity), 0);
    }
    free (token);
}

static void test_texts_that_are_no_tokens_are_refused (void **state)
{
    fixture_t *self = *state;
    static const char *const bad[] = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e", "a==.b.c"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (s_verify (self, bad[i]), -PT_E_token_invalid);
    char *good = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    char padded[4096];
    snprintf (padded, sizeof padded, "%s=", good);
    assert_int_equal (s_verify (self, padded), -PT_E_token_invalid);
    snprintf (padded, sizeof padded, "%s.", good);
    assert_int_equal (s_verify (self, padded), -PT_E_token_invalid);
    snprintf (padded, sizeof padded, " %s", good);
    assert_int_equal (s_verify (self, padded), -PT_E_token_invalid);
    memset (padded, 'A', sizeof padded - 1);
    padded[sizeof padded - 1] = '\0';
    assert_int_equal (s_verify (self, padded), -PT_E_token_invalid);
    free (good);
}

static void test_keys_change_and_their_tokens_with_them (void **state)
{
    fixture_t *self = *state;
    char *old = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    char *fresh = forge_token (&(forge_t){.key = self->other, .kid = "k2", .claims = FORGE_CLAIMS});
    assert_int_equal (s_verify (self, old), 0);
    assert_false (gw_tokens_take_unknown (self->tokens));
    assert_int_equal (s_verify (self, fresh), -PT_E_token_invalid);
    assert_true (gw_tokens_take_unknown (self->tokens));
    assert_false (gw_tokens_take_unknown (self->tokens));
    s_set_keys (self, self->other, "k2");
    assert_int_equal (s_verify (self, fresh), 0);
    assert_int_equal (s_verify (self, old), -PT_E_token_invalid);
    free (old);
    free (fresh);
}

static void test_a_key_set_without_a_good_key_changes_nothing (void **state)
{
    fixture_t *self = *state;
    static const char *const bad[] = {"", "{}", "nonsense", "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
                                      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const pt_public_key_t key = {.kid = PT_LIT ("k9"), .jwk = pt_str (bad[i])};
        const pt_key_set_t set = {.keys = {&key, 1}};
        assert_int_equal (gw_tokens_set_keys (self->tokens, &set), -PT_E_invalid);
    }
    const pt_key_set_t none = {0};
    assert_int_equal (gw_tokens_set_keys (self->tokens, &none), -PT_E_invalid);
    assert_int_equal (s_judge (self, (forge_t){0}), 0);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_a_good_token_names_account_session_and_end),
        TEST (test_a_token_says_what_its_account_was),
        TEST (test_without_keys_nobody_is_refused_for_good),
        TEST (test_wrong_headers_are_refused),
        TEST (test_other_algorithms_are_refused),
        TEST (test_alg_none_is_refused_however_it_is_dressed),
        TEST (test_wrong_claims_are_refused),
        TEST (test_a_cached_token_still_expires),
        TEST (test_no_bit_can_be_changed_and_no_byte_left_out),
        TEST (test_texts_that_are_no_tokens_are_refused),
        TEST (test_keys_change_and_their_tokens_with_them),
        TEST (test_a_key_set_without_a_good_key_changes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
