/*  store_ops_test - the operations on a real database: who sees what, keys,
    pages, one snapshot. */

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

/*  ---- items ---------------------------------------------------------------------------- */

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
        TEST (test_history_pages_in_every_direction),
        TEST (test_a_page_stops_at_its_bytes),
        TEST (test_the_read_position_goes_forward_and_not_past_the_head),
        TEST (test_heads_leave_out_what_is_gone),
        TEST (test_sync_gives_the_liveliest_rooms_with_members_and_items),
        TEST (test_the_largest_sync_fits_one_frame),
    };
    return cmocka_run_group_tests_name ("store_ops", tests, open_group, close_group);
}
