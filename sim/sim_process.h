/*  sim_process - one simulated process: its loop with timers and watched
    sockets, and the functions of sv_loop.h, which the daemons are linked with
    instead of a real loop.

    A turn of the loop calls every watch that has input, then the process' own
    end of turn.  Input that arrives while a turn is due joins it. */

#ifndef SIM_PROCESS_H
#define SIM_PROCESS_H

#include "sim_net.h"
#include "sv_loop.h"

#define SIM_TIMERS 32
#define SIM_WATCHES 32

typedef struct sim_process sim_process_t;

struct sv_watch {
    sim_process_t *process;
    void *socket;
    sv_tick_fn *fn; /* NULL: free */
    void *arg;
};

struct sv_timer {
    sim_process_t *process;
    sv_tick_fn *fn; /* NULL: free */
    void *arg;
    uint32_t repeat_ms;
    uint32_t setting; /* counts, so that an older event is known */
};

struct sim_process {
    sv_loop_t loop; /* first; has no ops of its own */
    sim_net_t *net;
    struct sim_ports *ports; /* of all processes, see sim_zmq.h */
    int node;
    bool is_turn_due;
    sv_watch_t watches[SIM_WATCHES];
    sv_timer_t timers[SIM_TIMERS];
    void (*end_turn) (void *ctx); /* may be NULL */
    void *ctx;
};

/*  Embedded object; what is given is borrowed. */
void sim_process_init (sim_process_t *self, sim_net_t *net, struct sim_ports *ports, int node);

/*  The process begins, or ends, a life; its parts are made after and gone before. */
void sim_process_start (sim_process_t *self);
void sim_process_stop (sim_process_t *self);

/*  What is called from here on runs in this process: the functions that know no
    context (clock, new sockets, chance) act for it. */
void sim_process_enter (sim_process_t *self);
sim_process_t *sim_process_current (void);

/*  There is input: a turn is due. */
void sim_process_wake (sim_process_t *self);

/*  The end of a turn by hand, after a call from outside. */
void sim_process_end_turn (sim_process_t *self);

#endif
