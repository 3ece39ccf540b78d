/*  store_append_test - the decision alone: vectors for each rule. */

#include "store_append_fixture.h"

enum { JOIN = PT_change_JOINED, LEFT = PT_change_LEFT, KICK = PT_change_KICKED, ROLE = PT_change_ROLE };
enum { NO = PT_role_none, RD = PT_role_READER, ME = PT_role_MEMBER, AD = PT_role_ADMIN, OW = PT_role_OWNER };

typedef struct {
    unsigned where; /* kind of the room, or its dialect */
    unsigned sender, account, what, role;
    store_verdict_t verdict;
    int error;
    unsigned happened, ended;
} s_row_t;

/*  The one change of the row is the first thing in a furnished room. */
static void s_assert_decided (bench_t *bench, const s_row_t *row, size_t number)
{
    store_entry_t entry = change (1, row->sender, "k", row->account, row->what, row->role);
    run (bench, &entry, 1);
    if (entry.verdict != row->verdict || entry.error != -row->error || entry.role != row->ended ||
        entry.what != row->happened)
        fail_msg ("row %zu: verdict %d error %d what %d role %d", number, entry.verdict, entry.error, entry.what,
                  entry.role);
    assert_int_equal (entry.seq, entry.verdict == STORE_NEW ? 1 : 0);
}

