/*  sim_seams - what the daemons are linked with in place of the parts that only
    a real process has: metrics, log, the daemon's frame, tokens. */

#include "gw_prove.h"
#include "sim_daemon.h"
#include "sv_metrics.h"

/*  ---- metrics: nobody looks ------------------------------------------------------ */

struct sv_metric {
    int unused;
};

static sv_metric_t s_metric;

sv_metric_t *sv_metrics_counter (sv_metrics_t *self, const char *name, const char *labels, const char *help)
{
    (void)self, (void)name, (void)labels, (void)help;
    return &s_metric;
}

sv_metric_t *sv_metrics_gauge (sv_metrics_t *self, const char *name, const char *labels, const char *help)
{
    return sv_metrics_counter (self, name, labels, help);
}

sv_metric_t *sv_metrics_histogram (sv_metrics_t *self, const char *name, const char *labels, const char *help)
{
    return sv_metrics_counter (self, name, labels, help);
}

void sv_metric_add (sv_metric_t *metric, uint64_t n)
{
    (void)metric, (void)n;
}

void sv_metric_set (sv_metric_t *metric, uint64_t value)
{
    (void)metric, (void)value;
}

void sv_metric_observe_us (sv_metric_t *metric, uint64_t us)
{
    (void)metric, (void)us;
}

/*  ---- the daemon's frame ----------------------------------------------------------- */

void sv_log (sv_log_t *self, sv_level_t level, const char *trace, const char *format, ...)
{
    (void)self, (void)level, (void)trace, (void)format;
}

sv_loop_t *sv_daemon_loop (sv_daemon_t *self)
{
    return &((sim_daemon_t *)(void *)self)->process.loop;
}

sv_log_t *sv_daemon_log (sv_daemon_t *self)
{
    (void)self;
    return NULL;
}

sv_metrics_t *sv_daemon_metrics (sv_daemon_t *self)
{
    (void)self;
    return NULL;
}

void sv_daemon_status (sv_daemon_t *self, pt_arena_t *arena, pt_status_t *out)
{
    (void)self, (void)arena;
    *out = (pt_status_t){.service = PT_LIT ("simulated"), .instance = PT_LIT ("0"), .version = PT_LIT ("0"), .pid = 1};
}

void sv_daemon_on_status (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx, (void)msg;
    sv_request_fail (&request, -PT_E_unavailable, NULL);
}

sv_trace_t *sv_daemon_trace (sv_daemon_t *self)
{
    (void)self;
    return NULL;
}

int sv_daemon_find_hops (sv_daemon_t *self, const pt_trace_query_t *query, pt_arena_t *arena, pt_trace_t *out)
{
    (void)self, (void)query, (void)arena, (void)out;
    return -PT_E_unavailable;
}

void sv_daemon_on_trace (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx, (void)msg;
    sv_request_fail (&request, -PT_E_unavailable, NULL);
}

/*  Clients come with their identity; no credential is ever shown. */
int gw_prove (gw_proof_t *self)
{
    self->err = -PT_E_unauthenticated;
    return self->err;
}

void gw_prove_cancel (gw_proof_t *self)
{
    (void)self;
}

void gw_check_forget (gw_checks_t *self, uint64_t account, uint64_t session)
{
    (void)self, (void)account, (void)session;
}
