/*  auth_mail_text_test - what mails look like, and that nothing a stranger chose
    gets into their header. */

#include "auth_mail_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "17-4-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

static auth_mail_from_t s_from;

static auth_mail_letter_t s_make_letter (const char *to, const char *name)
{
    return (auth_mail_letter_t){.kind = PT_mail_kind_RESET,
                                .to = pt_str (to),
                                .name = pt_str (name),
                                .key = KEY,
                                .id = "0a1b2c",
                                .url = "https://chat.example.org/",
                                .from = &s_from,
                                .at_us = INT64_C (1700000000000000)};
}

static void s_write (const auth_mail_letter_t *letter, bool is_wire, char *out, size_t size)
{
    pt_buf_t buf;
    pt_buf_init (&buf, 16384);
    assert_int_equal (auth_mail_text_write (letter, is_wire, &buf), 0);
    snprintf (out, size, "%.*s", (int)buf.len, buf.at);
    pt_buf_fini (&buf);
}

static void s_a_file_is_for_people_to_read (void **state)
{
    (void)state;
    char text[16384];
    const auth_mail_letter_t letter = s_make_letter ("ann@example.org", "Zo\xc3\xab");
    s_write (&letter, false, text, sizeof text);
    static const char head[] = "From: \"Parley Chat\" <parley@chat.example.org>\n"
                               "To: ann@example.org\n"
                               "Subject: Choose a new password\n"
                               "Date: Tue, 14 Nov 2023 22:13:20 +0000\n"
                               "Message-ID: <0a1b2c@chat.example.org>\n"
                               "Auto-Submitted: auto-generated\n"
                               "MIME-Version: 1.0\n"
                               "Content-Type: text/plain; charset=utf-8\n"
                               "Content-Transfer-Encoding: 8bit\n"
                               "\n"
                               "Hello Zo\xc3\xab,\n";
    assert_memory_equal (text, head, sizeof head - 1);
    assert_non_null (strstr (text, "\n    https://chat.example.org/reset?token=" KEY "\n"));
    assert_non_null (strstr (text, "\n    " KEY "\n"));
    assert_null (strchr (text, '{'));
}

static void s_a_link_leads_where_the_reader_signed_up (void **state)
{
    (void)state;
    static const struct {
        pt_mail_kind_t kind;
        pt_room_dialect_t dialect;
        const char *link;
    } cases[] = {
        {PT_mail_kind_CONFIRM, PT_room_dialect_none, "/confirm?token=" KEY},
        {PT_mail_kind_CONFIRM, PT_room_dialect_CHAT, "/api/rest-auth/registration/account-confirm-email/" KEY "/"},
        {PT_mail_kind_CONFIRM, PT_room_dialect_MEMBER, "/confirm?token=" KEY},
        {PT_mail_kind_RESET, PT_room_dialect_CHAT, "/reset?token=" KEY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16384], expected[256];
        auth_mail_letter_t letter = s_make_letter ("ann@example.org", "");
        letter.kind = cases[i].kind;
        letter.dialect = cases[i].dialect;
        s_write (&letter, false, text, sizeof text);
        snprintf (expected, sizeof expected, "\n    https://chat.example.org%s\n", cases[i].link);
        assert_non_null (strstr (text, expected));
    }
}

/*  SMTP: lines end with CR LF, are short, and have no byte above 0x7f. */
static void s_the_wire_gets_short_lines_of_ascii (void **state)
{
    (void)state;
    static const char *const names[] = {"", "Ann", "Zo\xc3\xab", "\xe6\x9d\x8e"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[16384];
        const auth_mail_letter_t letter = s_make_letter ("ann@example.org", names[i]);
        s_write (&letter, true, text, sizeof text);
        size_t line = 0;
        for (const char *at = text; *at; at++) {
            assert_true ((unsigned char)*at < 0x80);
            assert_int_equal (*at == '\n', at > text && at[-1] == '\r');
            line = *at == '\n' ? 0 : line + 1;
            assert_true (line < 900);
        }
        assert_int_equal (strstr (text, "base64") != NULL, i > 1);
    }
}

