/*  broker_core - the broker's decisions, see broker_core.h.

    Design note.  A peer can turn out to be gone in the middle of a step, when a
    frame can't be sent to it.  Nothing is freed then: the peer is taken out of
    the live workers, so that nobody chooses it again, and buried when the
    step ends, which answers or routes anew what it had.  So no function has to
    fear that a peer in its hand vanishes. */

#include "broker_core.h"
#include "broker_route.h"
#include "sv_peers.h"
#include <stdlib.h>

/*  A worker that has requests and is silent so long is sent a heartbeat, which
    fails at once when its connection is gone. */
#define PROBE_MS 100

typedef void (step_fn) (broker_core_t *self, const broker_event_t *event, broker_peer_t *peer);

broker_core_t *broker_core_new (uint64_t seed, const broker_ops_t *ops, void *ctx)
{
    broker_core_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->ops = ops;
    self->ctx = ctx;
    sv_wheel_init (&self->wheel);
    for (unsigned i = 0; i < PT_SERVICE_COUNT; i++)
        TAILQ_INIT (&self->services[i].waiting);
    self->requests = broker_requests_new (seed);
    if (!self->requests)
        broker_core_destroy (&self);
    return self;
}

static void s_discard_list (broker_core_t *self, broker_list_t *list)
{
    broker_request_t *request;
    for (request = TAILQ_FIRST (list); request; request = TAILQ_NEXT (request, link))
        if (request->body)
            self->ops->discard (self->ctx, request->body);
}

void broker_core_destroy (broker_core_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    broker_core_t *self = *self_p;
    for (unsigned i = 0; i < PT_SERVICE_COUNT; i++)
        s_discard_list (self, &self->services[i].waiting);
    for (uint32_t i = 0; i < self->peers.used_slots; i++)
        if (self->peers.slots[i]) {
            s_discard_list (self, &self->peers.slots[i]->queue);
            free (self->peers.slots[i]);
        }
    broker_requests_destroy (&self->requests);
    free (self);
    *self_p = NULL;
}

/*  ---- control frames ------------------------------------------------------------ */

static int s_send_control (broker_core_t *self, const broker_addr_t *to, pt_kind_t kind, int status, uint64_t number)
{
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = (uint8_t)kind,
        .service = PT_SERVICE_broker,
        .correlation = number,
        .status = (uint16_t)status,
    };
    return self->ops->send (self->ctx, to, &envelope, NULL);
}

static void s_turn_away (broker_core_t *self, const broker_event_t *event, int status)
{
    (void)s_send_control (self, &event->from, PT_KIND_DISCONNECT, status, 0);
}

static void s_tell (broker_core_t *self, broker_peer_t *peer, pt_kind_t kind, int status)
{
    if (s_send_control (self, &peer->addr, kind, status, 0) == -PT_E_unavailable)
        broker_route_lose (self, peer, BROKER_NOTE_LOST);
}

/*  Answers a READY under its number, so that the peer can tell that all we sent
    before is behind it. */
static void s_welcome (broker_core_t *self, broker_peer_t *peer, uint64_t number)
{
    if (s_send_control (self, &peer->addr, PT_KIND_HEARTBEAT, 0, number) == -PT_E_unavailable)
        broker_route_lose (self, peer, BROKER_NOTE_LOST);
}

/*  ---- peers ----------------------------------------------------------------------- */

static void s_bury (broker_core_t *self, broker_peer_t *peer)
{
    broker_request_t *request;
    while ((request = TAILQ_FIRST (&peer->flight))) {
        self->stats.lost += request->state == BROKER_SERVED;
        broker_route_fail (self, request, PT_E_worker_lost);
    }
    broker_route_again (self, &peer->queue);
    broker_peers_remove (&self->peers, &peer);
}

static void s_bury_lost (broker_core_t *self)
{
    while (self->lost) {
        broker_peer_t *peer = self->lost;
        self->lost = peer->next_lost;
        s_bury (self, peer);
    }
}

/*  A worker without credit is no choice for new requests, and what waits for it
    goes to others. */
