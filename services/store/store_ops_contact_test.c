/*  store_ops_contact_test - who asks whom to be friends, on a real database: contacts, friends,
    people found, and friends added to rooms. */

#include "store_fixture.h"

static pt_str_t uuid_of (bench_t *bench, uint64_t account)
{
    const pt_person_t *person =
        must (bench->store, PT_OP_store_person, &(pt_person_ref_t){.account = account, .id = account, .has_id = true});
    return text (bench->store, "%.36s", person->uuid.at);
}

static pt_contact_create_t contact_of (bench_t *bench, uint64_t asker, uint64_t asked)
{
    return (pt_contact_create_t){.account = asker, .uuid = uuid_of (bench, asked), .key = key (bench->store)};
}

/*  Asks to be friends; the number of the contact. */
static uint64_t make_contact (bench_t *bench, uint64_t asker, uint64_t asked)
{
    const pt_contact_create_t create = contact_of (bench, asker, asked);
    const pt_contact_t *contact = must (bench->store, PT_OP_store_contact_create, &create);
    assert_true (contact->has_known && !contact->known);
    return contact->id;
}

static pt_contact_answer_t answer_of (bench_t *bench, uint64_t account, uint64_t id, bool accept)
{
    return (pt_contact_answer_t){.account = account, .id = id, .accept = accept, .key = key (bench->store)};
}

/*  Makes friends of two; the room of the pair. */
static uint64_t befriend (bench_t *bench, uint64_t asker, uint64_t asked)
{
    const pt_contact_answer_t accept = answer_of (bench, asked, make_contact (bench, asker, asked), true);
    const pt_contact_answered_t *answered = must (bench->store, PT_OP_store_contact_answer, &accept);
    assert_true (answered->has_room);
    return answered->room->room->id;
}

static uint32_t waiting (bench_t *bench, uint64_t account)
{
    const pt_contact_query_t query = {.account = account};
    return ((const pt_contacts_t *)must (bench->store, PT_OP_store_contact_list, &query))->items.count;
}

static uint64_t friends (bench_t *bench, uint64_t account)
{
    const pt_friend_query_t query = {.account = account};
    return ((const pt_people_t *)must (bench->store, PT_OP_store_friend_list, &query))->total;
}

/*  ---- asking ------------------------------------------------------------------------ */

static void test_two_have_one_contact_whoever_asked (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench);
    pt_contact_create_t create = contact_of (bench, ann, bob);
    const pt_contact_t *contact = must (bench->store, PT_OP_store_contact_create, &create);
    uint64_t id = contact->id;
    assert_false (contact->known);
    contact = must (bench->store, PT_OP_store_contact_create, &create); /* the reply was lost */
    assert_true (contact->id == id && !contact->known);
    create.key = key (bench->store);
    contact = must (bench->store, PT_OP_store_contact_create, &create);
    assert_true (contact->id == id && contact->known);
    create = contact_of (bench, bob, ann);
    contact = must (bench->store, PT_OP_store_contact_create, &create);
    assert_true (contact->id == id && contact->known);
}

static void test_nobody_can_be_asked_who_is_not_there (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), gone = make_account (bench);
    pt_contact_create_t create = contact_of (bench, ann, ann);
    REFUSED (bench->store, PT_OP_store_contact_create, &create, PT_E_not_found);
    create.uuid = PT_LIT ("00000000-0000-4000-8000-000000000000");
    REFUSED (bench->store, PT_OP_store_contact_create, &create, PT_E_not_found);
    create.uuid = PT_LIT ("this is no uuid, but has its length.");
    REFUSED (bench->store, PT_OP_store_contact_create, &create, PT_E_invalid);
    create = contact_of (bench, ann, gone);
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = gone, .by = gone});
    REFUSED (bench->store, PT_OP_store_contact_create, &create, PT_E_not_found);
}

