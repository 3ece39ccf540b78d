/*  drive_write - bytes that come over a stream and go into an upload.

    Frames wait in the stream's own window, and go to a thread together as soon
    as it is done with those before: no more than one job a stream, and no more
    memory than its window.  A frame is granted anew when it has been written.
    What is written is made safe every few megabytes or seconds, at the end, and
    when the client goes; only then it counts.  The bytes of a stream with
    a digest count together, when they match it. */

#include "drive_write.h"
#include "drive_digest.h"
#include "drive_finish.h"
#include "drive_ops.h"
#include "drive_policy.h"
#include "drive_progress.h"
#include "drive_upload.h"
#include "sv_crash.h"
#include <stdio.h>
#include <stdlib.h>

/*  A crash costs at most so many bytes, or so much time of a slow stream. */
#define S_MARK_BYTES (8u * 1024 * 1024)
#define S_MARK_MS 5000

typedef struct {
    size_t count;
    zmq_msg_t at[LIM_BULK_FRAMES];
} s_frames_t;

struct drive_write {
    sv_job_t job; /* first; a thread has it while is_busy, and then all down to `status` */
    drive_sink_t *sink;
    s_frames_t batch;       /* being written */
    bool has_last;          /* the batch ends the stream */
    drive_digest_t *digest; /* of this stream, as asked for; NULL: none */
    drive_digest_t *whole;  /* SHA-256 of all; NULL: the stream did not begin at 0 */
    uint64_t offset;        /* bytes written */
    uint64_t marked;        /* bytes safe */
    uint64_t marked_ms;
    bool must_mark;
    int status;

    drive_t *drive;
    drive_write_t *next, **link;
    sv_bulk_flow_t *flow;  /* NULL: over */
    s_frames_t waiting;    /* not given to a thread yet */
    bool is_last, is_busy; /* the last frame is here; a job is under way */
    sv_request_t *request; /* while it is being opened */
    pt_write_open_t ask;   /* its texts are not kept */
    pt_upload_t upload;
    char name[LIM_FILE_NAME];
    uint8_t expected[LIM_SECRET_HASH];
    char trace[LIM_TRACE + 1];
    uint64_t start;    /* first byte of the stream */
    uint64_t limit;    /* bytes that may come */
    uint64_t received; /* bytes that came */
    uint64_t touched_ms;
    drive_progress_t progress;
};

static drive_write_t *s_of (sv_job_t *job)
{
    return (drive_write_t *)job;
}

/*  ---- life -------------------------------------------------------------------- */

static void s_frames_close (s_frames_t *frames)
{
    for (size_t i = 0; i < frames->count; i++)
        zmq_msg_close (&frames->at[i]);
    frames->count = 0;
}

static void s_free (drive_write_t *self)
{
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    sv_metric_set (self->drive->metrics.write_open, sv_metric_value (self->drive->metrics.write_open) - 1);
    s_frames_close (&self->waiting);
    s_frames_close (&self->batch);
    drive_digest_destroy (&self->digest);
    drive_digest_destroy (&self->whole);
    if (self->sink)
        self->sink->ops->close (&self->sink);
    free (self);
}

static drive_write_t *s_new (drive_t *drive, sv_request_t *request, const pt_write_open_t *ask,
                             const pt_upload_t *upload)
{
    drive_write_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->drive = drive;
    self->request = request;
    self->ask = *ask;
    self->upload = *upload;
    memcpy (self->name, upload->name.at, upload->name.len);
    self->upload.name.at = self->name;
    if (ask->has_digest_value)
        memcpy (self->expected, ask->digest_value.at, ask->digest_value.len);
    self->ask.digest_value.at = (const char *)self->expected;
    snprintf (self->trace, sizeof self->trace, "%s", sv_request_trace (request));
    self->progress = (drive_progress_t){
        .account = ask->account, .upload = upload->id, .total = upload->has_length ? upload->length : 0};
    self->touched_ms = sv_now_ms ();
    self->next = drive->first_write;
    self->link = &drive->first_write;
    if (self->next)
        self->next->link = &self->next;
    drive->first_write = self;
    sv_metric_set (drive->metrics.write_open, sv_metric_value (drive->metrics.write_open) + 1);
    return self;
}

