/*  parley-auth - accounts, passwords, tokens and sessions. */

#include "auth_audit.h"
#include "auth_bootstrap.h"
#include "auth_chore.h"
#include "auth_keys.h"
#include "auth_legacy.h"
#include "auth_limit.h"
#include "auth_mail_text.h"
#include "auth_ops.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_CONFIG 78

#define S_DAY_MS 86400000u

static const sv_setting_t s_settings[] = {
    {"state-dir", SV_TYPE_STR, offsetof (auth_config_t, state_dir), NULL, 1, 3000, 0,
     "folder of the keys; made when missing"},
    {"key-file", SV_TYPE_STR, offsetof (auth_config_t, key_file), NULL, 1, 3000, 0,
     "private JWK that signs access tokens (EC P-256); made when missing; default " AUTH_KEY_NAME " in state-dir"},
    {"secret-file", SV_TYPE_STR, offsetof (auth_config_t, secret_file), NULL, 1, 3000, 0,
     "32 random bytes or more that refresh tokens follow from; made when missing; default " AUTH_SECRET_NAME
     " in state-dir"},
    {"key-next-file", SV_TYPE_STR, offsetof (auth_config_t, key_next_file), NULL, 1, 3000, SV_RELOADABLE,
     "second key that is announced to gateways, when the file is there; default " AUTH_KEY_NEXT_NAME " in state-dir"},
    {"secret-next-file", SV_TYPE_STR, offsetof (auth_config_t, secret_next_file), NULL, 1, 3000, SV_RELOADABLE,
     "second secret under which credentials stay good, when the file is there; default " AUTH_SECRET_NEXT_NAME
     " in state-dir"},
    {"jwt-legacy-hs256-key", SV_TYPE_STR, offsetof (auth_config_t, jwt_legacy_hs256_key), NULL, AUTH_LEGACY_KEY_MIN,
     4096, SV_SECRET | SV_RELOADABLE, "key of an older deployment whose access tokens (JWT, HS256) are taken too"},
    {"access-ttl", SV_TYPE_DURATION, offsetof (auth_config_t, access_ttl_ms), "5m", 1000, S_DAY_MS, SV_RELOADABLE,
     "life of an access token"},
    {"refresh-ttl", SV_TYPE_DURATION, offsetof (auth_config_t, refresh_ttl_ms), "1d", 1000, 400ull * S_DAY_MS,
     SV_RELOADABLE, "life of a refresh token that is not used"},
    {"knox-ttl", SV_TYPE_DURATION, offsetof (auth_config_t, knox_ttl_ms), "10h", 1000, 400ull * S_DAY_MS, SV_RELOADABLE,
     "life of a knox token"},
    {"cookie-ttl", SV_TYPE_DURATION, offsetof (auth_config_t, cookie_ttl_ms), "14d", 1000, 400ull * S_DAY_MS,
     SV_RELOADABLE, "life of a session cookie that is not used"},
    {"hash-threads", SV_TYPE_U64, offsetof (auth_config_t, hash_threads), "1", 1, AUTH_PASSWORD_THREADS_MAX, 0,
     "passwords hashed at a time, 19 MiB and one core each"},
    {"hash-queue", SV_TYPE_U64, offsetof (auth_config_t, hash_queue), "64", 1, AUTH_PASSWORD_QUEUE_MAX, 0,
     "passwords that wait to be hashed; beyond it requests are answered busy"},
    {"credit", SV_TYPE_U64, offsetof (auth_config_t, credit), "256", 1, LIM_CREDIT, 0,
     "requests taken at a time; brokers hold back the rest"},
    {"store-deadline", SV_TYPE_DURATION, offsetof (auth_config_t, store_deadline_ms), "10s", 100, LIM_DEADLINE_MS,
     SV_RELOADABLE, "longest wait for one answer of store"},
    {"public-url", SV_TYPE_STR, offsetof (auth_config_t, public_url), "http://localhost:8000", 1, AUTH_MAIL_URL_MAX, 0,
     "what links in mails begin with"},
    {"mail-from", SV_TYPE_STR, offsetof (auth_config_t, mail_from), "Parley <parley@localhost>", 1, LIM_EMAIL, 0,
     "sender of mails, an address or `Name <address>`"},
    {"mail-dir", SV_TYPE_STR, offsetof (auth_config_t, mail_dir), NULL, 1, 3000, 0,
     "folder that mails are put in while there is no smtp-url; made when missing; default mail in state-dir"},
    {"smtp-url", SV_TYPE_STR, offsetof (auth_config_t, smtp_url), NULL, 1, 1024, 0,
     "server that sends mails, smtp://host:587 (with STARTTLS, but on this machine) or smtps://host:465"},
    {"smtp-user", SV_TYPE_STR, offsetof (auth_config_t, smtp_user), NULL, 1, 256, SV_SECRET, "to sign in there"},
    {"smtp-password", SV_TYPE_STR, offsetof (auth_config_t, smtp_password), NULL, 1, 1024, SV_SECRET,
     "to sign in there"},
    {"smtp-tls", SV_TYPE_STR, offsetof (auth_config_t, smtp_tls), "auto", 1, 16, 0,
     "auto: no STARTTLS to this machine; required: there too", "auto|required"},
    {"smtp-ca-file", SV_TYPE_STR, offsetof (auth_config_t, smtp_ca_file), NULL, 1, 3000, 0,
     "certificates (PEM) that the server's must follow from; default those of the system"},
    {"bootstrap-admin", SV_TYPE_STR, offsetof (auth_config_t, bootstrap_admin), NULL, 1, LIM_EMAIL, 0,
     "login or address of an administrator, made when missing, made staff when not"},
    {"bootstrap-admin-password", SV_TYPE_STR, offsetof (auth_config_t, bootstrap_admin_password), NULL, 1, LIM_PASSWORD,
     SV_SECRET, "password that one is made with; one that is there keeps its own"},
    {"demo-users", SV_TYPE_STR, offsetof (auth_config_t, demo_users), NULL, 1, 8192, SV_SECRET,
     "accounts to try things out with, made when missing: alice:password,bob:password"},
};

