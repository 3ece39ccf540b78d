/*  gw_identity - which credential counts, its shape, and what it may do; pure. */

#include "gw_identity.h"
#include "gw_base64.h"
#include "gw_cookie.h"
#include "gw_header.h"
#include "pt_codec.h"
#include <ctype.h>
#include <stdio.h>

/*  Signatures in base64url: of ours (ES256), and of older deployments (HS256). */
#define SIGNATURE_ES256 86
#define SIGNATURE_HS256 43

/*  Hexadecimal tokens of the two Django libraries, and API tokens. */
#define AUTHTOKEN 40
#define KNOX 64
#define API_PREFIX "parley_"
#define API_SECRET 43

/* ---- shapes ------------------------------------------------------------------ */

static bool s_is_hex (pt_str_t text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (!(text.at[i] >= '0' && text.at[i] <= '9') && !(text.at[i] >= 'a' && text.at[i] <= 'f'))
            return false;
    return true;
}

static bool s_is_base64url (const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum ((unsigned char)at[i]) && at[i] != '-' && at[i] != '_')
            return false;
    return true;
}

static bool s_is_api_token (pt_str_t text)
{
    size_t prefix = sizeof API_PREFIX - 1;
    return text.len == prefix + API_SECRET && memcmp (text.at, API_PREFIX, prefix) == 0 &&
           s_is_base64url (text.at + prefix, API_SECRET);
}

static bool s_is_jwt (pt_str_t text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (text.at[i] != '.' && !s_is_base64url (text.at + i, 1))
            return false;
    return true;
}

/*  Which key a JWT would be checked with follows from the length of its signature
    alone: its header is not asked what algorithm it would like. */
static gw_credential_shape_t s_shape (pt_str_t token)
{
    if (token.len == 0 || token.len > LIM_TOKEN)
        return GW_CREDENTIAL_NEVER;
    const char *dot = memrchr (token.at, '.', token.len);
    size_t signature = dot ? (size_t)(token.at + token.len - dot - 1) : 0;
    if (signature == SIGNATURE_ES256)
        return GW_CREDENTIAL_LOCAL;
    if (signature == SIGNATURE_HS256)
        return s_is_jwt (token) ? GW_CREDENTIAL_ASKED : GW_CREDENTIAL_NEVER;
    bool is_ours = s_is_hex (token) ? token.len == AUTHTOKEN || token.len == KNOX : s_is_api_token (token);
    return is_ours ? GW_CREDENTIAL_ASKED : GW_CREDENTIAL_NEVER;
}

size_t gw_identity_basic (pt_str_t base64, char *out, size_t size)
{
    size_t len = 0;
    if (!gw_base64_decode (base64.at, base64.len, out, size, &len) || !memchr (out, ':', len))
        return 0;
    return pt_utf8_valid (out, len) && !memchr (out, '\0', len) ? len : 0;
}

static gw_credential_shape_t s_basic_shape (pt_str_t base64)
{
    char plain[LIM_TOKEN];
    size_t len = gw_identity_basic (base64, plain, sizeof plain);
    explicit_bzero (plain, sizeof plain);
    return len > 0 ? GW_CREDENTIAL_ASKED : GW_CREDENTIAL_NEVER;
}

/* ---- order -------------------------------------------------------------------- */

typedef bool (s_source_t) (const gw_shown_t *shown, gw_credential_t *out);

static bool s_from_header (const gw_shown_t *shown, gw_credential_t *out)
{
    const char *token = NULL;
    size_t len = 0;
    if (!shown->authorization.at)
        return false;
    int err = gw_header_credentials (shown->authorization.at, shown->authorization.len, &out->scheme, &token, &len);
    if (err == -PT_E_unauthenticated)
        return false;
    out->secret = (pt_str_t){token, (uint32_t)len};
    if (err != 0)
        out->shape = GW_CREDENTIAL_NEVER;
    else
        out->shape = out->scheme == PT_scheme_BASIC ? s_basic_shape (out->secret) : s_shape (out->secret);
    return true;
}

