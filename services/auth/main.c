/*  parley-auth - accounts, passwords, tokens and sessions. */

#include "auth_limit.h"
#include "auth_ops.h"
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EXIT_CONFIG 78

#define KEY_NAME "auth-key.jwk"
#define SECRET_NAME "auth-secret"

#define S_DAY_MS 86400000u

static const sv_setting_t s_settings[] = {
    {"state-dir", SV_TYPE_STR, offsetof (auth_config_t, state_dir), NULL, 1, 3000, 0,
     "folder of the keys; made when missing"},
    {"key-file", SV_TYPE_STR, offsetof (auth_config_t, key_file), NULL, 1, 3000, 0,
     "private JWK that signs access tokens (EC P-256); made when missing; default " KEY_NAME " in state-dir"},
    {"secret-file", SV_TYPE_STR, offsetof (auth_config_t, secret_file), NULL, 1, 3000, 0,
     "32 random bytes or more that refresh tokens follow from; made when missing; default " SECRET_NAME
     " in state-dir"},
    {"access-ttl", SV_TYPE_DURATION, offsetof (auth_config_t, access_ttl_ms), "5m", 1000, S_DAY_MS, SV_RELOADABLE,
     "life of an access token"},
    {"refresh-ttl", SV_TYPE_DURATION, offsetof (auth_config_t, refresh_ttl_ms), "1d", 1000, 400ull * S_DAY_MS,
     SV_RELOADABLE, "life of a refresh token that is not used"},
    {"hash-threads", SV_TYPE_U64, offsetof (auth_config_t, hash_threads), "1", 1, AUTH_PASSWORD_THREADS_MAX, 0,
     "passwords hashed at a time, 19 MiB and one core each"},
    {"hash-queue", SV_TYPE_U64, offsetof (auth_config_t, hash_queue), "64", 1, AUTH_PASSWORD_QUEUE_MAX, 0,
     "passwords that wait to be hashed; beyond it requests are answered busy"},
    {"credit", SV_TYPE_U64, offsetof (auth_config_t, credit), "256", 1, LIM_CREDIT, 0,
     "requests taken at a time; brokers hold back the rest"},
    {"store-deadline", SV_TYPE_DURATION, offsetof (auth_config_t, store_deadline_ms), "10s", 100, LIM_DEADLINE_MS,
     SV_RELOADABLE, "longest wait for one answer of store"},
};

static void s_open_metrics (auth_metrics_t *out, sv_metrics_t *metrics)
{
    static const char sign_in[] = "parley_auth_sign_ins_total", sign_in_help[] = "Passwords checked, by answer";
    static const char refresh[] = "parley_auth_refreshes_total", refresh_help[] = "Refresh tokens shown, by answer";
    out->accounts = sv_metrics_counter (metrics, "parley_auth_accounts_total", NULL, "Registrations");
    out->signed_in = sv_metrics_counter (metrics, sign_in, "result=\"ok\"", sign_in_help);
    out->refused = sv_metrics_counter (metrics, sign_in, "result=\"refused\"", sign_in_help);
    out->refreshed = sv_metrics_counter (metrics, refresh, "result=\"ok\"", refresh_help);
    out->refresh_bad = sv_metrics_counter (metrics, refresh, "result=\"refused\"", refresh_help);
    out->hash_busy =
        sv_metrics_counter (metrics, "parley_auth_hash_busy_total", NULL, "Requests that found the queue full");
    out->hash_open = sv_metrics_gauge (metrics, "parley_auth_hash_open", NULL, "Passwords being hashed or waiting");
    out->hash_time = sv_metrics_histogram (metrics, "parley_auth_hash_seconds", NULL, "Time of one password hash");
    out->limited = sv_metrics_counter (metrics, "parley_ratelimited_total", "rule=\"password\"",
                                       "Requests refused because there were too many before");
}

/*  `given`, or `name` in the state folder; NULL when there is neither, or when
    out of memory.  Owned by the caller. */
static char *s_make_path (const auth_config_t *config, const char *given, const char *name)
{
    char *path = NULL;
    if (given)
        return strdup (given);
    if (config->state_dir && asprintf (&path, "%s/%s", config->state_dir, name) < 0)
        return NULL;
    return path;
}

