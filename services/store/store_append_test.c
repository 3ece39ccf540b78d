/*  store_append_test - the decision alone: vectors for each rule, and a random
    walk in which a naive store, written the plainest way, must agree. */

#include "store_append.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])
#define ROOMS 4
#define ACCOUNTS 8
#define ITEMS 4096
#define MISSING_ACCOUNT ACCOUNTS /* the last one does not exist */

/*  ---- a naive store ------------------------------------------------------------ */

typedef struct {
    uint64_t sender;
    char send_id[16];
    store_content_t content;
    char body[16];
    uint64_t seq, id;
    int64_t at;
} item_t;

typedef struct {
    bool exists;
    pt_room_kind_t kind;
    uint64_t floor;
    item_t items[ITEMS];
    unsigned count;
    pt_role_t roles[ACCOUNTS + 1]; /* by account, 0 for strangers */
} room_t;

typedef struct {
    room_t rooms[ROOMS + 1]; /* by id, from 1 */
    uint64_t next_id;
    int64_t now;
} world_t;

static world_t *world_new (void)
{
    world_t *world = calloc (1, sizeof (*world));
    assert_non_null (world);
    world->next_id = 1;
    world->now = 1000;
    return world;
}

static const item_t *world_find (const room_t *room, uint64_t sender, pt_str_t send_id)
{
    for (unsigned i = 0; i < room->count; i++)
        if (room->items[i].sender == sender && pt_str_eq (pt_str (room->items[i].send_id), send_id))
            return &room->items[i];
    return NULL;
}

static unsigned world_count (const room_t *room, pt_role_t least)
{
    unsigned count = 0;
    for (unsigned i = 1; i <= ACCOUNTS; i++)
        count += room->roles[i] >= least;
    return count;
}

/*  Tells an opened batch what the naive store holds, as SQL would. */
static void world_tell (const world_t *world, store_append_t *append, store_entry_t *const *entries, unsigned count)
{
    unsigned room_count, pair_count;
    store_room_t *rooms = store_append_rooms (append, &room_count);
    for (unsigned i = 0; i < room_count; i++) {
        const room_t *room = &world->rooms[rooms[i].id];
        rooms[i].exists = room->exists;
        rooms[i].kind = room->kind;
        rooms[i].floor = room->floor;
        rooms[i].head = room->count ? room->items[room->count - 1].seq : 0;
        rooms[i].last_at = room->count ? room->items[room->count - 1].at : 0;
        rooms[i].owners = world_count (room, PT_role_OWNER);
        rooms[i].members = world_count (room, PT_role_READER);
    }
    store_pair_t *pairs = store_append_pairs (append, &pair_count);
    for (unsigned i = 0; i < pair_count; i++) {
        pairs[i].before = world->rooms[rooms[pairs[i].slot].id].roles[pairs[i].account];
        pairs[i].exists = pairs[i].account != MISSING_ACCOUNT;
    }
    for (unsigned i = 0; i < count; i++) {
        const item_t *item = world_find (&world->rooms[entries[i]->room], entries[i]->sender, entries[i]->send_id);
        if (item)
            store_append_known (append, i, &item->content, item->seq, item->id, item->at);
    }
}

/*  Writes one new row, with the membership it changes. */
static void world_write (world_t *world, const store_entry_t *entry)
{
    room_t *room = &world->rooms[entry->room];
    assert_true (room->count < ITEMS);
    item_t *item = &room->items[room->count++];
    item->sender = entry->sender;
    snprintf (item->send_id, sizeof (item->send_id), "%.*s", (int)entry->send_id.len, entry->send_id.at);
    snprintf (item->body, sizeof (item->body), "%.*s", (int)entry->asked.body.len,
              entry->asked.body.len ? entry->asked.body.at : "");
    item->content = entry->asked;
    item->content.body = pt_str (item->body);
    item->seq = entry->seq;
    item->id = entry->id;
    item->at = entry->at;
    if (entry->asked.kind == PT_item_kind_MEMBER) {
        item->content.what = entry->what;
        item->content.role = entry->role;
        room->roles[entry->asked.account] = entry->role;
    }
}

/*  ---- vectors -------------------------------------------------------------------- */

typedef struct {
    store_append_t *append;
    world_t *world;
    store_ids_t ids;
} bench_t;