static bool s_from_token (pt_str_t token, gw_credential_t *out)
{
    out->scheme = PT_scheme_BEARER;
    out->secret = token;
    out->shape = token.at ? s_shape (token) : GW_CREDENTIAL_NEVER;
    return token.at != NULL;
}

static bool s_from_query (const gw_shown_t *shown, gw_credential_t *out)
{
    return shown->is_socket && s_from_token (shown->query, out);
}

static bool s_from_subprotocol (const gw_shown_t *shown, gw_credential_t *out)
{
    return shown->is_socket && s_from_token (shown->subprotocol, out);
}

static bool s_from_access (const gw_shown_t *shown, gw_credential_t *out)
{
    if (!shown->is_socket || !shown->cookies.at)
        return false;
    out->is_cookie = true;
    return s_from_token (gw_cookie_find (shown->cookies, GW_COOKIE_ACCESS), out);
}

static bool s_from_session (const gw_shown_t *shown, gw_credential_t *out)
{
    if (!shown->cookies.at)
        return false;
    out->is_cookie = true;
    out->scheme = PT_scheme_COOKIE;
    out->secret = gw_cookie_find (shown->cookies, GW_COOKIE_SESSION);
    out->shape = gw_cookie_is_key (out->secret) ? GW_CREDENTIAL_ASKED : GW_CREDENTIAL_NEVER;
    return out->secret.at != NULL;
}

bool gw_identity_next (const gw_shown_t *shown, unsigned *at, gw_credential_t *out)
{
    static s_source_t *const sources[] = {s_from_header, s_from_query, s_from_subprotocol, s_from_access,
                                          s_from_session};
    const unsigned count = sizeof sources / sizeof sources[0];
    while (*at < count) {
        *out = (gw_credential_t){0};
        if (!sources[(*at)++](shown, out))
            continue;
        if (!out->is_cookie)
            *at = count;
        return true;
    }
    *out = (gw_credential_t){0};
    return false;
}

/*  Letters outside ASCII stay as they are: affinity is a matter of cost, and of
    counting failures in one place, not of who somebody is. */
uint64_t gw_identity_affinity (pt_str_t name)
{
    uint64_t hash = UINT64_C (0xcbf29ce484222325);
    for (uint32_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * UINT64_C (0x100000001b3);
    }
    return hash ? hash : 1;
}

/* ---- scopes --------------------------------------------------------------------- */

static const struct {
    const char *word;
    unsigned scope;
} s_scopes[] = {
    {"read", GW_SCOPE_READ}, {"write", GW_SCOPE_WRITE}, {"account", GW_SCOPE_ACCOUNT}, {"admin", GW_SCOPE_ADMIN}};

#define S_SCOPES (sizeof s_scopes / sizeof s_scopes[0])

unsigned gw_identity_scopes (pt_str_t words)
{
    unsigned set = 0;
    for (uint32_t at = 0, len; at < words.len; at += len + 1) {
        const char *end = memchr (words.at + at, ' ', words.len - at);
        len = end ? (uint32_t)(end - words.at) - at : words.len - at;
        for (size_t i = 0; i < S_SCOPES; i++)
            if (pt_str_eq ((pt_str_t){words.at + at, len}, pt_str (s_scopes[i].word)))
                set |= s_scopes[i].scope;
    }
    return set;
}

void gw_identity_words (unsigned scopes, char out[LIM_SCOPES + 1])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < S_SCOPES; i++)
        if ((scopes & s_scopes[i].scope) != 0)
            len += (size_t)snprintf (out + len, LIM_SCOPES + 1 - len, "%s%s", len > 0 ? " " : "", s_scopes[i].word);
}

int gw_identity_may (const gw_identity_t *self, unsigned scopes)
{
    if ((scopes & ~self->scopes) != 0)
        return -PT_E_scope_missing;
    return (scopes & GW_SCOPE_ADMIN) != 0 && !self->is_staff ? -PT_E_forbidden : 0;
}
