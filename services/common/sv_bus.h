/*  sv_bus - a daemon's place on the bus: calls out, requests in, events.

    One DEALER to every broker serves both as client and as worker; one SUB to
    every broker takes events and one PUB gives them.  The base of a broker is
    a folder for ipc (`ipc:///run/parley/b0`): the endpoints are
    <base>/<role>.req, <role>.pub (we publish), <role>.sub (we subscribe).

    A call has a deadline and a stable correlation id.  It goes to broker
    rendezvous (affinity, live brokers), or to the live ones in turn; unanswered
    after 3 x p99, at least 250 ms and at most 2 s, it is sent again through another broker under
    the same id, at most LIM_RESENDS times.  A transient refusal (busy, worker_lost,
    unavailable from a broker) is tried again likewise while the deadline allows.
    The first answer counts, later ones are dropped.  A call to one instance is
    refused with `not_found` where a broker does not have it.

    A worker announces its credit to every broker (READY); each broker keeps to
    its share.  Heartbeats go both ways; who slept through its own
    timer re-arms all peers instead of declaring them dead.  A broker that does
    not know us answers DISCONNECT and is told READY again. */

#ifndef SV_BUS_H
#define SV_BUS_H

#include "pt_codec.h"
#include "sv_log.h"
#include "sv_loop.h"
#include "sv_metrics.h"
#include "sv_trace.h"

typedef struct sv_bus sv_bus_t;
typedef struct sv_request sv_request_t;

typedef struct {
    pt_peer_t role;
    const char *brokers; /* comma separated bases, at most LIM_BROKERS */
    sv_loop_t *loop;     /* borrowed, as all below; must outlive the bus */
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_trace_t *trace; /* NULL: hops are not noted */
} sv_bus_config_t;

/*  Connects to all brokers (without waiting for them).  NULL with a log line
    when a base is unusable or memory is out. */
sv_bus_t *sv_bus_new (const sv_bus_config_t *config);

/*  Ends every open call now: with `draining`, or with `worker_lost` where it
    writes, since it may have happened.  Calls made from here on are refused with
    `draining`.  sv_daemon calls it while the role's context is whole; afterwards
    the role may free its context, and use the bus as it does so (sv_request_fail,
    sv_bus_cancel).  May be repeated. */
void sv_bus_close (sv_bus_t *self);

/*  Closes, and leaves the brokers. */
void sv_bus_destroy (sv_bus_t **self_p);

/*  Random generation of this start. */
uint64_t sv_bus_generation (const sv_bus_t *self);

/*  Live brokers. */
unsigned sv_bus_live (const sv_bus_t *self);

/*  ---- serving ------------------------------------------------------------ */

/*  Takes the request: it is the handler's until sv_request_reply, _fail or
    _forward consumes it.  `msg` is the decoded, validated body (pt_<name>_t of
    the operation's request) and lives as long as the request. */
typedef void (sv_handler_fn) (void *ctx, sv_request_t *request, const void *msg);

typedef struct {
    uint16_t opcode;
    sv_handler_fn *fn;
} sv_handler_t;

/*  Serves the role's own service; requests that are malformed, unknown, past
    their deadline, or beyond `credit` are refused with a typed error before
    any handler sees them.  `handlers` is borrowed.  0 or -PT_E_memory. */
PT_MUSTCHECK int sv_bus_serve (sv_bus_t *self, const sv_handler_t *handlers, size_t count, unsigned credit, void *ctx);

/*  Takes no new requests (credit 0 to all brokers); those taken go on. */
void sv_bus_drain (sv_bus_t *self);

/*  Requests taken and not yet answered, and calls without an answer. */
unsigned sv_bus_in_flight (const sv_bus_t *self);

/*  What a handler may ask of its request.  All borrowed from the request. */
pt_arena_t *sv_request_arena (sv_request_t *request);
const char *sv_request_trace (const sv_request_t *request);
uint16_t sv_request_opcode (const sv_request_t *request);
uint64_t sv_request_affinity (const sv_request_t *request);