static void s_set_credit (broker_core_t *self, broker_peer_t *peer, uint64_t credit)
{
    broker_service_t *service = broker_route_service (self, peer);
    peer->credit = (uint32_t)credit;
    if (credit == 0) {
        broker_route_leave (self, peer);
        broker_route_again (self, &peer->queue);
        return;
    }
    if (peer->place == BROKER_NO_PLACE && service->worker_count == LIM_WORKERS) {
        self->ops->note (self->ctx, BROKER_NOTE_FULL, &peer->addr);
        peer->credit = 0; /* its next heartbeat asks for a place again */
        return;
    }
    if (peer->place == BROKER_NO_PLACE) {
        peer->place = service->worker_count;
        service->workers[service->worker_count++] = peer;
        if (service->worker_count == 1)
            broker_route_again (self, &service->waiting);
    }
    broker_route_pump (self, peer);
}

static void s_take_presence (broker_core_t *self, broker_peer_t *peer, const pt_presence_t *presence)
{
    peer->generation = presence->generation;
    peer->ttl_ms = presence->ttl_ms;
    if (peer->credit != presence->credit && peer->rule->serves != PT_SERVICE_none)
        s_set_credit (self, peer, presence->credit);
}

/*  Whether the role may announce what this READY announces. */
static bool s_may_serve (const pt_peer_rule_t *rule, const pt_envelope_t *envelope, const pt_presence_t *presence)
{
    if (envelope->service == PT_SERVICE_none)
        return presence->credit == 0;
    return envelope->service == rule->serves;
}

static broker_peer_t *s_join (broker_core_t *self, const broker_event_t *event)
{
    broker_peer_t *peer = broker_peers_add (&self->peers, &event->from);
    self->ops->note (self->ctx, peer ? BROKER_NOTE_JOINED : BROKER_NOTE_FULL, &event->from);
    if (!peer)
        s_turn_away (self, event, PT_E_busy);
    return peer;
}

static void s_on_ready (broker_core_t *self, const broker_event_t *event, broker_peer_t *peer)
{
    const pt_peer_rule_t *rule = pt_peer_rule (event->from.role);
    if (peer && peer->generation != event->presence->generation) {
        broker_route_lose (self, peer, BROKER_NOTE_LOST);
        s_bury_lost (self);
        peer = NULL;
    }
    if (!rule || !s_may_serve (rule, event->envelope, event->presence)) {
        self->ops->note (self->ctx, BROKER_NOTE_FOREIGN, &event->from);
        s_turn_away (self, event, PT_E_not_allowed_role);
        if (peer)
            broker_route_lose (self, peer, BROKER_NOTE_LOST);
        return;
    }
    if (self->is_draining) {
        s_turn_away (self, event, PT_E_draining);
        return;
    }
    if (!peer)
        peer = s_join (self, event);
    if (!peer)
        return;
    peer->seen_ms = self->now_ms;
    s_welcome (self, peer, event->envelope->correlation);
    if (!peer->is_lost)
        s_take_presence (self, peer, event->presence);
}

static void s_on_presence (broker_core_t *self, const broker_event_t *event, broker_peer_t *peer)
{
    if (peer->generation == event->presence->generation)
        s_take_presence (self, peer, event->presence);
}

static void s_on_leave (broker_core_t *self, const broker_event_t *event, broker_peer_t *peer)
{
    (void)event;
    broker_route_lose (self, peer, BROKER_NOTE_LEFT);
}

/*  ---- requests and replies ---------------------------------------------------------- */

/*  0, or why a request is refused before it is entered. */
static int s_judge (const broker_core_t *self, const broker_event_t *event, const broker_peer_t *client)
{
    const pt_envelope_t *envelope = event->envelope;
    if (!pt_peer_may_call (client->rule, envelope->service, envelope->opcode))
        return PT_E_not_allowed_role;
    if (envelope->kind == PT_KIND_DIRECT && client->addr.role != PT_PEER_operator)
        return PT_E_not_allowed_role;
    if (envelope->opcode >> 8 != envelope->service ||
        (envelope->service == PT_SERVICE_broker && envelope->opcode != PT_OP_broker_state &&
         envelope->opcode != PT_OP_broker_trace))
        return PT_E_unknown_op;
    if (self->is_draining)
        return PT_E_unavailable;
    return envelope->deadline_ms == 0 ? PT_E_deadline : 0;
}

