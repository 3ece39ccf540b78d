/*  sim_world - one schedule: a whole installation with its clients, a seeded
    run of acts and faults, the peace afterwards, the verdict. */

#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim_client.h"

#define SIM_BROKERS 2
#define SIM_STORES 2
#define SIM_CHATS 2
#define SIM_AUTHS 1
#define SIM_DAEMONS (SIM_BROKERS + SIM_STORES + SIM_CHATS + SIM_AUTHS + SIM_GATEWAYS)
#define SIM_CLIENTS 9 /* one of them in a seat */
#define SIM_FAULTS_MIN 3

/*  Everything must flow again so long after the last fault has ended. */
#define SIM_PEACE_US UINT64_C (40000000)

/*  Who was signed out, and so long ago, is not served any more: counted from the
    commit, or from the end of the last fault. */
#define SIM_SIGNED_OUT_US UINT64_C (5000000)

typedef struct {
    uint64_t seed;
    uint64_t events_min; /* frames that must have been delivered */
    FILE *trace;         /* NULL: none */
} sim_order_t;

typedef struct {
    bool is_good;
    uint64_t events; /* frames delivered between processes */
    uint64_t steps;  /* all events, timers included */
    uint64_t faults, sent, received;
    uint64_t virtual_us;
    uint64_t hash; /* of the trace */
    vf_finding_t finding;
    char wrong[240];
} sim_result_t;

typedef struct {
    sim_random_t random;
    sim_queue_t queue;
    sim_net_t net;
    sim_ports_t ports;
    sim_history_t history;
    sim_pg_t *pg;
    sim_daemon_t daemons[SIM_DAEMONS];
    sim_daemon_t *auth; /* one of them */
    unsigned daemon_count;
    sim_client_t clients[SIM_CLIENTS];
    unsigned client_count, room_count; /* the last client has the seat */
    unsigned pace_ms;                  /* between two acts of a client */
    bool is_heavy;                     /* long bodies: clients that pause fall behind */
    uint64_t events_min, active_us;
    bool is_over; /* no new acts and faults */
    uint64_t faults;
    uint64_t fault_end_us; /* when the last effect of a fault ends */
} sim_world_t;

/*  Runs one schedule from its seed.  0, or -PT_E_memory. */
int sim_world_run (const sim_order_t *order, sim_result_t *out);

/*  ---- sim_fault.c ------------------------------------------------------------------ */

/*  Begins one fault, drawn from the world's chance. */
void sim_fault_inject (sim_world_t *self);

#endif
