/*  gw_csrf - whether a request that a cookie speaks for was meant; pure. */

#include "gw_csrf.h"
#include "gw_cookie.h"
#include "gw_header.h"

bool gw_csrf_is_safe (gw_method_t method)
{
    return method == GW_GET || method == GW_OPTIONS;
}

/*  In the same time wherever the first difference is. */
static bool s_is_same (pt_str_t a, pt_str_t b)
{
    unsigned difference = a.len ^ b.len;
    for (uint32_t i = 0; i < a.len && i < b.len; i++)
        difference |= (unsigned char)a.at[i] ^ (unsigned char)b.at[i];
    return difference == 0;
}

/*  Scheme and host of a URL. */
static pt_str_t s_origin_of (pt_str_t url)
{
    const char *host = url.at ? memmem (url.at, url.len, "://", 3) : NULL;
    if (!host)
        return url;
    size_t at = (size_t)(host + 3 - url.at);
    while (at < url.len && url.at[at] != '/' && url.at[at] != '?' && url.at[at] != '#')
        at++;
    return (pt_str_t){url.at, (uint32_t)at};
}

int gw_csrf_judge (const gw_csrf_t *request)
{
    pt_str_t from = request->origin.at ? request->origin : s_origin_of (request->referer);
    if (!gw_cookie_is_key (request->cookie) || !s_is_same (request->cookie, request->header))
        return -PT_E_csrf_failed;
    if (from.at && !gw_header_origin_ok (from.at, from.len, request->allowed, request->host))
        return -PT_E_csrf_failed;
    return 0;
}
