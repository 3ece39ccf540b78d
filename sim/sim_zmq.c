/*  sim_zmq - see sim_zmq.h. */

#include "sim_zmq.h"
#include <czmq.h>

/*  Between two attempts to connect. */
#define S_RECONNECT_MIN_US 20000
#define S_RECONNECT_MAX_US 400000

#define S_ENDPOINT 64

typedef struct {
    uint8_t len;
    uint8_t count; /* how often it was asked for */
    char at[SIM_TOPIC_LEN];
} topic_t;

typedef struct {
    topic_t at[SIM_TOPICS];
    unsigned count;
} topics_t;

/*  One peer of a socket. */
typedef struct {
    sim_link_t *link; /* NULL: free */
    bool is_up;
    uint64_t serial; /* the routing id, at a ROUTER */
    topics_t wants;  /* of a PUB or XPUB: what the peer subscribed */
} pipe_t;

struct sim_socket {
    sim_process_t *process;
    int type;
    bool is_bound;
    char endpoint[S_ENDPOINT];
    unsigned side; /* of its links */
    pipe_t pipes[SIM_PIPES];
    unsigned pipe_count; /* places ever used */
    uint64_t last_serial;
    topics_t topics; /* of a SUB or XSUB: what it subscribed */
    sim_parcel_t *first, *last;
    unsigned read; /* parts of the first parcel that were read; a ROUTER's first is its id */
    sim_parcel_t *draft;
    pipe_t *target; /* of the draft, at a ROUTER */
};

/*  ---- zmq_msg_t ----------------------------------------------------------------- */

typedef struct {
    sim_bytes_t *bytes; /* NULL: empty */
    bool has_more;
} msg_t;

_Static_assert(sizeof (msg_t) <= sizeof (zmq_msg_t), "a message fits where ZeroMQ keeps its own");

static msg_t *s_msg (zmq_msg_t *msg)
{
    return (msg_t *)(void *)msg;
}

int zmq_msg_init (zmq_msg_t *msg)
{
    *s_msg (msg) = (msg_t){0};
    return 0;
}

int zmq_msg_init_size (zmq_msg_t *msg, size_t size)
{
    *s_msg (msg) = (msg_t){.bytes = sim_bytes_new (NULL, size)};
    return s_msg (msg)->bytes ? 0 : -1;
}

void *zmq_msg_data (zmq_msg_t *msg)
{
    return s_msg (msg)->bytes ? s_msg (msg)->bytes->at : NULL;
}

size_t zmq_msg_size (const zmq_msg_t *msg)
{
    const msg_t *self = (const msg_t *)(const void *)msg;
    return self->bytes ? self->bytes->len : 0;
}

int zmq_msg_more (const zmq_msg_t *msg)
{
    return ((const msg_t *)(const void *)msg)->has_more;
}

int zmq_msg_close (zmq_msg_t *msg)
{
    sim_bytes_unref (&s_msg (msg)->bytes);
    return 0;
}

int zmq_msg_copy (zmq_msg_t *to, zmq_msg_t *from)
{
    sim_bytes_t *bytes = sim_bytes_ref (s_msg (from)->bytes);
    zmq_msg_close (to);
    *s_msg (to) = (msg_t){.bytes = bytes};
    return 0;
}

int zmq_msg_move (zmq_msg_t *to, zmq_msg_t *from)
{
    zmq_msg_close (to);
    *s_msg (to) = *s_msg (from);
    *s_msg (from) = (msg_t){0};
    return 0;
}

/*  ---- topics ---------------------------------------------------------------------- */

static topic_t *s_find_topic (topics_t *self, const char *at, size_t len)
{
    for (unsigned i = 0; i < self->count; i++)
        if (self->at[i].len == len && memcmp (self->at[i].at, at, len) == 0)
            return &self->at[i];
    return NULL;
}

