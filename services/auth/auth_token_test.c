/*  auth_token_test - access tokens say what they should and nobody can change
    them; checked with cjose as a gateway does. */

#include "auth_token.h"
#include <cjose/jws.h>
#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_US INT64_C (1800000000123456)

static auth_key_t *s_make_key (void)
{
    cjose_jwk_t *jwk = cjose_jwk_create_EC_random (CJOSE_JWK_EC_P_256, NULL);
    char *json = cjose_jwk_to_json (jwk, true, NULL);
    int err = 0;
    auth_why_t why;
    auth_key_t *key = auth_key_new (json, strlen (json), &err, &why);
    free (json);
    cjose_jwk_release (jwk);
    return key;
}

static int s_open (void **state)
{
    *state = s_make_key ();
    return *state ? 0 : -1;
}

static int s_close (void **state)
{
    auth_key_destroy ((auth_key_t **)state);
    return 0;
}

static auth_claims_t s_make_claims (void)
{
    auth_claims_t claims = {.account = LIM_ID, .session = 42, .generation = 3, .now_us = NOW_US, .ttl_s = 300};
    memset (claims.jti, 0xab, sizeof claims.jti);
    return claims;
}

/*  The payload, when the token verifies under the published half of `key`; NULL
    otherwise. `out_header` may be NULL. */
static json_t *s_verify (const auth_key_t *key, const char *token, size_t len, json_t **out_header)
{
    json_t *payload = NULL;
    uint8_t *text = NULL;
    size_t text_len = 0;
    cjose_jwk_t *jwk = cjose_jwk_import (auth_key_public (key), strlen (auth_key_public (key)), NULL);
    cjose_jws_t *jws = cjose_jws_import (token, len, NULL);
    assert_non_null (jwk);
    if (jws && cjose_jws_verify (jws, jwk, NULL) && cjose_jws_get_plaintext (jws, &text, &text_len, NULL)) {
        payload = json_loadb ((const char *)text, text_len, JSON_REJECT_DUPLICATES, NULL);
        if (out_header)
            *out_header = json_deep_copy ((json_t *)cjose_jws_get_protected (jws));
    }
    cjose_jws_release (jws);
    cjose_jwk_release (jwk);
    return payload;
}

static void s_assert_text (json_t *object, const char *name, const char *expected)
{
    assert_string_equal (json_string_value (json_object_get (object, name)), expected);
}

static void s_assert_number (json_t *object, const char *name, json_int_t expected)
{
    assert_true (json_is_integer (json_object_get (object, name)));
    assert_int_equal (json_integer_value (json_object_get (object, name)), expected);
}

static void s_a_token_says_who_and_until_when (void **state)
{
    auth_claims_t claims = s_make_claims ();
    auth_token_t token;
    json_t *header = NULL;
    assert_int_equal (auth_token_sign (*state, &claims, &token), 0);
    assert_int_equal (strlen (token.text), token.len);
    json_t *payload = s_verify (*state, token.text, token.len, &header);
    assert_non_null (payload);
    assert_int_equal (json_object_size (header), 3);
    s_assert_text (header, "alg", "ES256");
    s_assert_text (header, "typ", "JWT");
    s_assert_text (header, "kid", auth_key_kid (*state));
    assert_int_equal (json_object_size (payload), 11);
    s_assert_text (payload, "iss", "parley");
    s_assert_text (payload, "aud", "parley");
    s_assert_text (payload, "sub", "9223372036854775807");
    s_assert_text (payload, "sid", "42");
    s_assert_text (payload, "jti", "abababababababababababababababab");
    s_assert_number (payload, "iat", NOW_US / 1000000);
    s_assert_number (payload, "nbf", NOW_US / 1000000);
    s_assert_number (payload, "exp", NOW_US / 1000000 + 300);
    s_assert_number (payload, "gen", 3);
    s_assert_text (payload, "token_type", "access");
    s_assert_number (payload, "user_id", INT64_MAX);
    json_decref (header);
    json_decref (payload);
}

