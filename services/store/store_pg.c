/*  store_pg - one connection to PostgreSQL.

    How results are counted: a statement gives one result and then NULL, a Sync
    gives one result without NULL.  `expected` counts statements whose NULL has
    not come, `syncs` the Syncs not answered; a step is answered when both are 0.
    After a failure libpq gives every later statement an "aborted" result until
    the Sync, so the counts hold in every case. */

#include "store_pg.h"
#include "store_fault.h"
#include "store_hosts.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/*  Tried again after 50 ms, 100 ms ... 1 s, each with jitter of a half. */
#define S_BACKOFF_MIN_MS 50
#define S_BACKOFF_MAX_MS 1000

/*  A connection that takes longer than this to come up is dropped; sooner while
    nobody has answered at all: the kernel's own pauses between attempts double,
    and would outlast a cut of the network by as long as it lasted. */
#define S_CONNECT_MS 5000
#define S_REACH_MS 1000

/*  A step unanswered so long after PostgreSQL should have ended it itself means
    that the server or the way to it is frozen: the connection is dropped. */
#define S_GRACE_MS 2000
#define S_WATCHDOG_MS 500

/*  While a commit of the session before waits for its standby still, the next one
    would only wait behind it: looked at again so often. */
#define S_STANDBY_MS 500

typedef enum { S_DOWN, S_CONNECTING, S_SETUP, S_UP } s_state_t;

struct store_pg {
    store_pg_config_t config;
    char name[64];
    PGconn *conn;
    s_state_t state;
    sv_watch_t *watch;
    int watched;        /* events the watch asks for */
    sv_timer_t *timer;  /* back-off, connect time-out or watchdog, by state */
    bool is_waited_for; /* reached in S_REACH_MS, but not up yet */
    uint32_t backoff_ms;
    uint64_t random;
    unsigned turn;       /* attempts that a host let pass in silence */
    int left_pid;        /* session that was left in the middle of a commit, 0: none */
    bool is_commit_open; /* that commit waits for its standby still */
    store_args_t args;

    /*  The step in flight, or being put together. */
    store_pg_step_fn *fn;
    void *arg;
    bool is_last, is_script;
    bool is_open;      /* a step that was not the last went well: the transaction goes on */
    bool in_statement; /* a statement's result has come, its NULL has not */
    bool has_rolled_back;
    bool is_unsure; /* committed, but perhaps not on the standby */
    unsigned expected, syncs;
    PGresult *results[STORE_STEP_MAX];
    unsigned result_count;
    int send_err;
    store_fault_t fault;
    int err;
    char sqlstate[6];
    char message[256];
    uint64_t started_us;

    sv_metric_t *seconds, *reconnects;
};

/*  ---- small parts ---------------------------------------------------------- */

static uint32_t s_jitter (store_pg_t *self, uint32_t below)
{
    self->random = self->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((self->random >> 33) % below);
}

static void s_set_message (store_pg_t *self, const char *text)
{
    snprintf (self->message, sizeof (self->message), "%s", text ? text : "");
    for (char *at = self->message; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
}

/*  Somebody ended the wait for the standby: COMMIT succeeds, and yet a failover may
    forget it.  The text may be in any language and the SQLSTATE is any warning's;
    the place in the server's source tells. */
static bool s_is_wait_given_up (const PGresult *result)
{
    const char *place = PQresultErrorField (result, PG_DIAG_SOURCE_FUNCTION);
    return place && strcmp (place, "SyncRepWaitForLSN") == 0;
}

static void s_on_notice (void *arg, const PGresult *result)
{
    store_pg_t *self = arg;
    if (s_is_wait_given_up (result))
        self->is_unsure = true;
    sv_log (self->config.log, SV_DEBUG, NULL, "postgres says to %s: %s", self->name,
            PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY));
}

static void s_clear_results (store_pg_t *self)
{
    for (unsigned i = 0; i < self->result_count; i++)
        PQclear (self->results[i]);
    self->result_count = 0;
}

