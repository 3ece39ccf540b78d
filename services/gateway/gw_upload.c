/*  gw_upload - files on their way in.

    One request is one write of one upload, in these steps, of which some need none:

        create   drive enters an upload; a form has to name its file first
        open     drive grants a stream at the upload's offset
        stream   the body goes there as it comes
        settle   drive has looked at it all and says what has become of it

    A whole file whose length was not known before is opened once more when it is: with
    no bytes, to say how long it is.  What is sent by an upload of tus stays, whatever
    happens to the request; what a whole file or a picture began is given up. */

#include "gw_upload.h"
#include "gw_bulk.h"
#include "gw_call.h"
#include "gw_chunked.h"
#include "gw_config.h"
#include "gw_date.h"
#include "gw_disposition.h"
#include "gw_header.h"
#include "gw_json.h"
#include "gw_multipart.h"
#include "gw_tus.h"
#include <libwebsockets.h>
#include <openssl/evp.h>

/*  Bytes of the body that have come and can't be given yet: what came with the head, and
    what one more slice brings. */
#define PENDING (3 * GW_HTTP_SLICE)

/*  The slowest a client may be on the whole of one patience. */
#define RATE 1024

#define PATH "/v1/drive/uploads"

typedef enum { S_CREATE, S_PATCH, S_FILE, S_AVATAR } s_kind_t;

typedef struct {
    gw_request_t *request;
    s_kind_t kind;
    uint64_t id;     /* of the upload; 0: not created yet */
    bool has_length; /* of the whole */
    uint64_t length;
    uint64_t offset; /* in the whole, at which this request writes */
    pt_str_t name;
    bool has_digest;
    pt_digest_t digest_kind;
    char digest[GW_TUS_DIGEST];
    size_t digest_len;
    gw_chunked_t chunked;
    gw_multipart_t *form; /* NULL: the body is the file */
    pt_buf_t pending;
    size_t given;            /* of what is pending */
    gw_transfer_t *transfer; /* NULL: no stream stands */
    bool is_whole;           /* all of the body has come */
    bool is_last;            /* and has been given */
    bool is_settled;
    bool was_paused; /* since its patience was looked at */
    uint64_t came;   /* bytes since then */
} upload_t;

static void s_open (upload_t *self);
static void s_push (upload_t *self);

static upload_t *s_self (gw_request_t *request)
{
    return request->stream_ctx;
}

/* ---- answers ---------------------------------------------------------------------- */

static bool s_is_tus (const upload_t *self)
{
    return self->kind == S_CREATE || self->kind == S_PATCH;
}

/*  Adds lines to whatever is answered. */
static void s_say (gw_request_t *request, const char *line)
{
    request->lines = pt_arena_printf (request->arena, "%s%s", request->lines ? request->lines : "", line);
}

static void s_say_number (gw_request_t *request, const char *name, uint64_t value)
{
    char line[64];
    snprintf (line, sizeof line, "%s: %llu\r\n", name, (unsigned long long)value);
    s_say (request, line);
}

static void s_say_expiry (gw_request_t *request, const pt_upload_t *upload)
{
    char line[64], date[GW_DATE + 1];
    if (upload->has_file)
        return;
    snprintf (line, sizeof line, "Upload-Expires: %s\r\n", gw_date_put (date, upload->expires_at / 1000000));
    s_say (request, line);
}

/*  Where the file or the upload is. */
static void s_say_location (gw_request_t *request, const char *folder, uint64_t id)
{
    char line[96];
    snprintf (line, sizeof line, "Location: %s/%llu\r\n", folder, (unsigned long long)id);
    s_say (request, line);
}

