/*  store_statement - a batch in SQL. */

#include "store_statement.h"

/*  Ids that one value of the sequence opens; see the migration. */
#define S_BLOCK 512

/*  ---- asking -------------------------------------------------------------------- */

static void s_send_rooms (store_append_t *append, store_pg_t *pg, store_sql_t sql)
{
    unsigned count;
    const store_room_t *rooms = store_append_rooms (append, &count);
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i64 (args, rooms[i].id);
    store_pg_send (pg, sql);
}

static void s_send_keys (store_pg_t *pg, store_entry_t *const *run, unsigned count)
{
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i64 (args, run[i]->room);
    store_args_array (args, STORE_OID_INT8, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i64 (args, run[i]->sender);
    store_args_array (args, STORE_OID_TEXT, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_str (args, run[i]->send_id);
    store_pg_send (pg, STORE_SQL_append_known);
}

static void s_send_pairs (store_append_t *append, store_pg_t *pg)
{
    unsigned count, room_count;
    const store_pair_t *pairs = store_append_pairs (append, &count);
    const store_room_t *rooms = store_append_rooms (append, &room_count);
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i64 (args, rooms[pairs[i].slot].id);
    store_args_array (args, STORE_OID_INT8, count);
    for (unsigned i = 0; i < count; i++)
        store_elem_i64 (args, pairs[i].account);
    store_pg_send (pg, STORE_SQL_append_roles);
}

/*  Owners and members of the rooms whose membership is to change. */
static void s_send_counts (store_append_t *append, store_pg_t *pg)
{
    unsigned count, changed = 0;
    const store_room_t *rooms = store_append_rooms (append, &count);
    for (unsigned i = 0; i < count; i++)
        changed += rooms[i].has_changes;
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, changed);
    for (unsigned i = 0; i < count; i++)
        if (rooms[i].has_changes)
            store_elem_i64 (args, rooms[i].id);
    store_args_array (args, STORE_OID_INT8, changed);
    for (unsigned i = 0; i < count; i++)
        if (rooms[i].has_changes)
            store_elem_i64 (args, i + 1);
    store_args_i64 (args, STORE_APPEND_MAX + 2);
    store_pg_send (pg, STORE_SQL_append_counts);
}

static void s_send_accounts (store_append_t *append, store_pg_t *pg)
{
    unsigned count, accounts = 0;
    const store_pair_t *pairs = store_append_pairs (append, &count);
    for (unsigned i = 0; i < count; i++)
        accounts += pairs[i].is_target || pairs[i].is_asker;
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, accounts);
    for (unsigned i = 0; i < count; i++)
        if (pairs[i].is_target || pairs[i].is_asker)
            store_elem_i64 (args, pairs[i].account);
    store_pg_send (pg, STORE_SQL_append_accounts);
}

/*  A file's place in the batch, as one number. */
static void s_send_files (store_pg_t *pg, store_entry_t *const *run, unsigned count)
{
    unsigned files = 0;
    for (unsigned i = 0; i < count; i++)
        files += run[i]->asked.file_count;
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, files);
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; n < run[i]->asked.file_count; n++)
            store_elem_i64 (args, run[i]->sender);
    store_args_array (args, STORE_OID_INT8, files);
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; n < run[i]->asked.file_count; n++)
            store_elem_i64 (args, run[i]->asked.files[n].file);
    store_args_array (args, STORE_OID_INT8, files);
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; n < run[i]->asked.file_count; n++)
            store_elem_i64 (args, i * LIM_ATTACHMENTS + n);
    store_pg_send (pg, STORE_SQL_append_files);
}

static void s_send_plain (store_pg_t *pg, store_sql_t sql)
{
    store_pg_args (pg);
    store_pg_send (pg, sql);
}

void store_statement_ask (store_append_t *append, store_pg_t *pg, store_entry_t *const *run, unsigned count,
                          bool needs_ids)
{
    s_send_plain (pg, STORE_SQL_begin);
    s_send_rooms (append, pg, STORE_SQL_append_lock);
    s_send_rooms (append, pg, STORE_SQL_append_heads);
    s_send_keys (pg, run, count);
    s_send_pairs (append, pg);
    if (store_append_has_changes (append)) {
        s_send_counts (append, pg);
        s_send_accounts (append, pg);
    }
    if (store_append_has_files (append))
        s_send_files (pg, run, count);
    if (needs_ids)
        s_send_plain (pg, STORE_SQL_append_ids);
}

/*  ---- reading ---------------------------------------------------------------------- */

