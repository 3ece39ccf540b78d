/*  sv_text_test - white space and control characters, of one byte and of more. */

#include "sv_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof (list) / sizeof (list)[0])

static void text_of_white_space_has_no_ink (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_ink;
    } rows[] = {
        {"", false},
        {" ", false},
        {" \t\r\n\v\f", false},
        {"\xc2\x85", false},                 /* next line */
        {"\xc2\xa0\xe1\x9a\x80", false},     /* no-break space, ogham space mark */
        {"\xe2\x80\x80\xe2\x80\x8a", false}, /* en quad, hair space */
        {"\xe2\x80\xa8\xe2\x80\xa9", false}, /* line and paragraph separator */
        {"\xe2\x80\xaf\xe2\x81\x9f\xe3\x80\x80", false},
        {"a", true},
        {"  a  ", true},
        {"\xc3\xa9", true},                 /* e acute */
        {"\xe2\x80\x8b", true},             /* zero width space is no White_Space */
        {"\xe2\x80\xa6", true},             /* ellipsis */
        {"\xf0\x9f\x98\x80", true},         /* an emoji */
        {"\xe3\x80\x80\xe3\x81\x82", true}, /* ideographic space, then hiragana */
    };
    for (size_t i = 0; i < COUNT (rows); i++)
        if (sv_text_has_ink (pt_str (rows[i].text)) != rows[i].has_ink)
            fail_msg ("row %zu", i);
}

static void control_characters_are_found (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool in_line, in_block;
    } rows[] = {
        {"", false, false},        {"abc-DEF_123", false, false}, {"\x01", true, true},
        {"a\x1f", true, true},     {"a\x7f", true, true},         {"\xc2\x80", true, true},
        {"\xc2\x9f", true, true},  {"\xc2\xa0", false, false},    {"a\nb", true, false},
        {"a\tb\r\n", true, false}, {"\n\x0b", true, true},        {"\xf0\x9f\x98\x80", false, false},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        if (sv_text_has_control (pt_str (rows[i].text), false) != rows[i].in_line)
            fail_msg ("row %zu in a line", i);
        if (sv_text_has_control (pt_str (rows[i].text), true) != rows[i].in_block)
            fail_msg ("row %zu in a block", i);
    }
}

static void a_truncated_sequence_is_not_read_past (void **state)
{
    (void)state;
    char *bytes = strdup ("\xf0\x9f");
    assert_non_null (bytes);
    bytes[1] = '\xf0';
    assert_true (sv_text_has_ink ((pt_str_t){bytes, 2}));
    assert_false (sv_text_has_control ((pt_str_t){bytes, 2}, false));
    free (bytes);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (text_of_white_space_has_no_ink),
        cmocka_unit_test (control_characters_are_found),
        cmocka_unit_test (a_truncated_sequence_is_not_read_past),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
