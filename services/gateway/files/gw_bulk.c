/*  gw_bulk - transfers and the connections that they use, see gw_bulk.h.

    A download is a ring of the frames that came; credit keeps it to a window, and
    eating a frame is what grants more.  An upload fills one chunk at a time, so that
    frames are large however small the client's pieces are; what does not fill one
    goes on after GW_BULK_FLUSH_MS.  What ends within a call of the request's is told
    from the timer. */

#include "gw_bulk.h"
#include <stdlib.h>

/*  How often idle connections are looked at when nothing is under way. */
#define REST_MS 5000

typedef struct {
    sv_bulk_t *bulk;  /* NULL: the place is free */
    uint64_t idle_ms; /* since when; 0: at work */
} replica_t;

struct gw_transfer {
    gw_bulk_t *owner;
    gw_transfer_t *next, **link;
    sv_bulk_flow_t *flow; /* NULL: over, its request is told at the next tick */
    const gw_transfer_ops_t *ops;
    void *arg;
    uint64_t passed;
    bool is_upload;
    bool is_last; /* no bytes come after those that are held */

    zmq_msg_t frames[LIM_BULK_FRAMES]; /* download: a ring */
    unsigned first, count;
    size_t eaten; /* of the first frame */

    uint8_t *chunk; /* upload: being filled */
    size_t len;
    bool is_stopped; /* was told that no more is wanted */
};

struct gw_bulk {
    sv_bulk_config_t config;
    replica_t replicas[GW_BULK_REPLICAS];
    gw_transfer_t *transfers;
    unsigned count, replica_count;
    sv_timer_t *timer;
    bool is_hurried;
    sv_metric_t *connections;
};

/*  ---- transfers ------------------------------------------------------------- */

static void s_free (gw_transfer_t *self)
{
    self->owner->count--;
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    for (unsigned i = 0; i < self->count; i++)
        zmq_msg_close (&self->frames[(self->first + i) % LIM_BULK_FRAMES]);
    sv_bulk_buffer_free (&self->chunk);
    free (self);
}

static void s_tell_ended (gw_transfer_t *self, int status, const pt_bulk_end_t *end)
{
    const gw_transfer_ops_t *ops = self->ops;
    void *arg = self->arg;
    s_free (self);
    ops->ended (arg, status, end);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    gw_transfer_t *self = arg;
    self->flow = NULL;
    s_tell_ended (self, status, end);
}

static void s_hurry (gw_bulk_t *self)
{
    if (!self->is_hurried)
        sv_timer_set (self->config.loop, self->timer, 1, GW_BULK_FLUSH_MS);
    self->is_hurried = true;
}

/*  All of it is with the client. */
static void s_finish_download (gw_transfer_t *self)
{
    sv_bulk_finish (&self->flow, NULL);
    s_hurry (self->owner);
}

static void s_on_data (void *arg, zmq_msg_t *frame, bool is_last)
{
    gw_transfer_t *self = arg;
    size_t len;
    (void)sv_bulk_body (frame, &len);
    self->is_last = is_last;
    if (len > 0) {
        zmq_msg_t *place = &self->frames[(self->first + self->count++) % LIM_BULK_FRAMES];
        zmq_msg_init (place);
        zmq_msg_move (place, frame);
        self->ops->ready (self->arg);
    } else if (self->count == 0)
        s_finish_download (self);
}

/*  The bytes of the chunk go on if they may.  Without any only the end does, once:
    after it there is no room. */
static void s_flush (gw_transfer_t *self)
{
    size_t needed = self->len > 0 ? self->len : 1;
    if (!self->flow || (self->len == 0 && !self->is_last) || sv_bulk_room (self->flow) < needed)
        return;
    if (!self->chunk)
        self->chunk = sv_bulk_buffer_new (1);
    size_t len = self->len;
    self->len = 0;
    if (!self->chunk || sv_bulk_give (self->flow, &self->chunk, len, self->is_last) == -PT_E_invalid)
        sv_bulk_abort (&self->flow, -PT_E_memory, NULL);
    if (!self->flow)
        s_hurry (self->owner);
}

static bool s_is_full (const gw_transfer_t *self)
{
    return LIM_BULK_CHUNK - self->len < GW_BULK_PUT;
}

static void s_on_room (void *arg)
{
    gw_transfer_t *self = arg;
    if (s_is_full (self) || self->is_last)
        s_flush (self);
    if (self->is_stopped && gw_transfer_wants (self)) {
        self->is_stopped = false;
        self->ops->ready (self->arg);
    }
}

