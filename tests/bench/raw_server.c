/*  raw_server - the yardstick of fan-out: an epoll server that does nothing but
    broadcast pre-framed bytes, coalesced: one shared ring, a cursor for each
    connection, one write for each connection and turn.

    usage: raw_server PORT PAYLOAD_BYTES */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define RING (4u * 1024 * 1024)
#define MAX_CONNECTIONS 20000

typedef struct {
    int fd;
    bool is_open;    /* upgraded */
    uint64_t cursor; /* next byte of the ring to write */
    char in[8192];
    size_t in_len;
} conn_t;

typedef struct {
    int epoll, listener;
    conn_t *conns[MAX_CONNECTIONS];
    unsigned count;
    char *ring;
    uint64_t head;
    char frame[4096];
    size_t frame_len;
} server_t;

static void s_make_frame (server_t *self, size_t payload)
{
    static const char start[] = "{\"ev\":\"message\",\"body\":\"";
    size_t at = 0;
    self->frame[at++] = (char)0x81;
    if (payload < 126)
        self->frame[at++] = (char)payload;
    else {
        self->frame[at++] = 126;
        self->frame[at++] = (char)(payload >> 8);
        self->frame[at++] = (char)payload;
    }
    memset (self->frame + at, 'x', payload);
    memcpy (self->frame + at, start, sizeof start - 1);
    memcpy (self->frame + at + payload - 2, "\"}", 2);
    self->frame_len = at + payload;
}

static void s_broadcast (server_t *self)
{
    size_t at = self->head % RING, first = RING - at < self->frame_len ? RING - at : self->frame_len;
    memcpy (self->ring + at, self->frame, first);
    memcpy (self->ring, self->frame + first, self->frame_len - first);
    self->head += self->frame_len;
}

static void s_flush (server_t *self, conn_t *conn)
{
    while (conn->is_open && conn->cursor < self->head) {
        size_t at = conn->cursor % RING, len = (size_t)(self->head - conn->cursor);
        if (len > RING - at)
            len = RING - at;
        ssize_t sent = send (conn->fd, self->ring + at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return;
        conn->cursor += (uint64_t)sent;
        if ((size_t)sent < len)
            return;
    }
}

static void s_upgrade (server_t *self, conn_t *conn)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    conn->in[conn->in_len < sizeof conn->in ? conn->in_len : sizeof conn->in - 1] = 0;
    if (!strstr (conn->in, "\r\n\r\n"))
        return;
    if (send (conn->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
        return;
    conn->is_open = true;
    conn->cursor = self->head;
    conn->in_len = 0;
}

/*  Client frames are counted, not read: each is one broadcast. */
static void s_take_frames (server_t *self, conn_t *conn)
{
    size_t at = 0;
    while (conn->in_len - at >= 2) {
        size_t head = 6, size = (uint8_t)conn->in[at + 1] & 127;
        if (size == 126) {
            head = 8;
            if (conn->in_len - at < head)
                break;
            size = (size_t)(uint8_t)conn->in[at + 2] << 8 | (uint8_t)conn->in[at + 3];
        }
        if (conn->in_len - at < head + size)
            break;
        at += head + size;
        s_broadcast (self);
    }
    memmove (conn->in, conn->in + at, conn->in_len - at);
    conn->in_len -= at;
}

static void s_readable (server_t *self, conn_t *conn)
{
    for (;;) {
        ssize_t got = recv (conn->fd, conn->in + conn->in_len, sizeof conn->in - 1 - conn->in_len, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            epoll_ctl (self->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
            conn->is_open = false;
            return;
        }
        if (got < 0)
            return;
        conn->in_len += (size_t)got;
        if (conn->is_open)
            s_take_frames (self, conn);
        else
            s_upgrade (self, conn);
    }
}

static void s_accept (server_t *self)
{
    int fd, one = 1;
    while (self->count < MAX_CONNECTIONS &&
           (fd = accept4 (self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        conn_t *conn = calloc (1, sizeof *conn);
        conn->fd = fd;
        setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = conn};
        epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
        self->conns[self->count++] = conn;
    }
}

static int s_listen (server_t *self, uint16_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int one = 1;
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt (self->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind (self->listener, (struct sockaddr *)&addr, sizeof addr) != 0 || listen (self->listener, 1024) != 0)
        return -1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return epoll_ctl (self->epoll, EPOLL_CTL_ADD, self->listener, &event);
}

int main (int argc, char **argv)
{
    static server_t self;
    if (argc != 3)
        return 2;
    struct rlimit limit;
    getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    self.ring = malloc (RING);
    s_make_frame (&self, strtoul (argv[2], NULL, 10));
    if (s_listen (&self, (uint16_t)strtoul (argv[1], NULL, 10)) != 0) {
        perror ("raw_server");
        return 1;
    }
    for (;;) {
        struct epoll_event events[1024];
        int n = epoll_wait (self.epoll, events, 1024, -1);
        for (int i = 0; i < n; i++)
            if (!events[i].data.ptr)
                s_accept (&self);
            else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                s_readable (&self, events[i].data.ptr);
        for (unsigned i = 0; i < self.count; i++)
            if (self.conns[i]->cursor < self.head)
                s_flush (&self, self.conns[i]);
    }
}
