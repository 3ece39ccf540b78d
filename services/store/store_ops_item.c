/*  store_ops_item - what a room holds: history, range, heads, read position. */

#include "store_ops.h"
#include "store_shape.h"

/*  ---- pages of items ------------------------------------------------------------- */

/*  Reads rows of kind, role, head, epoch, floor and the columns of an item, which
    are NULL in the only row of an empty page. */
static int s_read_page (store_op_t *op, const PGresult *result, uint64_t room, pt_history_page_t **out_page)
{
    unsigned rows = (unsigned)PQntuples (result);
    pt_history_page_t *page = store_op_alloc (op, sizeof (*page));
    pt_item_t *items = store_op_alloc (op, (rows + 1) * sizeof (*items));
    if (!page || !items)
        return -PT_E_memory;
    if (rows == 0)
        return -PT_E_not_found;
    for (unsigned i = 0; i < rows; i++) {
        store_row_t row = store_row (result, (int)i);
        (void)store_row_u64 (&row); /* kind: a stranger gets rows of public rooms alone */
        if (store_row_null (&row))
            return -PT_E_not_member;
        (void)store_row_u64 (&row);
        page->head = store_row_u64 (&row);
        page->epoch = store_row_u64 (&row);
        page->floor = store_row_u64 (&row);
        if (!store_row_null (&row))
            store_shape_item (&row, room, op->codec, op->arena, &items[page->items.count++]);
        if (row.is_bad)
            return -PT_E_internal;
    }
    page->items.at = items;
    *out_page = page;
    return 0;
}

static bool s_has_later (const pt_history_page_t *page)
{
    return page->items.count > 0 && page->items.at[page->items.count - 1].seq < page->head;
}

static bool s_has_earlier (const pt_history_page_t *page)
{
    return page->items.count > 0 && page->items.at[0].seq > page->floor + 1;
}

/*  ---- history -------------------------------------------------------------------- */

static int s_history_check (store_op_t *op)
{
    const pt_history_query_t *msg = op->msg;
    if (msg->has_after + msg->has_before + msg->has_around + msg->has_before_at <= 1)
        return 0;
    op->detail = "one of after, before, around and before_at";
    return -PT_E_invalid;
}

static store_next_t s_history_send (store_op_t *op, store_pg_t *pg)
{
    const pt_history_query_t *msg = op->msg;
    store_sql_t sql = STORE_SQL_history_before;
    uint64_t seq = LIM_ID;
    if (msg->has_after) {
        sql = STORE_SQL_history_after;
        seq = msg->after;
    } else if (msg->has_around) {
        sql = STORE_SQL_history_around;
        seq = msg->around;
    } else if (msg->has_before_at)
        sql = STORE_SQL_history_before_at;
    else if (msg->has_before)
        seq = msg->before;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->room);
    if (msg->has_before_at)
        store_args_time (args, msg->before_at);
    else
        store_args_i64 (args, seq);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit));
    store_args_i64 (args, STORE_PAGE_BYTES);
    store_pg_send (pg, sql);
    return STORE_LAST;
}

static int s_history_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_history_query_t *msg = op->msg;
    pt_history_page_t *page = NULL;
    int rc = s_read_page (op, step->results[0], msg->room, &page);
    if (rc < 0)
        return rc;
    page->more =
        (!msg->has_after && s_has_earlier (page)) || ((msg->has_after || msg->has_around) && s_has_later (page));
    op->reply = page;
    return STORE_DONE;
}

/*  ---- range ------------------------------------------------------------------------ */

static store_args_t *s_put_range (store_pg_t *pg, const pt_range_query_t *msg)
{
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->room);
    store_args_i64 (args, msg->after);
    store_args_i64 (args, msg->limit);
    return args;
}

static store_next_t s_range_send (store_op_t *op, store_pg_t *pg)
{
    const pt_range_query_t *msg = op->msg;
    store_args_i64 (s_put_range (pg, msg), STORE_PAGE_BYTES);
    store_pg_send (pg, STORE_SQL_range);
    if (msg->has_senders && msg->senders) {
        s_put_range (pg, msg);
        store_pg_send (pg, STORE_SQL_range_senders);
    }
    return STORE_LAST;
}

/*  What was sent between the two statements may add somebody, which does no harm. */
static int s_read_senders (store_op_t *op, const PGresult *result, pt_history_page_t *page)
{
    store_ops_list_t list;
    int rc = store_ops_list (op, result, LIM_RANGE, sizeof (pt_person_t), store_shape_person, &list);
    if (rc < 0)
        return rc;
    page->senders.at = list.at;
    page->senders.count = list.count;
    page->has_senders = true;
    return 0;
}

static int s_range_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_range_query_t *msg = op->msg;
    pt_history_page_t *page = NULL;
    int rc = s_read_page (op, step->results[0], msg->room, &page);
    if (rc == 0 && msg->has_senders && msg->senders)
        rc = s_read_senders (op, step->results[1], page);
    if (rc < 0)
        return rc;
    page->more = s_has_later (page);
    op->reply = page;
    return STORE_DONE;
}

/*  ---- heads ------------------------------------------------------------------------ */

static store_next_t s_heads_send (store_op_t *op, store_pg_t *pg)
{
    const pt_head_query_t *msg = op->msg;
    store_args_ids (store_pg_args (pg), msg->rooms.at, msg->rooms.count);
    store_pg_send (pg, STORE_SQL_heads);
    return STORE_LAST;
}

static int s_heads_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    unsigned count = (unsigned)PQntuples (step->results[0]);
    pt_heads_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_head_t *heads = store_op_alloc (op, (count + 1) * sizeof (*heads));
    if (!reply || !heads)
        return -PT_E_memory;
    for (unsigned i = 0; i < count; i++) {
        store_row_t row = store_row (step->results[0], (int)i);
        heads[i].room = store_row_u64 (&row);
        heads[i].seq = store_row_u64 (&row);
        heads[i].epoch = store_row_u64 (&row);
        if (row.is_bad)
            return -PT_E_internal;
    }
    reply->heads.at = heads;
    reply->heads.count = count;
    op->reply = reply;
    return STORE_DONE;
}

/*  ---- read position ---------------------------------------------------------------- */

static store_next_t s_read_send (store_op_t *op, store_pg_t *pg)
{
    const pt_read_set_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->room);
    store_args_i64 (args, msg->seq);
    store_pg_send (pg, STORE_SQL_read_set);
    return STORE_LAST;
}

static int s_read_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    if (PQgetisnull (step->results[0], 0, 0))
        return -PT_E_not_member;
    op->reply = store_op_alloc (op, sizeof (pt_empty_t));
    return op->reply ? STORE_DONE : -PT_E_memory;
}

const store_op_rule_t store_ops_item[] = {
    {PT_OP_store_history, s_history_send, s_history_take, NULL, s_history_check, .is_read = true},
    {PT_OP_store_range, s_range_send, s_range_take, NULL, .is_read = true},
    {PT_OP_store_heads, s_heads_send, s_heads_take, NULL, .is_read = true},
    {PT_OP_store_read, s_read_send, s_read_take, NULL},
    {0, NULL, NULL, NULL},
};
