/*  parley-broker - routes requests to live workers and forwards events. */

#include "broker_shell.h"

typedef struct {
    sv_common_t common;
    const char *listen;
} config_t;

static const sv_setting_t s_settings[] = {
    {"listen", SV_TYPE_STR, offsetof (config_t, listen), NULL, 1, 255, SV_NEEDED,
     "base of the endpoints: ipc://<folder> or tcp://127.0.0.1:<port>"},
};

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    const config_t *config = sv_daemon_config (daemon);
    broker_shell_t *shell = broker_shell_new (daemon, config->listen, out_exit);
    if (!shell)
        return -PT_E_unavailable;
    *out_ctx = shell;
    sv_daemon_set_ready (daemon, true, NULL);
    return 0;
}

static void s_drain (void *ctx)
{
    broker_shell_drain (ctx);
}

static bool s_is_drained (void *ctx)
{
    return broker_shell_is_drained (ctx);
}

static void s_fini (void **ctx_p)
{
    broker_shell_destroy ((broker_shell_t **)ctx_p);
}

int main (int argc, char **argv)
{
    static const sv_role_t role = {
        .program = "parley-broker",
        .summary = "routes requests to live workers and forwards events",
        .role = PT_PEER_none,
        .settings = s_settings,
        .setting_count = sizeof s_settings / sizeof *s_settings,
        .config_size = sizeof (config_t),
        .init = s_init,
        .drain = s_drain,
        .is_drained = s_is_drained,
        .fini = s_fini,
    };
    return sv_daemon_main (&role, argc, argv);
}
