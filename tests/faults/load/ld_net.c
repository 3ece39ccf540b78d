/*  ld_net - see ld_net.h */

#include "ld_net.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define S_EVENTS 512

int ld_net_init (ld_net_t *self)
{
    *self = (ld_net_t){.epoll = epoll_create1 (EPOLL_CLOEXEC), .scratch = malloc (LD_READ_BYTES)};
    return self->epoll < 0 ? -PT_E_unavailable : self->scratch ? 0 : -PT_E_memory;
}

void ld_net_fini (ld_net_t *self)
{
    free (self->scratch);
    if (self->epoll >= 0)
        close (self->epoll);
}

static bool s_is_loopback (const struct sockaddr_in *address)
{
    return ntohl (address->sin_addr.s_addr) >> 24 == 127;
}

static int s_try (const ld_net_t *self, int fd, const struct sockaddr_in *to)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK + self->source)};
    int one = 1;
    setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (self->source && s_is_loopback (to) && bind (fd, (const struct sockaddr *)&from, sizeof from) != 0)
        return -1;
    return connect (fd, (const struct sockaddr *)to, sizeof *to);
}

int ld_net_connect (ld_net_t *self, ld_poll_t *poll, const struct sockaddr_in *to, int receive_bytes)
{
    int one = 1;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -PT_E_unavailable;
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (receive_bytes)
        setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    int status = s_try (self, fd, to);
    if (status != 0 && errno == EADDRNOTAVAIL && s_is_loopback (to))
        self->source = (self->source + 1) % LD_SOURCES;
    poll->events = EPOLLOUT;
    struct epoll_event event = {.events = poll->events, .data.ptr = poll};
    if ((status != 0 && errno != EINPROGRESS) || epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close (fd);
        return -PT_E_unavailable;
    }
    poll->fd = fd;
    return 0;
}

void ld_net_close (ld_net_t *self, ld_poll_t *poll, bool is_abrupt)
{
    (void)self;
    struct linger linger = {.l_onoff = 1};
    if (poll->fd < 0)
        return;
    if (is_abrupt)
        setsockopt (poll->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close (poll->fd);
    poll->fd = -1;
}

void ld_net_watch (ld_net_t *self, ld_poll_t *poll, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = poll};
    if (poll->fd < 0 || poll->events == events)
        return;
    poll->events = events;
    epoll_ctl (self->epoll, EPOLL_CTL_MOD, poll->fd, &event);
}

void ld_net_dirty (ld_net_t *self, ld_poll_t *poll)
{
    if (poll->is_dirty)
        return;
    poll->is_dirty = true;
    poll->next = self->dirty;
    self->dirty = poll;
}

void ld_net_flush (ld_net_t *self)
{
    ld_poll_t *poll;
    while ((poll = self->dirty)) {
        self->dirty = poll->next;
        poll->is_dirty = false;
        if (poll->fd >= 0)
            poll->flush (poll);
    }
}

int ld_net_turn (ld_net_t *self, int timeout_ms, void (*woken) (void *arg), void *arg)
{
    struct epoll_event events[S_EVENTS];
    int count = epoll_wait (self->epoll, events, S_EVENTS, timeout_ms);
    if (count < 0 && errno != EINTR)
        return -PT_E_unavailable;
    woken (arg);
    for (int i = 0; i < count; i++) {
        ld_poll_t *poll = events[i].data.ptr;
        if (poll->fd >= 0)
            poll->ready (poll, events[i].events);
    }
    return 0;
}