static void s_fail (upload_t *self, int err, const char *detail)
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
static void s_answer (upload_t *self, const pt_upload_t *upload)
{
    gw_request_t *request = self->request;
    if (self->kind == S_AVATAR) {
        s_answer_avatar (request);
        return;
    }
    if (self->kind == S_FILE) {
        if (!upload->has_file) {
            s_fail (self, -PT_E_internal, NULL);
            return;
        }
        s_say_location (request, "/v1/drive/files", upload->file->id);
        gw_http_reply (request, 201, PT_MSG_file, upload->file);
        return;
    }
    s_say_number (request, "Upload-Offset", upload->offset);
    s_say_expiry (request, upload);
    if (self->kind == S_PATCH) {
        gw_http_answer (request, &(gw_answer_t){.status = 204});
        return;
    }
    s_say_location (request, PATH, upload->id);
    gw_http_reply (request, 201, PT_MSG_upload, upload);
}

/* ---- the stream -------------------------------------------------------------------- */

static void s_on_ready (void *arg)
{
    s_push (arg);
}

/*  The length is known only now that all is there: it is said with a write of nothing. */
static bool s_must_say_length (const upload_t *self, const pt_upload_t *upload)
{
    return !s_is_tus (self) && !self->has_length && !upload->has_file;
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    upload_t *self = arg;
    self->transfer = NULL;
    if (status == 0 && (!end->has_upload || !self->is_last))
        status = -PT_E_internal;
    if (status != 0) {
        if (s_is_tus (self) && end->has_offset)
            s_say_number (self->request, "Upload-Offset", end->offset);
        const pt_error_t error = {.has_detail = end->has_detail && end->detail.len > 0, .detail = end->detail};
        gw_http_fail (self->request, status, NULL, &error);
        return;
    }
    if (s_must_say_length (self, end->upload)) {
        self->offset = self->length = end->upload->offset;
        self->has_length = true;
        s_open (self);
        return;
    }
    self->is_settled = true;
    s_answer (self, end->upload);
}

static const gw_transfer_ops_t s_transfer_ops = {.ready = s_on_ready, .ended = s_on_ended};

/*  Gives what is pending; reads on when it is gone and there is room, stops when there is
    none. */
static void s_push (upload_t *self)
{
    gw_request_t *request = self->request;
    while (self->transfer && self->given < self->pending.len && gw_transfer_wants (self->transfer)) {
        size_t len = self->pending.len - self->given;
        len = len < GW_BULK_PUT ? len : GW_BULK_PUT;
        if (gw_transfer_put (self->transfer, self->pending.at + self->given, len) != 0) {
            s_fail (self, -PT_E_memory, NULL);
            return;
        }
        self->given += len;
    }
    bool is_empty = self->given == self->pending.len;
    if (is_empty)
        pt_buf_clear (&self->pending);
    if (is_empty)
        self->given = 0;
    bool must_wait = !is_empty || !self->transfer || !gw_transfer_wants (self->transfer);
    if (self->transfer && is_empty && self->is_whole && !self->is_last) {
        self->is_last = true;
        gw_http_patience (request, 0);
        gw_transfer_last (self->transfer);
    }
    self->was_paused = self->was_paused || must_wait;
    if (must_wait || self->is_whole)
        gw_http_read_off (request);
    else
        gw_http_read_on (request);
}

static void s_on_granted (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    upload_t *self = s_self (request);
    int err = 0;
    if (!gw_call_succeeded (request, reply))
        return;
    self->transfer = gw_bulk_upload (request->gw->bulk, reply->msg, &s_transfer_ops, self, &err);
    if (!self->transfer) {
        s_fail (self, err, NULL);
        return;
    }
    self->is_last = false;
    if (!self->is_whole) {
        gw_http_read_on (request);
        gw_http_patience (request, request->gw->config->upload_ms);
    }
    s_push (self);
}

/*  Bytes that this request will bring, where its head tells. */
static bool s_count (const upload_t *self, uint64_t *out)
{
    bool has_none = self->is_whole && self->pending.len == 0;
    *out = has_none ? 0 : self->request->length;
    return has_none || (!self->form && !self->request->is_chunked);
}

