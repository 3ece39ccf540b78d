/*  store_ops_item_test - items on a real database: pages of history and where they are cut, read positions,
    heads, and one snapshot of all rooms. */

#include "store_fixture.h"
#include "store_sql.h"

typedef struct {
    const char *name;
    uint64_t after, before, around, limit; /* 0: absent; after 0 is written as UINT64_MAX */
    unsigned first, count;
    bool more;
} page_row_t;

static void test_history_pages_in_every_direction (void **state)
{
    static const page_row_t rows[] = {
        {"latest", 0, 0, 0, 10, 21, 10, true},        {"latest, all", 0, 0, 0, 100, 1, 30, false},
        {"after 0", UINT64_MAX, 0, 0, 5, 1, 5, true}, {"after 25", 25, 0, 0, 5, 26, 5, false},
        {"after 27", 27, 0, 0, 5, 28, 3, false},      {"after head", 30, 0, 0, 5, 0, 0, false},
        {"before 6", 0, 6, 0, 5, 1, 5, false},        {"before 7", 0, 7, 0, 5, 2, 5, true},
        {"before 1", 0, 1, 0, 5, 0, 0, false},        {"around 15", 0, 0, 15, 5, 13, 5, true},
        {"around 30", 0, 0, 30, 6, 27, 4, true},      {"around 1, all", 0, 0, 1, 100, 1, 30, false},
    };
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    for (unsigned i = 2; i <= 30; i++)
        assert_int_equal (say (bench, room, owner, "text"), i);
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        const page_row_t *row = &rows[i];
        pt_history_query_t query = {
            .account = owner,
            .room = room,
            .after = row->after == UINT64_MAX ? 0 : row->after,
            .has_after = row->after != 0,
            .before = row->before,
            .has_before = row->before != 0,
            .around = row->around,
            .has_around = row->around != 0,
            .limit = row->limit,
            .has_limit = true,
        };
        const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
        assert_int_equal (page->items.count, row->count);
        for (uint32_t n = 0; n < page->items.count; n++)
            assert_int_equal (page->items.at[n].seq, row->first + n);
        assert_int_equal (page->more, row->more);
        assert_int_equal (page->head, 30);
        assert_int_equal (page->epoch, 1);
        assert_int_equal (page->floor, 0);
    }
    pt_history_query_t both = {.account = owner, .room = room, .has_after = true, .before = 3, .has_before = true};
    REFUSED (bench->store, PT_OP_store_history, &both, PT_E_invalid);
    pt_range_query_t range = {.room = room, .after = 28, .limit = 1};
    const pt_history_page_t *page = must (bench->store, PT_OP_store_range, &range);
    assert_int_equal (page->items.at[0].seq, 29);
    assert_true (page->more);
    assert_true (pt_str_eq (page->items.at[0].body, PT_LIT ("text")));
    range.room = 999999;
    REFUSED (bench->store, PT_OP_store_range, &range, PT_E_not_found);
}

/*  Room of messages and changes of membership in turn, in one batch, so that only the least step
    lies between their times; its last item is a change. */
static uint64_t make_mixed_room (bench_t *bench, uint64_t owner, unsigned messages)
{
    uint64_t guest = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    pt_append_entry_t entries[LIM_APPEND];
    for (unsigned i = 0; i < messages; i++) {
        entries[2 * i] = message (owner, key (bench->store), text (bench->store, "message %u", i));
        entries[2 * i + 1] = change (owner, key (bench->store), guest, i % 2 ? PT_change_KICKED : PT_change_JOINED,
                                     i % 2 ? PT_role_none : PT_role_MEMBER);
    }
    const pt_append_results_t *results = append (bench->store, room, entries, 2 * messages);
    for (unsigned i = 0; i < 2 * messages; i++)
        assert_int_equal (results->results.at[i].status, 0);
    return room;
}

/*  Each page ends right before the one that was read: the time of its first message is where the
    next begins. */
