/*  auth_refresh_test - refresh tokens follow from what they are made of, and from
    nothing else; so do the hashes of requests. */

#include "auth_refresh.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

static const char s_bytes[] = "0123456789abcdefghijklmnopqrstuv";

#define NOBODY ((pt_str_t){NULL, 0})

static int s_open (void **state)
{
    *state = auth_secret_new (s_bytes, sizeof s_bytes - 1);
    return *state ? 0 : -1;
}

static int s_close (void **state)
{
    auth_secret_destroy ((auth_secret_t **)state);
    return 0;
}

/*  HMAC-SHA256 by hand, so that a change of the derivation, which would sign all
    out, can't pass unseen. */
static void s_the_derivation_is_the_documented_one (void **state)
{
    static const uint8_t text[] = "\0\0\0\7session\0\0\0\10\0\0\0\0\0\0\0\7\0\0\0\3key";
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char expected[AUTH_REFRESH_LEN + 1];
    crypto_auth_hmacsha256_state hmac;
    crypto_auth_hmacsha256_init (&hmac, (const uint8_t *)s_bytes, sizeof s_bytes - 1);
    crypto_auth_hmacsha256_update (&hmac, text, sizeof text - 1);
    crypto_auth_hmacsha256_final (&hmac, mac);
    sodium_bin2base64 (expected, sizeof expected, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    auth_refresh_t token;
    auth_refresh_first (*state, 7, PT_LIT ("key"), &token);
    assert_string_equal (token.text, expected);
}

static void s_the_same_question_gets_the_same_token (void **state)
{
    auth_refresh_t a, b;
    auth_refresh_first (*state, 7, PT_LIT ("key"), &a);
    auth_refresh_first (*state, 7, PT_LIT ("key"), &b);
    assert_string_equal (a.text, b.text);
    assert_int_equal (strlen (a.text), AUTH_REFRESH_LEN);
    auth_refresh_t next_a, next_b;
    assert_int_equal (auth_refresh_next (*state, pt_str (a.text), NOBODY, &next_a), 0);
    assert_int_equal (auth_refresh_next (*state, pt_str (b.text), NOBODY, &next_b), 0);
    assert_string_equal (next_a.text, next_b.text);
    assert_string_not_equal (next_a.text, a.text);
}

static void s_account_key_and_secret_each_change_the_token (void **state)
{
    auth_refresh_t base, other;
    auth_refresh_first (*state, 7, PT_LIT ("key"), &base);
    auth_refresh_first (*state, 8, PT_LIT ("key"), &other);
    assert_string_not_equal (base.text, other.text);
    auth_refresh_first (*state, 7, PT_LIT ("key2"), &other);
    assert_string_not_equal (base.text, other.text);
    auth_secret_t *secret = auth_secret_new ("another secret of thirty-two byte", 33);
    auth_refresh_first (secret, 7, PT_LIT ("key"), &other);
    assert_string_not_equal (base.text, other.text);
    auth_refresh_t next, other_next;
    assert_int_equal (auth_refresh_next (*state, pt_str (base.text), NOBODY, &next), 0);
    assert_int_equal (auth_refresh_next (secret, pt_str (base.text), NOBODY, &other_next), 0);
    assert_string_not_equal (next.text, other_next.text);
    auth_secret_destroy (&secret);
}

static void s_a_chain_does_not_repeat (void **state)
{
    enum { LENGTH = 200 };
    auth_refresh_t chain[LENGTH];
    auth_refresh_first (*state, 1, PT_LIT ("k"), &chain[0]);
    for (int i = 1; i < LENGTH; i++) {
        assert_int_equal (auth_refresh_next (*state, pt_str (chain[i - 1].text), NOBODY, &chain[i]), 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal (chain[i].text, chain[j].text);
    }
}

static void s_a_successor_under_a_key_is_that_key_s_alone (void **state)
{
    auth_refresh_t token, plain, first, again, other;
    auth_refresh_first (*state, 7, PT_LIT ("key"), &token);
    assert_int_equal (auth_refresh_next (*state, pt_str (token.text), NOBODY, &plain), 0);
    assert_int_equal (auth_refresh_next (*state, pt_str (token.text), PT_LIT ("one"), &first), 0);
    assert_int_equal (auth_refresh_next (*state, pt_str (token.text), PT_LIT ("one"), &again), 0);
    assert_int_equal (auth_refresh_next (*state, pt_str (token.text), PT_LIT ("two"), &other), 0);
    assert_string_equal (first.text, again.text);
    assert_string_not_equal (first.text, other.text);
    assert_string_not_equal (first.text, plain.text);
}

static void s_what_is_no_token_is_refused_before_store_is_asked (void **state)
{
    auth_refresh_t token, next = {"untouched"};
    auth_refresh_first (*state, 7, PT_LIT ("key"), &token);
    char text[AUTH_REFRESH_LEN + 2];
    memcpy (text, token.text, AUTH_REFRESH_LEN);
    assert_int_equal (auth_refresh_next (*state, (pt_str_t){text, 0}, NOBODY, &next), -PT_E_token_invalid);
    assert_int_equal (auth_refresh_next (*state, (pt_str_t){text, AUTH_REFRESH_LEN - 1}, NOBODY, &next),
                      -PT_E_token_invalid);
    text[AUTH_REFRESH_LEN] = 'A';
    assert_int_equal (auth_refresh_next (*state, (pt_str_t){text, AUTH_REFRESH_LEN + 1}, NOBODY, &next),
                      -PT_E_token_invalid);
    static const char bad[] = "=+/ \n.\x80";
    for (size_t i = 0; i < sizeof bad; i++) {
        memcpy (text, token.text, AUTH_REFRESH_LEN);
        text[i] = bad[i];
        assert_int_equal (auth_refresh_next (*state, (pt_str_t){text, AUTH_REFRESH_LEN}, NOBODY, &next),
                          -PT_E_token_invalid);
    }
    /*  256 bits in 43 characters leave two bits over, which must be 0. */
    memset (text, 'A', AUTH_REFRESH_LEN - 1);
    text[AUTH_REFRESH_LEN - 1] = 'B';
    assert_int_equal (auth_refresh_next (*state, (pt_str_t){text, AUTH_REFRESH_LEN}, NOBODY, &next),
                      -PT_E_token_invalid);
    assert_string_equal (next.text, "untouched");
}

static void s_store_sees_the_sha256_of_the_text (void **state)
{
    (void)state;
    uint8_t hash[LIM_HASH];
    char hex[2 * LIM_HASH + 1];
    auth_refresh_hash (PT_LIT ("abc"), hash);
    sodium_bin2hex (hex, sizeof hex, hash, sizeof hash);
    assert_string_equal (hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void s_parts_can_not_run_into_each_other (void **state)
{
    static const struct {
        const char *label;
        pt_str_t parts[3];
        size_t count;
    } cases[] = {
        {"x", {{"ab", 2}, {"c", 1}}, 2},   {"x", {{"a", 1}, {"bc", 2}}, 2},   {"x", {{"abc", 3}}, 1},
        {"x", {{"abc", 3}, {"", 0}}, 2},   {"x", {{"abc", 3}, {NULL, 0}}, 2}, {"xa", {{"bc", 2}}, 1},
        {"x", {{NULL, 0}, {"abc", 3}}, 2}, {"x", {{"", 0}, {"abc", 3}}, 2},   {"x", {{"ab", 2}, {"c", 1}, {"", 0}}, 3},
    };
    enum { COUNT = sizeof cases / sizeof cases[0] };
    uint8_t macs[COUNT][AUTH_MAC_LEN];
    for (size_t i = 0; i < COUNT; i++) {
        auth_secret_mac (*state, cases[i].label, cases[i].parts, cases[i].count, macs[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal (macs[i], macs[j], AUTH_MAC_LEN);
    }
}

static void s_a_short_secret_is_no_secret (void **state)
{
    (void)state;
    assert_null (auth_secret_new (s_bytes, AUTH_SECRET_MIN - 1));
    auth_secret_t *none = NULL;
    auth_secret_destroy (&none);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_the_derivation_is_the_documented_one),
        cmocka_unit_test (s_the_same_question_gets_the_same_token),
        cmocka_unit_test (s_account_key_and_secret_each_change_the_token),
        cmocka_unit_test (s_a_chain_does_not_repeat),
        cmocka_unit_test (s_a_successor_under_a_key_is_that_key_s_alone),
        cmocka_unit_test (s_what_is_no_token_is_refused_before_store_is_asked),
        cmocka_unit_test (s_store_sees_the_sha256_of_the_text),
        cmocka_unit_test (s_parts_can_not_run_into_each_other),
        cmocka_unit_test (s_a_short_secret_is_no_secret),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, s_close);
}