static void s_open (upload_t *self)
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
    upload_t *self = s_self (request);
    if (!gw_call_succeeded (request, reply))
        return;
    const pt_upload_t *upload = reply->msg;
    bool has_bytes = !self->is_whole || self->pending.len > 0;
    bool is_repeat = upload->has_file || upload->offset > 0;
    if (is_repeat && !upload->has_file && !s_is_tus (self)) {
        s_fail (self, -PT_E_conflict, "this key has begun another upload, which is under way");
        return;
    }
    self->id = upload->id;
    if (is_repeat || (!has_bytes && !(upload->has_length && upload->length == 0))) {
        self->is_settled = true;
        s_answer (self, upload);
    } else
        s_open (self);
}

static void s_create (upload_t *self)
{
    gw_request_t *request = self->request;
    pt_upload_create_t create = {0};
    if (!gw_call_fill (request, PT_MSG_upload_create, &create))
        return;
    if (!create.has_name)
        create.name = self->name.len > 0 ? self->name : PT_LIT ("file");
    create.has_name = true;
    create.length = self->length;
    create.has_length = self->has_length;
    create.purpose = self->kind == S_AVATAR ? PT_upload_purpose_AVATAR : PT_upload_purpose_FILE;
    create.has_purpose = true;
    if (self->has_length && self->length > request->gw->config->upload_max)
        s_fail (self, -PT_E_too_large, NULL);
    else
        gw_call_send (request, PT_OP_drive_upload_create, &create, s_on_created);
}

/* ---- the body ----------------------------------------------------------------------- */

/*  The file of a form has a name now: the upload can be created. */
static void s_on_form_file (upload_t *self)
{
    gw_request_t *request = self->request;
    const char *name = pt_arena_copy (request->arena, self->form->name, self->form->name_len);
    self->name = (pt_str_t){name ? name : "", name ? (uint32_t)self->form->name_len : 0};
    self->was_paused = true;
    gw_http_read_off (request);
}

/*  Bytes of a form.  0, or an error; `*out_named`: the file has just begun. */
static int s_take_form (upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    const char *out;
    size_t out_len;
    for (;;) {
        switch (gw_multipart_next (self->form, &bytes, &len, &out, &out_len)) {
        case GW_MULTIPART_MORE:
            return 0;
        case GW_MULTIPART_FILE:
            s_on_form_file (self);
            *out_named = true;
            break;
        case GW_MULTIPART_DATA:
            pt_buf_put (&self->pending, out, out_len);
            break;
        case GW_MULTIPART_END:
            self->is_whole = true;
            return 0;
        case GW_MULTIPART_BAD:
            return -PT_E_malformed;
        }
    }
}

static int s_take_content (upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    if (self->form)
        return s_take_form (self, bytes, len, out_named);
    pt_buf_put (&self->pending, bytes, len);
    return 0;
}

/*  Bytes as they came.  What is behind the end of a form or of a chunked body is passed
    over: the connection ends with it. */
static int s_take (upload_t *self, const char *bytes, size_t len, bool *out_named)
{
    const char *out;
    size_t out_len;
    int err = 0;
    if (!self->request->is_chunked)
        return s_take_content (self, bytes, len, out_named);
    while (err == 0) {
        switch (gw_chunked_next (&self->chunked, &bytes, &len, &out, &out_len)) {
        case GW_CHUNKED_MORE:
            return 0;
        case GW_CHUNKED_DATA:
            err = s_take_content (self, out, out_len, out_named);
            break;
        case GW_CHUNKED_END:
            self->request->has_more_body = false;
            self->is_whole = !self->form || self->is_whole;
            return self->is_whole ? 0 : -PT_E_malformed;
        case GW_CHUNKED_BAD:
            return -PT_E_malformed;
        }
    }
    return err;
}

/*  A body that is a file goes past `pending` when nothing waits there. */
static bool s_give_at_once (upload_t *self, const char *bytes, size_t len, int *out_err)
{
    if (self->form || self->request->is_chunked || self->pending.len > 0 || !self->transfer ||
        !gw_transfer_wants (self->transfer))
        return false;
    *out_err = gw_transfer_put (self->transfer, bytes, len);
    return true;
}

