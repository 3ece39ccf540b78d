/*  sv_peers - which brokers are alive, as one of their peers sees it.

    A pure core: events and the time go in, frames to send and changes of state
    come out through `sv_peers_ops_t`.  Heartbeats go both ways; a broker's
    presence states its own interval and time to live; any traffic counts as a
    sign of life.

        DOWN -- presence --> LIVE -- silence, unreachable, unknown --> DOWN
                             LIVE -- leaving --> LEAVING -- new generation --> LIVE

    A broker that is not live is told READY until it answers; so one that
    starts, restarts or returns from a long pause is found without anybody
    remembering why it was away. */

#ifndef SV_PEERS_H
#define SV_PEERS_H

#include "pt_message.h"

typedef struct sv_peers sv_peers_t;

/*  How often a broker that is not live is told READY. */
#define SV_PEERS_RETRY_MS 50

typedef enum { SV_PEER_DOWN, SV_PEER_LIVE, SV_PEER_LEAVING } sv_peer_state_t;

typedef struct {
    /*  Sends one READY or one HEARTBEAT; false when the broker can't be reached. */
    bool (*ready) (void *ctx, unsigned broker);
    bool (*beat) (void *ctx, unsigned broker);

    /*  The state changed.  A restart shows as DOWN, then LIVE. */
    void (*changed) (void *ctx, unsigned broker, sv_peer_state_t state);
} sv_peers_ops_t;

typedef enum {
    SV_PEERS_HEARD,       /* any frame but a DISCONNECT */
    SV_PEERS_PRESENCE,    /* a HEARTBEAT with `presence` */
    SV_PEERS_UNKNOWN,     /* a DISCONNECT: it does not know us */
    SV_PEERS_REFUSED,     /* a DISCONNECT with an error: it will not have us */
    SV_PEERS_LEFT,        /* a DISCONNECT with `draining` */
    SV_PEERS_UNREACHABLE, /* a send failed */
    SV_PEERS_TICK,
} sv_peers_kind_t;

typedef struct {
    sv_peers_kind_t kind;
    unsigned broker;               /* not of TICK */
    const pt_presence_t *presence; /* of PRESENCE */
} sv_peers_event_t;

/*  `count` brokers (at most LIM_BROKERS), all down.  `ops` is borrowed.  NULL
    when out of memory. */
sv_peers_t *sv_peers_new (unsigned count, const sv_peers_ops_t *ops, void *ctx);
void sv_peers_destroy (sv_peers_t **self_p);

void sv_peers_step (sv_peers_t *self, const sv_peers_event_t *event, uint64_t now_ms);

/*  How long until the next TICK is due. */
uint32_t sv_peers_tick_ms (const sv_peers_t *self);

sv_peer_state_t sv_peers_state (const sv_peers_t *self, unsigned broker);
unsigned sv_peers_live (const sv_peers_t *self);

/*  Whether more than two heartbeats passed since `*last_ms`, which is set to
    now: then it was ourselves who slept, and no silence proves anything. */
bool sv_slept (uint64_t *last_ms, uint64_t now_ms);

#endif
