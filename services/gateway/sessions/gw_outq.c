/*  gw_outq - see gw_outq.h.

    A flush makes rounds.  Each plans pieces (of own frames, then of feeds) until
    the write is full, sends them, and only then moves frames and feeds on.  A
    message that has been written in part stays first until it is whole: it is
    always an own frame, because a room's message too long for one write is
    copied into one. */

#include "gw_outq.h"
#include "gw_text.h"
#include <stdlib.h>

/*  Pieces composed into one write; what is beyond goes into the next. */
#define S_PIECES 128
#define S_FRAMES_MIN 8

typedef struct {
    const char *bytes;
    size_t len;
    gw_feed_t *feed; /* NULL: the next own frame */
    uint64_t to;     /* S_LAG: the notice that the feed lags */
} s_piece_t;

#define S_LAG UINT64_MAX
#define S_LAG_MAX 96

typedef struct {
    s_piece_t pieces[S_PIECES];
    unsigned count;
    size_t len;
    size_t max;
    bool is_first;       /* of the flush: one frame may exceed `max`, so that all get on */
    char lag[S_LAG_MAX]; /* one notice a round */
} s_plan_t;

void gw_outq_init (gw_outq_t *self)
{
    *self = (gw_outq_t){0};
}

static gw_frame_t **s_frame_at (gw_outq_t *self, unsigned i)
{
    /*  NOLINTNEXTLINE(clang-analyzer-core.DivideZero): who asks for a frame has one, so there is room for one. */
    return &self->frames[(self->frame_first + i) % self->frame_cap];
}

void gw_outq_fini (gw_outq_t *self)
{
    for (unsigned i = 0; i < self->frame_count; i++)
        gw_frame_unref (s_frame_at (self, i));
    free (self->frames);
    while (self->ready_first)
        gw_outq_unready (self, self->ready_first);
    *self = (gw_outq_t){0};
}

size_t gw_outq_bytes (const gw_outq_t *self)
{
    return self->frame_bytes;
}

bool gw_outq_is_empty (const gw_outq_t *self)
{
    return !self->frame_count && !self->ready_first;
}

/*  ---- own frames ------------------------------------------------------------ */

static int s_grow (gw_outq_t *self)
{
    unsigned cap = self->frame_cap ? self->frame_cap * 2 : S_FRAMES_MIN;
    gw_frame_t **frames = malloc (cap * sizeof *frames);
    if (!frames)
        return -PT_E_memory;
    for (unsigned i = 0; i < self->frame_count; i++)
        frames[i] = *s_frame_at (self, i);
    free (self->frames);
    self->frames = frames;
    self->frame_first = 0;
    self->frame_cap = cap;
    return 0;
}

int gw_outq_put (gw_outq_t *self, gw_frame_t **frame_p)
{
    gw_frame_t *frame = *frame_p;
    int err = 0;
    if (!frame)
        return -PT_E_memory;
    if (self->frame_bytes + gw_frame_len (frame) > LIM_WS_QUEUE + GW_OUTQ_RESERVE)
        err = -PT_E_busy;
    else if (self->frame_count == self->frame_cap)
        err = s_grow (self);
    if (err) {
        gw_frame_unref (frame_p);
        return err;
    }
    self->frame_bytes += gw_frame_len (frame);
    *s_frame_at (self, self->frame_count++) = frame;
    *frame_p = NULL;
    return 0;
}

static void s_pop_frame (gw_outq_t *self)
{
    gw_frame_unref (s_frame_at (self, 0));
    self->frame_first = (self->frame_first + 1) % self->frame_cap;
    self->frame_count--;
    self->head_taken = 0;
}

static void s_take_frame (gw_outq_t *self, size_t len)
{
    self->head_taken += len;
    self->frame_bytes -= len;
    if (self->head_taken == gw_frame_len (*s_frame_at (self, 0)))
        s_pop_frame (self);
}

