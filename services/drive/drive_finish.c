/*  drive_finish - makes a complete upload a file.

    An upload that is refused for what it holds is given up for good: it would
    be refused again.  After any other failure all stays as it is, and whoever
    asks next for the upload tries again. */

#include "drive_finish.h"
#include "drive_check.h"
#include "drive_chore.h"
#include "sv_crash.h"
#include <stdio.h>
#include <stdlib.h>

/*  The one job of a finish is a thread's or the loop's, never both's. */
typedef struct {
    sv_job_t job;
    drive_t *drive;
    drive_finish_t ask;
    uint8_t sha256[LIM_HASH];
    char trace[LIM_TRACE + 1];
    const char *clamd_socket; /* of the settings, read on the loop */
    uint64_t pixels;
    drive_verdict_t verdict;
    drive_blob_name_t name; /* under which the bytes were committed */
    bool is_committed;
    uint64_t us;
    int status;
    bool must_remove_blob, must_remove_upload;
    bool has_file;
    pt_file_t file; /* with its texts below */
    char text[3][LIM_FILE_NAME + 1];
} s_finish_t;

static s_finish_t *s_of (sv_job_t *job)
{
    return (s_finish_t *)job;
}

/*  ---- the end ------------------------------------------------------------------ */

static void s_tell (s_finish_t *self)
{
    drive_t *drive = self->drive;
    drive_finish_fn *fn = self->ask.fn;
    drive->finishes--;
    sv_metric_add (drive->metrics.files, self->status == 0);
    sv_metric_add (drive->metrics.refused, drive_check_is_final (self->status));
    fn (self->ask.arg, self->status, self->verdict.why[0] ? self->verdict.why : NULL,
        self->has_file ? &self->file : NULL);
    free (self);
}

/*  On a thread.  What can't be removed is found by the walk. */
static void s_clean (sv_job_t *job)
{
    s_finish_t *self = s_of (job);
    drive_backend_t *backend = self->drive->backend;
    if (self->must_remove_blob)
        (void)!backend->ops->remove_blob (backend, &self->name, 0);
    if (self->must_remove_upload)
        (void)!backend->ops->remove (backend, self->ask.upload, 0);
    backend->ops->close (&self->ask.sink);
}

static void s_on_clean (sv_job_t *job)
{
    s_tell (s_of (job));
}

static void s_end (s_finish_t *self, int status)
{
    self->status = status;
    self->job = (sv_job_t){.work = s_clean, .done = s_on_clean};
    if (sv_pool_give (self->drive->io, &self->job) == 0)
        return;
    s_clean (&self->job);
    s_tell (self);
}

/*  ---- store ---------------------------------------------------------------------- */

static pt_str_t s_keep (s_finish_t *self, unsigned slot, pt_str_t text)
{
    size_t len = text.len < sizeof self->text[slot] ? text.len : 0;
    memcpy (self->text[slot], text.at, len);
    return (pt_str_t){self->text[slot], (uint32_t)len};
}

static void s_keep_file (s_finish_t *self, const pt_file_t *file)
{
    self->file = *file;
    self->file.name = s_keep (self, 0, file->name);
    self->file.type = s_keep (self, 1, file->type);
    self->file.sha256 = s_keep (self, 2, file->sha256);
    self->has_file = true;
}

static void s_on_stored (void *arg, const sv_reply_t *reply)
{
    s_finish_t *self = arg;
    if (reply->status == 0) {
        sv_crash (SV_CRASH_drive_file_stored);
        const pt_file_stored_t *stored = reply->msg;
        s_keep_file (self, stored->file);
        self->must_remove_blob = !pt_str_eq (stored->blob, pt_str (self->name.at));
        self->must_remove_upload = true;
    } else {
        /*  Who deletes an upload while it is being made a file gets what was asked. */
        bool is_over = reply->status == -PT_E_gone || reply->status == -PT_E_not_found;
        self->must_remove_blob = self->must_remove_upload = is_over;
        snprintf (self->verdict.why, sizeof self->verdict.why, "%.*s",
                  (int)(reply->error->has_detail ? reply->error->detail.len : 0), reply->error->detail.at);
    }
    s_end (self, reply->status);
}

