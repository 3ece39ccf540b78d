/*  parley-chat - rooms, membership, messages and their fan-out. */

#include "chat_layer.h"
#include "chat_ops.h"
#include <stdlib.h>

static const sv_setting_t s_settings[] = {
    {"credit", SV_TYPE_U64, offsetof (chat_config_t, credit), "512", 1, LIM_CREDIT, 0,
     "requests taken at a time; brokers hold back the rest"},
    {"store-deadline", SV_TYPE_DURATION, offsetof (chat_config_t, store_deadline_ms), "10s", 100, LIM_DEADLINE_MS,
     SV_RELOADABLE, "longest wait for one answer of store"},
};

static void s_open_metrics (chat_metrics_t *out, sv_metrics_t *metrics)
{
    static const char name[] = "parley_chat_messages_total", help[] = "Messages by what became of them";
    out->appended = sv_metrics_counter (metrics, name, "result=\"appended\"", help);
    out->known = sv_metrics_counter (metrics, name, "result=\"known\"", help);
    out->refused = sv_metrics_counter (metrics, name, "result=\"refused\"", help);
    out->members = sv_metrics_counter (metrics, "parley_chat_member_changes_total", NULL, "Changes of membership");
    out->events = sv_metrics_counter (metrics, "parley_chat_events_total", NULL, "Events given to the bus");
    out->unsent =
        sv_metrics_counter (metrics, "parley_chat_events_unsent_total", NULL, "Events that could not be encoded");
    out->unknown = sv_metrics_counter (metrics, "parley_chat_store_misfits_total", NULL,
                                       "Answers of store that did not fit the question");
    out->dropped = sv_metrics_counter (metrics, "parley_chat_channel_dropped_total", NULL,
                                       "Messages to groups that a member's channel did not take");
}

static void s_fini (void **ctx_p)
{
    chat_t *self = *ctx_p;
    if (!self)
        return;
    sv_probe_destroy (&self->probe);
    chat_layer_destroy (&self->layer);
    free (self);
    *ctx_p = NULL;
}

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    (void)out_exit;
    chat_t *self = calloc (1, sizeof *self);
    if (!self)
        return -PT_E_memory;
    *out_ctx = self;
    self->daemon = daemon;
    self->config = sv_daemon_config (daemon);
    self->bus = sv_daemon_bus (daemon);
    self->store = (sv_backend_t){self->bus, self, &self->config->store_deadline_ms};
    self->log = sv_daemon_log (daemon);
    self->trace = sv_daemon_trace (daemon);
    s_open_metrics (&self->metrics, sv_daemon_metrics (daemon));
    if ((self->layer = chat_layer_new (self)))
        return sv_probe_serve (daemon, chat_ops, chat_op_count, self->config->credit, self, &self->probe);
    sv_log (self->log, SV_ERROR, NULL, "can't start error=%s", pt_error_name (-PT_E_memory));
    return -PT_E_memory;
}

static void s_drain (void *ctx)
{
    chat_t *self = ctx;
    sv_probe_stop (self->probe);
    chat_layer_drain (self->layer);
}

int main (int argc, char **argv)
{
    static const sv_role_t role = {.program = "parley-chat",
                                   .summary = "Rooms, membership, messages and their fan-out.",
                                   .role = PT_PEER_chat,
                                   .settings = s_settings,
                                   .setting_count = sizeof s_settings / sizeof s_settings[0],
                                   .config_size = sizeof (chat_config_t),
                                   .init = s_init,
                                   .drain = s_drain,
                                   .fini = s_fini};
    return sv_daemon_main (&role, argc, argv);
}
