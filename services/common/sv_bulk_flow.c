/*  sv_bulk_flow - the streams of a socket, see sv_bulk.h.

    A callback may end any stream, so nothing of a stream is touched after one.
    What fails within a call of the owner's is doomed: it leaves the table at once,
    and its owner is told from the timer. */

#include "sv_bulk_priv.h"
#include <sys/random.h>

/*  Before the bytes of a buffer: room for a head that ends where they begin, so
    that they are aligned as malloc aligns. */
#define BUFFER_PAD 32

_Static_assert(BUFFER_PAD >= SV_BULK_HEAD, "a head must fit before the bytes");

/*  ---- table ----------------------------------------------------------------- */

static void s_link (sv_bulk_flow_t **head, sv_bulk_flow_t *flow)
{
    flow->next = *head;
    flow->link = head;
    if (flow->next)
        flow->next->link = &flow->next;
    *head = flow;
}

static void s_unlink (sv_bulk_flow_t *flow)
{
    if (flow->link)
        *flow->link = flow->next;
    if (flow->next)
        flow->next->link = flow->link;
    flow->next = NULL;
    flow->link = NULL;
}

sv_bulk_flow_t *sv_bulk_flow_pop (sv_bulk_flow_t **head)
{
    sv_bulk_flow_t *flow = *head;
    if (!flow)
        return NULL;
    *head = flow->next;
    if (flow->next)
        flow->next->link = head;
    flow->next = NULL;
    flow->link = NULL;
    return flow;
}

static sv_bulk_flow_t *s_lookup (const sv_bulk_t *self, uint64_t id)
{
    sv_bulk_flow_t *flow = self->buckets[id % SV_BULK_BUCKETS];
    while (flow && flow->stream.id != id)
        flow = flow->next;
    return flow;
}

static sv_bulk_flow_t *s_new (sv_bulk_t *self, uint64_t id, const sv_bulk_ops_t *ops, void *arg, int *out_err)
{
    *out_err = self->count >= LIM_BULK_STREAMS ? -PT_E_busy : -PT_E_memory;
    sv_bulk_flow_t *flow = self->count < LIM_BULK_STREAMS ? calloc (1, sizeof *flow) : NULL;
    if (!flow)
        return NULL;
    *out_err = 0;
    flow->bulk = self;
    flow->ops = ops;
    flow->arg = arg;
    s_link (&self->buckets[id % SV_BULK_BUCKETS], flow);
    sv_metric_set (self->metrics.streams, ++self->count);
    if (self->count == 1)
        sv_bulk_hurry (self);
    return flow;
}

void sv_bulk_flow_free (sv_bulk_flow_t *flow)
{
    sv_bulk_t *self = flow->bulk;
    s_unlink (flow);
    sv_metric_set (self->metrics.streams, --self->count);
    free (flow);
}

static void s_doom (sv_bulk_flow_t *flow, int err)
{
    sv_bulk_t *self = flow->bulk;
    s_unlink (flow);
    s_link (&self->doomed, flow);
    flow->stream.is_over = true;
    flow->doom = err;
    sv_bulk_hurry (self);
}

/*  ---- beginnings ------------------------------------------------------------ */

/*  A number that nobody guesses and no stream has; 0 when there is no chance. */
static uint64_t s_random_id (const sv_bulk_t *self)
{
    uint64_t id = 0;
    do {
        if (getrandom (&id, sizeof id, 0) != (ssize_t)sizeof id)
            return 0;
        id &= LIM_ID;
    } while (id == 0 || s_lookup (self, id));
    return id;
}

sv_bulk_flow_t *sv_bulk_offer (sv_bulk_t *self, sv_bulk_side_t side, const sv_bulk_ops_t *ops, void *arg, int *out_err)
{
    uint64_t id = s_random_id (self);
    *out_err = -PT_E_internal;
    sv_bulk_flow_t *flow = id ? s_new (self, id, ops, arg, out_err) : NULL;
    if (flow)
        sv_bulk_stream_init (&flow->stream, id, side == SV_BULK_GIVES, 0, sv_now_ms ());
    return flow;
}

