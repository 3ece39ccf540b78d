/*  gw_words_test - the order of what waits, and its bounds. */

#include "gw_words.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void s_assert_first (gw_words_t *words, gw_word_kind_t kind, const char *text)
{
    assert_non_null (words->first);
    assert_int_equal (words->first->kind, kind);
    assert_true (pt_str_eq (words->first->text, pt_str (text)));
    gw_words_drop (words);
}

static void words_come_in_their_order_and_what_must_be_first_is (void **state)
{
    (void)state;
    gw_words_t words = {0};
    assert_int_equal (gw_words_add_first (&words, GW_WORD_JOINED), 0);
    assert_int_equal (gw_words_add (&words, GW_WORD_POST, PT_LIT ("one"), false), 0);
    s_assert_first (&words, GW_WORD_JOINED, "");
    assert_int_equal (gw_words_add (&words, GW_WORD_SAID, (pt_str_t){0}, true), 0);
    assert_true (words.last->is_binary);
    assert_int_equal (gw_words_add_first (&words, GW_WORD_JOINED), 0);
    s_assert_first (&words, GW_WORD_JOINED, "");
    s_assert_first (&words, GW_WORD_POST, "one");
    s_assert_first (&words, GW_WORD_SAID, "");
    assert_true (!words.first && !words.last && words.count == 0 && words.bytes == 0);
    assert_int_equal (gw_words_add (&words, GW_WORD_SAID, PT_LIT ("two"), false), 0);
    s_assert_first (&words, GW_WORD_SAID, "two");
}

static void words_and_their_bytes_are_bounded (void **state)
{
    (void)state;
    static char text[GW_WORDS_BYTES];
    const pt_str_t all = {text, sizeof text}, one = {text, 1};
    gw_words_t words = {0};
    assert_int_equal (gw_words_add (&words, GW_WORD_SAID, all, false), 0);
    assert_int_equal (gw_words_add (&words, GW_WORD_SAID, one, false), -PT_E_too_many);
    assert_int_equal (gw_words_add_first (&words, GW_WORD_JOINED), 0);
    gw_words_drop (&words);
    gw_words_drop (&words);
    for (unsigned i = 0; i < GW_WORDS; i++)
        assert_int_equal (gw_words_add (&words, GW_WORD_SAID, (pt_str_t){0}, false), 0);
    assert_int_equal (gw_words_add (&words, GW_WORD_SAID, (pt_str_t){0}, false), -PT_E_too_many);
    gw_words_fini (&words);
    assert_true (!words.first && words.count == 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (words_come_in_their_order_and_what_must_be_first_is),
        cmocka_unit_test (words_and_their_bytes_are_bounded),
    };
    return cmocka_run_group_tests_name ("gw_words", tests, NULL, NULL);
}
