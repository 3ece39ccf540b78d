/*  ld_conn - one WebSocket to a gateway: connect, upgrade, frames in and out.
    It knows nothing of rooms. */

#ifndef LD_CONN_H
#define LD_CONN_H

#include "ld_frame.h"
#include "ld_net.h"
#include "pt_buf.h"

/*  Bytes that wait to be written; beyond it the connection is closed. */
#define LD_CONN_OUT (1024 * 1024)

/*  Close codes of our own, beside what the server says. */
enum { LD_CODE_LOST = 1006, LD_CODE_PROTOCOL = 1002 };

typedef enum { LD_DOWN, LD_CONNECTING, LD_UPGRADING, LD_OPENED } ld_conn_state_t;

typedef struct ld_conn ld_conn_t;

/*  What the owner is told, from within ld_net_turn and ld_conn_read; it may drop
    the connection there. */
typedef struct {
    void (*opened) (ld_conn_t *self);
    void (*message) (ld_conn_t *self, const char *text, size_t len);
    /*  The answer to ld_conn_ping. */
    void (*pong) (ld_conn_t *self);
    /*  It is down; `why` is a few words. */
    void (*closed) (ld_conn_t *self, unsigned code, const char *why);
} ld_conn_ops_t;

/*  Embedded in its owner as first member; others read `state`. */
struct ld_conn {
    ld_poll_t poll;
    ld_net_t *net;
    const ld_conn_ops_t *ops;
    ld_conn_state_t state;
    bool is_held; /* not read by itself: ld_conn_read does */
    pt_buf_t in;  /* an unfinished frame, or the head of the answer */
    pt_buf_t message;
    bool is_text; /* message has begun */
    pt_buf_t out;
    size_t written; /* of out */
    uint64_t masks; /* state of the generator */
};

void ld_conn_init (ld_conn_t *self, ld_net_t *net, const ld_conn_ops_t *ops, uint64_t seed);
void ld_conn_fini (ld_conn_t *self);

typedef struct {
    const struct sockaddr_in *to;
    const char *host;   /* of the Host header */
    const char *room;   /* whose dialect is spoken; empty: the native protocol */
    const char *scheme; /* of the Authorization header */
    const char *token;  /* behind it */
    int receive_bytes;  /* SO_RCVBUF, 0 for the kernel's own */
} ld_target_t;

/*  Begins; opened or closed follows.  0, or -PT_E_unavailable (nothing follows). */
PT_MUSTCHECK int ld_conn_start (ld_conn_t *self, const ld_target_t *target);

/*  Queues a text frame for the end of the turn. */
void ld_conn_text (ld_conn_t *self, const char *text, size_t len);

/*  Asks whether the other side still answers. */
void ld_conn_ping (ld_conn_t *self);

/*  Ends it without telling the owner. */
void ld_conn_drop (ld_conn_t *self, bool is_abrupt);

/*  Held: input waits in the kernel. */
void ld_conn_hold (ld_conn_t *self, bool is_held);

/*  Reads at most `max` bytes of a held connection.  Returns how many. */
size_t ld_conn_read (ld_conn_t *self, size_t max);

#endif
