/*  store_migrate - brings the schema to the version this program knows. */

#include "store_migrate.h"
#include "pt_buf.h"
#include <stdio.h>
#include <stdlib.h>

/*  Without the right to apply, the version is looked at this often. */
#define S_LOOK_MS 2000

/*  A script: the migration and a few lines around it. */
#define S_SCRIPT_BYTES (256 * 1024)

/*  The lock is the session's and goes with it; its number is "parley" in a row. */
static const char s_open[] = "SET lock_timeout = 0;"
                             "SELECT pg_advisory_lock (123581321345589);"
                             "CREATE TABLE IF NOT EXISTS schema_version ("
                             "number integer PRIMARY KEY, name text NOT NULL,"
                             "applied_at timestamptz NOT NULL DEFAULT clock_timestamp ());";

static const char s_look[] = "SELECT coalesce (max (number), 0), current_setting ('server_encoding'),"
                             " current_setting ('server_version_num') FROM schema_version";

/*  SQLSTATE of a table that is not there: the schema is empty. */
#define S_NO_TABLE "42P01"

struct store_migrate {
    store_migrate_config_t config;
    store_pg_t *pg;
    sv_timer_t *timer; /* looks again, or ends outside the connection's callback */
    pt_buf_t script;
    bool has_ended;
    store_migrate_end_t end;
    char detail[LIM_DETAIL];
};

static void s_look_now (store_migrate_t *self);

/*  Ends from the timer, where the owner may destroy us and the connection. */
static void s_end (store_migrate_t *self, store_migrate_end_t end)
{
    self->has_ended = true;
    self->end = end;
    sv_timer_set (self->config.loop, self->timer, 1, 0);
}

static void s_wait (store_migrate_t *self, const char *reason)
{
    snprintf (self->detail, sizeof (self->detail), "%s", reason);
    self->config.on_wait (self->config.ctx, self->detail);
}

/*  A lost connection is no end: on_state begins anew when it is back. */
static bool s_is_failed (store_migrate_t *self, const store_pg_step_t *step, const char *what)
{
    if (step->fault == STORE_FINE)
        return false;
    if (step->fault == STORE_FAULT_LOST) {
        s_wait (self, store_pg_message (self->pg));
        return true;
    }
    snprintf (self->detail, sizeof (self->detail), "%s: %s", what, store_pg_message (self->pg));
    if (step->fault == STORE_FAULT_DATA || step->fault == STORE_FAULT_GUARD)
        s_end (self, STORE_MIGRATE_BROKEN);
    else
        sv_timer_set (self->config.loop, self->timer, S_LOOK_MS, 0);
    return true;
}

static void s_on_applied (void *arg, const store_pg_step_t *step)
{
    store_migrate_t *self = arg;
    if (!s_is_failed (self, step, "the migration failed"))
        s_look_now (self);
}

static void s_apply (store_migrate_t *self, const store_migration_t *migration)
{
    pt_buf_clear (&self->script);
    pt_buf_puts (&self->script, "BEGIN; SET LOCAL check_function_bodies = off;\n");
    pt_buf_puts (&self->script, migration->text);
    pt_buf_printf (&self->script, ";\nINSERT INTO schema_version (number, name) VALUES (%u, '%s'); COMMIT;",
                   migration->number, migration->name);
    pt_buf_put (&self->script, "", 1);
    if (pt_buf_error (&self->script) < 0) {
        snprintf (self->detail, sizeof (self->detail), "migration %s is too long", migration->name);
        s_end (self, STORE_MIGRATE_BROKEN);
        return;
    }
    sv_log (self->config.log, SV_INFO, NULL, "migrating the schema: %s", migration->name);
    store_pg_script (self->pg, self->script.at, s_on_applied, self);
}

