/*  gw_browser - the cookies of a browser's session, as answers set them. */

#ifndef GW_BROWSER_H
#define GW_BROWSER_H

#include "gw_cookie.h"
#include "gw_http.h"

/*  Whether the connection is encrypted, so that cookies may demand it. */
bool gw_browser_is_secure (const gw_request_t *request);

/*  Has the answer set both cookies of the session that `key` shows until `expires_at`, microseconds.  0,
    -PT_E_internal when that is no key of a session, or over, or -PT_E_memory. */
PT_MUSTCHECK int gw_browser_sign_in (gw_request_t *request, pt_str_t key, int64_t expires_at);

/*  What a page repeats in its forms: the cookie `csrftoken` of the request, or a new one that the answer sets.  0 or
    -PT_E_memory. */
PT_MUSTCHECK int gw_browser_prove (gw_request_t *request, char out[GW_COOKIE_KEY + 1]);

/*  Has the answer take them away.  Without memory they stay, and are good for nothing. */
void gw_browser_sign_out (gw_request_t *request);

/*  Has the answer set the cookie `access` for the life of that token.  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_browser_set_access (gw_request_t *request, const pt_session_grant_t *grant);

#endif
