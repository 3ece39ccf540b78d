/*  sv_peers - which brokers are alive, see sv_peers.h. */

#include "sv_peers.h"
#include <stdlib.h>

typedef struct {
    sv_peer_state_t state;
    uint64_t generation; /* 0: never seen */
    uint64_t seen_ms;
    uint64_t beat_ms;  /* last HEARTBEAT sent */
    uint64_t ready_ms; /* no READY before this */
    uint64_t ttl_ms;
} peer_t;

struct sv_peers {
    const sv_peers_ops_t *ops;
    void *ctx;
    uint64_t last_tick_ms;
    unsigned count;
    peer_t peers[LIM_BROKERS];
};

typedef void (step_fn) (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms);

sv_peers_t *sv_peers_new (unsigned count, const sv_peers_ops_t *ops, void *ctx)
{
    if (count > LIM_BROKERS)
        return NULL;
    sv_peers_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->ops = ops;
    self->ctx = ctx;
    self->count = count;
    for (unsigned i = 0; i < count; i++)
        self->peers[i].ttl_ms = LIM_HEARTBEAT_TTL_MS;
    return self;
}

void sv_peers_destroy (sv_peers_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free (*self_p);
    *self_p = NULL;
}

bool sv_slept (uint64_t *last_ms, uint64_t now_ms)
{
    bool slept = *last_ms != 0 && now_ms - *last_ms > 2 * LIM_HEARTBEAT_MS;
    *last_ms = now_ms;
    return slept;
}

static void s_enter (sv_peers_t *self, unsigned broker, sv_peer_state_t state)
{
    if (self->peers[broker].state == state)
        return;
    self->peers[broker].state = state;
    self->ops->changed (self->ctx, broker, state);
}

/*  Tells READY, but never in a tight loop: a broker that answers each READY
    with DISCONNECT must not keep two programs busy. */
static void s_ready (sv_peers_t *self, unsigned broker, uint64_t now_ms)
{
    peer_t *peer = &self->peers[broker];
    if (now_ms < peer->ready_ms)
        return;
    peer->ready_ms = now_ms + SV_PEERS_RETRY_MS;
    (void)self->ops->ready (self->ctx, broker);
}

static void s_on_heard (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms)
{
    (void)event;
    self->peers[broker].seen_ms = now_ms;
}

static void s_on_presence (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms)
{
    peer_t *peer = &self->peers[broker];
    bool is_new = peer->generation != event->presence->generation;
    peer->seen_ms = now_ms;
    if (peer->state == SV_PEER_LEAVING && !is_new)
        return;
    if (is_new)
        s_enter (self, broker, SV_PEER_DOWN);
    peer->generation = event->presence->generation;
    peer->ttl_ms = event->presence->ttl_ms;
    if (peer->state != SV_PEER_LIVE)
        peer->beat_ms = now_ms; /* the READY was as good */
    s_enter (self, broker, SV_PEER_LIVE);
}

static void s_on_unknown (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms)
{
    (void)event;
    s_enter (self, broker, SV_PEER_DOWN);
    s_ready (self, broker, now_ms);
}

static void s_on_refused (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms)
{
    (void)event;
    self->peers[broker].ready_ms = now_ms + LIM_HEARTBEAT_MS;
    s_enter (self, broker, SV_PEER_DOWN);
}

static void s_on_left (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms)
{
    (void)event;
    (void)now_ms;
    if (self->peers[broker].state == SV_PEER_LIVE)
        s_enter (self, broker, SV_PEER_LEAVING);
}

static void s_on_unreachable (sv_peers_t *self, unsigned broker, const sv_peers_event_t *event, uint64_t now_ms)
{
    (void)event;
    (void)now_ms;
    s_enter (self, broker, SV_PEER_DOWN);
}

/*  Timers come a little early or late: a beat counts as due from three
    quarters of its interval on. */
static void s_tick_live (sv_peers_t *self, unsigned broker, uint64_t now_ms)
{
    peer_t *peer = &self->peers[broker];
    if (now_ms - peer->seen_ms >= peer->ttl_ms) {
        s_enter (self, broker, SV_PEER_DOWN);
        return;
    }
    if (now_ms - peer->beat_ms < LIM_HEARTBEAT_MS * 3 / 4)
        return;
    peer->beat_ms = now_ms;
    if (!self->ops->beat (self->ctx, broker))
        s_enter (self, broker, SV_PEER_DOWN);
}

static void s_on_tick (sv_peers_t *self, uint64_t now_ms)
{
    bool slept = sv_slept (&self->last_tick_ms, now_ms);
    for (unsigned i = 0; i < self->count; i++) {
        if (slept)
            self->peers[i].seen_ms = now_ms;
        if (self->peers[i].state == SV_PEER_LIVE)
            s_tick_live (self, i, now_ms);
        else
            s_ready (self, i, now_ms);
    }
}

void sv_peers_step (sv_peers_t *self, const sv_peers_event_t *event, uint64_t now_ms)
{
    static step_fn *const steps[] = {
        [SV_PEERS_HEARD] = s_on_heard,     [SV_PEERS_PRESENCE] = s_on_presence,
        [SV_PEERS_UNKNOWN] = s_on_unknown, [SV_PEERS_REFUSED] = s_on_refused,
        [SV_PEERS_LEFT] = s_on_left,       [SV_PEERS_UNREACHABLE] = s_on_unreachable,
    };
    if (event->kind == SV_PEERS_TICK)
        s_on_tick (self, now_ms);
    else if (event->broker < self->count)
        steps[event->kind](self, event->broker, event, now_ms);
}

uint32_t sv_peers_tick_ms (const sv_peers_t *self)
{
    return sv_peers_live (self) == self->count ? LIM_HEARTBEAT_MS : SV_PEERS_RETRY_MS;
}

sv_peer_state_t sv_peers_state (const sv_peers_t *self, unsigned broker)
{
    return broker < self->count ? self->peers[broker].state : SV_PEER_DOWN;
}

unsigned sv_peers_live (const sv_peers_t *self)
{
    unsigned live = 0;
    for (unsigned i = 0; i < self->count; i++)
        live += self->peers[i].state == SV_PEER_LIVE;
    return live;
}
