/*  ld_body - see ld_body.h */

#include "ld_body.h"
#include "ld_random.h"
#include <stdio.h>
#include <string.h>

#define S_CRC_LEN 8
#define S_NUMBER_MAX 20

/*  Pieces of the filling: plain, escaped by JSON, of two, three and four bytes. */
static const char *const s_pieces[] = {
    "e", " ", "n", "a", "\"", "t", "\\", "\n", "\xc3\xa9", "\xe2\x82\xac", "o", "\xf0\x9f\x98\x80", "/", "s", "r", "<"};

/*  CRC-32 (IEEE), a nibble at a time: the table is small enough to be seen. */
static uint32_t s_crc (const char *bytes, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

size_t ld_body_put (char out[LD_BODY_MAX], const ld_body_t *body, uint64_t seed)
{
    char text[LD_BODY_MAX];
    uint64_t state = seed ^ (body->number * UINT64_C (0x100000001b3));
    size_t wanted = LD_BODY_MIN + ld_random_below (&state, LD_BODY_MAX - LD_BODY_MIN - 3);
    int head = snprintf (text, sizeof text, "%.*s %llu %u ", (int)(body->sender.len % (LD_NAME_MAX + 1)),
                         body->sender.at, (unsigned long long)body->number, body->mark);
    size_t len = head > 0 ? (size_t)head : 0;
    while (S_CRC_LEN + 1 + len < wanted) {
        const char *piece = s_pieces[ld_random_below (&state, sizeof s_pieces / sizeof *s_pieces)];
        size_t piece_len = strlen (piece);
        memcpy (text + len, piece, piece_len);
        len += piece_len;
    }
    char crc[S_CRC_LEN + 2];
    snprintf (crc, sizeof crc, "%08x ", s_crc (text, len));
    memcpy (out, crc, S_CRC_LEN + 1);
    memcpy (out + S_CRC_LEN + 1, text, len);
    return S_CRC_LEN + 1 + len;
}

size_t ld_body_escape (char *out, const char *text, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            out[at++] = '\\';
        if (text[i] == '\n') {
            out[at++] = '\\';
            out[at++] = 'n';
        } else
            out[at++] = text[i];
    }
    out[at] = 0;
    return at;
}

/*  Takes the word up to the next space off the front. */
static bool s_take_word (pt_str_t *text, pt_str_t *out)
{
    const char *space = memchr (text->at, ' ', text->len);
    if (!space)
        return false;
    *out = (pt_str_t){text->at, (uint32_t)(space - text->at)};
    text->len -= out->len + 1;
    text->at = space + 1;
    return out->len > 0;
}

static bool s_read_number (pt_str_t word, uint64_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(word.at[i] - '0');
    }
    return word.len > 0 && word.len < S_NUMBER_MAX;
}

bool ld_body_read (pt_str_t text, ld_body_t *out)
{
    char crc[S_CRC_LEN + 1];
    pt_str_t word, number, mark;
    uint64_t value;
    if (text.len < S_CRC_LEN + 1 || text.len > LD_BODY_MAX || !s_take_word (&text, &word) || word.len != S_CRC_LEN)
        return false;
    snprintf (crc, sizeof crc, "%08x", s_crc (text.at, text.len));
    if (memcmp (crc, word.at, S_CRC_LEN) != 0)
        return false;
    if (!s_take_word (&text, &out->sender) || !s_take_word (&text, &number) || !s_take_word (&text, &mark) ||
        out->sender.len > LD_NAME_MAX || !s_read_number (number, &out->number) || !s_read_number (mark, &value))
        return false;
    out->mark = (uint32_t)value;
    return true;
}
