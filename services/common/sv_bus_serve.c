/*  sv_bus_serve - requests in: decode, dispatch, answer, forward.

    A request owns the frame it came in and an arena for all that is made of
    it; both are recycled when it is answered.  The answer goes to the broker
    that delivered the request, under that broker's number for it. */

#include "sv_bus_priv.h"

/*  ---- requests, recycled ------------------------------------------------------ */

static void s_list_push (sv_request_t **head, sv_request_t *request)
{
    request->next = *head;
    request->link = head;
    if (request->next)
        request->next->link = &request->next;
    *head = request;
}

static void s_list_remove (sv_request_t *request)
{
    *request->link = request->next;
    if (request->next)
        request->next->link = request->link;
}

static void s_free (sv_request_t *request)
{
    pt_arena_destroy (&request->arena);
    free (request);
}

static sv_request_t *s_take (sv_bus_t *self)
{
    sv_request_t *request = self->spare;
    if (request) {
        s_list_remove (request);
        self->spare_count--;
    } else {
        request = calloc (1, sizeof *request);
        if (request)
            request->arena = pt_arena_new (SV_BUS_ARENA);
        if (!request || !request->arena) {
            free (request);
            return NULL;
        }
    }
    s_list_push (&self->taken, request);
    self->taken_count++;
    zmq_msg_init (&request->body);
    return request;
}

static void s_give_back (sv_request_t **request_p)
{
    sv_request_t *request = *request_p;
    sv_bus_t *self = request->bus;
    *request_p = NULL;
    zmq_msg_close (&request->body);
    s_list_remove (request);
    self->taken_count--;
    if (self->spare_count >= SV_BUS_SPARE) {
        s_free (request);
        return;
    }
    pt_arena_reset (request->arena);
    s_list_push (&self->spare, request);
    self->spare_count++;
}

/*  ---- answers -------------------------------------------------------------------- */

static void s_send_answer (sv_bus_t *self, unsigned broker, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    (void)sv_bus_send (self, broker, envelope, body); /* a broker that is gone gets no answers */
    zmq_msg_close (body);
}

void sv_request_answer (sv_request_t **request_p, int status, bool is_ours, zmq_msg_t *body)
{
    sv_request_t *request = *request_p;
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_REPLY,
        .service = is_ours ? PT_SERVICE_broker : request->op->service,
        .opcode = request->op->opcode,
        .correlation = request->correlation,
        .status = (uint16_t)status,
    };
    memcpy (envelope.trace, request->trace, sizeof envelope.trace);
    zmq_msg_t moved;
    zmq_msg_init (&moved);
    zmq_msg_move (&moved, body);
    sv_bus_hop (request->bus, PT_hop_kind_REPLIED, request->op, request->trace, request->broker, status, 0);
    s_send_answer (request->bus, request->broker, &envelope, &moved);
    s_give_back (request_p);
}

/*  What to answer when a handler's outcome can't be told: a write may be done. */
static int s_unknown (const pt_call_t *op, int err)
{
    return op->flags & PT_WRITE ? -PT_E_worker_lost : err;
}

void sv_request_reply (sv_request_t **request_p, const void *msg)
{
    sv_request_t *request = *request_p;
    zmq_msg_t body;
    int rc = sv_bus_encode (request->bus, request->op->reply, msg, &body);
    if (rc != 0) {
        sv_log (request->bus->config.log, SV_ERROR, request->trace, "answer to %s does not encode: %s",
                request->op->name, pt_error_name (rc));
        sv_request_fail (request_p, s_unknown (request->op, -PT_E_internal), NULL);
        return;
    }
    sv_request_answer (request_p, 0, false, &body);
    zmq_msg_close (&body);
}

/*  An error body that does not encode is sent as an empty one. */
static void s_encode_error (sv_bus_t *self, const pt_error_t *error, zmq_msg_t *out_body)
{
    static const uint8_t empty_map = 0x80;
    if (sv_bus_encode (self, PT_MSG_error, error, out_body) == 0)
        return;
    zmq_msg_init_size (out_body, 1); /* so small that nothing is allocated */
    memcpy (zmq_msg_data (out_body), &empty_map, 1);
}

void sv_request_fail_with (sv_request_t **request_p, int err, const pt_error_t *error)
{
    static const pt_error_t none = {0};
    zmq_msg_t body;
    s_encode_error ((*request_p)->bus, error ? error : &none, &body);
    sv_request_answer (request_p, err < 0 ? -err : err, false, &body);
    zmq_msg_close (&body);
}

static pt_error_t s_error_of (const char *detail)
{
    pt_error_t error = {.has_detail = detail != NULL};
    if (detail)
        error.detail = (pt_str_t){detail, (uint32_t)strnlen (detail, LIM_DETAIL)};
    return error;
}

void sv_request_fail (sv_request_t **request_p, int err, const char *detail)
{
    pt_error_t error = s_error_of (detail);
    sv_request_fail_with (request_p, err, &error);
}

