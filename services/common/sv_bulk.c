/*  sv_bulk - sockets of bulk streams, see sv_bulk.h.

    A connection that breaks is seen by the monitor of its socket.  Where we
    connected, that ends all streams.  Where we serve, ROUTER does not say whose it
    was; but it refuses to send to a peer that is gone, so for a moment every peer
    is told where its streams stand and the lost ones are found. */

#include "sv_bulk_priv.h"
#include "sv_endpoint.h"
#include <inttypes.h>
#include <sys/random.h>

/*  DATA frames read in one turn of the loop: 4 MiB, so that sockets of clients and
    of the bus get their turn beside those of files. */
#define FRAMES_PER_TURN 16

/*  Frames queued to one peer: two windows of every stream, which credit keeps them
    below; a queue that is full is a defect and ends the stream.  What is not read
    yet waits before the socket, with the sender. */
#define SEND_HWM (2 * LIM_BULK_FRAMES * LIM_BULK_STREAMS)
#define RECEIVE_HWM (2 * LIM_BULK_FRAMES)

#define TICK_MS (LIM_BULK_KEEP_MS / 10)

/*  How long, and how often, peers are asked after a connection was lost: the
    monitor may tell of it before the socket knows. */
#define SUSPECT_MS 250
#define SUSPECT_TICK_MS 25

/*  ---- frames out ------------------------------------------------------------ */

