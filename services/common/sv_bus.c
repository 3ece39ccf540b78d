/*  sv_bus - a daemon's place on the bus: life, brokers, control frames, timers.
    See sv_bus.h for what it does and sv_bus_priv.h for who does what. */

#include "sv_bus_priv.h"
#include <sys/random.h>

/*  ---- frames ---------------------------------------------------------------- */

bool sv_bus_send (sv_bus_t *self, unsigned broker, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    sv_link_t *link = &self->links[broker];
    uint8_t head[LIM_ENVELOPE];
    size_t len = pt_envelope_encode (envelope, head);
    if (zmq_send (link->raw[SV_REQ], head, len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_send (body, link->raw[SV_REQ], ZMQ_DONTWAIT) >= 0)
        return true;
    if (!link->is_unreachable && self->beat_timer && sv_peers_state (self->peers, broker) == SV_PEER_LIVE)
        sv_timer_set (self->config.loop, self->beat_timer, 1, self->beat_ms);
    link->is_unreachable = true;
    return false;
}

int sv_bus_encode (sv_bus_t *self, pt_msg_t type, const void *msg, zmq_msg_t *out_body)
{
    pt_buf_clear (&self->scratch);
    int rc = pt_encode (&self->scratch, type, msg);
    if (rc == 0)
        rc = pt_buf_error (&self->scratch);
    if (rc != 0)
        return rc;
    if (zmq_msg_init_size (out_body, self->scratch.len) != 0)
        return -PT_E_memory;
    memcpy (zmq_msg_data (out_body), self->scratch.at, self->scratch.len);
    return 0;
}

bool sv_bus_recv_last (sv_bus_t *self, void *socket, zmq_msg_t *head, zmq_msg_t *body)
{
    bool is_good = sv_msg_more (head) && zmq_msg_recv (body, socket, ZMQ_DONTWAIT) >= 0 && !sv_msg_more (body);
    if (is_good)
        return true;
    sv_socket_skip (socket, body);
    sv_metric_add (self->metrics.malformed, 1);
    return false;
}

/*  ---- presence ---------------------------------------------------------------- */

/*  Each live broker, `broker` counted as one of them, gets an equal share of our
    credit, so that together they never send more than we take. */
static unsigned s_share (const sv_bus_t *self, unsigned broker)
{
    if (!self->is_serving || self->is_draining)
        return 0;
    unsigned live = sv_peers_live (self->peers) + (sv_peers_state (self->peers, broker) != SV_PEER_LIVE);
    return self->credit > live ? self->credit / live : 1;
}

/*  The number of a READY comes back in the HEARTBEAT that answers it. */
enum { NO_NUMBER, DRAIN_NUMBER };

static bool s_send_control (sv_bus_t *self, unsigned broker, pt_kind_t kind, uint64_t number)
{
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = (uint8_t)kind,
        .service = (uint8_t)self->rule->serves,
        .correlation = number,
    };
    pt_presence_t presence = {
        .generation = self->generation,
        .credit = s_share (self, broker),
        .interval_ms = LIM_HEARTBEAT_MS,
        .ttl_ms = LIM_HEARTBEAT_TTL_MS,
    };
    zmq_msg_t body;
    if (sv_bus_encode (self, PT_MSG_presence, &presence, &body) != 0)
        return false;
    bool is_sent = sv_bus_send (self, broker, &envelope, &body);
    zmq_msg_close (&body);
    return is_sent;
}

void sv_bus_tell_credit (sv_bus_t *self)
{
    for (unsigned i = 0; i < self->link_count; i++)
        if (sv_peers_state (self->peers, i) == SV_PEER_LIVE)
            (void)s_send_control (self, i, PT_KIND_CREDIT, NO_NUMBER);
}

void sv_bus_tell_drain (sv_bus_t *self)
{
    self->settled_ms = sv_now_ms () + SV_BUS_SETTLE_MS;
    for (unsigned i = 0; i < self->link_count; i++)
        if (sv_peers_state (self->peers, i) == SV_PEER_LIVE)
            self->links[i].is_settling = s_send_control (self, i, PT_KIND_READY, DRAIN_NUMBER);
}

static bool s_peer_ready (void *ctx, unsigned broker)
{
    return s_send_control (ctx, broker, PT_KIND_READY, NO_NUMBER);
}

static bool s_peer_beat (void *ctx, unsigned broker)
{
    return s_send_control (ctx, broker, PT_KIND_HEARTBEAT, NO_NUMBER);
}

