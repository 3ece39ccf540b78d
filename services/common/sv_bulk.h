/*  sv_bulk - streams of bytes between a gateway and a replica of drive, on
    sockets of their own, so that no request ever waits behind a file.

    The replica serves: it binds a ROUTER, offers a stream when an operation
    asks for one, and tells its id and endpoint in a bulk_grant.  The gateway
    connects a DEALER to that endpoint and joins the stream by its id.  The peer
    that says HELLO first has the stream; frames of it from any other connection
    are answered as those of an unknown stream: `worker_lost`, for whoever granted it has ended it, or
    is dead.  A connection that is lost ends its
    streams: nobody resumes one, the next request opens another at the offset
    that is safe.

    Nothing here blocks; all of it, and every callback, runs on the loop's thread.
    What bytes cost: the giver's at most one window in the socket, the taker's
    at most one window until it says that they have left. */

#ifndef SV_BULK_H
#define SV_BULK_H

#include "pt_message.h"
#include "sv_bulk_stream.h"
#include "sv_log.h"
#include "sv_loop.h"
#include "sv_metrics.h"
#include <zmq.h>

typedef struct sv_bulk sv_bulk_t;           /* a socket and its streams */
typedef struct sv_bulk_flow sv_bulk_flow_t; /* one stream, as its owner holds it */

typedef struct {
    sv_loop_t *loop;
    sv_metrics_t *metrics;
    sv_log_t *log;
} sv_bulk_config_t;

typedef enum { SV_BULK_GIVES, SV_BULK_TAKES } sv_bulk_side_t;

/*  What the owner of a stream is told; `arg` is what it gave.  Any of them may
    give, take, finish or abort its own stream and others. */
typedef struct {
    /*  Giver: more may be given than before.  A giver of whole chunks can wait for
        sv_bulk_room to hold one: the taker grants anew at half a window. */
    void (*room) (void *arg);

    /*  Taker: the next bytes.  The owner moves `frame` away (zmq_msg_move) or
        uses it up; it may be closed on any thread.  sv_bulk_body has the bytes. */
    void (*data) (void *arg, zmq_msg_t *frame, bool is_last);

    /*  The stream is over and the flow no more to be touched; once at most, never
        from within a call of the owner's, and not after it finished or aborted it
        itself.  0: the taker has it all (only a giver is told so); else negative:
        -PT_E_worker_lost (the connection is gone), -PT_E_deadline (silence),
        -PT_E_malformed (the peer broke the rules), or the status with which the
        peer aborted.  `end` is the peer's word, all empty when it gave none;
        borrowed. */
    void (*ended) (void *arg, int status, const pt_bulk_end_t *end);
} sv_bulk_ops_t;

/*  ---- sockets ------------------------------------------------------------- */

/*  Binds `endpoint` (ipc://<absolute path> or tcp://<loopback>:<port>, port 0 or
    * takes a free one).  The folder of an ipc socket is the caller's and must be
    closed to others.  0, -PT_E_invalid (no such endpoint), -PT_E_taken
    (it can't be bound), -PT_E_memory. */
PT_MUSTCHECK int sv_bulk_serve (const sv_bulk_config_t *config, const char *endpoint, sv_bulk_t **out);

/*  Where it is bound, as a grant names it; owned. */
const char *sv_bulk_endpoint (const sv_bulk_t *self);

/*  Connects to the endpoint of a grant.  The connection is made in the
    background; whether it stands tells sv_bulk_is_lost.  0, -PT_E_invalid,
    -PT_E_memory. */
PT_MUSTCHECK int sv_bulk_connect (const sv_bulk_config_t *config, const char *endpoint, sv_bulk_t **out);

/*  A connection that was lost, or not made within LIM_CONNECT_MS: its streams
    have ended or will at the next turn, and it takes no others. */
bool sv_bulk_is_lost (const sv_bulk_t *self);

/*  Streams that are open. */
unsigned sv_bulk_streams (const sv_bulk_t *self);

