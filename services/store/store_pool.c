/*  store_pool - the connections for everything but appends, and their jobs. */

#include "store_pool.h"
#include <stdio.h>
#include <stdlib.h>

/*  One connection and the job it works on. */
typedef struct {
    store_pool_t *pool;
    store_pg_t *pg;
    store_job_t *job;
    bool is_for_reads;
} s_lane_t;

struct store_pool {
    store_pool_config_t config;
    s_lane_t lanes[STORE_POOL_CONNECTIONS];
    unsigned lane_count;
    store_job_t *head, **tail;
    unsigned job_count;
    sv_timer_t *timer; /* sweeps while jobs wait */
    bool is_sweeping;
    sv_metric_t *waiting;
};

static void s_work (store_pool_t *self);

/*  ---- queue ----------------------------------------------------------------- */

static void s_push (store_pool_t *self, store_job_t *job)
{
    job->next = NULL;
    *self->tail = job;
    self->tail = &job->next;
    sv_metric_set (self->waiting, ++self->job_count);
}

static void s_push_front (store_pool_t *self, store_job_t *job)
{
    job->next = self->head;
    self->head = job;
    if (!job->next)
        self->tail = &job->next;
    sv_metric_set (self->waiting, ++self->job_count);
}

/*  Takes out the job that `*place` points to. */
static store_job_t *s_pull (store_pool_t *self, store_job_t **place)
{
    store_job_t *job = *place;
    *place = job->next;
    if (!job->next)
        self->tail = place;
    sv_metric_set (self->waiting, --self->job_count);
    return job;
}

/*  ---- running --------------------------------------------------------------- */

static void s_fail (store_job_t *job, int err)
{
    job->ops->fail (job, err);
}

static bool s_is_late (const store_job_t *job)
{
    return job->request && sv_request_remaining_ms (job->request) == 0;
}

/*  Whether another run may help after this failure. */
static bool s_may_run_again (const store_job_t *job, store_fault_t fault)
{
    bool is_passing = fault == STORE_FAULT_LOST || fault == STORE_FAULT_AGAIN;
    return is_passing && job->tries < STORE_JOB_TRIES && !s_is_late (job);
}

static void s_on_step (void *arg, const store_pg_step_t *step)
{
    s_lane_t *lane = arg;
    store_job_t *job = lane->job;
    if (step->fault != STORE_FINE) {
        lane->job = NULL;
        if (step->fault != STORE_FAULT_LOST && step->err == -PT_E_internal)
            sv_log (lane->pool->config.log, SV_ERROR, NULL, "postgres refuses (%s): %s", step->sqlstate,
                    store_pg_message (lane->pg));
        if (s_may_run_again (job, step->fault))
            s_push_front (lane->pool, job);
        else
            s_fail (job, step->err);
        s_work (lane->pool);
        return;
    }
    store_next_t next = job->ops->take (job, lane->pg, step);
    if (next != STORE_DONE) {
        store_pg_step (lane->pg, next == STORE_LAST, s_on_step, lane);
        return;
    }
    lane->job = NULL;
    s_work (lane->pool);
}

static void s_start (s_lane_t *lane, store_job_t *job)
{
    lane->job = job;
    job->tries++;
    store_next_t next = job->ops->start (job, lane->pg);
    store_pg_step (lane->pg, next == STORE_LAST, s_on_step, lane);
}

/*  Takes the first waiting job that the lane may run; NULL when there is none. */
static store_job_t *s_next (const s_lane_t *lane)
{
    store_job_t **place = &lane->pool->head;
    while (*place && lane->is_for_reads && !(*place)->is_read)
        place = &(*place)->next;
    return *place ? s_pull (lane->pool, place) : NULL;
}

/*  Gives waiting jobs to free connections. */
static void s_work (store_pool_t *self)
{
    for (unsigned i = 0; i < self->lane_count && self->head; i++) {
        s_lane_t *lane = &self->lanes[i];
        while (!lane->job && lane->pg && store_pg_is_idle (lane->pg)) {
            store_job_t *job = s_next (lane);
            if (!job)
                break;
            if (s_is_late (job))
                s_fail (job, -PT_E_deadline);
            else
                s_start (lane, job);
        }
    }
    if (self->head && !self->is_sweeping) {
        self->is_sweeping = true;
        sv_timer_set (self->config.loop, self->timer, STORE_SWEEP_MS, STORE_SWEEP_MS);
    }
}

