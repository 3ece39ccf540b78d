/*  gw_room_fetch - asks chat for items: the repair of a hole in a room's order,
    and pages of the past for those who resume.

    A room asks for one page at a time, that of the subscriber who has waited
    longest; when it comes, all whose next item is in it get it, and it is kept
    a while for the next.  So a thousand who resume at one place cost one
    question.  All rooms together have GW_PAGE_CALLS of these open; the rest
    queue, one place a room.  Repairs have GW_REPAIR_CALLS places of their own,
    so that those who resume never hold up those who are live. */

#include "gw_room_priv.h"

/*  A page: so many items at most, fewer when they are large. */
#define S_PAGE_ITEMS 128
#define S_DEADLINE_MS 8000
#define S_RETRY_MS 200
#define S_RETRY_MAX_MS 5000

static bool s_needs_senders (const gw_room_t *self)
{
    return self->spoken.ring && self->spoken.voice->needs_sender;
}

static uint64_t s_ask (gw_room_t *self, uint64_t after, uint32_t limit, sv_reply_fn *fn)
{
    bool has_senders = s_needs_senders (self);
    pt_range_query_t query = {
        .room = self->id, .after = after, .limit = limit, .senders = true, .has_senders = has_senders};
    sv_call_t call = {.opcode = PT_OP_chat_range, .msg = &query, .affinity = self->id, .deadline_ms = S_DEADLINE_MS};
    return sv_bus_call (self->rooms->gw->bus, &call, fn, self, NULL);
}

static void s_learn_senders (gw_room_t *self, const pt_history_page_t *msg, uint64_t now_ms)
{
    for (uint32_t i = 0; msg->has_senders && i < msg->senders.count; i++)
        gw_senders_put (self->rooms->tracks.senders, &msg->senders.at[i], now_ms);
}

/*  ---- repair ------------------------------------------------------------------ */

static void s_on_repair (void *arg, const sv_reply_t *reply)
{
    gw_room_t *self = arg;
    self->repair_call = 0;
    self->rooms->repair_calls--;
    gw_order_event_t event = {.kind = GW_ORDER_FAILED};
    uint64_t now_ms = sv_now_ms ();
    if (!reply->status) {
        const pt_history_page_t *page = reply->msg;
        s_learn_senders (self, page, now_ms);
        event = (gw_order_event_t){.kind = GW_ORDER_ANSWER,
                                   .epoch = page->epoch,
                                   .seq = page->head,
                                   .floor = page->floor,
                                   .items = page->items.at,
                                   .count = page->items.count};
    } else if (reply->status == -PT_E_gone || reply->status == -PT_E_not_found)
        event.kind = GW_ORDER_GONE;
    gw_room_step (self, &event, now_ms);
}

static void s_cancel_repair (gw_room_t *self)
{
    if (!self->repair_call)
        return;
    sv_bus_cancel (self->rooms->gw->bus, self->repair_call);
    self->repair_call = 0;
    self->rooms->repair_calls--;
}

void gw_room_repair (gw_room_t *self, uint64_t after, uint32_t limit, uint64_t now_ms)
{
    s_cancel_repair (self); /* one that was given up */
    sv_metric_add (self->rooms->m_repairs, 1);
    if (self->rooms->repair_calls < GW_REPAIR_CALLS)
        self->repair_call = s_ask (self, after, limit, s_on_repair);
    if (self->repair_call) {
        self->rooms->repair_calls++;
        gw_room_set_due (self, now_ms);
    } else
        gw_room_step (self, &(gw_order_event_t){.kind = GW_ORDER_FAILED}, now_ms);
}

/*  ---- the queue of rooms that need a page ----------------------------------------- */

static void s_enqueue (gw_room_t *self)
{
    gw_rooms_t *rooms = self->rooms;
    if (self->is_queued)
        return;
    self->is_queued = true;
    self->queue_next = NULL;
    if (rooms->queue_last)
        rooms->queue_last->queue_next = self;
    else
        rooms->queue_first = self;
    rooms->queue_last = self;
}

static void s_dequeue (gw_room_t *self)
{
    gw_rooms_t *rooms = self->rooms;
    if (!self->is_queued)
        return;
    gw_room_t *before = NULL;
    for (gw_room_t *room = rooms->queue_first; room != self; room = room->queue_next)
        before = room;
    if (before)
        before->queue_next = self->queue_next;
    else
        rooms->queue_first = self->queue_next;
    if (rooms->queue_last == self)
        rooms->queue_last = before;
    self->is_queued = false;
}

/*  ---- those who wait --------------------------------------------------------------- */

static void s_wait (gw_sub_t *sub)
{
    gw_room_t *room = sub->room;
    gw_feed_wait (&sub->feed);
    if (sub->is_waiting)
        return;
    sub->is_waiting = true;
    sub->wait_next = NULL;
    sub->wait_prev = room->wait_last;
    if (room->wait_last)
        room->wait_last->wait_next = sub;
    else
        room->wait_first = sub;
    room->wait_last = sub;
}

void gw_room_unwait (gw_sub_t *sub)
{
    gw_room_t *room = sub->room;
    if (!sub->is_waiting)
        return;
    if (sub->wait_prev)
        sub->wait_prev->wait_next = sub->wait_next;
    else
        room->wait_first = sub->wait_next;
    if (sub->wait_next)
        sub->wait_next->wait_prev = sub->wait_prev;
    else
        room->wait_last = sub->wait_prev;
    sub->is_waiting = false;
    gw_feed_retry (&sub->feed);
}

/*  ---- pages ------------------------------------------------------------------------ */

