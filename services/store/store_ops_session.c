/*  store_ops_session - sessions: create, rotate, list, delete. */

#include "store_ops.h"
#include "store_ops_owner.h"
#include "store_shape.h"

/*  ---- create ------------------------------------------------------------------- */

/*  When the token ends is reckoned from the time of each try, and a try may come
    from elsewhere, so these are no part of what was asked. */
static void s_create_identify (store_op_t *op)
{
    const pt_session_insert_t *msg = op->msg;
    pt_session_insert_t content = *msg;
    content.expires_at = 0;
    content.has_address = content.has_trace = content.has_generation = false;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_session_insert, &content);
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_session_insert_t *msg = op->msg;
    store_ops_lock (pg, true, msg->account, false, 0);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_opt_str (args, msg->has_device, msg->device);
    store_args_str (args, msg->token_hash);
    store_args_time (args, msg->expires_at);
    store_args_opt_i64 (args, msg->has_generation, msg->generation);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_args_i64 (args, LIM_CREDENTIALS);
    store_pg_send (pg, STORE_SQL_session_create);
    return STORE_NEXT;
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
    store_args_opt_str (args, msg->has_other_hash, msg->other_hash);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_args_bool (args, msg->has_keeps && msg->keeps);
    store_args_bool (args, msg->has_spares && msg->spares);
    store_pg_send (pg, STORE_SQL_session_rotate);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  Verdicts of session_rotate.sql, and what they are told as. */
enum { S_ROTATED = 1, S_AGAIN, S_EXPIRED, S_REVOKED, S_REUSED, S_INACTIVE, S_VERDICTS };

static const int s_rotate_errors[S_VERDICTS] = {
    [0] = -PT_E_internal,
    [S_EXPIRED] = -PT_E_token_expired,
    [S_REVOKED] = -PT_E_token_revoked,
    [S_INACTIVE] = -PT_E_inactive,
};

static int s_rotate_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const PGresult *result = step->results[2]; /* after BEGIN and the lock */
    if (PQntuples (result) == 0)
        return -PT_E_token_invalid;
    pt_session_owner_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    store_row_t row = store_row (result, 0);
    uint64_t verdict = store_row_u64 (&row);
    store_ops_owner_read (&row, reply);
    reply->has_is_other = reply->is_other = store_row_bool (&row);
    reply->has_created_at = true;
    reply->created_at = store_row_time (&row);
    reply->has_revoked = reply->revoked = verdict == S_REUSED;
    if (row.is_bad || verdict >= S_VERDICTS)
        return -PT_E_internal;
    op->reply = reply;
    return s_rotate_errors[verdict] ? s_rotate_errors[verdict] : STORE_DONE;
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
    return store_ops_reply_list (op, step->results[0], LIM_PAGE, store_shape_session);
}

/*  ---- delete --------------------------------------------------------------------- */

/*  Keyed, although to end a session twice is to end it: a copy of the request that is
    late would end those that began meanwhile. */
static void s_delete_identify (store_op_t *op)
{
    const pt_session_close_t *msg = op->msg;
    pt_session_close_t content = *msg;
    content.has_address = content.has_trace = false;
    op->caller = msg->by;
    op->key = msg->key;
    store_op_content (op, PT_MSG_session_close, &content);
}

static store_next_t s_delete_send (store_op_t *op, store_pg_t *pg)
{
    const pt_session_close_t *msg = op->msg;
    store_ops_lock (pg, true, msg->account, false, 0);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_opt_i64 (args, msg->has_id, msg->id);
    store_args_opt_i16 (args, msg->has_kind, msg->kind);
    store_args_i64 (args, msg->by);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_pg_send (pg, STORE_SQL_session_delete);
    return STORE_NEXT;
}

/*  The revocations come first in each row, then what is the same in all. */
enum { S_COLUMN_ALLOWED = 5 };

static int s_delete_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_session_close_t *msg = op->msg;
    const PGresult *result = step->results[1]; /* after the lock */
    store_row_t row = store_row (result, 0);
    row.column = S_COLUMN_ALLOWED;
    bool is_allowed = store_row_bool (&row);
    uint64_t found = store_row_u64 (&row);
    if (row.is_bad)
        return -PT_E_internal;
    if (!is_allowed && msg->by != msg->account)
        return -PT_E_forbidden;
    if (!is_allowed || (msg->has_id && found == 0))
        return -PT_E_not_found;
    return store_ops_reply_list (op, result, LIM_CREDENTIALS, store_shape_revocation);
}

const store_op_rule_t store_ops_session[] = {
    {PT_OP_store_session_create, s_create_send, store_ops_owner_take, s_create_identify},
    {PT_OP_store_session_rotate, s_rotate_send, s_rotate_take, NULL},
    {PT_OP_store_session_list, s_list_send, s_list_take, NULL, .is_read = true},
    {PT_OP_store_session_delete, s_delete_send, s_delete_take, s_delete_identify},
    {0, NULL, NULL, NULL},
};
