/*  drive_death_test - parley-drive dies in every phase of an upload, or its disk is full: what was safe
    stays, and nobody sees half a file. */

#include "drive_fixture.h"
#include "sv_crash.h"
#include <fcntl.h>
#include <sys/mount.h>

/*  ---- death ---------------------------------------------------------------------------------- */

/*  Brings the rest of an upload after a new start, and reads all. */
static void s_assert_goes_on (fixture_t *f, uint64_t upload, const uint8_t *bytes, size_t len)
{
    const pt_upload_t *found = fixture_get (f, upload);
    uint64_t offset = found->offset;
    if (!found->has_file)
        assert_int_equal (fixture_put (f, upload, offset, bytes + offset, len - offset).status, 0);
    assert_int_equal (f->file_count, 1);
    fixture_assert_reads (f, 1, 0, bytes, len);
}

static void death_in_the_middle_of_a_stream_keeps_what_was_safe (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 4);
    uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, bytes, 1000000).status, 0);
    const pt_write_open_t ask = fixture_write (upload, 1000000);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes + 1000000, 1500000, false);
    fixture_kill (f);
    fixture_start (f);
    assert_in_range (fixture_get (f, upload)->offset, 1000000, 2500000);
    assert_int_equal (f->file_count, 0);
    s_assert_goes_on (f, upload, bytes, FIXTURE_BIG);
    free (bytes);
}

/*  What came under a digest counts together or not at all. */
static void death_in_the_middle_of_a_stream_with_a_digest_keeps_nothing_of_it (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 5);
    uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
    pt_write_open_t ask = fixture_write (upload, 0);
    ask.has_digest_kind = ask.has_digest_value = true;
    ask.digest_kind = PT_digest_SHA256;
    ask.digest_value = (pt_str_t){(const char *)bytes, LIM_HASH};
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, 2000000, false);
    fixture_kill (f);
    fixture_start (f);
    assert_true (fixture_get (f, upload)->offset == 0);
    s_assert_goes_on (f, upload, bytes, FIXTURE_BIG);
    free (bytes);
}

static void death_while_store_decides_is_seen_by_nobody (void **state)
{
    fixture_t *f = *state;
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 6);
    static const bool rows[] = {false, true};
    for (size_t i = 0; i < COUNT (rows); i++) {
        uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
        const pt_write_open_t ask = fixture_write (upload, 0);
        f->file_count = 0;
        harness_fake (f->harness, PT_OP_store_file_create, NULL, NULL);
        fixture_open_write (f, &ask);
        fixture_give (f, bytes, FIXTURE_BIG, true);
        const harness_frame_t *call = harness_expect (f->harness, PT_OP_store_file_create);
        /*  The second time store has the file, and the answer is lost. */
        if (rows[i])
            (void)fixture_make_file (f, call->msg);
        fixture_kill (f);
        fixture_start (f);
        assert_true (fixture_get (f, upload)->has_file);
        s_assert_goes_on (f, upload, bytes, FIXTURE_BIG);
        fixture_kill (f);
        fixture_start (f);
    }
    free (bytes);
}

#ifdef PARLEY_CRASH_POINTS
enum { HAS_POINTS = 1, DEATH_MS = HARNESS_WAIT_MS };
#else
/*  So long it may go on; then it is killed from outside. */
enum { HAS_POINTS = 0, DEATH_MS = 300 };
#endif

/*  The next that passes the point dies there; `path` is its file. */
static void s_arm (const fixture_t *f, sv_crash_t point, char path[static 256])
{
    snprintf (path, 256, "%s/%s", f->dir, sv_crash_name (point));
    int fd = open (path, O_CREAT | O_WRONLY, 0600);
    assert_true (fd >= 0);
    close (fd);
}

/*  Whether it died at the point of this file; whatever it did, it is started anew. */
static bool s_died (fixture_t *f, const char *path)
{
    bool is_dead = false;
    for (uint64_t end_ms = sv_now_ms () + DEATH_MS; !is_dead && sv_now_ms () < end_ms;)
        is_dead = access (path, F_OK) != 0;
    unlink (path);
    fixture_kill (f);
    fixture_start (f);
    return is_dead;
}

/*  Brings an upload that dies at a point, if the build has points: store answers
    only where the point lies behind its answer. */
static bool s_dies (fixture_t *f, uint64_t upload, const uint8_t *bytes, size_t len, sv_crash_t point)
{
    char path[256];
    s_arm (f, point, path);
    harness_fake (f->harness, PT_OP_store_file_create, NULL, NULL);
    const pt_write_open_t ask = fixture_write (upload, 0);
    fixture_open_write (f, &ask);
    fixture_give (f, bytes, len, true);
    if (point == SV_CRASH_drive_file_stored)
        fixture_on_file_create (f->harness, harness_expect (f->harness, PT_OP_store_file_create), f);
    return s_died (f, path);
}

