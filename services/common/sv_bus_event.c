/*  sv_bus_event - events both ways: topic, envelope, body. */

#include "sv_bus_priv.h"

static void s_publish_to (void *socket, const void *topic, size_t topic_len, const uint8_t *head, size_t head_len,
                          zmq_msg_t *body)
{
    zmq_msg_t copy;
    zmq_msg_init (&copy);
    if (zmq_msg_copy (&copy, body) == 0 && zmq_send (socket, topic, topic_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
        zmq_send (socket, head, head_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        (void)zmq_msg_send (&copy, socket, ZMQ_DONTWAIT);
    zmq_msg_close (&copy);
}

int sv_bus_publish (sv_bus_t *self, const void *topic, size_t topic_len, uint16_t opcode, const void *msg)
{
    const pt_call_t *op = pt_call_find (opcode);
    if (!op || op->service != PT_SERVICE_none)
        return -PT_E_unknown_op;
    if (topic_len == 0 || !memchr (self->rule->publishes, *(const char *)topic, strlen (self->rule->publishes)))
        return -PT_E_not_allowed_role;
    zmq_msg_t body;
    int rc = sv_bus_encode (self, op->request, msg, &body);
    if (rc != 0)
        return rc;
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_EVENT,
        .service = (uint8_t)self->rule->serves,
        .opcode = opcode,
        .correlation = ++self->event_counter,
        .affinity = self->generation,
    };
    uint8_t head[LIM_ENVELOPE];
    size_t head_len = pt_envelope_encode (&envelope, head);
    for (unsigned i = 0; i < self->link_count; i++)
        s_publish_to (self->links[i].raw[SV_PUB], topic, topic_len, head, head_len, &body);
    zmq_msg_close (&body);
    sv_metric_add (self->metrics.published, 1);
    return 0;
}

/*  ---- taking ------------------------------------------------------------------- */

/*  Place of a topic among those of the role; SV_BUS_TOPICS: none of them. */
static size_t s_place (const sv_bus_t *self, char first)
{
    const char *at = first ? strchr (self->rule->subscribes, first) : NULL;
    size_t place = at ? (size_t)(at - self->rule->subscribes) : SV_BUS_TOPICS;
    return place < SV_BUS_TOPICS ? place : SV_BUS_TOPICS;
}

void sv_bus_on_event (sv_bus_t *self, char first, sv_event_fn *fn, void *ctx)
{
    size_t place = s_place (self, first);
    if (place == SV_BUS_TOPICS)
        return;
    self->on_event[place].fn = fn;
    self->on_event[place].ctx = ctx;
}

int sv_bus_subscribe (sv_bus_t *self, const void *topic, size_t topic_len)
{
    if (topic_len == 0 || !memchr (self->rule->subscribes, *(const char *)topic, strlen (self->rule->subscribes)))
        return -PT_E_not_allowed_role;
    for (unsigned i = 0; i < self->link_count; i++)
        if (zmq_setsockopt (self->links[i].raw[SV_SUB], ZMQ_SUBSCRIBE, topic, topic_len) != 0)
            return -PT_E_memory;
    return 0;
}

void sv_bus_unsubscribe (sv_bus_t *self, const void *topic, size_t topic_len)
{
    for (unsigned i = 0; i < self->link_count; i++)
        if (self->links[i].raw[SV_SUB])
            (void)zmq_setsockopt (self->links[i].raw[SV_SUB], ZMQ_UNSUBSCRIBE, topic, topic_len);
}

static int s_decode (sv_bus_t *self, zmq_msg_t frames[3], pt_envelope_t *envelope, const void **out_msg)
{
    int rc = pt_envelope_decode (envelope, zmq_msg_data (&frames[1]), zmq_msg_size (&frames[1]));
    if (rc != 0)
        return rc;
    const pt_call_t *op = pt_call_find (envelope->opcode);
    if (envelope->kind != PT_KIND_EVENT || !op || op->service != PT_SERVICE_none)
        return -PT_E_unknown_op;
    pt_arena_reset (self->arena);
    return pt_decode (self->codec, op->request, zmq_msg_data (&frames[2]), zmq_msg_size (&frames[2]), self->arena,
                      out_msg, NULL);
}

static void s_on_event (sv_bus_t *self, unsigned broker, zmq_msg_t frames[3])
{
    pt_envelope_t envelope;
    const void *msg = NULL;
    if (s_decode (self, frames, &envelope, &msg) != 0) {
        sv_metric_add (self->metrics.malformed, 1);
        return;
    }
    sv_metric_add (self->metrics.received, 1);
    sv_event_t event = {
        .topic = zmq_msg_data (&frames[0]),
        .topic_len = zmq_msg_size (&frames[0]),
        .opcode = envelope.opcode,
        .msg = msg,
        .generation = envelope.affinity,
        .counter = envelope.correlation,
        .arena = self->arena,
        .broker = broker,
    };
    size_t place = event.topic_len ? s_place (self, *(const char *)event.topic) : SV_BUS_TOPICS;
    if (place < SV_BUS_TOPICS && self->on_event[place].fn)
        self->on_event[place].fn (self->on_event[place].ctx, &event);
}

/*  Reads the two frames behind the topic; any other number is dropped. */
static bool s_recv_rest (sv_bus_t *self, void *socket, zmq_msg_t frames[3])
{
    if (sv_msg_more (&frames[0]) && zmq_msg_recv (&frames[1], socket, ZMQ_DONTWAIT) >= 0)
        return sv_bus_recv_last (self, socket, &frames[1], &frames[2]);
    sv_metric_add (self->metrics.malformed, 1);
    return false;
}

void sv_bus_on_event_input (void *arg)
{
    sv_link_t *link = arg;
    void *socket = link->raw[SV_SUB];
    zmq_msg_t frames[3];
    for (int i = 0; i < 3; i++)
        zmq_msg_init (&frames[i]);
    for (int i = 0; i < LIM_DRAIN_PER_TURN && zmq_msg_recv (&frames[0], socket, ZMQ_DONTWAIT) >= 0; i++)
        if (s_recv_rest (link->bus, socket, frames))
            s_on_event (link->bus, link->index, frames);
    for (int i = 0; i < 3; i++)
        zmq_msg_close (&frames[i]);
}
