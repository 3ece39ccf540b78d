/*  gw_drive_fake - a replica of drive for tests, as far as a gateway sees it: a ROUTER
    that says frame by frame what the test tells it to. */

#ifndef GW_DRIVE_FAKE_H
#define GW_DRIVE_FAKE_H

#include "gw_probe.h"
#include "sv_bulk.h"

typedef struct {
    void *context, *router;
    char endpoint[128];
    uint8_t peer[256]; /* who said the last frame that was heard */
    size_t peer_len;
    uint64_t stream;
    uint64_t seq, offset; /* of the stream at hand, in the direction it goes */
    uint64_t credit;      /* granted by the gateway, for a download */
    sv_bulk_head_t head;  /* of the last frame that was heard */
    uint8_t body[SV_BULK_HEAD + LIM_BULK_CHUNK];
    size_t body_len;
} fake_drive_t;

static inline fake_drive_t *fake_drive_new (const char *folder, const char *name)
{
    fake_drive_t *self = calloc (1, sizeof *self);
    int linger = 0;
    assert_non_null (self);
    self->context = zmq_ctx_new ();
    self->router = zmq_socket (self->context, ZMQ_ROUTER);
    zmq_setsockopt (self->router, ZMQ_LINGER, &linger, sizeof linger);
    snprintf (self->endpoint, sizeof self->endpoint, "ipc://%s/%s.bulk", folder, name);
    assert_int_equal (zmq_bind (self->router, self->endpoint), 0);
    self->stream = 1000;
    return self;
}

static inline void fake_drive_destroy (fake_drive_t **self_p)
{
    fake_drive_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    zmq_close (self->router);
    zmq_ctx_term (self->context);
    free (self);
}

/*  A grant of the next stream. */
static inline pt_bulk_grant_t fake_drive_grant (fake_drive_t *self, uint64_t offset, uint64_t credit)
{
    self->stream++;
    self->seq = self->offset = self->credit = 0;
    return (pt_bulk_grant_t){
        .endpoint = pt_str (self->endpoint), .stream = self->stream, .credit = credit, .offset = offset};
}

/*  The next frame but KEEP; false when none comes for so long. */
static inline bool fake_drive_heard (fake_drive_t *self, int wait_ms)
{
    do {
        zmq_pollitem_t item = {.socket = self->router, .events = ZMQ_POLLIN};
        if (zmq_poll (&item, 1, wait_ms) <= 0)
            return false;
        int len = zmq_recv (self->router, self->peer, sizeof self->peer, 0);
        assert_true (len > 0);
        self->peer_len = (size_t)len;
        len = zmq_recv (self->router, self->body, sizeof self->body, 0);
        assert_true (len >= SV_BULK_HEAD);
        assert_int_equal (sv_bulk_head_read (self->body, (size_t)len, &self->head), 0);
        self->body_len = (size_t)len - SV_BULK_HEAD;
        if (self->head.kind == SV_BULK_HELLO || self->head.kind == SV_BULK_CREDIT)
            self->credit = self->head.offset;
    } while (self->head.kind == SV_BULK_KEEP);
    return true;
}

static inline void fake_drive_hear (fake_drive_t *self, sv_bulk_kind_t kind)
{
    if (!fake_drive_heard (self, PROBE_WAIT_MS) || self->head.kind != kind)
        fail_msg ("heard a frame of kind %u, not %u: %.*s", self->head.kind, kind, (int)self->body_len,
                  (const char *)self->body + SV_BULK_HEAD);
    assert_true (self->head.stream == self->stream);
}

static inline void fake_drive_say (fake_drive_t *self, const sv_bulk_head_t *head, const void *body, size_t len)
{
    uint8_t frame[SV_BULK_HEAD + LIM_BULK_CHUNK];
    sv_bulk_head_write (head, frame);
    if (len > 0)
        memcpy (frame + SV_BULK_HEAD, body, len);
    assert_true (zmq_send (self->router, self->peer, self->peer_len, ZMQ_SNDMORE) >= 0);
    assert_true (zmq_send (self->router, frame, SV_BULK_HEAD + len, 0) >= 0);
}

/*  The next bytes of a download. */
static inline void fake_drive_give (fake_drive_t *self, const void *bytes, size_t len, bool is_last)
{
    const sv_bulk_head_t head = {
        .kind = SV_BULK_DATA, .flags = is_last, .stream = self->stream, .seq = self->seq++, .offset = self->offset};
    self->offset += len;
    fake_drive_say (self, &head, bytes, len);
}

/*  The bytes of an upload that were heard last, to `out`; how many.  `*out_last`: there are no
    more. */
static inline size_t fake_drive_taken (fake_drive_t *self, char *out, bool *out_last)
{
    assert_true (self->head.seq == self->seq++ && self->head.offset == self->offset);
    memcpy (out, self->body + SV_BULK_HEAD, self->body_len);
    self->offset += self->body_len;
    *out_last = (self->head.flags & SV_BULK_LAST) != 0;
    return self->body_len;
}

static inline size_t fake_drive_take (fake_drive_t *self, char *out, bool *out_last)
{
    fake_drive_hear (self, SV_BULK_DATA);
    return fake_drive_taken (self, out, out_last);
}

/*  All that it may have given so far has left, and so much more may come. */
static inline void fake_drive_credit (fake_drive_t *self, uint64_t more)
{
    const sv_bulk_head_t head = {.kind = SV_BULK_CREDIT,
                                 .stream = self->stream,
                                 .seq = self->seq + LIM_BULK_FRAMES,
                                 .offset = self->offset + more};
    fake_drive_say (self, &head, NULL, 0);
}

/*  The last word: END, or ABORT. */
static inline void fake_drive_end (fake_drive_t *self, sv_bulk_kind_t kind, const pt_bulk_end_t *end)
{
    const sv_bulk_head_t head = {.kind = (uint8_t)kind, .stream = self->stream};
    pt_buf_t body;
    pt_buf_init (&body, LIM_BULK_CHUNK);
    assert_int_equal (pt_encode (&body, PT_MSG_bulk_end, end), 0);
    fake_drive_say (self, &head, body.at, body.len);
    pt_buf_fini (&body);
}

/* ---- a gateway and a drive ---------------------------------------------------------- */

typedef struct {
    probe_t *probe;
    fake_drive_t *drive;
} test_t;

/*  For a group's setup: a gateway with these further arguments (NULL-terminated). */
static inline int test_open (void **state, const char *const *extra)
{
    test_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->probe = probe_new (extra);
    self->drive = fake_drive_new (harness_dir (self->probe->harness), "one");
    *state = self;
    return 0;
}

static inline int test_close (void **state)
{
    test_t *self = *state;
    fake_drive_destroy (&self->drive);
    probe_destroy (&self->probe);
    free (self);
    return 0;
}

#endif
