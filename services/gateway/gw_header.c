/*  gw_header - judging the header values of a request: pure functions, no I/O. */

#include "gw_header.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

/*  Any length beyond is over every cap we have. */
#define LENGTH_DIGITS 15

static bool s_is_space (char c)
{
    return c == ' ' || c == '\t';
}

static bool s_same (const char *value, size_t len, const char *text)
{
    return len == strlen (text) && strncasecmp (value, text, len) == 0;
}

int gw_header_length (const char *value, size_t len, uint64_t *out_length)
{
    uint64_t length = 0;
    if (len == 0 || len > LENGTH_DIGITS)
        return -PT_E_malformed;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return -PT_E_malformed;
        length = length * 10 + (uint64_t)(value[i] - '0');
    }
    *out_length = length;
    return 0;
}

static bool s_port_ok (const char *at, size_t len)
{
    if (len < 2 || len > 6 || at[0] != ':')
        return false;
    unsigned port = 0;
    for (size_t i = 1; i < len; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        port = port * 10 + (unsigned)(at[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

bool gw_header_host_ok (const char *value, size_t len)
{
    size_t name = 0;
    if (len == 0 || len > 255 + 6)
        return false;
    if (value[0] == '[') {
        name = 1;
        while (name < len && (isxdigit ((unsigned char)value[name]) || value[name] == ':' || value[name] == '.'))
            name++;
        if (name < 4 || name >= len || value[name] != ']')
            return false;
        name++;
    } else {
        while (name < len &&
               (isalnum ((unsigned char)value[name]) || value[name] == '.' || value[name] == '-' || value[name] == '_'))
            name++;
        if (name == 0)
            return false;
    }
    return name == len || s_port_ok (value + name, len - name);
}

bool gw_header_next (const char *list, size_t len, size_t *at, const char **out_entry, size_t *out_len)
{
    while (*at < len && (s_is_space (list[*at]) || list[*at] == ','))
        (*at)++;
    if (*at >= len)
        return false;
    size_t first = *at;
    while (*at < len && list[*at] != ',')
        (*at)++;
    size_t end = *at;
    while (end > first && s_is_space (list[end - 1]))
        end--;
    *out_entry = list + first;
    *out_len = end - first;
    return true;
}

bool gw_header_in_list (const char *list, const char *value, size_t len)
{
    const char *entry;
    size_t entry_len, at = 0;
    while (gw_header_next (list, strlen (list), &at, &entry, &entry_len))
        if (entry_len == len && strncasecmp (entry, value, len) == 0)
            return true;
    return false;
}

bool gw_header_origin_ok (const char *origin, size_t len, const char *list, const char *host)
{
    if (len == 0 || s_same (origin, len, "null"))
        return false;
    if (list)
        return gw_header_in_list (list, origin, len);
    size_t scheme = 0;
    if (len > 7 && strncasecmp (origin, "http://", 7) == 0)
        scheme = 7;
    else if (len > 8 && strncasecmp (origin, "https://", 8) == 0)
        scheme = 8;
    return scheme > 0 && s_same (origin + scheme, len - scheme, host);
}

bool gw_header_is_origin (const char *value, size_t len)
{
    size_t scheme = len > 8 && strncasecmp (value, "https://", 8) == 0  ? 8
                    : len > 7 && strncasecmp (value, "http://", 7) == 0 ? 7
                                                                        : 0;
    return scheme > 0 && gw_header_host_ok (value + scheme, len - scheme);
}

static bool s_is_token (const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum ((unsigned char)value[i]) && (value[i] == '\0' || !strchr ("-._~+/=", value[i])))
            return false;
    return len > 0;
}

int gw_header_credentials (const char *value, size_t len, pt_scheme_t *out_scheme, const char **out_token,
                           size_t *out_len)
{
    static const struct {
        const char *word;
        pt_scheme_t scheme;
    } schemes[] = {{"Bearer", PT_scheme_BEARER}, {"Token", PT_scheme_TOKEN}, {"Basic", PT_scheme_BASIC}};
    size_t at = 0;
    while (at < len && value[at] != ' ')
        at++;
    *out_scheme = PT_scheme_none;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (s_same (value, at, schemes[i].word))
            *out_scheme = schemes[i].scheme;
    if (*out_scheme == PT_scheme_none)
        return -PT_E_unauthenticated;
    while (at < len && value[at] == ' ')
        at++;
    *out_token = value + at;
    *out_len = len - at;
    return s_is_token (*out_token, *out_len) ? 0 : -PT_E_token_invalid;
}

bool gw_header_printable (const char *value, size_t len, size_t max)
{
    if (len == 0 || len > max)
        return false;
    for (size_t i = 0; i < len; i++)
        if (value[i] < 0x20 || value[i] > 0x7e)
            return false;
    return true;
}

static size_t s_media_len (const char *value, size_t len)
{
    size_t end = 0;
    while (end < len && value[end] != ';')
        end++;
    while (end > 0 && s_is_space (value[end - 1]))
        end--;
    return end;
}

bool gw_header_is_json (const char *value, size_t len)
{
    size_t media = s_media_len (value, len);
    if (s_same (value, media, "application/json"))
        return true;
    return media > 17 && strncasecmp (value, "application/", 12) == 0 &&
           strncasecmp (value + media - 5, "+json", 5) == 0;
}

bool gw_header_is_media (const char *value, size_t len, const char *media)
{
    return s_same (value, s_media_len (value, len), media);
}

/*  The value of a parameter, at `*at` behind its `=`; moves on behind it.  What does not
    fit is counted, not written. */
static bool s_param_value (const char *value, size_t len, size_t *at, char *out, size_t size, size_t *out_len)
{
    bool is_quoted = *at < len && value[*at] == '"';
    size_t made = 0;
    for (*at += is_quoted; *at < len; ++*at) {
        char c = value[*at];
        if (is_quoted ? c == '"' : c == ';' || s_is_space (c))
            break;
        if (is_quoted && c == '\\' && *at + 1 < len && (value[*at + 1] == '"' || value[*at + 1] == '\\'))
            c = value[++*at];
        if (made < size)
            out[made] = c;
        made++;
    }
    *out_len = made;
    if (is_quoted && *at == len)
        return false;
    *at += is_quoted;
    return true;
}

bool gw_header_param (const char *value, size_t len, const char *name, char *out, size_t size, size_t *out_len)
{
    size_t at = s_media_len (value, len);
    while (at < len) {
        while (at < len && (value[at] == ';' || s_is_space (value[at])))
            at++;
        size_t start = at;
        while (at < len && value[at] != '=' && value[at] != ';')
            at++;
        if (at == len || value[at] == ';')
            continue;
        bool is_it = s_same (value + start, at - start, name);
        at++;
        char *to = is_it ? out : NULL;
        if (!s_param_value (value, len, &at, to, is_it ? size : 0, out_len))
            return false;
        if (is_it)
            return *out_len <= size;
    }
    return false;
}

bool gw_header_lists_media (const char *value, size_t len, const char *media)
{
    const char *entry;
    size_t entry_len, at = 0;
    while (gw_header_next (value, len, &at, &entry, &entry_len))
        if (gw_header_is_media (entry, entry_len, media))
            return true;
    return false;
}

bool gw_header_accepts_json (const char *value, size_t len)
{
    const char *entry;
    size_t entry_len, at = 0;
    if (len == 0)
        return true;
    while (gw_header_next (value, len, &at, &entry, &entry_len)) {
        size_t media = s_media_len (entry, entry_len);
        if (s_same (entry, media, "*/*") || s_same (entry, media, "application/*") ||
            s_same (entry, media, "application/json") || s_same (entry, media, "application/problem+json"))
            return true;
    }
    return false;
}

/*  Version, trace id, parent id and flags in lower-case hex; what a later version
    adds follows another dash. */
const char *gw_header_trace_id (const char *value, size_t len)
{
    static const char shape[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    size_t known = sizeof shape - 1;
    if (len < known || (len > known && value[known] != '-') || strncmp (value, "ff", 2) == 0 ||
        (len > known && strncmp (value, "00", 2) == 0))
        return NULL;
    for (size_t i = 0; i < known; i++)
        if (shape[i] == '-' ? value[i] != '-' : !strchr ("0123456789abcdef", value[i]) || !value[i])
            return NULL;
    const char *id = value + 3, *parent = id + GW_HEADER_TRACE_ID + 1;
    return strspn (id, "0") < GW_HEADER_TRACE_ID && strspn (parent, "0") < 16 ? id : NULL;
}
