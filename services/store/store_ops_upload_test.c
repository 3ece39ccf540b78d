/*  store_ops_upload_test - uploads and sweeps on a real database: what is charged, and what may be
    removed. */

#include "store_file_fixture.h"

/*  ---- quota ---------------------------------------------------------------------------- */

static void test_what_was_promised_counts_and_is_given_back (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench);
    pt_upload_create_t wish;
    pt_upload_insert_t insert = wish_upload (bench, &wish, me, QUOTA - 10);
    const pt_upload_t *upload = must (bench->store, PT_OP_store_upload_create, &insert);
    uint64_t first = upload->id;
    insert.expires_at++; /* sent again a little later */
    upload = must (bench->store, PT_OP_store_upload_create, &insert);
    assert_int_equal (upload->id, first);
    wish.key = key (bench->store);
    wish.length = 11;
    REFUSED (bench->store, PT_OP_store_upload_create, &insert, PT_E_quota_exceeded);
    wish.has_length = false;
    wish.length = 0;
    upload = must (bench->store, PT_OP_store_upload_create, &insert);
    assert_false (upload->has_length);
    pt_upload_touch_t touch = {.account = me,
                               .id = upload->id,
                               .expires_at = insert.expires_at,
                               .quota = QUOTA,
                               .length = 11,
                               .has_length = true};
    REFUSED (bench->store, PT_OP_store_upload_touch, &touch, PT_E_quota_exceeded);
    touch.length = 10;
    for (int i = 0; i < 2; i++) { /* the second is the first again */
        upload = must (bench->store, PT_OP_store_upload_touch, &touch);
        assert_true (upload->has_length && upload->length == 10);
        assert_int_equal (used (bench, me), QUOTA);
    }
    touch.length = 9;
    REFUSED (bench->store, PT_OP_store_upload_touch, &touch, PT_E_conflict);
    assert_charged (bench);

    pt_upload_ref_t ref = {.account = me, .id = first};
    must (bench->store, PT_OP_store_upload_delete, &ref);
    must (bench->store, PT_OP_store_upload_delete, &ref); /* the answer was lost */
    REFUSED (bench->store, PT_OP_store_upload_get, &ref, PT_E_gone);
    assert_int_equal (used (bench, me), 10);
    assert_true (sweep (bench, NULL, first));
    REFUSED (bench->store, PT_OP_store_upload_get, &ref, PT_E_not_found);
    assert_charged (bench);
}

static void test_uploads_under_way_are_so_many_and_no_more (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench);
    pt_upload_create_t wish;
    pt_upload_insert_t insert = wish_upload (bench, &wish, me, 1);
    insert.uploads = 2;
    must (bench->store, PT_OP_store_upload_create, &insert);
    wish.key = key (bench->store);
    const pt_upload_t *second = must (bench->store, PT_OP_store_upload_create, &insert);
    pt_file_insert_t done = finish (bench, me, second->id, 1, new_content ());
    wish.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_upload_create, &insert, PT_E_too_many);
    must (bench->store, PT_OP_store_file_create, &done);
    must (bench->store, PT_OP_store_upload_create, &insert);
    insert.ask = &wish;
    wish.account = LIM_ID;
    wish.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_upload_create, &insert, PT_E_not_found);
}

/*  Twenty ask at once, of a connection each as it comes; five fit. */
static void test_a_quota_holds_against_many_at_once (void **state)
{
    bench_t *bench = *state;
    enum { MANY = 20, FIT = 5 };
    uint64_t me = make_account (bench), asked[MANY];
    pt_upload_create_t wish;
    for (int i = 0; i < MANY; i++) {
        pt_upload_insert_t insert = wish_upload (bench, &wish, me, QUOTA / FIT);
        insert.uploads = MANY;
        asked[i] = harness_request (bench->store, PT_OP_store_upload_create, &insert);
    }
    unsigned taken = 0;
    for (int i = 0; i < MANY; i++) {
        const harness_frame_t *frame = harness_reply (bench->store, asked[i]);
        taken += frame->envelope.status == 0;
        assert_true (frame->envelope.status == 0 || frame->envelope.status == PT_E_quota_exceeded);
    }
    assert_int_equal (taken, FIT);
    assert_int_equal (used (bench, me), QUOTA);
    assert_charged (bench);
}

