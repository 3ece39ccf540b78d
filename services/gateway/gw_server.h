/*  gw_server - the public side of the process: listening sockets, the lws
    context on our loop, all links, and the drain.

    Sockets are accepted here, not by lws: so SO_REUSEPORT works, the number of
    clients has a cap below the limit of file descriptors, and a drain can stop
    accepting before anything else. */

#ifndef GW_SERVER_H
#define GW_SERVER_H

#include "gw.h"
#include "gw_link.h"

/*  Listens as the settings say.  NULL after logging why; `*out_exit` is then
    69 when an address is taken and 78 when a setting can't work. */
gw_server_t *gw_server_new (gw_t *gw, int *out_exit);
void gw_server_destroy (gw_server_t **self_p);

/*  Begins to accept. */
int gw_server_start (gw_server_t *self);

/*  Stops accepting, tells every session, closes them over the spread, lets
    requests in flight finish. */
void gw_server_drain (gw_server_t *self);

/*  Clients that are connected now. */
size_t gw_server_links (const gw_server_t *self);

/*  ---- for gw_link and gw_http ---------------------------------------------- */

void gw_server_add (gw_server_t *self, gw_link_t *link);
void gw_server_remove (gw_server_t *self, gw_link_t *link);
/*  Gives the socket to lws, which owns it from here on, with bytes that were read
    of it already (none: NULL, 0).  The link may be gone when this returns. */
void gw_server_adopt (gw_server_t *self, gw_link_t *link, int fd, const char *bytes, size_t len);

/*  The link that is being adopted now; NULL outside gw_server_adopt. */
gw_link_t *gw_server_adopting (gw_server_t *self);

void gw_server_mark_dirty (gw_server_t *self, gw_link_t *link);
void gw_server_set_patience (gw_server_t *self, gw_link_t *link, uint64_t ms);

/*  Makes lws look at its timers now: it does so only after socket events, so a
    timeout set from outside a callback would wait for the next one. */
void gw_server_nudge (gw_server_t *self);

/*  Scratch for composing one answer; empty at the start of each use. */
pt_buf_t *gw_server_scratch (gw_server_t *self);

/*  What the edge counts. */
typedef struct {
    sv_metric_t *accepted, *refused, *links, *sockets, *requests, *errors, *latency, *killed, *written, *limited;
} gw_counters_t;
gw_counters_t *gw_server_counters (gw_server_t *self);

#endif
