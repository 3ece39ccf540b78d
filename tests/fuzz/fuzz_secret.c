/*  fuzz_secret - what auth takes from clients and from the database: refresh
    tokens, opaque credentials, keys of mails, tokens of older deployments, password
    hashes.

    A refresh token has one form, which sodium's decoder must agree with; a hash
    that is affordable is within the maxima by a second reading.  Claims that count under a
    good signature name an account.  A mail's number has one spelling.
    Covers: services/auth/auth_refresh.c services/auth/auth_argon.c services/auth/auth_policy.c
    services/auth/auth_base64.c services/auth/auth_credential.c services/auth/auth_legacy.c
   services/auth/auth_mail_key.c */

#include "auth_argon.h"
#include "auth_base64.h"
#include "auth_credential.h"
#include "auth_legacy.h"
#include "auth_mail_key.h"
#include "auth_policy.h"
#include "auth_refresh.h"
#include "fuzz.h"
#include "sv_email.h"
#include <sodium.h>
#include <stdio.h>

static const auth_secret_t *s_secret (void)
{
    static auth_secret_t *secret;
    if (!secret && sodium_init () >= 0)
        secret = auth_secret_new ("0123456789abcdef0123456789abcdef", 32);
    fuzz_must (secret != NULL);
    return secret;
}

static void s_check_refresh (const char *bytes, size_t len)
{
    const auth_secret_t *secret = s_secret ();
    const pt_str_t nobody = {NULL, 0};
    auth_refresh_t next, again;
    uint8_t raw[33];
    size_t raw_len = 0;
    if (auth_refresh_next (secret, (pt_str_t){bytes, (uint32_t)len}, nobody, &next) != 0)
        return;
    fuzz_must (len == AUTH_REFRESH_LEN && strlen (next.text) == AUTH_REFRESH_LEN);
    fuzz_must (sodium_base642bin (raw, sizeof raw, bytes, len, NULL, &raw_len, NULL,
                                  sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0);
    fuzz_must (raw_len == 32 && memcmp (next.text, bytes, len) != 0);
    fuzz_must (auth_refresh_next (secret, (pt_str_t){next.text, AUTH_REFRESH_LEN}, nobody, &again) == 0);
}

/*  What counts as the key of a mail is what we would write for it. */
static void s_check_mail_text (pt_str_t text, uint64_t *out_mail)
{
    const auth_secret_t *secret = s_secret ();
    auth_mail_key_t made;
    *out_mail = 0;
    if (auth_mail_key_read (secret, NULL, PT_mail_kind_RESET, text, out_mail) != 0) {
        fuzz_must (*out_mail == 0);
        return;
    }
    auth_mail_key_make (secret, PT_mail_kind_RESET, *out_mail, &made);
    fuzz_must (*out_mail > 0 && *out_mail <= LIM_ID && pt_str_eq (text, pt_str (made.text)));
    fuzz_must (auth_mail_key_read (secret, NULL, PT_mail_kind_CONFIRM, text, out_mail) != 0);
}

/*  The bytes as a key, and as the number before the secret of the mail that they spell,
    which counts when it is spelled as we would. */
static void s_check_mail_key (const char *bytes, size_t len)
{
    auth_mail_key_t made;
    char digits[21] = "", text[LIM_MAIL_KEY + 1];
    uint64_t found;
    s_check_mail_text ((pt_str_t){bytes, (uint32_t)len}, &found);
    if (len >= sizeof digits)
        return;
    memcpy (digits, bytes, len);
    uint64_t mail = strtoull (digits, NULL, 10);
    auth_mail_key_make (s_secret (), PT_mail_kind_RESET, mail, &made);
    snprintf (text, sizeof text, "%s%s", digits, strchr (made.text, '-'));
    s_check_mail_text (pt_str (text), &found);
    fuzz_must (mail == 0 || mail > LIM_ID || (found == mail) == (strcmp (text, made.text) == 0));
}

#define S_LEGACY_KEY "0123456789abcdef0123456789abcdef"

static size_t s_add_part (char *out, size_t at, size_t size, const void *bytes, size_t len)
{
    sodium_bin2base64 (out + at, size - at, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen (out);
}

/*  The bytes as a token, and as the claims of a token that is signed well. */
static void s_check_legacy (const char *bytes, size_t len)
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    char token[4096];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    auth_legacy_t found = {0};
    fuzz_must (auth_legacy_verify (PT_LIT (S_LEGACY_KEY), (pt_str_t){bytes, (uint32_t)len}, 1000, &found) != 0);
    if (len > 1024)
        return;
    size_t at = s_add_part (token, 0, sizeof token, header, sizeof header - 1);
    token[at++] = '.';
    at = s_add_part (token, at, sizeof token, bytes, len);
    crypto_auth_hmacsha256 (mac, (const uint8_t *)token, at, (const uint8_t *)S_LEGACY_KEY);
    token[at++] = '.';
    at = s_add_part (token, at, sizeof token, mac, sizeof mac);
    if (auth_legacy_verify (PT_LIT (S_LEGACY_KEY), (pt_str_t){token, (uint32_t)at}, 1000, &found) == 0)
        fuzz_must (found.account > 0 && found.account <= LIM_ID && found.expires_us > 1000);
}

/*  Canonical text is what its content is encoded to. */
static void s_check_opaque (const char *bytes, size_t len)
{
    pt_str_t text = {bytes, (uint32_t)len};
    uint8_t raw[512];
    char back[1024];
    int raw_len = auth_base64_decode (text, raw, sizeof raw);
    if (raw_len > 0) {
        sodium_bin2base64 (back, sizeof back, raw, (size_t)raw_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        fuzz_must (strlen (back) == len && memcmp (back, bytes, len) == 0);
    }
    if (auth_credential_kind (text) != PT_credential_kind_SESSION)
        fuzz_must (len >= AUTH_CREDENTIAL_COOKIE_LEN && len <= AUTH_CREDENTIAL_KNOX_LEN && !memchr (bytes, '.', len));
}

/*  The number behind `name`, which must be there once and in digits alone. */
static unsigned long s_cost (const char *hash, const char *name)
{
    const char *at = strstr (hash, name);
    fuzz_must (at != NULL);
    return strtoul (at + strlen (name), NULL, 10);
}

static void s_check_hash (const char *text)
{
    if (!auth_argon_is_affordable (text))
        return;
    fuzz_must (strncmp (text, "$argon2id$v=", 12) == 0);
    fuzz_must (s_cost (text, "$m=") <= AUTH_ARGON_KIB_MAX && s_cost (text, ",t=") <= AUTH_ARGON_PASSES_MAX);
}

static void s_check_names (const char *bytes, size_t len)
{
    pt_str_t text = {bytes, (uint32_t)len};
    if (auth_policy_is_login (text))
        fuzz_must (len > 0 && !memchr (bytes, '@', len) && !memchr (bytes, '\0', len) && !memchr (bytes, ' ', len));
    if (sv_email_is_valid (text))
        fuzz_must (memchr (bytes, '@', len) && !memchr (bytes, '\n', len) && !memchr (bytes, '\r', len) &&
                   !memchr (bytes, ' ', len));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    size_t len;
    char *bytes = fuzz_bytes (&in, in.left, &len);
    in = (fuzz_input_t){data, size};
    char *text = fuzz_string (&in, AUTH_ARGON_SIZE - 1);
    s_check_refresh (bytes, len);
    s_check_mail_key (bytes, len);
    s_check_legacy (bytes, len);
    s_check_opaque (bytes, len);
    s_check_hash (text);
    s_check_names (bytes, len);
    free (text);
    free (bytes);
    return 0;
}
