/*  gw_revoked_poll - keeps the knowledge of what was revoked fresh: asks store
    through chat, so that it does not depend on auth, hears the events of auth, and
    has done what follows. */

#ifndef GW_REVOKED_POLL_H
#define GW_REVOKED_POLL_H

#include "gw.h"

/*  Takes the bus' events of accounts (sv_bus_on_event) and begins to ask; gw->revoked
    and gw->sessions must be there and outlive it.  NULL when out of memory. */
gw_revoked_poll_t *gw_revoked_poll_new (gw_t *gw);
void gw_revoked_poll_destroy (gw_revoked_poll_t **self_p);

#endif
