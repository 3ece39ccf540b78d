/*  gw_token - who is asking: access tokens verified locally and cached.

    The verifier picks the algorithm: a header that names another one, or brings
    a key or a URL of its own, is refused before any signature is computed.  Of
    the many spellings base64url decoders let pass, only the canonical one is
    taken, so that a token has exactly one text. */

#include "gw_token.h"
#include "gw_token_cache.h"
#include "pt_limits.h"
#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/*  Clocks of two machines may differ by so much. */
#define SKEW_US (5 * (int64_t)1000000)

/*  A P-256 signature in base64url. */
#define SIGNATURE_TEXT 86

typedef struct {
    char kid[64 + 1];
    cjose_jwk_t *jwk;
} verify_key_t;

struct gw_tokens {
    verify_key_t keys[LIM_KEYS];
    unsigned key_count;
    bool saw_unknown;
    gw_token_cache_t *cache;
};

gw_tokens_t *gw_tokens_new (void)
{
    gw_tokens_t *self = calloc (1, sizeof *self);
    if (self)
        self->cache = gw_token_cache_new ();
    if (self && !self->cache)
        gw_tokens_destroy (&self);
    return self;
}

static void s_release_keys (verify_key_t *keys, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cjose_jwk_release (keys[i].jwk);
}

void gw_tokens_destroy (gw_tokens_t **self_p)
{
    gw_tokens_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    s_release_keys (self->keys, self->key_count);
    gw_token_cache_destroy (&self->cache);
    free (self);
}

/* ---- keys -------------------------------------------------------------------- */

static bool s_import_key (const pt_public_key_t *key, verify_key_t *out)
{
    cjose_err err;
    if (key->kid.len == 0 || key->kid.len >= sizeof out->kid)
        return false;
    cjose_jwk_t *jwk = cjose_jwk_import (key->jwk.at, key->jwk.len, &err);
    if (!jwk)
        return false;
    if (cjose_jwk_get_kty (jwk, &err) != CJOSE_JWK_KTY_EC || cjose_jwk_EC_get_curve (jwk, &err) != CJOSE_JWK_EC_P_256) {
        cjose_jwk_release (jwk);
        return false;
    }
    memcpy (out->kid, key->kid.at, key->kid.len);
    out->kid[key->kid.len] = '\0';
    out->jwk = jwk;
    return true;
}

int gw_tokens_set_keys (gw_tokens_t *self, const pt_key_set_t *keys)
{
    verify_key_t fresh[LIM_KEYS];
    unsigned count = 0;
    for (uint32_t i = 0; i < keys->keys.count && count < LIM_KEYS; i++)
        if (s_import_key (&keys->keys.at[i], &fresh[count]))
            count++;
    if (count == 0)
        return -PT_E_invalid;
    bool is_same = count == self->key_count;
    for (unsigned i = 0; is_same && i < count; i++)
        is_same = strcmp (fresh[i].kid, self->keys[i].kid) == 0;
    s_release_keys (self->keys, self->key_count);
    memcpy (self->keys, fresh, sizeof fresh[0] * count);
    self->key_count = count;
    /*  What a withdrawn key had signed is to be judged again. */
    if (!is_same)
        gw_token_cache_clear (self->cache);
    return 0;
}

bool gw_tokens_has_keys (const gw_tokens_t *self)
{
    return self->key_count > 0;
}

bool gw_tokens_take_unknown (gw_tokens_t *self)
{
    bool saw = self->saw_unknown;
    self->saw_unknown = false;
    return saw;
}

static const cjose_jwk_t *s_find_key (gw_tokens_t *self, const char *kid)
{
    for (unsigned i = 0; i < self->key_count; i++)
        if (strcmp (self->keys[i].kid, kid) == 0)
            return self->keys[i].jwk;
    self->saw_unknown = true;
    return NULL;
}

/* ---- form ---------------------------------------------------------------------- */

/*  6 bits of a base64url character, -1 for any other. */
static int s_sextet (char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/*  Not padded, and with zeros in the bits of the last character that carry none. */
static bool s_is_canonical (const char *text, size_t len)
{
    if (len == 0 || len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++)
        if (s_sextet (text[i]) < 0)
            return false;
    int last = s_sextet (text[len - 1]);
    return len % 4 == 2 ? (last & 15) == 0 : len % 4 == 3 ? (last & 3) == 0 : true;
}

static bool s_has_form (const char *token, size_t len)
{
    const char *first = memchr (token, '.', len);
    const char *second = first ? memchr (first + 1, '.', len - (size_t)(first + 1 - token)) : NULL;
    if (!second || len > LIM_TOKEN)
        return false;
    size_t signature = len - (size_t)(second + 1 - token);
    return signature == SIGNATURE_TEXT && s_is_canonical (token, (size_t)(first - token)) &&
           s_is_canonical (first + 1, (size_t)(second - first - 1)) && s_is_canonical (second + 1, signature);
}

/* ---- header and claims ----------------------------------------------------------- */

static bool s_text_is (const json_t *object, const char *name, const char *expected)
{
    const char *text = json_string_value (json_object_get (object, name));
    return text && strcmp (text, expected) == 0;
}

static bool s_header_is (cjose_header_t *header, const char *name, const char *expected)
{
    cjose_err err;
    const char *text = cjose_header_get (header, name, &err);
    return text && strcmp (text, expected) == 0;
}

static const cjose_jwk_t *s_judge_header (gw_tokens_t *self, cjose_header_t *header)
{
    static const char *const foreign[] = {"jwk", "jku", "x5u", "x5c", "crit", "zip", "b64"};
    cjose_err err;
    if (!header || !s_header_is (header, "alg", "ES256") || !s_header_is (header, "typ", "JWT"))
        return NULL;
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        char *raw = cjose_header_get_raw (header, foreign[i], &err);
        if (raw) {
            cjose_get_dealloc () (raw);
            return NULL;
        }
    }
    const char *kid = cjose_header_get (header, "kid", &err);
    return kid ? s_find_key (self, kid) : NULL;
}