static void test_nobody_asks_more_than_the_maximum (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench);
    sqlf (bench,
          "WITH many AS (INSERT INTO account (login) SELECT 'many' || i FROM generate_series (1, %d) i RETURNING id)"
          " INSERT INTO contact (asker, asked) SELECT %llu, id FROM many",
          LIM_CONTACTS, (unsigned long long)ann);
    const pt_contact_create_t create = contact_of (bench, ann, bob);
    REFUSED (bench->store, PT_OP_store_contact_create, &create, PT_E_too_many);
    make_contact (bench, bob, ann);
}

static void test_of_two_who_ask_each_other_at_once_one_asks (void **state)
{
    enum { ROUNDS = 20 };
    bench_t *bench = *state;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t people[2] = {make_account (bench), make_account (bench)}, calls[2], ids[2];
        pt_contact_create_t create[2] = {contact_of (bench, people[0], people[1]),
                                         contact_of (bench, people[1], people[0])};
        unsigned known = 0;
        for (unsigned i = 0; i < 2; i++)
            calls[i] = harness_request (stores[i], PT_OP_store_contact_create, &create[i]);
        for (unsigned i = 0; i < 2; i++) {
            const harness_frame_t *frame = harness_reply (stores[i], calls[i]);
            assert_int_equal (frame->envelope.status, 0);
            ids[i] = ((const pt_contact_t *)frame->msg)->id;
            known += ((const pt_contact_t *)frame->msg)->known;
        }
        assert_true (ids[0] == ids[1] && known == 1);
    }
    harness_destroy (&stores[1]);
}

/*  ---- answering ---------------------------------------------------------------------- */

static void test_who_was_asked_alone_sees_and_answers (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_person (bench, "ann", "ann@example.org", "Ann", "A"), bob = make_account (bench);
    uint64_t id = make_contact (bench, ann, bob), third = make_account (bench);
    const pt_contact_query_t query = {.account = bob};
    const pt_contacts_t *contacts = must (bench->store, PT_OP_store_contact_list, &query);
    assert_int_equal (contacts->items.count, 1);
    const pt_contact_t *contact = contacts->items.at;
    assert_true (contact->id == id && contact->asker->id == ann && contact->asked->id == bob);
    assert_true (pt_str_eq (contact->asker->nickname, PT_LIT ("A")));
    assert_false (contact->asker->has_email);
    assert_int_equal (waiting (bench, ann), 0);
    assert_int_equal (waiting (bench, third), 0);
    const uint64_t others[] = {ann, third};
    for (size_t i = 0; i < COUNT_OF (others); i++)
        for (int accept = 0; accept < 2; accept++) {
            const pt_contact_answer_t answer = answer_of (bench, others[i], id, accept);
            REFUSED (bench->store, PT_OP_store_contact_answer, &answer, PT_E_not_found);
        }
    assert_int_equal (waiting (bench, bob), 1);
}

static void test_to_accept_makes_friends_and_their_room (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench), id = make_contact (bench, ann, bob);
    pt_contact_answer_t accept = answer_of (bench, bob, id, true);
    uint64_t room = 0;
    for (unsigned i = 0; i < 2; i++) { /* the reply was lost */
        const pt_contact_answered_t *answered = must (bench->store, PT_OP_store_contact_answer, &accept);
        assert_true (answered->has_room && !answered->known);
        const pt_room_detail_t *detail = answered->room;
        assert_int_equal (detail->room->kind, PT_room_kind_DIRECT);
        assert_int_equal (detail->room->dialect, PT_room_dialect_CHAT);
        assert_int_equal (detail->room->uuid.len, 36);
        assert_false (detail->room->has_last);
        assert_int_equal (detail->people.count, 2);
        assert_true (room == 0 || room == detail->room->id);
        room = detail->room->id;
    }
    assert_int_equal (waiting (bench, bob), 0);
    assert_int_equal (friends (bench, ann), 1);
    assert_int_equal (friends (bench, bob), 1);
    accept.key = key (bench->store);
    const pt_contact_answered_t *again = must (bench->store, PT_OP_store_contact_answer, &accept);
    assert_true (again->has_known && again->known && !again->has_room);
    say (bench, room, ann, "hello");
    say (bench, room, bob, "hello");
}

