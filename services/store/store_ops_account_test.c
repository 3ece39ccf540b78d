/*  store_ops_account_test - accounts on a real database: who sees what, search, staff,
    deletion and what follows from it. */

#include "store_fixture.h"

/*  ---- who sees what ------------------------------------------------------------- */

static void test_what_is_private_is_shown_to_oneself_and_to_staff_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), other = make_account (bench);
    uint64_t id = make_person (bench, "private", "private@example.org", "P", "Pry");
    const struct {
        uint64_t asker;
        bool as_staff, is_shown;
    } rows[] = {{id, false, true}, {other, false, false}, {staff, false, false}, {staff, true, true}};
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        pt_account_ref_t ref = {.account = rows[i].asker, .id = id, .has_id = true, .as_staff = rows[i].as_staff};
        ref.has_as_staff = true;
        const pt_account_t *seen = must (bench->store, PT_OP_store_account_get, &ref);
        assert_true (pt_str_eq (seen->nickname, PT_LIT ("Pry")));
        assert_int_equal (seen->has_email, rows[i].is_shown);
        assert_int_equal (seen->has_email_confirmed, rows[i].is_shown);
        assert_int_equal (seen->has_active, rows[i].is_shown);
        assert_int_equal (seen->has_staff, rows[i].is_shown);
        assert_false (seen->has_deleted);
        assert_int_equal (seen->uuid.len, 36);
    }
    pt_account_ref_t ref = {.account = other, .id = id, .has_id = true, .as_staff = true, .has_as_staff = true};
    REFUSED (bench->store, PT_OP_store_account_get, &ref, PT_E_forbidden);
    ref.account = staff;
    ref.id = 999999;
    REFUSED (bench->store, PT_OP_store_account_get, &ref, PT_E_not_found);
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)staff);
    REFUSED (bench->store, PT_OP_store_account_get, &ref, PT_E_forbidden);
}

static void test_an_account_is_found_by_its_uuid (void **state)
{
    bench_t *bench = *state;
    uint64_t id = make_account (bench);
    const pt_account_t *seen = must (bench->store, PT_OP_store_account_get, &(pt_account_ref_t){.account = id});
    pt_account_ref_t ref = {.account = id, .uuid = text (bench->store, "%.36s", seen->uuid.at), .has_uuid = true};
    seen = must (bench->store, PT_OP_store_account_get, &ref);
    assert_int_equal (seen->id, id);
    ref.uuid = PT_LIT ("00000000-0000-4000-8000-000000000000");
    REFUSED (bench->store, PT_OP_store_account_get, &ref, PT_E_not_found);
    ref.uuid = PT_LIT ("this is no uuid, but has its length.");
    REFUSED (bench->store, PT_OP_store_account_get, &ref, PT_E_invalid);
}

static void test_the_secret_of_an_account_is_found_by_id_too (void **state)
{
    bench_t *bench = *state;
    uint64_t id = make_staff (bench);
    pt_account_find_t find = {.id = id, .has_id = true};
    const pt_account_secret_t *secret = must (bench->store, PT_OP_store_account_find, &find);
    assert_int_equal (secret->account->id, id);
    assert_int_equal (secret->generation, 1);
    assert_int_equal (secret->authtoken, 1);
    assert_true (secret->staff && secret->active);
    find.id = 999999;
    REFUSED (bench->store, PT_OP_store_account_find, &find, PT_E_not_found);
    find.has_id = false;
    REFUSED (bench->store, PT_OP_store_account_find, &find, PT_E_not_found);
}

/*  ---- what is taken ----------------------------------------------------------------- */

static void test_what_is_taken_is_named (void **state)
{
    bench_t *bench = *state;
    make_person (bench, "owned", "owned@example.org", "", "");
    static const struct {
        const char *login, *email, *first, *second;
    } rows[] = {{"OWNED", "free@example.org", "login", NULL},
                {"unowned", "Owned@Example.org", "email", NULL},
                {"owneD", "owned@EXAMPLE.org", "login", "email"}};
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        pt_account_insert_t insert = {
            .login = pt_str (rows[i].login),
            .has_login = true,
            .email = pt_str (rows[i].email),
            .has_email = true,
            .password_hash = PT_LIT ("argon"),
            .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
            .key = key (bench->store),
        };
        const harness_frame_t *frame =
            harness_reply (bench->store, harness_request (bench->store, PT_OP_store_account_create, &insert));
        assert_int_equal (frame->envelope.status, PT_E_taken);
        const pt_error_t *error = frame->msg;
        assert_int_equal (error->errors.count, rows[i].second ? 2 : 1);
        assert_true (pt_str_eq (error->errors.at[0].field, pt_str (rows[i].first)));
        assert_true (pt_str_eq (error->errors.at[0].code, PT_LIT ("taken")));
        if (rows[i].second)
            assert_true (pt_str_eq (error->errors.at[1].field, pt_str (rows[i].second)));
    }
}

