/*  cli_verify - `parley verify`: whether what was promised holds. */

#include "cli_verify.h"
#include "cli_commands.h"

const cli_spec_t cli_verify_spec = {
    .own = {[CLI_VERIFY_LOGS] = "--logs",
            [CLI_VERIFY_RECOVERY_MS] = "--recovery-ms",
            [CLI_VERIFY_RSS_MAX] = "--rss-max",
            [CLI_VERIFY_FDS_MAX] = "--fds-max"},
};

int cli_verify (const cli_options_t *options)
{
    if (options->own[CLI_VERIFY_LOGS])
        return cli_verify_logs (options);
    fprintf (stderr, "parley: verify wants --logs <folder>; try 'parley help verify'\n");
    return CLI_USAGE;
}