static void test_to_accept_takes_over_the_room_that_the_pair_has (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench);
    uint64_t room = make_room (bench, PT_room_kind_DIRECT, ann, &bob, 1);
    say (bench, room, ann, "said before");
    const pt_contact_answer_t accept = answer_of (bench, bob, make_contact (bench, ann, bob), true);
    const pt_contact_answered_t *answered = must (bench->store, PT_OP_store_contact_answer, &accept);
    assert_int_equal (answered->room->room->id, room);
    assert_int_equal (answered->room->room->dialect, PT_room_dialect_CHAT);
    assert_true (pt_str_eq (answered->room->room->last, PT_LIT ("said before")));
    assert_int_equal (sqlf (bench, "SELECT count (*) FROM room WHERE kind = 3 AND created_by IN (%llu, %llu)",
                            (unsigned long long)ann, (unsigned long long)bob),
                      1);
}

static void test_who_is_refused_may_ask_again (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench), id = make_contact (bench, ann, bob);
    pt_contact_answer_t refuse = answer_of (bench, bob, id, false);
    for (unsigned i = 0; i < 2; i++) { /* the reply was lost */
        const pt_contact_answered_t *answered = must (bench->store, PT_OP_store_contact_answer, &refuse);
        assert_false (answered->has_room || answered->known);
    }
    assert_int_equal (waiting (bench, bob), 0);
    assert_int_equal (friends (bench, ann), 0);
    refuse.key = key (bench->store);
    REFUSED (bench->store, PT_OP_store_contact_answer, &refuse, PT_E_not_found);
    assert_true (make_contact (bench, ann, bob) != id);
}

static void test_of_two_answers_at_once_one_is_the_first (void **state)
{
    enum { ROUNDS = 10 };
    bench_t *bench = *state;
    harness_t *stores[2] = {bench->store, open_store (NULL)};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t ann = make_account (bench), bob = make_account (bench), calls[2];
        uint64_t id = make_contact (bench, ann, bob);
        unsigned rooms = 0, known = 0;
        for (unsigned i = 0; i < 2; i++) {
            const pt_contact_answer_t accept = answer_of (bench, bob, id, true);
            calls[i] = harness_request (stores[i], PT_OP_store_contact_answer, &accept);
        }
        for (unsigned i = 0; i < 2; i++) {
            const harness_frame_t *frame = harness_reply (stores[i], calls[i]);
            assert_int_equal (frame->envelope.status, 0);
            rooms += ((const pt_contact_answered_t *)frame->msg)->has_room;
            known += ((const pt_contact_answered_t *)frame->msg)->known;
        }
        assert_true (rooms == 1 && known == 1);
    }
    harness_destroy (&stores[1]);
}

static void test_the_contacts_of_who_is_deleted_are_gone (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench), eve = make_account (bench);
    befriend (bench, ann, bob);
    make_contact (bench, ann, eve);
    must (bench->store, PT_OP_store_account_delete, &(pt_account_close_t){.account = ann, .by = ann});
    assert_int_equal (friends (bench, bob), 0);
    assert_int_equal (waiting (bench, eve), 0);
    assert_int_equal (
        sqlf (bench, "SELECT count (*) FROM contact WHERE %llu IN (asker, asked)", (unsigned long long)ann), 0);
}

/*  ---- lists ------------------------------------------------------------------------ */

static void test_friends_are_listed_page_by_page (void **state)
{
    enum { FRIENDS = 5 };
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), ids[FRIENDS];
    for (unsigned i = 0; i < FRIENDS; i++) {
        ids[i] = make_person (bench, text (bench->store, "friend%u", i).at,
                              text (bench->store, "friend%u@example.org", i).at, "", "");
        befriend (bench, i % 2 ? ann : ids[i], i % 2 ? ids[i] : ann);
    }
    make_contact (bench, ann, make_account (bench));
    pt_friend_query_t query = {.account = ann, .limit = 2, .has_limit = true, .has_offset = true};
    for (query.offset = 0; query.offset <= FRIENDS + 2; query.offset += 2) {
        const pt_people_t *page = must (bench->store, PT_OP_store_friend_list, &query);
        unsigned left = query.offset < FRIENDS ? FRIENDS - (unsigned)query.offset : 0;
        assert_true (page->has_total && page->total == FRIENDS);
        assert_int_equal (page->items.count, left < 2 ? left : 2);
        for (uint32_t i = 0; i < page->items.count; i++) {
            assert_int_equal (page->items.at[i].id, ids[query.offset + i]);
            assert_true (page->items.at[i].friend && !page->items.at[i].has_email);
        }
    }
    query.offset = 0;
    query.shows_email = query.has_shows_email = true;
    const pt_people_t *page = must (bench->store, PT_OP_store_friend_list, &query);
    assert_true (pt_str_eq (page->items.at[0].email, PT_LIT ("friend0@example.org")));
}