static void test_of_two_creations_of_one_login_one_wins (void **state)
{
    enum { ROUNDS = 20 };
    bench_t *bench = *state;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t waiting[2];
        for (unsigned i = 0; i < 2; i++) {
            pt_account_insert_t insert = {
                .login = text (stores[i], i ? "RACE%u" : "race%u", round),
                .has_login = true,
                .password_hash = PT_LIT ("argon"),
                .hash = PT_LIT ("0123456789abcdef0123456789abcdef"),
                .key = key (stores[i]),
            };
            waiting[i] = harness_request (stores[i], PT_OP_store_account_create, &insert);
        }
        int first = harness_reply (stores[0], waiting[0])->envelope.status;
        int second = harness_reply (stores[1], waiting[1])->envelope.status;
        assert_int_equal (first + second, PT_E_taken);
        assert_true (first == 0 || second == 0);
    }
    harness_destroy (&stores[1]);
    assert_int_equal (sql (bench->sql, "SELECT count (*) FROM account WHERE lower (login) LIKE 'race%'"), ROUNDS);
}

/*  ---- search ------------------------------------------------------------------------ */

static uint32_t found (bench_t *bench, uint64_t asker, const char *part, bool as_staff)
{
    pt_account_query_t query = {
        .account = asker, .q = pt_str (part), .has_q = true, .as_staff = as_staff, .has_as_staff = true};
    const pt_account_page_t *page = must (bench->store, PT_OP_store_account_list, &query);
    return page->items.count;
}

static void test_accounts_are_found_by_any_part_in_any_case (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench);
    uint64_t me = make_person (bench, "zaphod.b", "president@galaxy.example", "Zäphod Beeblebrox", "Pr%s_dent\\");
    uint64_t idle = make_person (bench, "marvin.b", "paranoid@galaxy.example", "Marvin Beeblebot", "");
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)idle);
    static const struct {
        const char *part;
        unsigned by_me, by_staff;
    } rows[] = {{"aphod", 1, 1},  {"APHOD", 1, 1},     {"ZÄPH", 1, 1},         {"zä", 1, 1},     {"äp", 0, 0},
                {"beeble", 1, 2}, {"Pr%s_d", 1, 1},    {"r%s_d", 0, 0},        {"Pr_s%d", 0, 0}, {"ent\\", 1, 1},
                {"galaxy", 0, 2}, {"president", 0, 1}, {"b\nzä", 0, 0},        {"Ma", 0, 1},     {"paranoid@", 0, 1},
                {"%%%", 0, 0},    {"pa", 0, 1},        {"nobody at all", 0, 0}};
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        assert_int_equal (found (bench, me, rows[i].part, false), rows[i].by_me);
        assert_int_equal (found (bench, staff, rows[i].part, true), rows[i].by_staff);
    }
    pt_account_query_t query = {
        .account = me, .q = PT_LIT ("zaphod"), .has_q = true, .as_staff = true, .has_as_staff = true};
    REFUSED (bench->store, PT_OP_store_account_list, &query, PT_E_forbidden);
    query.q = PT_LIT ("");
    REFUSED (bench->store, PT_OP_store_account_list, &query, PT_E_forbidden);
    query.as_staff = false;
    REFUSED (bench->store, PT_OP_store_account_list, &query, PT_E_invalid);
}