static bool s_has (const gw_ring_t *page, uint64_t seq)
{
    return seq >= gw_ring_first (page) && seq <= gw_ring_last (page);
}

static void s_give_page (gw_sub_t *sub, gw_ring_t *page, uint64_t first)
{
    gw_room_unwait (sub);
    gw_feed_page (&sub->feed, page, first);
    sub->ops->ready (sub);
}

static void s_fail_page (gw_room_t *self, uint64_t now_ms)
{
    uint64_t wait_ms = S_RETRY_MS << (self->page_tries < 8 ? self->page_tries : 8);
    if (wait_ms > S_RETRY_MAX_MS)
        wait_ms = S_RETRY_MAX_MS;
    self->page_tries++;
    self->rooms->random = self->rooms->random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    self->page_due_ms = now_ms + wait_ms / 2 + (self->rooms->random >> 33) % wait_ms;
    gw_room_set_due (self, now_ms);
}

/*  Whether that subscriber waits for one of the page's items, or is the one for whom it was asked,
    whose items retention may have taken meanwhile. */
static bool s_wants (const gw_sub_t *sub, const gw_track_t *track, uint64_t first, uint64_t last)
{
    uint64_t next = sub->feed.next;
    return sub->track == track && ((next >= first && next <= last) || next == sub->room->page_after + 1);
}

/*  The answer as a page of one form, for all who wait for it in that form.  False when it is wanted
    and can't be made. */
static bool s_share (gw_room_t *self, gw_track_t *track, const pt_history_page_t *msg, uint64_t now_ms)
{
    gw_ring_t *page = NULL;
    gw_sub_t *next;
    uint64_t first = msg->items.at[0].seq, last = msg->items.at[msg->items.count - 1].seq;
    for (gw_sub_t *sub = self->wait_first; sub; sub = next) {
        next = sub->wait_next;
        if (!s_wants (sub, track, first, last))
            continue;
        if (!page)
            page = gw_track_page (track, &self->rooms->tracks, msg, now_ms);
        if (!page || !s_has (page, first))
            return false;
        if (s_wants (sub, track, first, gw_ring_last (page)))
            s_give_page (sub, page, first);
    }
    return true;
}

static void s_on_page (void *arg, const sv_reply_t *reply)
{
    gw_room_t *self = arg;
    gw_rooms_t *rooms = self->rooms;
    uint64_t now_ms = sv_now_ms ();
    self->page_call = 0;
    rooms->page_calls--;
    const pt_history_page_t *msg = reply->msg;
    bool is_good = !reply->status && msg->epoch == gw_order_epoch (self->order) && msg->items.count;
    if (is_good) {
        s_learn_senders (self, msg, now_ms);
        is_good = s_share (self, &self->native, msg, now_ms);
        if (self->has_page_senders || !s_needs_senders (self)) /* else it is asked again */
            is_good = s_share (self, &self->spoken, msg, now_ms) && is_good;
    }
    if (is_good) {
        self->page_tries = 0;
        if (self->wait_first)
            s_enqueue (self);
    } else if (self->wait_first)
        s_fail_page (self, now_ms);
    gw_rooms_start_pages (rooms, now_ms);
    if (!reply->status)
        gw_room_step (self, &(gw_order_event_t){.kind = GW_ORDER_HEAD, .epoch = msg->epoch, .seq = msg->head}, now_ms);
}

static void s_start_page (gw_room_t *self, uint64_t now_ms)
{
    if (self->page_call || !self->wait_first)
        return;
    self->page_due_ms = 0;
    self->page_after = self->wait_first->feed.next - 1;
    self->has_page_senders = s_needs_senders (self);
    self->page_call = s_ask (self, self->page_after, S_PAGE_ITEMS, s_on_page);
    sv_metric_add (self->rooms->m_pages, 1);
    if (self->page_call)
        self->rooms->page_calls++;
    else
        s_fail_page (self, now_ms);
}

static void s_cancel_page (gw_room_t *self)
{
    if (!self->page_call)
        return;
    sv_bus_cancel (self->rooms->gw->bus, self->page_call);
    self->page_call = 0;
    self->rooms->page_calls--;
}

void gw_rooms_start_pages (gw_rooms_t *rooms, uint64_t now_ms)
{
    while (rooms->queue_first && rooms->page_calls < GW_PAGE_CALLS) {
        gw_room_t *room = rooms->queue_first;
        s_dequeue (room);
        s_start_page (room, now_ms);
    }
}

void gw_sub_page (gw_sub_t *self)
{
    gw_room_t *room = self->room;
    gw_ring_t *page = gw_track_find (self->track, self->feed.next);
    if (page) {
        gw_feed_page (&self->feed, page, self->feed.next);
        self->ops->ready (self);
        return;
    }
    s_wait (self);
    uint64_t now_ms = sv_now_ms ();
    if (room->page_due_ms) {
        gw_room_set_due (room, now_ms);
        return;
    }
    if (room->page_call)
        return;
    s_enqueue (room);
    gw_rooms_start_pages (room->rooms, now_ms);
}

void gw_room_page_due (gw_room_t *self, uint64_t now_ms)
{
    self->page_due_ms = 0;
    s_enqueue (self);
    gw_rooms_start_pages (self->rooms, now_ms);
}

void gw_room_forget_fetches (gw_room_t *self)
{
    s_cancel_repair (self);
    s_cancel_page (self);
    self->page_due_ms = 0;
    self->page_tries = 0;
    s_dequeue (self);
    gw_track_forget (&self->native);
    gw_track_forget (&self->spoken);
}