/*  Plans own frames.  False when the last one went in only in part, so that
    nothing may follow in this round. */
static bool s_plan_frames (gw_outq_t *self, s_plan_t *plan)
{
    for (unsigned i = 0; i < self->frame_count && plan->count < S_PIECES; i++) {
        if (plan->count && plan->len >= plan->max)
            return false;
        const gw_frame_t *frame = *s_frame_at (self, i);
        size_t taken = i == 0 ? self->head_taken : 0;
        const char *bytes = gw_frame_bytes (frame) + taken;
        size_t len = gw_frame_len (frame) - taken;
        size_t span = gw_frame_span (bytes, len, plan->max - plan->len);
        if (plan->len + span > plan->max && (plan->count || !plan->is_first))
            return false;
        plan->pieces[plan->count++] = (s_piece_t){.bytes = bytes, .len = span};
        plan->len += span;
        if (span < len)
            return false;
    }
    return plan->count < S_PIECES;
}

/*  ---- feeds ------------------------------------------------------------------ */

void gw_outq_ready (gw_outq_t *self, gw_feed_t *feed)
{
    if (feed->is_ready)
        return;
    feed->is_ready = true;
    feed->ready_next = NULL;
    feed->ready_prev = self->ready_last;
    if (self->ready_last)
        self->ready_last->ready_next = feed;
    else
        self->ready_first = feed;
    self->ready_last = feed;
}

void gw_outq_unready (gw_outq_t *self, gw_feed_t *feed)
{
    if (!feed->is_ready)
        return;
    if (feed->ready_prev)
        feed->ready_prev->ready_next = feed->ready_next;
    else
        self->ready_first = feed->ready_next;
    if (feed->ready_next)
        feed->ready_next->ready_prev = feed->ready_prev;
    else
        self->ready_last = feed->ready_prev;
    feed->is_ready = false;
    feed->ready_next = feed->ready_prev = NULL;
}

/*  Plans the notice that a feed lags.  It is written at the moment it is
    sent, so that the client is told the newest head. */
static void s_plan_lag (gw_feed_t *feed, s_plan_t *plan)
{
    char text[S_LAG_MAX] = "{\"ev\":\"lag\",\"room\":\"";
    char *at = gw_text_put_u64 (text + strlen (text), gw_ring_room (feed->ring));
    at = stpcpy (at, "\",\"head\":");
    at = gw_text_put_u64 (at, gw_ring_last (feed->ring));
    *at++ = '}';
    size_t payload_len = (size_t)(at - text);
    size_t len = gw_frame_wire_len (payload_len);
    if (plan->len + len > plan->max && (plan->count || !plan->is_first))
        return;
    memcpy (plan->lag + len - payload_len, text, payload_len);
    gw_frame_wrap (plan->lag, payload_len);
    plan->pieces[plan->count++] = (s_piece_t){.bytes = plan->lag, .len = len, .feed = feed, .to = S_LAG};
    plan->len += len;
}

/*  A message longer than any write becomes an own frame, which is written
    fragment by fragment. */
static bool s_own_message (gw_outq_t *self, gw_feed_t *feed, const char *bytes, size_t len, uint64_t to)
{
    gw_frame_t *frame = gw_frame_copy (bytes, len);
    if (gw_outq_put (self, &frame))
        return false;
    gw_feed_take (feed, to);
    return true;
}

/*  Plans one piece of one feed, or deals with what it needs instead.  False
    ends the planning: the write is full, or own frames have come up. */
