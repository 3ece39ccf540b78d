/*  store_verify_test - store_verify on a real database: a whole one is found
    whole, and each kind of damage is named. */

#include "store_fixture.h"

static const pt_verify_page_t *verify (bench_t *bench, const pt_verify_query_t *query)
{
    return must (bench->store, PT_OP_store_verify, query);
}

static const pt_room_check_t *check (bench_t *bench, uint64_t room)
{
    const pt_verify_page_t *page = verify (bench, &(pt_verify_query_t){.after = room - 1, .limit = 1});
    assert_int_equal (page->rooms.count, 1);
    assert_true (page->rooms.at[0].room == room);
    return &page->rooms.at[0];
}

/*  A room of two members and ten messages: items 1 .. 12. */
static uint64_t make_whole (bench_t *bench)
{
    uint64_t owner = make_account (bench), other = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_PUBLIC, owner, &other, 1);
    for (int i = 0; i < 10; i++)
        (void)say (bench, room, i & 1 ? owner : other, "a body");
    return room;
}

/*  Runs a statement about one room, its $1, which must change something. */
static void change_sql (bench_t *bench, const char *query, uint64_t room)
{
    char id[24];
    snprintf (id, sizeof (id), "%llu", (unsigned long long)room);
    const char *values[1] = {id};
    PGresult *result = PQexecParams (bench->sql, query, 1, NULL, values, NULL, NULL, 0);
    if (PQresultStatus (result) != PGRES_COMMAND_OK || atoll (PQcmdTuples (result)) == 0)
        fail_msg ("%s: %s", query, PQerrorMessage (bench->sql));
    PQclear (result);
}

static uint64_t faults (const pt_room_check_t *check)
{
    return check->missing + check->doubled + check->unordered + check->unknown + check->strays + !check->exists;
}

static void test_a_whole_room_is_found_whole (void **state)
{
    bench_t *bench = *state;
    uint64_t room = make_whole (bench);
    const pt_room_check_t *found = check (bench, room);
    assert_int_equal (faults (found), 0);
    assert_int_equal (found->head, 12);
    assert_int_equal (found->items, 12);
    assert_int_equal (found->last_seq, 12);
    assert_int_equal (found->members, 2);
    assert_false (found->has_hole || found->has_fault || found->has_stray || found->more_items || found->more_members);
    assert_true (verify (bench, &(pt_verify_query_t){.limit = 1})->guarded);
}

/*  Each statement does one kind of damage to a room that was whole. */
static void test_each_kind_of_damage_is_named (void **state)
{
    static const struct {
        const char *damage;
        uint64_t missing, hole, unordered, unknown, fault, strays;
    } cases[] = {
        {"DELETE FROM item WHERE room = $1 AND seq = 5", 1, 5, 0, 0, 0, 0},
        {"DELETE FROM item WHERE room = $1 AND seq IN (3, 4, 7)", 3, 3, 0, 0, 0, 0},
        {"DELETE FROM item WHERE room = $1 AND seq <= 2", 2, 1, 0, 0, 0, 2},
        {"UPDATE item SET created_at = created_at - interval '1 hour' WHERE room = $1 AND seq = 6", 0, 0, 1, 0, 6, 0},
        {"UPDATE item SET sender = 987654321 WHERE room = $1 AND seq = 8", 0, 0, 0, 1, 8, 0},
        {"UPDATE item SET account = 987654321 WHERE room = $1 AND seq = 2", 0, 0, 0, 1, 2, 1},
        {"UPDATE member SET joined_seq = 13 WHERE room = $1 AND joined_seq = 2", 0, 0, 0, 0, 0, 1},
        {"UPDATE member SET joined_seq = 4 WHERE room = $1 AND joined_seq = 2", 0, 0, 0, 0, 0, 1},
        {"INSERT INTO read_position SELECT room, account, 13 FROM member WHERE room = $1", 0, 0, 0, 0, 0, 2},
    };
    bench_t *bench = *state;
    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        uint64_t room = make_whole (bench);
        change_sql (bench, cases[i].damage, room);
        const pt_room_check_t *found = check (bench, room);
        bool is_right = found->missing == cases[i].missing && found->hole == cases[i].hole && found->doubled == 0 &&
                        found->unordered == cases[i].unordered && found->unknown == cases[i].unknown &&
                        found->fault == cases[i].fault && found->strays == cases[i].strays;
        if (!is_right)
            fail_msg ("%s: missing %llu hole %llu unordered %llu unknown %llu fault %llu strays %llu", cases[i].damage,
                      (unsigned long long)found->missing, (unsigned long long)found->hole,
                      (unsigned long long)found->unordered, (unsigned long long)found->unknown,
                      (unsigned long long)found->fault, (unsigned long long)found->strays);
    }
}

static void test_a_doubled_message_and_the_missing_key_are_seen (void **state)
{
    bench_t *bench = *state;
    uint64_t room = make_whole (bench);
    sql (bench->sql, "ALTER TABLE item DROP CONSTRAINT item_send");
    change_sql (
        bench,
        "INSERT INTO item SELECT room, 13, id + 1000000, created_at + interval '1 h', sender, reply_to, account,"
        " kind, what, role, send_id, body FROM item WHERE room = $1 AND seq = 5",
        room);
    const pt_room_check_t *found = check (bench, room);
    assert_int_equal (found->doubled, 1);
    assert_int_equal (found->fault, 13);
    assert_false (verify (bench, &(pt_verify_query_t){.limit = 1})->guarded);
    change_sql (bench, "DELETE FROM item WHERE room = $1 AND seq = 13", room);
    sql (bench->sql, "ALTER TABLE item ADD CONSTRAINT item_send UNIQUE (room, sender, send_id)");
    assert_true (verify (bench, &(pt_verify_query_t){.limit = 1})->guarded);
}

