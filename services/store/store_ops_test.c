/*  store_ops_test - accounts, sessions and rooms on a real database: who sees what, keys, pages. */

#include "store_fixture.h"

/*  ---- accounts ------------------------------------------------------------------ */

static void test_an_account_is_made_found_and_changed (void **state)
{
    bench_t *bench = *state;
    pt_account_insert_t insert = {
        .login = PT_LIT ("Alice"),
        .has_login = true,
        .email = PT_LIT ("Alice@Example.org"),
        .has_email = true,
        .name = PT_LIT ("Älice"),
        .has_name = true,
        .password_hash = PT_LIT ("argon"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = key (bench->store),
    };
    const pt_account_t *account = must (bench->store, PT_OP_store_account_create, &insert);
    uint64_t id = account->id;
    assert_true (pt_str_eq (account->email, PT_LIT ("alice@example.org")));
    assert_true (account->created_at > 1700000000000000);

    static const char *const identifiers[] = {"alice", "ALICE", "alice@example.org", "ALICE@EXAMPLE.ORG"};
    for (size_t i = 0; i < COUNT_OF (identifiers); i++) {
        pt_account_find_t find = {.identifier = pt_str (identifiers[i])};
        const pt_account_secret_t *secret = must (bench->store, PT_OP_store_account_find, &find);
        assert_int_equal (secret->account->id, id);
        assert_true (pt_str_eq (secret->password_hash, PT_LIT ("argon")));
        assert_true (secret->active);
    }
    REFUSED (bench->store, PT_OP_store_account_find, &(pt_account_find_t){.identifier = PT_LIT ("bob")},
             PT_E_not_found);

    uint64_t other = make_account (bench);
    const pt_account_t *seen = must (bench->store, PT_OP_store_account_get, &(pt_account_ref_t){.account = id});
    assert_true (seen->has_email);
    pt_account_ref_t ref = {.account = other, .id = id, .has_id = true};
    seen = must (bench->store, PT_OP_store_account_get, &ref);
    assert_int_equal (seen->id, id);
    assert_false (seen->has_email);
    ref.id = 999999;
    REFUSED (bench->store, PT_OP_store_account_get, &ref, PT_E_not_found);

    pt_account_update_t update = {.account = id, .name = PT_LIT ("Al"), .has_name = true, .key = key (bench->store)};
    seen = must (bench->store, PT_OP_store_account_update, &update);
    assert_true (pt_str_eq (seen->name, PT_LIT ("Al")));
}

static void test_login_and_address_are_taken_once_whatever_their_case (void **state)
{
    bench_t *bench = *state;
    pt_account_insert_t insert = {
        .login = PT_LIT ("Carol"),
        .has_login = true,
        .email = PT_LIT ("carol@example.org"),
        .has_email = true,
        .password_hash = PT_LIT ("argon"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = key (bench->store),
    };
    must (bench->store, PT_OP_store_account_create, &insert);
    insert.key = key (bench->store);
    insert.login = PT_LIT ("cAROL");
    insert.email = PT_LIT ("other@example.org");
    REFUSED (bench->store, PT_OP_store_account_create, &insert, PT_E_taken);
    insert.login = PT_LIT ("dave");
    insert.email = PT_LIT ("CAROL@example.org");
    REFUSED (bench->store, PT_OP_store_account_create, &insert, PT_E_taken);
    insert.email = PT_LIT ("dave@example.org");
    must (bench->store, PT_OP_store_account_create, &insert);
    /*  Who takes another's address for a login does not stand in the other's way. */
    insert.key = key (bench->store);
    insert.login = PT_LIT ("Dave@example.org");
    insert.has_email = false;
    must (bench->store, PT_OP_store_account_create, &insert);
    pt_account_find_t find = {.identifier = PT_LIT ("dave@example.org")};
    const pt_account_secret_t *secret = must (bench->store, PT_OP_store_account_find, &find);
    assert_true (pt_str_eq (secret->account->login, PT_LIT ("dave")));
}

static void test_a_repeated_create_gets_the_first_answer_or_a_conflict (void **state)
{
    bench_t *bench = *state;
    pt_account_insert_t insert = {
        .login = PT_LIT ("erin"),
        .has_login = true,
        .password_hash = PT_LIT ("argon one"),
        .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
        .key = PT_LIT ("erin's key"),
    };
    const pt_account_t *first = must (bench->store, PT_OP_store_account_create, &insert);
    uint64_t id = first->id;
    int64_t at = first->created_at;
    /*  The lost reply: sent again, the password hashed anew. */
    insert.password_hash = PT_LIT ("argon two");
    const pt_account_t *again = must (bench->store, PT_OP_store_account_create, &insert);
    assert_int_equal (again->id, id);
    assert_true (again->created_at == at);
    insert.hash = PT_LIT ("another password's hash, 32 byte");
    REFUSED (bench->store, PT_OP_store_account_create, &insert, PT_E_conflict);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM account WHERE login = 'erin'"), 1);
}

static void test_equal_creates_at_once_are_one (void **state)
{
    enum { TIMES = 20 };
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), waiting[TIMES], room = 0;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    pt_room_create_t create = {.account = owner, .name = PT_LIT ("once"), .has_name = true, .key = key (bench->store)};
    for (unsigned i = 0; i < TIMES; i++)
        waiting[i] = harness_request (stores[i & 1], PT_OP_store_room_create, &create);
    for (unsigned i = 0; i < TIMES; i++) {
        const harness_frame_t *frame = harness_reply (stores[i & 1], waiting[i]);
        assert_int_equal (frame->envelope.status, 0);
        const pt_room_t *reply = frame->msg;
        assert_true (room == 0 || room == reply->id);
        room = reply->id;
    }
    harness_destroy (&stores[1]);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM room WHERE name = 'once'"), 1);
}

static void test_a_refused_request_leaves_its_key_free (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), nobody = 999999;
    pt_room_create_t create = {.account = owner,
                               .name = PT_LIT ("r"),
                               .has_name = true,
                               .members = {&nobody, 1},
                               .has_members = true,
                               .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_not_found);
    create.has_members = false;
    must (bench->store, PT_OP_store_room_create, &create);
}

