/*  store_statement_test - messages with files on a real database: what is kept of them, and that
    messages without do not notice. */

#include "store_file_fixture.h"

static const pt_item_t *item_of (const pt_history_page_t *page, uint64_t seq)
{
    for (uint32_t i = 0; i < page->items.count; i++)
        if (page->items.at[i].seq == seq)
            return &page->items.at[i];
    fail_msg ("seq %llu is not in the page", (unsigned long long)seq);
    return NULL;
}

static void assert_files (const pt_item_t *item, const uint64_t *files, uint32_t count)
{
    assert_true (item->has_attachments == (count > 0));
    assert_int_equal (item->attachments.count, count);
    for (uint32_t i = 0; i < count; i++) {
        const pt_attachment_t *file = &item->attachments.at[i];
        assert_int_equal (file->file, files[i]);
        assert_int_equal (file->size, 10 + i);
        assert_true (pt_str_eq (file->name, PT_LIT ("a file.txt")));
        assert_true (pt_str_eq (file->type, PT_LIT ("text/plain")));
    }
}

static void make_files (bench_t *bench, uint64_t account, uint64_t *files, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        files[i] = make_file (bench, account, 10 + i, new_content ());
}

/*  Renamed after it was posted: what was said stays said. */
static void test_every_page_shows_the_files_as_they_were (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, me, NULL, 0);
    uint64_t files[LIM_ATTACHMENTS];
    make_files (bench, me, files, LIM_ATTACHMENTS);
    pt_append_entry_t entries[] = {post (bench, me, "", files, LIM_ATTACHMENTS),
                                   message (me, key (bench->store), PT_LIT ("plain")),
                                   post (bench, me, "with", files, 1)};
    const pt_append_results_t *results = append (bench->store, room, entries, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal (results->results.at[i].status, 0);
        assert_int_equal (results->results.at[i].attachments.count, entries[i].attachments.count);
    }
    pt_file_update_t rename = {.account = me, .id = files[0], .name = PT_LIT ("other"), .key = key (bench->store)};
    must (bench->store, PT_OP_store_file_update, &rename);
    must (bench->store, PT_OP_store_file_delete, &(pt_file_ref_t){.account = me, .id = files[1]});

    const pt_history_query_t queries[] = {{.account = me, .room = room, .has_after = true},
                                          {.account = me, .room = room},
                                          {.account = me, .room = room, .has_around = true, .around = 3}};
    for (size_t i = 0; i <= COUNT_OF (queries); i++) {
        pt_range_query_t range = {.room = room, .limit = 10};
        const pt_history_page_t *page = i < COUNT_OF (queries) ? must (bench->store, PT_OP_store_history, &queries[i])
                                                               : must (bench->store, PT_OP_store_range, &range);
        assert_files (item_of (page, 2), files, LIM_ATTACHMENTS);
        assert_files (item_of (page, 3), NULL, 0);
        assert_files (item_of (page, 4), files, 1);
        assert_int_equal (item_of (page, 2)->body.len, 0);
    }
    const pt_sync_page_t *sync = must (bench->store, PT_OP_store_sync, &(pt_sync_query_t){.account = me});
    assert_int_equal (sync->rooms.count, 1);
    assert_files (&sync->rooms.at[0].items.at[1], files, LIM_ATTACHMENTS);
}

static void test_a_repeat_with_the_same_files_gets_the_first_answer (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, me, NULL, 0), files[2];
    make_files (bench, me, files, 2);
    pt_append_entry_t entry = post (bench, me, "x", files, 2);
    uint64_t seq = append (bench->store, room, &entry, 1)->results.at[0].seq;
    must (bench->store, PT_OP_store_file_delete, &(pt_file_ref_t){.account = me, .id = files[0]});
    const pt_append_result_t *result = append (bench->store, room, &entry, 1)->results.at;
    assert_int_equal (result->status, 0);
    assert_true (result->known && result->seq == seq);
    assert_int_equal (result->attachments.count, 2);
    assert_int_equal (result->attachments.at[0].file, files[0]);
    assert_true (pt_str_eq (result->attachments.at[0].name, PT_LIT ("a file.txt")));

    entry.attachments.count = 1;
    assert_int_equal (append (bench->store, room, &entry, 1)->results.at[0].status, PT_E_conflict);
    entry.has_attachments = false;
    assert_int_equal (append (bench->store, room, &entry, 1)->results.at[0].status, PT_E_conflict);
    pt_append_entry_t plain = message (me, key (bench->store), PT_LIT ("y"));
    assert_int_equal (append (bench->store, room, &plain, 1)->results.at[0].status, 0);
    plain.attachments.at = &files[1];
    plain.attachments.count = 1;
    plain.has_attachments = true;
    assert_int_equal (append (bench->store, room, &plain, 1)->results.at[0].status, PT_E_conflict);
}

