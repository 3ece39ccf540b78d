/*  gw_openapi_priv - the insides of the document, shared by gw_openapi.c (paths) and
    gw_openapi_parts.c (what they refer to). */

#ifndef GW_OPENAPI_PRIV_H
#define GW_OPENAPI_PRIV_H

#include "gw_openapi.h"

#define GW_OPENAPI_JSON "application/json"

/*  What a dialect reads. */
#define GW_OPENAPI_FORMS "application/json, application/x-www-form-urlencoded, multipart/form-data"

/*  Version, title, servers, tags. */
void gw_openapi_head (gw_doc_t *doc);

/*  The statuses a route refuses with, as references. */
void gw_openapi_refusals (gw_doc_t *doc, const gw_route_t *route);

/*  Schemas, refusals, parameters and credentials that are referred to. */
void gw_openapi_components (gw_doc_t *doc);

#endif
