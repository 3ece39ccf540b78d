/*  broker_route - what becomes of a request in the routing core: queued,
    delivered, answered, refused, routed anew.

    Private to the routing core, hence no opaque types. */

#ifndef BROKER_ROUTE_H
#define BROKER_ROUTE_H

#include "broker_requests.h"

typedef struct {
    broker_peer_t *workers[LIM_WORKERS]; /* those with credit */
    uint32_t worker_count;
    uint32_t queued;       /* here and for its workers, at most LIM_SERVICE_QUEUE */
    broker_list_t waiting; /* for whoever is free first */
} broker_service_t;

struct broker_core {
    const broker_ops_t *ops;
    void *ctx;
    uint64_t now_ms; /* of the step at hand */
    uint64_t last_tick_ms, last_beat_ms;
    bool is_draining;
    uint64_t arrivals;
    broker_peer_t *lost; /* to be buried */
    broker_stats_t stats;
    broker_requests_t *requests;
    broker_service_t services[PT_SERVICE_COUNT];
    broker_peers_t peers;
    sv_wheel_t wheel; /* deadlines of requests whose client waits */
};

broker_service_t *broker_route_service (broker_core_t *self, const broker_peer_t *worker);

/*  Marks a peer as gone; it is buried when the step ends. */
void broker_route_lose (broker_core_t *self, broker_peer_t *peer, broker_note_t note);

/*  Takes a worker out of those that are chosen; what waits for it stays. */
void broker_route_leave (broker_core_t *self, broker_peer_t *worker);

/*  The client of a request; NULL when it is gone. */
broker_peer_t *broker_route_client (const broker_core_t *self, const broker_request_t *request);

/*  Sends an answer to a client that may be NULL; consumes the body whatever
    happens. */
void broker_route_answer (broker_core_t *self, broker_peer_t *client, const pt_envelope_t *envelope, void *body);

/*  The broker's own answer to a request that is not entered. */
void broker_route_refuse (broker_core_t *self, broker_peer_t *client, const pt_envelope_t *request, int status);

/*  Delivers or queues a request that is in no list.  With affinity it waits for
    its own worker; work of one room is worth more together.  A DIRECT one is for
    the worker it names.  0, -PT_E_busy, or -PT_E_not_found when that one is not
    there or takes nothing any more. */
PT_MUSTCHECK int broker_route_request (broker_core_t *self, broker_request_t *request);

/*  Routes anew all that waits in `list`, in order. */
void broker_route_again (broker_core_t *self, broker_list_t *list);

/*  Gives a worker what waits for it or for anybody, the oldest first, as long
    as it has credit. */
void broker_route_pump (broker_core_t *self, broker_peer_t *worker);

/*  The broker's own answer to a request it has, which is forgotten. */
void broker_route_fail (broker_core_t *self, broker_request_t *request, int status);

/*  Time is up.  What a worker has stays on its account until it answers. */
void broker_route_expire (broker_core_t *self, broker_request_t *request);

/*  Forgets a request in any state. */
void broker_route_drop (broker_core_t *self, broker_request_t *request);

#endif
