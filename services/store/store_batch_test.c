/*  store_batch_test - appends on a real database: numbering, keys, locks, poison,
    many writers. */

#include "store_fixture.h"

enum { WRITERS = 50, HOT = 40 };

/*  Every seq from 1 to the head is there once. */
static void assert_gapless (bench_t *bench, uint64_t room)
{
    char query[256];
    snprintf (query, sizeof (query),
              "SELECT count (*) = max (seq) AND count (DISTINCT seq) = max (seq) AND min (seq) = 1 AND"
              " count (DISTINCT created_at) = count (*) FROM item WHERE room = %llu",
              (unsigned long long)room);
    PGresult *result = PQexec (bench->sql, query);
    assert_string_equal (PQgetvalue (result, 0, 0), "t");
    PQclear (result);
}

static void test_fifty_senders_at_once_fill_one_to_n (void **state)
{
    bench_t *bench = *state;
    uint64_t senders[WRITERS], waiting[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++)
        senders[i] = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, senders[0], senders + 1, WRITERS - 1);
    for (unsigned i = 0; i < WRITERS; i++) {
        pt_append_entry_t entry = message (senders[i], PT_LIT ("same key"), PT_LIT ("hello"));
        waiting[i] = append_later (bench->store, room, &entry, 1);
    }
    bool seen[2 * WRITERS + 1] = {false};
    for (unsigned i = 0; i < WRITERS; i++) {
        const pt_append_results_t *reply = appended (bench->store, waiting[i]);
        const pt_append_result_t *result = &reply->results.at[0];
        assert_int_equal (result->status, 0);
        assert_in_range (result->seq, WRITERS + 1, 2 * WRITERS);
        assert_false (seen[result->seq]);
        seen[result->seq] = true;
    }
    assert_gapless (bench, room);
}

static void test_a_senders_order_is_kept (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    pt_append_entry_t entries[LIM_APPEND];
    uint64_t waiting[10];
    for (unsigned r = 0; r < 10; r++) {
        for (unsigned i = 0; i < LIM_APPEND; i++)
            entries[i] = message (owner, key (bench->store), PT_LIT ("x"));
        waiting[r] = append_later (bench->store, room, entries, LIM_APPEND);
    }
    uint64_t last = 1, last_id = 0;
    for (unsigned r = 0; r < 10; r++) {
        const pt_append_results_t *reply = appended (bench->store, waiting[r]);
        for (unsigned i = 0; i < LIM_APPEND; i++) {
            assert_int_equal (reply->results.at[i].seq, ++last);
            assert_true (reply->results.at[i].id > last_id);
            last_id = reply->results.at[i].id;
        }
    }
    assert_gapless (bench, room);
}

static void test_two_stores_on_one_hot_room_agree (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    uint64_t waiting[2][HOT];
    /*  Both are asked for the same sends, each in its own order. */
    for (unsigned i = 0; i < HOT; i++)
        for (unsigned s = 0; s < 2; s++) {
            unsigned n = s ? HOT - 1 - i : i;
            pt_append_entry_t entries[2] = {
                message (owner, text (bench->store, "hot-%u", n), text (bench->store, "body %u", n)),
                message (owner, text (bench->store, "own-%u-%u", s, n), PT_LIT ("mine")),
            };
            waiting[s][n] = append_later (stores[s], room, entries, 2);
        }
    unsigned known = 0;
    for (unsigned i = 0; i < HOT; i++) {
        const pt_append_results_t *a = appended (stores[0], waiting[0][i]);
        const pt_append_results_t *b = appended (stores[1], waiting[1][i]);
        assert_int_equal (a->results.at[0].status, 0);
        assert_int_equal (b->results.at[0].status, 0);
        assert_int_equal (a->results.at[0].seq, b->results.at[0].seq);
        assert_int_equal (a->results.at[0].id, b->results.at[0].id);
        assert_true (a->results.at[0].at == b->results.at[0].at);
        known += a->results.at[0].known + b->results.at[0].known;
        assert_int_equal (a->results.at[1].status, 0);
        assert_int_equal (b->results.at[1].status, 0);
    }
    harness_destroy (&stores[1]);
    assert_int_equal (known, HOT);
    pt_head_query_t query = {.rooms = {&room, 1}};
    const pt_heads_t *heads = must (bench->store, PT_OP_store_heads, &query);
    assert_int_equal (heads->heads.at[0].seq, 1 + 3 * HOT);
    assert_gapless (bench, room);
}

