/*  auth_legacy_test - one good token of an older deployment, and every way it can
    be bad. */

#include "auth_legacy.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "django-insecure-0123456789abcdefghij"
#define SECOND ((int64_t)1000000)
#define NOW (1000 * SECOND)
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"token_type\":\"access\",\"exp\":2000,\"iat\":900,\"jti\":\"00ff\",\"user_id\":7}"

typedef struct {
    char text[8192];
} s_token_t;

static void s_add_part (s_token_t *out, const void *bytes, size_t len)
{
    size_t at = strlen (out->text);
    sodium_bin2base64 (out->text + at, sizeof out->text - at, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void s_sign (const char *key, const char *header, const char *claims, s_token_t *out)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    *out = (s_token_t){""};
    s_add_part (out, header, strlen (header));
    strcat (out->text, ".");
    s_add_part (out, claims, strlen (claims));
    crypto_auth_hmacsha256_init (&state, (const uint8_t *)key, strlen (key));
    crypto_auth_hmacsha256_update (&state, (const uint8_t *)out->text, strlen (out->text));
    crypto_auth_hmacsha256_final (&state, mac);
    strcat (out->text, ".");
    s_add_part (out, mac, sizeof mac);
}

static int s_verify_text (const char *text)
{
    auth_legacy_t found;
    return auth_legacy_verify (PT_LIT (KEY), pt_str (text), NOW, &found);
}

static int s_judge (const char *key, const char *header, const char *claims)
{
    s_token_t token;
    s_sign (key, header, claims, &token);
    return s_verify_text (token.text);
}

static void s_assert_header_refused (const char *header)
{
    if (s_judge (KEY, header, CLAIMS) != -PT_E_token_invalid)
        fail_msg ("taken: %s", header);
}

static void s_assert_claims (const char *claims, int expected)
{
    int rc = s_judge (KEY, HEADER, claims);
    if (rc != expected)
        fail_msg ("%s: %d instead of %d", claims, rc, expected);
}

static void s_a_good_token_names_account_and_end (void **state)
{
    (void)state;
    s_token_t token;
    auth_legacy_t found = {0};
    s_sign (KEY, HEADER, CLAIMS, &token);
    assert_int_equal (auth_legacy_verify (PT_LIT (KEY), pt_str (token.text), NOW, &found), 0);
    assert_int_equal (found.account, 7);
    assert_int_equal (found.expires_us, 2000 * SECOND);
    assert_int_equal (s_judge (KEY, "{\"alg\":\"HS256\"}", CLAIMS), 0);
}

/*  Made by PyJWT 2.x: jwt.encode ({...}, KEY, "HS256"). */
static void s_the_order_and_spacing_of_others_is_taken (void **state)
{
    (void)state;
    assert_int_equal (s_judge (KEY, "{\"typ\": \"JWT\", \"alg\": \"HS256\"}",
                               "{ \"user_id\": \"7\", \"exp\": 2000, \"token_type\": \"access\" }"),
                      0);
}

static void s_another_key_is_refused (void **state)
{
    (void)state;
    assert_int_equal (s_judge ("another-key-0123456789abcdefghijklmn", HEADER, CLAIMS), -PT_E_token_invalid);
}

static void s_a_short_key_verifies_nothing (void **state)
{
    (void)state;
    s_token_t token;
    auth_legacy_t found;
    s_sign ("0123456789012345678901234567890", HEADER, CLAIMS, &token);
    assert_int_equal (auth_legacy_verify (PT_LIT ("0123456789012345678901234567890"), pt_str (token.text), NOW, &found),
                      -PT_E_token_invalid);
}

static void s_alg_none_is_refused (void **state)
{
    (void)state;
    s_assert_header_refused ("{\"alg\":\"none\",\"typ\":\"JWT\"}");
    s_assert_header_refused ("{\"alg\":\"None\"}");
    s_assert_header_refused ("{\"alg\":null}");
    s_assert_header_refused ("{}");
    s_token_t token = {""};
    s_add_part (&token, "{\"alg\":\"none\"}", 14);
    strcat (token.text, ".");
    s_add_part (&token, CLAIMS, strlen (CLAIMS));
    strcat (token.text, ".");
    assert_int_equal (s_verify_text (token.text), -PT_E_token_invalid);
}

static void s_another_alg_is_refused (void **state)
{
    (void)state;
    s_assert_header_refused ("{\"alg\":\"HS384\",\"typ\":\"JWT\"}");
    s_assert_header_refused ("{\"alg\":\"HS512\",\"typ\":\"JWT\"}");
    s_assert_header_refused ("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    s_assert_header_refused ("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}");
    s_assert_header_refused ("{\"alg\":\"hs256\",\"typ\":\"JWT\"}");
    s_assert_header_refused ("{\"alg\":[\"HS256\"],\"typ\":\"JWT\"}");
}

static void s_header_tricks_are_refused (void **state)
{
    (void)state;
    static const char *const extra[] = {"\"kid\":\"/dev/null\"", "\"jku\":\"http://x\"", "\"jwk\":{}",
                                        "\"x5u\":\"x\"",         "\"x5c\":[]",           "\"crit\":[\"exp\"]",
                                        "\"zip\":\"DEF\"",       "\"b64\":false",        "\"cty\":\"JWT\""};
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        char header[256];
        snprintf (header, sizeof header, "{\"alg\":\"HS256\",\"typ\":\"JWT\",%s}", extra[i]);
        s_assert_header_refused (header);
    }
    s_assert_header_refused ("{\"alg\":\"HS256\",\"alg\":\"HS256\"}");
    s_assert_header_refused ("[]");
    s_assert_header_refused ("\"HS256\"");
    s_assert_header_refused ("nonsense");
}

