/*  pt_utf8_test - a corpus, and agreement with a plain reading of RFC 3629. */

#include "pt_codec.h"
#include "pt_sample.h"
#include "pt_test.h"

typedef struct {
    const char *what;
    const char *bytes;
    size_t len;
    bool is_valid;
} s_vector_t;

static const s_vector_t s_vectors[] = {
    {"nothing", BYTES (""), true},
    {"ASCII", BYTES ("hello, world"), true},
    {"controls except NUL", BYTES ("\x01\x1f\x7f"), true},
    {"NUL", BYTES ("\0"), false},
    {"NUL behind eight plain bytes", BYTES ("12345678\0"), false},
    {"NUL inside eight bytes",
     BYTES ("123\0"
            "4567890"),
     false},
    {"NUL beside 0x80", BYTES ("\xc2\x80\0aaaaaaaa"), false},
    {"U+0080", BYTES ("\xc2\x80"), true},
    {"U+07FF", BYTES ("\xdf\xbf"), true},
    {"U+0800", BYTES ("\xe0\xa0\x80"), true},
    {"U+D7FF", BYTES ("\xed\x9f\xbf"), true},
    {"U+E000", BYTES ("\xee\x80\x80"), true},
    {"U+FFFF", BYTES ("\xef\xbf\xbf"), true},
    {"U+10000", BYTES ("\xf0\x90\x80\x80"), true},
    {"U+10FFFF", BYTES ("\xf4\x8f\xbf\xbf"), true},
    {"an emoji of several code points", BYTES ("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80"), true},
    {"U+110000", BYTES ("\xf4\x90\x80\x80"), false},
    {"lead F5", BYTES ("\xf5\x80\x80\x80"), false},
    {"overlong NUL", BYTES ("\xc0\x80"), false},
    {"overlong slash in two", BYTES ("\xc0\xaf"), false},
    {"overlong slash in three", BYTES ("\xe0\x80\xaf"), false},
    {"overlong slash in four", BYTES ("\xf0\x80\x80\xaf"), false},
    {"overlong U+007F", BYTES ("\xc1\xbf"), false},
    {"overlong U+07FF", BYTES ("\xe0\x9f\xbf"), false},
    {"overlong U+FFFF", BYTES ("\xf0\x8f\xbf\xbf"), false},
    {"first surrogate", BYTES ("\xed\xa0\x80"), false},
    {"last surrogate", BYTES ("\xed\xbf\xbf"), false},
    {"a pair of surrogates", BYTES ("\xed\xa0\xbd\xed\xb8\x80"), false},
    {"a continuation alone", BYTES ("\x80"), false},
    {"a continuation too many", BYTES ("\xc2\x80\x80"), false},
    {"lead without continuation", BYTES ("\xc2"), false},
    {"lead before ASCII",
     BYTES ("\xc2"
            "a"),
     false},
    {"three cut to two", BYTES ("\xe2\x82"), false},
    {"four cut to three", BYTES ("\xf0\x9f\x98"), false},
    {"five bytes", BYTES ("\xf8\x88\x80\x80\x80"), false},
    {"six bytes", BYTES ("\xfc\x84\x80\x80\x80\x80"), false},
    {"FE", BYTES ("\xfe"), false},
    {"FF", BYTES ("\xff"), false},
    {"bad byte behind eight plain ones", BYTES ("12345678\xff"), false},
};

static void the_corpus_is_judged_as_listed (void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF (s_vectors); i++) {
        char *bytes = test_copy (s_vectors[i].bytes, s_vectors[i].len);
        if (pt_utf8_valid (bytes, s_vectors[i].len) != s_vectors[i].is_valid)
            fail_msg ("%s", s_vectors[i].what);
        free (bytes);
    }
    assert_true (pt_utf8_valid (NULL, 0));
}

/*  The code point of one character and its length, or 0: decoded first and
    judged after, unlike the library. */
static size_t s_decode_plainly (const unsigned char *at, size_t left)
{
    static const struct {
        unsigned mask, mark, least;
    } s_forms[] = {
        {0x80, 0x00, 1},
        {0xe0, 0xc0, 0x80},
        {0xf0, 0xe0, 0x800},
        {0xf8, 0xf0, 0x10000},
    };
    for (size_t form = 0; form < 4; form++) {
        if ((at[0] & s_forms[form].mask) != s_forms[form].mark)
            continue;
        unsigned point = at[0] & ~s_forms[form].mask;
        for (size_t i = 1; i <= form; i++) {
            if (i >= left || (at[i] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (at[i] & 0x3f);
        }
        bool is_good = point >= s_forms[form].least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        return is_good ? form + 1 : 0;
    }
    return 0;
}

static bool s_is_valid_plainly (const unsigned char *at, size_t len)
{
    while (len) {
        size_t step = s_decode_plainly (at, len);
        if (step == 0)
            return false;
        at += step;
        len -= step;
    }
    return true;
}

static void every_pair_and_most_triples_agree_with_the_plain_reading (void **state)
{
    (void)state;
    static const unsigned char s_thirds[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            for (size_t c = 0; c < COUNT_OF (s_thirds); c++) {
                unsigned char bytes[] = {(unsigned char)a, (unsigned char)b, s_thirds[c], 0x80};
                for (size_t len = 1; len <= 4; len++)
                    if (pt_utf8_valid ((char *)bytes, len) != s_is_valid_plainly (bytes, len))
                        fail_msg ("%02x %02x %02x 80, %zu bytes", a, b, s_thirds[c], len);
            }
}

static void random_texts_agree_with_the_plain_reading (void **state)
{
    (void)state;
    pt_sample_t random = {.state = 11};
    unsigned valid = 0;
    for (int round = 0; round < 100000; round++) {
        uint32_t len = (uint32_t)(pt_sample_next (&random) % 40);
        char text[40];
        pt_sample_text (&random, text, len);
        if (len && round % 2)
            text[pt_sample_next (&random) % len] = (char)pt_sample_next (&random);
        char *bytes = test_copy (text, len);
        bool is_valid = pt_utf8_valid (bytes, len);
        if (is_valid != s_is_valid_plainly ((unsigned char *)bytes, len))
            fail_msg ("round %d", round);
        valid += is_valid;
        free (bytes);
    }
    assert_in_range (valid, 50000, 90000);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_corpus_is_judged_as_listed),
        cmocka_unit_test (every_pair_and_most_triples_agree_with_the_plain_reading),
        cmocka_unit_test (random_texts_agree_with_the_plain_reading),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