static void test_a_kick_that_commits_first_stops_the_batch_that_waited (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), member = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_PUBLIC, owner, &member, 1);
    PGconn *other = open_sql (bench);
    char query[512];
    snprintf (query, sizeof (query), "BEGIN; SELECT FROM room WHERE id = %llu FOR NO KEY UPDATE",
              (unsigned long long)room);
    sql (other, query);

    pt_append_entry_t entries[2] = {message (member, key (bench->store), PT_LIT ("too late")),
                                    message (owner, key (bench->store), PT_LIT ("fine"))};
    uint64_t waiting = append_later (bench->store, room, entries, 2);
    wait_for (bench, LOCK_WAITERS " = 1");
    snprintf (query, sizeof (query),
              "DELETE FROM member WHERE room = %llu AND account = %llu;"
              "INSERT INTO item (room, seq, id, created_at, sender, account, kind, what)"
              " VALUES (%llu, 3, nextval ('item_id'), clock_timestamp (), %llu, %llu, 2, 3); COMMIT",
              (unsigned long long)room, (unsigned long long)member, (unsigned long long)room, (unsigned long long)owner,
              (unsigned long long)member);
    sql (other, query);
    PQfinish (other);

    const pt_append_results_t *reply = appended (bench->store, waiting);
    assert_int_equal (reply->results.at[0].status, PT_E_not_member);
    assert_int_equal (reply->results.at[1].status, 0);
    assert_int_equal (reply->results.at[1].seq, 4);
    assert_gapless (bench, room);
}

static void test_a_poison_row_fails_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    uint64_t other = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    sql (bench->sql, "ALTER TABLE item ADD CONSTRAINT no_poison CHECK (body <> 'poison') NOT VALID");
    pt_append_entry_t entries[LIM_APPEND];
    for (unsigned i = 0; i < LIM_APPEND; i++)
        entries[i] = message (owner, key (bench->store), i == 41 ? PT_LIT ("poison") : PT_LIT ("good"));
    uint64_t waiting = append_later (bench->store, room, entries, LIM_APPEND);
    pt_append_entry_t neighbour = message (owner, key (bench->store), PT_LIT ("good"));
    uint64_t beside = append_later (bench->store, other, &neighbour, 1);

    const pt_append_results_t *reply = appended (bench->store, waiting);
    for (unsigned i = 0; i < LIM_APPEND; i++) {
        assert_int_equal (reply->results.at[i].status, i == 41 ? PT_E_invalid : 0);
        if (i != 41)
            assert_int_equal (reply->results.at[i].seq, 2 + i - (i > 41));
    }
    assert_false (reply->results.at[41].has_seq);
    reply = appended (bench->store, beside);
    assert_int_equal (reply->results.at[0].status, 0);
    assert_gapless (bench, room);

    /*  A trigger's own complaint is no fault of the data's shape: internal. */
    sql (bench->sql, "ALTER TABLE item DROP CONSTRAINT no_poison;"
                     "CREATE FUNCTION complain () RETURNS trigger LANGUAGE plpgsql AS"
                     " $$ BEGIN IF NEW.body = 'poison' THEN RAISE 'no'; END IF; RETURN NEW; END $$;"
                     "CREATE TRIGGER complain BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION complain ()");
    entries[0] = message (owner, key (bench->store), PT_LIT ("good"));
    entries[1] = message (owner, key (bench->store), PT_LIT ("poison"));
    reply = append (bench->store, room, entries, 2);
    assert_int_equal (reply->results.at[0].status, 0);
    assert_int_equal (reply->results.at[1].status, PT_E_internal);
    sql (bench->sql, "DROP TRIGGER complain ON item; DROP FUNCTION complain");
    assert_gapless (bench, room);
}

static void test_equal_send_ids_are_one_row_and_other_bodies_a_conflict (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    pt_append_entry_t entries[3] = {message (owner, PT_LIT ("k"), PT_LIT ("one")),
                                    message (owner, PT_LIT ("k"), PT_LIT ("one")),
                                    message (owner, PT_LIT ("k"), PT_LIT ("two"))};
    for (int round = 0; round < 2; round++) {
        const pt_append_results_t *reply = append (bench->store, room, entries, 3);
        assert_int_equal (reply->results.at[0].seq, 2);
        assert_int_equal (reply->results.at[1].seq, 2);
        assert_int_equal (reply->results.at[0].known, round == 1);
        assert_true (reply->results.at[1].known);
        assert_int_equal (reply->results.at[2].status, PT_E_conflict);
        assert_int_equal (reply->head, 2);
    }
    entries[0].has_reply_to = true;
    entries[0].reply_to = 1;
    assert_int_equal (append (bench->store, room, entries, 1)->results.at[0].status, PT_E_conflict);
}

