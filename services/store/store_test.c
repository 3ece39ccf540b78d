/*  store_test - the store and its database as two lives: migrations, PostgreSQL
    away, frozen and back, plans, cleaning. */

#include "store_fixture.h"
#include "store_pg.h"
#include "store_sql.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/*  ---- PostgreSQL comes and goes ------------------------------------------------------ */

static uint64_t request_within (harness_t *store, uint16_t opcode, const void *msg, uint32_t deadline_ms)
{
    pt_buf_t body;
    pt_buf_init (&body, LIM_FRAME);
    assert_int_equal (pt_encode (&body, pt_call_find (opcode)->request, msg), 0);
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_REQUEST,
        .service = PT_SERVICE_store,
        .opcode = opcode,
        .deadline_ms = deadline_ms,
    };
    uint64_t correlation = harness_request_raw (store, &envelope, body.at, body.len);
    pt_buf_fini (&body);
    return correlation;
}

/*  Sends again under the same key until it is in, as chat would. */
static void say_until_it_is_in (bench_t *bench, uint64_t room, const pt_append_entry_t *entry)
{
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    for (;;) {
        const harness_frame_t *frame = harness_reply (bench->store, append_later (bench->store, room, entry, 1));
        const pt_append_results_t *reply = frame->msg;
        if (frame->envelope.status == 0) {
            assert_int_equal (reply->results.at[0].status, 0);
            return;
        }
        assert_true (pt_error_is_transient (frame->envelope.status) && sv_now_ms () < end_ms);
    }
}

static void test_requests_are_unavailable_in_time_while_postgres_is_away (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    pg_stop (bench->pg, false);
    pt_append_entry_t entry = message (owner, PT_LIT ("away"), PT_LIT ("text"));
    pt_append_t msg = {.room = room, .entries = {&entry, 1}};
    pt_room_ref_t ref = {.account = owner, .room = room};
    uint64_t begin_ms = sv_now_ms ();
    uint64_t waiting[2] = {request_within (bench->store, PT_OP_store_append, &msg, 600),
                           request_within (bench->store, PT_OP_store_room_get, &ref, 600)};
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal (harness_reply (bench->store, waiting[i])->envelope.status, PT_E_unavailable);
    assert_true (sv_now_ms () - begin_ms < 600);
    assert_int_equal (harness_reply (bench->store, append_later (bench->store, room, &entry, 1))->envelope.status,
                      PT_E_unavailable);
    const pt_status_t *status = must (bench->store, PT_OP_store_status, &(pt_empty_t){0});
    assert_false (status->ready);
    assert_true (status->has_reason && status->reason.len > 0);

    pg_start (bench->pg);
    say_until_it_is_in (bench, room, &entry);
    PQreset (bench->sql);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM item WHERE send_id = 'away'"), 1);
}

static void test_nothing_is_lost_or_doubled_when_postgres_dies_under_load (void **state)
{
    enum { SENDS = 400, CRASHES = 3 };
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    static uint64_t waiting[SENDS];
    for (unsigned crash = 0; crash < CRASHES; crash++) {
        pt_append_entry_t entry = message (owner, PT_LIT (""), PT_LIT ("text"));
        for (unsigned i = 0; i < SENDS; i++) {
            entry.send_id = text (bench->store, "crash-%u-%u", crash, i);
            waiting[i] = append_later (bench->store, room, &entry, 1);
            if (i == SENDS / 2)
                (void)harness_reply (bench->store, waiting[0]); /* commits are going on */
        }
        pg_stop (bench->pg, true);
        pg_start (bench->pg);
        for (unsigned i = 1; i < SENDS; i++) {
            const harness_frame_t *frame = harness_reply (bench->store, waiting[i]);
            if (frame->envelope.status == 0)
                continue;
            assert_true (pt_error_is_transient (frame->envelope.status));
            entry.send_id = text (bench->store, "crash-%u-%u", crash, i);
            say_until_it_is_in (bench, room, &entry);
        }
    }
    PQreset (bench->sql);
    char query[256];
    snprintf (
        query, sizeof (query),
        "SELECT (count (*) = %u AND max (seq) = %u AND count (DISTINCT send_id) = %u)::int FROM item WHERE room = %llu",
        CRASHES * SENDS + 1, CRASHES * SENDS + 1, CRASHES * SENDS, (unsigned long long)room);
    assert_int_equal (sql (bench->sql, query), 1);
}

