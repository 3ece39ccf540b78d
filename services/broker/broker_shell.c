/*  broker_shell - the ZeroMQ side of the broker, see broker_shell.h.

    One ROUTER a role.  A body is received into a recycled holder, travels
    through the core as an opaque pointer and is sent from the same holder:
    its bytes are never touched. */

#include "broker_shell.h"
#include "broker_core.h"
#include "broker_events.h"
#include "broker_folder.h"
#include "sv_crash.h"
#include "sv_endpoint.h"
#include <stdlib.h>
#include <sys/random.h>

/*  Precision of deadlines while clients wait. */
#define TICK_MS 20

/*  Holders kept for reuse; a peak's surplus is freed. */
#define SPARE_BODIES 1024

/*  Garbage and refusals get a line this often. */
#define COMPLAIN_MS 1000

typedef struct body {
    zmq_msg_t msg;
    struct body *next;
} body_t;

/*  Where the peers of one role come in. */
typedef struct {
    broker_shell_t *shell;
    pt_peer_t role;
    zsock_t *socket;
    void *raw;
    sv_watch_t *watch;
} door_t;

typedef struct {
    sv_metric_t *requests, *replies, *refused, *busy, *expired, *lost, *late, *undelivered, *garbage;
} meters_t;

struct broker_shell {
    sv_daemon_t *daemon;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_trace_t *trace;
    const char *base;
    uint64_t generation;
    int lock;
    door_t doors[PT_PEER_COUNT];
    broker_events_t *events;
    broker_core_t *core;
    sv_timer_t *beat_timer, *tick_timer;
    bool tick_runs;
    pt_codec_t *codec;
    pt_arena_t *arena;
    pt_buf_t scratch;
    pt_buf_t presence; /* our own, encoded once */
    body_t *spare;
    unsigned spare_count;
    uint64_t complained_ms;
    uint64_t unsaid;     /* complaints since then */
    uint64_t frame_us;   /* when the frame at hand came, for hops; 0: there is none */
    broker_stats_t told; /* what the meters know */
    meters_t meters;
};

/*  ---- bodies -------------------------------------------------------------------- */

static body_t *s_body_take (broker_shell_t *self)
{
    body_t *body = self->spare;
    if (body) {
        self->spare = body->next;
        self->spare_count--;
        return body;
    }
    body = malloc (sizeof *body);
    if (body)
        zmq_msg_init (&body->msg);
    return body;
}

/*  A spare body holds an initialised, empty message. */
static void s_body_give_back (broker_shell_t *self, body_t *body)
{
    zmq_msg_close (&body->msg);
    if (self->spare_count >= SPARE_BODIES) {
        free (body);
        return;
    }
    zmq_msg_init (&body->msg);
    body->next = self->spare;
    self->spare = body;
    self->spare_count++;
}

/*  ---- complaints ------------------------------------------------------------------ */

static void s_complain (broker_shell_t *self, const char *what, const char *who)
{
    uint64_t now_ms = sv_now_ms ();
    if (self->complained_ms != 0 && now_ms - self->complained_ms < COMPLAIN_MS) {
        self->unsaid++;
        return;
    }
    sv_log (self->log, SV_WARN, NULL, "%s from role %s (and %llu more)", what, who ? who : "?",
            (unsigned long long)self->unsaid);
    self->complained_ms = now_ms;
    self->unsaid = 0;
}

static void s_on_garbage (broker_shell_t *self, pt_peer_t role)
{
    sv_metric_add (self->meters.garbage, 1);
    s_complain (self, "a frame that can't be read", sv_role_name (role));
}

static void s_on_event_garbage (void *ctx, const char *what)
{
    s_complain (ctx, what, NULL);
}

/*  ---- what the core decides --------------------------------------------------------- */

