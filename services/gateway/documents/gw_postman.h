/*  gw_postman - a Postman collection (v2.1) of all calls, in an order in which they work: a new
    account signs in first, what takes away comes last. */

#ifndef GW_POSTMAN_H
#define GW_POSTMAN_H

#include "gw_doc.h"

void gw_postman_write (gw_doc_t *doc);

#endif
