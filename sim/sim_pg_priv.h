/*  sim_pg_priv - the insides shared by sim_pg.c (the server), sim_pg_client.c
    (store's connections to it) and sim_pg_read.c. */

#ifndef SIM_PG_PRIV_H
#define SIM_PG_PRIV_H

#include "sim_pg.h"

#define SIM_PG_KEYS 65536 /* places for the keys of all rooms */

/*  idle_in_transaction_session_timeout, as store_pg sets it. */
#define SIM_PG_IDLE_US UINT64_C (10000000)

typedef struct store_pg sim_pg_client_t;

typedef struct {
    uint64_t room, sender;
    pt_str_t key;
    uint32_t seq; /* 0: free */
} sim_pg_key_t;

typedef struct {
    uint64_t sender;
    pt_str_t key;
    pt_item_t item;
} sim_pg_row_t;

typedef struct {
    bool is_open;
    bool is_asked;   /* something was sent to the server and is not answered */
    bool is_waiting; /* for locks */
    uint32_t serial;
    sim_pg_client_t *client; /* NULL: gone */
    uint32_t rooms;          /* of the transaction, one bit each */
    uint64_t waits_us, waits_since, idle_us;
    uint64_t lock_timeout_us;
    char sqlstate[6]; /* of the answer, "" for a good one */
    sim_pg_row_t *rows;
    unsigned row_count, row_cap;
} sim_pg_session_t;

/*  A revocation, from the moment its transaction begins. */
typedef struct {
    pt_revocation_t what;
    bool is_open;          /* its transaction has not ended */
    uint64_t committed_us; /* 0: it is not, or never will be */
    sim_event_fn *fn;
    void *arg;
} sim_pg_revoked_t;

/*  A read under way; lives until the schedule ends. */
typedef struct sim_pg_job {
    struct sim_pg_job *next;
    sim_pg_t *server;
    sim_process_t *process;
    uint32_t life;
    sv_request_t *request;
    const void *msg;
    const void *reply; /* NULL: refused .. */
    int err;           /* .. with this */
    uint64_t since_us;
} sim_pg_job_t;

struct sim_pg {
    sim_net_t *net;
    int node;
    bool is_up;
    sim_pg_room_t rooms[SIM_PG_ROOMS];
    unsigned room_count;
    sim_pg_session_t sessions[SIM_PG_SESSIONS];
    sim_pg_key_t *keys;
    pt_arena_t *arena; /* texts of rows */
    sim_pg_job_t *jobs;
    sim_pg_revoked_t revoked[SIM_PG_REVOKED];
    unsigned revoked_count;
    uint64_t next_id;
    uint64_t waits;
    char sqlstate[6];
    unsigned fail_permille;
    uint64_t fail_until_us;
    char complaint[120];
};

/*  The row with that key; NULL when there is none. */
const pt_item_t *sim_pg_find (sim_pg_t *self, uint64_t room, uint64_t sender, pt_str_t key);

/*  ---- sim_pg_revoked.c ------------------------------------------------------------ */

const pt_revoked_page_t *sim_pg_revoked_page (const sim_pg_t *self, pt_arena_t *arena, pt_str_t text);

/*  The server has crashed: what was under way never happened. */
void sim_pg_forget_open (sim_pg_t *self);

/*  ---- what a connection does ------------------------------------------------------ */

sim_pg_session_t *sim_pg_open (sim_pg_t *self, sim_pg_client_t *client, uint64_t lock_timeout_us);
void sim_pg_close (sim_pg_t *self, sim_pg_session_t *session);

/*  The client has gone away; what it had sent may still be done. */
void sim_pg_orphan (sim_pg_t *self, sim_pg_session_t *session);

/*  Adds a new row to what the last step writes. */
void sim_pg_add_row (sim_pg_t *self, sim_pg_session_t *session, const store_entry_t *entry);

/*  Sends a step: locks and reads, or writes and commit. */
void sim_pg_ask (sim_pg_t *self, sim_pg_session_t *session, bool is_last);

/*  ---- what a connection is told ---------------------------------------------------- */

void sim_pg_client_answer (sim_pg_client_t *client, uint64_t us);
void sim_pg_client_lose (sim_pg_client_t *client);

#endif
