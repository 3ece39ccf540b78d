/*  sim_pg - the server: rooms, sessions, locks, commits.  See sim_pg.h. */

#include "sim_pg_priv.h"
#include <stdio.h>
#include <stdlib.h>

#define S_TEXT_MAX (256u * 1024 * 1024)
#define S_FIRST_CAP 64

/*  ---- life --------------------------------------------------------------------- */

sim_pg_t *sim_pg_new (sim_net_t *net, int node)
{
    sim_pg_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->net = net;
    self->node = node;
    self->is_up = true;
    self->next_id = 1;
    self->arena = pt_arena_new (S_TEXT_MAX);
    self->keys = calloc (SIM_PG_KEYS, sizeof *self->keys);
    if (!self->arena || !self->keys)
        sim_pg_destroy (&self);
    return self;
}

void sim_pg_destroy (sim_pg_t **self_p)
{
    sim_pg_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (unsigned i = 0; i < self->room_count; i++)
        free (self->rooms[i].items);
    for (unsigned i = 0; i < SIM_PG_SESSIONS; i++)
        free (self->sessions[i].rows);
    while (self->jobs) {
        sim_pg_job_t *job = self->jobs;
        self->jobs = job->next;
        free (job);
    }
    pt_arena_destroy (&self->arena);
    free (self->keys);
    free (self);
}

void sim_pg_add_room (sim_pg_t *self, uint64_t id, unsigned accounts)
{
    if (self->room_count == SIM_PG_ROOMS)
        return;
    sim_pg_room_t *room = &self->rooms[self->room_count++];
    *room = (sim_pg_room_t){.id = id, .holder = -1};
    for (unsigned i = 1; i <= accounts && i <= SIM_PG_ACCOUNTS; i++)
        room->roles[i] = i == 1 ? PT_role_OWNER : PT_role_MEMBER;
}

sim_pg_room_t *sim_pg_room (const sim_pg_t *self, uint64_t id)
{
    for (unsigned i = 0; i < self->room_count; i++)
        if (self->rooms[i].id == id)
            return (sim_pg_room_t *)(uintptr_t)&self->rooms[i];
    return NULL;
}

unsigned sim_pg_rooms (const sim_pg_t *self)
{
    return self->room_count;
}

sim_pg_room_t *sim_pg_room_at (const sim_pg_t *self, unsigned i)
{
    return (sim_pg_room_t *)(uintptr_t)&self->rooms[i];
}

bool sim_pg_is_up (const sim_pg_t *self)
{
    return self->is_up;
}

const char *sim_pg_complaint (const sim_pg_t *self)
{
    return self->complaint[0] ? self->complaint : NULL;
}

/*  ---- keys ------------------------------------------------------------------------- */

static uint64_t s_hash (uint64_t room, uint64_t sender, pt_str_t key)
{
    uint64_t hash = room * UINT64_C (0x9e3779b97f4a7c15) ^ sender;
    for (uint32_t i = 0; i < key.len; i++)
        hash = (hash ^ (uint8_t)key.at[i]) * UINT64_C (0x100000001b3);
    return hash ^ hash >> 29;
}

static sim_pg_key_t *s_place (sim_pg_t *self, uint64_t room, uint64_t sender, pt_str_t key)
{
    for (uint64_t i = s_hash (room, sender, key);; i++) {
        sim_pg_key_t *place = &self->keys[i % SIM_PG_KEYS];
        if (place->seq == 0 || (place->room == room && place->sender == sender && pt_str_eq (place->key, key)))
            return place;
    }
}

const pt_item_t *sim_pg_find (sim_pg_t *self, uint64_t room, uint64_t sender, pt_str_t key)
{
    const sim_pg_key_t *place = s_place (self, room, sender, key);
    return place->seq ? &sim_pg_room (self, room)->items[place->seq - 1] : NULL;
}

/*  ---- rows --------------------------------------------------------------------------- */

static pt_str_t s_keep (sim_pg_t *self, pt_str_t text)
{
    char *copy = pt_arena_copy (self->arena, text.at ? text.at : "", text.len);
    return (pt_str_t){copy, copy ? text.len : 0};
}