static const struct {
    const char *labels;
    pt_credential_kind_t kind;
} s_sign_ins[] = {
    {"kind=\"session\",result=\"ok\"", PT_credential_kind_SESSION},
    {"kind=\"authtoken\",result=\"ok\"", PT_credential_kind_AUTHTOKEN},
    {"kind=\"knox\",result=\"ok\"", PT_credential_kind_KNOX},
    {"kind=\"cookie\",result=\"ok\"", PT_credential_kind_COOKIE},
};

static const char *const s_ways[AUTH_CHECK_WAYS] = {
    [AUTH_CHECK_AUTHTOKEN] = "authtoken", [AUTH_CHECK_KNOX] = "knox",   [AUTH_CHECK_TOKEN] = "token",
    [AUTH_CHECK_COOKIE] = "cookie",       [AUTH_CHECK_BASIC] = "basic", [AUTH_CHECK_LEGACY] = "legacy",
    [AUTH_CHECK_OTHER] = "other",
};

static void s_open_kinds (auth_metrics_t *out, sv_metrics_t *metrics, const char *sign_in, const char *sign_in_help)
{
    static const char check[] = "parley_auth_checks_total", check_help[] = "Credentials judged, by kind and answer";
    for (size_t i = 0; i < sizeof s_sign_ins / sizeof s_sign_ins[0]; i++)
        out->signed_in[s_sign_ins[i].kind] = sv_metrics_counter (metrics, sign_in, s_sign_ins[i].labels, sign_in_help);
    for (size_t i = 0; i < AUTH_CHECK_WAYS; i++) {
        char labels[64];
        snprintf (labels, sizeof labels, "kind=\"%s\",result=\"ok\"", s_ways[i]);
        out->checked[i] = sv_metrics_counter (metrics, check, labels, check_help);
        snprintf (labels, sizeof labels, "kind=\"%s\",result=\"refused\"", s_ways[i]);
        out->check_bad[i] = sv_metrics_counter (metrics, check, labels, check_help);
    }
}

