/*  store_ops_password - a new password: all that was signed in with the old one ends, but
    the session that asks. */

#include "store_ops.h"

/*  As for an account's making: the content is auth's hash of what was asked. */
static void s_identify (store_op_t *op)
{
    const pt_password_store_t *msg = op->msg;
    op->caller = msg->has_account ? msg->account : 0;
    op->key = msg->key;
    op->content = msg->hash;
}

static int s_check (store_op_t *op)
{
    const pt_password_store_t *msg = op->msg;
    op->detail = "whose password?";
    if (!msg->has_account && !msg->has_mail)
        return -PT_E_invalid;
    op->detail = NULL;
    return 0;
}

static store_next_t s_send (store_op_t *op, store_pg_t *pg)
{
    const pt_password_store_t *msg = op->msg;
    store_ops_lock (pg, msg->has_account, msg->account, msg->has_mail, msg->mail);
    store_args_t *args = store_pg_args (pg);
    store_args_opt_i64 (args, msg->has_account, msg->account);
    store_args_opt_i64 (args, msg->has_session, msg->session);
    store_args_opt_i64 (args, msg->has_mail, msg->mail);
    store_args_opt_str (args, msg->has_old_hash, msg->old_hash);
    store_args_str (args, msg->password_hash);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_pg_send (pg, STORE_SQL_password_set);
    return STORE_NEXT;
}

/*  By the verdicts of password_set.sql. */
static const int s_errors[] = {
    0, -PT_E_not_found, -PT_E_token_invalid, -PT_E_token_expired, -PT_E_inactive, -PT_E_token_revoked, -PT_E_conflict};

static int s_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_password_store_t *msg = op->msg;
    const PGresult *result = step->results[1]; /* after the lock */
    if (PQntuples (result) == 0)
        return msg->has_mail ? -PT_E_token_invalid : -PT_E_not_found;
    store_row_t row = store_row (result, 0);
    uint64_t verdict = store_row_u64 (&row);
    pt_revocation_t gone = {.has_generation = true, .has_spared = msg->has_session, .spared = msg->session};
    gone.account = store_row_u64 (&row);
    gone.generation = store_row_u64 (&row);
    gone.at = store_row_time (&row);
    if (row.is_bad || verdict >= sizeof (s_errors) / sizeof (s_errors[0]))
        return -PT_E_internal;
    if (s_errors[verdict] == -PT_E_conflict)
        op->detail = "the password was changed meanwhile";
    return verdict ? s_errors[verdict] : store_ops_reply_revocation (op, &gone);
}

const store_op_rule_t store_ops_password[] = {
    {PT_OP_store_password_set, s_send, s_take, s_identify, s_check},
    {0, NULL, NULL, NULL},
};
