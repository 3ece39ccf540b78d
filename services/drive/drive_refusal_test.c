/*  drive_refusal_test - what parley-drive does not take, or not twice: wrong offsets and digests, too
    much, names, what is no picture, ranges of nothing. */

#include "drive_fixture.h"
#include <sys/stat.h>

static void a_wrong_offset_is_a_conflict (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "12345", 5).status, 0);
    static const uint64_t offsets[] = {0, 4, 6, 10, LIM_SEQ};
    for (size_t i = 0; i < COUNT (offsets); i++) {
        const pt_write_open_t ask = fixture_write (upload, offsets[i]);
        fixture_refused (f, PT_OP_drive_write, &ask, PT_E_offset_conflict);
    }
    assert_true (fixture_get (f, upload)->offset == 5);
}

static void bytes_that_do_not_match_their_digest_are_thrown_away (void **state)
{
    fixture_t *f = *state;
    static const struct {
        pt_digest_t kind;
        size_t size;
    } kinds[] = {{PT_digest_SHA1, 20}, {PT_digest_SHA256, 32}, {PT_digest_MD5, 16}};
    uint64_t upload = fixture_create (f, "a", 15, PT_upload_purpose_FILE);
    for (size_t i = 0; i < COUNT (kinds); i++) {
        uint8_t value[LIM_SECRET_HASH];
        drive_digest_t *digest = drive_digest_new (kinds[i].kind);
        assert_int_equal (drive_digest_add (digest, "hello", 5), 0);
        assert_int_equal (drive_digest_end (digest, value), 0);
        drive_digest_destroy (&digest);
        pt_write_open_t ask = fixture_write (upload, 5 * i);
        ask.has_digest_kind = ask.has_digest_value = true;
        ask.digest_kind = kinds[i].kind;
        ask.digest_value = (pt_str_t){(const char *)value, (uint32_t)kinds[i].size};
        fixture_open_write (f, &ask);
        fixture_give (f, "hullo", 5, true);
        pt_bulk_end_t end = fixture_end (f);
        assert_string_equal (pt_error_name ((int)end.status), pt_error_name (PT_E_checksum_mismatch));
        assert_true (end.offset == 5 * i && fixture_get (f, upload)->offset == 5 * i);
        fixture_open_write (f, &ask);
        fixture_give (f, "hello", 5, true);
        assert_int_equal (fixture_end (f).status, 0);
        ask.digest_value.len--;
        ask.offset = 5 * i + 5;
        if (i + 1 < COUNT (kinds))
            fixture_refused (f, PT_OP_drive_write, &ask, PT_E_invalid);
    }
    fixture_assert_reads (f, 1, 0, (const uint8_t *)"hellohellohello", 15);
}

static void more_than_was_announced_is_too_large (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    ask.count = 11;
    ask.has_count = true;
    fixture_refused (f, PT_OP_drive_write, &ask, PT_E_too_large);
    ask.has_count = false;
    fixture_open_write (f, &ask);
    fixture_give (f, "12345678901", 11, true);
    assert_string_equal (pt_error_name ((int)fixture_end (f).status), pt_error_name (PT_E_too_large));
    const pt_upload_create_t large = {.account = FIXTURE_ME,
                                      .name = PT_LIT ("a"),
                                      .length = 8u * 1024 * 1024 + 1,
                                      .has_length = true,
                                      .key = PT_LIT ("k")};
    fixture_refused (f, PT_OP_drive_upload_create, &large, PT_E_too_large);
}

static void two_writers_of_one_upload_do_not_meet (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    ask.peer = 100;
    fixture_refused (f, PT_OP_drive_write, &ask, PT_E_locked);
    fixture_give (f, "1234567890", 10, true);
    assert_int_equal (fixture_end (f).status, 0);
}

static void a_request_that_comes_twice_is_granted_the_same_stream (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    const pt_write_open_t ask = fixture_write (upload, 0);
    uint64_t stream = ((const pt_bulk_grant_t *)fixture_ok (f, PT_OP_drive_write, &ask))->stream;
    const pt_bulk_grant_t *again = fixture_ok (f, PT_OP_drive_write, &ask);
    assert_true (again->stream == stream);
}

