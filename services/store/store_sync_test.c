/*  store_sync_test - a synchronous standby that is away: what is committed on the
    primary alone is neither acknowledged nor taken for stored, and reads go on. */

#include "store_fixture.h"

#define COMMIT_WAITERS "(SELECT count (*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')"

/*  Whether a commit waits for the standby: its answer does not come. */
static bool is_commit_waiting (bench_t *bench, PGconn *probe)
{
    while (PQconsumeInput (probe) == 1 && PQisBusy (probe))
        if (sql (bench->sql, "SELECT " COMMIT_WAITERS) > 0)
            return true;
    return false;
}

/*  A standby that does not exist is away from the first moment on.  The checkpointer tells
    the others that there is one to wait for, some time after the setting is read. */
static void take_standby_away (bench_t *bench)
{
    sql (bench->sql, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql (bench->sql, "SELECT pg_reload_conf ()");
    wait_for (bench, "current_setting ('synchronous_standby_names') = 'nobody'");
    PGconn *probe = open_sql (bench);
    sql (probe, "SET synchronous_commit = on"); /* whatever the role's is */
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    do {
        for (PGresult *result; (result = PQgetResult (probe));)
            PQclear (result);
        assert_true (sv_now_ms () < end_ms &&
                     PQsendQuery (probe, "SELECT pg_logical_emit_message (true, 'probe', '')") == 1);
    } while (!is_commit_waiting (bench, probe));
    sqlf (bench, "SELECT pg_cancel_backend (%d)", PQbackendPID (probe));
    wait_for (bench, COMMIT_WAITERS " = 0");
    PQfinish (probe);
}

static void bring_standby_back (bench_t *bench)
{
    sql (bench->sql, "ALTER SYSTEM RESET synchronous_standby_names");
    sql (bench->sql, "SELECT pg_reload_conf ()");
}

/*  Ends every wait for the standby; true once no session waits. */
static void give_up_waiting (bench_t *bench)
{
    wait_for (bench, COMMIT_WAITERS " > 0");
    sql (bench->sql, "SELECT pg_cancel_backend (pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
}

static int status_of (harness_t *store, uint64_t correlation)
{
    return harness_reply (store, correlation)->envelope.status;
}

static uint64_t append_until_it_is_in (bench_t *bench, uint64_t room, const pt_append_entry_t *entry)
{
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    for (;;) {
        const harness_frame_t *frame = harness_reply (bench->store, append_later (bench->store, room, entry, 1));
        if (frame->envelope.status == 0)
            return ((const pt_append_results_t *)frame->msg)->results.at[0].seq;
        assert_true (pt_error_is_transient (frame->envelope.status) && sv_now_ms () < end_ms);
    }
}

static void test_a_commit_whose_wait_was_given_up_is_not_acknowledged (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    take_standby_away (bench);
    pt_append_entry_t entry = message (owner, PT_LIT ("unsure"), PT_LIT ("text"));
    uint64_t waiting = append_later (bench->store, room, &entry, 1);
    give_up_waiting (bench);
    wait_for (bench, "(SELECT count (*) FROM item WHERE send_id = 'unsure') = 1");
    give_up_waiting (bench); /* the repeat by key waits as well, though it inserts nothing */
    wait_for (bench, COMMIT_WAITERS " > 0");
    bring_standby_back (bench);
    int status = status_of (bench->store, waiting);
    assert_true (status == 0 || pt_error_is_transient (status));
    assert_int_equal (append_until_it_is_in (bench, room, &entry), 2);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM item WHERE send_id = 'unsure'"), 1);
}

static void test_a_repeated_mutation_waits_for_the_standby_too (void **state)
{
    bench_t *bench = *state;
    pt_room_create_t create = {
        .account = make_account (bench), .name = PT_LIT ("unsure"), .has_name = true, .key = key (bench->store)};
    take_standby_away (bench);
    uint64_t waiting = harness_request (bench->store, PT_OP_store_room_create, &create);
    give_up_waiting (bench);
    wait_for (bench, "(SELECT count (*) FROM room WHERE name = 'unsure') = 1");
    give_up_waiting (bench);
    wait_for (bench, COMMIT_WAITERS " > 0");
    bring_standby_back (bench);
    int status = status_of (bench->store, waiting);
    assert_true (status == 0 || pt_error_is_transient (status));
    must (bench->store, PT_OP_store_room_create, &create);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM room WHERE name = 'unsure'"), 1);
}

static void test_reads_go_on_and_sessions_do_not_pile_up_while_commits_wait (void **state)
{
    static const char *const args[] = {"--statement-timeout", "300ms", "--lock-timeout", "100ms", NULL};
    bench_t *bench = *state;
    harness_t *store = open_store (args);
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    take_standby_away (bench);
    pt_append_entry_t entry = message (owner, PT_LIT ("waits"), PT_LIT ("text"));
    pt_room_ref_t ref = {.account = owner, .room = room};
    pt_room_create_t create = {.account = owner, .name = PT_LIT ("waits"), .has_name = true, .key = key (store)};
    (void)harness_request (store, PT_OP_store_room_create, &create);
    (void)harness_request (store, PT_OP_store_room_create, &create);
    /*  An answer comes once the watchdog has left the session that hangs: three such times. */
    for (unsigned i = 0; i < 3; i++) {
        assert_true (pt_error_is_transient (status_of (store, append_later (store, room, &entry, 1))));
        must (store, PT_OP_store_room_get, &ref);
    }
    assert_true (sql (bench->sql, "SELECT count (*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") <= 3);
    bring_standby_back (bench);
    uint64_t end_ms = sv_now_ms () + HARNESS_WAIT_MS;
    while (status_of (store, append_later (store, room, &entry, 1)) != 0)
        assert_true (sv_now_ms () < end_ms);
    harness_destroy (&store);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM item WHERE send_id = 'waits'"), 1);
}

/*  Whoever shows a token goes on, though noting its use is a write. */
static void test_credentials_are_found_while_commits_wait (void **state)
{
    bench_t *bench = *state;
    pt_str_t hash = make_hash (bench->store);
    make_credential (bench, make_account (bench), PT_credential_kind_COOKIE, hash);
    sql (bench->sql, "UPDATE credential SET used_at = used_at - interval '1 hour'");
    take_standby_away (bench);
    pt_credential_find_t find = {.secret_hash = hash};
    must (bench->store, PT_OP_store_credential_find, &find);
    wait_for (bench, "(SELECT used_at FROM credential) > clock_timestamp () - interval '1 minute'");
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"), 0);
    bring_standby_back (bench);
}

/*  A sign-out that was lost on the way is answered only once the standby has it. */
static void test_a_repeated_sign_out_waits_for_the_standby_too (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench), session = make_session (bench, account, make_hash (bench->store));
    pt_session_close_t close = {
        .account = account, .by = account, .id = session, .has_id = true, .key = key (bench->store)};
    pt_account_close_t leave = {.account = account, .by = account};
    must (bench->store, PT_OP_store_session_delete, &close);
    must (bench->store, PT_OP_store_account_delete, &leave);
    take_standby_away (bench);
    uint64_t closed = harness_request (bench->store, PT_OP_store_session_delete, &close);
    wait_for (bench, COMMIT_WAITERS " = 1");
    uint64_t left = harness_request (bench->store, PT_OP_store_account_delete, &leave);
    wait_for (bench,
              "(SELECT count (*) FROM pg_stat_activity WHERE wait_event IN ('SyncRep', 'transactionid', 'tuple')) = 2");
    bring_standby_back (bench);
    assert_int_equal (status_of (bench->store, closed), 0);
    assert_int_equal (status_of (bench->store, left), 0);
}

static void test_a_role_that_does_not_wait_for_the_disk_is_made_to (void **state)
{
    bench_t *bench = *state;
    sql (bench->sql, "ALTER ROLE parley SET synchronous_commit = off");
    sql (bench->sql, "ALTER ROLE parley SET client_min_messages = error");
    harness_t *store = open_store (NULL);
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    take_standby_away (bench);
    pt_append_entry_t entry = message (owner, PT_LIT ("lazy"), PT_LIT ("text"));
    (void)append_later (store, room, &entry, 1);
    give_up_waiting (bench);
    wait_for (bench, COMMIT_WAITERS " > 0");
    bring_standby_back (bench);
    harness_destroy (&store);
    sql (bench->sql, "ALTER ROLE parley RESET ALL");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_commit_whose_wait_was_given_up_is_not_acknowledged),
        TEST (test_a_repeated_mutation_waits_for_the_standby_too),
        TEST (test_reads_go_on_and_sessions_do_not_pile_up_while_commits_wait),
        TEST (test_credentials_are_found_while_commits_wait),
        TEST (test_a_repeated_sign_out_waits_for_the_standby_too),
        TEST (test_a_role_that_does_not_wait_for_the_disk_is_made_to),
    };
    return cmocka_run_group_tests_name ("store_sync", tests, open_group, close_group);
}
