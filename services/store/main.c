/*  parley-store - the only program that talks to PostgreSQL: named operations in,
    rows out; appends in batches; migrations at start. */

#include "store_batch.h"
#include "store_clean.h"
#include "store_migrate.h"
#include "store_ops.h"
#include "sv_daemon.h"
#include <stdlib.h>

typedef struct {
    sv_common_t common; /* first */
    const char *database;
    uint64_t append_connections;
    uint64_t query_connections;
    uint64_t statement_timeout_ms;
    uint64_t lock_timeout_ms;
    uint64_t credit;
    bool migrate;
} s_config_t;

#define S_SETTING(name, type, member, deflt, min, max, flags, help)                                                    \
    {                                                                                                                  \
        name, type, offsetof (s_config_t, member), deflt, min, max, flags, help                                        \
    }

static const sv_setting_t s_settings[] = {
    S_SETTING ("database", SV_TYPE_STR, database, NULL, 0, 4096, SV_SECRET,
               "where PostgreSQL is: a libpq string or URL; also DATABASE_URL and PG*"),
    S_SETTING ("append-connections", SV_TYPE_U64, append_connections, "2", 1, STORE_BATCH_CONNECTIONS, 0,
               "connections that append; rooms are hashed to them"),
    S_SETTING ("query-connections", SV_TYPE_U64, query_connections, "3", 1, STORE_POOL_CONNECTIONS, 0,
               "connections for everything else, one of them for reads alone"),
    S_SETTING ("statement-timeout", SV_TYPE_DURATION, statement_timeout_ms, "5s", 100, 600000, 0,
               "longest run of one statement"),
    S_SETTING ("lock-timeout", SV_TYPE_DURATION, lock_timeout_ms, "1s", 10, 600000, 0, "longest wait for one lock"),
    S_SETTING ("credit", SV_TYPE_U64, credit, "1024", 1, LIM_CREDIT, 0, "requests taken at a time"),
    S_SETTING ("migrate", SV_TYPE_BOOL, migrate, "true", 0, 1, 0,
               "bring the schema up to date at start; else wait until somebody did"),
};

typedef struct {
    sv_daemon_t *daemon; /* first: sv_daemon_on_status wants it */
    const s_config_t *config;
    store_migrate_t *migrate;
    store_pool_t *pool;
    store_batch_t *batch;
    store_clean_t *clean;
    pt_codec_t *codec;
    sv_handler_t *handlers;
} s_store_t;

/*  ---- requests ------------------------------------------------------------------ */

static void s_on_append (void *ctx, sv_request_t *request, const void *msg)
{
    store_batch_append (((s_store_t *)ctx)->batch, request, msg);
}

static void s_on_operation (void *ctx, sv_request_t *request, const void *msg)
{
    s_store_t *self = ctx;
    const store_op_rule_t *rule = store_ops_find (sv_request_opcode (request));
    store_op_env_t env = {self->pool, self->codec, sv_daemon_log (self->daemon)};
    if (rule)
        store_op_run (&env, rule, request, msg);
    else
        sv_request_fail (&request, -PT_E_unknown_op, NULL);
}

/*  Operations that are not in the table of those that ask PostgreSQL. */
enum { FIXED_OPS = 3 };

static int s_serve (s_store_t *self)
{
    size_t count = FIXED_OPS;
    while (store_ops_at (count - FIXED_OPS))
        count++;
    self->handlers = calloc (count, sizeof (*self->handlers));
    if (!self->handlers)
        return -PT_E_memory;
    self->handlers[0] = (sv_handler_t){PT_OP_store_status, sv_daemon_on_status};
    self->handlers[1] = (sv_handler_t){PT_OP_store_append, s_on_append};
    self->handlers[2] = (sv_handler_t){PT_OP_store_trace, sv_daemon_on_trace};
    for (size_t i = FIXED_OPS; i < count; i++)
        self->handlers[i] = (sv_handler_t){store_ops_at (i - FIXED_OPS)->opcode, s_on_operation};
    return sv_bus_serve (sv_daemon_bus (self->daemon), self->handlers, count, (unsigned)self->config->credit, self);
}

/*  ---- readiness ------------------------------------------------------------------- */

/*  Each connection finds out for itself that PostgreSQL is away, but one that comes up
    tells the others: together they are back within one pause, not one after another. */
static void s_on_state (void *ctx, bool is_up)
{
    s_store_t *self = ctx;
    if (is_up) {
        store_pool_hurry (self->pool);
        store_batch_hurry (self->batch);
    }
    bool is_live = store_batch_is_live (self->batch) && store_pool_live (self->pool) > 0;
    const char *reason = store_batch_reason (self->batch);
    if (!*reason)
        reason = store_pool_reason (self->pool);
    sv_daemon_set_ready (self->daemon, is_live, is_live ? NULL : reason);
}