/*  Forgets the step; the caller has kept what it needs of it. */
static void s_reset_step (store_pg_t *self)
{
    s_clear_results (self);
    self->fn = NULL;
    self->arg = NULL;
    self->is_last = self->is_script = self->in_statement = self->has_rolled_back = self->is_unsure = false;
    self->expected = self->syncs = 0;
    self->send_err = self->err = 0;
    self->fault = STORE_FINE;
    self->sqlstate[0] = 0;
}

/*  ---- life -------------------------------------------------------------------- */

static void s_on_fd (void *arg, int events);
static void s_on_timer (void *arg);

store_pg_t *store_pg_new (const store_pg_config_t *config)
{
    store_pg_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->config = *config;
    self->config.name = self->name;
    snprintf (self->name, sizeof (self->name), "%s", config->name);
    store_args_init (&self->args);
    self->backoff_ms = S_BACKOFF_MIN_MS;
    if (getrandom (&self->random, sizeof (self->random), GRND_NONBLOCK) < 0)
        self->random = sv_now_us ();
    self->seconds =
        sv_metrics_histogram (config->metrics, "parley_db_query_seconds", NULL, "time of one step of a transaction");
    self->reconnects =
        sv_metrics_counter (config->metrics, "parley_db_connects_total", NULL, "connections to PostgreSQL begun");
    self->timer = sv_loop_timer (config->loop, 1, 0, s_on_timer, self);
    if (!self->timer)
        store_pg_destroy (&self);
    return self;
}

void store_pg_destroy (store_pg_t **self_p)
{
    store_pg_t *self = *self_p;
    if (!self)
        return;
    sv_timer_cancel (self->config.loop, &self->timer);
    sv_watch_cancel (self->config.loop, &self->watch);
    s_clear_results (self);
    PQfinish (self->conn);
    store_args_fini (&self->args);
    free (self);
    *self_p = NULL;
}

bool store_pg_is_up (const store_pg_t *self)
{
    return self->state == S_UP;
}

bool store_pg_is_idle (const store_pg_t *self)
{
    return self->state == S_UP && !self->fn && !self->is_open;
}

bool store_pg_in_transaction (const store_pg_t *self)
{
    return self->state == S_UP && self->is_open;
}

const char *store_pg_reason (const store_pg_t *self)
{
    if (self->state == S_UP)
        return "";
    return self->message[0] ? self->message : "connecting";
}

const char *store_pg_message (const store_pg_t *self)
{
    return self->message;
}

/*  ---- watching --------------------------------------------------------------- */

/*  Watches the connection's socket anew; libpq may have changed it. 0 or -1. */
static int s_watch (store_pg_t *self, int events)
{
    sv_watch_cancel (self->config.loop, &self->watch);
    self->watch = sv_loop_watch_fd (self->config.loop, PQsocket (self->conn), events, s_on_fd, self);
    self->watched = events;
    return self->watch ? 0 : -1;
}

/*  Sends what libpq holds; asks for writability while some is left. 0 or -1. */
static int s_flush (store_pg_t *self)
{
    int rc = PQflush (self->conn);
    if (rc < 0)
        return -1;
    int events = rc ? SV_IN | SV_OUT : SV_IN;
    if (events != self->watched) {
        if (sv_watch_set (self->config.loop, self->watch, events) < 0)
            return -1;
        self->watched = events;
    }
    return 0;
}

/*  ---- losing a connection ------------------------------------------------------ */

static uint32_t s_next_wait (store_pg_t *self)
{
    if (self->is_commit_open)
        return S_STANDBY_MS;
    uint32_t wait_ms = self->backoff_ms / 2 + s_jitter (self, self->backoff_ms / 2 + 1);
    self->backoff_ms = self->backoff_ms * 2 > S_BACKOFF_MAX_MS ? S_BACKOFF_MAX_MS : self->backoff_ms * 2;
    return wait_ms;
}

/*  Closes the connection, reports the step in flight as lost, and plans the next
    attempt. */