sv_bulk_flow_t *sv_bulk_join (sv_bulk_t *self, sv_bulk_side_t side, const pt_bulk_grant_t *grant,
                              const sv_bulk_ops_t *ops, void *arg, int *out_err)
{
    *out_err = self->is_lost ? -PT_E_worker_lost : -PT_E_taken;
    if (self->is_lost || s_lookup (self, grant->stream))
        return NULL;
    sv_bulk_flow_t *flow = s_new (self, grant->stream, ops, arg, out_err);
    if (!flow)
        return NULL;
    sv_bulk_stream_init (&flow->stream, grant->stream, side == SV_BULK_GIVES, grant->credit, sv_now_ms ());
    sv_bulk_head_t hello = sv_bulk_hello (&flow->stream);
    if (!sv_bulk_send_head (self, NULL, &hello, NULL))
        s_doom (flow, -PT_E_worker_lost);
    return flow;
}

uint64_t sv_bulk_id (const sv_bulk_flow_t *flow)
{
    return flow->stream.id;
}

uint64_t sv_bulk_credit (const sv_bulk_flow_t *flow)
{
    return flow->stream.gives ? 0 : LIM_BULK_WINDOW;
}

uint64_t sv_bulk_offset (const sv_bulk_flow_t *flow)
{
    return flow->stream.offset;
}

size_t sv_bulk_room (const sv_bulk_flow_t *flow)
{
    return sv_bulk_stream_room (&flow->stream);
}

/*  ---- giving and taking ----------------------------------------------------- */

uint8_t *sv_bulk_buffer_new (size_t cap)
{
    uint8_t *base = malloc (BUFFER_PAD + cap);
    /*  cppcheck-suppress memleak; the pointer that is handed out leads back to it */
    return base ? base + BUFFER_PAD : NULL;
}

void sv_bulk_buffer_free (uint8_t **bytes_p)
{
    if (bytes_p && *bytes_p)
        free (*bytes_p - BUFFER_PAD);
    if (bytes_p)
        *bytes_p = NULL;
}

/*  ZeroMQ calls it from a thread of its own, when the bytes are in the kernel. */
static void s_free_base (void *frame, void *base)
{
    (void)frame;
    free (base);
}

static int s_give (sv_bulk_flow_t *flow, uint8_t *bytes, size_t len, const sv_bulk_head_t *head)
{
    uint8_t *at = bytes - SV_BULK_HEAD;
    sv_bulk_head_write (head, at);
    zmq_msg_t frame;
    if (zmq_msg_init_data (&frame, at, SV_BULK_HEAD + len, s_free_base, bytes - BUFFER_PAD) != 0) {
        free (bytes - BUFFER_PAD);
        s_doom (flow, -PT_E_memory);
        return -PT_E_gone;
    }
    if (!sv_bulk_send (flow->bulk, &flow->peer, &frame)) {
        s_doom (flow, -PT_E_worker_lost);
        return -PT_E_gone;
    }
    sv_metric_add (flow->bulk->metrics.out, len);
    return 0;
}

int sv_bulk_give (sv_bulk_flow_t *flow, uint8_t **bytes_p, size_t len, bool is_last)
{
    sv_bulk_out_t out;
    sv_bulk_event_t event = {.kind = SV_STREAM_GIVE, .len = len, .is_last = is_last};
    sv_bulk_step (&flow->stream, &event, sv_now_ms (), &out);
    if (out.err != 0) {
        sv_bulk_buffer_free (bytes_p);
        return out.err;
    }
    uint8_t *bytes = *bytes_p;
    *bytes_p = NULL;
    return s_give (flow, bytes, len, &out.head);
}