static bool s_plan_feed (gw_outq_t *self, gw_feed_t *feed, const gw_outq_ops_t *ops, void *arg, s_plan_t *plan)
{
    const char *bytes;
    size_t len;
    uint64_t to;
    switch (gw_feed_peek (feed, plan->max - plan->len, &bytes, &len, &to)) {
    case GW_FEED_NOTHING:
        gw_outq_unready (self, feed);
        return true;
    case GW_FEED_LAG:
        s_plan_lag (feed, plan);
        return false;
    case GW_FEED_PAGE:
        gw_outq_unready (self, feed);
        ops->page (arg, feed);
        return true;
    case GW_FEED_END:
        gw_outq_unready (self, feed);
        ops->end (arg, feed);
        return true;
    case GW_FEED_BYTES:
        break;
    }
    if (len == 0) { /* items that its dialect does not tell */
        gw_feed_take (feed, to);
        return s_plan_feed (self, feed, ops, arg, plan);
    }
    if (plan->len + len > plan->max) {
        if (!plan->count && plan->is_first)
            s_own_message (self, feed, bytes, len, to);
        return false;
    }
    plan->pieces[plan->count++] = (s_piece_t){.bytes = bytes, .len = len, .feed = feed, .to = to};
    plan->len += len;
    return true;
}

static void s_plan_feeds (gw_outq_t *self, const gw_outq_ops_t *ops, void *arg, s_plan_t *plan)
{
    gw_feed_t *next;
    for (gw_feed_t *feed = self->ready_first; feed && plan->count < S_PIECES && plan->len < plan->max; feed = next) {
        next = feed->ready_next;
        if (!s_plan_feed (self, feed, ops, arg, plan))
            return;
    }
}

/*  ---- writing ---------------------------------------------------------------- */

static bool s_send (const s_plan_t *plan, const gw_outq_ops_t *ops, void *arg, char *scratch)
{
    if (plan->count == 1)
        return ops->send (arg, plan->pieces[0].bytes, plan->len);
    char *at = scratch;
    for (unsigned i = 0; i < plan->count; i++) {
        memcpy (at, plan->pieces[i].bytes, plan->pieces[i].len);
        at += plan->pieces[i].len;
    }
    return ops->send (arg, scratch, plan->len);
}

/*  Moves on past what was written; a feed that has given a piece goes to the
    end of the queue. */
static void s_take (gw_outq_t *self, const s_plan_t *plan)
{
    for (unsigned i = 0; i < plan->count; i++) {
        const s_piece_t *piece = &plan->pieces[i];
        if (!piece->feed) {
            s_take_frame (self, piece->len);
            continue;
        }
        if (piece->to == S_LAG) {
            gw_feed_lag (piece->feed);
            gw_outq_unready (self, piece->feed);
            continue;
        }
        gw_feed_take (piece->feed, piece->to);
        if (self->ready_first != self->ready_last) {
            gw_outq_unready (self, piece->feed);
            gw_outq_ready (self, piece->feed);
        }
    }
}

/*  Whether there is nothing to write now. */
static bool s_is_done (const gw_outq_t *self)
{
    return !self->frame_count && (self->is_paused || !self->ready_first);
}

gw_outq_result_t gw_outq_flush (gw_outq_t *self, const gw_outq_ops_t *ops, void *arg, char *scratch, size_t budget,
                                size_t *out_written)
{
    size_t left = budget;
    while (!s_is_done (self)) {
        s_plan_t plan;
        plan.count = 0;
        plan.len = 0;
        plan.max = left < GW_OUTQ_SCRATCH ? left : GW_OUTQ_SCRATCH;
        plan.is_first = left == budget;
        if (s_plan_frames (self, &plan) && plan.len < plan.max && !self->is_paused)
            s_plan_feeds (self, ops, arg, &plan);
        if (!plan.count) {
            if (s_is_done (self))
                break;
            if (!plan.is_first || !self->frame_count)
                return GW_OUTQ_MORE; /* it does not fit; or no memory for a long message */
            continue;
        }
        if (!s_send (&plan, ops, arg, scratch))
            return GW_OUTQ_BLOCKED;
        s_take (self, &plan);
        *out_written += plan.len;
        if (plan.len >= left)
            return s_is_done (self) ? GW_OUTQ_DONE : GW_OUTQ_MORE;
        left -= plan.len;
    }
    return GW_OUTQ_DONE;
}