static void test_a_session_that_is_killed_comes_back_and_the_batch_runs_again (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    PGconn *other = open_sql (bench);
    char query[256];
    snprintf (query, sizeof (query), "BEGIN; SELECT FROM room WHERE id = %llu FOR UPDATE", (unsigned long long)room);
    sql (other, query);
    pt_append_entry_t entry = message (owner, key (bench->store), PT_LIT ("text"));
    uint64_t waiting = append_later (bench->store, room, &entry, 1);
    wait_for (bench, LOCK_WAITERS " = 1");
    sql (bench->sql, "SELECT count (pg_terminate_backend (pid)) FROM pg_stat_activity"
                     " WHERE application_name LIKE 'parley-store/%'");
    sql (other, "ROLLBACK");
    PQfinish (other);
    const pt_append_results_t *reply = appended (bench->store, waiting);
    assert_int_equal (reply->results.at[0].status, 0);
    assert_int_equal (reply->results.at[0].seq, 2);
    must (bench->store, PT_OP_store_room_get, &(pt_room_ref_t){.account = owner, .room = room});
}

static void test_a_frozen_postgres_is_left_and_found_again (void **state)
{
    static const char *const args[] = {"--statement-timeout", "300ms", "--lock-timeout", "100ms", NULL};
    bench_t *bench = *state;
    harness_t *store = open_store (args);
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    pg_freeze (bench->pg);
    pt_append_entry_t entry = message (owner, PT_LIT ("frozen"), PT_LIT ("text"));
    pt_append_t msg = {.room = room, .entries = {&entry, 1}};
    uint64_t waiting = request_within (store, PT_OP_store_append, &msg, 4000);
    assert_int_equal (harness_reply (store, waiting)->envelope.status, PT_E_unavailable);
    pg_thaw (bench->pg);
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (harness_reply (store, append_later (store, room, &entry, 1))->envelope.status != 0)
        assert_true (sv_now_ms () < end_ms);
    harness_destroy (&store);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM item WHERE send_id = 'frozen'"), 1);
}

/*  A socket that takes connections and never says a word, as a frozen server does. */
static int open_silent_host (const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf (address.sun_path, sizeof (address.sun_path), "%s/.s.PGSQL.5432", folder);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true (fd >= 0);
    assert_int_equal (bind (fd, (const struct sockaddr *)&address, sizeof (address)), 0);
    assert_int_equal (listen (fd, 16), 0);
    return fd;
}

static void test_a_silent_host_is_passed_over_for_the_next_in_the_list (void **state)
{
    bench_t *bench = *state;
    char folder[] = "/tmp/parley-silent-XXXXXX", path[64], both[256];
    assert_non_null (mkdtemp (folder));
    int fd = open_silent_host (folder);
    /*  "host=/tmp/... user=..." becomes "host=<silent>,/tmp/... user=...". */
    snprintf (both, sizeof (both), "host=%s,%s", folder, pg_conninfo (bench->pg) + strlen ("host="));
    setenv ("PARLEY_DATABASE", both, 1);
    harness_t *store = harness_new ("parley-store", PT_PEER_store, NULL);
    setenv ("PARLEY_DATABASE", pg_conninfo (bench->pg), 1);
    pt_head_query_t query = {.rooms = {NULL, 0}};
    uint64_t end_ms = sv_now_ms () + 2 * HARNESS_WAIT_MS;
    int status;
    while (!ask (store, PT_OP_store_heads, &query, &status))
        assert_true (status == PT_E_unavailable && sv_now_ms () < end_ms);
    harness_destroy (&store);
    close (fd);
    snprintf (path, sizeof (path), "%s/.s.PGSQL.5432", folder);
    unlink (path);
    rmdir (folder);
}

typedef struct {
    sv_loop_t *loop;
    store_pg_t *pg;
    bool is_begun, is_ended;
} silent_t;

static void on_begun (void *arg, const store_pg_step_t *step)
{
    silent_t *silent = arg;
    silent->is_begun = step->fault == STORE_FINE && store_pg_in_transaction (silent->pg);
}

