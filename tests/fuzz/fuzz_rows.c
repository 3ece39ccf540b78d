/*  fuzz_rows - rows of PostgreSQL in any shape, as a database of another
    version or a broken one might send them.

    Cells of any length and content go through every reader of rows and through
    that of a batch; what they make must be within the cells, and a batch that is
    told nonsense must be refused or stay within its own bounds.
    Covers: services/store/store_wire.c services/store/store_shape.c services/store/store_statement.c */

#include "fuzz.h"
#include "store_shape.h"
#include "store_statement.h"
#include <stdio.h>

enum { S_COLUMNS = 15, S_ROWS = 6, S_RESULTS = 10, S_ENTRIES = 4 };

/*  A result of the input's shape: widths that readers expect come first. */
static PGresult *s_result (fuzz_input_t *in)
{
    static const int widths[] = {8, 8, 4, 2, 1, 0, -1};
    PGresAttDesc columns[S_COLUMNS] = {0};
    char name[] = "c";
    PGresult *result = PQmakeEmptyPGresult (NULL, PGRES_TUPLES_OK);
    int column_count = fuzz_u8 (in) % (S_COLUMNS + 1), rows = fuzz_u8 (in) % (S_ROWS + 1);
    for (int i = 0; i < column_count; i++)
        columns[i] = (PGresAttDesc){.name = name, .format = 1};
    fuzz_must (result && PQsetResultAttrs (result, column_count, columns));
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < column_count; column++) {
            uint8_t shape = fuzz_u8 (in);
            int want = shape < 0xe0 ? widths[shape % 7] : shape - 0xe0;
            size_t len;
            char *cell = fuzz_bytes (in, want < 0 ? 0 : (size_t)want, &len);
            fuzz_must (PQsetvalue (result, row, column, cell, want < 0 ? -1 : (int)len));
            free (cell);
        }
    return result;
}

static void s_check_str (bool has, pt_str_t str, const PGresult *result, int row)
{
    if (!has || str.len == 0)
        return;
    for (int i = 0; i < PQnfields (result); i++)
        if (str.at == PQgetvalue (result, row, i) && str.len == (uint32_t)PQgetlength (result, row, i))
            return;
    fuzz_must (false);
}

static void s_check_shapes (const PGresult *result, int i, pt_codec_t *codec, pt_arena_t *arena)
{
    pt_file_t file = {0};
    pt_upload_t upload = {0};
    pt_account_t account = {0};
    pt_room_t room = {0};
    pt_member_t member = {0};
    pt_item_t item = {0};
    store_row_t row = store_row (result, i);
    store_shape_account (&row, &account);
    s_check_str (account.has_login, account.login, result, i);
    row = store_row (result, i);
    store_shape_room (&row, &room);
    s_check_str (room.has_topic, room.topic, result, i);
    row = store_row (result, i);
    store_shape_member (&row, &member);
    s_check_str (member.has_name, member.name, result, i);
    row = store_row (result, i);
    store_shape_item (&row, 7, codec, arena, &item);
    s_check_str (item.has_body, item.body, result, i);
    fuzz_must (row.is_bad || PQnfields (result) >= 12);
    fuzz_must (!item.has_attachments || item.attachments.count <= LIM_ATTACHMENTS);
    row = store_row (result, i);
    store_shape_file (&row, &file);
    s_check_str (true, file.sha256, result, i);
    row = store_row (result, i);
    store_shape_upload (&row, &upload);
    s_check_str (true, upload.name, result, i);
    row = store_row (result, i);
    (void)store_row_bool (&row);
}

/*  Four entries in two rooms, two of them changes of membership. */
static void s_fill_entries (store_entry_t entries[S_ENTRIES], store_entry_t *run[S_ENTRIES], uint8_t shape,
                            pt_attachment_t *file, pt_arena_t *arena)
{
    for (unsigned i = 0; i < S_ENTRIES; i++) {
        bool is_change = shape & 1 && i % 2;
        entries[i] = (store_entry_t){.room = 1 + i / 2, .sender = 5, .send_id = PT_LIT ("k")};
        entries[i].asked.kind = is_change ? PT_item_kind_MEMBER : PT_item_kind_MESSAGE;
        entries[i].asked.body = PT_LIT ("b");
        entries[i].asked.account = is_change ? 6 : 0;
        entries[i].asked.what = is_change ? PT_change_JOINED : PT_change_none;
        entries[i].asked.role = is_change ? PT_role_MEMBER : PT_role_none;
        entries[i].arena = arena;
        run[i] = &entries[i];
    }
    if (shape & 4) {
        entries[0].asked.files = file;
        entries[0].asked.file_count = 1;
    }
}

static void s_check_batch (fuzz_input_t *in, pt_codec_t *codec, pt_arena_t *arena)
{
    store_entry_t entries[S_ENTRIES], *run[S_ENTRIES];
    PGresult *results[S_RESULTS];
    store_append_t *append = store_append_new ();
    store_ids_t ids = {0};
    int64_t now = 0;
    uint8_t shape = fuzz_u8 (in);
    pt_attachment_t file = {0};
    file.file = 1;
    s_fill_entries (entries, run, shape, &file, arena);
    fuzz_must (append && store_append_open (append, run, S_ENTRIES) == 0);
    unsigned count = (shape & 1 ? 7 : 5) + (shape >> 1 & 1) + (shape >> 2 & 1) + (shape > 0xf0);
    for (unsigned i = 0; i < count; i++)
        results[i] = s_result (in);
    store_pg_step_t step = {.results = (const PGresult *const *)results, .count = count};
    int rc = store_statement_read (append, &step, codec, &ids, &now);
    fuzz_must (rc == 0 || rc == -PT_E_internal || rc == -PT_E_memory);
    if (rc == 0 && store_ids_left (&ids) >= S_ENTRIES) {
        unsigned fresh = store_append_decide (append, now, &ids), seen = 0;
        for (unsigned i = 0; i < S_ENTRIES; i++) {
            seen += entries[i].verdict == STORE_NEW;
            fuzz_must (entries[i].verdict != STORE_REFUSED || entries[i].error < 0);
        }
        fuzz_must (seen == fresh && fresh <= S_ENTRIES);
    }
    for (unsigned i = 0; i < count; i++)
        PQclear (results[i]);
    store_append_destroy (&append);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_input_t in = {data, size};
    pt_codec_t *codec = pt_codec_new ();
    pt_arena_t *arena = pt_arena_new (1 << 20);
    fuzz_must (codec && arena);
    if (fuzz_u8 (&in) & 1) {
        s_check_batch (&in, codec, arena);
    } else {
        PGresult *result = s_result (&in);
        for (int i = 0; i < PQntuples (result); i++)
            s_check_shapes (result, i, codec, arena);
        PQclear (result);
    }
    pt_arena_destroy (&arena);
    pt_codec_destroy (&codec);
    return 0;
}
