/*  store_append - decides what becomes of a batch of rows. */

#include "store_append.h"
#include "store_rule.h"
#include <assert.h>
#include <stdlib.h>

/*  Open addressing at a load of a half; entries hold index + 1. */
#define S_ROOM_SLOTS (2 * STORE_APPEND_MAX)
#define S_PAIR_SLOTS (2 * STORE_APPEND_PAIRS)
#define S_KEY_SLOTS (2 * STORE_APPEND_MAX)

typedef struct {
    bool is_set;
    store_content_t content;
    uint64_t seq, id;
    int64_t at;
} s_known_t;

struct store_append {
    store_entry_t *const *entries;
    unsigned count;
    store_room_t rooms[STORE_APPEND_MAX];
    unsigned room_count;
    store_pair_t pairs[STORE_APPEND_PAIRS];
    unsigned pair_count;
    s_known_t known[STORE_APPEND_MAX];
    bool has_changes, has_files;
    uint16_t room_table[S_ROOM_SLOTS];
    uint16_t pair_table[S_PAIR_SLOTS];
    uint16_t key_table[S_KEY_SLOTS]; /* keys of new rows of this batch */
};

static_assert ((S_ROOM_SLOTS & (S_ROOM_SLOTS - 1)) == 0, "a power of two");
static_assert (LIM_ATTACHMENTS <= 16, "a bit for each file");
static_assert ((S_PAIR_SLOTS & (S_PAIR_SLOTS - 1)) == 0, "a power of two");

static uint64_t s_mix (uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
    return x ^ (x >> 32);
}

static uint64_t s_hash_key (const store_entry_t *entry)
{
    uint64_t hash = s_mix (entry->room, entry->sender);
    for (uint32_t i = 0; i < entry->send_id.len; i++)
        hash = (hash ^ (uint8_t)entry->send_id.at[i]) * 0x100000001b3u;
    return hash ^ (hash >> 32);
}

store_append_t *store_append_new (void)
{
    return calloc (1, sizeof (store_append_t));
}

