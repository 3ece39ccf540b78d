/*  cli_output - how commands write to the terminal, or to what is in its place. */

#include "cli_commands.h"

#include <stdlib.h>
#include <unistd.h>

bool cli_is_colour (void)
{
    const char *no_colour = getenv ("NO_COLOR");
    return isatty (STDOUT_FILENO) && !(no_colour && *no_colour);
}

int cli_output (const pt_buf_t *buf, int exit_code)
{
    if (pt_buf_error (buf) < 0 || fwrite (buf->at, 1, buf->len, stdout) != buf->len || fflush (stdout) != 0) {
        fprintf (stderr, "parley: the answer could not be written\n");
        return CLI_MISSING;
    }
    return exit_code;
}