static void s_go_on (store_migrate_t *self, unsigned version)
{
    if (version > store_migration_latest ()) {
        snprintf (self->detail, sizeof (self->detail),
                  "the schema has version %u, this program knows %u: use a newer one", version,
                  store_migration_latest ());
        s_end (self, STORE_MIGRATE_NEWER);
    } else if (version == store_migration_latest ())
        s_end (self, STORE_MIGRATE_DONE);
    else if (self->config.is_applying)
        s_apply (self, store_migration_at (version));
    else {
        char reason[128];
        snprintf (reason, sizeof (reason), "the schema has version %u, %u is needed", version,
                  store_migration_latest ());
        s_wait (self, reason);
        sv_timer_set (self->config.loop, self->timer, S_LOOK_MS, 0);
    }
}

static void s_on_looked (void *arg, const store_pg_step_t *step)
{
    store_migrate_t *self = arg;
    if (strcmp (step->sqlstate, S_NO_TABLE) == 0) {
        s_go_on (self, 0);
        return;
    }
    if (s_is_failed (self, step, "the schema's version can't be read"))
        return;
    const PGresult *result = step->count ? step->results[0] : NULL;
    if (!result || PQntuples (result) != 1 || PQnfields (result) != 3) {
        snprintf (self->detail, sizeof (self->detail), "the schema's version can't be read");
        s_end (self, STORE_MIGRATE_BROKEN);
    } else if (strcmp (PQgetvalue (result, 0, 1), "UTF8") != 0) {
        snprintf (self->detail, sizeof (self->detail), "the database's encoding must be UTF8, it is %s",
                  PQgetvalue (result, 0, 1));
        s_end (self, STORE_MIGRATE_BROKEN);
    } else if (strtoul (PQgetvalue (result, 0, 2), NULL, 10) < 150000) {
        snprintf (self->detail, sizeof (self->detail), "PostgreSQL 15 or newer is needed");
        s_end (self, STORE_MIGRATE_BROKEN);
    } else
        s_go_on (self, (unsigned)strtoul (PQgetvalue (result, 0, 0), NULL, 10));
}

static void s_look_now (store_migrate_t *self)
{
    store_pg_script (self->pg, s_look, s_on_looked, self);
}

static void s_on_opened (void *arg, const store_pg_step_t *step)
{
    store_migrate_t *self = arg;
    if (!s_is_failed (self, step, "the schema can't be migrated"))
        s_look_now (self);
}

static void s_begin (store_migrate_t *self)
{
    if (!store_pg_is_idle (self->pg) || self->has_ended)
        return;
    if (self->config.is_applying)
        store_pg_script (self->pg, s_open, s_on_opened, self);
    else
        s_look_now (self);
}

static void s_on_state (void *ctx, bool is_up)
{
    store_migrate_t *self = ctx;
    if (is_up)
        s_begin (self);
    else
        s_wait (self, store_pg_reason (self->pg));
}

static void s_on_timer (void *arg)
{
    store_migrate_t *self = arg;
    if (self->has_ended)
        self->config.on_end (self->config.ctx, self->end, self->detail);
    else
        s_begin (self);
}

store_migrate_t *store_migrate_new (const store_migrate_config_t *config)
{
    store_migrate_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    pt_buf_init (&self->script, S_SCRIPT_BYTES);
    self->timer = sv_loop_timer (config->loop, 0, 0, s_on_timer, self);
    self->pg = store_pg_new (&(store_pg_config_t){
        .name = "parley-store/migrate",
        .conninfo = config->conninfo,
        .loop = config->loop,
        .log = config->log,
        .metrics = config->metrics,
        .on_state = s_on_state,
        .ctx = self,
    });
    if (!self->pg || !self->timer)
        store_migrate_destroy (&self);
    return self;
}

void store_migrate_destroy (store_migrate_t **self_p)
{
    store_migrate_t *self = *self_p;
    if (!self)
        return;
    store_pg_destroy (&self->pg);
    sv_timer_cancel (self->config.loop, &self->timer);
    pt_buf_fini (&self->script);
    free (self);
    *self_p = NULL;
}
