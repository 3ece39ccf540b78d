/*  fuzz_cookie - any bytes as a Cookie header, and as what proves that a request
    was meant.

    A value that is found lies in the header behind its name, has no byte that would
    end it, and no other value stands beside it; who passes has repeated the token
    and named no origin but this host's.
    Covers: services/gateway/identity/gw_cookie.c, services/gateway/identity/gw_csrf.c */

#include "fuzz.h"
#include "gw_cookie.h"
#include "gw_csrf.h"
#include <strings.h>

static void s_check_found (pt_str_t header, const char *name)
{
    pt_str_t value = gw_cookie_find (header, name);
    if (!value.at)
        return;
    fuzz_must (value.at > header.at && value.at + value.len <= header.at + header.len);
    for (uint32_t i = 0; i < value.len; i++)
        fuzz_must (value.at[i] > ' ' && value.at[i] < 0x7f && !strchr ("\",;\\", value.at[i]));
    fuzz_must (memmem (header.at, header.len, name, strlen (name)) != NULL);
}

static void s_check_csrf (pt_str_t cookies, pt_str_t token, pt_str_t from, bool is_origin)
{
    gw_csrf_t csrf = {.cookie = gw_cookie_find (cookies, GW_COOKIE_CSRF), .header = token, .host = "x"};
    *(is_origin ? &csrf.origin : &csrf.referer) = from;
    if (gw_csrf_judge (&csrf) != 0)
        return;
    fuzz_must (gw_cookie_is_key (csrf.cookie) && pt_str_eq (csrf.cookie, token));
    fuzz_must (from.len >= 8 &&
               (strncasecmp (from.at, "http://x", 8) == 0 || strncasecmp (from.at, "https://", 8) == 0));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    bool is_origin = fuzz_u8 (&in) & 1;
    size_t from_len = fuzz_u8 (&in) % 64, len, token_len;
    char *from = fuzz_bytes (&in, from_len, &from_len), *token = fuzz_bytes (&in, GW_COOKIE_KEY, &token_len);
    char *header = fuzz_bytes (&in, in.left, &len);
    const pt_str_t cookies = {header, (uint32_t)len};
    s_check_found (cookies, GW_COOKIE_SESSION);
    s_check_found (cookies, GW_COOKIE_CSRF);
    s_check_found (cookies, "a");
    s_check_csrf (cookies, (pt_str_t){token, (uint32_t)token_len}, (pt_str_t){from, (uint32_t)from_len}, is_origin);
    free (from);
    free (token);
    free (header);
    return 0;
}
