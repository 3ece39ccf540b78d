/*  gw_download - files on their way out. */

#include "gw_download.h"
#include "gw_bulk.h"
#include "gw_call.h"
#include "gw_condition.h"
#include "gw_config.h"
#include "gw_date.h"
#include "gw_disposition.h"
#include "gw_header.h"
#include "gw_range.h"
#include <libwebsockets.h>
#include <linux/tcp.h>
#include <sys/socket.h>

/*  Writes in one turn: others have their turn too. */
#define WRITES 4

/*  A transfer that was cut goes on at another replica, after this long, doubled with each try
    that brought nothing. */
#define RETRY_MS 200
#define RETRIES 6

/*  How many digits a picture's name has, dashes included. */
#define UUID 36

typedef struct {
    gw_request_t *request;
    gw_transfer_t *transfer;
    sv_timer_t *timer;
    uint64_t file; /* 0: a picture that everybody may see */
    pt_str_t avatar;
    gw_conditions_t conditions;
    pt_str_t range;
    gw_range_t bytes; /* of the file, that are to be sent */
    uint64_t sent;    /* of these */
    uint64_t acked;   /* by the client's kernel when its patience was looked at */
    unsigned tries;   /* since something came */
    gw_answer_t answer;
    bool is_known; /* what the file is, and so `bytes` and `answer` */
    bool is_begun; /* the head is on its way, nothing else can be answered */
    bool is_over;  /* all bytes are with the client, but for the head perhaps */
} download_t;

static void s_open (download_t *self);

static download_t *s_self (gw_request_t *request)
{
    return request->stream_ctx;
}

/* ---- what is asked -------------------------------------------------------------- */

static bool s_read_header (gw_request_t *request, int token, pt_str_t *out)
{
    int err = 0;
    size_t len = 0;
    out->at = gw_http_header (request, token, &len, &err);
    out->len = (uint32_t)len;
    return err == 0;
}

/*  False when one is repeated, or memory is out. */
static bool s_read_conditions (download_t *self)
{
    gw_conditions_t *conditions = &self->conditions;
    const struct {
        int token;
        pt_str_t *to;
    } headers[] = {{WSI_TOKEN_HTTP_IF_MATCH, &conditions->if_match},
                   {WSI_TOKEN_HTTP_IF_NONE_MATCH, &conditions->if_none_match},
                   {WSI_TOKEN_HTTP_IF_MODIFIED_SINCE, &conditions->if_modified_since},
                   {WSI_TOKEN_HTTP_IF_UNMODIFIED_SINCE, &conditions->if_unmodified_since},
                   {WSI_TOKEN_HTTP_IF_RANGE, &conditions->if_range},
                   {WSI_TOKEN_HTTP_RANGE, &self->range}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (!s_read_header (self->request, headers[i].token, headers[i].to))
            return false;
    return true;
}

static bool s_has_conditions (const download_t *self)
{
    const gw_conditions_t *conditions = &self->conditions;
    return conditions->if_match.at || conditions->if_none_match.at || conditions->if_modified_since.at ||
           conditions->if_unmodified_since.at || self->range.at;
}

/* ---- the answer's head ----------------------------------------------------------- */

static const char *s_copy (download_t *self, pt_buf_t *lines)
{
    const char *copy = pt_buf_error (lines) == 0 ? pt_arena_copy (self->request->arena, lines->at, lines->len) : NULL;
    pt_buf_fini (lines);
    return copy;
}

static bool s_describe (download_t *self, const pt_file_t *file, int64_t modified, int status)
{
    static const char private[] = "Cache-Control: private, no-cache\r\n"
                                  "Content-Security-Policy: default-src 'none'; sandbox\r\n";
    static const char public[] = "Cache-Control: public, max-age=31536000, immutable\r\n"
                                 "Content-Security-Policy: default-src 'none'; sandbox\r\n";
    char date[GW_DATE + 1];
    pt_buf_t lines;
    bool is_fit = gw_header_printable (file->type.at, file->type.len, LIM_MEDIA_TYPE);
    pt_buf_init (&lines, 8 * LIM_FILE_NAME + 1024);
    pt_buf_printf (&lines, "ETag: \"%.*s\"\r\nLast-Modified: %s\r\n", (int)file->sha256.len, file->sha256.at,
                   gw_date_put (date, modified));
    if (self->file != 0) {
        pt_buf_puts (&lines, "Accept-Ranges: bytes\r\n");
        gw_disposition_put (&lines, gw_disposition_is_inline (file->type), file->name);
    }
    if (status == 206)
        pt_buf_printf (&lines, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)self->bytes.first,
                       (unsigned long long)(self->bytes.first + self->bytes.count - 1), (unsigned long long)file->size);
    self->answer = (gw_answer_t){
        .status = status,
        .type = status == 304 ? NULL
                : is_fit      ? pt_arena_copy (self->request->arena, file->type.at, file->type.len)
                              : "application/octet-stream",
        .extra = s_copy (self, &lines),
        .security = self->file != 0 ? private : public,
    };
    self->is_known = self->answer.extra && (self->answer.type || status == 304);
    return self->is_known;
}