static void test_accounts_are_found_by_their_beginning_page_by_page (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_account (bench), last = 0;
    for (unsigned i = 0; i < 7; i++) {
        pt_account_insert_t insert = {
            .login = text (bench->store, i < 5 ? "PREfix%u" : "other%u", i),
            .has_login = true,
            .name = i < 5 ? PT_LIT ("x") : PT_LIT ("Prefixed"),
            .has_name = true,
            .password_hash = PT_LIT ("argon"),
            .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
            .key = key (bench->store),
        };
        must (bench->store, PT_OP_store_account_create, &insert);
    }
    pt_account_query_t query = {.account = me, .q = PT_LIT ("prefix"), .has_q = true, .limit = 3, .has_limit = true};
    unsigned total = 0;
    do {
        const pt_account_page_t *page = must (bench->store, PT_OP_store_account_list, &query);
        for (uint32_t i = 0; i < page->items.count; i++) {
            assert_true (page->items.at[i].id > last);
            last = page->items.at[i].id;
        }
        total += page->items.count;
        query.has_cursor = page->has_next;
        query.cursor = page->next;
    } while (query.has_cursor);
    assert_int_equal (total, 7);
    query.q = PT_LIT ("%");
    assert_int_equal (((const pt_account_page_t *)must (bench->store, PT_OP_store_account_list, &query))->items.count,
                      0);
    query.has_cursor = true;
    query.cursor = PT_LIT ("12x");
    REFUSED (bench->store, PT_OP_store_account_list, &query, PT_E_invalid);
}

/*  ---- sessions -------------------------------------------------------------------- */

#define HASH_A PT_LIT ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
#define HASH_B PT_LIT ("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
#define HASH_C PT_LIT ("cccccccccccccccccccccccccccccccc")
#define HASH_D PT_LIT ("dddddddddddddddddddddddddddddddd")

