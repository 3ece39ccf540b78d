/*  gw_loop - sv_loop on libev, the loop that libwebsockets shares as a foreign one.

    Design note.  ZMQ_FD is edge-like: any send, receive or getsockopt on the
    socket uses the edge up, so an event on the fd alone is not enough.  At the
    end of every turn, before libev sleeps, all watched sockets are asked for
    ZMQ_EVENTS and read; then the turn hook runs (the gateway flushes what it
    queued); then they are asked again, because the hook may have sent through
    them.  While any has input left, an idle watcher keeps libev from sleeping. */

#ifndef GW_LOOP_H
#define GW_LOOP_H

#include "sv_loop.h"

struct ev_loop;

/*  NULL when out of memory. */
sv_loop_t *gw_loop_new (void);

/*  The libev loop, for libwebsockets; owned by the loop. */
struct ev_loop *gw_loop_ev (sv_loop_t *self);

/*  Has `fn` called once at the end of each turn, after all input of that turn;
    NULL ends it. */
void gw_loop_on_turn (sv_loop_t *self, sv_tick_fn *fn, void *arg);

#endif
