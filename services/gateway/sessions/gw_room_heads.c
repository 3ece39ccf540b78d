/*  gw_room_heads - how far the rooms have come: what no event told.

    Rooms with activity lately are asked for every 2 s, the others every 30 s,
    and all that have reason to be doubted soon (a first subscription, another
    set of brokers, a publisher that started).  One question at a time, of at
    most LIM_HEADS rooms; what it asked for and does not hold is gone. */

#include "gw_room_priv.h"

#define S_RECENT_MS 60000
#define S_OFTEN_MS 2000
#define S_SELDOM_MS 30000

/*  Wishes that arise together are asked for together. */
#define S_SOON_MS 20
#define S_DEADLINE_MS 5000
#define S_RETRY_MS 1000

void gw_room_want_head (gw_room_t *self, uint64_t now_ms)
{
    gw_rooms_t *rooms = self->rooms;
    if (self->is_head_wanted || self->is_gone)
        return;
    self->is_head_wanted = true;
    self->head_next = NULL;
    self->head_prev = rooms->heads_last;
    if (rooms->heads_last)
        rooms->heads_last->head_next = self;
    else
        rooms->heads_first = self;
    rooms->heads_last = self;
    if (!rooms->heads_due_ms && !rooms->heads_call) {
        rooms->heads_due_ms = now_ms + S_SOON_MS;
        gw_rooms_arm (rooms, rooms->heads_due_ms, now_ms);
    }
}

void gw_room_unwant_head (gw_room_t *self)
{
    gw_rooms_t *rooms = self->rooms;
    if (!self->is_head_wanted)
        return;
    self->is_head_wanted = false;
    if (self->head_prev)
        self->head_prev->head_next = self->head_next;
    else
        rooms->heads_first = self->head_next;
    if (self->head_next)
        self->head_next->head_prev = self->head_prev;
    else
        rooms->heads_last = self->head_prev;
}

void gw_rooms_want_all_heads (gw_rooms_t *self, uint64_t now_ms)
{
    for (gw_room_t *room = self->first; room; room = room->next)
        if (room->sub_count)
            gw_room_want_head (room, now_ms);
}

void gw_room_head_tick (gw_room_t *self, uint64_t now_ms)
{
    uint64_t interval_ms = now_ms - self->active_ms < S_RECENT_MS ? S_OFTEN_MS : S_SELDOM_MS;
    if (now_ms - self->head_ms >= interval_ms)
        gw_room_want_head (self, now_ms);
}

/*  Rooms asked for that the answer leaves out are gone.  The answer need not be
    in the order of the question. */
static void s_end_missing (gw_rooms_t *self, uint64_t now_ms)
{
    for (uint32_t i = 0; i < self->heads_asked; i++) {
        gw_room_t *room = self->heads_rooms[i] ? gw_idmap_get (&self->map, self->heads_rooms[i]) : NULL;
        if (room && gw_order_is_started (room->order))
            gw_room_step (room, &(gw_order_event_t){.kind = GW_ORDER_GONE}, now_ms);
    }
}

static void s_strike (gw_rooms_t *self, uint64_t room, uint32_t hint)
{
    for (uint32_t i = 0; i < self->heads_asked; i++) {
        uint64_t *asked = &self->heads_rooms[(hint + i) % self->heads_asked];
        if (*asked == room) {
            *asked = 0;
            return;
        }
    }
}

static void s_take_heads (gw_rooms_t *self, const pt_heads_t *msg, uint64_t now_ms)
{
    for (uint32_t i = 0; i < msg->heads.count; i++) {
        const pt_head_t *head = &msg->heads.at[i];
        gw_room_t *room = gw_idmap_get (&self->map, head->room);
        s_strike (self, head->room, i);
        if (room)
            gw_room_step (room, &(gw_order_event_t){.kind = GW_ORDER_HEAD, .epoch = head->epoch, .seq = head->seq},
                          now_ms);
    }
    s_end_missing (self, now_ms);
}

static void s_set_due (gw_rooms_t *self, uint64_t due_ms, uint64_t now_ms)
{
    self->heads_due_ms = due_ms;
    gw_rooms_arm (self, due_ms, now_ms);
}

/*  A question that failed is asked again, a little later. */
static void s_ask_again (gw_rooms_t *self, uint64_t now_ms)
{
    s_set_due (self, now_ms + S_RETRY_MS, now_ms);
    for (uint32_t i = 0; i < self->heads_asked; i++) {
        gw_room_t *room = gw_idmap_get (&self->map, self->heads_rooms[i]);
        if (room)
            gw_room_want_head (room, now_ms);
    }
}

static void s_on_heads (void *arg, const sv_reply_t *reply)
{
    gw_rooms_t *self = arg;
    uint64_t now_ms = sv_now_ms ();
    self->heads_call = 0;
    if (reply->status)
        s_ask_again (self, now_ms);
    else {
        s_take_heads (self, reply->msg, now_ms);
        if (self->heads_first && !self->heads_due_ms)
            s_set_due (self, now_ms, now_ms);
    }
}

void gw_rooms_ask_heads (gw_rooms_t *self, uint64_t now_ms)
{
    self->heads_due_ms = 0;
    if (self->heads_call || !self->heads_first)
        return;
    self->heads_asked = 0;
    while (self->heads_first && self->heads_asked < LIM_HEADS) {
        gw_room_t *room = self->heads_first;
        gw_room_unwant_head (room);
        room->head_ms = now_ms;
        self->heads_rooms[self->heads_asked++] = room->id;
    }
    pt_head_query_t query = {.rooms = {self->heads_rooms, self->heads_asked}};
    sv_call_t call = {.opcode = PT_OP_chat_heads, .msg = &query, .deadline_ms = S_DEADLINE_MS};
    self->heads_call = sv_bus_call (self->gw->bus, &call, s_on_heads, self, NULL);
    if (!self->heads_call)
        s_ask_again (self, now_ms);
}