/*  Refused with the sentence that is about the number of files. */
static void assert_full (bench_t *bench, const pt_upload_insert_t *insert)
{
    const harness_frame_t *frame =
        harness_reply (bench->store, harness_request (bench->store, PT_OP_store_upload_create, insert));
    assert_string_equal (pt_error_name (frame->envelope.status), pt_error_name (PT_E_quota_exceeded));
    const pt_error_t *error = frame->msg;
    assert_true (error && error->has_detail);
    assert_true (pt_str_eq (error->detail, PT_LIT ("there are as many files as an account may keep")));
}

/*  Empty ones cost no quota; two may come still, a picture or an upload of unknown length being one like any other. */
static void test_files_are_so_many_and_no_more_though_they_are_empty (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench);
    sqlf (bench, "UPDATE account SET drive_files = %d WHERE id = %llu", LIM_FILES - 2, (unsigned long long)me);
    pt_upload_create_t wish;
    pt_upload_insert_t insert = wish_upload (bench, &wish, me, 0);
    const pt_upload_t *upload = must (bench->store, PT_OP_store_upload_create, &insert);
    uint64_t first = upload->id;
    uint64_t second = begin_upload (bench, me, 0, PT_upload_purpose_AVATAR);
    must (bench->store, PT_OP_store_upload_create, &insert); /* the answer was lost */
    wish.key = key (bench->store);
    assert_full (bench, &insert);
    wish.has_length = false;
    assert_full (bench, &insert);
    wish.has_purpose = true;
    wish.purpose = PT_upload_purpose_AVATAR;
    assert_full (bench, &insert);

    pt_file_insert_t done = finish (bench, me, first, 0, new_content ());
    const pt_file_stored_t *stored = must (bench->store, PT_OP_store_file_create, &done);
    pt_file_ref_t file = {.account = me, .id = stored->file->id};
    assert_full (bench, &insert);
    must (bench->store, PT_OP_store_upload_delete, &(pt_upload_ref_t){.account = me, .id = second});
    (void)begin_upload (bench, me, 0, PT_upload_purpose_FILE);
    assert_full (bench, &insert);
    must (bench->store, PT_OP_store_file_delete, &file);
    (void)begin_upload (bench, me, 0, PT_upload_purpose_FILE);
    assert_full (bench, &insert);
    sqlf (bench, "UPDATE account SET drive_files = 0 WHERE id = %llu", (unsigned long long)me);
    assert_charged (bench);
}

/*  ---- bytes ------------------------------------------------------------------------------ */

static void test_the_same_content_is_kept_once_and_goes_with_its_last_file (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench);
    unsigned content = new_content ();
    const pt_file_stored_t *stored = make_stored (bench, me, 7, content, PT_upload_purpose_FILE);
    const char *blob = name_of (bench->store, stored->blob);
    pt_file_ref_t mine = {.account = me, .id = stored->file->id};
    stored = make_stored (bench, other, 7, content, PT_upload_purpose_FILE);
    pt_file_ref_t theirs = {.account = other, .id = stored->file->id};
    assert_string_equal (name_of (bench->store, stored->blob), blob);
    assert_int_equal (used (bench, other), 7);

    must (bench->store, PT_OP_store_file_delete, &mine);
    assert_false (sweep (bench, blob, 0));
    must (bench->store, PT_OP_store_file_delete, &theirs);
    /*  Doomed is doomed: the same content again has bytes of its own. */
    stored = make_stored (bench, me, 7, content, PT_upload_purpose_FILE);
    assert_string_not_equal (name_of (bench->store, stored->blob), blob);
    assert_true (sweep (bench, blob, 0));
    assert_int_equal (get_file (bench, me, stored->file->id), 0);
    assert_false (sweep (bench, name_of (bench->store, stored->blob), 0));
    assert_charged (bench);
}

static void test_what_is_handed_out_comes_again_until_it_is_swept (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench);
    (void)sweep (bench, NULL, 0);
    pt_file_ref_t ref = {.account = me, .id = make_file (bench, me, 7, new_content ())};
    must (bench->store, PT_OP_store_file_delete, &ref);
    pt_sweep_query_t query = {.limit = 10};
    const pt_sweep_page_t *page = must (bench->store, PT_OP_store_sweep, &query);
    assert_int_equal (page->blobs.count, 1);
    page = must (bench->store, PT_OP_store_sweep, &query);
    assert_int_equal (page->blobs.count, 0); /* somebody has it in hand */
    sql (bench->sql, "UPDATE blob SET sweep_at = clock_timestamp () WHERE sweep_at IS NOT NULL");
    page = must (bench->store, PT_OP_store_sweep, &query);
    assert_int_equal (page->blobs.count, 1);
    pt_sweep_done_t done = {.blobs = {page->blobs.at, 1}};
    for (int i = 0; i < 2; i++)
        must (bench->store, PT_OP_store_swept, &done);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM blob WHERE sweep_at IS NOT NULL"), 0);
}

