/*  store_ops_sweep - what can be removed from a backend, and what was.

    A row is dead before it is handed out, and stays until it is known that its bytes
    are gone: whoever sweeps may die at any moment, and several may sweep. */

#include "store_ops.h"

/*  ---- sweep -------------------------------------------------------------------- */

static store_next_t s_sweep_send (store_op_t *op, store_pg_t *pg)
{
    static const store_sql_t statements[] = {STORE_SQL_sweep_expired, STORE_SQL_sweep_uploads, STORE_SQL_sweep_blobs};
    const pt_sweep_query_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    for (size_t i = 0; i < sizeof (statements) / sizeof (statements[0]); i++) {
        store_args_i64 (store_pg_args (pg), msg->limit);
        store_pg_send (pg, statements[i]);
    }
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

static void s_read_id (store_row_t *row, void *out)
{
    *(uint64_t *)out = store_row_u64 (row);
}

static void s_read_blob (store_row_t *row, void *out)
{
    ((pt_blob_t *)out)->name = store_row_str (row);
}

static int s_sweep_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    store_ops_list_t uploads = {0}, blobs = {0};
    pt_sweep_page_t *reply = store_op_alloc (op, sizeof (*reply));
    int rc =
        reply ? store_ops_list (op, step->results[2], LIM_PAGE, sizeof (uint64_t), s_read_id, &uploads) : -PT_E_memory;
    if (rc == 0)
        rc = store_ops_list (op, step->results[3], LIM_PAGE, sizeof (pt_blob_t), s_read_blob, &blobs);
    if (rc < 0)
        return rc;
    reply->uploads.at = uploads.at;
    reply->uploads.count = uploads.count;
    reply->blobs.at = blobs.at;
    reply->blobs.count = blobs.count;
    op->reply = reply;
    return STORE_DONE;
}

/*  ---- swept -------------------------------------------------------------------- */

static store_next_t s_swept_send (store_op_t *op, store_pg_t *pg)
{
    const pt_sweep_done_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_args_ids (store_pg_args (pg), msg->uploads.at, msg->uploads.count);
    store_pg_send (pg, STORE_SQL_swept_uploads);
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_TEXT, msg->blobs.count);
    for (uint32_t i = 0; i < msg->blobs.count; i++)
        store_elem_str (args, msg->blobs.at[i].name);
    store_pg_send (pg, STORE_SQL_swept_blobs);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  ---- unknown ------------------------------------------------------------------ */

#define S_HEX_MAX 16

/*  The upload whose id, in hex, is the last part of a name; 0 for none. */
static uint64_t s_upload_of (pt_str_t name, bool *out_is_whole)
{
    uint64_t id = 0;
    uint32_t digits = 0;
    for (uint32_t i = name.len; i > 0 && name.at[i - 1] != '-'; i--, digits++) {
        char c = name.at[i - 1];
        bool is_digit = c >= '0' && c <= '9', is_letter = c >= 'a' && c <= 'f';
        if (digits == S_HEX_MAX || (!is_digit && !is_letter))
            return 0;
        id |= (uint64_t)(is_digit ? c - '0' : c - 'a' + 10) << 4 * digits;
    }
    *out_is_whole = digits == name.len;
    return id <= LIM_ID ? id : 0;
}

/*  Ids of the uploads in the names: of those that are an id alone, or of the others. */
static void s_put_uploads (store_args_t *args, const pt_blob_list_t *msg, bool are_whole)
{
    store_args_array (args, STORE_OID_INT8, msg->blobs.count);
    for (uint32_t i = 0; i < msg->blobs.count; i++) {
        bool is_whole = false;
        uint64_t id = s_upload_of (msg->blobs.at[i].name, &is_whole);
        store_elem_opt_i64 (args, is_whole == are_whole ? id : 0);
    }
}

static store_next_t s_unknown_send (store_op_t *op, store_pg_t *pg)
{
    const pt_blob_list_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_TEXT, msg->blobs.count);
    for (uint32_t i = 0; i < msg->blobs.count; i++)
        store_elem_str (args, msg->blobs.at[i].name);
    s_put_uploads (args, msg, false);
    s_put_uploads (args, msg, true);
    store_pg_send (pg, STORE_SQL_blobs_unknown);
    return STORE_LAST;
}

static int s_unknown_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_list (op, step->results[0], LIM_PAGE, s_read_blob);
}

const store_op_rule_t store_ops_sweep[] = {
    {PT_OP_store_sweep, s_sweep_send, s_sweep_take, NULL},
    {PT_OP_store_swept, s_swept_send, store_ops_take_empty, NULL},
    {PT_OP_store_blobs_unknown, s_unknown_send, s_unknown_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
