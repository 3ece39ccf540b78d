/*  gw_cookie - cookies in and out; pure. */

#include "gw_cookie.h"
#include <inttypes.h>

static bool s_is_blank (char c)
{
    return c == ' ' || c == '\t';
}

static pt_str_t s_trim (const char *at, size_t len)
{
    while (len > 0 && s_is_blank (*at)) {
        at++;
        len--;
    }
    while (len > 0 && s_is_blank (at[len - 1]))
        len--;
    return (pt_str_t){at, (uint32_t)len};
}

/*  cookie-octet of RFC 6265, 4.1.1. */
static bool s_is_value (pt_str_t value)
{
    for (uint32_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

static pt_str_t s_unquote (pt_str_t value)
{
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        return (pt_str_t){value.at + 1, value.len - 2};
    return value;
}

/*  One pair after the other, starting with *at = 0; false at the end. */
static bool s_next (pt_str_t header, size_t *at, pt_str_t *out_name, pt_str_t *out_value)
{
    if (*at >= header.len)
        return false;
    const char *pair = header.at + *at, *end = memchr (pair, ';', header.len - *at);
    size_t len = end ? (size_t)(end - pair) : header.len - *at;
    const char *equals = memchr (pair, '=', len);
    *at += len + 1;
    *out_name = s_trim (pair, equals ? (size_t)(equals - pair) : len);
    *out_value = equals ? s_unquote (s_trim (equals + 1, len - (size_t)(equals + 1 - pair))) : (pt_str_t){0};
    return true;
}

pt_str_t gw_cookie_find (pt_str_t header, const char *name)
{
    static const pt_str_t none = {0};
    pt_str_t found = none, key, value;
    size_t at = 0;
    for (unsigned i = 0; i < GW_COOKIE_PAIRS && s_next (header, &at, &key, &value); i++) {
        if (!value.at || !pt_str_eq (key, pt_str (name)))
            continue;
        if (!s_is_value (value) || (found.at && !pt_str_eq (found, value)))
            return none;
        found = value;
    }
    return found;
}

bool gw_cookie_is_key (pt_str_t value)
{
    for (uint32_t i = 0; i < value.len; i++)
        if (!(value.at[i] >= 'a' && value.at[i] <= 'z') && !(value.at[i] >= '0' && value.at[i] <= '9'))
            return false;
    return value.len == GW_COOKIE_KEY;
}

static void s_put (pt_buf_t *out, const char *name, pt_str_t value, uint64_t seconds, const char *rest, bool is_secure)
{
    pt_buf_printf (out, "Set-Cookie: %s=", name);
    pt_buf_put (out, value.at, value.len);
    pt_buf_printf (out, "; Path=/; Max-Age=%" PRIu64 "; SameSite=Lax%s%s\r\n", seconds, rest,
                   is_secure ? "; Secure" : "");
}

void gw_cookie_put_session (pt_buf_t *out, pt_str_t value, uint64_t seconds, bool is_secure)
{
    s_put (out, GW_COOKIE_SESSION, value, seconds, "; HttpOnly", is_secure);
}

void gw_cookie_put_access (pt_buf_t *out, pt_str_t value, uint64_t seconds, bool is_secure)
{
    s_put (out, GW_COOKIE_ACCESS, value, seconds, "; HttpOnly", is_secure);
}

/*  Pages read it, to repeat it in a header: not HttpOnly. */
void gw_cookie_put_csrf (pt_buf_t *out, pt_str_t value, uint64_t seconds, bool is_secure)
{
    s_put (out, GW_COOKIE_CSRF, value, seconds, "", is_secure);
}

uint64_t gw_cookie_seconds (int64_t expires_us, int64_t now_us)
{
    return expires_us > now_us ? ((uint64_t)(expires_us - now_us) + 999999) / 1000000 : 0;
}

/*  The remainder favours four letters a little: of 165 bits less than one is lost. */
void gw_cookie_key (const uint8_t random[GW_COOKIE_KEY], char out[GW_COOKIE_KEY + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (unsigned i = 0; i < GW_COOKIE_KEY; i++)
        out[i] = letters[random[i] % (sizeof letters - 1)];
    out[GW_COOKIE_KEY] = '\0';
}
