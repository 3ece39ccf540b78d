/*  store_ops_room_create_test - rooms of dialects on a real database: who makes, changes and
    deletes them, and what they are called. */

#include "store_dialect_fixture.h"

static void test_each_dialect_gives_its_rooms_a_kind_and_an_address (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), other = make_account (bench);
    static const struct {
        pt_room_dialect_t dialect;
        pt_room_kind_t kind;
        const char *prefix;
        size_t digits;
        bool has_other;
    } rows[] = {
        {PT_room_dialect_PUBLIC, PT_room_kind_PUBLIC, NULL, 0, false},
        {PT_room_dialect_CHAT, PT_room_kind_GROUP, NULL, 0, false},
        {PT_room_dialect_CLOCK, PT_room_kind_GROUP, "chat_", 8, false},
        {PT_room_dialect_MEMBER, PT_room_kind_GROUP, "team_", 5, true},
    };
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        const pt_room_t *room = make_room_of (bench, rows[i].dialect, staff, &other, rows[i].has_other);
        assert_int_equal (room->kind, rows[i].kind);
        assert_true (room->has_dialect && room->dialect == rows[i].dialect);
        assert_int_equal (room->uuid.len, 36);
        assert_int_equal (room->role, PT_role_OWNER);
        assert_int_equal (room->head, rows[i].has_other ? 2 : 1);
        assert_true (room->updated_at == room->created_at && room->active_at >= room->created_at);
        assert_false (room->has_last);
        assert_int_equal (room->has_address, rows[i].digits > 0);
        size_t len = rows[i].prefix ? strlen (rows[i].prefix) : 0;
        assert_int_equal (room->address.len, len + rows[i].digits);
        if (len)
            assert_memory_equal (room->address.at, rows[i].prefix, len);
    }
}

static void test_a_clock_room_needs_no_name_and_a_native_room_no_dialect (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench);
    pt_room_create_t create = room_of (bench, PT_room_dialect_CLOCK, owner, "");
    create.has_name = false;
    assert_false (((const pt_room_t *)must (bench->store, PT_OP_store_room_create, &create))->has_name);
    create.key = key (bench->store);
    create.dialect = PT_room_dialect_CHAT;
    assert_fault (refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid), "name", "missing");
    create.room_address = PT_LIT ("lobby");
    create.has_room_address = true;
    assert_fault (refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid), "room_address", "not_one_of");

    uint64_t native = make_room (bench, PT_room_kind_GROUP, owner, NULL, 0);
    const pt_room_t *room =
        must (bench->store, PT_OP_store_room_get, &(pt_room_ref_t){.account = owner, .room = native});
    assert_false (room->has_uuid || room->has_address || room->has_dialect || room->has_updated_at ||
                  room->has_active_at || room->has_last);
}

static void test_a_repeat_has_the_same_address_and_another_room_of_that_name_another (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), other = make_account (bench);
    pt_room_create_t create = room_of (bench, PT_room_dialect_MEMBER, owner, "My Röom");
    create.members.at = &other;
    create.members.count = 1;
    create.has_members = true;
    const pt_room_t *first = must (bench->store, PT_OP_store_room_create, &create);
    uint64_t id = first->id;
    pt_str_t address = text (bench->store, "%.*s", (int)first->address.len, first->address.at);
    assert_memory_equal (address.at, "my-room_", 8);
    const pt_room_t *again = must (bench->store, PT_OP_store_room_create, &create);
    assert_true (again->id == id && pt_str_eq (again->address, address));
    /*  Another maker's key makes the same digits: the next ones are taken. */
    create.account = other;
    create.members.at = &owner;
    const pt_room_t *twin = must (bench->store, PT_OP_store_room_create, &create);
    assert_true (twin->id != id && !pt_str_eq (twin->address, address));
    assert_memory_equal (twin->address.at, "my-room_", 8);
    create.name = PT_LIT ("Another");
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_conflict);
}

static void test_a_room_without_a_free_address_is_refused (void **state)
{
    enum { TRIES = 8 };
    bench_t *bench = *state;
    uint64_t other = make_account (bench);
    pt_room_create_t create = room_of (bench, PT_room_dialect_CLOCK, 0, "x");
    for (unsigned i = 0; i <= TRIES; i++) {
        create.account = make_account (bench);
        if (i < TRIES)
            must (bench->store, PT_OP_store_room_create, &create);
    }
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_taken);
    create.account = other;
    create.key = key (bench->store);
    must (bench->store, PT_OP_store_room_create, &create);
}

static pt_room_create_t opening (bench_t *bench, uint64_t account, const char *address)
{
    pt_room_create_t create = room_of (bench, PT_room_dialect_OPEN, account, address);
    create.room_address = create.name;
    create.has_room_address = true;
    return create;
}

