/*  broker_events - passes events by the rules of roles.def, see
    broker_events.h. */

#include "broker_events.h"
#include "sv_endpoint.h"
#include <stdlib.h>

/*  The endpoints of one role. */
typedef struct {
    broker_events_t *events;
    pt_peer_t role;
    zsock_t *from, *to; /* XSUB that the role publishes to, XPUB that it subscribes at */
    void *raw_from, *raw_to;
    sv_watch_t *from_watch, *to_watch;
} lane_t;

struct broker_events {
    broker_events_config_t config;
    sv_metric_t *passed, *refused;
    uint32_t publishers[256];  /* set of roles, by the first byte of a topic */
    uint32_t subscribers[256]; /* likewise */
    lane_t lanes[PT_PEER_COUNT];
};

enum { TOPIC, HEAD, BODY, FRAMES };

static void s_refuse (broker_events_t *self, const char *what)
{
    sv_metric_add (self->refused, 1);
    self->config.on_garbage (self->config.ctx, what);
}

/*  ---- events ------------------------------------------------------------------ */

static void s_pass_to (void *socket, zmq_msg_t frames[FRAMES])
{
    for (int i = 0; i < FRAMES; i++) {
        zmq_msg_t copy;
        zmq_msg_init (&copy);
        zmq_msg_copy (&copy, &frames[i]);
        if (zmq_msg_send (&copy, socket, ZMQ_DONTWAIT | (i < BODY ? ZMQ_SNDMORE : 0)) < 0)
            zmq_msg_close (&copy);
    }
}

static void s_pass (lane_t *lane, zmq_msg_t frames[FRAMES])
{
    broker_events_t *self = lane->events;
    const uint8_t *topic = zmq_msg_data (&frames[TOPIC]);
    if (zmq_msg_size (&frames[TOPIC]) == 0 || !(self->publishers[*topic] >> lane->role & 1)) {
        s_refuse (self, "event of a topic the role may not publish");
        return;
    }
    uint32_t takers = self->subscribers[*topic];
    for (int role = 1; role < PT_PEER_COUNT; role++)
        if (takers >> role & 1)
            s_pass_to (self->lanes[role].raw_to, frames);
    sv_metric_add (self->passed, 1);
}

/*  Reads what follows the topic; false (and all is dropped) for any other
    number of frames than three. */
static bool s_recv_rest (void *socket, zmq_msg_t frames[FRAMES])
{
    for (int i = HEAD; i < FRAMES; i++)
        if (!sv_msg_more (&frames[i - 1]) || zmq_msg_recv (&frames[i], socket, ZMQ_DONTWAIT) < 0)
            return false;
    if (!sv_msg_more (&frames[BODY]))
        return true;
    sv_socket_skip (socket, &frames[BODY]);
    return false;
}

static void s_on_event (void *arg)
{
    lane_t *lane = arg;
    zmq_msg_t frames[FRAMES];
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_init (&frames[i]);
    for (int i = 0; i < LIM_DRAIN_PER_TURN && zmq_msg_recv (&frames[TOPIC], lane->raw_from, ZMQ_DONTWAIT) >= 0; i++) {
        if (s_recv_rest (lane->raw_from, frames))
            s_pass (lane, frames);
        else
            s_refuse (lane->events, "event that is not three frames");
    }
    for (int i = 0; i < FRAMES; i++)
        zmq_msg_close (&frames[i]);
}

/*  ---- subscriptions --------------------------------------------------------------- */

/*  A frame from an XPUB: 1 (on) or 0 (off) and the topic. */
static void s_pass_subscription (lane_t *lane, zmq_msg_t *frame)
{
    broker_events_t *self = lane->events;
    const uint8_t *bytes = zmq_msg_data (frame);
    if (zmq_msg_size (frame) < 2 || bytes[0] > 1 || !(self->subscribers[bytes[1]] >> lane->role & 1)) {
        s_refuse (self, "subscription to a topic the role may not have");
        return;
    }
    uint32_t givers = self->publishers[bytes[1]];
    for (int role = 1; role < PT_PEER_COUNT; role++)
        if (givers >> role & 1)
            (void)zmq_send (self->lanes[role].raw_from, bytes, zmq_msg_size (frame), ZMQ_DONTWAIT);
}

static void s_on_subscription (void *arg)
{
    lane_t *lane = arg;
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    for (int i = 0; i < LIM_DRAIN_PER_TURN && zmq_msg_recv (&frame, lane->raw_to, ZMQ_DONTWAIT) >= 0; i++) {
        if (!sv_msg_more (&frame))
            s_pass_subscription (lane, &frame);
        else
            sv_socket_skip (lane->raw_to, &frame);
    }
    zmq_msg_close (&frame);
}

/*  ---- life ------------------------------------------------------------------------- */

static zsock_t *s_bind (const broker_events_t *self, pt_peer_t role, sv_channel_t channel, int type)
{
    char endpoint[SV_ENDPOINT_LEN];
    zsock_t *socket = sv_socket_new (type);
    if (socket && (sv_endpoint (self->config.base, role, channel, endpoint) != 0 ||
                   zmq_bind (zsock_resolve (socket), endpoint) != 0))
        zsock_destroy (&socket);
    return socket;
}

static int s_open_lane (broker_events_t *self, pt_peer_t role)
{
    lane_t *lane = &self->lanes[role];
    lane->events = self;
    lane->role = role;
    lane->from = s_bind (self, role, SV_PUB, ZMQ_XSUB);
    lane->to = s_bind (self, role, SV_SUB, ZMQ_XPUB);
    if (!lane->from || !lane->to)
        return -PT_E_unavailable;
    lane->raw_from = zsock_resolve (lane->from);
    lane->raw_to = zsock_resolve (lane->to);
    lane->from_watch = sv_loop_watch_socket (self->config.loop, lane->raw_from, s_on_event, lane);
    lane->to_watch = sv_loop_watch_socket (self->config.loop, lane->raw_to, s_on_subscription, lane);
    return lane->from_watch && lane->to_watch ? 0 : -PT_E_memory;
}

static void s_note_rule (broker_events_t *self, pt_peer_t role)
{
    const pt_peer_rule_t *rule = pt_peer_rule (role);
    for (const char *topic = rule->publishes; *topic; topic++)
        self->publishers[(uint8_t)*topic] |= 1u << role;
    for (const char *topic = rule->subscribes; *topic; topic++)
        self->subscribers[(uint8_t)*topic] |= 1u << role;
}

broker_events_t *broker_events_new (const broker_events_config_t *config)
{
    broker_events_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->passed = sv_metrics_counter (config->metrics, "parley_broker_events_total", NULL, "Events passed on");
    self->refused = sv_metrics_counter (config->metrics, "parley_broker_events_refused_total", NULL,
                                        "Events and subscriptions against the rules");
    for (int role = 1; role < PT_PEER_COUNT; role++) {
        s_note_rule (self, (pt_peer_t)role);
        if (s_open_lane (self, (pt_peer_t)role) != 0) {
            broker_events_destroy (&self);
            return NULL;
        }
    }
    return self;
}

void broker_events_destroy (broker_events_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    broker_events_t *self = *self_p;
    for (int role = 1; role < PT_PEER_COUNT; role++) {
        lane_t *lane = &self->lanes[role];
        sv_watch_cancel (self->config.loop, &lane->from_watch);
        sv_watch_cancel (self->config.loop, &lane->to_watch);
        zsock_destroy (&lane->from);
        zsock_destroy (&lane->to);
    }
    free (self);
    *self_p = NULL;
}
