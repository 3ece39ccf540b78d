/*  gw_download - files on their way out: ranges, conditions, and bytes as fast as the
    client takes them.

    The bytes come from a replica of drive (gw_bulk.h), one window at most ahead of
    the client.  A replica that is lost is replaced by another, at the byte that is next: the
    content of a file never changes.  An answer that can't be completed is cut, never ended as
    if it was whole. */

#ifndef GW_DOWNLOAD_H
#define GW_DOWNLOAD_H

#include "gw_http.h"

/*  Handlers of routes: GET and HEAD of /v1/drive/files/{id}/content, and of
    /v1/avatars/{avatar}. */
gw_route_fn gw_download_file, gw_download_avatar;

#endif
