/*  store_ops_account - accounts: create, get, update, list, find. */

#include "store_ops.h"
#include "store_shape.h"

/*  Reads the only row of a result as an account; no row is not_found. */
static int s_take_account (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const PGresult *result = step->results[0];
    pt_account_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (result) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (result, 0);
    store_shape_account (&row, reply);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- create ------------------------------------------------------------------- */

/*  The content is the hash that auth made of what was asked: the password's own
    hash differs each time. */
static void s_create_identify (store_op_t *op)
{
    const pt_account_insert_t *msg = op->msg;
    op->caller = 0;
    op->key = msg->key;
    op->content = msg->hash;
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_insert_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_opt_str (args, msg->has_login, msg->login);
    store_args_opt_str (args, msg->has_email, msg->email);
    store_args_opt_str (args, msg->has_name, msg->name);
    store_args_str (args, msg->password_hash);
    store_pg_send (pg, STORE_SQL_account_create);
    return STORE_NEXT;
}

/*  ---- get ------------------------------------------------------------------------ */

static store_next_t s_get_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_ref_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->has_id ? msg->id : msg->account);
    store_pg_send (pg, STORE_SQL_account_get);
    return STORE_LAST;
}

/*  ---- update --------------------------------------------------------------------- */

static void s_update_identify (store_op_t *op)
{
    const pt_account_update_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_account_update, msg);
}

static store_next_t s_update_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_update_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_opt_str (args, msg->has_name, msg->name);
    store_pg_send (pg, STORE_SQL_account_update);
    return STORE_NEXT;
}

/*  ---- list ----------------------------------------------------------------------- */

static int s_list_check (store_op_t *op)
{
    const pt_account_query_t *msg = op->msg;
    return store_ops_cursor (op, msg->has_cursor, msg->cursor);
}

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_query_t *msg = op->msg;
    const uint64_t *after = op->state;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_str (args, msg->q);
    store_args_i64 (args, *after);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit) + 1);
    store_pg_send (pg, STORE_SQL_account_list);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_account_query_t *msg = op->msg;
    unsigned limit = (unsigned)store_ops_limit (msg->has_limit, msg->limit);
    unsigned count = (unsigned)PQntuples (step->results[0]);
    pt_account_page_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_account_t *items = store_op_alloc (op, (count + 1) * sizeof (*items));
    if (!reply || !items)
        return -PT_E_memory;
    for (unsigned i = 0; i < count && i < limit; i++) {
        store_row_t row = store_row (step->results[0], (int)i);
        store_shape_account (&row, &items[i]);
        if (row.is_bad)
            return -PT_E_internal;
    }
    reply->items.at = items;
    reply->items.count = count < limit ? count : limit;
    reply->has_next = count > limit;
    if (reply->has_next)
        reply->next = store_ops_next (op, items[limit - 1].id);
    op->reply = reply;
    return STORE_DONE;
}

/*  ---- find ----------------------------------------------------------------------- */

static store_next_t s_find_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_find_t *msg = op->msg;
    store_args_str (store_pg_args (pg), msg->identifier);
    store_pg_send (pg, STORE_SQL_account_find);
    return STORE_LAST;
}

static int s_find_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_account_secret_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_account_t *account = store_op_alloc (op, sizeof (*account));
    if (!reply || !account)
        return -PT_E_memory;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (step->results[0], 0);
    store_shape_account (&row, account);
    reply->account = account;
    reply->has_password_hash = !store_row_null (&row);
    reply->password_hash = store_row_str (&row);
    reply->active = store_row_bool (&row);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

const store_op_rule_t store_ops_account[] = {
    {PT_OP_store_account_create, s_create_send, s_take_account, s_create_identify},
    {PT_OP_store_account_get, s_get_send, s_take_account, NULL, .is_read = true},
    {PT_OP_store_account_update, s_update_send, s_take_account, s_update_identify},
    {PT_OP_store_account_list, s_list_send, s_list_take, NULL, s_list_check, .is_read = true},
    {PT_OP_store_account_find, s_find_send, s_find_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
