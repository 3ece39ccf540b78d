/*  sv_bus_priv - what the files of the bus share; for sv_bus*.c alone.

        sv_bus.c        life, brokers, control frames, timers
        sv_bus_call.c   calls out: encode, keep for a resend, decode the answer
        sv_bus_serve.c  requests in: decode, dispatch, answer, forward
        sv_bus_event.c  events both ways

    The decisions (which broker, when again, who is alive) are in the pure cores
    sv_calls and sv_peers; these files move frames. */

#ifndef SV_BUS_PRIV_H
#define SV_BUS_PRIV_H

#include "pt_envelope.h"
#include "sv_bus.h"
#include "sv_calls.h"
#include "sv_endpoint.h"
#include "sv_peers.h"

/*  Most memory that decoding and answering one message may take; beyond it the
    request fails with `memory`. */
#define SV_BUS_ARENA (64u * 1024 * 1024)

/*  Requests kept for reuse when they are done; more are freed. */
#define SV_BUS_SPARE 64

/*  Longest wait for brokers to confirm a drain. */
#define SV_BUS_SETTLE_MS 500

/*  Kinds of topics one role may subscribe to; see roles.def. */
#define SV_BUS_TOPICS 4

/*  Precision of deadlines and resends while calls are open. */
#define SV_BUS_TICK_MS 10

/*  One broker. */
typedef struct {
    sv_bus_t *bus;
    unsigned index;
    const char *base;
    zsock_t *sockets[3]; /* by sv_channel_t; NULL where the role has no use for it */
    void *raw[3];
    sv_watch_t *watches[3];
    bool is_unreachable; /* a send failed; told to sv_peers at the next tick */
    bool is_settling;    /* told that we drain; requests may be on their way until it answers */
} sv_link_t;

/*  The part of a call that sv_calls does not keep. */
typedef struct {
    zmq_msg_t body; /* kept for a resend; copies share the bytes */
    const pt_call_t *op;
    uint64_t affinity;
    uint64_t instance; /* 0: any */
    uint64_t started_us;
    sv_reply_fn *fn;
    void *arg;
    sv_request_t *forward; /* the answer goes to this request unread; `fn` is NULL */
    char trace[LIM_TRACE + 1];
} sv_pending_t;

struct sv_request {
    sv_bus_t *bus;
    sv_request_t *next, **link; /* in `taken` or `spare` */
    const pt_call_t *op;
    unsigned broker; /* that delivered it and gets the answer */
    uint64_t correlation;
    uint64_t affinity;
    uint64_t deadline_ms; /* as time */
    zmq_msg_t body;
    pt_arena_t *arena;
    char trace[LIM_TRACE + 1];
};

typedef struct {
    sv_metric_t *calls, *failed, *resent, *late, *duration;
    sv_metric_t *requests, *refused, *malformed;
    sv_metric_t *published, *received, *live;
} sv_bus_metrics_t;

struct sv_bus {
    sv_bus_config_t config;
    const pt_peer_rule_t *rule;
    uint64_t generation;
    char *bases; /* the list, cut in place */
    sv_link_t links[LIM_BROKERS];
    unsigned link_count;
    sv_peers_t *peers;
    sv_timer_t *beat_timer;
    uint32_t beat_ms; /* what it is set to */
    void (*on_change) (void *ctx, unsigned live);
    void *on_change_ctx;

    pt_codec_t *codec;
    pt_buf_t scratch;  /* the body being encoded */
    pt_arena_t *arena; /* of the answer or event in hand */
    bool is_closing;

    sv_calls_t *calls;
    sv_pending_t *pending; /* by slot of sv_calls */
    sv_timer_t *call_timer;
    bool call_timer_runs;
    uint64_t resent_seen;

    sv_handler_fn *handlers[256]; /* by low byte of the opcode */
    void *handler_ctx;
    bool is_serving, is_draining;
    uint64_t settled_ms; /* at the latest; set by the drain */
    unsigned credit;
    sv_request_t *taken, *spare;
    unsigned taken_count, spare_count;

    struct {
        sv_event_fn *fn;
        void *ctx;
    } on_event[SV_BUS_TOPICS]; /* by place in the rule's `subscribes` */
    uint64_t event_counter;

    sv_bus_metrics_t metrics;
};

/*  Sends envelope and body to a broker; the body is consumed only on success.
    false when the broker is away or full: the frame is dropped. */
bool sv_bus_send (sv_bus_t *self, unsigned broker, const pt_envelope_t *envelope, zmq_msg_t *body);

/*  Encodes into a new message.  0 or an error of encoding or memory. */
PT_MUSTCHECK int sv_bus_encode (sv_bus_t *self, pt_msg_t type, const void *msg, zmq_msg_t *out_body);

/*  Notes where a request passed, at `at_us` or, for 0, now; what has no id is
    housekeeping.  What was sent is noted with the time before, so that whoever got
    it can't have done so earlier. */
static inline void sv_bus_hop (const sv_bus_t *self, pt_hop_kind_t kind, const pt_call_t *op, const char *trace,
                               unsigned broker, int status, uint64_t at_us)
{
    sv_hop_t hop = {
        .kind = kind, .opcode = op->opcode, .trace = trace, .broker = broker + 1, .status = status, .at_us = at_us};
    if (*trace)
        sv_trace_add (self->config.trace, &hop);
}

/*  Tells every live broker our credit. */
void sv_bus_tell_credit (sv_bus_t *self);

/*  Tells every live broker that we drain.  Its answer comes behind the last
    request it sent us, so that none is left unread in a socket. */
void sv_bus_tell_drain (sv_bus_t *self);

/*  Reads frame two of two; false (and the rest is dropped) for any other
    number of frames.  `head` is the frame before. */
bool sv_bus_recv_last (sv_bus_t *self, void *socket, zmq_msg_t *head, zmq_msg_t *body);

/*  sv_bus_call.c */
int sv_bus_open_calls (sv_bus_t *self, const uint64_t *keys);
void sv_bus_end_calls (sv_bus_t *self);
void sv_bus_close_calls (sv_bus_t *self);
void sv_bus_on_reply (sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body);

/*  Enters and sends a call; takes its body.  0, and the body is still the
    caller's, when the table is full. */
uint64_t sv_bus_call_raw (sv_bus_t *self, sv_pending_t *pending, uint32_t deadline_ms);

/*  sv_bus_serve.c */
void sv_bus_close_requests (sv_bus_t *self);
void sv_bus_on_request (sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body);

/*  Answers a request with a body as it is; consumes both.  `is_ours` tells the
    broker that no handler saw the request, so that another worker may. */
void sv_request_answer (sv_request_t **request_p, int status, bool is_ours, zmq_msg_t *body);

/*  sv_bus_event.c */
void sv_bus_on_event_input (void *link);

#endif