static void s_peer_changed (void *ctx, unsigned broker, sv_peer_state_t state)
{
    static const struct {
        const char *text;
        sv_calls_kind_t kind;
    } facts[] = {
        [SV_PEER_DOWN] = {"is away", SV_CALLS_DOWN},
        [SV_PEER_LIVE] = {"is live", SV_CALLS_UP},
        [SV_PEER_LEAVING] = {"is leaving", SV_CALLS_LEAVING},
    };
    sv_bus_t *self = ctx;
    unsigned live = sv_peers_live (self->peers);
    self->links[broker].is_settling = false;
    sv_log (self->config.log, SV_INFO, NULL, "broker %s %s, live: %u", self->links[broker].base, facts[state].text,
            live);
    sv_metric_set (self->metrics.live, live);
    if (self->is_serving)
        sv_bus_tell_credit (self);
    sv_calls_step (self->calls, &(sv_calls_event_t){.kind = facts[state].kind, .broker = broker}, sv_now_ms ());
    if (self->on_change)
        self->on_change (self->on_change_ctx, live);
}

static const sv_peers_ops_t s_peers_ops = {s_peer_ready, s_peer_beat, s_peer_changed};

static void s_set_beat (sv_bus_t *self)
{
    uint32_t beat_ms = sv_peers_tick_ms (self->peers);
    if (beat_ms != self->beat_ms)
        sv_timer_set (self->config.loop, self->beat_timer, beat_ms, beat_ms);
    self->beat_ms = beat_ms;
}

/*  Heartbeats are rare while all is well, looking for a broker that is away is
    frequent. */
static void s_on_beat (void *arg)
{
    sv_bus_t *self = arg;
    uint64_t now_ms = sv_now_ms ();
    for (unsigned i = 0; i < self->link_count; i++) {
        if (self->links[i].is_unreachable)
            sv_peers_step (self->peers, &(sv_peers_event_t){.kind = SV_PEERS_UNREACHABLE, .broker = i}, now_ms);
        self->links[i].is_unreachable = false;
    }
    sv_peers_step (self->peers, &(sv_peers_event_t){.kind = SV_PEERS_TICK}, now_ms);
    s_set_beat (self);
}

/*  ---- input --------------------------------------------------------------------- */

static void s_tell_peers (sv_link_t *link, sv_peers_kind_t kind, const pt_presence_t *presence)
{
    sv_peers_event_t event = {.kind = kind, .broker = link->index, .presence = presence};
    sv_peers_step (link->bus->peers, &event, sv_now_ms ());
}

static void s_on_heartbeat (sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    sv_bus_t *self = link->bus;
    const void *presence = NULL;
    if (envelope->correlation == DRAIN_NUMBER)
        link->is_settling = false;
    pt_arena_reset (self->arena);
    if (pt_decode (self->codec, PT_MSG_presence, zmq_msg_data (body), zmq_msg_size (body), self->arena, &presence,
                   NULL) == 0)
        s_tell_peers (link, SV_PEERS_PRESENCE, presence);
    else
        sv_metric_add (self->metrics.malformed, 1);
}

static void s_on_disconnect (sv_link_t *link, const pt_envelope_t *envelope, zmq_msg_t *body)
{
    (void)body;
    sv_peers_kind_t kind = envelope->status == 0               ? SV_PEERS_UNKNOWN
                           : envelope->status == PT_E_draining ? SV_PEERS_LEFT
                                                               : SV_PEERS_REFUSED;
    if (kind == SV_PEERS_REFUSED && sv_peers_state (link->bus->peers, link->index) == SV_PEER_LIVE)
        sv_log (link->bus->config.log, SV_WARN, NULL, "broker %s refuses us: %s", link->base,
                pt_error_name (envelope->status));
    s_tell_peers (link, kind, NULL);
    s_set_beat (link->bus);
}

static void s_on_frame (sv_link_t *link, zmq_msg_t *head, zmq_msg_t *body)
{
    static void (*const handlers[]) (sv_link_t *, const pt_envelope_t *, zmq_msg_t *) = {
        [PT_KIND_REQUEST] = sv_bus_on_request,
        [PT_KIND_REPLY] = sv_bus_on_reply,
        [PT_KIND_HEARTBEAT] = s_on_heartbeat,
        [PT_KIND_DISCONNECT] = s_on_disconnect,
    };
    pt_envelope_t envelope;
    if (pt_envelope_decode (&envelope, zmq_msg_data (head), zmq_msg_size (head)) == 0 &&
        envelope.kind < sizeof handlers / sizeof *handlers && handlers[envelope.kind])
        handlers[envelope.kind](link, &envelope, body);
    else
        sv_metric_add (link->bus->metrics.malformed, 1);
}

