/*  cli_timeline - the hops of a message or a request from many instances, put in
    order and drawn.  Pure: answers go in, text comes out. */

#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include "cli_report.h"

/*  Hops beyond the first number are left out, and the output says so; ids beyond
    the second are not followed. */
#define CLI_HOPS_MAX 4096
#define CLI_TRACES_MAX 8

typedef struct cli_timeline cli_timeline_t;

/*  What is asked for: a request id, or a room and a seq. */
typedef struct {
    char trace[LIM_TRACE + 1]; /* "" when it is a message */
    uint64_t room, seq;
} cli_target_t;

/*  Reads the arguments of the command: `<room> <seq>` or `<request id>`.  0, or
    CLI_USAGE with one line in `err`. */
int cli_target_parse (cli_target_t *out, const char *const *args, unsigned count, FILE *err);

/*  NULL when out of memory. */
cli_timeline_t *cli_timeline_new (const cli_target_t *target);
void cli_timeline_destroy (cli_timeline_t **self_p);

/*  ---- facts ------------------------------------------------------------------ */

/*  What an instance knows of the message by room and seq: hops without a request
    id are taken, of the others the id alone, to be asked for. */
void cli_timeline_add_message (cli_timeline_t *self, const pt_trace_t *answer);

/*  What an instance knows of a request id. */
void cli_timeline_add_request (cli_timeline_t *self, const pt_trace_t *answer);

/*  What store knows of the message; NULL: it has no such one. */
void cli_timeline_set_item (cli_timeline_t *self, const pt_item_t *item);

/*  Instances that gave no answer. */
void cli_timeline_add_silence (cli_timeline_t *self);

/*  The i-th request id to follow; NULL when there are no more. */
const char *cli_timeline_trace (const cli_timeline_t *self, unsigned i);

/*  The message asked for or, of a request, the first that it stored: false when
    there is none. */
bool cli_timeline_message (const cli_timeline_t *self, uint64_t *out_room, uint64_t *out_seq);

/*  ---- text --------------------------------------------------------------------- */

/*  CLI_OK, or CLI_MISSING when nobody remembers a hop. */
int cli_timeline_exit (const cli_timeline_t *self);

/*  Put the hops in order, hence not const. */
void cli_timeline_print (cli_timeline_t *self, pt_buf_t *out);
void cli_timeline_print_json (cli_timeline_t *self, pt_buf_t *out);

#endif