static void s_another_typ_is_refused (void **state)
{
    (void)state;
    s_assert_header_refused ("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}");
    s_assert_header_refused ("{\"alg\":\"HS256\",\"typ\":7}");
}

static void s_another_issuer_or_audience_is_refused (void **state)
{
    (void)state;
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"iss\":\"x\"}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"aud\":\"x\"}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"aud\":[]}", -PT_E_token_invalid);
}

static void s_another_token_type_is_refused (void **state)
{
    (void)state;
    s_assert_claims ("{\"token_type\":\"refresh\",\"exp\":2000,\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"sliding\",\"exp\":2000,\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":1,\"exp\":2000,\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"exp\":2000,\"user_id\":7}", -PT_E_token_invalid);
}

static void s_an_expired_token_is_told_from_a_bad_one (void **state)
{
    (void)state;
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":1000,\"user_id\":7}", -PT_E_token_expired);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":1001,\"user_id\":7}", 0);
    s_assert_claims ("{\"token_type\":\"access\",\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":\"2000\",\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000.5,\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":-1,\"user_id\":7}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":9223372036854775807,\"user_id\":7}", -PT_E_token_invalid);
}

static void s_a_token_that_is_not_yet_valid_is_refused (void **state)
{
    (void)state;
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"nbf\":1006}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"nbf\":1005}", 0);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"iat\":1006}", -PT_E_token_invalid);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"iat\":\"x\"}", -PT_E_token_invalid);
}

static void s_a_claim_that_comes_twice_is_refused (void **state)
{
    (void)state;
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"user_id\":8}", -PT_E_token_invalid);
}

