/*  drive_file - what is asked about files and about all that an account keeps. */

#include "drive_chore.h"
#include "drive_ops.h"

static void s_on_usage (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const drive_t *self = ctx;
    (void)op;
    pt_drive_usage_t usage = *(const pt_drive_usage_t *)reply->msg;
    usage.backend = pt_str (self->backend->ops->name);
    usage.quota = self->config->quota;
    usage.upload_max = self->config->upload_max;
    sv_request_reply (request_p, &usage);
}

void drive_file_on_usage (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *self = ctx;
    const sv_backend_call_t call = {.opcode = PT_OP_store_usage, .msg = msg, .fn = s_on_usage};
    sv_backend_call (&self->store, &request, &call);
}

/*  Where the bytes are is nobody's business but ours. */
static void s_on_file (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const pt_file_stored_t *stored = reply->msg;
    (void)ctx;
    (void)op;
    sv_request_reply (request_p, stored->file);
}

void drive_file_on_get (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *self = ctx;
    const sv_backend_call_t call = {.opcode = PT_OP_store_file_get, .msg = msg, .fn = s_on_file};
    sv_backend_call (&self->store, &request, &call);
}

/*  Their bytes go with the next sweep. */
static void s_on_deleted (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    drive_t *self = ctx;
    (void)op;
    sv_request_reply (request_p, reply->msg);
    drive_chore_soon (self->chore);
}

void drive_file_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *self = ctx;
    const sv_backend_call_t call = {.opcode = PT_OP_store_file_delete, .msg = msg, .fn = s_on_deleted};
    sv_backend_call (&self->store, &request, &call);
}

void drive_file_on_avatar_delete (void *ctx, sv_request_t *request, const void *msg)
{
    drive_t *self = ctx;
    const sv_backend_call_t call = {.opcode = PT_OP_store_avatar_delete, .msg = msg, .fn = s_on_deleted};
    sv_backend_call (&self->store, &request, &call);
}