static int s_send_frames (broker_shell_t *self, const broker_addr_t *to, const pt_envelope_t *envelope, body_t *body)
{
    static const uint8_t empty_map = 0x80;
    void *socket = self->doors[to->role].raw;
    uint8_t head[LIM_ENVELOPE];
    if (zmq_send (socket, to->id, to->id_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return errno == EHOSTUNREACH ? -PT_E_unavailable : -PT_E_busy;
    size_t len = pt_envelope_encode (envelope, head);
    if (zmq_send (socket, head, len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        (void)zmq_send (socket, "", 0, ZMQ_DONTWAIT); /* a message that was begun must end */
        return -PT_E_busy;
    }
    int rc;
    if (body)
        rc = zmq_msg_send (&body->msg, socket, ZMQ_DONTWAIT);
    else if (envelope->kind == PT_KIND_REPLY)
        rc = zmq_send (socket, &empty_map, 1, ZMQ_DONTWAIT);
    else
        rc = zmq_send (socket, self->presence.at, self->presence.len, ZMQ_DONTWAIT);
    return rc < 0 ? -PT_E_busy : 0;
}

static void s_hop (broker_shell_t *self, pt_hop_kind_t kind, const pt_envelope_t *envelope, uint64_t at_us)
{
    sv_hop_t hop = {
        .kind = kind, .opcode = envelope->opcode, .trace = envelope->trace, .status = envelope->status, .at_us = at_us};
    if (*envelope->trace)
        sv_trace_add (self->trace, &hop);
}

/*  What goes out is noted with the time before: its receiver can't be earlier.
    What goes on at once has the time it came. */
static int s_core_send (void *ctx, const broker_addr_t *to, const pt_envelope_t *envelope, void *body)
{
    broker_shell_t *self = ctx;
    pt_hop_kind_t kind = envelope->kind == PT_KIND_REPLY ? PT_hop_kind_ANSWER_OUT : PT_hop_kind_REQUEST_OUT;
    uint64_t before_us = self->frame_us || !*envelope->trace ? self->frame_us : sv_now_us ();
    int rc = s_send_frames (self, to, envelope, body);
    if (rc == 0)
        s_hop (self, kind, envelope, before_us);
    if (rc == 0 && body)
        s_body_give_back (self, body);
    return rc;
}

static void s_core_discard (void *ctx, void *body)
{
    s_body_give_back (ctx, body);
}

static void s_core_note (void *ctx, broker_note_t note, const broker_addr_t *peer)
{
    static const struct {
        const char *text;
        bool is_complaint;
    } notes[] = {
        [BROKER_NOTE_JOINED] = {"a peer joined", false},
        [BROKER_NOTE_LEFT] = {"a peer left", false},
        [BROKER_NOTE_LOST] = {"a peer is gone", false},
        [BROKER_NOTE_FOREIGN] = {"an attempt to serve what the role does not serve", true},
        [BROKER_NOTE_FULL] = {"more peers than there is room for", true},
        [BROKER_NOTE_SLEPT] = {"this broker was paused", false},
    };
    broker_shell_t *self = ctx;
    const char *role = peer ? sv_role_name (peer->role) : "broker";
    if (notes[note].is_complaint)
        s_complain (self, notes[note].text, role);
    else
        sv_log (self->log, SV_INFO, NULL, "%s: %s", role, notes[note].text);
}

/*  ---- operations of its own ------------------------------------------------------------------ */

typedef struct {
    broker_shell_t *shell;
    pt_instance_t *instances;
    uint32_t count;
    uint64_t now_ms;
} listing_t;

static void s_list_peer (void *arg, const broker_peer_info_t *peer)
{
    listing_t *listing = arg;
    const char *generation = pt_arena_printf (listing->shell->arena, "%016llx", (unsigned long long)peer->generation);
    if (listing->count == LIM_WORKERS || !generation)
        return;
    listing->instances[listing->count++] = (pt_instance_t){
        .service = pt_str (sv_role_name (peer->role)),
        .instance = pt_str (generation),
        .credit = peer->credit,
        .in_flight = peer->in_flight,
        .queued = peer->queued,
        .seen_ms = listing->now_ms > peer->seen_ms ? listing->now_ms - peer->seen_ms : 0,
    };
}

static int s_describe (broker_shell_t *self, pt_broker_state_t *state)
{
    const broker_stats_t *stats = broker_core_stats (self->core);
    listing_t listing = {.shell = self, .now_ms = sv_now_ms ()};
    const char *generation = pt_arena_printf (self->arena, "%016llx", (unsigned long long)self->generation);
    listing.instances = pt_arena_alloc (self->arena, LIM_WORKERS * sizeof *listing.instances);
    if (!listing.instances || !generation)
        return -PT_E_memory;
    broker_core_each (self->core, s_list_peer, &listing);
    pt_status_t status = {0};
    sv_daemon_status (self->daemon, self->arena, &status);
    *state = (pt_broker_state_t){
        .generation = pt_str (generation),
        .pid = status.pid,
        .version = status.version,
        .uptime_ms = status.uptime_ms,
        .rss = status.rss,
        .dropped = stats->refused + stats->busy + stats->expired + stats->lost + stats->undelivered,
    };
    state->instances.at = listing.instances;
    state->instances.count = listing.count;
    return 0;
}

static int s_answer_state (broker_shell_t *self, const void *msg)
{
    (void)msg;
    pt_broker_state_t state;
    int rc = s_describe (self, &state);
    return rc == 0 ? pt_encode (&self->scratch, PT_MSG_broker_state, &state) : rc;
}

static int s_answer_trace (broker_shell_t *self, const void *msg)
{
    pt_trace_t trace = {0};
    int rc = sv_daemon_find_hops (self->daemon, msg, self->arena, &trace);
    return rc == 0 ? pt_encode (&self->scratch, PT_MSG_trace, &trace) : rc;
}

/*  Decodes the question and encodes its answer into `scratch`. */
static int s_answer (broker_shell_t *self, uint16_t opcode, const body_t *body)
{
    static const struct {
        uint16_t opcode;
        int (*fn) (broker_shell_t *self, const void *msg);
    } answers[] = {{PT_OP_broker_state, s_answer_state}, {PT_OP_broker_trace, s_answer_trace}};
    zmq_msg_t *frame = (zmq_msg_t *)(uintptr_t)&body->msg;
    const void *msg = NULL;
    pt_arena_reset (self->arena);
    pt_buf_clear (&self->scratch);
    int rc = pt_decode (self->codec, pt_call_find (opcode)->request, zmq_msg_data (frame), zmq_msg_size (frame),
                        self->arena, &msg, NULL);
    for (size_t i = 0; rc == 0 && i < sizeof answers / sizeof *answers; i++)
        if (answers[i].opcode == opcode)
            rc = answers[i].fn (self, msg);
    return rc;
}

/*  A body with what is in `scratch`; NULL when out of memory. */
static body_t *s_body_of_scratch (broker_shell_t *self)
{
    body_t *body = s_body_take (self);
    if (body && zmq_msg_init_size (&body->msg, self->scratch.len) == 0) {
        memcpy (zmq_msg_data (&body->msg), self->scratch.at, self->scratch.len);
        return body;
    }
    if (body)
        s_body_give_back (self, body);
    return NULL;
}

static void s_core_query (void *ctx, const broker_addr_t *from, const pt_envelope_t *request, const void *question)
{
    broker_shell_t *self = ctx;
    pt_envelope_t envelope = *request;
    int rc = s_answer (self, request->opcode, question);
    body_t *body = rc == 0 ? s_body_of_scratch (self) : NULL;
    envelope.kind = PT_KIND_REPLY;
    envelope.deadline_ms = 0;
    envelope.affinity = 0;
    envelope.status = (uint16_t)(body ? 0 : rc < 0 ? -rc : PT_E_memory);
    if (s_core_send (self, from, &envelope, body) != 0 && body)
        s_body_give_back (self, body);
}

/*  ---- input -------------------------------------------------------------------------------- */

/*  Control frames carry a presence; one that can't be read is garbage. */
static const pt_presence_t *s_presence (broker_shell_t *self, zmq_msg_t *body)
{
    const void *presence = NULL;
    pt_arena_reset (self->arena);
    if (pt_decode (self->codec, PT_MSG_presence, zmq_msg_data (body), zmq_msg_size (body), self->arena, &presence,
                   NULL) != 0)
        return NULL;
    return presence;
}

/*  One good frame to the core; returns the body when the core did not take it. */
static body_t *s_feed (door_t *door, zmq_msg_t *id, const pt_envelope_t *envelope, body_t *body, uint64_t now_ms)
{
    static const struct {
        broker_kind_t kind;
        bool is_known, has_presence, has_body;
    } kinds[PT_KIND_DIRECT + 1] = {
        [PT_KIND_REQUEST] = {BROKER_REQUEST, true, false, true},
        [PT_KIND_REPLY] = {BROKER_REPLY, true, false, true},
        [PT_KIND_READY] = {BROKER_READY, true, true, false},
        [PT_KIND_HEARTBEAT] = {BROKER_HEARTBEAT, true, true, false},
        [PT_KIND_DISCONNECT] = {BROKER_LEAVE, true, false, false},
        [PT_KIND_CREDIT] = {BROKER_CREDIT, true, true, false},
        [PT_KIND_DIRECT] = {BROKER_REQUEST, true, false, true},
    };
    broker_shell_t *self = door->shell;
    if (envelope->kind == PT_KIND_REQUEST)
        sv_crash (SV_CRASH_broker_request_taken);
    else if (envelope->kind == PT_KIND_REPLY)
        sv_crash (SV_CRASH_broker_reply_taken);
    broker_event_t event = {
        .kind = kinds[envelope->kind].kind,
        .from = {.role = door->role, .id = zmq_msg_data (id), .id_len = zmq_msg_size (id)},
        .envelope = envelope,
        .presence = kinds[envelope->kind].has_presence ? s_presence (self, &body->msg) : NULL,
        .body = kinds[envelope->kind].has_body ? body : NULL,
    };
    if (!kinds[envelope->kind].is_known || (kinds[envelope->kind].has_presence && !event.presence))
        s_on_garbage (self, door->role);
    else {
        bool is_traced = event.body && *envelope->trace;
        self->frame_us = is_traced ? sv_now_us () : 0;
        if (is_traced)
            s_hop (self, envelope->kind == PT_KIND_REPLY ? PT_hop_kind_ANSWER_IN : PT_hop_kind_REQUEST_IN, envelope,
                   self->frame_us);
        broker_core_step (self->core, &event, now_ms);
        self->frame_us = 0;
    }
    return event.body ? NULL : body;
}

/*  Reads envelope and body behind the routing id; false, and all is dropped,
    for any other number of frames. */
static bool s_recv_rest (void *socket, zmq_msg_t *id, zmq_msg_t *head, zmq_msg_t *body)
{
    if (!sv_msg_more (id) || zmq_msg_recv (head, socket, ZMQ_DONTWAIT) < 0)
        return false;
    if (!sv_msg_more (head) || zmq_msg_recv (body, socket, ZMQ_DONTWAIT) < 0)
        return false;
    if (!sv_msg_more (body))
        return true;
    sv_socket_skip (socket, body);
    return false;
}

static void s_run_ticks (broker_shell_t *self)
{
    if (!self->tick_runs && broker_core_is_busy (self->core)) {
        sv_timer_set (self->loop, self->tick_timer, TICK_MS, TICK_MS);
        self->tick_runs = true;
    }
}

static void s_on_input (void *arg)
{
    door_t *door = arg;
    broker_shell_t *self = door->shell;
    uint64_t now_ms = sv_now_ms ();
    body_t *body = NULL;
    zmq_msg_t id, head;
    zmq_msg_init (&id);
    zmq_msg_init (&head);
    for (int i = 0; i < LIM_DRAIN_PER_TURN; i++) {
        pt_envelope_t envelope;
        body = body ? body : s_body_take (self);
        if (!body || zmq_msg_recv (&id, door->raw, ZMQ_DONTWAIT) < 0)
            break;
        if (s_recv_rest (door->raw, &id, &head, &body->msg) &&
            pt_envelope_decode (&envelope, zmq_msg_data (&head), zmq_msg_size (&head)) == 0)
            body = s_feed (door, &id, &envelope, body, now_ms);
        else
            s_on_garbage (self, door->role);
    }
    if (body)
        s_body_give_back (self, body);
    zmq_msg_close (&id);
    zmq_msg_close (&head);
    s_run_ticks (self);
}

/*  ---- time ------------------------------------------------------------------------------------ */

static void s_tell_meters (broker_shell_t *self)
{
    const broker_stats_t *now = broker_core_stats (self->core);
    sv_metric_add (self->meters.requests, now->requests - self->told.requests);
    sv_metric_add (self->meters.replies, now->replies - self->told.replies);
    sv_metric_add (self->meters.refused, now->refused - self->told.refused);
    sv_metric_add (self->meters.busy, now->busy - self->told.busy);
    sv_metric_add (self->meters.expired, now->expired - self->told.expired);
    sv_metric_add (self->meters.lost, now->lost - self->told.lost);
    sv_metric_add (self->meters.late, now->late - self->told.late);
    sv_metric_add (self->meters.undelivered, now->undelivered - self->told.undelivered);
    self->told = *now;
}

static void s_on_beat (void *arg)
{
    broker_shell_t *self = arg;
    broker_core_step (self->core, &(broker_event_t){.kind = BROKER_TICK}, sv_now_ms ());
    s_tell_meters (self);
    s_run_ticks (self);
}

static void s_on_tick (void *arg)
{
    broker_shell_t *self = arg;
    broker_core_step (self->core, &(broker_event_t){.kind = BROKER_TICK}, sv_now_ms ());
    self->tick_runs = broker_core_is_busy (self->core);
    if (!self->tick_runs)
        sv_timer_set (self->loop, self->tick_timer, 0, 0);
}

/*  ---- life -------------------------------------------------------------------------------------- */

static int s_open_door (broker_shell_t *self, pt_peer_t role)
{
    door_t *door = &self->doors[role];
    char endpoint[SV_ENDPOINT_LEN];
    if (sv_endpoint (self->base, role, SV_REQ, endpoint) != 0)
        return -PT_E_invalid;
    door->shell = self;
    door->role = role;
    door->socket = sv_socket_new (ZMQ_ROUTER);
    if (!door->socket)
        return -PT_E_memory;
    door->raw = zsock_resolve (door->socket);
    if (zmq_bind (door->raw, endpoint) != 0)
        return -PT_E_unavailable;
    door->watch = sv_loop_watch_socket (self->loop, door->raw, s_on_input, door);
    return door->watch ? 0 : -PT_E_memory;
}

static int s_open_sockets (broker_shell_t *self)
{
    broker_events_config_t events = {
        .base = self->base,
        .loop = self->loop,
        .metrics = sv_daemon_metrics (self->daemon),
        .on_garbage = s_on_event_garbage,
        .ctx = self,
    };
    for (int role = 1; role < PT_PEER_COUNT; role++) {
        int rc = s_open_door (self, (pt_peer_t)role);
        if (rc != 0)
            return rc;
    }
    self->events = broker_events_new (&events);
    return self->events ? 0 : -PT_E_unavailable;
}

static void s_open_meters (broker_shell_t *self)
{
    sv_metrics_t *m = sv_daemon_metrics (self->daemon);
    self->meters = (meters_t){
        .requests = sv_metrics_counter (m, "parley_broker_requests_total", NULL, "Requests received"),
        .replies = sv_metrics_counter (m, "parley_broker_replies_total", NULL, "Answers passed on"),
        .refused = sv_metrics_counter (m, "parley_broker_refused_total", NULL, "Requests against the rules"),
        .busy = sv_metrics_counter (m, "parley_broker_busy_total", NULL, "Requests that found a full queue"),
        .expired = sv_metrics_counter (m, "parley_broker_expired_total", NULL, "Requests whose time ran out"),
        .lost = sv_metrics_counter (m, "parley_broker_lost_total", NULL, "Requests whose worker died"),
        .late = sv_metrics_counter (m, "parley_broker_late_total", NULL, "Answers nobody waited for"),
        .undelivered = sv_metrics_counter (m, "parley_broker_undelivered_total", NULL, "Answers to clients gone"),
        .garbage = sv_metrics_counter (m, "parley_broker_garbage_total", NULL, "Frames that could not be read"),
    };
}

static int s_open_presence (broker_shell_t *self)
{
    while (getrandom (&self->generation, sizeof self->generation, 0) != sizeof self->generation)
        ;
    self->generation = (self->generation & LIM_ID) | 1;
    pt_presence_t presence = {
        .generation = self->generation, .interval_ms = LIM_HEARTBEAT_MS, .ttl_ms = LIM_HEARTBEAT_TTL_MS};
    return pt_encode (&self->presence, PT_MSG_presence, &presence);
}

static int s_open (broker_shell_t *self)
{
    static const broker_ops_t ops = {s_core_send, s_core_discard, s_core_query, s_core_note};
    int rc = s_open_presence (self);
    if (rc != 0)
        return rc;
    self->codec = pt_codec_new ();
    self->arena = pt_arena_new (LIM_FRAME);
    self->core = broker_core_new (self->generation, &ops, self);
    if (!self->codec || !self->arena || !self->core)
        return -PT_E_memory;
    rc = s_open_sockets (self);
    if (rc != 0)
        return rc;
    self->beat_timer = sv_loop_timer (self->loop, LIM_HEARTBEAT_MS, LIM_HEARTBEAT_MS, s_on_beat, self);
    self->tick_timer = sv_loop_timer (self->loop, 0, 0, s_on_tick, self);
    return self->beat_timer && self->tick_timer ? 0 : -PT_E_memory;
}

/*  0 or an error, before any socket is opened. */
static int s_take_base (broker_shell_t *self)
{
    char endpoint[SV_ENDPOINT_LEN];
    for (int role = 1; role < PT_PEER_COUNT; role++)
        if (sv_endpoint (self->base, (pt_peer_t)role, SV_REQ, endpoint) != 0)
            return -PT_E_invalid;
    const char *folder = sv_endpoint_folder (self->base);
    return folder ? broker_folder_take (folder, &self->lock) : 0;
}

broker_shell_t *broker_shell_new (sv_daemon_t *daemon, const char *base, int *out_exit)
{
    broker_shell_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->daemon = daemon;
    self->loop = sv_daemon_loop (daemon);
    self->log = sv_daemon_log (daemon);
    self->trace = sv_daemon_trace (daemon);
    self->base = base;
    self->lock = -1;
    pt_buf_init (&self->scratch, LIM_FRAME);
    pt_buf_init (&self->presence, LIM_ENVELOPE);
    s_open_meters (self);
    int rc = s_take_base (self);
    if (rc == 0)
        rc = s_open (self);
    if (rc != 0) {
        sv_log (self->log, SV_ERROR, NULL, "can't listen at %s: %s", base, pt_error_title (rc));
        *out_exit = rc == -PT_E_invalid || rc == -PT_E_forbidden ? 78 : 69;
        broker_shell_destroy (&self);
    }
    return self;
}

void broker_shell_destroy (broker_shell_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    broker_shell_t *self = *self_p;
    sv_timer_cancel (self->loop, &self->beat_timer);
    sv_timer_cancel (self->loop, &self->tick_timer);
    broker_core_destroy (&self->core);
    broker_events_destroy (&self->events);
    for (int role = 1; role < PT_PEER_COUNT; role++) {
        sv_watch_cancel (self->loop, &self->doors[role].watch);
        zsock_destroy (&self->doors[role].socket);
    }
    while (self->spare) {
        body_t *body = self->spare;
        self->spare = body->next;
        zmq_msg_close (&body->msg);
        free (body);
    }
    pt_codec_destroy (&self->codec);
    pt_arena_destroy (&self->arena);
    pt_buf_fini (&self->scratch);
    pt_buf_fini (&self->presence);
    if (self->lock >= 0)
        close (self->lock);
    free (self);
    *self_p = NULL;
}

void broker_shell_drain (broker_shell_t *self)
{
    broker_core_step (self->core, &(broker_event_t){.kind = BROKER_DRAIN}, sv_now_ms ());
}

bool broker_shell_is_drained (const broker_shell_t *self)
{
    return !broker_core_is_busy (self->core);
}
