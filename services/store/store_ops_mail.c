/*  store_ops_mail - mails: create, take, done, and the confirmation of an address. */

#include "store_ops.h"
#include "store_shape.h"

/*  Tries of one mail; then it waits until it is removed. */
#define S_TRIES 8

/*  ---- create ------------------------------------------------------------------- */

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_mail_insert_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_args_str (store_pg_args (pg), msg->email);
    store_pg_send (pg, STORE_SQL_mail_lock);
    store_args_t *args = store_pg_args (pg);
    store_args_i16 (args, msg->kind);
    store_args_opt_i64 (args, msg->has_account, msg->account);
    store_args_str (args, msg->email);
    store_args_time (args, msg->expires_at);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_pg_send (pg, STORE_SQL_mail_create);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  ---- take ----------------------------------------------------------------------- */

static store_next_t s_take_send (store_op_t *op, store_pg_t *pg)
{
    const pt_mail_take_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->limit);
    store_args_i64 (args, msg->lease_ms);
    store_args_i64 (args, S_TRIES);
    store_pg_send (pg, STORE_SQL_mail_take);
    return STORE_LAST;
}

static int s_take_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_list (op, step->results[0], LIM_MAILS, store_shape_mail);
}

/*  ---- done ----------------------------------------------------------------------- */

static store_next_t s_done_send (store_op_t *op, store_pg_t *pg)
{
    const pt_mail_done_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->id);
    store_args_bool (args, msg->sent);
    store_pg_send (pg, STORE_SQL_mail_done);
    return STORE_LAST;
}

/*  ---- confirm -------------------------------------------------------------------- */

static store_next_t s_confirm_send (store_op_t *op, store_pg_t *pg)
{
    const pt_email_store_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin);
    store_ops_lock (pg, false, 0, true, msg->mail);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->mail);
    store_args_opt_str (args, msg->has_address, msg->address);
    store_args_opt_str (args, msg->has_trace, msg->trace);
    store_pg_send (pg, STORE_SQL_email_confirm);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  By the verdicts of email_confirm.sql. */
static const int s_errors[] = {0, -PT_E_token_invalid, -PT_E_token_expired, -PT_E_taken};

static int s_confirm_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const PGresult *result = step->results[2]; /* after BEGIN and the lock */
    pt_account_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (result) == 0)
        return -PT_E_token_invalid;
    store_row_t row = store_row (result, 0);
    uint64_t verdict = store_row_u64 (&row);
    if (row.is_bad || verdict >= sizeof (s_errors) / sizeof (s_errors[0]))
        return -PT_E_internal;
    if (s_errors[verdict] == -PT_E_taken && store_ops_fault_taken (op, "email") < 0)
        return -PT_E_memory;
    if (verdict)
        return s_errors[verdict];
    store_shape_account (&row, reply);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

const store_op_rule_t store_ops_mail[] = {
    {PT_OP_store_mail_create, s_create_send, store_ops_take_empty, NULL},
    {PT_OP_store_mail_take, s_take_send, s_take_take, NULL},
    {PT_OP_store_mail_done, s_done_send, store_ops_take_empty, NULL},
    {PT_OP_store_email_confirm, s_confirm_send, s_confirm_take, NULL},
    {0, NULL, NULL, NULL},
};