static void test_what_a_lost_room_left_is_seen_and_what_a_deleted_one_left_is_not (void **state)
{
    bench_t *bench = *state;
    uint64_t lost = make_whole (bench), deleted = make_whole (bench);
    change_sql (bench, "DELETE FROM room WHERE id = $1", lost);
    const pt_room_check_t *found = check (bench, lost);
    assert_false (found->exists);
    assert_int_equal (found->items, 12);
    /*  In one transaction that is held open, as the cleaner would soon remove the rows. */
    PGconn *other = open_sql (bench);
    sql (other, "BEGIN; LOCK TABLE item IN SHARE MODE");
    change_sql (bench,
                "WITH gone AS (DELETE FROM room WHERE id = $1 RETURNING id)"
                " INSERT INTO room_trash (room) SELECT id FROM gone",
                deleted);
    const pt_verify_page_t *page = verify (bench, &(pt_verify_query_t){.after = deleted - 1, .limit = 1});
    assert_int_equal (page->rooms.count, 0);
    assert_true (page->last == deleted && page->more);
    sql (other, "COMMIT");
    PQfinish (other);
    change_sql (bench, "DELETE FROM item WHERE room = $1", lost);
    change_sql (bench, "DELETE FROM member WHERE room = $1", lost);
}

static void test_pages_visit_every_room_once (void **state)
{
    bench_t *bench = *state;
    for (int i = 0; i < 5; i++)
        (void)make_whole (bench);
    uint64_t count = (uint64_t)sql (bench->sql, "SELECT count (*) FROM room"), seen = 0;
    pt_verify_query_t query = {.limit = 2};
    const pt_verify_page_t *page;
    do {
        page = verify (bench, &query);
        for (uint32_t i = 0; i < page->rooms.count; i++) {
            assert_true (page->rooms.at[i].room > query.after);
            query.after = page->rooms.at[i].room;
            seen++;
        }
        query.after = page->last;
    } while (page->more);
    assert_int_equal (seen, count);
}

/*  Holes and order are judged across the edges of slices. */
static void test_a_large_room_is_checked_in_slices (void **state)
{
    enum { ITEMS = LIM_VERIFY_ITEMS * 2 + 10 };
    bench_t *bench = *state;
    uint64_t room = make_whole (bench);
    change_sql (bench,
                "INSERT INTO item (room, seq, id, created_at, sender, kind, send_id, body)"
                " SELECT i.room, 12 + n, 50000000 + n, i.created_at + n * interval '1 us', i.sender, 1, 'n' || n, ''"
                " FROM item i, generate_series (1, 32778 - 12) n WHERE i.room = $1 AND i.seq = 12",
                room);
    change_sql (bench, "DELETE FROM item WHERE room = $1 AND seq = 16385", room); /* the first of the second slice */
    change_sql (bench, "UPDATE item SET created_at = '2001-01-01' WHERE room = $1 AND seq = 32770", room);
    pt_verify_query_t query = {.after = room - 1, .limit = 1, .has_after_seq = true, .has_after_member = true};
    uint64_t items = 0, missing = 0, unordered = 0, members = 0, hole = 0;
    unsigned slices = 0;
    bool has_more;
    do {
        const pt_room_check_t *found = &verify (bench, &query)->rooms.at[0];
        items += found->items;
        members += found->members;
        missing += found->missing;
        unordered += found->unordered;
        hole = found->has_hole ? found->hole : hole;
        assert_in_range (found->items, 0, LIM_VERIFY_ITEMS);
        query.after_seq = found->last_seq;
        query.after_member = found->last_member;
        has_more = found->more_items;
        slices++;
    } while (has_more);
    assert_int_equal (slices, 3);
    assert_int_equal (items, ITEMS - 1);
    assert_int_equal (members, 2);
    assert_int_equal (missing, 1);
    assert_int_equal (hole, 16385);
    assert_int_equal (unordered, 1);
    query.limit = 2;
    REFUSED (bench->store, PT_OP_store_verify, &query, PT_E_invalid);
}

static void test_an_empty_database_is_whole (void **state)
{
    bench_t *bench = *state;
    const pt_verify_page_t *page = verify (bench, &(pt_verify_query_t){.limit = LIM_VERIFY_ROOMS});
    assert_int_equal (page->rooms.count, 0);
    assert_false (page->more);
    assert_true (page->guarded);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_an_empty_database_is_whole),
        TEST (test_a_whole_room_is_found_whole),
        TEST (test_each_kind_of_damage_is_named),
        TEST (test_a_doubled_message_and_the_missing_key_are_seen),
        TEST (test_what_a_lost_room_left_is_seen_and_what_a_deleted_one_left_is_not),
        TEST (test_pages_visit_every_room_once),
        TEST (test_a_large_room_is_checked_in_slices),
    };
    return cmocka_run_group_tests_name ("store_verify", tests, open_group, close_group);
}
