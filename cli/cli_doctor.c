/*  cli_doctor - `parley doctor`: what runs, what is missing, and how to mend it.

    The checks go from the ground up, so that the first failure is the cause of
    those below it. */

#include "cli_ask.h"
#include "cli_check.h"
#include "cli_commands.h"
#include "cli_text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void s_check_run (cli_checks_t *checks, const cli_options_t *options, const cli_run_t *run, const char *bus)
{
    if (*run->bus)
        cli_check_add (checks, CHECK_OK, "run.env", "%u gateway%s from port %u", run->gateways,
                       run->gateways == 1 ? "" : "s", run->http_port);
    else if (bus)
        cli_check_add (checks, CHECK_SKIP, "run.env", "not read; brokers are %s", bus);
    else {
        cli_check_add (checks, CHECK_FAIL, "run.env", "%s/run.env is not there: nothing was started here",
                       options->state_dir);
        cli_check_hint (checks, "`make run` starts everything; --bus names brokers that were started otherwise");
    }
}

static void s_check_brokers (cli_checks_t *checks, const cli_report_t *report)
{
    for (unsigned i = 0; i < report->broker_count; i++) {
        const cli_broker_t *broker = &report->brokers[i];
        const char *slash = strrchr (broker->base, '/');
        char name[96], up[32];
        snprintf (name, sizeof (name), "broker %s", slash ? slash + 1 : broker->base);
        cli_print_time (broker->uptime_ms, up, sizeof (up));
        if (broker->has_answer)
            cli_check_add (checks, CHECK_OK, name, "answers; pid %" PRIu64 ", up %s, %u live", broker->pid, up,
                           broker->instances);
        else {
            cli_check_add (checks, CHECK_FAIL, name, "does not answer (%s)", pt_error_name (broker->err));
            cli_check_hint (checks, "where its sockets are well it hangs: end it, it is started again");
        }
    }
}

static void s_check_service (cli_checks_t *checks, const cli_report_t *report, const cli_service_t *service)
{
    const cli_instance_t *best = cli_report_find (report, service->name);
    if (cli_report_answers (report) == 0)
        cli_check_add (checks, CHECK_SKIP, service->name, "not asked: no broker answers");
    else if (!best) {
        cli_check_add (checks, CHECK_FAIL, service->name, "no instance is live");
        cli_check_hint (checks,
                        "is parley-%s running? its last lines in the log say why not; "
                        "`parley-%s --check-config` judges its settings",
                        service->name, service->name);
    } else if (!best->has_status) {
        cli_check_add (checks, CHECK_FAIL, service->name, "instance %s does not answer", best->instance);
        cli_check_hint (checks, "it hangs or is overloaded; `parley status` shows its load");
    } else
        cli_check_add (checks, CHECK_OK, service->name, "answers; pid %" PRIu64, best->pid);
}

/*  Readiness after liveness: a service that lives and can't serve says why. */
static void s_check_ready (cli_checks_t *checks, const cli_report_t *report, const char *service, const char *name,
                           const char *hint)
{
    const cli_instance_t *best = cli_report_find (report, service);
    if (!best || !best->has_status)
        cli_check_add (checks, CHECK_SKIP, name, "not asked: %s does not answer", service);
    else if (best->is_ready)
        cli_check_add (checks, CHECK_OK, name, "%s", *best->reason ? best->reason : "ready");
    else {
        cli_check_add (checks, CHECK_FAIL, name, "%s", *best->reason ? best->reason : "not ready");
        cli_check_hint (checks, "%s", hint);
    }
}

static int s_check_bus (cli_checks_t *checks, const char *bus, uint32_t timeout_ms)
{
    cli_report_t *report = cli_report_new (bus);
    if (!report)
        return -PT_E_memory;
    for (unsigned i = 0; i < report->broker_count; i++)
        cli_check_sockets (checks, report->brokers[i].base);
    int rc = cli_ask (report, timeout_ms);
    if (rc == 0) {
        s_check_brokers (checks, report);
        for (const cli_service_t *service = cli_services; service->name; service++)
            s_check_service (checks, report, service);
        s_check_ready (checks, report, "store", "database", "is PostgreSQL running, and is its disk not full?");
        s_check_ready (checks, report, "auth", "auth is ready", "it may wait for store");
        s_check_ready (checks, report, "chat", "chat is ready", "it may wait for store");
        s_check_ready (checks, report, "drive", "drive is ready", "it may wait for store");
    }
    cli_report_destroy (&report);
    return rc;
}

static void s_check_gateways (cli_checks_t *checks, const cli_run_t *run, uint32_t timeout_ms)
{
    if (run->http_port == 0)
        cli_check_add (checks, CHECK_SKIP, "gateways", "their ports are not known");
    for (unsigned i = 0; run->http_port != 0 && i < run->gateways && run->http_port + i <= UINT16_MAX; i++)
        cli_check_http (checks, (uint16_t)(run->http_port + i), timeout_ms);
}

static int s_print (const cli_checks_t *checks, bool is_json)
{
    pt_buf_t buf;
    pt_buf_init (&buf, CLI_OUTPUT_MAX);
    if (is_json)
        cli_checks_print_json (checks, &buf);
    else
        cli_checks_print (checks, cli_is_colour (), &buf);
    int exit_code = cli_output (&buf, cli_checks_failed (checks) > 0 ? CLI_MISSING : CLI_OK);
    pt_buf_fini (&buf);
    return exit_code;
}

int cli_doctor (const cli_options_t *options)
{
    cli_checks_t *checks = calloc (1, sizeof (*checks));
    if (!checks) {
        fprintf (stderr, "parley: out of memory\n");
        return CLI_MISSING;
    }
    cli_run_t run;
    (void)!cli_run_load (&run, options->state_dir);
    const char *bus = cli_bus_find (options, &run);
    cli_check_state_dir (checks, options->state_dir);
    s_check_run (checks, options, &run, bus);
    if (bus && s_check_bus (checks, bus, options->timeout_ms) < 0)
        cli_check_add (checks, CHECK_FAIL, "bus", "%s can't be used", bus);
    s_check_gateways (checks, &run, options->timeout_ms);
    int exit_code = s_print (checks, options->is_json);
    free (checks);
    return exit_code;
}
