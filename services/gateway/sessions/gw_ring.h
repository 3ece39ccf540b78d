/*  gw_ring - a run of one room's events as WebSocket messages, addressed by
    seq: the room's recent past, and one page of its older past.

    All who read from a ring share its bytes and hold nothing but a seq; what
    is evicted is noticed by that seq lying before the first one.  All rings of
    a gateway share a pool with one bound: the oldest block of any ring goes
    first. */

#ifndef GW_RING_H
#define GW_RING_H

#include "pt_message.h"

/*  One ring: beyond this many bytes or messages its oldest block is evicted. */
#define GW_RING_BYTES LIM_WS_QUEUE
#define GW_RING_ITEMS 4096

/*  All rings: bytes, and age after which a block is evicted. */
#define GW_RING_POOL (64 * 1024 * 1024)
#define GW_RING_AGE_MS 60000

typedef struct gw_ring gw_ring_t;
typedef struct gw_ring_pool gw_ring_pool_t;

/*  NULL when out of memory.  Rings must be gone before their pool. */
gw_ring_pool_t *gw_ring_pool_new (size_t max);
void gw_ring_pool_destroy (gw_ring_pool_t **self_p);

/*  Evicts what is too old. */
void gw_ring_pool_tick (gw_ring_pool_t *self, uint64_t now_ms);
size_t gw_ring_pool_bytes (const gw_ring_pool_t *self);

/*  An empty ring behind seq `last`.  NULL when out of memory. */
gw_ring_t *gw_ring_new (gw_ring_pool_t *pool, uint64_t room, uint64_t last);
gw_ring_t *gw_ring_ref (gw_ring_t *self);

/*  Gives up one reference; accepts NULL, nulls the caller's pointer. */
void gw_ring_unref (gw_ring_t **self_p);

/*  Forgets all; the next item is the one behind `last`. */
void gw_ring_restart (gw_ring_t *self, uint64_t last);

/*  Adds the item with seq last + 1.  When out of memory the ring restarts
    behind it, so that its readers notice a loss. */
void gw_ring_append (gw_ring_t *self, const pt_item_t *item, uint64_t now_ms);

/*  The same, as a message of `text` instead of the native JSON; without text it takes no
    bytes, and readers get nothing for it. */
void gw_ring_append_text (gw_ring_t *self, uint64_t seq, pt_str_t text, uint64_t now_ms);

/*  Whether a message of at most `need` bytes on the wire would have to evict older ones of this
    ring: a page ends before it. */
bool gw_ring_is_full_for (const gw_ring_t *self, size_t need);

/*  First seq that is there (last + 1 when empty) and last seq ever appended. */
uint64_t gw_ring_first (const gw_ring_t *self);
uint64_t gw_ring_last (const gw_ring_t *self);
uint64_t gw_ring_room (const gw_ring_t *self);

/*  Adjoining messages from seq `from` (first <= from <= last) to at most `to`,
    in one piece of at most `max` bytes, but at least one message.  Returns
    their length, 0 when none of them has text; the bytes are valid until the ring changes. */
size_t gw_ring_peek (const gw_ring_t *self, uint64_t from, uint64_t to, size_t max, const char **out_bytes,
                     uint64_t *out_to);

#endif