bool sv_bulk_send (sv_bulk_t *self, const sv_bulk_peer_t *peer, zmq_msg_t *frame)
{
    bool is_sent = !self->is_lost;
    if (self->serves)
        is_sent = zmq_send (self->raw, peer->id, peer->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
    is_sent = is_sent && zmq_msg_send (frame, self->raw, ZMQ_DONTWAIT) >= 0;
    if (!is_sent)
        zmq_msg_close (frame);
    return is_sent;
}

bool sv_bulk_send_head (sv_bulk_t *self, const sv_bulk_peer_t *peer, const sv_bulk_head_t *head,
                        const pt_bulk_end_t *end)
{
    pt_buf_clear (&self->scratch);
    int err = end ? pt_encode (&self->scratch, PT_MSG_bulk_end, end) : 0;
    size_t len = err == 0 ? self->scratch.len : 0;
    zmq_msg_t frame;
    if (zmq_msg_init_size (&frame, SV_BULK_HEAD + len) != 0)
        return false;
    sv_bulk_head_write (head, zmq_msg_data (&frame));
    if (len > 0)
        memcpy ((uint8_t *)zmq_msg_data (&frame) + SV_BULK_HEAD, self->scratch.at, len);
    if (err != 0)
        sv_log (self->config.log, SV_ERROR, NULL, "the end of a stream can't be encoded: %s", pt_error_name (err));
    return sv_bulk_send (self, peer, &frame);
}

/*  ---- frames in ------------------------------------------------------------- */

/*  Who talks of a stream that is not theirs, or no more, is told once a frame, as of a
    connection that is lost: what the stream was for may well be there.  Partings are not answered, or two would answer
   each other for ever. */
static void s_on_stranger (sv_bulk_t *self, const sv_bulk_head_t *head, const sv_bulk_peer_t *peer)
{
    sv_metric_add (self->metrics.strange, 1);
    if (head->kind == SV_BULK_ABORT || head->kind == SV_BULK_END)
        return;
    pt_bulk_end_t end = {.status = PT_E_worker_lost};
    sv_bulk_head_t abort = {.kind = SV_BULK_ABORT, .stream = head->stream};
    (void)sv_bulk_send_head (self, peer, &abort, &end);
}

static void s_on_frame (sv_bulk_t *self, const sv_bulk_peer_t *peer, zmq_msg_t *frame)
{
    sv_bulk_head_t head;
    if (sv_bulk_head_read (zmq_msg_data (frame), zmq_msg_size (frame), &head) < 0) {
        sv_metric_add (self->metrics.strange, 1);
        return;
    }
    sv_bulk_flow_t *flow = sv_bulk_find (self, &head, peer);
    if (flow)
        sv_bulk_flow_heard (flow, &head, frame);
    else
        s_on_stranger (self, &head, peer);
}

static bool s_read_peer (sv_bulk_t *self, zmq_msg_t *frame, sv_bulk_peer_t *out)
{
    size_t len = zmq_msg_size (frame);
    if (len == 0 || len > sizeof out->id || !sv_msg_more (frame))
        return false;
    memcpy (out->id, zmq_msg_data (frame), len);
    out->len = (uint8_t)len;
    return zmq_msg_recv (frame, self->raw, ZMQ_DONTWAIT) >= 0;
}

static void s_on_input (void *arg)
{
    sv_bulk_t *self = arg;
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    for (int i = 0; i < FRAMES_PER_TURN && zmq_msg_recv (&frame, self->raw, ZMQ_DONTWAIT) >= 0; i++) {
        sv_bulk_peer_t peer = {0};
        bool is_good = (!self->serves || s_read_peer (self, &frame, &peer)) && !sv_msg_more (&frame);
        if (is_good)
            s_on_frame (self, &peer, &frame);
        else {
            sv_metric_add (self->metrics.strange, 1);
            sv_socket_skip (self->raw, &frame);
        }
    }
    zmq_msg_close (&frame);
}

/*  ---- connections and time -------------------------------------------------- */

/*  The timer rests when nothing is open and no connection being made. */
static void s_wind (sv_bulk_t *self)
{
    uint32_t tick_ms = self->suspect_ms ? SUSPECT_TICK_MS : self->count > 0 || self->connect_by_ms ? TICK_MS : 0;
    sv_timer_set (self->config.loop, self->timer, tick_ms, tick_ms);
}

void sv_bulk_hurry (sv_bulk_t *self)
{
    if (!self->is_hurried)
        sv_timer_set (self->config.loop, self->timer, 1, TICK_MS);
    self->is_hurried = true;
}

static void s_lose (sv_bulk_t *self)
{
    self->is_lost = true;
    self->connect_by_ms = 0;
    sv_bulk_flows_doom (self, -PT_E_worker_lost);
}

static void s_on_tick (void *arg)
{
    sv_bulk_t *self = arg;
    uint64_t now_ms = sv_now_ms ();
    self->is_hurried = false;
    if (self->connect_by_ms != 0 && now_ms >= self->connect_by_ms)
        s_lose (self);
    sv_bulk_flows_tick (self, self->suspect_ms != 0, now_ms);
    if (now_ms >= self->suspect_ms)
        self->suspect_ms = 0;
    sv_bulk_flows_bury (self);
    if (!self->is_hurried)
        s_wind (self);
}

static void s_on_event (sv_bulk_t *self, unsigned event)
{
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        self->connect_by_ms = 0;
    else if (self->serves)
        self->suspect_ms = sv_now_ms () + SUSPECT_MS;
    else
        s_lose (self);
    sv_bulk_hurry (self);
}

static void s_on_monitor (void *arg)
{
    sv_bulk_t *self = arg;
    void *raw = zsock_resolve (self->monitor);
    zmq_msg_t msg;
    zmq_msg_init (&msg);
    while (zmq_msg_recv (&msg, raw, ZMQ_DONTWAIT) >= 0) {
        uint16_t event = 0;
        if (zmq_msg_size (&msg) >= sizeof event)
            memcpy (&event, zmq_msg_data (&msg), sizeof event);
        sv_socket_skip (raw, &msg);
        s_on_event (self, event);
    }
    zmq_msg_close (&msg);
}

/*  ---- life ------------------------------------------------------------------ */

static bool s_is_loopback_tcp (const char *endpoint)
{
    unsigned a, b, c;
    char port[8];
    int end = 0;
    return sscanf (endpoint, "tcp://127.%3u.%3u.%3u:%7[0-9*]%n", &a, &b, &c, port, &end) == 4 && endpoint[end] == 0;
}

/*  Nothing but this machine: there are no keys to protect the way elsewhere. */
static bool s_is_endpoint (const char *endpoint)
{
    const char *path = sv_endpoint_folder (endpoint);
    return strlen (endpoint) <= LIM_ENDPOINT && (path ? path[0] == '/' : s_is_loopback_tcp (endpoint));
}

static void s_count (sv_bulk_t *self)
{
    sv_metrics_t *metrics = self->config.metrics;
    static const char bytes[] = "parley_bulk_bytes_total", ends[] = "parley_bulk_ended_total";
    static const char bytes_help[] = "Bytes of bulk streams", ends_help[] = "Bulk streams that ended";
    self->metrics = (sv_bulk_metrics_t){
        .in = sv_metrics_counter (metrics, bytes, "direction=\"in\"", bytes_help),
        .out = sv_metrics_counter (metrics, bytes, "direction=\"out\"", bytes_help),
        .streams = sv_metrics_gauge (metrics, "parley_bulk_streams", NULL, "Bulk streams that are open"),
        .done = sv_metrics_counter (metrics, ends, "how=\"done\"", ends_help),
        .aborted = sv_metrics_counter (metrics, ends, "how=\"aborted\"", ends_help),
        .failed = sv_metrics_counter (metrics, ends, "how=\"failed\"", ends_help),
        .strange = sv_metrics_counter (metrics, "parley_bulk_strange_total", NULL, "Frames of no stream of the peer's"),
    };
}

/*  Unlike on the bus, what is sent waits for the connection: a HELLO and a window
    at most, which go with the socket when it is given up. */
static int s_set_options (void *socket)
{
    static const struct {
        int option, value;
    } options[] = {{ZMQ_SNDHWM, SEND_HWM}, {ZMQ_RCVHWM, RECEIVE_HWM}, {ZMQ_IMMEDIATE, 0}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (zmq_setsockopt (socket, options[i].option, &options[i].value, sizeof (int)) != 0)
            return -PT_E_internal;
    int64_t max = LIM_BULK_CHUNK + SV_BULK_HEAD;
    return zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &max, sizeof max) == 0 ? 0 : -PT_E_internal;
}

/*  A monitor's name is given up some time after its socket was closed, so each has
    one of its own. */
static int s_watch_connections (sv_bulk_t *self)
{
    char name[48];
    uint64_t number = 0;
    if (getrandom (&number, sizeof number, 0) != (ssize_t)sizeof number)
        return -PT_E_internal;
    snprintf (name, sizeof name, "inproc://sv-bulk-%016" PRIx64, number);
    int events = ZMQ_EVENT_DISCONNECTED | (self->serves ? 0 : ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    self->monitor = zsock_new (ZMQ_PAIR);
    if (!self->monitor || zmq_socket_monitor (self->raw, name, events) != 0 ||
        zmq_connect (zsock_resolve (self->monitor), name) != 0)
        return -PT_E_memory;
    self->monitor_watch = sv_loop_watch_socket (self->config.loop, zsock_resolve (self->monitor), s_on_monitor, self);
    self->watch = sv_loop_watch_socket (self->config.loop, self->raw, s_on_input, self);
    return self->monitor_watch && self->watch ? 0 : -PT_E_memory;
}

static int s_open (sv_bulk_t *self)
{
    self->codec = pt_codec_new ();
    self->arena = pt_arena_new (SV_BULK_ARENA);
    self->timer = sv_loop_timer (self->config.loop, 0, 0, s_on_tick, self);
    self->socket = sv_socket_new (self->serves ? ZMQ_ROUTER : ZMQ_DEALER);
    if (!self->codec || !self->arena || !self->timer || !self->socket)
        return -PT_E_memory;
    self->raw = zsock_resolve (self->socket);
    int rc = s_set_options (self->raw);
    return rc == 0 ? s_watch_connections (self) : rc;
}

/*  The endpoint as bound: with the port that was free. */
static int s_bind (sv_bulk_t *self, const char *endpoint)
{
    size_t size = sizeof self->endpoint;
    if (zmq_bind (self->raw, endpoint) != 0)
        return -PT_E_taken;
    return zmq_getsockopt (self->raw, ZMQ_LAST_ENDPOINT, self->endpoint, &size) == 0 ? 0 : -PT_E_internal;
}

static int s_connect (sv_bulk_t *self, const char *endpoint)
{
    snprintf (self->endpoint, sizeof self->endpoint, "%s", endpoint);
    self->connect_by_ms = sv_now_ms () + LIM_CONNECT_MS;
    s_wind (self);
    return zmq_connect (self->raw, endpoint) == 0 ? 0 : -PT_E_invalid;
}

static int s_new (const sv_bulk_config_t *config, const char *endpoint, bool serves, sv_bulk_t **out)
{
    *out = NULL;
    if (!s_is_endpoint (endpoint))
        return -PT_E_invalid;
    sv_bulk_t *self = calloc (1, sizeof *self);
    if (!self)
        return -PT_E_memory;
    self->config = *config;
    self->serves = serves;
    pt_buf_init (&self->scratch, LIM_BULK_CHUNK);
    s_count (self);
    int rc = s_open (self);
    if (rc == 0)
        rc = serves ? s_bind (self, endpoint) : s_connect (self, endpoint);
    if (rc < 0)
        sv_bulk_destroy (&self);
    *out = self;
    return rc;
}

int sv_bulk_serve (const sv_bulk_config_t *config, const char *endpoint, sv_bulk_t **out)
{
    return s_new (config, endpoint, true, out);
}

int sv_bulk_connect (const sv_bulk_config_t *config, const char *endpoint, sv_bulk_t **out)
{
    return s_new (config, endpoint, false, out);
}

const char *sv_bulk_endpoint (const sv_bulk_t *self)
{
    return self->endpoint;
}

bool sv_bulk_is_lost (const sv_bulk_t *self)
{
    return self->is_lost;
}

unsigned sv_bulk_streams (const sv_bulk_t *self)
{
    return self->count;
}

static void s_abort_all (sv_bulk_t *self)
{
    sv_bulk_flow_t *flow;
    for (size_t i = 0; i < SV_BULK_BUCKETS; i++)
        while ((flow = sv_bulk_flow_pop (&self->buckets[i])))
            sv_bulk_abort (&flow, -PT_E_draining, NULL);
    while ((flow = sv_bulk_flow_pop (&self->doomed)))
        sv_bulk_flow_free (flow);
}

void sv_bulk_destroy (sv_bulk_t **self_p)
{
    sv_bulk_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    s_abort_all (self);
    sv_watch_cancel (self->config.loop, &self->watch);
    sv_watch_cancel (self->config.loop, &self->monitor_watch);
    sv_timer_cancel (self->config.loop, &self->timer);
    if (self->raw)
        zmq_socket_monitor (self->raw, NULL, 0);
    zsock_destroy (&self->monitor);
    zsock_destroy (&self->socket);
    pt_arena_destroy (&self->arena);
    pt_codec_destroy (&self->codec);
    pt_buf_fini (&self->scratch);
    free (self);
}