static void s_on_migrate_wait (void *ctx, const char *reason)
{
    sv_daemon_set_ready (((s_store_t *)ctx)->daemon, false, reason);
}

static void s_on_migrated (void *ctx, store_migrate_end_t end, const char *detail)
{
    s_store_t *self = ctx;
    if (end != STORE_MIGRATE_DONE) {
        sv_log (sv_daemon_log (self->daemon), SV_ERROR, NULL, "%s", detail);
        sv_daemon_stop (self->daemon, 78);
        return;
    }
    store_migrate_destroy (&self->migrate);
    self->clean = store_clean_new (self->pool, sv_daemon_loop (self->daemon), sv_daemon_log (self->daemon));
    if (!self->clean || store_pool_start (self->pool) < 0 || store_batch_start (self->batch) < 0) {
        sv_log (sv_daemon_log (self->daemon), SV_ERROR, NULL, "out of memory");
        sv_daemon_stop (self->daemon, 1);
    }
}

/*  ---- life -------------------------------------------------------------------------- */

static void s_fini (void **ctx_p)
{
    s_store_t *self = *ctx_p;
    if (!self)
        return;
    store_migrate_destroy (&self->migrate);
    store_batch_destroy (&self->batch);
    store_pool_destroy (&self->pool);
    store_clean_destroy (&self->clean);
    pt_codec_destroy (&self->codec);
    free (self->handlers);
    free (self);
    *ctx_p = NULL;
}

static int s_open (s_store_t *self)
{
    sv_loop_t *loop = sv_daemon_loop (self->daemon);
    sv_log_t *log = sv_daemon_log (self->daemon);
    sv_metrics_t *metrics = sv_daemon_metrics (self->daemon);
    const s_config_t *config = self->config;
    const char *conninfo = config->database ? config->database : "";
    self->codec = pt_codec_new ();
    self->pool = store_pool_new (&(store_pool_config_t){
        .conninfo = conninfo,
        .connections = (unsigned)config->query_connections,
        .statement_timeout_ms = config->statement_timeout_ms,
        .lock_timeout_ms = config->lock_timeout_ms,
        .loop = loop,
        .log = log,
        .metrics = metrics,
        .on_state = s_on_state,
        .ctx = self,
    });
    self->batch = store_batch_new (&(store_batch_config_t){
        .conninfo = conninfo,
        .connections = (unsigned)config->append_connections,
        .statement_timeout_ms = config->statement_timeout_ms,
        .lock_timeout_ms = config->lock_timeout_ms,
        .codec = self->codec,
        .loop = loop,
        .log = log,
        .metrics = metrics,
        .trace = sv_daemon_trace (self->daemon),
        .on_state = s_on_state,
        .ctx = self,
    });
    self->migrate = store_migrate_new (&(store_migrate_config_t){
        .conninfo = conninfo,
        .is_applying = config->migrate,
        .loop = loop,
        .log = log,
        .metrics = metrics,
        .on_end = s_on_migrated,
        .on_wait = s_on_migrate_wait,
        .ctx = self,
    });
    return self->codec && self->pool && self->batch && self->migrate ? 0 : -PT_E_memory;
}

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    (void)out_exit;
    s_store_t *self = calloc (1, sizeof (*self));
    if (!self)
        return -PT_E_memory;
    *out_ctx = self;
    self->daemon = daemon;
    self->config = sv_daemon_config (daemon);
    int rc = s_open (self);
    if (rc == 0)
        rc = s_serve (self);
    if (rc < 0)
        sv_log (sv_daemon_log (daemon), SV_ERROR, NULL, "the store can't start: %s", pt_error_title (rc));
    return rc;
}

static bool s_is_unset (const char *name)
{
    const char *value = getenv (name);
    return !value || !*value;
}

int main (int argc, char **argv)
{
    /*  People have DATABASE_URL already. */
    const char *url = getenv ("DATABASE_URL");
    if (s_is_unset ("PARLEY_DATABASE") && s_is_unset ("PARLEY_DATABASE_FILE") && url && *url)
        setenv ("PARLEY_DATABASE", url, 1);
    /*  The one thing in libpq that blocks is the name of a host: not for long. */
    setenv ("RES_OPTIONS", "timeout:1 attempts:2", 0);

    static const sv_role_t role = {
        .program = "parley-store",
        .summary = "named operations on PostgreSQL, batched appends, migrations",
        .role = PT_PEER_store,
        .settings = s_settings,
        .setting_count = sizeof (s_settings) / sizeof (s_settings[0]),
        .config_size = sizeof (s_config_t),
        .init = s_init,
        .fini = s_fini,
    };
    return sv_daemon_main (&role, argc, argv);
}