static void test_an_open_room_is_made_by_the_first_and_found_by_the_others (void **state)
{
    bench_t *bench = *state;
    uint64_t first = make_account (bench), second = make_account (bench);
    pt_room_create_t create = opening (bench, first, "first_come");
    const pt_room_t *made = must (bench->store, PT_OP_store_room_create, &create);
    uint64_t id = made->id;
    assert_int_equal (made->kind, PT_room_kind_PUBLIC);
    assert_true (made->dialect == PT_room_dialect_OPEN && pt_str_eq (made->address, PT_LIT ("first_come")));
    assert_true (made->created_by == first && made->role == PT_role_OWNER && made->head == 1);
    create = opening (bench, second, "first_come");
    const pt_room_t *found = must (bench->store, PT_OP_store_room_create, &create);
    assert_true (found->id == id && found->created_by == first && !found->has_role);
    create.key = key (bench->store);
    create.has_room_address = false;
    assert_fault (refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid), "room_address", "missing");
}

/*  The faster one's row is there and not to be seen until its transaction is over. */
static void test_who_makes_an_open_room_at_the_same_time_gets_the_one_of_the_faster (void **state)
{
    bench_t *bench = *state;
    uint64_t accounts[] = {make_account (bench), make_account (bench), make_account (bench), make_account (bench)};
    for (unsigned round = 0; round < 8; round++) {
        uint64_t requests[COUNT_OF (accounts)], room = 0;
        const char *address = text (bench->store, "race%u", round).at;
        for (size_t i = 0; i < COUNT_OF (accounts); i++) {
            pt_room_create_t create = opening (bench, accounts[i], address);
            requests[i] = harness_request (bench->store, PT_OP_store_room_create, &create);
        }
        for (size_t i = 0; i < COUNT_OF (accounts); i++) {
            const harness_frame_t *frame = harness_reply (bench->store, requests[i]);
            assert_int_equal (frame->envelope.status, 0);
            const pt_room_t *got = frame->msg;
            assert_true (room == 0 || got->id == room);
            room = got->id;
        }
    }
}

static void test_an_open_room_does_not_take_the_address_of_another_dialect (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), other = make_account (bench);
    const pt_room_t *room = make_room_of (bench, PT_room_dialect_MEMBER, owner, &other, 1);
    pt_str_t address = text (bench->store, "%.*s", (int)room->address.len, room->address.at);
    pt_room_create_t create = opening (bench, other, address.at);
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_taken);
}

static void test_a_member_room_is_for_two_at_least_who_exist (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), people[3] = {owner, make_account (bench), 99999999};
    pt_room_create_t create = room_of (bench, PT_room_dialect_MEMBER, owner, "Team");
    assert_fault (refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid), "members", "too_short");
    create.members.at = people;
    create.members.count = 1;
    create.has_members = true;
    assert_fault (refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid), "members", "too_short");
    create.members.count = 3;
    const pt_error_t *error = refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid);
    assert_fault (error, "members", "not_found");
    assert_true (pt_str_eq (error->errors.at[0].detail, PT_LIT ("99999999")));
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM room WHERE created_by = %llu", (unsigned long long)owner), 0);
    create.members.count = 2;
    assert_int_equal (((const pt_room_t *)must (bench->store, PT_OP_store_room_create, &create))->head, 2);
    create.key = key (bench->store);
    create.dialect = PT_room_dialect_CHAT;
    assert_fault (refusal (bench, PT_OP_store_room_create, &create, PT_E_invalid), "members", "too_long");
}

static void test_staff_alone_makes_public_rooms (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench);
    pt_room_create_t create = room_of (bench, PT_room_dialect_PUBLIC, make_account (bench), "Hall");
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_forbidden);
    create.account = staff;
    must (bench->store, PT_OP_store_room_create, &create);
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)staff);
    create.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_forbidden);
}

static pt_room_update_t renaming (bench_t *bench, uint64_t account, uint64_t room)
{
    return (pt_room_update_t){
        .account = account, .room = room, .name = PT_LIT ("other"), .has_name = true, .key = key (bench->store)};
}

