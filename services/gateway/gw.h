/*  gw - the context of the gateway: its parts, passed down, no globals. */

#ifndef GW_H
#define GW_H

#include "sv_daemon.h"

typedef struct gw_config gw_config_t;
typedef struct gw_tokens gw_tokens_t;
typedef struct gw_revoked gw_revoked_t;
typedef struct gw_revoked_poll gw_revoked_poll_t;
typedef struct gw_limit gw_limit_t;
typedef struct gw_rooms gw_rooms_t;
typedef struct gw_signals gw_signals_t;
typedef struct gw_sessions gw_sessions_t;
typedef struct gw_server gw_server_t;
typedef struct gw_keys gw_keys_t;
typedef struct gw_checks gw_checks_t;
typedef struct gw_health gw_health_t;
typedef struct gw_bulk gw_bulk_t;
typedef struct gw_progress gw_progress_t;
typedef struct gw_pages gw_pages_t;

typedef struct gw {
    sv_daemon_t *daemon; /* first: sv_daemon_on_status relies on it */
    const gw_config_t *config;
    sv_loop_t *loop;
    sv_log_t *log;
    sv_metrics_t *metrics;
    sv_bus_t *bus;
    sv_trace_t *trace;       /* NULL: hops are not noted */
    gw_tokens_t *tokens;     /* gw_token.h: keys and verified tokens */
    gw_keys_t *keys;         /* gw_keys.h: keeps the keys fresh */
    gw_checks_t *checks;     /* gw_check.h: whose opaque credentials they are */
    gw_revoked_t *revoked;   /* gw_revoked.h: what no longer counts */
    gw_revoked_poll_t *poll; /* gw_revoked_poll.h: keeps that fresh; made after sessions, destroyed before */
    gw_limit_t *limit;       /* gw_limit.h: how often one may ask */
    gw_health_t *health;     /* gw_health.h: whether it can serve */
    gw_rooms_t *rooms;       /* gw_room.h: rooms with local subscribers; made after bus and loop */
    gw_signals_t *signals;   /* gw_signal.h: addresses with local listeners; made before sessions, destroyed after */
    gw_sessions_t *sessions; /* gw_ws.h: what all WebSocket sessions share; made after rooms, destroyed before */
    gw_progress_t *progress; /* gw_progress.h: how far transfers have come, as sockets are told; made after sessions */
    gw_bulk_t *bulk;         /* gw_bulk.h: bytes to and from drive; destroyed after the server */
    gw_pages_t *pages;       /* gw_pages.h: documents of the API; destroyed after the server */
    gw_server_t *server;     /* gw_server.h: listener, lws context, connections */
    char instance[17];       /* generation in hex, shown in hello */
    bool is_draining;
} gw_t;

#endif
