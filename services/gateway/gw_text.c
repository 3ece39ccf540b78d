/*  gw_text - JSON strings, numbers and times, written without printf: they are
    most of the bytes of every event and reply. */

#include "gw_text.h"
#include <stdbool.h>
#include <string.h>

static const char s_hex[] = "0123456789abcdef";

/*  What follows the backslash for a byte below 0x20; 'u' is the long form. */
static const char s_short[32] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
};

static inline bool s_must_escape (unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/*  Length of the leading part that needs no escape.  Eight bytes at a time: a
    byte counts when subtracting borrows out of it, and the lowest one that does
    is always a true one, so that looking at the bytes finds it. */
static size_t s_plain_len (const char *bytes, size_t len)
{
    const uint64_t ones = UINT64_C (0x0101010101010101);
    const uint64_t tops = UINT64_C (0x8080808080808080);
    size_t i = 0;
    while (len - i >= 8) {
        uint64_t word;
        memcpy (&word, bytes + i, 8);
        uint64_t quote = word ^ (ones * '"');
        uint64_t slash = word ^ (ones * '\\');
        uint64_t low = (word - ones * 0x20) & ~word;
        uint64_t hit = (low | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
        if (hit)
            break;
        i += 8;
    }
    while (i < len && !s_must_escape ((unsigned char)bytes[i]))
        i++;
    return i;
}

static char *s_put_escape (char *at, unsigned char byte)
{
    *at++ = '\\';
    if (byte >= 0x20) {
        *at++ = (char)byte;
        return at;
    }
    *at++ = s_short[byte];
    if (s_short[byte] == 'u') {
        *at++ = '0';
        *at++ = '0';
        *at++ = s_hex[byte >> 4];
        *at++ = s_hex[byte & 15];
    }
    return at;
}

size_t gw_text_str_len (const char *bytes, size_t len)
{
    size_t total = 2 + len;
    for (size_t i = s_plain_len (bytes, len); i < len; i += 1 + s_plain_len (bytes + i + 1, len - i - 1)) {
        unsigned char byte = (unsigned char)bytes[i];
        total += byte < 0x20 && s_short[byte] == 'u' ? 5 : 1;
    }
    return total;
}

char *gw_text_put_str (char *at, const char *bytes, size_t len)
{
    *at++ = '"';
    size_t i = 0;
    while (i < len) {
        size_t plain = s_plain_len (bytes + i, len - i);
        memcpy (at, bytes + i, plain);
        at += plain;
        i += plain;
        if (i < len)
            at = s_put_escape (at, (unsigned char)bytes[i++]);
    }
    *at++ = '"';
    return at;
}

void gw_text_str (pt_buf_t *out, const char *bytes, size_t len)
{
    char *at = pt_buf_reserve (out, gw_text_str_len (bytes, len));
    if (at)
        out->len += (size_t)(gw_text_put_str (at, bytes, len) - at);
}

char *gw_text_put_u64 (char *at, uint64_t value)
{
    char digits[GW_TEXT_U64];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    memcpy (at, digits + i, sizeof digits - i);
    return at + (sizeof digits - i);
}

void gw_text_u64 (pt_buf_t *out, uint64_t value)
{
    char *at = pt_buf_reserve (out, GW_TEXT_U64);
    if (at)
        out->len += (size_t)(gw_text_put_u64 (at, value) - at);
}

void gw_text_id (pt_buf_t *out, uint64_t value)
{
    char *at = pt_buf_reserve (out, GW_TEXT_U64 + 2);
    if (!at)
        return;
    char *end = at;
    *end++ = '"';
    end = gw_text_put_u64 (end, value);
    *end++ = '"';
    out->len += (size_t)(end - at);
}

/*  `count` decimal digits with leading zeros. */
static char *s_put_digits (char *at, unsigned value, unsigned count)
{
    for (unsigned i = count; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

/*  Year, month, day of a day counted from 1970-01-01, by the 400-year eras of
    the proleptic Gregorian calendar: no table, no locale, no libc zone. */
static char *s_put_date (char *at, unsigned days)
{
    unsigned z = days + 719468;
    unsigned era = z / 146097;
    unsigned doe = z % 146097;
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    unsigned day = doy - (153 * mp + 2) / 5 + 1;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    unsigned year = era * 400 + yoe + (month <= 2);
    at = s_put_digits (at, year, 4);
    *at++ = '-';
    at = s_put_digits (at, month, 2);
    *at++ = '-';
    return s_put_digits (at, day, 2);
}

/*  Within what can be written. */
static uint64_t s_bound_time (int64_t us)
{
    const int64_t latest = INT64_C (253402300799999999); /* 9999-12-31T23:59:59.999999Z */
    if (us < 0)
        return 0;
    return (uint64_t)(us > latest ? latest : us);
}

char *gw_text_put_clock (char *at, int64_t us)
{
    unsigned rest = (unsigned)(s_bound_time (us) / 1000000 % 86400);
    at = s_put_digits (at, rest / 3600, 2);
    *at++ = ':';
    at = s_put_digits (at, rest / 60 % 60, 2);
    *at++ = ':';
    return s_put_digits (at, rest % 60, 2);
}

char *gw_text_put_time (char *at, int64_t us)
{
    uint64_t bound = s_bound_time (us);
    at = s_put_date (at, (unsigned)(bound / 1000000 / 86400));
    *at++ = 'T';
    at = gw_text_put_clock (at, us);
    *at++ = '.';
    at = s_put_digits (at, (unsigned)(bound % 1000000), 6);
    *at++ = 'Z';
    return at;
}

void gw_text_time (pt_buf_t *out, int64_t us)
{
    char *at = pt_buf_reserve (out, GW_TEXT_TIME + 2);
    if (!at)
        return;
    char *end = at;
    *end++ = '"';
    end = gw_text_put_time (end, us);
    *end++ = '"';
    out->len += (size_t)(end - at);
}