static const sv_bulk_ops_t s_ops = {.room = s_on_room, .data = s_on_data, .ended = s_on_ended};

/*  ---- replicas -------------------------------------------------------------- */

static sv_bulk_t *s_replica (gw_bulk_t *self, const char *endpoint, int *out_err)
{
    replica_t *place = NULL;
    for (replica_t *replica = self->replicas; replica < self->replicas + GW_BULK_REPLICAS; replica++) {
        if (!replica->bulk)
            place = place ? place : replica;
        else if (!sv_bulk_is_lost (replica->bulk) && strcmp (sv_bulk_endpoint (replica->bulk), endpoint) == 0)
            return replica->bulk;
    }
    *out_err = -PT_E_busy;
    if (!place) {
        s_hurry (self);
        return NULL;
    }
    *out_err = sv_bulk_connect (&self->config, endpoint, &place->bulk);
    if (*out_err == -PT_E_invalid)
        *out_err = -PT_E_unavailable;
    if (*out_err == 0) {
        place->idle_ms = 0;
        sv_metric_set (self->connections, ++self->replica_count);
    }
    return place->bulk;
}

/*  A lost one goes when its streams have ended, an idle one after a while. */
static void s_sweep (gw_bulk_t *self, uint64_t now_ms)
{
    uint64_t patience_ms = self->replica_count < GW_BULK_REPLICAS ? GW_BULK_IDLE_MS : 0;
    for (replica_t *replica = self->replicas; replica < self->replicas + GW_BULK_REPLICAS; replica++) {
        if (!replica->bulk)
            continue;
        bool is_idle = sv_bulk_streams (replica->bulk) == 0;
        if (!is_idle || replica->idle_ms == 0)
            replica->idle_ms = is_idle ? now_ms : 0;
        if (is_idle && (sv_bulk_is_lost (replica->bulk) || now_ms - replica->idle_ms >= patience_ms)) {
            sv_bulk_destroy (&replica->bulk);
            sv_metric_set (self->connections, --self->replica_count);
        }
    }
}

/*  ---- time ------------------------------------------------------------------ */

/*  One that is over and not told; a callback may end any other, so the list is
    looked through anew after each. */
static gw_transfer_t *s_next_over (const gw_bulk_t *self)
{
    gw_transfer_t *transfer = self->transfers;
    while (transfer && transfer->flow)
        transfer = transfer->next;
    return transfer;
}

static void s_tell_over (gw_bulk_t *self)
{
    static const pt_bulk_end_t nothing = {0};
    gw_transfer_t *transfer;
    while ((transfer = s_next_over (self)))
        s_tell_ended (transfer, transfer->is_upload ? -PT_E_memory : 0, &nothing);
}

static void s_on_tick (void *arg)
{
    gw_bulk_t *self = arg;
    self->is_hurried = false;
    for (gw_transfer_t *transfer = self->transfers; transfer; transfer = transfer->next)
        if (transfer->is_upload && !transfer->is_stopped)
            s_flush (transfer);
    s_tell_over (self);
    s_sweep (self, sv_now_ms ());
    uint32_t tick_ms = self->count > 0 ? GW_BULK_FLUSH_MS : self->replica_count > 0 ? REST_MS : 0;
    if (!self->is_hurried)
        sv_timer_set (self->config.loop, self->timer, tick_ms, tick_ms);
}

/*  ---- requests -------------------------------------------------------------- */

static gw_transfer_t *s_add (gw_bulk_t *self, const gw_transfer_ops_t *ops, void *arg)
{
    gw_transfer_t *transfer = calloc (1, sizeof *transfer);
    if (!transfer)
        return NULL;
    transfer->owner = self;
    transfer->ops = ops;
    transfer->arg = arg;
    transfer->next = self->transfers;
    transfer->link = &self->transfers;
    if (transfer->next)
        transfer->next->link = &transfer->next;
    self->transfers = transfer;
    if (self->count++ == 0)
        s_hurry (self);
    return transfer;
}

static gw_transfer_t *s_begin (gw_bulk_t *self, sv_bulk_side_t side, const pt_bulk_grant_t *grant,
                               const gw_transfer_ops_t *ops, void *arg, int *out_err)
{
    char endpoint[LIM_ENDPOINT + 1];
    *out_err = self->count >= LIM_BULK_STREAMS ? -PT_E_busy : 0;
    snprintf (endpoint, sizeof endpoint, "%.*s", (int)grant->endpoint.len, grant->endpoint.at);
    sv_bulk_t *bulk = *out_err == 0 ? s_replica (self, endpoint, out_err) : NULL;
    if (!bulk)
        return NULL;
    gw_transfer_t *transfer = s_add (self, ops, arg);
    if (!transfer) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    transfer->is_upload = side == SV_BULK_GIVES;
    transfer->flow = sv_bulk_join (bulk, side, grant, &s_ops, transfer, out_err);
    if (!transfer->flow) {
        s_free (transfer);
        transfer = NULL;
    }
    return transfer;
}

