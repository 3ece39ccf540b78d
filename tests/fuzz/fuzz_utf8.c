/*  fuzz_utf8 - pt_utf8_valid against the definition: a decoder that goes by the
    code points of RFC 3629, one character at a time; and sv_text, which reads
    what was found valid.
    Covers: proto/pt_utf8.c services/common/sv_text.c */

#include "fuzz.h"
#include "pt_codec.h"
#include "sv_text.h"

/*  Length of the character at `at`, 0 when there is none. */
static size_t s_char (const uint8_t *at, size_t left, uint32_t *out)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t first;
    } forms[] = {{0x80, 0x00, 0x1}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4; more++) {
        if ((at[0] & forms[more].mask) != forms[more].lead)
            continue;
        uint32_t value = at[0] & (uint8_t)~forms[more].mask;
        if (more >= left)
            return 0;
        for (size_t i = 1; i <= more; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (at[i] & 0x3fu);
        }
        *out = value;
        return value < forms[more].first || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0 : more + 1;
    }
    return 0;
}

static bool s_has_control (const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        i += s_char (at + i, len - i, &c);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    bool is_valid = true;
    for (size_t i = 0; i < size && is_valid;) {
        uint32_t value = 0;
        size_t len = s_char (data + i, size - i, &value);
        is_valid = len > 0;
        i += len;
    }
    fuzz_must (pt_utf8_valid ((const char *)data, size) == is_valid);
    if (!is_valid)
        return 0;
    pt_str_t text = {(const char *)data, (uint32_t)size};
    fuzz_must (sv_text_has_control (text, false) == s_has_control (data, size));
    if (sv_text_has_control (text, true))
        fuzz_must (sv_text_has_control (text, false));
    (void)sv_text_has_ink (text);
    return 0;
}