static void test_a_refresh_token_works_once_and_its_reuse_ends_the_family (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench), session = make_session (bench, account, HASH_A);
    pt_session_rotate_t rotate = {
        .token_hash = HASH_A, .next_hash = HASH_B, .expires_at = sv_wall_us () + 3600000000, .grace_ms = 60000};
    const pt_session_owner_t *owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
    assert_int_equal (owner->session, session);
    owner = must (bench->store, PT_OP_store_session_rotate, &rotate); /* the reply was lost */
    assert_int_equal (owner->account, account);

    rotate.token_hash = HASH_D;
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_invalid);
    rotate.token_hash = HASH_B;
    rotate.next_hash = HASH_C;
    must (bench->store, PT_OP_store_session_rotate, &rotate);

    rotate.token_hash = HASH_A; /* a thief's */
    rotate.next_hash = HASH_D;
    owner = must (bench->store, PT_OP_store_session_rotate, &rotate);
    assert_true (owner->revoked && owner->session == session && owner->account == account);
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    rotate.token_hash = HASH_C; /* its owner's, gone with it */
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    pt_session_query_t query = {.account = account, .session = session};
    assert_int_equal (((const pt_session_page_t *)must (bench->store, PT_OP_store_session_list, &query))->items.count,
                      0);
    sql (bench->sql, "DELETE FROM credential");
}

static void test_an_expired_token_says_so (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench);
    make_session (bench, account, HASH_A);
    sql (bench->sql, "UPDATE refresh_token SET expires_at = clock_timestamp () - interval '1 second'");
    pt_session_rotate_t rotate = {
        .token_hash = HASH_A, .next_hash = HASH_B, .expires_at = sv_wall_us () + 1000000, .grace_ms = 0};
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_expired);
    sql (bench->sql, "DELETE FROM credential");
}

static void test_sessions_are_listed_and_ended_one_or_all (void **state)
{
    bench_t *bench = *state;
    uint64_t account = make_account (bench), stranger = make_account (bench);
    uint64_t first = make_session (bench, account, HASH_A), second = make_session (bench, account, HASH_B);
    pt_session_query_t query = {.account = account, .session = second};
    const pt_session_page_t *page = must (bench->store, PT_OP_store_session_list, &query);
    assert_int_equal (page->items.count, 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal (page->items.at[i].current, page->items.at[i].id == second);
    pt_session_close_t ref = {
        .account = stranger, .by = stranger, .id = first, .has_id = true, .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_session_delete, &ref, PT_E_not_found);
    ref.account = ref.by = account;
    must (bench->store, PT_OP_store_session_delete, &ref);
    must (bench->store, PT_OP_store_session_delete, &ref);
    page = must (bench->store, PT_OP_store_session_list, &query);
    assert_int_equal (page->items.count, 1);
    must (bench->store, PT_OP_store_session_delete,
          (&(pt_session_close_t){.account = account, .by = account, .key = key (bench->store)}));
    page = must (bench->store, PT_OP_store_session_list, &query);
    assert_int_equal (page->items.count, 0);
    sql (bench->sql, "DELETE FROM credential");
}

/*  ---- rooms --------------------------------------------------------------------------- */

static void test_a_room_begins_with_its_members_as_items (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), guests[3] = {make_account (bench), owner, make_account (bench)};
    pt_room_create_t create = {.account = owner,
                               .name = PT_LIT ("den"),
                               .has_name = true,
                               .topic = PT_LIT ("t"),
                               .has_topic = true,
                               .members = {guests, 3},
                               .has_members = true,
                               .key = key (bench->store)};
    const pt_room_t *room = must (bench->store, PT_OP_store_room_create, &create);
    assert_int_equal (room->kind, PT_room_kind_GROUP);
    assert_int_equal (room->head, 3);
    assert_int_equal (room->role, PT_role_OWNER);
    assert_int_equal (room->epoch, 1);
    pt_history_query_t query = {.account = owner, .room = room->id};
    const pt_history_page_t *page = must (bench->store, PT_OP_store_history, &query);
    assert_int_equal (page->items.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const pt_item_t *item = &page->items.at[i];
        assert_int_equal (item->seq, i + 1);
        assert_int_equal (item->kind, PT_item_kind_MEMBER);
        assert_int_equal (item->what, PT_change_JOINED);
        assert_int_equal (item->role, i ? PT_role_MEMBER : PT_role_OWNER);
        assert_int_equal (item->by, owner);
        assert_false (item->has_send_id);
        assert_true (i == 0 || item->at > page->items.at[i - 1].at);
    }
    assert_int_equal (page->items.at[1].account, guests[0]);
    create.has_name = false;
    create.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_invalid);
}