static void s_on_body (gw_request_t *request, const char *bytes, size_t len)
{
    upload_t *self = s_self (request);
    bool is_named = false;
    int err = 0;
    self->came += len;
    if (self->is_whole)
        return;
    if (!s_give_at_once (self, bytes, len, &err))
        err = s_take (self, bytes, len, &is_named);
    if (err == 0)
        err = pt_buf_error (&self->pending);
    if (err != 0)
        s_fail (self, err, NULL);
    else if (is_named)
        s_create (self);
    else if (self->transfer)
        s_push (self);
}

/*  lws counts: all of Content-Length is there.  Of a chunked body it takes so much that
    no length is known, and then no more. */
static void s_on_body_end (gw_request_t *request)
{
    upload_t *self = s_self (request);
    if (request->is_chunked && !self->is_whole) {
        s_fail (self, -PT_E_too_large,
                "a chunked body takes 100 MiB at most: say how long it is, or go on from the "
                "offset that is safe");
        return;
    }
    if (self->form && !self->is_whole) {
        s_fail (self, -PT_E_malformed, "the form is cut short, or has no file");
        return;
    }
    self->is_whole = true;
    if (self->transfer)
        s_push (self);
}

/*  Who could not send because we did not read is not to blame. */
static void s_late (gw_request_t *request)
{
    upload_t *self = s_self (request);
    uint64_t ms = request->gw->config->upload_ms;
    if (!self->was_paused && !request->link->is_paused && self->came < RATE * ms / 1000) {
        request->keeps_alive = false;
        s_fail (self, -PT_E_body_timeout, NULL);
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
static void s_give_up (const upload_t *self)
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
    upload_t *self = s_self (request);
    gw_transfer_cancel (&self->transfer, -PT_E_gone);
    pt_buf_fini (&self->pending);
    if (!s_is_tus (self) && self->id != 0 && !self->is_settled)
        s_give_up (self);
}

static const gw_stream_t s_stream = {.body = s_on_body, .body_end = s_on_body_end, .late = s_late, .drop = s_drop};

/* ---- the head ------------------------------------------------------------------------ */

/*  The header's value; NULL when there is none, or it is longer than `max`. */
static const char *s_header (gw_request_t *request, const char *name, size_t max, size_t *out_len)
{
    *out_len = 0;
    return gw_http_custom (request, name, max, out_len);
}

static bool s_has_header (const gw_request_t *request, const char *name)
{
    return lws_hdr_custom_length (request->link->wsi, name, (int)strlen (name)) >= 0;
}

/*  A number that may be absent.  0 or -PT_E_malformed. */
static int s_read_number (gw_request_t *request, const char *name, bool *out_has, uint64_t *out)
{
    enum { DIGITS = 20 };
    size_t len;
    const char *value = s_header (request, name, DIGITS, &len);
    *out_has = value != NULL;
    if (!value)
        return s_has_header (request, name) ? -PT_E_malformed : 0;
    return gw_tus_number (value, len, out) ? 0 : -PT_E_malformed;
}

/*  Every answer of tus names its version; who speaks another is told. */
static int s_read_version (gw_request_t *request)
{
    enum { LONGEST = 16 };
    size_t len;
    const char *version = s_header (request, "tus-resumable:", LONGEST, &len);
    s_say (request, "Tus-Resumable: " GW_TUS_VERSION "\r\n");
    if (!version && !s_has_header (request, "tus-resumable:"))
        return 0;
    if (version && strcmp (version, GW_TUS_VERSION) == 0)
        return 0;
    s_say (request, "Tus-Version: " GW_TUS_VERSION "\r\n");
    return -PT_E_precondition_failed;
}

static int s_read_checksum (upload_t *self)
{
    enum { LONGEST = 128 };
    size_t len;
    const char *value = s_header (self->request, "upload-checksum:", LONGEST, &len);
    if (!value)
        return s_has_header (self->request, "upload-checksum:") ? -PT_E_malformed : 0;
    self->has_digest = true;
    return gw_tus_checksum (value, len, &self->digest_kind, self->digest, &self->digest_len);
}

static const char *s_type (gw_request_t *request, size_t *out_len)
{
    int err = 0;
    return gw_http_header (request, WSI_TOKEN_HTTP_CONTENT_TYPE, out_len, &err);
}

static bool s_has_body (const gw_request_t *request)
{
    return request->has_more_body || request->body.len > 0 || request->length > 0;
}

/*  Bytes of tus come under a type of their own. */
static int s_check_type (gw_request_t *request)
{
    size_t len;
    const char *type = s_type (request, &len);
    return type && gw_header_is_media (type, len, GW_TUS_TYPE) ? 0 : -PT_E_unsupported_media;
}

/*  NULL after answering. */
static upload_t *s_new (gw_request_t *request, s_kind_t kind)
{
    upload_t *self = pt_arena_alloc (request->arena, sizeof *self);
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

/*  What came while it was asked whose request it is. */
static void s_take_early (upload_t *self)
{
    gw_request_t *request = self->request;
    const gw_link_t *link = request->link;
    pt_buf_t early = request->body;
    bool is_all = !request->has_more_body;
    if (self->is_whole)
        return;
    pt_buf_init (&request->body, LIM_HTTP_BODY);
    if (early.len > 0)
        s_on_body (request, early.at, early.len);
    pt_buf_fini (&early);
    if (link->request == request && is_all)
        s_on_body_end (request);
}

/* ---- tus ------------------------------------------------------------------------------ */

/*  The length of the whole, or that it will be told later. */
static int s_read_length (upload_t *self)
{
    bool defers;
    uint64_t one = 0;
    int err = s_read_number (self->request, "upload-length:", &self->has_length, &self->length);
    if (err == 0)
        err = s_read_number (self->request, "upload-defer-length:", &defers, &one);
    if (err != 0)
        return err;
    return defers == self->has_length || (defers && one != 1) ? -PT_E_malformed : 0;
}

static int s_read_name (upload_t *self)
{
    gw_request_t *request = self->request;
    enum { LONGEST = 4096 };
    size_t len, name_len = 0;
    const char *metadata = s_header (request, "upload-metadata:", LONGEST, &len);
    char *name = pt_arena_alloc (request->arena, LIM_FILE_NAME);
    if (!name)
        return -PT_E_memory;
    if (!metadata)
        return 0;
    int err = gw_tus_name (metadata, len, name, &name_len);
    self->name = (pt_str_t){name, (uint32_t)name_len};
    return err;
}

static void s_create_tus (gw_request_t *request)
{
    const gw_link_t *link = request->link;
    upload_t *self = s_new (request, S_CREATE);
    if (!self)
        return;
    int err = s_read_version (request);
    if (err == 0)
        err = s_read_length (self);
    if (err == 0)
        err = s_read_name (self);
    if (err == 0 && !self->is_whole)
        err = s_check_type (request);
    if (err == 0)
        err = s_read_checksum (self);
    if (err != 0) {
        s_fail (self, err, NULL);
        return;
    }
    s_create (self);
    if (link->request == request)
        s_take_early (self);
}

void gw_upload_patch (gw_request_t *request)
{
    pt_upload_ref_t ref = {0};
    bool has_offset = false;
    upload_t *self = s_new (request, S_PATCH);
    if (!self)
        return;
    int err = s_read_version (request);
    if (err == 0)
        err = s_check_type (request);
    if (err == 0)
        err = s_read_number (request, "upload-offset:", &has_offset, &self->offset);
    if (err == 0)
        err = s_read_number (request, "upload-length:", &self->has_length, &self->length);
    if (err == 0)
        err = s_read_checksum (self);
    if (err == 0 && !has_offset)
        err = -PT_E_malformed;
    if (err != 0) {
        s_fail (self, err, NULL);
        return;
    }
    if (!gw_call_fill (request, PT_MSG_upload_ref, &ref))
        return;
    self->id = ref.id;
    gw_link_t *link = request->link;
    s_open (self);
    if (link->request == request)
        s_take_early (self);
}

static void s_say_metadata (gw_request_t *request, pt_str_t name)
{
    char line[32 + 4 * (LIM_FILE_NAME / 3 + 1) + 4];
    unsigned char text[4 * (LIM_FILE_NAME / 3 + 1) + 1];
    if (name.len > LIM_FILE_NAME)
        return;
    EVP_EncodeBlock (text, (const unsigned char *)name.at, (int)name.len);
    snprintf (line, sizeof line, "Upload-Metadata: filename %s\r\n", (const char *)text);
    s_say (request, line);
}

static void s_on_got (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_call_succeeded (request, reply))
        return;
    const pt_upload_t *upload = reply->msg;
    s_say_number (request, "Upload-Offset", upload->offset);
    if (upload->has_length)
        s_say_number (request, "Upload-Length", upload->length);
    else
        s_say (request, "Upload-Defer-Length: 1\r\n");
    s_say_metadata (request, upload->name);
    s_say_expiry (request, upload);
    gw_http_reply (request, 200, PT_MSG_upload, upload);
}

static void s_on_deleted (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply))
        gw_http_reply (request, 204, PT_MSG_empty, NULL);
}

