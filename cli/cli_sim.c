/*  cli_sim - `parley sim`: hands over to parley-sim beside this program, which
    holds the daemons' code and what it needs; `parley` itself stays light. */

#include "cli_commands.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define S_PROGRAM "parley-sim"

const cli_spec_t cli_sim_spec = {.own = {"--seed", "--schedules", "--events", "--seconds", "--trace"}};

/*  Its path, beside our own. */
static int s_path (char out[CLI_PATH_LEN])
{
    ssize_t len = readlink ("/proc/self/exe", out, CLI_PATH_LEN - sizeof S_PROGRAM);
    if (len <= 0 || len >= (ssize_t)(CLI_PATH_LEN - sizeof S_PROGRAM))
        return -1;
    out[len] = 0;
    char *slash = strrchr (out, '/');
    if (!slash)
        return -1;
    memcpy (slash + 1, S_PROGRAM, sizeof S_PROGRAM);
    return 0;
}

int cli_sim (const cli_options_t *options)
{
    char path[CLI_PATH_LEN];
    const char *args[2 * CLI_OWN_MAX + 2] = {S_PROGRAM};
    unsigned count = 1;
    for (unsigned i = 0; i < CLI_OWN_MAX && cli_sim_spec.own[i]; i++)
        if (options->own[i]) {
            args[count++] = cli_sim_spec.own[i];
            args[count++] = options->own[i];
        }
    if (s_path (path) == 0)
        execv (path, (char *const *)(uintptr_t)args);
    fprintf (stderr, "parley: %s can't be started: %s\n", S_PROGRAM, strerror (errno));
    return CLI_UNAVAILABLE;
}