static drive_write_t *s_find (const drive_t *drive, uint64_t upload)
{
    drive_write_t *self = drive->first_write;
    while (self && self->upload.id != upload)
        self = self->next;
    return self;
}

/*  ---- the end ------------------------------------------------------------------- */

/*  On a thread: what came before the client went shall not be lost. */
static void s_mark (sv_job_t *job)
{
    drive_write_t *self = s_of (job);
    self->status = self->sink->ops->mark (self->sink, self->offset);
    if (self->status == 0)
        self->marked = self->offset;
}

static void s_on_mark (sv_job_t *job)
{
    drive_write_t *self = s_of (job);
    drive_progress (self->drive, &self->progress, "paused", self->marked, NULL, true);
    s_free (self);
}

static bool s_needs_mark (const drive_write_t *self)
{
    return self->sink && self->status == 0 && !self->digest && self->offset > self->marked;
}

/*  The stream is over and no job under way. */
static void s_leave (drive_write_t *self)
{
    if (s_needs_mark (self)) {
        self->job = (sv_job_t){.work = s_mark, .done = s_on_mark};
        self->is_busy = sv_pool_give (self->drive->io, &self->job) == 0;
        if (self->is_busy)
            return;
        /*  The threads are full, or end with the process. */
        s_mark (&self->job);
    }
    drive_progress (self->drive, &self->progress, "paused", self->marked, NULL, true);
    s_free (self);
}

static pt_bulk_end_t s_end_of (const drive_write_t *self, int status, const char *detail)
{
    bool has_detail = detail && detail[0] != 0;
    return (pt_bulk_end_t){.status = (uint64_t)(status < 0 ? -status : status),
                           .detail = pt_str (has_detail ? detail : ""),
                           .has_detail = has_detail,
                           .offset = self->marked,
                           .has_offset = true};
}

/*  Gives the stream up with an error; the rest follows when no job is under way. */
static void s_fail (drive_write_t *self, int status, const char *detail)
{
    const pt_bulk_end_t end = s_end_of (self, status, detail);
    sv_metric_add (self->drive->metrics.broken, 1);
    if (self->flow)
        sv_bulk_abort_with (&self->flow, &end);
    if (!self->is_busy)
        s_leave (self);
}

void drive_write_drop (drive_t *drive, uint64_t upload, int err)
{
    drive_write_t *self = s_find (drive, upload);
    if (self && self->flow)
        s_fail (self, err, NULL);
}

void drive_write_stop (drive_t *drive)
{
    for (drive_write_t *self = drive->first_write, *next; self; self = next) {
        next = self->next;
        if (self->flow)
            s_fail (self, PT_E_draining, NULL);
    }
}

/*  ---- complete ----------------------------------------------------------------------- */

static void s_answer (drive_write_t *self)
{
    pt_bulk_end_t end = s_end_of (self, 0, NULL);
    self->upload.offset = self->marked;
    end.upload = &self->upload;
    end.has_upload = true;
    if (self->flow)
        sv_bulk_finish (&self->flow, &end);
}

static void s_on_finished (void *arg, int status, const char *detail, const pt_file_t *file)
{
    drive_write_t *self = arg;
    self->is_busy = false;
    self->upload.file = file;
    self->upload.has_file = file != NULL;
    drive_progress (self->drive, &self->progress, status == 0 ? "done" : "failed", self->marked, detail, true);
    const pt_bulk_end_t end = s_end_of (self, status, detail);
    if (status == 0)
        s_answer (self);
    else if (self->flow)
        sv_bulk_abort_with (&self->flow, &end);
    s_free (self);
}

static void s_finish (drive_write_t *self)
{
    uint8_t sha256[LIM_SECRET_HASH];
    bool has_sha256 = self->whole && drive_digest_end (self->whole, sha256) == 0;
    const drive_finish_t finish = {.account = self->ask.account,
                                   .upload = self->upload.id,
                                   .size = self->marked,
                                   .purpose = self->upload.purpose,
                                   .sha256 = has_sha256 ? sha256 : NULL,
                                   .trace = self->trace,
                                   .sink = self->sink,
                                   .fn = s_on_finished,
                                   .arg = self};
    drive_progress (self->drive, &self->progress, "checking", self->marked, NULL, true);
    self->sink = NULL;
    self->is_busy = true;
    int rc = drive_finish (self->drive, &finish);
    if (rc != 0) {
        self->is_busy = false;
        s_fail (self, rc, NULL);
    }
}

