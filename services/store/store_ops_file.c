/*  store_ops_file - files and pictures: who keeps what, who may see it, and an upload
    that becomes one.

    What is deleted goes from here at once; its bytes when nothing else consists of them, by
    way of store_ops_sweep. */

#include "store_ops.h"
#include "store_shape.h"

/*  ---- replies ------------------------------------------------------------------ */

/*  A file and, behind it, the name of its bytes. */
static int s_reply_stored (store_op_t *op, store_row_t *row)
{
    pt_file_stored_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_file_t *file = store_op_alloc (op, sizeof (*file));
    if (!reply || !file)
        return -PT_E_memory;
    store_shape_file (row, file);
    reply->file = file;
    reply->blob = store_row_str (row);
    op->reply = reply;
    return row->is_bad ? -PT_E_internal : STORE_DONE;
}

static int s_take_stored (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (step->results[0], 0);
    return s_reply_stored (op, &row);
}

/*  ---- usage -------------------------------------------------------------------- */

static store_next_t s_usage_send (store_op_t *op, store_pg_t *pg)
{
    const pt_drive_query_t *msg = op->msg;
    store_args_i64 (store_pg_args (pg), msg->account);
    store_pg_send (pg, STORE_SQL_drive_usage);
    return STORE_LAST;
}

static int s_usage_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_drive_usage_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (step->results[0], 0);
    reply->backend = PT_LIT ("local");
    reply->files = store_row_u64 (&row);
    reply->used = store_row_u64 (&row);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- list ----------------------------------------------------------------------- */

static int s_list_check (store_op_t *op)
{
    const pt_file_query_t *msg = op->msg;
    return store_ops_cursor (op, msg->has_cursor, msg->cursor);
}

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_file_query_t *msg = op->msg;
    const uint64_t *before = op->state;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, *before ? *before : LIM_ID);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit) + 1);
    store_args_opt_str (args, msg->has_q, msg->q);
    store_pg_send (pg, STORE_SQL_file_list);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_file_query_t *msg = op->msg;
    return store_ops_reply_list (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit), store_shape_file);
}

/*  ---- get ------------------------------------------------------------------------ */

static store_next_t s_get_send (store_op_t *op, store_pg_t *pg)
{
    const pt_file_ref_t *msg = op->msg;
    store_ops_send_ref (pg, STORE_SQL_file_get, msg->account, msg->id);
    return STORE_LAST;
}

/*  ---- update --------------------------------------------------------------------- */

static void s_update_identify (store_op_t *op)
{
    const pt_file_update_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_file_update, msg);
}

static store_next_t s_update_send (store_op_t *op, store_pg_t *pg)
{
    const pt_file_update_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->id);
    store_args_str (args, msg->name);
    store_pg_send (pg, STORE_SQL_file_update);
    return STORE_NEXT;
}

static int s_update_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_row (op, step->results[0], store_shape_file);
}

/*  ---- delete --------------------------------------------------------------------- */

static void s_delete_identify (store_op_t *op)
{
    const pt_file_ref_t *msg = op->msg;
    store_ops_delete_identify (op, msg->account, msg->id, PT_MSG_file_ref);
}

static store_next_t s_delete_send (store_op_t *op, store_pg_t *pg)
{
    const pt_file_ref_t *msg = op->msg;
    return store_ops_delete_send (pg, STORE_SQL_file_delete, msg->account, msg->id);
}

/*  ---- create --------------------------------------------------------------------- */

/*  Two statements: of a new picture the one before goes, which may consist of the same bytes. */
static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_file_insert_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_ops_lock (pg, true, msg->account, false, 0);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->upload);
    store_args_str (args, msg->sha256);
    store_args_i64 (args, msg->size);
    store_args_str (args, msg->type);
    store_args_str (args, msg->blob);
    store_pg_send (pg, STORE_SQL_file_create);
    store_args_i64 (store_pg_args (pg), msg->account);
    store_pg_send (pg, STORE_SQL_avatar_drop);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  By the verdicts of file_create.sql.  Who is told not_found or gone may remove what it has under the
    name; never what other files consist of. */
static const struct {
    int err;
    const char *detail;
} s_refusals[] = {
    {0, NULL},
    {-PT_E_not_found, NULL},
    {-PT_E_gone, NULL},
    {-PT_E_conflict, "the upload has another length, or none yet"},
    {-PT_E_conflict, "the upload was complete, and its file deleted"},
};

static int s_create_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const PGresult *result = step->results[2]; /* after BEGIN and the lock */
    store_row_t row = store_row (result, 0);
    uint64_t verdict = store_row_u64 (&row);
    if (row.is_bad || verdict >= sizeof (s_refusals) / sizeof (s_refusals[0]))
        return -PT_E_internal;
    op->detail = s_refusals[verdict].detail;
    return verdict ? s_refusals[verdict].err : s_reply_stored (op, &row);
}

/*  ---- pictures ------------------------------------------------------------------- */

static store_next_t s_avatar_send (store_op_t *op, store_pg_t *pg)
{
    const pt_avatar_ref_t *msg = op->msg;
    store_args_str (store_pg_args (pg), msg->uuid);
    store_pg_send (pg, STORE_SQL_avatar_get);
    return STORE_LAST;
}

static store_next_t s_clear_send (store_op_t *op, store_pg_t *pg)
{
    static const store_sql_t statements[] = {STORE_SQL_avatar_clear, STORE_SQL_avatar_drop};
    const pt_account_only_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_ops_lock (pg, true, msg->account, false, 0);
    for (size_t i = 0; i < sizeof (statements) / sizeof (statements[0]); i++) {
        store_args_i64 (store_pg_args (pg), msg->account);
        store_pg_send (pg, statements[i]);
    }
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

const store_op_rule_t store_ops_file[] = {
    {PT_OP_store_usage, s_usage_send, s_usage_take, NULL, .is_read = true},
    {PT_OP_store_file_list, s_list_send, s_list_take, NULL, s_list_check, .is_read = true},
    {PT_OP_store_file_get, s_get_send, s_take_stored, NULL, .is_read = true},
    {PT_OP_store_file_update, s_update_send, s_update_take, s_update_identify},
    {PT_OP_store_file_delete, s_delete_send, store_ops_delete_take, s_delete_identify},
    {PT_OP_store_file_create, s_create_send, s_create_take, NULL},
    {PT_OP_store_avatar_get, s_avatar_send, s_take_stored, NULL, .is_read = true},
    {PT_OP_store_avatar_delete, s_clear_send, store_ops_take_empty, NULL},
    {0, NULL, NULL, NULL},
};