static void test_times_are_exact_positions_among_messages_alone (void **state)
{
    enum { MESSAGES = 20, PAGE = 3 };
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_mixed_room (bench, owner, MESSAGES);
    pt_history_query_t query = {
        .account = owner, .room = room, .limit = PAGE, .has_limit = true, .before_at = LIM_ID, .has_before_at = true};
    unsigned left = MESSAGES;
    while (left > 0) {
        const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
        assert_int_equal (page->items.count, left < PAGE ? left : PAGE);
        assert_int_equal (page->head, 2 * MESSAGES + 1);
        for (uint32_t i = page->items.count; i > 0; i--) {
            assert_int_equal (page->items.at[i - 1].kind, PT_item_kind_MESSAGE);
            assert_true (pt_str_eq (page->items.at[i - 1].body, text (bench->store, "message %u", --left)));
        }
        query.before_at = page->items.at[0].at;
    }
    const pt_history_page_t *none = must (bench->store, PT_OP_store_history, &query);
    assert_int_equal (none->items.count, 0);
    assert_false (none->more);
    query.before_at++;
    assert_int_equal (((const pt_history_page_t *)must (bench->store, PT_OP_store_history, &query))->items.count, 1);
    query.before_at = 0;
    assert_int_equal (((const pt_history_page_t *)must (bench->store, PT_OP_store_history, &query))->items.count, 0);
}

static void test_what_lies_below_the_floor_is_before_no_time (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_mixed_room (bench, owner, 10);
    sqlf (bench, "UPDATE room SET floor = 15 WHERE id = %llu", (unsigned long long)room);
    sqlf (bench, "DELETE FROM item WHERE room = %llu AND seq <= 15", (unsigned long long)room);
    pt_history_query_t query = {.account = owner, .room = room, .before_at = LIM_ID, .has_before_at = true};
    const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
    assert_int_equal (page->items.count, 3);
    assert_int_equal (page->items.at[0].seq, 16);
    sqlf (bench, "UPDATE room SET floor = 21 WHERE id = %llu", (unsigned long long)room);
    sqlf (bench, "DELETE FROM item WHERE room = %llu", (unsigned long long)room);
    page = must (bench->store, PT_OP_store_history, &query);
    assert_int_equal (page->items.count, 0);
    assert_int_equal (page->head, 21);
}

static void test_messages_before_a_time_are_told_to_members_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    pt_history_query_t query = {.account = make_account (bench), .room = room, .before_at = 1, .has_before_at = true};
    REFUSED (bench->store, PT_OP_store_history, &query, PT_E_not_found);
    query.room = make_room (bench, PT_room_kind_PUBLIC, owner, NULL, 0);
    REFUSED (bench->store, PT_OP_store_history, &query, PT_E_not_member);
    query.account = owner;
    query.has_after = true;
    REFUSED (bench->store, PT_OP_store_history, &query, PT_E_invalid);
}

/*  Pages that PostgreSQL touches for a question as the store asks it. */
static long long touched (bench_t *bench, uint64_t owner, uint64_t room, const char *at)
{
    char owner_text[24], room_text[24], query[8192];
    snprintf (owner_text, sizeof (owner_text), "%llu", (unsigned long long)owner);
    snprintf (room_text, sizeof (room_text), "%llu", (unsigned long long)room);
    snprintf (query, sizeof (query), "EXPLAIN (ANALYZE, BUFFERS) %s", store_sql_text (STORE_SQL_history_before_at));
    const char *values[] = {owner_text, room_text, at, "15", "1000000"};
    PGresult *plan = PQexecParams (bench->sql, query, 5, NULL, values, NULL, NULL, 0);
    long long pages = -1, read = 0;
    for (int row = 0; pages < 0 && row < PQntuples (plan); row++) {
        const char *line = strstr (PQgetvalue (plan, row, 0), "Buffers: shared hit=");
        if (line && sscanf (line, "Buffers: shared hit=%lld read=%lld", &pages, &read) > 0)
            pages += read;
    }
    if (pages < 0)
        fail_msg ("%s", PQresultErrorMessage (plan));
    PQclear (plan);
    return pages;
}

/*  What is read of a large room is a page, and a row for each halving. */
static void test_a_time_is_found_without_reading_the_room (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    sqlf (bench,
          "INSERT INTO item (room, seq, id, created_at, sender, kind, send_id, body) SELECT %llu, s, s,"
          " timestamptz '2100-01-01Z' + s * interval '1 us', %llu, 1, 'k' || s, 'text' FROM generate_series (2, "
          "100000) s",
          (unsigned long long)room, (unsigned long long)owner);
    sql (bench->sql, "VACUUM ANALYZE item");
    static const char *const times[] = {"2100-01-01T00:00:00.054321Z", "1999-01-01Z", "2999-01-01Z"};
    for (size_t i = 0; i < COUNT_OF (times); i++)
        assert_in_range (touched (bench, owner, room, times[i]), 10, 200);
    pt_history_query_t query = {.account = owner, .room = room, .limit = 15, .has_limit = true, .has_before_at = true};
    query.before_at =
        (int64_t)sql (bench->sql, "SELECT extract (epoch FROM timestamptz '2100-01-01Z')::bigint") * 1000000 + 54321;
    const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
    assert_int_equal (page->items.count, 15);
    assert_int_equal (page->items.at[14].seq, 54320);
}

