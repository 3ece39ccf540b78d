/*  auth_policy_test - logins, addresses, names and passwords that pass and that
    don't. */

#include "auth_policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char s_long_label[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg";

static void s_logins_have_a_charset_and_are_no_numbers (void **state)
{
    (void)state;
    static const struct {
        const char *login;
        bool ok;
    } cases[] = {{"ann", true},  {"Ann.B-c_9", true},   {"9lives", true}, {"-", true},      {"_", true},
                 {"", false},    {"123", false},        {"0", false},     {"a b", false},   {"a@b", false},
                 {"a/b", false}, {"\xc3\xa4nn", false}, {"a\n", false},   {"a\x7f", false}, {"a:b", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal (auth_policy_is_login (pt_str (cases[i].login)), cases[i].ok);
    char full[LIM_LOGIN + 2];
    memset (full, 'a', sizeof full);
    assert_true (auth_policy_is_login ((pt_str_t){full, LIM_LOGIN}));
    assert_false (auth_policy_is_login ((pt_str_t){full, LIM_LOGIN + 1}));
}

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
        if (auth_policy_is_email (pt_str (cases[i].email)) != cases[i].ok)
            fail_msg ("%s", cases[i].email);
}

static void s_addresses_keep_the_lengths_of_their_parts (void **state)
{
    (void)state;
    char text[LIM_EMAIL + 64];
    snprintf (text, sizeof text, "%s@b.c", s_long_label); /* 64 bytes before the sign */
    assert_true (auth_policy_is_email (pt_str (text)));
    snprintf (text, sizeof text, "%sx@b.c", s_long_label);
    assert_false (auth_policy_is_email (pt_str (text)));
    snprintf (text, sizeof text, "a@%s.c", s_long_label); /* a label of 64 bytes */
    assert_false (auth_policy_is_email (pt_str (text)));
    snprintf (text, sizeof text, "a@%s.c", s_long_label + 1);
    assert_true (auth_policy_is_email (pt_str (text)));
    int len = snprintf (text, sizeof text, "a@%s.%s.%s.%s", s_long_label + 1, s_long_label + 1, s_long_label + 1,
                        s_long_label + 4);
    assert_int_equal (len, LIM_EMAIL);
    assert_true (auth_policy_is_email (pt_str (text)));
    snprintf (text, sizeof text, "a@%s.%s.%s.%s", s_long_label + 1, s_long_label + 1, s_long_label + 1,
              s_long_label + 3);
    assert_false (auth_policy_is_email (pt_str (text)));
}

typedef struct {
    const char *name, *login, *email, *password;
    const char *field, *code; /* NULL: passes */
} s_case_t;

static pt_account_create_t s_make_ask (const s_case_t *c)
{
    pt_account_create_t ask = {.password = pt_str (c->password), .key = PT_LIT ("k")};
    if ((ask.has_login = c->login != NULL))
        ask.login = pt_str (c->login);
    if ((ask.has_email = c->email != NULL))
        ask.email = pt_str (c->email);
    if ((ask.has_name = c->name != NULL))
        ask.name = pt_str (c->name);
    return ask;
}

static void s_registrations_name_the_field_at_fault (void **state)
{
    (void)state;
    static const s_case_t cases[] = {
        {NULL, "ann", NULL, "12345678", NULL, NULL},
        {NULL, NULL, "ann@example.org", "12345678", NULL, NULL},
        {"Ann", "ann", "ann@example.org", "a longer pass phrase", NULL, NULL},
        {NULL, NULL, NULL, "12345678", "login", "missing"},
        {NULL, "123", NULL, "12345678", "login", "encoding"},
        {NULL, "ann", "ann", "12345678", "email", "encoding"},
        {"A\nB", "ann", NULL, "12345678", "name", "encoding"},
        {NULL, "ann", NULL, "1234567", "password", "too_short"},
        {NULL, "ann", NULL, "", "password", "too_short"},
    };
    pt_arena_t *arena = pt_arena_new (65536);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_account_create_t ask = s_make_ask (&cases[i]), clean;
        pt_error_t error = {0};
        int rc = auth_policy_account (&ask, arena, &clean, &error);
        assert_int_equal (rc, cases[i].field ? -PT_E_invalid : 0);
        assert_int_equal (error.errors.count, cases[i].field ? 1 : 0);
        if (cases[i].field) {
            assert_true (pt_str_eq (error.errors.at[0].field, pt_str (cases[i].field)));
            assert_true (pt_str_eq (error.errors.at[0].code, pt_str (cases[i].code)));
        }
    }
    pt_arena_destroy (&arena);
}

static void s_all_faults_of_a_registration_are_named_at_once (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536);
    const s_case_t all = {"\x01", "a b", "x", "short", NULL, NULL};
    pt_account_create_t ask = s_make_ask (&all), clean;
    pt_error_t error = {0};
    assert_int_equal (auth_policy_account (&ask, arena, &clean, &error), -PT_E_invalid);
    assert_int_equal (error.errors.count, 4);
    pt_arena_destroy (&arena);
}

static void s_addresses_are_lowered_and_logins_kept (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536);
    const s_case_t mixed = {"", "AnnB", "Ann@Example.ORG", "12345678", NULL, NULL};
    pt_account_create_t ask = s_make_ask (&mixed), clean;
    pt_error_t error = {0};
    assert_int_equal (auth_policy_account (&ask, arena, &clean, &error), 0);
    assert_true (pt_str_eq (clean.email, PT_LIT ("ann@example.org")));
    assert_true (pt_str_eq (clean.login, PT_LIT ("AnnB")));
    assert_false (clean.has_name);
    pt_arena_destroy (&arena);
}

static void s_long_passwords_are_refused (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536);
    char text[LIM_PASSWORD + 1];
    memset (text, 'x', sizeof text);
    pt_account_create_t ask = {.login = PT_LIT ("ann"), .has_login = true, .password = {text, LIM_PASSWORD}}, clean;
    pt_error_t error = {0};
    assert_int_equal (auth_policy_account (&ask, arena, &clean, &error), 0);
    ask.password.len++;
    assert_int_equal (auth_policy_account (&ask, arena, &clean, &error), -PT_E_invalid);
    pt_arena_destroy (&arena);
}

static void s_profile_names_have_no_control_characters (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536);
    pt_error_t error = {0};
    pt_account_update_t ask = {.account = 1, .name = PT_LIT ("Zo\xc3\xab"), .has_name = true};
    assert_int_equal (auth_policy_update (&ask, arena, &error), 0);
    ask.name = PT_LIT ("a\x1b");
    assert_int_equal (auth_policy_update (&ask, arena, &error), -PT_E_invalid);
    assert_int_equal (error.errors.count, 1);
    pt_arena_destroy (&arena);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_logins_have_a_charset_and_are_no_numbers),
        cmocka_unit_test (s_addresses_are_dot_atoms_at_domains),
        cmocka_unit_test (s_addresses_keep_the_lengths_of_their_parts),
        cmocka_unit_test (s_registrations_name_the_field_at_fault),
        cmocka_unit_test (s_all_faults_of_a_registration_are_named_at_once),
        cmocka_unit_test (s_addresses_are_lowered_and_logins_kept),
        cmocka_unit_test (s_long_passwords_are_refused),
        cmocka_unit_test (s_profile_names_have_no_control_characters),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
