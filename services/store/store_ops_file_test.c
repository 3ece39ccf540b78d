/*  store_ops_file_test - files and pictures on a real database: who sees what, whose bytes they
    are, and what happens at once. */

#include "store_file_fixture.h"

/*  ---- files ---------------------------------------------------------------------------- */

static void test_an_upload_becomes_a_file_once (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench);
    uint64_t id = begin_upload (bench, me, 11, PT_upload_purpose_FILE);
    assert_int_equal (used (bench, me), 11);
    pt_upload_ref_t ref = {.account = me, .id = id};
    const pt_upload_t *upload = must (bench->store, PT_OP_store_upload_get, &ref);
    assert_true (upload->has_length && upload->length == 11 && !upload->has_file);

    pt_file_insert_t insert = finish (bench, me, id, 12, new_content ());
    REFUSED (bench->store, PT_OP_store_file_create, &insert, PT_E_conflict);
    insert.size = 11;
    insert.account = other;
    REFUSED (bench->store, PT_OP_store_file_create, &insert, PT_E_not_found);
    insert.account = me;
    const pt_file_stored_t *stored = must (bench->store, PT_OP_store_file_create, &insert);
    uint64_t file = stored->file->id;
    assert_true (pt_str_eq (stored->blob, insert.blob));
    assert_true (pt_str_eq (stored->file->name, PT_LIT ("a file.txt")));
    assert_int_equal (stored->file->sha256.len, 64);
    insert.blob = PT_LIT ("another");
    stored = must (bench->store, PT_OP_store_file_create, &insert);
    assert_int_equal (stored->file->id, file);
    assert_string_not_equal (name_of (bench->store, stored->blob), "another");

    upload = must (bench->store, PT_OP_store_upload_get, &ref);
    assert_true (upload->has_file && upload->file->id == file && upload->offset == 11);
    ref.account = other;
    REFUSED (bench->store, PT_OP_store_upload_get, &ref, PT_E_not_found);
    assert_int_equal (used (bench, me), 11);
    assert_charged (bench);
}

static void test_a_file_is_seen_by_its_owner_and_where_it_was_posted (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), friend = make_account (bench), stranger = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, me, &friend, 1);
    uint64_t file = make_file (bench, me, 5, new_content ());
    assert_int_equal (get_file (bench, me, file), 0);
    assert_int_equal (get_file (bench, friend, file), PT_E_not_found);

    pt_append_entry_t entry = post (bench, me, "", &file, 1);
    const pt_append_result_t *result = append (bench->store, room, &entry, 1)->results.at;
    assert_int_equal (result->status, 0);
    assert_true (result->has_attachments && result->attachments.count == 1);
    assert_true (pt_str_eq (result->attachments.at[0].name, PT_LIT ("a file.txt")));
    assert_int_equal (result->attachments.at[0].size, 5);
    assert_int_equal (get_file (bench, friend, file), 0);
    assert_int_equal (get_file (bench, stranger, file), PT_E_not_found);

    pt_append_entry_t leave = change (friend, key (bench->store), friend, PT_change_LEFT, PT_role_none);
    assert_int_equal (append (bench->store, room, &leave, 1)->results.at[0].status, 0);
    assert_int_equal (get_file (bench, friend, file), PT_E_not_found);
    pt_append_entry_t back = change (me, key (bench->store), friend, PT_change_JOINED, PT_role_none);
    assert_int_equal (append (bench->store, room, &back, 1)->results.at[0].status, 0);
    assert_int_equal (get_file (bench, friend, file), 0);

    pt_room_change_t gone = {.account = me, .room = room, .key = key (bench->store)};
    must (bench->store, PT_OP_store_room_delete, &gone);
    assert_int_equal (get_file (bench, friend, file), PT_E_not_found);
    assert_int_equal (get_file (bench, me, file), 0);
    wait_for (bench, "NOT EXISTS (SELECT FROM room_trash)");
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM attachment WHERE room = %llu", (unsigned long long)room), 0);
}

