/*  gw_csrf - whether a request that a browser's cookie speaks for was meant by the
    page that sent it; pure.

    A browser adds cookies to what any page has it send.  So such a request must
    repeat the cookie `csrftoken` in the header X-CSRFToken, which foreign pages
    can neither read nor set, and must not name a foreign origin.  Who shows a
    credential explicitly needs none of this. */

#ifndef GW_CSRF_H
#define GW_CSRF_H

#include "gw_route.h"
#include "pt_message.h"

typedef struct {
    pt_str_t cookie;     /* value of csrftoken; `at` NULL in any of these: absent */
    pt_str_t header;     /* X-CSRFToken */
    pt_str_t origin;     /* Origin */
    pt_str_t referer;    /* Referer, looked at without an Origin */
    const char *allowed; /* origins, comma separated; NULL: the host's own */
    const char *host;
} gw_csrf_t;

/*  Methods that change nothing need no proof. */
bool gw_csrf_is_safe (gw_method_t method);

/*  0 or -PT_E_csrf_failed. */
PT_MUSTCHECK int gw_csrf_judge (const gw_csrf_t *request);

#endif
