/*  sim_zmq - ZeroMQ over the simulated network: the functions of zmq.h and
    czmq.h that the daemons use, with the behaviour they rely on.

        DEALER  with ZMQ_IMMEDIATE: refuses at once while no peer is there
        ROUTER  with ZMQ_ROUTER_MANDATORY: EHOSTUNREACH for a peer that is gone;
                each connection has a routing id of its own
        PUB, XPUB  drop what nobody subscribed, and what the schedule says is lost
        SUB, XSUB  tell their subscriptions to every peer that comes

    Connecting goes on for ever, as in ZeroMQ. */

#ifndef SIM_ZMQ_H
#define SIM_ZMQ_H

#include "sim_process.h"

#define SIM_SOCKETS 64   /* bound at a time, in all processes */
#define SIM_PIPES 48     /* of one socket */
#define SIM_TOPICS 16    /* of one peer */
#define SIM_TOPIC_LEN 16 /* longer ones are refused */

typedef struct sim_socket sim_socket_t;

/*  Who listens where. */
typedef struct sim_ports {
    sim_socket_t *bound[SIM_SOCKETS];
    unsigned count;
} sim_ports_t;

bool sim_zmq_has_input (const void *socket);

#endif