static int setup (void **state)
{
    bench_t *bench = calloc (1, sizeof (*bench));
    assert_non_null (bench);
    bench->append = store_append_new ();
    bench->world = world_new ();
    bench->ids = (store_ids_t){1, 1u << 30, 0, 0};
    *state = bench;
    return 0;
}

static int teardown (void **state)
{
    bench_t *bench = *state;
    store_append_destroy (&bench->append);
    free (bench->world);
    free (bench);
    return 0;
}

/*  Decides a batch and lets the naive store hold what is new. */
static unsigned run (bench_t *bench, store_entry_t *entries, unsigned count)
{
    store_entry_t *list[STORE_APPEND_MAX];
    for (unsigned i = 0; i < count; i++)
        list[i] = &entries[i];
    assert_int_equal (store_append_open (bench->append, list, count), 0);
    world_tell (bench->world, bench->append, list, count);
    unsigned new_count = store_append_decide (bench->append, bench->world->now, &bench->ids);
    for (unsigned i = 0; i < count; i++)
        if (entries[i].verdict == STORE_NEW)
            world_write (bench->world, &entries[i]);
    return new_count;
}

static store_entry_t message (uint64_t room, uint64_t sender, const char *send_id, const char *body)
{
    return (store_entry_t){.room = room,
                           .sender = sender,
                           .send_id = pt_str (send_id),
                           .asked = {.kind = PT_item_kind_MESSAGE, .body = pt_str (body)}};
}

static store_entry_t change (uint64_t room, uint64_t sender, const char *key, uint64_t account, pt_change_t what,
                             pt_role_t role)
{
    return (store_entry_t){.room = room,
                           .sender = sender,
                           .send_id = pt_str (key),
                           .asked = {.kind = PT_item_kind_MEMBER, .account = account, .what = what, .role = role}};
}

/*  Room 1 with owner 1, admin 2, member 3, reader 4; 5 is a stranger. */
static room_t *furnish (bench_t *bench, pt_room_kind_t kind)
{
    room_t *room = &bench->world->rooms[1];
    memset (room, 0, sizeof (*room));
    room->exists = true;
    room->kind = kind;
    room->roles[1] = PT_role_OWNER;
    room->roles[2] = PT_role_ADMIN;
    room->roles[3] = PT_role_MEMBER;
    room->roles[4] = PT_role_READER;
    return room;
}

