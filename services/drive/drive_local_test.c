/*  drive_local - bytes in a folder: what is safe, what is locked, links that lead
    away, and listing all there is. */

#include "drive_local.h"
#include "sv_loop.h"
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

typedef struct {
    char dir[64], folder[80];
    drive_backend_t *backend;
    const drive_backend_ops_t *ops;
} fixture_t;

static int s_set_up (void **state)
{
    char why[256];
    fixture_t *f = calloc (1, sizeof *f);
    assert_non_null (f);
    snprintf (f->dir, sizeof f->dir, "/tmp/drive_local_XXXXXX");
    assert_non_null (mkdtemp (f->dir));
    snprintf (f->folder, sizeof f->folder, "%s/files", f->dir);
    f->backend = drive_local_new (f->folder, why, sizeof why);
    assert_non_null (f->backend);
    f->ops = f->backend->ops;
    *state = f;
    return 0;
}

static int s_remove (const char *path, const struct stat *stat, int type, struct FTW *at)
{
    (void)stat, (void)type, (void)at;
    return remove (path);
}

static int s_tear_down (void **state)
{
    fixture_t *f = *state;
    f->ops->destroy (&f->backend);
    int rc = nftw (f->dir, s_remove, 8, FTW_DEPTH | FTW_PHYS);
    free (f);
    return rc;
}

static drive_sink_t *s_open (fixture_t *f, uint64_t upload, uint64_t expected)
{
    drive_sink_t *sink = NULL;
    uint64_t offset = 99;
    assert_int_equal (f->ops->open (f->backend, upload, &sink, &offset), 0);
    assert_true (offset == expected);
    return sink;
}

static drive_blob_name_t s_name (uint8_t first, uint64_t upload)
{
    const uint8_t sha256[LIM_HASH] = {first, 0xcd};
    return drive_name_blob (sha256, upload);
}

static drive_blob_name_t s_commit (fixture_t *f, uint64_t upload, uint8_t first)
{
    drive_sink_t *sink = s_open (f, upload, 0);
    drive_blob_name_t name = s_name (first, upload);
    assert_int_equal (f->ops->write (sink, 0, "hello", 5), 0);
    assert_int_equal (f->ops->mark (sink, 5), 0);
    assert_int_equal (f->ops->commit (sink, &name), 0);
    f->ops->close (&sink);
    return name;
}

static void what_was_not_marked_is_cut_off (void **state)
{
    fixture_t *f = *state;
    uint64_t offset;
    drive_sink_t *sink = s_open (f, 1, 0);
    assert_int_equal (f->ops->write (sink, 0, "hello", 5), 0);
    f->ops->close (&sink);
    sink = s_open (f, 1, 0);
    assert_int_equal (f->ops->write (sink, 0, "hello", 5), 0);
    assert_int_equal (f->ops->mark (sink, 3), 0);
    f->ops->close (&sink);
    assert_int_equal (f->ops->offset (f->backend, 1, &offset), 0);
    assert_true (offset == 3);
    sink = s_open (f, 1, 3);
    char bytes[8];
    size_t len;
    assert_int_equal (f->ops->look (sink, 0, bytes, sizeof bytes, &len), 0);
    assert_int_equal (len, 3);
    assert_memory_equal (bytes, "hel", 3);
    f->ops->close (&sink);
}

static void a_mark_half_written_is_none (void **state)
{
    fixture_t *f = *state;
    char path[128];
    uint64_t offset = 99;
    drive_sink_t *sink = s_open (f, 1, 0);
    assert_int_equal (f->ops->write (sink, 0, "hello", 5), 0);
    assert_int_equal (f->ops->mark (sink, 5), 0);
    f->ops->close (&sink);
    snprintf (path, sizeof path, "%s/uploads/%016x.mark", f->folder, 1);
    int fd = open (path, O_WRONLY);
    assert_true (fd >= 0);
    assert_int_equal (pwrite (fd, "\4", 1, 0), 1);
    close (fd);
    assert_int_equal (f->ops->offset (f->backend, 1, &offset), 0);
    assert_true (offset == 0);
}

