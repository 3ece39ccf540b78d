/*  drive_store_test - parley-drive with the real store and PostgreSQL behind it: that
    both mean the same by every message, and that nothing is left over. */

#include "drive_fixture.h"
#include "pg.h"
#include <dirent.h>

typedef struct {
    fixture_t *f;
    pg_t *pg;
    harness_t *store;
    uint64_t account;
} s_test_t;

/*  Asks store what drive asked, and answers what store answered. */
static void s_on_call (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const s_test_t *test = ctx;
    const harness_frame_t *reply =
        harness_reply (test->store, harness_request (test->store, call->envelope.opcode, call->msg));
    if (reply->envelope.status == 0)
        harness_answer (harness, call, reply->msg);
    else
        harness_refuse (harness, call, (int)reply->envelope.status, NULL);
}

/*  Until it has reached its database store says that it can't serve. */
static void s_wait_for_store (harness_t *store)
{
    for (int i = 0; i < 100000; i++) {
        const pt_status_t *status =
            harness_reply (store, harness_request (store, PT_OP_store_status, &(pt_empty_t){0}))->msg;
        if (status->ready)
            return;
    }
    fail_msg ("store does not become ready");
}

static int s_open (void **state)
{
    static const uint16_t opcodes[] = {
        PT_OP_store_status,        PT_OP_store_usage,        PT_OP_store_file_list,     PT_OP_store_file_get,
        PT_OP_store_file_update,   PT_OP_store_file_delete,  PT_OP_store_file_create,   PT_OP_store_upload_create,
        PT_OP_store_upload_get,    PT_OP_store_upload_touch, PT_OP_store_upload_delete, PT_OP_store_avatar_get,
        PT_OP_store_avatar_delete, PT_OP_store_sweep,        PT_OP_store_swept,         PT_OP_store_blobs_unknown};
    static const char *const args[] = {
        "--sweep-interval", "50ms", "--walk-interval", "20ms", "--walk-age", "0s", "--quota", "1000B",
        "--uploads-max",    "3",    "--upload-ttl",    "2s",   NULL};
    s_test_t *test = calloc (1, sizeof *test);
    assert_non_null (test);
    test->pg = pg_new ();
    setenv ("PARLEY_DATABASE", pg_conninfo (test->pg), 1);
    test->store = harness_new ("parley-store", PT_PEER_store, NULL);
    s_wait_for_store (test->store);
    static const char hash[LIM_HASH] = "h";
    const pt_account_insert_t ann = {.login = PT_LIT ("ann"),
                                     .has_login = true,
                                     .password_hash = PT_LIT ("$argon2id$"),
                                     .hash = {hash, sizeof hash},
                                     .key = PT_LIT ("k")};
    const harness_frame_t *reply =
        harness_reply (test->store, harness_request (test->store, PT_OP_store_account_create, &ann));
    assert_int_equal (reply->envelope.status, 0);
    test->account = ((const pt_account_t *)reply->msg)->id;
    test->f = fixture_new (args);
    for (size_t i = 0; i < COUNT (opcodes); i++)
        harness_fake (test->f->harness, opcodes[i], s_on_call, test);
    *state = test;
    return 0;
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    if (test->f)
        fixture_destroy (test->f);
    harness_destroy (&test->store);
    pg_destroy (&test->pg);
    free (test);
    return 0;
}

static pt_upload_create_t s_create (const s_test_t *test, uint64_t length, const char *key)
{
    return (pt_upload_create_t){
        .account = test->account, .name = PT_LIT ("a"), .length = length, .has_length = true, .key = pt_str (key)};
}

/*  Puts bytes into an upload; how that ended. */
static pt_bulk_end_t s_put (s_test_t *test, uint64_t upload, uint64_t offset, const char *text)
{
    pt_write_open_t ask = fixture_write (upload, offset);
    ask.account = test->account;
    fixture_open_write (test->f, &ask);
    fixture_give (test->f, text, strlen (text), true);
    return fixture_end (test->f);
}

static uint64_t s_make_file (s_test_t *test, const char *text, const char *key, pt_upload_purpose_t purpose)
{
    pt_upload_create_t ask = s_create (test, strlen (text), key);
    ask.purpose = purpose;
    ask.has_purpose = true;
    const pt_upload_t *upload = fixture_ok (test->f, PT_OP_drive_upload_create, &ask);
    pt_bulk_end_t end = s_put (test, upload->id, 0, text);
    assert_int_equal (end.status, 0);
    assert_true (end.upload->has_file);
    return end.upload->file->id;
}

static pt_drive_usage_t s_usage (s_test_t *test)
{
    const pt_drive_query_t query = {.account = test->account};
    return *(const pt_drive_usage_t *)fixture_ok (test->f, PT_OP_drive_usage, &query);
}