static void test_files_are_listed_latest_first_renamed_and_deleted (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench), files[5];
    for (size_t i = 0; i < COUNT_OF (files); i++)
        files[i] = make_file (bench, me, 10, new_content ());
    (void)make_stored (bench, me, 10, new_content (), PT_upload_purpose_AVATAR);
    pt_file_update_t rename = {
        .account = other, .id = files[1], .name = PT_LIT ("Übung.pdf"), .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_file_update, &rename, PT_E_not_found);
    rename.account = me;
    const pt_file_t *file = must (bench->store, PT_OP_store_file_update, &rename);
    assert_true (pt_str_eq (file->name, PT_LIT ("Übung.pdf")));

    pt_file_query_t query = {.account = me, .limit = 3, .has_limit = true};
    const pt_file_page_t *page = must (bench->store, PT_OP_store_file_list, &query);
    assert_int_equal (page->items.count, 3);
    assert_int_equal (page->items.at[0].id, files[4]);
    assert_true (page->has_next);
    query.has_cursor = true;
    query.cursor = page->next;
    page = must (bench->store, PT_OP_store_file_list, &query);
    assert_int_equal (page->items.count, 2);
    assert_int_equal (page->items.at[1].id, files[0]);
    assert_false (page->has_next);
    pt_file_query_t search = {.account = me, .q = PT_LIT ("ÜBUNG"), .has_q = true};
    page = must (bench->store, PT_OP_store_file_list, &search);
    assert_int_equal (page->items.count, 1);

    pt_file_ref_t ref = {.account = other, .id = files[2]};
    REFUSED (bench->store, PT_OP_store_file_delete, &ref, PT_E_not_found);
    ref.account = me;
    must (bench->store, PT_OP_store_file_delete, &ref);
    must (bench->store, PT_OP_store_file_delete, &ref); /* the answer was lost */
    assert_int_equal (get_file (bench, me, files[2]), PT_E_not_found);
    const pt_drive_usage_t *usage = must (bench->store, PT_OP_store_usage, &(pt_drive_query_t){.account = me});
    assert_int_equal (usage->files, 4);
    assert_int_equal (usage->used, 50);
    assert_charged (bench);
}

/*  ---- pictures ----------------------------------------------------------------------------- */

static void test_a_picture_is_everybodys_until_the_next_one (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench);
    unsigned content = new_content ();
    const pt_file_stored_t *stored = make_stored (bench, me, 30, content, PT_upload_purpose_AVATAR);
    const char *first_blob = name_of (bench->store, stored->blob);
    assert_int_equal (get_file (bench, me, stored->file->id), PT_E_not_found);
    pt_account_ref_t ref = {.account = other, .id = me, .has_id = true};
    const pt_account_t *account = must (bench->store, PT_OP_store_account_get, &ref);
    assert_true (account->has_avatar);
    assert_memory_equal (account->avatar.at, "/v1/avatars/", 12);
    pt_avatar_ref_t avatar = {.uuid = text (bench->store, "%.36s", account->avatar.at + 12)};
    stored = must (bench->store, PT_OP_store_avatar_get, &avatar);
    assert_string_equal (name_of (bench->store, stored->blob), first_blob);

    /*  The same picture again: another name, the same bytes. */
    stored = make_stored (bench, me, 30, content, PT_upload_purpose_AVATAR);
    assert_string_equal (name_of (bench->store, stored->blob), first_blob);
    REFUSED (bench->store, PT_OP_store_avatar_get, &avatar, PT_E_not_found);
    assert_int_equal (used (bench, me), 30);
    stored = make_stored (bench, me, 40, new_content (), PT_upload_purpose_AVATAR);
    assert_true (sweep (bench, first_blob, 0));
    assert_int_equal (used (bench, me), 40);

    for (int i = 0; i < 2; i++)
        must (bench->store, PT_OP_store_avatar_delete, &(pt_account_only_t){.account = me});
    account = must (bench->store, PT_OP_store_account_get, &ref);
    assert_false (account->has_avatar);
    assert_int_equal (used (bench, me), 0);
    assert_charged (bench);
}

static void test_a_deleted_account_leaves_no_bytes (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), friend = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, me, &friend, 1);
    uint64_t file = make_file (bench, me, 5, new_content ());
    uint64_t under_way = begin_upload (bench, me, 50, PT_upload_purpose_FILE);
    const pt_file_stored_t *avatar = make_stored (bench, me, 6, new_content (), PT_upload_purpose_AVATAR);
    const char *blob = name_of (bench->store, avatar->blob);
    pt_append_entry_t entry = post (bench, me, "see", &file, 1);
    assert_int_equal (append (bench->store, room, &entry, 1)->results.at[0].status, 0);
    assert_int_equal (get_file (bench, friend, file), 0);

    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = me, .by = me});
    assert_int_equal (get_file (bench, friend, file), PT_E_not_found);
    pt_upload_create_t wish;
    pt_upload_insert_t insert = wish_upload (bench, &wish, me, 1);
    REFUSED (bench->store, PT_OP_store_upload_create, &insert, PT_E_not_found);
    pt_file_insert_t late = finish (bench, me, under_way, 50, new_content ());
    REFUSED (bench->store, PT_OP_store_file_create, &late, PT_E_not_found);
    wait_for (bench, "NOT EXISTS (SELECT FROM account WHERE deleted_at IS NOT NULL AND drive_files > 0)");
    assert_true (sweep (bench, blob, 0));
    assert_int_equal (
        sqlf (bench,
              "SELECT (SELECT count (*) FROM file WHERE owner = %llu) + (SELECT count (*) FROM upload WHERE "
              "owner = %llu) + drive_used FROM account WHERE id = %llu",
              (unsigned long long)me, (unsigned long long)me, (unsigned long long)me),
        0);
    pt_history_query_t query = {.account = friend, .room = room, .has_after = true, .after = 2};
    const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
    assert_int_equal (page->items.at[0].attachments.count, 1); /* what was said stays said */
    assert_charged (bench);
}