static int s_read_heads (store_append_t *append, const PGresult *result, int64_t *out_now)
{
    unsigned count;
    store_room_t *rooms = store_append_rooms (append, &count);
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        uint64_t slot = store_row_u64 (&row) - 1;
        if (row.is_bad || slot >= count)
            return -PT_E_internal;
        store_room_t *room = &rooms[slot];
        room->exists = true;
        room->kind = (pt_room_kind_t)store_row_u64 (&row);
        room->epoch = store_row_u64 (&row);
        room->floor = store_row_u64 (&row);
        room->head = store_row_u64 (&row);
        room->last_at = store_row_time (&row);
        *out_now = store_row_time (&row);
        room->dialect = (pt_room_dialect_t)store_row_u64 (&row);
        if (row.is_bad)
            return -PT_E_internal;
    }
    return 0;
}

/*  What a known row says of its files outlives the step: decoded from a copy. */
static int s_read_row_files (const store_entry_t *entry, pt_codec_t *codec, pt_str_t bytes, store_content_t *content)
{
    const void *msg = NULL;
    const char *copy = entry && entry->arena ? pt_arena_copy (entry->arena, bytes.at, bytes.len) : NULL;
    if (!copy)
        return -PT_E_memory;
    if (pt_decode (codec, PT_MSG_attachments, copy, bytes.len, entry->arena, &msg, NULL) < 0)
        return -PT_E_internal;
    const pt_attachments_t *kept = msg;
    content->file_count = kept->files.count;
    content->files = pt_arena_alloc (entry->arena, kept->files.count * sizeof (*content->files));
    if (!content->files)
        return -PT_E_memory;
    memcpy (content->files, kept->files.at, kept->files.count * sizeof (*content->files));
    return 0;
}

static int s_read_known (store_append_t *append, const PGresult *result, pt_codec_t *codec)
{
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        uint64_t ord = store_row_u64 (&row);
        uint64_t seq = store_row_u64 (&row);
        uint64_t id = store_row_u64 (&row);
        int64_t at = store_row_time (&row);
        store_content_t content = {.kind = (pt_item_kind_t)store_row_u64 (&row)};
        content.body = store_row_str (&row);
        content.reply_to = store_row_u64 (&row);
        content.account = store_row_u64 (&row);
        content.what = (pt_change_t)store_row_u64 (&row);
        content.role = (pt_role_t)store_row_u64 (&row);
        bool has_files = !store_row_null (&row);
        pt_str_t files = store_row_str (&row);
        if (row.is_bad || ord == 0)
            return -PT_E_internal;
        int rc =
            has_files ? s_read_row_files (store_append_entry (append, (unsigned)ord - 1), codec, files, &content) : 0;
        if (rc < 0)
            return rc;
        store_append_known (append, (unsigned)ord - 1, &content, seq, id, at);
    }
    return 0;
}

static int s_read_roles (store_append_t *append, const PGresult *result)
{
    unsigned count;
    store_pair_t *pairs = store_append_pairs (append, &count);
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        uint64_t pair = store_row_u64 (&row) - 1;
        uint64_t role = store_row_u64 (&row);
        if (row.is_bad || pair >= count || role > PT_role_OWNER)
            return -PT_E_internal;
        pairs[pair].before = (pt_role_t)role;
    }
    return 0;
}

static int s_read_counts (store_append_t *append, const PGresult *result)
{
    unsigned count;
    store_room_t *rooms = store_append_rooms (append, &count);
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        uint64_t slot = store_row_u64 (&row) - 1;
        if (row.is_bad || slot >= count)
            return -PT_E_internal;
        rooms[slot].owners = store_row_u64 (&row);
        rooms[slot].members = store_row_u64 (&row);
        if (row.is_bad)
            return -PT_E_internal;
    }
    return 0;
}

static int s_read_accounts (store_append_t *append, const PGresult *result)
{
    unsigned count;
    store_pair_t *pairs = store_append_pairs (append, &count);
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        uint64_t account = store_row_u64 (&row);
        bool exists = store_row_bool (&row);
        bool is_staff = store_row_bool (&row);
        if (row.is_bad)
            return -PT_E_internal;
        for (unsigned p = 0; p < count; p++)
            if (pairs[p].account == account) {
                pairs[p].exists = exists;
                pairs[p].is_staff = is_staff;
            }
    }
    return 0;
}

