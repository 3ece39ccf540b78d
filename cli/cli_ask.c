/*  cli_ask - puts questions to every broker, and to the services behind them.

    A bus picks a broker by itself; to ask each one there is a bus for each,
    all on one loop, which ends when the last question is answered. */

#include "cli_ask.h"

#include "sv_bus.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct s_ask s_ask_t;

/*  One broker and the questions that go through it. */
typedef struct {
    s_ask_t *ask;
    unsigned index;
    sv_bus_t *bus;
} s_link_t;

struct s_ask {
    cli_report_t *report;
    uint32_t timeout_ms;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    s_link_t links[LIM_BROKERS];
    unsigned open; /* questions without an answer */
};

static void s_end_question (s_ask_t *self)
{
    if (--self->open == 0)
        sv_loop_stop (self->loop);
}

static int s_question (s_link_t *link, uint16_t opcode, sv_reply_fn *fn)
{
    static const pt_empty_t empty;
    sv_call_t call = {.opcode = opcode, .msg = &empty, .deadline_ms = link->ask->timeout_ms};
    int err = -PT_E_memory;
    if (sv_bus_call (link->bus, &call, fn, link, &err) == 0)
        return err;
    link->ask->open++;
    return 0;
}

static void s_on_status (void *arg, const sv_reply_t *reply)
{
    s_link_t *link = arg;
    if (reply->status == 0)
        cli_report_add_status (link->ask->report, reply->msg);
    s_end_question (link->ask);
}

static bool s_lists (const pt_broker_state_t *state, const char *service)
{
    for (uint32_t i = 0; i < state->instances.count; i++)
        if (pt_str_eq (state->instances.at[i].service, pt_str (service)))
            return true;
    return false;
}

/*  Only who is listed is asked: others would cost the whole time-out. */
static void s_on_broker (void *arg, const sv_reply_t *reply)
{
    s_link_t *link = arg;
    if (reply->status != 0)
        cli_report_add_silence (link->ask->report, link->index, reply->status);
    else {
        const pt_broker_state_t *state = reply->msg;
        cli_report_add_broker (link->ask->report, link->index, state);
        for (const cli_service_t *service = cli_services; service->name; service++)
            if (service->status_opcode != 0 && s_lists (state, service->name))
                /*  Who could not be asked is shown as one that did not answer. */
                (void)!s_question (link, service->status_opcode, s_on_status);
    }
    s_end_question (link->ask);
}

static int s_open_link (s_ask_t *self, unsigned index)
{
    s_link_t *link = &self->links[index];
    link->ask = self;
    link->index = index;
    sv_bus_config_t config = {.role = PT_PEER_operator,
                              .brokers = self->report->brokers[index].base,
                              .loop = self->loop,
                              .log = self->log,
                              .metrics = self->metrics};
    link->bus = sv_bus_new (&config);
    if (!link->bus)
        return -PT_E_invalid;
    return s_question (link, PT_OP_broker_state, s_on_broker);
}

static int s_open (s_ask_t *self)
{
    self->loop = sv_zloop_new ();
    self->log = sv_log_new ("parley", STDERR_FILENO, SV_ERROR, "auto");
    self->metrics = sv_metrics_new ();
    if (!self->loop || !self->log || !self->metrics)
        return -PT_E_memory;
    for (unsigned i = 0; i < self->report->broker_count; i++) {
        int rc = s_open_link (self, i);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int cli_ask (cli_report_t *report, uint32_t timeout_ms)
{
    s_ask_t self = {.report = report, .timeout_ms = timeout_ms};
    int rc = s_open (&self);
    if (rc == 0 && self.open > 0)
        rc = sv_loop_run (self.loop);
    for (unsigned i = 0; i < LIM_BROKERS; i++)
        sv_bus_destroy (&self.links[i].bus);
    sv_metrics_destroy (&self.metrics);
    sv_log_destroy (&self.log);
    sv_loop_destroy (&self.loop);
    if (rc < 0)
        fprintf (stderr, "parley: the brokers can't be asked: %s\n", pt_error_title (rc));
    return rc;
}