static void test_people_are_found_by_any_part_of_login_or_nickname (void **state)
{
    bench_t *bench = *state;
    uint64_t me = make_person (bench, "francis.me", "", "", "");
    uint64_t idle = make_person (bench, "francis.idle", "", "", "");
    uint64_t frank = make_person (bench, "xFRANk", "secret@galaxy.example", "Zaphod", "");
    uint64_t nick = make_person (bench, "", "nick@galaxy.example", "", "Ste%f_an \xc3\x84");
    sqlf (bench, "UPDATE account SET active = false WHERE id = %llu", (unsigned long long)idle);
    befriend (bench, me, frank);
    const struct {
        const char *part;
        uint64_t found; /* 0: nobody */
    } rows[] = {{"fra", frank}, {"RANK", frank},    {"k", 0},   {"zaphod", 0},  {"galaxy", 0},       {"te%f_", nick},
                {"te_f", 0},    {"\xc3\xa4", nick}, {"e%a", 0}, {"francis", 0}, {"nobody at all", 0}};
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        const pt_people_find_t find = {.account = me, .q = pt_str (rows[i].part)};
        const pt_people_t *people = must (bench->store, PT_OP_store_people_find, &find);
        bool is_among = false;
        for (uint32_t k = 0; k < people->items.count; k++) {
            const pt_person_t *person = &people->items.at[k];
            is_among = is_among || person->id == rows[i].found;
            assert_true (person->id != me && person->id != idle && !person->has_email);
            assert_true (person->has_friend && person->friend == (person->id == frank));
        }
        assert_int_equal (people->total, people->items.count);
        if (rows[i].found ? !is_among : people->items.count > (strcmp (rows[i].part, "k") == 0 ? 2 : 0))
            fail_msg ("%s found %u", rows[i].part, people->items.count);
    }
    const pt_people_find_t find = {.account = me, .q = PT_LIT ("xfrank"), .shows_email = true, .has_shows_email = true};
    const pt_people_t *people = must (bench->store, PT_OP_store_people_find, &find);
    assert_true (pt_str_eq (people->items.at[0].email, PT_LIT ("secret@galaxy.example")));
}

static void test_people_who_were_found_are_listed_page_by_page (void **state)
{
    enum { PEOPLE = 12 };
    bench_t *bench = *state;
    uint64_t me = make_account (bench), last = 0;
    for (unsigned i = 0; i < PEOPLE; i++)
        make_person (bench, text (bench->store, "crowd%u", i).at, "", "", "crowd");
    pt_people_find_t find = {.account = me, .q = PT_LIT ("rowd"), .limit = 8, .has_limit = true, .has_offset = true};
    for (find.offset = 0; find.offset <= 16; find.offset += 8) {
        const pt_people_t *page = must (bench->store, PT_OP_store_people_find, &find);
        assert_int_equal (page->total, PEOPLE);
        assert_int_equal (page->items.count, find.offset == 0 ? 8 : find.offset == 8 ? 4 : 0);
        for (uint32_t i = 0; i < page->items.count; i++) {
            assert_true (page->items.at[i].id > last);
            last = page->items.at[i].id;
        }
    }
}

/*  ---- invitations ------------------------------------------------------------------- */