static void s_drop (store_pg_t *self)
{
    bool was_up = self->state == S_UP;
    store_pg_step_fn *fn = self->fn;
    void *arg = self->arg;
    if (was_up && fn && self->is_last)
        self->left_pid = PQbackendPID (self->conn);
    sv_watch_cancel (self->config.loop, &self->watch);
    PQfinish (self->conn);
    self->conn = NULL;
    self->state = S_DOWN;
    self->is_open = false;
    s_reset_step (self);

    uint32_t wait_ms = s_next_wait (self);
    sv_timer_set (self->config.loop, self->timer, wait_ms + 1, 0);
    sv_log (self->config.log, was_up ? SV_WARN : SV_DEBUG, NULL, "%s: no connection to postgres, next try in %u ms: %s",
            self->name, wait_ms, self->message);

    store_pg_step_t lost = {.fault = STORE_FAULT_LOST, .err = -PT_E_unavailable, .sqlstate = ""};
    if (fn)
        fn (arg, &lost);
    self->config.on_state (self->config.ctx, false);
}

static void s_drop_for (store_pg_t *self, const char *why)
{
    s_set_message (self, why);
    s_drop (self);
}

/*  Leaves a server that is silent; the next attempt begins at the next host. */
static void s_drop_silent (store_pg_t *self, const char *why)
{
    self->turn++;
    s_drop_for (self, why);
}

/*  ---- reading answers ----------------------------------------------------------- */

static const char s_waits_column[] = "commit_waits";

static void s_note_failure (store_pg_t *self, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);
    snprintf (self->sqlstate, sizeof (self->sqlstate), "%s", sqlstate ? sqlstate : "08006");
    self->fault = store_fault (self->sqlstate, &self->err);
    const char *text = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
    s_set_message (self, text ? text : PQresultErrorMessage (result));
}

/*  Keeps one result of a statement, notes the first failure. */
static void s_take_result (store_pg_t *self, PGresult *result)
{
    ExecStatusType status = PQresultStatus (result);
    bool is_fine = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
    if (!is_fine && self->fault == STORE_FINE && status != PGRES_PIPELINE_ABORTED)
        s_note_failure (self, result);
    if (self->state == S_SETUP && status == PGRES_TUPLES_OK && strcmp (PQfname (result, 0), s_waits_column) == 0)
        self->is_commit_open = PQntuples (result) > 0;
    if (is_fine && self->state == S_UP && self->result_count < STORE_STEP_MAX)
        self->results[self->result_count++] = result;
    else
        PQclear (result);
}

/*  A statement is through; with the first failure the transaction is.  0 or -1. */
static int s_end_statement (store_pg_t *self)
{
    if (!self->in_statement)
        return -1;
    self->in_statement = false;
    self->expected--;
    self->is_last = self->is_last || self->fault != STORE_FINE;
    return 0;
}

/*  Reads what has come. 1: all is answered; 0: more is to come; -1: the
    connection can't be trusted any longer. */
static int s_read_pipeline (store_pg_t *self)
{
    while (self->expected + self->syncs > 0) {
        if (PQisBusy (self->conn))
            return s_flush (self) < 0 ? -1 : 0;
        PGresult *result = PQgetResult (self->conn);
        if (!result) {
            if (s_end_statement (self) < 0)
                return -1;
        } else if (PQresultStatus (result) == PGRES_PIPELINE_SYNC) {
            PQclear (result);
            if (self->syncs-- == 0)
                return -1;
        } else {
            self->in_statement = true;
            s_take_result (self, result);
        }
    }
    return 1;
}

static int s_read_script (store_pg_t *self)
{
    while (!PQisBusy (self->conn)) {
        PGresult *result = PQgetResult (self->conn);
        if (!result)
            return 1;
        s_take_result (self, result);
    }
    return 0;
}

/*  Whether a transaction is still open that should have ended: sends its
    ROLLBACK, once. 1: sent; 0: nothing to do; -1: not possible. */
static int s_roll_back (store_pg_t *self)
{
    PGTransactionStatusType status = PQtransactionStatus (self->conn);
    if (!self->is_last || status == PQTRANS_IDLE)
        return 0;
    if (self->has_rolled_back || self->is_script)
        return -1;
    self->has_rolled_back = true;
    if (self->fault == STORE_FINE) {
        self->fault = STORE_FAULT_DATA;
        self->err = -PT_E_internal;
        s_set_message (self, "a transaction was left open");
    }
    if (PQsendQueryParams (self->conn, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 1) != 1 ||
        PQpipelineSync (self->conn) != 1)
        return -1;
    self->expected++;
    self->syncs++;
    return s_flush (self) < 0 ? -1 : 1;
}