/*  In a build with crash points each in turn; in others all is as if it had died
    before store was asked, or behind its answer. */
static void death_at_each_marked_point_leaves_no_half_file (void **state)
{
    fixture_t *f = *state;
    enum { SIZE = LIM_BULK_WINDOW / 2 };
    uint8_t *bytes = fixture_bytes (SIZE, 7);
    for (sv_crash_t point = SV_CRASH_drive_bytes_written; point <= SV_CRASH_drive_file_stored; point++) {
        f->file_count = 0;
        uint64_t upload = fixture_create (f, "a", SIZE, PT_upload_purpose_FILE);
        if (s_dies (f, upload, bytes, SIZE, point) != HAS_POINTS)
            fail_msg ("%s: it %s there", sv_crash_name (point), HAS_POINTS ? "did not die" : "died");
        s_assert_goes_on (f, upload, bytes, SIZE);
    }
    free (bytes);
}

static void death_before_store_is_told_what_was_removed_has_it_told_later (void **state)
{
    fixture_t *f = *state;
    char path[256];
    uint64_t upload = fixture_create (f, "a", 10, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, "hello", 5).status, 0);
    harness_fake (f->harness, PT_OP_store_sweep, NULL, NULL);
    const pt_upload_ref_t ref = {.account = FIXTURE_ME, .id = upload};
    fixture_ok (f, PT_OP_drive_upload_delete, &ref);
    s_arm (f, SV_CRASH_drive_bytes_removed, path);
    fixture_on_sweep (f->harness, harness_expect (f->harness, PT_OP_store_sweep), f);
    assert_int_equal (s_died (f, path), HAS_POINTS);
    assert_false (fixture_has_upload (f, upload));
    assert_int_equal (f->swept, 0);
    fixture_await_swept (f, 1);
}

static int s_set_up_crash (void **state)
{
    static const char *const args[] = {"--sweep-interval", "50ms", NULL};
    fixture_t *f = fixture_new (args);
    setenv ("PARLEY_CRASH_DIR", f->dir, 1);
    fixture_kill (f);
    fixture_start (f);
    *state = f;
    return 0;
}

static int s_tear_down_crash (void **state)
{
    unsetenv ("PARLEY_CRASH_DIR");
    return fixture_tear_down (state);
}

/*  ---- a full disk -------------------------------------------------------------------------- */

static void a_full_disk_is_told_and_what_was_safe_stays (void **state)
{
    fixture_t *f = *state;
    if (mount ("none", f->dir, "tmpfs", 0, "size=2m") != 0)
        skip ();
    fixture_kill (f);
    fixture_start (f);
    uint8_t *bytes = fixture_bytes (FIXTURE_BIG, 8);
    uint64_t upload = fixture_create (f, "a", FIXTURE_BIG, PT_upload_purpose_FILE);
    assert_int_equal (fixture_put (f, upload, 0, bytes, 500000).status, 0);
    const pt_write_open_t ask = fixture_write (upload, 500000);
    fixture_open_write (f, &ask);
    /*  As much as the window takes: the stream ends before the rest is granted. */
    fixture_give (f, bytes + 500000, LIM_BULK_WINDOW, false);
    fixture_give (f, bytes + 500000 + LIM_BULK_WINDOW, 600000, false);
    pt_bulk_end_t end = fixture_end (f);
    assert_string_equal (pt_error_name ((int)end.status), pt_error_name (PT_E_unavailable));
    assert_true (fixture_get (f, upload)->offset == end.offset);
    assert_in_range (end.offset, 500000, 2u * 1024 * 1024);
    fixture_hang_up (f);
    harness_destroy (&f->harness);
    assert_int_equal (umount2 (f->dir, MNT_DETACH), 0);
    fixture_start (f);
    free (bytes);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST (death_in_the_middle_of_a_stream_keeps_what_was_safe),
        FIXTURE_TEST (death_in_the_middle_of_a_stream_with_a_digest_keeps_nothing_of_it),
        FIXTURE_TEST (death_while_store_decides_is_seen_by_nobody),
        cmocka_unit_test_setup_teardown (death_at_each_marked_point_leaves_no_half_file, s_set_up_crash,
                                         s_tear_down_crash),
        cmocka_unit_test_setup_teardown (death_before_store_is_told_what_was_removed_has_it_told_later, s_set_up_crash,
                                         s_tear_down_crash),
        FIXTURE_TEST (a_full_disk_is_told_and_what_was_safe_stays),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
