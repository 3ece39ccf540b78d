/*  ld_conn - see ld_conn.h */

#include "ld_conn.h"
#include "ld_random.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define S_HEAD_MAX (16 * 1024)

/*  A key of ours and what RFC 6455 makes of it. */
#define S_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define S_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void s_watch (ld_conn_t *self)
{
    uint32_t events = EPOLLRDHUP;
    if (self->state == LD_CONNECTING || self->written < self->out.len)
        events |= EPOLLOUT;
    if (!self->is_held && self->state != LD_CONNECTING)
        events |= EPOLLIN;
    ld_net_watch (self->net, &self->poll, events);
}

void ld_conn_drop (ld_conn_t *self, bool is_abrupt)
{
    ld_net_close (self->net, &self->poll, is_abrupt);
    self->state = LD_DOWN;
    self->is_text = false;
    self->is_held = false;
    self->written = 0;
    pt_buf_clear (&self->in);
    pt_buf_clear (&self->message);
    pt_buf_clear (&self->out);
}

static void s_lost (ld_conn_t *self, unsigned code, const char *why)
{
    if (self->state == LD_DOWN)
        return;
    ld_conn_drop (self, code == LD_CODE_LOST);
    self->ops->closed (self, code, why);
}

/*  ---- out ------------------------------------------------------------------------ */

static void s_flush (ld_poll_t *poll)
{
    ld_conn_t *self = (ld_conn_t *)poll;
    while (self->state > LD_CONNECTING && self->written < self->out.len) {
        ssize_t done = send (poll->fd, self->out.at + self->written, self->out.len - self->written, MSG_NOSIGNAL);
        if (done < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (done < 0) {
            s_lost (self, LD_CODE_LOST, strerror (errno));
            return;
        }
        self->written += (size_t)done;
    }
    if (self->written == self->out.len) {
        pt_buf_clear (&self->out);
        self->written = 0;
    }
    s_watch (self);
}

static void s_put (ld_conn_t *self, ld_opcode_t opcode, const char *payload, size_t len)
{
    if (self->state != LD_OPENED)
        return;
    char *at = pt_buf_reserve (&self->out, LD_FRAME_HEAD + len);
    if (!at) {
        s_lost (self, LD_CODE_LOST, "too much waits to be written");
        return;
    }
    self->out.len += ld_frame_put (at, opcode, payload, len, (uint32_t)ld_random (&self->masks));
    ld_net_dirty (self->net, &self->poll);
}

void ld_conn_text (ld_conn_t *self, const char *text, size_t len)
{
    s_put (self, LD_TEXT, text, len);
}

void ld_conn_ping (ld_conn_t *self)
{
    s_put (self, LD_PING, "", 0);
}

/*  ---- in ----------------------------------------------------------------------------- */

/*  Answered when nothing else waits to be written: what waits may not be in the
    log yet, and must not go out before it is. */
static void s_take_close (ld_conn_t *self, const ld_frame_t *frame)
{
    unsigned code = frame->len >= 2 ? (unsigned)(uint8_t)frame->at[0] << 8 | (uint8_t)frame->at[1] : LD_CODE_LOST;
    if (!self->out.len) {
        s_put (self, LD_CLOSE, frame->at, frame->len < 2 ? 0 : 2);
        s_flush (&self->poll);
    }
    s_lost (self, code, "the server closed");
}

static void s_take_data (ld_conn_t *self, const ld_frame_t *frame)
{
    bool is_first = frame->opcode == LD_TEXT;
    if (frame->opcode == LD_BINARY || is_first == self->is_text) {
        s_lost (self, LD_CODE_PROTOCOL, "a frame out of place");
        return;
    }
    if (is_first && frame->is_final) {
        self->ops->message (self, frame->at, frame->len);
        return;
    }
    self->is_text = !frame->is_final;
    pt_buf_put (&self->message, frame->at, frame->len);
    if (pt_buf_error (&self->message)) {
        s_lost (self, LD_CODE_PROTOCOL, "a message beyond all bounds");
        return;
    }
    if (!frame->is_final)
        return;
    self->ops->message (self, self->message.at, self->message.len);
    pt_buf_clear (&self->message);
}

static void s_take_frame (ld_conn_t *self, const ld_frame_t *frame)
{
    switch (frame->opcode) {
    case LD_PING:
        s_put (self, LD_PONG, frame->at, frame->len);
        break;
    case LD_PONG:
        self->ops->pong (self);
        break;
    case LD_CLOSE:
        s_take_close (self, frame);
        break;
    default:
        s_take_data (self, frame);
    }
}

/*  Takes whole frames off the front; the number of bytes used. */
static size_t s_take_frames (ld_conn_t *self, const char *bytes, size_t len)
{
    size_t at = 0;
    ld_frame_t frame;
    while (self->state == LD_OPENED) {
        int got = ld_frame_parse (bytes + at, len - at, &frame);
        if (got < 0)
            s_lost (self, LD_CODE_PROTOCOL, "a frame no server may send");
        if (got <= 0)
            break;
        at += frame.used;
        s_take_frame (self, &frame);
    }
    return at;
}

/*  The head of the answer to the upgrade; bytes used, 0 when it is not whole. */
static size_t s_take_head (ld_conn_t *self, const char *bytes, size_t len)
{
    const char *end = memmem (bytes, len, "\r\n\r\n", 4);
    if (!end) {
        if (len > S_HEAD_MAX)
            s_lost (self, LD_CODE_PROTOCOL, "a head beyond all bounds");
        return 0;
    }
    size_t used = (size_t)(end - bytes) + 4;
    if (len < 12 || memcmp (bytes, "HTTP/1.1 ", 9) != 0)
        s_lost (self, LD_CODE_PROTOCOL, "no HTTP answer");
    else if (memcmp (bytes + 9, "101", 3) != 0) {
        unsigned status =
            (unsigned)(bytes[9] - '0') * 100 + (unsigned)(bytes[10] - '0') * 10 + (unsigned)(bytes[11] - '0');
        s_lost (self, status < 1000 ? status : LD_CODE_PROTOCOL, "the upgrade was refused");
    } else if (!memmem (bytes, used, S_ACCEPT, sizeof S_ACCEPT - 1))
        s_lost (self, LD_CODE_PROTOCOL, "a wrong Sec-WebSocket-Accept");
    else {
        self->state = LD_OPENED;
        self->ops->opened (self);
    }
    return used;
}

static void s_take_bytes (ld_conn_t *self, const char *bytes, size_t len)
{
    size_t used = 0;
    if (self->state == LD_UPGRADING)
        used = s_take_head (self, bytes, len);
    if (self->state == LD_OPENED)
        used += s_take_frames (self, bytes + used, len - used);
    if (self->state == LD_DOWN)
        return;
    pt_buf_clear (&self->in);
    pt_buf_put (&self->in, bytes + used, len - used);
    if (pt_buf_error (&self->in))
        s_lost (self, LD_CODE_LOST, "out of memory");
}

/*  The beginning that is there already and what comes are put together in the
    shared buffer; a frame larger than that grows in `in`. */
static size_t s_read (ld_conn_t *self, size_t max)
{
    size_t had = self->in.len;
    char *at = self->net->scratch;
    size_t room = LD_READ_BYTES > had ? LD_READ_BYTES - had : 0;
    bool is_large = room < LD_READ_BYTES / 2;
    if (is_large) {
        room = LD_READ_BYTES;
        if (!pt_buf_reserve (&self->in, room)) {
            s_lost (self, LD_CODE_PROTOCOL, "a frame beyond all bounds");
            return 0;
        }
        at = self->in.at;
    } else if (had)
        memcpy (at, self->in.at, had);
    ssize_t got = recv (self->poll.fd, at + had, max < room ? max : room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0) {
        s_lost (self, LD_CODE_LOST, got == 0 ? "end of stream" : strerror (errno));
        return 0;
    }
    if (is_large) {
        pt_buf_t whole = self->in;
        whole.len += (size_t)got;
        pt_buf_init (&self->in, whole.max);
        s_take_bytes (self, whole.at, whole.len);
        pt_buf_fini (&whole);
    } else
        s_take_bytes (self, at, had + (size_t)got);
    return (size_t)got;
}

size_t ld_conn_read (ld_conn_t *self, size_t max)
{
    return self->state > LD_CONNECTING && max > 0 ? s_read (self, max) : 0;
}

static void s_connected (ld_conn_t *self)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt (self->poll.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err) {
        s_lost (self, LD_CODE_LOST, strerror (err));
        return;
    }
    self->state = LD_UPGRADING;
    ld_net_dirty (self->net, &self->poll);
    s_watch (self);
}