static void who_has_an_upload_open_is_alone (void **state)
{
    fixture_t *f = *state;
    uint64_t offset;
    drive_sink_t *first = s_open (f, 1, 0), *second = NULL;
    assert_int_equal (f->ops->open (f->backend, 1, &second, &offset), -PT_E_locked);
    assert_null (second);
    f->ops->close (&first);
    first = s_open (f, 1, 0);
    f->ops->close (&first);
}

static void an_upload_removed_while_it_is_open_is_begun_anew_by_the_next (void **state)
{
    fixture_t *f = *state;
    drive_sink_t *first = s_open (f, 1, 0);
    assert_int_equal (f->ops->write (first, 0, "hello", 5), 0);
    assert_int_equal (f->ops->mark (first, 5), 0);
    assert_int_equal (f->ops->remove (f->backend, 1, 0), 0);
    drive_sink_t *second = s_open (f, 1, 0);
    assert_int_equal (f->ops->write (first, 5, "x", 1), 0);
    f->ops->close (&first);
    f->ops->close (&second);
}

static void a_commit_can_be_done_again (void **state)
{
    fixture_t *f = *state;
    drive_blob_name_t name = s_commit (f, 1, 0xab);
    drive_sink_t *sink = s_open (f, 1, 5);
    assert_int_equal (f->ops->commit (sink, &name), 0);
    f->ops->close (&sink);
    assert_int_equal (f->ops->remove_blob (f->backend, &name, 0), 0);
    sink = s_open (f, 1, 5);
    assert_int_equal (f->ops->commit (sink, &name), 0);
    f->ops->close (&sink);
    assert_int_equal (f->ops->remove (f->backend, 1, 0), 0);
    drive_source_t *source = NULL;
    char bytes[5];
    assert_int_equal (f->ops->source (f->backend, &name, &source), 0);
    assert_int_equal (f->ops->read (source, 0, bytes, 5), 0);
    assert_memory_equal (bytes, "hello", 5);
    assert_int_equal (f->ops->read (source, 1, bytes, 5), -PT_E_internal);
    f->ops->close_source (&source);
}

static void a_blob_that_is_young_or_being_committed_is_not_removed_as_a_stray (void **state)
{
    fixture_t *f = *state;
    drive_blob_name_t name = s_commit (f, 1, 0xab);
    int64_t later = sv_wall_us () + 10000000;
    assert_int_equal (f->ops->remove_blob (f->backend, &name, 1), -PT_E_locked);
    drive_sink_t *sink = s_open (f, 1, 5);
    assert_int_equal (f->ops->remove_blob (f->backend, &name, later), -PT_E_locked);
    f->ops->close (&sink);
    assert_int_equal (f->ops->remove_blob (f->backend, &name, later), 0);
    assert_int_equal (f->ops->remove_blob (f->backend, &name, later), 0);
    drive_source_t *source = NULL;
    assert_int_equal (f->ops->source (f->backend, &name, &source), -PT_E_not_found);
}

static void a_link_in_the_folder_leads_nowhere (void **state)
{
    fixture_t *f = *state;
    char target[128], path[128];
    uint64_t offset;
    drive_sink_t *sink = NULL;
    drive_source_t *source = NULL;
    drive_blob_name_t name = s_commit (f, 1, 0xab);
    snprintf (target, sizeof target, "%s/precious", f->dir);
    int fd = open (target, O_CREAT | O_WRONLY, 0600);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, "precious", 8), 8);
    close (fd);
    snprintf (path, sizeof path, "%s/uploads/%016x", f->folder, 2);
    assert_int_equal (symlink (target, path), 0);
    assert_true (f->ops->open (f->backend, 2, &sink, &offset) != 0);
    snprintf (path, sizeof path, "%s/blobs/ab", f->folder);
    char moved[128];
    snprintf (moved, sizeof moved, "%s/elsewhere", f->dir);
    assert_int_equal (rename (path, moved), 0);
    assert_int_equal (symlink (moved, path), 0);
    assert_true (f->ops->source (f->backend, &name, &source) != 0);
    struct stat stat_of;
    assert_int_equal (stat (target, &stat_of), 0);
    assert_int_equal (stat_of.st_size, 8);
}

