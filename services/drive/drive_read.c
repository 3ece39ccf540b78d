/*  drive_read - bytes of files that go over streams.

    A stream has one piece read ahead, in memory of its own, and gives it away
    when the taker has room for the whole of it: a reader that stands still
    costs one piece beside its window, and no thread. */

#include "drive_read.h"
#include "drive_ops.h"
#include "drive_policy.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct drive_read {
    sv_job_t job; /* first; a thread has it while is_busy, and then all down to `status` */
    drive_source_t *source;
    drive_blob_name_t name;
    uint64_t offset;  /* of the next piece */
    uint8_t *piece;   /* read, not given; NULL: none */
    size_t piece_len; /* of it, or to be read */
    int status;

    drive_t *drive;
    drive_read_t *next, **link;
    sv_bulk_flow_t *flow; /* NULL: over */
    bool is_busy;
    sv_request_t *request; /* while it is being opened */
    pt_file_stored_t stored;
    uint64_t first, end; /* of the file: first byte, and the one behind the last */
};

static drive_read_t *s_of (sv_job_t *job)
{
    return (drive_read_t *)job;
}

/*  ---- life -------------------------------------------------------------------- */

static void s_free (drive_read_t *self)
{
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    sv_metric_set (self->drive->metrics.read_open, sv_metric_value (self->drive->metrics.read_open) - 1);
    if (self->piece)
        sv_bulk_buffer_free (&self->piece);
    if (self->source)
        self->source->ops->close_source (&self->source);
    free (self);
}

static drive_read_t *s_new (drive_t *drive)
{
    drive_read_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->drive = drive;
    self->next = drive->first_read;
    self->link = &drive->first_read;
    if (self->next)
        self->next->link = &self->next;
    drive->first_read = self;
    sv_metric_set (drive->metrics.read_open, sv_metric_value (drive->metrics.read_open) + 1);
    return self;
}

/*  ---- giving ------------------------------------------------------------------------ */

static void s_fail (drive_read_t *self, int err)
{
    sv_metric_add (self->drive->metrics.broken, 1);
    sv_bulk_abort (&self->flow, err, NULL);
    if (!self->is_busy)
        s_free (self);
}

void drive_read_stop (drive_t *drive)
{
    for (drive_read_t *self = drive->first_read, *next; self; self = next) {
        next = self->next;
        if (self->flow)
            s_fail (self, PT_E_draining);
    }
}

/*  On a thread. */
static void s_work (sv_job_t *job)
{
    drive_read_t *self = s_of (job);
    self->piece = sv_bulk_buffer_new (self->piece_len);
    self->status =
        self->piece ? self->source->ops->read (self->source, self->offset, self->piece, self->piece_len) : -PT_E_memory;
}

static void s_on_work (sv_job_t *job);

/*  Has the next piece read, unless there is none, or one lies here. */
static void s_read (drive_read_t *self)
{
    if (self->is_busy || self->piece || self->offset == self->end)
        return;
    uint64_t left = self->end - self->offset;
    self->piece_len = left < LIM_BULK_CHUNK ? (size_t)left : LIM_BULK_CHUNK;
    self->job = (sv_job_t){.work = s_work, .done = s_on_work};
    int rc = sv_pool_give (self->drive->io, &self->job);
    self->is_busy = rc == 0;
    if (rc != 0)
        s_fail (self, rc);
}

/*  Gives what lies here when there is room for it; true when it was given. */
static bool s_give (drive_read_t *self)
{
    if (self->is_busy || !self->piece || sv_bulk_room (self->flow) < self->piece_len)
        return false;
    self->offset += self->piece_len;
    sv_metric_add (self->drive->metrics.read_bytes, self->piece_len);
    /*  -PT_E_gone: `ended` tells. */
    (void)!sv_bulk_give (self->flow, &self->piece, self->piece_len, self->offset == self->end);
    self->piece = NULL;
    return true;
}

static void s_on_work (sv_job_t *job)
{
    drive_read_t *self = s_of (job);
    self->is_busy = false;
    if (!self->flow)
        s_free (self);
    else if (self->status != 0) {
        sv_log (self->drive->log, SV_ERROR, NULL, "reading failed blob=%s offset=%" PRIu64 " error=%s", self->name.at,
                self->offset, pt_error_name (self->status));
        s_fail (self, self->status);
    } else if (s_give (self))
        s_read (self);
}

/*  Also the first sign that somebody is there: an empty range ends here. */
static void s_on_room (void *arg)
{
    drive_read_t *self = arg;
    if (self->first == self->end) {
        uint8_t *none = sv_bulk_buffer_new (1);
        if (none)
            (void)!sv_bulk_give (self->flow, &none, 0, true);
        else
            s_fail (self, PT_E_memory);
        return;
    }
    (void)s_give (self);
    s_read (self);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    drive_read_t *self = arg;
    (void)end;
    self->flow = NULL;
    sv_metric_add (self->drive->metrics.broken, status != 0);
    if (!self->is_busy)
        s_free (self);
}

