/*  store_ops_person - accounts as dialects show them: names of some, one, those found by part of a
    name, and friends.  Those of the last two are listed by an offset, with how many there are in all. */

#include "store_ops.h"
#include "store_shape.h"

/*  ---- people ---------------------------------------------------------------------- */

static store_next_t s_people_send (store_op_t *op, store_pg_t *pg)
{
    const pt_people_query_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_opt_i64 (args, msg->has_account, msg->account);
    store_args_ids (args, msg->ids.at, msg->ids.count);
    store_args_bool (args, msg->has_is_living && msg->is_living);
    store_pg_send (pg, STORE_SQL_people);
    return STORE_LAST;
}

static int s_people_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_list (op, step->results[0], LIM_PAGE, store_shape_person);
}

/*  ---- person ---------------------------------------------------------------------- */

static store_next_t s_person_send (store_op_t *op, store_pg_t *pg)
{
    const pt_person_ref_t *msg = op->msg;
    bool is_self = !msg->has_id && !msg->has_uuid;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_opt_i64 (args, is_self || msg->has_id, is_self ? msg->account : msg->id);
    store_args_opt_str (args, msg->has_uuid, msg->uuid);
    store_args_bool (args, msg->has_shows_email && msg->shows_email);
    store_pg_send (pg, STORE_SQL_person);
    return STORE_LAST;
}

static int s_person_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    return store_ops_reply_row (op, step->results[0], store_shape_person);
}

/*  ---- lists ---------------------------------------------------------------------- */

/*  The cell of the total, behind those of a person. */
enum { S_COLUMN_TOTAL = 9 };

static int s_reply_people (store_op_t *op, const PGresult *result, uint64_t limit)
{
    store_ops_list_t list;
    pt_people_t *reply = store_op_alloc (op, sizeof (*reply));
    int rc = reply ? store_ops_list (op, result, limit, sizeof (pt_person_t), store_shape_person, &list) : -PT_E_memory;
    if (rc < 0)
        return rc;
    store_row_t row = store_row (result, 0);
    row.column = S_COLUMN_TOTAL;
    reply->items.at = list.at;
    reply->items.count = list.count;
    reply->has_total = true;
    reply->total = store_row_u64 (&row);
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- find ----------------------------------------------------------------------- */

static store_next_t s_find_send (store_op_t *op, store_pg_t *pg)
{
    const pt_people_find_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_str (args, msg->q);
    store_args_i64 (args, msg->offset);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit));
    store_args_bool (args, msg->shows_email);
    store_args_i64 (args, LIM_PEOPLE_FOUND);
    store_pg_send (pg, STORE_SQL_people_find);
    return STORE_LAST;
}

static int s_find_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_people_find_t *msg = op->msg;
    return s_reply_people (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit));
}

/*  ---- friends --------------------------------------------------------------------- */

static store_next_t s_friends_send (store_op_t *op, store_pg_t *pg)
{
    const pt_friend_query_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_i64 (args, msg->offset);
    store_args_i64 (args, store_ops_limit (msg->has_limit, msg->limit));
    store_args_bool (args, msg->shows_email);
    store_pg_send (pg, STORE_SQL_friend_list);
    return STORE_LAST;
}

static int s_friends_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    const pt_friend_query_t *msg = op->msg;
    return s_reply_people (op, step->results[0], store_ops_limit (msg->has_limit, msg->limit));
}

const store_op_rule_t store_ops_person[] = {
    {PT_OP_store_people, s_people_send, s_people_take, NULL, .is_read = true},
    {PT_OP_store_person, s_person_send, s_person_take, NULL, .is_read = true},
    {PT_OP_store_people_find, s_find_send, s_find_take, NULL, .is_read = true},
    {PT_OP_store_friend_list, s_friends_send, s_friends_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
