/*  gw_feed - see gw_feed.h.

    Nothing is read behind the ring's last item, not even from a page that has
    it: only what has passed through the room's order has had its changes of
    membership applied, and may be behind the reader's own removal. */

#include "gw_feed.h"

void gw_feed_init (gw_feed_t *self, gw_ring_t *ring, bool is_whole)
{
    *self = (gw_feed_t){.ring = ring, .is_whole = is_whole};
}

void gw_feed_fini (gw_feed_t *self)
{
    gw_ring_unref (&self->page);
    self->state = GW_FEED_IDLE;
}

void gw_feed_start (gw_feed_t *self, uint64_t next, bool is_replay)
{
    gw_ring_unref (&self->page);
    self->next = next;
    self->end = 0;
    self->told = 0;
    self->is_waiting = false;
    self->state = is_replay ? GW_FEED_REPLAY : GW_FEED_LIVE;
}

/*  A client that lags, or that has pulled beyond `seq` already, gets that one
    item all the same: it is how it learns of the end. */
void gw_feed_end (gw_feed_t *self, uint64_t seq)
{
    if (self->end || self->state == GW_FEED_IDLE)
        return;
    self->end = seq;
    if (self->state == GW_FEED_LAGGING || self->next > seq)
        self->next = seq;
    self->state = GW_FEED_REPLAY; /* it may pull no more, hence must not be told to */
}

bool gw_feed_is_hungry (const gw_feed_t *self)
{
    if (self->state == GW_FEED_REPLAY)
        return !self->is_waiting;
    return self->state == GW_FEED_LIVE;
}

static bool s_has (const gw_ring_t *ring, uint64_t seq)
{
    return ring && seq >= gw_ring_first (ring) && seq <= gw_ring_last (ring);
}

/*  REPLAY ends where the ring begins: its next item is there, or is yet to
    come. */
static void s_join_ring (gw_feed_t *self)
{
    if (s_has (self->page, self->next) || self->next < gw_ring_first (self->ring))
        return;
    gw_ring_unref (&self->page);
    if (!self->end)
        self->state = GW_FEED_LIVE;
}

gw_feed_need_t gw_feed_peek (gw_feed_t *self, size_t max, const char **out_bytes, size_t *out_len, uint64_t *out_to)
{
    if (self->state == GW_FEED_IDLE || self->state == GW_FEED_LAGGING || self->is_waiting)
        return GW_FEED_NOTHING;
    if (self->end && self->next > self->end)
        return GW_FEED_END;
    if (self->next > gw_ring_last (self->ring))
        return GW_FEED_NOTHING; /* a page may know more than the room's order has judged */
    if (self->state == GW_FEED_REPLAY)
        s_join_ring (self);

    const gw_ring_t *source = s_has (self->page, self->next) ? self->page : self->ring;
    if (self->next < gw_ring_first (source) && self->state == GW_FEED_LIVE && !self->is_whole)
        return GW_FEED_LAG;
    if (self->next < gw_ring_first (source)) {
        self->state = GW_FEED_REPLAY;
        return GW_FEED_PAGE;
    }
    uint64_t to = gw_ring_last (self->ring);
    *out_len = gw_ring_peek (source, self->next, self->end ? self->end : to, max, out_bytes, out_to);
    return GW_FEED_BYTES;
}

void gw_feed_take (gw_feed_t *self, uint64_t to)
{
    self->next = to + 1;
}

uint64_t gw_feed_lag (gw_feed_t *self)
{
    self->state = GW_FEED_LAGGING;
    self->told = gw_ring_last (self->ring);
    return self->told;
}

void gw_feed_wait (gw_feed_t *self)
{
    gw_ring_unref (&self->page);
    self->is_waiting = true;
}

/*  An answer that begins behind the next item shows that retention has taken
    that one.  What the client lacks then only the client can judge: it is told
    that it lags; one that can't be told, or may no longer pull, gets what there is. */
void gw_feed_page (gw_feed_t *self, gw_ring_t *page, uint64_t first)
{
    self->is_waiting = false;
    gw_ring_unref (&self->page);
    if (first > self->next && !self->end && !self->is_whole) {
        self->state = GW_FEED_LIVE; /* without its next item in the ring */
        return;
    }
    if (first > self->next)
        self->next = first;
    self->page = gw_ring_ref (page);
}

void gw_feed_retry (gw_feed_t *self)
{
    self->is_waiting = false;
}

bool gw_feed_pulled (gw_feed_t *self, uint64_t after, uint64_t to)
{
    if (self->state != GW_FEED_LAGGING || to < after)
        return false;
    if (to + 1 > self->next)
        self->next = to + 1;
    if (self->next <= self->told)
        return false;
    self->state = GW_FEED_REPLAY;
    return true;
}
