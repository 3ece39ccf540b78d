/*  ld_http - see ld_http.h */

#include "ld_http.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static void s_end (ld_http_t *self, unsigned status, pt_str_t body)
{
    ld_net_close (self->owner->net, &self->poll, true);
    self->is_used = false;
    self->fn (self->arg, status, body);
}

/*  `Connection: close` was asked for: the answer is whole at the end of the
    stream, or when Content-Length says so. */
static void s_judge (ld_http_t *self, bool is_end)
{
    const char *bytes = self->in.at;
    size_t len = self->in.len;
    const char *head_end = len ? memmem (bytes, len, "\r\n\r\n", 4) : NULL;
    if (!head_end || len < 12 || memcmp (bytes, "HTTP/1.1 ", 9) != 0) {
        if (is_end)
            s_end (self, 0, (pt_str_t){0});
        return;
    }
    uint64_t wanted = 0;
    const char *body = head_end + 4;
    for (const char *at = bytes; at < head_end; at = (const char *)memchr (at, '\n', (size_t)(body - at)) + 1)
        if (strncasecmp (at, "Content-Length: ", 16) == 0)
            for (at += 16; *at >= '0' && *at <= '9' && wanted <= LD_HTTP_ANSWER; at++)
                wanted = wanted * 10 + (uint64_t)(*at - '0');
    size_t got = len - (size_t)(body - bytes);
    if (got < wanted && !is_end)
        return;
    unsigned status = (unsigned)(bytes[9] - '0') * 100 + (unsigned)(bytes[10] - '0') * 10 + (unsigned)(bytes[11] - '0');
    s_end (self, got < wanted || status > 599 ? 0 : status, (pt_str_t){body, (uint32_t)got});
}

static void s_read (ld_http_t *self)
{
    char *at = pt_buf_reserve (&self->in, LD_HTTP_HEAD);
    ssize_t got = at ? recv (self->poll.fd, at, LD_HTTP_HEAD, 0) : -1;
    if (at && got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0)
        self->in.len += (size_t)got;
    s_judge (self, got <= 0);
}

static void s_flush (ld_poll_t *poll)
{
    ld_http_t *self = (ld_http_t *)poll;
    ssize_t done = send (poll->fd, self->out.at + self->written, self->out.len - self->written, MSG_NOSIGNAL);
    if (done > 0)
        self->written += (size_t)done;
    ld_net_watch (self->owner->net, poll, self->written < self->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void s_ready (ld_poll_t *poll, uint32_t events)
{
    ld_http_t *self = (ld_http_t *)poll;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        s_read (self);
    else if (events & EPOLLOUT)
        ld_net_dirty (self->owner->net, poll);
}

void ld_https_init (ld_https_t *self, ld_net_t *net)
{
    *self = (ld_https_t){.net = net};
    for (unsigned i = 0; i < LD_HTTP_MAX; i++) {
        ld_http_t *one = &self->slots[i];
        one->owner = self;
        one->poll = (ld_poll_t){.ready = s_ready, .flush = s_flush, .fd = -1};
        pt_buf_init (&one->out, LD_HTTP_HEAD);
        pt_buf_init (&one->in, LD_HTTP_ANSWER);
    }
}

void ld_https_fini (ld_https_t *self)
{
    for (unsigned i = 0; i < LD_HTTP_MAX; i++) {
        ld_net_close (self->net, &self->slots[i].poll, true);
        pt_buf_fini (&self->slots[i].out);
        pt_buf_fini (&self->slots[i].in);
    }
}

int ld_https_call (ld_https_t *self, const ld_http_call_t *call, uint64_t now_us, ld_http_fn *fn, void *arg)
{
    ld_http_t *one = NULL;
    for (unsigned i = 0; i < LD_HTTP_MAX && !one; i++)
        if (!self->slots[i].is_used)
            one = &self->slots[i];
    if (!one)
        return -PT_E_busy;
    pt_buf_clear (&one->in);
    pt_buf_clear (&one->out);
    pt_buf_printf (&one->out,
                   "%s HTTP/1.1\r\nHost: %s\r\n%s%s%sConnection: close\r\n"
                   "Idempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   call->method, call->host, call->token ? "Authorization: Bearer " : "",
                   call->token ? call->token : "", call->token ? "\r\n" : "", call->key, strlen (call->body),
                   call->body);
    if (pt_buf_error (&one->out) || ld_net_connect (self->net, &one->poll, call->to, 0))
        return -PT_E_unavailable;
    one->written = 0;
    one->fn = fn;
    one->arg = arg;
    one->due_us = now_us + LD_HTTP_TIMEOUT_US;
    one->is_used = true;
    return 0;
}

void ld_https_tick (ld_https_t *self, uint64_t now_us)
{
    for (unsigned i = 0; i < LD_HTTP_MAX; i++)
        if (self->slots[i].is_used && now_us > self->slots[i].due_us)
            s_end (&self->slots[i], 0, (pt_str_t){0});
}
