/*  gw_multipart - finding the one file, or all parts, in a body of type multipart/form-data.

    CR occurs in a delimiter only as its first byte, so when a match breaks off, what
    was matched is content, and the byte that broke it can only be another CR. */

#include "gw_multipart.h"
#include "gw_disposition.h"
#include "gw_header.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

typedef enum {
    S_CONTENT,      /* before the first part, within a part, or behind one that was not it */
    S_BEHIND,       /* right behind a delimiter */
    S_BEHIND_DASH,  /* one dash behind it */
    S_BEHIND_SPACE, /* padding behind it */
    S_BEHIND_LF,
    S_HEADER, /* within a header line */
    S_HEADER_LF,
    S_END,
    S_BAD,
} s_state_t;

/*  RFC 2046: what a boundary may consist of. */
static bool s_is_boundary (const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && (c == '\0' || !strchr ("'()+_,-./:=? ", c)))
            return false;
    }
    return len > 0 && at[len - 1] != ' ';
}

bool gw_multipart_init (gw_multipart_t *self, const char *type, size_t len)
{
    size_t boundary = 0;
    memset (self, 0, sizeof *self);
    memcpy (self->delimiter, "\r\n--", 4);
    if (!gw_header_is_media (type, len, "multipart/form-data") ||
        !gw_header_param (type, len, "boundary", self->delimiter + 4, GW_MULTIPART_BOUNDARY, &boundary) ||
        !s_is_boundary (self->delimiter + 4, boundary))
        return false;
    self->delimiter_len = boundary + 4;
    self->matched = 2; /* the first delimiter needs no line break before it */
    return true;
}

/* ---- headers of a part -------------------------------------------------------- */

/*  Whether this is what a form sends of a control in which no file was chosen. */
static bool s_is_unchosen (const char *value, size_t len)
{
    char name[1];
    size_t name_len;
    return gw_header_param (value, len, "filename", name, sizeof name, &name_len) && name_len == 0;
}

static void s_on_disposition (gw_multipart_t *self, const char *value, size_t len)
{
    self->is_file = gw_disposition_name (value, len, self->name, sizeof self->name - 1, &self->name_len);
    if (s_is_unchosen (value, len) ||
        !gw_header_param (value, len, "name", self->field, sizeof self->field, &self->field_len))
        self->field_len = 0;
}

/*  A line is whole; the empty one ends the head. */
static s_state_t s_on_line (gw_multipart_t *self)
{
    static const char name[] = "content-disposition:";
    size_t skip = sizeof name - 1;
    if (self->line_len == 0)
        return S_CONTENT;
    if (++self->headers > GW_MULTIPART_HEADERS)
        return S_BAD;
    if (self->line_len > skip && strncasecmp (self->line, name, skip) == 0)
        s_on_disposition (self, self->line + skip, self->line_len - skip);
    self->line_len = 0;
    return S_HEADER;
}

static s_state_t s_on_header (gw_multipart_t *self, char c)
{
    if (c == '\r')
        return S_HEADER_LF;
    if (c == '\n' || c == '\0' || self->line_len == sizeof self->line)
        return S_BAD;
    self->line[self->line_len++] = c;
    return S_HEADER;
}

/* ---- between parts ------------------------------------------------------------- */

/*  Behind a delimiter comes the end of its line, or the two dashes of the last one. */
static s_state_t s_on_behind (gw_multipart_t *self, char c)
{
    self->headers = 0;
    self->line_len = 0;
    self->is_file = false;
    self->field_len = 0;
    return c == '\r' ? S_BEHIND_LF : c == '-' ? S_BEHIND_DASH : c == ' ' || c == '\t' ? S_BEHIND_SPACE : S_BAD;
}

