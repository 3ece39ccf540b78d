/*  gw_order - the order of one room's items on one gateway: what was missed is
    noticed and asked for, what is doubled is dropped, what is early waits.

    A pure core: gw_order_step takes the state, one event and the time and says
    what to do.  No I/O, no clock, no randomness but its seed, so that a
    simulator can drive it.

    Promise: between a start and the next reset or skip, items are delivered
    with seq base + 1, base + 2, .. each once, and as long as events keep
    coming (ticks when due, answers to questions) everything up to the
    greatest head ever learnt is delivered. */

#ifndef GW_ORDER_H
#define GW_ORDER_H

#include "pt_message.h"

/*  Items that are early: this many and so many bytes are held; what is beyond
    is dropped and fetched with the range. */
#define GW_ORDER_HELD 256
#define GW_ORDER_HELD_BYTES (256 * 1024)

/*  A hole is given this long to close by itself (another broker's copy may be
    on its way), halved to one and a half times at random. */
#define GW_ORDER_WAIT_MS 10

/*  A failed question is repeated after this long, doubled each time up to the
    maximum, with the same jitter; one never answered counts as failed. */
#define GW_ORDER_RETRY_MS 200
#define GW_ORDER_RETRY_MAX_MS 8000
#define GW_ORDER_ANSWER_MS 15000

/*  The most that one step delivers. */
#define GW_ORDER_OUT (LIM_RANGE + GW_ORDER_HELD)

typedef struct gw_order gw_order_t;

typedef enum {
    GW_ORDER_START,  /* epoch, seq: delivery begins behind seq; a head when it had begun already */
    GW_ORDER_ITEMS,  /* epoch, items: published ones; rising, doubled, late or with holes */
    GW_ORDER_HEAD,   /* epoch, seq: how far the room has come */
    GW_ORDER_ANSWER, /* epoch, items, seq (head), floor: of the range asked for */
    GW_ORDER_FAILED, /* the question failed */
    GW_ORDER_TICK,   /* time has passed */
    GW_ORDER_GONE,   /* the room was deleted */
    GW_ORDER_KINDS
} gw_order_kind_t;

typedef struct {
    gw_order_kind_t kind;
    uint64_t epoch;
    uint64_t seq;
    uint64_t floor;
    const pt_item_t *items; /* borrowed for the step and for its output */
    uint32_t count;
} gw_order_event_t;

/*  What to do, in this order. */
typedef struct {
    bool is_reset;    /* the numbering began anew, or the room is gone: subscriptions end; a start is needed */
    uint64_t skipped; /* not 0: items up to this one are no longer kept and were left out */
    unsigned count;   /* items to deliver, valid until the next step */
    bool is_ask;      /* ask for a range: then an answer or a failure must be reported */
    uint64_t ask_after;
    uint32_t ask_limit; /* 1..LIM_RANGE */
    uint64_t due_ms;    /* a tick is wanted then; 0: none */
    const pt_item_t *items[GW_ORDER_OUT];
} gw_order_out_t;

/*  A room without a start: items are not delivered, only their head is noted.
    NULL when out of memory. */
gw_order_t *gw_order_new (uint64_t seed);
void gw_order_destroy (gw_order_t **self_p);

/*  One event.  Fills all of `out` but the items past its count. */
void gw_order_step (gw_order_t *self, const gw_order_event_t *event, uint64_t now_ms, gw_order_out_t *out);

/*  Whether delivery has begun; last seq delivered, greatest head known, epoch. */
bool gw_order_is_started (const gw_order_t *self);
uint64_t gw_order_last (const gw_order_t *self);
uint64_t gw_order_head (const gw_order_t *self);
uint64_t gw_order_epoch (const gw_order_t *self);

/*  Bytes held for early items, for tests and metrics. */
size_t gw_order_held_bytes (const gw_order_t *self);

#endif
