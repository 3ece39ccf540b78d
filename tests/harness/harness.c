/*  harness - plays the broker for one daemon, see harness.h.

    Frames are kept in one arena for the life of the harness, so a test may
    hold on to any of them.  Heartbeats are answered whenever the harness waits
    for something, which is all a test does between its checks. */

#include "harness.h"
#include "child.h"
#include "sv_endpoint.h"
#include "sv_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/*  Everything received in one test. */
#define ARENA_MAX (1024u * 1024 * 1024)

#define FAKES_MAX 64
#define TOPICS_MAX 4096
#define ARGS_MAX 64
#define KILL_AFTER_MS 3000
#define SLICE_MS 100 /* between looks whether the child lives */
#define LOG_TAIL 4000

typedef struct frame {
    harness_frame_t frame; /* first: tests hand it back */
    struct frame *next;
    void *id; /* of the connection it came by */
    size_t id_len;
} frame_t;

typedef struct {
    frame_t *first, **last;
} queue_t;

typedef struct {
    uint16_t opcode;
    harness_fake_fn *fn;
    void *ctx;
} fake_t;

typedef struct {
    void *bytes;
    size_t len;
} topic_t;

struct harness {
    char dir[64];
    char base[80];
    pt_peer_t role;
    pid_t pid;
    zsock_t *sockets[3]; /* by sv_channel_t */
    void *raw[3];
    pt_codec_t *codec;
    pt_arena_t *arena;
    uint64_t generation, next_correlation;
    void *peer_id; /* routing id of the daemon, of its latest connection */
    size_t peer_id_len;
    bool is_known, had_credit;
    queue_t calls, replies, events;
    fake_t fakes[FAKES_MAX];
    size_t fake_count;
    topic_t topics[TOPICS_MAX];
    size_t topic_count;
};

/*  ---- failing --------------------------------------------------------------- */

static void s_print_log (const harness_t *self)
{
    char path[96], tail[LOG_TAIL + 1];
    snprintf (path, sizeof path, "%s/log", self->dir);
    FILE *log = fopen (path, "r");
    if (!log)
        return;
    if (fseek (log, -LOG_TAIL, SEEK_END) != 0)
        rewind (log);
    tail[fread (tail, 1, LOG_TAIL, log)] = 0;
    fprintf (stderr, "---- the daemon's log ends with:\n%s----\n", tail);
    fclose (log);
}

static void s_fail (const harness_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3), noreturn));

static void s_fail (const harness_t *self, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    s_print_log (self);
    fail_msg ("%s", text);
    abort (); /* not in a test */
}

static void *s_copy (harness_t *self, const void *bytes, size_t len)
{
    void *copy = pt_arena_copy (self->arena, bytes, len);
    if (!copy)
        s_fail (self, "harness: out of memory");
    return copy;
}

/*  ---- sending --------------------------------------------------------------- */