static void test_a_pair_has_one_direct_room (void **state)
{
    bench_t *bench = *state;
    uint64_t a = make_account (bench), b = make_account (bench), both[2] = {a, b};
    pt_room_create_t create = {.account = a,
                               .kind = PT_room_kind_DIRECT,
                               .has_kind = true,
                               .members = {&b, 1},
                               .has_members = true,
                               .key = key (bench->store)};
    uint64_t room = ((const pt_room_t *)must (bench->store, PT_OP_store_room_create, &create))->id;
    create.account = b;
    create.members.at = &a;
    create.key = key (bench->store);
    const pt_room_t *again = must (bench->store, PT_OP_store_room_create, &create);
    assert_int_equal (again->id, room);
    assert_int_equal (again->head, 2);
    assert_true (again->has_role);
    create.members.at = both;
    create.members.count = 2;
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_invalid);
    create.members.at = &b;
    create.members.count = 1;
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_invalid);

    pt_append_entry_t leave = change (a, key (bench->store), a, PT_change_LEFT, 0);
    assert_int_equal (append (bench->store, room, &leave, 1)->results.at[0].status, PT_E_forbidden);
    pt_room_change_t gone = {.account = a, .room = room, .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_room_delete, &gone, PT_E_forbidden);
}

static void test_a_stranger_learns_of_public_rooms_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), stranger = make_account (bench);
    static const pt_room_kind_t kinds[] = {PT_room_kind_PUBLIC, PT_room_kind_GROUP};
    for (size_t i = 0; i < COUNT_OF (kinds); i++) {
        uint64_t room = make_room (bench, kinds[i], owner, NULL, 0);
        int seen = i == 0 ? 0 : PT_E_not_found, member = i == 0 ? PT_E_not_member : PT_E_not_found;
        pt_room_ref_t ref = {.account = stranger, .room = room};
        REFUSED (bench->store, PT_OP_store_room_get, &ref, seen);
        REFUSED (bench->store, PT_OP_store_membership, &ref, seen);
        REFUSED (bench->store, PT_OP_store_member_list, (&(pt_member_query_t){.account = stranger, .room = room}),
                 seen);
        REFUSED (bench->store, PT_OP_store_history, (&(pt_history_query_t){.account = stranger, .room = room}), member);
        REFUSED (bench->store, PT_OP_store_read, (&(pt_read_set_t){.account = stranger, .room = room}), member);
        pt_room_update_t update = {
            .account = stranger, .room = room, .topic = PT_LIT ("x"), .has_topic = true, .key = key (bench->store)};
        REFUSED (bench->store, PT_OP_store_room_update, &update, member);
        pt_room_change_t gone = {.account = stranger, .room = room, .key = key (bench->store)};
        REFUSED (bench->store, PT_OP_store_room_delete, &gone, member);
        pt_append_entry_t entry = message (stranger, key (bench->store), PT_LIT ("x"));
        assert_int_equal (append (bench->store, room, &entry, 1)->results.at[0].status, member);
    }
}

static void test_admins_change_a_room_and_owners_delete_it (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), guest = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, &guest, 1);
    pt_room_update_t update = {
        .account = guest, .room = room, .topic = PT_LIT ("news"), .has_topic = true, .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_room_update, &update, PT_E_forbidden);
    pt_append_entry_t promote = change (owner, key (bench->store), guest, PT_change_ROLE, PT_role_ADMIN);
    append (bench->store, room, &promote, 1);
    const pt_room_t *view = must (bench->store, PT_OP_store_room_update, &update);
    assert_true (pt_str_eq (view->topic, PT_LIT ("news")));
    assert_true (pt_str_eq (view->name, PT_LIT ("a room")));

    pt_room_change_t gone = {.account = guest, .room = room, .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_room_delete, &gone, PT_E_forbidden);
    gone.account = owner;
    must (bench->store, PT_OP_store_room_delete, &gone);
    must (bench->store, PT_OP_store_room_delete, &gone);
    REFUSED (bench->store, PT_OP_store_room_get, (&(pt_room_ref_t){.account = owner, .room = room}), PT_E_not_found);
    pt_append_entry_t entry = message (owner, key (bench->store), PT_LIT ("x"));
    assert_int_equal (append (bench->store, room, &entry, 1)->results.at[0].status, PT_E_not_found);
    const pt_heads_t *heads = must (bench->store, PT_OP_store_heads, &(pt_head_query_t){.rooms = {&room, 1}});
    assert_int_equal (heads->heads.count, 0);
}

