/*  sv_probe - asks another service now and then how it is, and tells the daemon
    whether it can serve itself (sv_ready decides). */

#ifndef SV_PROBE_H
#define SV_PROBE_H

#include "sv_daemon.h"

typedef struct sv_probe sv_probe_t;

/*  Starts asking with `opcode`, an operation without content that is answered
    with pt_status_t; `name` is what a reason calls the service.  Takes
    sv_bus_on_change.  Daemon and name are borrowed and must outlive the probe.
    NULL when out of memory. */
sv_probe_t *sv_probe_new (sv_daemon_t *daemon, uint16_t opcode, const char *name);

/*  What a role that works on store does last to start: serves its operations, `credit` at a time, for
    `ctx`, and asks store how it is.  0, or an error, which has been logged. */
PT_MUSTCHECK int sv_probe_serve (sv_daemon_t *daemon, const sv_handler_t *ops, size_t op_count, uint64_t credit,
                                 void *ctx, sv_probe_t **out_probe);

/*  Stops asking: a drain waits for nothing of the probe.  May be repeated;
    accepts NULL. */
void sv_probe_stop (sv_probe_t *self);

void sv_probe_destroy (sv_probe_t **self_p);

#endif
