/*  gw_call - a request as an operation on the bus: what most routes are.

    JSON body, path variables and query fill the fields of the operation's
    request by name; `account`, `session`, `address` and `key` come from the identity,
    the connection and the Idempotency-Key.  The reply goes back as JSON. */

#ifndef GW_CALL_H
#define GW_CALL_H

#include "gw_http.h"

/*  Handler of routes that are nothing but their operation. */
void gw_call_route (gw_request_t *request);

/*  The steps, for handlers that do more.  All answer the request themselves when
    they fail and then return NULL or false. */

/*  A zeroed message of `type` with the body read into it, not yet validated. */
void *gw_call_read_body (gw_request_t *request, pt_msg_t type);

/*  Path variables and query into fields that are not INNER, then the inner ones. */
bool gw_call_fill (gw_request_t *request, pt_msg_t type, void *msg);

/*  The inner ones alone: path and query are the handler's. */
bool gw_call_fill_inner (gw_request_t *request, pt_msg_t type, void *msg);

/*  The client's Idempotency-Key; without one a random key, so that our own resends stay one.  NULL
    when memory is out; does not answer then. */
const char *gw_call_key (gw_request_t *request);

/*  Validates and calls; `fn` gets the request as its argument. */
void gw_call_send (gw_request_t *request, uint16_t opcode, const void *msg, sv_reply_fn *fn);

/*  For reply functions that go on whatever the reply says: notes that it is in. */
void gw_call_took (gw_request_t *request, const sv_reply_t *reply);

/*  For the others: false after answering a reply that is an error. */
bool gw_call_succeeded (gw_request_t *request, const sv_reply_t *reply);

#endif