static void s_refuse_range (download_t *self, uint64_t size)
{
    self->request->lines =
        pt_arena_printf (self->request->arena, "Content-Range: bytes */%llu\r\n", (unsigned long long)size);
    gw_http_fail (self->request, -PT_E_range_not_satisfiable, NULL, NULL);
}

/*  Holds what is asked against what there is.  False after answering. */
static bool s_judge (download_t *self, const pt_file_t *file)
{
    char text[2 * LIM_HASH + 3];
    int64_t modified = file->created_at / 1000000;
    snprintf (text, sizeof text, "\"%.*s\"", (int)file->sha256.len, file->sha256.at);
    pt_str_t etag = pt_str (text), range = self->range;
    gw_condition_t condition = gw_condition_judge (&self->conditions, etag, modified);
    if (condition == GW_CONDITION_FAILED) {
        gw_http_fail (self->request, -PT_E_precondition_failed, NULL, NULL);
        return false;
    }
    if (!gw_condition_range_ok (&self->conditions, etag, modified))
        range = (pt_str_t){0};
    gw_range_kind_t kind = gw_range_read (range.at, range.len, file->size, &self->bytes);
    bool is_same = condition == GW_CONDITION_NOT_MODIFIED;
    if (!is_same && kind == GW_RANGE_OUTSIDE) {
        s_refuse_range (self, file->size);
        return false;
    }
    if (!s_describe (self, file, modified, is_same ? 304 : kind == GW_RANGE_PART ? 206 : 200)) {
        gw_http_fail (self->request, -PT_E_memory, NULL, NULL);
        return false;
    }
    if (!is_same && !self->request->is_head)
        return true;
    self->answer.len = self->bytes.count;
    gw_http_answer (self->request, &self->answer);
    return false;
}

/* ---- bytes ----------------------------------------------------------------------- */

/*  Whether there is something that the socket has still to take. */
static bool s_has_more (download_t *self)
{
    size_t len;
    return !gw_http_flush (self->request) || (self->transfer && gw_transfer_peek (self->transfer, &len));
}

/*  Writes what there is; ends the answer when that was all of it. */
static void s_pump (download_t *self)
{
    size_t len = 0;
    if (gw_http_stands (self->request) != 0) {
        gw_http_cut (self->request);
        return;
    }
    for (unsigned i = 0; i < WRITES && self->transfer; i++) {
        const uint8_t *bytes = gw_transfer_peek (self->transfer, &len);
        if (len > self->bytes.count - self->sent)
            len = (size_t)(self->bytes.count - self->sent);
        if (!bytes || len == 0 || (len = gw_http_write (self->request, bytes, len)) == 0)
            break;
        self->sent += len;
        self->tries = 0;
        gw_transfer_eat (self->transfer, len);
    }
    if (s_has_more (self)) {
        if (!gw_http_want_writable (self->request))
            gw_http_cut (self->request);
    } else if (self->is_over)
        gw_http_finish (self->request);
}

static void s_on_ready (void *arg)
{
    s_pump (arg);
}

static void s_on_timer (void *arg)
{
    download_t *self = arg;
    sv_timer_cancel (self->request->gw->loop, &self->timer);
    s_open (self);
}

/*  It goes on elsewhere if the reason passes, and it has not been tried in vain too often. */
static void s_retry (download_t *self, int err)
{
    gw_request_t *request = self->request;
    bool is_over = !pt_error_is_transient (err) || self->tries == RETRIES;
    if (!self->is_begun) {
        gw_http_fail (request, err, NULL, NULL);
        return;
    }
    if (!is_over)
        self->timer = sv_loop_timer (request->gw->loop, RETRY_MS << self->tries++, 0, s_on_timer, self);
    if (!self->timer)
        gw_http_cut (request);
}

static void s_on_ended (void *arg, int status, const pt_bulk_end_t *end)
{
    download_t *self = arg;
    (void)end;
    self->transfer = NULL;
    self->is_over = status == 0 && self->sent == self->bytes.count;
    if (self->is_over)
        s_pump (self);
    else if (status == 0)
        gw_http_cut (self->request);
    else
        s_retry (self, status);
}

static const gw_transfer_ops_t s_transfer_ops = {.ready = s_on_ready, .ended = s_on_ended};

/*  A stream that was granted is not wanted: drive need not wait for us. */
static void s_decline (gw_bulk_t *bulk, const pt_bulk_grant_t *grant)
{
    int err;
    gw_transfer_t *transfer = gw_bulk_download (bulk, grant, &s_transfer_ops, NULL, &err);
    gw_transfer_cancel (&transfer, -PT_E_gone);
}

