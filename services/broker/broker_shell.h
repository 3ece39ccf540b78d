/*  broker_shell - the ZeroMQ side of the broker: frames from sockets to the
    core, and back. */

#ifndef BROKER_SHELL_H
#define BROKER_SHELL_H

#include "sv_daemon.h"

typedef struct broker_shell broker_shell_t;

/*  Listens at `base` (see sv_endpoint.h).  NULL after logging why, with the exit
    code in `*out_exit`: 78 for a base that can't be used, 69 when another
    broker has it or a socket can't be bound. */
broker_shell_t *broker_shell_new (sv_daemon_t *daemon, const char *base, int *out_exit);

/*  Closes the sockets; what is queued in them is sent for a moment. */
void broker_shell_destroy (broker_shell_t **self_p);

/*  Sends peers elsewhere and takes nothing new. */
void broker_shell_drain (broker_shell_t *self);

/*  Whether every request that was taken has been answered. */
bool broker_shell_is_drained (const broker_shell_t *self);

#endif
