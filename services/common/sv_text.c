/*  sv_text - what is in a text that people wrote. */

#include "sv_text.h"

/*  The next character of valid UTF-8 at `*at`, which moves on.  A truncated
    sequence ends the text: the decoder has refused such text already, and this
    must not read past it even so. */
static uint32_t s_next_char (const uint8_t **at, const uint8_t *end)
{
    uint32_t lead = *(*at)++;
    if (lead < 0x80)
        return lead;
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    uint32_t value = lead & (0x3fu >> more);
    for (; more > 0 && *at < end; more--)
        value = (value << 6) | (*(*at)++ & 0x3fu);
    return value;
}

static bool s_is_white (uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    if (c >= 0x2000 && c <= 0x200a)
        return true;
    return c == 0x85 || c == 0xa0 || c == 0x1680 || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

bool sv_text_has_ink (pt_str_t text)
{
    const uint8_t *at = (const uint8_t *)text.at, *end = at + text.len;
    while (at < end)
        if (!s_is_white (s_next_char (&at, end)))
            return true;
    return false;
}

bool sv_text_has_control (pt_str_t text, bool is_block)
{
    const uint8_t *at = (const uint8_t *)text.at, *end = at + text.len;
    while (at < end) {
        uint32_t c = s_next_char (&at, end);
        if (is_block && (c == '\n' || c == '\r' || c == '\t'))
            continue;
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            return true;
    }
    return false;
}
