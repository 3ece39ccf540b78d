/*  gw_upload - files on their way in.

    One request is one write of one upload, in these steps, of which some need none:

        create   drive enters an upload; a form has to name its file first
        open     drive grants a stream at the upload's offset
        stream   the body goes there as it comes
        settle   drive has looked at it all and says what has become of it

    A whole file whose length was not known before is opened once more when it is: with
    no bytes, to say how long it is.  What is sent by an upload of tus stays, whatever
    happens to the request; what a whole file or a picture began is given up. */

#include "gw_call.h"
#include "gw_config.h"
#include "gw_date.h"
#include "gw_disposition.h"
#include "gw_header.h"
#include "gw_json.h"
#include "gw_upload_priv.h"
#include <libwebsockets.h>

/*  Bytes of the body that have come and can't be given yet: what came with the head, and
    what one more slice brings. */
#define PENDING (3 * GW_HTTP_SLICE)

/*  The slowest a client may be on the whole of one patience. */
#define RATE 1024

/* ---- answers ---------------------------------------------------------------------- */

static bool s_is_tus (const gw_upload_t *self)
{
    return self->kind == GW_UPLOAD_CREATE || self->kind == GW_UPLOAD_PATCH;
}

void gw_upload_say (gw_request_t *request, const char *line)
{
    request->lines = pt_arena_printf (request->arena, "%s%s", request->lines ? request->lines : "", line);
}

void gw_upload_say_number (gw_request_t *request, const char *name, uint64_t value)
{
    char line[64];
    snprintf (line, sizeof line, "%s: %llu\r\n", name, (unsigned long long)value);
    gw_upload_say (request, line);
}

void gw_upload_say_expiry (gw_request_t *request, const pt_upload_t *upload)
{
    char line[64], date[GW_DATE + 1];
    if (upload->has_file)
        return;
    snprintf (line, sizeof line, "Upload-Expires: %s\r\n", gw_date_put (date, upload->expires_at / 1000000));
    gw_upload_say (request, line);
}

/*  Where the file or the upload is. */
static void s_say_location (gw_request_t *request, const char *folder, uint64_t id)
{
    char line[96];
    snprintf (line, sizeof line, "Location: %s/%llu\r\n", folder, (unsigned long long)id);
    gw_upload_say (request, line);
}

void gw_upload_fail (gw_upload_t *self, int err, const char *detail)
{
    gw_http_fail (self->request, err, detail, NULL);
}

static void s_on_account (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply))
        gw_http_reply (request, request->route->status, PT_MSG_account, reply->msg);
}

/*  Who has a picture now is answered with the account that shows it. */
static void s_answer_avatar (gw_request_t *request)
{
    const pt_account_ref_t self = {.has_account = true, .account = request->identity.account};
    gw_call_send (request, PT_OP_auth_account_get, &self, s_on_account);
}

/*  All is well: says what has become of it. */
static void s_answer (gw_upload_t *self, const pt_upload_t *upload)
{
    gw_request_t *request = self->request;
    if (self->fields) {
        gw_upload_form_done (self);
        return;
    }
    if (self->kind == GW_UPLOAD_AVATAR) {
        s_answer_avatar (request);
        return;
    }
    if (self->kind == GW_UPLOAD_FILE) {
        if (!upload->has_file) {
            gw_upload_fail (self, -PT_E_internal, NULL);
            return;
        }
        s_say_location (request, "/v1/drive/files", upload->file->id);
        gw_http_reply (request, 201, PT_MSG_file, upload->file);
        return;
    }
    gw_upload_say_number (request, "Upload-Offset", upload->offset);
    gw_upload_say_expiry (request, upload);
    if (self->kind == GW_UPLOAD_PATCH) {
        gw_http_answer (request, &(gw_answer_t){.status = 204});
        return;
    }
    s_say_location (request, GW_UPLOAD_PATH, upload->id);
    gw_http_reply (request, 201, PT_MSG_upload, upload);
}

/* ---- the stream -------------------------------------------------------------------- */

static void s_on_ready (void *arg)
{
    gw_upload_push (arg);
}

/*  The length is known only now that all is there: it is said with a write of nothing. */
static bool s_must_say_length (const gw_upload_t *self, const pt_upload_t *upload)
{
    return !s_is_tus (self) && !self->has_length && !upload->has_file;
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    gw_upload_t *self = arg;
    self->transfer = NULL;
    if (status == 0 && (!end->has_upload || !self->is_last))
        status = -PT_E_internal;
    if (status != 0) {
        if (s_is_tus (self) && end->has_offset)
            gw_upload_say_number (self->request, "Upload-Offset", end->offset);
        const pt_error_t error = {.has_detail = end->has_detail && end->detail.len > 0, .detail = end->detail};
        gw_http_fail (self->request, status, NULL, &error);
        return;
    }
    if (s_must_say_length (self, end->upload)) {
        self->offset = self->length = end->upload->offset;
        self->has_length = true;
        gw_upload_open (self);
        return;
    }
    self->is_settled = true;
    s_answer (self, end->upload);
}