/*  Each once, with the address that some dialects show; not who has gone. */
static void test_a_range_tells_who_sent_it_when_asked (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), other = make_account (bench), gone = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, (const uint64_t[]){other, gone}, 2);
    uint64_t after = say (bench, room, other, "one") - 1;
    say (bench, room, other, "two");
    say (bench, room, gone, "three");
    pt_range_query_t query = {.room = room, .after = after, .limit = 10};
    assert_false (((const pt_history_page_t *)must (bench->store, PT_OP_store_range, &query))->has_senders);
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = gone, .by = gone});
    query.senders = query.has_senders = true;
    const pt_history_page_t *page = must (bench->store, PT_OP_store_range, &query);
    assert_int_equal (page->items.count, 3);
    assert_int_equal (page->senders.count, 1);
    assert_int_equal (page->senders.at[0].id, other);
    assert_true (page->senders.at[0].has_login);
    query.after = after + 3;
    page = must (bench->store, PT_OP_store_range, &query);
    assert_int_equal (page->senders.count, 0);
}

static void test_a_page_stops_at_its_bytes (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    static char body[LIM_BODY];
    memset (body, 'x', sizeof (body));
    pt_append_entry_t entries[LIM_APPEND];
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 50; i++)
            entries[i] = message (owner, key (bench->store), (pt_str_t){body, LIM_BODY});
        append (bench->store, room, entries, 50);
    }
    pt_history_query_t query = {.account = owner, .room = room, .limit = 100, .has_limit = true, .has_after = true};
    uint64_t seen = 0;
    bool more;
    do {
        query.after = seen;
        const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
        assert_in_range (page->items.count, 1, 48);
        assert_int_equal (page->items.at[0].seq, seen + 1);
        seen = page->items.at[page->items.count - 1].seq;
        more = page->more;
    } while (more);
    assert_int_equal (seen, 101);
    query.has_after = false;
    query.around = 50;
    query.has_around = true;
    const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
    assert_true (page->items.at[0].seq < 50 && page->items.at[page->items.count - 1].seq > 50);
    const pt_sync_page_t *sync =
        must (bench->store, PT_OP_store_sync, &(pt_sync_query_t){.account = owner, .limit = 50, .has_limit = true});
    assert_true (sync->more);
    assert_in_range (sync->rooms.at[0].items.count, 20, 40);
    assert_int_equal (sync->rooms.at[0].items.at[sync->rooms.at[0].items.count - 1].seq, 101);
}

static void test_the_read_position_goes_forward_and_not_past_the_head (void **state)
{
    static const struct {
        uint64_t asked, read;
    } rows[] = {{2, 2}, {1, 2}, {4, 4}, {99, 5}, {3, 5}};
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), room = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    for (unsigned i = 0; i < 4; i++)
        say (bench, room, owner, "text");
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        must (bench->store, PT_OP_store_read, &(pt_read_set_t){.account = owner, .room = room, .seq = rows[i].asked});
        const pt_room_t *view =
            must (bench->store, PT_OP_store_room_get, &(pt_room_ref_t){.account = owner, .room = room});
        assert_int_equal (view->read, rows[i].read);
        assert_int_equal (view->unread, 5 - rows[i].read);
    }
}

static void test_heads_leave_out_what_is_gone (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), rooms[3];
    rooms[0] = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    rooms[1] = 999999;
    rooms[2] = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    say (bench, rooms[2], owner, "text");
    const pt_heads_t *heads = must (bench->store, PT_OP_store_heads, &(pt_head_query_t){.rooms = {rooms, 3}});
    assert_int_equal (heads->heads.count, 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal (heads->heads.at[i].seq, heads->heads.at[i].room == rooms[2] ? 2 : 1);
    heads = must (bench->store, PT_OP_store_heads, &(pt_head_query_t){.rooms = {rooms, 0}});
    assert_int_equal (heads->heads.count, 0);
}

