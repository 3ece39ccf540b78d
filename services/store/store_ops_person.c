/*  store_ops_person - accounts as dialects show them: names of some, and one. */

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

const store_op_rule_t store_ops_person[] = {
    {PT_OP_store_people, s_people_send, s_people_take, NULL, .is_read = true},
    {PT_OP_store_person, s_person_send, s_person_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
