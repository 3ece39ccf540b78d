/*  gw_upload - files on their way in: tus 1.0, whole bodies, forms, and pictures of
    accounts.

    The bytes go to a replica of drive as they come (gw_bulk.h), never further ahead than it
    has granted: while it has no room the socket is not read.  What the client is told
    to be safe is what drive says. */

#ifndef GW_UPLOAD_H
#define GW_UPLOAD_H

#include "gw_http.h"

/*  Handlers of routes: POST /v1/drive/uploads, tus creation or a whole file; */
gw_route_fn gw_upload_create;

/*  HEAD and GET, PATCH, DELETE /v1/drive/uploads/{id}; */
gw_route_fn gw_upload_head, gw_upload_patch, gw_upload_delete;

/*  PUT and DELETE /v1/accounts/me/avatar. */
gw_route_fn gw_upload_avatar, gw_upload_avatar_delete;

/*  Adds what OPTIONS says of tus, where the path is one of uploads. */
void gw_upload_options (gw_request_t *request);

#endif
