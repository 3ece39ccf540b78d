/*  store_ops_file_test - files, uploads, pictures and what posts them, on a real database:
    who sees what, what is charged, what may be removed, and what happens at once. */

#include "store_fixture.h"

#define HOUR_US INT64_C (3600000000)
#define QUOTA 1000000

/*  ---- uploads and files in one line -------------------------------------------------- */

static pt_upload_insert_t s_insert (bench_t *bench, pt_upload_create_t *ask, uint64_t account, uint64_t length)
{
    *ask = (pt_upload_create_t){.account = account,
                                .name = PT_LIT ("a file.txt"),
                                .length = length,
                                .has_length = true,
                                .key = key (bench->store)};
    return (pt_upload_insert_t){.ask = ask, .expires_at = sv_wall_us () + HOUR_US, .quota = QUOTA, .uploads = 16};
}

static uint64_t begin_upload (bench_t *bench, uint64_t account, uint64_t length, pt_upload_purpose_t purpose)
{
    pt_upload_create_t wish;
    pt_upload_insert_t insert = s_insert (bench, &wish, account, length);
    wish.has_purpose = true;
    wish.purpose = purpose;
    const pt_upload_t *upload = must (bench->store, PT_OP_store_upload_create, &insert);
    assert_int_equal (upload->length, length);
    assert_int_equal (upload->offset, 0);
    assert_false (upload->has_file);
    return upload->id;
}

/*  The hash of a content is its number, 32 bytes of it. */
static pt_file_insert_t finish (bench_t *bench, uint64_t account, uint64_t upload, uint64_t size, unsigned content)
{
    return (pt_file_insert_t){
        .account = account,
        .upload = upload,
        .sha256 = text (bench->store, "%032u", content),
        .size = size,
        .type = PT_LIT ("text/plain"),
        .blob = text (bench->store, "%064u-%016llx", content, (unsigned long long)upload),
    };
}

static const pt_file_stored_t *make_stored (bench_t *bench, uint64_t account, uint64_t size, unsigned content,
                                            pt_upload_purpose_t purpose)
{
    uint64_t upload = begin_upload (bench, account, size, purpose);
    pt_file_insert_t insert = finish (bench, account, upload, size, content);
    return must (bench->store, PT_OP_store_file_create, &insert);
}

static uint64_t make_file (bench_t *bench, uint64_t account, uint64_t size, unsigned content)
{
    return make_stored (bench, account, size, content, PT_upload_purpose_FILE)->file->id;
}

/*  A content that no other test uses. */
static unsigned new_content (void)
{
    return 1000000 + ++s_serial;
}

/*  What is charged is what is there, of everybody. */
static void assert_charged (bench_t *bench)
{
    assert_int_equal (sql (bench->sql,
                           "SELECT count (*) FROM account a WHERE (a.drive_used, a.drive_files) IS DISTINCT FROM ("
                           "(SELECT coalesce (sum (f.size), 0) FROM file f WHERE f.owner = a.id)::bigint"
                           " + (SELECT coalesce (sum (u.length), 0) FROM upload u"
                           "     WHERE u.owner = a.id AND u.file IS NULL AND u.sweep_at IS NULL)::bigint,"
                           " (SELECT count (*) FROM file f WHERE f.owner = a.id))"),
                      0);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM blob b WHERE b.refs <> (SELECT count (*) FROM file f "
                                       "WHERE f.blob = b.id)"),
                      0);
}

static uint64_t used (bench_t *bench, uint64_t account)
{
    pt_drive_query_t query = {.account = account};
    const pt_drive_usage_t *usage = must (bench->store, PT_OP_store_usage, &query);
    return usage->used;
}