/*  Whether that changed the set. */
static bool s_set_topic (topics_t *self, bool is_on, const char *at, size_t len)
{
    topic_t *topic = s_find_topic (self, at, len);
    if (is_on && topic) {
        topic->count++;
        return false;
    }
    if (is_on) {
        if (self->count == SIM_TOPICS || len > SIM_TOPIC_LEN)
            return false;
        topic = &self->at[self->count++];
        *topic = (topic_t){.len = (uint8_t)len, .count = 1};
        memcpy (topic->at, at, len);
        return true;
    }
    if (!topic || --topic->count > 0)
        return false;
    *topic = self->at[--self->count];
    return true;
}

static bool s_is_wanted (const topics_t *self, const sim_bytes_t *name)
{
    for (unsigned i = 0; i < self->count; i++)
        if (self->at[i].len <= name->len && memcmp (self->at[i].at, name->at, self->at[i].len) == 0)
            return true;
    return false;
}

/*  ---- sending ----------------------------------------------------------------------- */

static sim_parcel_t *s_copy_parcel (sim_socket_t *self, const sim_parcel_t *from)
{
    sim_parcel_t *parcel = sim_parcel_new (self->process->net);
    if (!parcel)
        return NULL;
    for (unsigned i = 0; i < from->count; i++)
        parcel->parts[parcel->count++] = sim_bytes_ref (from->parts[i]);
    return parcel;
}

static void s_send_copy (sim_socket_t *self, const pipe_t *pipe, const sim_parcel_t *from)
{
    sim_parcel_t *parcel = s_copy_parcel (self, from);
    if (parcel)
        sim_link_send (pipe->link, self->side, parcel);
}

static void s_tell_topic (sim_socket_t *self, const pipe_t *pipe, bool is_on, const char *at, size_t len)
{
    sim_parcel_t *parcel = sim_parcel_new (self->process->net);
    if (!parcel)
        return;
    parcel->parts[0] = sim_bytes_new (NULL, len + 1);
    if (!parcel->parts[0]) {
        sim_parcel_discard (self->process->net, &parcel);
        return;
    }
    parcel->count = 1;
    parcel->parts[0]->at[0] = is_on;
    memcpy (parcel->parts[0]->at + 1, at, len);
    sim_link_send (pipe->link, self->side, parcel);
}

static void s_subscribe (sim_socket_t *self, bool is_on, const char *at, size_t len)
{
    if (!s_set_topic (&self->topics, is_on, at, len))
        return;
    for (unsigned i = 0; i < self->pipe_count; i++)
        if (self->pipes[i].is_up)
            s_tell_topic (self, &self->pipes[i], is_on, at, len);
}

static void s_publish (sim_socket_t *self, const sim_parcel_t *parcel)
{
    sim_net_t *net = self->process->net;
    for (unsigned i = 0; i < self->pipe_count; i++) {
        const pipe_t *pipe = &self->pipes[i];
        if (!pipe->is_up || !s_is_wanted (&pipe->wants, parcel->parts[0]))
            continue;
        if (net->loss_until_us > net->now_us && sim_random_chance (net->random, net->loss_permille))
            continue;
        s_send_copy (self, pipe, parcel);
    }
}

static pipe_t *s_any_pipe (sim_socket_t *self)
{
    for (unsigned i = 0; i < self->pipe_count; i++)
        if (self->pipes[i].is_up)
            return &self->pipes[i];
    return NULL;
}

static pipe_t *s_pipe_of (sim_socket_t *self, const void *id, size_t len)
{
    uint64_t serial = 0;
    if (len != sizeof serial)
        return NULL;
    memcpy (&serial, id, len);
    for (unsigned i = 0; i < self->pipe_count; i++)
        if (self->pipes[i].is_up && self->pipes[i].serial == serial)
            return &self->pipes[i];
    return NULL;
}

