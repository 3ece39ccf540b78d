/*  fuzz_order - one room's order under any events, against a simple model.

    The model is what the header promises: within an epoch, from a start to the
    next reset, what is delivered is base + 1, base + 2, .. each once; a skip is
    the only hole and is told; the text of an item is that of its seq.  At the end
    the room heals, and everything up to the greatest head must come.
    Covers: services/gateway/sessions/gw_order.c */

#include "fuzz.h"
#include "gw_order.h"

enum { S_ITEMS = 300, S_STEPS = 120, S_TEXT = 64, S_HEAD = 2000, S_HEAL = 4000 };

typedef struct {
    gw_order_t *order;
    gw_order_out_t out;
    uint64_t now_ms;
    uint64_t epoch;
    bool is_started, is_gone;
    uint64_t last, head;
    bool is_asked;
    uint64_t ask_after;
    uint32_t ask_limit;
} s_room_t;

/*  A text that tells its seq and epoch. */
static pt_item_t s_item (uint64_t epoch, uint64_t seq, char text[S_TEXT])
{
    size_t len = 1 + (seq * 7 + epoch) % (S_TEXT - 1);
    memset (text, (int)('a' + (seq + epoch) % 26), len);
    return (pt_item_t){.room = 7, .seq = seq, .id = seq, .kind = PT_item_kind_MESSAGE, .body = {text, (uint32_t)len}};
}

static void s_check_item (s_room_t *self, const pt_item_t *item)
{
    char text[S_TEXT];
    pt_item_t expected = s_item (self->epoch, self->last + 1, text);
    fuzz_must (item->seq == expected.seq && pt_str_eq (item->body, expected.body));
    self->last = item->seq;
}

static void s_step (s_room_t *self, const gw_order_event_t *event)
{
    gw_order_step (self->order, event, self->now_ms, &self->out);
    if (self->out.is_reset || gw_order_epoch (self->order) != self->epoch) {
        fuzz_must (gw_order_epoch (self->order) >= self->epoch);
        fuzz_must (self->out.is_reset == self->is_started || event->kind == GW_ORDER_GONE);
        self->epoch = gw_order_epoch (self->order);
        self->is_started = self->is_asked = false;
        self->last = self->head = 0;
    }
    self->is_gone = self->is_gone || event->kind == GW_ORDER_GONE;
    if (!self->is_started && gw_order_is_started (self->order)) {
        fuzz_must (event->kind == GW_ORDER_START);
        self->is_started = true;
        self->last = event->seq;
    }
    if (self->out.skipped) {
        fuzz_must (event->kind == GW_ORDER_ANSWER && self->out.skipped == event->floor && event->floor > self->last);
        self->last = self->out.skipped;
    }
    fuzz_must (self->out.count <= GW_ORDER_OUT && (self->is_started || self->out.count == 0));
    for (unsigned i = 0; i < self->out.count; i++)
        s_check_item (self, self->out.items[i]);
    fuzz_must (gw_order_last (self->order) == self->last || !self->is_started);
    fuzz_must (gw_order_held_bytes (self->order) <= GW_ORDER_HELD_BYTES);
    fuzz_must (gw_order_head (self->order) >= self->head);
    self->head = gw_order_head (self->order);
    if (self->out.is_ask) {
        fuzz_must (self->is_started && self->out.ask_after == self->last);
        fuzz_must (self->out.ask_limit >= 1 && self->out.ask_limit <= LIM_RANGE && self->last < self->head);
        self->is_asked = true;
        self->ask_after = self->out.ask_after;
        self->ask_limit = self->out.ask_limit;
    }
}

/*  Items from `first`, as many as asked, a hole or a repetition where the bits
    of `holes` say so. */
static void s_items (s_room_t *self, gw_order_event_t *event, uint64_t first, uint32_t count, uint64_t holes)
{
    static pt_item_t items[S_ITEMS];
    static char texts[S_ITEMS][S_TEXT];
    uint64_t seq = first ? first : 1;
    event->items = items;
    for (uint32_t i = 0; i < count && event->count < S_ITEMS; i++) {
        items[event->count] = s_item (event->epoch, seq, texts[event->count]);
        event->count++;
        seq += holes >> i % 64 & 1 ? i % 3 : 1;
    }
    s_step (self, event);
}

static void s_run (s_room_t *self, fuzz_input_t *in)
{
    uint8_t kind = fuzz_u8 (in);
    gw_order_event_t event = {.kind = (gw_order_kind_t)(kind % GW_ORDER_GONE), .epoch = 1 + (kind >> 6)};
    self->now_ms += fuzz_u8 (in) * (kind & 32 ? UINT64_C (100) : 1);
    if (event.kind == GW_ORDER_ANSWER || event.kind == GW_ORDER_ITEMS) {
        uint64_t first = self->last + fuzz_u8 (in);
        first = first > 4 ? first - 4 : 1;
        uint32_t count = fuzz_u8 (in) + (kind & 32 ? 40u : 0);
        event.floor = event.kind == GW_ORDER_ANSWER && fuzz_u8 (in) > 0xf0 ? self->last + fuzz_u8 (in) : 0;
        event.seq = first + count;
        s_items (self, &event, first, count, fuzz_bits (in, 2));
        return;
    }
    event.seq = fuzz_bits (in, 2) % S_HEAD;
    s_step (self, &event);
}

/*  Questions are answered from here on, in full. */
static void s_heal (s_room_t *self)
{
    for (unsigned i = 0; i < S_HEAL && self->is_started && self->last < self->head; i++) {
        if (self->is_asked) {
            self->is_asked = false;
            gw_order_event_t event = {.kind = GW_ORDER_ANSWER, .epoch = self->epoch, .seq = self->head};
            uint64_t left = self->head - self->ask_after;
            s_items (self, &event, self->ask_after + 1, (uint32_t)(left < self->ask_limit ? left : self->ask_limit), 0);
            continue;
        }
        fuzz_must (self->out.due_ms != 0);
        if (self->now_ms < self->out.due_ms)
            self->now_ms = self->out.due_ms;
        s_step (self, &(gw_order_event_t){.kind = GW_ORDER_TICK});
    }
    fuzz_must (!self->is_started || self->last >= self->head);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static s_room_t room;
    fuzz_input_t in = {data, size};
    room = (s_room_t){.order = gw_order_new (fuzz_u8 (&in)), .now_ms = 1000};
    fuzz_must (room.order != NULL);
    for (unsigned i = 0; i < S_STEPS && in.left > 0; i++)
        s_run (&room, &in);
    s_heal (&room);
    s_step (&room, &(gw_order_event_t){.kind = GW_ORDER_GONE});
    s_step (&room, &(gw_order_event_t){.kind = GW_ORDER_START, .epoch = 9, .seq = 1});
    fuzz_must (!gw_order_is_started (room.order));
    gw_order_destroy (&room.order);
    return 0;
}