gw_transfer_t *gw_bulk_download (gw_bulk_t *self, const pt_bulk_grant_t *grant, const gw_transfer_ops_t *ops, void *arg,
                                 int *out_err)
{
    return s_begin (self, SV_BULK_TAKES, grant, ops, arg, out_err);
}

gw_transfer_t *gw_bulk_upload (gw_bulk_t *self, const pt_bulk_grant_t *grant, const gw_transfer_ops_t *ops, void *arg,
                               int *out_err)
{
    return s_begin (self, SV_BULK_GIVES, grant, ops, arg, out_err);
}

const uint8_t *gw_transfer_peek (gw_transfer_t *self, size_t *out_len)
{
    *out_len = 0;
    if (self->count == 0)
        return NULL;
    const uint8_t *bytes = sv_bulk_body (&self->frames[self->first], out_len);
    *out_len -= self->eaten;
    return bytes + self->eaten;
}

void gw_transfer_eat (gw_transfer_t *self, size_t len)
{
    size_t size = 0;
    if (self->count == 0)
        return;
    zmq_msg_t *frame = &self->frames[self->first];
    (void)sv_bulk_body (frame, &size);
    len = len < size - self->eaten ? len : size - self->eaten;
    self->eaten += len;
    self->passed += len;
    if (self->eaten < size)
        return;
    zmq_msg_close (frame);
    self->first = (self->first + 1) % LIM_BULK_FRAMES;
    self->count--;
    self->eaten = 0;
    if (self->flow)
        sv_bulk_taken (self->flow, size);
    if (self->flow && self->is_last && self->count == 0)
        s_finish_download (self);
}

bool gw_transfer_wants (const gw_transfer_t *self)
{
    return self->is_upload && !self->is_last && !s_is_full (self);
}

int gw_transfer_put (gw_transfer_t *self, const void *bytes, size_t len)
{
    if (!gw_transfer_wants (self) || len > GW_BULK_PUT)
        return -PT_E_too_large;
    if (!self->chunk && len > 0)
        self->chunk = sv_bulk_buffer_new (LIM_BULK_CHUNK);
    if (!self->chunk && len > 0)
        return -PT_E_memory;
    if (len > 0)
        memcpy (self->chunk + self->len, bytes, len);
    self->len += len;
    self->passed += len;
    if (s_is_full (self))
        s_flush (self);
    self->is_stopped = !gw_transfer_wants (self);
    return 0;
}

void gw_transfer_last (gw_transfer_t *self)
{
    self->is_last = true;
    s_flush (self);
}

uint64_t gw_transfer_passed (const gw_transfer_t *self)
{
    return self->passed;
}

void gw_transfer_cancel (gw_transfer_t **self_p, int err)
{
    gw_transfer_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    sv_bulk_abort (&self->flow, err, NULL);
    s_free (self);
}

/*  ---- life ------------------------------------------------------------------ */

gw_bulk_t *gw_bulk_new (const sv_bulk_config_t *config)
{
    gw_bulk_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->connections =
        sv_metrics_gauge (config->metrics, "parley_bulk_replicas", NULL, "Connections to replicas of drive");
    self->timer = sv_loop_timer (config->loop, 0, 0, s_on_tick, self);
    if (!self->timer)
        gw_bulk_destroy (&self);
    return self;
}

void gw_bulk_destroy (gw_bulk_t **self_p)
{
    gw_bulk_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    for (gw_transfer_t *transfer = self->transfers, *next; transfer; transfer = next) {
        next = transfer->next;
        gw_transfer_cancel (&transfer, -PT_E_draining);
    }
    for (size_t i = 0; i < GW_BULK_REPLICAS; i++)
        sv_bulk_destroy (&self->replicas[i].bulk);
    sv_timer_cancel (self->config.loop, &self->timer);
    free (self);
}

unsigned gw_bulk_transfers (const gw_bulk_t *self)
{
    return self->count;
}

unsigned gw_bulk_replicas (const gw_bulk_t *self)
{
    return self->replica_count;
}
