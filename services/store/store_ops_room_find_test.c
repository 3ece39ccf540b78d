/*  store_ops_room_find_test - rooms of dialects on a real database: who finds them, under which
    names, and with whom in them; lists of them; and names of people. */

#include "store_dialect_fixture.h"

/*  Lets an account have everything that is shown of it. */
static void dress (bench_t *bench, uint64_t account)
{
    unsigned long long id = account;
    sqlf (bench,
          "UPDATE account SET email = 'p%llu@example.org', name = 'Name %llu', nickname = 'nick' WHERE id = %llu", id,
          id, id);
}

static const pt_room_detail_t *find (bench_t *bench, const pt_room_find_t *query)
{
    return must (bench->store, PT_OP_store_room_find, query);
}

static void test_a_room_is_found_by_each_of_its_names (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), other = make_account (bench);
    const pt_room_t *room = make_room_of (bench, PT_room_dialect_MEMBER, owner, &other, 1);
    uint64_t id = room->id;
    pt_room_find_t asks[3] = {finding (owner, PT_room_dialect_MEMBER, id), finding (owner, PT_room_dialect_MEMBER, 0),
                              finding (owner, PT_room_dialect_MEMBER, 0)};
    asks[1].uuid = text (bench->store, "%.*s", (int)room->uuid.len, room->uuid.at);
    asks[1].has_uuid = true;
    asks[2].address = text (bench->store, "%.*s", (int)room->address.len, room->address.at);
    asks[2].has_address = true;
    for (size_t i = 0; i < COUNT_OF (asks); i++) {
        const pt_room_detail_t *detail = find (bench, &asks[i]);
        assert_int_equal (detail->room->id, id);
        assert_int_equal (detail->people.count, 2);
        assert_int_equal (detail->people.at[0].id, owner);
        assert_int_equal (detail->people.at[1].id, other);
        assert_int_equal (detail->creator->id, owner);
        asks[i].dialect = PT_room_dialect_CHAT;
        REFUSED (bench->store, PT_OP_store_room_find, &asks[i], PT_E_not_found);
    }
    asks[0] = finding (owner, PT_room_dialect_MEMBER, 0);
    REFUSED (bench->store, PT_OP_store_room_find, &asks[0], PT_E_invalid);
    asks[1].has_room = true;
    asks[1].room = id;
    REFUSED (bench->store, PT_OP_store_room_find, &asks[1], PT_E_invalid);
    asks[0].has_room = true;
    asks[0].room = make_room (bench, PT_room_kind_PUBLIC, owner, NULL, 0);
    REFUSED (bench->store, PT_OP_store_room_find, &asks[0], PT_E_not_found);
}

static void test_who_may_see_a_room_follows_from_its_dialect (void **state)
{
    enum { NOBODY, OTHER, MEMBER, ASKERS };
    static const struct {
        pt_room_dialect_t dialect;
        int errors[ASKERS];
    } rows[] = {
        {PT_room_dialect_PUBLIC, {0, 0, 0}},
        {PT_room_dialect_CHAT, {PT_E_not_member, PT_E_not_member, 0}},
        {PT_room_dialect_CLOCK, {PT_E_not_member, 0, 0}},
        {PT_room_dialect_MEMBER, {PT_E_not_member, PT_E_not_member, 0}},
    };
    bench_t *bench = *state;
    uint64_t owner = make_staff (bench), second = make_account (bench);
    const uint64_t askers[ASKERS] = {0, make_account (bench), owner};
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        uint64_t room =
            make_room_of (bench, rows[i].dialect, owner, &second, rows[i].dialect == PT_room_dialect_MEMBER)->id;
        for (unsigned a = 0; a < ASKERS; a++) {
            pt_room_find_t query = finding (askers[a], rows[i].dialect, room);
            int status;
            (void)ask (bench->store, PT_OP_store_room_find, &query, &status);
            assert_string_equal (pt_error_name (status), pt_error_name (rows[i].errors[a]));
        }
    }
}

