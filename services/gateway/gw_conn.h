/*  gw_conn - one client connection as the rest of the gateway sees it: the
    only interface between sessions and libwebsockets.

    The struct comes first in its own object (as in sv_loop.h): the edge has
    one behind lws, tests have one that records what was written.

    Bytes for a WebSocket are pre-framed and written with LWS_WRITE_RAW under the rules of ARCHITECTURE.md:
    a closing connection is not written to; what lws buffers after a partial
    write counts as pending; a failed write kills the connection and the wsi is
    not touched again.  Each write holds whole WebSocket frames, so that a PING
    or CLOSE of libwebsockets may come between any two writes. */

#ifndef GW_CONN_H
#define GW_CONN_H

#include "gw_limit.h"

typedef struct gw_conn gw_conn_t;

/*  The most that one gw_conn_send takes. */
#define GW_CONN_WRITE (64 * 1024)

typedef struct {
    void (*dirty) (gw_conn_t *self);
    bool (*send) (gw_conn_t *self, const void *bytes, size_t len);
    void (*close) (gw_conn_t *self, uint16_t code, const char *reason);
    const char *(*peer) (const gw_conn_t *self);
    const gw_network_t *(*network) (const gw_conn_t *self);
} gw_conn_ops_t;

struct gw_conn {
    const gw_conn_ops_t *ops;
};

/*  Has gw_ws_flush called at the end of this loop turn.  Cheap to repeat. */
static inline void gw_conn_dirty (gw_conn_t *self)
{
    self->ops->dirty (self);
}

/*  Writes pre-framed WebSocket bytes now (at most GW_CONN_WRITE); they may be
    overwritten after the call.  Returns false when the connection is closing
    or dead, or holds a partial write: nothing was taken then, and
    gw_ws_flush will be called when it can go on. */
static inline bool gw_conn_send (gw_conn_t *self, const void *bytes, size_t len)
{
    return self->ops->send (self, bytes, len);
}

/*  Starts the closing handshake with a code and a short reason after what was
    flushed; may be repeated; the session hears gw_ws_close later, never from
    within this call. */
static inline void gw_conn_close (gw_conn_t *self, uint16_t code, const char *reason)
{
    self->ops->close (self, code, reason);
}

/*  Address of the peer, for services and logs. */
static inline const char *gw_conn_peer (const gw_conn_t *self)
{
    return self->ops->peer (self);
}

/*  The network that counts for limits; NULL: none are meant for it. */
static inline const gw_network_t *gw_conn_network (const gw_conn_t *self)
{
    return self->ops->network (self);
}

#endif
