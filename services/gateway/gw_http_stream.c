/*  gw_http_stream - the sides of a request that are bytes of a file: reading its body as
    somebody takes it, writing its answer as the socket does.

    A body is read while reading is on; lws hands over one slice more than it was
    asked for.

    The bytes of an answer go to the socket past lws.  It would keep a copy of what the
    socket does not take, and to be rid of that it must be allowed to read: while a request is worked
    on it does not read what the client has pipelined, but is woken by it again and
    again.  So reading stays off, the head is written here too, and what the socket does not take
    stays with the handler.  A client that has left is seen when it is written to. */

#include "gw_answer.h"
#include "gw_http.h"
#include "gw_revoked.h"
#include "gw_server.h"
#include <errno.h>
#include <libwebsockets.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

/* ---- reading ---------------------------------------------------------------------- */

void gw_http_read_on (gw_request_t *request)
{
    gw_link_t *link = request->link;
    if (!request->has_more_body)
        return;
    if (link->phase != GW_PHASE_STREAM)
        gw_link_enter (link, GW_PHASE_STREAM, 0);
    if (request->expects_continue) {
        request->expects_continue = false;
        gw_answer_continue (request);
    }
    if (link->is_paused && link->phase == GW_PHASE_STREAM)
        lws_rx_flow_control (link->wsi, 1);
    link->is_paused = false;
}

void gw_http_read_off (gw_request_t *request)
{
    gw_link_t *link = request->link;
    if (!link->is_paused)
        lws_rx_flow_control (link->wsi, 0);
    link->is_paused = true;
}

int gw_http_stands (const gw_request_t *request)
{
    return request->has_identity ? gw_revoked_judge (request->gw->revoked, &request->identity, sv_now_ms ()) : 0;
}

void gw_http_patience (gw_request_t *request, uint64_t ms)
{
    gw_link_t *link = request->link;
    if (link->phase == GW_PHASE_STREAM)
        gw_server_set_patience (link->gw->server, link, ms);
}

/* ---- writing ---------------------------------------------------------------------- */

/*  What the socket took; 0: nothing, now; negative: it is lost. */
static ssize_t s_send (struct lws *wsi, const void *bytes, size_t len)
{
    SSL *tls = lws_is_ssl (wsi) ? lws_get_ssl (wsi) : NULL;
    if (tls) {
        ERR_clear_error ();
        int n = SSL_write (tls, bytes, len < INT_MAX ? (int)len : INT_MAX);
        int err = n > 0 ? SSL_ERROR_NONE : SSL_get_error (tls, n);
        return n > 0 ? n : err == SSL_ERROR_WANT_WRITE || err == SSL_ERROR_WANT_READ ? 0 : -1;
    }
    ssize_t n = send (lws_get_socket_fd (wsi), bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : n;
}

static size_t s_put (gw_link_t *link, const void *bytes, size_t len)
{
    if (link->phase != GW_PHASE_STREAM || len == 0)
        return 0;
    ssize_t n = s_send (link->wsi, bytes, len);
    if (n < 0)
        gw_link_kill (link);
    return n > 0 ? (size_t)n : 0;
}

bool gw_http_flush (gw_request_t *request)
{
    size_t left = request->body.len - request->head_sent;
    request->head_sent += s_put (request->link, request->body.at + request->head_sent, left);
    return request->head_sent == request->body.len;
}

size_t gw_http_write (gw_request_t *request, const void *bytes, size_t len)
{
    return gw_http_flush (request) ? s_put (request->link, bytes, len) : 0;
}

/*  Once for each time it is wanted: it would be so at every turn. */
static void s_on_writable (void *arg, int events)
{
    gw_request_t *request = arg;
    (void)events;
    if (sv_watch_set (request->gw->loop, request->watch, 0) != 0)
        sv_watch_cancel (request->gw->loop, &request->watch);
    request->stream->writable (request);
}

bool gw_http_want_writable (gw_request_t *request)
{
    gw_link_t *link = request->link;
    sv_loop_t *loop = request->gw->loop;
    if (link->phase != GW_PHASE_STREAM)
        return true;
    if (request->watch)
        return sv_watch_set (loop, request->watch, SV_OUT) == 0;
    request->watch = sv_loop_watch_fd (loop, lws_get_socket_fd (link->wsi), SV_OUT, s_on_writable, request);
    return request->watch != NULL;
}

void gw_http_cut (gw_request_t *request)
{
    gw_link_t *link = request->link;
    gw_http_forget (link);
    link->must_end = true;
    gw_link_kill (link);
}

void gw_http_late (gw_link_t *link)
{
    gw_request_t *request = link->request;
    if (request && request->stream)
        request->stream->late (request);
    else
        gw_link_kill (link);
}