static void s_names_never_reach_the_header (void **state)
{
    (void)state;
    static const char *const names[] = {"Eve\r\nBcc: all@example.org", "Eve\nX: y", "Eve\x7f", "{key}{link}"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[16384];
        const auth_mail_letter_t letter = s_make_letter ("ann@example.org", names[i]);
        s_write (&letter, false, text, sizeof text);
        assert_null (strstr (text, "Bcc"));
        assert_null (strstr (text, "X: y"));
        char *hello = strstr (text, "Hello");
        assert_non_null (hello);
        assert_memory_equal (hello, i < 3 ? "Hello,\n" : "Hello {key}{link},", i < 3 ? 7 : 18);
    }
}

static void s_an_address_that_is_none_gets_no_mail (void **state)
{
    (void)state;
    static const char *const tos[] = {"",
                                      "ann",
                                      "ann@example.org\r\nBcc: eve@example.org",
                                      "ann@example.org, eve@example.org",
                                      "<ann@example.org>",
                                      "ann@example.org\n"};
    for (size_t i = 0; i < sizeof tos / sizeof tos[0]; i++) {
        pt_buf_t buf;
        pt_buf_init (&buf, 16384);
        const auth_mail_letter_t letter = s_make_letter (tos[i], "");
        assert_int_equal (auth_mail_text_write (&letter, true, &buf), -PT_E_invalid);
        assert_int_equal (buf.len, 0);
        pt_buf_fini (&buf);
    }
}

static void s_what_does_not_fit_is_an_error (void **state)
{
    (void)state;
    pt_buf_t buf;
    pt_buf_init (&buf, 100);
    const auth_mail_letter_t letter = s_make_letter ("ann@example.org", "");
    assert_int_equal (auth_mail_text_write (&letter, true, &buf), -PT_E_too_large);
    pt_buf_fini (&buf);
}

static void s_senders_are_judged (void **state)
{
    (void)state;
    static const struct {
        const char *setting, *header, *address; /* header NULL: refused */
    } cases[] = {
        {"parley@localhost", "parley@localhost", "parley@localhost"},
        {"Parley <p@example.org>", "\"Parley\" <p@example.org>", "p@example.org"},
        {"<p@example.org>", "p@example.org", "p@example.org"},
        {"p", NULL, NULL},
        {"", NULL, NULL},
        {"@example.org", NULL, NULL},
        {"p@", NULL, NULL},
        {"Parley <p@example.org", NULL, NULL},
        {"Parley <>", NULL, NULL},
        {"Parley <", NULL, NULL},
        {"Par\"ley <p@example.org>", NULL, NULL},
        {"Parley\r\nBcc: <p@example.org>", NULL, NULL},
        {"p@example.org\n", NULL, NULL},
        {"p@example.org, q@example.org", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        auth_mail_from_t from;
        int rc = auth_mail_text_from (cases[i].setting, &from);
        if (rc != (cases[i].header ? 0 : -PT_E_invalid))
            fail_msg ("%s", cases[i].setting);
        if (rc == 0) {
            assert_string_equal (from.header, cases[i].header);
            assert_string_equal (from.address, cases[i].address);
        }
    }
}

static void s_urls_are_judged (void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_ok;
    } cases[] = {
        {"http://localhost:8000", true},
        {"https://chat.example.org/parley/", true},
        {"ftp://example.org", false},
        {"https://", false},
        {"https:///x", false},
        {"javascript:alert(1)", false},
        {"https://a b", false},
        {"https://a\r\nX: y", false},
        {"https://a/?x=1", false},
        {"https://a/#x", false},
        {"https://a/\"><script>", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (auth_mail_text_is_url (cases[i].url) != cases[i].is_ok)
            fail_msg ("%s", cases[i].url);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_a_file_is_for_people_to_read),
        cmocka_unit_test (s_a_link_leads_where_the_reader_signed_up),
        cmocka_unit_test (s_the_wire_gets_short_lines_of_ascii),
        cmocka_unit_test (s_names_never_reach_the_header),
        cmocka_unit_test (s_an_address_that_is_none_gets_no_mail),
        cmocka_unit_test (s_what_does_not_fit_is_an_error),
        cmocka_unit_test (s_senders_are_judged),
        cmocka_unit_test (s_urls_are_judged),
    };
    if (auth_mail_text_from ("Parley Chat <parley@chat.example.org>", &s_from) != 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
