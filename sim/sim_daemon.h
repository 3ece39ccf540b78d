/*  sim_daemon - a daemon in a simulated process: the daemons' own code, set up
    as their main does it, killed, drained and started again. */

#ifndef SIM_DAEMON_H
#define SIM_DAEMON_H

#include "gw.h"
#include "gw_identity.h"
#include "sim_pg.h"
#include "sim_zmq.h"

#define SIM_SESSIONS 64 /* of one gateway at a time */

typedef enum { SIM_BROKER, SIM_STORE, SIM_CHAT, SIM_AUTH, SIM_GATEWAY, SIM_ROLES } sim_role_t;

typedef struct sim_session sim_session_t;

typedef struct {
    sim_process_t process; /* first: the daemon's frame finds the loop here */
    sim_role_t role;
    unsigned index; /* among those of its role */
    bool is_running;
    bool is_draining;
    const char *brokers; /* borrowed */
    sim_pg_t *pg;        /* borrowed; of a store */
    sv_bus_t *bus;
    void *ctx;                             /* what the role has made */
    gw_t gw;                               /* of a gateway */
    sim_session_t *sessions[SIM_SESSIONS]; /* likewise */
} sim_daemon_t;

/*  Starts a daemon that does not run.  false when out of memory. */
bool sim_daemon_start (sim_daemon_t *self);

/*  Ends it at once, as kill -9 does; accepts one that does not run. */
void sim_daemon_kill (sim_daemon_t *self);

/*  Lets it drain, as SIGTERM does; sim_daemon_leave ends it in peace. */
void sim_daemon_drain (sim_daemon_t *self);
bool sim_daemon_is_drained (const sim_daemon_t *self);
void sim_daemon_leave (sim_daemon_t *self);

/*  Auth, which runs, publishes a revocation. */
void sim_auth_tell (sim_daemon_t *self, const pt_revocation_t *what);

const char *sim_role_name (sim_role_t role);

/*  ---- sim_gateway.c -------------------------------------------------------------- */

bool sim_gateway_open (sim_daemon_t *self);
void sim_gateway_close (sim_daemon_t *self);
void sim_gateway_drain (sim_daemon_t *self);
void sim_gateway_end_turn (void *daemon);

/*  The far end of a new connection of a client with that identity; .ctx is NULL when
    the handshake is refused.  `seat` is the room whose members' dialect is spoken, which
    is told from its head on; 0: the native protocol. */
sim_end_t sim_gateway_accept (sim_daemon_t *self, const gw_identity_t *identity, uint64_t seat);

/*  Who is still served although his credential was revoked until `us`; NULL: nobody. */
const gw_identity_t *sim_gateway_stale (const sim_daemon_t *self, uint64_t us);

/*  Takes that end back when no connection could be made of it. */
void sim_gateway_refuse (sim_end_t *end);

/*  The client has read so many bytes of what a session wrote. */
void sim_gateway_read (void *session, size_t len);

#endif