static void s_send_to (harness_t *self, const void *id, size_t id_len, const pt_envelope_t *envelope, const void *body,
                       size_t len)
{
    uint8_t head[LIM_ENVELOPE];
    size_t head_len = pt_envelope_encode (envelope, head);
    void *router = self->raw[SV_REQ];
    if (zmq_send (router, id, id_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return; /* the daemon is gone; whoever waits for it will say so */
    zmq_send (router, head, head_len, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send (router, body, len, ZMQ_DONTWAIT);
}

static void s_encode (harness_t *self, pt_msg_t type, const void *msg, pt_buf_t *out)
{
    pt_buf_init (out, LIM_FRAME);
    int rc = pt_encode (out, type, msg);
    if (rc != 0)
        s_fail (self, "harness: %s does not encode: %s", pt_desc (type)->name, pt_error_name (rc));
}

static void s_send_heartbeat (harness_t *self, uint64_t number)
{
    pt_envelope_t envelope = {
        .version = PT_VERSION, .kind = PT_KIND_HEARTBEAT, .service = PT_SERVICE_broker, .correlation = number};
    pt_presence_t presence = {.generation = self->generation, .interval_ms = LIM_HEARTBEAT_MS, .ttl_ms = 60000};
    pt_buf_t body;
    s_encode (self, PT_MSG_presence, &presence, &body);
    s_send_to (self, self->peer_id, self->peer_id_len, &envelope, body.at, body.len);
    pt_buf_fini (&body);
}

static void s_reply_to (harness_t *self, const harness_frame_t *call, int status, pt_msg_t type, const void *msg)
{
    const frame_t *frame = (const frame_t *)call;
    pt_envelope_t envelope = call->envelope;
    envelope.kind = PT_KIND_REPLY;
    envelope.deadline_ms = 0;
    envelope.affinity = 0;
    envelope.status = (uint16_t)status;
    pt_buf_t body;
    s_encode (self, type, msg, &body);
    s_send_to (self, frame->id, frame->id_len, &envelope, body.at, body.len);
    pt_buf_fini (&body);
}

void harness_answer (harness_t *self, const harness_frame_t *call, const void *msg)
{
    s_reply_to (self, call, 0, pt_call_find (call->envelope.opcode)->reply, msg);
}

void harness_refuse (harness_t *self, const harness_frame_t *call, int err, const char *detail)
{
    pt_error_t error = {.has_detail = detail != NULL};
    if (detail)
        error.detail = pt_str (detail);
    harness_refuse_with (self, call, err, &error);
}

void harness_refuse_with (harness_t *self, const harness_frame_t *call, int err, const pt_error_t *error)
{
    s_reply_to (self, call, err < 0 ? -err : err, PT_MSG_error, error);
}

/*  ---- receiving --------------------------------------------------------------- */

static void s_push (queue_t *queue, frame_t *frame)
{
    frame->next = NULL;
    *queue->last = frame;
    queue->last = &frame->next;
}

static frame_t *s_take (queue_t *queue, frame_t **link)
{
    frame_t *frame = *link;
    *link = frame->next;
    if (!*link)
        queue->last = link;
    return frame;
}

static frame_t *s_take_opcode (queue_t *queue, uint16_t opcode)
{
    for (frame_t **link = &queue->first; *link; link = &(*link)->next)
        if ((*link)->frame.envelope.opcode == opcode)
            return s_take (queue, link);
    return NULL;
}

static frame_t *s_take_correlation (queue_t *queue, uint64_t correlation)
{
    for (frame_t **link = &queue->first; *link; link = &(*link)->next)
        if ((*link)->frame.envelope.correlation == correlation)
            return s_take (queue, link);
    return NULL;
}

static int s_type_of (const pt_envelope_t *envelope, pt_msg_t *out_type)
{
    const pt_call_t *op = pt_call_find (envelope->opcode);
    if (envelope->kind == PT_KIND_READY || envelope->kind == PT_KIND_HEARTBEAT || envelope->kind == PT_KIND_CREDIT)
        *out_type = PT_MSG_presence;
    else if (envelope->kind == PT_KIND_REPLY && envelope->status != 0)
        *out_type = PT_MSG_error;
    else if (op)
        *out_type = envelope->kind == PT_KIND_REPLY ? op->reply : op->request;
    else
        return -PT_E_unknown_op;
    return 0;
}

/*  A frame in the arena; NULL when the envelope can't be read. */
static frame_t *s_frame (harness_t *self, zmq_msg_t *head, zmq_msg_t *body)
{
    frame_t *frame = pt_arena_alloc (self->arena, sizeof *frame);
    pt_msg_t type;
    if (!frame || pt_envelope_decode (&frame->frame.envelope, zmq_msg_data (head), zmq_msg_size (head)) != 0)
        return NULL;
    frame->frame.body_len = zmq_msg_size (body);
    frame->frame.body = s_copy (self, zmq_msg_data (body), frame->frame.body_len);
    if (s_type_of (&frame->frame.envelope, &type) == 0 &&
        pt_decode (self->codec, type, frame->frame.body, frame->frame.body_len, self->arena, &frame->frame.msg, NULL) !=
            0)
        frame->frame.msg = NULL;
    return frame;
}

static bool s_try_fake (harness_t *self, frame_t *call)
{
    for (size_t i = 0; i < self->fake_count; i++)
        if (self->fakes[i].opcode == call->frame.envelope.opcode && self->fakes[i].fn) {
            self->fakes[i].fn (self, &call->frame, self->fakes[i].ctx);
            return true;
        }
    return false;
}

static void s_on_presence (harness_t *self, const frame_t *frame)
{
    const pt_presence_t *presence = frame->frame.msg;
    if (!presence)
        s_fail (self, "the daemon sent a control frame without a good presence");
    self->peer_id = frame->id;
    self->peer_id_len = frame->id_len;
    self->is_known = true;
    self->had_credit |= presence->credit > 0;
    if (frame->frame.envelope.kind != PT_KIND_CREDIT)
        s_send_heartbeat (self, frame->frame.envelope.correlation);
}

static void s_on_frame (harness_t *self, frame_t *frame)
{
    switch (frame->frame.envelope.kind) {
    case PT_KIND_REQUEST:
        if (!s_try_fake (self, frame))
            s_push (&self->calls, frame);
        break;
    case PT_KIND_REPLY:
        s_push (&self->replies, frame);
        break;
    case PT_KIND_READY:
    case PT_KIND_HEARTBEAT:
    case PT_KIND_CREDIT:
        s_on_presence (self, frame);
        break;
    default:
        break;
    }
}

/*  Reads the `count` frames of one message; false when there is none. */
static bool s_recv (harness_t *self, sv_channel_t channel, zmq_msg_t *frames, int count)
{
    void *socket = self->raw[channel];
    if (zmq_msg_recv (&frames[0], socket, ZMQ_DONTWAIT) < 0)
        return false;
    for (int i = 1; i < count; i++)
        if (!sv_msg_more (&frames[i - 1]) || zmq_msg_recv (&frames[i], socket, ZMQ_DONTWAIT) < 0)
            s_fail (self, "the daemon sent a message of %d frames instead of %d", i, count);
    if (sv_msg_more (&frames[count - 1]))
        s_fail (self, "the daemon sent a message of more than %d frames", count);
    return true;
}

static void s_read_requests (harness_t *self, zmq_msg_t frames[3])
{
    while (s_recv (self, SV_REQ, frames, 3)) {
        frame_t *frame = s_frame (self, &frames[1], &frames[2]);
        if (!frame)
            s_fail (self, "the daemon sent an envelope that can't be read");
        frame->id_len = zmq_msg_size (&frames[0]);
        frame->id = s_copy (self, zmq_msg_data (&frames[0]), frame->id_len);
        s_on_frame (self, frame);
    }
}

static void s_read_events (harness_t *self, zmq_msg_t frames[3])
{
    while (s_recv (self, SV_PUB, frames, 3)) {
        frame_t *frame = s_frame (self, &frames[1], &frames[2]);
        if (!frame)
            s_fail (self, "the daemon published an envelope that can't be read");
        s_push (&self->events, frame);
    }
}

static void s_drop_topic (harness_t *self, const void *bytes, size_t len)
{
    for (size_t i = 0; i < self->topic_count; i++)
        if (self->topics[i].len == len && memcmp (self->topics[i].bytes, bytes, len) == 0) {
            self->topics[i] = self->topics[--self->topic_count];
            return;
        }
}

static void s_read_subscriptions (harness_t *self, zmq_msg_t frames[3])
{
    while (s_recv (self, SV_SUB, frames, 1)) {
        const uint8_t *bytes = zmq_msg_data (&frames[0]);
        size_t len = zmq_msg_size (&frames[0]);
        if (len > 0 && bytes[0] == 1 && self->topic_count < TOPICS_MAX)
            self->topics[self->topic_count++] = (topic_t){s_copy (self, bytes + 1, len - 1), len - 1};
        else if (len > 0)
            s_drop_topic (self, bytes + 1, len - 1);
    }
}

/*  Waits for input until `end_ms` and takes all there is; fails when time is
    up or the daemon is gone and has nothing more to say. */
static void s_pump (harness_t *self, uint64_t end_ms, const char *what)
{
    zmq_pollitem_t items[3] = {
        {.socket = self->raw[0], .events = ZMQ_POLLIN},
        {.socket = self->raw[1], .events = ZMQ_POLLIN},
        {.socket = self->raw[2], .events = ZMQ_POLLIN},
    };
    bool was_gone = child_is_gone (self->pid);
    int ready = zmq_poll (items, 3, was_gone ? 0 : SLICE_MS);
    if (ready <= 0) {
        if (was_gone)
            s_fail (self, "the daemon ended while the test waited for %s", what);
        if (sv_now_ms () >= end_ms)
            s_fail (self, "waited %d ms in vain for %s", HARNESS_WAIT_MS, what);
        return;
    }
    zmq_msg_t frames[3];
    for (int i = 0; i < 3; i++)
        zmq_msg_init (&frames[i]);
    s_read_requests (self, frames);
    s_read_events (self, frames);
    s_read_subscriptions (self, frames);
    for (int i = 0; i < 3; i++)
        zmq_msg_close (&frames[i]);
    if (sv_now_ms () >= end_ms + HARNESS_WAIT_MS)
        s_fail (self, "waited in vain for %s, though the daemon talks", what);
}

static uint64_t s_end (void)
{
    return sv_now_ms () + HARNESS_WAIT_MS;
}

/*  ---- asking ---------------------------------------------------------------------- */

uint64_t harness_request_raw (harness_t *self, const pt_envelope_t *envelope, const void *body, size_t len)
{
    pt_envelope_t own = *envelope;
    uint64_t end_ms = s_end ();
    while (!self->had_credit && pt_peer_rule (self->role)->serves != PT_SERVICE_none)
        s_pump (self, end_ms, "credit");
    if (own.correlation == 0)
        own.correlation = ++self->next_correlation;
    s_send_to (self, self->peer_id, self->peer_id_len, &own, body, len);
    return own.correlation;
}

uint64_t harness_request (harness_t *self, uint16_t opcode, const void *msg)
{
    const pt_call_t *op = pt_call_find (opcode);
    if (!op)
        s_fail (self, "harness: no operation %#x", opcode);
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_REQUEST,
        .service = op->service,
        .opcode = opcode,
        .deadline_ms = HARNESS_WAIT_MS,
    };
    snprintf (envelope.trace, sizeof envelope.trace, "harness-%llu", (unsigned long long)self->next_correlation + 1);
    pt_buf_t body;
    s_encode (self, op->request, msg, &body);
    uint64_t correlation = harness_request_raw (self, &envelope, body.at, body.len);
    pt_buf_fini (&body);
    return correlation;
}

const harness_frame_t *harness_reply (harness_t *self, uint64_t correlation)
{
    frame_t *frame;
    uint64_t end_ms = s_end ();
    while (!(frame = s_take_correlation (&self->replies, correlation)))
        s_pump (self, end_ms, "a reply");
    return &frame->frame;
}

static const harness_frame_t *s_wait_opcode (harness_t *self, queue_t *queue, uint16_t opcode)
{
    const pt_call_t *op = pt_call_find (opcode);
    frame_t *frame;
    uint64_t end_ms = s_end ();
    while (!(frame = s_take_opcode (queue, opcode)))
        s_pump (self, end_ms, op ? op->name : "an unknown operation");
    return &frame->frame;
}

const harness_frame_t *harness_expect (harness_t *self, uint16_t opcode)
{
    return s_wait_opcode (self, &self->calls, opcode);
}

const harness_frame_t *harness_event (harness_t *self, uint16_t opcode)
{
    return s_wait_opcode (self, &self->events, opcode);
}

static bool s_is_subscribed (const harness_t *self, const void *topic, size_t len)
{
    for (size_t i = 0; i < self->topic_count; i++)
        if (self->topics[i].len <= len && memcmp (self->topics[i].bytes, topic, self->topics[i].len) == 0)
            return true;
    return false;
}

void harness_publish (harness_t *self, const void *topic, size_t len, uint16_t opcode, const void *msg)
{
    uint64_t end_ms = s_end ();
    while (!s_is_subscribed (self, topic, len))
        s_pump (self, end_ms, "a subscription");
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_EVENT,
        .opcode = opcode,
        .correlation = ++self->next_correlation,
        .affinity = self->generation,
    };
    uint8_t head[LIM_ENVELOPE];
    size_t head_len = pt_envelope_encode (&envelope, head);
    pt_buf_t body;
    s_encode (self, pt_call_find (opcode)->request, msg, &body);
    zmq_send (self->raw[SV_SUB], topic, len, ZMQ_SNDMORE);
    zmq_send (self->raw[SV_SUB], head, head_len, ZMQ_SNDMORE);
    zmq_send (self->raw[SV_SUB], body.at, body.len, 0);
    pt_buf_fini (&body);
}

void harness_fake (harness_t *self, uint16_t opcode, harness_fake_fn *fn, void *ctx)
{
    size_t i = 0;
    while (i < self->fake_count && self->fakes[i].opcode != opcode)
        i++;
    if (i == FAKES_MAX)
        s_fail (self, "harness: more than %d fakes", FAKES_MAX);
    self->fakes[i] = (fake_t){opcode, fn, ctx};
    if (i == self->fake_count)
        self->fake_count++;
    frame_t *call;
    while (fn && (call = s_take_opcode (&self->calls, opcode)))
        fn (self, &call->frame, ctx);
}

/*  ---- life -------------------------------------------------------------------------- */

static void s_open_channel (harness_t *self, sv_channel_t channel, int type)
{
    char endpoint[SV_ENDPOINT_LEN];
    self->sockets[channel] = sv_socket_new (type);
    if (!self->sockets[channel] || sv_endpoint (self->base, self->role, channel, endpoint) != 0)
        s_fail (self, "harness: no socket");
    self->raw[channel] = zsock_resolve (self->sockets[channel]);
    if (zmq_bind (self->raw[channel], endpoint) != 0)
        s_fail (self, "harness: can't bind %s: %s", endpoint, zmq_strerror (errno));
}

static void s_open (harness_t *self)
{
    snprintf (self->dir, sizeof self->dir, "/tmp/parley-harness-XXXXXX");
    if (!mkdtemp (self->dir))
        s_fail (self, "harness: no folder");
    snprintf (self->base, sizeof self->base, "ipc://%s", self->dir);
    self->calls.last = &self->calls.first;
    self->replies.last = &self->replies.first;
    self->events.last = &self->events.first;
    self->generation = (uint64_t)getpid () << 20 | 1;
    s_open_channel (self, SV_REQ, ZMQ_ROUTER);
    s_open_channel (self, SV_PUB, ZMQ_SUB);
    s_open_channel (self, SV_SUB, ZMQ_XPUB);
    zmq_setsockopt (self->raw[SV_PUB], ZMQ_SUBSCRIBE, "", 0);
}

static void s_start (harness_t *self, const char *program, const char *const *args)
{
    char log[96];
    const char *all[ARGS_MAX + 3] = {"--bus", self->base};
    for (int i = 0; args && args[i] && i < ARGS_MAX; i++)
        all[2 + i] = args[i];
    snprintf (log, sizeof log, "%s/log", self->dir);
    self->pid = child_start (program, all, log);
}

harness_t *harness_new (const char *program, pt_peer_t role, const char *const *args)
{
    harness_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->role = role;
    self->codec = pt_codec_new ();
    self->arena = pt_arena_new (ARENA_MAX);
    if (!self->codec || !self->arena)
        s_fail (self, "harness: out of memory");
    s_open (self);
    s_start (self, program, args);
    uint64_t end_ms = s_end ();
    while (!self->is_known)
        s_pump (self, end_ms, "the daemon to announce itself");
    return self;
}

/*  Waits for the end of the child, which wants its drain confirmed meanwhile. */
static void s_await_end (harness_t *self)
{
    int fd = child_open (self->pid);
    zmq_pollitem_t items[2] = {
        {.fd = fd, .events = ZMQ_POLLIN},
        {.socket = self->raw[SV_REQ], .events = ZMQ_POLLIN},
    };
    zmq_msg_t frames[3];
    for (int i = 0; i < 3; i++)
        zmq_msg_init (&frames[i]);
    uint64_t end_ms = sv_now_ms () + KILL_AFTER_MS;
    while (fd >= 0 && items[0].revents == 0 && sv_now_ms () < end_ms && zmq_poll (items, 2, KILL_AFTER_MS) > 0)
        s_read_requests (self, frames);
    for (int i = 0; i < 3; i++)
        zmq_msg_close (&frames[i]);
    if (fd >= 0)
        close (fd);
}

static void s_end_child (harness_t *self)
{
    if (self->pid <= 0)
        return;
    self->fake_count = 0; /* what they point to may be gone */
    kill (self->pid, SIGTERM);
    s_await_end (self);
    (void)child_end (&self->pid, SIGKILL, KILL_AFTER_MS);
}

static void s_remove_folder (const harness_t *self)
{
    static const char *const suffixes[] = {"req", "pub", "sub"};
    char path[128];
    snprintf (path, sizeof path, "%s/log", self->dir);
    unlink (path);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf (path, sizeof path, "%s/%s.%s", self->dir, sv_role_name (self->role), suffixes[i]);
        unlink (path);
    }
    rmdir (self->dir);
}

void harness_destroy (harness_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    harness_t *self = *self_p;
    s_end_child (self);
    for (int i = 0; i < 3; i++)
        zsock_destroy (&self->sockets[i]);
    s_remove_folder (self);
    pt_codec_destroy (&self->codec);
    pt_arena_destroy (&self->arena);
    free (self);
    *self_p = NULL;
}

const char *harness_dir (const harness_t *self)
{
    return self->dir;
}

int harness_pid (const harness_t *self)
{
    return self->pid;
}

pt_arena_t *harness_arena (harness_t *self)
{
    return self->arena;
}

void harness_answer_status (harness_t *self, const harness_frame_t *call, bool is_ready)
{
    const pt_status_t status = {
        .service = pt_str (pt_service_name (call->envelope.service)),
        .instance = PT_LIT ("1"),
        .version = PT_LIT ("0"),
        .pid = 1,
        .ready = is_ready,
    };
    harness_answer (self, call, &status);
}

void harness_fake_ready (harness_t *self, const harness_frame_t *call, void *ctx)
{
    (void)ctx;
    harness_answer_status (self, call, true);
}