static void test_membership_follows_the_items (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), guest = make_account (bench), third = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_PUBLIC, owner, NULL, 0);
    pt_append_entry_t join = change (guest, key (bench->store), guest, PT_change_JOINED, 0);
    const pt_append_result_t *result = append (bench->store, room, &join, 1)->results.at;
    assert_int_equal (result->status, 0);
    assert_int_equal (result->seq, 2);
    assert_int_equal (result->role, PT_role_MEMBER);
    result = append (bench->store, room, &join, 1)->results.at;
    assert_true (result->known);
    assert_int_equal (result->seq, 2);

    pt_append_entry_t promote = change (owner, key (bench->store), guest, PT_change_JOINED, PT_role_ADMIN);
    result = append (bench->store, room, &promote, 1)->results.at;
    assert_int_equal (result->what, PT_change_ROLE);
    assert_int_equal (result->role, PT_role_ADMIN);

    pt_append_entry_t again = change (guest, key (bench->store), guest, PT_change_JOINED, 0);
    result = append (bench->store, room, &again, 1)->results.at;
    assert_int_equal (result->status, 0);
    assert_false (result->has_seq);
    assert_int_equal (result->role, PT_role_ADMIN);

    pt_append_entry_t both[3] = {change (guest, key (bench->store), third, PT_change_JOINED, PT_role_READER),
                                 message (third, key (bench->store), PT_LIT ("may I?")),
                                 change (guest, key (bench->store), third, PT_change_KICKED, 0)};
    const pt_append_results_t *reply = append (bench->store, room, both, 3);
    assert_int_equal (reply->results.at[0].status, 0);
    assert_int_equal (reply->results.at[1].status, PT_E_forbidden);
    assert_int_equal (reply->results.at[2].status, 0);

    pt_append_entry_t leave = change (owner, key (bench->store), owner, PT_change_LEFT, 0);
    result = append (bench->store, room, &leave, 1)->results.at;
    assert_int_equal (result->status, PT_E_forbidden);
    assert_true (result->has_detail);

    pt_append_entry_t nobody = change (owner, key (bench->store), 999999, PT_change_JOINED, 0);
    assert_int_equal (append (bench->store, room, &nobody, 1)->results.at[0].status, PT_E_not_found);

    char query[256];
    snprintf (query, sizeof (query),
              "SELECT count (*) FROM member WHERE room = %llu AND ((account = %llu AND role = 4 AND joined_seq = 1) OR"
              " (account = %llu AND role = 3 AND joined_seq = 2))",
              (unsigned long long)room, (unsigned long long)owner, (unsigned long long)guest);
    assert_int_equal (sql (bench->sql, query), 2);
    snprintf (query, sizeof (query), "SELECT count (*) FROM member WHERE room = %llu", (unsigned long long)room);
    assert_int_equal (sql (bench->sql, query), 2);
    assert_gapless (bench, room);
}

static void test_a_room_that_stays_locked_is_busy_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    uint64_t locked = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0), free_rooms[4], waiting[5];
    PGconn *other = open_sql (bench);
    char query[128];
    snprintf (query, sizeof (query), "BEGIN; SELECT FROM room WHERE id = %llu FOR UPDATE", (unsigned long long)locked);
    sql (other, query);
    pt_append_entry_t entry = message (owner, PT_LIT ("k"), PT_LIT ("b"));
    pt_append_entry_t pair[2] = {entry, message (owner, PT_LIT ("after"), PT_LIT ("text"))};
    waiting[4] = append_later (bench->store, locked, pair, 2);
    for (unsigned i = 0; i < 4; i++) {
        free_rooms[i] = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
        waiting[i] = append_later (bench->store, free_rooms[i], &entry, 1);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal (appended (bench->store, waiting[i])->results.at[0].status, 0);
    /*  As a whole: nothing of a request may overtake what will be tried again. */
    assert_int_equal (harness_reply (bench->store, waiting[4])->envelope.status, PT_E_busy);
    sql (other, "ROLLBACK");
    PQfinish (other);
    assert_int_equal (append (bench->store, locked, &entry, 1)->results.at[0].status, 0);
}

