/*  gw_room - see gw_room.h: the registry, the subscribers, what follows from a
    step of the order. */

#include "gw_room_priv.h"
#include <stdlib.h>

#define S_TICK_MS 1000
#define S_SUBS_MIN 2

/*  Rooms that one tick looks at, so that a turn stays short. */
#define S_VISITS 4096

/*  ---- rooms ------------------------------------------------------------------ */

static uint64_t s_random (gw_rooms_t *self)
{
    self->random = self->random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return self->random ^ (self->random >> 29);
}

static void s_link_room (gw_room_t *room)
{
    gw_rooms_t *rooms = room->rooms;
    room->next = rooms->first;
    if (rooms->first)
        rooms->first->prev = room;
    rooms->first = room;
}

static void s_unlink_room (gw_room_t *room)
{
    if (room->rooms->visit == room)
        room->rooms->visit = room->next;
    if (room->prev)
        room->prev->next = room->next;
    else
        room->rooms->first = room->next;
    if (room->next)
        room->next->prev = room->prev;
}

static bool s_is_due_listed (const gw_room_t *room)
{
    return room->due_prev || room->rooms->due_first == room;
}

static void s_unlist_due (gw_room_t *room)
{
    if (!s_is_due_listed (room))
        return;
    if (room->due_prev)
        room->due_prev->due_next = room->due_next;
    else
        room->rooms->due_first = room->due_next;
    if (room->due_next)
        room->due_next->due_prev = room->due_prev;
    room->due_next = room->due_prev = NULL;
}

