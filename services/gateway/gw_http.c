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

#include "gw_answer.h"
#include "gw_config.h"
#include "gw_dialect.h"
#include "gw_http_priv.h"
#include "gw_server.h"
#include "gw_taken.h"
#include <libwebsockets.h>
#include <stdlib.h>

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

gw_request_t *gw_http_new (gw_link_t *link)
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
    if (self->dialect && self->csrf != 0)
        gw_dialect_prove_form (self);
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

/*  A mark that is too high takes a request for pipelined that is not: nothing comes in
    before an answer but from a client that does not wait for it. */
void gw_http_mark_read (gw_link_t *link)
{
    link->read_mark = gw_taken_bytes (lws_get_socket_fd (link->wsi));
    link->has_mark = true;
}

bool gw_http_was_pipelined (const gw_link_t *link)
{
    if (!link->has_mark)
        return link->is_fronted;
    return !gw_taken_more (lws_get_socket_fd (link->wsi), link->read_mark);
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
    self->fault = gw_http_judge (self);
    if (s_needs_call (self) && gw_http_was_pipelined (link))
        return -1;
    bool has_body = self->length > 0 || self->is_chunked;
    if (self->fault != 0 && (self->expects_continue || (has_body && self->is_stream)))
        return s_refuse_early (self, self->fault);
    if (has_body && self->is_stream)
        return s_begin_stream (self);
    if (self->length > 0) {
        gw_link_enter (link, GW_PHASE_BODY, link->gw->config->body_ms);
        if (self->expects_continue)
            gw_answer_continue (self);
        return s_verdict (link);
    }
    /*  lws waits for a body here although none was announced. */
    if (!self->has_length && gw_http_takes_body (self))
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
    gw_request_t *self = gw_http_new (link);
    if (!self)
        return -1;
    const char *text = bytes;
    size_t word = 0;
    while (word < len && word < 32 && text[word] >= 'A' && text[word] <= 'Z')
        word++;
    bool is_method = word > 0 && word < len && text[word] == ' ';
    gw_http_read_trace (self);
    gw_http_fail (self, is_method ? -PT_E_unknown_op : -PT_E_malformed, is_method ? "unknown method" : NULL, NULL);
    return -1;
}