static void a_name_is_data_but_has_no_control_characters (void **state)
{
    fixture_t *f = *state;
    static const char *const bad[] = {"a\nb", "\x7f", " ", "a\rSet-Cookie: x"};
    for (size_t i = 0; i < COUNT (bad); i++) {
        const pt_upload_create_t ask = {.account = FIXTURE_ME, .name = pt_str (bad[i]), .key = PT_LIT ("k")};
        fixture_refused (f, PT_OP_drive_upload_create, &ask, PT_E_invalid);
    }
    static const char *const good[] = {"/etc/passwd", "..", ".", "a/../../b", "%2e%2e", "\xc3\xa9\xe2\x80\xae.exe"};
    for (size_t i = 0; i < COUNT (good); i++) {
        uint64_t upload = fixture_create (f, good[i], 1, PT_upload_purpose_FILE);
        assert_int_equal (fixture_put (f, upload, 0, "x", 1).status, 0);
    }
    fixture_assert_reads (f, COUNT (good), 0, (const uint8_t *)"x", 1);
}

static void a_picture_must_be_one_and_small (void **state)
{
    fixture_t *f = *state;
    static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x20\0\0\0\x10\x08\x06\0\0\0\x9a\x2b\x2a\x2b";
    static const uint8_t wide[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x40\0\0\0\x04\x01\x08\x06\0\0\0\x9a\x2b\x2a\x2b";
    static const struct {
        const void *bytes;
        size_t len;
        int err;
    } rows[] = {{png, sizeof png - 1, 0},
                {wide, sizeof wide - 1, PT_E_too_large},
                {"<svg xmlns='http://www.w3.org/2000/svg'/>", 41, PT_E_media_refused},
                {png, 20, PT_E_media_refused}};
    for (size_t i = 0; i < COUNT (rows); i++) {
        uint64_t upload = fixture_create (f, "me", rows[i].len, PT_upload_purpose_AVATAR);
        pt_bulk_end_t end = fixture_put (f, upload, 0, rows[i].bytes, rows[i].len);
        assert_int_equal (end.status, rows[i].err);
        if (rows[i].err == 0)
            continue;
        assert_true (end.has_detail);
        fixture_await_swept (f, f->swept + 1);
        assert_false (fixture_has_upload (f, upload));
    }
    assert_int_equal (f->file_count, 1);
    const pt_upload_create_t large = {.account = FIXTURE_ME,
                                      .name = PT_LIT ("me"),
                                      .length = 64 * 1024 + 1,
                                      .has_length = true,
                                      .purpose = PT_upload_purpose_AVATAR,
                                      .has_purpose = true,
                                      .key = PT_LIT ("k")};
    fixture_refused (f, PT_OP_drive_upload_create, &large, PT_E_too_large);
}

static void a_range_behind_the_end_is_refused (void **state)
{
    fixture_t *f = *state;
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    pt_read_open_t ask = {
        .account = FIXTURE_ME, .has_account = true, .file = 1, .has_file = true, .first = 5, .peer = 99};
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_range_not_satisfiable);
    ask.file = 2;
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_not_found);
    ask.has_file = false;
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_invalid);
}

static void bytes_that_are_missing_are_no_file_that_is_empty (void **state)
{
    fixture_t *f = *state;
    char path[256];
    uint64_t upload = fixture_create (f, "a", 5, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    fixture_path (f, f->rows[0].blob, path, sizeof path);
    const pt_read_open_t ask = {
        .account = FIXTURE_ME, .has_account = true, .file = 1, .has_file = true, .first = 0, .peer = 99};
    assert_int_equal (chmod (path, 0600), 0); /* who is not root may not write to what is kept */
    assert_int_equal (truncate (path, 2), 0);
    fixture_connect (f, fixture_ok (f, PT_OP_drive_read, &ask));
    fixture_hello (f, true);
    assert_int_equal (fixture_end (f).status, PT_E_internal);
    assert_int_equal (unlink (path), 0);
    fixture_refused (f, PT_OP_drive_read, &ask, PT_E_unavailable);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST (a_wrong_offset_is_a_conflict),
        FIXTURE_TEST (bytes_that_do_not_match_their_digest_are_thrown_away),
        FIXTURE_TEST (more_than_was_announced_is_too_large),
        FIXTURE_TEST (two_writers_of_one_upload_do_not_meet),
        FIXTURE_TEST (a_request_that_comes_twice_is_granted_the_same_stream),
        FIXTURE_TEST (a_name_is_data_but_has_no_control_characters),
        FIXTURE_TEST (a_picture_must_be_one_and_small),
        FIXTURE_TEST (a_range_behind_the_end_is_refused),
        FIXTURE_TEST (bytes_that_are_missing_are_no_file_that_is_empty),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
