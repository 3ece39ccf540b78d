/*  cli_verify - the verdict on a run's logs, for people and for machines. */

#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli_options.h"
#include "pt_buf.h"
#include "vf_around.h"

/*  The options of `parley verify`, by place. */
enum { CLI_VERIFY_LOGS, CLI_VERIFY_RECOVERY_MS, CLI_VERIFY_RSS_MAX, CLI_VERIFY_FDS_MAX };
extern const cli_spec_t cli_verify_spec;

/*  Prints a verdict; `around` may be NULL. */
void cli_verify_print (const vf_judge_t *judge, const vf_counts_t *counts, vf_around_t *around, pt_buf_t *out);
void cli_verify_print_json (const vf_judge_t *judge, const vf_counts_t *counts, vf_around_t *around, pt_buf_t *out);

/*  Judges the logs of a folder.  The exit code of the command. */
int cli_verify_logs (const cli_options_t *options);

#endif
