/*  gw_openapi - the OpenAPI 3.1 document of all that the gateway serves, written from the
    table of routes, the messages of their operations and the shapes beside them. */

#ifndef GW_OPENAPI_H
#define GW_OPENAPI_H

#include "gw_doc.h"
#include "gw_route.h"
#include "gw_shape.h"

/*  Longest path and operation id. */
#define GW_OPENAPI_NAME 160

void gw_openapi_write (gw_doc_t *doc);

/*  A path with its variables as {name}; an id of method and path that no other route has. */
void gw_openapi_path (const char *path, char out[GW_OPENAPI_NAME]);
void gw_openapi_id (const char *method, const char *path, char out[GW_OPENAPI_NAME]);

/*  The group a route is in. */
void gw_openapi_tag (const gw_route_t *route, char out[GW_OPENAPI_NAME]);

/*  The message that a route's body or, of a GET, its query fills: false when there is none. */
bool gw_openapi_request (const gw_route_t *route, pt_msg_t *out);

/*  The message it answers with: false when there is none, or the route's own shapes say it. */
bool gw_openapi_reply (const gw_route_t *route, pt_msg_t *out);

/*  Whether answers of that status come without a body, those of refusals not always. */
bool gw_openapi_is_mute (const gw_route_t *route, unsigned status);

/*  Whether the route takes a body. */
bool gw_openapi_has_body (const gw_route_t *route);

/*  Whether statuses of refusal can come from a route: `status` of errors.def. */
bool gw_openapi_may_fail (const gw_route_t *route, int status);

#endif