/*  Sweeps all there is; whether the name was among it. */
static bool sweep (bench_t *bench, const char *blob, uint64_t upload)
{
    pt_sweep_query_t query = {.limit = LIM_PAGE};
    bool is_there = false;
    for (;;) {
        const pt_sweep_page_t *page = must (bench->store, PT_OP_store_sweep, &query);
        if (page->uploads.count + page->blobs.count == 0)
            return is_there;
        for (uint32_t i = 0; i < page->uploads.count; i++)
            is_there = is_there || page->uploads.at[i] == upload;
        for (uint32_t i = 0; i < page->blobs.count; i++)
            is_there = is_there || (blob && pt_str_eq (page->blobs.at[i].name, pt_str (blob)));
        pt_sweep_done_t done = {.uploads = page->uploads, .blobs = {page->blobs.at, page->blobs.count}};
        must (bench->store, PT_OP_store_swept, &done);
    }
}

static const char *name_of (harness_t *store, pt_str_t name)
{
    return text (store, "%.*s", (int)name.len, name.at).at;
}

static int get_file (bench_t *bench, uint64_t account, uint64_t id)
{
    int status;
    (void)ask (bench->store, PT_OP_store_file_get, &(pt_file_ref_t){.account = account, .id = id}, &status);
    return status;
}

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

    pt_append_entry_t post = message (me, key (bench->store), PT_LIT (""));
    post.attachments.at = &file;
    post.attachments.count = 1;
    post.has_attachments = true;
    const pt_append_result_t *result = append (bench->store, room, &post, 1)->results.at;
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

/*  ---- quota ---------------------------------------------------------------------------- */

static void test_what_was_promised_counts_and_is_given_back (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench);
    pt_upload_create_t wish;
    pt_upload_insert_t insert = s_insert (bench, &wish, me, QUOTA - 10);
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
    pt_upload_insert_t insert = s_insert (bench, &wish, me, 1);
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
        pt_upload_insert_t insert = s_insert (bench, &wish, me, QUOTA / FIT);
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
    pt_append_entry_t post = message (me, key (bench->store), PT_LIT ("see"));
    post.attachments.at = &file;
    post.attachments.count = 1;
    post.has_attachments = true;
    assert_int_equal (append (bench->store, room, &post, 1)->results.at[0].status, 0);
    assert_int_equal (get_file (bench, friend, file), 0);

    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = me, .by = me});
    assert_int_equal (get_file (bench, friend, file), PT_E_not_found);
    pt_upload_create_t wish;
    pt_upload_insert_t insert = s_insert (bench, &wish, me, 1);
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
    pt_append_entry_t entries[] = {message (me, key (bench->store), PT_LIT ("one")),
                                   message (me, key (bench->store), PT_LIT ("two"))};
    entries[0].attachments.at = &file;
    entries[0].attachments.count = 1;
    entries[0].has_attachments = true;
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
            posts[i] = message (accounts[i], key (bench->store), PT_LIT (""));
            posts[i].attachments.at = &files[i];
            posts[i].attachments.count = 1;
            posts[i].has_attachments = true;
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
        TEST (test_what_was_promised_counts_and_is_given_back),
        TEST (test_uploads_under_way_are_so_many_and_no_more),
        TEST (test_a_quota_holds_against_many_at_once),
        TEST (test_the_same_content_is_kept_once_and_goes_with_its_last_file),
        TEST (test_what_is_handed_out_comes_again_until_it_is_swept),
        TEST (test_an_upload_that_does_not_go_on_is_over),
        TEST (test_names_that_nobody_knows_are_told_from_those_that_may_become_known),
        TEST (test_a_picture_is_everybodys_until_the_next_one),
        TEST (test_a_deleted_account_leaves_no_bytes),
        TEST (test_two_finishes_of_one_upload_make_one_file),
        TEST (test_content_that_is_being_doomed_is_not_taken_over),
        TEST (test_a_file_that_is_being_deleted_is_not_posted),
        TEST (test_all_at_once_keeps_the_sums),
    };
    return cmocka_run_group_tests (tests, open_group, close_group);
}
