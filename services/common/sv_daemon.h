/*  sv_daemon - what every daemon's main is made of.

    Reads settings, raises RLIMIT_NOFILE, forbids core dumps, blocks signals and takes them through
    a signalfd, opens log, metrics, loop and bus, calls init, runs one loop.
    SIGTERM or SIGINT drains (a second one ends at once), SIGHUP reloads,
    SIGUSR1 logs state.  READY=1, STOPPING=1, STATUS= and WATCHDOG=1 go to
    NOTIFY_SOCKET when there is one; the line `ready` is logged once.
    Exit codes: 0 ok, 1 failure or a drain that was cut short, 2 usage, 69
    unavailable, 78 configuration. */

#ifndef SV_DAEMON_H
#define SV_DAEMON_H

#include "sv_bus.h"
#include "sv_config.h"
#include "sv_version.h"

typedef struct sv_daemon sv_daemon_t;

typedef struct {
    const char *program;          /* "parley-chat" */
    const char *summary;          /* one line for --help */
    pt_peer_t role;               /* PT_PEER_none: no bus is opened (broker) */
    const sv_setting_t *settings; /* own settings; the common ones are added */
    size_t setting_count;
    size_t config_size;            /* of the config struct, sv_common_t first */
    sv_loop_t *(*loop_new) (void); /* NULL: sv_zloop_new */

    /*  Builds the daemon's own context.  Returns 0, or a negative error after
        logging why; `*out_exit` (preset to 1) may then be 69 or 78. */
    int (*init) (sv_daemon_t *daemon, void **out_ctx, int *out_exit);

    /*  Begins to drain; may be NULL.  The bus has been told already. */
    void (*drain) (void *ctx);

    /*  Whether nothing is left to do; asked every 20 ms while draining.  NULL:
        when the bus has nothing in flight. */
    bool (*is_drained) (void *ctx);

    /*  Settings were reloaded; may be NULL. */
    void (*reload) (void *ctx);

    /*  Frees the context; may get a half-built one.  Open calls have ended by
        now, see sv_bus_close; the bus is still there. */
    void (*fini) (void **ctx_p);
} sv_role_t;

/*  The whole life of the process; returns its exit code. */
int sv_daemon_main (const sv_role_t *role, int argc, char **argv);

/*  The parts, borrowed from the daemon. */
const void *sv_daemon_config (const sv_daemon_t *self);
sv_loop_t *sv_daemon_loop (sv_daemon_t *self);
sv_log_t *sv_daemon_log (sv_daemon_t *self);
sv_metrics_t *sv_daemon_metrics (sv_daemon_t *self);
sv_bus_t *sv_daemon_bus (sv_daemon_t *self);     /* NULL for the broker */
sv_trace_t *sv_daemon_trace (sv_daemon_t *self); /* NULL when no hops are kept */

/*  Says whether the daemon can serve; the first `true` makes it ready.  The
    reason (copied, may be NULL) is logged on change, shown by *_status and in STATUS=. */
void sv_daemon_set_ready (sv_daemon_t *self, bool is_ready, const char *reason);
bool sv_daemon_is_ready (const sv_daemon_t *self, const char **out_reason);

/*  Ends the daemon with an exit code, from within a callback. */
void sv_daemon_stop (sv_daemon_t *self, int exit_code);

/*  Fills the answer to <service>_status; strings live in `arena`. */
void sv_daemon_status (sv_daemon_t *self, pt_arena_t *arena, pt_status_t *out);

/*  Ready-made handler of <service>_status: its ctx must begin with a
    `sv_daemon_t *` member. */
void sv_daemon_on_status (void *ctx, sv_request_t *request, const void *msg);

/*  The answer to <service>_trace, with the errors of sv_trace_find; and its
    handler, as above. */
PT_MUSTCHECK int sv_daemon_find_hops (sv_daemon_t *self, const pt_trace_query_t *query, pt_arena_t *arena,
                                      pt_trace_t *out);
void sv_daemon_on_trace (void *ctx, sv_request_t *request, const void *msg);

#endif