/*  The first part of a message finds its peer; 0, or an errno. */
static int s_begin (sim_socket_t *self, const sim_bytes_t *part)
{
    self->target = NULL;
    if (self->type == ZMQ_DEALER && !(self->target = s_any_pipe (self)))
        return EAGAIN;
    if (self->type == ZMQ_ROUTER && !(self->target = s_pipe_of (self, part->at, part->len)))
        return EHOSTUNREACH;
    self->draft = sim_parcel_new (self->process->net);
    return self->draft ? 0 : ENOMEM;
}

static void s_finish (sim_socket_t *self)
{
    sim_parcel_t *parcel = self->draft;
    self->draft = NULL;
    if (self->type == ZMQ_PUB || self->type == ZMQ_XPUB)
        s_publish (self, parcel);
    else if (self->type == ZMQ_XSUB && parcel->count == 1 && parcel->parts[0]->len > 0)
        s_subscribe (self, parcel->parts[0]->at[0] == 1, parcel->parts[0]->at + 1, parcel->parts[0]->len - 1);
    else if (self->target && self->target->is_up) {
        s_send_copy (self, self->target, parcel);
        self->target = NULL;
    }
    sim_parcel_discard (self->process->net, &parcel);
}

/*  Consumes the part on success alone. */
static int s_send_part (sim_socket_t *self, sim_bytes_t *part, int flags)
{
    bool is_first = !self->draft;
    int error = is_first ? s_begin (self, part) : self->draft->count == SIM_PARTS ? EINVAL : 0;
    if (error) {
        errno = error;
        return -1;
    }
    int len = (int)part->len;
    if (is_first && self->type == ZMQ_ROUTER)
        sim_bytes_unref (&part); /* the id stays here */
    else
        self->draft->parts[self->draft->count++] = part;
    if (!(flags & ZMQ_SNDMORE))
        s_finish (self);
    return len;
}

int zmq_send (void *socket, const void *bytes, size_t len, int flags)
{
    sim_bytes_t *part = sim_bytes_new (bytes, len);
    if (!part)
        return -1;
    int rc = s_send_part (socket, part, flags);
    if (rc < 0)
        sim_bytes_unref (&part);
    return rc;
}

int zmq_msg_send (zmq_msg_t *msg, void *socket, int flags)
{
    sim_bytes_t *part = s_msg (msg)->bytes ? s_msg (msg)->bytes : sim_bytes_new (NULL, 0);
    if (!part)
        return -1;
    bool is_made = part != s_msg (msg)->bytes;
    int rc = s_send_part (socket, part, flags);
    if (rc >= 0)
        *s_msg (msg) = (msg_t){0};
    else if (is_made)
        sim_bytes_unref (&part);
    return rc;
}

/*  ---- receiving ---------------------------------------------------------------------- */

bool sim_zmq_has_input (const void *socket)
{
    return ((const sim_socket_t *)socket)->first != NULL;
}

static void s_drop_first (sim_socket_t *self)
{
    sim_parcel_t *parcel = self->first;
    self->first = parcel->next;
    self->read = 0;
    sim_parcel_discard (self->process->net, &parcel);
}

/*  The routing id of the peer that sent a parcel, as its `at_us` was overwritten with. */
static sim_bytes_t *s_id_of (const sim_parcel_t *parcel)
{
    return sim_bytes_new (&parcel->at_us, sizeof parcel->at_us);
}

int zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags)
{
    (void)flags;
    sim_socket_t *self = socket;
    sim_parcel_t *parcel = self->first;
    if (!parcel) {
        errno = EAGAIN;
        return -1;
    }
    unsigned ids = self->type == ZMQ_ROUTER, part = self->read++;
    sim_bytes_t *bytes = part < ids ? s_id_of (parcel) : sim_bytes_ref (parcel->parts[part - ids]);
    bool has_more = self->read < parcel->count + ids;
    zmq_msg_close (msg);
    *s_msg (msg) = (msg_t){.bytes = bytes, .has_more = has_more};
    if (!has_more)
        s_drop_first (self);
    return bytes ? (int)bytes->len : -1;
}