/*  Begins a transaction, and leaves it. */
static void on_silent_state (void *ctx, bool is_up)
{
    silent_t *silent = ctx;
    if (is_up) {
        (void)store_pg_args (silent->pg);
        store_pg_send (silent->pg, STORE_SQL_begin);
        store_pg_step (silent->pg, false, on_begun, silent);
        return;
    }
    silent->is_ended = true;
    sv_loop_stop (silent->loop);
}

static void on_silent_end (void *arg)
{
    sv_loop_stop (((silent_t *)arg)->loop);
}

static void test_a_transaction_whose_store_is_silent_is_ended_by_postgres (void **state)
{
    enum { LIMIT_MS = 5000 };
    bench_t *bench = *state;
    silent_t silent = {.loop = sv_zloop_new ()};
    sv_log_t *log = sv_log_new ("silent", STDERR_FILENO, SV_ERROR, "text");
    sv_metrics_t *metrics = sv_metrics_new ();
    sv_timer_t *end = sv_loop_timer (silent.loop, LIMIT_MS, 0, on_silent_end, &silent);
    silent.pg = store_pg_new (&(store_pg_config_t){
        .name = "silent",
        .conninfo = pg_conninfo (bench->pg),
        .is_prepared = true,
        .loop = silent.loop,
        .log = log,
        .metrics = metrics,
        .on_state = on_silent_state,
        .ctx = &silent,
    });
    assert_int_equal (sv_loop_run (silent.loop), 0);
    assert_true (silent.is_begun);
    assert_true (silent.is_ended);
    store_pg_destroy (&silent.pg);
    sv_timer_cancel (silent.loop, &end);
    sv_metrics_destroy (&metrics);
    sv_log_destroy (&log);
    sv_loop_destroy (&silent.loop);
}

static void test_a_lost_reply_is_asked_for_again_at_another_store (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    pt_room_create_t create = {.account = owner, .name = PT_LIT ("lost"), .has_name = true, .key = key (bench->store)};
    (void)harness_request (bench->store, PT_OP_store_room_create, &create);
    wait_for (bench, "(SELECT count (*) FROM room WHERE name = 'lost') = 1"); /* committed; nobody reads the reply */
    harness_t *other = open_store (NULL);
    const pt_room_t *room = must (other, PT_OP_store_room_create, &create);
    assert_true (pt_str_eq (room->name, PT_LIT ("lost")));
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM room WHERE name = 'lost'"), 1);
    create.name = PT_LIT ("found");
    REFUSED (other, PT_OP_store_room_create, &create, PT_E_conflict);
    harness_destroy (&other);
}

/*  ---- migrations ------------------------------------------------------------------------ */

/*  Runs a store that must end by itself; its exit code. */
static int run_store (const char *setting, char *out_log, size_t size)
{
    char path[512], command[1024];
    ssize_t len = readlink ("/proc/self/exe", path, sizeof (path) - 1);
    assert_true (len > 0);
    path[len] = 0;
    char *test = strstr (path, "/test/");
    assert_non_null (test);
    *test = 0;
    snprintf (command, sizeof (command), "timeout 10 %s/bin/parley-store --bus ipc:///tmp/parley-nowhere %s 2>&1", path,
              setting);
    FILE *pipe = popen (command, "re");
    assert_non_null (pipe);
    size_t got = fread (out_log, 1, size - 1, pipe);
    out_log[got] = 0;
    return WEXITSTATUS (pclose (pipe));
}

static void test_a_newer_schema_is_refused_with_78 (void **state)
{
    bench_t *bench = *state;
    char log[8192];
    sql (bench->sql, "INSERT INTO schema_version (number, name) VALUES (9999, 'from the future')");
    int code = run_store ("", log, sizeof (log));
    sql (bench->sql, "DELETE FROM schema_version WHERE number = 9999");
    assert_int_equal (code, 78);
    assert_non_null (strstr (log, "9999"));
}

