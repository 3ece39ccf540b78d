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

typedef struct auth_limit auth_limit_t;

typedef struct {
    sv_common_t common;
    const char *state_dir;
    const char *key_file;       /* NULL: in state_dir */
    const char *secret_file;    /* NULL: in state_dir */
    uint64_t access_ttl_ms;     /* life of an access token */
    uint64_t refresh_ttl_ms;    /* life of a refresh token that is not used */
    uint64_t hash_threads;      /* passwords hashed at a time */
    uint64_t hash_queue;        /* passwords that wait for it */
    uint64_t credit;            /* requests taken at a time */
    uint64_t store_deadline_ms; /* longest wait for one answer of store */
} auth_config_t;

typedef struct {
    sv_metric_t *accounts;    /* made, or answered again */
    sv_metric_t *signed_in;   /* sessions made, or answered again */
    sv_metric_t *refused;     /* wrong identifier or password */
    sv_metric_t *refreshed;   /* refresh tokens rotated */
    sv_metric_t *refresh_bad; /* refresh tokens refused, reuse among them */
    sv_metric_t *hash_busy;   /* requests that found the pool full */
    sv_metric_t *hash_open;   /* passwords being hashed or waiting */
    sv_metric_t *hash_time;
    sv_metric_t *limited; /* sign-ins refused unseen: too many failures before */
} auth_metrics_t;

typedef struct {
    sv_daemon_t *daemon;         /* first: sv_daemon_on_status looks for it here */
    const auth_config_t *config; /* changes in place on SIGHUP */
    sv_bus_t *bus;
    sv_backend_t store;
    sv_log_t *log;
    auth_key_t *key;
    auth_secret_t *secret;
    auth_password_t *passwords;
    sv_watch_t *passwords_watch;
    sv_probe_t *probe; /* of store */
    auth_metrics_t metrics;
    auth_limit_t *limit;
} auth_t;

#endif
