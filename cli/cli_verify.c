/*  cli_verify - `parley verify`: whether what was promised holds. */

#include "cli_verify.h"
#include "cli_commands.h"

const cli_spec_t cli_verify_spec = {
    .args_max = CLI_ARGS_MAX,
    .own = {[CLI_VERIFY_LOGS] = "--logs",
            [CLI_VERIFY_RECOVERY_MS] = "--recovery-ms",
            [CLI_VERIFY_RSS_MAX] = "--rss-max",
            [CLI_VERIFY_FDS_MAX] = "--fds-max"},
};

/*  Logs and the installation they came from: both are judged, and compared. */
static int s_both (const cli_options_t *options)
{
    vf_acks_t *acks = vf_acks_new ();
    if (!acks) {
        fprintf (stderr, "parley: out of memory\n");
        return CLI_UNAVAILABLE;
    }
    int logs = cli_verify_logs (options, acks);
    int store = logs == CLI_OK || logs == CLI_MISSING ? cli_verify_store (options, acks) : logs;
    vf_acks_destroy (&acks);
    return store == CLI_OK ? logs : store;
}

int cli_verify (const cli_options_t *options)
{
    if (!options->own[CLI_VERIFY_LOGS])
        return cli_verify_store (options, NULL);
    /*  An installation must be named: the default one need not be where the logs come from. */
    if (options->has_state_dir || *options->bus)
        return s_both (options);
    if (options->arg_count == 0)
        return cli_verify_logs (options, NULL);
    fprintf (stderr, "parley: rooms are of an installation: name it with --state-dir or --bus, beside --logs\n");
    return CLI_USAGE;
}