/*  Whether the row breaks a unique key: (room, seq) or (room, sender, send_id). */
static bool s_is_taken (sim_pg_t *self, const sim_pg_row_t *row)
{
    const sim_pg_room_t *room = sim_pg_room (self, row->item.room);
    return row->item.seq <= room->head || sim_pg_find (self, row->item.room, row->sender, row->key) != NULL;
}

static void s_insert (sim_pg_t *self, const sim_pg_row_t *row)
{
    sim_pg_room_t *room = sim_pg_room (self, row->item.room);
    if (row->item.seq != room->head + 1)
        snprintf (self->complaint, sizeof self->complaint, "room %llu got seq %llu behind %u",
                  (unsigned long long)room->id, (unsigned long long)row->item.seq, room->head);
    if (room->head == room->cap) {
        uint32_t cap = room->cap ? room->cap * 2 : S_FIRST_CAP;
        pt_item_t *items = cap <= SIM_PG_ITEMS ? realloc (room->items, cap * sizeof *items) : NULL;
        if (!items)
            return;
        room->items = items;
        room->cap = cap;
    }
    room->items[room->head++] = row->item;
    *s_place (self, room->id, row->sender, row->key) =
        (sim_pg_key_t){.room = room->id, .sender = row->sender, .key = row->key, .seq = room->head};
    if (row->item.kind == PT_item_kind_MEMBER && row->item.account <= SIM_PG_ACCOUNTS)
        room->roles[row->item.account] = row->item.role;
}

static sim_pg_row_t s_row (sim_pg_t *self, const store_entry_t *entry)
{
    bool is_message = entry->asked.kind == PT_item_kind_MESSAGE;
    sim_pg_row_t row = {.sender = entry->sender, .key = s_keep (self, entry->send_id)};
    row.item = (pt_item_t){
        .room = entry->room,
        .seq = entry->seq,
        .id = entry->id,
        .kind = entry->asked.kind,
        .at = entry->at,
    };
    if (is_message) {
        row.item.has_sender = row.item.has_send_id = row.item.has_body = true;
        row.item.sender = entry->sender;
        row.item.send_id = row.key;
        row.item.body = s_keep (self, entry->asked.body);
        row.item.reply_to = entry->asked.reply_to;
        row.item.has_reply_to = entry->asked.reply_to != 0;
    } else {
        row.item.has_account = row.item.has_what = row.item.has_by = true;
        row.item.account = entry->asked.account;
        row.item.what = entry->what;
        row.item.role = entry->role;
        row.item.has_role = entry->role != PT_role_none;
        row.item.by = entry->sender;
    }
    return row;
}

void sim_pg_add_row (sim_pg_t *self, sim_pg_session_t *session, const store_entry_t *entry)
{
    if (session->row_count == session->row_cap) {
        unsigned cap = session->row_cap ? session->row_cap * 2 : S_FIRST_CAP;
        sim_pg_row_t *rows = realloc (session->rows, cap * sizeof *rows);
        if (!rows)
            return;
        session->rows = rows;
        session->row_cap = cap;
    }
    session->rows[session->row_count++] = s_row (self, entry);
}

/*  ---- locks ---------------------------------------------------------------------------- */

static bool s_is_free (const sim_pg_t *self, uint32_t rooms, int session)
{
    for (unsigned i = 0; i < self->room_count; i++)
        if (rooms >> i & 1 && self->rooms[i].holder >= 0 && self->rooms[i].holder != session)
            return false;
    return true;
}

static void s_answer (sim_pg_t *self, sim_pg_session_t *session, const char *sqlstate)
{
    session->is_asked = false;
    snprintf (session->sqlstate, sizeof session->sqlstate, "%s", sqlstate);
    if (session->client)
        sim_pg_client_answer (session->client, sim_random_between (self->net->random, 50, 600));
}

