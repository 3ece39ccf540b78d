/*  auth_base64_test - one spelling for each content, and back. */

#include "auth_base64.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

static void s_every_content_has_one_spelling (void **state)
{
    (void)state;
    uint8_t bytes[64], back[64];
    char text[128];
    for (size_t len = 1; len <= sizeof bytes; len++) {
        randombytes_buf (bytes, len);
        sodium_bin2base64 (text, sizeof text, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        assert_int_equal (auth_base64_decode (pt_str (text), back, sizeof back), (int)len);
        assert_memory_equal (bytes, back, len);
        char *last = text + strlen (text) - 1;
        *last = (char)(*last == '_' ? '-' : *last == 'z' ? '0' : *last == 'Z' ? 'a' : *last == '9' ? '-' : *last + 1);
        if (len % 3 != 0)
            assert_false (auth_base64_is (pt_str (text)));
    }
}

static void s_what_is_not_base64url_is_refused (void **state)
{
    (void)state;
    static const char *const bad[] = {"A",    "AAAAA", "AA=", "AA==",     "A+AA", "A/AA",
                                      "AA A", "AB",    "AAB", "\xc1\xc1", "AA\n"};
    uint8_t out[8];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (auth_base64_decode (pt_str (bad[i]), out, sizeof out), -PT_E_malformed);
    assert_int_equal (auth_base64_decode (PT_LIT (""), out, sizeof out), 0);
    assert_int_equal (auth_base64_decode (PT_LIT ("AAAAAAAAAAAA"), out, sizeof out), -PT_E_malformed);
}

static void s_thirty_two_bytes_are_forty_three_characters (void **state)
{
    (void)state;
    const uint8_t bytes[32] = {0xff};
    uint8_t back[32];
    char text[AUTH_BASE64_32 + 1];
    auth_base64_encode_32 (bytes, text);
    assert_int_equal (strlen (text), AUTH_BASE64_32);
    assert_int_equal (auth_base64_decode (pt_str (text), back, sizeof back), 32);
    assert_memory_equal (bytes, back, 32);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_every_content_has_one_spelling),
        cmocka_unit_test (s_what_is_not_base64url_is_refused),
        cmocka_unit_test (s_thirty_two_bytes_are_forty_three_characters),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
