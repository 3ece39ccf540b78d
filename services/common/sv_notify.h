/*  sv_notify - tells the service manager how the daemon is (sd_notify). */

#ifndef SV_NOTIFY_H
#define SV_NOTIFY_H

#include <stdint.h>

typedef struct sv_notify sv_notify_t;

/*  Opens the socket that NOTIFY_SOCKET names (a path, or `@` and an abstract
    name).  NULL when there is none, or it can't be used: the calls below
    accept that and do nothing. */
sv_notify_t *sv_notify_new (void);
void sv_notify_destroy (sv_notify_t **self_p);

/*  Sends assignments such as "READY=1\nSTATUS=serving"; control characters in
    arguments must have been replaced by the caller.  Never blocks; a message
    that can't be sent is lost. */
void sv_notify_send (sv_notify_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  How often the manager wants WATCHDOG=1, halved to be safe; 0: not at all. */
uint32_t sv_notify_watchdog_ms (void);

#endif