static void test_rooms_are_listed_page_by_page (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), stranger = make_account (bench);
    for (unsigned i = 0; i < 5; i++) {
        pt_room_create_t create = {.account = owner,
                                   .name = text (bench->store, "Needle %u", i),
                                   .has_name = true,
                                   .kind = i & 1 ? PT_room_kind_PUBLIC : PT_room_kind_GROUP,
                                   .has_kind = true,
                                   .key = key (bench->store)};
        must (bench->store, PT_OP_store_room_create, &create);
    }
    pt_room_query_t query = {.account = owner, .limit = 2, .has_limit = true};
    unsigned total = 0;
    do {
        const pt_room_page_t *page = must (bench->store, PT_OP_store_room_list, &query);
        for (uint32_t i = 0; i < page->items.count; i++)
            assert_int_equal (page->items.at[i].role, PT_role_OWNER);
        total += page->items.count;
        query.has_cursor = page->has_next;
        query.cursor = page->next;
    } while (query.has_cursor);
    assert_int_equal (total, 5);
    pt_room_query_t public = {
        .account = stranger, .public = true, .has_public = true, .q = PT_LIT ("needle"), .has_q = true};
    const pt_room_page_t *page = must (bench->store, PT_OP_store_room_list, &public);
    assert_int_equal (page->items.count, 2);
    assert_false (page->items.at[0].has_role);
    assert_false (page->items.at[0].has_unread);
    public.q = PT_LIT ("NEEDLE 3");
    page = must (bench->store, PT_OP_store_room_list, &public);
    assert_int_equal (page->items.count, 1);
}

static void test_members_are_listed_page_by_page (void **state)
{
    bench_t *bench = *state;
    uint64_t owner = make_account (bench), guests[4];
    for (unsigned i = 0; i < 4; i++)
        guests[i] = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, owner, guests, 4);
    pt_member_query_t query = {.account = guests[0], .room = room, .limit = 2, .has_limit = true};
    unsigned total = 0;
    do {
        const pt_member_page_t *page = must (bench->store, PT_OP_store_member_list, &query);
        for (uint32_t i = 0; i < page->items.count; i++)
            assert_int_equal (page->items.at[i].role,
                              page->items.at[i].account == owner ? PT_role_OWNER : PT_role_MEMBER);
        total += page->items.count;
        query.has_cursor = page->has_next;
        query.cursor = page->next;
    } while (query.has_cursor);
    assert_int_equal (total, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_an_account_is_made_found_and_changed),
        TEST (test_login_and_address_are_taken_once_whatever_their_case),
        TEST (test_a_repeated_create_gets_the_first_answer_or_a_conflict),
        TEST (test_equal_creates_at_once_are_one),
        TEST (test_a_refused_request_leaves_its_key_free),
        TEST (test_accounts_are_found_by_their_beginning_page_by_page),
        TEST (test_a_refresh_token_works_once_and_its_reuse_ends_the_family),
        TEST (test_an_expired_token_says_so),
        TEST (test_sessions_are_listed_and_ended_one_or_all),
        TEST (test_a_room_begins_with_its_members_as_items),
        TEST (test_a_pair_has_one_direct_room),
        TEST (test_a_stranger_learns_of_public_rooms_alone),
        TEST (test_admins_change_a_room_and_owners_delete_it),
        TEST (test_rooms_are_listed_page_by_page),
        TEST (test_members_are_listed_page_by_page),
    };
    return cmocka_run_group_tests_name ("store_ops", tests, open_group, close_group);
}
