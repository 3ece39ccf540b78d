/*  auth_credential - opaque credentials, derived from the secret rather than
    drawn; pure. */

#include "auth_credential.h"
#include "auth_base64.h"
#include <sodium.h>

_Static_assert(LIM_SECRET_HASH == crypto_hash_sha512_BYTES, "the longest hash is that of knox");
_Static_assert(AUTH_MAC_LEN * 2 == AUTH_CREDENTIAL_KNOX_LEN, "a knox token is all of a MAC in hex");

/*  Letters and digits of a cookie.  256 is no multiple of 36, so the first four come
    up one time in 36 more often: 32 of them still hold 165 bits. */
static const char s_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
#define S_LETTERS (sizeof s_letters - 1)

static void s_write_hex (const uint8_t *mac, uint32_t len, auth_credential_t *out)
{
    char hex[2 * AUTH_MAC_LEN + 1];
    sodium_bin2hex (hex, sizeof hex, mac, AUTH_MAC_LEN);
    memcpy (out->text, hex, len);
    sodium_memzero (hex, sizeof hex);
    out->text[len] = '\0';
}

static void s_write_token (const uint8_t *mac, auth_credential_t *out)
{
    size_t head = sizeof AUTH_CREDENTIAL_TOKEN_HEAD - 1;
    memcpy (out->text, AUTH_CREDENTIAL_TOKEN_HEAD, head);
    auth_base64_encode_32 (mac, out->text + head);
}

static void s_write_cookie (const uint8_t *mac, auth_credential_t *out)
{
    for (size_t i = 0; i < AUTH_CREDENTIAL_COOKIE_LEN; i++)
        out->text[i] = s_letters[mac[i] % S_LETTERS];
    out->text[AUTH_CREDENTIAL_COOKIE_LEN] = '\0';
}

static void s_write (pt_credential_kind_t kind, const uint8_t *mac, auth_credential_t *out)
{
    out->kind = kind;
    if (kind == PT_credential_kind_AUTHTOKEN)
        s_write_hex (mac, AUTH_CREDENTIAL_AUTHTOKEN_LEN, out);
    else if (kind == PT_credential_kind_KNOX)
        s_write_hex (mac, AUTH_CREDENTIAL_KNOX_LEN, out);
    else if (kind == PT_credential_kind_TOKEN)
        s_write_token (mac, out);
    else
        s_write_cookie (mac, out);
    out->len = (uint32_t)strlen (out->text);
}

void auth_credential_authtoken (const auth_secret_t *secret, uint64_t account, uint64_t generation,
                                auth_credential_t *out)
{
    char id[8], number[8];
    uint8_t mac[AUTH_MAC_LEN];
    const pt_str_t parts[] = {auth_secret_number (account, id), auth_secret_number (generation, number)};
    auth_secret_mac (secret, "authtoken", parts, 2, mac);
    s_write (PT_credential_kind_AUTHTOKEN, mac, out);
    sodium_memzero (mac, sizeof mac);
}

void auth_credential_derive (const auth_secret_t *secret, pt_credential_kind_t kind, uint64_t account, pt_str_t key,
                             auth_credential_t *out)
{
    char id[8];
    uint8_t mac[AUTH_MAC_LEN];
    const char *label = kind == PT_credential_kind_KNOX    ? "knox"
                        : kind == PT_credential_kind_TOKEN ? "token"
                                                           : "cookie";
    const pt_str_t parts[] = {auth_secret_number (account, id), key};
    auth_secret_mac (secret, label, parts, 2, mac);
    s_write (kind, mac, out);
    sodium_memzero (mac, sizeof mac);
}

/*  ---- form -------------------------------------------------------------------- */

static bool s_is_of (pt_str_t text, const char *letters, size_t count)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (!memchr (letters, text.at[i], count))
            return false;
    return true;
}

static bool s_is_token (pt_str_t text)
{
    size_t head = sizeof AUTH_CREDENTIAL_TOKEN_HEAD - 1;
    return text.len == AUTH_CREDENTIAL_TOKEN_LEN && memcmp (text.at, AUTH_CREDENTIAL_TOKEN_HEAD, head) == 0 &&
           auth_base64_is ((pt_str_t){text.at + head, (uint32_t)(text.len - head)});
}

pt_credential_kind_t auth_credential_kind (pt_str_t text)
{
    bool is_hex = s_is_of (text, "0123456789abcdef", 16);
    if (is_hex && text.len == AUTH_CREDENTIAL_AUTHTOKEN_LEN)
        return PT_credential_kind_AUTHTOKEN;
    if (is_hex && text.len == AUTH_CREDENTIAL_KNOX_LEN)
        return PT_credential_kind_KNOX;
    if (s_is_token (text))
        return PT_credential_kind_TOKEN;
    if (text.len == AUTH_CREDENTIAL_COOKIE_LEN && s_is_of (text, s_letters, S_LETTERS))
        return PT_credential_kind_COOKIE;
    return PT_credential_kind_SESSION;
}

void auth_credential_hash (pt_credential_kind_t kind, pt_str_t text, auth_credential_hash_t *out)
{
    if (kind == PT_credential_kind_KNOX) {
        out->len = crypto_hash_sha512_BYTES;
        crypto_hash_sha512 (out->at, (const uint8_t *)text.at, text.len);
    } else {
        out->len = crypto_hash_sha256_BYTES;
        crypto_hash_sha256 (out->at, (const uint8_t *)text.at, text.len);
    }
}

pt_str_t auth_credential_prefix (const auth_credential_t *self)
{
    if (self->kind == PT_credential_kind_KNOX)
        return (pt_str_t){self->text, 15};
    if (self->kind == PT_credential_kind_TOKEN)
        return (pt_str_t){self->text, 12};
    return (pt_str_t){NULL, 0};
}