static void s_complete (drive_write_t *self)
{
    if (self->upload.has_length && self->upload.length == self->marked) {
        s_finish (self);
        return;
    }
    s_answer (self);
    s_leave (self);
}

/*  ---- writing ------------------------------------------------------------------------ */

static int s_add_digests (drive_write_t *self, const uint8_t *bytes, size_t len)
{
    int rc = self->digest ? drive_digest_add (self->digest, bytes, len) : 0;
    return rc == 0 && self->whole ? drive_digest_add (self->whole, bytes, len) : rc;
}

static int s_compare (drive_write_t *self)
{
    uint8_t found[LIM_SECRET_HASH];
    if (!self->digest)
        return 0;
    int rc = drive_digest_end (self->digest, found);
    if (rc == 0 && memcmp (found, self->expected, self->ask.digest_value.len) != 0)
        rc = -PT_E_checksum_mismatch;
    return rc;
}

/*  On a thread. */
static void s_work (sv_job_t *job)
{
    drive_write_t *self = s_of (job);
    const drive_backend_ops_t *ops = self->sink->ops;
    for (size_t i = 0; self->status == 0 && i < self->batch.count; i++) {
        size_t len;
        const uint8_t *bytes = sv_bulk_body (&self->batch.at[i], &len);
        self->status = ops->write (self->sink, self->offset, bytes, len);
        if (self->status == 0)
            self->status = s_add_digests (self, bytes, len);
        self->offset += len;
    }
    sv_crash (SV_CRASH_drive_bytes_written);
    if (self->status == 0 && self->has_last)
        self->status = s_compare (self);
    uint64_t now_ms = sv_now_ms ();
    bool is_due = self->offset - self->marked >= S_MARK_BYTES || now_ms - self->marked_ms >= S_MARK_MS;
    if (self->status != 0 || !(self->has_last || (is_due && !self->digest)))
        return;
    self->status = ops->mark (self->sink, self->offset);
    self->marked = self->status == 0 ? self->offset : self->marked;
    self->marked_ms = now_ms;
    sv_crash (SV_CRASH_drive_bytes_marked);
}

/*  Tells store that the upload goes on, and its length when that is news. */
static uint64_t s_tell_store (drive_write_t *self, sv_reply_fn *fn, bool has_length, uint32_t deadline_ms, int *out_err)
{
    const drive_t *drive = self->drive;
    const pt_upload_touch_t touch = {.account = self->ask.account,
                                     .id = self->upload.id,
                                     .expires_at = drive_upload_expiry (drive),
                                     .length = self->ask.length,
                                     .has_length = has_length,
                                     .quota = drive->config->quota};
    const sv_call_t call = {.opcode = PT_OP_store_upload_touch,
                            .msg = &touch,
                            .affinity = self->ask.account,
                            .deadline_ms = deadline_ms,
                            .trace = self->trace};
    return sv_bus_call (drive->bus, &call, fn, self, out_err);
}

/*  Puts off the end of an upload that goes on for hours.  Nobody waits for it. */
static void s_on_later (void *arg, const sv_reply_t *reply)
{
    (void)arg;
    (void)reply;
}

static void s_touch (const drive_t *drive, drive_write_t *self)
{
    uint64_t now_ms = sv_now_ms ();
    if (now_ms - self->touched_ms < drive->config->upload_ttl_ms / 4)
        return;
    self->touched_ms = now_ms;
    (void)s_tell_store (self, s_on_later, false, (uint32_t)drive->config->store_deadline_ms, NULL);
}

static void s_start (drive_write_t *self);

