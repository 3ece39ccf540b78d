/*  broker_peers - the peers a broker knows: found by role and routing id in one
    step, or by slot.

    Private to the routing core, hence no opaque types. */

#ifndef BROKER_PEERS_H
#define BROKER_PEERS_H

#include "broker_core.h"
#include <sys/queue.h>

struct broker_request;
TAILQ_HEAD (broker_list, broker_request);
typedef struct broker_list broker_list_t;

/*  Place of a peer that is not among the live workers of its service. */
#define BROKER_NO_PLACE UINT32_MAX

typedef struct broker_peer {
    struct broker_peer *chain;     /* in its bucket */
    struct broker_peer *next_lost; /* to be buried when the step ends */
    bool is_lost;
    uint32_t slot;
    uint64_t serial; /* never used again, unlike the slot */
    const pt_peer_rule_t *rule;
    broker_addr_t addr; /* its id lies behind this struct */
    uint64_t generation;
    uint64_t seen_ms, probed_ms;
    uint64_t ttl_ms;
    uint32_t place; /* among the live workers of its service */
    uint32_t credit, in_flight;
    broker_list_t queue;  /* requests that wait for this worker */
    broker_list_t flight; /* requests this worker has */
} broker_peer_t;

typedef struct {
    broker_peer_t *buckets[4 * LIM_PEERS];
    broker_peer_t *slots[LIM_PEERS];
    uint64_t next_serial;
    uint32_t count;
    uint32_t used_slots;
} broker_peers_t;

/*  NULL when unknown. */
broker_peer_t *broker_peers_find (const broker_peers_t *self, const broker_addr_t *addr);

/*  Enters a peer.  NULL when LIM_PEERS are there or memory is out. */
broker_peer_t *broker_peers_add (broker_peers_t *self, const broker_addr_t *addr);

/*  Removes and frees a peer; its lists must be empty. */
void broker_peers_remove (broker_peers_t *self, broker_peer_t **peer_p);

/*  The peer that had this slot and serial, if it is still there. */
broker_peer_t *broker_peers_at (const broker_peers_t *self, uint32_t slot, uint64_t serial);

#endif