/*  What is left of its deadline; 0 when it has passed. */
uint32_t sv_request_remaining_ms (const sv_request_t *request);

/*  Answers with the operation's reply message.  Consumes the request; when
    `msg` can't be encoded the caller gets `internal`, of a write `worker_lost`, and a line is logged. */
void sv_request_reply (sv_request_t **request_p, const void *msg);

/*  Refuses with an error (either sign) and a sentence for people (may be
    NULL).  Consumes the request. */
void sv_request_fail (sv_request_t **request_p, int err, const char *detail);

/*  Refuses with a whole error body, such as another service gave. */
void sv_request_fail_with (sv_request_t **request_p, int err, const pt_error_t *body);

/*  Passes the body on unchanged as operation `opcode` of another service, and
    its answer back unchanged.  Both operations must have the same request and
    reply messages.  Consumes the request. */
void sv_request_forward (sv_request_t **request_p, uint16_t opcode);

/*  ---- calling ------------------------------------------------------------ */

typedef struct {
    uint16_t opcode;
    const void *msg;      /* pt_<name>_t of the operation's request; encoded before the call returns */
    uint64_t affinity;    /* 0: none */
    uint32_t deadline_ms; /* at most LIM_DEADLINE_MS */
    const char *trace;    /* may be NULL */
    uint64_t instance;    /* generation of the one that shall answer, of an operator's call; 0: any */
} sv_call_t;

/*  The outcome of a call; everything is borrowed for the callback. */
typedef struct {
    int status;              /* 0 or a negative error */
    const void *msg;         /* when 0: pt_<name>_t of the operation's reply */
    const pt_error_t *error; /* when not 0; never NULL then */
    pt_arena_t *arena;       /* holds msg and error; freed after the callback */
} sv_reply_t;

typedef void (sv_reply_fn) (void *arg, const sv_reply_t *reply);

/*  Calls; `fn` is called exactly once, later, never from within sv_bus_call,
    unless the call is cancelled.  Returns an id > 0 for sv_bus_cancel, or 0
    when the request can't be made (table full, out of memory, does not encode)
    with the reason in `*out_err` (may be NULL); `fn` is not called then. */
uint64_t sv_bus_call (sv_bus_t *self, const sv_call_t *call, sv_reply_fn *fn, void *arg, int *out_err);

/*  Forgets a call: `fn` will not be called.  Unknown ids are ignored. */
void sv_bus_cancel (sv_bus_t *self, uint64_t id);

/*  ---- events -------------------------------------------------------------- */

typedef struct {
    const void *topic;
    size_t topic_len;
    uint16_t opcode;
    const void *msg;     /* decoded body, borrowed for the callback */
    uint64_t generation; /* of the publisher */
    uint64_t counter;    /* of this publisher, rising */
    pt_arena_t *arena;
    unsigned broker; /* that it came through, by its place in the list */
} sv_event_t;

typedef void (sv_event_fn) (void *ctx, const sv_event_t *event);

/*  Publishes to every broker; drops silently where nobody listens or a queue
    is full: an event is a hint.  0, or an error of encoding. */
PT_MUSTCHECK int sv_bus_publish (sv_bus_t *self, const void *topic, size_t topic_len, uint16_t opcode, const void *msg);

/*  Takes events of the topics that begin with `first`, one that the role may
    subscribe to; NULL: no more.  Each arrives once per broker: the receiver drops
    what it has, the bus drops nothing. */
void sv_bus_on_event (sv_bus_t *self, char first, sv_event_fn *fn, void *ctx);
PT_MUSTCHECK int sv_bus_subscribe (sv_bus_t *self, const void *topic, size_t topic_len);
void sv_bus_unsubscribe (sv_bus_t *self, const void *topic, size_t topic_len);

/*  Called when the set of live brokers changes, with their number: the moment
    to ask for heads. */
void sv_bus_on_change (sv_bus_t *self, void (*fn) (void *ctx, unsigned live), void *ctx);

#endif
