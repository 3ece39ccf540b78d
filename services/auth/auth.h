/*  auth.h - the one context of parley-auth, passed to every handler.

    There is nothing in it that a restart would lose: accounts and sessions live
    in store, keys in files that every instance of an installation shares. */

#ifndef AUTH_H
#define AUTH_H

#include "auth_key.h"
#include "auth_password.h"
#include "auth_secret.h"
#include "sv_backend.h"
#include "sv_limiter.h"
#include "sv_probe.h"

/*  Names of the files in state_dir. */
#define AUTH_KEY_NAME "auth-key.jwk"
#define AUTH_KEY_NEXT_NAME "auth-key-next.jwk"
#define AUTH_SECRET_NAME "auth-secret"
#define AUTH_SECRET_NEXT_NAME "auth-secret-next"

typedef struct {
    sv_common_t common;
    const char *state_dir;
    const char *key_file;    /* NULL: in state_dir */
    const char *secret_file; /* NULL: in state_dir */
    const char *key_next_file, *secret_next_file;
    const char *jwt_legacy_hs256_key;    /* NULL: such tokens are not taken */
    uint64_t access_ttl_ms;              /* life of an access token */
    uint64_t refresh_ttl_ms;             /* life of a refresh token that is not used */
    uint64_t knox_ttl_ms, cookie_ttl_ms; /* life of such a credential */
    uint64_t hash_threads;               /* passwords hashed at a time */
    uint64_t hash_queue;                 /* passwords that wait for it */
    uint64_t credit;                     /* requests taken at a time */
    uint64_t store_deadline_ms;          /* longest wait for one answer of store */
    const char *public_url;              /* that links in mails begin with */
    const char *mail_from;
    const char *mail_dir;                  /* NULL: in state_dir */
    const char *smtp_url;                  /* NULL: mails go to the folder */
    const char *smtp_user, *smtp_password; /* NULL: without signing in */
    const char *smtp_tls, *smtp_ca_file;
    const char *bootstrap_admin, *bootstrap_admin_password; /* NULL: none */
    const char *demo_users;                                 /* NULL: none */
} auth_config_t;

/*  Ways to show who one is to auth_check; OTHER: of no form that is known. */
typedef enum {
    AUTH_CHECK_AUTHTOKEN,
    AUTH_CHECK_KNOX,
    AUTH_CHECK_TOKEN,
    AUTH_CHECK_COOKIE,
    AUTH_CHECK_BASIC,
    AUTH_CHECK_LEGACY,
    AUTH_CHECK_OTHER,
    AUTH_CHECK_WAYS
} auth_check_way_t;

typedef struct auth_audit auth_audit_t;
typedef struct auth_limit auth_limit_t;
typedef struct auth_mail auth_mail_t;
typedef struct auth_chore auth_chore_t;
typedef struct auth_bootstrap auth_bootstrap_t;

typedef struct {
    sv_metric_t *accounts;                                 /* made, or answered again */
    sv_metric_t *signed_in[PT_credential_kind_COOKIE + 1]; /* by kind: made, or answered again */
    sv_metric_t *refused;                                  /* wrong identifier or password */
    sv_metric_t *refreshed;                                /* refresh tokens rotated */
    sv_metric_t *refresh_bad;                              /* refresh tokens refused, reuse among them */
    sv_metric_t *checked[AUTH_CHECK_WAYS];                 /* credentials that proved somebody */
    sv_metric_t *check_bad[AUTH_CHECK_WAYS];               /* credentials refused */
    sv_metric_t *api_tokens;                               /* made, or answered again */
    sv_metric_t *revoked;                                  /* revocations published */
    sv_metric_t *audit_lost;                               /* refusals left out of the audit trail */
    sv_metric_t *hash_busy;                                /* requests that found the pool full */
    sv_metric_t *hash_open;                                /* passwords being hashed or waiting */
    sv_metric_t *hash_time;
    sv_metric_t *mails[3]; /* by auth_mail_fate_t */
    sv_metric_t *farewells;
    sv_metric_t *limited; /* passwords refused unseen: too many failures before */
} auth_metrics_t;

typedef struct {
    sv_daemon_t *daemon;         /* first: sv_daemon_on_status looks for it here */
    const auth_config_t *config; /* changes in place on SIGHUP */
    sv_bus_t *bus;
    sv_backend_t store;
    sv_log_t *log;
    auth_key_t *key;            /* signs */
    auth_key_t *key_next;       /* announced beside it; NULL: none */
    auth_secret_t *secret;      /* what is made follows from this one */
    auth_secret_t *secret_next; /* what was made under it counts as well; NULL: none */
    auth_audit_t *audit;
    auth_password_t *passwords;
    sv_watch_t *passwords_watch;
    sv_probe_t *probe; /* of store */
    auth_metrics_t metrics;
    auth_limit_t *limit;
    auth_chore_t *chore;
    auth_bootstrap_t *bootstrap; /* NULL when there is nothing to make */
} auth_t;

#endif
