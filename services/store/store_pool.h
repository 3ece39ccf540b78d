/*  store_pool - the connections for everything but appends, and the jobs that
    wait for one.

    A job is one transaction of one or more steps on one connection.  Jobs wait
    in one queue of at most STORE_POOL_JOBS; beyond it, and when a job still waits
    shortly before its deadline, the answer is `busy`.  While no connection is up
    they wait for at most STORE_WAIT_MS; then the answer is `unavailable`.  A job whose
    connection is lost, or that PostgreSQL asks to repeat, runs again from its
    start, so jobs are idempotent, all of them.

    One connection is for reads alone, where there are two or more: while a
    synchronous standby is away every commit hangs, and reads must go on. */

#ifndef STORE_POOL_H
#define STORE_POOL_H

#include "store_pg.h"
#include "sv_bus.h"

#define STORE_POOL_JOBS 4096
#define STORE_POOL_CONNECTIONS 32
#define STORE_WAIT_MS 1000

/*  An answer must be on its way this long before its deadline. */
#define STORE_MARGIN_MS 150
#define STORE_SWEEP_MS 50

/*  Runs of one job at most. */
#define STORE_JOB_TRIES 5

typedef struct store_pool store_pool_t;
typedef struct store_job store_job_t;

/*  What a job did with the answer to its step. */
typedef enum {
    STORE_DONE, /* all is answered; the connection is idle */
    STORE_NEXT, /* sent statements of a step that is not the last */
    STORE_LAST, /* sent statements that end the transaction */
} store_next_t;

typedef struct {
    /*  Sends the first statements: STORE_NEXT or STORE_LAST.  May run several times. */
    store_next_t (*start) (store_job_t *job, store_pg_t *pg);

    /*  Takes the answer to a step that went well. */
    store_next_t (*take) (store_job_t *job, store_pg_t *pg, const store_pg_step_t *step);

    /*  The job failed for good; nothing of it is left in the database unless
        the outcome of its last step is unknown. */
    void (*fail) (store_job_t *job, int err);
} store_job_ops_t;

/*  The first member of a job's own struct; zeroed and with ops and request set
    when it is handed over. */
struct store_job {
    const store_job_ops_t *ops;
    sv_request_t *request; /* for its deadline; NULL for the store's own work */
    store_job_t *next;
    uint64_t since_ms;
    unsigned tries;
    bool is_read; /* never commits anything */
};

typedef struct {
    const char *conninfo;
    unsigned connections;
    uint64_t statement_timeout_ms;
    uint64_t lock_timeout_ms;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    void (*on_state) (void *ctx, bool is_up); /* a connection came up or went down */
    void *ctx;
} store_pool_config_t;

/*  An empty pool, which takes jobs but has no connections.  NULL when out of memory. */
store_pool_t *store_pool_new (const store_pool_config_t *config);

/*  Opens the connections.  0 or -PT_E_memory. */
PT_MUSTCHECK int store_pool_start (store_pool_t *self);

/*  Jobs that are left are forgotten, their requests are not answered. */
void store_pool_destroy (store_pool_t **self_p);

/*  Runs a job as soon as a connection is free; it stays the caller's memory and
    must live until it is done or failed.  It may fail from within this call. */
void store_pool_run (store_pool_t *self, store_job_t *job);

/*  The server was reached: connections that are put off are tried at once. */
void store_pool_hurry (store_pool_t *self);

/*  Connections that are up, and why the first one is not ("" when all are). */
unsigned store_pool_live (const store_pool_t *self);
const char *store_pool_reason (const store_pool_t *self);

#endif
