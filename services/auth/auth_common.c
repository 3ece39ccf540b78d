/*  auth_common - the passwords that are tried first.

    The list is sorted when it is compiled in, so a look-up is a binary search. */

#include "auth_common.h"
#include <stdlib.h>

/*  Longer than any entry, and than any entry with a tail that people add. */
#define S_LEN_MAX 64

#define S_LETTERS_MIN 5

static const char *const s_common[] = {
#include "auth_common.inc"
};

static int s_compare (const void *key, const void *entry)
{
    return strcmp (key, *(const char *const *)entry);
}

static bool s_is_listed (const char *word)
{
    return bsearch (word, s_common, sizeof s_common / sizeof s_common[0], sizeof s_common[0], s_compare) != NULL;
}

static const char s_signs[] = "4@31!05$7", s_letters[] = "aaeiiosst";

/*  Turns digits and signs that stand for letters into these. */
static void s_plain (const char *word, char out[S_LEN_MAX + 1])
{
    size_t i = 0;
    for (; word[i]; i++) {
        const char *sign = strchr (s_signs, word[i]);
        out[i] = sign ? s_letters[sign - s_signs] : word[i];
    }
    out[i] = '\0';
}

static bool s_is_listed_plain (const char *word)
{
    char plain[S_LEN_MAX + 1];
    s_plain (word, plain);
    return s_is_listed (word) || s_is_listed (plain);
}

/*  Takes off what follows the last letter or unusual sign.  False when there is
    nothing to take off, or too little would be left. */
static bool s_cut_tail (char *word)
{
    size_t len = strlen (word), letters = 0, end = len;
    while (end > 0 && strchr ("0123456789!.?*", word[end - 1]))
        end--;
    for (size_t i = 0; i < end; i++)
        letters += (word[i] >= 'a' && word[i] <= 'z') || (unsigned char)word[i] >= 0x80 || strchr (s_signs, word[i]);
    word[end] = '\0';
    return end < len && letters >= S_LETTERS_MIN;
}

bool auth_common_has (pt_str_t password)
{
    char word[S_LEN_MAX + 1];
    if (password.len == 0 || password.len > S_LEN_MAX)
        return false;
    for (uint32_t i = 0; i < password.len; i++) {
        char c = password.at[i];
        word[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    word[password.len] = '\0';
    return s_is_listed_plain (word) || (s_cut_tail (word) && s_is_listed_plain (word));
}