static void s_store (sim_socket_t *self, sim_parcel_t *parcel)
{
    parcel->next = NULL;
    if (self->first)
        self->last->next = parcel;
    else
        self->first = parcel;
    self->last = parcel;
    sim_process_wake (self->process);
}

static pipe_t *s_pipe (sim_socket_t *self, const sim_link_t *link)
{
    for (unsigned i = 0; i < self->pipe_count; i++)
        if (self->pipes[i].link == link)
            return &self->pipes[i];
    return NULL;
}

/*  Whether any peer but `but` wants the topic. */
static bool s_is_wanted_else (sim_socket_t *self, const pipe_t *but, const char *at, size_t len)
{
    for (unsigned i = 0; i < self->pipe_count; i++)
        if (&self->pipes[i] != but && self->pipes[i].is_up && s_find_topic (&self->pipes[i].wants, at, len))
            return true;
    return false;
}

/*  A subscription of a peer; an XPUB hands up what changes for all of them. */
static void s_take_topic (sim_socket_t *self, pipe_t *pipe, sim_parcel_t *parcel)
{
    const sim_bytes_t *bytes = parcel->parts[0];
    bool is_told = bytes->len > 0 && s_set_topic (&pipe->wants, bytes->at[0] == 1, bytes->at + 1, bytes->len - 1) &&
                   self->type == ZMQ_XPUB && !s_is_wanted_else (self, pipe, bytes->at + 1, bytes->len - 1);
    if (is_told)
        s_store (self, parcel);
    else
        sim_parcel_discard (self->process->net, &parcel);
}

static void s_take (void *ctx, sim_link_t *link, sim_parcel_t *parcel)
{
    sim_socket_t *self = ctx;
    pipe_t *pipe = s_pipe (self, link);
    if (!pipe)
        sim_parcel_discard (self->process->net, &parcel);
    else if (self->type == ZMQ_PUB || self->type == ZMQ_XPUB)
        s_take_topic (self, pipe, parcel);
    else {
        parcel->at_us = pipe->serial;
        s_store (self, parcel);
    }
}

/*  ---- connections ------------------------------------------------------------------------ */

static pipe_t *s_free_pipe (sim_socket_t *self)
{
    pipe_t *pipe = s_pipe (self, NULL);
    if (!pipe && self->pipe_count < SIM_PIPES)
        pipe = &self->pipes[self->pipe_count++];
    return pipe;
}

static void s_up (void *ctx, sim_link_t *link)
{
    sim_socket_t *self = ctx;
    pipe_t *pipe = s_pipe (self, link);
    if (!pipe)
        pipe = s_free_pipe (self);
    if (!pipe) {
        sim_link_close (link, self->side);
        return;
    }
    *pipe = (pipe_t){.link = link, .is_up = true, .serial = ++self->last_serial};
    if (self->type == ZMQ_SUB || self->type == ZMQ_XSUB)
        for (unsigned i = 0; i < self->topics.count; i++)
            s_tell_topic (self, pipe, true, self->topics.at[i].at, self->topics.at[i].len);
}

static void s_connect_later (sim_socket_t *self);

/*  An XPUB hands up that nobody wants the topics of the peer any more. */
static void s_forget_topics (sim_socket_t *self, pipe_t *pipe)
{
    for (unsigned i = 0; self->type == ZMQ_XPUB && i < pipe->wants.count; i++) {
        const topic_t *topic = &pipe->wants.at[i];
        sim_parcel_t *parcel = sim_parcel_new (self->process->net);
        if (!parcel || s_is_wanted_else (self, pipe, topic->at, topic->len)) {
            sim_parcel_discard (self->process->net, &parcel);
            continue;
        }
        parcel->parts[0] = sim_bytes_new (NULL, topic->len + 1u);
        if (!parcel->parts[0]) {
            sim_parcel_discard (self->process->net, &parcel);
            continue;
        }
        parcel->count = 1;
        parcel->parts[0]->at[0] = 0;
        memcpy (parcel->parts[0]->at + 1, topic->at, topic->len);
        s_store (self, parcel);
    }
}