/*  The stream stands: the head goes out, unless it has before. */
static void s_begin (download_t *self)
{
    gw_request_t *request = self->request;
    if (self->is_begun)
        return;
    self->is_begun = true;
    if (gw_http_begin (request, &self->answer, self->bytes.count) != 0) {
        gw_http_cut (request);
        return;
    }
    gw_http_patience (request, request->gw->config->download_ms);
    s_pump (self);
}

/*  Whether the grant is for just the bytes that are wanted. */
static bool s_is_fit (const download_t *self, const pt_bulk_grant_t *grant)
{
    return grant->offset == self->bytes.first + self->sent &&
           (!grant->has_count || grant->count == self->bytes.count - self->sent);
}

static void s_on_granted (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_bulk_t *bulk = request->gw->bulk;
    download_t *self = s_self (request);
    const pt_bulk_grant_t *grant = reply->msg;
    int err = 0;
    request->call = 0;
    if (reply->status != 0) {
        if (self->is_begun)
            s_retry (self, reply->status);
        else
            gw_http_fail (request, reply->status, NULL, reply->error);
        return;
    }
    if (!self->is_known && grant->has_file && !s_judge (self, grant->file)) {
        s_decline (bulk, grant);
        return;
    }
    if (self->is_known && s_is_fit (self, grant))
        self->transfer = gw_bulk_download (bulk, grant, &s_transfer_ops, self, &err);
    else
        err = -PT_E_internal;
    if (self->transfer)
        s_begin (self);
    else
        s_retry (self, err);
}

static void s_open (download_t *self)
{
    gw_request_t *request = self->request;
    const pt_read_open_t open = {
        .account = request->identity.account,
        .has_account = self->file != 0,
        .file = self->file,
        .has_file = self->file != 0,
        .avatar = self->avatar,
        .has_avatar = self->file == 0,
        .first = self->bytes.first + self->sent,
        .count = self->bytes.count - self->sent,
        .has_count = self->is_known,
        .peer = sv_bus_generation (request->gw->bus),
    };
    const sv_call_t call = {
        .opcode = PT_OP_drive_read,
        .msg = &open,
        .affinity = self->file,
        .deadline_ms = (uint32_t)request->gw->config->call_ms,
        .trace = request->trace,
    };
    int err = 0;
    request->call = sv_bus_call (request->gw->bus, &call, s_on_granted, request, &err);
    if (request->call == 0)
        s_retry (self, err);
}

/* ---- the request ------------------------------------------------------------------ */

static void s_writable (gw_request_t *request)
{
    s_pump (s_self (request));
}

/*  Bytes that the client's kernel has taken; those that wait in ours do not count. */
static uint64_t s_acked (gw_request_t *request)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    int fd = lws_get_socket_fd (request->link->wsi);
    return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_acked : 0;
}

/*  Who waits for us may stay; who takes nothing may not. */
static void s_late (gw_request_t *request)
{
    download_t *self = s_self (request);
    uint64_t acked = s_acked (request);
    if (s_has_more (self) && acked == self->acked) {
        gw_http_cut (request);
        return;
    }
    self->acked = acked;
    gw_http_patience (request, request->gw->config->download_ms);
}

static void s_drop (gw_request_t *request)
{
    download_t *self = s_self (request);
    gw_transfer_cancel (&self->transfer, -PT_E_gone);
    sv_timer_cancel (request->gw->loop, &self->timer);
}

static const gw_stream_t s_stream = {.writable = s_writable, .late = s_late, .drop = s_drop};

/*  NULL after answering. */
static download_t *s_new (gw_request_t *request)
{
    download_t *self = pt_arena_alloc (request->arena, sizeof *self);
    if (!self) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return NULL;
    }
    self->request = request;
    request->stream_ctx = self;
    request->stream = &s_stream;
    if (s_read_conditions (self))
        return self;
    gw_http_fail (request, -PT_E_malformed, NULL, NULL);
    return NULL;
}

static void s_on_file (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply) && s_judge (s_self (request), reply->msg))
        s_open (s_self (request));
}

void gw_download_file (gw_request_t *request)
{
    pt_file_ref_t ref = {0};
    download_t *self = s_new (request);
    if (!self || !gw_call_fill (request, PT_MSG_file_ref, &ref))
        return;
    self->file = ref.id;
    if (request->is_head || s_has_conditions (self))
        gw_call_send (request, PT_OP_drive_file_get, &ref, s_on_file);
    else
        s_open (self);
}

/*  Pictures are small and whole. */
void gw_download_avatar (gw_request_t *request)
{
    download_t *self = s_new (request);
    if (!self)
        return;
    self->range = (pt_str_t){0};
    self->avatar = (pt_str_t){request->vars[0].value, (uint32_t)request->vars[0].value_len};
    if (self->avatar.len != UUID || request->query_count > 0)
        gw_http_fail (request, -PT_E_not_found, NULL, NULL);
    else
        s_open (self);
}
