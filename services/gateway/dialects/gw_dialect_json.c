/*  gw_dialect_json - pieces of the answers of dialects; pure. */

#include "gw_dialect_json.h"
#include "gw_text.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

void gw_dialect_json_time (pt_buf_t *out, int64_t us)
{
    char text[GW_TEXT_TIME];
    const size_t seconds = sizeof "2026-11-21T09:51:35" - 1;
    gw_text_put_time (text, us);
    pt_buf_puts (out, "\"");
    if (memcmp (text + seconds, ".000000", 7) == 0) {
        pt_buf_put (out, text, seconds);
        pt_buf_puts (out, "Z");
    } else {
        pt_buf_put (out, text, sizeof text);
    }
    pt_buf_puts (out, "\"");
}

void gw_dialect_json_stamp (pt_buf_t *out, int64_t us)
{
    char text[GW_TEXT_TIME];
    gw_text_put_time (text, us);
    text[sizeof "2026-11-21" - 1] = ' ';
    pt_buf_puts (out, "\"");
    pt_buf_put (out, text, sizeof text - 1); /* without the Z */
    pt_buf_puts (out, "+00:00\"");
}

void gw_dialect_json_text (pt_buf_t *out, bool has, pt_str_t text)
{
    if (has)
        gw_text_str (out, text.at, text.len);
    else
        pt_buf_puts (out, "null");
}

void gw_dialect_json_escape (pt_buf_t *out, const char *text, size_t len, bool is_path)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c != '\0' && (isalnum (c) || strchr (is_path ? "-._~/@:!$&'()*+,;=" : "-._~", c)) && c < 0x80)
            pt_buf_put (out, text + i, 1);
        else
            pt_buf_printf (out, "%%%02X", c);
    }
}

/*  Nothing of a host, and nothing escaped, needs an escape of JSON. */
static void s_put_url (pt_buf_t *out, bool is_secure, const char *host, const char *path)
{
    pt_buf_printf (out, "\"%s://%s", is_secure ? "https" : "http", host);
    gw_dialect_json_escape (out, path, strlen (path), true);
}

void gw_dialect_json_url (pt_buf_t *out, bool is_secure, const char *host, const char *path)
{
    s_put_url (out, is_secure, host, path);
    pt_buf_puts (out, "\"");
}

/* ---- pages --------------------------------------------------------------------- */

static bool s_is_named (const gw_pair_t *pair, const char *name)
{
    return pair->name_len == strlen (name) && memcmp (pair->name, name, pair->name_len) == 0;
}

/*  As long as it is digits, and not so many that sums could overflow. */
static bool s_digits (const gw_pair_t *pair, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < pair->value_len; i++) {
        if (!isdigit ((unsigned char)pair->value[i]) || i == 15)
            return false;
        value = value * 10 + (uint64_t)(pair->value[i] - '0');
    }
    *out = value;
    return pair->value_len > 0;
}

void gw_dialect_page_read (gw_dialect_page_t *self, uint64_t usual)
{
    self->limit = self->offset = 0;
    for (unsigned i = 0; i < self->query_count; i++) {
        const gw_pair_t *pair = &self->query[i];
        uint64_t value = 0;
        if (s_is_named (pair, "limit"))
            self->limit = s_digits (pair, &value) ? value : 0;
        else if (s_is_named (pair, "offset"))
            self->offset = s_digits (pair, &value) ? value : 0;
    }
    if (self->limit == 0)
        self->limit = usual;
    if (self->limit > LIM_PAGE)
        self->limit = LIM_PAGE;
}

/*  The same list from another place on; the first one needs no offset. */
static void s_put_place (pt_buf_t *out, const gw_dialect_page_t *self, uint64_t offset)
{
    s_put_url (out, self->is_secure, self->host, self->path);
    pt_buf_printf (out, "?limit=%" PRIu64, self->limit);
    if (offset > 0)
        pt_buf_printf (out, "&offset=%" PRIu64, offset);
    for (unsigned i = 0; i < self->query_count; i++) {
        const gw_pair_t *pair = &self->query[i];
        if (s_is_named (pair, "limit") || s_is_named (pair, "offset"))
            continue;
        pt_buf_puts (out, "&");
        gw_dialect_json_escape (out, pair->name, pair->name_len, false);
        pt_buf_puts (out, "=");
        gw_dialect_json_escape (out, pair->value, pair->value_len, false);
    }
    pt_buf_puts (out, "\"");
}

void gw_dialect_page_write (pt_buf_t *out, const gw_dialect_page_t *self, uint64_t total)
{
    pt_buf_printf (out, "{\"count\":%" PRIu64 ",\"next\":", total);
    if (self->offset + self->limit < total)
        s_put_place (out, self, self->offset + self->limit);
    else
        pt_buf_puts (out, "null");
    pt_buf_puts (out, ",\"previous\":");
    if (self->offset > 0)
        s_put_place (out, self, self->offset > self->limit ? self->offset - self->limit : 0);
    else
        pt_buf_puts (out, "null");
    pt_buf_puts (out, ",\"results\":");
}
