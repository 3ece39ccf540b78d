/*  store_file_fixture - what the tests of files share: uploads and files in one line, whether
    the sums hold, and a sweep. */

#ifndef STORE_FILE_FIXTURE_H
#define STORE_FILE_FIXTURE_H

#include "store_fixture.h"

#define HOUR_US INT64_C (3600000000)
#define QUOTA 1000000

/*  ---- uploads and files in one line -------------------------------------------------- */

S_HELPER pt_upload_insert_t wish_upload (bench_t *bench, pt_upload_create_t *ask, uint64_t account, uint64_t length)
{
    *ask = (pt_upload_create_t){.account = account,
                                .name = PT_LIT ("a file.txt"),
                                .length = length,
                                .has_length = true,
                                .key = key (bench->store)};
    return (pt_upload_insert_t){.ask = ask, .expires_at = sv_wall_us () + HOUR_US, .quota = QUOTA, .uploads = 16};
}

S_HELPER uint64_t begin_upload (bench_t *bench, uint64_t account, uint64_t length, pt_upload_purpose_t purpose)
{
    pt_upload_create_t wish;
    pt_upload_insert_t insert = wish_upload (bench, &wish, account, length);
    wish.has_purpose = true;
    wish.purpose = purpose;
    const pt_upload_t *upload = must (bench->store, PT_OP_store_upload_create, &insert);
    assert_int_equal (upload->length, length);
    assert_int_equal (upload->offset, 0);
    assert_false (upload->has_file);
    return upload->id;
}

/*  The hash of a content is its number, 32 bytes of it. */
S_HELPER pt_file_insert_t finish (bench_t *bench, uint64_t account, uint64_t upload, uint64_t size, unsigned content)
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

S_HELPER const pt_file_stored_t *make_stored (bench_t *bench, uint64_t account, uint64_t size, unsigned content,
                                              pt_upload_purpose_t purpose)
{
    uint64_t upload = begin_upload (bench, account, size, purpose);
    pt_file_insert_t insert = finish (bench, account, upload, size, content);
    return must (bench->store, PT_OP_store_file_create, &insert);
}

S_HELPER uint64_t make_file (bench_t *bench, uint64_t account, uint64_t size, unsigned content)
{
    return make_stored (bench, account, size, content, PT_upload_purpose_FILE)->file->id;
}

/*  A content that no other test uses. */
S_HELPER unsigned new_content (void)
{
    return 1000000 + ++s_serial;
}

/*  What is charged is what is there, of everybody. */
S_HELPER void assert_charged (bench_t *bench)
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

S_HELPER uint64_t used (bench_t *bench, uint64_t account)
{
    pt_drive_query_t query = {.account = account};
    const pt_drive_usage_t *usage = must (bench->store, PT_OP_store_usage, &query);
    return usage->used;
}

/*  Sweeps all there is; whether the name was among it. */
S_HELPER bool sweep (bench_t *bench, const char *blob, uint64_t upload)
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

S_HELPER const char *name_of (harness_t *store, pt_str_t name)
{
    return text (store, "%.*s", (int)name.len, name.at).at;
}

S_HELPER int get_file (bench_t *bench, uint64_t account, uint64_t id)
{
    int status;
    (void)ask (bench->store, PT_OP_store_file_get, &(pt_file_ref_t){.account = account, .id = id}, &status);
    return status;
}

/*  A message with files. */
S_HELPER pt_append_entry_t post (bench_t *bench, uint64_t sender, const char *body, const uint64_t *files,
                                 unsigned count)
{
    pt_append_entry_t entry = message (sender, key (bench->store), pt_str (body));
    entry.attachments.at = files;
    entry.attachments.count = count;
    entry.has_attachments = true;
    return entry;
}

#endif
