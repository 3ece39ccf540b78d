/*  store_schema_test - what the schema must bear: stores of the version before beside this
    one, and a role that is no superuser. */

#include "store_file_fixture.h"

/*  ---- the version before ------------------------------------------------------------- */

/*  What stores of the version before say to the tables that have changed, with arguments that
    fit; a letter is a hash. */
static const struct {
    const char *text, *arguments[5];
    int rows; /* -1: any */
} s_before[] = {
    {"INSERT INTO account (login, email, name, password_hash) VALUES ($1::text, lower ($2::text), $3::text, $4::text)"
     " RETURNING id, login, email, name, created_at",
     {"before", "Before@example.org", "B", "argon"},
     1},
    {"SELECT a.id, a.login, a.email, a.name, a.created_at, a.password_hash, a.active FROM account a"
     " WHERE lower (a.email) = lower ($1::text COLLATE \"C\") OR lower (a.login) = lower ($1::text COLLATE \"C\")"
     " ORDER BY lower (a.email) = lower ($1::text COLLATE \"C\") DESC NULLS LAST LIMIT 1",
     {"BEFORE"},
     1},
    {"WITH family AS (INSERT INTO refresh_family (account, device, expires_at) SELECT id, $1::text,"
     " clock_timestamp () + interval '1 hour' FROM account WHERE login = 'before' RETURNING id, account), token AS ("
     " INSERT INTO refresh_token (hash, family, expires_at) SELECT $2::bytea, f.id, clock_timestamp () + interval '1 "
     "hour'"
     " FROM family f) SELECT f.account, f.id FROM family f",
     {"phone", "a"},
     1},
    {"SELECT f.id FROM refresh_family f WHERE f.id = (SELECT t.family FROM refresh_token t WHERE t.hash = $1::bytea) "
     "FOR UPDATE",
     {"a"},
     1},
    {"WITH seen AS (SELECT t.hash, t.family, f.account, CASE WHEN f.revoked_at IS NOT NULL OR NOT a.active THEN 4 ELSE "
     "1 END AS"
     " verdict FROM refresh_token t JOIN refresh_family f ON f.id = t.family JOIN account a ON a.id = f.account"
     " WHERE t.hash = $1::bytea), used AS (UPDATE refresh_token t SET used_at = clock_timestamp (), next_hash = "
     "$2::bytea"
     " FROM seen s WHERE t.hash = s.hash AND s.verdict = 1), successor AS (INSERT INTO refresh_token (hash, family, "
     "expires_at)"
     " SELECT $2::bytea, s.family, clock_timestamp () + interval '2 hours' FROM seen s WHERE s.verdict = 1), family AS "
     "("
     " UPDATE refresh_family f SET used_at = clock_timestamp (), expires_at = clock_timestamp () + interval '2 hours'"
     " FROM seen s WHERE f.id = s.family) SELECT s.family FROM seen s WHERE s.verdict = 1",
     {"a", "b"},
     1},
    {"SELECT f.id, f.device, f.created_at, f.used_at, f.id = $1::bigint FROM refresh_family f WHERE f.revoked_at IS "
     "NULL"
     " AND f.expires_at > clock_timestamp () AND f.account = (SELECT id FROM account WHERE login = 'before')"
     " ORDER BY f.id DESC LIMIT $2::bigint",
     {"1", "10"},
     1},
    {"WITH found AS (SELECT f.id FROM refresh_family f WHERE f.account = (SELECT id FROM account WHERE login = "
     "$1::text)"
     " FOR UPDATE), gone AS (UPDATE refresh_family f SET revoked_at = clock_timestamp () FROM found"
     " WHERE f.id = found.id AND f.revoked_at IS NULL RETURNING f.id) SELECT id FROM gone",
     {"before"},
     1},
    {"UPDATE account SET name = coalesce ($1::text, name) WHERE login = 'before' RETURNING id", {"C"}, 1},
    {"INSERT INTO room (kind, name, topic, created_by, direct_key) SELECT 2, $1::text, NULL, a.id, NULL FROM account a"
     " WHERE a.login = 'before' ON CONFLICT (direct_key) DO NOTHING RETURNING id, created_at",
     {"before"},
     1},
    {"UPDATE room r SET name = coalesce ($1::text, r.name) WHERE r.name = 'before' RETURNING r.id", {"after"}, 1},
    {"DELETE FROM refresh_family WHERE id IN (SELECT f.id FROM refresh_family f WHERE f.expires_at < clock_timestamp ()"
     " + interval '1 day' ORDER BY f.expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)",
     {"1000"},
     -1},
};

