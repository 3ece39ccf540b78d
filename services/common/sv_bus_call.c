/*  sv_bus_call - calls out: encode, keep for a resend, decode the answer.

    The body of a call is one ZeroMQ message, kept until the call ends; what is
    sent are copies of it that share the bytes, so a resend costs nothing and
    small bodies allocate nothing at all. */

#include "sv_bus_priv.h"
#include <limits.h>

/*  Of a hop that belongs to no broker. */
#define NO_BROKER UINT_MAX

/*  Why a call ended without an answer. */
static const struct {
    int err;
    const char *detail;
} s_endings[] = {
    {PT_E_unavailable, "no broker, or nobody behind it, could be reached in time"},
    {PT_E_deadline, "no answer came in time"},
    {PT_E_draining, "this process is going away"},
    {PT_E_worker_lost, "whoever had it is gone; the outcome is unknown"},
};

static pt_str_t s_detail (int err)
{
    for (size_t i = 0; i < sizeof s_endings / sizeof *s_endings; i++)
        if (s_endings[i].err == -err)
            return pt_str (s_endings[i].detail);
    return (pt_str_t){0};
}

/*  What an operation ends with whose answer we shall not know: `err` where it
    only reads; a write may have happened, whatever went wrong after it. */
static int s_unknown (const pt_call_t *op, int err)
{
    return op->flags & PT_WRITE ? -PT_E_worker_lost : err;
}

/*  Hands the outcome to whom the call belongs; `pending` is a copy, its slot may
    be in use again by then. */
static void s_tell_ended (sv_bus_t *self, sv_pending_t *pending, int err)
{
    sv_metric_add (self->metrics.failed, 1);
    sv_bus_hop (self, PT_hop_kind_GAVE_UP, pending->op, pending->trace, NO_BROKER, err, 0);
    if (pending->forward) {
        sv_request_fail (&pending->forward, err, s_detail (err).at);
        return;
    }
    pt_arena_reset (self->arena);
    pt_error_t error = {.detail = s_detail (err), .has_detail = s_detail (err).at != NULL};
    pending->fn (pending->arg, &(sv_reply_t){.status = err, .error = &error, .arena = self->arena});
}

/*  ---- what sv_calls decides ---------------------------------------------------- */

static bool s_calls_send (void *ctx, uint32_t slot, uint64_t id, unsigned broker, uint32_t remaining_ms)
{
    sv_bus_t *self = ctx;
    sv_pending_t *pending = &self->pending[slot];
    if (self->links[broker].is_unreachable)
        return false;
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = pending->instance ? PT_KIND_DIRECT : PT_KIND_REQUEST,
        .service = pending->op->service,
        .opcode = pending->op->opcode,
        .correlation = id,
        .deadline_ms = remaining_ms,
        .affinity = pending->instance ? pending->instance : pending->affinity,
    };
    memcpy (envelope.trace, pending->trace, sizeof envelope.trace);
    uint64_t before_us = *pending->trace ? sv_now_us () : 0;
    zmq_msg_t copy;
    zmq_msg_init (&copy);
    bool is_sent = zmq_msg_copy (&copy, &pending->body) == 0 && sv_bus_send (self, broker, &envelope, &copy);
    zmq_msg_close (&copy);
    if (is_sent)
        sv_bus_hop (self, PT_hop_kind_ASKED, pending->op, pending->trace, broker, 0, before_us);
    return is_sent;
}

static void s_calls_ended (void *ctx, uint32_t slot, int err)
{
    sv_bus_t *self = ctx;
    zmq_msg_close (&self->pending[slot].body);
    sv_pending_t pending = self->pending[slot];
    s_tell_ended (self, &pending, err);
}

static const sv_calls_ops_t s_calls_ops = {s_calls_send, s_calls_ended};

static void s_on_tick (void *arg)
{
    sv_bus_t *self = arg;
    if (sv_calls_open (self->calls) == 0) {
        self->call_timer_runs = false;
        sv_timer_set (self->config.loop, self->call_timer, 0, 0);
        return;
    }
    sv_calls_step (self->calls, &(sv_calls_event_t){.kind = SV_CALLS_TICK}, sv_now_ms ());
    sv_metric_add (self->metrics.resent, sv_calls_resent (self->calls) - self->resent_seen);
    self->resent_seen = sv_calls_resent (self->calls);
}

int sv_bus_open_calls (sv_bus_t *self, const uint64_t *keys)
{
    self->pending = calloc (LIM_CALLS, sizeof *self->pending);
    self->calls = sv_calls_new (keys, self->link_count, self->generation, &s_calls_ops, self);
    self->call_timer = sv_loop_timer (self->config.loop, 0, 0, s_on_tick, self);
    return self->pending && self->calls && self->call_timer ? 0 : -PT_E_memory;
}

void sv_bus_end_calls (sv_bus_t *self)
{
    for (uint32_t slot = 0; self->calls && self->pending && sv_calls_open (self->calls) && slot < LIM_CALLS; slot++)
        if (sv_calls_cancel (self->calls, sv_calls_id (self->calls, slot)) >= 0)
            s_calls_ended (self, slot, s_unknown (self->pending[slot].op, -PT_E_draining));
}

void sv_bus_close_calls (sv_bus_t *self)
{
    sv_bus_end_calls (self);
    sv_timer_cancel (self->config.loop, &self->call_timer);
    sv_calls_destroy (&self->calls);
    free (self->pending);
    self->pending = NULL;
}

/*  ---- calling -------------------------------------------------------------------- */