static void test_staff_lists_all_accounts_page_by_page (void **state)
{
    bench_t *bench = *state;
    pt_account_query_t query = {.account = make_staff (bench), .as_staff = true, .has_as_staff = true};
    for (unsigned i = 0; i < 7; i++)
        make_account (bench);
    query.limit = 5;
    query.has_limit = true;
    unsigned total = 0;
    uint64_t last = 0;
    do {
        const pt_account_page_t *page = must (bench->store, PT_OP_store_account_list, &query);
        for (uint32_t i = 0; i < page->items.count; i++) {
            assert_true (page->items.at[i].id > last && page->items.at[i].has_active);
            last = page->items.at[i].id;
        }
        total += page->items.count;
        query.has_cursor = page->has_next;
        query.cursor = page->next;
    } while (query.has_cursor);
    assert_int_equal (total, sql (bench->sql, "SELECT count (*) FROM account WHERE deleted_at IS NULL"));
}

/*  ---- staff ------------------------------------------------------------------------- */

static pt_admin_update_t update_of (bench_t *bench, uint64_t asker, uint64_t id)
{
    return (pt_admin_update_t){.account = asker, .id = id, .key = key (bench->store)};
}

static void test_staff_takes_an_account_out_and_back (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), id = make_account (bench);
    pt_admin_update_t update = update_of (bench, staff, id);
    update.has_active = true;
    pt_admin_store_t store = {.ask = &update, .trace = PT_LIT ("t"), .has_trace = true};
    const pt_account_changed_t *changed = must (bench->store, PT_OP_store_admin_update, &store);
    assert_false (changed->account->active);
    assert_int_equal (changed->revoked.count, 1);
    assert_int_equal (changed->revoked.at[0].account, id);
    assert_int_equal (changed->revoked.at[0].generation, 2);
    /*  A lost answer, asked for again from elsewhere. */
    update.address = PT_LIT ("10.0.0.1");
    update.has_address = true;
    store.trace = PT_LIT ("u");
    changed = must (bench->store, PT_OP_store_admin_update, &store);
    assert_int_equal (changed->revoked.at[0].generation, 2);
    update.key = key (bench->store);
    changed = must (bench->store, PT_OP_store_admin_update, &store);
    assert_int_equal (changed->revoked.count, 0);
    update.active = true;
    update.key = key (bench->store);
    changed = must (bench->store, PT_OP_store_admin_update, &store);
    assert_int_equal (changed->revoked.at[0].generation, 3);
    update = update_of (bench, staff, id);
    update.name = PT_LIT ("Named");
    update.has_name = true;
    changed = must (bench->store, PT_OP_store_admin_update, &store);
    assert_true (pt_str_eq (changed->account->name, PT_LIT ("Named")));
    assert_int_equal (changed->revoked.count, 0);
    assert_int_equal (sqlf (bench,
                            "SELECT count (*) FROM audit WHERE account = %llu AND by = %llu AND what IN (10, 11)",
                            (unsigned long long)id, (unsigned long long)staff),
                      2);
    update = update_of (bench, id, staff);
    update.has_active = true;
    REFUSED (bench->store, PT_OP_store_admin_update, &store, PT_E_forbidden);
    update = update_of (bench, staff, 999999);
    REFUSED (bench->store, PT_OP_store_admin_update, &store, PT_E_not_found);
}

/*  Active again is not signed in again: of what there was before, API tokens alone are good. */
static void test_who_was_taken_out_signs_in_anew (void **state)
{
    static const pt_credential_kind_t kinds[] = {PT_credential_kind_AUTHTOKEN, PT_credential_kind_KNOX,
                                                 PT_credential_kind_TOKEN, PT_credential_kind_COOKIE};
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), id = make_account (bench), other = make_account (bench);
    pt_str_t refresh = make_hash (bench->store), theirs = make_hash (bench->store), hashes[COUNT_OF (kinds)];
    make_session (bench, id, refresh);
    make_credential (bench, other, PT_credential_kind_KNOX, theirs);
    for (size_t i = 0; i < COUNT_OF (kinds); i++) {
        hashes[i] = make_hash (bench->store);
        make_credential (bench, id, kinds[i], hashes[i]);
    }
    for (unsigned is_active = 0; is_active < 2; is_active++) {
        pt_admin_update_t update = update_of (bench, staff, id);
        update.has_active = true;
        update.active = is_active;
        must (bench->store, PT_OP_store_admin_update, &(pt_admin_store_t){.ask = &update});
    }
    pt_session_rotate_t rotate = {
        .token_hash = refresh, .next_hash = make_hash (bench->store), .expires_at = sv_wall_us () + 3600000000};
    REFUSED (bench->store, PT_OP_store_session_rotate, &rotate, PT_E_token_revoked);
    for (size_t i = 0; i < COUNT_OF (kinds); i++)
        REFUSED (bench->store, PT_OP_store_credential_find, &(pt_credential_find_t){.secret_hash = hashes[i]},
                 kinds[i] == PT_credential_kind_TOKEN ? 0 : PT_E_token_revoked);
    must (bench->store, PT_OP_store_credential_find, &(pt_credential_find_t){.secret_hash = theirs});
    assert_int_equal (sqlf (bench, "SELECT authtoken FROM account WHERE id = %llu", (unsigned long long)id), 2);
}

