/*  ld_frame - see ld_frame.h */

#include "ld_frame.h"
#include <string.h>

enum { S_FINAL = 0x80, S_RESERVED = 0x70, S_MASKED = 0x80, S_CONTROL = 0x8, S_CONTROL_MAX = 125 };

static uint64_t s_read_be (const char *bytes, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

static bool s_is_known (unsigned opcode)
{
    return opcode <= LD_BINARY || (opcode >= LD_CLOSE && opcode <= LD_PONG);
}

int ld_frame_parse (const char *bytes, size_t len, ld_frame_t *out)
{
    if (len < 2)
        return 0;
    unsigned first = (uint8_t)bytes[0], second = (uint8_t)bytes[1];
    unsigned opcode = first & 15, short_len = second & 127;
    if ((first & S_RESERVED) || (second & S_MASKED) || !s_is_known (opcode))
        return -PT_E_malformed;
    if ((opcode & S_CONTROL) && (short_len > S_CONTROL_MAX || !(first & S_FINAL)))
        return -PT_E_malformed;
    unsigned extra = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
    if (len < 2 + extra)
        return 0;
    uint64_t size = extra ? s_read_be (bytes + 2, extra) : short_len;
    if (size > LD_FRAME_MAX)
        return -PT_E_too_large;
    if (len - 2 - extra < size)
        return 0;
    *out = (ld_frame_t){.opcode = (ld_opcode_t)opcode,
                        .is_final = (first & S_FINAL) != 0,
                        .at = bytes + 2 + extra,
                        .len = size,
                        .used = 2 + extra + size};
    return 1;
}

static size_t s_put_head (char *out, ld_opcode_t opcode, size_t len)
{
    unsigned extra = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = (char)(S_FINAL | (unsigned)opcode);
    out[1] = (char)(S_MASKED | (extra == 0 ? (unsigned)len : extra == 2 ? 126u : 127u));
    for (unsigned i = 0; i < extra; i++)
        out[2 + i] = (char)((uint64_t)len >> (8 * (extra - 1 - i)));
    return 2 + extra;
}

size_t ld_frame_put (char *out, ld_opcode_t opcode, const char *payload, size_t len, uint32_t mask)
{
    size_t at = s_put_head (out, opcode, len);
    char key[4];
    memcpy (key, &mask, sizeof key);
    memcpy (out + at, key, sizeof key);
    at += sizeof key;
    for (size_t i = 0; i < len; i++)
        out[at + i] = (char)(payload[i] ^ key[i & 3]);
    return at + len;
}