static void s_on_input (void *arg)
{
    sv_link_t *link = arg;
    void *socket = link->raw[SV_REQ];
    zmq_msg_t head, body;
    zmq_msg_init (&head);
    zmq_msg_init (&body);
    int count = 0;
    while (count < LIM_DRAIN_PER_TURN && zmq_msg_recv (&head, socket, ZMQ_DONTWAIT) >= 0) {
        if (sv_bus_recv_last (link->bus, socket, &head, &body))
            s_on_frame (link, &head, &body);
        count++;
    }
    zmq_msg_close (&head);
    zmq_msg_close (&body);
    if (count > 0)
        s_tell_peers (link, SV_PEERS_HEARD, NULL);
}

/*  ---- life ------------------------------------------------------------------------ */

static const int s_types[] = {[SV_REQ] = ZMQ_DEALER, [SV_PUB] = ZMQ_PUB, [SV_SUB] = ZMQ_SUB};

static bool s_wants (const sv_bus_t *self, sv_channel_t channel)
{
    return channel == SV_REQ || *(channel == SV_PUB ? self->rule->publishes : self->rule->subscribes) != 0;
}

static int s_open_channel (sv_link_t *link, sv_channel_t channel)
{
    static sv_tick_fn *const inputs[] = {[SV_REQ] = s_on_input, [SV_SUB] = sv_bus_on_event_input};
    sv_bus_t *self = link->bus;
    char endpoint[SV_ENDPOINT_LEN];
    if (sv_endpoint (link->base, self->config.role, channel, endpoint) != 0)
        return -PT_E_invalid;
    link->sockets[channel] = sv_socket_new (s_types[channel]);
    if (!link->sockets[channel])
        return -PT_E_memory;
    link->raw[channel] = zsock_resolve (link->sockets[channel]);
    if (zmq_connect (link->raw[channel], endpoint) != 0)
        return -PT_E_invalid;
    if (channel == SV_PUB)
        return 0;
    link->watches[channel] = sv_loop_watch_socket (self->config.loop, link->raw[channel], inputs[channel], link);
    return link->watches[channel] ? 0 : -PT_E_memory;
}

static int s_open_link (sv_bus_t *self, const char *base)
{
    if (self->link_count == LIM_BROKERS)
        return -PT_E_too_many;
    sv_link_t *link = &self->links[self->link_count];
    *link = (sv_link_t){.bus = self, .index = self->link_count, .base = base};
    self->link_count++;
    int rc = 0;
    for (sv_channel_t channel = SV_REQ; channel <= SV_SUB && rc == 0; channel++)
        if (s_wants (self, channel))
            rc = s_open_channel (link, channel);
    return rc;
}

static int s_open_links (sv_bus_t *self)
{
    char *rest = self->bases, *base;
    while ((base = strsep (&rest, ","))) {
        base += strspn (base, " ");
        base[strcspn (base, " ")] = 0;
        int rc = *base ? s_open_link (self, base) : 0;
        if (rc != 0) {
            sv_log (self->config.log, SV_ERROR, NULL, "broker `%s` can't be used: %s", base, pt_error_name (rc));
            return rc;
        }
    }
    if (self->link_count > 0)
        return 0;
    sv_log (self->config.log, SV_ERROR, NULL, "no broker is named");
    return -PT_E_invalid;
}

/*  Brokers are named alike in every process by their base. */
static uint64_t s_hash (const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash;
}

static uint64_t s_random (void)
{
    uint64_t value = 0;
    while (getrandom (&value, sizeof value, 0) != sizeof value)
        ;
    return (value & LIM_ID) | 1;
}

