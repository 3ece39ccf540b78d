/*  sim_history - what the clients of a schedule did and saw, for the judge, and
    the first thing that was seen to be wrong. */

#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "sim_net.h"
#include "vf_judge.h"
#include <stdio.h>

/*  Lines of one schedule; one more ends it as a failure. */
#define SIM_HISTORY_MAX (1u << 20)

typedef struct {
    uint64_t at_us;
    uint32_t client; /* from 1; 0: nemesis */
    uint8_t op, kind;
    bool recovered, duplicate;
    uint64_t account, room, seq, head;
    uint32_t sender; /* with number: send_id "c<sender>-<number>" */
    uint32_t number;
    pt_str_t send_id; /* of a message that was given, as the database keeps it; borrowed */
    uint64_t bodyhash;
    const char *what; /* static */
} sim_line_t;

typedef struct {
    sim_net_t *net;
    FILE *trace; /* NULL: none */
    uint64_t hash;
    sim_line_t *lines;
    size_t count, cap;
    char wrong[240]; /* "": nothing so far */
    vf_finding_t finding;
    uint64_t wrong_us;
} sim_history_t;

void sim_history_init (sim_history_t *self, sim_net_t *net, FILE *trace);
void sim_history_fini (sim_history_t *self);

/*  Enters a line; its time is set here. */
void sim_history_add (sim_history_t *self, const sim_line_t *line);

/*  Something in the world, for the trace and its hash alone. */
void sim_history_note (sim_history_t *self, const char *what, uint64_t a, uint64_t b);

/*  The first thing wrong is kept. */
void sim_history_blame (sim_history_t *self, vf_finding_t finding, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
