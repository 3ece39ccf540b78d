/*  store_migrate - brings the schema to the version this program knows.

    One connection of its own takes an advisory lock, so that of many stores
    starting together one works and the others wait; each migration is one
    transaction that also enters its number in schema_version; a lost
    connection begins anew at the first one missing. */

#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store_pg.h"

typedef struct store_migrate store_migrate_t;

typedef enum {
    STORE_MIGRATE_DONE,   /* the schema is ready */
    STORE_MIGRATE_NEWER,  /* the schema is newer than this program */
    STORE_MIGRATE_BROKEN, /* a migration failed or the database can't serve; `detail` says why */
} store_migrate_end_t;

typedef struct {
    const char *conninfo;
    bool is_applying; /* false: only waits until somebody else has migrated */
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;

    /*  Called once, from the loop; may destroy the migrator. */
    void (*on_end) (void *ctx, store_migrate_end_t end, const char *detail);

    /*  Why it is not done yet, on every change. */
    void (*on_wait) (void *ctx, const char *reason);
    void *ctx;
} store_migrate_config_t;

/*  Begins; needs a running loop.  NULL when out of memory. */
store_migrate_t *store_migrate_new (const store_migrate_config_t *config);
void store_migrate_destroy (store_migrate_t **self_p);

#endif