static void test_who_is_not_staff_becomes_it_by_the_settings_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t id = make_account (bench);
    pt_admin_update_t update = update_of (bench, id, id);
    update.has_staff = update.staff = true;
    pt_admin_store_t store = {.ask = &update};
    REFUSED (bench->store, PT_OP_store_admin_update, &store, PT_E_forbidden);
    store.has_is_trusted = store.is_trusted = true;
    const pt_account_changed_t *changed = must (bench->store, PT_OP_store_admin_update, &store);
    assert_true (changed->account->staff);
}

/*  Asks for an end of somebody's being staff, in one of three ways. */
static uint64_t end_staff (harness_t *store, uint64_t id, unsigned way)
{
    if (way == 0)
        return harness_request (store, PT_OP_store_account_delete, &(pt_account_close_t){.account = id, .by = id});
    pt_admin_update_t update = {.account = id, .id = id, .key = key (store)};
    update.has_staff = way == 1;
    update.has_active = way == 2;
    return harness_request (store, PT_OP_store_admin_update, &(pt_admin_store_t){.ask = &update});
}

static void test_somebody_of_staff_is_always_left (void **state)
{
    enum { WAYS = 3, ROUNDS = 4 * WAYS * WAYS };
    bench_t *bench = *state;
    sql (bench->sql, "UPDATE account SET staff = false");
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t people[2] = {make_staff (bench), make_staff (bench)}, waiting[2];
        waiting[0] = end_staff (stores[0], people[0], round % WAYS);
        waiting[1] = end_staff (stores[1], people[1], round / WAYS % WAYS);
        int first = harness_reply (stores[0], waiting[0])->envelope.status;
        int second = harness_reply (stores[1], waiting[1])->envelope.status;
        assert_int_equal (first + second, PT_E_forbidden);
        assert_int_equal (sql (bench->sql, "SELECT count (*) FROM account WHERE staff AND active"), 1);
        sql (bench->sql, "UPDATE account SET staff = false");
    }
    harness_destroy (&stores[1]);
}

static void test_the_last_of_staff_is_told_why_it_stays (void **state)
{
    bench_t *bench = *state;
    sql (bench->sql, "UPDATE account SET staff = false");
    uint64_t last = make_staff (bench), asleep = make_staff (bench);
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)asleep);
    for (unsigned way = 0; way < 3; way++) {
        const harness_frame_t *frame = harness_reply (bench->store, end_staff (bench->store, last, way));
        assert_int_equal (frame->envelope.status, PT_E_forbidden);
        const pt_error_t *error = frame->msg;
        assert_true (error->has_detail && pt_str_eq (error->detail, PT_LIT ("somebody of staff must be left")));
    }
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = asleep, .by = last});
    (void)make_staff (bench);
    for (unsigned i = 0; i < 2; i++)
        must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = last, .by = last});
    REFUSED (bench->store, PT_OP_store_account_delete, (&(pt_account_close_t){.account = 999999, .by = 999999}),
             PT_E_not_found);
}

/*  ---- deletion ---------------------------------------------------------------------- */

static pt_append_entry_t joined (bench_t *bench, uint64_t by, uint64_t account)
{
    return change (by, key (bench->store), account, PT_change_JOINED, PT_role_MEMBER);
}

