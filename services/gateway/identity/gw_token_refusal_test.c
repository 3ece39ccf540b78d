/*  gw_token_refusal_test - each way to forge an access token has a test of its
    name; and tokens of two keys, while they are exchanged. */

#include "gw_forge.h"
#include "gw_token.h"
#include "pt_limits.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW_US (1000 * (int64_t)1000000)
#define WHO "\"sub\":\"7\",\"sid\":\"42\""
#define FOR FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"parley\""

typedef struct {
    gw_tokens_t *tokens;
    cjose_jwk_t *key, *other;
    pt_public_key_t public[2];
    char texts[2][1024];
} fixture_t;

static void s_set_keys (fixture_t *self, uint32_t count)
{
    const pt_key_set_t set = {.keys = {self->public, count}};
    assert_int_equal (gw_tokens_set_keys (self->tokens, &set), 0);
}

static int s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->tokens = gw_tokens_new ();
    self->key = forge_key ();
    self->other = forge_key ();
    self->public[0] = forge_public (self->key, "k1", self->texts[0]);
    self->public[1] = forge_public (self->other, "k2", self->texts[1]);
    s_set_keys (self, 1);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    gw_tokens_destroy (&self->tokens);
    cjose_jwk_release (self->key);
    cjose_jwk_release (self->other);
    free (self);
    return 0;
}

static int s_verify (fixture_t *self, const char *token)
{
    gw_identity_t identity;
    return gw_tokens_verify (self->tokens, token, strlen (token), NOW_US, &identity);
}

static int s_judge (fixture_t *self, forge_t forge)
{
    forge.key = forge.key ? forge.key : self->key;
    forge.claims = forge.claims ? forge.claims : FORGE_CLAIMS;
    char *token = forge_token (&forge);
    int err = s_verify (self, token);
    free (token);
    return err;
}

static void s_assert_claims (void **state, const char *claims, int expected)
{
    assert_int_equal (s_judge (*state, (forge_t){.claims = claims}), expected);
}

static void test_a_token_as_it_should_be_is_taken (void **state)
{
    s_assert_claims (state, "{" FOR "," WHO ",\"exp\":2000}", 0);
}

static void test_another_algorithm_is_refused (void **state)
{
    fixture_t *self = *state;
    cjose_jwk_t *secret = cjose_jwk_create_oct_spec ((const uint8_t *)self->texts[0], strlen (self->texts[0]), NULL);
    assert_int_equal (s_judge (self, (forge_t){.key = secret, .alg = "HS256"}), -PT_E_token_invalid);
    cjose_jwk_release (secret);
}

static void test_alg_none_is_refused (void **state)
{
    /*  {"alg":"none","typ":"JWT","kid":"k1"} . {"sub":"7"} . */
    assert_int_equal (s_verify (*state, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoiazEifQ.eyJzdWIiOiI3In0."),
                      -PT_E_token_invalid);
}

static void test_another_key_under_a_known_name_is_refused (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (s_judge (self, (forge_t){.key = self->other, .kid = "k1"}), -PT_E_token_invalid);
}

static void test_an_unknown_kid_is_refused (void **state)
{
    assert_int_equal (s_judge (*state, (forge_t){.kid = "k9"}), -PT_E_token_invalid);
}

static void test_another_issuer_is_refused (void **state)
{
    s_assert_claims (state, "{" FORGE_TYPE "\"iss\":\"other\",\"aud\":\"parley\"," WHO ",\"exp\":2000}",
                     -PT_E_token_invalid);
}

static void test_another_audience_is_refused (void **state)
{
    s_assert_claims (state, "{" FORGE_TYPE "\"iss\":\"parley\",\"aud\":\"other\"," WHO ",\"exp\":2000}",
                     -PT_E_token_invalid);
}

static void test_another_type_is_refused (void **state)
{
    assert_int_equal (s_judge (*state, (forge_t){.typ = "at+jwt"}), -PT_E_token_invalid);
}

static void test_an_expired_token_is_refused (void **state)
{
    s_assert_claims (state, "{" FOR "," WHO ",\"exp\":1000}", -PT_E_token_expired);
}

static void test_a_token_that_is_not_yet_valid_is_refused (void **state)
{
    s_assert_claims (state, "{" FOR "," WHO ",\"nbf\":1500,\"exp\":2000}", -PT_E_token_invalid);
}

static void test_a_truncated_token_is_refused (void **state)
{
    fixture_t *self = *state;
    char *token = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    token[strlen (token) - 1] = '\0';
    assert_int_equal (s_verify (self, token), -PT_E_token_invalid);
    *strrchr (token, '.') = '\0';
    assert_int_equal (s_verify (self, token), -PT_E_token_invalid);
    free (token);
}

static void test_extra_dots_are_refused (void **state)
{
    fixture_t *self = *state;
    char dressed[4096], *token = forge_token (&(forge_t){.key = self->key, .claims = FORGE_CLAIMS});
    snprintf (dressed, sizeof dressed, "%s.", token);
    assert_int_equal (s_verify (self, dressed), -PT_E_token_invalid);
    snprintf (dressed, sizeof dressed, ".%s", token);
    assert_int_equal (s_verify (self, dressed), -PT_E_token_invalid);
    snprintf (dressed, sizeof dressed, "%s.%s", token, token);
    assert_int_equal (s_verify (self, dressed), -PT_E_token_invalid);
    free (token);
}

static void test_an_oversized_token_is_refused_although_it_is_signed (void **state)
{
    static char claims[LIM_TOKEN];
    snprintf (claims, sizeof claims, "{" FOR "," WHO ",\"exp\":2000,\"x\":\"%0*d\"}", LIM_TOKEN - 200, 0);
    s_assert_claims (state, claims, -PT_E_token_invalid);
}

static void test_a_claim_that_comes_twice_is_refused (void **state)
{
    s_assert_claims (state, "{" FOR "," WHO ",\"sub\":\"8\",\"exp\":2000}", -PT_E_token_invalid);
}

/*  One is announced, both are, the other alone. */
static void test_tokens_of_both_keys_are_taken_while_they_are_exchanged (void **state)
{
    fixture_t *self = *state;
    const forge_t before = {.kid = "k1"}, after = {.key = self->other, .kid = "k2"};
    assert_int_equal (s_judge (self, before), 0);
    assert_int_equal (s_judge (self, after), -PT_E_token_invalid);
    s_set_keys (self, 2);
    assert_int_equal (s_judge (self, before), 0);
    assert_int_equal (s_judge (self, after), 0);
    self->public[0] = self->public[1];
    s_set_keys (self, 1);
    assert_int_equal (s_judge (self, before), -PT_E_token_invalid);
    assert_int_equal (s_judge (self, after), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown (fn, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_token_as_it_should_be_is_taken),
        TEST (test_another_algorithm_is_refused),
        TEST (test_alg_none_is_refused),
        TEST (test_another_key_under_a_known_name_is_refused),
        TEST (test_an_unknown_kid_is_refused),
        TEST (test_another_issuer_is_refused),
        TEST (test_another_audience_is_refused),
        TEST (test_another_type_is_refused),
        TEST (test_an_expired_token_is_refused),
        TEST (test_a_token_that_is_not_yet_valid_is_refused),
        TEST (test_a_truncated_token_is_refused),
        TEST (test_extra_dots_are_refused),
        TEST (test_an_oversized_token_is_refused_although_it_is_signed),
        TEST (test_a_claim_that_comes_twice_is_refused),
        TEST (test_tokens_of_both_keys_are_taken_while_they_are_exchanged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