static const sv_bulk_ops_t s_flow_ops = {.room = s_on_room, .ended = s_on_ended};

/*  ---- opening ----------------------------------------------------------------------- */

static void s_refuse (drive_read_t *self, int err)
{
    sv_request_fail (&self->request, err, NULL);
    s_free (self);
}

static void s_open (sv_job_t *job)
{
    drive_read_t *self = s_of (job);
    drive_backend_t *backend = self->drive->backend;
    self->status = backend->ops->source (backend, &self->name, &self->source);
}

/*  A row without bytes is nothing that the client did. */
static int s_missing (drive_read_t *self)
{
    sv_metric_add (self->drive->metrics.missing, 1);
    sv_log (self->drive->log, SV_ERROR, sv_request_trace (self->request), "the bytes of a file are missing blob=%s",
            self->name.at);
    return -PT_E_unavailable;
}

static void s_on_open (sv_job_t *job)
{
    drive_read_t *self = s_of (job);
    drive_t *drive = self->drive;
    int rc = self->status == -PT_E_not_found ? s_missing (self) : self->status;
    self->is_busy = false;
    if (rc == 0)
        self->flow = sv_bulk_offer (drive->bulk, SV_BULK_GIVES, &s_flow_ops, self, &rc);
    if (!self->flow) {
        s_refuse (self, rc);
        return;
    }
    const pt_bulk_grant_t grant = {.endpoint = pt_str (sv_bulk_endpoint (drive->bulk)),
                                   .stream = sv_bulk_id (self->flow),
                                   .credit = sv_bulk_credit (self->flow),
                                   .offset = self->first,
                                   .count = self->end - self->first,
                                   .has_count = true,
                                   .file = self->stored.file,
                                   .has_file = true};
    sv_metric_add (drive->metrics.reads, 1);
    sv_request_reply (&self->request, &grant);
    /*  Its texts were the request's. */
    self->stored.file = NULL;
}

/*  A copy in the request's arena. */
static const pt_file_t *s_copy_file (pt_arena_t *arena, const pt_file_t *file)
{
    pt_file_t *copy = pt_arena_alloc (arena, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *file;
    copy->name.at = pt_arena_copy (arena, file->name.at, file->name.len);
    copy->type.at = pt_arena_copy (arena, file->type.at, file->type.len);
    copy->sha256.at = pt_arena_copy (arena, file->sha256.at, file->sha256.len);
    return copy->name.at && copy->type.at && copy->sha256.at ? copy : NULL;
}

static int s_prepare (drive_read_t *self, const pt_read_open_t *ask, const pt_file_stored_t *stored)
{
    uint64_t count = 0;
    int rc = drive_policy_range (ask, stored->file->size, &count);
    if (rc == 0 && drive_name_take (stored->blob, &self->name) != 0)
        rc = -PT_E_internal;
    if (rc == 0 && !(self->stored.file = s_copy_file (sv_request_arena (self->request), stored->file)))
        rc = -PT_E_memory;
    self->first = self->offset = ask->first;
    self->end = ask->first + count;
    return rc;
}

static void s_on_stored (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    drive_t *drive = ctx;
    const pt_read_open_t *ask = op;
    drive_read_t *self = s_new (drive);
    if (!self) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    self->request = *request_p;
    *request_p = NULL;
    int rc = s_prepare (self, ask, reply->msg);
    self->job = (sv_job_t){.work = s_open, .done = s_on_open};
    if (rc == 0)
        rc = sv_pool_give (drive->io, &self->job);
    self->is_busy = rc == 0;
    if (rc != 0)
        s_refuse (self, rc);
}

void drive_read_on_open (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *drive = ctx;
    const pt_read_open_t *ask = msg;
    pt_read_open_t *kept = pt_arena_alloc (sv_request_arena (request), sizeof *kept);
    if (!kept) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *kept = *ask;
    const pt_avatar_ref_t avatar = {.uuid = ask->avatar};
    const pt_file_ref_t file = {.account = ask->account, .id = ask->file};
    sv_backend_call_t call = {.fn = s_on_stored, .op = kept};
    if (ask->has_avatar) {
        call.opcode = PT_OP_store_avatar_get;
        call.msg = &avatar;
    } else if (ask->has_account && ask->has_file) {
        call.opcode = PT_OP_store_file_get;
        call.msg = &file;
    } else {
        sv_request_fail (&request, PT_E_invalid, "a file of somebody's, or a picture, is needed");
        return;
    }
    sv_backend_call (&drive->store, &request, &call);
}
