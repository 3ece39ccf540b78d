/*  store_ops_sync - one snapshot of an account's rooms, with their first members
    and last items.

    The answer is one frame, so rows and bytes are cut: below the frame's size
    (rooms take at most 100 x 1.4 KB, members S_MEMBER_BYTES, items S_ITEM_BYTES) and below the
    codec's count of objects (an item is 19 of them and 9 for each file, a member 11, a room 32).
    The cut is even: every room gets its last item before any gets its second. */

#include "store_ops.h"
#include "store_shape.h"

#define S_ITEMS 1800
#define S_ITEM_BYTES (512 * 1024)
#define S_MEMBERS 1800
#define S_MEMBER_BYTES (256 * 1024)
#define S_ITEMS_DEFAULT 20

/*  The rooms outlive the step they were read in, so their texts are copied. */
typedef struct {
    pt_room_t *rooms;
    pt_sync_room_t *parts;
    unsigned count;
    bool has_more;
} s_sync_t;

static uint64_t s_limit (const pt_sync_query_t *msg)
{
    return msg->has_limit ? msg->limit : S_ITEMS_DEFAULT;
}

static store_next_t s_send (store_op_t *op, store_pg_t *pg)
{
    const pt_sync_query_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin_snapshot);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    if (msg->has_rooms)
        store_args_ids (args, msg->rooms.at, msg->rooms.count);
    else
        store_args_null (args);
    store_args_i64 (args, LIM_SYNC_ROOMS + 1);
    store_pg_send (pg, STORE_SQL_sync_rooms);
    return STORE_NEXT;
}

static int s_copy (store_op_t *op, pt_str_t *text)
{
    const char *copy = pt_arena_copy (op->arena, text->at, text->len);
    text->at = copy;
    return copy ? 0 : -PT_E_memory;
}

static int s_take_rooms (store_op_t *op, s_sync_t *sync, const PGresult *result)
{
    unsigned rows = (unsigned)PQntuples (result);
    sync->has_more = rows > LIM_SYNC_ROOMS;
    sync->count = sync->has_more ? LIM_SYNC_ROOMS : rows;
    sync->rooms = store_op_alloc (op, (sync->count + 1) * sizeof (*sync->rooms));
    sync->parts = store_op_alloc (op, (sync->count + 1) * sizeof (*sync->parts));
    if (!sync->rooms || !sync->parts)
        return -PT_E_memory;
    for (unsigned i = 0; i < sync->count; i++) {
        store_row_t row = store_row (result, (int)i);
        store_shape_room (&row, &sync->rooms[i]);
        if (row.is_bad)
            return -PT_E_internal;
        if (s_copy (op, &sync->rooms[i].name) < 0 || s_copy (op, &sync->rooms[i].topic) < 0)
            return -PT_E_memory;
        sync->parts[i].room = &sync->rooms[i];
    }
    return 0;
}

static void s_send_parts (const s_sync_t *sync, const pt_sync_query_t *msg, store_pg_t *pg)
{
    for (int items = 0; items < 2; items++) {
        store_args_t *args = store_pg_args (pg);
        store_args_array (args, STORE_OID_INT8, sync->count);
        for (unsigned i = 0; i < sync->count; i++)
            store_elem_i64 (args, sync->rooms[i].id);
        if (items) {
            store_args_array (args, STORE_OID_INT8, sync->count);
            for (unsigned i = 0; i < sync->count; i++)
                store_elem_i64 (args, sync->rooms[i].floor);
        }
        store_args_i64 (args, items ? s_limit (msg) : LIM_SYNC_MEMBERS);
        store_args_i64 (args, items ? S_ITEMS : S_MEMBERS);
        store_args_i64 (args, items ? S_ITEM_BYTES : S_MEMBER_BYTES);
        store_pg_send (pg, items ? STORE_SQL_sync_items : STORE_SQL_sync_members);
    }
    store_op_send_plain (pg, STORE_SQL_commit);
}

/*  Rows come room by room, in the order of the rooms. */
static int s_take_members (store_op_t *op, s_sync_t *sync, const PGresult *result)
{
    unsigned rows = (unsigned)PQntuples (result);
    pt_member_t *members = store_op_alloc (op, (rows + 1) * sizeof (*members));
    if (!members)
        return -PT_E_memory;
    for (unsigned i = 0; i < rows; i++) {
        store_row_t row = store_row (result, (int)i);
        uint64_t slot = store_row_u64 (&row) - 1;
        store_shape_member (&row, &members[i]);
        if (row.is_bad || slot >= sync->count)
            return -PT_E_internal;
        pt_sync_room_t *part = &sync->parts[slot];
        if (part->members.count++ == 0)
            part->members.at = &members[i];
    }
    return 0;
}

static int s_take_items (store_op_t *op, s_sync_t *sync, const PGresult *result)
{
    unsigned rows = (unsigned)PQntuples (result);
    pt_item_t *items = store_op_alloc (op, (rows + 1) * sizeof (*items));
    if (!items)
        return -PT_E_memory;
    for (unsigned i = 0; i < rows; i++) {
        store_row_t row = store_row (result, (int)i);
        uint64_t slot = store_row_u64 (&row) - 1;
        if (row.is_bad || slot >= sync->count)
            return -PT_E_internal;
        store_shape_item (&row, sync->rooms[slot].id, op->codec, op->arena, &items[i]);
        if (row.is_bad)
            return -PT_E_internal;
        pt_sync_room_t *part = &sync->parts[slot];
        if (part->items.count++ == 0)
            part->items.at = &items[i];
    }
    return 0;
}

/*  Whether a room got fewer items than were asked for and are there. */
static bool s_is_cut (const s_sync_t *sync, uint64_t limit)
{
    for (unsigned i = 0; i < sync->count; i++) {
        uint64_t kept = sync->rooms[i].head - sync->rooms[i].floor;
        if (sync->parts[i].items.count < (kept < limit ? kept : limit))
            return true;
    }
    return false;
}

static int s_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    const pt_sync_query_t *msg = op->msg;
    if (op->step == 1) {
        s_sync_t *sync = op->state = store_op_alloc (op, sizeof (*sync));
        int rc = sync ? s_take_rooms (op, sync, step->results[1]) : -PT_E_memory;
        if (rc < 0)
            return rc;
        s_send_parts (sync, msg, pg);
        return STORE_LAST;
    }
    s_sync_t *sync = op->state;
    pt_sync_page_t *reply = store_op_alloc (op, sizeof (*reply));
    int rc = reply ? s_take_members (op, sync, step->results[0]) : -PT_E_memory;
    if (rc == 0)
        rc = s_take_items (op, sync, step->results[1]);
    if (rc < 0)
        return rc;
    reply->rooms.at = sync->parts;
    reply->rooms.count = sync->count;
    reply->more = sync->has_more || s_is_cut (sync, s_limit (msg));
    op->reply = reply;
    return STORE_DONE;
}

const store_op_rule_t store_ops_sync[] = {
    {PT_OP_store_sync, s_send, s_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
