/*  store_clean - removes what has expired, in bounded steps.

    One statement at a time, each a transaction of its own; a statement that
    removed a full share is followed by the next round soon, else the cleaner
    rests.  Several stores may clean at once: rows in another's hands are skipped
    or waited for, and a row that is gone is gone. */

#include "store_clean.h"
#include <stdlib.h>

#define S_FIRST_MS 1000
#define S_REST_MS 10000
#define S_SOON_MS 20

/*  What a statement is told beside how many rows: for how long revocations are kept. */
static const struct {
    store_sql_t sql;
    bool is_whole; /* nothing at all: it takes one row */
    uint64_t kept_ms;
} s_statements[] = {
    {STORE_SQL_clean_keys, false, 0},
    {STORE_SQL_clean_tokens, false, 0},
    {STORE_SQL_clean_credentials, false, 0},
    {STORE_SQL_clean_revoked, false, 0},
    {STORE_SQL_clean_revocations, false, LIM_REVOKED_KEPT_MS},
    {STORE_SQL_clean_audit, false, 0},
    {STORE_SQL_clean_mails, false, 0},
    {STORE_SQL_clean_leaving, false, 0},
    {STORE_SQL_clean_files, false, 0},
    {STORE_SQL_clean_items, false, 0},
    {STORE_SQL_clean_members, false, 0},
    {STORE_SQL_clean_reads, false, 0},
    {STORE_SQL_clean_attachments, false, 0},
    {STORE_SQL_clean_trash, true, 0},
};

#define S_COUNT (sizeof (s_statements) / sizeof (s_statements[0]))

struct store_clean {
    store_job_t job; /* first */
    store_pool_t *pool;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_timer_t *timer;
    size_t next;   /* statement */
    bool has_more; /* a statement of this round removed its full share */
};

static void s_on_timer (void *arg)
{
    store_clean_t *self = arg;
    self->job.tries = 0;
    store_pool_run (self->pool, &self->job);
}

static store_next_t s_start (store_job_t *job, store_pg_t *pg)
{
    store_clean_t *self = (store_clean_t *)job;
    store_args_t *args = store_pg_args (pg);
    if (!s_statements[self->next].is_whole)
        store_args_i64 (args, STORE_CLEAN_ROWS);
    if (s_statements[self->next].kept_ms)
        store_args_i64 (args, s_statements[self->next].kept_ms);
    store_pg_send (pg, s_statements[self->next].sql);
    return STORE_LAST;
}

/*  The next statement, or the next round. */
static void s_go_on (store_clean_t *self)
{
    uint32_t wait_ms = S_SOON_MS;
    if (++self->next == S_COUNT) {
        self->next = 0;
        wait_ms = self->has_more ? S_SOON_MS : S_REST_MS;
        self->has_more = false;
    }
    sv_timer_set (self->loop, self->timer, wait_ms, 0);
}

static store_next_t s_take (store_job_t *job, store_pg_t *pg, const store_pg_step_t *step)
{
    store_clean_t *self = (store_clean_t *)job;
    (void)pg;
    const char *text = PQcmdTuples ((PGresult *)(uintptr_t)step->results[0]);
    unsigned long removed = strtoul (text, NULL, 10);
    if (removed > 0)
        sv_log (self->log, SV_DEBUG, NULL, "%s removed %lu rows", store_sql_name (s_statements[self->next].sql),
                removed);
    if (removed >= STORE_CLEAN_ROWS || (s_statements[self->next].is_whole && removed > 0))
        self->has_more = true;
    s_go_on (self);
    return STORE_DONE;
}

static void s_fail (store_job_t *job, int err)
{
    store_clean_t *self = (store_clean_t *)job;
    sv_log (self->log, SV_DEBUG, NULL, "%s: %s", store_sql_name (s_statements[self->next].sql), pt_error_name (err));
    s_go_on (self);
}

static const store_job_ops_t s_ops = {s_start, s_take, s_fail};

store_clean_t *store_clean_new (store_pool_t *pool, sv_loop_t *loop, sv_log_t *log)
{
    store_clean_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->job.ops = &s_ops;
    self->pool = pool;
    self->loop = loop;
    self->log = log;
    self->timer = sv_loop_timer (loop, S_FIRST_MS, 0, s_on_timer, self);
    if (!self->timer)
        store_clean_destroy (&self);
    return self;
}

void store_clean_destroy (store_clean_t **self_p)
{
    store_clean_t *self = *self_p;
    if (!self)
        return;
    sv_timer_cancel (self->loop, &self->timer);
    free (self);
    *self_p = NULL;
}