static void s_open_metrics (sv_bus_t *self)
{
    sv_metrics_t *m = self->config.metrics;
    self->metrics = (sv_bus_metrics_t){
        .calls = sv_metrics_counter (m, "parley_bus_calls_total", NULL, "Calls made"),
        .failed = sv_metrics_counter (m, "parley_bus_calls_failed_total", NULL, "Calls that ended with an error"),
        .resent = sv_metrics_counter (m, "parley_bus_resends_total", NULL, "Calls sent again"),
        .late = sv_metrics_counter (m, "parley_bus_late_replies_total", NULL, "Answers nobody waited for any more"),
        .duration = sv_metrics_histogram (m, "parley_bus_call_seconds", NULL, "From call to answer"),
        .requests = sv_metrics_counter (m, "parley_bus_requests_total", NULL, "Requests taken"),
        .refused = sv_metrics_counter (m, "parley_bus_requests_refused_total", NULL, "Requests no handler saw"),
        .malformed = sv_metrics_counter (m, "parley_bus_malformed_total", NULL, "Frames that could not be read"),
        .published = sv_metrics_counter (m, "parley_bus_events_published_total", NULL, "Events published"),
        .received = sv_metrics_counter (m, "parley_bus_events_received_total", NULL, "Events received"),
        .live = sv_metrics_gauge (m, "parley_bus_brokers_live", NULL, "Brokers that answer"),
    };
}

static int s_open (sv_bus_t *self)
{
    uint64_t keys[LIM_BROKERS] = {0};
    self->codec = pt_codec_new ();
    self->arena = pt_arena_new (SV_BUS_ARENA);
    self->bases = strdup (self->config.brokers ? self->config.brokers : "");
    if (!self->codec || !self->arena || !self->bases)
        return -PT_E_memory;
    int rc = s_open_links (self);
    if (rc != 0)
        return rc;
    for (unsigned i = 0; i < self->link_count; i++)
        keys[i] = s_hash (self->links[i].base);
    self->peers = sv_peers_new (self->link_count, &s_peers_ops, self);
    if (!self->peers || sv_bus_open_calls (self, keys) != 0)
        return -PT_E_memory;
    self->beat_ms = SV_PEERS_RETRY_MS;
    self->beat_timer = sv_loop_timer (self->config.loop, 1, self->beat_ms, s_on_beat, self);
    return self->beat_timer ? 0 : -PT_E_memory;
}

sv_bus_t *sv_bus_new (const sv_bus_config_t *config)
{
    sv_bus_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->rule = pt_peer_rule (config->role);
    pt_buf_init (&self->scratch, LIM_FRAME);
    self->generation = s_random ();
    s_open_metrics (self);
    if (!self->rule || s_open (self) != 0) {
        sv_log (config->log, SV_ERROR, NULL, "the bus could not be opened");
        sv_bus_destroy (&self);
    }
    return self;
}

static void s_close_link (sv_bus_t *self, sv_link_t *link)
{
    for (sv_channel_t channel = SV_REQ; channel <= SV_SUB; channel++) {
        sv_watch_cancel (self->config.loop, &link->watches[channel]);
        zsock_destroy (&link->sockets[channel]);
    }
}

void sv_bus_close (sv_bus_t *self)
{
    self->is_closing = true;
    sv_bus_end_calls (self);
}

void sv_bus_destroy (sv_bus_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    sv_bus_t *self = *self_p;
    self->is_closing = true;
    sv_timer_cancel (self->config.loop, &self->beat_timer);
    sv_bus_close_calls (self);
    sv_bus_close_requests (self);
    for (unsigned i = 0; i < self->link_count; i++) {
        if (self->peers && sv_peers_state (self->peers, i) == SV_PEER_LIVE)
            (void)s_send_control (self, i, PT_KIND_DISCONNECT, NO_NUMBER);
        s_close_link (self, &self->links[i]);
    }
    sv_peers_destroy (&self->peers);
    pt_codec_destroy (&self->codec);
    pt_arena_destroy (&self->arena);
    pt_buf_fini (&self->scratch);
    free (self->bases);
    free (self);
    *self_p = NULL;
}

uint64_t sv_bus_generation (const sv_bus_t *self)
{
    return self->generation;
}

unsigned sv_bus_live (const sv_bus_t *self)
{
    return sv_peers_live (self->peers);
}

unsigned sv_bus_in_flight (const sv_bus_t *self)
{
    unsigned settling = 0;
    for (unsigned i = 0; self->is_draining && i < self->link_count; i++)
        settling += self->links[i].is_settling && sv_now_ms () < self->settled_ms;
    return self->taken_count + sv_calls_open (self->calls) + settling;
}

void sv_bus_on_change (sv_bus_t *self, void (*fn) (void *ctx, unsigned live), void *ctx)
{
    self->on_change = fn;
    self->on_change_ctx = ctx;
}