static void test_stores_that_start_together_migrate_once (void **state)
{
    bench_t *bench = *state;
    harness_destroy (&bench->store);
    sql (bench->sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    harness_t *stores[3];
    for (unsigned i = 0; i < 3; i++)
        stores[i] = harness_new ("parley-store", PT_PEER_store, NULL);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
        int status;
        pt_head_query_t query = {.rooms = {NULL, 0}};
        while (!ask (stores[i], PT_OP_store_heads, &query, &status))
            assert_true (sv_now_ms () < end_ms);
        harness_destroy (&stores[i]);
    }
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM schema_version"), store_migration_latest ());
    bench->store = open_store (NULL);
}

static void test_a_store_that_may_not_migrate_waits_for_one_that_may (void **state)
{
    static const char *const args[] = {"--migrate=false", NULL};
    bench_t *bench = *state;
    harness_destroy (&bench->store);
    sql (bench->sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    harness_t *waiting = harness_new ("parley-store", PT_PEER_store, args);
    pt_head_query_t query = {.rooms = {NULL, 0}};
    int status;
    (void)ask (waiting, PT_OP_store_heads, &query, &status);
    assert_int_equal (status, PT_E_unavailable);
    bench->store = open_store (NULL);
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (!ask (waiting, PT_OP_store_heads, &query, &status))
        assert_true (sv_now_ms () < end_ms);
    harness_destroy (&waiting);
}

/*  ---- plans ------------------------------------------------------------------------------- */

/*  Explains each query as the store runs it and fails on a scan of a whole table. */
static void assert_plans (bench_t *bench, const char *when)
{
    PGconn *conn = open_sql (bench);
    const char *values[2] = {"5000", "1000"};
    PGresult *set = PQexecParams (conn, store_pg_settings, 2, NULL, values, NULL, NULL, 0);
    assert_int_equal (PQresultStatus (set), PGRES_TUPLES_OK);
    PQclear (set);
    for (unsigned i = 0; i < STORE_SQL_COUNT; i++) {
        PGresult *prepared = PQprepare (conn, store_sql_name (i), store_sql_text (i), 0, NULL);
        assert_int_equal (PQresultStatus (prepared), PGRES_COMMAND_OK);
        PQclear (prepared);
        PGresult *shape = PQdescribePrepared (conn, store_sql_name (i));
        char explain[512];
        int len = snprintf (explain, sizeof (explain), "EXPLAIN EXECUTE %s", store_sql_name (i));
        for (int p = 0; p < PQnparams (shape); p++)
            len += snprintf (explain + len, sizeof (explain) - (size_t)len, "%sNULL", p ? ", " : " (");
        if (PQnparams (shape) > 0)
            snprintf (explain + len, sizeof (explain) - (size_t)len, ")");
        PQclear (shape);
        if (strstr (store_sql_text (i), "BEGIN") || i == STORE_SQL_commit || i == STORE_SQL_rollback)
            continue;
        PGresult *plan = PQexec (conn, explain);
        if (PQresultStatus (plan) != PGRES_TUPLES_OK)
            fail_msg ("%s: %s", store_sql_name (i), PQerrorMessage (conn));
        for (int row = 0; row < PQntuples (plan); row++)
            if (strstr (PQgetvalue (plan, row, 0), "Seq Scan"))
                fail_msg ("%s, %s: %s", store_sql_name (i), when, PQgetvalue (plan, row, 0));
        PQclear (plan);
    }
    PQfinish (conn);
}

static void test_plans_are_index_scans_with_empty_and_with_full_tables (void **state)
{
    bench_t *bench = *state;
    sql (bench->sql, "TRUNCATE account, room, member, item, read_position, room_trash, request_key, credential, mail, "
                     "audit, revocation CASCADE");
    sql (bench->sql, "VACUUM ANALYZE");
    assert_plans (bench, "empty");
    sql (bench->sql,
         "INSERT INTO account (login, email, name) SELECT 'u' || n, 'u' || n || '@x.org', 'n' || n FROM "
         "generate_series (1, 5000) n;"
         "INSERT INTO room (kind, name, created_by) SELECT 1 + n % 2, 'r' || n, (SELECT min (id) FROM account)"
         " FROM generate_series (1, 2000) n;"
         "INSERT INTO member SELECT r.id, a.id, 2, now (), 1 FROM room r, LATERAL (SELECT id FROM account WHERE id % "
         "500 = r.id % 500) a;"
         "INSERT INTO item (room, seq, id, created_at, sender, kind, send_id, body)"
         " SELECT r.id, s, r.id * 1000 + s, now (), 1, 1, 'k' || s, 'text' FROM room r, generate_series (1, 50) s;"
         "INSERT INTO read_position SELECT room, account, 3 FROM member;"
         "INSERT INTO room_trash (room) SELECT 1000000 + n FROM generate_series (1, 1000) n;"
         "INSERT INTO request_key (caller, key, opcode, hash, expires) SELECT n, 'k', 1, '', now () FROM "
         "generate_series (1, 5000) n;"
         "INSERT INTO credential (account, expires_at) SELECT id, now () FROM account;"
         "INSERT INTO revocation (account, session) SELECT id, id FROM account;"
         "INSERT INTO audit (what, account) SELECT 2, id FROM account;"
         "INSERT INTO mail (kind, account, email, expires_at) SELECT 1, id, email, now () FROM account;"
         "INSERT INTO refresh_token (hash, family, expires_at) SELECT sha256 (id::text::bytea), id, now () FROM "
         "credential");
    sql (bench->sql, "VACUUM ANALYZE");
    assert_plans (bench, "full");
    sql (bench->sql, "TRUNCATE account, room, member, item, read_position, room_trash, request_key, credential, mail, "
                     "audit, revocation CASCADE");
}

/*  ---- cleaning ------------------------------------------------------------------------------ */

static void test_what_expired_or_was_deleted_is_cleaned_away_in_steps (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    uint64_t kept = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    say (bench, kept, owner, "stays");
    char query[512];
    snprintf (query, sizeof (query),
              "INSERT INTO item (room, seq, id, created_at, sender, kind, send_id, body)"
              " SELECT %llu, s, s, now (), 1, 1, 'k' || s, 'text' FROM generate_series (2, 2500) s;"
              "INSERT INTO request_key (caller, key, opcode, hash, expires)"
              " SELECT n, 'old', 1, '', now () - interval '1 hour' FROM generate_series (1, 2500) n;"
              "INSERT INTO credential (account, expires_at) VALUES (%llu, now () - interval '3 days')",
              (unsigned long long)room, (unsigned long long)owner);
    sql (bench->sql, query);
    pt_room_change_t gone = {.account = owner, .room = room, .key = key (bench->store)};
    must (bench->store, PT_OP_store_room_delete, &gone);
    snprintf (query, sizeof (query),
              "NOT EXISTS (SELECT FROM item WHERE room = %llu) AND NOT EXISTS (SELECT FROM member WHERE room = %llu)"
              " AND NOT EXISTS (SELECT FROM room_trash) AND NOT EXISTS (SELECT FROM request_key WHERE key = 'old')"
              " AND NOT EXISTS (SELECT FROM credential)",
              (unsigned long long)room, (unsigned long long)room);
    wait_for (bench, query);
    const pt_history_page_t *page =
        must (bench->store, PT_OP_store_history, &(pt_history_query_t){.account = owner, .room = kept});
    assert_int_equal (page->items.count, 2);
    must (bench->store, PT_OP_store_room_delete, &gone); /* its key has not expired */
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_what_expired_or_was_deleted_is_cleaned_away_in_steps),
        TEST (test_requests_are_unavailable_in_time_while_postgres_is_away),
        TEST (test_nothing_is_lost_or_doubled_when_postgres_dies_under_load),
        TEST (test_a_session_that_is_killed_comes_back_and_the_batch_runs_again),
        TEST (test_a_frozen_postgres_is_left_and_found_again),
        TEST (test_a_silent_host_is_passed_over_for_the_next_in_the_list),
        TEST (test_a_transaction_whose_store_is_silent_is_ended_by_postgres),
        TEST (test_a_lost_reply_is_asked_for_again_at_another_store),
        TEST (test_a_newer_schema_is_refused_with_78),
        TEST (test_stores_that_start_together_migrate_once),
        TEST (test_a_store_that_may_not_migrate_waits_for_one_that_may),
        TEST (test_plans_are_index_scans_with_empty_and_with_full_tables),
    };
    return cmocka_run_group_tests_name ("store", tests, open_group, close_group);
}