/*  Those who waited longest come first. */
static void s_wake_waiters (sim_pg_t *self)
{
    for (;;) {
        sim_pg_session_t *first = NULL;
        for (unsigned i = 0; i < SIM_PG_SESSIONS; i++) {
            sim_pg_session_t *session = &self->sessions[i];
            if (session->is_open && session->is_waiting && s_is_free (self, session->rooms, (int)i) &&
                (!first || session->waits_since < first->waits_since))
                first = session;
        }
        if (!first)
            return;
        first->is_waiting = false;
        for (unsigned i = 0; i < self->room_count; i++)
            if (first->rooms >> i & 1)
                self->rooms[i].holder = (int)(first - self->sessions);
        s_answer (self, first, "");
    }
}

static void s_release (sim_pg_t *self, const sim_pg_session_t *session)
{
    for (unsigned i = 0; i < self->room_count; i++)
        if (self->rooms[i].holder == (int)(session - self->sessions))
            self->rooms[i].holder = -1;
}

/*  ---- steps ------------------------------------------------------------------------------ */

static void s_event (sim_pg_t *self, const sim_pg_session_t *session, uint64_t us, sim_event_fn *fn)
{
    uint64_t arg = (uint64_t)session->serial << 8 | (uint64_t)(session - self->sessions);
    sim_net_after (self->net, self->node, us, fn, self, arg);
}

static sim_pg_session_t *s_session (sim_pg_t *self, uint64_t arg)
{
    sim_pg_session_t *session = &self->sessions[arg & 0xff];
    return session->is_open && session->serial == arg >> 8 ? session : NULL;
}

void sim_pg_close (sim_pg_t *self, sim_pg_session_t *session)
{
    if (!session->is_open)
        return;
    session->is_open = session->is_waiting = false;
    session->row_count = 0;
    s_release (self, session);
    s_wake_waiters (self);
}

static bool s_must_fail (sim_pg_t *self)
{
    return self->fail_until_us > self->net->now_us && sim_random_chance (self->net->random, self->fail_permille);
}

static void s_end_transaction (sim_pg_t *self, sim_pg_session_t *session, const char *sqlstate)
{
    session->row_count = 0;
    session->is_waiting = false;
    s_release (self, session);
    s_answer (self, session, sqlstate);
    s_wake_waiters (self);
}

static void s_on_lock_timeout (void *ctx, uint64_t arg)
{
    sim_pg_t *self = ctx;
    sim_pg_session_t *session = s_session (self, arg);
    if (session && session->is_waiting && self->net->now_us - session->waits_us >= session->lock_timeout_us)
        s_end_transaction (self, session, "55P03");
}

/*  A client that sleeps in its transaction is thrown out. */
static void s_on_idle_timeout (void *ctx, uint64_t arg)
{
    sim_pg_t *self = ctx;
    sim_pg_session_t *session = s_session (self, arg);
    if (!session || session->is_asked || self->net->now_us < session->idle_us + SIM_PG_IDLE_US)
        return;
    bool has_lock = false;
    for (unsigned i = 0; i < self->room_count; i++)
        has_lock = has_lock || self->rooms[i].holder == (int)(arg & 0xff);
    if (!has_lock)
        return;
    sim_pg_client_t *client = session->client;
    sim_pg_close (self, session);
    if (client)
        sim_pg_client_lose (client);
}

static void s_on_ask (void *ctx, uint64_t arg)
{
    sim_pg_t *self = ctx;
    sim_pg_session_t *session = s_session (self, arg);
    if (!session)
        return;
    if (s_must_fail (self)) {
        s_end_transaction (self, session, self->sqlstate);
        return;
    }
    session->is_waiting = true;
    session->waits_us = self->net->now_us;
    session->waits_since = ++self->waits;
    s_event (self, session, session->lock_timeout_us, s_on_lock_timeout);
    session->idle_us = self->net->now_us;
    s_event (self, session, SIM_PG_IDLE_US + session->lock_timeout_us, s_on_idle_timeout);
    s_wake_waiters (self);
}

static bool s_conflicts (sim_pg_t *self, const sim_pg_session_t *session)
{
    for (unsigned i = 0; i < session->row_count; i++)
        if (s_is_taken (self, &session->rows[i]))
            return true;
    return false;
}

