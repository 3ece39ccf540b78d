/*  sim_net - processes and the connections between them, in virtual time.

    A link is one connection of two ends: what is sent arrives in order, after a
    while, until the link breaks; then a tail of it is lost.  Processes die with
    all their connections, or sleep: what is meant for them then happens when
    they wake, all at once.  A way between two processes can be blocked; what
    is sent meanwhile arrives afterwards, unless it takes so long that both
    ends give the connection up. */

#ifndef SIM_NET_H
#define SIM_NET_H

#include "sim_queue.h"
#include "sim_random.h"

#define SIM_NODES 32
#define SIM_LINKS 8192 /* of one schedule; further ones are refused */
#define SIM_PARTS 4

/*  A silent connection is given up after this long: ZeroMQ's heartbeat. */
#define SIM_SILENCE_US UINT64_C (6000000)

/*  Bytes shared by all who hold them. */
typedef struct {
    uint32_t refs;
    uint32_t len;
    char at[];
} sim_bytes_t;

/*  NULL when out of memory; `from` may be NULL. */
sim_bytes_t *sim_bytes_new (const void *from, size_t len);
sim_bytes_t *sim_bytes_ref (sim_bytes_t *self);
void sim_bytes_unref (sim_bytes_t **self_p);

typedef struct sim_link sim_link_t;
typedef struct sim_net sim_net_t;

/*  One message of a few parts. */
typedef struct sim_parcel {
    struct sim_parcel *next; /* for whoever holds it */
    struct sim_parcel *all;
    sim_bytes_t *parts[SIM_PARTS];
    unsigned count;
    sim_link_t *link;
    unsigned side; /* that sent it */
    uint64_t at_us;
} sim_parcel_t;

/*  What an end is told.  `down` comes once, also for a link that never came up,
    unless the end has closed it itself. */
typedef struct {
    void (*up) (void *ctx, sim_link_t *link);
    void (*down) (void *ctx, sim_link_t *link);
    void (*take) (void *ctx, sim_link_t *link, sim_parcel_t *parcel); /* consumes it */
} sim_end_ops_t;

typedef struct {
    int node;
    const sim_end_ops_t *ops;
    void *ctx;
} sim_end_t;

typedef struct {
    bool is_alive;
    uint32_t life; /* counts its starts, from 1 */
    uint64_t wakes_us;
    uint64_t slow_us;       /* added to what it sends .. */
    uint64_t slow_until_us; /* .. until then */
} sim_node_t;

struct sim_net {
    sim_queue_t *queue;
    sim_random_t *random;
    uint64_t now_us;
    sim_node_t nodes[SIM_NODES];
    uint64_t blocked_us[SIM_NODES][SIM_NODES]; /* [from][to]: until then */
    unsigned loss_permille;                    /* of events .. */
    uint64_t loss_until_us;                    /* .. until then */
    sim_link_t *links;                         /* all of this schedule */
    unsigned link_count;
    sim_parcel_t *parcels, *spare;
    uint64_t delivered;
};

/*  Embedded object; queue and random are borrowed.  fini frees all links and
    parcels, whoever holds them; every end must be gone by then. */
void sim_net_init (sim_net_t *self, sim_queue_t *queue, sim_random_t *random);
void sim_net_fini (sim_net_t *self);

/*  ---- processes ---------------------------------------------------------------- */

/*  A process begins a life.  It ends one: nothing it sends from now on leaves
    it; its ends must be closed next. */
void sim_net_start (sim_net_t *self, int node);
void sim_net_kill (sim_net_t *self, int node);
void sim_net_sleep (sim_net_t *self, int node, uint64_t us);
bool sim_net_is_asleep (const sim_net_t *self, int node);

/*  Enters an event of this life of a process. */
void sim_net_after (sim_net_t *self, int node, uint64_t us, sim_event_fn *fn, void *ctx, uint64_t arg);

/*  Blocks one direction; both ends give up what stays blocked too long. */
void sim_net_block (sim_net_t *self, int from, int to, uint64_t us);

/*  ---- links ---------------------------------------------------------------------- */

/*  Connects two ends, end 0 being the one who asks.  NULL when the other can't
    be reached now. */
sim_link_t *sim_net_connect (sim_net_t *self, const sim_end_t *from, const sim_end_t *to);

/*  An empty parcel; NULL when out of memory.  Discarding accepts NULL. */
sim_parcel_t *sim_parcel_new (sim_net_t *self);
void sim_parcel_discard (sim_net_t *self, sim_parcel_t **parcel_p);

/*  Sends, and consumes the parcel whatever happens. */
void sim_link_send (sim_link_t *self, unsigned side, sim_parcel_t *parcel);

/*  An end lets go: it is told nothing any more; the other end is, after what is
    on its way (of a process that was killed: after a part of that). */
void sim_link_close (sim_link_t *self, unsigned side);

/*  The connection breaks between the two. */
void sim_link_cut (sim_link_t *self);

bool sim_link_is_up (const sim_link_t *self, unsigned side);
int sim_link_node (const sim_link_t *self, unsigned side);

/*  Whose end that is; NULL while it is not up. */
void *sim_link_ctx (const sim_link_t *self, unsigned side);

/*  Cuts the n-th of the living links between processes (modulo their number);
    false when there is none. */
bool sim_net_cut_any (sim_net_t *self, uint64_t n);

#endif
