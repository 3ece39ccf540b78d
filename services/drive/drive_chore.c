/*  drive_chore - removes from the backend what nobody needs any more.

    A round is a chain of steps: asking store, a job of the threads, telling store.
    The first that fails ends it; the next round does it again. */

#include "drive_chore.h"
#include "sv_crash.h"
#include <stdlib.h>

/*  After the start: others may be cleaning already. */
#define S_FIRST_MS 1000

/*  What is removed in one step. */
typedef struct {
    sv_job_t job; /* first; a thread's while the job is under way */
    drive_chore_t *chore;
    drive_listing_t listing;
    bool is_done[LIM_PAGE];
    int64_t old_before; /* 0: whatever its age */
    int status;
} s_batch_t;

struct drive_chore {
    drive_t *drive;
    sv_loop_t *loop;
    sv_timer_t *sweep_timer, *walk_timer;
    bool is_sweeping, is_walking, is_wanted, is_stopped;
    s_batch_t sweep, walk;
    drive_place_t place;
};

/*  ---- steps of both --------------------------------------------------------------- */

static void s_add_upload (s_batch_t *batch, uint64_t upload)
{
    if (batch->listing.count < LIM_PAGE)
        batch->listing.uploads[batch->listing.count++] = upload;
}

/*  A name that is none of this backend's is left to who made it. */
static void s_add_blob (s_batch_t *batch, pt_str_t name)
{
    drive_listing_t *listing = &batch->listing;
    if (listing->count == LIM_PAGE || drive_name_take (name, &listing->blobs[listing->count]) != 0)
        return;
    listing->uploads[listing->count++] = 0;
}

/*  On a thread. */
static void s_remove (sv_job_t *job)
{
    s_batch_t *batch = (s_batch_t *)job;
    drive_backend_t *backend = batch->chore->drive->backend;
    const drive_listing_t *listing = &batch->listing;
    for (size_t i = 0; i < listing->count; i++) {
        int rc = listing->uploads[i] != 0 ? backend->ops->remove (backend, listing->uploads[i], batch->old_before)
                                          : backend->ops->remove_blob (backend, &listing->blobs[i], batch->old_before);
        batch->is_done[i] = rc == 0;
    }
    sv_crash (SV_CRASH_drive_bytes_removed);
}

static size_t s_count_done (const s_batch_t *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->listing.count; i++)
        count += batch->is_done[i];
    return count;
}

static int s_give (s_batch_t *batch, sv_job_fn *work, sv_job_fn *done)
{
    batch->job = (sv_job_t){.work = work, .done = done};
    return sv_pool_give (batch->chore->drive->io, &batch->job);
}

static int s_call (drive_chore_t *self, uint16_t opcode, const void *msg, sv_reply_fn *fn)
{
    const sv_call_t call = {
        .opcode = opcode, .msg = msg, .deadline_ms = (uint32_t)self->drive->config->store_deadline_ms};
    int err = 0;
    return sv_bus_call (self->drive->bus, &call, fn, self, &err) != 0 ? 0 : err;
}

/*  ---- the sweep ---------------------------------------------------------------------- */

static void s_sweep (drive_chore_t *self);

static void s_end_sweep (drive_chore_t *self, int status)
{
    self->is_sweeping = false;
    bool is_soon = status == 0 && self->is_wanted;
    if (self->is_stopped)
        return;
    if (status != 0)
        sv_log (self->drive->log, SV_WARN, NULL, "sweeping waits error=%s", pt_error_name (status));
    sv_timer_set (self->loop, self->sweep_timer, is_soon ? 1 : (uint32_t)self->drive->config->sweep_ms, 0);
}

static void s_on_swept (void *arg, const sv_reply_t *reply)
{
    drive_chore_t *self = arg;
    bool was_full = self->sweep.listing.count == LIM_PAGE;
    if (reply->status == 0 && was_full && !self->is_stopped)
        s_sweep (self);
    else
        s_end_sweep (self, reply->status);
}

static void s_on_removed (sv_job_t *job)
{
    s_batch_t *batch = (s_batch_t *)job;
    drive_chore_t *self = batch->chore;
    const drive_listing_t *listing = &batch->listing;
    uint64_t uploads[LIM_PAGE];
    pt_blob_t blobs[LIM_PAGE];
    uint32_t upload_count = 0, blob_count = 0;
    for (size_t i = 0; i < listing->count; i++)
        if (batch->is_done[i] && listing->uploads[i] != 0)
            uploads[upload_count++] = listing->uploads[i];
        else if (batch->is_done[i])
            blobs[blob_count++] = (pt_blob_t){.name = pt_str (listing->blobs[i].at)};
    sv_metric_add (self->drive->metrics.swept, upload_count + blob_count);
    const pt_sweep_done_t done = {.uploads = {uploads, upload_count}, .blobs = {blobs, blob_count}};
    int rc = s_call (self, PT_OP_store_swept, &done, s_on_swept);
    if (rc != 0)
        s_end_sweep (self, rc);
}

static void s_on_page (void *arg, const sv_reply_t *reply)
{
    drive_chore_t *self = arg;
    const pt_sweep_page_t *page = reply->msg;
    int rc = reply->status;
    self->sweep.listing.count = 0;
    for (uint32_t i = 0; rc == 0 && i < page->uploads.count; i++)
        s_add_upload (&self->sweep, page->uploads.at[i]);
    for (uint32_t i = 0; rc == 0 && i < page->blobs.count; i++)
        s_add_blob (&self->sweep, page->blobs.at[i].name);
    if (rc == 0 && self->sweep.listing.count > 0)
        rc = s_give (&self->sweep, s_remove, s_on_removed);
    if (rc != 0 || self->sweep.listing.count == 0)
        s_end_sweep (self, rc);
}