static void test_an_address_is_shown_in_member_rooms_and_to_oneself (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_staff (bench), other = make_account (bench);
    dress (bench, owner);
    dress (bench, other);
    pt_room_find_t query =
        finding (owner, PT_room_dialect_MEMBER, make_room_of (bench, PT_room_dialect_MEMBER, owner, &other, 1)->id);
    const pt_room_detail_t *detail = find (bench, &query);
    for (uint32_t i = 0; i < 2; i++) {
        const pt_person_t *person = &detail->people.at[i];
        assert_true (person->has_email && person->has_name && person->has_nickname && person->has_login);
        assert_true (person->has_active && person->active);
        assert_false (person->has_friend || person->has_avatar);
        assert_int_equal (person->uuid.len, 36);
    }
    query = finding (owner, PT_room_dialect_PUBLIC, make_room_of (bench, PT_room_dialect_PUBLIC, owner, NULL, 0)->id);
    pt_append_entry_t join = change (other, key (bench->store), other, PT_change_JOINED, PT_role_none);
    append (bench->store, query.room, &join, 1);
    detail = find (bench, &query);
    assert_true (detail->people.at[0].has_email && detail->creator->has_email);
    assert_false (detail->people.at[1].has_email);
    query.account = other;
    detail = find (bench, &query);
    assert_false (detail->people.at[0].has_email || detail->creator->has_email);
    assert_true (detail->people.at[1].has_email);
}

static void test_a_chat_room_says_what_was_said_last (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), other = make_account (bench);
    pt_room_find_t query =
        finding (owner, PT_room_dialect_CHAT, make_room_of (bench, PT_room_dialect_CHAT, owner, NULL, 0)->id);
    const pt_room_detail_t *detail = find (bench, &query);
    assert_false (detail->room->has_last);
    int64_t began = detail->room->active_at;
    say (bench, query.room, owner, "first");
    say (bench, query.room, owner, "second");
    pt_append_entry_t join = change (owner, key (bench->store), other, PT_change_JOINED, PT_role_none);
    append (bench->store, query.room, &join, 1);
    detail = find (bench, &query);
    assert_true (pt_str_eq (detail->room->last, PT_LIT ("second")));
    assert_true (detail->room->active_at > began);
    assert_int_equal (detail->room->head, 4);
}

/*  ---- lists ------------------------------------------------------------------------ */

static void test_all_see_all_public_rooms_with_the_ids_of_who_is_in (void **state)
{
    enum { ROOMS = 5 };
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), other = make_account (bench), rooms[ROOMS];
    sql (bench->sql, "DELETE FROM room");
    for (unsigned i = 0; i < ROOMS; i++)
        rooms[i] = make_room_of (bench, PT_room_dialect_PUBLIC, staff, NULL, 0)->id;
    make_room_of (bench, PT_room_dialect_CHAT, staff, NULL, 0);
    make_room (bench, PT_room_kind_PUBLIC, staff, NULL, 0);
    pt_append_entry_t join = change (other, key (bench->store), other, PT_change_JOINED, PT_role_none);
    append (bench->store, rooms[1], &join, 1);
    pt_room_index_t query = {.account = other, .dialect = PT_room_dialect_PUBLIC, .limit = 2, .has_limit = true};
    query.has_offset = true;
    for (query.offset = 0; query.offset < ROOMS; query.offset += 2) {
        const pt_room_details_t *page = must (bench->store, PT_OP_store_room_index, &query);
        assert_true (page->has_total && page->total == ROOMS);
        assert_int_equal (page->items.count, query.offset + 2 <= ROOMS ? 2 : 1);
        for (uint32_t i = 0; i < page->items.count; i++) {
            const pt_room_detail_t *item = &page->items.at[i];
            assert_int_equal (item->room->id, rooms[query.offset + i]);
            assert_true (pt_str_eq (item->room->name, PT_LIT ("Team")));
            assert_int_equal (item->people.count, item->room->id == rooms[1] ? 2 : 1);
            assert_int_equal (item->people.at[0].id, staff);
            assert_int_equal (item->people.at[0].uuid.len, 36);
            assert_false (item->people.at[0].has_login || item->has_creator);
        }
    }
    const pt_room_details_t *page = must (bench->store, PT_OP_store_room_index, &query);
    assert_true (page->items.count == 0 && page->total == ROOMS);
}