/*  Everything of the step is here: tells its owner, who may begin the next. */
static void s_finish_step (store_pg_t *self)
{
    store_pg_step_fn *fn = self->fn;
    void *arg = self->arg;
    PGresult *results[STORE_STEP_MAX];
    unsigned count = self->result_count;
    memcpy (results, self->results, count * sizeof (results[0]));
    self->result_count = 0;
    char sqlstate[6];
    memcpy (sqlstate, self->sqlstate, sizeof (sqlstate));
    store_pg_step_t step = {self->fault, self->err, sqlstate, (const PGresult *const *)results, count};
    self->is_open = !self->is_last;
    sv_metric_observe_us (self->seconds, sv_now_us () - self->started_us);
    s_reset_step (self);
    if (fn)
        fn (arg, &step);
    for (unsigned i = 0; i < count; i++)
        PQclear (results[i]);
}

static void s_come_up (store_pg_t *self)
{
    s_reset_step (self);
    self->state = S_UP;
    self->backoff_ms = S_BACKOFF_MIN_MS;
    self->left_pid = 0;
    self->message[0] = 0;
    sv_timer_set (self->config.loop, self->timer, S_WATCHDOG_MS, S_WATCHDOG_MS);
    sv_log (self->config.log, SV_INFO, NULL, "%s: connected to postgres", self->name);
    self->config.on_state (self->config.ctx, true);
}

static void s_read (store_pg_t *self)
{
    if (self->send_err)
        return; /* the timer is about to drop the connection */
    if (!self->fn && self->state == S_UP) {
        /*  Nothing is asked, but notices and parameter changes come at any time. */
        if (!PQisBusy (self->conn) && PQstatus (self->conn) == CONNECTION_BAD)
            s_drop_for (self, "postgres closed the connection");
        return;
    }
    for (;;) {
        int rc = self->is_script ? s_read_script (self) : s_read_pipeline (self);
        if (rc == 1)
            rc = s_roll_back (self) + 1;
        else if (rc == 0 && PQstatus (self->conn) != CONNECTION_BAD)
            return;
        if (rc > 0 && self->is_unsure)
            s_set_message (self, "the wait for the standby was given up");
        if (rc <= 0 || self->is_unsure || self->fault == STORE_FAULT_LOST || PQstatus (self->conn) == CONNECTION_BAD) {
            if (!self->message[0])
                s_set_message (self, PQerrorMessage (self->conn));
            s_drop (self);
            return;
        }
        if (rc == 1)
            break;
    }
    if (self->state == S_UP)
        s_finish_step (self);
    else if (self->fault != STORE_FINE)
        s_drop (self);
    else if (self->is_commit_open)
        s_drop_for (self, "a commit waits for the standby");
    else
        s_come_up (self);
}

/*  ---- connecting ------------------------------------------------------------------ */

/*  The session's own settings and every query, as one pipeline.  Plans are made
    once and must be index scans whatever the statistics say: a table that was
    empty at the last ANALYZE may hold millions of rows by now.
    A transaction whose store is silent, or out of reach, is ended by PostgreSQL
    before long: it holds the locks of rooms, and other stores wait for them.
    What is acknowledged is flushed, here and on a synchronous standby, whatever
    the role's defaults say; and the warning that a standby was not waited for
    must reach us. */
const char store_pg_settings[] =
    "SELECT set_config ('statement_timeout', $1, false), set_config ('lock_timeout', $2, false),"
    " set_config ('idle_in_transaction_session_timeout', '2000', false),"
    " set_config ('tcp_user_timeout', '3000', false), set_config ('tcp_keepalives_idle', '2', false),"
    " set_config ('tcp_keepalives_interval', '1', false), set_config ('tcp_keepalives_count', '2', false),"
    " set_config ('synchronous_commit', CASE current_setting ('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),"
    " set_config ('client_min_messages', 'warning', false),"
    " set_config ('plan_cache_mode', 'force_generic_plan', false), set_config ('jit', 'off', false),"
    " set_config ('enable_seqscan', 'off', false), set_config ('enable_hashjoin', 'off', false),"
    " set_config ('enable_mergejoin', 'off', false), set_config ('enable_material', 'off', false)";

