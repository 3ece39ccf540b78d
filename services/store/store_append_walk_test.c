/*  store_append_walk_test - a random walk in which a naive store, by the plainest reading of the rules,
    must agree with the decision. */

#include "store_append_fixture.h"

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
    if (*what == PT_change_JOINED && (is_self || mine) && !entry->asked.role) {
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
        cmocka_unit_test_setup_teardown (test_random_batches_agree_with_a_naive_store, setup, teardown),
    };
    return cmocka_run_group_tests_name ("store_append_walk", tests, NULL, NULL);
}
