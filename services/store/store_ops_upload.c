/*  store_ops_upload - uploads under way: what was promised to them counts against the
    owner's quota, under the lock of the owner's row. */

#include "store_ops.h"
#include "store_shape.h"

/*  By the verdicts of the upload_*.sql, each of which gives some of them. */
enum { S_DONE, S_NOT_FOUND, S_OVER, S_LENGTH, S_QUOTA, S_TOO_MANY, S_FILES };

static const struct {
    int err;
    const char *detail;
} s_refusals[] = {
    [S_NOT_FOUND] = {-PT_E_not_found, NULL},
    [S_OVER] = {-PT_E_gone, NULL},
    [S_LENGTH] = {-PT_E_conflict, "the upload has another length"},
    [S_QUOTA] = {-PT_E_quota_exceeded, NULL},
    [S_TOO_MANY] = {-PT_E_too_many, "too many uploads are under way"},
    [S_FILES] = {-PT_E_quota_exceeded, "there are as many files as an account may keep"},
};

/*  A row of a verdict, the upload, and the file where it is complete. */
static int s_reply_upload (store_op_t *op, const PGresult *result)
{
    pt_upload_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_file_t *file = store_op_alloc (op, sizeof (*file));
    if (!reply || !file)
        return -PT_E_memory;
    if (PQntuples (result) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (result, 0);
    uint64_t verdict = store_row_u64 (&row);
    if (row.is_bad || verdict >= sizeof (s_refusals) / sizeof (s_refusals[0]))
        return -PT_E_internal;
    if (verdict != S_DONE) {
        op->detail = s_refusals[verdict].detail;
        return s_refusals[verdict].err;
    }
    store_shape_upload (&row, reply);
    reply->has_file = !store_row_null (&row);
    if (reply->has_file) {
        store_shape_file (&row, file);
        reply->file = file;
        reply->offset = file->size;
    }
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- create ------------------------------------------------------------------- */

/*  A try may come later and under other settings: they are no part of what was asked. */
static void s_create_identify (store_op_t *op)
{
    const pt_upload_insert_t *msg = op->msg;
    op->caller = msg->ask->account;
    op->key = msg->ask->key;
    store_op_content (op, PT_MSG_upload_create, msg->ask);
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_upload_insert_t *msg = op->msg;
    const pt_upload_create_t *ask = msg->ask;
    store_ops_lock (pg, true, ask->account, false, 0);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, ask->account);
    store_args_str (args, ask->name);
    store_args_opt_i64 (args, ask->has_length, ask->length);
    store_args_i16 (args, ask->has_purpose ? ask->purpose : PT_upload_purpose_FILE);
    store_args_time (args, msg->expires_at);
    store_args_i64 (args, msg->quota);
    store_args_i64 (args, msg->uploads);
    store_args_i64 (args, LIM_FILES);
    store_pg_send (pg, STORE_SQL_upload_create);
    return STORE_NEXT;
}

static int s_create_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return s_reply_upload (op, step->results[1]); /* after the lock */
}

/*  ---- get ------------------------------------------------------------------------ */

static store_next_t s_get_send (store_op_t *op, store_pg_t *pg)
{
    const pt_upload_ref_t *msg = op->msg;
    store_ops_send_ref (pg, STORE_SQL_upload_get, msg->account, msg->id);
    return STORE_LAST;
}

static int s_get_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return s_reply_upload (op, step->results[0]);
}

/*  ---- touch ---------------------------------------------------------------------- */

static store_next_t s_touch_send (store_op_t *op, store_pg_t *pg)
{
    const pt_upload_touch_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_ops_lock (pg, true, msg->account, false, 0);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->id);
    store_args_time (args, msg->expires_at);
    store_args_opt_i64 (args, msg->has_length, msg->length);
    store_args_i64 (args, msg->quota);
    store_pg_send (pg, STORE_SQL_upload_touch);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

static int s_touch_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return s_reply_upload (op, step->results[2]); /* after BEGIN and the lock */
}

/*  ---- delete --------------------------------------------------------------------- */

static void s_delete_identify (store_op_t *op)
{
    const pt_upload_ref_t *msg = op->msg;
    store_ops_delete_identify (op, msg->account, msg->id, PT_MSG_upload_ref);
}

static store_next_t s_delete_send (store_op_t *op, store_pg_t *pg)
{
    const pt_upload_ref_t *msg = op->msg;
    return store_ops_delete_send (pg, STORE_SQL_upload_delete, msg->account, msg->id);
}

const store_op_rule_t store_ops_upload[] = {
    {PT_OP_store_upload_create, s_create_send, s_create_take, s_create_identify},
    {PT_OP_store_upload_get, s_get_send, s_get_take, NULL, .is_read = true},
    {PT_OP_store_upload_touch, s_touch_send, s_touch_take, NULL},
    {PT_OP_store_upload_delete, s_delete_send, store_ops_delete_take, s_delete_identify},
    {0, NULL, NULL, NULL},
};