static void a_folder_open_to_others_is_refused (void **state)
{
    fixture_t *f = *state;
    char why[256];
    assert_int_equal (chmod (f->folder, 0750), 0);
    assert_null (drive_local_new (f->folder, why, sizeof why));
    assert_non_null (strstr (why, "chmod 700"));
    assert_null (drive_local_new ("/proc/nothing/here", why, sizeof why));
    assert_true (why[0] != 0);
}

/*  More of them in one folder than a page holds. */
static void all_there_is_is_listed_once (void **state)
{
    enum { UPLOADS = 450, BLOBS = 40 };
    fixture_t *f = *state;
    static bool seen[UPLOADS + 1];
    unsigned blobs = 0, pages = 0;
    for (uint64_t i = 1; i <= UPLOADS; i++) {
        char path[128];
        snprintf (path, sizeof path, "%s/uploads/%016x%s", f->folder, (unsigned)i, i % 3 == 0 ? ".mark" : "");
        int fd = open (path, O_CREAT | O_WRONLY, 0600);
        assert_true (fd >= 0);
        close (fd);
    }
    for (uint64_t i = 1; i <= BLOBS; i++)
        (void)s_commit (f, 0x10000 + i, (uint8_t)(i * 6));
    drive_place_t place = {0};
    drive_listing_t *listing = malloc (sizeof *listing);
    assert_non_null (listing);
    for (; !place.is_end; pages++) {
        assert_int_equal (f->ops->list (f->backend, sv_wall_us () + 10000000, &place, listing), 0);
        for (size_t i = 0; i < listing->count; i++) {
            uint64_t upload = listing->uploads[i];
            blobs += upload == 0;
            if (upload == 0 || upload > UPLOADS)
                continue;
            assert_false (seen[upload]);
            seen[upload] = true;
        }
        assert_in_range (pages, 0, 100);
    }
    for (unsigned i = 1; i <= UPLOADS; i++)
        assert_true (seen[i]);
    assert_int_equal (blobs, BLOBS);
    place = (drive_place_t){0};
    assert_int_equal (f->ops->list (f->backend, 1, &place, listing), 0);
    assert_int_equal (listing->count, 0);
    free (listing);
}

static void names_that_we_did_not_make_are_none (void **state)
{
    (void)state;
    drive_blob_name_t name = s_name (0xab, 1), out;
    assert_int_equal (drive_name_take (pt_str (name.at), &out), 0);
    static const char *const bad[] = {"", ".", "../../../../etc/passwd", "ab/cd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (drive_name_take (pt_str (bad[i]), &out), -PT_E_invalid);
    for (size_t i = 0; i < sizeof name.at - 1; i++) {
        drive_blob_name_t spoilt = name;
        spoilt.at[i] = '/';
        assert_int_equal (drive_name_take (pt_str (spoilt.at), &out), -PT_E_invalid);
        spoilt.at[i] = 'A';
        assert_int_equal (drive_name_take (pt_str (spoilt.at), &out), -PT_E_invalid);
        spoilt.at[i] = 0;
        assert_int_equal (drive_name_take ((pt_str_t){spoilt.at, sizeof spoilt.at - 1}, &out), -PT_E_invalid);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_was_not_marked_is_cut_off),
        TEST (a_mark_half_written_is_none),
        TEST (who_has_an_upload_open_is_alone),
        TEST (an_upload_removed_while_it_is_open_is_begun_anew_by_the_next),
        TEST (a_commit_can_be_done_again),
        TEST (a_blob_that_is_young_or_being_committed_is_not_removed_as_a_stray),
        TEST (a_link_in_the_folder_leads_nowhere),
        TEST (a_folder_open_to_others_is_refused),
        TEST (all_there_is_is_listed_once),
        cmocka_unit_test (names_that_we_did_not_make_are_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
