/*  sv_hash - SipHash-2-4. */

#include "sv_hash.h"

static uint64_t s_rotate (uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void s_mix (uint64_t v[4], unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = s_rotate (v[1], 13) ^ v[0];
        v[3] = s_rotate (v[3], 16) ^ v[2];
        v[0] = s_rotate (v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = s_rotate (v[1], 17) ^ v[2];
        v[3] = s_rotate (v[3], 21) ^ v[0];
        v[2] = s_rotate (v[2], 32);
    }
}

static uint64_t s_load_word (const uint8_t *at, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

uint64_t sv_hash (const uint64_t seed[2], const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t v[4] = {seed[0] ^ UINT64_C (0x736f6d6570736575), seed[1] ^ UINT64_C (0x646f72616e646f6d),
                     seed[0] ^ UINT64_C (0x6c7967656e657261), seed[1] ^ UINT64_C (0x7465646279746573)};
    for (size_t done = 0; done <= len; done += 8) {
        size_t left = len - done;
        uint64_t word = s_load_word (at + done, left < 8 ? left : 8);
        word |= left < 8 ? (uint64_t)len << 56 : 0;
        v[3] ^= word;
        s_mix (v, 2);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    s_mix (v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
