/*  store_op - one operation: plain, or keyed by request_key. */

#include "store_op.h"
#include "store_mutation.h"

/*  ---- answering ------------------------------------------------------------------ */

void store_op_answer (store_op_t *op)
{
    sv_request_t *request = op->job.request;
    sv_request_reply (&request, op->reply);
}

void store_op_refuse (store_op_t *op, int err)
{
    sv_request_t *request = op->job.request;
    if (op->fault_count == 0) {
        sv_request_fail (&request, err, op->detail);
        return;
    }
    const pt_error_t body = {
        .detail = pt_str (op->detail ? op->detail : ""),
        .has_detail = op->detail != NULL,
        .errors = {op->faults, op->fault_count},
        .has_errors = true,
    };
    sv_request_fail_with (&request, err, &body);
}

static void s_fail (store_job_t *job, int err)
{
    store_op_refuse ((store_op_t *)job, err);
}

/*  ---- plain operations ------------------------------------------------------------- */

static store_next_t s_start (store_job_t *job, store_pg_t *pg)
{
    store_op_t *op = (store_op_t *)job;
    op->step = 0;
    op->failure = 0;
    return op->rule->send (op, pg);
}

/*  An operation that fails in the middle of its transaction ends it first. */
static store_next_t s_take (store_job_t *job, store_pg_t *pg, const store_pg_step_t *step)
{
    store_op_t *op = (store_op_t *)job;
    if (op->failure) {
        store_op_refuse (op, op->failure);
        return STORE_DONE;
    }
    op->step++;
    int rc = op->rule->take (op, pg, step);
    if (rc > 0)
        return (store_next_t)rc;
    if (rc == STORE_DONE) {
        store_op_answer (op);
        return STORE_DONE;
    }
    if (store_pg_in_transaction (pg)) {
        op->failure = rc;
        store_op_send_plain (pg, STORE_SQL_rollback);
        return STORE_LAST;
    }
    store_op_refuse (op, rc);
    return STORE_DONE;
}

static const store_job_ops_t s_plain_ops = {s_start, s_take, s_fail};

/*  ---- running ------------------------------------------------------------------------ */

void store_op_run (const store_op_env_t *env, const store_op_rule_t *rule, sv_request_t *request, const void *msg)
{
    pt_arena_t *arena = sv_request_arena (request);
    store_op_t *op = pt_arena_alloc (arena, sizeof (*op));
    if (!op) {
        sv_request_fail (&request, -PT_E_memory, NULL);
        return;
    }
    op->job.ops = rule->identify ? &store_mutation_ops : &s_plain_ops;
    op->job.request = request;
    op->job.is_read = rule->is_read;
    op->rule = rule;
    op->pool = env->pool;
    op->codec = env->codec;
    op->log = env->log;
    op->arena = arena;
    op->msg = msg;
    int rc = rule->check ? rule->check (op) : 0;
    if (rc == 0 && rule->identify) {
        rule->identify (op);
        rc = op->content.len ? 0 : -PT_E_memory;
    }
    if (rc < 0) {
        store_op_refuse (op, rc);
        return;
    }
    store_pool_run (env->pool, &op->job);
}

void store_op_content (store_op_t *op, pt_msg_t type, const void *msg)
{
    pt_buf_t buf;
    pt_buf_init (&buf, LIM_FRAME);
    int rc = pt_encode (&buf, type, msg);
    const char *copy = rc < 0 ? NULL : pt_arena_copy (op->arena, buf.at, buf.len);
    op->content = copy ? (pt_str_t){copy, (uint32_t)buf.len} : (pt_str_t){NULL, 0};
    pt_buf_fini (&buf);
}

void *store_op_alloc (store_op_t *op, size_t size)
{
    return pt_arena_alloc (op->arena, size);
}

void store_op_send_plain (store_pg_t *pg, store_sql_t sql)
{
    store_pg_args (pg);
    store_pg_send (pg, sql);
}