static void s_a_user_id_is_an_account_id (void **state)
{
    (void)state;
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":\"7\"}", 0);
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000,\"user_id\":9223372036854775807}", 0);
    static const char *const bad[] = {"0",
                                      "-7",
                                      "7.0",
                                      "\"\"",
                                      "\"0\"",
                                      "\"07\"",
                                      "\"-7\"",
                                      "\"7x\"",
                                      "\" 7\"",
                                      "null",
                                      "true",
                                      "[7]",
                                      "\"9223372036854775808\"",
                                      "\"99999999999999999999\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char claims[256];
        snprintf (claims, sizeof claims, "{\"token_type\":\"access\",\"exp\":2000,\"user_id\":%s}", bad[i]);
        s_assert_claims (claims, -PT_E_token_invalid);
    }
    s_assert_claims ("{\"token_type\":\"access\",\"exp\":2000}", -PT_E_token_invalid);
    s_assert_claims ("[]", -PT_E_token_invalid);
    s_assert_claims ("7", -PT_E_token_invalid);
    s_assert_claims ("", -PT_E_token_invalid);
}

static void s_no_bit_can_be_changed_and_no_byte_left_out (void **state)
{
    (void)state;
    s_token_t token;
    auth_legacy_t found;
    s_sign (KEY, HEADER, CLAIMS, &token);
    uint32_t len = (uint32_t)strlen (token.text);
    for (uint32_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            token.text[i] = (char)(token.text[i] ^ (1 << bit));
            if (auth_legacy_verify (PT_LIT (KEY), (pt_str_t){token.text, len}, NOW, &found) == 0)
                fail_msg ("bit %d of byte %u", bit, i);
            token.text[i] = (char)(token.text[i] ^ (1 << bit));
        }
    for (uint32_t cut = 0; cut < len; cut++)
        assert_int_not_equal (auth_legacy_verify (PT_LIT (KEY), (pt_str_t){token.text, cut}, NOW, &found), 0);
}

static void s_texts_of_another_form_are_refused (void **state)
{
    (void)state;
    static const char *const bad[] = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (s_verify_text (bad[i]), -PT_E_token_invalid);
    s_token_t good, dressed;
    s_sign (KEY, HEADER, CLAIMS, &good);
    static const char *const before[] = {"", "", ".", " "}, *const behind[] = {".", "=", "", ""};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        snprintf (dressed.text, sizeof dressed.text, "%s%.8000s%s", before[i], good.text, behind[i]);
        assert_int_equal (s_verify_text (dressed.text), -PT_E_token_invalid);
    }
}

static void s_an_oversized_token_is_refused (void **state)
{
    (void)state;
    s_token_t token;
    static char claims[LIM_TOKEN + 1];
    snprintf (claims, sizeof claims, "{\"token_type\":\"access\",\"exp\":2000,\"user_id\":7,\"x\":\"%0*d\"}",
              LIM_TOKEN - 100, 0);
    s_sign (KEY, HEADER, claims, &token);
    assert_true (strlen (token.text) > LIM_TOKEN);
    assert_int_equal (s_verify_text (token.text), -PT_E_token_invalid);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_a_good_token_names_account_and_end),
        cmocka_unit_test (s_the_order_and_spacing_of_others_is_taken),
        cmocka_unit_test (s_another_key_is_refused),
        cmocka_unit_test (s_a_short_key_verifies_nothing),
        cmocka_unit_test (s_alg_none_is_refused),
        cmocka_unit_test (s_another_alg_is_refused),
        cmocka_unit_test (s_header_tricks_are_refused),
        cmocka_unit_test (s_another_typ_is_refused),
        cmocka_unit_test (s_another_issuer_or_audience_is_refused),
        cmocka_unit_test (s_another_token_type_is_refused),
        cmocka_unit_test (s_an_expired_token_is_told_from_a_bad_one),
        cmocka_unit_test (s_a_token_that_is_not_yet_valid_is_refused),
        cmocka_unit_test (s_a_claim_that_comes_twice_is_refused),
        cmocka_unit_test (s_a_user_id_is_an_account_id),
        cmocka_unit_test (s_no_bit_can_be_changed_and_no_byte_left_out),
        cmocka_unit_test (s_texts_of_another_form_are_refused),
        cmocka_unit_test (s_an_oversized_token_is_refused),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
