/*  gw_disposition - names of files in Content-Disposition. */

#include "gw_disposition.h"
#include "gw_header.h"
#include "pt_codec.h"
#include <strings.h>

/*  Room for a name as it comes: every byte may be escaped. */
#define ESCAPED (3 * LIM_FILE_NAME + 16)

/* ---- reading ------------------------------------------------------------------- */

static int s_hex (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*  Undoes %xx, all of them or only those that browsers write into a form (the quote and
    line breaks).  In place; the new length. */
static size_t s_unescape (char *text, size_t len, bool is_all)
{
    size_t made = 0;
    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && len - i > 2 ? s_hex (text[i + 1]) : -1;
        int low = high >= 0 ? s_hex (text[i + 2]) : -1;
        int byte = low >= 0 ? high << 4 | low : 0;
        if (low >= 0 && (is_all || byte == '"' || byte == '\r' || byte == '\n')) {
            text[made++] = (char)byte;
            i += 2;
        } else
            text[made++] = text[i];
    }
    return made;
}

/*  filename*=UTF-8'lang'text */
static bool s_extended (const char *value, size_t len, char *out, size_t *out_len)
{
    static const char charset[] = "utf-8'";
    size_t skip = sizeof charset - 1;
    if (!gw_header_param (value, len, "filename*", out, ESCAPED, out_len) || *out_len <= skip ||
        strncasecmp (out, charset, skip) != 0)
        return false;
    const char *quote = memchr (out + skip, '\'', *out_len - skip);
    if (!quote)
        return false;
    skip = (size_t)(quote + 1 - out);
    memmove (out, out + skip, *out_len - skip);
    *out_len = s_unescape (out, *out_len - skip, true);
    return true;
}

static bool s_plain (const char *value, size_t len, char *out, size_t *out_len)
{
    if (!gw_header_param (value, len, "filename", out, ESCAPED, out_len))
        return false;
    *out_len = s_unescape (out, *out_len, false);
    return true;
}

bool gw_disposition_name (const char *value, size_t len, char *out, size_t size, size_t *out_len)
{
    char text[ESCAPED];
    size_t text_len = 0, start = 0;
    if (!s_extended (value, len, text, &text_len) && !s_plain (value, len, text, &text_len))
        return false;
    for (size_t i = 0; i < text_len; i++)
        if (text[i] == '/' || text[i] == '\\')
            start = i + 1;
    *out_len = text_len - start;
    if (*out_len == 0 || *out_len > size || memchr (text, '\0', text_len) || !pt_utf8_valid (text, text_len))
        return false;
    memcpy (out, text + start, *out_len);
    return true;
}

/* ---- writing ------------------------------------------------------------------- */

bool gw_disposition_is_inline (pt_str_t type)
{
    static const char *const exact[] = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"};
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (pt_str_eq (type, pt_str (exact[i])))
            return true;
    return type.len > 6 && (memcmp (type.at, "audio/", 6) == 0 || memcmp (type.at, "video/", 6) == 0);
}

/*  RFC 8187: attr-char. */
static bool s_is_attribute (unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr ("!#$&+-.^_`|~", c));
}

static void s_put_ascii (pt_buf_t *out, pt_str_t name)
{
    for (uint32_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if ((c & 0xc0) == 0x80)
            continue; /* one mark for each letter, not for each of its bytes */
        bool is_plain = c >= 0x20 && c < 0x7f && !strchr ("\"\\%/", c);
        pt_buf_put (out, is_plain ? name.at + i : "_", 1);
    }
}

static void s_put_escaped (pt_buf_t *out, pt_str_t name)
{
    for (uint32_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (s_is_attribute (c))
            pt_buf_put (out, name.at + i, 1);
        else
            pt_buf_printf (out, "%%%02X", c);
    }
}

void gw_disposition_put (pt_buf_t *out, bool is_inline, pt_str_t name)
{
    pt_buf_printf (out, "Content-Disposition: %s; filename=\"", is_inline ? "inline" : "attachment");
    s_put_ascii (out, name);
    pt_buf_puts (out, "\"; filename*=UTF-8''");
    s_put_escaped (out, name);
    pt_buf_puts (out, "\r\n");
}