static void test_staff_changes_and_deletes_public_rooms_and_their_owner_does_not (void **state)
{
    bench_t *bench = *state;
    uint64_t maker = make_staff (bench), staff = make_staff (bench), other = make_account (bench);
    uint64_t room = make_room_of (bench, PT_room_dialect_PUBLIC, maker, NULL, 0)->id;
    sqlf (bench, "UPDATE account SET staff = false WHERE id = %llu", (unsigned long long)maker);
    const uint64_t refused[] = {maker, other};
    for (size_t i = 0; i < COUNT_OF (refused); i++) {
        pt_room_update_t update = renaming (bench, refused[i], room);
        REFUSED (bench->store, PT_OP_store_room_update, &update, PT_E_forbidden);
        pt_room_change_t gone = {.account = refused[i], .room = room, .key = key (bench->store)};
        REFUSED (bench->store, PT_OP_store_room_delete, &gone, PT_E_forbidden);
    }
    pt_room_update_t update = renaming (bench, staff, room);
    const pt_room_t *changed = must (bench->store, PT_OP_store_room_update, &update);
    assert_true (pt_str_eq (changed->name, PT_LIT ("other")));
    assert_false (changed->has_role);
    assert_int_equal (
        sqlf (bench, "SELECT (updated_at > created_at)::int FROM room WHERE id = %llu", (unsigned long long)room), 1);
    pt_room_change_t gone = {.account = staff, .room = room, .key = key (bench->store)};
    must (bench->store, PT_OP_store_room_delete, &gone);
    gone.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_room_delete, &gone, PT_E_not_found);
}

static void test_a_native_room_is_its_owners_and_not_staffs (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), member = make_account (bench), staff = make_staff (bench);
    uint64_t room = make_room (bench, PT_room_kind_PUBLIC, owner, &member, 1);
    pt_room_update_t update = renaming (bench, staff, room);
    REFUSED (bench->store, PT_OP_store_room_update, &update, PT_E_not_member);
    update.account = member;
    REFUSED (bench->store, PT_OP_store_room_update, &update, PT_E_forbidden);
    update.account = owner;
    must (bench->store, PT_OP_store_room_update, &update);
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM room WHERE id = %llu AND updated_at > created_at",
                            (unsigned long long)room),
                      1);
    pt_room_change_t gone = {.account = staff, .room = room, .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_room_delete, &gone, PT_E_not_member);
    gone.account = owner;
    must (bench->store, PT_OP_store_room_delete, &gone);
}

static int verdict (bench_t *bench, uint64_t room, pt_append_entry_t entry)
{
    return (int)append (bench->store, room, &entry, 1)->results.at[0].status;
}

static void test_appends_follow_the_rules_of_the_dialect (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_staff (bench), staff = make_staff (bench);
    uint64_t member = make_account (bench), other = make_account (bench);
    uint64_t room = make_room_of (bench, PT_room_dialect_MEMBER, owner, &member, 1)->id;
#define ADDED(who, whom) change (who, key (bench->store), whom, PT_change_JOINED, PT_role_none)
    assert_int_equal (verdict (bench, room, ADDED (member, other)), 0);
    assert_int_equal (verdict (bench, room, ADDED (other, owner)), 0);
    assert_int_equal (verdict (bench, room, ADDED (staff, staff)), PT_E_not_found);
    assert_int_equal (sqlf (bench, "SELECT role FROM member WHERE room = %llu AND account = %llu",
                            (unsigned long long)room, (unsigned long long)owner),
                      PT_role_OWNER);
    room = make_room_of (bench, PT_room_dialect_PUBLIC, owner, NULL, 0)->id;
    sqlf (bench, "UPDATE account SET staff = false WHERE id = %llu", (unsigned long long)owner);
    assert_int_equal (verdict (bench, room, ADDED (owner, member)), PT_E_forbidden);
    assert_int_equal (verdict (bench, room, ADDED (staff, member)), 0);
    assert_int_equal (verdict (bench, room, change (owner, key (bench->store), member, PT_change_KICKED, 0)),
                      PT_E_forbidden);
    assert_int_equal (verdict (bench, room, change (staff, key (bench->store), member, PT_change_KICKED, 0)), 0);
    assert_int_equal (verdict (bench, room, message (other, key (bench->store), PT_LIT ("not in"))), 0);
#undef ADDED
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)
    const struct CMUnitTest tests[] = {
        TEST (test_each_dialect_gives_its_rooms_a_kind_and_an_address),
        TEST (test_a_clock_room_needs_no_name_and_a_native_room_no_dialect),
        TEST (test_a_repeat_has_the_same_address_and_another_room_of_that_name_another),
        TEST (test_a_room_without_a_free_address_is_refused),
        TEST (test_an_open_room_is_made_by_the_first_and_found_by_the_others),
        TEST (test_who_makes_an_open_room_at_the_same_time_gets_the_one_of_the_faster),
        TEST (test_an_open_room_does_not_take_the_address_of_another_dialect),
        TEST (test_a_member_room_is_for_two_at_least_who_exist),
        TEST (test_staff_alone_makes_public_rooms),
        TEST (test_staff_changes_and_deletes_public_rooms_and_their_owner_does_not),
        TEST (test_a_native_room_is_its_owners_and_not_staffs),
        TEST (test_appends_follow_the_rules_of_the_dialect),
    };
    return cmocka_run_group_tests (tests, open_group, close_group);
}