void sv_request_forward (sv_request_t **request_p, uint16_t opcode)
{
    sv_request_t *request = *request_p;
    sv_bus_t *self = request->bus;
    uint32_t remaining_ms = sv_request_remaining_ms (request);
    const pt_call_t *op = pt_call_find (opcode);
    if (!op || op->request != request->op->request || op->reply != request->op->reply || self->is_closing) {
        sv_request_fail (request_p, self->is_closing ? -PT_E_draining : -PT_E_internal, NULL);
        return;
    }
    sv_pending_t pending = {.op = op, .affinity = request->affinity, .started_us = sv_now_us (), .forward = request};
    memcpy (pending.trace, request->trace, sizeof pending.trace);
    zmq_msg_init (&pending.body);
    zmq_msg_copy (&pending.body, &request->body);
    *request_p = NULL;
    if (sv_bus_call_raw (self, &pending, remaining_ms) == 0) {
        zmq_msg_close (&pending.body);
        sv_request_fail (&request, -PT_E_busy, NULL);
    }
}

/*  ---- input ------------------------------------------------------------------------ */

static void s_refuse (sv_link_t *link, const pt_envelope_t *request, int err, const char *detail)
{
    pt_error_t error = s_error_of (detail);
    pt_envelope_t envelope = *request;
    envelope.kind = PT_KIND_REPLY;
    envelope.service = PT_SERVICE_broker;
    envelope.deadline_ms = 0;
    envelope.affinity = 0;
    envelope.status = (uint16_t)-err;
    zmq_msg_t body;
    s_encode_error (link->bus, &error, &body);
    sv_metric_add (link->bus->metrics.refused, 1);
    s_send_answer (link->bus, link->index, &envelope, &body);
}

/*  0, or why this request is not looked at. */
static int s_judge (const sv_bus_t *self, const pt_envelope_t *envelope, const char **out_detail)
{
    if (envelope->service != self->rule->serves || envelope->opcode >> 8 != envelope->service ||
        !self->handlers[envelope->opcode & 0xff]) {
        *out_detail = self->is_serving ? "no such operation here" : "not serving yet";
        return self->is_serving ? -PT_E_unknown_op : -PT_E_unavailable;
    }
    if (envelope->deadline_ms == 0) {
        *out_detail = "the deadline passed on the way";
        return -PT_E_deadline;
    }
    if (self->taken_count >= self->credit) {
        *out_detail = "more requests than this instance takes";
        return -PT_E_busy;
    }
    return 0;
}

static void s_fill (sv_request_t *request, sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    uint64_t now_us = sv_now_us ();
    request->bus = link->bus;
    request->op = pt_call_find (envelope->opcode);
    request->broker = link->index;
    request->correlation = envelope->correlation;
    request->affinity = envelope->affinity;
    request->deadline_ms = now_us / 1000 + envelope->deadline_ms;
    memcpy (request->trace, envelope->trace, sizeof request->trace);
    sv_bus_hop (link->bus, PT_hop_kind_TAKEN, request->op, request->trace, link->index, 0, now_us);
    zmq_msg_move (&request->body, body);
}

void sv_bus_on_request (sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    sv_bus_t *self = link->bus;
    const char *detail = NULL;
    int rc = s_judge (self, envelope, &detail);
    sv_request_t *request = rc == 0 ? s_take (self) : NULL;
    if (!request) {
        s_refuse (link, envelope, rc ? rc : -PT_E_memory, detail);
        return;
    }
    s_fill (request, link, envelope, body);
    const void *msg = NULL;
    pt_error_t error = {0};
    rc = pt_decode (self->codec, request->op->request, zmq_msg_data (&request->body), zmq_msg_size (&request->body),
                    request->arena, &msg, &error);
    if (rc != 0) {
        sv_metric_add (self->metrics.refused, 1);
        sv_request_fail_with (&request, rc, &error);
        return;
    }
    sv_metric_add (self->metrics.requests, 1);
    self->handlers[envelope->opcode & 0xff](self->handler_ctx, request, msg);
}

/*  ---- serving ---------------------------------------------------------------------- */

int sv_bus_serve (sv_bus_t *self, const sv_handler_t *handlers, size_t count, unsigned credit, void *ctx)
{
    for (size_t i = 0; i < count; i++)
        self->handlers[handlers[i].opcode & 0xff] = handlers[i].fn;
    self->handler_ctx = ctx;
    self->credit = credit < LIM_CREDIT ? credit : LIM_CREDIT;
    self->is_serving = true;
    sv_bus_tell_credit (self);
    return 0;
}

void sv_bus_drain (sv_bus_t *self)
{
    self->is_draining = true;
    sv_bus_tell_drain (self);
}

void sv_bus_close_requests (sv_bus_t *self)
{
    static const pt_error_t none = {0};
    while (self->taken) {
        sv_request_t *request = self->taken;
        zmq_msg_t body;
        s_encode_error (self, &none, &body);
        sv_request_answer (&request, -s_unknown (request->op, -PT_E_draining), true, &body);
        zmq_msg_close (&body);
    }
    while (self->spare) {
        sv_request_t *request = self->spare;
        /*  NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that removal moves the head. */
        s_list_remove (request);
        s_free (request);
    }
}

/*  ---- what a handler may ask ----------------------------------------------------- */

pt_arena_t *sv_request_arena (sv_request_t *request)
{
    return request->arena;
}

const char *sv_request_trace (const sv_request_t *request)
{
    return request->trace;
}

uint16_t sv_request_opcode (const sv_request_t *request)
{
    return request->op->opcode;
}

uint64_t sv_request_affinity (const sv_request_t *request)
{
    return request->affinity;
}

uint32_t sv_request_remaining_ms (const sv_request_t *request)
{
    uint64_t now_ms = sv_now_ms ();
    return now_ms < request->deadline_ms ? (uint32_t)(request->deadline_ms - now_ms) : 0;
}
