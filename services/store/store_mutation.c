/*  store_mutation - runs a keyed operation.

    Phases: claim the key and look what stands under it (one step, two statements: the
    second has a snapshot younger than the row the first may have waited for);
    the operation's own steps; save the reply and COMMIT. */

#include "store_mutation.h"

enum { S_CLAIM, S_WORK, S_SAVE, S_REPEAT, S_REFUSE };

static void s_put_key (store_op_t *op, store_args_t *args)
{
    store_args_i64 (args, op->caller);
    store_args_str (args, op->key);
    store_args_i32 (args, op->rule->opcode);
}

static store_next_t s_start (store_job_t *job, store_pg_t *pg)
{
    store_op_t *op = (store_op_t *)job;
    op->phase = S_CLAIM;
    op->step = 0;
    op->failure = 0;
    store_op_send_plain (pg, STORE_SQL_begin);
    for (int i = 0; i < 2; i++) {
        store_args_t *args = store_pg_args (pg);
        s_put_key (op, args);
        store_args_str (args, op->content);
        store_pg_send (pg, i == 0 ? STORE_SQL_key_claim : STORE_SQL_key_read);
    }
    return STORE_NEXT;
}

static store_next_t s_refuse (store_op_t *op, store_pg_t *pg, int failure)
{
    op->phase = S_REFUSE;
    op->failure = failure;
    store_op_send_plain (pg, STORE_SQL_rollback);
    return STORE_LAST;
}

/*  The row may be committed here alone, by a session that died before its standby had
    it; a COMMIT that wrote (the row's lock does) waits for all before it. */
static store_next_t s_confirm (store_op_t *op, store_pg_t *pg)
{
    op->phase = S_REPEAT;
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

/*  The key was used before: the first answer, out of the table. */
static store_next_t s_take_repeat (store_op_t *op, store_pg_t *pg, const PGresult *result)
{
    store_row_t row = store_row (result, 0);
    bool is_same = store_row_bool (&row);
    pt_str_t bytes = store_row_str (&row);
    const char *copy = row.is_bad ? NULL : pt_arena_copy (op->arena, bytes.at, bytes.len);
    if (!copy)
        return s_refuse (op, pg, row.is_bad ? -PT_E_busy : -PT_E_memory);
    if (!is_same) {
        op->detail = "this key was used for something else";
        return s_refuse (op, pg, -PT_E_conflict);
    }
    const pt_call_t *call = pt_call_find (op->rule->opcode);
    if (!call || pt_decode (op->codec, call->reply, copy, bytes.len, op->arena, &op->reply, NULL) < 0)
        return s_refuse (op, pg, -PT_E_internal);
    return s_confirm (op, pg);
}

static store_next_t s_save (store_op_t *op, store_pg_t *pg)
{
    const pt_call_t *call = pt_call_find (op->rule->opcode);
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    int rc = call ? pt_encode (&buf, call->reply, op->reply) : -PT_E_internal;
    const char *copy = rc < 0 ? NULL : pt_arena_copy (op->arena, buf.at, buf.len);
    size_t len = buf.len;
    pt_buf_fini (&buf);
    if (!copy || pt_decode (op->codec, call->reply, copy, len, op->arena, &op->reply, NULL) < 0)
        return s_refuse (op, pg, -PT_E_internal);
    op->phase = S_SAVE;
    store_args_t *args = store_pg_args (pg);
    s_put_key (op, args);
    store_args_str (args, (pt_str_t){copy, (uint32_t)len});
    store_pg_send (pg, STORE_SQL_key_save);
    store_op_send_plain (pg, STORE_SQL_commit);
    return STORE_LAST;
}

static store_next_t s_take_work (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    op->step++;
    int rc = op->rule->take (op, pg, step);
    if (rc < 0)
        return s_refuse (op, pg, rc);
    return rc == STORE_DONE ? s_save (op, pg) : STORE_NEXT;
}

static store_next_t s_take (store_job_t *job, store_pg_t *pg, const store_pg_step_t *step)
{
    store_op_t *op = (store_op_t *)job;
    switch (op->phase) {
    case S_CLAIM:
        if (PQntuples (step->results[1]) == 0)
            return s_take_repeat (op, pg, step->results[2]);
        op->phase = S_WORK;
        return op->rule->send (op, pg);
    case S_WORK:
        return s_take_work (op, pg, step);
    case S_REFUSE:
        store_op_refuse (op, op->failure);
        return STORE_DONE;
    default:
        store_op_answer (op);
        return STORE_DONE;
    }
}

static void s_fail (store_job_t *job, int err)
{
    store_op_refuse ((store_op_t *)job, err);
}

const store_job_ops_t store_mutation_ops = {s_start, s_take, s_fail};