/*  The earlier of two times of which 0 means none. */
static uint64_t s_earlier (uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static uint64_t s_due_ms (const gw_room_t *room)
{
    return s_earlier (room->order_due_ms, room->wait_first ? room->page_due_ms : 0);
}

void gw_rooms_arm (gw_rooms_t *self, uint64_t due_ms, uint64_t now_ms)
{
    if (self->armed_ms && self->armed_ms <= due_ms)
        return;
    self->armed_ms = due_ms;
    sv_timer_set (self->gw->loop, self->due_timer, due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 1, 0);
}

void gw_room_set_due (gw_room_t *self, uint64_t now_ms)
{
    gw_rooms_t *rooms = self->rooms;
    uint64_t due_ms = s_due_ms (self);
    if (!due_ms) {
        s_unlist_due (self);
        return;
    }
    if (!s_is_due_listed (self)) {
        self->due_next = rooms->due_first;
        if (rooms->due_first)
            rooms->due_first->due_prev = self;
        rooms->due_first = self;
    }
    gw_rooms_arm (rooms, due_ms, now_ms);
}

static void s_topic (const gw_room_t *room, uint8_t topic[PT_TOPIC_ROOM_LEN])
{
    pt_topic_room (topic, room->id);
}

void gw_room_destroy (gw_room_t **self_p)
{
    gw_room_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    /*  NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that unlinking moves the heads. */
    gw_rooms_t *rooms = self->rooms;
    uint8_t topic[PT_TOPIC_ROOM_LEN];
    s_topic (self, topic);
    sv_bus_unsubscribe (rooms->gw->bus, topic, sizeof topic);
    gw_room_forget_fetches (self);
    s_unlist_due (self);
    s_unlink_room (self);
    gw_room_unwant_head (self);
    gw_idmap_remove (&rooms->map, self->id);
    gw_order_destroy (&self->order);
    gw_track_close (&self->native);
    gw_track_close (&self->spoken);
    free (self->subs);
    free (self);
    sv_metric_set (rooms->m_rooms, rooms->map.count);
}

static int s_open_room (gw_rooms_t *rooms, gw_room_t *room)
{
    uint8_t topic[PT_TOPIC_ROOM_LEN];
    room->order = gw_order_new (s_random (rooms));
    int err = gw_track_open (&room->native, &rooms->tracks, NULL, room->id, 0);
    if (!room->order || err || gw_idmap_put (&rooms->map, room->id, room))
        return -PT_E_memory;
    s_topic (room, topic);
    err = sv_bus_subscribe (rooms->gw->bus, topic, sizeof topic);
    if (err)
        gw_idmap_remove (&rooms->map, room->id);
    return err;
}

static gw_room_t *s_new_room (gw_rooms_t *rooms, uint64_t id, int *out_err)
{
    *out_err = rooms->map.count < GW_ROOMS ? -PT_E_memory : -PT_E_busy;
    gw_room_t *room = rooms->map.count < GW_ROOMS ? calloc (1, sizeof *room) : NULL;
    if (!room)
        return NULL;
    room->rooms = rooms;
    room->id = id;
    int err = s_open_room (rooms, room);
    if (err) {
        *out_err = err;
        gw_order_destroy (&room->order);
        gw_track_close (&room->native);
        free (room);
        return NULL;
    }
    s_link_room (room);
    sv_metric_set (rooms->m_rooms, rooms->map.count);
    return room;
}

uint64_t gw_room_id (const gw_room_t *self)
{
    return self->id;
}

uint64_t gw_room_epoch (const gw_room_t *self)
{
    return gw_order_epoch (self->order);
}

uint64_t gw_room_last (const gw_room_t *self)
{
    return gw_order_last (self->order);
}

/*  ---- what follows from a step ------------------------------------------------ */

/*  All joined subscriptions are void.  From the end, because an owner may
    destroy its own at once. */
static void s_end_subs (gw_room_t *self, int why)
{
    sv_metric_add (self->rooms->m_resets, 1);
    for (uint32_t i = self->sub_count; i > 0; i--) {
        gw_sub_t *sub = self->subs[i - 1];
        if (!sub->is_joined)
            continue;
        sub->is_joined = false;
        gw_room_unwait (sub);
        sub->ops->ended (sub, why);
    }
}

static bool s_is_removal (const pt_item_t *item)
{
    return item->what == PT_change_LEFT || item->what == PT_change_KICKED;
}

/*  Applies a change of membership to the account's subscriptions, also to those
    that wait for an answer about it. */
static void s_apply_member (gw_room_t *self, const pt_item_t *item)
{
    for (uint32_t i = 0; i < self->sub_count; i++) {
        gw_sub_t *sub = self->subs[i];
        if (sub->account != item->account || sub->judged >= item->seq)
            continue;
        sub->judged = item->seq;
        sub->role = s_is_removal (item) ? PT_role_none : item->role;
        if (s_is_removal (item)) {
            sub->removed = item->seq;
            gw_feed_end (&sub->feed, item->seq);
        }
    }
}

static void s_wake_subs (gw_room_t *self)
{
    for (uint32_t i = 0; i < self->sub_count; i++) {
        gw_sub_t *sub = self->subs[i];
        if (!sub->feed.is_ready && gw_feed_is_hungry (&sub->feed))
            sub->ops->ready (sub);
    }
}

static void s_deliver (gw_room_t *self, const gw_order_out_t *out, uint64_t now_ms)
{
    for (unsigned i = 0; i < out->count; i++) {
        gw_track_add (&self->native, &self->rooms->tracks, out->items[i], now_ms);
        if (self->spoken.ring)
            gw_track_add (&self->spoken, &self->rooms->tracks, out->items[i], now_ms);
        if (out->items[i]->kind == PT_item_kind_MEMBER)
            s_apply_member (self, out->items[i]);
    }
    sv_metric_add (self->rooms->m_items, out->count);
    const sv_hop_t hop = {.kind = PT_hop_kind_DELIVERED,
                          .room = self->id,
                          .seq = out->items[0]->seq,
                          .last = out->items[out->count - 1]->seq,
                          .count = self->sub_count};
    sv_trace_add (self->rooms->gw->trace, &hop);
    s_wake_subs (self);
}

static void s_skip (gw_room_t *self, uint64_t last)
{
    gw_track_skip (&self->native, last);
    if (self->spoken.ring)
        gw_track_skip (&self->spoken, last);
}

static void s_repair (gw_room_t *self, uint64_t after, uint32_t limit, uint64_t now_ms)
{
    const sv_hop_t hop = {.kind = PT_hop_kind_REPAIR, .room = self->id, .seq = after + 1, .last = after + limit};
    sv_trace_add (self->rooms->gw->trace, &hop);
    gw_room_repair (self, after, limit, now_ms);
}

void gw_room_step (gw_room_t *self, const gw_order_event_t *event, uint64_t now_ms)
{
    gw_order_out_t *out = &self->rooms->out;
    gw_order_step (self->order, event, now_ms, out);
    if (event->kind == GW_ORDER_GONE)
        self->is_gone = true;
    if (out->is_reset || out->skipped) {
        s_end_subs (self, event->kind == GW_ORDER_GONE ? -PT_E_gone : -PT_E_conflict);
        gw_room_forget_fetches (self);
        s_skip (self, out->skipped);
    }
    if (event->kind == GW_ORDER_START && gw_ring_last (self->native.ring) != gw_order_last (self->order))
        s_skip (self, gw_order_last (self->order));
    if (out->count)
        s_deliver (self, out, now_ms);
    self->order_due_ms = out->due_ms;
    if (out->is_ask)
        s_repair (self, out->ask_after, out->ask_limit, now_ms);
    else
        gw_room_set_due (self, now_ms);
}

/*  ---- subscriptions ------------------------------------------------------------ */

static int s_add_sub (gw_room_t *room, gw_sub_t *sub)
{
    if (room->sub_count == room->sub_cap) {
        uint32_t cap = room->sub_cap ? room->sub_cap * 2 : S_SUBS_MIN;
        gw_sub_t **subs = realloc (room->subs, cap * sizeof *subs);
        if (!subs)
            return -PT_E_memory;
        room->subs = subs;
        room->sub_cap = cap;
    }
    sub->index = room->sub_count;
    room->subs[room->sub_count++] = sub;
    return 0;
}

/*  The form that is wanted; NULL when out of memory.  A room has one dialect, so one form beside
    the native one. */
static gw_track_t *s_track (gw_room_t *room, const gw_voice_t *voice)
{
    gw_track_t *track = voice ? &room->spoken : &room->native;
    if (!track->ring &&
        gw_track_open (track, &room->rooms->tracks, voice, room->id, gw_ring_last (room->native.ring)) != 0)
        return NULL;
    return track;
}

/*  A room that nobody subscribes goes with the next ticks. */
static gw_sub_t *s_no_sub (gw_room_t *room, gw_sub_t *sub, int *out_err)
{
    free (sub);
    *out_err = -PT_E_memory;
    if (!room->sub_count && !room->empty_ms)
        room->empty_ms = sv_now_ms ();
    return NULL;
}

gw_sub_t *gw_sub_new (gw_rooms_t *rooms, const gw_sub_want_t *want, const gw_sub_ops_t *ops, void *owner, int *out_err)
{
    gw_room_t *room = gw_idmap_get (&rooms->map, want->room);
    if (!room && !(room = s_new_room (rooms, want->room, out_err)))
        return NULL;
    gw_sub_t *self = calloc (1, sizeof *self);
    gw_track_t *track = s_track (room, want->voice);
    if (!self || !track || s_add_sub (room, self))
        return s_no_sub (room, self, out_err);
    self->room = room;
    self->track = track;
    self->ops = ops;
    self->owner = owner;
    self->account = want->account;
    room->empty_ms = 0;
    gw_feed_init (&self->feed, track->ring, want->voice);
    return self;
}

void gw_sub_destroy (gw_sub_t **self_p)
{
    gw_sub_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    gw_room_t *room = self->room;
    gw_room_unwait (self);
    gw_feed_fini (&self->feed);
    room->subs[self->index] = room->subs[--room->sub_count];
    room->subs[self->index]->index = self->index;
    if (!room->sub_count)
        room->empty_ms = sv_now_ms ();
    free (self);
}

/*  Where delivery begins.  A `since` beyond the head is of another history: it
    can't be continued. */
static void s_place (gw_sub_t *self, const pt_membership_t *membership, const uint64_t *since, gw_joined_t *joined)
{
    uint64_t next = membership->seq + 1;
    if (since && *since >= membership->floor && *since <= membership->seq) {
        next = *since + 1;
        joined->is_recovered = true;
    }
    joined->has_floor = since && *since < membership->floor;
    gw_feed_start (&self->feed, next, joined->is_recovered);
}

int gw_sub_join (gw_sub_t *self, const pt_membership_t *membership, const uint64_t *since, gw_joined_t *out_joined)
{
    gw_room_t *room = self->room;
    uint64_t now_ms = sv_now_ms ();
    gw_room_unwait (self);
    gw_feed_fini (&self->feed);
    self->is_joined = false;
    if (room->is_gone)
        return -PT_E_gone;
    bool is_new = !gw_order_is_started (room->order);
    gw_order_event_t start = {.kind = GW_ORDER_START, .epoch = membership->epoch, .seq = membership->seq};
    gw_room_step (room, &start, now_ms);
    if (!gw_order_is_started (room->order) || gw_order_epoch (room->order) != membership->epoch)
        return -PT_E_unavailable;
    if (membership->seq >= self->judged) {
        self->judged = membership->seq;
        self->role = membership->role;
    }
    if (self->role == PT_role_none)
        return -PT_E_not_member;
    if (self->removed > membership->seq)
        return -PT_E_unavailable;

    gw_joined_t joined = {
        .head = membership->seq, .epoch = membership->epoch, .floor = membership->floor, .role = self->role};
    s_place (self, membership, since, &joined);
    self->is_joined = true;
    room->active_ms = now_ms;
    if (is_new)
        gw_room_want_head (room, now_ms);
    *out_joined = joined;
    if (gw_feed_is_hungry (&self->feed))
        self->ops->ready (self);
    return 0;
}

/*  ---- the bus and the clock ------------------------------------------------------ */

/*  A publisher not heard before has just started: what its predecessor committed
    may never have been published. */
static void s_note_generation (gw_rooms_t *self, uint64_t generation, uint64_t now_ms)
{
    for (unsigned i = 0; i < GW_GENERATIONS; i++)
        if (self->generations[i] == generation)
            return;
    self->generations[self->generation_next] = generation;
    self->generation_next = (self->generation_next + 1) % GW_GENERATIONS;
    gw_rooms_want_all_heads (self, now_ms);
}

static void s_on_items (gw_rooms_t *self, const pt_room_items_t *msg, unsigned broker, uint64_t now_us)
{
    uint64_t now_ms = now_us / 1000;
    sv_hop_t hop = {.kind = PT_hop_kind_RECEIVED, .room = msg->room, .broker = broker + 1, .at_us = now_us};
    gw_room_t *room = gw_idmap_get (&self->map, msg->room);
    if (!room)
        return;
    room->active_ms = now_ms;
    sv_trace_add_items (self->gw->trace, &hop, msg->items.at, msg->items.count);
    gw_order_event_t event = {
        .kind = GW_ORDER_ITEMS, .epoch = msg->epoch, .items = msg->items.at, .count = msg->items.count};
    gw_room_step (room, &event, now_ms);
    if (msg->items.at[msg->items.count - 1].seq <= gw_order_last (room->order))
        return;
    hop.kind = PT_hop_kind_HELD;
    sv_trace_add_items (self->gw->trace, &hop, msg->items.at, msg->items.count);
}

static void s_on_event (void *ctx, const sv_event_t *event)
{
    gw_rooms_t *self = ctx;
    uint64_t now_us = sv_now_us (), now_ms = now_us / 1000;
    if (event->opcode == PT_EV_room_items)
        s_on_items (self, event->msg, event->broker, now_us);
    else if (event->opcode == PT_EV_room_gone) {
        gw_room_t *room = gw_idmap_get (&self->map, ((const pt_head_t *)event->msg)->room);
        if (room)
            gw_room_step (room, &(gw_order_event_t){.kind = GW_ORDER_GONE}, now_ms);
    } else
        return;
    s_note_generation (self, event->generation, now_ms);
}

static void s_on_change (void *ctx, unsigned live)
{
    if (live)
        gw_rooms_want_all_heads (ctx, sv_now_ms ());
}

void gw_rooms_due (gw_rooms_t *self, uint64_t now_ms)
{
    self->armed_ms = 0;
    if (self->heads_due_ms && self->heads_due_ms <= now_ms)
        gw_rooms_ask_heads (self, now_ms);
    uint64_t earliest_ms = self->heads_due_ms;
    gw_room_t *next;
    for (gw_room_t *room = self->due_first; room; room = next) {
        next = room->due_next;
        if (room->wait_first && room->page_due_ms && room->page_due_ms <= now_ms)
            gw_room_page_due (room, now_ms);
        if (room->order_due_ms && room->order_due_ms <= now_ms)
            gw_room_step (room, &(gw_order_event_t){.kind = GW_ORDER_TICK}, now_ms);
        earliest_ms = s_earlier (earliest_ms, s_due_ms (room));
    }
    if (earliest_ms)
        gw_rooms_arm (self, earliest_ms, now_ms);
}

static void s_visit (gw_room_t *room, uint64_t now_ms)
{
    gw_track_sweep (&room->native);
    gw_track_sweep (&room->spoken);
    if (room->sub_count)
        gw_room_head_tick (room, now_ms);
    else if (room->is_gone || room->empty_ms + GW_ROOM_LINGER_MS <= now_ms)
        gw_room_destroy (&room);
}

void gw_rooms_tick (gw_rooms_t *self, uint64_t now_ms)
{
    gw_ring_pool_tick (self->tracks.pool, now_ms);
    gw_rooms_start_pages (self, now_ms); /* rooms that went have freed their places */
    unsigned visits = self->map.count < S_VISITS ? self->map.count : S_VISITS;
    while (visits-- && self->first) {
        gw_room_t *room = self->visit ? self->visit : self->first;
        self->visit = room->next; /* NOLINT(clang-analyzer-unix.Malloc): as in gw_room_destroy */
        s_visit (room, now_ms);
    }
}

unsigned gw_rooms_count (const gw_rooms_t *self)
{
    return self->map.count;
}

static void s_on_due_timer (void *arg)
{
    gw_rooms_due (arg, sv_now_ms ());
}

static void s_on_tick_timer (void *arg)
{
    gw_rooms_tick (arg, sv_now_ms ());
}

gw_rooms_t *gw_rooms_new (gw_t *gw)
{
    gw_rooms_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->random = sv_bus_generation (gw->bus);
    self->m_rooms = sv_metrics_gauge (gw->metrics, "parley_gateway_rooms", NULL, "rooms with local subscribers");
    self->m_items = sv_metrics_counter (gw->metrics, "parley_gateway_items_total", NULL, "items put in order");
    self->m_repairs = sv_metrics_counter (gw->metrics, "parley_gateway_repairs_total", NULL, "holes asked for");
    self->m_pages = sv_metrics_counter (gw->metrics, "parley_gateway_pages_total", NULL, "pages asked for on resume");
    self->m_resets = sv_metrics_counter (gw->metrics, "parley_gateway_resets_total", NULL, "rooms that began anew");
    int err = gw_tracks_init (&self->tracks);
    self->heads_rooms = calloc (LIM_HEADS, sizeof *self->heads_rooms);
    self->tick_timer = sv_loop_timer (gw->loop, S_TICK_MS, S_TICK_MS, s_on_tick_timer, self);
    self->due_timer = sv_loop_timer (gw->loop, S_TICK_MS, 0, s_on_due_timer, self);
    if (err || !self->heads_rooms || !self->tick_timer || !self->due_timer) {
        gw_rooms_destroy (&self);
        return NULL;
    }
    sv_bus_on_event (gw->bus, 'r', s_on_event, self);
    sv_bus_on_change (gw->bus, s_on_change, self);
    return self;
}

void gw_rooms_destroy (gw_rooms_t **self_p)
{
    gw_rooms_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_bus_on_event (self->gw->bus, 'r', NULL, NULL);
    sv_bus_on_change (self->gw->bus, NULL, NULL);
    sv_bus_cancel (self->gw->bus, self->heads_call);
    while (self->first) {
        gw_room_t *room = self->first;
        gw_room_destroy (&room);
    }
    gw_idmap_fini (&self->map);
    sv_timer_cancel (self->gw->loop, &self->due_timer);
    sv_timer_cancel (self->gw->loop, &self->tick_timer);
    gw_tracks_fini (&self->tracks);
    free (self->heads_rooms);
    free (self);
}