static void test_a_deleted_account_is_a_row_without_a_name (void **state)
{
    bench_t *bench = *state;
    uint64_t id = make_person (bench, "leaver", "leaver@example.org", "Leaver", "L"), other = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, id, &other, 1);
    make_session (bench, id, make_hash (bench->store));
    make_credential (bench, id, PT_credential_kind_TOKEN, make_hash (bench->store));
    pt_account_close_t close = {.account = id, .by = other};
    REFUSED (bench->store, PT_OP_store_account_delete, &close, PT_E_forbidden);
    close.by = id;
    for (unsigned i = 0; i < 2; i++) {
        const pt_revocations_t *gone = must (bench->store, PT_OP_store_account_delete, &close);
        assert_int_equal (gone->items.count, 1);
        assert_int_equal (gone->items.at[0].generation, 2);
    }
    const pt_account_t *seen =
        must (bench->store, PT_OP_store_account_get, &(pt_account_ref_t){.account = other, .id = id, .has_id = true});
    assert_true (seen->has_deleted && seen->deleted);
    assert_false (seen->has_login || seen->has_name || seen->has_nickname);
    REFUSED (bench->store, PT_OP_store_account_find, &(pt_account_find_t){.identifier = PT_LIT ("leaver")},
             PT_E_not_found);
    REFUSED (bench->store, PT_OP_store_account_find, (&(pt_account_find_t){.id = id, .has_id = true}), PT_E_not_found);
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM credential WHERE account = %llu AND revoked_at IS NULL",
                            (unsigned long long)id),
                      0);
    assert_int_equal (
        sqlf (bench, "SELECT count (*) FROM audit WHERE account = %llu AND what = 14", (unsigned long long)id), 1);
    assert_int_equal (found (bench, other, "leaver", false), 0);
    make_person (bench, "leaver", "leaver@example.org", "Another", "");

    /*  Nobody brings it back into a room. */
    uint64_t theirs = make_room (bench, PT_room_kind_GROUP, other, NULL, 0);
    pt_append_entry_t entry = joined (bench, other, id);
    assert_int_equal (append (bench->store, theirs, &entry, 1)->results.at[0].status, PT_E_not_found);
    pt_room_create_t create = {.account = other,
                               .name = PT_LIT ("r"),
                               .has_name = true,
                               .members = {&id, 1},
                               .has_members = true,
                               .key = key (bench->store)};
    REFUSED (bench->store, PT_OP_store_room_create, &create, PT_E_not_found);
    const pt_history_page_t *page =
        must (bench->store, PT_OP_store_history, &(pt_history_query_t){.account = other, .room = room});
    assert_int_equal (page->items.at[0].by, id);
}

static void test_staff_deletes_an_account (void **state)
{
    bench_t *bench = *state;
    uint64_t staff = make_staff (bench), id = make_account (bench);
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = id, .by = staff});
    assert_int_equal (sqlf (bench, "SELECT by FROM audit WHERE account = %llu AND what = 14", (unsigned long long)id),
                      staff);
    REFUSED (bench->store, PT_OP_store_account_delete, (&(pt_account_close_t){.account = 999999, .by = 999999}),
             PT_E_not_found);
}

/*  Ends the memberships as auth does; how many were on the page. */
static uint32_t say_farewell (bench_t *bench, uint64_t *out_heir)
{
    pt_farewell_t items[LIM_PAGE];
    const pt_farewell_page_t *page =
        must (bench->store, PT_OP_store_farewell_list, &(pt_farewell_query_t){.limit = LIM_PAGE});
    uint32_t count = page->items.count;
    for (uint32_t i = 0; i < count; i++)
        items[i] = page->items.at[i];
    *out_heir = 0;
    for (uint32_t i = 0; i < count; i++) {
        pt_append_entry_t entries[2];
        unsigned n = 0;
        if (items[i].has_heir)
            entries[n++] = change (items[i].account, key (bench->store), items[i].heir, PT_change_ROLE, PT_role_OWNER);
        entries[n++] = change (items[i].account, key (bench->store), items[i].account, PT_change_LEFT, 0);
        const pt_append_results_t *results = append (bench->store, items[i].room, entries, n);
        for (unsigned r = 0; r < n; r++)
            assert_int_equal (results->results.at[r].status, 0);
        *out_heir = items[i].heir;
    }
    return count;
}