/*  ---- at once -------------------------------------------------------------------------------- */

static void test_two_finishes_of_one_upload_make_one_file (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), asked[8];
    for (int round = 0; round < 5; round++) {
        uint64_t upload = begin_upload (bench, me, 9, PT_upload_purpose_FILE), id = 0;
        pt_file_insert_t insert = finish (bench, me, upload, 9, new_content ());
        for (size_t i = 0; i < COUNT_OF (asked); i++)
            asked[i] = harness_request (bench->store, PT_OP_store_file_create, &insert);
        for (size_t i = 0; i < COUNT_OF (asked); i++) {
            const harness_frame_t *frame = harness_reply (bench->store, asked[i]);
            assert_int_equal (frame->envelope.status, 0);
            const pt_file_stored_t *stored = frame->msg;
            assert_true (id == 0 || stored->file->id == id);
            id = stored->file->id;
        }
    }
    assert_charged (bench);
}

/*  The answer was lost and the file deleted before the question came again; the bytes are somebody else's by then. */
static void test_a_late_repeat_does_not_give_away_the_bytes_of_others (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench);
    unsigned content = new_content ();
    uint64_t upload = begin_upload (bench, me, 7, PT_upload_purpose_FILE);
    pt_file_insert_t insert = finish (bench, me, upload, 7, content);
    const pt_file_stored_t *stored = must (bench->store, PT_OP_store_file_create, &insert);
    pt_file_ref_t mine = {.account = me, .id = stored->file->id};
    stored = make_stored (bench, other, 7, content, PT_upload_purpose_FILE);
    assert_true (pt_str_eq (stored->blob, insert.blob));
    pt_file_ref_t theirs = {.account = other, .id = stored->file->id};
    must (bench->store, PT_OP_store_file_delete, &mine);
    REFUSED (bench->store, PT_OP_store_file_create, &insert, PT_E_conflict);
    must (bench->store, PT_OP_store_file_delete, &theirs);
    (void)sweep (bench, NULL, 0);
    REFUSED (bench->store, PT_OP_store_file_create, &insert, PT_E_not_found);
}

/*  The bytes of a deleted file are doomed in a transaction that has not ended as the same content
    comes again: it must wait, and get bytes of its own. */
static void test_content_that_is_being_doomed_is_not_taken_over (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench);
    unsigned content = new_content ();
    const pt_file_stored_t *stored = make_stored (bench, me, 7, content, PT_upload_purpose_FILE);
    const char *blob = name_of (bench->store, stored->blob);
    uint64_t upload = begin_upload (bench, other, 7, PT_upload_purpose_FILE);
    pt_file_insert_t insert = finish (bench, other, upload, 7, content);
    PGconn *deleter = open_sql (bench);
    char statement[400];
    snprintf (
        statement, sizeof (statement),
        "BEGIN; DELETE FROM file WHERE id = %llu; UPDATE account SET drive_used = 0, drive_files = 0 WHERE id = %llu;"
        " UPDATE blob SET refs = 0, sweep_at = clock_timestamp () WHERE name = '%s'",
        (unsigned long long)stored->file->id, (unsigned long long)me, blob);
    sql (deleter, statement);
    uint64_t asked = harness_request (bench->store, PT_OP_store_file_create, &insert);
    wait_for (bench, LOCK_WAITERS " = 1");
    sql (deleter, "COMMIT");
    PQfinish (deleter);
    const harness_frame_t *frame = harness_reply (bench->store, asked);
    assert_int_equal (frame->envelope.status, 0);
    stored = frame->msg;
    assert_true (pt_str_eq (stored->blob, insert.blob));
    assert_true (sweep (bench, blob, 0));
    assert_int_equal (get_file (bench, other, stored->file->id), 0);
    assert_charged (bench);
}