static void s_sweep (drive_chore_t *self)
{
    const pt_sweep_query_t query = {.limit = LIM_PAGE};
    int rc = s_call (self, PT_OP_store_sweep, &query, s_on_page);
    if (rc != 0)
        s_end_sweep (self, rc);
}

static void s_on_sweep_time (void *arg)
{
    drive_chore_t *self = arg;
    if (self->is_sweeping)
        return;
    self->is_sweeping = true;
    self->is_wanted = false;
    s_sweep (self);
}

/*  ---- the walk ------------------------------------------------------------------------ */

static void s_end_walk (drive_chore_t *self)
{
    self->is_walking = false;
    if (self->place.is_end)
        self->place = (drive_place_t){0};
    if (!self->is_stopped)
        sv_timer_set (self->loop, self->walk_timer, (uint32_t)self->drive->config->walk_ms, 0);
}

static void s_on_strays (sv_job_t *job)
{
    s_batch_t *batch = (s_batch_t *)job;
    size_t count = s_count_done (batch);
    sv_metric_add (batch->chore->drive->metrics.strays, count);
    if (count > 0)
        sv_log (batch->chore->drive->log, SV_INFO, NULL, "removed what nobody knows count=%zu", count);
    s_end_walk (batch->chore);
}

static void s_on_unknown (void *arg, const sv_reply_t *reply)
{
    drive_chore_t *self = arg;
    const pt_blob_list_t *list = reply->msg;
    self->walk.listing.count = 0;
    for (uint32_t i = 0; reply->status == 0 && i < list->blobs.count; i++) {
        pt_str_t name = list->blobs.at[i].name;
        char text[DRIVE_NAME_UPLOAD] = "";
        if (name.len < sizeof text)
            memcpy (text, name.at, name.len);
        uint64_t upload = drive_name_upload_id (text);
        if (upload != 0)
            s_add_upload (&self->walk, upload);
        else
            s_add_blob (&self->walk, name);
    }
    if (self->walk.listing.count == 0 || s_give (&self->walk, s_remove, s_on_strays) != 0)
        s_end_walk (self);
}

static void s_list (sv_job_t *job)
{
    s_batch_t *batch = (s_batch_t *)job;
    drive_chore_t *self = batch->chore;
    drive_backend_t *backend = self->drive->backend;
    batch->status = backend->ops->list (backend, batch->old_before, &self->place, &batch->listing);
}

static void s_on_list (sv_job_t *job)
{
    s_batch_t *batch = (s_batch_t *)job;
    drive_chore_t *self = batch->chore;
    pt_blob_t blobs[LIM_PAGE];
    const pt_blob_list_t list = {.blobs = {blobs, (uint32_t)batch->listing.count}};
    for (size_t i = 0; i < batch->listing.count; i++)
        blobs[i] = (pt_blob_t){.name = pt_str (batch->listing.blobs[i].at)};
    if (batch->status != 0)
        sv_log (self->drive->log, SV_WARN, NULL, "can't list what there is error=%s", pt_error_name (batch->status));
    if (batch->status != 0 || batch->listing.count == 0 ||
        s_call (self, PT_OP_store_blobs_unknown, &list, s_on_unknown) != 0)
        s_end_walk (self);
}

static void s_on_walk_time (void *arg)
{
    drive_chore_t *self = arg;
    if (self->is_walking)
        return;
    self->walk.old_before = sv_wall_us () - (int64_t)self->drive->config->walk_age_ms * 1000;
    self->is_walking = s_give (&self->walk, s_list, s_on_list) == 0;
    if (!self->is_walking)
        s_end_walk (self);
}

/*  ---- life ------------------------------------------------------------------------------ */

void drive_chore_soon (drive_chore_t *self)
{
    if (!self || self->is_stopped)
        return;
    self->is_wanted = true;
    if (!self->is_sweeping)
        sv_timer_set (self->loop, self->sweep_timer, 1, 0);
}

static void s_on_forgotten (void *arg, const sv_reply_t *reply)
{
    if (reply->status == 0)
        drive_chore_soon (arg);
}

void drive_chore_forget (drive_chore_t *self, const pt_upload_ref_t *upload)
{
    /*  Where it can't be asked the upload expires. */
    (void)!s_call (self, PT_OP_store_upload_delete, upload, s_on_forgotten);
}

void drive_chore_stop (drive_chore_t *self)
{
    if (!self || self->is_stopped)
        return;
    self->is_stopped = true;
    sv_timer_cancel (self->loop, &self->sweep_timer);
    sv_timer_cancel (self->loop, &self->walk_timer);
}

bool drive_chore_is_idle (const drive_chore_t *self)
{
    return !self || (!self->is_sweeping && !self->is_walking);
}

drive_chore_t *drive_chore_new (drive_t *drive)
{
    drive_chore_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->drive = drive;
    self->loop = sv_daemon_loop (drive->daemon);
    self->sweep.chore = self->walk.chore = self;
    self->sweep_timer = sv_loop_timer (self->loop, S_FIRST_MS, 0, s_on_sweep_time, self);
    self->walk_timer = sv_loop_timer (self->loop, (uint32_t)drive->config->walk_ms, 0, s_on_walk_time, self);
    if (!self->sweep_timer || !self->walk_timer)
        drive_chore_destroy (&self);
    return self;
}

void drive_chore_destroy (drive_chore_t **self_p)
{
    drive_chore_t *self = *self_p;
    if (!self)
        return;
    drive_chore_stop (self);
    free (self);
    *self_p = NULL;
}
