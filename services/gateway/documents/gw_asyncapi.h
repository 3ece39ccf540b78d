/*  gw_asyncapi - the AsyncAPI 3.0 document of the native WebSocket: its operations, what they
    are answered with, and events. */

#ifndef GW_ASYNCAPI_H
#define GW_ASYNCAPI_H

#include "gw_doc.h"

void gw_asyncapi_write (gw_doc_t *doc);

#endif