static void s_ask (gw_request_t *request, uint16_t opcode, sv_reply_fn *fn)
{
    pt_upload_ref_t ref = {0};
    int err = s_read_version (request);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else if (gw_call_fill (request, PT_MSG_upload_ref, &ref))
        gw_call_send (request, opcode, &ref, fn);
}

void gw_upload_head (gw_request_t *request)
{
    s_ask (request, PT_OP_drive_upload_get, s_on_got);
}

void gw_upload_delete (gw_request_t *request)
{
    s_ask (request, PT_OP_drive_upload_delete, s_on_deleted);
}

void gw_upload_options (gw_request_t *request)
{
    static const char path[] = PATH;
    if (strncmp (request->path, path, sizeof path - 1) != 0)
        return;
    s_say (request, "Tus-Resumable: " GW_TUS_VERSION "\r\nTus-Version: " GW_TUS_VERSION "\r\n"
                    "Tus-Extension: " GW_TUS_EXTENSIONS "\r\nTus-Checksum-Algorithm: " GW_TUS_CHECKSUMS "\r\n");
    s_say_number (request, "Tus-Max-Size", request->gw->config->upload_max);
}

/* ---- whole files ------------------------------------------------------------------------ */

/*  The form that the body is, or the length it has. */
static int s_read_whole (upload_t *self)
{
    gw_request_t *request = self->request;
    size_t len = 0, name_len = 0;
    int err = 0;
    const char *type = s_type (request, &len);
    if (!request->has_length && !request->is_chunked)
        return -PT_E_length_required;
    if (type && gw_header_is_media (type, len, "multipart/form-data")) {
        self->form = pt_arena_alloc (request->arena, sizeof *self->form);
        if (!self->form)
            return -PT_E_memory;
        return gw_multipart_init (self->form, type, len) && !self->is_whole ? 0 : -PT_E_malformed;
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

static void s_put_whole (gw_request_t *request, s_kind_t kind)
{
    gw_link_t *link = request->link;
    upload_t *self = s_new (request, kind);
    if (!self)
        return;
    int err = s_read_whole (self);
    if (err != 0) {
        s_fail (self, err, NULL);
        return;
    }
    if (self->form) {
        gw_http_read_on (request);
        gw_http_patience (request, request->gw->config->upload_ms);
    } else
        s_create (self);
    if (link->request == request)
        s_take_early (self);
}

void gw_upload_create (gw_request_t *request)
{
    static const char *const marks[] = {"tus-resumable:", "upload-length:", "upload-defer-length:"};
    bool is_tus = s_check_type (request) == 0;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        is_tus = is_tus || s_has_header (request, marks[i]);
    if (is_tus)
        s_create_tus (request);
    else
        s_put_whole (request, S_FILE);
}

/* ---- pictures ----------------------------------------------------------------------------- */

void gw_upload_avatar (gw_request_t *request)
{
    s_put_whole (request, S_AVATAR);
}

void gw_upload_avatar_delete (gw_request_t *request)
{
    pt_account_only_t who = {0};
    if (gw_call_fill (request, PT_MSG_account_only, &who))
        gw_call_send (request, PT_OP_drive_avatar_delete, &who, s_on_deleted);
}