void store_append_destroy (store_append_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

/*  ---- opening ------------------------------------------------------------ */

static uint16_t s_room_slot (store_append_t *self, uint64_t room)
{
    for (uint64_t i = s_mix (room, 0);; i++) {
        uint16_t *place = &self->room_table[i & (S_ROOM_SLOTS - 1)];
        if (*place == 0) {
            self->rooms[self->room_count] = (store_room_t){.id = room};
            *place = (uint16_t)++self->room_count;
        }
        if (self->rooms[*place - 1].id == room)
            return (uint16_t)(*place - 1);
    }
}

static uint16_t s_pair_index (store_append_t *self, uint16_t slot, uint64_t account)
{
    for (uint64_t i = s_mix (account, slot);; i++) {
        uint16_t *place = &self->pair_table[i & (S_PAIR_SLOTS - 1)];
        if (*place == 0) {
            self->pairs[self->pair_count] = (store_pair_t){.account = account, .slot = slot};
            *place = (uint16_t)++self->pair_count;
        }
        const store_pair_t *pair = &self->pairs[*place - 1];
        if (pair->account == account && pair->slot == slot)
            return (uint16_t)(*place - 1);
    }
}

static void s_open_entry (store_append_t *self, store_entry_t *entry)
{
    entry->verdict = STORE_REFUSED;
    entry->error = 0;
    entry->detail = NULL;
    entry->seq = entry->id = 0;
    entry->at = 0;
    entry->what = PT_change_none;
    entry->role = PT_role_none;
    entry->files = entry->asked.files;
    entry->told = 0;
    self->has_files = self->has_files || entry->asked.file_count > 0;
    entry->slot = s_room_slot (self, entry->room);
    entry->sender_pair = s_pair_index (self, entry->slot, entry->sender);
    if (entry->asked.kind != PT_item_kind_MEMBER)
        return;
    if (entry->asked.account == 0)
        entry->asked.account = entry->sender;
    entry->account_pair = s_pair_index (self, entry->slot, entry->asked.account);
    self->pairs[entry->account_pair].is_target = true;
    self->pairs[entry->sender_pair].is_asker = true;
    self->rooms[entry->slot].has_changes = true;
    self->has_changes = true;
}

int store_append_open (store_append_t *self, store_entry_t *const *entries, unsigned count)
{
    if (count > STORE_APPEND_MAX)
        return -PT_E_too_large;
    self->entries = entries;
    self->count = count;
    self->room_count = self->pair_count = 0;
    self->has_changes = self->has_files = false;
    memset (self->room_table, 0, sizeof (self->room_table));
    memset (self->pair_table, 0, sizeof (self->pair_table));
    memset (self->key_table, 0, sizeof (self->key_table));
    for (unsigned i = 0; i < count; i++) {
        self->known[i].is_set = false;
        s_open_entry (self, entries[i]);
    }
    return 0;
}

store_room_t *store_append_rooms (store_append_t *self, unsigned *out_count)
{
    *out_count = self->room_count;
    return self->rooms;
}

store_pair_t *store_append_pairs (store_append_t *self, unsigned *out_count)
{
    *out_count = self->pair_count;
    return self->pairs;
}

bool store_append_has_changes (const store_append_t *self)
{
    return self->has_changes;
}

store_entry_t *store_append_entry (const store_append_t *self, unsigned i)
{
    return i < self->count ? self->entries[i] : NULL;
}

bool store_append_has_files (const store_append_t *self)
{
    return self->has_files;
}

static int s_copy (pt_arena_t *arena, pt_str_t text, pt_str_t *out)
{
    const char *copy = arena ? pt_arena_copy (arena, text.at, text.len) : NULL;
    *out = (pt_str_t){copy, copy ? text.len : 0};
    return copy ? 0 : -PT_E_memory;
}

int store_append_file (store_append_t *self, unsigned i, unsigned n, const pt_attachment_t *file)
{
    store_entry_t *entry = store_append_entry (self, i);
    if (!entry || n >= entry->asked.file_count || n >= LIM_ATTACHMENTS)
        return 0;
    pt_attachment_t *out = &entry->asked.files[n];
    out->size = file->size;
    if (s_copy (entry->arena, file->name, &out->name) < 0 || s_copy (entry->arena, file->type, &out->type) < 0)
        return -PT_E_memory;
    entry->told |= (uint16_t)(1u << n);
    return 0;
}

void store_append_known (store_append_t *self, unsigned i, const store_content_t *content, uint64_t seq, uint64_t id,
                         int64_t at)
{
    if (i < self->count)
        self->known[i] = (s_known_t){.is_set = true, .content = *content, .seq = seq, .id = id, .at = at};
}

/*  ---- ids ------------------------------------------------------------------ */

uint64_t store_ids_left (const store_ids_t *ids)
{
    return (ids->end - ids->next) + (ids->spare_end - ids->spare_next);
}

static uint64_t s_take_id (store_ids_t *ids)
{
    if (ids->next == ids->end) {
        ids->next = ids->spare_next;
        ids->end = ids->spare_end;
        ids->spare_next = ids->spare_end = 0;
    }
    return ids->next++;
}

/*  ---- deciding -------------------------------------------------------------- */

static bool s_has_same_files (const store_content_t *asked, const store_content_t *row)
{
    bool is_same = asked->file_count == row->file_count;
    for (unsigned i = 0; is_same && i < asked->file_count; i++)
        is_same = asked->files[i].file == row->files[i].file;
    return is_same;
}

/*  Whether what was asked is what the row says.  A row of a membership change
    says what happened, which may be narrower than what was asked: a `joined` of
    somebody who was a member is a `role`, a `kicked` of oneself is `left`. */
static bool s_is_same (const store_content_t *asked, const store_content_t *row)
{
    if (asked->kind != row->kind)
        return false;
    if (asked->kind == PT_item_kind_MESSAGE)
        return asked->reply_to == row->reply_to && pt_str_eq (asked->body, row->body) && s_has_same_files (asked, row);
    if (asked->account != row->account)
        return false;
    pt_role_t role = asked->role ? asked->role : PT_role_MEMBER;
    switch (asked->what) {
    case PT_change_JOINED:
        return (row->what == PT_change_JOINED || row->what == PT_change_ROLE) && row->role == role;
    case PT_change_ROLE:
        return row->what == PT_change_ROLE && row->role == asked->role;
    case PT_change_KICKED:
        return row->what == PT_change_KICKED || row->what == PT_change_LEFT;
    default:
        return row->what == asked->what;
    }
}

static void s_refuse (store_entry_t *entry, int error, const char *detail)
{
    entry->verdict = STORE_REFUSED;
    entry->error = error;
    entry->detail = detail;
}

static void s_repeat (store_entry_t *entry, const store_content_t *row, uint64_t seq, uint64_t id, int64_t at)
{
    if (!s_is_same (&entry->asked, row)) {
        s_refuse (entry, -PT_E_conflict, "this key was used for something else");
        return;
    }
    entry->verdict = STORE_KNOWN;
    entry->seq = seq;
    entry->id = id;
    entry->at = at;
    entry->what = row->what;
    entry->role = row->role;
}

/*  The new row of this batch with the entry's key, or NULL and where the key
    would be entered. */
static const store_entry_t *s_find_key (store_append_t *self, const store_entry_t *entry, uint16_t **out_place)
{
    for (uint64_t i = s_hash_key (entry);; i++) {
        uint16_t *place = &self->key_table[i & (S_KEY_SLOTS - 1)];
        *out_place = place;
        if (*place == 0)
            return NULL;
        const store_entry_t *other = self->entries[*place - 1];
        if (other->slot == entry->slot && other->sender == entry->sender && pt_str_eq (other->send_id, entry->send_id))
            return other;
    }
}

static void s_number (store_room_t *room, store_entry_t *entry, int64_t now, store_ids_t *ids)
{
    entry->verdict = STORE_NEW;
    entry->seq = ++room->head;
    entry->id = s_take_id (ids);
    entry->at = now > room->last_at ? now : room->last_at + 1;
    room->last_at = entry->at;
}

/*  Lets a membership change alter what the entries after it are judged by. */
static void s_apply (store_room_t *room, store_pair_t *pair, const store_entry_t *entry)
{
    bool was_member = pair->role != PT_role_none, is_member = entry->role != PT_role_none;
    room->owners += (entry->role == PT_role_OWNER) - (pair->role == PT_role_OWNER);
    room->members += is_member - was_member;
    pair->role = entry->role;
    if (entry->what == PT_change_JOINED) {
        pair->has_joined = true;
        pair->joined_seq = entry->seq;
        pair->joined_at = entry->at;
    }
}

static void s_judge (store_append_t *self, store_entry_t *entry, int64_t now, store_ids_t *ids, uint16_t *place,
                     unsigned i)
{
    store_room_t *room = &self->rooms[entry->slot];
    const store_pair_t *sender = &self->pairs[entry->sender_pair];
    if (entry->asked.kind != PT_item_kind_MEMBER) {
        int rc = store_rule_message (room, sender->role, entry);
        if (rc < 0)
            return;
        s_number (room, entry, now, ids);
    } else {
        store_pair_t *target = &self->pairs[entry->account_pair];
        int rc = store_rule_change (room, sender, target, entry);
        if (rc < 0 || entry->verdict == STORE_SAME)
            return;
        s_number (room, entry, now, ids);
        s_apply (room, target, entry);
    }
    *place = (uint16_t)(i + 1);
}

unsigned store_append_decide (store_append_t *self, int64_t now, store_ids_t *ids)
{
    for (unsigned i = 0; i < self->pair_count; i++)
        self->pairs[i].role = self->pairs[i].before;
    for (unsigned i = 0; i < self->room_count; i++)
        if (self->rooms[i].head < self->rooms[i].floor)
            self->rooms[i].head = self->rooms[i].floor;

    unsigned new_count = 0;
    for (unsigned i = 0; i < self->count; i++) {
        store_entry_t *entry = self->entries[i];
        const s_known_t *known = &self->known[i];
        uint16_t *place = NULL;
        const store_entry_t *twin = NULL;
        if (!self->rooms[entry->slot].exists)
            s_refuse (entry, -PT_E_not_found, NULL);
        else if (known->is_set) {
            s_repeat (entry, &known->content, known->seq, known->id, known->at);
            entry->files = known->content.files;
        } else if ((twin = s_find_key (self, entry, &place))) {
            store_content_t row = twin->asked;
            row.what = twin->what;
            row.role = twin->role;
            s_repeat (entry, &row, twin->seq, twin->id, twin->at);
        } else
            s_judge (self, entry, now, ids, place, i);
        new_count += entry->verdict == STORE_NEW;
    }
    return new_count;
}
