/*  parley-gateway - terminates HTTP and WebSocket: JSON at the edge, the schema's
    messages inside. */

#include "gw_answer.h"
#include "gw_bulk.h"
#include "gw_check.h"
#include "gw_config.h"
#include "gw_health.h"
#include "gw_keys.h"
#include "gw_limit.h"
#include "gw_loop.h"
#include "gw_pages.h"
#include "gw_progress.h"
#include "gw_random.h"
#include "gw_revoked.h"
#include "gw_revoked_poll.h"
#include "gw_room.h"
#include "gw_server.h"
#include "gw_signal.h"
#include "gw_token.h"
#include "gw_ws.h"
#include <inttypes.h>
#include <stdlib.h>

static void s_fini (void **ctx_p)
{
    gw_t *gw = *ctx_p;
    *ctx_p = NULL;
    if (!gw)
        return;
    gw_server_destroy (&gw->server);
    gw_pages_destroy (&gw->pages);
    gw_bulk_destroy (&gw->bulk);
    gw_progress_destroy (&gw->progress);
    gw_revoked_poll_destroy (&gw->poll);
    gw_sessions_destroy (&gw->sessions);
    gw_signals_destroy (&gw->signals);
    gw_rooms_destroy (&gw->rooms);
    gw_health_destroy (&gw->health);
    gw_checks_destroy (&gw->checks);
    gw_keys_destroy (&gw->keys);
    gw_limit_destroy (&gw->limit);
    gw_revoked_destroy (&gw->revoked);
    gw_tokens_destroy (&gw->tokens);
    free (gw);
}

/*  What an operator may ask. */
static const sv_handler_t s_ops[] = {
    {PT_OP_gateway_status, sv_daemon_on_status},
    {PT_OP_gateway_trace, sv_daemon_on_trace},
};

/*  Questions of operators at a time. */
enum { CREDIT = 16 };

static void s_judge (void *arg)
{
    gw_t *gw = arg;
    gw_health_judge (gw->health);
}

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    gw_t *gw = calloc (1, sizeof *gw);
    uint64_t seed[2];
    *out_ctx = gw;
    if (!gw)
        return -PT_E_memory;
    gw->daemon = daemon;
    gw->config = sv_daemon_config (daemon);
    gw->loop = sv_daemon_loop (daemon);
    gw->log = sv_daemon_log (daemon);
    gw->metrics = sv_daemon_metrics (daemon);
    gw->bus = sv_daemon_bus (daemon);
    gw->trace = sv_daemon_trace (daemon);
    snprintf (gw->instance, sizeof gw->instance, "%016" PRIx64, sv_bus_generation (gw->bus));

    gw->tokens = gw_tokens_new ();
    gw->revoked = gw->tokens ? gw_revoked_new () : NULL;
    gw_random (seed, sizeof seed);
    gw->limit = gw->revoked ? gw_limit_new (seed, !gw->config->rate_limits) : NULL;
    gw->keys = gw->limit ? gw_keys_new (gw) : NULL;
    gw->checks = gw->keys ? gw_checks_new (gw) : NULL;
    gw->health = gw->checks ? gw_health_new (gw) : NULL;
    gw->rooms = gw->health ? gw_rooms_new (gw) : NULL;
    gw_random (seed, sizeof seed);
    gw->signals = gw->rooms ? gw_signals_new (gw, seed) : NULL;
    gw->sessions = gw->signals ? gw_sessions_new (gw) : NULL;
    gw->poll = gw->sessions ? gw_revoked_poll_new (gw) : NULL;
    gw->progress = gw->poll ? gw_progress_new (gw) : NULL;
    gw->bulk = gw->progress ? gw_bulk_new (&(sv_bulk_config_t){gw->loop, gw->metrics, gw->log}) : NULL;
    gw->pages = gw->bulk ? gw_pages_new (gw->log, gw->config->pages) : NULL;
    if (!gw->pages) {
        sv_log (gw->log, SV_ERROR, NULL, "out of memory");
        return -PT_E_memory;
    }
    gw_keys_on_change (gw->keys, s_judge, gw);
    int rc = sv_bus_serve (gw->bus, s_ops, sizeof s_ops / sizeof *s_ops, CREDIT, gw);
    if (rc != 0)
        return rc;
    gw->server = gw_server_new (gw, out_exit);
    return gw->server ? gw_server_start (gw->server) : -PT_E_unavailable;
}

static void s_drain (void *ctx)
{
    gw_t *gw = ctx;
    gw->is_draining = true;
    gw_health_judge (gw->health);
    gw_server_drain (gw->server);
}

/*  Nobody is left to be served: their requests have been answered or are moot. */
static bool s_is_drained (void *ctx)
{
    gw_t *gw = ctx;
    return gw_server_links (gw->server) == 0;
}

int main (int argc, char **argv)
{
    const sv_role_t role = {
        .program = "parley-gateway",
        .summary = "terminates HTTP and WebSocket for the clients of Parley",
        .role = PT_PEER_gateway,
        .settings = gw_settings,
        .setting_count = gw_setting_count,
        .config_size = sizeof (gw_config_t),
        .loop_new = gw_loop_new,
        .init = s_init,
        .drain = s_drain,
        .is_drained = s_is_drained,
        .fini = s_fini,
    };
    return sv_daemon_main (&role, argc, argv);
}