static void s_down (void *ctx, sim_link_t *link)
{
    sim_socket_t *self = ctx;
    pipe_t *pipe = s_pipe (self, link);
    if (pipe) {
        pipe->is_up = false;
        s_forget_topics (self, pipe);
        *pipe = (pipe_t){0};
    }
    if (!self->is_bound)
        s_connect_later (self);
}

static const sim_end_ops_t s_end_ops = {s_up, s_down, s_take};

static sim_socket_t *s_listener (const sim_ports_t *ports, const char *endpoint)
{
    for (unsigned i = 0; i < ports->count; i++)
        if (strcmp (ports->bound[i]->endpoint, endpoint) == 0)
            return ports->bound[i];
    return NULL;
}

static void s_on_connect (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_socket_t *self = ctx;
    sim_process_t *process = self->process;
    sim_socket_t *other = s_listener (process->ports, self->endpoint);
    pipe_t *pipe = other ? s_free_pipe (self) : NULL;
    sim_end_t from = {process->node, &s_end_ops, self};
    sim_end_t to = {other ? other->process->node : 0, &s_end_ops, other};
    sim_link_t *link = pipe ? sim_net_connect (process->net, &from, &to) : NULL;
    if (link)
        *pipe = (pipe_t){.link = link};
    else
        s_connect_later (self);
}

static void s_connect_later (sim_socket_t *self)
{
    sim_net_t *net = self->process->net;
    sim_net_after (net, self->process->node, sim_random_between (net->random, S_RECONNECT_MIN_US, S_RECONNECT_MAX_US),
                   s_on_connect, self, 0);
}

int zmq_connect (void *socket, const char *endpoint)
{
    sim_socket_t *self = socket;
    snprintf (self->endpoint, sizeof self->endpoint, "%s", endpoint);
    s_on_connect (self, 0);
    return 0;
}

int zmq_bind (void *socket, const char *endpoint)
{
    sim_socket_t *self = socket;
    sim_ports_t *ports = self->process->ports;
    if (ports->count == SIM_SOCKETS || s_listener (ports, endpoint)) {
        errno = EADDRINUSE;
        return -1;
    }
    snprintf (self->endpoint, sizeof self->endpoint, "%s", endpoint);
    self->is_bound = true;
    self->side = 1;
    ports->bound[ports->count++] = self;
    return 0;
}

int zmq_setsockopt (void *socket, int option, const void *value, size_t len)
{
    if (option == ZMQ_SUBSCRIBE || option == ZMQ_UNSUBSCRIBE)
        s_subscribe (socket, option == ZMQ_SUBSCRIBE, value, len);
    return 0;
}

/*  ---- zsock_t -------------------------------------------------------------------------------- */

zsock_t *zsock_new_checked (int type, const char *filename, size_t line_nbr)
{
    (void)filename, (void)line_nbr;
    sim_socket_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->process = sim_process_current ();
    self->type = type;
    return (zsock_t *)(void *)self;
}

void *zsock_resolve (void *self)
{
    return self;
}

static void s_unbind (sim_socket_t *self)
{
    sim_ports_t *ports = self->process->ports;
    for (unsigned i = 0; i < ports->count; i++)
        if (ports->bound[i] == self)
            ports->bound[i--] = ports->bound[--ports->count];
}

void zsock_destroy_checked (zsock_t **self_p, const char *filename, size_t line_nbr)
{
    (void)filename, (void)line_nbr;
    sim_socket_t *self = (sim_socket_t *)(void *)*self_p;
    *self_p = NULL;
    if (!self)
        return;
    s_unbind (self);
    for (unsigned i = 0; i < self->pipe_count; i++)
        if (self->pipes[i].link)
            sim_link_close (self->pipes[i].link, self->side);
    while (self->first)
        s_drop_first (self);
    sim_parcel_discard (self->process->net, &self->draft);
    free (self);
}

void zsys_handler_set (zsys_handler_fn *handler)
{
    (void)handler;
}