/*  Answers the jobs that have waited long enough for a connection. */
static void s_on_sweep (void *arg)
{
    store_pool_t *self = arg;
    uint64_t now = sv_now_ms ();
    bool is_away = store_pool_live (self) == 0;
    store_job_t **place = &self->head;
    while (*place) {
        store_job_t *job = *place;
        bool is_short = job->request && sv_request_remaining_ms (job->request) <= STORE_MARGIN_MS;
        if (!is_short && !(is_away && now - job->since_ms >= STORE_WAIT_MS)) {
            place = &job->next;
            continue;
        }
        s_pull (self, place);
        s_fail (job, is_away ? -PT_E_unavailable : -PT_E_busy);
    }
    if (!self->head) {
        self->is_sweeping = false;
        sv_timer_set (self->config.loop, self->timer, 0, 0);
    }
}

void store_pool_run (store_pool_t *self, store_job_t *job)
{
    job->since_ms = sv_now_ms ();
    if (self->job_count >= STORE_POOL_JOBS) {
        s_fail (job, -PT_E_busy);
        return;
    }
    s_push (self, job);
    s_work (self);
}

/*  ---- life ------------------------------------------------------------------- */

static void s_on_state (void *ctx, bool is_up)
{
    s_lane_t *lane = ctx;
    lane->pool->config.on_state (lane->pool->config.ctx, is_up);
    s_work (lane->pool);
}

store_pool_t *store_pool_new (const store_pool_config_t *config)
{
    store_pool_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    self->tail = &self->head;
    self->waiting =
        sv_metrics_gauge (config->metrics, "parley_db_jobs_waiting", NULL, "jobs that wait for a connection");
    self->timer = sv_loop_timer (config->loop, 0, 0, s_on_sweep, self);
    if (!self->timer)
        store_pool_destroy (&self);
    return self;
}

int store_pool_start (store_pool_t *self)
{
    unsigned count = self->config.connections;
    if (count > STORE_POOL_CONNECTIONS)
        count = STORE_POOL_CONNECTIONS;
    for (unsigned i = 0; i < count; i++) {
        s_lane_t *lane = &self->lanes[i];
        lane->pool = self;
        lane->is_for_reads = i == 0 && count > 1;
        char name[64];
        snprintf (name, sizeof (name), "parley-store/query-%u", i);
        lane->pg = store_pg_new (&(store_pg_config_t){
            .name = name,
            .conninfo = self->config.conninfo,
            .statement_timeout_ms = self->config.statement_timeout_ms,
            .lock_timeout_ms = self->config.lock_timeout_ms,
            .is_prepared = true,
            .loop = self->config.loop,
            .log = self->config.log,
            .metrics = self->config.metrics,
            .on_state = s_on_state,
            .ctx = lane,
        });
        if (!lane->pg)
            return -PT_E_memory;
        self->lane_count++;
    }
    return 0;
}

void store_pool_destroy (store_pool_t **self_p)
{
    store_pool_t *self = *self_p;
    if (!self)
        return;
    for (unsigned i = 0; i < self->lane_count; i++)
        store_pg_destroy (&self->lanes[i].pg);
    sv_timer_cancel (self->config.loop, &self->timer);
    free (self);
    *self_p = NULL;
}

void store_pool_hurry (store_pool_t *self)
{
    for (unsigned i = 0; i < self->lane_count; i++)
        store_pg_hurry (self->lanes[i].pg);
}

unsigned store_pool_live (const store_pool_t *self)
{
    unsigned live = 0;
    for (unsigned i = 0; i < self->lane_count; i++)
        live += store_pg_is_up (self->lanes[i].pg);
    return live;
}

const char *store_pool_reason (const store_pool_t *self)
{
    for (unsigned i = 0; i < self->lane_count; i++)
        if (!store_pg_is_up (self->lanes[i].pg))
            return store_pg_reason (self->lanes[i].pg);
    return self->lane_count ? "" : "not connected yet";
}
