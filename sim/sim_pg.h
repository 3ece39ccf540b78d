/*  sim_pg - PostgreSQL as parley-store sees it, in memory: rooms, items,
    members, locks, sessions, and the functions of store_pg.h and
    store_statement.h, with which store_batch is linked.

    What matters is modelled: a transaction takes its rooms' locks, reads behind
    them, writes at its commit or not at all; unique keys refuse; a session that
    is lost may still have its commit on the way; a crash loses all sessions and
    nothing that was committed. */

#ifndef SIM_PG_H
#define SIM_PG_H

#include "pt_arena.h"
#include "sim_process.h"
#include "store_append.h"
#include "sv_bus.h"

#define SIM_PG_ROOMS 8
#define SIM_PG_ACCOUNTS 32
#define SIM_PG_EMAIL 32 /* bytes of an address */
#define SIM_PG_SESSIONS 32
#define SIM_PG_REVOKED 128 /* further revocations fail */
#define SIM_PG_ITEMS 8192  /* of one room; further ones fail as a full disk would */

typedef struct {
    uint64_t id;
    pt_item_t *items; /* seq 1 .. head */
    uint32_t head, cap;
    pt_role_t roles[SIM_PG_ACCOUNTS + 1]; /* by account */
    int holder;                           /* session that has its lock, -1: none */
} sim_pg_room_t;

typedef struct sim_pg sim_pg_t;

/*  A server in the process `node`; all is borrowed.  NULL when out of memory. */
sim_pg_t *sim_pg_new (sim_net_t *net, int node);
void sim_pg_destroy (sim_pg_t **self_p);

/*  A public room with these many accounts (1 ..) as members, account 1 its owner. */
void sim_pg_add_room (sim_pg_t *self, uint64_t id, unsigned accounts);

/*  NULL when there is none. */
sim_pg_room_t *sim_pg_room (const sim_pg_t *self, uint64_t id);
unsigned sim_pg_rooms (const sim_pg_t *self);
sim_pg_room_t *sim_pg_room_at (const sim_pg_t *self, unsigned i);

/*  The address of an account, in `out`. */
const char *sim_pg_email (uint64_t account, char out[SIM_PG_EMAIL]);

/*  All sessions end, what they had begun is rolled back; down for so long. */
void sim_pg_crash (sim_pg_t *self, uint64_t us);
bool sim_pg_is_up (const sim_pg_t *self);

/*  One session is cut off; its commit may still be on the way. */
void sim_pg_cut (sim_pg_t *self, uint64_t n);

/*  For so long one step in some fails with this SQLSTATE ("" ends it). */
void sim_pg_fail (sim_pg_t *self, const char *sqlstate, unsigned permille, uint64_t us);

/*  Where the processes of store find their server. */
void sim_pg_serve (sim_pg_t *self);

/*  Reads in one snapshot, some time from now, and replies: membership, range,
    heads, history, revoked.  Consumes the request. */
void sim_pg_read (sim_pg_t *self, sim_process_t *process, sv_request_t *request, const void *msg);

/*  Revokes, in a transaction of its own that takes a while; `fn` is called with `arg`
    and the number of the revocation when it has been committed.  False when that
    can't be begun. */
bool sim_pg_revoke (sim_pg_t *self, const pt_revocation_t *what, sim_event_fn *fn, void *arg);
const pt_revocation_t *sim_pg_revocation (const sim_pg_t *self, uint64_t i);

/*  When a credential was revoked: the time of the commit; 0: it is good.  The
    generation that an account has. */
uint64_t sim_pg_revoked_us (const sim_pg_t *self, uint64_t account, uint64_t session, uint64_t generation);
uint64_t sim_pg_generation (const sim_pg_t *self, uint64_t account);

/*  Something went wrong inside the model or by the daemons' hand: NULL, or what. */
const char *sim_pg_complaint (const sim_pg_t *self);

#endif
