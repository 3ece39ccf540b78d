/*  store_pg - one connection to PostgreSQL: a non-blocking libpq pipeline inside
    the loop, that connects again by itself.

    Work is done in steps.  A step is a handful of prepared statements that are
    sent together and answered together, and ends in a Sync: between steps the
    session then is idle in its transaction, also in PostgreSQL's eyes, and its
    time-out for that holds (behind a Flush it would not).  When a statement
    fails the connection rolls back and is clean again before the step is
    reported.

    Connecting never blocks but for the name of a host: libpq asks the resolver
    in place, for at most (attempts x timeout) seconds of resolv.conf, which main
    narrows to 2.  Sockets, addresses and `hostaddr` do not block at all. */

#ifndef STORE_PG_H
#define STORE_PG_H

#include "store_sql.h"
#include "store_wire.h"
#include "sv_log.h"
#include "sv_loop.h"
#include "sv_metrics.h"

/*  Statements of one step; one more fails the step. */
#define STORE_STEP_MAX 16

/*  What each session sets first, with the two time-outs in milliseconds as text
    for $1 and $2. */
extern const char store_pg_settings[];

typedef struct store_pg store_pg_t;

typedef struct {
    const char *name;              /* copied; application_name and log */
    const char *conninfo;          /* borrowed, as all below */
    uint64_t statement_timeout_ms; /* PostgreSQL's; 0: none */
    uint64_t lock_timeout_ms;
    bool is_prepared; /* prepares every query; else scripts alone */
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;

    /*  The connection came up, went down, or could not be made once more; steps in
        flight have been reported before.  Must not destroy the connection. */
    void (*on_state) (void *ctx, bool is_up);
    void *ctx;
} store_pg_config_t;

/*  What kind of failure a step met, which is how to go on. */
typedef enum {
    STORE_FINE,
    STORE_FAULT_DATA,  /* the rows or what they name: others may pass */
    STORE_FAULT_GUARD, /* a unique key refused */
    STORE_FAULT_AGAIN, /* deadlock or serialisation: run it again */
    STORE_FAULT_WAIT,  /* a lock or the time was not to be had */
    STORE_FAULT_AWAY,  /* the server can't now: disk, memory, shutting down */
    STORE_FAULT_LOST,  /* the connection went away: the outcome of a last step is unknown */
} store_fault_t;

typedef struct {
    store_fault_t fault;
    int err;                        /* 0, or the error to tell the asker */
    const char *sqlstate;           /* five characters, "" when there is none */
    const PGresult *const *results; /* one a statement; borrowed for the callback */
    unsigned count;
} store_pg_step_t;

/*  A step was answered.  May begin the next step, must not destroy the
    connection. */
typedef void (store_pg_step_fn) (void *arg, const store_pg_step_t *step);

/*  Begins to connect at once and never gives up.  NULL when out of memory. */
store_pg_t *store_pg_new (const store_pg_config_t *config);
void store_pg_destroy (store_pg_t **self_p);

/*  Another connection has reached the server: an attempt that is put off is made
    at once, unless it waits for a standby.  Later failures wait as before. */
void store_pg_hurry (store_pg_t *self);

/*  Up, and no step in flight: a transaction may begin. */
bool store_pg_is_idle (const store_pg_t *self);
bool store_pg_is_up (const store_pg_t *self);

/*  Whether the transaction goes on after the step that was answered. */
bool store_pg_in_transaction (const store_pg_t *self);

/*  Why it is not up, for people; "" when it is. */
const char *store_pg_reason (const store_pg_t *self);

/*  Arguments of the next statement, empty.  Valid until store_pg_send. */
store_args_t *store_pg_args (store_pg_t *self);

/*  Adds one statement with the arguments filled in; a failure is kept and fails
    the step.  Needs an idle connection, or the answer of a step that was not
    the last. */
void store_pg_send (store_pg_t *self, store_sql_t sql);

/*  Sends what was added.  `is_last`: the transaction ends with it. */
void store_pg_step (store_pg_t *self, bool is_last, store_pg_step_fn *fn, void *arg);

/*  Runs a script of several statements, text format, outside the pipeline;
    reported as a last step whose results are those of the first statements
    (at most STORE_STEP_MAX).  The connection must be idle. */
void store_pg_script (store_pg_t *self, const char *text, store_pg_step_fn *fn, void *arg);

/*  Message of the last failure, for the log; borrowed until the next one. */
const char *store_pg_message (const store_pg_t *self);

#endif