/*  What is stored can't be read: whoever repeats that message is refused, and nobody else. */
static void test_a_row_that_cannot_be_read_fails_alone (void **state)
{
    enum { BAD = 3, MANY = 6 };
    bench_t *bench = *state;
    uint64_t me = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, me, NULL, 0), file;
    make_files (bench, me, &file, 1);
    pt_append_entry_t entries[MANY];
    for (unsigned i = 0; i < MANY; i++)
        entries[i] = i == BAD ? post (bench, me, "x", &file, 1) : message (me, key (bench->store), PT_LIT ("good"));
    assert_int_equal (append (bench->store, room, &entries[BAD], 1)->results.at[0].seq, 2);
    sqlf (bench, "UPDATE item SET attachments = '\\xc1' WHERE room = %llu AND seq = 2", (unsigned long long)room);
    const pt_append_results_t *reply = append (bench->store, room, entries, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        const pt_append_result_t *result = &reply->results.at[i];
        assert_string_equal (pt_error_name ((int)result->status), pt_error_name (i == BAD ? PT_E_internal : 0));
        if (i != BAD)
            assert_int_equal (result->seq, 3 + i - (i > BAD));
    }
    sqlf (bench, "UPDATE item SET attachments = NULL WHERE room = %llu", (unsigned long long)room);
}

static void test_only_ones_own_files_are_posted (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench), files[2];
    uint64_t room = make_room (bench, PT_room_kind_GROUP, me, &other, 1);
    make_files (bench, me, files, 1);
    make_files (bench, other, files + 1, 1);
    (void)make_stored (bench, me, 3, new_content (), PT_upload_purpose_AVATAR);
    uint64_t picture =
        (uint64_t)sqlf (bench, "SELECT id FROM file WHERE owner = %llu AND purpose = 2", (unsigned long long)me);
    pt_append_entry_t entries[] = {post (bench, me, "a", files, 2), post (bench, me, "b", &picture, 1),
                                   post (bench, me, "c", files, 1), post (bench, other, "d", files, 1)};
    const pt_append_results_t *results = append (bench->store, room, entries, 4);
    assert_int_equal (results->results.at[0].status, PT_E_not_found);
    assert_true (pt_str_eq (results->results.at[0].detail, PT_LIT ("attachments.1: no file of the sender's")));
    assert_int_equal (results->results.at[1].status, PT_E_not_found);
    assert_int_equal (results->results.at[2].status, 0);
    assert_int_equal (results->results.at[3].status, PT_E_not_found);
    assert_int_equal (results->head, 3);
    pt_append_entry_t empty = message (me, key (bench->store), PT_LIT (""));
    assert_int_equal (append (bench->store, room, &empty, 1)->results.at[0].status, PT_E_invalid);
}

/*  One row for a room, however often it was posted; what is below the floor is no longer there to be read. */
static void test_where_a_file_was_posted_is_noted_once (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), friend = make_account (bench), file = 0;
    uint64_t room = make_room (bench, PT_room_kind_GROUP, me, &friend, 1);
    make_files (bench, me, &file, 1);
    uint64_t twice[] = {file, file};
    pt_append_entry_t entries[] = {post (bench, me, "a", &file, 1), post (bench, me, "b", twice, 2)};
    assert_int_equal (append (bench->store, room, entries, 2)->head, 4);
    pt_append_entry_t again = post (bench, me, "c", &file, 1);
    assert_int_equal (append (bench->store, room, &again, 1)->head, 5);
    assert_int_equal (sqlf (bench, "SELECT seq FROM attachment WHERE file = %llu", (unsigned long long)file), 5);
    pt_file_ref_t ref = {.account = friend, .id = file};
    must (bench->store, PT_OP_store_file_get, &ref);
    sqlf (bench, "UPDATE room SET floor = 5 WHERE id = %llu", (unsigned long long)room);
    REFUSED (bench->store, PT_OP_store_file_get, &ref, PT_E_not_found);
}

/*  With the tables of files locked a message without goes through, one with a file does not. */
static void test_messages_without_files_do_not_touch_their_tables (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, me, NULL, 0), file = 0;
    make_files (bench, me, &file, 1);
    PGconn *holder = open_sql (bench);
    sql (holder, "BEGIN; LOCK TABLE file, attachment, blob, upload IN ACCESS EXCLUSIVE MODE");
    for (int i = 0; i < 5; i++)
        (void)say (bench, room, me, "plain");
    pt_append_entry_t entry = post (bench, me, "", &file, 1);
    uint64_t asked = append_later (bench->store, room, &entry, 1);
    wait_for (
        bench,
        "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE '%/append-%')");
    sql (holder, "ROLLBACK");
    PQfinish (holder);
    assert_int_equal (appended (bench->store, asked)->results.at[0].status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_every_page_shows_the_files_as_they_were),
        TEST (test_a_repeat_with_the_same_files_gets_the_first_answer),
        TEST (test_a_row_that_cannot_be_read_fails_alone),
        TEST (test_only_ones_own_files_are_posted),
        TEST (test_where_a_file_was_posted_is_noted_once),
        TEST (test_messages_without_files_do_not_touch_their_tables),
    };
    return cmocka_run_group_tests (tests, open_group, close_group);
}
