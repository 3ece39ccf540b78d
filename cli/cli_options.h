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

/*  Exit codes: of sysexits where they fit. */
enum { CLI_OK = 0, CLI_MISSING = 1, CLI_USAGE = 2, CLI_UNAVAILABLE = 69 };

/*  What `make run` wrote to <state-dir>/run.env; absent values are "" or 0. */
typedef struct {
    char bus[CLI_BUS_LEN];
    uint16_t http_port; /* of the first gateway; the next has the next */
    uint16_t internal_port;
    unsigned gateways;
} cli_run_t;

typedef struct {
    char state_dir[CLI_PATH_LEN];
    bool has_state_dir;    /* named by the operator, not the default */
    char bus[CLI_BUS_LEN]; /* named by the operator; "" for none */
    uint32_t timeout_ms;
    bool is_json;
    bool wants_help;
} cli_options_t;

/*  Reads the arguments behind the command.  0, or CLI_USAGE with one line in
    `err`. */
int cli_options_parse (cli_options_t *out, int argc, char **argv, FILE *err);

/*  Reads `KEY=value` lines; unknown keys are passed over, a value that can't be
    right is left at 0. */
void cli_run_parse (cli_run_t *out, const char *text);

/*  Reads <state-dir>/run.env.  0, or -errno. */
int cli_run_load (cli_run_t *out, const char *state_dir);

/*  The brokers to ask: --bus, then run.env of a --state-dir, then PARLEY_BUS,
    then run.env of the default folder; NULL when nobody names one. */
const char *cli_bus_find (const cli_options_t *options, const cli_run_t *run);

/*  Splits at commas, drops spaces and empty parts; at most LIM_BROKERS.
    Returns how many. */
unsigned cli_bus_split (const char *bus, char out[LIM_BROKERS][CLI_PATH_LEN]);

#endif