static void test_stores_of_the_version_before_go_on (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    make_credential (bench, account, PT_credential_kind_KNOX, make_hash (bench->store));
    for (size_t i = 0; i < COUNT_OF (s_before); i++) {
        int count = 0;
        while (count < 5 && s_before[i].arguments[count])
            count++;
        PGresult *result =
            PQexecParams (bench->sql, s_before[i].text, count, NULL, s_before[i].arguments, NULL, NULL, 0);
        if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK)
            fail_msg ("%s: %s", s_before[i].text, PQerrorMessage (bench->sql));
        if (s_before[i].rows >= 0)
            assert_int_equal (PQntuples (result), s_before[i].rows);
        PQclear (result);
    }
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM credential WHERE kind = 3"), 1);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM refresh_family"), 0);
}

/*  A store of the version before knows nothing of files: it deletes accounts and leaves them. */
static void test_files_are_cleaned_whoever_deleted_their_account (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, me, NULL, 0);
    (void)make_file (bench, me, 5, new_content ());
    (void)make_stored (bench, me, 6, new_content (), PT_upload_purpose_AVATAR);
    uint64_t upload = begin_upload (bench, me, 7, PT_upload_purpose_FILE);
    sqlf (bench,
          "INSERT INTO item (room, seq, id, created_at, sender, reply_to, kind, send_id, body)"
          " VALUES (%llu, 2, 2, clock_timestamp (), %llu, NULL, 1, 'k', 'b')",
          (unsigned long long)room, (unsigned long long)me);
    const pt_history_page_t *page =
        must (bench->store, PT_OP_store_history, &(pt_history_query_t){.account = me, .room = room});
    assert_false (page->items.at[1].has_attachments);
    sqlf (
        bench,
        "UPDATE account SET login = NULL, email = NULL, active = false, deleted_at = clock_timestamp (), leaving = true"
        " WHERE id = %llu",
        (unsigned long long)me);
    wait_for (bench, "NOT EXISTS (SELECT FROM account WHERE deleted_at IS NOT NULL AND drive_files > 0)");
    sqlf (bench, "UPDATE upload SET expires_at = clock_timestamp () WHERE id = %llu", (unsigned long long)upload);
    assert_true (sweep (bench, NULL, upload));
    assert_int_equal (sqlf (bench, "SELECT drive_used + (avatar IS NOT NULL)::integer FROM account WHERE id = %llu",
                            (unsigned long long)me),
                      0);
    assert_charged (bench);
}

/*  ---- a role without rights ------------------------------------------------------------ */

static void test_the_owner_of_a_database_needs_no_more (void **state)
{
    bench_t *bench = *state;
    sql (bench->sql, "CREATE ROLE plain LOGIN");
    sql (bench->sql, "CREATE DATABASE plain OWNER plain");
    char conninfo[160];
    snprintf (conninfo, sizeof (conninfo), "host=%s user=plain dbname=plain", PQhost (bench->sql));
    setenv ("PARLEY_DATABASE", conninfo, 1);
    harness_t *store = open_store (NULL);
    setenv ("PARLEY_DATABASE", pg_conninfo (bench->pg), 1);
    const pt_revoked_page_t *page = must (store, PT_OP_store_revoked, &(pt_revoked_query_t){.cursor = PT_LIT ("")});
    assert_true (page->anew);
    pt_account_query_t query = {.account = 1, .q = PT_LIT ("anybody"), .has_q = true};
    must (store, PT_OP_store_account_list, &query);
    harness_destroy (&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_stores_of_the_version_before_go_on),
        TEST (test_files_are_cleaned_whoever_deleted_their_account),
        TEST (test_the_owner_of_a_database_needs_no_more),
    };
    return cmocka_run_group_tests_name ("store_schema", tests, open_group, close_group);
}
