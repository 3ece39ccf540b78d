/*  gw_outq - what one socket is owed: frames of its own (replies, notices) and
    feeds that have something to read.

    Its own frames go first, so that an answer precedes the events it allows;
    then the feeds in turn, one piece each.  What is written at a time is one
    piece without copying when there is only one, else composed in a scratch
    buffer that all sockets share.  Nothing is consumed before the write took it.

    Bounds: own frames LIM_WS_QUEUE plus GW_OUTQ_RESERVE bytes, beyond which
    gw_outq_put fails and the socket must be closed; feeds hold no bytes. */

#ifndef GW_OUTQ_H
#define GW_OUTQ_H

#include "gw_feed.h"
#include "gw_frame.h"

/*  Kept for short replies and notices when one long reply fills the queue. */
#define GW_OUTQ_RESERVE (64 * 1024)

/*  Size of the shared scratch: one write. */
#define GW_OUTQ_SCRATCH (64 * 1024)

typedef struct {
    /*  Writes whole frames; false: nothing was taken, come back later. */
    bool (*send) (void *arg, const char *bytes, size_t len);
    /*  The feed needs a page behind next - 1; it has left the queue. */
    void (*page) (void *arg, gw_feed_t *feed);
    /*  The feed has given its last item and has left the queue; it may be freed. */
    void (*end) (void *arg, gw_feed_t *feed);
} gw_outq_ops_t;

/*  Embedded in the session. */
typedef struct {
    gw_frame_t **frames; /* circular */
    unsigned frame_first, frame_count, frame_cap;
    size_t head_taken;  /* of the first frame: bytes already written */
    size_t frame_bytes; /* of all frames, not yet written */
    gw_feed_t *ready_first, *ready_last;
    bool is_paused; /* set by the owner: feeds keep their place and give nothing */
} gw_outq_t;

void gw_outq_init (gw_outq_t *self);

/*  Drops all frames and lets go of all feeds. */
void gw_outq_fini (gw_outq_t *self);

/*  Queues a frame; consumes the reference in any case.  0, -PT_E_busy beyond
    the bound, -PT_E_memory (also for a NULL frame). */
PT_MUSTCHECK int gw_outq_put (gw_outq_t *self, gw_frame_t **frame_p);

/*  Puts a feed into the queue, once; takes it out wherever it is. */
void gw_outq_ready (gw_outq_t *self, gw_feed_t *feed);
void gw_outq_unready (gw_outq_t *self, gw_feed_t *feed);

/*  Own bytes waiting; whether anything at all waits. */
size_t gw_outq_bytes (const gw_outq_t *self);
bool gw_outq_is_empty (const gw_outq_t *self);

typedef enum {
    GW_OUTQ_DONE,    /* nothing is left, or nothing but feeds while they are paused */
    GW_OUTQ_MORE,    /* the budget is used up */
    GW_OUTQ_BLOCKED, /* a write was not taken */
} gw_outq_result_t;

/*  Writes at most `budget` bytes (at least one frame); adds what was written to
    `*out_written`. */
gw_outq_result_t gw_outq_flush (gw_outq_t *self, const gw_outq_ops_t *ops, void *arg, char *scratch, size_t budget,
                                size_t *out_written);

#endif
