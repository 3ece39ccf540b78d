/*  store_ops_owner - what a sign-in is answered with. */

#include "store_ops_owner.h"

void store_ops_owner_read (store_row_t *row, pt_session_owner_t *out)
{
    out->account = store_row_u64 (row);
    out->session = store_row_u64 (row);
    out->has_generation = out->has_staff = true;
    out->generation = store_row_u64 (row);
    out->staff = store_row_bool (row);
}

static int s_refuse (store_op_t *op, const PGresult *lock)
{
    if (PQntuples (lock) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (lock, 0);
    if (!store_row_bool (&row))
        return -PT_E_inactive;
    op->detail = "the account's credentials have begun anew";
    return -PT_E_conflict;
}

int store_ops_owner_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    if (PQntuples (step->results[1]) == 0)
        return s_refuse (op, step->results[0]);
    pt_session_owner_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    store_row_t row = store_row (step->results[1], 0);
    store_ops_owner_read (&row, reply);
    reply->has_created_at = true;
    reply->created_at = store_row_time (&row);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}