static void s_ask_store (s_finish_t *self)
{
    drive_t *drive = self->drive;
    const pt_file_insert_t insert = {.account = self->ask.account,
                                     .upload = self->ask.upload,
                                     .sha256 = {(const char *)self->verdict.sha256, LIM_HASH},
                                     .size = self->ask.size,
                                     .type = pt_str (self->verdict.type),
                                     .blob = pt_str (self->name.at)};
    const sv_call_t call = {.opcode = PT_OP_store_file_create,
                            .msg = &insert,
                            .affinity = self->ask.account,
                            .deadline_ms = (uint32_t)drive->config->store_deadline_ms,
                            .trace = self->trace[0] ? self->trace : NULL};
    int err = 0;
    if (sv_bus_call (drive->bus, &call, s_on_stored, self, &err) == 0)
        s_end (self, err);
}

/*  The row of a refused upload goes; whether that worked is not waited for: in
    the end it expires. */
static void s_give_up (s_finish_t *self)
{
    drive_t *drive = self->drive;
    const pt_upload_ref_t ref = {.account = self->ask.account, .id = self->ask.upload};
    drive_chore_forget (drive->chore, &ref);
    sv_log (drive->log, SV_INFO, self->trace, "refused upload error=%s why=%s", pt_error_name (self->status),
            self->verdict.why);
    s_end (self, self->status);
}

/*  ---- the work --------------------------------------------------------------------- */

/*  On a thread. */
static void s_work (sv_job_t *job)
{
    s_finish_t *self = s_of (job);
    const drive_check_t check = {.sniff = self->drive->sniff,
                                 .clamd_socket = self->clamd_socket,
                                 .sink = self->ask.sink,
                                 .size = self->ask.size,
                                 .sha256 = self->ask.sha256,
                                 .is_picture = self->ask.purpose == PT_upload_purpose_AVATAR,
                                 .pixels = self->pixels};
    uint64_t start_us = sv_now_us ();
    self->status = drive_check (&check, &self->verdict);
    if (self->status == 0) {
        sv_crash (SV_CRASH_drive_checked);
        self->name = drive_name_blob (self->verdict.sha256, self->ask.upload);
        self->status = self->ask.sink->ops->commit (self->ask.sink, &self->name);
        self->is_committed = self->status == 0;
        sv_crash (SV_CRASH_drive_blob_linked);
    }
    self->us = sv_now_us () - start_us;
}

static void s_on_work (sv_job_t *job)
{
    s_finish_t *self = s_of (job);
    sv_metric_observe_us (self->drive->metrics.check_time, self->us);
    if (self->is_committed)
        s_ask_store (self);
    else if (drive_check_is_final (self->status))
        s_give_up (self);
    else
        s_end (self, self->status);
}

int drive_finish (drive_t *drive, const drive_finish_t *ask)
{
    s_finish_t *self = calloc (1, sizeof *self);
    drive_sink_t *sink = ask->sink;
    int rc = self ? 0 : -PT_E_memory;
    if (rc == 0) {
        self->job = (sv_job_t){.work = s_work, .done = s_on_work};
        self->drive = drive;
        self->ask = *ask;
        self->clamd_socket = drive->config->clamd_socket;
        self->pixels = drive->config->avatar_pixels;
        if (ask->sha256)
            self->ask.sha256 = memcpy (self->sha256, ask->sha256, LIM_HASH);
        snprintf (self->trace, sizeof self->trace, "%s", ask->trace ? ask->trace : "");
        rc = sv_pool_give (drive->checks, &self->job);
    }
    if (rc != 0) {
        sink->ops->close (&sink);
        free (self);
        return rc;
    }
    drive->finishes++;
    return 0;
}
