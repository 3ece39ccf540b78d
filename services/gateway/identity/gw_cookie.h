/*  gw_cookie - cookies in and out: the session of a browser and what proves that
    a request of it was meant (gw_csrf.h); pure.

    In: RFC 6265, leniently as browsers send them, bounded.  Out: whole header
    lines. */

#ifndef GW_COOKIE_H
#define GW_COOKIE_H

#include "pt_buf.h"
#include "pt_message.h"

#define GW_COOKIE_SESSION "sessionid"
#define GW_COOKIE_CSRF "csrftoken"
#define GW_COOKIE_ACCESS "access"

/*  Pairs of one header that are looked at; later ones are not there. */
#define GW_COOKIE_PAIRS 64

/*  Characters of a session key and of a CSRF token, all of them a-z and 0-9. */
#define GW_COOKIE_KEY 32

/*  A year but a day: as long as Django keeps its own. */
#define GW_COOKIE_CSRF_SECONDS 31449600

/*  The value of the cookie `name` in a Cookie header, without the quotes it may
    have; `at` is NULL when there is none, when the value has other characters than
    RFC 6265 allows, or when two of that name differ: who put a second one beside
    ours, a page of a sibling domain perhaps, must not choose.  Points into `header`. */
pt_str_t gw_cookie_find (pt_str_t header, const char *name);

/*  Whether it can be a session key or a CSRF token. */
bool gw_cookie_is_key (pt_str_t value);

/*  Appends the Set-Cookie line of a session key, and of a CSRF token; 0 seconds
    and an empty value take the cookie away.  `is_secure`: only over TLS. */
void gw_cookie_put_session (pt_buf_t *out, pt_str_t value, uint64_t seconds, bool is_secure);
void gw_cookie_put_csrf (pt_buf_t *out, pt_str_t value, uint64_t seconds, bool is_secure);

/*  The same for an access token, which counts on WebSockets alone. */
void gw_cookie_put_access (pt_buf_t *out, pt_str_t value, uint64_t seconds, bool is_secure);

/*  Seconds until then, begun ones too; 0 when it has passed. */
uint64_t gw_cookie_seconds (int64_t expires_us, int64_t now_us);

/*  A key out of random bytes; NUL-terminated. */
void gw_cookie_key (const uint8_t random[GW_COOKIE_KEY], char out[GW_COOKIE_KEY + 1]);

#endif
