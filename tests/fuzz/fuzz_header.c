/*  fuzz_header - any bytes as the value of any header; every value that is
    accepted is judged again by the grammar.
    Covers: services/gateway/gw_header.c, services/gateway/identity/gw_identity.c */

#include "fuzz.h"
#include "gw_header.h"
#include "gw_identity.h"
#include <ctype.h>
#include <strings.h>

static void s_check_length (const char *value, size_t len)
{
    uint64_t length = 0;
    if (gw_header_length (value, len, &length) != 0)
        return;
    uint64_t again = 0;
    for (size_t i = 0; i < len; i++) {
        fuzz_must (isdigit ((unsigned char)value[i]));
        again = again * 10 + (uint64_t)(value[i] - '0');
    }
    fuzz_must (len > 0 && length == again && length < UINT64_C (1000000000000000));
}

static void s_check_host (const char *value, size_t len)
{
    if (!gw_header_host_ok (value, len))
        return;
    for (size_t i = 0; i < len; i++)
        fuzz_must (isalnum ((unsigned char)value[i]) || (value[i] && strchr (".-_:[]", value[i])));
}

/*  An origin needs the list or this host; never is it `null` or `*`. */
static void s_check_origin (const char *value, size_t len, const char *host)
{
    if (gw_header_origin_ok (value, len, NULL, host))
        fuzz_must (len > strlen (host) && strncasecmp (value, "http", 4) == 0 && !memchr (value, '*', len));
    if (gw_header_is_origin (value, len))
        fuzz_must (len > 7 && !memchr (value, '*', len) && !memchr (value, '@', len) && !memchr (value, ' ', len));
}

static void s_check_credentials (const char *value, size_t len)
{
    const char *token;
    size_t token_len;
    pt_scheme_t scheme;
    int err = gw_header_credentials (value, len, &scheme, &token, &token_len);
    fuzz_must ((err == -PT_E_unauthenticated) == (scheme == PT_scheme_none));
    if (err != 0)
        return;
    fuzz_must (token_len > 0 && token > value && token + token_len == value + len);
    for (size_t i = 0; i < token_len; i++)
        fuzz_must (isalnum ((unsigned char)token[i]) || (token[i] && strchr ("-._~+/=", token[i])));
}

/*  What auth is asked about goes out as text. */
static void s_check_asked (pt_str_t secret)
{
    for (uint32_t i = 0; i < secret.len; i++)
        fuzz_must (isalnum ((unsigned char)secret.at[i]) || (secret.at[i] && strchr ("._-", secret.at[i])));
}

/*  The value in every place at once: who was meant comes first and alone, cookies are
    of no more use than their shape, and nothing is longer than what was shown. */
static void s_check_order (const char *value, size_t len)
{
    const pt_str_t text = {value, (uint32_t)len};
    const gw_shown_t shown = {
        .authorization = text, .query = text, .subprotocol = text, .cookies = text, .is_socket = len & 1};
    gw_credential_t credential;
    unsigned at = 0, count = 0;
    bool is_last = false;
    char plain[LIM_TOKEN];
    while (gw_identity_next (&shown, &at, &credential)) {
        fuzz_must (!is_last && count++ < 3 && credential.secret.len <= len);
        is_last = !credential.is_cookie;
        fuzz_must (credential.shape == GW_CREDENTIAL_NEVER || credential.scheme == PT_scheme_BASIC ||
                   credential.secret.len <= LIM_TOKEN);
        if (credential.shape == GW_CREDENTIAL_ASKED && credential.scheme == PT_scheme_BASIC)
            fuzz_must (gw_identity_basic (credential.secret, plain, sizeof plain) > 0);
        else if (credential.shape == GW_CREDENTIAL_ASKED)
            s_check_asked (credential.secret);
    }
    fuzz_must (gw_identity_scopes (text) <= GW_SCOPE_ALL);
}

static void s_check_list (const char *value, size_t len)
{
    const char *entry, *end = value;
    size_t entry_len, at = 0;
    while (gw_header_next (value, len, &at, &entry, &entry_len)) {
        fuzz_must (entry >= end && entry + entry_len <= value + len && entry_len > 0);
        fuzz_must (!memchr (entry, ',', entry_len));
        end = entry + entry_len;
    }
}

static void s_check_printable (const char *value, size_t len)
{
    if (!gw_header_printable (value, len, 64))
        return;
    fuzz_must (len >= 1 && len <= 64);
    for (size_t i = 0; i < len; i++)
        fuzz_must (isprint ((unsigned char)value[i]));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    size_t host_len = fuzz_u8 (&in) % 32, len;
    char *host = fuzz_string (&in, host_len);
    char *value = fuzz_bytes (&in, in.left, &len);
    s_check_length (value, len);
    s_check_host (value, len);
    s_check_origin (value, len, host);
    s_check_credentials (value, len);
    s_check_order (value, len);
    s_check_list (value, len);
    s_check_printable (value, len);
    (void)gw_header_in_list (host, value, len);
    (void)gw_header_is_json (value, len);
    (void)gw_header_accepts_json (value, len);
    free (value);
    free (host);
    return 0;
}
