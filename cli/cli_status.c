/*  cli_status - `parley status`: who is there, and how they are. */

#include "cli_ask.h"
#include "cli_commands.h"

int cli_status (const cli_options_t *options)
{
    cli_run_t run;
    const char *bus = cli_bus_open (options, &run);
    if (!bus)
        return CLI_UNAVAILABLE;
    cli_report_t *report = cli_report_new (bus);
    if (!report || cli_ask (report, options->timeout_ms) < 0) {
        cli_report_destroy (&report);
        return CLI_UNAVAILABLE;
    }
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_OUTPUT_MAX);
    if (options->is_json)
        cli_report_print_json (report, &buf);
    else
        cli_report_print (report, &buf);
    int rc = cli_output (&buf, cli_report_exit (report));
    pt_buf_fini (&buf);
    cli_report_destroy (&report);
    return rc;
}