/*  Files in a folder of the backend, those in folders of it too. */
static unsigned s_count (const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir (path);
    assert_non_null (folder);
    const struct dirent *entry;
    while ((entry = readdir (folder))) {
        char inner[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf (inner, sizeof inner, "%s/%s", path, entry->d_name);
        count += entry->d_type == DT_DIR ? s_count (inner) : 1;
    }
    closedir (folder);
    return count;
}

/*  Waits until so many files are left in the whole folder. */
static void s_await_left (s_test_t *test, unsigned expected)
{
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (s_count (test->f->files) != expected && sv_now_ms () < end_ms)
        fixture_pump (test->f);
    assert_int_equal (s_count (test->f->files), expected);
}

static void a_file_lives_as_long_as_somebody_has_it (void **state)
{
    s_test_t *test = *state;
    uint64_t first = s_make_file (test, "hello", "k1", PT_upload_purpose_FILE);
    uint64_t second = s_make_file (test, "hello", "k2", PT_upload_purpose_FILE);
    assert_true (first != second);
    s_await_left (test, 1);
    pt_drive_usage_t usage = s_usage (test);
    assert_true (usage.files == 2 && usage.used == 10 && usage.quota == 1000);
    pt_file_ref_t ref = {.account = test->account, .id = first};
    const pt_file_t *file = fixture_ok (test->f, PT_OP_drive_file_get, &ref);
    assert_true (pt_str_eq (file->type, PT_LIT ("text/plain")) && file->size == 5);
    fixture_ok (test->f, PT_OP_drive_file_delete, &ref);
    fixture_refused (test->f, PT_OP_drive_file_get, &ref, PT_E_not_found);
    ref.id = second;
    fixture_ok (test->f, PT_OP_drive_file_get, &ref);
    fixture_ok (test->f, PT_OP_drive_file_delete, &ref);
    s_await_left (test, 0);
    /*  The same content again is another blob. */
    ref.id = s_make_file (test, "hello", "k3", PT_upload_purpose_FILE);
    s_await_left (test, 1);
    fixture_ok (test->f, PT_OP_drive_file_delete, &ref);
    s_await_left (test, 0);
    assert_true (s_usage (test).used == 0);
}

static void quota_and_number_of_uploads_are_kept (void **state)
{
    s_test_t *test = *state;
    uint64_t uploads[3];
    for (size_t i = 0; i < COUNT (uploads); i++) {
        char key[8];
        snprintf (key, sizeof key, "u%zu", i);
        const pt_upload_create_t ask = s_create (test, 100, key);
        uploads[i] = ((const pt_upload_t *)fixture_ok (test->f, PT_OP_drive_upload_create, &ask))->id;
        assert_int_equal (s_put (test, uploads[i], 0, "part").status, 0);
    }
    pt_upload_create_t ask = s_create (test, 1, "u4");
    fixture_refused (test->f, PT_OP_drive_upload_create, &ask, PT_E_too_many);
    const pt_upload_ref_t ref = {.account = test->account, .id = uploads[0]};
    fixture_ok (test->f, PT_OP_drive_upload_delete, &ref);
    ask = s_create (test, 801, "u5");
    fixture_refused (test->f, PT_OP_drive_upload_create, &ask, PT_E_quota_exceeded);
    /*  The others stand still and are forgotten, and so are their bytes. */
    s_await_left (test, 0);
    assert_true (s_usage (test).used == 0);
}

static void an_upload_of_somebody_else_is_not_there (void **state)
{
    s_test_t *test = *state;
    const pt_upload_create_t ask = s_create (test, 5, "other");
    uint64_t upload = ((const pt_upload_t *)fixture_ok (test->f, PT_OP_drive_upload_create, &ask))->id;
    pt_write_open_t write = fixture_write (upload, 0);
    write.account = test->account + 1;
    fixture_refused (test->f, PT_OP_drive_write, &write, PT_E_not_found);
    pt_upload_ref_t ref = {.account = test->account + 1, .id = upload};
    fixture_refused (test->f, PT_OP_drive_upload_get, &ref, PT_E_not_found);
    ref.account = test->account;
    fixture_ok (test->f, PT_OP_drive_upload_delete, &ref);
    fixture_refused (test->f, PT_OP_drive_upload_get, &ref, PT_E_gone);
}

static void a_length_that_comes_late_counts_against_the_quota (void **state)
{
    s_test_t *test = *state;
    pt_upload_create_t ask = s_create (test, 0, "late");
    ask.has_length = false;
    uint64_t upload = ((const pt_upload_t *)fixture_ok (test->f, PT_OP_drive_upload_create, &ask))->id;
    assert_int_equal (s_put (test, upload, 0, "hello").status, 0);
    pt_write_open_t write = fixture_write (upload, 5);
    write.account = test->account;
    write.has_length = true;
    write.length = 2000;
    fixture_refused (test->f, PT_OP_drive_write, &write, PT_E_quota_exceeded);
    write.length = 5;
    fixture_open_write (test->f, &write);
    fixture_give (test->f, "", 0, true);
    pt_bulk_end_t end = fixture_end (test->f);
    assert_int_equal (end.status, 0);
    assert_true (end.upload->has_file);
    const pt_file_ref_t ref = {.account = test->account, .id = end.upload->file->id};
    fixture_ok (test->f, PT_OP_drive_file_delete, &ref);
    s_await_left (test, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_file_lives_as_long_as_somebody_has_it),
        cmocka_unit_test (quota_and_number_of_uploads_are_kept),
        cmocka_unit_test (an_upload_of_somebody_else_is_not_there),
        cmocka_unit_test (a_length_that_comes_late_counts_against_the_quota),
    };
    return cmocka_run_group_tests (tests, s_open, s_close);
}
