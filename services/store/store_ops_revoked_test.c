/*  store_ops_revoked_test - that a gateway which sweeps misses no revocation, in whatever
    order transactions begin and commit. */

#include "store_fixture.h"

/*  What a gateway remembers: how often each account was seen, and where it stands. */
typedef struct {
    char cursor[LIM_CURSOR + 1];
    unsigned seen[20000];
    unsigned rows; /* of the last sweep */
    bool is_anew;  /* its first page */
} poller_t;

/*  Asks until there is no more: one sweep. */
static void sweep (bench_t *bench, poller_t *poller)
{
    bool is_first = true, more;
    poller->rows = 0;
    do {
        pt_revoked_query_t query = {.cursor = pt_str (poller->cursor)};
        const pt_revoked_page_t *page = must (bench->store, PT_OP_store_revoked, &query);
        for (uint32_t i = 0; i < page->items.count; i++) {
            const pt_revocation_t *item = &page->items.at[i];
            assert_true (item->has_session != item->has_generation && item->at > 0);
            assert_in_range (item->account, 0, COUNT_OF (poller->seen) - 1);
            poller->seen[item->account]++;
        }
        poller->rows += page->items.count;
        if (is_first)
            poller->is_anew = page->anew;
        else
            assert_false (page->anew);
        is_first = false;
        snprintf (poller->cursor, sizeof (poller->cursor), "%.*s", (int)page->cursor.len, page->cursor.at);
        more = page->more;
        assert_true (!more || page->items.count == LIM_REVOKED_PAGE);
    } while (more);
}

static void revoke (PGconn *conn, unsigned account)
{
    char text[128];
    snprintf (text, sizeof (text), "INSERT INTO revocation (account, generation) VALUES (%u, 2)", account);
    sql (conn, text);
}

static int clear (void **state)
{
    bench_t *bench = *state;
    open_test (state);
    sql (bench->sql, "DELETE FROM revocation");
    return 0;
}

static void test_a_sweep_goes_through_many_pages_and_the_next_one_is_short (void **state)
{
    enum { ROWS = 2 * LIM_REVOKED_PAGE + 7 };
    bench_t *bench = *state;
    poller_t *poller = calloc (1, sizeof (*poller));
    sqlf (bench,
          "INSERT INTO revocation (account, session) SELECT n, 9000000000000000000 + n FROM generate_series (1, %d) n",
          ROWS);
    sweep (bench, poller);
    assert_true (poller->is_anew);
    assert_int_equal (poller->rows, ROWS);
    for (unsigned i = 1; i <= ROWS; i++)
        assert_int_equal (poller->seen[i], 1);
    sweep (bench, poller);
    assert_false (poller->is_anew);
    assert_int_equal (poller->rows, 0);
    free (poller);
}

static void test_what_commits_late_is_found_by_a_later_sweep (void **state)
{
    bench_t *bench = *state;
    poller_t *poller = calloc (1, sizeof (*poller));
    PGconn *late = open_sql (bench);
    sql (late, "BEGIN");
    revoke (late, 1);
    for (unsigned i = 2; i <= 5; i++) {
        revoke (bench->sql, i);
        sweep (bench, poller);
        assert_int_equal (poller->seen[1], 0);
        assert_true (poller->seen[i] > 0);
    }
    sql (late, "COMMIT");
    sweep (bench, poller);
    assert_int_equal (poller->seen[1], 1);
    sweep (bench, poller);
    sweep (bench, poller);
    assert_int_equal (poller->rows, 0);
    PQfinish (late);
    free (poller);
}

/*  Transactions begin, write, commit and roll back in an order drawn from the seed, with sweeps
    in between: what is committed is seen by the next sweep, what is not never. */
