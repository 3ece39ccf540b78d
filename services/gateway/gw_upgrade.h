/*  gw_upgrade - the WebSocket handshake: every check before lws answers 101. */

#ifndef GW_UPGRADE_H
#define GW_UPGRADE_H

#include "gw_link.h"

#define GW_SUBPROTOCOL "parley.v1.json"

/*  What browsers offer beside a token; a dialect has no other subprotocol, so it is the one that is
    agreed on there. */
#define GW_BEARER "bearer"

/*  Called by gw_events when a request asks for an upgrade.  0: lws goes on with
    the handshake; -1: it has been answered with an error, or needs none, and the
    connection ends. */
int gw_upgrade (gw_link_t *link);

#endif