static void s_on_commit (void *ctx, uint64_t arg)
{
    sim_pg_t *self = ctx;
    sim_pg_session_t *session = s_session (self, arg);
    if (!session)
        return;
    bool fails = s_must_fail (self);
    bool conflicts = !fails && s_conflicts (self, session);
    if (conflicts && !self->complaint[0])
        snprintf (self->complaint, sizeof self->complaint, "a unique key refused a batch: numbering went wrong");
    for (unsigned i = 0; !fails && !conflicts && i < session->row_count; i++)
        s_insert (self, &session->rows[i]);
    s_end_transaction (self, session, fails ? self->sqlstate : conflicts ? "23505" : "");
    if (!session->client)
        sim_pg_close (self, session);
}

sim_pg_session_t *sim_pg_open (sim_pg_t *self, sim_pg_client_t *client, uint64_t lock_timeout_us)
{
    for (unsigned i = 0; self->is_up && i < SIM_PG_SESSIONS; i++) {
        sim_pg_session_t *session = &self->sessions[i];
        if (session->is_open)
            continue;
        *session = (sim_pg_session_t){.is_open = true,
                                      .serial = session->serial + 1,
                                      .client = client,
                                      .lock_timeout_us = lock_timeout_us,
                                      .rows = session->rows,
                                      .row_cap = session->row_cap};
        return session;
    }
    return NULL;
}

void sim_pg_ask (sim_pg_t *self, sim_pg_session_t *session, bool is_last)
{
    session->is_asked = true;
    uint64_t us =
        is_last ? sim_random_between (self->net->random, 100, 3000) : sim_random_between (self->net->random, 50, 500);
    s_event (self, session, us, is_last ? s_on_commit : s_on_ask);
}

static void s_on_orphan (void *ctx, uint64_t arg)
{
    sim_pg_t *self = ctx;
    sim_pg_session_t *session = s_session (self, arg);
    if (session)
        sim_pg_close (self, session);
}

/*  The client is gone: what it had asked for may still happen first. */
void sim_pg_orphan (sim_pg_t *self, sim_pg_session_t *session)
{
    session->client = NULL;
    if (!session->is_asked || sim_random_chance (self->net->random, 400))
        sim_pg_close (self, session);
    else
        s_event (self, session, sim_random_between (self->net->random, 100, 400000), s_on_orphan);
}

/*  ---- faults --------------------------------------------------------------------------- */

static void s_on_return (void *ctx, uint64_t arg)
{
    (void)arg;
    ((sim_pg_t *)ctx)->is_up = true;
}

void sim_pg_crash (sim_pg_t *self, uint64_t us)
{
    if (!self->is_up)
        return;
    self->is_up = false;
    sim_pg_forget_open (self);
    for (unsigned i = 0; i < SIM_PG_SESSIONS; i++) {
        sim_pg_session_t *session = &self->sessions[i];
        sim_pg_client_t *client = session->is_open ? session->client : NULL;
        session->is_open = session->is_waiting = false;
        s_release (self, session);
        if (client)
            sim_pg_client_lose (client);
    }
    sim_net_after (self->net, self->node, us, s_on_return, self, 0);
}

void sim_pg_cut (sim_pg_t *self, uint64_t n)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SIM_PG_SESSIONS; i++)
        count += self->sessions[i].is_open && self->sessions[i].client;
    n = count ? n % count : 0;
    for (unsigned i = 0; count && i < SIM_PG_SESSIONS; i++) {
        sim_pg_session_t *session = &self->sessions[i];
        if (!session->is_open || !session->client || n-- > 0)
            continue;
        sim_pg_client_t *client = session->client;
        sim_pg_orphan (self, session);
        sim_pg_client_lose (client);
        return;
    }
}

void sim_pg_fail (sim_pg_t *self, const char *sqlstate, unsigned permille, uint64_t us)
{
    snprintf (self->sqlstate, sizeof self->sqlstate, "%s", sqlstate);
    self->fail_permille = permille;
    self->fail_until_us = self->net->now_us + us;
}
