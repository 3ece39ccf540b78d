/*  auth_base64 - base64url without padding, in its one canonical spelling.

    sodium_base642bin takes some bytes over 0x7f for digits where char is signed,
    and lets the unused bits of the last digit be anything; so texts are judged
    here before it sees them. */

#include "auth_base64.h"
#include <sodium.h>

/*  Value of a digit, or -1. */
static int s_digit (char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = memchr (digits, c, sizeof digits - 1);
    return at ? (int)(at - digits) : -1;
}

bool auth_base64_is (pt_str_t text)
{
    /*  By what is left over four digits: the part of the last digit that must be 0. */
    static const int idle[] = {1, 0, 16, 4};
    for (uint32_t i = 0; i < text.len; i++)
        if (s_digit (text.at[i]) < 0)
            return false;
    if (text.len % 4 == 1)
        return false;
    return text.len % 4 == 0 || s_digit (text.at[text.len - 1]) % idle[text.len % 4] == 0;
}

int auth_base64_decode (pt_str_t text, uint8_t *out, size_t size)
{
    size_t len = 0;
    if (!auth_base64_is (text))
        return -PT_E_malformed;
    if (text.len > 0 && sodium_base642bin (out, size, text.at, text.len, NULL, &len, NULL,
                                           sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return -PT_E_malformed;
    return (int)len;
}

void auth_base64_encode_32 (const uint8_t bytes[32], char out[AUTH_BASE64_32 + 1])
{
    sodium_bin2base64 (out, AUTH_BASE64_32 + 1, bytes, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
