/*  gw_http - one HTTP request from its head to its answer.

    lws 4.1 quirks this file works around, each tried or read in its source:
      - PUT and PATCH with Content-Length: 0 get no end-of-body callback, and a
        POST without Content-Length waits for a body for ever: requests without
        a body start from the head, whatever lws says later;
      - a socket whose request is being worked on is still polled for input and
        spins when the client sends more: reading is paused meanwhile.  A paused
        socket is not serviced for output either, and spins on that when lws holds
        more of its input: it is resumed before the answer is written;
      - a request that was pipelined is parsed out of a list of lws's own, and if
        it has a body lws feeds the same bytes to itself again from within the
        callback, for ever or after freeing them.  It must be turned away in the
        callback for its head.  lws does not tell where a head came from, but the
        kernel knows how much has been read from the socket: nothing since the
        last answer means that it was lying in that list.
      - it keeps timeouts of its own in a list that is walked to insert one: those
        that ours cover are taken out at once.
      - chunked bodies come as they are, and are over after 100 MiB of them: they are
        decoded here, and the connection ends with them;
      - of the body that came with a head the first bytes are handed over although
        reading was stopped: a stream keeps them until it can go on.
    So of pipelined requests those are served that are answered here and now; at
    any other the connection ends without an answer, which a client that pipelines
    takes as `ask again` (RFC 9112, 9.3.2). */

#include "gw_http.h"
#include "gw_answer.h"
#include "gw_config.h"
#include "gw_header.h"
#include "gw_json.h"
#include "gw_problem.h"
#include "gw_server.h"
#include <libwebsockets.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/*  Of a refused body so much is read, for so long, before the connection ends:
    closing at once would reset it, and the client would lose our answer. */
#define LINGER_BYTES (8 * 1024 * 1024)
#define LINGER_MS 500

/* ---- life ------------------------------------------------------------------ */

static void s_request_free (gw_request_t *self)
{
    if (!self)
        return;
    if (self->call != 0)
        sv_bus_cancel (self->gw->bus, self->call);
    if (self->stream)
        self->stream->drop (self);
    sv_watch_cancel (self->gw->loop, &self->watch);
    gw_prove_cancel (&self->proof);
    pt_buf_fini (&self->body);
    pt_arena_destroy (&self->arena);
    free (self);
}

void gw_http_forget (gw_link_t *link)
{
    gw_request_t *request = link->request;
    link->request = NULL;
    s_request_free (request);
}

static gw_request_t *s_request_new (gw_link_t *link)
{
    gw_request_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->arena = pt_arena_new (GW_HTTP_ARENA);
    if (!self->arena) {
        free (self);
        return NULL;
    }
    self->gw = link->gw;
    self->link = link;
    self->started_us = sv_now_us ();
    pt_buf_init (&self->body, LIM_HTTP_BODY);
    link->request = self;
    return self;
}

/* ---- reading the head -------------------------------------------------------- */

const char *gw_http_header (gw_request_t *request, int token, size_t *out_len, int *out_err)
{
    struct lws *wsi = request->link->wsi;
    enum lws_token_indexes index = (enum lws_token_indexes)token;
    char probe[2];
    int len = lws_hdr_total_length (wsi, index);
    *out_len = 0;
    /*  An empty value has length 0, as an absent header has; only the copy of
        its first piece tells them apart. */
    if (len <= 0)
        return lws_hdr_copy_fragment (wsi, probe, sizeof probe, index, 0) == 0 ? "" : NULL;
    if (lws_hdr_fragment_length (wsi, index, 1) > 0) {
        *out_err = -PT_E_malformed;
        return NULL;
    }
    char *value = pt_arena_alloc (request->arena, (size_t)len + 1);
    if (!value) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    if (lws_hdr_copy (wsi, value, len + 1, index) != len || strlen (value) != (size_t)len) {
        *out_err = -PT_E_malformed;
        return NULL;
    }
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
    *out_len = (size_t)len;
    return value;
}

