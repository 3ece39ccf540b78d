/*  drive_upload - beginning uploads, asking how far they have come, giving them up.

    How far is the backend's to say.  An upload that has all its bytes and is no
    file yet was left so by a crash, or has none to come: whoever asks for it
    has it made a file, and is answered when that is done.  So a client that
    finds its upload complete may rely on it. */

#include "drive_upload.h"
#include "drive_chore.h"
#include "drive_finish.h"
#include "drive_ops.h"
#include "drive_policy.h"
#include "drive_write.h"

typedef struct {
    sv_job_t job;
    drive_t *drive;
    sv_request_t *request;
    uint64_t account;
    pt_upload_t *upload;
    drive_sink_t *sink;
    int status;
} s_ask_t;

/*  ---- shared --------------------------------------------------------------------- */

static bool s_copy_text (pt_arena_t *arena, pt_str_t *text)
{
    text->at = pt_arena_copy (arena, text->at, text->len);
    return text->at != NULL;
}

pt_upload_t *drive_upload_copy (pt_arena_t *arena, const pt_upload_t *upload)
{
    pt_upload_t *copy = pt_arena_alloc (arena, sizeof *copy);
    pt_file_t *file = pt_arena_alloc (arena, sizeof *file);
    if (!copy || !file)
        return NULL;
    *copy = *upload;
    if (!s_copy_text (arena, &copy->name))
        return NULL;
    if (!upload->has_file)
        return copy;
    *file = *upload->file;
    copy->file = file;
    bool is_whole =
        s_copy_text (arena, &file->name) && s_copy_text (arena, &file->type) && s_copy_text (arena, &file->sha256);
    return is_whole ? copy : NULL;
}

uint64_t drive_upload_max (const drive_t *drive, pt_upload_purpose_t purpose)
{
    const drive_config_t *config = drive->config;
    bool is_small = purpose == PT_upload_purpose_AVATAR && config->avatar_max < config->upload_max;
    return is_small ? config->avatar_max : config->upload_max;
}

int64_t drive_upload_expiry (const drive_t *drive)
{
    return sv_wall_us () + (int64_t)drive->config->upload_ttl_ms * 1000;
}

/*  ---- how far it has come ------------------------------------------------------------ */

static void s_on_finished (void *arg, int status, const char *detail, const pt_file_t *file)
{
    s_ask_t *self = arg;
    if (status != 0) {
        sv_request_fail (&self->request, status, detail);
        return;
    }
    self->upload->file = file;
    self->upload->has_file = true;
    sv_request_reply (&self->request, self->upload);
}

static void s_open (sv_job_t *job)
{
    s_ask_t *self = (s_ask_t *)job;
    drive_backend_t *backend = self->drive->backend;
    self->status = backend->ops->open (backend, self->upload->id, &self->sink, &self->upload->offset);
    if (self->status == 0 && self->upload->length == 0)
        self->status = self->sink->ops->mark (self->sink, 0);
}

static void s_on_open (sv_job_t *job)
{
    s_ask_t *self = (s_ask_t *)job;
    const drive_finish_t finish = {.account = self->account,
                                   .upload = self->upload->id,
                                   .size = self->upload->length,
                                   .purpose = self->upload->purpose,
                                   .trace = sv_request_trace (self->request),
                                   .sink = self->sink,
                                   .fn = s_on_finished,
                                   .arg = self};
    /*  Another replica has made it a file since: asked once more, store knows. */
    if (self->status == 0 && self->upload->offset != self->upload->length) {
        self->sink->ops->close (&self->sink);
        self->status = -PT_E_locked;
    }
    if (self->status == 0)
        self->status = drive_finish (self->drive, &finish);
    if (self->status != 0)
        sv_request_fail (&self->request, self->status, NULL);
}

static void s_look (sv_job_t *job)
{
    s_ask_t *self = (s_ask_t *)job;
    drive_backend_t *backend = self->drive->backend;
    self->status = backend->ops->offset (backend, self->upload->id, &self->upload->offset);
}

/*  Gives the ask's next step to the threads. */
static void s_give (s_ask_t *self, sv_job_fn *work, sv_job_fn *done)
{
    self->job = (sv_job_t){.work = work, .done = done};
    int rc = sv_pool_give (self->drive->io, &self->job);
    if (rc != 0)
        sv_request_fail (&self->request, rc, NULL);
}

static void s_on_look (sv_job_t *job)
{
    s_ask_t *self = (s_ask_t *)job;
    const pt_upload_t *upload = self->upload;
    if (self->status != 0)
        sv_request_fail (&self->request, self->status, NULL);
    else if (upload->has_length && upload->length == upload->offset)
        s_give (self, s_open, s_on_open);
    else
        sv_request_reply (&self->request, upload);
}

/*  Store has answered with the upload's row. */
static void s_on_row (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    s_ask_t *self = op;
    self->drive = ctx;
    self->upload = drive_upload_copy (sv_request_arena (*request_p), reply->msg);
    if (!self->upload) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return;
    }
    if (self->upload->has_file) {
        self->upload->offset = self->upload->file->size;
        sv_request_reply (request_p, self->upload);
        return;
    }
    self->request = *request_p;
    *request_p = NULL;
    s_give (self, s_look, s_on_look);
}

static void s_ask_store (drive_t *drive, sv_request_t *request, uint64_t account, uint16_t opcode, const void *msg)
{
    s_ask_t *self = pt_arena_alloc (sv_request_arena (request), sizeof *self);
    if (!self) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    self->account = account;
    const sv_backend_call_t call = {.opcode = opcode, .affinity = account, .msg = msg, .fn = s_on_row, .op = self};
    sv_backend_call (&drive->store, &request, &call);
}

void drive_upload_on_get (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_upload_ref_t *ref = msg;
    s_ask_store (ctx, request, ref->account, PT_OP_store_upload_get, ref);
}

/*  ---- the beginning and the end ---------------------------------------------------------- */

void drive_upload_on_create (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *drive = ctx;
    pt_upload_create_t ask = *(const pt_upload_create_t *)msg;
    pt_error_t error = {0};
    ask.purpose = ask.has_purpose ? ask.purpose : PT_upload_purpose_FILE;
    ask.has_purpose = true;
    int rc = drive_policy_name (ask.name, sv_request_arena (request), &error);
    if (rc == 0 && ask.has_length && ask.length > drive_upload_max (drive, ask.purpose))
        rc = -PT_E_too_large;
    if (rc != 0) {
        sv_request_fail_with (&request, rc, &error);
        return;
    }
    const pt_upload_insert_t insert = {.ask = &ask,
                                       .expires_at = drive_upload_expiry (drive),
                                       .quota = drive->config->quota,
                                       .uploads = drive->config->uploads_max};
    s_ask_store (drive, request, ask.account, PT_OP_store_upload_create, &insert);
}

static void s_on_deleted (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    drive_t *drive = ctx;
    const uint64_t *upload = op;
    drive_write_drop (drive, *upload, PT_E_gone);
    drive_chore_soon (drive->chore);
    sv_request_reply (request_p, reply->msg);
}

void drive_upload_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *drive = ctx;
    const pt_upload_ref_t *ref = msg;
    uint64_t *upload = pt_arena_alloc (sv_request_arena (request), sizeof *upload);
    if (!upload) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *upload = ref->id;
    const sv_backend_call_t call = {
        .opcode = PT_OP_store_upload_delete, .affinity = ref->account, .msg = msg, .fn = s_on_deleted, .op = upload};
    sv_backend_call (&drive->store, &request, &call);
}