/*  Asks about the session that was left in the middle of a commit: PostgreSQL does not
    notice that its client has gone while it waits for a standby, and each new
    session would end up waiting like it, until there are no connections left. */
static int s_send_waits (store_pg_t *self)
{
    char pid[16];
    snprintf (pid, sizeof (pid), "%d", self->left_pid);
    const char *values[2] = {pid, self->name};
    self->is_commit_open = false;
    self->expected++;
    return PQsendQueryParams (self->conn,
                              "SELECT pid AS commit_waits FROM pg_stat_activity"
                              " WHERE pid = $1::integer AND application_name = $2 AND wait_event = 'SyncRep'",
                              2, NULL, values, NULL, NULL, 0);
}

static int s_send_setup (store_pg_t *self)
{
    char statement[24], lock[24];
    snprintf (statement, sizeof (statement), "%llu", (unsigned long long)self->config.statement_timeout_ms);
    snprintf (lock, sizeof (lock), "%llu", (unsigned long long)self->config.lock_timeout_ms);
    const char *values[2] = {statement, lock};
    if (PQsetnonblocking (self->conn, 1) != 0 || PQenterPipelineMode (self->conn) != 1)
        return -1;
    if (PQsendQueryParams (self->conn, store_pg_settings, 2, NULL, values, NULL, NULL, 0) != 1)
        return -1;
    self->expected = 1;
    if (s_send_waits (self) != 1)
        return -1;
    for (unsigned i = 0; self->config.is_prepared && i < STORE_SQL_COUNT; i++) {
        if (PQsendPrepare (self->conn, store_sql_name (i), store_sql_text (i), 0, NULL) != 1)
            return -1;
        self->expected++;
    }
    if (PQpipelineSync (self->conn) != 1)
        return -1;
    self->syncs = 1;
    self->is_last = true;
    return s_flush (self);
}

static void s_poll_connect (store_pg_t *self)
{
    PostgresPollingStatusType status = PQconnectPoll (self->conn);
    int rc = 0;
    if (status == PGRES_POLLING_READING)
        rc = s_watch (self, SV_IN);
    else if (status == PGRES_POLLING_WRITING)
        rc = s_watch (self, SV_OUT);
    else if (status == PGRES_POLLING_OK) {
        self->state = S_SETUP;
        rc = s_watch (self, SV_IN) < 0 ? -1 : s_send_setup (self);
    } else
        rc = -1;
    if (rc < 0)
        s_drop_for (self, PQerrorMessage (self->conn));
}

static void s_connect (store_pg_t *self)
{
    /*  What stands before dbname may be overridden by the operator's string. */
    static const char *const keys[] = {
        "target_session_attrs",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "dbname",
        "application_name",
        "client_encoding",
        "host",
        "hostaddr",
        "port",
        NULL,
    };
    /*  Empty values count as none. */
    store_hosts_t hosts;
    store_hosts_read (&hosts, self->config.conninfo, self->turn);
    const char *values[] = {
        "read-write", "10",           "5",        "3", "3000", self->config.conninfo, self->name, "UTF8",
        hosts.host,   hosts.hostaddr, hosts.port, NULL};
    self->state = S_CONNECTING;
    self->is_waited_for = false;
    sv_metric_add (self->reconnects, 1);
    sv_timer_set (self->config.loop, self->timer, S_REACH_MS, 0);
    self->conn = PQconnectStartParams (keys, values, 1);
    if (!self->conn || PQstatus (self->conn) == CONNECTION_BAD) {
        s_drop_for (self, self->conn ? PQerrorMessage (self->conn) : "out of memory");
        return;
    }
    PQsetNoticeReceiver (self->conn, s_on_notice, self);
    if (s_watch (self, SV_OUT) < 0)
        s_drop_for (self, "out of memory");
}

