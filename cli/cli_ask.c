/*  cli_ask - puts questions to every broker, and to each instance behind them. */

#include "cli_ask.h"

#include "cli_links.h"
#include <stdlib.h>

typedef struct {
    cli_report_t *report;
    cli_links_t *links;
} s_ask_t;

static void s_on_status (void *ctx, unsigned broker, const sv_reply_t *reply)
{
    s_ask_t *self = ctx;
    (void)broker;
    if (reply->status == 0)
        cli_report_add_status (self->report, reply->msg);
}

/*  Who is listed is asked, each instance by its name; who could not be asked is
    shown as one that did not answer. */
static void s_on_broker (void *ctx, unsigned broker, const sv_reply_t *reply)
{
    static const pt_empty_t empty;
    s_ask_t *self = ctx;
    if (reply->status != 0) {
        cli_report_add_silence (self->report, broker, reply->status);
        return;
    }
    const pt_broker_state_t *state = reply->msg;
    cli_report_add_broker (self->report, broker, state);
    for (uint32_t i = 0; i < state->instances.count; i++) {
        const pt_instance_t *instance = &state->instances.at[i];
        const cli_service_t *service = cli_service_find (instance->service);
        if (service)
            (void)!cli_links_ask (self->links, broker, service->status_opcode, cli_generation (instance->instance),
                                  &empty, s_on_status);
    }
}

int cli_ask (cli_report_t *report, uint32_t timeout_ms)
{
    static const pt_empty_t empty;
    const char *bases[LIM_BROKERS];
    s_ask_t self = {.report = report};
    for (unsigned i = 0; i < report->broker_count; i++)
        bases[i] = report->brokers[i].base;
    self.links = cli_links_new (bases, report->broker_count, timeout_ms, &self);
    int rc = self.links ? 0 : -PT_E_invalid;
    for (unsigned i = 0; i < report->broker_count && rc == 0; i++)
        rc = cli_links_ask (self.links, i, PT_OP_broker_state, 0, &empty, s_on_broker);
    if (rc == 0)
        rc = cli_links_run (self.links);
    cli_links_destroy (&self.links);
    return rc;
}
