/*  gw_browser - the cookies of a browser's session, as answers set them. */

#include "gw_browser.h"
#include "gw_answer.h"
#include "gw_config.h"
#include "gw_cookie.h"
#include "gw_random.h"

bool gw_browser_is_secure (const gw_request_t *request)
{
    return request->gw->config->tls_cert != NULL;
}

static int s_keep (gw_request_t *request, pt_buf_t *lines)
{
    request->cookies = pt_buf_error (lines) == 0 ? pt_arena_copy (request->arena, lines->at, lines->len) : NULL;
    pt_buf_fini (lines);
    return request->cookies ? 0 : -PT_E_memory;
}

/*  0 seconds and an empty key take both away. */
static int s_set (gw_request_t *request, pt_str_t session, uint64_t seconds)
{
    char csrf[GW_COOKIE_KEY + 1] = "";
    uint8_t random[GW_COOKIE_KEY];
    bool is_secure = gw_browser_is_secure (request);
    pt_buf_t lines;
    if (session.len > 0) {
        gw_random (random, sizeof random);
        gw_cookie_key (random, csrf);
    }
    pt_buf_init (&lines, 1024);
    gw_cookie_put_session (&lines, session, seconds, is_secure);
    gw_cookie_put_csrf (&lines, pt_str (csrf), session.len > 0 ? GW_COOKIE_CSRF_SECONDS : 0, is_secure);
    return s_keep (request, &lines);
}

int gw_browser_sign_in (gw_request_t *request, pt_str_t key, int64_t expires_at)
{
    uint64_t seconds = gw_cookie_seconds (expires_at, sv_wall_us ());
    if (!gw_cookie_is_key (key) || seconds == 0)
        return -PT_E_internal;
    return s_set (request, key, seconds);
}

void gw_browser_sign_out (gw_request_t *request)
{
    (void)s_set (request, PT_LIT (""), 0);
}

int gw_browser_set_access (gw_request_t *request, const pt_session_grant_t *grant)
{
    pt_buf_t line;
    pt_buf_init (&line, LIM_TOKEN + 256);
    gw_cookie_put_access (&line, grant->access, grant->has_expires_in ? grant->expires_in : 0,
                          gw_browser_is_secure (request));
    return s_keep (request, &line);
}
