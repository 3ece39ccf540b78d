/*  auth_policy_test - logins, addresses, names and passwords that pass and that
    don't. */

#include "auth_policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define S_GOOD "k7#dw2px"

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

static void s_lax_logins_are_what_others_let_people_choose (void **state)
{
    (void)state;
    static const struct {
        const char *login;
        bool ok;
    } cases[] = {{"ann", true},     {"123", true},  {"\xd8\xb3\xd8\xa7\xd8\xb1\xd8\xa7", true},
                 {"a+b@c.d", true}, {"a/b", true},  {"", false},
                 {"a b", false},    {"a:b", false}, {"a\n", false},
                 {"\x7f", false},   {"a\tb", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_account_create_t ask = {.login = pt_str (cases[i].login),
                                   .has_login = true,
                                   .password = PT_LIT ("x"),
                                   .is_lax = true,
                                   .has_is_lax = true};
        pt_account_create_t clean;
        pt_error_t error = {0};
        pt_arena_t *arena = pt_arena_new (65536);
        assert_int_equal (auth_policy_account (&ask, arena, &clean, &error), cases[i].ok ? 0 : -PT_E_invalid);
        pt_arena_destroy (&arena);
    }
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
        {NULL, "ann", NULL, S_GOOD, NULL, NULL},
        {NULL, NULL, "ann@example.org", S_GOOD, NULL, NULL},
        {"Ann", "ann", "ann@example.org", "a longer pass phrase", NULL, NULL},
        {NULL, NULL, NULL, S_GOOD, "login", "missing"},
        {NULL, "123", NULL, S_GOOD, "login", "encoding"},
        {NULL, "ann", "ann", S_GOOD, "email", "encoding"},
        {"A\nB", "ann", NULL, S_GOOD, "name", "encoding"},
        {NULL, "ann", NULL, "k7#dw2p", "password", "too_short"},
        {NULL, "ann.marie.b", NULL, "Ann.Marie.B", "password", "similar"},
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
    const s_case_t mixed = {"", "AnnB", "Ann@Example.ORG", S_GOOD, NULL, NULL};
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

static void s_passwords_are_judged_by_every_rule (void **state)
{
    (void)state;
    static const struct {
        const char *password, *codes;
    } cases[] = {
        {S_GOOD, ""},
        {"a longer pass phrase", ""},
        {"p\xc3\xa4\xc3\x9f\xc3\xb6\xc3\xbc\xc3\xabk7", ""}, /* 8 characters */
        {"p\xc3\xa4\xc3\x9f\xc3\xb6\xc3\xbc\xc3\xab"
         "k",
         "too_short"},
        {"\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91", "too_short"}, /* 3 characters, 12 bytes */
        {"12345678", "common numeric"},
        {"1234567", "too_short common numeric"},
        {"8402957113", "numeric"},
        {"password", "common"},
        {"PassWord", "common"},
        {"P@$$w0rd", "common"},
        {"p4ssw0rd!", "common"},
        {"Password123!", "common"},
        {"Dragon2024", "common"},
        {"dr4g0n99", "common"},
        {"iloveyou!!!", "common"},
        {"tr0ub4dor&3", ""},
        {"abcd9999", ""}, /* four letters say too little */
        {"frodo.baggins", "similar"},
        {"Frodo.Baggins", "similar"},
        {"FB@shire.example", "similar"},
        {"ringbearer", ""},
    };
    const pt_str_t login = PT_LIT ("frodo.baggins"), email = PT_LIT ("fb@shire.example");
    pt_arena_t *arena = pt_arena_new (65536);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pt_error_t error = {0};
        char codes[128] = "";
        int rc = auth_policy_password (pt_str (cases[i].password), login, email, false, arena, &error);
        for (uint32_t k = 0; k < error.errors.count; k++)
            snprintf (codes + strlen (codes), sizeof codes - strlen (codes), "%s%.*s", k ? " " : "",
                      (int)error.errors.at[k].code.len, error.errors.at[k].code.at);
        if (strcmp (codes, cases[i].codes) != 0 || rc != (*codes ? -PT_E_invalid : 0))
            fail_msg ("%s: '%s' instead of '%s'", cases[i].password, codes, cases[i].codes);
        pt_error_t none = {0};
        assert_int_equal (auth_policy_password (pt_str (cases[i].password), login, email, true, arena, &none), 0);
    }
    pt_arena_destroy (&arena);
}

static void s_the_part_before_the_sign_is_similar (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536);
    pt_error_t error = {0};
    const pt_str_t email = PT_LIT ("peregrin.took@shire.example");
    assert_int_equal (auth_policy_password (PT_LIT ("Peregrin.Took"), PT_LIT (""), email, false, arena, &error),
                      -PT_E_invalid);
    assert_true (pt_str_eq (error.errors.at[0].code, PT_LIT ("similar")));
    pt_arena_destroy (&arena);
}

static void s_no_rule_lets_an_empty_password_pass (void **state)
{
    (void)state;
    pt_arena_t *arena = pt_arena_new (65536);
    pt_error_t error = {0};
    const pt_str_t none = {NULL, 0};
    assert_int_equal (auth_policy_password (PT_LIT (""), none, none, true, arena, &error), -PT_E_invalid);
    assert_int_equal (auth_policy_password (PT_LIT ("x"), none, none, true, arena, &error), 0);
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
    ask = (pt_account_update_t){.account = 1, .nickname = PT_LIT ("a\nb"), .has_nickname = true};
    assert_int_equal (auth_policy_update (&ask, arena, &error), -PT_E_invalid);
    assert_int_equal (error.errors.count, 2);
    assert_true (pt_str_eq (error.errors.at[1].field, PT_LIT ("nickname")));
    pt_arena_destroy (&arena);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_logins_have_a_charset_and_are_no_numbers),
        cmocka_unit_test (s_lax_logins_are_what_others_let_people_choose),
        cmocka_unit_test (s_registrations_name_the_field_at_fault),
        cmocka_unit_test (s_all_faults_of_a_registration_are_named_at_once),
        cmocka_unit_test (s_addresses_are_lowered_and_logins_kept),
        cmocka_unit_test (s_long_passwords_are_refused),
        cmocka_unit_test (s_passwords_are_judged_by_every_rule),
        cmocka_unit_test (s_the_part_before_the_sign_is_similar),
        cmocka_unit_test (s_no_rule_lets_an_empty_password_pass),
        cmocka_unit_test (s_profile_names_have_no_control_characters),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
