/*  gw_link - one client's connection behind libwebsockets.

    Rules of writing: a session's bytes are pre-framed and go out with
    LWS_WRITE_RAW, whole frames at a time; nothing is written while lws still
    holds the rest of an earlier write, or once closing has begun; a failed write
    ends the link from outside and the wsi is not touched again. */

#include "gw_link.h"
#include "gw_config.h"
#include "gw_front.h"
#include "gw_http.h"
#include "gw_server.h"
#include "pt_limits.h"
#include <libwebsockets.h>
#include <stdlib.h>

/*  Bytes a session may write in one turn, and right after a partial write, when
    the peer has shown to be slow. */
#define FLUSH_BUDGET (256 * 1024)
#define FLUSH_AFTER_PARTIAL (16 * 1024)

/*  How long the closing handshake may take. */
#define CLOSE_MS 5000

/*  A ping with a payload: lws hides empty pongs. */
static const unsigned char s_ping[] = {0x89, 4, 'p', 'a', 'r', 'l'};

/* ---- gw_conn ------------------------------------------------------------- */

static gw_link_t *s_self (gw_conn_t *conn)
{
    return (gw_link_t *)conn;
}

static void s_conn_dirty (gw_conn_t *conn)
{
    gw_link_t *self = s_self (conn);
    if (self->phase == GW_PHASE_OPEN)
        gw_server_mark_dirty (self->gw->server, self);
}

static bool s_write (gw_link_t *self, const void *bytes, size_t len)
{
    if (self->phase != GW_PHASE_OPEN || !self->wsi || lws_partial_buffered (self->wsi))
        return false;
    /*  lws takes a non-const pointer but only reads for LWS_WRITE_RAW. */
    union {
        const void *in;
        unsigned char *out;
    } at = {.in = bytes};
    if (lws_write (self->wsi, at.out, len, LWS_WRITE_RAW) < 0) {
        gw_link_kill (self);
        return false;
    }
    sv_metric_add (gw_server_counters (self->gw->server)->written, len);
    return true;
}

static bool s_conn_send (gw_conn_t *conn, const void *bytes, size_t len)
{
    return len <= GW_CONN_WRITE && s_write (s_self (conn), bytes, len);
}

static void s_conn_close (gw_conn_t *conn, uint16_t code, const char *reason)
{
    gw_link_t *self = s_self (conn);
    if (self->phase != GW_PHASE_OPEN)
        return;
    self->close_code = code;
    snprintf (self->close_reason, sizeof self->close_reason, "%s", reason ? reason : "");
    gw_link_enter (self, GW_PHASE_CLOSING, CLOSE_MS);
    lws_callback_on_writable (self->wsi);
}

static const char *s_conn_peer (const gw_conn_t *conn)
{
    return ((const gw_link_t *)conn)->peer;
}

static const gw_network_t *s_conn_network (const gw_conn_t *conn)
{
    return &((const gw_link_t *)conn)->network;
}

static const gw_conn_ops_t s_conn_ops = {
    .dirty = s_conn_dirty,
    .send = s_conn_send,
    .close = s_conn_close,
    .peer = s_conn_peer,
    .network = s_conn_network,
};

/* ---- life ---------------------------------------------------------------- */

gw_link_t *gw_link_new (gw_t *gw, bool is_internal)
{
    gw_link_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->conn.ops = &s_conn_ops;
    self->gw = gw;
    self->is_internal = is_internal;
    gw_assemble_init (&self->in);
    gw_server_add (gw->server, self);
    return self;
}

void gw_link_free (gw_link_t *self)
{
    gw_link_closed (self);
    gw_front_destroy (&self->front);
    gw_gate_cancel (&self->gate);
    gw_http_forget (self);
    gw_assemble_fini (&self->in);
    gw_server_remove (self->gw->server, self);
    free (self);
}

void gw_link_enter (gw_link_t *self, gw_phase_t phase, uint64_t patience_ms)
{
    self->phase = phase;
    gw_server_set_patience (self->gw->server, self, patience_ms);
}

void gw_link_judge (gw_link_t *self, const gw_proof_t *proof)
{
    self->is_judged = true;
    self->has_identity = proof->err == 0;
    self->identity = proof->identity;
    self->refusal = proof->err == -PT_E_unauthenticated ? 0 : proof->err;
    self->retry_ms = proof->retry_ms;
    self->limit = proof->limit;
    self->scheme = proof->credential.scheme;
    self->was_shown = self->scheme != PT_scheme_none && !proof->credential.is_cookie;
}

int gw_link_enter_gate (gw_link_t *self, void (*fn) (void *arg), void *arg)
{
    self->gate.gw = self->gw;
    self->gate.identity = self->has_identity ? &self->identity : NULL;
    self->gate.was_shown = self->was_shown;
    self->gate.fn = fn;
    self->gate.arg = arg;
    return gw_gate_enter (&self->gate);
}

