/*  store_ops_admin - what staff changes, and what is left to do for accounts that are
    deleted. */

#include "store_ops.h"
#include "store_shape.h"

/*  ---- update --------------------------------------------------------------------- */

/*  A try may come from elsewhere: the address is no part of what was asked. */
static void s_update_identify (store_op_t *op)
{
    const pt_admin_store_t *msg = op->msg;
    pt_admin_update_t content = *msg->ask;
    content.has_address = false;
    op->caller = msg->ask->account;
    op->key = msg->ask->key;
    store_op_content (op, PT_MSG_admin_update, &content);
}

static store_next_t s_update_send (store_op_t *op, store_pg_t *pg)
{
    const pt_admin_store_t *msg = op->msg;
    const pt_admin_update_t *ask = msg->ask;
    store_args_i64 (store_pg_args (pg), ask->id);
    store_pg_send (pg, STORE_SQL_admin_lock);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, ask->account);
    store_args_i64 (args, ask->id);
    store_args_opt_bool (args, ask->has_active, ask->active);
    store_args_opt_bool (args, ask->has_staff, ask->staff);
    store_args_opt_str (args, ask->has_name, ask->name);
    store_args_opt_str (args, ask->has_address, ask->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_args_bool (args, msg->is_trusted);
    store_pg_send (pg, STORE_SQL_admin_update);
    return STORE_NEXT;
}

/*  Verdicts of admin_update.sql. */
enum { S_DONE, S_NOT_STAFF, S_NOT_FOUND, S_LAST };

static int s_refuse_update (store_op_t *op, uint64_t verdict)
{
    if (verdict == S_NOT_FOUND)
        return -PT_E_not_found;
    op->detail = verdict == S_LAST ? store_ops_last_of_staff : NULL;
    return verdict <= S_LAST ? -PT_E_forbidden : -PT_E_internal;
}

static int s_update_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_account_changed_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_account_t *account = store_op_alloc (op, sizeof (*account));
    pt_revocation_t *gone = store_op_alloc (op, sizeof (*gone));
    if (!reply || !account || !gone)
        return -PT_E_memory;
    store_row_t row = store_row (step->results[1], 0); /* after the lock */
    uint64_t verdict = store_row_u64 (&row);
    gone->has_generation = !store_row_null (&row);
    gone->generation = store_row_u64 (&row);
    gone->at = store_row_time (&row);
    if (row.is_bad)
        return -PT_E_internal;
    if (verdict != S_DONE)
        return s_refuse_update (op, verdict);
    store_shape_account (&row, account);
    gone->account = account->id;
    reply->account = account;
    reply->revoked.at = gone;
    reply->revoked.count = gone->has_generation;
    reply->has_revoked = gone->has_generation;
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- farewells ------------------------------------------------------------------ */

static store_next_t s_farewell_send (store_op_t *op, store_pg_t *pg)
{
    const pt_farewell_query_t *msg = op->msg;
    store_args_i64 (store_pg_args (pg), msg->limit);
    store_pg_send (pg, STORE_SQL_farewell_list);
    return STORE_LAST;
}

static int s_farewell_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_list (op, step->results[0], LIM_PAGE, store_shape_farewell);
}

const store_op_rule_t store_ops_admin[] = {
    {PT_OP_store_admin_update, s_update_send, s_update_take, s_update_identify},
    {PT_OP_store_farewell_list, s_farewell_send, s_farewell_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