const char *gw_http_custom (gw_request_t *request, const char *name, size_t max, size_t *out_len)
{
    struct lws *wsi = request->link->wsi;
    int len = lws_hdr_custom_length (wsi, name, (int)strlen (name));
    if (len <= 0 || (size_t)len > max)
        return NULL;
    char *value = pt_arena_alloc (request->arena, (size_t)len + 1);
    if (!value || lws_hdr_custom_copy (wsi, value, len + 1, name, (int)strlen (name)) != len)
        return NULL;
    *out_len = (size_t)len;
    return value;
}

/*  The id the client gave, if it is fit for logs and headers, or that of the trace
    the request is part of, else a new one. */
static void s_read_trace (gw_request_t *self)
{
    enum { TRACEPARENT = 256 }; /* longest that is looked at */
    size_t len = 0;
    const char *value = gw_http_custom (self, "x-request-id:", LIM_TRACE, &len);
    if (value && gw_header_printable (value, len, LIM_TRACE)) {
        memcpy (self->trace, value, len);
        self->trace[len] = '\0';
        return;
    }
    value = gw_http_custom (self, "traceparent:", TRACEPARENT, &len);
    value = value ? gw_header_trace_id (value, len) : NULL;
    if (value) {
        snprintf (self->trace, sizeof self->trace, "%.*s", GW_HEADER_TRACE_ID, value);
        return;
    }
    uint8_t random[12];
    gw_random (random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf (self->trace + 2 * i, 3, "%02x", random[i]);
}

/*  Names with a space before the colon are unknown to lws; a proxy in front may
    read them as the real thing. */
static int s_check_spaced_names (gw_request_t *self)
{
    static const char *const names[] = {
        "content-length :", "content-length\t:", "transfer-encoding :", "transfer-encoding\t:", "host :", "host\t:"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (lws_hdr_custom_length (self->link->wsi, names[i], (int)strlen (names[i])) >= 0)
            return -PT_E_malformed;
    return 0;
}

static int s_read_version (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, WSI_TOKEN_HTTP, &len, &err);
    if (err != 0)
        return err;
    bool is_11 = value && strcmp (value, "HTTP/1.1") == 0;
    if (!is_11 && (!value || strcmp (value, "HTTP/1.0") != 0))
        return -PT_E_version_unsupported;

    const char *connection = gw_http_header (self, WSI_TOKEN_CONNECTION, &len, &err);
    self->keeps_alive = is_11;
    if (connection && gw_header_in_list (connection, "close", 5))
        self->keeps_alive = false;
    else if (connection && !is_11)
        self->keeps_alive = len == 10 && strcasecmp (connection, "keep-alive") == 0;
    return err;
}

static int s_read_host (gw_request_t *self)
{
    int err = 0;
    size_t len;
    self->host = gw_http_header (self, WSI_TOKEN_HOST, &len, &err);
    if (err != 0 || !self->host || !gw_header_host_ok (self->host, len))
        return err != 0 ? err : -PT_E_malformed;
    const char *allowed = self->gw->config->allowed_hosts;
    if (allowed && !self->link->is_internal && !gw_header_in_list (allowed, self->host, len))
        return -PT_E_malformed;
    return 0;
}

static int s_read_framing (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, WSI_TOKEN_HTTP_TRANSFER_ENCODING, &len, &err);
    self->is_chunked = value && strcasecmp (value, "chunked") == 0;
    if ((value && !self->is_chunked) || err != 0)
        return err == -PT_E_memory ? err : -PT_E_length_required;
    value = gw_http_header (self, WSI_TOKEN_HTTP_CONTENT_LENGTH, &len, &err);
    if (err != 0)
        return err;
    if (self->is_chunked && value)
        return -PT_E_length_required;
    if (value) {
        err = gw_header_length (value, len, &self->length);
        self->has_length = err == 0;
    }
    return err != 0 ? err : s_check_spaced_names (self);
}

static int s_read_expect (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, WSI_TOKEN_HTTP_EXPECT, &len, &err);
    if (err != 0 || !value)
        return err;
    if (strcasecmp (value, "100-continue") != 0)
        return -PT_E_expectation_failed;
    self->expects_continue = self->length > 0 || self->is_chunked;
    return 0;
}

