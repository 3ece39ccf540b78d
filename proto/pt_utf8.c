/*  pt_utf8 - whether bytes are UTF-8 (RFC 3629) without U+0000. */

#include "pt_codec.h"

/*  Length of the well-formed sequence at `at`, 0 when there is none.  The
    second byte's range keeps out overlong forms, surrogates and what lies
    above U+10FFFF. */
static size_t s_sequence_len (const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    uint8_t low = 0x80, high = 0xbf;
    size_t len;
    if (lead >= 0xc2 && lead <= 0xdf)
        len = 2;
    else if (lead >= 0xe0 && lead <= 0xef) {
        len = 3;
        low = lead == 0xe0 ? 0xa0 : low;
        high = lead == 0xed ? 0x9f : high;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        len = 4;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high;
    } else
        return 0;
    if (left < len || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/*  Whether eight bytes are all from 0x01 to 0x7f. */
static bool s_is_plain (const uint8_t *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
    uint64_t high = UINT64_C (0x8080808080808080);
    /*  Without high bits, subtracting 1 from each byte borrows at zeros alone
        (or above one, where a zero was found already). */
    return ((word | (word - UINT64_C (0x0101010101010101))) & high) == 0;
}

bool pt_utf8_valid (const char *bytes, size_t len)
{
    const uint8_t *at = (const uint8_t *)bytes;
    const uint8_t *end = len ? at + len : at;
    while (at < end) {
        if (end - at >= 8 && s_is_plain (at)) {
            at += 8;
            continue;
        }
        if (*at >= 0x80) {
            size_t step = s_sequence_len (at, (size_t)(end - at));
            if (step == 0)
                return false;
            at += step;
        } else if (*at++ == 0)
            return false;
    }
    return true;
}