static pt_str_t room_uuid (bench_t *bench, uint64_t room)
{
    char sql[128];
    snprintf (sql, sizeof (sql), "SELECT uuid::text FROM room WHERE id = %llu", (unsigned long long)room);
    PGresult *result = PQexec (bench->sql, sql);
    pt_str_t uuid = text (bench->store, "%s", PQgetvalue (result, 0, 0));
    PQclear (result);
    return uuid;
}

static void test_friends_alone_are_invited_and_by_members_alone (void **state)
{
    bench_t *bench = *state;
    uint64_t ann = make_account (bench), bob = make_account (bench), eve = make_account (bench);
    uint64_t mate = make_account (bench), direct = befriend (bench, ann, bob);
    befriend (bench, ann, mate);
    pt_room_create_t create = {.account = ann,
                               .name = PT_LIT ("den"),
                               .has_name = true,
                               .dialect = PT_room_dialect_CHAT,
                               .has_dialect = true,
                               .key = key (bench->store)};
    uint64_t group = ((const pt_room_t *)must (bench->store, PT_OP_store_room_create, &create))->id;
    uint64_t native = make_room (bench, PT_room_kind_GROUP, ann, NULL, 0);
    pt_append_entry_t add = change (ann, key (bench->store), mate, PT_change_JOINED, PT_role_MEMBER);
    append (bench->store, group, &add, 1);
    befriend (bench, mate, eve);
    const struct {
        uint64_t by, room, whom;
        int refusal;
        bool is_known;
    } rows[] = {
        {ann, group, bob, 0, false},
        {ann, group, mate, 0, false}, /* the append tells */
        {ann, group, eve, PT_E_forbidden, false},
        {mate, group, eve, 0, false},
        {mate, group, bob, PT_E_forbidden, false},
        {ann, group, ann, 0, true},
        {eve, group, mate, PT_E_not_member, false},
        {ann, direct, mate, 0, true},
        {ann, direct, eve, 0, true},
        {ann, native, bob, PT_E_not_found, false},
    };
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        const pt_room_invite_t invitation = {.account = rows[i].by,
                                             .room = room_uuid (bench, rows[i].room),
                                             .uuid = uuid_of (bench, rows[i].whom),
                                             .key = key (bench->store)};
        if (rows[i].refusal) {
            REFUSED (bench->store, PT_OP_store_invite, &invitation, rows[i].refusal);
            continue;
        }
        const pt_invite_t *invite = must (bench->store, PT_OP_store_invite, &invitation);
        assert_true (invite->room == rows[i].room && invite->account == rows[i].whom);
        assert_int_equal (invite->known, rows[i].is_known);
    }
    pt_room_invite_t nobody = {.account = ann,
                               .room = room_uuid (bench, group),
                               .uuid = PT_LIT ("00000000-0000-4000-8000-000000000000"),
                               .key = PT_LIT ("k")};
    REFUSED (bench->store, PT_OP_store_invite, &nobody, PT_E_not_found);
    nobody.room = PT_LIT ("this is no uuid, but has its length.");
    REFUSED (bench->store, PT_OP_store_invite, &nobody, PT_E_invalid);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, open_test, close_test)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_two_have_one_contact_whoever_asked),
        TEST (test_nobody_can_be_asked_who_is_not_there),
        TEST (test_nobody_asks_more_than_the_maximum),
        TEST (test_of_two_who_ask_each_other_at_once_one_asks),
        TEST (test_who_was_asked_alone_sees_and_answers),
        TEST (test_to_accept_makes_friends_and_their_room),
        TEST (test_to_accept_takes_over_the_room_that_the_pair_has),
        TEST (test_who_is_refused_may_ask_again),
        TEST (test_of_two_answers_at_once_one_is_the_first),
        TEST (test_the_contacts_of_who_is_deleted_are_gone),
        TEST (test_friends_are_listed_page_by_page),
        TEST (test_people_are_found_by_any_part_of_login_or_nickname),
        TEST (test_people_who_were_found_are_listed_page_by_page),
        TEST (test_friends_alone_are_invited_and_by_members_alone),
    };
    return cmocka_run_group_tests_name ("store_ops_contact", tests, open_group, close_group);
}