static void test_a_page_of_crowded_rooms_is_cut_and_goes_on (void **state)
{
    enum { ROOMS = 20, PEOPLE = 1100 };
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench);
    sql (bench->sql, "DELETE FROM room");
    for (unsigned i = 0; i < ROOMS; i++)
        make_room_of (bench, PT_room_dialect_PUBLIC, staff, NULL, 0);
    sqlf (bench,
          "WITH a AS (INSERT INTO account (login) SELECT 'crowd' || n FROM generate_series (1, %d) n RETURNING id)"
          " INSERT INTO member (room, account, role, joined_at, joined_seq)"
          " SELECT r.id, a.id, 2, clock_timestamp (), a.id FROM room r CROSS JOIN a",
          PEOPLE);
    pt_room_index_t query = {.account = staff, .dialect = PT_room_dialect_PUBLIC, .limit = LIM_PAGE, .has_limit = true};
    query.has_offset = true;
    unsigned pages = 0;
    while (query.offset < ROOMS) {
        const pt_room_details_t *page = must (bench->store, PT_OP_store_room_index, &query);
        assert_in_range (page->items.count, 1, ROOMS - 1);
        assert_int_equal (page->items.at[0].people.count, LIM_ROOM_PEOPLE);
        query.offset += page->items.count;
        pages++;
    }
    assert_in_range (pages, 2, 4);
    sql (bench->sql, "DELETE FROM room");
    sql (bench->sql, "DELETE FROM member WHERE account IN (SELECT id FROM account WHERE login LIKE 'crowd%')");
    sql (bench->sql, "DELETE FROM account WHERE login LIKE 'crowd%'");
}

static void test_ones_own_rooms_come_latest_active_first (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), other = make_account (bench), rooms[3];
    for (unsigned i = 0; i < COUNT_OF (rooms); i++)
        rooms[i] = make_room_of (bench, PT_room_dialect_CHAT, owner, NULL, 0)->id;
    make_room_of (bench, PT_room_dialect_CHAT, other, NULL, 0);
    make_room_of (bench, PT_room_dialect_CLOCK, owner, NULL, 0);
    make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    say (bench, rooms[0], owner, "late");
    uint64_t direct = make_room (bench, PT_room_kind_DIRECT, owner, &other, 1);
    sqlf (bench, "UPDATE room SET dialect = 2 WHERE id = %llu", (unsigned long long)direct);
    const uint64_t expected[] = {direct, rooms[0], rooms[2], rooms[1]};
    pt_room_index_t query = {.account = owner, .dialect = PT_room_dialect_CHAT};
    const pt_room_details_t *page = must (bench->store, PT_OP_store_room_index, &query);
    assert_int_equal (page->total, COUNT_OF (expected));
    assert_int_equal (page->items.count, COUNT_OF (expected));
    for (size_t i = 0; i < COUNT_OF (expected); i++) {
        assert_int_equal (page->items.at[i].room->id, expected[i]);
        assert_int_equal (page->items.at[i].people.count, 0);
        assert_int_equal (page->items.at[i].room->has_last, i == 1);
    }
    assert_true (pt_str_eq (page->items.at[1].room->last, PT_LIT ("late")));
    query.kind = PT_room_kind_DIRECT;
    query.has_kind = true;
    page = must (bench->store, PT_OP_store_room_index, &query);
    assert_true (page->total == 1 && page->items.count == 1 && page->items.at[0].room->id == direct);
    query.kind = PT_room_kind_GROUP;
    query.offset = 1;
    query.has_offset = true;
    query.limit = 1;
    query.has_limit = true;
    page = must (bench->store, PT_OP_store_room_index, &query);
    assert_true (page->total == 3 && page->items.count == 1 && page->items.at[0].room->id == rooms[2]);
}