static void test_a_deadline_that_passes_in_the_queue_is_told_and_nothing_stored (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    PGconn *other = open_sql (bench);
    char query[128];
    snprintf (query, sizeof (query), "BEGIN; SELECT FROM room WHERE id = %llu FOR UPDATE", (unsigned long long)room);
    sql (other, query);
    pt_append_entry_t entry = message (owner, PT_LIT ("first"), PT_LIT ("b"));
    uint64_t first = append_later (bench->store, room, &entry, 1);
    wait_for (bench, LOCK_WAITERS " = 1");

    pt_append_entry_t late = message (owner, PT_LIT ("late"), PT_LIT ("b"));
    pt_append_t msg = {.room = room, .entries = {&late, 1}};
    pt_buf_t body;
    pt_buf_init (&body, LIM_FRAME);
    assert_int_equal (pt_encode (&body, PT_MSG_append, &msg), 0);
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_REQUEST,
        .service = PT_SERVICE_store,
        .opcode = PT_OP_store_append,
        .deadline_ms = 20,
    };
    uint64_t second = harness_request_raw (bench->store, &envelope, body.at, body.len);
    pt_buf_fini (&body);
    sql (bench->sql, "SELECT pg_sleep (0.1)"); /* longer than the deadline, shorter than the lock's */
    sql (other, "ROLLBACK");
    PQfinish (other);
    const pt_append_results_t *reply = appended (bench->store, first);
    assert_int_equal (reply->results.at[0].status, 0);
    assert_int_equal (harness_reply (bench->store, second)->envelope.status, PT_E_deadline);
    snprintf (query, sizeof (query), "SELECT count (*) FROM item WHERE room = %llu", (unsigned long long)room);
    assert_int_equal (sql (bench->sql, query), 2);
}

static void test_many_rooms_and_kinds_in_one_stream_stay_gapless (void **state)
{
    enum { ROOMS = 29, REQUESTS = 600 };
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), guest = make_account (bench), rooms[ROOMS];
    for (unsigned i = 0; i < ROOMS; i++)
        rooms[i] = make_room (bench, PT_room_kind_PUBLIC, owner, NULL, 0);
    static uint64_t waiting[REQUESTS];
    for (unsigned i = 0; i < REQUESTS; i++) {
        uint64_t room = rooms[i * 7 % ROOMS];
        pt_append_entry_t entries[3] = {
            change (guest, key (bench->store), guest, i & 1 ? PT_change_JOINED : PT_change_LEFT, 0),
            message (guest, key (bench->store), PT_LIT ("hi")),
            message (owner, key (bench->store), PT_LIT ("ho")),
        };
        waiting[i] = append_later (bench->store, room, entries, 3);
    }
    for (unsigned i = 0; i < REQUESTS; i++) {
        const pt_append_results_t *reply = appended (bench->store, waiting[i]);
        assert_int_equal (reply->results.at[0].status, 0);
        assert_int_equal (reply->results.at[1].status, i & 1 ? 0 : PT_E_not_member);
        assert_int_equal (reply->results.at[2].status, 0);
    }
    for (unsigned i = 0; i < ROOMS; i++)
        assert_gapless (bench, rooms[i]);
    assert_int_equal (sql (bench->sql, "SELECT count (*) - count (DISTINCT id) FROM item"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_fifty_senders_at_once_fill_one_to_n),
        TEST (test_a_senders_order_is_kept),
        TEST (test_two_stores_on_one_hot_room_agree),
        TEST (test_a_kick_that_commits_first_stops_the_batch_that_waited),
        TEST (test_a_poison_row_fails_alone),
        TEST (test_equal_send_ids_are_one_row_and_other_bodies_a_conflict),
        TEST (test_membership_follows_the_items),
        TEST (test_a_room_that_stays_locked_is_busy_alone),
        TEST (test_a_deadline_that_passes_in_the_queue_is_told_and_nothing_stored),
        TEST (test_many_rooms_and_kinds_in_one_stream_stay_gapless),
    };
    return cmocka_run_group_tests_name ("store_batch", tests, open_group, close_group);
}
