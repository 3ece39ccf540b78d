/*  store_ops_room_find - rooms of dialects: one by a name, and lists of them. */

#include "store_detail.h"
#include "store_ops.h"
#include "store_shape.h"

/*  ---- find ----------------------------------------------------------------------- */

static int s_find_check (store_op_t *op)
{
    const pt_room_find_t *msg = op->msg;
    op->detail = "name the room by its id, its uuid or its address";
    if (msg->has_room + msg->has_uuid + msg->has_address != 1)
        return -PT_E_invalid;
    op->detail = NULL;
    return 0;
}

static store_next_t s_find_send (store_op_t *op, store_pg_t *pg)
{
    store_detail_send (pg, op->msg);
    return STORE_LAST;
}

static int s_find_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_room_detail_t *detail = NULL;
    int rc = store_detail_read (op, step->results, &detail);
    op->reply = detail;
    return rc < 0 ? rc : STORE_DONE;
}

/*  ---- index ---------------------------------------------------------------------- */

/*  What the first step read, while the second asks who is in those rooms. */
typedef struct {
    pt_room_details_t reply;
    pt_room_detail_t items[LIM_ROOM_DETAILS];
    pt_room_t rooms[LIM_ROOM_DETAILS];
} s_index_t;

static uint64_t s_index_limit (const pt_room_index_t *msg)
{
    uint64_t limit = store_ops_limit (msg->has_limit, msg->limit);
    return limit < LIM_ROOM_DETAILS ? limit : LIM_ROOM_DETAILS;
}

static store_args_t *s_put_whose (store_pg_t *pg, const pt_room_index_t *msg)
{
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i16 (args, msg->dialect);
    store_args_opt_i16 (args, msg->has_kind, msg->kind);
    return args;
}

static bool s_is_of_all (const pt_room_index_t *msg)
{
    return msg->dialect == PT_room_dialect_PUBLIC;
}

static store_next_t s_index_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_index_t *msg = op->msg;
    store_op_send_plain (pg, STORE_SQL_begin_snapshot);
    s_put_whose (pg, msg);
    store_pg_send (pg, STORE_SQL_room_index_count);
    store_args_t *args = s_put_whose (pg, msg);
    store_args_i64 (args, msg->has_offset ? msg->offset : 0);
    store_args_i64 (args, s_index_limit (msg));
    store_args_i64 (args, STORE_PAGE_BYTES);
    if (s_is_of_all (msg))
        store_args_i64 (args, LIM_ROOM_PEOPLE);
    store_pg_send (pg, s_is_of_all (msg) ? STORE_SQL_room_index_public : STORE_SQL_room_index_mine);
    if (s_is_of_all (msg))
        return STORE_NEXT;
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

static int s_copy (store_op_t *op, pt_str_t *text)
{
    const char *copy = pt_arena_copy (op->arena, text->at, text->len);
    *text = (pt_str_t){copy, copy ? text->len : 0};
    return copy ? 0 : -PT_E_memory;
}

/*  Texts of a room outlive the step in the arena. */
static int s_keep_room (store_op_t *op, pt_room_t *room)
{
    pt_str_t *const texts[] = {&room->name, &room->topic, &room->uuid, &room->address, &room->last};
    for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
        if (texts[i]->len > 0 && s_copy (op, texts[i]) < 0)
            return -PT_E_memory;
    return 0;
}

static int s_read_rooms (store_op_t *op, const PGresult *count, const PGresult *page, s_index_t *index)
{
    unsigned rows = (unsigned)PQntuples (page);
    store_row_t row = store_row (count, 0);
    index->reply = (pt_room_details_t){.items = {index->items, rows}, .total = store_row_u64 (&row), .has_total = true};
    if (row.is_bad || rows > LIM_ROOM_DETAILS)
        return -PT_E_internal;
    for (unsigned i = 0; i < rows; i++) {
        row = store_row (page, (int)i);
        store_shape_dialect_room (&row, &index->rooms[i]);
        index->items[i].room = &index->rooms[i];
        if (row.is_bad)
            return -PT_E_internal;
        if (s_is_of_all (op->msg) && s_keep_room (op, &index->rooms[i]) < 0)
            return -PT_E_memory;
    }
    return 0;
}

static void s_ask_people (const s_index_t *index, store_pg_t *pg)
{
    store_args_t *args = store_pg_args (pg);
    store_args_array (args, STORE_OID_INT8, index->reply.items.count);
    for (uint32_t i = 0; i < index->reply.items.count; i++)
        store_elem_i64 (args, index->rooms[i].id);
    store_args_i64 (args, LIM_ROOM_PEOPLE);
    store_pg_send (pg, STORE_SQL_room_index_people);
    store_op_send_plain (pg, STORE_SQL_commit);
}

/*  Rooms and rows both come by rising id of the room: each room takes the rows that are next. */
static int s_read_people (store_op_t *op, const PGresult *result, s_index_t *index)
{
    int rows = PQntuples (result), next = 0;
    pt_person_t *people = store_op_alloc (op, ((size_t)rows + 1) * sizeof (*people));
    if (!people)
        return -PT_E_memory;
    for (uint32_t i = 0; i < index->reply.items.count; i++) {
        pt_person_t *first = people + next;
        for (; next < rows; next++) {
            store_row_t row = store_row (result, next);
            if (store_row_u64 (&row) != index->rooms[i].id)
                break;
            people[next].id = store_row_u64 (&row);
            people[next].uuid = store_row_str (&row);
            if (row.is_bad)
                return -PT_E_internal;
        }
        index->items[i].people.at = first;
        index->items[i].people.count = (uint32_t)(people + next - first);
    }
    return next == rows ? 0 : -PT_E_internal;
}

static int s_index_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    s_index_t *index = op->state;
    if (op->step > 1) {
        int rc = s_read_people (op, step->results[0], index);
        return rc < 0 ? rc : STORE_DONE;
    }
    index = op->state = store_op_alloc (op, sizeof (*index));
    int rc = index ? s_read_rooms (op, step->results[1], step->results[2], index) : -PT_E_memory;
    if (rc < 0)
        return rc;
    op->reply = &index->reply;
    if (!s_is_of_all (op->msg))
        return STORE_DONE;
    s_ask_people (index, pg);
    return STORE_LAST;
}

const store_op_rule_t store_ops_room_find[] = {
    {PT_OP_store_room_find, s_find_send, s_find_take, NULL, s_find_check, .is_read = true},
    {PT_OP_store_room_index, s_index_send, s_index_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