static int s_read_method (gw_request_t *self)
{
    static const gw_method_t methods[] = {
        [LWSHUMETH_GET] = GW_GET,         [LWSHUMETH_POST] = GW_POST,   [LWSHUMETH_OPTIONS] = GW_OPTIONS,
        [LWSHUMETH_PUT] = GW_PUT,         [LWSHUMETH_PATCH] = GW_PATCH, [LWSHUMETH_DELETE] = GW_DELETE,
        [LWSHUMETH_CONNECT] = GW_METHODS, [LWSHUMETH_HEAD] = GW_GET,
    };
    char *path = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method (self->link->wsi, &path, &len);
    if (method < 0 || (size_t)method >= sizeof methods / sizeof methods[0] || methods[method] == GW_METHODS)
        return -PT_E_method_not_allowed;
    self->method = methods[method];
    self->is_head = method == LWSHUMETH_HEAD;
    char *copy = pt_arena_copy (self->arena, path, len > 0 ? (size_t)len : 0);
    if (!copy)
        return -PT_E_memory;
    self->path = copy;
    return len > 0 && strlen (copy) == (size_t)len && copy[0] == '/' ? 0 : -PT_E_malformed;
}

/*  lws has split the query at `&` and decoded it. */
static int s_read_query (gw_request_t *self)
{
    struct lws *wsi = self->link->wsi;
    for (int i = 0; (int)self->query_count <= GW_HTTP_QUERY; i++) {
        char probe[2];
        int len = lws_hdr_fragment_length (wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len <= 0) {
            if (lws_hdr_copy_fragment (wsi, probe, sizeof probe, WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
                return 0;
            continue;
        }
        if (self->query_count == GW_HTTP_QUERY)
            return -PT_E_malformed;
        char *text = pt_arena_alloc (self->arena, (size_t)len + 1);
        if (!text)
            return -PT_E_memory;
        if (lws_hdr_copy_fragment (wsi, text, len + 1, WSI_TOKEN_HTTP_URI_ARGS, i) != len)
            return -PT_E_malformed;
        const char *equals = memchr (text, '=', (size_t)len);
        size_t name_len = equals ? (size_t)(equals - text) : (size_t)len;
        self->query[self->query_count++] = (gw_pair_t){
            .name = text,
            .name_len = name_len,
            .value = equals ? equals + 1 : "",
            .value_len = equals ? (size_t)len - name_len - 1 : 0,
        };
    }
    return -PT_E_malformed;
}

const gw_pair_t *gw_http_query (const gw_request_t *request, const char *name)
{
    for (unsigned i = 0; i < request->query_count; i++)
        if (request->query[i].name_len == strlen (name) &&
            memcmp (request->query[i].name, name, request->query[i].name_len) == 0)
            return &request->query[i];
    return NULL;
}

/*  What stands in the table for the path; 404 and 405 are s_judge's to say. */
static int s_find_route (gw_request_t *self)
{
    gw_route_match_t match;
    gw_route_find (gw_routes, gw_route_count, self->method, self->path, self->link->is_internal, &match);
    self->methods = match.methods;
    self->route = match.route;
    self->var_count = match.var_count;
    memcpy (self->vars, match.vars, sizeof match.vars);
    return 0;
}

static bool s_is_stream (const gw_request_t *self)
{
    return self->route && (self->route->flags & GW_STREAM) != 0;
}

static bool s_takes_body (const gw_request_t *self)
{
    return self->method == GW_POST || self->method == GW_PUT || self->method == GW_PATCH;
}

/*  Bodies without an end, and without a bound, are for routes that take them as they come;
    lws reads none at all of other methods without a length. */
static int s_check_body (gw_request_t *self)
{
    if (self->is_chunked && (!s_is_stream (self) || !s_takes_body (self)))
        return -PT_E_length_required;
    return self->length > LIM_HTTP_BODY && !s_is_stream (self) ? -PT_E_too_large : 0;
}

/*  What judges the framing comes first: its errors end the connection. */
gw_request_t *gw_http_read_head (gw_link_t *link, int *out_err)
{
    gw_http_forget (link);
    gw_request_t *self = s_request_new (link);
    if (!self) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    static int (*const steps[]) (gw_request_t *) = {s_read_version, s_read_host,  s_read_framing, s_read_expect,
                                                    s_read_method,  s_read_query, s_find_route,   s_check_body};
    s_read_trace (self);
    *out_err = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && *out_err == 0; i++)
        *out_err = steps[i](self);
    return self;
}

/* ---- judging the request ------------------------------------------------------ */

static int s_read_origin (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *origin = gw_http_header (self, WSI_TOKEN_ORIGIN, &len, &err);
    if (err == 0 && origin && gw_header_origin_ok (origin, len, self->gw->config->allowed_origins, self->host) &&
        gw_header_printable (origin, len, 512))
        self->origin = origin;
    return err;
}

static int s_read_types (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *type = gw_http_header (self, WSI_TOKEN_HTTP_CONTENT_TYPE, &len, &err);
    if (err != 0)
        return err;
    self->has_json = type && gw_header_is_json (type, len);
    const char *accept = gw_http_header (self, WSI_TOKEN_HTTP_ACCEPT, &len, &err);
    if (err != 0)
        return 0; /* several Accept lines are legal; then anything goes */
    return accept && !s_is_stream (self) && !gw_header_accepts_json (accept, len) ? -PT_E_not_acceptable : 0;
}

static int s_read_key (gw_request_t *self)
{
    size_t len = 0;
    int present = lws_hdr_custom_length (self->link->wsi, "idempotency-key:", 16);
    if (present < 0)
        return 0;
    self->idempotency_key = gw_http_custom (self, "idempotency-key:", LIM_KEY, &len);
    return self->idempotency_key && gw_header_printable (self->idempotency_key, len, LIM_KEY) ? 0 : -PT_E_malformed;
}

/* ---- limits ------------------------------------------------------------------ */

int gw_http_limit (gw_request_t *request, gw_limit_class_t class)
{
    const gw_link_t *link = request->link;
    gw_limit_t *limit = link->gw->limit;
    uint64_t now_ms = sv_now_ms ();
    uint64_t wait_ms = class == GW_LIMIT_ACCOUNT
                           ? gw_limit_take_account (limit, request->identity.account, &link->network, now_ms)
                           : gw_limit_take (limit, class, &link->network, now_ms);
    if (wait_ms == 0)
        return 0;
    request->limited = (gw_limited_t){wait_ms, class};
    sv_metric_add (gw_server_counters (link->gw->server)->limited, 1);
    return -PT_E_too_many;
}

/*  Of a network any request counts, whatever becomes of it. */
static int s_limit (gw_request_t *self)
{
    if (self->link->is_internal)
        return 0;
    int err = gw_http_limit (self, GW_LIMIT_REQUEST);
    if (err == 0 && self->route && (self->route->flags & GW_COSTLY) != 0)
        err = gw_http_limit (self, GW_LIMIT_SIGN_IN);
    return err;
}

static int s_judge (gw_request_t *self)
{
    int err = s_read_origin (self);
    if (err == 0 && self->methods == 0)
        err = -PT_E_not_found;
    else if (err == 0 && !self->route && self->method != GW_OPTIONS)
        err = -PT_E_method_not_allowed;
    int limit = s_limit (self);
    if (limit != 0)
        return limit;
    if (err != 0 || !self->route)
        return err;
    err = s_read_types (self);
    if (err == 0)
        err = s_read_key (self);
    if (err == 0)
        err = gw_http_identify (self);
    if (err != 0)
        return err;
    if ((self->route->flags & (GW_BODY | GW_MAYBE)) == 0)
        return 0;
    if (!self->has_length && (self->route->flags & GW_BODY) != 0)
        return -PT_E_length_required;
    return self->length > 0 && !self->has_json ? -PT_E_unsupported_media : 0;
}

/* ---- body and dispatch ---------------------------------------------------------- */

static int s_verdict (const gw_link_t *link)
{
    return link->must_end ? -1 : 0;
}

static bool s_needs_call (const gw_request_t *self)
{
    return self->proof.is_open || (self->fault == 0 && self->route && (self->route->flags & GW_NO_CALL) == 0);
}

static void s_start (gw_request_t *self)
{
    self->is_waiting = false;
    if (self->fault != 0) {
        const pt_error_t error = {.has_retry_ms = self->proof.retry_ms > 0, .retry_ms = self->proof.retry_ms};
        gw_http_fail (self, self->fault, NULL, &error);
    } else if (!self->route)
        gw_answer_options (self);
    else
        self->route->fn (self);
}

void gw_http_identified (gw_request_t *request, int err)
{
    if (err != 0)
        request->fault = err;
    if (request->is_waiting)
        s_start (request);
}

/*  The request is whole. */
static void s_dispatch (gw_request_t *self)
{
    if (s_needs_call (self)) {
        self->link->is_paused = true;
        lws_rx_flow_control (self->link->wsi, 0);
    }
    if (s_needs_call (self) || self->fault == 0) {
        gw_link_enter (self->link, GW_PHASE_CALL, 0);
        lws_set_timeout (self->link->wsi, NO_PENDING_TIMEOUT, 0);
    }
    if (self->proof.is_open)
        self->is_waiting = true;
    else
        s_start (self);
}

/*  Whether lws goes on to read a body: after any Content-Length that it does not
    take for 0, and after these methods when it sees none (its buffer for the
    value has 31 bytes). */
static bool s_lws_reads_on (struct lws *wsi)
{
    char length[31] = "";
    if (lws_hdr_copy (wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0)
        return atoll (length) != 0;
    return lws_hdr_total_length (wsi, WSI_TOKEN_POST_URI) > 0 || lws_hdr_total_length (wsi, WSI_TOKEN_PUT_URI) > 0 ||
           lws_hdr_total_length (wsi, WSI_TOKEN_PATCH_URI) > 0;
}

/*  Bytes that came in order, plus one for a FIN; 0 when the kernel does not say. */
static uint64_t s_bytes_received (int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_received : 0;
}

static uint64_t s_bytes_unread (int fd)
{
    int unread = 0;
    return ioctl (fd, SIOCINQ, &unread) == 0 ? (uint64_t)unread : 0;
}

/*  The two numbers are not asked for at one moment: what comes in between makes
    the mark too high here and the count too low below, which errs to the safe
    side.  SO_OOBINLINE keeps urgent data from hiding part of what is unread. */
void gw_http_mark_read (gw_link_t *link)
{
    int fd = lws_get_socket_fd (link->wsi);
    uint64_t unread = s_bytes_unread (fd);
    link->read_mark = s_bytes_received (fd) - unread;
    link->has_mark = true;
}

bool gw_http_was_pipelined (const gw_link_t *link)
{
    if (!link->has_mark)
        return link->is_fronted;
    int fd = lws_get_socket_fd (link->wsi);
    uint64_t received = s_bytes_received (fd);
    return received - s_bytes_unread (fd) <= link->read_mark + 1;
}

/*  Refused before its body: the answer goes out now, what is still coming is
    read for a while and dropped. */
static int s_refuse_early (gw_request_t *self, int err)
{
    gw_link_t *link = self->link;
    bool reads_on = s_lws_reads_on (link->wsi);
    self->has_more_body = reads_on;
    self->keeps_alive = false;
    gw_http_fail (self, err, NULL, NULL);
    return reads_on && link->phase == GW_PHASE_LINGER ? 0 : -1;
}

void gw_http_linger (gw_link_t *link)
{
    link->lingered = 0;
    gw_link_enter (link, GW_PHASE_LINGER, LINGER_MS);
}

/*  A body is to come, and its handler begins before it does. */
static int s_begin_stream (gw_request_t *self)
{
    gw_link_t *link = self->link;
    self->has_more_body = true;
    gw_http_read_off (self);
    gw_link_enter (link, GW_PHASE_CALL, 0);
    gw_server_mark_dirty (link->gw->server, link);
    if (self->proof.is_open)
        self->is_waiting = true;
    else
        s_start (self);
    return s_verdict (link);
}

int gw_http_head (gw_link_t *link)
{
    int err;
    if (link->must_end)
        return -1;
    gw_link_unjudge (link);
    gw_request_t *self = gw_http_read_head (link, &err);
    if (!self)
        return -1;
    if (s_lws_reads_on (link->wsi) && gw_http_was_pipelined (link))
        return -1;
    if (err != 0)
        return s_refuse_early (self, err);
    self->fault = s_judge (self);
    if (s_needs_call (self) && gw_http_was_pipelined (link))
        return -1;
    bool has_body = self->length > 0 || self->is_chunked;
    if (self->fault != 0 && (self->expects_continue || (has_body && s_is_stream (self))))
        return s_refuse_early (self, self->fault);
    if (has_body && s_is_stream (self))
        return s_begin_stream (self);
    if (self->length > 0) {
        gw_link_enter (link, GW_PHASE_BODY, link->gw->config->body_ms);
        if (self->expects_continue)
            gw_answer_continue (self);
        return s_verdict (link);
    }
    /*  lws waits for a body here although none was announced. */
    if (!self->has_length && (self->method == GW_POST || self->method == GW_PUT || self->method == GW_PATCH))
        self->keeps_alive = false;
    s_dispatch (self);
    return s_verdict (link);
}

/*  What comes before there is a handler (its identity is asked about) waits in `body`. */
static int s_stream_body (gw_request_t *self, const void *bytes, size_t len)
{
    gw_link_t *link = self->link;
    gw_server_mark_dirty (link->gw->server, link);
    if (self->stream)
        self->stream->body (self, bytes, len);
    else
        pt_buf_put (&self->body, bytes, len);
    return s_verdict (link);
}

/*  lws would say so again at every byte that follows: nothing is read until the
    answer. */
static int s_stream_body_end (gw_request_t *self)
{
    gw_link_t *link = self->link;
    self->has_more_body = false;
    gw_http_read_off (self);
    gw_server_mark_dirty (link->gw->server, link);
    if (self->stream)
        self->stream->body_end (self);
    return s_verdict (link);
}

int gw_http_body (gw_link_t *link, const void *bytes, size_t len)
{
    if (link->phase == GW_PHASE_LINGER) {
        link->lingered += len;
        return link->lingered > LINGER_BYTES ? -1 : 0;
    }
    gw_request_t *self = link->request;
    if (self && self->has_more_body)
        return s_stream_body (self, bytes, len);
    if (link->phase != GW_PHASE_BODY || !self)
        return s_verdict (link);
    pt_buf_put (&self->body, bytes, len);
    return 0;
}

int gw_http_body_end (gw_link_t *link)
{
    gw_request_t *self = link->request;
    if (link->phase == GW_PHASE_LINGER)
        return -1;
    if (self && self->has_more_body)
        return s_stream_body_end (self);
    if (link->phase != GW_PHASE_BODY || !self)
        return s_verdict (link);
    if (self->fault == 0 && pt_buf_error (&self->body) != 0)
        self->fault = pt_buf_error (&self->body);
    s_dispatch (self);
    return s_verdict (link);
}

void gw_http_body_timeout (gw_link_t *link)
{
    gw_request_t *self = link->request;
    if (!self) {
        gw_link_kill (link);
        return;
    }
    self->keeps_alive = false;
    gw_http_fail (self, -PT_E_body_timeout, NULL, NULL);
}

/*  What lws can't read as HTTP: an unknown method, a TLS hello, noise, CONNECT. */
int gw_http_unreadable (gw_link_t *link, const void *bytes, size_t len)
{
    gw_http_forget (link);
    gw_request_t *self = s_request_new (link);
    if (!self)
        return -1;
    const char *text = bytes;
    size_t word = 0;
    while (word < len && word < 32 && text[word] >= 'A' && text[word] <= 'Z')
        word++;
    bool is_method = word > 0 && word < len && text[word] == ' ';
    s_read_trace (self);
    gw_http_fail (self, is_method ? -PT_E_unknown_op : -PT_E_malformed, is_method ? "unknown method" : NULL, NULL);
    return -1;
}