static s_state_t s_step (gw_multipart_t *self, char c)
{
    switch ((s_state_t)self->state) {
    case S_BEHIND:
        return s_on_behind (self, c);
    case S_BEHIND_SPACE:
        return c == '\r' ? S_BEHIND_LF : c == ' ' || c == '\t' ? S_BEHIND_SPACE : S_BAD;
    case S_BEHIND_LF:
        return c == '\n' ? S_HEADER : S_BAD;
    case S_HEADER:
        return s_on_header (self, c);
    case S_HEADER_LF:
        return c == '\n' ? s_on_line (self) : S_BAD;
    case S_BEHIND_DASH: /* the last delimiter; an end only where no file was looked for */
        return c == '-' && self->wants_all ? S_END : S_BAD;
    case S_CONTENT:
    case S_END:
    case S_BAD:
        break;
    }
    return S_BAD;
}

/* ---- content ------------------------------------------------------------------- */

/*  Takes bytes that belong to the delimiter.  True while it may still be one, or is. */
static bool s_match (gw_multipart_t *self, const char **at, size_t *len)
{
    while (*len > 0 && self->matched < self->delimiter_len && **at == self->delimiter[self->matched]) {
        self->matched++;
        ++*at;
        --*len;
    }
    return *len == 0 || self->matched == self->delimiter_len;
}

/*  The bytes up to where a delimiter may begin. */
static size_t s_plain (const char *at, size_t len)
{
    const char *cr = memchr (at, '\r', len);
    return cr ? (size_t)(cr - at) : len;
}

/*  One piece of content, as input or as bytes of a delimiter that was none; nothing when a
    delimiter goes on or is whole. */
static size_t s_content (gw_multipart_t *self, const char **at, size_t *len, const char **out)
{
    size_t piece = self->matched == 0 ? s_plain (*at, *len) : 0;
    *out = *at;
    *at += piece;
    *len -= piece;
    if (piece > 0 || s_match (self, at, len))
        return piece;
    piece = self->matched;
    self->matched = 0;
    *out = self->delimiter;
    return piece;
}

static gw_multipart_result_t s_end_part (gw_multipart_t *self)
{
    bool is_end = self->is_file && !self->wants_all, is_part = self->is_part && self->wants_all;
    self->matched = 0;
    self->is_part = false;
    self->state = is_end ? S_END : S_BEHIND;
    return is_end ? GW_MULTIPART_END : is_part ? GW_MULTIPART_PART_END : GW_MULTIPART_MORE;
}

/*  Behind the head of a part. */
static gw_multipart_result_t s_begin_part (gw_multipart_t *self)
{
    self->is_part = true;
    return self->wants_all ? GW_MULTIPART_PART : self->is_file ? GW_MULTIPART_FILE : GW_MULTIPART_MORE;
}

static bool s_is_over (const gw_multipart_t *self)
{
    return self->state == S_END || self->state == S_BAD;
}

/*  One step through what is there; MORE also when there is nothing to tell. */
static gw_multipart_result_t s_next (gw_multipart_t *self, const char **at, size_t *len, const char **out,
                                     size_t *out_len)
{
    if (self->state != S_CONTENT) {
        bool was_header = self->state == S_HEADER_LF;
        self->state = s_step (self, **at);
        ++*at;
        --*len;
        self->before++;
        return was_header && self->state == S_CONTENT ? s_begin_part (self) : GW_MULTIPART_MORE;
    }
    size_t piece = s_content (self, at, len, out);
    if (self->matched == self->delimiter_len)
        return s_end_part (self);
    *out_len = piece;
    if (self->is_file || (self->wants_all && self->is_part))
        return piece > 0 ? GW_MULTIPART_DATA : GW_MULTIPART_MORE;
    self->before += piece;
    return GW_MULTIPART_MORE;
}

gw_multipart_result_t gw_multipart_next (gw_multipart_t *self, const char **at, size_t *len, const char **out,
                                         size_t *out_len)
{
    while (*len > 0 && !s_is_over (self)) {
        gw_multipart_result_t result = s_next (self, at, len, out, out_len);
        if (!self->is_file && self->before > GW_MULTIPART_BEFORE)
            self->state = S_BAD;
        if (result != GW_MULTIPART_MORE)
            return result;
    }
    return self->state == S_END ? GW_MULTIPART_END : self->state == S_BAD ? GW_MULTIPART_BAD : GW_MULTIPART_MORE;
}
