/*  broker_route - what becomes of a request in the routing core, see
    broker_route.h. */

#include "broker_route.h"
#include "sv_calls.h"

/*  ---- answers ---------------------------------------------------------------- */

broker_service_t *broker_route_service (broker_core_t *self, const broker_peer_t *worker)
{
    return &self->services[worker->rule->serves];
}

void broker_route_leave (broker_core_t *self, broker_peer_t *worker)
{
    broker_service_t *service = broker_route_service (self, worker);
    if (worker->place == BROKER_NO_PLACE)
        return;
    broker_peer_t *last = service->workers[--service->worker_count];
    service->workers[worker->place] = last;
    last->place = worker->place;
    worker->place = BROKER_NO_PLACE;
}

void broker_route_lose (broker_core_t *self, broker_peer_t *peer, broker_note_t note)
{
    if (peer->is_lost)
        return;
    peer->is_lost = true;
    peer->next_lost = self->lost;
    self->lost = peer;
    broker_route_leave (self, peer);
    self->ops->note (self->ctx, note, &peer->addr);
}

void broker_route_answer (broker_core_t *self, broker_peer_t *client, const pt_envelope_t *envelope, void *body)
{
    int rc = client ? self->ops->send (self->ctx, &client->addr, envelope, body) : -PT_E_not_found;
    if (rc == 0)
        return;
    self->stats.undelivered++;
    if (rc == -PT_E_unavailable)
        broker_route_lose (self, client, BROKER_NOTE_LOST);
    if (body)
        self->ops->discard (self->ctx, body);
}

void broker_route_refuse (broker_core_t *self, broker_peer_t *client, const pt_envelope_t *request, int status)
{
    pt_envelope_t envelope = *request;
    envelope.kind = PT_KIND_REPLY;
    envelope.service = PT_SERVICE_broker;
    envelope.deadline_ms = 0;
    envelope.affinity = 0;
    envelope.status = (uint16_t)status;
    broker_route_answer (self, client, &envelope, NULL);
}

broker_peer_t *broker_route_client (const broker_core_t *self, const broker_request_t *request)
{
    return broker_peers_at (&self->peers, request->client_slot, request->client_serial);
}

/*  ---- requests ------------------------------------------------------------------ */

static void s_dequeue (broker_core_t *self, broker_request_t *request)
{
    broker_service_t *service = &self->services[request->envelope.service];
    TAILQ_REMOVE (request->worker ? &request->worker->queue : &service->waiting, request, link);
    service->queued--;
}

void broker_route_drop (broker_core_t *self, broker_request_t *request)
{
    sv_wheel_unset (&self->wheel, &request->node);
    if (request->state == BROKER_QUEUED)
        s_dequeue (self, request);
    else if (request->state != BROKER_FREE) {
        TAILQ_REMOVE (&request->worker->flight, request, link);
        request->worker->in_flight--;
    }
    if (request->body)
        self->ops->discard (self->ctx, request->body);
    broker_requests_give_back (self->requests, &request);
}

void broker_route_fail (broker_core_t *self, broker_request_t *request, int status)
{
    if (request->state != BROKER_ANSWERED)
        broker_route_refuse (self, broker_route_client (self, request), &request->envelope, status);
    broker_route_drop (self, request);
}

void broker_route_expire (broker_core_t *self, broker_request_t *request)
{
    self->stats.expired++;
    if (request->state == BROKER_SERVED) {
        broker_route_refuse (self, broker_route_client (self, request), &request->envelope, PT_E_deadline);
        request->state = BROKER_ANSWERED;
        return;
    }
    bool had_worker = self->services[request->envelope.service].worker_count > 0;
    broker_route_fail (self, request, had_worker ? PT_E_deadline : PT_E_unavailable);
}

/*  ---- delivery ------------------------------------------------------------------ */

static uint32_t s_free_credit (const broker_peer_t *worker)
{
    return worker->credit > worker->in_flight ? worker->credit - worker->in_flight : 0;
}

static void s_note_served (broker_core_t *self, broker_peer_t *worker, broker_request_t *request)
{
    if (request->state == BROKER_QUEUED)
        s_dequeue (self, request);
    request->state = BROKER_SERVED;
    request->worker = worker;
    request->body = NULL;
    TAILQ_INSERT_TAIL (&worker->flight, request, link);
    worker->in_flight++;
}