static void test_sync_gives_the_liveliest_rooms_with_members_and_items (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), guest = make_account (bench), rooms[3];
    for (unsigned i = 0; i < 3; i++)
        rooms[i] = make_room (bench, PT_room_kind_GROUP, owner, &guest, 1);
    for (unsigned i = 0; i < 4; i++)
        say (bench, rooms[1], guest, "text");
    pt_sync_query_t query = {.account = owner, .limit = 3, .has_limit = true};
    const pt_sync_page_t *page = must (bench->store, PT_OP_store_sync, &query);
    assert_int_equal (page->rooms.count, 3);
    assert_false (page->more);
    const pt_sync_room_t *part = &page->rooms.at[0];
    assert_int_equal (part->room->id, rooms[1]);
    assert_true (pt_str_eq (part->room->name, PT_LIT ("a room")));
    assert_int_equal (part->room->head, 6);
    assert_int_equal (part->members.count, 2);
    assert_int_equal (part->members.at[0].account, owner);
    assert_int_equal (part->items.count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal (part->items.at[i].seq, 4 + i);
    assert_int_equal (page->rooms.at[1].items.count, 2);
    query.rooms.at = &rooms[2];
    query.rooms.count = 1;
    query.has_rooms = true;
    query.limit = 0;
    page = must (bench->store, PT_OP_store_sync, &query);
    assert_int_equal (page->rooms.count, 1);
    assert_int_equal (page->rooms.at[0].room->id, rooms[2]);
    assert_int_equal (page->rooms.at[0].items.count, 0);
    assert_false (page->more);
    query.account = make_account (bench);
    page = must (bench->store, PT_OP_store_sync, &query);
    assert_int_equal (page->rooms.count, 0);
}

static void test_the_largest_sync_fits_one_frame (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    char query[1024];
    snprintf (
        query, sizeof (query),
        "WITH a AS (INSERT INTO account (login, name) SELECT repeat ('l', 58) || lpad (n::text, 6, '0'),"
        " repeat ('n', 128) FROM generate_series (1, 60) n RETURNING id),"
        " r AS (INSERT INTO room (kind, name, topic, created_by) SELECT 2, repeat ('r', 128), repeat ('t', 1024), %llu"
        " FROM generate_series (1, 120) RETURNING id),"
        " m AS (INSERT INTO member SELECT r.id, a.id, 2, now (), 1 FROM r, (SELECT id FROM a UNION SELECT %llu) a)"
        " INSERT INTO item (room, seq, id, created_at, sender, kind, send_id, body)"
        " SELECT r.id, s, r.id * 1000000 + s, now () + s * interval '1 us', %llu, 1, repeat ('s', 55) || s,"
        " repeat ('b', 300) FROM r, generate_series (1, 60) s",
        (unsigned long long)owner, (unsigned long long)owner, (unsigned long long)owner);
    sql (bench->sql, query);
    pt_sync_query_t sync = {.account = owner, .limit = 50, .has_limit = true};
    const harness_frame_t *frame =
        harness_reply (bench->store, harness_request (bench->store, PT_OP_store_sync, &sync));
    assert_int_equal (frame->envelope.status, 0);
    assert_in_range (frame->body_len, 500000, LIM_FRAME);
    const pt_sync_page_t *page = frame->msg;
    assert_true (page->more);
    assert_int_equal (page->rooms.count, LIM_SYNC_ROOMS);
    for (uint32_t i = 0; i < page->rooms.count; i++) {
        assert_in_range (page->rooms.at[i].items.count, 5, 20);
        assert_int_equal (page->rooms.at[i].items.at[page->rooms.at[i].items.count - 1].seq, 60);
        assert_in_range (page->rooms.at[i].members.count, 5, 20);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_history_pages_in_every_direction),
        TEST (test_a_range_tells_who_sent_it_when_asked),
        TEST (test_times_are_exact_positions_among_messages_alone),
        TEST (test_what_lies_below_the_floor_is_before_no_time),
        TEST (test_messages_before_a_time_are_told_to_members_alone),
        TEST (test_a_time_is_found_without_reading_the_room),
        TEST (test_a_page_stops_at_its_bytes),
        TEST (test_the_read_position_goes_forward_and_not_past_the_head),
        TEST (test_heads_leave_out_what_is_gone),
        TEST (test_sync_gives_the_liveliest_rooms_with_members_and_items),
        TEST (test_the_largest_sync_fits_one_frame),
    };
    return cmocka_run_group_tests_name ("store_ops_item", tests, open_group, close_group);
}
