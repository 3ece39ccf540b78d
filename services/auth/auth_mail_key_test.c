/*  auth_mail_key_test - a key proves one mail, and no other spelling of it does. */

#include "auth_mail_key.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static auth_secret_t *s_secret, *s_other;

static int s_read (pt_mail_kind_t kind, const char *text, uint64_t *out)
{
    return auth_mail_key_read (s_secret, NULL, kind, pt_str (text), out);
}

static void s_a_key_names_its_mail (void **state)
{
    (void)state;
    static const uint64_t mails[] = {1, 17, LIM_ID};
    for (size_t i = 0; i < sizeof mails / sizeof mails[0]; i++) {
        auth_mail_key_t key;
        uint64_t mail = 0;
        auth_mail_key_make (s_secret, PT_mail_kind_CONFIRM, mails[i], &key);
        assert_int_equal (s_read (PT_mail_kind_CONFIRM, key.text, &mail), 0);
        assert_int_equal (mail, mails[i]);
    }
}

static void s_a_key_of_one_kind_is_none_of_another (void **state)
{
    (void)state;
    auth_mail_key_t key;
    uint64_t mail;
    auth_mail_key_make (s_secret, PT_mail_kind_CONFIRM, 5, &key);
    assert_int_equal (s_read (PT_mail_kind_RESET, key.text, &mail), -PT_E_token_invalid);
}

static void s_a_changed_key_is_refused (void **state)
{
    (void)state;
    auth_mail_key_t key, changed;
    uint64_t mail;
    auth_mail_key_make (s_secret, PT_mail_kind_RESET, 23, &key);
    size_t len = strlen (key.text);
    for (size_t i = 0; i < len; i++)
        for (int flip = 1; flip < 128; flip <<= 1) {
            changed = key;
            changed.text[i] = (char)(changed.text[i] ^ flip);
            assert_int_equal (
                auth_mail_key_read (s_secret, NULL, PT_mail_kind_RESET, (pt_str_t){changed.text, (uint32_t)len}, &mail),
                -PT_E_token_invalid);
        }
    for (uint32_t cut = 0; cut < len; cut++)
        assert_int_equal (auth_mail_key_read (s_secret, NULL, PT_mail_kind_RESET, (pt_str_t){key.text, cut}, &mail),
                          -PT_E_token_invalid);
}

static void s_other_spellings_are_refused (void **state)
{
    (void)state;
    auth_mail_key_t key;
    uint64_t mail;
    char text[LIM_MAIL_KEY + 8];
    auth_mail_key_make (s_secret, PT_mail_kind_RESET, 23, &key);
    static const char *const heads[] = {
        "023-", "+23-", " 23-", "23--", "-23-", "23", "23-x", "-", "", "0-", "18446744073709551639-"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        snprintf (text, sizeof text, "%s%s", heads[i], key.text + strlen ("23-"));
        assert_int_equal (s_read (PT_mail_kind_RESET, text, &mail), -PT_E_token_invalid);
    }
}

static void s_keys_of_either_secret_count_while_there_are_two (void **state)
{
    (void)state;
    auth_mail_key_t key;
    uint64_t mail;
    auth_mail_key_make (s_other, PT_mail_kind_RESET, 23, &key);
    assert_int_equal (s_read (PT_mail_kind_RESET, key.text, &mail), -PT_E_token_invalid);
    assert_int_equal (auth_mail_key_read (s_secret, s_other, PT_mail_kind_RESET, pt_str (key.text), &mail), 0);
    assert_int_equal (auth_mail_key_read (s_other, s_secret, PT_mail_kind_RESET, pt_str (key.text), &mail), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_a_key_names_its_mail),
        cmocka_unit_test (s_a_key_of_one_kind_is_none_of_another),
        cmocka_unit_test (s_a_changed_key_is_refused),
        cmocka_unit_test (s_other_spellings_are_refused),
        cmocka_unit_test (s_keys_of_either_secret_count_while_there_are_two),
    };
    if (sodium_init () < 0)
        return 1;
    s_secret = auth_secret_new ("0123456789abcdef0123456789abcdef", 32);
    s_other = auth_secret_new ("another 9abcdef0123456789abcdef!", 32);
    int rc = cmocka_run_group_tests (tests, NULL, NULL);
    auth_secret_destroy (&s_secret);
    auth_secret_destroy (&s_other);
    return rc;
}