static void test_an_upload_that_does_not_go_on_is_over (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), id = begin_upload (bench, me, 40, PT_upload_purpose_FILE);
    pt_upload_touch_t touch = {.account = me, .id = id, .expires_at = sv_wall_us () + 2 * HOUR_US, .quota = QUOTA};
    const pt_upload_t *upload = must (bench->store, PT_OP_store_upload_touch, &touch);
    assert_int_equal (upload->expires_at, touch.expires_at);
    sqlf (bench, "UPDATE upload SET expires_at = clock_timestamp () WHERE id = %llu", (unsigned long long)id);
    REFUSED (bench->store, PT_OP_store_upload_touch, &touch, PT_E_gone);
    pt_upload_ref_t ref = {.account = me, .id = id};
    REFUSED (bench->store, PT_OP_store_upload_get, &ref, PT_E_gone);
    assert_int_equal (used (bench, me), 40);

    /*  Not while somebody has its owner's row: the sweep passes it over. */
    PGconn *holder = open_sql (bench);
    char lock[96];
    snprintf (lock, sizeof (lock), "BEGIN; SELECT id FROM account WHERE id = %llu FOR NO KEY UPDATE",
              (unsigned long long)me);
    sql (holder, lock);
    assert_false (sweep (bench, NULL, id));
    sql (holder, "ROLLBACK");
    PQfinish (holder);
    assert_true (sweep (bench, NULL, id));
    assert_int_equal (used (bench, me), 0);
    pt_file_insert_t late = finish (bench, me, id, 40, new_content ());
    REFUSED (bench->store, PT_OP_store_file_create, &late, PT_E_not_found);
    assert_charged (bench);
}

static void test_names_that_nobody_knows_are_told_from_those_that_may_become_known (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench);
    const pt_file_stored_t *stored = make_stored (bench, me, 7, new_content (), PT_upload_purpose_FILE);
    unsigned long long under_way = begin_upload (bench, me, 1, PT_upload_purpose_FILE);
    pt_blob_t names[] = {
        {.name = text (bench->store, "%.*s", (int)stored->blob.len, stored->blob.at)},
        {.name = text (bench->store, "%064x-%016llx", 7, under_way)},
        {.name = text (bench->store, "%016llx", under_way)},
        {.name = text (bench->store, "%064x-%016llx", 7, 77ull)},
        {.name = text (bench->store, "%016llx", 77ull)},
        {.name = PT_LIT ("lost+found")},
        {.name = PT_LIT ("ffffffffffffffff")},
    };
    pt_blob_list_t list = {.blobs = {names, COUNT_OF (names)}};
    const pt_blob_list_t *unknown = must (bench->store, PT_OP_store_blobs_unknown, &list);
    assert_int_equal (unknown->blobs.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_true (pt_str_eq (unknown->blobs.at[i].name, names[i + 3].name));
    must (bench->store, PT_OP_store_upload_delete, &(pt_upload_ref_t){.account = me, .id = under_way});
    unknown = must (bench->store, PT_OP_store_blobs_unknown, &list);
    assert_int_equal (unknown->blobs.count, 5); /* it can't become a blob any longer; what it left is to be swept */
    (void)sweep (bench, NULL, 0);
    unknown = must (bench->store, PT_OP_store_blobs_unknown, &list);
    assert_int_equal (unknown->blobs.count, 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_what_was_promised_counts_and_is_given_back),
        TEST (test_uploads_under_way_are_so_many_and_no_more),
        TEST (test_a_quota_holds_against_many_at_once),
        TEST (test_files_are_so_many_and_no_more_though_they_are_empty),
        TEST (test_the_same_content_is_kept_once_and_goes_with_its_last_file),
        TEST (test_what_is_handed_out_comes_again_until_it_is_swept),
        TEST (test_an_upload_that_does_not_go_on_is_over),
        TEST (test_names_that_nobody_knows_are_told_from_those_that_may_become_known),
    };
    return cmocka_run_group_tests (tests, open_group, close_group);
}