static void s_on_work (sv_job_t *job)
{
    drive_write_t *self = s_of (job);
    self->is_busy = false;
    for (size_t i = 0; self->flow && i < self->batch.count; i++)
        sv_bulk_taken (self->flow, zmq_msg_size (&self->batch.at[i]) - SV_BULK_HEAD);
    s_frames_close (&self->batch);
    if (self->status == 0) {
        drive_progress (self->drive, &self->progress, "running", self->marked, NULL, false);
        s_touch (self->drive, self);
    }
    if (self->status != 0) {
        sv_log (self->drive->log, SV_WARN, self->trace, "writing failed error=%s", pt_error_name (self->status));
        s_fail (self, self->status, NULL);
    } else if (!self->flow)
        s_leave (self);
    else if (self->has_last)
        s_complete (self);
    else
        s_start (self);
}

/*  Gives what waits to a thread. */
static void s_start (drive_write_t *self)
{
    if (self->is_busy || self->waiting.count == 0)
        return;
    for (; self->batch.count < self->waiting.count; self->batch.count++) {
        zmq_msg_init (&self->batch.at[self->batch.count]);
        (void)zmq_msg_move (&self->batch.at[self->batch.count], &self->waiting.at[self->batch.count]);
    }
    self->waiting.count = 0;
    self->has_last = self->is_last;
    self->job = (sv_job_t){.work = s_work, .done = s_on_work};
    int rc = sv_pool_give (self->drive->io, &self->job);
    self->is_busy = rc == 0;
    if (rc != 0)
        s_fail (self, rc, NULL);
}

static void s_on_data (void *arg, zmq_msg_t *frame, bool is_last)
{
    drive_write_t *self = arg;
    size_t len = zmq_msg_size (frame) - SV_BULK_HEAD;
    if (len > self->limit - self->received || self->waiting.count == LIM_BULK_FRAMES) {
        s_fail (self, PT_E_too_large, "more bytes came than the upload takes");
        return;
    }
    zmq_msg_t *kept = &self->waiting.at[self->waiting.count++];
    zmq_msg_init (kept);
    (void)zmq_msg_move (kept, frame);
    self->received += len;
    self->is_last = is_last;
    sv_metric_add (self->drive->metrics.write_bytes, len);
    s_start (self);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    drive_write_t *self = arg;
    (void)status;
    (void)end;
    self->flow = NULL;
    sv_metric_add (self->drive->metrics.broken, 1);
    if (!self->is_busy)
        s_leave (self);
}

static const sv_bulk_ops_t s_flow_ops = {.data = s_on_data, .ended = s_on_ended};

/*  ---- opening -------------------------------------------------------------------------- */

static void s_grant (const drive_write_t *self, sv_request_t **request_p)
{
    const pt_bulk_grant_t grant = {.endpoint = pt_str (sv_bulk_endpoint (self->drive->bulk)),
                                   .stream = sv_bulk_id (self->flow),
                                   .credit = sv_bulk_credit (self->flow),
                                   .offset = self->start,
                                   .count = self->ask.count,
                                   .has_count = self->ask.has_count};
    sv_request_reply (request_p, &grant);
}

static void s_refuse (drive_write_t *self, int err, const char *detail)
{
    sv_request_fail (&self->request, err, detail);
    s_free (self);
}

static void s_offer (drive_write_t *self)
{
    drive_t *drive = self->drive;
    int err = -PT_E_memory;
    if (self->ask.has_digest_kind)
        self->digest = drive_digest_new (self->ask.digest_kind);
    if (self->start == 0)
        self->whole = drive_digest_new (PT_digest_SHA256);
    if (self->ask.has_digest_kind == (self->digest != NULL) && (self->start == 0) == (self->whole != NULL))
        self->flow = sv_bulk_offer (drive->bulk, SV_BULK_TAKES, &s_flow_ops, self, &err);
    if (!self->flow) {
        s_refuse (self, err, NULL);
        return;
    }
    sv_metric_add (drive->metrics.writes, 1);
    s_grant (self, &self->request);
}

static void s_on_touch (void *arg, const sv_reply_t *reply)
{
    drive_write_t *self = arg;
    if (reply->status != 0) {
        sv_request_fail_with (&self->request, reply->status, reply->error);
        s_free (self);
        return;
    }
    const pt_upload_t *upload = reply->msg;
    self->upload.length = self->progress.total = upload->length;
    self->upload.has_length = upload->has_length;
    self->upload.expires_at = upload->expires_at;
    s_offer (self);
}

