/*  store_batch - appends: many requests, one transaction.

    Rooms are hashed to append connections.  While a commit is in flight on one,
    everything that arrives for it waits and goes into the next batch, up to
    LIM_BATCH entries: no timer, the load makes the batches.  A batch is one
    transaction of two steps: take the rooms' locks and read what decides, each
    read a statement of its own and so with a snapshot younger than the locks;
    decide (store_append); write, COMMIT.

    When PostgreSQL refuses a batch it is run again in halves, so that a row
    that can't be stored fails alone.  When the connection is lost the outcome of
    a COMMIT is unknown and the same entries run again: what was committed is
    found by its keys. */

#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store_append.h"
#include "store_pg.h"
#include "sv_bus.h"

#define STORE_BATCH_CONNECTIONS 32

/*  Entries that may wait for one connection; beyond it `busy`. */
#define STORE_BATCH_WAITING 16384

/*  Transactions that one batch may take, with all its halves; what is left then
    is answered `busy` and nothing of it is stored. */
#define STORE_BATCH_RUNS 128

typedef struct store_batch store_batch_t;

typedef struct {
    const char *conninfo;
    unsigned connections;
    uint64_t statement_timeout_ms;
    uint64_t lock_timeout_ms;
    pt_codec_t *codec; /* borrowed, as all of these */
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_trace_t *trace;                        /* NULL: hops are not noted */
    void (*on_state) (void *ctx, bool is_up); /* a connection came up or went down */
    void *ctx;
} store_batch_config_t;

/*  Takes requests from now on, has no connections yet.  NULL when out of memory. */
store_batch_t *store_batch_new (const store_batch_config_t *config);

/*  Opens the connections.  0 or -PT_E_memory. */
PT_MUSTCHECK int store_batch_start (store_batch_t *self);

/*  Requests that are left are forgotten, not answered. */
void store_batch_destroy (store_batch_t **self_p);

/*  Takes a store_append request and answers it, now or later: with one
    result for each entry; or as a whole with `busy` (too many wait, or another try of a row may help),
    `unavailable` (no connection for STORE_WAIT_MS, or shortly before the deadline),
    `deadline` (passed before its batch began). */
void store_batch_append (store_batch_t *self, sv_request_t *request, const pt_append_t *msg);

/*  The server was reached: connections that are put off are tried at once. */
void store_batch_hurry (store_batch_t *self);

/*  Whether every append connection is up; if not, why ("" when all are). */
bool store_batch_is_live (const store_batch_t *self);
const char *store_batch_reason (const store_batch_t *self);

#endif