static int s_read_files (store_append_t *append, const PGresult *result)
{
    for (int i = 0; i < PQntuples (result); i++) {
        store_row_t row = store_row (result, i);
        uint64_t place = store_row_u64 (&row);
        pt_attachment_t file = {.name = store_row_str (&row)};
        file.type = store_row_str (&row);
        file.size = store_row_u64 (&row);
        if (row.is_bad || place >= (uint64_t)STORE_APPEND_MAX * LIM_ATTACHMENTS)
            return -PT_E_internal;
        int rc =
            store_append_file (append, (unsigned)place / LIM_ATTACHMENTS, (unsigned)place % LIM_ATTACHMENTS, &file);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int s_read_ids (const PGresult *result, store_ids_t *ids)
{
    store_row_t row = store_row (result, 0);
    uint64_t first = store_row_u64 (&row);
    if (row.is_bad)
        return -PT_E_internal;
    if (ids->next == ids->end) {
        ids->next = first;
        ids->end = first + S_BLOCK;
    } else {
        ids->spare_next = first;
        ids->spare_end = first + S_BLOCK;
    }
    return 0;
}

int store_statement_read (store_append_t *append, const store_pg_step_t *step, pt_codec_t *codec, store_ids_t *ids,
                          int64_t *out_now)
{
    bool has_changes = store_append_has_changes (append), has_files = store_append_has_files (append);
    unsigned expected = 5 + (has_changes ? 2 : 0) + (has_files ? 1 : 0);
    if (step->count != expected && step->count != expected + 1)
        return -PT_E_internal;
    const PGresult *const *results = step->results + 2; /* after BEGIN and the locks */
    if (s_read_heads (append, results[0], out_now) < 0)
        return -PT_E_internal;
    int rc = s_read_known (append, results[1], codec);
    if (rc < 0)
        return rc;
    if (s_read_roles (append, results[2]) < 0)
        return -PT_E_internal;
    if (has_changes && (s_read_counts (append, results[3]) < 0 || s_read_accounts (append, results[4]) < 0))
        return -PT_E_internal;
    rc = has_files ? s_read_files (append, step->results[expected - 1]) : 0;
    return rc == 0 && step->count > expected ? s_read_ids (step->results[expected], ids) : rc;
}

/*  ---- writing ------------------------------------------------------------------------ */

/*  One array argument: a column of the new rows of one kind. */
#define S_COLUMN(type, put, value)                                                                                     \
    do {                                                                                                               \
        store_args_array (args, type, rows);                                                                           \
        for (unsigned i = 0; i < count; i++)                                                                           \
            if (run[i]->verdict == STORE_NEW && run[i]->asked.kind == kind)                                            \
                put (args, run[i]->value);                                                                             \
    } while (0)

static bool s_is_post (const store_entry_t *entry)
{
    return entry->verdict == STORE_NEW && entry->asked.kind == PT_item_kind_MESSAGE;
}

/*  What each row's files were, as bytes. */
static void s_put_snapshots (store_args_t *args, store_entry_t *const *run, unsigned count, unsigned rows)
{
    store_args_array (args, STORE_OID_BYTEA, rows);
    for (unsigned i = 0; i < count; i++) {
        if (!s_is_post (run[i]))
            continue;
        pt_attachments_t kept = {.files = {run[i]->files, run[i]->asked.file_count}};
        if (kept.files.count > 0)
            store_elem_msg (args, PT_MSG_attachments, &kept);
        else
            store_elem_null (args);
    }
}

/*  Enters where the files were posted; `files` of them. */
static void s_write_attachments (store_pg_t *pg, store_entry_t *const *run, unsigned count, unsigned files)
{
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, files);
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; s_is_post (run[i]) && n < run[i]->asked.file_count; n++)
            store_elem_i64 (args, run[i]->files[n].file);
    store_args_array (args, STORE_OID_INT8, files);
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; s_is_post (run[i]) && n < run[i]->asked.file_count; n++)
            store_elem_i64 (args, run[i]->room);
    store_args_array (args, STORE_OID_INT8, files);
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; s_is_post (run[i]) && n < run[i]->asked.file_count; n++)
            store_elem_i64 (args, run[i]->seq);
    store_pg_send (pg, STORE_SQL_append_attachments);
}

