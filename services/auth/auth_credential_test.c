/*  auth_credential_test - every kind has its form, follows from what it is made
    of, and is told by its form. */

#include "auth_credential.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

static const char s_bytes[] = "0123456789abcdefghijklmnopqrstuv";

static const pt_credential_kind_t s_keyed[] = {PT_credential_kind_KNOX, PT_credential_kind_TOKEN,
                                               PT_credential_kind_COOKIE};
#define KEYED (sizeof s_keyed / sizeof s_keyed[0])

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

/*  By hand, so that a change of the derivation, which would sign all out, can't
    pass unseen. */
static void s_an_authtoken_is_the_documented_one (void **state)
{
    static const uint8_t text[] = "\0\0\0\11authtoken\0\0\0\10\0\0\0\0\0\0\0\7\0\0\0\10\0\0\0\0\0\0\0\1";
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char hex[65];
    crypto_auth_hmacsha256_state hmac;
    crypto_auth_hmacsha256_init (&hmac, (const uint8_t *)s_bytes, sizeof s_bytes - 1);
    crypto_auth_hmacsha256_update (&hmac, text, sizeof text - 1);
    crypto_auth_hmacsha256_final (&hmac, mac);
    sodium_bin2hex (hex, sizeof hex, mac, sizeof mac);
    hex[40] = '\0';
    auth_credential_t credential;
    auth_credential_authtoken (*state, 7, 1, &credential);
    assert_string_equal (credential.text, hex);
}

static void s_an_authtoken_stays_until_its_generation_changes (void **state)
{
    auth_credential_t a, b;
    auth_credential_authtoken (*state, 7, 1, &a);
    auth_credential_authtoken (*state, 7, 1, &b);
    assert_string_equal (a.text, b.text);
    auth_credential_authtoken (*state, 7, 2, &b);
    assert_string_not_equal (a.text, b.text);
    auth_credential_authtoken (*state, 8, 1, &b);
    assert_string_not_equal (a.text, b.text);
}

static void s_account_key_kind_and_secret_each_change_a_credential (void **state)
{
    auth_secret_t *other = auth_secret_new ("vutsrqponmlkjihgfedcba9876543210", 32);
    for (size_t i = 0; i < KEYED; i++) {
        auth_credential_t base, again;
        auth_credential_derive (*state, s_keyed[i], 7, PT_LIT ("key"), &base);
        auth_credential_derive (*state, s_keyed[i], 7, PT_LIT ("key"), &again);
        assert_string_equal (base.text, again.text);
        auth_credential_derive (*state, s_keyed[i], 8, PT_LIT ("key"), &again);
        assert_string_not_equal (base.text, again.text);
        auth_credential_derive (*state, s_keyed[i], 7, PT_LIT ("kez"), &again);
        assert_string_not_equal (base.text, again.text);
        auth_credential_derive (other, s_keyed[i], 7, PT_LIT ("key"), &again);
        assert_string_not_equal (base.text, again.text);
    }
    auth_secret_destroy (&other);
}

static void s_the_form_tells_the_kind (void **state)
{
    auth_credential_t credential;
    auth_credential_authtoken (*state, 7, 1, &credential);
    assert_int_equal (credential.len, 40);
    assert_int_equal (auth_credential_kind (pt_str (credential.text)), PT_credential_kind_AUTHTOKEN);
    static const uint32_t lens[] = {64, 50, 32};
    for (size_t i = 0; i < KEYED; i++)
        for (uint64_t account = 1; account < 200; account++) {
            auth_credential_derive (*state, s_keyed[i], account, PT_LIT ("k"), &credential);
            assert_int_equal (credential.kind, s_keyed[i]);
            assert_int_equal (credential.len, lens[i]);
            assert_int_equal (strlen (credential.text), lens[i]);
            assert_int_equal (auth_credential_kind (pt_str (credential.text)), s_keyed[i]);
        }
}

static void s_other_forms_are_no_credentials (void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "parley_",
        "0123456789ABCDEF0123456789abcdef01234567",           /* upper case */
        "0123456789abcdef0123456789abcdef0123456g",           /* no hex */
        "0123456789abcdef0123456789abcdef012345678",          /* one more */
        "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",                   /* a cookie in upper case */
        "parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* idle bits */
        "Parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* upper case */
        "parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A", /* another alphabet */
        "eyJhbGciOiJub25lIn0.e30.",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (auth_credential_kind (pt_str (bad[i])), PT_credential_kind_SESSION);
    assert_int_equal (auth_credential_kind (PT_LIT ("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
                      PT_credential_kind_TOKEN);
}

static void s_knox_is_kept_as_sha512_of_its_text (void **state)
{
    uint8_t expected[crypto_hash_sha512_BYTES];
    auth_credential_t credential;
    auth_credential_hash_t hash;
    auth_credential_derive (*state, PT_credential_kind_KNOX, 7, PT_LIT ("key"), &credential);
    auth_credential_hash (credential.kind, pt_str (credential.text), &hash);
    crypto_hash_sha512 (expected, (const uint8_t *)credential.text, 64);
    assert_int_equal (hash.len, sizeof expected);
    assert_memory_equal (hash.at, expected, sizeof expected);
    auth_credential_derive (*state, PT_credential_kind_TOKEN, 7, PT_LIT ("key"), &credential);
    auth_credential_hash (credential.kind, pt_str (credential.text), &hash);
    crypto_hash_sha256 (expected, (const uint8_t *)credential.text, credential.len);
    assert_int_equal (hash.len, 32);
    assert_memory_equal (hash.at, expected, 32);
}

static void s_a_prefix_is_of_knox_and_tokens_alone (void **state)
{
    static const uint32_t lens[] = {15, 12, 0};
    auth_credential_t credential;
    for (size_t i = 0; i < KEYED; i++) {
        auth_credential_derive (*state, s_keyed[i], 7, PT_LIT ("k"), &credential);
        pt_str_t prefix = auth_credential_prefix (&credential);
        assert_int_equal (prefix.len, lens[i]);
        if (prefix.len > 0)
            assert_memory_equal (prefix.at, credential.text, prefix.len);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_an_authtoken_is_the_documented_one),
        cmocka_unit_test (s_an_authtoken_stays_until_its_generation_changes),
        cmocka_unit_test (s_account_key_kind_and_secret_each_change_a_credential),
        cmocka_unit_test (s_the_form_tells_the_kind),
        cmocka_unit_test (s_other_forms_are_no_credentials),
        cmocka_unit_test (s_knox_is_kept_as_sha512_of_its_text),
        cmocka_unit_test (s_a_prefix_is_of_knox_and_tokens_alone),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, s_open, s_close);
}
