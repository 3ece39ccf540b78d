/*  sv_probe - asks another service now and then how it is; at most one question
    is open at a time. */

#include "sv_probe.h"
#include "sv_ready.h"
#include <stdlib.h>

/*  Longest wait for one answer. */
#define ANSWER_MS 1500

struct sv_probe {
    sv_daemon_t *daemon;
    sv_loop_t *loop;
    sv_bus_t *bus;
    sv_timer_t *timer;
    uint16_t opcode;
    uint64_t call; /* open question, 0: none */
    sv_ready_t state;
    bool is_stopped;
};

static void s_step (sv_probe_t *self, sv_ready_event_t event, unsigned live)
{
    if (self->is_stopped)
        return;
    sv_ready_verdict_t verdict = sv_ready_step (&self->state, event, live, sv_now_ms ());
    sv_daemon_set_ready (self->daemon, verdict.is_ready, verdict.is_ready ? NULL : verdict.reason);
    sv_timer_set (self->loop, self->timer, verdict.next_ask_ms, 0);
}

static void s_on_status (void *arg, const sv_reply_t *reply)
{
    sv_probe_t *self = arg;
    const pt_status_t *status = reply->msg;
    sv_ready_event_t event = SV_READY_AWAY;
    self->call = 0;
    if (reply->status == 0)
        event = status->ready ? SV_READY_OK : SV_READY_BAD;
    s_step (self, event, 0);
}

static void s_on_timer (void *arg)
{
    sv_probe_t *self = arg;
    if (self->call == 0) {
        pt_empty_t question = {0};
        sv_call_t call = {.opcode = self->opcode, .msg = &question, .deadline_ms = ANSWER_MS};
        self->call = sv_bus_call (self->bus, &call, s_on_status, self, NULL);
    }
    s_step (self, SV_READY_TICK, 0);
}

static void s_on_change (void *ctx, unsigned live)
{
    s_step (ctx, SV_READY_BROKERS, live);
}

sv_probe_t *sv_probe_new (sv_daemon_t *daemon, uint16_t opcode, const char *name)
{
    sv_probe_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->daemon = daemon;
    self->loop = sv_daemon_loop (daemon);
    self->bus = sv_daemon_bus (daemon);
    self->opcode = opcode;
    self->state.name = name;
    self->timer = sv_loop_timer (self->loop, SV_READY_ASK_SOON_MS, 0, s_on_timer, self);
    if (!self->timer) {
        free (self);
        return NULL;
    }
    sv_bus_on_change (self->bus, s_on_change, self);
    s_step (self, SV_READY_BROKERS, sv_bus_live (self->bus));
    return self;
}

int sv_probe_serve (sv_daemon_t *daemon, const sv_handler_t *ops, size_t op_count, uint64_t credit, void *ctx,
                    sv_probe_t **out_probe)
{
    int rc = sv_bus_serve (sv_daemon_bus (daemon), ops, op_count, (unsigned)credit, ctx);
    if (rc == 0 && !(*out_probe = sv_probe_new (daemon, PT_OP_store_status, "store")))
        rc = -PT_E_memory;
    if (rc != 0)
        sv_log (sv_daemon_log (daemon), SV_ERROR, NULL, "can't serve error=%s", pt_error_name (rc));
    return rc;
}

void sv_probe_stop (sv_probe_t *self)
{
    if (!self)
        return;
    self->is_stopped = true;
    sv_timer_cancel (self->loop, &self->timer);
    sv_bus_cancel (self->bus, self->call);
    self->call = 0;
}

void sv_probe_destroy (sv_probe_t **self_p)
{
    sv_probe_t *self = *self_p;
    if (!self)
        return;
    sv_bus_on_change (self->bus, NULL, NULL);
    sv_probe_stop (self);
    free (self);
    *self_p = NULL;
}
