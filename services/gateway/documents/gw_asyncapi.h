/*  gw_asyncapi - the AsyncAPI 3.0 document of the WebSockets: of the native one its operations, what they
    are answered with, and events; of the dialects' ones the frames in and out. */

#ifndef GW_ASYNCAPI_H
#define GW_ASYNCAPI_H

#include "gw_doc.h"

void gw_asyncapi_write (gw_doc_t *doc);

#endif