/*  ---- people ------------------------------------------------------------------------ */

static void test_names_are_found_for_ids_and_unknown_ones_left_out (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench), ids[] = {other, 99999999, me, other};
    dress (bench, me);
    dress (bench, other);
    pt_people_query_t query = {.account = me, .has_account = true, .ids = {ids, COUNT_OF (ids)}};
    const pt_people_t *people = must (bench->store, PT_OP_store_people, &query);
    assert_int_equal (people->items.count, 2);
    assert_true (people->items.at[0].id == me && people->items.at[0].has_email);
    assert_true (people->items.at[1].id == other && !people->items.at[1].has_email && people->items.at[1].has_login);
    query.has_account = false;
    people = must (bench->store, PT_OP_store_people, &query);
    assert_true (people->items.count == 2 && !people->items.at[0].has_email);
    sqlf (bench, "UPDATE account SET deleted_at = now () WHERE id = %llu", (unsigned long long)other);
    assert_int_equal (((const pt_people_t *)must (bench->store, PT_OP_store_people, &query))->items.count, 2);
    query.is_living = query.has_is_living = true;
    assert_int_equal (((const pt_people_t *)must (bench->store, PT_OP_store_people, &query))->items.count, 1);
    query.ids.count = 0;
    assert_int_equal (((const pt_people_t *)must (bench->store, PT_OP_store_people, &query))->items.count, 0);
}

static void test_a_person_is_oneself_or_found_by_id_or_uuid (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), other = make_account (bench);
    dress (bench, me);
    dress (bench, other);
    pt_person_ref_t query = {.account = me};
    const pt_person_t *person = must (bench->store, PT_OP_store_person, &query);
    assert_true (person->id == me && person->has_email);
    query.id = other;
    query.has_id = true;
    person = must (bench->store, PT_OP_store_person, &query);
    assert_true (person->id == other && !person->has_email);
    pt_person_ref_t named = {.account = me, .has_uuid = true, .shows_email = true, .has_shows_email = true};
    named.uuid = text (bench->store, "%.*s", (int)person->uuid.len, person->uuid.at);
    person = must (bench->store, PT_OP_store_person, &named);
    assert_true (person->id == other && person->has_email);
    named.uuid = PT_LIT ("00000000-0000-4000-8000-000000000000");
    REFUSED (bench->store, PT_OP_store_person, &named, PT_E_not_found);
    sqlf (bench, "UPDATE account SET deleted_at = now (), login = NULL, email = NULL WHERE id = %llu",
          (unsigned long long)other);
    REFUSED (bench->store, PT_OP_store_person, &query, PT_E_not_found);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)
    const struct CMUnitTest tests[] = {
        TEST (test_a_room_is_found_by_each_of_its_names),
        TEST (test_who_may_see_a_room_follows_from_its_dialect),
        TEST (test_an_address_is_shown_in_member_rooms_and_to_oneself),
        TEST (test_a_chat_room_says_what_was_said_last),
        TEST (test_all_see_all_public_rooms_with_the_ids_of_who_is_in),
        TEST (test_a_page_of_crowded_rooms_is_cut_and_goes_on),
        TEST (test_ones_own_rooms_come_latest_active_first),
        TEST (test_names_are_found_for_ids_and_unknown_ones_left_out),
        TEST (test_a_person_is_oneself_or_found_by_id_or_uuid),
    };
    return cmocka_run_group_tests (tests, open_group, close_group);
}
