/*  auth_token - access tokens: JWT (RFC 9068) signed with ES256. */

#include "auth_token.h"
#include <cjose/jws.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>

/*  Every claim is a number, hex digits or a constant: nothing needs escaping.  The
    last two are for clients that were written for SimpleJWT. */
static int s_write_claims (const auth_claims_t *claims, char *out, size_t size, size_t *out_len)
{
    char jti[2 * AUTH_TOKEN_JTI_LEN + 1];
    sodium_bin2hex (jti, sizeof jti, claims->jti, sizeof claims->jti);
    int64_t now_s = claims->now_us / 1000000;
    int len = snprintf (out, size,
                        "{\"iss\":\"" AUTH_TOKEN_ISSUER "\",\"aud\":\"" AUTH_TOKEN_AUDIENCE "\",\"sub\":\"%" PRIu64
                        "\",\"sid\":\"%" PRIu64 "\",\"iat\":%" PRId64 ",\"nbf\":%" PRId64 ",\"exp\":%" PRId64
                        ",\"jti\":\"%s\",\"gen\":%" PRIu64 "%s,\"token_type\":\"access\",\"user_id\":%" PRIu64 "}",
                        claims->account, claims->session, now_s, now_s, now_s + (int64_t)claims->ttl_s, jti,
                        claims->generation, claims->is_staff ? ",\"staff\":true" : "", claims->account);
    if (len < 0 || (size_t)len >= size)
        return -PT_E_internal;
    *out_len = (size_t)len;
    return 0;
}

static cjose_header_t *s_make_header (const auth_key_t *key)
{
    cjose_header_t *header = cjose_header_new (NULL);
    if (header && cjose_header_set (header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, NULL) &&
        cjose_header_set (header, "typ", AUTH_TOKEN_TYPE, NULL) &&
        cjose_header_set (header, CJOSE_HDR_KID, auth_key_kid (key), NULL))
        return header;
    if (header)
        cjose_header_release (header);
    return NULL;
}

int auth_token_sign (const auth_key_t *key, const auth_claims_t *claims, auth_token_t *out_token)
{
    char text[512];
    size_t len = 0;
    int rc = s_write_claims (claims, text, sizeof text, &len);
    if (rc != 0)
        return rc;
    cjose_header_t *header = s_make_header (key);
    if (!header)
        return -PT_E_memory;
    const char *compact = NULL;
    cjose_jws_t *jws = cjose_jws_sign (auth_key_jwk (key), header, (const uint8_t *)text, len, NULL);
    cjose_header_release (header);
    rc = -PT_E_internal;
    if (jws && cjose_jws_export (jws, &compact, NULL) && strlen (compact) <= LIM_TOKEN) {
        out_token->len = strlen (compact);
        memcpy (out_token->text, compact, out_token->len + 1);
        rc = 0;
    }
    cjose_jws_release (jws);
    return rc;
}

/*  The claims when the signature is `key`'s, else NULL. */
static json_t *s_read_claims (const auth_key_t *key, pt_str_t text)
{
    cjose_err err;
    uint8_t *plain = NULL;
    size_t len = 0;
    json_t *claims = NULL;
    cjose_jws_t *jws = cjose_jws_import (text.at, text.len, &err);
    cjose_header_t *header = jws ? cjose_jws_get_protected (jws) : NULL;
    const char *alg = header ? cjose_header_get (header, CJOSE_HDR_ALG, &err) : NULL;
    if (alg && strcmp (alg, CJOSE_HDR_ALG_ES256) == 0 && cjose_jws_verify (jws, auth_key_jwk (key), &err) &&
        cjose_jws_get_plaintext (jws, &plain, &len, &err))
        claims = json_loadb ((const char *)plain, len, JSON_REJECT_DUPLICATES, NULL);
    cjose_jws_release (jws);
    return claims;
}

bool auth_token_is_live (const auth_key_t *key, pt_str_t text, int64_t now_us)
{
    if (text.len > LIM_TOKEN || !memchr (text.at, '.', text.len))
        return false;
    json_t *claims = s_read_claims (key, text);
    const char *type = json_string_value (json_object_get (claims, "token_type"));
    int64_t end_s = json_integer_value (json_object_get (claims, "exp"));
    bool is_live = type && strcmp (type, "access") == 0 && end_s > now_us / 1000000;
    json_decref (claims);
    return is_live;
}