static void test_a_room_without_its_owner_has_an_heir (void **state)
{
    bench_t *bench = *state;
    enum { OWNER, OLD, ADMIN, IDLE, PEOPLE };
    uint64_t people[PEOPLE], heir;
    say_farewell (bench, &heir); /* to those of other tests */
    for (unsigned i = 0; i < PEOPLE; i++)
        people[i] = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_GROUP, people[OWNER], &people[OLD], 3);
    uint64_t alone = make_room (bench, PT_room_kind_PUBLIC, people[OWNER], NULL, 0);
    pt_room_create_t direct = {.account = people[OWNER],
                               .kind = PT_room_kind_DIRECT,
                               .has_kind = true,
                               .members = {&people[OLD], 1},
                               .has_members = true,
                               .key = key (bench->store)};
    must (bench->store, PT_OP_store_room_create, &direct);
    pt_append_entry_t roles[2] = {
        change (people[OWNER], key (bench->store), people[ADMIN], PT_change_ROLE, PT_role_ADMIN),
        change (people[OWNER], key (bench->store), people[IDLE], PT_change_ROLE, PT_role_ADMIN),
    };
    append (bench->store, room, roles, 2);
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)people[IDLE]);

    must (bench->store, PT_OP_store_account_delete,
          &(pt_account_close_t){.account = people[OWNER], .by = people[OWNER]});
    pt_farewell_query_t query = {.limit = LIM_PAGE};
    const pt_farewell_page_t *page = must (bench->store, PT_OP_store_farewell_list, &query);
    assert_int_equal (page->items.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const pt_farewell_t *item = &page->items.at[i];
        assert_int_equal (item->account, people[OWNER]);
        assert_int_equal (item->heir, item->room == room ? people[ADMIN] : 0);
        assert_true (item->room == room || item->room == alone);
    }
    say_farewell (bench, &heir);
    assert_int_equal (say_farewell (bench, &heir), 0);
    /*  The heir goes too, with the one who is not active: the longest member is left. */
    must (bench->store, PT_OP_store_account_delete,
          &(pt_account_close_t){.account = people[ADMIN], .by = people[ADMIN]});
    assert_int_equal (say_farewell (bench, &heir), 1);
    assert_int_equal (heir, people[OLD]);
    pt_membership_t stands = *(const pt_membership_t *)must (bench->store, PT_OP_store_membership,
                                                             &(pt_room_ref_t){.account = people[OLD], .room = room});
    assert_int_equal (stands.role, PT_role_OWNER);
    assert_int_equal (
        sqlf (bench, "SELECT count (*) FROM member WHERE account = %llu", (unsigned long long)people[OWNER]),
        1); /* of the direct room */
}

static void test_who_left_every_room_is_looked_for_no_longer (void **state)
{
    bench_t *bench = *state;
    uint64_t id = make_account (bench), busy = make_account (bench), heir;
    say_farewell (bench, &heir); /* to those of other tests */
    make_room (bench, PT_room_kind_GROUP, busy, NULL, 0);
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = id, .by = id});
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = busy, .by = busy});
    sql (bench->sql, "UPDATE account SET deleted_at = deleted_at - interval '61 minutes' WHERE deleted_at IS NOT NULL");
    char condition[128];
    snprintf (condition, sizeof (condition), "(SELECT count (*) FROM account WHERE id = %llu AND leaving) = 0",
              (unsigned long long)id);
    wait_for (bench, condition); /* the cleaner */
    assert_int_equal (
        sqlf (bench, "SELECT count (*) FROM account WHERE id = %llu AND leaving", (unsigned long long)busy), 1);
    assert_int_equal (say_farewell (bench, &heir), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_what_is_private_is_shown_to_oneself_and_to_staff_alone),
        TEST (test_an_account_is_found_by_its_uuid),
        TEST (test_the_secret_of_an_account_is_found_by_id_too),
        TEST (test_what_is_taken_is_named),
        TEST (test_of_two_creations_of_one_login_one_wins),
        TEST (test_accounts_are_found_by_any_part_in_any_case),
        TEST (test_staff_lists_all_accounts_page_by_page),
        TEST (test_staff_takes_an_account_out_and_back),
        TEST (test_who_was_taken_out_signs_in_anew),
        TEST (test_who_is_not_staff_becomes_it_by_the_settings_alone),
        TEST (test_somebody_of_staff_is_always_left),
        TEST (test_the_last_of_staff_is_told_why_it_stays),
        TEST (test_a_deleted_account_is_a_row_without_a_name),
        TEST (test_staff_deletes_an_account),
        TEST (test_a_room_without_its_owner_has_an_heir),
        TEST (test_who_left_every_room_is_looked_for_no_longer),
    };
    return cmocka_run_group_tests_name ("store_ops_account", tests, open_group, close_group);
}