static int s_enter (broker_core_t *self, const broker_event_t *event, const broker_peer_t *client)
{
    uint32_t deadline_ms = event->envelope->deadline_ms;
    broker_request_t *request = broker_requests_take (self->requests);
    if (!request)
        return PT_E_busy;
    request->client_slot = client->slot;
    request->client_serial = client->serial;
    request->arrival = ++self->arrivals;
    request->envelope = *event->envelope;
    sv_wheel_set (&self->wheel, &request->node,
                  self->now_ms + (deadline_ms < LIM_DEADLINE_MS ? deadline_ms : LIM_DEADLINE_MS), self->now_ms);
    request->body = event->body;
    int rc = broker_route_request (self, request);
    if (rc == 0)
        return 0;
    request->body = NULL;
    broker_route_drop (self, request);
    return -rc;
}

static void s_on_request (broker_core_t *self, const broker_event_t *event, broker_peer_t *peer)
{
    self->stats.requests++;
    int status = s_judge (self, event, peer);
    if (status == 0 && event->envelope->service == PT_SERVICE_broker) {
        self->ops->query (self->ctx, &event->from, event->envelope, event->body);
        self->ops->discard (self->ctx, event->body);
        return;
    }
    if (status != 0)
        self->stats.refused++;
    else {
        status = s_enter (self, event, peer);
        self->stats.busy += status == PT_E_busy;
        self->stats.refused += status == PT_E_not_found;
    }
    if (status != 0) {
        self->ops->discard (self->ctx, event->body);
        broker_route_refuse (self, peer, event->envelope, status);
    }
}

/*  A worker answers as its service; only a refusal before any handler, which
    the client may try again, keeps the name of the broker. */
static uint8_t s_answering_service (const broker_request_t *request, const pt_envelope_t *reply)
{
    bool is_refusal = reply->service == PT_SERVICE_broker && reply->status != 0;
    return is_refusal ? (uint8_t)PT_SERVICE_broker : request->envelope.service;
}

static void s_on_reply (broker_core_t *self, const broker_event_t *event, broker_peer_t *peer)
{
    broker_request_t *request = broker_requests_find (self->requests, event->envelope->correlation);
    bool is_held =
        request && request->worker == peer && (request->state == BROKER_SERVED || request->state == BROKER_ANSWERED);
    if (!is_held || request->state == BROKER_ANSWERED) {
        self->stats.late++;
        self->ops->discard (self->ctx, event->body);
    } else {
        pt_envelope_t envelope = request->envelope;
        envelope.kind = PT_KIND_REPLY;
        envelope.service = s_answering_service (request, event->envelope);
        envelope.deadline_ms = 0;
        envelope.affinity = 0;
        envelope.status = event->envelope->status;
        self->stats.replies++;
        broker_route_answer (self, broker_route_client (self, request), &envelope, event->body);
    }
    if (is_held) {
        broker_route_drop (self, request);
        broker_route_pump (self, peer);
    }
}

/*  ---- time ---------------------------------------------------------------------------- */

static void s_expire_due (broker_core_t *self)
{
    sv_wheel_node_t *node;
    while ((node = sv_wheel_pop (&self->wheel, self->now_ms)))
        broker_route_expire (self, (broker_request_t *)node);
}

static void s_probe_workers (broker_core_t *self, broker_service_t *service)
{
    for (uint32_t i = service->worker_count; i-- > 0;) {
        broker_peer_t *worker = service->workers[i];
        if (worker->in_flight == 0 || self->now_ms - worker->seen_ms < PROBE_MS ||
            self->now_ms - worker->probed_ms < PROBE_MS)
            continue;
        worker->probed_ms = self->now_ms;
        s_tell (self, worker, PT_KIND_HEARTBEAT, 0);
    }
}