static bool s_id (const json_t *claims, const char *name, uint64_t *out)
{
    const char *text = json_string_value (json_object_get (claims, name));
    if (!text || *text < '1' || *text > '9' || strlen (text) > 19 || strspn (text, "0123456789") != strlen (text))
        return false;
    *out = strtoull (text, NULL, 10);
    return *out <= LIM_ID;
}

/*  A time in whole seconds, between 1970 and the year 9999. */
static bool s_time (const json_t *claims, const char *name, int64_t *out_us)
{
    const json_t *value = json_object_get (claims, name);
    if (!json_is_integer (value) || json_integer_value (value) < 0 || json_integer_value (value) > 253402300799)
        return false;
    *out_us = (int64_t)json_integer_value (value) * 1000000;
    return true;
}

/*  What the account was when the token was signed.  Of generation, staff and time one that is
    absent says the least; one of another type than ours is not from us. */
static bool s_read_account (const json_t *claims, gw_identity_t *out)
{
    const json_t *generation = json_object_get (claims, "gen"), *staff = json_object_get (claims, "staff");
    if (generation && (!json_is_integer (generation) || json_integer_value (generation) < 0 ||
                       (uint64_t)json_integer_value (generation) > LIM_SEQ))
        return false;
    if (staff && !json_is_boolean (staff))
        return false;
    if (!s_text_is (claims, "token_type", "access"))
        return false;
    if (json_object_get (claims, "iat") && !s_time (claims, "iat", &out->issued_us))
        return false;
    out->generation = generation ? (uint64_t)json_integer_value (generation) : 0;
    out->is_staff = json_is_true (staff);
    out->kind = PT_credential_kind_SESSION;
    out->scopes = GW_SCOPE_ALL;
    return true;
}

static int s_judge_claims (const json_t *claims, int64_t now_us, gw_identity_t *out)
{
    int64_t not_before = 0;
    if (!json_is_object (claims) || !s_text_is (claims, "iss", "parley") || !s_text_is (claims, "aud", "parley"))
        return -PT_E_token_invalid;
    if (!s_id (claims, "sub", &out->account) || !s_id (claims, "sid", &out->session) ||
        !s_time (claims, "exp", &out->expires_us) || !s_read_account (claims, out))
        return -PT_E_token_invalid;
    if (json_object_get (claims, "nbf") && !s_time (claims, "nbf", &not_before))
        return -PT_E_token_invalid;
    if (not_before > now_us + SKEW_US)
        return -PT_E_token_invalid;
    return now_us >= out->expires_us ? -PT_E_token_expired : 0;
}

static int s_verify (gw_tokens_t *self, const char *token, size_t len, int64_t now_us, gw_identity_t *out)
{
    cjose_err err;
    uint8_t *text = NULL;
    size_t text_len = 0;
    int result = -PT_E_token_invalid;
    cjose_jws_t *jws = cjose_jws_import (token, len, &err);
    if (!jws)
        return result;
    const cjose_jwk_t *key = s_judge_header (self, cjose_jws_get_protected (jws));
    if (key && cjose_jws_verify (jws, key, &err) && cjose_jws_get_plaintext (jws, &text, &text_len, &err)) {
        json_t *claims = json_loadb ((const char *)text, text_len, JSON_REJECT_DUPLICATES, NULL);
        result = s_judge_claims (claims, now_us, out);
        json_decref (claims);
    }
    cjose_jws_release (jws);
    return result;
}

int gw_tokens_verify (gw_tokens_t *self, const char *token, size_t len, int64_t now_us, gw_identity_t *out_identity)
{
    uint8_t hash[GW_TOKEN_HASH];
    gw_identity_t identity = {0};
    if (self->key_count == 0)
        return -PT_E_unavailable;
    if (!s_has_form (token, len))
        return -PT_E_token_invalid;
    SHA256 ((const unsigned char *)token, len, hash);
    int err = 0;
    if (!gw_token_cache_find (self->cache, hash, &identity)) {
        err = s_verify (self, token, len, now_us, &identity);
        if (err == 0)
            gw_token_cache_put (self->cache, hash, &identity);
    } else if (now_us >= identity.expires_us) {
        err = -PT_E_token_expired;
    }
    if (err == 0)
        *out_identity = identity;
    return err;
}