static void s_ready (ld_poll_t *poll, uint32_t events)
{
    ld_conn_t *self = (ld_conn_t *)poll;
    if (self->state == LD_CONNECTING && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
        s_connected (self);
        return;
    }
    if (events & EPOLLIN)
        s_read (self, LD_READ_BYTES);
    else if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        s_lost (self, LD_CODE_LOST, "the server hung up");
    if (self->state != LD_DOWN && (events & EPOLLOUT))
        ld_net_dirty (self->net, &self->poll);
}

/*  ---- life ---------------------------------------------------------------------------- */

void ld_conn_init (ld_conn_t *self, ld_net_t *net, const ld_conn_ops_t *ops, uint64_t seed)
{
    *self = (ld_conn_t){.poll = {.ready = s_ready, .flush = s_flush, .fd = -1}, .net = net, .ops = ops, .masks = seed};
    pt_buf_init (&self->in, LD_FRAME_MAX + 2 * LD_READ_BYTES);
    pt_buf_init (&self->message, LD_FRAME_MAX);
    pt_buf_init (&self->out, LD_CONN_OUT);
}

void ld_conn_fini (ld_conn_t *self)
{
    ld_conn_drop (self, true);
    pt_buf_fini (&self->in);
    pt_buf_fini (&self->message);
    pt_buf_fini (&self->out);
}

int ld_conn_start (ld_conn_t *self, const ld_target_t *target)
{
    ld_conn_drop (self, true);
    if (target->room[0])
        pt_buf_printf (&self->out, "GET /ws/chat/%s/ HTTP/1.1\r\n", target->room);
    else
        pt_buf_puts (&self->out, "GET /v1/ws HTTP/1.1\r\nSec-WebSocket-Protocol: parley.v1.json\r\n");
    pt_buf_printf (&self->out,
                   "Host: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: " S_KEY "\r\nAuthorization: %s %s\r\n\r\n",
                   target->host, target->scheme, target->token);
    if (pt_buf_error (&self->out) || ld_net_connect (self->net, &self->poll, target->to, target->receive_bytes))
        return -PT_E_unavailable;
    self->state = LD_CONNECTING;
    return 0;
}

void ld_conn_hold (ld_conn_t *self, bool is_held)
{
    self->is_held = is_held;
    if (self->state != LD_DOWN)
        s_watch (self);
}
