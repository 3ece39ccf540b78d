/*  broker_core - the broker's decisions: who gets which request, what is
    answered when nobody does, who is alive.

    A pure core: events and the time go in, frames to send come out through
    `broker_ops_t`.  No sockets, no clock, no randomness but the seed, so that
    tests and a simulator can drive it.

    What it promises:
    - every request it takes gets one answer, unless its client is gone;
    - a worker never has more requests than the credit it announced;
    - free credit and a request that could use it never meet idle;
    - a request for one instance (PT_KIND_DIRECT, of an operator) gets to that one
      or is answered `not_found`;
    - a role calls, serves and nothing else what its rule allows. */

#ifndef BROKER_CORE_H
#define BROKER_CORE_H

#include "pt_envelope.h"
#include "pt_message.h"

typedef struct broker_core broker_core_t;

/*  A peer is named by the endpoint it came through and by the routing id that
    ZeroMQ gave its connection. */
typedef struct {
    pt_peer_t role;
    const void *id;
    size_t id_len;
} broker_addr_t;

typedef enum {
    BROKER_READY,
    BROKER_HEARTBEAT,
    BROKER_CREDIT,
    BROKER_LEAVE, /* DISCONNECT from a peer */
    BROKER_REQUEST,
    BROKER_REPLY,
    BROKER_TICK,  /* at least every LIM_HEARTBEAT_MS, and every 20 ms while broker_core_is_busy */
    BROKER_DRAIN, /* take nothing new, finish what workers have */
} broker_kind_t;

typedef struct {
    broker_kind_t kind;
    broker_addr_t from;            /* not of TICK and DRAIN; borrowed */
    const pt_envelope_t *envelope; /* likewise */
    const pt_presence_t *presence; /* of READY, HEARTBEAT, CREDIT */
    void *body;                    /* of REQUEST and REPLY: consumed */
} broker_event_t;

/*  Things worth a line in the log. */
typedef enum {
    BROKER_NOTE_JOINED,  /* a peer is known from now on */
    BROKER_NOTE_LEFT,    /* said so */
    BROKER_NOTE_LOST,    /* silent or unreachable */
    BROKER_NOTE_FOREIGN, /* READY for a service its role does not serve */
    BROKER_NOTE_FULL,    /* LIM_PEERS or LIM_WORKERS are there */
    BROKER_NOTE_SLEPT,   /* we did; nobody is declared dead */
} broker_note_t;

typedef struct {
    /*  Sends a frame; `body` may be NULL: control frames then carry our
        presence, answers an empty error.  0: `body` is consumed.
        -PT_E_unavailable: no such peer any more.  -PT_E_busy: its queue is full. */
    int (*send) (void *ctx, const broker_addr_t *to, const pt_envelope_t *envelope, void *body);

    /*  Frees a body. */
    void (*discard) (void *ctx, void *body);

    /*  Answers an operation of the broker's own; `body` is borrowed. */
    void (*query) (void *ctx, const broker_addr_t *from, const pt_envelope_t *request, const void *body);

    void (*note) (void *ctx, broker_note_t note, const broker_addr_t *peer);
} broker_ops_t;

typedef struct {
    uint64_t requests;    /* taken or refused */
    uint64_t replies;     /* passed on */
    uint64_t refused;     /* not allowed, unknown, draining */
    uint64_t busy;        /* a queue was full */
    uint64_t expired;     /* deadline or unavailable */
    uint64_t lost;        /* worker died with it */
    uint64_t late;        /* answers nobody waited for */
    uint64_t undelivered; /* answers to a client that is gone */
} broker_stats_t;

typedef struct {
    pt_peer_t role;
    uint64_t generation;
    uint32_t credit, in_flight;
    uint32_t queued;  /* for its service */
    uint64_t seen_ms; /* time */
} broker_peer_info_t;

/*  `seed` is where numbers of requests start.  `ops` is borrowed.  NULL when
    out of memory. */
broker_core_t *broker_core_new (uint64_t seed, const broker_ops_t *ops, void *ctx);

/*  Discards what is left, without answers. */
void broker_core_destroy (broker_core_t **self_p);

void broker_core_step (broker_core_t *self, const broker_event_t *event, uint64_t now_ms);

/*  Whether a client waits for an answer. */
bool broker_core_is_busy (const broker_core_t *self);

const broker_stats_t *broker_core_stats (const broker_core_t *self);

/*  Calls `fn` for each peer. */
void broker_core_each (const broker_core_t *self, void (*fn) (void *arg, const broker_peer_info_t *peer), void *arg);

/*  Requests that wait for a service. */
uint32_t broker_core_queued (const broker_core_t *self, unsigned service);

#endif
