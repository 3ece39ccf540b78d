/*  gw_health - whether the gateway can serve, why not, and who is told.

    Ready means: a live broker, keys that verify tokens, knowledge of what was
    revoked, and a chat service that says it is ready (asked every two seconds, more
    often until it is). */

#ifndef GW_HEALTH_H
#define GW_HEALTH_H

#include "gw_http.h"

typedef struct gw_health gw_health_t;

/*  NULL when out of memory. */
gw_health_t *gw_health_new (gw_t *gw);
void gw_health_destroy (gw_health_t **self_p);

/*  Something it depends on has changed: judges at once. */
void gw_health_judge (gw_health_t *self);

/*  Handlers of /livez and /healthz, /readyz, /metrics. */
void gw_health_live (gw_request_t *request);
void gw_health_ready (gw_request_t *request);
void gw_health_metrics (gw_request_t *request);

#endif
