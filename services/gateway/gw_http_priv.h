/*  gw_http_priv - the insides of a request, shared by gw_http.c (life, bodies, dispatch),
    gw_http_head.c (reading its head), gw_http_judge.c (whether it may go on) and
    gw_http_identity.c (whose it is). */

#ifndef GW_HTTP_PRIV_H
#define GW_HTTP_PRIV_H

#include "gw_http.h"

/*  ---- gw_http.c ------------------------------------------------------------- */

/*  A request of the link, which has none; NULL when out of memory. */
gw_request_t *gw_http_new (gw_link_t *link);

/*  Its identity is known, or at fault (`err`, which comes before others): the request goes
    on once it is whole. */
void gw_http_identified (gw_request_t *request, int err);

/*  ---- gw_http_head.c -------------------------------------------------------- */

/*  Gives it the id the client gave, if it is fit for logs and headers, or that of the trace
    the request is part of, else a new one. */
void gw_http_read_trace (gw_request_t *request);

/*  Whether its method has a body. */
bool gw_http_takes_body (const gw_request_t *request);

/*  ---- gw_http_judge.c ------------------------------------------------------- */

/*  What is wrong with a request whose head can stand; 0: nothing, or it is not known yet
    (gw_http_identify). */
PT_MUSTCHECK int gw_http_judge (gw_request_t *request);

/*  ---- gw_http_identity.c ---------------------------------------------------- */

/*  Whose request it is.  0, also while that is not known yet: gw_http_identified is
    called then. */
PT_MUSTCHECK int gw_http_identify (gw_request_t *request);

#endif
