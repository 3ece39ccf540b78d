/*  gw_pages - the documents of the API and the pages that show them, kept in memory.

    The documents are written when the gateway starts: the tables they come from are in the
    program, so that there is nothing to keep in step, and it takes a few milliseconds.  The pages
    are Swagger UI and ReDoc from npm; their files are a fixed list, read from a folder at the
    start.  Without them the pages are 404, the documents are there. */

#ifndef GW_PAGES_H
#define GW_PAGES_H

#include "gw.h"
#include "gw_route.h"

/*  The longest document, and the longest file of a page. */
#define GW_PAGES_DOCUMENT (4 * 1024 * 1024)
#define GW_PAGES_FILE (8 * 1024 * 1024)

/*  Reads the files of `folder` (NULL: none), and says in the log what is missing.  Blocks for the disk.
    NULL when out of memory. */
gw_pages_t *gw_pages_new (sv_log_t *log, const char *folder);
void gw_pages_destroy (gw_pages_t **self_p);

/*  Handlers of routes: the documents; */
gw_route_fn gw_pages_openapi, gw_pages_yaml, gw_pages_asyncapi, gw_pages_postman;

/*  the pages, which with ?format=openapi are the document itself; their files. */
gw_route_fn gw_pages_swagger, gw_pages_redoc, gw_pages_file;

#endif