static void s_beat_peers (broker_core_t *self, bool slept)
{
    for (uint32_t i = 0; i < self->peers.used_slots; i++) {
        broker_peer_t *peer = self->peers.slots[i];
        if (!peer || peer->is_lost)
            continue;
        if (slept)
            peer->seen_ms = self->now_ms;
        if (self->now_ms - peer->seen_ms >= peer->ttl_ms)
            broker_route_lose (self, peer, BROKER_NOTE_LOST);
        else if (!self->is_draining)
            s_tell (self, peer, PT_KIND_HEARTBEAT, 0);
    }
}

static void s_on_tick (broker_core_t *self)
{
    bool slept = sv_slept (&self->last_tick_ms, self->now_ms);
    if (slept)
        self->ops->note (self->ctx, BROKER_NOTE_SLEPT, NULL);
    s_expire_due (self);
    if (slept || self->now_ms - self->last_beat_ms >= LIM_HEARTBEAT_MS * 3 / 4) {
        self->last_beat_ms = self->now_ms;
        s_beat_peers (self, slept);
    }
    for (unsigned i = 0; i < PT_SERVICE_COUNT; i++)
        s_probe_workers (self, &self->services[i]);
}

static void s_fail_queue (broker_core_t *self, broker_list_t *list)
{
    broker_request_t *request;
    while ((request = TAILQ_FIRST (list)))
        broker_route_fail (self, request, PT_E_unavailable);
}

static void s_on_drain (broker_core_t *self)
{
    self->is_draining = true;
    for (unsigned i = 0; i < PT_SERVICE_COUNT; i++)
        s_fail_queue (self, &self->services[i].waiting);
    for (uint32_t i = 0; i < self->peers.used_slots; i++) {
        broker_peer_t *peer = self->peers.slots[i];
        if (!peer)
            continue;
        s_fail_queue (self, &peer->queue);
        s_tell (self, peer, PT_KIND_DISCONNECT, PT_E_draining);
    }
}

/*  ---- steps ----------------------------------------------------------------------------- */

/*  A frame of a peer that is not known is not looked at: what it belongs to was
    lost with a connection or with the broker before. */
static void s_on_frame (broker_core_t *self, const broker_event_t *event)
{
    static step_fn *const steps[] = {
        [BROKER_READY] = s_on_ready, [BROKER_HEARTBEAT] = s_on_presence, [BROKER_CREDIT] = s_on_presence,
        [BROKER_LEAVE] = s_on_leave, [BROKER_REQUEST] = s_on_request,    [BROKER_REPLY] = s_on_reply,
    };
    broker_peer_t *peer = broker_peers_find (&self->peers, &event->from);
    if (peer)
        peer->seen_ms = self->now_ms;
    if (peer || event->kind == BROKER_READY) {
        steps[event->kind](self, event, peer);
        return;
    }
    if (event->body)
        self->ops->discard (self->ctx, event->body);
    if (event->kind != BROKER_LEAVE)
        s_turn_away (self, event, self->is_draining ? PT_E_draining : 0);
}

void broker_core_step (broker_core_t *self, const broker_event_t *event, uint64_t now_ms)
{
    self->now_ms = now_ms;
    if (event->kind == BROKER_TICK)
        s_on_tick (self);
    else if (event->kind == BROKER_DRAIN)
        s_on_drain (self);
    else
        s_on_frame (self, event);
    s_bury_lost (self);
}

bool broker_core_is_busy (const broker_core_t *self)
{
    return self->wheel.count > 0;
}

const broker_stats_t *broker_core_stats (const broker_core_t *self)
{
    return &self->stats;
}

uint32_t broker_core_queued (const broker_core_t *self, unsigned service)
{
    return service < PT_SERVICE_COUNT ? self->services[service].queued : 0;
}

void broker_core_each (const broker_core_t *self, void (*fn) (void *arg, const broker_peer_info_t *peer), void *arg)
{
    for (uint32_t i = 0; i < self->peers.used_slots; i++) {
        const broker_peer_t *peer = self->peers.slots[i];
        if (!peer)
            continue;
        broker_peer_info_t info = {
            .role = peer->addr.role,
            .generation = peer->generation,
            .credit = peer->credit,
            .in_flight = peer->in_flight,
            .queued = peer->rule->serves ? self->services[peer->rule->serves].queued : 0,
            .seen_ms = peer->seen_ms,
        };
        fn (arg, &info);
    }
}
