/*  cli_commands - the commands of `parley`; each takes its options and returns
    the exit code. */

#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli_options.h"
#include "pt_buf.h"

int cli_status (const cli_options_t *options);
int cli_doctor (const cli_options_t *options);
int cli_sim (const cli_options_t *options);
extern const cli_spec_t cli_sim_spec;
int cli_verify (const cli_options_t *options);
int cli_trace (const cli_options_t *options);
int cli_channel (const cli_options_t *options);

/*  Longest text a command prints. */
#define CLI_OUTPUT_MAX (4 * 1024 * 1024)

/*  Writes a buffer to stdout; `exit_code`, or 1 when that failed. */
int cli_output (const pt_buf_t *buf, int exit_code);

/*  Whether stdout wants colours. */
bool cli_is_colour (void);

#endif