static void s_write_messages (store_pg_t *pg, store_entry_t *const *run, unsigned count, unsigned rows, unsigned files)
{
    const pt_item_kind_t kind = PT_item_kind_MESSAGE;
    store_args_t *args = store_pg_args (pg);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, room);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, seq);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, id);
    S_COLUMN (STORE_OID_TIMESTAMPTZ, store_elem_time, at);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, sender);
    S_COLUMN (STORE_OID_INT8, store_elem_opt_i64, asked.reply_to);
    S_COLUMN (STORE_OID_TEXT, store_elem_str, send_id);
    S_COLUMN (STORE_OID_TEXT, store_elem_str, asked.body);
    if (files > 0)
        s_put_snapshots (args, run, count, rows);
    store_pg_send (pg, files > 0 ? STORE_SQL_append_posts : STORE_SQL_append_messages);
    if (files > 0)
        s_write_attachments (pg, run, count, files);
}

static void s_write_changes (store_pg_t *pg, store_entry_t *const *run, unsigned count, unsigned rows)
{
    const pt_item_kind_t kind = PT_item_kind_MEMBER;
    store_args_t *args = store_pg_args (pg);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, room);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, seq);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, id);
    S_COLUMN (STORE_OID_TIMESTAMPTZ, store_elem_time, at);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, sender);
    S_COLUMN (STORE_OID_INT8, store_elem_i64, asked.account);
    S_COLUMN (STORE_OID_INT2, store_elem_i16, what);
    S_COLUMN (STORE_OID_INT2, store_elem_opt_i16, role);
    S_COLUMN (STORE_OID_TEXT, store_elem_str, send_id);
    store_pg_send (pg, STORE_SQL_append_changes);
}

#undef S_COLUMN

/*  How the member row of a pair ends up, whatever happened to it in between. */
typedef enum { S_KEEP, S_PUT, S_ROLE, S_DROP } s_end_t;

static s_end_t s_end_of (const store_pair_t *pair)
{
    if (pair->role && pair->has_joined)
        return S_PUT;
    if (pair->role != pair->before)
        return pair->role ? S_ROLE : S_DROP;
    return S_KEEP;
}

/*  Writes the member rows of all pairs that ended in the same way. */
static void s_write_members (store_append_t *append, store_pg_t *pg, s_end_t end, store_sql_t sql)
{
    unsigned count, room_count, rows = 0;
    const store_pair_t *pairs = store_append_pairs (append, &count);
    const store_room_t *rooms = store_append_rooms (append, &room_count);
    uint16_t picked[STORE_APPEND_PAIRS];
    for (unsigned i = 0; i < count; i++)
        if (s_end_of (&pairs[i]) == end)
            picked[rows++] = (uint16_t)i;
    if (rows == 0)
        return;
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, rows);
    for (unsigned i = 0; i < rows; i++)
        store_elem_i64 (args, rooms[pairs[picked[i]].slot].id);
    store_args_array (args, STORE_OID_INT8, rows);
    for (unsigned i = 0; i < rows; i++)
        store_elem_i64 (args, pairs[picked[i]].account);
    if (end != S_DROP) {
        store_args_array (args, STORE_OID_INT2, rows);
        for (unsigned i = 0; i < rows; i++)
            store_elem_i16 (args, pairs[picked[i]].role);
    }
    if (end == S_PUT) {
        store_args_array (args, STORE_OID_TIMESTAMPTZ, rows);
        for (unsigned i = 0; i < rows; i++)
            store_elem_time (args, pairs[picked[i]].joined_at);
        store_args_array (args, STORE_OID_INT8, rows);
        for (unsigned i = 0; i < rows; i++)
            store_elem_i64 (args, pairs[picked[i]].joined_seq);
    }
    store_pg_send (pg, sql);
}

void store_statement_write (store_append_t *append, store_pg_t *pg, store_entry_t *const *run, unsigned count,
                            unsigned new_count)
{
    unsigned messages = 0, files = 0, accepted = 0;
    for (unsigned i = 0; i < count; i++)
        accepted += run[i]->verdict != STORE_REFUSED;
    if (new_count == 0) {
        /*  What was read may be committed here alone, by a session that died before its
            standby had it.  A COMMIT that wrote (the locks do) waits for all before it. */
        s_send_plain (pg, accepted ? STORE_SQL_commit : STORE_SQL_rollback);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        messages += s_is_post (run[i]);
        files += s_is_post (run[i]) ? run[i]->asked.file_count : 0;
    }
    if (messages > 0)
        s_write_messages (pg, run, count, messages, files);
    if (new_count > messages) {
        s_write_changes (pg, run, count, new_count - messages);
        s_write_members (append, pg, S_DROP, STORE_SQL_append_member_drop);
        s_write_members (append, pg, S_PUT, STORE_SQL_append_member_put);
        s_write_members (append, pg, S_ROLE, STORE_SQL_append_member_role);
    }
    s_send_plain (pg, STORE_SQL_commit);
}
