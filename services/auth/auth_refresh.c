/*  auth_refresh - opaque refresh tokens, derived rather than drawn. */

#include "auth_refresh.h"
#include <sodium.h>

_Static_assert(LIM_HASH == crypto_hash_sha256_BYTES, "store keeps SHA-256");
_Static_assert(AUTH_REFRESH_LEN <= LIM_REFRESH, "a token must fit its field");

static void s_derive_token (const auth_secret_t *secret, const char *label, const pt_str_t *parts, size_t count,
                            auth_refresh_t *out_token)
{
    uint8_t mac[AUTH_MAC_LEN];
    auth_secret_mac (secret, label, parts, count, mac);
    sodium_bin2base64 (out_token->text, sizeof out_token->text, mac, sizeof mac,
                       sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero (mac, sizeof mac);
}

/*  Value of a base64url digit, or -1.  (sodium_base642bin takes some bytes over
    0x7f for digits where char is signed.) */
static int s_digit (char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = memchr (digits, c, sizeof digits - 1);
    return at ? (int)(at - digits) : -1;
}

/*  43 digits hold 258 bits: the last two must be 0, so that a token has one form. */
static bool s_is_token (pt_str_t token)
{
    if (token.len != AUTH_REFRESH_LEN)
        return false;
    for (uint32_t i = 0; i < AUTH_REFRESH_LEN; i++)
        if (s_digit (token.at[i]) < 0)
            return false;
    return s_digit (token.at[AUTH_REFRESH_LEN - 1]) % 4 == 0;
}

void auth_refresh_first (const auth_secret_t *secret, uint64_t account, pt_str_t key, auth_refresh_t *out_token)
{
    char id[8];
    for (int i = 0; i < 8; i++)
        id[i] = (char)(account >> (56 - 8 * i));
    const pt_str_t parts[] = {{id, sizeof id}, key};
    s_derive_token (secret, "session", parts, 2, out_token);
}

int auth_refresh_next (const auth_secret_t *secret, pt_str_t token, auth_refresh_t *out_token)
{
    if (!s_is_token (token))
        return -PT_E_token_invalid;
    s_derive_token (secret, "refresh", &token, 1, out_token);
    return 0;
}

void auth_refresh_hash (pt_str_t token, uint8_t out_hash[LIM_HASH])
{
    crypto_hash_sha256 (out_hash, (const uint8_t *)token.at, token.len);
}
