/*  store_ops_room - rooms and who is in them: get, update, delete, list, members,
    membership. */

#include "store_ops.h"
#include "store_shape.h"

/*  Reads a result of one room or none, none is not_found. */
static int s_read_room (store_op_t *op, const PGresult *result, pt_room_t **out_room)
{
    pt_room_t *room = store_op_alloc (op, sizeof (*room));
    if (!room)
        return -PT_E_memory;
    if (PQntuples (result) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (result, 0);
    store_shape_room (&row, room);
    *out_room = room;
    return row.is_bad ? -PT_E_internal : 0;
}

static void s_send_lock (store_pg_t *pg, uint64_t room)
{
    store_args_i64 (store_pg_args (pg), room);
    store_pg_send (pg, STORE_SQL_room_lock);
}

/*  What became of a wish to change a room that was locked before: STORE_DONE when the
    statement did it (it gave a row), or why it did not. */
static int s_judge_change (store_op_t *op, const PGresult *lock, const PGresult *done, const pt_room_t *room,
                           const char *detail)
{
    if (PQntuples (done) > 0)
        return STORE_DONE;
    store_row_t row = store_row (lock, 0);
    (void)store_row_u64 (&row);
    bool is_staffs = store_row_u64 (&row) == PT_room_dialect_PUBLIC;
    if (row.is_bad)
        return -PT_E_internal;
    if (!room->has_role && !is_staffs)
        return -PT_E_not_member;
    op->detail = is_staffs ? "staff alone governs this room" : detail;
    return -PT_E_forbidden;
}

/*  ---- get ------------------------------------------------------------------------ */

static store_next_t s_get_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_ref_t *msg = op->msg;
    store_ops_send_ref (pg, STORE_SQL_room_get, msg->account, msg->room);
    return STORE_LAST;
}

static int s_get_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_row (op, step->results[0], store_shape_room);
}

/*  ---- update --------------------------------------------------------------------- */

static void s_update_identify (store_op_t *op)
{
    const pt_room_update_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_room_update, msg);
}

static store_next_t s_update_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_update_t *msg = op->msg;
    s_send_lock (pg, msg->room);
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->room);
    store_args_opt_str (args, msg->has_name, msg->name);
    store_args_opt_str (args, msg->has_topic, msg->topic);
    store_pg_send (pg, STORE_SQL_room_update);
    store_ops_send_ref (pg, STORE_SQL_room_get, msg->account, msg->room);
    return STORE_NEXT;
}

static int s_update_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_room_t *room = NULL;
    int rc = s_read_room (op, step->results[2], &room);
    if (rc < 0)
        return rc;
    op->reply = room;
    return s_judge_change (op, step->results[0], step->results[1], room, "admins and owners change a room");
}

/*  ---- delete --------------------------------------------------------------------- */

static void s_delete_identify (store_op_t *op)
{
    const pt_room_change_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_room_change, msg);
}

static store_next_t s_delete_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_change_t *msg = op->msg;
    s_send_lock (pg, msg->room);
    store_ops_send_ref (pg, STORE_SQL_room_get, msg->account, msg->room);
    store_ops_send_ref (pg, STORE_SQL_room_delete, msg->account, msg->room);
    return STORE_NEXT;
}

static int s_delete_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_room_t *room = NULL;
    int rc = s_read_room (op, step->results[1], &room);
    if (rc < 0)
        return rc;
    rc = s_judge_change (op, step->results[0], step->results[2], room, "owners delete a room");
    return rc < 0 ? rc : store_ops_reply_empty (op);
}

/*  ---- list ----------------------------------------------------------------------- */

static int s_list_check (store_op_t *op)
{
    const pt_room_query_t *msg = op->msg;
    return store_ops_cursor (op, msg->has_cursor, msg->cursor);
}

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_query_t *msg = op->msg;
    const uint64_t *after = op->state;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, *after);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit) + 1);
    store_args_opt_str (args, msg->has_q, msg->q);
    store_pg_send (pg, msg->has_public && msg->public ? STORE_SQL_room_public : STORE_SQL_room_mine);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_room_query_t *msg = op->msg;
    return store_ops_reply_list (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit), store_shape_room);
}

/*  ---- members -------------------------------------------------------------------- */

static int s_members_check (store_op_t *op)
{
    const pt_member_query_t *msg = op->msg;
    return store_ops_cursor (op, msg->has_cursor, msg->cursor);
}

static store_next_t s_members_send (store_op_t *op, store_pg_t *pg)
{
    const pt_member_query_t *msg = op->msg;
    const uint64_t *after = op->state;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->room);
    store_args_i64 (args, *after);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit) + 1);
    store_pg_send (pg, STORE_SQL_member_list);
    return STORE_LAST;
}

static int s_members_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_member_query_t *msg = op->msg;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    return store_ops_reply_list (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit),
                                 store_shape_member);
}

/*  ---- membership ----------------------------------------------------------------- */

static store_next_t s_membership_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_ref_t *msg = op->msg;
    store_ops_send_ref (pg, STORE_SQL_membership, msg->account, msg->room);
    return STORE_LAST;
}

static int s_membership_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_room_ref_t *msg = op->msg;
    pt_membership_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (step->results[0], 0);
    reply->room = msg->room;
    reply->account = msg->account;
    reply->has_role = !store_row_null (&row);
    reply->role = (pt_role_t)store_row_u64 (&row);
    reply->seq = store_row_u64 (&row);
    reply->epoch = store_row_u64 (&row);
    reply->floor = store_row_u64 (&row);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

const store_op_rule_t store_ops_room[] = {
    {PT_OP_store_room_get, s_get_send, s_get_take, NULL, .is_read = true},
    {PT_OP_store_room_update, s_update_send, s_update_take, s_update_identify},
    {PT_OP_store_room_delete, s_delete_send, s_delete_take, s_delete_identify},
    {PT_OP_store_room_list, s_list_send, s_list_take, NULL, s_list_check, .is_read = true},
    {PT_OP_store_member_list, s_members_send, s_members_take, NULL, s_members_check, .is_read = true},
    {PT_OP_store_membership, s_membership_send, s_membership_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
