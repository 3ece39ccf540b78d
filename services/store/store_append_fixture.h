/*  store_append_fixture - what the tests of the decision share: a naive store, written the plainest
    way, and batches that are decided upon what it holds. */

#ifndef STORE_APPEND_FIXTURE_H
#define STORE_APPEND_FIXTURE_H

#include "store_append.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])
#define S_HELPER __attribute__ ((unused)) static
#define ROOMS 4
#define ACCOUNTS 8
#define ITEMS 4096
#define MISSING_ACCOUNT ACCOUNTS     /* the last one does not exist */
#define STAFF_ACCOUNT (ACCOUNTS - 1) /* the one before it is staff */

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
    pt_room_dialect_t dialect;
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

S_HELPER world_t *world_new (void)
{
    world_t *world = calloc (1, sizeof (*world));
    assert_non_null (world);
    world->next_id = 1;
    world->now = 1000;
    return world;
}

S_HELPER const item_t *world_find (const room_t *room, uint64_t sender, pt_str_t send_id)
{
    for (unsigned i = 0; i < room->count; i++)
        if (room->items[i].sender == sender && pt_str_eq (pt_str (room->items[i].send_id), send_id))
            return &room->items[i];
    return NULL;
}

S_HELPER unsigned world_count (const room_t *room, pt_role_t least)
{
    unsigned count = 0;
    for (unsigned i = 1; i <= ACCOUNTS; i++)
        count += room->roles[i] >= least;
    return count;
}

/*  Tells an opened batch what the naive store holds, as SQL would. */
S_HELPER void world_tell (const world_t *world, store_append_t *append, store_entry_t *const *entries, unsigned count)
{
    unsigned room_count, pair_count;
    store_room_t *rooms = store_append_rooms (append, &room_count);
    for (unsigned i = 0; i < room_count; i++) {
        const room_t *room = &world->rooms[rooms[i].id];
        rooms[i].exists = room->exists;
        rooms[i].kind = room->kind;
        rooms[i].dialect = room->dialect;
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
        pairs[i].is_staff = pairs[i].account == STAFF_ACCOUNT;
    }
    for (unsigned i = 0; i < count; i++) {
        const item_t *item = world_find (&world->rooms[entries[i]->room], entries[i]->sender, entries[i]->send_id);
        if (item)
            store_append_known (append, i, &item->content, item->seq, item->id, item->at);
    }
}

/*  Writes one new row, with the membership it changes. */
S_HELPER void world_write (world_t *world, const store_entry_t *entry)
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

/*  ---- a batch ----------------------------------------------------------------------- */

typedef struct {
    store_append_t *append;
    world_t *world;
    store_ids_t ids;
} bench_t;

S_HELPER int setup (void **state)
{
    bench_t *bench = calloc (1, sizeof (*bench));
    assert_non_null (bench);
    bench->append = store_append_new ();
    bench->world = world_new ();
    bench->ids = (store_ids_t){1, 1u << 30, 0, 0};
    *state = bench;
    return 0;
}

S_HELPER int teardown (void **state)
{
    bench_t *bench = *state;
    store_append_destroy (&bench->append);
    free (bench->world);
    free (bench);
    return 0;
}

/*  Decides a batch and lets the naive store hold what is new. */
S_HELPER unsigned run (bench_t *bench, store_entry_t *entries, unsigned count)
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

S_HELPER store_entry_t message (uint64_t room, uint64_t sender, const char *send_id, const char *body)
{
    return (store_entry_t){.room = room,
                           .sender = sender,
                           .send_id = pt_str (send_id),
                           .asked = {.kind = PT_item_kind_MESSAGE, .body = pt_str (body)}};
}

S_HELPER store_entry_t change (uint64_t room, uint64_t sender, const char *key, uint64_t account, pt_change_t what,
                               pt_role_t role)
{
    return (store_entry_t){.room = room,
                           .sender = sender,
                           .send_id = pt_str (key),
                           .asked = {.kind = PT_item_kind_MEMBER, .account = account, .what = what, .role = role}};
}

/*  Room 1 with owner 1, admin 2, member 3, reader 4; 5 is a stranger. */
S_HELPER room_t *furnish (bench_t *bench, pt_room_kind_t kind)
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

#endif