static void test_one_change_in_each_situation (void **state)
{
    enum { PUB = PT_room_kind_PUBLIC, GRP = PT_room_kind_GROUP, DIR = PT_room_kind_DIRECT };
    enum { JOIN = PT_change_JOINED, LEFT = PT_change_LEFT, KICK = PT_change_KICKED, ROLE = PT_change_ROLE };
    enum { NO = PT_role_none, RD = PT_role_READER, ME = PT_role_MEMBER, AD = PT_role_ADMIN, OW = PT_role_OWNER };
    static const struct {
        unsigned kind, sender, account, what, role; /* asked */
        store_verdict_t verdict;
        int error;
        unsigned happened, ended;
    } rows[] = {
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
    for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
        furnish (bench, rows[i].kind);
        store_entry_t entry = change (1, rows[i].sender, "k", rows[i].account, rows[i].what, rows[i].role);
        run (bench, &entry, 1);
        if (entry.verdict != rows[i].verdict || entry.error != -rows[i].error || entry.role != rows[i].ended ||
            entry.what != rows[i].happened)
            fail_msg ("row %zu: verdict %d error %d what %d role %d", i, entry.verdict, entry.error, entry.what,
                      entry.role);
        assert_int_equal (entry.seq, entry.verdict == STORE_NEW ? 1 : 0);
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

/*  ---- random walk ----------------------------------------------------------------- */

static uint64_t s_seed;

static unsigned pick (unsigned below)
{
    s_seed = s_seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(s_seed >> 33) % below;
}

/*  What the plainest reading of the rules gives for one entry, one at a time.
    Returns the error (0: accepted); `*out_same` when nothing changes. */
static int naive_change (const room_t *room, const store_entry_t *entry, pt_change_t *what, pt_role_t *role, bool *same)
{
    pt_role_t mine = room->roles[entry->sender], theirs = room->roles[entry->asked.account];
    bool is_self = entry->sender == entry->asked.account;
    int stranger = room->kind == PT_room_kind_PUBLIC ? PT_E_not_member : PT_E_not_found;
    pt_role_t wanted = entry->asked.role ? entry->asked.role : PT_role_MEMBER;
    *what = entry->asked.what;
    *role = PT_role_none;
    if (room->kind == PT_room_kind_DIRECT)
        return mine ? PT_E_forbidden : stranger;
    bool is_leave = *what == PT_change_LEFT || (*what == PT_change_KICKED && is_self);
    if (is_leave) {
        *what = PT_change_LEFT;
        if (!is_self)
            return PT_E_forbidden;
        *same = !theirs;
        bool is_last = theirs == PT_role_OWNER && world_count (room, PT_role_OWNER) == 1;
        return is_last && world_count (room, PT_role_READER) > 1 ? PT_E_forbidden : 0;
    }
    if (*what == PT_change_KICKED) {
        if (!mine)
            return stranger;
        if (mine < PT_role_ADMIN)
            return PT_E_forbidden;
        *same = !theirs;
        return theirs >= mine ? PT_E_forbidden : 0;
    }
    *role = wanted;
    if (*what == PT_change_ROLE && !entry->asked.role)
        return PT_E_invalid;
    if (*what == PT_change_JOINED && !theirs) {
        if (is_self && room->kind == PT_room_kind_PUBLIC && wanted == PT_role_MEMBER)
            return entry->asked.account == MISSING_ACCOUNT ? PT_E_not_found : 0;
        if (is_self)
            return room->kind == PT_room_kind_PUBLIC ? PT_E_forbidden : stranger;
        if (!mine)
            return stranger;
        if (mine < PT_role_ADMIN || (wanted >= PT_role_ADMIN && mine < PT_role_OWNER))
            return PT_E_forbidden;
        return entry->asked.account == MISSING_ACCOUNT ? PT_E_not_found : 0;
    }
    if (*what == PT_change_JOINED && is_self && !entry->asked.role) {
        *role = theirs;
        *same = true;
        return 0;
    }
    if (!mine)
        return stranger;
    if (!theirs)
        return PT_E_not_found;
    *what = PT_change_ROLE;
    if (is_self && wanted == theirs) {
        *same = true;
        return 0;
    }
    if (is_self ? wanted > theirs : mine < PT_role_ADMIN)
        return PT_E_forbidden;
    if (!is_self && mine < PT_role_OWNER && (wanted >= PT_role_ADMIN || theirs >= PT_role_ADMIN))
        return PT_E_forbidden;
    *same = wanted == theirs;
    bool is_last = theirs == PT_role_OWNER && world_count (room, PT_role_OWNER) == 1;
    return !*same && is_last ? PT_E_forbidden : 0;
}

static bool naive_equal (const store_entry_t *entry, const item_t *item)
{
    if (entry->asked.kind != item->content.kind)
        return false;
    if (entry->asked.kind == PT_item_kind_MESSAGE)
        return entry->asked.reply_to == item->content.reply_to && pt_str_eq (entry->asked.body, pt_str (item->body));
    if (entry->asked.account != item->content.account)
        return false;
    pt_change_t what = item->content.what, asked = entry->asked.what;
    bool is_what = what == asked || (asked == PT_change_JOINED && what == PT_change_ROLE) ||
                   (asked == PT_change_KICKED && what == PT_change_LEFT);
    bool is_role = what == PT_change_LEFT || what == PT_change_KICKED ||
                   item->content.role == (entry->asked.role ? entry->asked.role : PT_role_MEMBER);
    if (asked == PT_change_ROLE && !entry->asked.role)
        is_role = false;
    return is_what && is_role;
}

/*  Judges, and writes at once: the next entry sees the world after this one. */
static void naive_step (world_t *world, const store_entry_t *asked, store_entry_t *out)
{
    *out = *asked;
    room_t *room = &world->rooms[asked->room];
    const item_t *item = room->exists ? world_find (room, asked->sender, asked->send_id) : NULL;
    int error = 0;
    bool same = false;
    pt_role_t mine = room->roles[asked->sender];
    if (!room->exists)
        error = PT_E_not_found;
    else if (item) {
        error = naive_equal (asked, item) ? 0 : PT_E_conflict;
        out->verdict = error ? STORE_REFUSED : STORE_KNOWN;
        out->seq = error ? 0 : item->seq;
        out->error = -error;
        return;
    } else if (asked->asked.kind == PT_item_kind_MESSAGE)
        error = !mine                    ? (room->kind == PT_room_kind_PUBLIC ? PT_E_not_member : PT_E_not_found)
                : mine == PT_role_READER ? PT_E_forbidden
                                         : 0;
    else
        error = naive_change (room, asked, &out->what, &out->role, &same);
    out->error = -error;
    out->verdict = error ? STORE_REFUSED : same ? STORE_SAME : STORE_NEW;
    out->seq = 0;
    if (out->verdict != STORE_NEW)
        return;
    const item_t *last = room->count ? &room->items[room->count - 1] : NULL;
    out->seq = last ? last->seq + 1 : 1;
    out->at = last && last->at >= world->now ? last->at + 1 : world->now;
    world_write (world, out);
}

static char s_names[40][8];

static store_entry_t random_entry (void)
{
    store_entry_t entry = message (1 + pick (ROOMS), 1 + pick (ACCOUNTS), s_names[pick (40)], pick (2) ? "x" : "y");
    if (pick (3) == 0) {
        entry.asked = (store_content_t){.kind = PT_item_kind_MEMBER,
                                        .account = pick (3) ? 1 + pick (ACCOUNTS) : entry.sender,
                                        .what = (pt_change_t)(1 + pick (4)),
                                        .role = (pt_role_t)pick (5)};
    } else if (pick (8) == 0)
        entry.asked.reply_to = 1 + pick (3);
    return entry;
}

static void walk (bench_t *bench, uint64_t seed)
{
    s_seed = seed;
    world_t *model = world_new ();
    free (bench->world);
    bench->world = world_new ();
    for (unsigned r = 1; r < ROOMS; r++) { /* the last room does not exist */
        room_t *room = &bench->world->rooms[r];
        room->exists = true;
        room->kind = (pt_room_kind_t)r;
        room->roles[1] = r == PT_room_kind_DIRECT ? PT_role_MEMBER : PT_role_OWNER;
        room->roles[2] = PT_role_MEMBER;
        model->rooms[r] = *room;
    }
    for (unsigned round = 0; round < 60; round++) {
        store_entry_t entries[40], expected[40];
        unsigned count = 1 + pick (40);
        bench->world->now = model->now = 1000 + pick (100);
        for (unsigned i = 0; i < count; i++)
            entries[i] = random_entry ();
        for (unsigned i = 0; i < count; i++)
            naive_step (model, &entries[i], &expected[i]);
        run (bench, entries, count);
        for (unsigned i = 0; i < count; i++) {
            const store_entry_t *a = &entries[i], *b = &expected[i];
            if (a->verdict != b->verdict || a->error != b->error || a->seq != b->seq ||
                (a->verdict == STORE_NEW && (a->at != b->at || a->what != b->what || a->role != b->role)))
                fail_msg ("seed %llu round %u entry %u: verdict %d/%d error %d/%d seq %llu/%llu what %d/%d role %d/%d",
                          (unsigned long long)seed, round, i, a->verdict, b->verdict, a->error, b->error,
                          (unsigned long long)a->seq, (unsigned long long)b->seq, a->what, b->what, a->role, b->role);
        }
        for (unsigned r = 1; r <= ROOMS; r++)
            assert_memory_equal (bench->world->rooms[r].roles, model->rooms[r].roles, sizeof (model->rooms[r].roles));
    }
    for (unsigned r = 1; r <= ROOMS; r++)
        for (unsigned i = 0; i < bench->world->rooms[r].count; i++)
            assert_int_equal (bench->world->rooms[r].items[i].seq, i + 1);
    free (model);
}

static void test_random_batches_agree_with_a_naive_store (void **state)
{
    for (unsigned i = 0; i < 40; i++)
        snprintf (s_names[i], sizeof (s_names[i]), "k%u", i);
    for (uint64_t seed = 1; seed <= 200; seed++)
        walk (*state, seed);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_one_change_in_each_situation, setup, teardown),
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
        cmocka_unit_test_setup_teardown (test_random_batches_agree_with_a_naive_store, setup, teardown),
    };
    return cmocka_run_group_tests_name ("store_append", tests, NULL, NULL);
}
