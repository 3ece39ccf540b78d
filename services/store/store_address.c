/*  store_address - the names by which rooms of dialects are reached. */

#include "store_address.h"
#include <openssl/evp.h>
#include <stdio.h>

static const struct {
    const char *prefix; /* NULL: the word of the name, and `_` */
    unsigned digits;    /* 0: no address */
} s_forms[] = {
    [PT_room_dialect_CLOCK] = {"chat_", 8},
    [PT_room_dialect_MEMBER] = {NULL, 5},
};

bool store_address_is_made (pt_room_dialect_t dialect)
{
    return (size_t)dialect < sizeof (s_forms) / sizeof (s_forms[0]) && s_forms[dialect].digits > 0;
}

/*  ---- the word ------------------------------------------------------------------ */

/*  U+00C0 .. U+017F without their accents; a dot where nothing of ASCII is left. */
static const char s_plain[] = "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y"
                              "aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.lllllll"
                              "l..nnnnnnn..oooooo..rrrrrrsssssssstttt..uuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof (s_plain) == 0x180 - 0xC0 + 1, "one for each letter");

/*  The character at `*i` as ASCII, 0 when nothing of it is left; `*i` moves behind it. */
static char s_next (pt_str_t text, uint32_t *i)
{
    unsigned byte = (uint8_t)text.at[(*i)++];
    if (byte < 0x80)
        return (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    unsigned next = *i < text.len ? (uint8_t)text.at[*i] : 0;
    if (byte < 0xC3 || byte > 0xC5 || (next & 0xC0) != 0x80)
        return 0;
    (*i)++;
    char plain = s_plain[((byte & 0x1F) << 6 | (next & 0x3F)) - 0xC0];
    return (char)(plain == '.' ? 0 : plain);
}

static bool s_is_word (char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool s_is_gap (char c)
{
    return c == '-' || c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

static bool s_is_edge (char c)
{
    return c == '-' || c == '_';
}

size_t store_address_word (pt_str_t name, char *word)
{
    size_t len = 0;
    for (uint32_t i = 0; i < name.len && len < STORE_ADDRESS_WORD;) {
        char c = s_next (name, &i);
        if (s_is_gap (c))
            c = '-';
        bool is_taken = c == '-' ? len > 0 && word[len - 1] != '-' : s_is_word (c);
        if (is_taken && (len > 0 || !s_is_edge (c)))
            word[len++] = c;
    }
    while (len > 0 && s_is_edge (word[len - 1]))
        len--;
    word[len] = 0;
    return len;
}

/*  ---- the address ---------------------------------------------------------------- */

/*  The first hex digits, at most 8, of SHA-256 (key, attempt). */
static int s_digits (pt_str_t key, unsigned attempt, unsigned count, char digits[9])
{
    char text[LIM_KEY + 16];
    uint8_t hash[EVP_MAX_MD_SIZE];
    int len = snprintf (text, sizeof (text), "%.*s|%u", (int)key.len, key.at, attempt);
    if (len < 0 || (size_t)len >= sizeof (text) || !EVP_Digest (text, (size_t)len, hash, NULL, EVP_sha256 (), NULL))
        return -PT_E_internal;
    snprintf (digits, 9, "%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
    digits[count] = 0;
    return 0;
}

int store_address_make (pt_room_dialect_t dialect, pt_str_t name, pt_str_t key, unsigned attempt,
                        char address[STORE_ADDRESS_BYTES])
{
    char word[STORE_ADDRESS_WORD + 1], digits[9];
    if (!store_address_is_made (dialect) || s_digits (key, attempt, s_forms[dialect].digits, digits) < 0)
        return -PT_E_internal;
    if (s_forms[dialect].prefix) {
        snprintf (address, STORE_ADDRESS_BYTES, "%s%s", s_forms[dialect].prefix, digits);
        return 0;
    }
    (void)store_address_word (name, word);
    snprintf (address, STORE_ADDRESS_BYTES, "%s_%s", word, digits);
    return 0;
}
