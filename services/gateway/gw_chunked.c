/*  gw_chunked - decoding `Transfer-Encoding: chunked`. */

#include "gw_chunked.h"

/*  Any chunk of more digits is over every cap we have. */
#define DIGITS 15

typedef enum {
    S_SIZE,
    S_EXTENSION,
    S_SIZE_LF,
    S_DATA,
    S_DATA_CR,
    S_DATA_LF,
    S_TRAILER, /* at the beginning of a line */
    S_TRAILER_LINE,
    S_TRAILER_LF,
    S_LAST_LF,
    S_END,
    S_BAD,
} s_state_t;

static int s_hex (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static s_state_t s_on_size (gw_chunked_t *self, char c)
{
    int digit = s_hex (c);
    if (digit >= 0) {
        self->left = self->left << 4 | (uint64_t)digit;
        return ++self->digits > DIGITS ? S_BAD : S_SIZE;
    }
    self->skipped = 0;
    if (self->digits == 0)
        return S_BAD;
    return c == '\r' ? S_SIZE_LF : c == ';' || c == ' ' || c == '\t' ? S_EXTENSION : S_BAD;
}

/*  Bytes that are read past; a bare LF or NUL among them is no good. */
static s_state_t s_on_skipped (gw_chunked_t *self, char c, s_state_t state, s_state_t end, unsigned max)
{
    if (c == '\n' || c == '\0' || ++self->skipped > max)
        return S_BAD;
    return c == '\r' ? end : state;
}

static s_state_t s_on_size_end (gw_chunked_t *self, char c)
{
    self->digits = 0;
    self->skipped = 0;
    return c != '\n' ? S_BAD : self->left > 0 ? S_DATA : S_TRAILER;
}

static s_state_t s_expect (char c, char wanted, s_state_t next)
{
    return c == wanted ? next : S_BAD;
}

static s_state_t s_step (gw_chunked_t *self, char c)
{
    switch ((s_state_t)self->state) {
    case S_SIZE:
        return s_on_size (self, c);
    case S_EXTENSION:
        return s_on_skipped (self, c, S_EXTENSION, S_SIZE_LF, GW_CHUNKED_EXTENSION);
    case S_SIZE_LF:
        return s_on_size_end (self, c);
    case S_DATA_CR:
        return s_expect (c, '\r', S_DATA_LF);
    case S_DATA_LF:
        return s_expect (c, '\n', S_SIZE);
    case S_TRAILER:
        return c == '\r' ? S_LAST_LF : s_on_skipped (self, c, S_TRAILER_LINE, S_BAD, GW_CHUNKED_TRAILERS);
    case S_TRAILER_LINE:
        return s_on_skipped (self, c, S_TRAILER_LINE, S_TRAILER_LF, GW_CHUNKED_TRAILERS);
    case S_TRAILER_LF:
        return s_expect (c, '\n', S_TRAILER);
    case S_LAST_LF:
        return s_expect (c, '\n', S_END);
    case S_DATA:
    case S_END:
    case S_BAD:
        break;
    }
    return S_BAD;
}

gw_chunked_result_t gw_chunked_next (gw_chunked_t *self, const char **at, size_t *len, const char **out,
                                     size_t *out_len)
{
    while (*len > 0 && self->state != S_DATA && self->state != S_END && self->state != S_BAD) {
        self->state = s_step (self, **at);
        ++*at;
        --*len;
    }
    if (self->state == S_END)
        return GW_CHUNKED_END;
    if (self->state == S_BAD)
        return GW_CHUNKED_BAD;
    if (*len == 0)
        return GW_CHUNKED_MORE;
    *out = *at;
    *out_len = *len < self->left ? *len : (size_t)self->left;
    *at += *out_len;
    *len -= *out_len;
    self->left -= *out_len;
    if (self->left == 0)
        self->state = S_DATA_CR;
    return GW_CHUNKED_DATA;
}
