/*  gw_base64 - reading base64. */

#include "gw_base64.h"
#include <string.h>

static int s_sextet (char c)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr (letters, c) : NULL;
    return at ? (int)(at - letters) : -1;
}

static bool s_unpad (const char *text, size_t *len)
{
    size_t whole = *len;
    while (*len > 0 && whole - *len < 2 && text[*len - 1] == '=')
        --*len;
    return *len % 4 != 1 && (*len == whole || whole % 4 == 0);
}

bool gw_base64_decode (const char *text, size_t len, char *out, size_t size, size_t *out_len)
{
    unsigned bits = 0, held = 0;
    size_t made = 0;
    if (!s_unpad (text, &len))
        return false;
    for (size_t i = 0; i < len; i++) {
        int sextet = s_sextet (text[i]);
        if (sextet < 0)
            return false;
        bits = (bits << 6 | (unsigned)sextet) & 0xffff;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (made == size)
            return false;
        out[made++] = (char)(bits >> held & 0xff);
    }
    *out_len = made;
    return (bits & ((1u << held) - 1)) == 0;
}
