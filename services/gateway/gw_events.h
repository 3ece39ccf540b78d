/*  gw_events - the one callback libwebsockets has: each event becomes one call. */

#ifndef GW_EVENTS_H
#define GW_EVENTS_H

#include <libwebsockets.h>

/*  Two protocols with the same callback, for HTTP and for the WebSocket; ends
    with an empty one. */
extern const struct lws_protocols gw_protocols[];

/*  Index of the WebSocket protocol: what an upgrade without a subprotocol gets. */
#define GW_PROTOCOL_WS 1

#endif
