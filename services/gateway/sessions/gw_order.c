/*  gw_order - see gw_order.h.

    Early items wait in a window of slots indexed by seq modulo its size, valid
    for (last, last + GW_ORDER_HELD]; so a doubled one finds its slot taken and
    the oldest hole is always directly behind `last`.  The window is allocated
    while something waits in it, because most rooms never have a hole. */

#include "gw_order.h"
#include <stdlib.h>

typedef struct s_held {
    struct s_held *next; /* in the list of those delivered by the last step */
    size_t size;
    pt_item_t item;
    char bytes[];
} s_held_t;

struct gw_order {
    bool is_started;
    bool is_gone;
    bool is_asking;
    unsigned tries;
    uint64_t epoch;
    uint64_t last;   /* delivered */
    uint64_t head;   /* greatest seq ever heard of, in this epoch */
    uint64_t due_ms; /* next tick, 0: none */
    uint64_t random;
    size_t held_bytes;
    unsigned held_count;
    s_held_t **held; /* GW_ORDER_HELD slots, NULL when nothing waits */
    s_held_t *spent; /* delivered by the last step, freed by the next */
};

gw_order_t *gw_order_new (uint64_t seed)
{
    gw_order_t *self = calloc (1, sizeof *self);
    if (self)
        self->random = seed | 1;
    return self;
}

static void s_drop_held (gw_order_t *self)
{
    for (unsigned i = 0; self->held && i < GW_ORDER_HELD; i++)
        free (self->held[i]);
    free (self->held);
    self->held = NULL;
    self->held_bytes = 0;
    self->held_count = 0;
}

static void s_drop_spent (gw_order_t *self)
{
    while (self->spent) {
        s_held_t *next = self->spent->next;
        free (self->spent);
        self->spent = next;
    }
}

void gw_order_destroy (gw_order_t **self_p)
{
    gw_order_t *self = *self_p;
    if (!self)
        return;
    s_drop_held (self);
    s_drop_spent (self);
    free (self);
    *self_p = NULL;
}

/*  Half to one and a half times `ms` (xorshift64). */
static uint64_t s_jitter (gw_order_t *self, uint64_t ms)
{
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return ms / 2 + self->random % (ms + 1);
}

static char *s_copy_str (char *at, pt_str_t *str)
{
    if (str->len)
        memcpy (at, str->at, str->len);
    str->at = at;
    return at + str->len;
}

/*  Keeps a copy of an early item if there is room; without one it will be
    fetched, which is also what becomes of it when memory is out, and of the rare one that
    has attachments. */
static void s_hold (gw_order_t *self, const pt_item_t *item)
{
    size_t size = sizeof (s_held_t) + item->send_id.len + item->body.len;
    if (item->attachments.count > 0 || item->seq - self->last > GW_ORDER_HELD ||
        self->held_bytes + size > GW_ORDER_HELD_BYTES)
        return;
    if (!self->held && !(self->held = calloc (GW_ORDER_HELD, sizeof *self->held)))
        return;
    s_held_t **slot = &self->held[item->seq % GW_ORDER_HELD];
    if (*slot)
        return;
    s_held_t *held = malloc (size);
    if (!held)
        return;
    held->size = size;
    held->item = *item;
    s_copy_str (s_copy_str (held->bytes, &held->item.send_id), &held->item.body);
    *slot = held;
    self->held_bytes += size;
    self->held_count++;
}

/*  The waiting item with that seq, taken out of the window; NULL when none. */
static s_held_t *s_take_held (gw_order_t *self, uint64_t seq)
{
    s_held_t **slot = self->held ? &self->held[seq % GW_ORDER_HELD] : NULL;
    s_held_t *held = slot ? *slot : NULL;
    if (!held || held->item.seq != seq)
        return NULL;
    *slot = NULL;
    self->held_bytes -= held->size;
    self->held_count--;
    held->next = self->spent;
    self->spent = held;
    return held;
}

/*  A copy of it that waits is of no more use. */
static void s_deliver (gw_order_t *self, const pt_item_t *item, gw_order_out_t *out)
{
    s_take_held (self, item->seq);
    out->items[out->count++] = item;
    self->last = item->seq;
}

/*  Delivers what waits directly behind `last`. */
static void s_drain_held (gw_order_t *self, gw_order_out_t *out)
{
    s_held_t *held;
    while (self->held_count && out->count < GW_ORDER_OUT && (held = s_take_held (self, self->last + 1)))
        s_deliver (self, &held->item, out);
    if (self->held && !self->held_count)
        s_drop_held (self);
}

/*  Moves `last` forward without delivering; what waited below goes. */
static void s_skip_to (gw_order_t *self, uint64_t seq)
{
    if (self->held_count) {
        for (unsigned i = 0; i < GW_ORDER_HELD; i++) {
            if (self->held[i] && self->held[i]->item.seq <= seq)
                s_take_held (self, self->held[i]->item.seq);
        }
    }
    self->last = seq;
}

static void s_take_items (gw_order_t *self, const gw_order_event_t *event, gw_order_out_t *out)
{
    for (uint32_t i = 0; i < event->count; i++) {
        const pt_item_t *item = &event->items[i];
        if (item->seq > self->head)
            self->head = item->seq;
        if (!self->is_started || item->seq <= self->last)
            continue;
        if (item->seq > self->last + 1 || out->count == GW_ORDER_OUT) {
            s_hold (self, item);
            continue;
        }
        s_deliver (self, item, out);
        s_drain_held (self, out);
    }
}