static void s_staff_alone_is_called_staff (void **state)
{
    auth_claims_t claims = s_make_claims ();
    auth_token_t token;
    claims.is_staff = true;
    assert_int_equal (auth_token_sign (*state, &claims, &token), 0);
    json_t *payload = s_verify (*state, token.text, token.len, NULL);
    assert_true (json_is_true (json_object_get (payload, "staff")));
    json_decref (payload);
}

static void s_the_longest_token_fits_its_field (void **state)
{
    auth_claims_t claims = s_make_claims ();
    claims.session = LIM_ID;
    claims.generation = LIM_SEQ;
    claims.is_staff = true;
    claims.ttl_s = LIM_SEQ;
    auth_token_t token;
    assert_int_equal (auth_token_sign (*state, &claims, &token), 0);
    assert_true (token.len < 700);
}

/*  Changes one character at a time, in every place that counts. */
static void s_a_tampered_token_does_not_verify (void **state)
{
    auth_claims_t claims = s_make_claims ();
    auth_token_t token;
    assert_int_equal (auth_token_sign (*state, &claims, &token), 0);
    size_t refused = 0;
    for (size_t i = 0; i < token.len; i++) {
        char old = token.text[i];
        token.text[i] = old == 'A' ? 'Q' : 'A';
        json_t *payload = old == '.' ? NULL : s_verify (*state, token.text, token.len, NULL);
        refused += payload == NULL;
        json_decref (payload);
        token.text[i] = old;
    }
    assert_int_equal (refused, token.len);
    for (size_t len = 0; len < token.len; len += 7)
        assert_null (s_verify (*state, token.text, len, NULL));
}

static void s_another_key_does_not_verify_it (void **state)
{
    auth_claims_t claims = s_make_claims ();
    auth_key_t *other = s_make_key ();
    auth_token_t token;
    assert_int_equal (auth_token_sign (*state, &claims, &token), 0);
    assert_string_not_equal (auth_key_kid (other), auth_key_kid (*state));
    assert_null (s_verify (other, token.text, token.len, NULL));
    json_t *payload = s_verify (*state, token.text, token.len, NULL);
    assert_non_null (payload);
    json_decref (payload);
    auth_key_destroy (&other);
}

static void s_two_tokens_differ (void **state)
{
    auth_claims_t claims = s_make_claims ();
    auth_token_t a, b;
    assert_int_equal (auth_token_sign (*state, &claims, &a), 0);
    claims.jti[0] ^= 1;
    assert_int_equal (auth_token_sign (*state, &claims, &b), 0);
    assert_string_not_equal (a.text, b.text);
}

static bool s_is_live (const auth_key_t *key, const char *text, int64_t now_us)
{
    return auth_token_is_live (key, pt_str (text), now_us);
}

static void s_a_live_token_is_known_by_its_key_and_its_end (void **state)
{
    auth_claims_t claims = s_make_claims ();
    auth_token_t token;
    auth_key_t *other = s_make_key ();
    assert_int_equal (auth_token_sign (*state, &claims, &token), 0);
    assert_true (s_is_live (*state, token.text, NOW_US));
    assert_true (s_is_live (*state, token.text, NOW_US + INT64_C (299) * 1000000));
    assert_false (s_is_live (*state, token.text, NOW_US + INT64_C (300) * 1000000));
    assert_false (s_is_live (other, token.text, NOW_US));
    token.text[token.len - 2] ^= 1;
    assert_false (s_is_live (*state, token.text, NOW_US));
    static const char *const strays[] = {"x", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "e30.e30.e30"};
    for (size_t i = 0; i < sizeof strays / sizeof strays[0]; i++)
        assert_false (s_is_live (*state, strays[i], NOW_US));
    auth_key_destroy (&other);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_a_token_says_who_and_until_when),
        cmocka_unit_test (s_staff_alone_is_called_staff),
        cmocka_unit_test (s_the_longest_token_fits_its_field),
        cmocka_unit_test (s_a_tampered_token_does_not_verify),
        cmocka_unit_test (s_another_key_does_not_verify_it),
        cmocka_unit_test (s_two_tokens_differ),
        cmocka_unit_test (s_a_live_token_is_known_by_its_key_and_its_end),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, s_close);
}
