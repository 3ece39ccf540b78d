/*  auth_legacy - access tokens of an older deployment, signed with HS256.

    The algorithm is ours to choose, so the header is only ever compared with the
    one form taken, and the signature is checked before any claim is read. */

#include "auth_legacy.h"
#include "auth_base64.h"
#include <jansson.h>
#include <sodium.h>

/*  Seconds until the year 9999. */
#define S_LAST_S 253402300799

typedef struct {
    pt_str_t signed_part; /* header and claims with the dot between */
    pt_str_t header, claims, signature;
} s_parts_t;

static bool s_split (pt_str_t token, s_parts_t *out)
{
    const char *first = token.len <= LIM_TOKEN ? memchr (token.at, '.', token.len) : NULL;
    const char *end = token.at + token.len;
    const char *second = first ? memchr (first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second)
        return false;
    out->signed_part = (pt_str_t){token.at, (uint32_t)(second - token.at)};
    out->header = (pt_str_t){token.at, (uint32_t)(first - token.at)};
    out->claims = (pt_str_t){first + 1, (uint32_t)(second - first - 1)};
    out->signature = (pt_str_t){second + 1, (uint32_t)(end - second - 1)};
    return true;
}

static bool s_is_signed (pt_str_t key, const s_parts_t *parts)
{
    uint8_t shown[crypto_auth_hmacsha256_BYTES], mac[crypto_auth_hmacsha256_BYTES];
    if (auth_base64_decode (parts->signature, shown, sizeof shown) != (int)sizeof shown)
        return false;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init (&state, (const uint8_t *)key.at, key.len);
    crypto_auth_hmacsha256_update (&state, (const uint8_t *)parts->signed_part.at, parts->signed_part.len);
    crypto_auth_hmacsha256_final (&state, mac);
    bool is_same = sodium_memcmp (shown, mac, sizeof mac) == 0;
    sodium_memzero (mac, sizeof mac);
    sodium_memzero (&state, sizeof state);
    return is_same;
}

/*  A part as a JSON object, or NULL. */
static json_t *s_parse (pt_str_t part)
{
    uint8_t text[LIM_TOKEN];
    int len = auth_base64_decode (part, text, sizeof text);
    json_t *object = len > 0 ? json_loadb ((const char *)text, (size_t)len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object (object))
        return object;
    json_decref (object);
    return NULL;
}

static bool s_is_text (const json_t *value, const char *expected)
{
    return json_is_string (value) && strcmp (json_string_value (value), expected) == 0;
}

static bool s_is_header (const json_t *header)
{
    const json_t *typ = json_object_get (header, "typ");
    return s_is_text (json_object_get (header, "alg"), "HS256") && (!typ || s_is_text (typ, "JWT")) &&
           json_object_size (header) == (typ ? 2 : 1);
}

/*  An account id, as a number or as digits without a leading zero. */
static bool s_take_id (const json_t *value, uint64_t *out)
{
    if (json_is_integer (value) && json_integer_value (value) > 0) {
        *out = (uint64_t)json_integer_value (value);
        return true;
    }
    const char *text = json_string_value (value);
    if (!text || *text < '1' || *text > '9' || strlen (text) > 19 || strspn (text, "0123456789") != strlen (text))
        return false;
    *out = strtoull (text, NULL, 10);
    return *out <= LIM_ID;
}

static bool s_take_time (const json_t *value, int64_t *out_us)
{
    if (!json_is_integer (value) || json_integer_value (value) < 0 || json_integer_value (value) > S_LAST_S)
        return false;
    *out_us = (int64_t)json_integer_value (value) * 1000000;
    return true;
}

/*  Whether a time that may be absent has come. */
static bool s_has_come (const json_t *value, int64_t now_us)
{
    int64_t at_us = 0;
    return !value || (s_take_time (value, &at_us) && at_us <= now_us + AUTH_LEGACY_SKEW_US);
}

static int s_judge (const json_t *claims, int64_t now_us, auth_legacy_t *out)
{
    if (!s_is_text (json_object_get (claims, "token_type"), "access") ||
        !s_take_id (json_object_get (claims, "user_id"), &out->account) ||
        !s_take_time (json_object_get (claims, "exp"), &out->expires_us))
        return -PT_E_token_invalid;
    if (json_object_get (claims, "iss") || json_object_get (claims, "aud"))
        return -PT_E_token_invalid;
    if (!s_has_come (json_object_get (claims, "iat"), now_us) || !s_has_come (json_object_get (claims, "nbf"), now_us))
        return -PT_E_token_invalid;
    return now_us >= out->expires_us ? -PT_E_token_expired : 0;
}

int auth_legacy_verify (pt_str_t key, pt_str_t token, int64_t now_us, auth_legacy_t *out)
{
    s_parts_t parts;
    if (key.len < AUTH_LEGACY_KEY_MIN || !s_split (token, &parts) || !s_is_signed (key, &parts))
        return -PT_E_token_invalid;
    json_t *header = s_parse (parts.header), *claims = s_parse (parts.claims);
    int rc = header && claims && s_is_header (header) ? s_judge (claims, now_us, out) : -PT_E_token_invalid;
    json_decref (header);
    json_decref (claims);
    return rc;
}