static int s_load_keys (auth_t *self, auth_why_t *why)
{
    const auth_config_t *config = self->config;
    int rc = -PT_E_invalid;
    if (config->state_dir)
        (void)mkdir (config->state_dir, 0700);
    char *key_path = s_make_path (config, config->key_file, KEY_NAME);
    char *secret_path = s_make_path (config, config->secret_file, SECRET_NAME);
    if (!key_path || !secret_path)
        auth_why (why, "state-dir is needed, or both key-file and secret-file");
    else if ((self->key = auth_key_load (key_path, &rc, why)) &&
             (self->secret = auth_secret_load (secret_path, &rc, why)))
        rc = 0;
    free (key_path);
    free (secret_path);
    return rc;
}

static void s_on_hashed (void *arg, int events)
{
    auth_t *self = arg;
    (void)events;
    auth_password_collect (self->passwords);
}

/*  Brings the results of the hashing threads to the loop. */
static int s_start_passwords (auth_t *self, sv_loop_t *loop)
{
    self->passwords = auth_password_new ((unsigned)self->config->hash_threads, (unsigned)self->config->hash_queue);
    if (self->passwords)
        self->passwords_watch = sv_loop_watch_fd (loop, auth_password_fd (self->passwords), SV_IN, s_on_hashed, self);
    return self->passwords_watch ? 0 : -PT_E_memory;
}

static int s_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    auth_t *self = calloc (1, sizeof *self);
    if (!self || sodium_init () < 0) {
        free (self);
        return -PT_E_memory;
    }
    *out_ctx = self;
    self->daemon = daemon;
    self->config = sv_daemon_config (daemon);
    self->bus = sv_daemon_bus (daemon);
    self->store = (sv_backend_t){self->bus, self, &self->config->store_deadline_ms};
    self->log = sv_daemon_log (daemon);
    s_open_metrics (&self->metrics, sv_daemon_metrics (daemon));
    auth_why_t why = {""};
    int rc = s_load_keys (self, &why);
    if (rc != 0) {
        sv_log (self->log, SV_ERROR, NULL, "no keys: %s", why.text);
        *out_exit = EXIT_CONFIG;
        return rc;
    }
    sv_log (self->log, SV_INFO, NULL, "keys loaded kid=%s", auth_key_kid (self->key));
    rc = s_start_passwords (self, sv_daemon_loop (daemon));
    uint64_t seed[2];
    randombytes_buf (seed, sizeof seed);
    if (rc == 0 && !(self->limit = auth_limit_new (seed)))
        rc = -PT_E_memory;
    if (rc == 0)
        rc = sv_bus_serve (self->bus, auth_ops, auth_op_count, (unsigned)self->config->credit, self);
    if (rc == 0 && !(self->probe = sv_probe_new (daemon, PT_OP_store_status, "store")))
        rc = -PT_E_memory;
    return rc;
}

static void s_drain (void *ctx)
{
    auth_t *self = ctx;
    sv_probe_stop (self->probe);
}

static void s_fini (void **ctx_p)
{
    auth_t *self = *ctx_p;
    if (!self)
        return;
    sv_probe_destroy (&self->probe);
    sv_watch_cancel (sv_daemon_loop (self->daemon), &self->passwords_watch);
    auth_password_destroy (&self->passwords);
    auth_limit_destroy (&self->limit);
    auth_secret_destroy (&self->secret);
    auth_key_destroy (&self->key);
    free (self);
    *ctx_p = NULL;
}

int main (int argc, char **argv)
{
    static const sv_role_t role = {.program = "parley-auth",
                                   .summary = "Accounts, passwords, tokens and sessions.",
                                   .role = PT_PEER_auth,
                                   .settings = s_settings,
                                   .setting_count = sizeof s_settings / sizeof s_settings[0],
                                   .config_size = sizeof (auth_config_t),
                                   .init = s_init,
                                   .drain = s_drain,
                                   .fini = s_fini};
    return sv_daemon_main (&role, argc, argv);
}
