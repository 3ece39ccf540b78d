/*  store_ops_revoked - what was revoked, page by page and sweep by sweep.

    Rows become visible in the order of commits, not of ids or transactions.  So a
    sweep goes through all rows from a transaction on that was the oldest one still running
    when the sweep before began: what it could not see then, it sees now.  Rows of the same range
    that it saw come again; that is harmless.

    The cursor is <database>.<base>.<xid>.<id>: where the sweep stands (id 0: at its beginning),
    and what the next one begins with.  One that can't be read, or is of another database, begins from
    the first row. */

#include "store_ops.h"
#include "store_shape.h"
#include <stdlib.h>

#define S_NAME_MAX 48
#define S_NUMBER_MAX 19 /* digits: all below 10^19 are 64-bit numbers */

typedef struct {
    char name[S_NAME_MAX + 1]; /* "": none */
    char base[S_NUMBER_MAX + 1];
    char xid[S_NUMBER_MAX + 1];
    uint64_t id;
} s_cursor_t;

/*  Copies up to the next dot or the end, and goes behind it.  False when it is empty, too long, or
    has others than `is_number` allows. */
static bool s_part (pt_str_t *rest, char *out, uint32_t max, bool is_number)
{
    uint32_t len = 0;
    while (len < rest->len && rest->at[len] != '.') {
        char c = rest->at[len];
        bool is_digit = c >= '0' && c <= '9';
        if (len == max || !(is_digit || (!is_number && (c == '-' || (c >= 'A' && c <= 'F')))))
            return false;
        out[len++] = c;
    }
    out[len] = 0;
    uint32_t step = len < rest->len ? len + 1 : len;
    rest->at += step;
    rest->len -= step;
    return len > 0;
}

static int s_check (store_op_t *op)
{
    const pt_revoked_query_t *msg = op->msg;
    s_cursor_t *cursor = op->state = store_op_alloc (op, sizeof (*cursor));
    if (!cursor)
        return -PT_E_memory;
    pt_str_t rest = msg->cursor;
    char id[S_NUMBER_MAX + 1] = "";
    if (!s_part (&rest, cursor->name, S_NAME_MAX, false) || !s_part (&rest, cursor->base, S_NUMBER_MAX, true) ||
        !s_part (&rest, cursor->xid, S_NUMBER_MAX, true) || !s_part (&rest, id, S_NUMBER_MAX, true) || rest.len)
        cursor->name[0] = 0;
    cursor->id = strtoull (id, NULL, 10);
    return 0;
}

static store_next_t s_send (store_op_t *op, store_pg_t *pg)
{
    const s_cursor_t *cursor = op->state;
    bool has = cursor->name[0] != 0;
    store_args_t *args = store_pg_args (pg);
    store_args_opt_str (args, has, pt_str (cursor->name));
    store_args_opt_str (args, has, pt_str (cursor->xid));
    store_args_opt_i64 (args, has, cursor->id);
    store_args_i64 (args, LIM_REVOKED_PAGE + 1);
    store_pg_send (pg, STORE_SQL_revoked);
    return STORE_LAST;
}

/*  Where the page ended, out of the columns behind the revocation itself. */
typedef struct {
    pt_str_t name, settled, xid;
    bool is_known;
    uint64_t id;
} s_place_t;

enum { S_COLUMN_PLACE = 5 };

static int s_read_place (const PGresult *result, uint32_t count, s_place_t *out)
{
    store_row_t row = store_row (result, count > 0 ? (int)count - 1 : 0);
    row.column = S_COLUMN_PLACE;
    out->name = store_row_str (&row);
    out->is_known = store_row_bool (&row);
    out->settled = store_row_str (&row);
    out->xid = store_row_str (&row);
    out->id = store_row_u64 (&row);
    return row.is_bad ? -PT_E_internal : 0;
}

static int s_set_cursor (store_op_t *op, pt_revoked_page_t *reply, const s_place_t *last)
{
    const s_cursor_t *cursor = op->state;
    bool is_first = !last->is_known || cursor->id == 0;
    pt_str_t base = is_first ? last->settled : pt_str (cursor->base);
    pt_str_t xid = reply->more ? last->xid : base;
    const char *text =
        pt_arena_printf (op->arena, "%.*s.%.*s.%.*s.%llu", (int)last->name.len, last->name.at, (int)base.len, base.at,
                         (int)xid.len, xid.at, reply->more ? (unsigned long long)last->id : 0ull);
    if (!text)
        return -PT_E_memory;
    reply->cursor = pt_str (text);
    return STORE_DONE;
}

static int s_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const PGresult *result = step->results[0];
    s_place_t place = {0};
    store_ops_list_t list;
    pt_revoked_page_t *reply = store_op_alloc (op, sizeof (*reply));
    int rc =
        reply ? store_ops_list (op, result, LIM_REVOKED_PAGE, sizeof (pt_revocation_t), store_shape_revocation, &list)
              : -PT_E_memory;
    if (rc == 0)
        rc = s_read_place (result, list.count, &place);
    if (rc < 0)
        return rc;
    reply->items.at = list.at;
    reply->items.count = list.count;
    reply->more = list.has_more;
    reply->anew = !place.is_known;
    op->reply = reply;
    return s_set_cursor (op, reply, &place);
}

const store_op_rule_t store_ops_revoked[] = {
    {PT_OP_store_revoked, s_send, s_take, NULL, s_check, .is_read = true},
    {0, NULL, NULL, NULL},
};
