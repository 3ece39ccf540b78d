/*  gw_answer - writing answers: status line, headers and body in one piece.
    gw_http.h has the calls that handlers use. */

#ifndef GW_ANSWER_H
#define GW_ANSWER_H

#include "gw_http.h"

/*  `100 Continue`, on the wire at once. */
void gw_answer_continue (gw_request_t *request);

/*  OPTIONS: Allow, and the CORS headers when it is a preflight. */
void gw_answer_options (gw_request_t *request);

#endif
