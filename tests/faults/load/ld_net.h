/*  ld_net - what connections share: epoll, one buffer to read into, and the list
    of those with bytes to write.  Bytes leave in ld_net_flush alone, after the
    logs of the turn have been written. */

#ifndef LD_NET_H
#define LD_NET_H

#include "pt_message.h"
#include <netinet/in.h>

/*  Most bytes read from one socket in one turn. */
#define LD_READ_BYTES (256 * 1024)

/*  Source addresses 127.0.0.1 and up, each with its own ports. */
#define LD_SOURCES 64

/*  What epoll knows of a socket; embedded in its owner, which outlives the turn. */
typedef struct ld_poll {
    void (*ready) (struct ld_poll *self, uint32_t events);
    void (*flush) (struct ld_poll *self);
    int fd; /* -1: none */
    uint32_t events;
    bool is_dirty;
    struct ld_poll *next;
} ld_poll_t;

typedef struct {
    int epoll;
    char *scratch; /* LD_READ_BYTES */
    ld_poll_t *dirty;
    unsigned source;
} ld_net_t;

/*  0 or -PT_E_memory, -PT_E_unavailable. */
PT_MUSTCHECK int ld_net_init (ld_net_t *self);
void ld_net_fini (ld_net_t *self);

/*  Begins a connection without blocking; `receive_bytes` 0 for the kernel's own
    buffer.  0 (poll->fd is set), or -PT_E_unavailable. */
PT_MUSTCHECK int ld_net_connect (ld_net_t *self, ld_poll_t *poll, const struct sockaddr_in *to, int receive_bytes);

/*  Closes the socket, if there is one.  `is_abrupt`: with a reset, which leaves
    no port waiting. */
void ld_net_close (ld_net_t *self, ld_poll_t *poll, bool is_abrupt);

/*  Changes what the socket is watched for. */
void ld_net_watch (ld_net_t *self, ld_poll_t *poll, uint32_t events);

/*  It has bytes to write. */
void ld_net_dirty (ld_net_t *self, ld_poll_t *poll);
void ld_net_flush (ld_net_t *self);

/*  Waits for sockets at most so long and serves them.  0 or -PT_E_unavailable. */
PT_MUSTCHECK int ld_net_turn (ld_net_t *self, int timeout_ms, void (*woken) (void *arg), void *arg);

#endif