/*  Whoever is first: a message never names a file that was gone when it was stored. */
static void test_a_file_that_is_being_deleted_is_not_posted (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, me, NULL, 0);
    uint64_t file = make_file (bench, me, 5, new_content ());
    PGconn *deleter = open_sql (bench);
    char statement[400];
    snprintf (statement, sizeof (statement), "BEGIN; SELECT id FROM file WHERE id = %llu FOR UPDATE",
              (unsigned long long)file);
    sql (deleter, statement);
    pt_append_entry_t entries[] = {post (bench, me, "one", &file, 1), message (me, key (bench->store), PT_LIT ("two"))};
    uint64_t asked = append_later (bench->store, room, entries, 2);
    wait_for (bench, LOCK_WAITERS " = 1");
    snprintf (
        statement, sizeof (statement),
        "WITH gone AS (DELETE FROM file WHERE id = %llu RETURNING blob, owner), freed AS (UPDATE blob b SET refs = 0,"
        " sweep_at = clock_timestamp () FROM gone g WHERE b.id = g.blob)"
        " UPDATE account a SET drive_used = 0, drive_files = 0 FROM gone g WHERE a.id = g.owner",
        (unsigned long long)file);
    sql (deleter, statement);
    sql (deleter, "COMMIT");
    PQfinish (deleter);
    const pt_append_results_t *results = appended (bench->store, asked);
    assert_int_equal (results->results.at[0].status, PT_E_not_found);
    assert_true (pt_str_eq (results->results.at[0].detail, PT_LIT ("attachments.0: no file of the sender's")));
    assert_int_equal (results->results.at[1].status, 0);
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM attachment WHERE file = %llu", (unsigned long long)file), 0);
    assert_charged (bench);
}

/*  Posting, deleting, finishing and sweeping all over each other: no error but honest ones, and the sums hold. */
static void test_all_at_once_keeps_the_sums (void **state)
{
    bench_t *bench = *state;
    enum { ACCOUNTS = 3, ROUNDS = 40 };
    uint64_t accounts[ACCOUNTS], asked[6 * ROUNDS];
    unsigned contents[] = {new_content (), new_content ()};
    for (int i = 0; i < ACCOUNTS; i++)
        accounts[i] = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, accounts[0], accounts + 1, ACCOUNTS - 1);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned count = 0, made = 0;
        uint64_t files[ACCOUNTS], uploads[ACCOUNTS];
        pt_append_entry_t posts[ACCOUNTS];
        for (int i = 0; i < ACCOUNTS; i++) {
            files[i] = make_file (bench, accounts[i], 3, contents[round % 2]);
            uploads[i] = begin_upload (bench, accounts[i], 3, i ? PT_upload_purpose_FILE : PT_upload_purpose_AVATAR);
        }
        for (int i = 0; i < ACCOUNTS; i++) {
            pt_file_insert_t insert = finish (bench, accounts[i], uploads[i], 3, contents[round % 2]);
            pt_file_ref_t ref = {.account = accounts[i], .id = files[i]};
            posts[i] = post (bench, accounts[i], "", &files[i], 1);
            asked[count++] = harness_request (bench->store, PT_OP_store_file_delete, &ref);
            asked[count++] = harness_request (bench->store, PT_OP_store_file_create, &insert);
            asked[count++] = append_later (bench->store, room, &posts[i], 1);
            asked[count++] = harness_request (bench->store, PT_OP_store_sweep, &(pt_sweep_query_t){.limit = 5});
        }
        for (unsigned i = 0; i < count; i++)
            made += harness_reply (bench->store, asked[i])->envelope.status == 0;
        assert_int_equal (made, count);
    }
    assert_charged (bench);
    assert_int_equal (
        sql (bench->sql, "SELECT count (*) FROM file f JOIN blob b ON b.id = f.blob WHERE b.sweep_at IS NOT NULL"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_an_upload_becomes_a_file_once),
        TEST (test_a_file_is_seen_by_its_owner_and_where_it_was_posted),
        TEST (test_files_are_listed_latest_first_renamed_and_deleted),
        TEST (test_a_picture_is_everybodys_until_the_next_one),
        TEST (test_a_deleted_account_leaves_no_bytes),
        TEST (test_two_finishes_of_one_upload_make_one_file),
        TEST (test_a_late_repeat_does_not_give_away_the_bytes_of_others),
        TEST (test_content_that_is_being_doomed_is_not_taken_over),
        TEST (test_a_file_that_is_being_deleted_is_not_posted),
        TEST (test_all_at_once_keeps_the_sums),
    };
    return cmocka_run_group_tests (tests, open_group, close_group);
}
