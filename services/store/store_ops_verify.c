/*  store_ops_verify - whether what is stored is whole, for an operator.

    A call looks at LIM_VERIFY_ITEMS items at most, whatever the rooms hold, so
    that the connections for everybody else are not kept waiting: the more rooms
    it asks for, the shorter the slice of each. */

#include "store_ops.h"

static uint64_t s_slice (const pt_verify_query_t *msg)
{
    return LIM_VERIFY_ITEMS / msg->limit;
}

static int s_check (store_op_t *op)
{
    const pt_verify_query_t *msg = op->msg;
    if (msg->limit == 1 || (!msg->has_after_seq && !msg->has_after_member))
        return 0;
    op->detail = "a slice is of one room: limit 1";
    return -PT_E_invalid;
}

static store_next_t s_send (store_op_t *op, store_pg_t *pg)
{
    const pt_verify_query_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->after);
    store_args_i64 (args, msg->limit);
    store_args_i64 (args, s_slice (msg));
    store_args_i64 (args, msg->has_after_seq ? msg->after_seq : 0);
    store_args_i64 (args, msg->has_after_member ? msg->after_member : 0);
    store_pg_send (pg, STORE_SQL_verify);
    return STORE_LAST;
}

/*  The next cell as a position that may be absent. */
static uint64_t s_opt (store_row_t *row, bool *out_has)
{
    *out_has = !store_row_null (row);
    return store_row_u64 (row);
}

/*  head, floor, then what was found in items, then in members. */
static void s_read_check (store_row_t *row, uint64_t slice, pt_room_check_t *out)
{
    out->head = store_row_u64 (row);
    out->floor = store_row_u64 (row);
    out->items = store_row_u64 (row);
    out->last_seq = store_row_u64 (row);
    out->missing = store_row_u64 (row);
    out->hole = s_opt (row, &out->has_hole);
    out->doubled = store_row_u64 (row);
    out->unordered = store_row_u64 (row);
    out->unknown = store_row_u64 (row);
    out->fault = s_opt (row, &out->has_fault);
    out->members = store_row_u64 (row);
    out->last_member = store_row_u64 (row);
    out->strays = store_row_u64 (row);
    out->stray = s_opt (row, &out->has_stray);
    out->more_items = out->items == slice && out->last_seq < out->head;
    out->more_members = out->members == slice;
}

/*  One row of the result; a room that is being removed is passed over. */
static bool s_read_row (store_row_t *row, uint64_t slice, pt_verify_page_t *page, pt_room_check_t *out)
{
    page->guarded = store_row_bool (row);
    if (store_row_null (row))
        return false;
    page->last = out->room = store_row_u64 (row);
    bool is_trash = store_row_bool (row);
    out->exists = store_row_bool (row);
    s_read_check (row, slice, out);
    return !is_trash;
}

static int s_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_verify_query_t *msg = op->msg;
    const PGresult *result = step->results[0];
    unsigned rows = (unsigned)PQntuples (result);
    pt_verify_page_t *page = store_op_alloc (op, sizeof (*page));
    pt_room_check_t *rooms = store_op_alloc (op, (rows + 1) * sizeof (*rooms));
    if (!page || !rooms)
        return -PT_E_memory;
    page->last = msg->after;
    for (unsigned i = 0; i < rows; i++) {
        store_row_t row = store_row (result, (int)i);
        page->rooms.count += s_read_row (&row, s_slice (msg), page, &rooms[page->rooms.count]);
        if (row.is_bad)
            return -PT_E_internal;
    }
    page->rooms.at = rooms;
    page->more = page->last > msg->after && rows == msg->limit;
    op->reply = page;
    return STORE_DONE;
}

const store_op_rule_t store_ops_verify[] = {
    {PT_OP_store_verify, s_send, s_take, NULL, s_check, .is_read = true},
    {0, NULL, NULL, NULL},
};