/*  Tells store the length that was not known, or that the upload goes on, when
    it has stood still for a while. */
static void s_touch_first (drive_write_t *self)
{
    const drive_config_t *config = self->drive->config;
    int64_t fresh = drive_upload_expiry (self->drive) - (int64_t)config->upload_ttl_ms * 250;
    bool is_news = self->ask.has_length && !self->upload.has_length;
    if (!is_news && self->upload.expires_at >= fresh) {
        s_offer (self);
        return;
    }
    uint32_t left_ms = sv_backend_deadline (sv_request_remaining_ms (self->request), config->store_deadline_ms);
    int err = -PT_E_deadline;
    if (left_ms == 0 || s_tell_store (self, s_on_touch, is_news, left_ms, &err) == 0)
        s_refuse (self, err, NULL);
}

static void s_open (sv_job_t *job)
{
    drive_write_t *self = s_of (job);
    drive_backend_t *backend = self->drive->backend;
    self->status = backend->ops->open (backend, self->upload.id, &self->sink, &self->start);
    self->offset = self->marked = self->start;
    self->marked_ms = sv_now_ms ();
}

static void s_on_open (sv_job_t *job)
{
    drive_write_t *self = s_of (job);
    uint64_t max = drive_upload_max (self->drive, self->upload.purpose);
    self->is_busy = false;
    int rc = self->status;
    if (rc == 0)
        rc = drive_policy_write (&self->ask, &self->upload, self->start, max, &self->limit);
    if (rc != 0)
        s_refuse (self, rc, NULL);
    else
        s_touch_first (self);
}

/*  The bus may bring a request twice: the second is told the same, as long as no
    byte has come. */
static bool s_is_repeated (const drive_write_t *self, const pt_write_open_t *ask)
{
    return self->flow && self->received == 0 && !self->is_last && self->ask.account == ask->account &&
           self->ask.peer == ask->peer && self->start == ask->offset && self->ask.has_count == ask->has_count &&
           self->ask.count == ask->count && self->ask.has_digest_value == ask->has_digest_value &&
           pt_str_eq (self->ask.digest_value, ask->digest_value);
}

static void s_begin (drive_t *drive, sv_request_t *request, const pt_write_open_t *ask, const pt_upload_t *upload)
{
    drive_write_t *self = s_new (drive, request, ask, upload);
    if (!self) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    self->job = (sv_job_t){.work = s_open, .done = s_on_open};
    int rc = sv_pool_give (drive->io, &self->job);
    self->is_busy = rc == 0;
    if (rc != 0)
        s_refuse (self, rc, NULL);
}

static void s_on_row (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    drive_t *drive = ctx;
    const pt_write_open_t *ask = op;
    const pt_upload_t *upload = reply->msg;
    const drive_write_t *open = s_find (drive, upload->id);
    if (upload->has_file)
        sv_request_fail (request_p, PT_E_offset_conflict, "the upload is complete");
    else if (ask->has_length && upload->has_length && ask->length != upload->length)
        sv_request_fail (request_p, PT_E_conflict, "the upload has another length");
    else if (ask->has_length && ask->length > drive_upload_max (drive, upload->purpose))
        sv_request_fail (request_p, PT_E_too_large, NULL);
    else if (open && s_is_repeated (open, ask))
        s_grant (open, request_p);
    else if (open)
        sv_request_fail (request_p, PT_E_locked, NULL);
    else {
        s_begin (drive, *request_p, ask, upload);
        *request_p = NULL;
    }
}

void drive_write_on_open (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *drive = ctx;
    const pt_write_open_t *ask = msg;
    pt_upload_ref_t ref = {.account = ask->account, .id = ask->upload};
    pt_write_open_t *kept = pt_arena_alloc (sv_request_arena (request), sizeof *kept);
    if (!kept) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *kept = *ask;
    const sv_backend_call_t call = {
        .opcode = PT_OP_store_upload_get, .affinity = ask->account, .msg = &ref, .fn = s_on_row, .op = kept};
    sv_backend_call (&drive->store, &request, &call);
}