void sv_bulk_taken (sv_bulk_flow_t *flow, size_t len)
{
    sv_bulk_out_t out;
    sv_bulk_event_t event = {.kind = SV_STREAM_TOOK, .len = len, .frames = 1};
    sv_bulk_step (&flow->stream, &event, sv_now_ms (), &out);
    if (out.must_send && !sv_bulk_send_head (flow->bulk, &flow->peer, &out.head, NULL))
        s_doom (flow, -PT_E_worker_lost);
}

/*  ---- endings --------------------------------------------------------------- */

/*  The last frame to the peer.  Who has not said HELLO has no address yet, and
    learns at its first frame that there is no such stream. */
static void s_part (sv_bulk_flow_t *flow, sv_bulk_kind_t kind, const pt_bulk_end_t *end)
{
    sv_bulk_t *self = flow->bulk;
    sv_bulk_head_t head = {.kind = (uint8_t)kind, .stream = flow->stream.id};
    if (!flow->stream.is_over && (!self->serves || flow->peer.len > 0))
        (void)sv_bulk_send_head (self, &flow->peer, &head, end);
    sv_metric_add (kind == SV_BULK_END ? self->metrics.done : self->metrics.aborted, 1);
    sv_bulk_flow_free (flow);
}

static pt_bulk_end_t s_failure (int err, const char *detail)
{
    pt_bulk_end_t end = {.status = (uint64_t)(err < 0 ? -err : err), .has_detail = detail != NULL};
    if (detail)
        end.detail = pt_str (detail);
    return end;
}

void sv_bulk_finish (sv_bulk_flow_t **flow_p, const pt_bulk_end_t *end)
{
    static const pt_bulk_end_t well = {0};
    sv_bulk_flow_t *flow = *flow_p;
    if (flow->stream.gives || !flow->stream.is_last) {
        sv_bulk_abort (flow_p, -PT_E_internal, NULL);
        return;
    }
    *flow_p = NULL;
    s_part (flow, SV_BULK_END, end ? end : &well);
}

void sv_bulk_abort_with (sv_bulk_flow_t **flow_p, const pt_bulk_end_t *end)
{
    sv_bulk_flow_t *flow = *flow_p;
    *flow_p = NULL;
    if (flow)
        s_part (flow, SV_BULK_ABORT, end);
}

void sv_bulk_abort (sv_bulk_flow_t **flow_p, int err, const char *detail)
{
    pt_bulk_end_t end = s_failure (err, detail);
    sv_bulk_abort_with (flow_p, &end);
}

/*  Takes the stream away and tells its owner. */
static void s_tell_ended (sv_bulk_flow_t *flow, int status, const pt_bulk_end_t *end)
{
    sv_bulk_metrics_t *metrics = &flow->bulk->metrics;
    const sv_bulk_ops_t *ops = flow->ops;
    void *arg = flow->arg;
    sv_bulk_flow_free (flow);
    sv_metric_add (status == 0 ? metrics->done : metrics->failed, 1);
    ops->ended (arg, status, end);
}

/*  The peer's word; a word that can't be read, or an abort without a reason, is
    our side's or the peer's defect. */
static void s_on_end (sv_bulk_flow_t *flow, bool is_abort, zmq_msg_t *frame)
{
    static const pt_bulk_end_t nothing = {0};
    sv_bulk_t *self = flow->bulk;
    const void *msg = &nothing;
    size_t len;
    const uint8_t *body = sv_bulk_body (frame, &len);
    pt_arena_reset (self->arena);
    int err = pt_decode (self->codec, PT_MSG_bulk_end, body, len, self->arena, &msg, NULL);
    const pt_bulk_end_t *end = err == 0 ? msg : &nothing;
    if (err == 0)
        err = -(int)end->status;
    if (err == 0 && is_abort)
        err = -PT_E_internal;
    s_tell_ended (flow, err, end);
}

/*  ---- events ---------------------------------------------------------------- */

static bool s_is_peer (const sv_bulk_peer_t *a, const sv_bulk_peer_t *b)
{
    return a->len == b->len && memcmp (a->id, b->id, a->len) == 0;
}