static void s_forget (gw_order_t *self)
{
    s_drop_held (self);
    self->is_started = false;
    self->is_asking = false;
    self->tries = 0;
    self->last = 0;
    self->head = 0;
    self->due_ms = 0;
}

/*  Judges the epoch of an event: false when it is of an older one.  A newer one
    ends what was. */
static bool s_take_epoch (gw_order_t *self, uint64_t epoch, gw_order_out_t *out)
{
    if (epoch < self->epoch)
        return false;
    if (epoch > self->epoch) {
        out->is_reset = self->is_started;
        s_forget (self);
        self->epoch = epoch;
    }
    return true;
}

static void s_on_head (gw_order_t *self, const gw_order_event_t *event, gw_order_out_t *out)
{
    (void)out;
    if (event->seq > self->head)
        self->head = event->seq;
}

static void s_on_start (gw_order_t *self, const gw_order_event_t *event, gw_order_out_t *out)
{
    if (!self->is_started) {
        self->is_started = true;
        self->last = event->seq;
    }
    s_on_head (self, event, out);
}

static void s_fail (gw_order_t *self, uint64_t now_ms)
{
    uint64_t wait = GW_ORDER_RETRY_MS;
    for (unsigned i = 0; i < self->tries && wait < GW_ORDER_RETRY_MAX_MS; i++)
        wait *= 2;
    if (wait > GW_ORDER_RETRY_MAX_MS)
        wait = GW_ORDER_RETRY_MAX_MS;
    self->tries++;
    self->is_asking = false;
    self->due_ms = now_ms + s_jitter (self, wait);
}

/*  An answer that brings nothing (a copy that lags behind the head we know) is
    a failure, else question and answer would chase each other. */
static void s_on_answer (gw_order_t *self, const gw_order_event_t *event, uint64_t now_ms, gw_order_out_t *out)
{
    uint64_t last = self->last;
    s_on_head (self, event, out);
    if (self->is_started && event->floor > self->last) {
        s_skip_to (self, event->floor);
        out->skipped = event->floor;
        if (self->head < event->floor)
            self->head = event->floor;
        s_drain_held (self, out);
    }
    s_take_items (self, event, out);
    if (!self->is_asking)
        return;
    if (self->last == last && self->head > last) {
        s_fail (self, now_ms);
        return;
    }
    self->is_asking = false;
    self->tries = 0;
    self->due_ms = now_ms; /* what is still missing is asked for at once */
}

static void s_ask (gw_order_t *self, uint64_t now_ms, gw_order_out_t *out)
{
    uint64_t missing = self->head - self->last;
    for (unsigned i = 0; self->held && i < GW_ORDER_HELD; i++) {
        const s_held_t *held = self->held[i];
        if (held && held->item.seq - self->last - 1 < missing)
            missing = held->item.seq - self->last - 1;
    }
    self->is_asking = true;
    self->due_ms = now_ms + GW_ORDER_ANSWER_MS;
    out->is_ask = true;
    out->ask_after = self->last;
    out->ask_limit = missing < LIM_RANGE ? (uint32_t)missing : LIM_RANGE;
}

/*  Looks for a hole after each event and decides whether to wait or to ask. */
static void s_judge (gw_order_t *self, uint64_t now_ms, gw_order_out_t *out)
{
    if (!self->is_started || self->last >= self->head) {
        if (self->is_asking && now_ms < self->due_ms)
            return;
        self->is_asking = false;
        self->tries = 0;
        self->due_ms = 0;
        return;
    }
    if (!self->due_ms)
        self->due_ms = now_ms + s_jitter (self, GW_ORDER_WAIT_MS);
    if (now_ms < self->due_ms)
        return;
    if (self->is_asking)
        s_fail (self, now_ms);
    else
        s_ask (self, now_ms, out);
}

void gw_order_step (gw_order_t *self, const gw_order_event_t *event, uint64_t now_ms, gw_order_out_t *out)
{
    s_drop_spent (self);
    memset (out, 0, offsetof (gw_order_out_t, items));
    if (self->is_gone)
        return;

    switch (event->kind) {
    case GW_ORDER_GONE:
        s_forget (self);
        self->is_gone = true;
        out->is_reset = true;
        return;
    case GW_ORDER_FAILED:
        if (self->is_asking)
            s_fail (self, now_ms);
        break;
    case GW_ORDER_START:
        if (s_take_epoch (self, event->epoch, out))
            s_on_start (self, event, out);
        break;
    case GW_ORDER_ITEMS:
        if (s_take_epoch (self, event->epoch, out))
            s_take_items (self, event, out);
        break;
    case GW_ORDER_HEAD:
        if (s_take_epoch (self, event->epoch, out))
            s_on_head (self, event, out);
        break;
    case GW_ORDER_ANSWER:
        if (s_take_epoch (self, event->epoch, out))
            s_on_answer (self, event, now_ms, out);
        else if (self->is_asking)
            s_fail (self, now_ms);
        break;
    case GW_ORDER_TICK:
    case GW_ORDER_KINDS:
        break;
    }
    s_judge (self, now_ms, out);
    out->due_ms = self->due_ms;
}

bool gw_order_is_started (const gw_order_t *self)
{
    return self->is_started;
}

uint64_t gw_order_last (const gw_order_t *self)
{
    return self->last;
}

uint64_t gw_order_head (const gw_order_t *self)
{
    return self->head;
}

uint64_t gw_order_epoch (const gw_order_t *self)
{
    return self->epoch;
}

size_t gw_order_held_bytes (const gw_order_t *self)
{
    return self->held_bytes;
}