uint64_t sv_bus_call_raw (sv_bus_t *self, sv_pending_t *pending, uint32_t deadline_ms)
{
    uint64_t now_ms = sv_now_ms ();
    sv_calls_ask_t ask = {.opcode = pending->op->opcode, .affinity = pending->affinity, .deadline_ms = deadline_ms};
    uint64_t id = sv_calls_enter (self->calls, &ask, now_ms);
    if (id == 0)
        return 0;
    sv_pending_t *kept = &self->pending[sv_calls_slot (self->calls, id)];
    *kept = *pending;
    zmq_msg_init (&kept->body);
    zmq_msg_move (&kept->body, &pending->body);
    sv_metric_add (self->metrics.calls, 1);
    sv_calls_start (self->calls, id, now_ms);
    if (!self->call_timer_runs)
        sv_timer_set (self->config.loop, self->call_timer, SV_BUS_TICK_MS, SV_BUS_TICK_MS);
    self->call_timer_runs = true;
    return id;
}

static int s_prepare (sv_bus_t *self, const sv_call_t *call, sv_pending_t *pending)
{
    if (self->is_closing)
        return -PT_E_draining;
    pending->op = pt_call_find (call->opcode);
    if (!pending->op || pending->op->service == PT_SERVICE_none)
        return -PT_E_unknown_op;
    if (!pt_peer_may_call (self->rule, pending->op->service, call->opcode))
        return -PT_E_not_allowed_role;
    snprintf (pending->trace, sizeof pending->trace, "%s", call->trace ? call->trace : "");
    return sv_bus_encode (self, pending->op->request, call->msg, &pending->body);
}

uint64_t sv_bus_call (sv_bus_t *self, const sv_call_t *call, sv_reply_fn *fn, void *arg, int *out_err)
{
    sv_pending_t pending = {
        .affinity = call->affinity, .instance = call->instance, .started_us = sv_now_us (), .fn = fn, .arg = arg};
    int rc = s_prepare (self, call, &pending);
    uint64_t id = rc == 0 ? sv_bus_call_raw (self, &pending, call->deadline_ms) : 0;
    if (rc == 0 && id == 0) {
        zmq_msg_close (&pending.body);
        rc = -PT_E_busy;
    }
    if (rc != 0 && out_err)
        *out_err = rc;
    return id;
}

void sv_bus_cancel (sv_bus_t *self, uint64_t id)
{
    int32_t slot = sv_calls_cancel (self->calls, id);
    if (slot >= 0)
        zmq_msg_close (&self->pending[slot].body);
}

/*  ---- answers -------------------------------------------------------------------- */

/*  Refusals of a broker, or of a worker's bus, after which asking again may help
    and is safe: no handler saw the request, or its effect is known by its id. */
static bool s_is_refusal (const pt_envelope_t *envelope)
{
    return envelope->service == PT_SERVICE_broker &&
           (envelope->status == PT_E_busy || envelope->status == PT_E_unavailable ||
            envelope->status == PT_E_worker_lost || envelope->status == PT_E_draining);
}

static void s_tell_answer (sv_bus_t *self, const sv_pending_t *pending, int status, const zmq_msg_t *body)
{
    static const pt_error_t no_error = {0};
    const void *bytes = zmq_msg_data ((zmq_msg_t *)(uintptr_t)body);
    const void *msg = NULL;
    pt_arena_reset (self->arena);
    sv_reply_t reply = {.status = -status, .arena = self->arena};
    pt_msg_t type = status == 0 ? pending->op->reply : PT_MSG_error;
    int rc = pt_decode (self->codec, type, bytes, zmq_msg_size (body), self->arena, &msg, NULL);
    if (rc != 0 && status == 0) {
        sv_log (self->config.log, SV_ERROR, pending->trace, "answer to %s can't be read: %s", pending->op->name,
                pt_error_name (rc));
        reply.status = s_unknown (pending->op, -PT_E_internal);
    }
    if (reply.status == 0)
        reply.msg = msg;
    else
        reply.error = rc == 0 ? msg : &no_error;
    if (reply.status != 0)
        sv_metric_add (self->metrics.failed, 1);
    pending->fn (pending->arg, &reply);
}

void sv_bus_on_reply (sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    sv_bus_t *self = link->bus;
    uint64_t now_us = sv_now_us (), now_ms = now_us / 1000;
    int32_t slot = sv_calls_slot (self->calls, envelope->correlation);
    if (slot >= 0)
        sv_bus_hop (self, PT_hop_kind_ANSWERED, self->pending[slot].op, self->pending[slot].trace, link->index,
                    envelope->status, now_us);
    if (s_is_refusal (envelope) && slot >= 0) {
        sv_calls_event_t event = {.kind = SV_CALLS_REFUSED,
                                  .broker = link->index,
                                  .id = envelope->correlation,
                                  .err = -(int)envelope->status};
        sv_calls_step (self->calls, &event, now_ms);
        return;
    }
    slot = sv_calls_answer (self->calls, envelope->correlation, now_ms);
    if (slot < 0) {
        sv_metric_add (self->metrics.late, 1);
        return;
    }
    zmq_msg_close (&self->pending[slot].body);
    sv_pending_t pending = self->pending[slot];
    sv_metric_observe_us (self->metrics.duration, now_us - pending.started_us);
    if (pending.forward)
        sv_request_answer (&pending.forward, envelope->status, false, body);
    else
        s_tell_answer (self, &pending, envelope->status, body);
}
