/*  cli_report - what was learnt about an installation: its brokers, its
    instances, and what is missing.  Pure: facts go in, text comes out. */

#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli_options.h"
#include "pt_buf.h"
#include "pt_message.h"

#define CLI_NAME_LEN 65
#define CLI_INSTANCES_MAX (LIM_WORKERS * 2)

typedef struct {
    char base[CLI_PATH_LEN];
    bool has_answer;
    int err; /* why there is none */
    char version[CLI_NAME_LEN];
    uint64_t pid;
    uint64_t uptime_ms;
    uint64_t rss;
    uint64_t dropped;
    unsigned instances;
} cli_broker_t;

typedef struct {
    char service[CLI_NAME_LEN];
    char instance[CLI_NAME_LEN];
    unsigned brokers; /* how many list it */
    uint64_t in_flight;
    uint64_t queued; /* of its service, at the fullest broker */
    bool has_status; /* it answered; what follows is from it */
    bool is_ready;
    char reason[LIM_DETAIL + 1];
    char version[CLI_NAME_LEN];
    uint64_t pid;
    uint64_t uptime_ms;
    uint64_t rss;
} cli_instance_t;

typedef struct {
    cli_broker_t brokers[LIM_BROKERS];
    unsigned broker_count;
    cli_instance_t instances[CLI_INSTANCES_MAX]; /* later ones are left out */
    unsigned instance_count;
} cli_report_t;

/*  The services an installation needs, and the operations that ask an instance
    how it is and what hops it remembers; NULL name at the end. */
typedef struct {
    const char *name;
    uint16_t status_opcode;
    uint16_t trace_opcode;
} cli_service_t;
extern const cli_service_t cli_services[];

/*  The service of that name, NULL when it is none of them. */
const cli_service_t *cli_service_find (pt_str_t name);

/*  The number in an instance's name; 0 for a name that is none. */
uint64_t cli_generation (pt_str_t instance);

cli_report_t *cli_report_new (const char *bus);
void cli_report_destroy (cli_report_t **self_p);

/*  Facts. */
void cli_report_add_broker (cli_report_t *self, unsigned broker, const pt_broker_state_t *state);
void cli_report_add_silence (cli_report_t *self, unsigned broker, int err);
void cli_report_add_status (cli_report_t *self, const pt_status_t *status);

/*  Brokers that answered. */
unsigned cli_report_answers (const cli_report_t *self);

/*  The best instance of a service: ready before not ready before silent; NULL
    when no broker lists one. */
const cli_instance_t *cli_report_find (const cli_report_t *self, const char *service);

/*  The i-th thing that is missing, as a sentence; false when there are no more. */
bool cli_report_missing (const cli_report_t *self, unsigned i, char *out, size_t size);

/*  CLI_OK, CLI_MISSING, or CLI_UNAVAILABLE when no broker answered. */
int cli_report_exit (const cli_report_t *self);

void cli_report_print (const cli_report_t *self, pt_buf_t *out);
void cli_report_print_json (const cli_report_t *self, pt_buf_t *out);

#endif