/*  Once more for the rest of the time when the server is reached and only slow. */
static void s_on_connect_timer (store_pg_t *self)
{
    bool is_reached = self->state == S_SETUP || PQstatus (self->conn) != CONNECTION_STARTED;
    if (!is_reached || self->is_waited_for) {
        s_drop_silent (self, is_reached ? "connecting took too long" : "postgres can't be reached");
        return;
    }
    self->is_waited_for = true;
    sv_timer_set (self->config.loop, self->timer, S_CONNECT_MS - S_REACH_MS, 0);
}

static void s_on_timer (void *arg)
{
    store_pg_t *self = arg;
    if (self->state == S_DOWN) {
        s_connect (self);
        return;
    }
    if (self->state != S_UP) {
        s_on_connect_timer (self);
        return;
    }
    uint64_t limit_us = (self->config.statement_timeout_ms + S_GRACE_MS) * 1000;
    bool has_limit = self->config.statement_timeout_ms > 0 && !self->is_script;
    if (self->send_err)
        s_drop_for (self, pt_error_title (self->send_err));
    else if (self->fn && has_limit && sv_now_us () - self->started_us > limit_us)
        s_drop_silent (self, "postgres does not answer");
}

void store_pg_hurry (store_pg_t *self)
{
    if (self->state == S_DOWN && !self->is_commit_open)
        sv_timer_set (self->config.loop, self->timer, 1, 0);
}

static void s_on_fd (void *arg, int events)
{
    store_pg_t *self = arg;
    if (self->state == S_CONNECTING) {
        s_poll_connect (self);
        return;
    }
    if (events & SV_IN)
        (void)PQconsumeInput (self->conn); /* a failure shows as CONNECTION_BAD, after what came before it */
    (void)s_flush (self);
    s_read (self);
}

/*  ---- sending -------------------------------------------------------------------- */

store_args_t *store_pg_args (store_pg_t *self)
{
    store_args_clear (&self->args);
    return &self->args;
}

void store_pg_send (store_pg_t *self, store_sql_t sql)
{
    store_args_t *args = &self->args;
    const char *values[STORE_ARGS_MAX];
    int formats[STORE_ARGS_MAX];
    int rc = store_args_error (args);
    if (rc == 0 && self->expected == STORE_STEP_MAX)
        rc = -PT_E_too_large;
    if (rc == 0) {
        for (int i = 0; i < args->count; i++) {
            values[i] = args->length[i] < 0 ? NULL : args->bytes.at + args->offset[i];
            if (args->length[i] == 0)
                values[i] = "";
            formats[i] = 1;
        }
        if (PQsendQueryPrepared (self->conn, store_sql_name (sql), args->count, values, args->length, formats, 1) != 1)
            rc = -PT_E_memory;
    }
    if (rc == 0)
        self->expected++;
    else if (self->send_err == 0)
        self->send_err = rc;
    store_args_clear (args);
}

/*  A step that could not be sent is failed from the timer: never from within
    the call, so that callers need not expect their callback there. */
static void s_fail_soon (store_pg_t *self, int err)
{
    self->send_err = err;
    sv_timer_set (self->config.loop, self->timer, 1, S_WATCHDOG_MS);
}

void store_pg_step (store_pg_t *self, bool is_last, store_pg_step_fn *fn, void *arg)
{
    self->fn = fn;
    self->arg = arg;
    self->is_last = is_last;
    self->started_us = sv_now_us ();
    if (self->send_err == 0 && self->expected == 0)
        self->send_err = -PT_E_internal; /* nothing was asked: no answer would come */
    if (self->send_err) {
        s_fail_soon (self, self->send_err);
        return;
    }
    self->syncs++;
    if (PQpipelineSync (self->conn) != 1 || s_flush (self) < 0)
        s_fail_soon (self, -PT_E_unavailable);
}

void store_pg_script (store_pg_t *self, const char *text, store_pg_step_fn *fn, void *arg)
{
    self->fn = fn;
    self->arg = arg;
    self->is_last = self->is_script = true;
    self->started_us = sv_now_us ();
    if (PQpipelineStatus (self->conn) != PQ_PIPELINE_OFF && PQexitPipelineMode (self->conn) != 1) {
        s_fail_soon (self, -PT_E_internal);
        return;
    }
    if (PQsendQuery (self->conn, text) != 1 || s_flush (self) < 0)
        s_fail_soon (self, -PT_E_unavailable);
}
