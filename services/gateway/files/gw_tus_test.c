/*  gw_tus_test - headers of tus, good and bad. */

#include "gw_tus.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers_are_digits_alone (void **state)
{
    (void)state;
    static const char *const bad[] = {"", "-1", "+1", "1 ", "1,1", "0x1", "9007199254740992", "99999999999999999999"};
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false (gw_tus_number (bad[i], strlen (bad[i]), &number));
    assert_true (gw_tus_number ("9007199254740991", 16, &number) && number == LIM_SEQ);
    assert_true (gw_tus_number ("0", 1, &number) && number == 0);
}

static void test_the_name_is_found_among_the_metadata (void **state)
{
    (void)state;
    static const struct {
        const char *metadata;
        int err;
        const char *name;
    } rows[] = {
        {"filename YS50eHQ=", 0, "a.txt"},
        {"filetype eA==,filename YS50eHQ", 0, "a.txt"},
        {"name eA==, filename YS50eHQ=", 0, "a.txt"},
        {"name eA==", 0, "x"},
        {"is_confidential", 0, ""},
        {"filename", 0, ""},
        {"filename !!", -PT_E_malformed, ""},
        {"filename /w==", -PT_E_malformed, ""},
        {"filename AA==", -PT_E_malformed, ""},
        {"", 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[LIM_FILE_NAME];
        size_t len;
        int err = gw_tus_name (rows[i].metadata, strlen (rows[i].metadata), name, &len);
        if (err != rows[i].err || (err == 0 && (len != strlen (rows[i].name) || memcmp (name, rows[i].name, len) != 0)))
            fail_msg ("%s: %d", rows[i].metadata, err);
    }
}

static void test_checksums_have_the_length_of_their_kind (void **state)
{
    (void)state;
    pt_digest_t kind;
    char digest[GW_TUS_DIGEST];
    size_t len;
    assert_int_equal (gw_tus_checksum ("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", 33, &kind, digest, &len), 0);
    assert_true (kind == PT_digest_SHA1 && len == 20);
    assert_int_equal (gw_tus_checksum ("md5 XUFAKrxLKna5cZ2REBfFkg==", 28, &kind, digest, &len), 0);
    assert_true (kind == PT_digest_MD5 && len == 16);
    assert_int_equal (gw_tus_checksum ("sha256 qvTGHdzF6KLavt4PO0gs2a6pQ00=", 35, &kind, digest, &len),
                      -PT_E_malformed);
    assert_int_equal (gw_tus_checksum ("crc32 qvTGHQ==", 14, &kind, digest, &len), -PT_E_malformed);
    assert_int_equal (gw_tus_checksum ("sha1", 4, &kind, digest, &len), -PT_E_malformed);
    assert_int_equal (gw_tus_checksum ("sha1 ", 5, &kind, digest, &len), -PT_E_malformed);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_numbers_are_digits_alone),
                                       cmocka_unit_test (test_the_name_is_found_among_the_metadata),
                                       cmocka_unit_test (test_checksums_have_the_length_of_their_kind)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
