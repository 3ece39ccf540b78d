/*  store_ops_room - rooms and who is in them: create, get, update, delete, list,
    members, membership. */

#include "store_ops.h"
#include "store_shape.h"
#include <stdio.h>

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

/*  ---- create ------------------------------------------------------------------- */

/*  The room's first members, the maker in front; the key of a direct pair. */
typedef struct {
    pt_room_kind_t kind;
    uint64_t accounts[1 + LIM_ROOM_INVITES];
    unsigned count;
    char direct_key[48]; /* "" unless direct */
    bool is_found;       /* the id is known, the room is being read */
} s_plan_t;

static void s_create_identify (store_op_t *op)
{
    const pt_room_create_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_room_create, msg);
}

static void s_plan_add (s_plan_t *plan, uint64_t account)
{
    for (unsigned i = 0; i < plan->count; i++)
        if (plan->accounts[i] == account)
            return;
    if (plan->count < sizeof (plan->accounts) / sizeof (plan->accounts[0]))
        plan->accounts[plan->count++] = account;
}

static int s_create_check (store_op_t *op)
{
    const pt_room_create_t *msg = op->msg;
    s_plan_t *plan = op->state = store_op_alloc (op, sizeof (*plan));
    if (!plan)
        return -PT_E_memory;
    plan->kind = msg->has_kind ? msg->kind : PT_room_kind_GROUP;
    s_plan_add (plan, msg->account);
    for (uint32_t i = 0; msg->has_members && i < msg->members.count; i++)
        s_plan_add (plan, msg->members.at[i]);
    if (plan->kind != PT_room_kind_DIRECT) {
        op->detail = "a room needs a name";
        return msg->has_name ? 0 : -PT_E_invalid;
    }
    uint64_t a = plan->accounts[0], b = plan->accounts[1];
    snprintf (plan->direct_key, sizeof (plan->direct_key), "%llu:%llu", (unsigned long long)(a < b ? a : b),
              (unsigned long long)(a < b ? b : a));
    op->detail = "a direct room is for oneself and exactly one other account";
    return plan->count == 2 && msg->members.count == 1 ? 0 : -PT_E_invalid;
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_create_t *msg = op->msg;
    s_plan_t *plan = op->state;
    plan->is_found = false;
    op->detail = NULL;
    store_args_t *args = store_pg_args (pg);
    store_args_i16 (args, plan->kind);
    store_args_opt_str (args, msg->has_name, msg->name);
    store_args_opt_str (args, msg->has_topic, msg->topic);
    store_args_i64 (args, msg->account);
    store_args_opt_str (args, plan->direct_key[0] != 0, pt_str (plan->direct_key));
    store_args_ids (args, plan->accounts, plan->count);
    store_args_array (args, STORE_OID_INT2, plan->count);
    for (unsigned i = 0; i < plan->count; i++)
        store_elem_i16 (args, i == 0 && plan->kind != PT_room_kind_DIRECT ? PT_role_OWNER : PT_role_MEMBER);
    store_pg_send (pg, STORE_SQL_room_create);
    return STORE_NEXT;
}

/*  First the id comes, of the new room or of the direct room that was there,
    then the room itself. */
static int s_create_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    const pt_room_create_t *msg = op->msg;
    s_plan_t *plan = op->state;
    if (plan->is_found)
        return store_ops_reply_row (op, step->results[0], store_shape_room);
    if (PQntuples (step->results[0]) == 0) {
        if (!plan->direct_key[0] || op->step > 1)
            return -PT_E_internal;
        store_args_str (store_pg_args (pg), pt_str (plan->direct_key));
        store_pg_send (pg, STORE_SQL_room_direct);
        return STORE_NEXT;
    }
    store_row_t row = store_row (step->results[0], 0);
    uint64_t room = store_row_u64 (&row);
    if (row.is_bad)
        return -PT_E_internal;
    plan->is_found = true;
    store_ops_send_ref (pg, STORE_SQL_room_get, msg->account, room);
    return STORE_NEXT;
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
    if (!room->has_role)
        return -PT_E_not_member;
    if (room->role < PT_role_ADMIN || room->kind == PT_room_kind_DIRECT) {
        op->detail = "admins and owners change a room";
        return -PT_E_forbidden;
    }
    op->reply = room;
    return STORE_DONE;
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
    if (!room->has_role)
        return -PT_E_not_member;
    if (room->role < PT_role_OWNER) {
        op->detail = "owners delete a room";
        return -PT_E_forbidden;
    }
    return store_ops_reply_empty (op);
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
    {PT_OP_store_room_create, s_create_send, s_create_take, s_create_identify, s_create_check},
    {PT_OP_store_room_get, s_get_send, s_get_take, NULL, .is_read = true},
    {PT_OP_store_room_update, s_update_send, s_update_take, s_update_identify},
    {PT_OP_store_room_delete, s_delete_send, s_delete_take, s_delete_identify},
    {PT_OP_store_room_list, s_list_send, s_list_take, NULL, s_list_check, .is_read = true},
    {PT_OP_store_member_list, s_members_send, s_members_take, NULL, s_members_check, .is_read = true},
    {PT_OP_store_membership, s_membership_send, s_membership_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