/*  Closes the socket; streams left are aborted with `draining` and their owners not
    told.  Not from within a callback of its own streams.  Accepts NULL. */
void sv_bulk_destroy (sv_bulk_t **self_p);

/*  ---- streams ------------------------------------------------------------- */

/*  Serving: offers a stream under a random id.  It ends with -PT_E_deadline when
    nobody says HELLO within LIM_BULK_JOIN_MS.  `ops` is borrowed.  NULL and the
    reason in `*out_err`: -PT_E_busy at LIM_BULK_STREAMS, -PT_E_memory. */
sv_bulk_flow_t *sv_bulk_offer (sv_bulk_t *self, sv_bulk_side_t side, const sv_bulk_ops_t *ops, void *arg, int *out_err);

/*  Connected: joins the stream of a grant, with the credit that it names.  NULL and -PT_E_busy,
    -PT_E_worker_lost (the connection is lost), -PT_E_taken (an id that is open),
    -PT_E_memory. */
sv_bulk_flow_t *sv_bulk_join (sv_bulk_t *self, sv_bulk_side_t side, const pt_bulk_grant_t *grant,
                              const sv_bulk_ops_t *ops, void *arg, int *out_err);

uint64_t sv_bulk_id (const sv_bulk_flow_t *flow);

/*  The credit of a stream at its start, as its bulk_grant names it: a window when
    the side that serves takes, else 0, since the taker tells it in its HELLO. */
uint64_t sv_bulk_credit (const sv_bulk_flow_t *flow);

/*  Bytes passed so far, from the stream's first. */
uint64_t sv_bulk_offset (const sv_bulk_flow_t *flow);

/*  Giver: bytes that may be given in one piece right now, at most LIM_BULK_CHUNK. */
size_t sv_bulk_room (const sv_bulk_flow_t *flow);

/*  Memory for at most `cap` bytes to be given, with room for a head before them.
    The pointer is to the bytes; free with sv_bulk_buffer_free or give it away.
    NULL when out of memory.  Any thread. */
uint8_t *sv_bulk_buffer_new (size_t cap);
void sv_bulk_buffer_free (uint8_t **bytes_p);

/*  Gives the first `len` bytes of a buffer, without a copy; the buffer is gone
    whatever is returned.  `len` may be 0 with `is_last` only.  0; -PT_E_invalid:
    more than sv_bulk_room, or after the last; -PT_E_gone: the stream failed
    meanwhile, `ended` will be called. */
PT_MUSTCHECK int sv_bulk_give (sv_bulk_flow_t *flow, uint8_t **bytes_p, size_t len, bool is_last);

/*  Bytes of a DATA frame; they stay where they are as long as the frame is not
    moved. */
static inline const uint8_t *sv_bulk_body (zmq_msg_t *frame, size_t *out_len)
{
    *out_len = zmq_msg_size (frame) - SV_BULK_HEAD;
    return (const uint8_t *)zmq_msg_data (frame) + SV_BULK_HEAD;
}

/*  Taker: a frame of `len` bytes has left (was written, was sent on) and its
    memory is free; once for each frame, in their order.  This is what lets the
    giver go on.  Without effect on a stream that failed meanwhile. */
void sv_bulk_taken (sv_bulk_flow_t *flow, size_t len);

/*  Taker, after the last frame: tells the giver that all is well, and in `end`
    (NULL: nothing) what it came to.  The flow is gone.  Before the last frame it is
    an abort with `internal`. */
void sv_bulk_finish (sv_bulk_flow_t **flow_p, const pt_bulk_end_t *end);

/*  Either side: gives the stream up with an error (either sign) and a sentence
    for people (may be NULL).  The flow is gone.  Accepts NULL. */
void sv_bulk_abort (sv_bulk_flow_t **flow_p, int err, const char *detail);

/*  The same with a whole bulk_end, such as the offset that is safe. */
void sv_bulk_abort_with (sv_bulk_flow_t **flow_p, const pt_bulk_end_t *end);

#endif
