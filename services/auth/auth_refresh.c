/*  auth_refresh - opaque refresh tokens, derived rather than drawn. */

#include "auth_refresh.h"
#include "auth_base64.h"
#include <sodium.h>

_Static_assert(LIM_HASH == crypto_hash_sha256_BYTES, "store keeps SHA-256");
_Static_assert(AUTH_REFRESH_LEN == AUTH_BASE64_32, "a token is a MAC");
_Static_assert(AUTH_REFRESH_LEN <= LIM_REFRESH, "a token must fit its field");

static void s_derive_token (const auth_secret_t *secret, const char *label, const pt_str_t *parts, size_t count,
                            auth_refresh_t *out_token)
{
    uint8_t mac[AUTH_MAC_LEN];
    auth_secret_mac (secret, label, parts, count, mac);
    auth_base64_encode_32 (mac, out_token->text);
    sodium_memzero (mac, sizeof mac);
}

void auth_refresh_first (const auth_secret_t *secret, uint64_t account, pt_str_t key, auth_refresh_t *out_token)
{
    char id[8];
    const pt_str_t parts[] = {auth_secret_number (account, id), key};
    s_derive_token (secret, "session", parts, 2, out_token);
}

int auth_refresh_next (const auth_secret_t *secret, pt_str_t token, pt_str_t key, auth_refresh_t *out_token)
{
    const pt_str_t parts[] = {token, key};
    if (token.len != AUTH_REFRESH_LEN || !auth_base64_is (token))
        return -PT_E_token_invalid;
    s_derive_token (secret, "refresh", parts, key.len > 0 ? 2 : 1, out_token);
    return 0;
}

void auth_refresh_hash (pt_str_t token, uint8_t out_hash[LIM_HASH])
{
    crypto_hash_sha256 (out_hash, (const uint8_t *)token.at, token.len);
}
