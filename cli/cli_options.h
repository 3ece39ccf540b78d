/*  cli_options - the command line of `parley`, and how it finds what runs. */

#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "pt_limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_BUS_LEN 4096
#define CLI_PATH_LEN 1024
#define CLI_GATEWAYS_MAX 16
#define CLI_ARGS_MAX 64
#define CLI_OWN_MAX 8

/*  Exit codes: of sysexits where they fit. */
enum { CLI_OK = 0, CLI_MISSING = 1, CLI_USAGE = 2, CLI_UNAVAILABLE = 69 };

/*  What `make run` wrote to <state-dir>/run.env; absent values are "" or 0. */
typedef struct {
    char bus[CLI_BUS_LEN];
    uint16_t http_port; /* of the first gateway; the next has the next */
    uint16_t internal_port;
    unsigned gateways;
} cli_run_t;

/*  What a command takes beside the options that all have: arguments, and
    options of its own, each with a value ("--seed"). */
typedef struct {
    unsigned args_max;
    const char *own[CLI_OWN_MAX];
} cli_spec_t;

typedef struct {
    char state_dir[CLI_PATH_LEN];
    bool has_state_dir;    /* named by the operator, not the default */
    char bus[CLI_BUS_LEN]; /* named by the operator; "" for none */
    uint32_t timeout_ms;
    bool is_json;
    bool wants_help;
    const char *args[CLI_ARGS_MAX]; /* borrowed from argv, as `own` */
    unsigned arg_count;
    const char *own[CLI_OWN_MAX]; /* values, in the order of the spec; NULL when absent */
} cli_options_t;

/*  Reads the arguments behind the command; `spec` may be NULL.  0, or CLI_USAGE
    with one line in `err`. */
int cli_options_parse (cli_options_t *out, const cli_spec_t *spec, int argc, char **argv, FILE *err);

/*  The value of one of the command's own options as a number of at most `max`;
    `*out` keeps its value when the option is absent.  0, or CLI_USAGE with one
    line in `err`. */
int cli_options_number (const cli_options_t *self, const cli_spec_t *spec, unsigned own, uint64_t max, uint64_t *out,
                        FILE *err);

/*  Reads `KEY=value` lines; unknown keys are passed over, a value that can't be
    right is left at 0. */
void cli_run_parse (cli_run_t *out, const char *text);

/*  Reads <state-dir>/run.env.  0, or -errno. */
int cli_run_load (cli_run_t *out, const char *state_dir);

/*  The brokers to ask: --bus, then run.env of a --state-dir, then PARLEY_BUS,
    then run.env of the default folder; NULL when nobody names one. */
const char *cli_bus_find (const cli_options_t *options, const cli_run_t *run);

/*  Loads `run` and finds the brokers to ask; NULL with a line on stderr. */
const char *cli_bus_open (const cli_options_t *options, cli_run_t *run);

/*  Splits at commas, drops spaces and empty parts; at most LIM_BROKERS.
    Returns how many. */
unsigned cli_bus_split (const char *bus, char out[LIM_BROKERS][CLI_PATH_LEN]);

#endif