static void walk (bench_t *bench, poller_t *poller, unsigned seed)
{
    enum { WRITERS = 5, STEPS = 120, BASE = 10 };
    PGconn *writers[WRITERS];
    unsigned pending[WRITERS][STEPS], counts[WRITERS] = {0}, next = BASE + seed * STEPS;
    static unsigned committed[20000];
    unsigned committed_count = 0;
    bool is_open[WRITERS] = {false};
    for (unsigned i = 0; i < WRITERS; i++)
        writers[i] = open_sql (bench);
    uint64_t random = seed * 2 + 1;
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned who = (unsigned)(random >> 33) % WRITERS, what = (unsigned)(random >> 40) % 8;
        if (what < 4) {
            if (!is_open[who])
                sql (writers[who], "BEGIN");
            is_open[who] = true;
            revoke (writers[who], next);
            pending[who][counts[who]++] = next++;
        } else if (what < 6 && is_open[who]) {
            bool is_kept = what == 4;
            sql (writers[who], is_kept ? "COMMIT" : "ROLLBACK");
            for (unsigned i = 0; is_kept && i < counts[who]; i++)
                committed[committed_count++] = pending[who][i];
            is_open[who] = false;
            counts[who] = 0;
        } else {
            sweep (bench, poller);
            for (unsigned i = 0; i < committed_count; i++)
                if (poller->seen[committed[i]] == 0)
                    fail_msg ("seed %u, step %u: %u was missed", seed, step, committed[i]);
        }
    }
    unsigned seen = 0;
    for (unsigned i = 0; i < WRITERS; i++)
        PQfinish (writers[i]); /* what is open rolls back */
    sweep (bench, poller);
    for (unsigned i = BASE + seed * STEPS; i < next; i++)
        seen += poller->seen[i] > 0;
    assert_int_equal (seen, committed_count);
}

static void test_no_order_of_commits_hides_a_row (void **state)
{
    enum { SEEDS = 30 };
    bench_t *bench = *state;
    poller_t *poller = calloc (1, sizeof (*poller));
    for (unsigned seed = 0; seed < SEEDS; seed++)
        walk (bench, poller, seed);
    free (poller);
}

static void test_a_cursor_of_another_database_begins_anew (void **state)
{
    bench_t *bench = *state;
    poller_t *poller = calloc (1, sizeof (*poller));
    revoke (bench->sql, 1);
    sweep (bench, poller);
    sweep (bench, poller);
    char good[LIM_CURSOR + 1];
    snprintf (good, sizeof (good), "%s", poller->cursor);
    const char *rest = strchr (good, '.');
    char other_system[LIM_CURSOR + 8], other_timeline[LIM_CURSOR + 8];
    snprintf (other_system, sizeof (other_system), "1%s", good);
    snprintf (other_timeline, sizeof (other_timeline), "%.*s2%s", (int)(rest - good - 1), good, rest);
    const char *const cursors[] = {"",
                                   other_system,
                                   other_timeline,
                                   "nonsense",
                                   "1.2.3.4",
                                   ".",
                                   "....",
                                   "é.1.1.1",
                                   "7",
                                   "1-00000001.1.1.1.1.1",
                                   "99999999999999999999.99999999999999999999.1.1"};
    for (size_t i = 0; i < COUNT_OF (cursors); i++) {
        poller->seen[1] = 0;
        snprintf (poller->cursor, sizeof (poller->cursor), "%s", cursors[i]);
        sweep (bench, poller);
        assert_true (poller->is_anew && poller->seen[1] == 1);
        assert_string_equal (poller->cursor, good);
    }
    sweep (bench, poller);
    assert_false (poller->is_anew);
    free (poller);
}

static void test_revocations_are_kept_as_long_as_a_token_may_live (void **state)
{
    bench_t *bench = *state;
    revoke (bench->sql, 1);
    revoke (bench->sql, 2);
    sqlf (bench, "UPDATE revocation SET at = at - %d * interval '1 millisecond' WHERE account = 2",
          LIM_REVOKED_KEPT_MS);
    sqlf (bench, "UPDATE revocation SET at = at - (%d - 60000) * interval '1 millisecond' WHERE account = 1",
          LIM_REVOKED_KEPT_MS);
    wait_for (bench, "(SELECT count (*) FROM revocation WHERE account = 2) = 0");
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM revocation WHERE account = 1"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, clear, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_sweep_goes_through_many_pages_and_the_next_one_is_short),
        TEST (test_what_commits_late_is_found_by_a_later_sweep),
        TEST (test_no_order_of_commits_hides_a_row),
        TEST (test_a_cursor_of_another_database_begins_anew),
        TEST (test_revocations_are_kept_as_long_as_a_token_may_live),
    };
    return cmocka_run_group_tests_name ("store_ops_revoked", tests, open_group, close_group);
}