sv_bulk_flow_t *sv_bulk_find (sv_bulk_t *self, const sv_bulk_head_t *head, const sv_bulk_peer_t *peer)
{
    sv_bulk_flow_t *flow = s_lookup (self, head->stream);
    if (!flow || !self->serves)
        return flow;
    if (flow->peer.len == 0 && head->kind == SV_BULK_HELLO)
        flow->peer = *peer;
    return s_is_peer (&flow->peer, peer) ? flow : NULL;
}

/*  Sends what the rules ask for; the stream may be doomed after it. */
static void s_obey (sv_bulk_flow_t *flow, const sv_bulk_out_t *out)
{
    pt_bulk_end_t end = s_failure (out->err, NULL);
    bool is_known = !flow->bulk->serves || flow->peer.len > 0;
    bool is_sent = !out->must_send || !is_known ||
                   sv_bulk_send_head (flow->bulk, &flow->peer, &out->head, out->err != 0 ? &end : NULL);
    if (out->err != 0)
        s_doom (flow, out->err);
    else if (!is_sent)
        s_doom (flow, -PT_E_worker_lost);
}

void sv_bulk_flow_heard (sv_bulk_flow_t *flow, const sv_bulk_head_t *head, zmq_msg_t *frame)
{
    sv_bulk_out_t out;
    size_t len = zmq_msg_size (frame) - SV_BULK_HEAD;
    sv_bulk_step (&flow->stream, &(sv_bulk_event_t){.kind = SV_STREAM_HEARD, .head = head, .len = len}, sv_now_ms (),
                  &out);
    s_obey (flow, &out);
    if (out.has_data) {
        sv_metric_add (flow->bulk->metrics.in, len);
        flow->ops->data (flow->arg, frame, flow->stream.is_last);
    } else if (out.has_room)
        flow->ops->room (flow->arg);
    else if (out.has_end)
        s_on_end (flow, head->kind == SV_BULK_ABORT, frame);
}

static void s_ask (sv_bulk_flow_t *flow)
{
    sv_bulk_head_t keep = sv_bulk_keep (&flow->stream);
    if (flow->peer.len > 0 && !sv_bulk_send_head (flow->bulk, &flow->peer, &keep, NULL))
        s_doom (flow, -PT_E_worker_lost);
}

/*  What was granted waits for nobody who died meanwhile: its owner holds a lock for it. */
static bool s_is_forsaken (const sv_bulk_flow_t *flow, uint64_t now_ms)
{
    return flow->bulk->serves && flow->peer.len == 0 && now_ms >= flow->stream.heard_ms + LIM_BULK_JOIN_MS;
}

void sv_bulk_flows_tick (sv_bulk_t *self, bool is_asking, uint64_t now_ms)
{
    sv_bulk_event_t tick = {.kind = SV_STREAM_TICK};
    for (size_t i = 0; i < SV_BULK_BUCKETS; i++)
        for (sv_bulk_flow_t *flow = self->buckets[i], *next; flow; flow = next) {
            sv_bulk_out_t out;
            next = flow->next;
            if (s_is_forsaken (flow, now_ms)) {
                s_doom (flow, -PT_E_deadline);
                continue;
            }
            sv_bulk_step (&flow->stream, &tick, now_ms, &out);
            s_obey (flow, &out);
            if (is_asking && !flow->stream.is_over)
                s_ask (flow);
        }
}

void sv_bulk_flows_doom (sv_bulk_t *self, int err)
{
    for (size_t i = 0; i < SV_BULK_BUCKETS; i++) {
        sv_bulk_flow_t *flow;
        while ((flow = sv_bulk_flow_pop (&self->buckets[i])))
            s_doom (flow, err);
    }
}

void sv_bulk_flows_bury (sv_bulk_t *self)
{
    static const pt_bulk_end_t nothing = {0};
    sv_bulk_flow_t *flow;
    while ((flow = sv_bulk_flow_pop (&self->doomed)))
        s_tell_ended (flow, flow->doom, &nothing);
}
