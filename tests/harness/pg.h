/*  pg - a throw-away PostgreSQL cluster for tests: initdb in a fresh folder under
    /tmp, a unix socket only, no fsync, gone when the test ends however it ends.

    Under root the server runs as user postgres, which it insists on.  The
    caller needs no libpq: programs get the conninfo. */

#ifndef PG_H
#define PG_H

#include <stdbool.h>

typedef struct pg pg_t;

/*  Longest wait for a start or stop; initdb included. */
#define PG_WAIT_MS 60000

/*  Makes and starts a cluster with an empty UTF-8 database `postgres`.  Aborts
    the test with a message when that is not possible. */
pg_t *pg_new (void);

/*  Ends the server and removes the folder; accepts NULL. */
void pg_destroy (pg_t **self_p);

/*  libpq string of the database; lives as long as the cluster. */
const char *pg_conninfo (const pg_t *self);

/*  Ends the server: `is_crash` as if the power went, else cleanly with sessions
    cut off. Returns when it is gone. */
void pg_stop (pg_t *self, bool is_crash);

/*  Starts it again; returns when it takes connections. */
void pg_start (pg_t *self);

/*  Freezes and thaws every process of the server. */
void pg_freeze (pg_t *self);
void pg_thaw (pg_t *self);

#endif
