/*  store_ops_session - sessions: create, rotate, list, delete. */

#include "store_ops.h"
#include "store_shape.h"

static int s_reply_owner (store_op_t *op, uint64_t account, uint64_t session)
{
    pt_session_owner_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    reply->account = account;
    reply->session = session;
    op->reply = reply;
    return STORE_DONE;
}

/*  ---- create ------------------------------------------------------------------- */

/*  When the token ends is reckoned from the time of each try, so it is no part
    of what was asked. */
static void s_create_identify (store_op_t *op)
{
    const pt_session_insert_t *msg = op->msg;
    pt_session_insert_t content = *msg;
    content.expires_at = 0;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_session_insert, &content);
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_session_insert_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_opt_str (args, msg->has_device, msg->device);
    store_args_str (args, msg->token_hash);
    store_args_time (args, msg->expires_at);
    store_pg_send (pg, STORE_SQL_session_create);
    return STORE_NEXT;
}

static int s_create_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    store_row_t row = store_row (step->results[0], 0);
    uint64_t account = store_row_u64 (&row);
    uint64_t session = store_row_u64 (&row);
    return row.is_bad ? -PT_E_internal : s_reply_owner (op, account, session);
}

/*  ---- rotate --------------------------------------------------------------------- */

static store_next_t s_rotate_send (store_op_t *op, store_pg_t *pg)
{
    const pt_session_rotate_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_args_str (store_pg_args (pg), msg->token_hash);
    store_pg_send (pg, STORE_SQL_session_lock);
    store_args_t *args = store_pg_args (pg);
    store_args_str (args, msg->token_hash);
    store_args_str (args, msg->next_hash);
    store_args_time (args, msg->expires_at);
    store_args_i64 (args, msg->grace_ms);
    store_pg_send (pg, STORE_SQL_session_rotate);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  Verdicts of session_rotate.sql. */
enum { S_ROTATED = 1, S_AGAIN = 2, S_EXPIRED = 3 };

static int s_rotate_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const PGresult *result = step->results[2]; /* after BEGIN and the lock */
    if (PQntuples (result) == 0)
        return -PT_E_token_invalid;
    store_row_t row = store_row (result, 0);
    uint64_t verdict = store_row_u64 (&row);
    uint64_t account = store_row_u64 (&row);
    uint64_t session = store_row_u64 (&row);
    if (row.is_bad)
        return -PT_E_internal;
    if (verdict == S_EXPIRED)
        return -PT_E_token_expired;
    if (verdict != S_ROTATED && verdict != S_AGAIN)
        return -PT_E_token_invalid;
    return s_reply_owner (op, account, session);
}

/*  ---- list ----------------------------------------------------------------------- */

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_session_query_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->session);
    store_args_i64 (args, LIM_PAGE);
    store_pg_send (pg, STORE_SQL_session_list);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    unsigned count = (unsigned)PQntuples (step->results[0]);
    pt_session_page_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_session_t *items = store_op_alloc (op, (count + 1) * sizeof (*items));
    if (!reply || !items)
        return -PT_E_memory;
    for (unsigned i = 0; i < count; i++) {
        store_row_t row = store_row (step->results[0], (int)i);
        items[i].id = store_row_u64 (&row);
        items[i].has_device = !store_row_null (&row);
        items[i].device = store_row_str (&row);
        items[i].created_at = store_row_time (&row);
        items[i].used_at = store_row_time (&row);
        items[i].current = store_row_bool (&row);
        if (row.is_bad)
            return -PT_E_internal;
    }
    reply->items.at = items;
    reply->items.count = count;
    op->reply = reply;
    return STORE_DONE;
}

/*  ---- delete --------------------------------------------------------------------- */

static store_next_t s_delete_send (store_op_t *op, store_pg_t *pg)
{
    const pt_session_close_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_opt_i64 (args, msg->has_id, msg->id);
    store_pg_send (pg, STORE_SQL_session_delete);
    return STORE_LAST;
}

static int s_delete_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_session_close_t *msg = op->msg;
    store_row_t row = store_row (step->results[0], 0);
    uint64_t found = store_row_u64 (&row);
    if (row.is_bad)
        return -PT_E_internal;
    if (msg->has_id && found == 0)
        return -PT_E_not_found;
    op->reply = store_op_alloc (op, sizeof (pt_revocations_t));
    return op->reply ? STORE_DONE : -PT_E_memory;
}

const store_op_rule_t store_ops_session[] = {
    {PT_OP_store_session_create, s_create_send, s_create_take, s_create_identify},
    {PT_OP_store_session_rotate, s_rotate_send, s_rotate_take, NULL},
    {PT_OP_store_session_list, s_list_send, s_list_take, NULL, .is_read = true},
    {PT_OP_store_session_delete, s_delete_send, s_delete_take, NULL},
    {0, NULL, NULL, NULL},
};