/*  Gives a request to a worker that has credit; one that nobody waits for any
    more is dropped.  false when the worker is gone: the request is untouched. */
static bool s_deliver (broker_core_t *self, broker_peer_t *worker, broker_request_t *request)
{
    if (!broker_route_client (self, request)) {
        self->stats.undelivered++;
        broker_route_drop (self, request);
        return true;
    }
    if (request->node.due_ms <= self->now_ms) {
        broker_route_expire (self, request);
        return true;
    }
    pt_envelope_t envelope = request->envelope;
    if (envelope.kind == PT_KIND_DIRECT) {
        envelope.kind = PT_KIND_REQUEST;
        envelope.affinity = 0;
    }
    envelope.correlation = request->id;
    envelope.deadline_ms = (uint32_t)(request->node.due_ms - self->now_ms);
    if (self->ops->send (self->ctx, &worker->addr, &envelope, request->body) != 0) {
        broker_route_lose (self, worker, BROKER_NOTE_LOST);
        return false;
    }
    s_note_served (self, worker, request);
    return true;
}

void broker_route_pump (broker_core_t *self, broker_peer_t *worker)
{
    broker_service_t *service = broker_route_service (self, worker);
    while (worker->place != BROKER_NO_PLACE && s_free_credit (worker) > 0) {
        broker_request_t *own = TAILQ_FIRST (&worker->queue);
        broker_request_t *any = TAILQ_FIRST (&service->waiting);
        broker_request_t *next = !own || (any && any->arrival < own->arrival) ? any : own;
        if (!next || !s_deliver (self, worker, next))
            return;
    }
}

static broker_peer_t *s_choose_by_key (const broker_service_t *service, uint64_t key)
{
    broker_peer_t *best = NULL;
    uint64_t best_weight = 0;
    for (uint32_t i = 0; i < service->worker_count; i++) {
        uint64_t weight = sv_rendezvous (key, service->workers[i]->generation);
        if (!best || weight > best_weight) {
            best = service->workers[i];
            best_weight = weight;
        }
    }
    return best;
}

static broker_peer_t *s_choose_named (const broker_service_t *service, uint64_t generation)
{
    for (uint32_t i = 0; i < service->worker_count; i++)
        if (service->workers[i]->generation == generation)
            return service->workers[i];
    return NULL;
}

static broker_peer_t *s_choose_freest (const broker_service_t *service)
{
    broker_peer_t *best = NULL;
    uint32_t best_free = 0;
    for (uint32_t i = 0; i < service->worker_count; i++) {
        uint32_t free_credit = s_free_credit (service->workers[i]);
        if (free_credit > best_free) {
            best = service->workers[i];
            best_free = free_credit;
        }
    }
    return best;
}

static int s_enqueue (broker_service_t *service, broker_peer_t *worker, broker_request_t *request)
{
    if (service->queued >= LIM_SERVICE_QUEUE)
        return -PT_E_busy;
    TAILQ_INSERT_TAIL (worker ? &worker->queue : &service->waiting, request, link);
    request->state = BROKER_QUEUED;
    request->worker = worker;
    service->queued++;
    return 0;
}

int broker_route_request (broker_core_t *self, broker_request_t *request)
{
    broker_service_t *service = &self->services[request->envelope.service];
    uint64_t key = request->envelope.affinity;
    bool is_direct = request->envelope.kind == PT_KIND_DIRECT;
    for (;;) {
        broker_peer_t *worker = is_direct ? s_choose_named (service, key)
                                : key     ? s_choose_by_key (service, key)
                                          : s_choose_freest (service);
        if (is_direct && !worker)
            return -PT_E_not_found;
        if (!worker || s_free_credit (worker) == 0)
            return s_enqueue (service, worker, request);
        if (s_deliver (self, worker, request))
            return 0;
    }
}

void broker_route_again (broker_core_t *self, broker_list_t *list)
{
    broker_list_t all = TAILQ_HEAD_INITIALIZER (all);
    broker_request_t *request;
    while ((request = TAILQ_FIRST (list))) {
        s_dequeue (self, request);
        request->state = BROKER_FREE;
        TAILQ_INSERT_TAIL (&all, request, link);
    }
    while ((request = TAILQ_FIRST (&all))) {
        TAILQ_REMOVE (&all, request, link);
        int rc = broker_route_request (self, request);
        if (rc != 0)
            broker_route_fail (self, request, -rc);
    }
}
