/*  broker_requests - the requests a broker has not finished with: recycled
    records, found by the number that the worker gets.

    The number holds the slot and a serial that starts at random, so that the
    late answer to a broker that died is never taken for an answer to its
    successor.  Private to the routing core. */

#ifndef BROKER_REQUESTS_H
#define BROKER_REQUESTS_H

#include "broker_peers.h"
#include "sv_wheel.h"

/*  Requests in one broker, waiting and in workers together; beyond it `busy`. */
#define BROKER_REQUESTS 65536

typedef enum {
    BROKER_FREE,
    BROKER_QUEUED,   /* in the queue of `worker`, or of the service when that is NULL */
    BROKER_SERVED,   /* in the flight list of `worker` */
    BROKER_ANSWERED, /* likewise, but the client has been told that it was too late */
} broker_state_kind_t;

typedef struct broker_request {
    sv_wheel_node_t node; /* first: the wheel gives nodes back; set while the client waits */
    TAILQ_ENTRY (broker_request) link;
    broker_state_kind_t state;
    uint32_t client_slot;
    uint64_t client_serial;
    uint64_t id;      /* what the worker knows it by */
    uint64_t arrival; /* rising */
    broker_peer_t *worker;
    void *body;             /* while QUEUED */
    pt_envelope_t envelope; /* as the client sent it */
} broker_request_t;

typedef struct broker_requests broker_requests_t;

broker_requests_t *broker_requests_new (uint64_t seed);
void broker_requests_destroy (broker_requests_t **self_p);

/*  A zeroed record with a number; NULL at the maximum or without memory. */
broker_request_t *broker_requests_take (broker_requests_t *self);
void broker_requests_give_back (broker_requests_t *self, broker_request_t **request_p);

/*  NULL when no such request is open. */
broker_request_t *broker_requests_find (const broker_requests_t *self, uint64_t id);

#endif