static const gw_transfer_ops_t s_transfer_ops = {.ready = s_on_ready, .ended = s_on_ended};

static void s_on_granted (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_upload_t *self = gw_upload_of (request);
    int err = 0;
    if (!gw_call_succeeded (request, reply))
        return;
    self->transfer = gw_bulk_upload (request->gw->bulk, reply->msg, &s_transfer_ops, self, &err);
    if (!self->transfer) {
        gw_upload_fail (self, err, NULL);
        return;
    }
    self->is_last = false;
    if (!self->is_whole) {
        gw_http_read_on (request);
        gw_http_patience (request, request->gw->config->upload_ms);
    }
    gw_upload_push (self);
}

/*  Bytes that this request will bring, where its head tells. */
static bool s_count (const gw_upload_t *self, uint64_t *out)
{
    bool has_none = self->is_whole && self->pending.len == 0;
    *out = has_none ? 0 : self->request->length;
    return has_none || (!self->form && !self->request->is_chunked);
}

void gw_upload_open (gw_upload_t *self)
{
    gw_request_t *request = self->request;
    pt_write_open_t open = {
        .account = request->identity.account,
        .has_account = true,
        .upload = self->id,
        .has_upload = true,
        .offset = self->offset,
        .has_offset = true,
        .length = self->length,
        .has_length = self->has_length,
        .digest_kind = self->digest_kind,
        .has_digest_kind = self->has_digest,
        .digest_value = {self->digest, (uint32_t)self->digest_len},
        .has_digest_value = self->has_digest,
        .peer = sv_bus_generation (request->gw->bus),
        .has_peer = true,
    };
    open.has_count = s_count (self, &open.count);
    gw_call_send (request, PT_OP_drive_write, &open, s_on_granted);
}

/* ---- creating ----------------------------------------------------------------------- */

/*  A repeat of what has begun before is told how far that is; the bytes that came with it are
    not needed. */
static void s_on_created (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_upload_t *self = gw_upload_of (request);
    if (!gw_call_succeeded (request, reply))
        return;
    const pt_upload_t *upload = reply->msg;
    bool has_bytes = !self->is_whole || self->pending.len > 0;
    bool is_repeat = upload->has_file || upload->offset > 0;
    if (is_repeat && !upload->has_file && !s_is_tus (self)) {
        gw_upload_fail (self, -PT_E_conflict, "this key has begun another upload, which is under way");
        return;
    }
    self->id = upload->id;
    if (is_repeat || (!has_bytes && !(upload->has_length && upload->length == 0))) {
        self->is_settled = true;
        s_answer (self, upload);
    } else
        gw_upload_open (self);
}

void gw_upload_enter (gw_upload_t *self)
{
    gw_request_t *request = self->request;
    pt_upload_create_t create = {0};
    bool is_filled = self->fields ? gw_call_fill_inner (request, PT_MSG_upload_create, &create)
                                  : gw_call_fill (request, PT_MSG_upload_create, &create);
    if (!is_filled)
        return;
    if (!create.has_name)
        create.name = self->name.len > 0 ? self->name : PT_LIT ("file");
    create.has_name = true;
    create.length = self->length;
    create.has_length = self->has_length;
    create.purpose = self->kind == GW_UPLOAD_AVATAR ? PT_upload_purpose_AVATAR : PT_upload_purpose_FILE;
    create.has_purpose = true;
    if (self->has_length && self->length > request->gw->config->upload_max)
        gw_upload_fail (self, -PT_E_too_large, NULL);
    else
        gw_call_send (request, PT_OP_drive_upload_create, &create, s_on_created);
}

/* ---- life -------------------------------------------------------------------------------- */

/*  Who could not send because we did not read is not to blame. */
static void s_late (gw_request_t *request)
{
    gw_upload_t *self = gw_upload_of (request);
    uint64_t ms = request->gw->config->upload_ms;
    if (!self->was_paused && !request->link->is_paused && self->came < RATE * ms / 1000) {
        request->keeps_alive = false;
        gw_upload_fail (self, -PT_E_body_timeout, NULL);
        return;
    }
    self->was_paused = false;
    self->came = 0;
    gw_http_patience (request, ms);
}

static void s_ignore (void *arg, const sv_reply_t *reply)
{
    (void)arg;
    (void)reply;
}