static void s_open_metrics (auth_metrics_t *out, sv_metrics_t *metrics)
{
    static const char sign_in[] = "parley_auth_sign_ins_total", sign_in_help[] = "Passwords checked, by answer";
    static const char refresh[] = "parley_auth_refreshes_total", refresh_help[] = "Refresh tokens shown, by answer";
    out->accounts = sv_metrics_counter (metrics, "parley_auth_accounts_total", NULL, "Registrations");
    out->refused = sv_metrics_counter (metrics, sign_in, "result=\"refused\"", sign_in_help);
    out->refreshed = sv_metrics_counter (metrics, refresh, "result=\"ok\"", refresh_help);
    out->refresh_bad = sv_metrics_counter (metrics, refresh, "result=\"refused\"", refresh_help);
    s_open_kinds (out, metrics, sign_in, sign_in_help);
    out->api_tokens = sv_metrics_counter (metrics, "parley_auth_api_tokens_total", NULL, "API tokens made");
    out->revoked = sv_metrics_counter (metrics, "parley_auth_revocations_total", NULL, "Revocations told to gateways");
    out->audit_lost = sv_metrics_counter (metrics, "parley_auth_audit_lost_total", NULL,
                                          "Refused sign-ins left out of the audit trail");
    out->hash_busy =
        sv_metrics_counter (metrics, "parley_auth_hash_busy_total", NULL, "Requests that found the queue full");
    out->hash_open = sv_metrics_gauge (metrics, "parley_auth_hash_open", NULL, "Passwords being hashed or waiting");
    out->hash_time = sv_metrics_histogram (metrics, "parley_auth_hash_seconds", NULL, "Time of one password hash");
    static const char mails[] = "parley_auth_mails_total", mails_help[] = "Mails tried, by what became of them";
    out->mails[AUTH_MAIL_SENT] = sv_metrics_counter (metrics, mails, "result=\"sent\"", mails_help);
    out->mails[AUTH_MAIL_LATER] = sv_metrics_counter (metrics, mails, "result=\"later\"", mails_help);
    out->mails[AUTH_MAIL_NEVER] = sv_metrics_counter (metrics, mails, "result=\"never\"", mails_help);
    out->farewells = sv_metrics_counter (metrics, "parley_auth_farewells_total", NULL,
                                         "Memberships of deleted accounts that were ended");
    out->limited = sv_metrics_counter (metrics, "parley_ratelimited_total", "rule=\"password\"",
                                       "Requests refused because there were too many before");
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

/*  Mails, farewells, and the accounts that settings ask for. */
static int s_start_chores (auth_t *self, sv_loop_t *loop, int *out_exit)
{
    auth_why_t why = {""};
    int rc = 0;
    self->chore = auth_chore_new (self, loop, &rc, &why);
    if (rc == 0)
        rc = auth_bootstrap_new (self, loop, &self->bootstrap, &why);
    if (rc != 0)
        sv_log (self->log, SV_ERROR, NULL, "%s", why.text);
    if (rc == -PT_E_invalid)
        *out_exit = EXIT_CONFIG;
    return rc;
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
    int rc = auth_keys_load (self, &why);
    if (rc != 0) {
        sv_log (self->log, SV_ERROR, NULL, "no keys: %s", why.text);
        *out_exit = EXIT_CONFIG;
        return rc;
    }
    rc = s_start_passwords (self, sv_daemon_loop (daemon));
    if (rc == 0 && !(self->audit = auth_audit_new (self)))
        rc = -PT_E_memory;
    if (rc == 0 && !(self->limit = auth_limit_new (NULL)))
        rc = -PT_E_memory;
    if (rc == 0)
        rc = s_start_chores (self, sv_daemon_loop (daemon), out_exit);
    if (rc == 0)
        rc = sv_probe_serve (daemon, auth_ops, auth_op_count, self->config->credit, self, &self->probe);
    return rc;
}

static void s_drain (void *ctx)
{
    auth_t *self = ctx;
    sv_probe_stop (self->probe);
    auth_bootstrap_stop (self->bootstrap);
    auth_chore_stop (self->chore);
    auth_audit_flush (self->audit);
}

static bool s_is_drained (void *ctx)
{
    const auth_t *self = ctx;
    return sv_bus_in_flight (self->bus) == 0 && auth_chore_is_idle (self->chore);
}

static void s_reload (void *ctx)
{
    auth_t *self = ctx;
    auth_why_t why = {""};
    if (auth_keys_load (self, &why) != 0)
        sv_log (self->log, SV_ERROR, NULL, "keys stay as they were: %s", why.text);
}

static void s_fini (void **ctx_p)
{
    auth_t *self = *ctx_p;
    if (!self)
        return;
    sv_probe_destroy (&self->probe);
    auth_audit_destroy (&self->audit);
    auth_bootstrap_stop (self->bootstrap);
    auth_chore_destroy (&self->chore);
    sv_watch_cancel (sv_daemon_loop (self->daemon), &self->passwords_watch);
    auth_password_destroy (&self->passwords);
    auth_bootstrap_destroy (&self->bootstrap);
    auth_limit_destroy (&self->limit);
    auth_keys_unload (self);
    free (self);
    *ctx_p = NULL;
}

/*  `parley-auth --make-key FILE`: a key for an exchange.  0, or the exit code. */
static int s_make_key (const char *path)
{
    auth_why_t why = {""};
    int rc = -PT_E_internal;
    auth_key_t *key = sodium_init () < 0 ? NULL : auth_key_load (path, &rc, &why);
    if (!key) {
        fprintf (stderr, "parley-auth: %s\n", why.text);
        return 1;
    }
    printf ("%s\n", auth_key_kid (key));
    auth_key_destroy (&key);
    return 0;
}

int main (int argc, char **argv)
{
    if (argc == 3 && strcmp (argv[1], "--make-key") == 0)
        return s_make_key (argv[2]);
    static const sv_role_t role = {.program = "parley-auth",
                                   .summary = "Accounts, passwords, tokens and sessions.",
                                   .role = PT_PEER_auth,
                                   .settings = s_settings,
                                   .setting_count = sizeof s_settings / sizeof s_settings[0],
                                   .config_size = sizeof (auth_config_t),
                                   .init = s_init,
                                   .drain = s_drain,
                                   .is_drained = s_is_drained,
                                   .reload = s_reload,
                                   .fini = s_fini};
    return sv_daemon_main (&role, argc, argv);
}
