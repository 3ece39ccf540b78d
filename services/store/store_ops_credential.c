/*  store_ops_credential - opaque credentials: create, find, and the list of API tokens. */

#include "store_ops.h"
#include "store_ops_owner.h"
#include "store_shape.h"

/*  ---- create ------------------------------------------------------------------- */

/*  As for a session; the secret's hash says the rest. */
static void s_create_identify (store_op_t *op)
{
    const pt_credential_insert_t *msg = op->msg;
    pt_credential_insert_t content = *msg;
    content.has_expires_at = content.has_address = content.has_trace = false;
    content.has_authtoken = content.has_generation = false;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_credential_insert, &content);
}

static int s_create_check (store_op_t *op)
{
    const pt_credential_insert_t *msg = op->msg;
    op->detail = "a session is made with its refresh token, and a cookie ends some time";
    if (msg->kind == PT_credential_kind_SESSION || (msg->kind == PT_credential_kind_COOKIE && !msg->has_expires_at))
        return -PT_E_invalid;
    op->detail = NULL;
    return 0;
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_credential_insert_t *msg = op->msg;
    store_ops_lock (pg, true, msg->account, false, 0);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i16 (args, msg->kind);
    store_args_str (args, msg->secret_hash);
    store_args_opt_str (args, msg->has_prefix, msg->prefix);
    store_args_opt_str (args, msg->has_name, msg->name);
    store_args_opt_str (args, msg->has_scopes, msg->scopes);
    store_args_opt_time (args, msg->has_expires_at, msg->expires_at);
    store_args_opt_i64 (args, msg->has_authtoken, msg->authtoken);
    store_args_opt_i64 (args, msg->has_generation, msg->generation);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_args_i64 (args, LIM_CREDENTIALS);
    store_pg_send (pg, STORE_SQL_credential_create);
    return STORE_NEXT;
}

/*  ---- find ----------------------------------------------------------------------- */

static store_next_t s_find_send (store_op_t *op, store_pg_t *pg)
{
    const pt_credential_find_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_str (args, msg->secret_hash);
    store_args_opt_i16 (args, msg->has_kind, msg->kind);
    store_pg_send (pg, STORE_SQL_credential_find);
    return STORE_LAST;
}

/*  By the verdicts of credential_find.sql. */
static const int s_find_errors[] = {
    -PT_E_internal, 0, -PT_E_token_revoked, -PT_E_token_expired, -PT_E_inactive,
};

static int s_find_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_identity_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_token_invalid;
    store_row_t row = store_row (step->results[0], 0);
    uint64_t verdict = store_row_u64 (&row);
    reply->account = store_row_u64 (&row);
    reply->session = store_row_u64 (&row);
    reply->kind = (pt_credential_kind_t)store_row_u64 (&row);
    reply->generation = store_row_u64 (&row);
    reply->staff = store_row_bool (&row);
    reply->has_scopes = !store_row_null (&row);
    reply->scopes = store_row_str (&row);
    reply->has_expires_at = !store_row_null (&row);
    reply->expires_at = store_row_time (&row);
    if (row.is_bad || verdict >= sizeof (s_find_errors) / sizeof (s_find_errors[0]))
        return -PT_E_internal;
    op->reply = reply;
    return s_find_errors[verdict] ? s_find_errors[verdict] : STORE_DONE;
}

/*  ---- list ----------------------------------------------------------------------- */

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_token_query_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, LIM_CREDENTIALS);
    store_pg_send (pg, STORE_SQL_token_list);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_list (op, step->results[0], LIM_CREDENTIALS, store_shape_token);
}

/*  To find one may note its use, in a commit that waits for nothing: a read all the same. */
const store_op_rule_t store_ops_credential[] = {
    {PT_OP_store_credential_create, s_create_send, store_ops_owner_take, s_create_identify, s_create_check},
    {PT_OP_store_credential_find, s_find_send, s_find_take, NULL, .is_read = true},
    {PT_OP_store_token_list, s_list_send, s_list_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