static void test_one_change_in_each_situation (void **state)
{
    enum { PUB = PT_room_kind_PUBLIC, GRP = PT_room_kind_GROUP, DIR = PT_room_kind_DIRECT };
    static const s_row_t rows[] = {
        /* joining oneself */
        {PUB, 5, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {PUB, 5, 5, JOIN, ME, STORE_NEW, 0, JOIN, ME},
        {PUB, 5, 5, JOIN, AD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {PUB, 8, 8, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {GRP, 5, 5, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {DIR, 5, 5, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {PUB, 3, 3, JOIN, NO, STORE_SAME, 0, 0, ME},
        {PUB, 1, 1, JOIN, NO, STORE_SAME, 0, 0, OW},
        {PUB, 2, 2, JOIN, ME, STORE_NEW, 0, ROLE, ME},
        {PUB, 1, 1, JOIN, ME, STORE_REFUSED, PT_E_forbidden, 0, 0},
        /* adding others */
        {GRP, 1, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {GRP, 1, 5, JOIN, OW, STORE_NEW, 0, JOIN, OW},
        {GRP, 2, 5, JOIN, RD, STORE_NEW, 0, JOIN, RD},
        {GRP, 2, 5, JOIN, AD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 3, 5, JOIN, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 5, 6, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {PUB, 5, 6, JOIN, NO, STORE_REFUSED, PT_E_not_member, 0, 0},
        {GRP, 1, 8, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {DIR, 1, 5, JOIN, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 2, 3, JOIN, ME, STORE_SAME, 0, 0, ME},
        {GRP, 3, 1, JOIN, NO, STORE_SAME, 0, 0, OW},
        {GRP, 5, 1, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {GRP, 2, 3, JOIN, RD, STORE_NEW, 0, ROLE, RD},
        {GRP, 1, 3, JOIN, AD, STORE_NEW, 0, ROLE, AD},
        /* roles */
        {GRP, 1, 3, ROLE, OW, STORE_NEW, 0, ROLE, OW},
        {GRP, 2, 4, ROLE, ME, STORE_NEW, 0, ROLE, ME},
        {GRP, 2, 4, ROLE, AD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 2, 1, ROLE, ME, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 2, 2, ROLE, ME, STORE_NEW, 0, ROLE, ME},
        {GRP, 2, 2, ROLE, OW, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 3, 4, ROLE, ME, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 3, 3, ROLE, ME, STORE_SAME, 0, 0, ME},
        {GRP, 1, 1, ROLE, AD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 1, 5, ROLE, ME, STORE_REFUSED, PT_E_not_found, 0, 0},
        {GRP, 1, 3, ROLE, NO, STORE_REFUSED, PT_E_invalid, 0, 0},
        {GRP, 5, 3, ROLE, RD, STORE_REFUSED, PT_E_not_found, 0, 0},
        /* removing */
        {GRP, 2, 3, KICK, NO, STORE_NEW, 0, KICK, NO},
        {GRP, 2, 1, KICK, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 3, 4, KICK, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 2, 5, KICK, NO, STORE_SAME, 0, 0, NO},
        {GRP, 3, 3, KICK, NO, STORE_NEW, 0, LEFT, NO},
        {DIR, 1, 2, KICK, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {PUB, 5, 3, KICK, NO, STORE_REFUSED, PT_E_not_member, 0, 0},
        /* leaving */
        {GRP, 3, 3, LEFT, NO, STORE_NEW, 0, LEFT, NO},
        {GRP, 5, 5, LEFT, NO, STORE_SAME, 0, 0, NO},
        {GRP, 2, 3, LEFT, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {GRP, 1, 1, LEFT, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {DIR, 1, 1, LEFT, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        /* nonsense */
        {GRP, 1, 3, 0, NO, STORE_REFUSED, PT_E_invalid, 0, 0},
        {GRP, 1, 3, 99, NO, STORE_REFUSED, PT_E_invalid, 0, 0},
    };
    bench_t *bench = *state;
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        furnish (bench, rows[i].where);
        s_assert_decided (bench, &rows[i], i);
    }
}

static void test_a_change_in_a_room_of_a_dialect (void **state)
{
    enum { PUB = PT_room_dialect_PUBLIC, CHAT = PT_room_dialect_CHAT, CLOCK = PT_room_dialect_CLOCK };
    enum { MEMB = PT_room_dialect_MEMBER, OPEN = PT_room_dialect_OPEN };
    static const s_row_t rows[] = {
        /* every member of `member` and `chat` adds members, and nothing more */
        {MEMB, 3, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {MEMB, 3, 5, JOIN, ME, STORE_NEW, 0, JOIN, ME},
        {CHAT, 3, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {MEMB, 3, 5, JOIN, RD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {MEMB, 3, 5, JOIN, AD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {MEMB, 4, 5, JOIN, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {MEMB, 5, 6, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {MEMB, 5, 5, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {MEMB, 3, 8, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {MEMB, 3, 1, JOIN, NO, STORE_SAME, 0, 0, OW},
        {MEMB, 3, 4, ROLE, ME, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {MEMB, 3, 4, KICK, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {MEMB, 3, 3, LEFT, NO, STORE_NEW, 0, LEFT, NO},
        {MEMB, 7, 5, JOIN, NO, STORE_REFUSED, PT_E_not_found, 0, 0},
        {CLOCK, 3, 5, JOIN, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {CLOCK, 1, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {OPEN, 3, 5, JOIN, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        /* staff governs `public`, whether it is in or not; its owner does not */
        {PUB, 5, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {PUB, 3, 3, LEFT, NO, STORE_NEW, 0, LEFT, NO},
        {PUB, 7, 5, JOIN, NO, STORE_NEW, 0, JOIN, ME},
        {PUB, 7, 5, JOIN, AD, STORE_NEW, 0, JOIN, AD},
        {PUB, 7, 3, KICK, NO, STORE_NEW, 0, KICK, NO},
        {PUB, 7, 2, ROLE, ME, STORE_NEW, 0, ROLE, ME},
        {PUB, 1, 5, JOIN, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {PUB, 1, 3, KICK, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {PUB, 1, 3, ROLE, AD, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {PUB, 2, 3, KICK, NO, STORE_REFUSED, PT_E_forbidden, 0, 0},
        {PUB, 5, 3, KICK, NO, STORE_REFUSED, PT_E_not_member, 0, 0},
    };
    bench_t *bench = *state;
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        bool is_public = rows[i].where == PUB || rows[i].where == OPEN;
        furnish (bench, is_public ? PT_room_kind_PUBLIC : PT_room_kind_GROUP)->dialect = rows[i].where;
        s_assert_decided (bench, &rows[i], i);
    }
}

static void test_anybody_posts_where_a_dialect_is_open (void **state)
{
    static const struct {
        pt_room_dialect_t dialect;
        unsigned sender;
        int error;
    } rows[] = {
        {PT_room_dialect_PUBLIC, 5, 0},
        {PT_room_dialect_OPEN, 5, 0},
        {PT_room_dialect_PUBLIC, 3, 0},
        {PT_room_dialect_PUBLIC, 4, PT_E_forbidden}, /* made a reader by somebody */
        {PT_room_dialect_none, 5, PT_E_not_member},
    };
    bench_t *bench = *state;
    for (size_t i = 0; i < COUNT_OF (rows); i++) {
        furnish (bench, PT_room_kind_PUBLIC)->dialect = rows[i].dialect;
        store_entry_t entry = message (1, rows[i].sender, "k", "x");
        run (bench, &entry, 1);
        assert_int_equal (entry.error, -rows[i].error);
    }
    static const pt_room_dialect_t closed[] = {PT_room_dialect_CHAT, PT_room_dialect_MEMBER, PT_room_dialect_CLOCK};
    for (size_t i = 0; i < COUNT_OF (closed); i++) {
        furnish (bench, PT_room_kind_GROUP)->dialect = closed[i];
        store_entry_t entry = message (1, 5, "k", "x");
        run (bench, &entry, 1);
        assert_int_equal (entry.error, -PT_E_not_found);
    }
}

static void test_a_message_needs_a_member_and_a_body (void **state)
{
    static const struct {
        unsigned kind, sender;
        const char *body;
        int error;
    } rows[] = {
        {PT_room_kind_GROUP, 1, "x", 0},
        {PT_room_kind_GROUP, 3, "x", 0},
        {PT_room_kind_GROUP, 4, "x", PT_E_forbidden},
        {PT_room_kind_GROUP, 5, "x", PT_E_not_found},
        {PT_room_kind_PUBLIC, 5, "x", PT_E_not_member},
        {PT_room_kind_DIRECT, 3, "x", 0},
        {PT_room_kind_GROUP, 3, "", PT_E_invalid},
    };
    bench_t *bench = *state;
    for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
        furnish (bench, rows[i].kind);
        store_entry_t entry = message (1, rows[i].sender, "k", rows[i].body);
        run (bench, &entry, 1);
        assert_int_equal (entry.error, -rows[i].error);
    }
    store_entry_t nowhere = message (2, 1, "k", "x");
    run (bench, &nowhere, 1);
    assert_int_equal (nowhere.error, -PT_E_not_found);
}

static void test_a_refused_entry_leaves_no_hole (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    store_entry_t entries[] = {message (1, 3, "a", "1"), message (1, 4, "b", "2"), message (1, 3, "c", "3")};
    assert_int_equal (run (bench, entries, 3), 2);
    assert_int_equal (entries[0].seq, 1);
    assert_int_equal (entries[1].error, -PT_E_forbidden);
    assert_int_equal (entries[2].seq, 2);
}

static void test_times_rise_even_when_the_clock_goes_back (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    store_entry_t entries[] = {message (1, 3, "a", "1"), message (1, 3, "b", "2"), message (1, 3, "c", "3")};
    bench->world->now = 5000;
    run (bench, entries, 2);
    bench->world->now = 10;
    run (bench, &entries[2], 1);
    assert_int_equal (entries[0].at, 5000);
    assert_int_equal (entries[1].at, 5001);
    assert_int_equal (entries[2].at, 5002);
}

static void test_a_known_key_gets_the_first_answer_or_a_conflict (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    store_entry_t first = message (1, 3, "a", "body");
    run (bench, &first, 1);
    store_entry_t again[] = {message (1, 3, "a", "body"), message (1, 3, "a", "other"), message (1, 3, "a", "body"),
                             message (1, 2, "a", "body"), change (1, 3, "a", 3, PT_change_LEFT, 0)};
    again[2].asked.reply_to = 1;
    assert_int_equal (run (bench, again, 5), 1);
    assert_int_equal (again[0].verdict, STORE_KNOWN);
    assert_int_equal (again[0].seq, first.seq);
    assert_int_equal (again[0].id, first.id);
    assert_int_equal (again[0].at, first.at);
    assert_int_equal (again[1].error, -PT_E_conflict);
    assert_int_equal (again[2].error, -PT_E_conflict);
    assert_int_equal (again[3].verdict, STORE_NEW);
    assert_int_equal (again[4].error, -PT_E_conflict);
}

static void test_equal_keys_in_one_batch_become_one_row (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    store_entry_t entries[] = {message (1, 3, "a", "body"), message (1, 3, "a", "body"), message (1, 3, "a", "other")};
    assert_int_equal (run (bench, entries, 3), 1);
    assert_int_equal (entries[1].verdict, STORE_KNOWN);
    assert_int_equal (entries[1].seq, 1);
    assert_int_equal (entries[1].id, entries[0].id);
    assert_int_equal (entries[2].error, -PT_E_conflict);
}

/*  A message with files, which have their places in `files` for as long as the entry. */
static store_entry_t post (const char *send_id, const char *body, pt_attachment_t *files, unsigned count)
{
    store_entry_t entry = message (1, 3, send_id, body);
    entry.asked.files = files;
    entry.asked.file_count = count;
    return entry;
}

static void test_files_are_posted_by_who_has_them_and_a_repeat_names_the_same (void **state)
{
    bench_t *bench = *state;
    room_t *room = furnish (bench, PT_room_kind_GROUP);
    pt_arena_t *arena = pt_arena_new (1 << 16);
    pt_attachment_t mine[] = {{.file = 7}, {.file = 8}}, again[] = {{.file = 7}, {.file = 8}},
                    others[] = {{.file = 7}, {.file = 9}}, turned[] = {{.file = 8}, {.file = 7}};
    store_entry_t entries[] = {post ("a", "", mine, 2), post ("a", "", again, 2),  post ("a", "", turned, 2),
                               post ("a", "", mine, 1), post ("b", "", others, 2), post ("c", "", NULL, 0)};
    store_entry_t *list[COUNT_OF (entries)];
    for (unsigned i = 0; i < COUNT_OF (entries); i++) {
        entries[i].arena = arena;
        list[i] = &entries[i];
    }
    assert_int_equal (store_append_open (bench->append, list, COUNT_OF (entries)), 0);
    assert_true (store_append_has_files (bench->append));
    world_tell (bench->world, bench->append, list, COUNT_OF (entries));
    const pt_attachment_t told = {.name = PT_LIT ("n"), .type = PT_LIT ("t/t"), .size = 4};
    for (unsigned i = 0; i < COUNT_OF (entries); i++)
        for (unsigned n = 0; n < LIM_ATTACHMENTS; n++)
            if (n >= entries[i].asked.file_count || entries[i].asked.files[n].file != 9)
                assert_int_equal (store_append_file (bench->append, i, n, &told), 0);
    assert_int_equal (store_append_decide (bench->append, bench->world->now, &bench->ids), 1);
    assert_int_equal (entries[0].verdict, STORE_NEW);
    assert_int_equal (entries[0].files[1].file, 8);
    assert_true (pt_str_eq (entries[0].files[1].name, told.name) && entries[0].files[1].name.at != told.name.at);
    assert_int_equal (entries[1].verdict, STORE_KNOWN);
    assert_ptr_equal (entries[1].files, again); /* of its own memory: the first may be answered before it */
    assert_true (pt_str_eq (entries[1].files[0].type, told.type));
    assert_int_equal (entries[2].error, -PT_E_conflict);
    assert_int_equal (entries[3].error, -PT_E_conflict);
    assert_int_equal (entries[4].error, -PT_E_not_found);
    assert_string_equal (entries[4].detail, "attachments.1: no file of the sender's");
    assert_int_equal (entries[5].error, -PT_E_invalid);

    /*  Known: its files are those of the row, whether they are there still or not. */
    world_write (bench->world, &entries[0]);
    room->items[room->count - 1].content.files = mine;
    store_entry_t late[] = {post ("a", "", again, 2), post ("a", "", NULL, 0)};
    assert_int_equal (run (bench, late, 2), 0);
    assert_int_equal (late[0].verdict, STORE_KNOWN);
    assert_ptr_equal (late[0].files, mine);
    assert_int_equal (late[1].error, -PT_E_conflict);
    pt_arena_destroy (&arena);
}

static void test_a_full_arena_is_told (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    pt_arena_t *arena = pt_arena_new (32);
    static char name[LIM_FILE_NAME];
    pt_attachment_t file = {.file = 7};
    store_entry_t entry = post ("a", "", &file, 1), *list[] = {&entry};
    entry.arena = arena;
    assert_int_equal (store_append_open (bench->append, list, 1), 0);
    const pt_attachment_t told = {.name = {name, sizeof (name)}, .type = PT_LIT ("t/t")};
    assert_int_equal (store_append_file (bench->append, 0, 0, &told), -PT_E_memory);
    assert_int_equal (store_append_file (bench->append, 1, 0, &told), 0);
    pt_arena_destroy (&arena);
}

static void test_a_key_that_was_refused_is_free (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_PUBLIC);
    store_entry_t entries[] = {message (1, 5, "a", "x"), change (1, 5, "j", 5, PT_change_JOINED, 0),
                               message (1, 5, "a", "x")};
    assert_int_equal (run (bench, entries, 3), 2);
    assert_int_equal (entries[0].error, -PT_E_not_member);
    assert_int_equal (entries[2].seq, 2);
}

static void test_a_kick_counts_for_what_follows_in_the_batch (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_PUBLIC);
    store_entry_t entries[] = {message (1, 3, "a", "x"), change (1, 1, "k", 3, PT_change_KICKED, 0),
                               message (1, 3, "b", "x"), change (1, 1, "k2", 3, PT_change_JOINED, PT_role_READER),
                               message (1, 3, "c", "x")};
    assert_int_equal (run (bench, entries, 5), 3);
    assert_int_equal (entries[0].seq, 1);
    assert_int_equal (entries[1].seq, 2);
    assert_int_equal (entries[2].error, -PT_E_not_member);
    assert_int_equal (entries[3].seq, 3);
    assert_int_equal (entries[4].error, -PT_E_forbidden);
}

static void test_two_owners_cannot_both_leave_the_others (void **state)
{
    bench_t *bench = *state;
    room_t *room = furnish (bench, PT_room_kind_GROUP);
    room->roles[2] = PT_role_OWNER;
    store_entry_t entries[] = {change (1, 1, "a", 1, PT_change_LEFT, 0), change (1, 2, "b", 2, PT_change_LEFT, 0)};
    run (bench, entries, 2);
    assert_int_equal (entries[0].verdict, STORE_NEW);
    assert_int_equal (entries[1].error, -PT_E_forbidden);
    assert_non_null (entries[1].detail);
}

static void test_the_last_owner_may_leave_when_alone (void **state)
{
    bench_t *bench = *state;
    room_t *room = furnish (bench, PT_room_kind_GROUP);
    room->roles[2] = room->roles[3] = room->roles[4] = PT_role_none;
    store_entry_t entry = change (1, 1, "a", 0, PT_change_LEFT, 0);
    run (bench, &entry, 1);
    assert_int_equal (entry.verdict, STORE_NEW);
    assert_int_equal (entry.asked.account, 1);
}

static void test_a_repeated_change_is_known_though_it_was_stored_as_another (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    store_entry_t first = change (1, 1, "a", 3, PT_change_JOINED, PT_role_ADMIN);
    run (bench, &first, 1);
    assert_int_equal (first.what, PT_change_ROLE);
    store_entry_t again[] = {change (1, 1, "a", 3, PT_change_JOINED, PT_role_ADMIN),
                             change (1, 1, "a", 3, PT_change_JOINED, PT_role_READER),
                             change (1, 1, "a", 2, PT_change_JOINED, PT_role_ADMIN)};
    run (bench, again, 3);
    assert_int_equal (again[0].verdict, STORE_KNOWN);
    assert_int_equal (again[0].role, PT_role_ADMIN);
    assert_int_equal (again[1].error, -PT_E_conflict);
    assert_int_equal (again[2].error, -PT_E_conflict);
}

static void test_numbering_starts_above_the_floor (void **state)
{
    bench_t *bench = *state;
    room_t *room = furnish (bench, PT_room_kind_GROUP);
    room->floor = 700;
    store_entry_t entry = message (1, 3, "a", "x");
    run (bench, &entry, 1);
    assert_int_equal (entry.seq, 701);
}

static void test_ids_go_on_in_the_second_block (void **state)
{
    bench_t *bench = *state;
    furnish (bench, PT_room_kind_GROUP);
    bench->ids = (store_ids_t){510, 511, 1025, 1030};
    store_entry_t entries[] = {message (1, 3, "a", "1"), message (1, 3, "b", "2"), message (1, 3, "c", "3")};
    run (bench, entries, 3);
    assert_int_equal (entries[0].id, 510);
    assert_int_equal (entries[1].id, 1025);
    assert_int_equal (entries[2].id, 1026);
    assert_int_equal (store_ids_left (&bench->ids), 3);
}

static void test_more_than_a_batch_does_not_open (void **state)
{
    bench_t *bench = *state;
    store_entry_t entry = message (1, 3, "a", "1"), *list[STORE_APPEND_MAX + 1];
    for (size_t i = 0; i < STORE_APPEND_MAX + 1; i++)
        list[i] = &entry;
    assert_int_equal (store_append_open (bench->append, list, STORE_APPEND_MAX + 1), -PT_E_too_large);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_one_change_in_each_situation, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_change_in_a_room_of_a_dialect, setup, teardown),
        cmocka_unit_test_setup_teardown (test_anybody_posts_where_a_dialect_is_open, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_message_needs_a_member_and_a_body, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_refused_entry_leaves_no_hole, setup, teardown),
        cmocka_unit_test_setup_teardown (test_times_rise_even_when_the_clock_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_known_key_gets_the_first_answer_or_a_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown (test_equal_keys_in_one_batch_become_one_row, setup, teardown),
        cmocka_unit_test_setup_teardown (test_files_are_posted_by_who_has_them_and_a_repeat_names_the_same, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (test_a_full_arena_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_key_that_was_refused_is_free, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_kick_counts_for_what_follows_in_the_batch, setup, teardown),
        cmocka_unit_test_setup_teardown (test_two_owners_cannot_both_leave_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown (test_the_last_owner_may_leave_when_alone, setup, teardown),
        cmocka_unit_test_setup_teardown (test_a_repeated_change_is_known_though_it_was_stored_as_another, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (test_numbering_starts_above_the_floor, setup, teardown),
        cmocka_unit_test_setup_teardown (test_ids_go_on_in_the_second_block, setup, teardown),
        cmocka_unit_test_setup_teardown (test_more_than_a_batch_does_not_open, setup, teardown),
    };
    return cmocka_run_group_tests_name ("store_append", tests, NULL, NULL);
}