/*  Nobody will go on with it.  If nobody hears this, it is forgotten in time. */
static void s_give_up (const gw_upload_t *self)
{
    const gw_request_t *request = self->request;
    const pt_upload_ref_t ref = {.account = request->identity.account, .id = self->id};
    const sv_call_t call = {.opcode = PT_OP_drive_upload_delete,
                            .msg = &ref,
                            .affinity = ref.account,
                            .deadline_ms = (uint32_t)request->gw->config->call_ms,
                            .trace = request->trace};
    (void)sv_bus_call (request->gw->bus, &call, s_ignore, NULL, NULL);
}

static void s_drop (gw_request_t *request)
{
    gw_upload_t *self = gw_upload_of (request);
    gw_transfer_cancel (&self->transfer, -PT_E_gone);
    pt_buf_fini (&self->pending);
    if (!s_is_tus (self) && self->id != 0 && !self->is_settled)
        s_give_up (self);
}

static const gw_stream_t s_stream = {
    .body = gw_upload_on_body, .body_end = gw_upload_on_body_end, .late = s_late, .drop = s_drop};

static bool s_has_body (const gw_request_t *request)
{
    return request->has_more_body || request->body.len > 0 || request->length > 0;
}

gw_upload_t *gw_upload_new (gw_request_t *request, gw_upload_kind_t kind)
{
    gw_upload_t *self = pt_arena_alloc (request->arena, sizeof *self);
    if (!self) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return NULL;
    }
    self->request = request;
    self->kind = kind;
    self->is_whole = !s_has_body (request);
    pt_buf_init (&self->pending, PENDING);
    request->stream_ctx = self;
    request->stream = &s_stream;
    return self;
}

const char *gw_upload_type (gw_request_t *request, size_t *out_len)
{
    int err = 0;
    return gw_http_header (request, WSI_TOKEN_HTTP_CONTENT_TYPE, out_len, &err);
}

void gw_upload_on_deleted (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply))
        gw_http_reply (request, 204, PT_MSG_empty, NULL);
}

/* ---- whole files ------------------------------------------------------------------------ */

/*  The form that the body is, or the length it has. */
static int s_read_whole (gw_upload_t *self)
{
    gw_request_t *request = self->request;
    size_t len = 0, name_len = 0;
    int err = 0;
    const char *type = gw_upload_type (request, &len);
    if (!request->has_length && !request->is_chunked)
        return -PT_E_length_required;
    if (type && gw_header_is_media (type, len, "multipart/form-data")) {
        self->form = pt_arena_alloc (request->arena, sizeof *self->form);
        if (!self->form)
            return -PT_E_memory;
        if (!gw_multipart_init (self->form, type, len) || self->is_whole)
            return -PT_E_malformed;
        self->form->wants_all = self->fields != NULL;
        return 0;
    }
    self->has_length = !request->is_chunked;
    self->length = request->length;
    const char *value = gw_http_header (request, WSI_TOKEN_HTTP_CONTENT_DISPOSITION, &len, &err);
    char *name = pt_arena_alloc (request->arena, LIM_FILE_NAME);
    if (err != 0 || !name)
        return err != 0 ? err : -PT_E_memory;
    if (value && gw_disposition_name (value, len, name, LIM_FILE_NAME, &name_len))
        self->name = (pt_str_t){name, (uint32_t)name_len};
    return 0;
}

void gw_upload_whole (gw_request_t *request, gw_upload_kind_t kind, gw_upload_fields_t *fields)
{
    gw_link_t *link = request->link;
    gw_upload_t *self = gw_upload_new (request, kind);
    if (!self)
        return;
    self->fields = fields;
    int err = s_read_whole (self);
    if (err != 0) {
        gw_upload_fail (self, err, NULL);
        return;
    }
    if (self->form) {
        gw_http_read_on (request);
        gw_http_patience (request, request->gw->config->upload_ms);
    } else
        gw_upload_enter (self);
    if (link->request == request)
        gw_upload_take_early (self);
}

void gw_upload_create (gw_request_t *request)
{
    if (gw_upload_is_tus (request))
        gw_upload_create_tus (request);
    else
        gw_upload_whole (request, GW_UPLOAD_FILE, NULL);
}

/* ---- pictures ----------------------------------------------------------------------------- */

void gw_upload_avatar (gw_request_t *request)
{
    gw_upload_whole (request, GW_UPLOAD_AVATAR, NULL);
}

void gw_upload_avatar_delete (gw_request_t *request)
{
    pt_account_only_t who = {0};
    if (gw_call_fill (request, PT_MSG_account_only, &who))
        gw_call_send (request, PT_OP_drive_avatar_delete, &who, gw_upload_on_deleted);
}
