/*  sv_email_test - addresses that pass and that don't. */

#include "sv_email.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char s_long_label[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg";

static void s_addresses_are_dot_atoms_at_domains (void **state)
{
    (void)state;
    static const struct {
        const char *email;
        bool ok;
    } cases[] = {
        {"a@b.c", true},
        {"ann.b+tag@mail.example.org", true},
        {"o'neil!#$%&*/=?^`{|}~-_@x-y.example", true},
        {"1@2.3", true},
        {"ann", false},
        {"@b.c", false},
        {"a@", false},
        {"a@b", false},
        {"a@@b.c", false},
        {"a@b@c.d", false},
        {".a@b.c", false},
        {"a.@b.c", false},
        {"a..b@c.d", false},
        {"a@.b.c", false},
        {"a@b.c.", false},
        {"a@b..c", false},
        {"a@-b.c", false},
        {"a@b-.c", false},
        {"a b@c.d", false},
        {"a@b c.d", false},
        {"\"a\"@b.c", false},
        {"a@[127.0.0.1]", false},
        {"\xc3\xa4@b.c", false},
        {"a@\xc3\xa4.c", false},
        {"a\r\nBcc:@b.c", false},
        {"a@b.c\n", false},
        {"a@b_c.d", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sv_email_is_valid (pt_str (cases[i].email)) != cases[i].ok)
            fail_msg ("%s", cases[i].email);
}

static void s_addresses_keep_the_lengths_of_their_parts (void **state)
{
    (void)state;
    char text[LIM_EMAIL + 64];
    snprintf (text, sizeof text, "%s@b.c", s_long_label); /* 64 bytes before the sign */
    assert_true (sv_email_is_valid (pt_str (text)));
    snprintf (text, sizeof text, "%sx@b.c", s_long_label);
    assert_false (sv_email_is_valid (pt_str (text)));
    snprintf (text, sizeof text, "a@%s.c", s_long_label); /* a label of 64 bytes */
    assert_false (sv_email_is_valid (pt_str (text)));
    snprintf (text, sizeof text, "a@%s.c", s_long_label + 1);
    assert_true (sv_email_is_valid (pt_str (text)));
    int len = snprintf (text, sizeof text, "a@%s.%s.%s.%s", s_long_label + 1, s_long_label + 1, s_long_label + 1,
                        s_long_label + 4);
    assert_int_equal (len, LIM_EMAIL);
    assert_true (sv_email_is_valid (pt_str (text)));
    snprintf (text, sizeof text, "a@%s.%s.%s.%s", s_long_label + 1, s_long_label + 1, s_long_label + 1,
              s_long_label + 3);
    assert_false (sv_email_is_valid (pt_str (text)));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (s_addresses_are_dot_atoms_at_domains),
                                       cmocka_unit_test (s_addresses_keep_the_lengths_of_their_parts)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
