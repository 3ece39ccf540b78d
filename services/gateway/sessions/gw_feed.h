/*  gw_feed - one subscriber's way through a room's items: nothing but the next
    seq it is owed, and where that one is to be found.

    LIVE     reads the room's ring.  When its next item has been evicted from
             there, it lags: the client is told once and pulls from history.
    REPLAY   is behind the ring by its own wish (subscribe with `since`): reads
             pages, one at a time, until the ring has the next item.
    LAGGING  gets nothing until the client has pulled up to the head it was
             told; then it goes on where the client's pages ended.

    So a slow subscriber costs no memory, and the promise (each seq once, in
    order, no hole) rests on one counter that only moves by one. */

#ifndef GW_FEED_H
#define GW_FEED_H

#include "gw_ring.h"

typedef enum { GW_FEED_IDLE, GW_FEED_LIVE, GW_FEED_REPLAY, GW_FEED_LAGGING } gw_feed_state_t;

/*  Embedded in its owner; the members are read by gw_feed and gw_outq alone. */
typedef struct gw_feed {
    gw_ring_t *ring; /* of the room, borrowed */
    gw_ring_t *page; /* of the past, one reference, or NULL */
    uint64_t next;   /* next seq owed */
    uint64_t end;    /* last seq owed; 0: no end */
    uint64_t told;   /* LAGGING: head the client was told */
    gw_feed_state_t state;
    bool is_whole;   /* its reader is never told that it lags: what is gone is fetched */
    bool is_waiting; /* REPLAY: a page is on its way */
    bool is_ready;   /* in the queue of its socket */
    struct gw_feed *ready_next, *ready_prev;
} gw_feed_t;

typedef enum {
    GW_FEED_NOTHING, /* caught up, waiting for a page, or lagging */
    GW_FEED_BYTES,   /* messages to write */
    GW_FEED_LAG,     /* the next item is gone: tell the client (gw_feed_lag) */
    GW_FEED_PAGE,    /* a page behind next - 1 is needed (gw_feed_wait) */
    GW_FEED_END,     /* the last item owed has been taken */
} gw_feed_need_t;

/*  An idle feed on a room's ring; an `is_whole` one never lags.  fini drops the page; it must have left its
    queue before. */
void gw_feed_init (gw_feed_t *self, gw_ring_t *ring, bool is_whole);
void gw_feed_fini (gw_feed_t *self);

/*  Owes everything from `next` on; `is_replay` when older items may have to be
    fetched for it. */
void gw_feed_start (gw_feed_t *self, uint64_t next, bool is_replay);

/*  Owes nothing behind `seq`, which the ring has just got.  That item is always
    delivered as the last one, to a lagging feed alone.  Further calls don't
    move the end. */
void gw_feed_end (gw_feed_t *self, uint64_t seq);

/*  Whether an item just appended to the ring makes it ready to be read. */
bool gw_feed_is_hungry (const gw_feed_t *self);

/*  What comes next; for BYTES a piece as of gw_ring_peek. */
gw_feed_need_t gw_feed_peek (gw_feed_t *self, size_t max, const char **out_bytes, size_t *out_len, uint64_t *out_to);

/*  The items up to `to` have been written. */
void gw_feed_take (gw_feed_t *self, uint64_t to);

/*  The client is told that it lags; returns the head to tell. */
uint64_t gw_feed_lag (gw_feed_t *self);

/*  A page has been asked for.  It has come (one more reference is taken): the
    answer began with seq `first`, whatever of it is still in the page.  It will not come and must
    be asked for again. */
void gw_feed_wait (gw_feed_t *self);
void gw_feed_page (gw_feed_t *self, gw_ring_t *page, uint64_t first);
void gw_feed_retry (gw_feed_t *self);

/*  The client pulled items behind `after` and has all up to `to` now.  True when that
    ended its lag. */
bool gw_feed_pulled (gw_feed_t *self, uint64_t after, uint64_t to);

#endif
