/*  sv_bulk_stream - one stream of bytes between two processes: who may send how
    much, what must come next, and when it is over.

    A pure core.  One side gives, the other takes; events and the time go in, at
    most one frame to send and what the owner must know come out.  It holds no
    bytes, no socket and no clock, so a simulator can drive both sides.

    The giver keeps to the credit: a number of bytes and of frames, both counted
    from the first of the stream, so that a credit lost, late or repeated does no
    harm.  The taker grants more as bytes have left it, so that a stream never
    costs it more than one window however fast the giver is.  DATA has no gaps:
    another seq or offset than the next ends the stream.  Who has nothing to
    say repeats where it stands (KEEP, CREDIT); who hears nothing for LIM_BULK_IDLE_MS gives up.  Every
    ending is final, on each side by itself. */

#ifndef SV_BULK_STREAM_H
#define SV_BULK_STREAM_H

#include "pt_error.h"
#include "pt_limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  ---- frames -------------------------------------------------------------- */

/*  Each frame is one ZeroMQ message: this head, big-endian, and a body.

        kind   flags  stream  seq  offset
        u8     u8     u64     u64  u64                                          */
#define SV_BULK_HEAD 26

typedef enum {
    SV_BULK_DATA = 1, /* seq: number of the frame; offset: of its first byte; body: at most LIM_BULK_CHUNK */
    SV_BULK_CREDIT,   /* seq: frames granted, offset: bytes granted, both from the first of the stream */
    SV_BULK_KEEP,     /* a giver is there; seq, offset: of what comes next, so that a loss shows */
    SV_BULK_ABORT,    /* the stream is over, whoever says it; body: bulk_end */
    SV_BULK_END,      /* the taker has it all; body: bulk_end */
    SV_BULK_HELLO,    /* the first frame, from who connected; as CREDIT when that one takes, else zeros */
    SV_BULK_KINDS
} sv_bulk_kind_t;

/*  Of DATA: none comes after it. */
#define SV_BULK_LAST 1

typedef struct {
    uint8_t kind;
    uint8_t flags;
    uint64_t stream;
    uint64_t seq;
    uint64_t offset;
} sv_bulk_head_t;

void sv_bulk_head_write (const sv_bulk_head_t *head, uint8_t out[SV_BULK_HEAD]);

/*  Reads the head of a frame of `len` bytes.  0, or -PT_E_malformed: too short,
    of no known kind or flag, or of a length its kind can't have. */
PT_MUSTCHECK int sv_bulk_head_read (const void *frame, size_t len, sv_bulk_head_t *out);

/*  ---- the stream ---------------------------------------------------------- */

/*  Embedded; set by init alone, read by the owner at will. */
typedef struct {
    uint64_t id;
    bool gives;         /* else it takes */
    bool is_last;       /* the last DATA has passed */
    bool is_over;       /* nothing happens any more */
    uint64_t seq;       /* DATA frames passed */
    uint64_t offset;    /* bytes passed */
    uint64_t frames;    /* DATA frames granted */
    uint64_t credit;    /* bytes granted */
    uint64_t out_seq;   /* taker: frames that have left */
    uint64_t out_bytes; /* taker: bytes that have left */
    uint64_t sent_ms;
    uint64_t heard_ms;
} sv_bulk_stream_t;

typedef enum {
    SV_STREAM_HEARD, /* `head` with `len` bytes of body came */
    SV_STREAM_GIVE,  /* giver: `len` bytes are to be sent, the last ones if `is_last` */
    SV_STREAM_TOOK,  /* taker: the next `frames` frames, `len` bytes together, have left */
    SV_STREAM_TICK,  /* time passes; once in LIM_BULK_KEEP_MS / 4 at least */
} sv_stream_event_t;

typedef struct {
    sv_stream_event_t kind;
    const sv_bulk_head_t *head;
    uint64_t len;
    uint64_t frames;
    bool is_last;
} sv_bulk_event_t;

/*  What follows from an event. */
typedef struct {
    bool must_send;
    sv_bulk_head_t head; /* when must_send: DATA (of what is given), CREDIT, KEEP or ABORT */
    bool has_data;       /* the body heard is the stream's next */
    bool has_room;       /* the giver may give more than before */
    bool has_end;        /* the peer's body says how it ended; is_over */
    int err;             /* negative: it failed here, or the giver asked for what it may not; see step */
} sv_bulk_out_t;

/*  Begins a stream on either side.  A taker grants a window at once.  `credit`:
    what a giver has been granted, at most a window; 0 when HELLO will tell. */
void sv_bulk_stream_init (sv_bulk_stream_t *self, uint64_t id, bool gives, uint64_t credit, uint64_t now_ms);

/*  One event.  err is 0, or
      -PT_E_invalid    GIVE or TOOK beyond what is open; nothing has changed;
      -PT_E_malformed  the peer broke the rules: is_over, an ABORT is to be sent;
      -PT_E_deadline   the peer is silent: is_over, an ABORT is to be sent.
    A stream that is over passes over everything (GIVE and TOOK: -PT_E_gone). */
void sv_bulk_step (sv_bulk_stream_t *self, const sv_bulk_event_t *event, uint64_t now_ms, sv_bulk_out_t *out);

/*  The HELLO of the side that connected. */
sv_bulk_head_t sv_bulk_hello (const sv_bulk_stream_t *self);

/*  What a side says that has nothing to say: KEEP, or its CREDIT once more. */
sv_bulk_head_t sv_bulk_keep (const sv_bulk_stream_t *self);

/*  Bytes that may be given in one frame, at most LIM_BULK_CHUNK; 0 when the
    window is used up, also by the number of frames. */
size_t sv_bulk_stream_room (const sv_bulk_stream_t *self);

#endif
