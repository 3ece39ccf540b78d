/*  store_ops_account - accounts: create, get, update, list, find, delete. */

#include "store_ops.h"
#include "store_shape.h"

static int s_take_account (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_row (op, step->results[0], store_shape_account);
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
    store_args_opt_str (args, msg->has_nickname, msg->nickname);
    store_args_opt_bool (args, msg->has_is_staff, msg->is_staff);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_args_opt_i16 (args, msg->has_dialect, msg->dialect);
    store_pg_send (pg, STORE_SQL_account_create);
    args = store_pg_args (pg);
    store_args_opt_str (args, msg->has_login, msg->login);
    store_args_opt_str (args, msg->has_email, msg->email);
    store_pg_send (pg, STORE_SQL_account_taken);
    return STORE_NEXT;
}

/*  Names what was in the way; it may have gone since. */
static int s_refuse_taken (store_op_t *op, const PGresult *result)
{
    store_row_t row = store_row (result, 0);
    bool is_login = store_row_bool (&row);
    bool is_email = store_row_bool (&row);
    op->fault_count = 0;
    if (row.is_bad || (is_login && store_ops_fault_taken (op, "login") < 0) ||
        (is_email && store_ops_fault_taken (op, "email") < 0))
        return -PT_E_internal;
    return -PT_E_taken;
}

static int s_create_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    if (PQntuples (step->results[0]) == 0)
        return s_refuse_taken (op, step->results[1]);
    return store_ops_reply_row (op, step->results[0], store_shape_account);
}

/*  ---- get ------------------------------------------------------------------------ */

static store_next_t s_get_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_ref_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    if (!msg->has_id && !msg->has_uuid)
        store_args_i64 (args, msg->account);
    else
        store_args_opt_i64 (args, msg->has_id, msg->id);
    store_args_opt_str (args, msg->has_uuid, msg->uuid);
    store_pg_send (pg, msg->as_staff ? STORE_SQL_admin_get : STORE_SQL_account_get);
    return STORE_LAST;
}

static int s_get_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_account_ref_t *msg = op->msg;
    const PGresult *result = step->results[0];
    if (msg->as_staff && PQntuples (result) == 0)
        return -PT_E_forbidden;
    if (msg->as_staff && PQgetisnull (result, 0, 0))
        return -PT_E_not_found;
    return store_ops_reply_row (op, result, store_shape_account);
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
    store_args_opt_str (args, msg->has_nickname, msg->nickname);
    store_pg_send (pg, STORE_SQL_account_update);
    return STORE_NEXT;
}

/*  ---- list ----------------------------------------------------------------------- */

/*  Trigrams are of letters and digits, three in a row: a text without such a row would
    have them bring all accounts, and is looked for at the beginning. */
#define S_PART_CHARS 3

static bool s_is_letter (uint8_t byte)
{
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static bool s_has_trigram (pt_str_t text)
{
    unsigned row = 0;
    for (uint32_t i = 0; i < text.len && row < S_PART_CHARS; i++) {
        uint8_t byte = (uint8_t)text.at[i];
        if (!s_is_letter (byte))
            row = 0;
        else if ((byte & 0xc0) != 0x80) /* counts characters by their first bytes */
            row++;
    }
    return row >= S_PART_CHARS;
}

static int s_list_check (store_op_t *op)
{
    const pt_account_query_t *msg = op->msg;
    op->detail = "what is to be found?";
    if (msg->q.len == 0 && !msg->as_staff)
        return -PT_E_invalid;
    op->detail = NULL;
    return store_ops_cursor (op, msg->has_cursor, msg->cursor);
}

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_query_t *msg = op->msg;
    const uint64_t *after = op->state;
    bool is_all = msg->q.len == 0;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    if (!is_all)
        store_args_str (args, msg->q);
    store_args_i64 (args, *after);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit) + 1);
    if (!is_all)
        store_args_bool (args, msg->as_staff);
    store_sql_t by_text = s_has_trigram (msg->q) ? STORE_SQL_account_search : STORE_SQL_account_list;
    store_pg_send (pg, is_all ? STORE_SQL_admin_list : by_text);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_account_query_t *msg = op->msg;
    if (msg->as_staff && PQntuples (step->results[0]) == 0)
        return -PT_E_forbidden;
    return store_ops_reply_list (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit),
                                 store_shape_account);
}

/*  ---- find ----------------------------------------------------------------------- */

static store_next_t s_find_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_find_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    if (msg->identifier.len > 0 || !msg->has_id) {
        store_args_str (args, msg->identifier);
        store_pg_send (pg, STORE_SQL_account_find);
    } else {
        store_args_i64 (args, msg->id);
        store_pg_send (pg, STORE_SQL_account_find_id);
    }
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
    reply->has_generation = reply->has_authtoken = reply->has_staff = true;
    reply->generation = store_row_u64 (&row);
    reply->authtoken = store_row_u64 (&row);
    reply->staff = store_row_bool (&row);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- delete --------------------------------------------------------------------- */

static store_next_t s_delete_send (store_op_t *op, store_pg_t *pg)
{
    const pt_account_close_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_args_i64 (store_pg_args (pg), msg->account);
    store_pg_send (pg, STORE_SQL_admin_lock);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->by);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_pg_send (pg, STORE_SQL_account_delete);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

static int s_delete_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_account_close_t *msg = op->msg;
    const PGresult *result = step->results[2]; /* after BEGIN and the lock */
    if (PQntuples (result) == 0)
        return msg->by == msg->account ? -PT_E_not_found : -PT_E_forbidden;
    store_row_t row = store_row (result, 0);
    bool is_last = store_row_bool (&row);
    if (!row.is_bad && is_last) {
        op->detail = store_ops_last_of_staff;
        return -PT_E_forbidden;
    }
    pt_revocation_t gone = {.account = msg->account, .has_generation = true};
    gone.generation = store_row_u64 (&row);
    gone.at = store_row_time (&row);
    return row.is_bad ? -PT_E_internal : store_ops_reply_revocation (op, &gone);
}

const store_op_rule_t store_ops_account[] = {
    {PT_OP_store_account_create, s_create_send, s_create_take, s_create_identify},
    {PT_OP_store_account_get, s_get_send, s_get_take, NULL, .is_read = true},
    {PT_OP_store_account_update, s_update_send, s_take_account, s_update_identify},
    {PT_OP_store_account_list, s_list_send, s_list_take, NULL, s_list_check, .is_read = true},
    {PT_OP_store_account_find, s_find_send, s_find_take, NULL, .is_read = true},
    {PT_OP_store_account_delete, s_delete_send, s_delete_take, NULL},
    {0, NULL, NULL, NULL},
};
