/*  store_ops_audit - the audit trail: what auth adds to it, and what staff reads. */

#include "store_ops.h"
#include "store_shape.h"

/*  ---- create ------------------------------------------------------------------- */

#define S_COLUMN(type, put, ...)                                                                                       \
    do {                                                                                                               \
        store_args_array (args, type, msg->items.count);                                                               \
        for (uint32_t i = 0; i < msg->items.count; i++) {                                                              \
            const pt_audit_t *item = &msg->items.at[i];                                                                \
            put (args, __VA_ARGS__);                                                                                   \
        }                                                                                                              \
    } while (0)

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_audit_batch_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    S_COLUMN (STORE_OID_TIMESTAMPTZ, store_elem_time, item->at);
    S_COLUMN (STORE_OID_INT2, store_elem_i16, item->what);
    S_COLUMN (STORE_OID_INT8, store_elem_opt_i64, item->has_account ? item->account : 0);
    S_COLUMN (STORE_OID_INT8, store_elem_opt_i64, item->has_by ? item->by : 0);
    S_COLUMN (STORE_OID_INT8, store_elem_opt_i64, item->has_session ? item->session : 0);
    S_COLUMN (STORE_OID_TEXT, store_elem_opt_str, item->has_address, item->address);
    S_COLUMN (STORE_OID_TEXT, store_elem_opt_str, item->has_trace, item->trace);
    store_pg_send (pg, STORE_SQL_audit_create);
    return STORE_LAST;
}

#undef S_COLUMN

/*  ---- list ----------------------------------------------------------------------- */

static int s_list_check (store_op_t *op)
{
    const pt_audit_query_t *msg = op->msg;
    return store_ops_cursor (op, msg->has_cursor, msg->cursor);
}

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_audit_query_t *msg = op->msg;
    const uint64_t *before = op->state;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->has_cursor ? *before : LIM_ID);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit) + 1);
    if (msg->has_of)
        store_args_i64 (args, msg->of);
    store_pg_send (pg, msg->has_of ? STORE_SQL_audit_list_of : STORE_SQL_audit_list);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_audit_query_t *msg = op->msg;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_forbidden;
    return store_ops_reply_list (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit), store_shape_audit);
}

const store_op_rule_t store_ops_audit[] = {
    {PT_OP_store_audit_create, s_create_send, store_ops_take_empty, NULL},
    {PT_OP_store_audit_list, s_list_send, s_list_take, NULL, s_list_check, .is_read = true},
    {0, NULL, NULL, NULL},
};