void gw_link_unjudge (gw_link_t *self)
{
    self->is_judged = self->is_in_pace = self->has_identity = false;
    self->refusal = 0;
    self->retry_ms = 0;
    self->scheme = PT_scheme_none;
    gw_gate_cancel (&self->gate);
    self->gate = (gw_gate_t){0};
}

void gw_link_end_soon (gw_link_t *self)
{
    self->must_end = true;
    lws_callback_on_writable (self->wsi);
    gw_server_set_patience (self->gw->server, self, CLOSE_MS);
}

void gw_link_kill (gw_link_t *self)
{
    if (self->phase == GW_PHASE_DEAD || !self->wsi)
        return;
    gw_link_enter (self, GW_PHASE_DEAD, 0);
    lws_set_timeout (self->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    gw_server_nudge (self->gw->server);
}

/*  Between two pings anything that came will do; after a silent interval the
    peer is gone. */
static void s_ping_or_hang_up (gw_link_t *self)
{
    if (!self->heard) {
        sv_metric_add (gw_server_counters (self->gw->server)->killed, 1);
        gw_link_kill (self);
        return;
    }
    self->heard = false;
    gw_server_set_patience (self->gw->server, self, self->gw->config->ping_ms);
    /*  When lws still holds bytes the ping is left out: that peer has to take
        them before it can answer anything, and the session's own limit for a
        stuck reader decides. */
    (void)s_write (self, s_ping, sizeof s_ping);
}

void gw_link_expired (gw_link_t *self)
{
    if (self->phase == GW_PHASE_FIRST)
        gw_link_free (self);
    else if (self->drain_due_ms != 0 && self->phase == GW_PHASE_OPEN && sv_now_ms () >= self->drain_due_ms)
        s_conn_close (&self->conn, 1001, "draining");
    else if (self->phase == GW_PHASE_OPEN)
        s_ping_or_hang_up (self);
    else if (self->phase == GW_PHASE_BODY)
        gw_http_body_timeout (self);
    else if (self->phase == GW_PHASE_STREAM)
        gw_http_late (self);
    else
        gw_link_kill (self);
}

/* ---- WebSocket ----------------------------------------------------------- */

static void s_drain_session (gw_link_t *self, uint32_t retry_ms, uint64_t due_ms)
{
    uint64_t now = sv_now_ms ();
    self->drain_due_ms = due_ms;
    gw_ws_drain (self->session, retry_ms);
    gw_server_set_patience (self->gw->server, self, due_ms > now ? due_ms - now : 1);
}

static void s_set_reading (gw_link_t *self, bool reads)
{
    if (self->is_paused == !reads)
        return;
    self->is_paused = !reads;
    lws_rx_flow_control (self->wsi, reads);
}

/*  What the client sends meanwhile waits in the socket: it would be refused for want
    of an identity. */
static void s_await_proof (gw_link_t *self)
{
    if (!self->request || !self->request->proof.is_open) {
        gw_http_forget (self);
        return;
    }
    s_set_reading (self, false);
}

static void s_take_seat (gw_link_t *self)
{
    if (self->gate.err == 0)
        gw_seat_take (self->session, &self->gate.place);
    else
        s_conn_close (&self->conn, pt_error_is_transient (self->gate.err) ? 1013 : 4403,
                      pt_error_name (self->gate.err));
}

static void s_on_gate (void *arg)
{
    gw_link_t *self = arg;
    if (self->phase != GW_PHASE_OPEN)
        return;
    s_set_reading (self, true);
    s_take_seat (self);
}

/*  Where gw_front could not look (TLS), a dialect's socket is let in, or closed, after its handshake. */
static void s_seat (gw_link_t *self)
{
    if (!self->gate.is_decided && gw_link_enter_gate (self, s_on_gate, self) == GW_GATE_LATER)
        s_set_reading (self, false);
    else
        s_take_seat (self);
}

void gw_link_proved (gw_link_t *self)
{
    gw_http_forget (self);
    if (self->phase != GW_PHASE_OPEN)
        return;
    s_set_reading (self, true);
    int err = self->has_identity ? gw_ws_sign_in (self->session, &self->identity) : self->refusal;
    if (err != 0)
        s_conn_close (&self->conn, pt_error_http (err) == 401 ? 4401 : 1013, pt_error_name (err));
    else if (self->is_seat)
        s_seat (self);
}

int gw_link_opened (gw_link_t *self)
{
    self->session = gw_ws_open (self->gw, &self->conn, self->has_identity ? &self->identity : NULL, self->is_seat);
    if (self->session && self->request)
        gw_ws_set_trace (self->session, self->request->trace);
    if (!self->session)
        return -1;
    s_await_proof (self);
    self->heard = true;
    gw_link_enter (self, GW_PHASE_OPEN, self->gw->config->ping_ms);
    sv_metric_t *sockets = gw_server_counters (self->gw->server)->sockets;
    sv_metric_set (sockets, sv_metric_value (sockets) + 1);
    if (self->gw->is_draining)
        s_drain_session (self, 1000, sv_now_ms () + 1);
    gw_server_mark_dirty (self->gw->server, self);
    if (self->refusal != 0)
        gw_link_proved (self);
    else if (self->is_seat && !self->request)
        s_seat (self);
    return 0;
}

/*  Sends our close frame and goes on reading, throwing away what comes, until
    the peer answers or CLOSE_MS is over: lws's own close would end the socket with
    input unread, and the reset would overtake the close frame on its way. */
static void s_send_close (gw_link_t *self)
{
    unsigned char frame[4 + sizeof self->close_reason];
    size_t len = strlen (self->close_reason);
    frame[0] = 0x88;
    frame[1] = (unsigned char)(2 + len);
    frame[2] = (unsigned char)(self->close_code >> 8);
    frame[3] = (unsigned char)self->close_code;
    memcpy (frame + 4, self->close_reason, len);
    self->close_code = 0;
    if (lws_write (self->wsi, frame, 4 + len, LWS_WRITE_RAW) < 0)
        gw_link_kill (self);
}

static const char *s_fault_text (uint16_t code)
{
    switch (code) {
    case 1007:
        return "text is not UTF-8";
    case 1008:
        return "too many fragments";
    case 1009:
        return "message too big";
    case 4400:
        return "text messages only";
    default:
        return "out of memory";
    }
}

int gw_link_received (gw_link_t *self, const void *bytes, size_t len)
{
    self->heard = true;
    if (self->phase != GW_PHASE_OPEN)
        return 0;
    const gw_slice_t slice = {
        .bytes = bytes,
        .len = len,
        .frame_left = lws_remaining_packet_payload (self->wsi),
        .is_first = lws_is_first_fragment (self->wsi) != 0,
        .is_last = lws_is_final_fragment (self->wsi) != 0,
        .is_binary = lws_frame_is_binary (self->wsi) != 0,
        .takes_binary = self->is_seat,
    };
    const char *message;
    size_t message_len;
    uint16_t code;
    switch (gw_assemble_take (&self->in, &slice, &message, &message_len, &code)) {
    case GW_ASSEMBLE_MORE:
        return 0;
    case GW_ASSEMBLE_CLOSE:
        s_conn_close (&self->conn, code, s_fault_text (code));
        return 0;
    case GW_ASSEMBLE_WHOLE:
        break;
    }
    gw_ws_message (self->session, message, message_len, self->in.is_binary);
    return 0;
}

void gw_link_pong (gw_link_t *self)
{
    self->heard = true;
}

/*  Who has had our close frame is done; who closes first is echoed by lws, or
    told what was wrong with its frame. */
int gw_link_peer_closes (gw_link_t *self, size_t len)
{
    if (self->phase == GW_PHASE_CLOSING && self->close_code == 0)
        return -1;
    uint16_t code = gw_assemble_close_fault (len);
    gw_link_enter (self, GW_PHASE_CLOSING, CLOSE_MS);
    if (code == 0)
        return 0;
    lws_close_reason (self->wsi, (enum lws_close_status)code, NULL, 0);
    return -1;
}

static void s_flush (gw_link_t *self, size_t budget)
{
    if (self->phase == GW_PHASE_OPEN && gw_ws_flush (self->session, budget) && self->phase == GW_PHASE_OPEN)
        lws_callback_on_writable (self->wsi);
}

int gw_link_writable (gw_link_t *self)
{
    if (self->must_end || self->phase == GW_PHASE_DEAD)
        return -1;
    if (self->phase == GW_PHASE_CLOSING && self->close_code != 0)
        s_send_close (self);
    s_flush (self, FLUSH_AFTER_PARTIAL);
    return 0;
}

void gw_link_turn (gw_link_t *self)
{
    /*  lws gives every slice of a body a time of its own, after it has handed it over. */
    if (self->phase == GW_PHASE_CALL || self->phase == GW_PHASE_STREAM)
        lws_set_timeout (self->wsi, NO_PENDING_TIMEOUT, 0);
    if (self->phase == GW_PHASE_OPEN && !lws_partial_buffered (self->wsi))
        s_flush (self, FLUSH_BUDGET);
}

void gw_link_closed (gw_link_t *self)
{
    if (!self->session)
        return;
    gw_ws_close (&self->session);
    sv_metric_t *sockets = gw_server_counters (self->gw->server)->sockets;
    sv_metric_set (sockets, sv_metric_value (sockets) - 1);
    if (self->phase == GW_PHASE_OPEN)
        gw_link_enter (self, GW_PHASE_CLOSING, CLOSE_MS);
}

void gw_link_drain (gw_link_t *self, uint32_t retry_ms, uint64_t due_ms)
{
    if (self->phase == GW_PHASE_FIRST) {
        gw_link_free (self);
    } else if (self->phase == GW_PHASE_OPEN) {
        s_drain_session (self, retry_ms, due_ms);
    } else if (self->phase == GW_PHASE_HEAD && self->wsi && !self->must_end) {
        /*  Between two requests lws has no writable callback to end it from. */
        if (lws_partial_buffered (self->wsi))
            gw_link_end_soon (self);
        else
            gw_link_kill (self);
    }
}
