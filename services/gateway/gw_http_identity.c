/*  gw_http_identity - whose request it is: what its head shows, what a cookie needs
    beside, and whether its account may do what the route does. */

#include "gw_config.h"
#include "gw_cookie.h"
#include "gw_csrf.h"
#include "gw_http_priv.h"
#include <libwebsockets.h>

static int s_read_str (gw_request_t *self, int token, pt_str_t *out)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, token, &len, &err);
    if (err == 0 && value)
        *out = (pt_str_t){value, (uint32_t)len};
    return err;
}

/*  Cookies in several headers, as no browser sends them, are none. */
int gw_http_read_shown (gw_request_t *request, gw_shown_t *out)
{
    int err = s_read_str (request, WSI_TOKEN_HTTP_AUTHORIZATION, &out->authorization);
    if (err != 0)
        return err;
    err = s_read_str (request, WSI_TOKEN_HTTP_COOKIE, &out->cookies);
    return err == -PT_E_malformed ? 0 : err;
}

/*  Whether a request that a cookie speaks for was meant. */
static int s_read_csrf (gw_request_t *self)
{
    gw_csrf_t *csrf = &self->csrf_seen;
    size_t len = 0;
    *csrf = (gw_csrf_t){.allowed = self->gw->config->allowed_origins, .host = self->host};
    if (gw_csrf_is_safe (self->method))
        return 0;
    csrf->cookie = gw_cookie_find (self->proof.shown.cookies, GW_COOKIE_CSRF);
    const char *header = gw_http_custom (self, "x-csrftoken:", GW_COOKIE_KEY, &len);
    if (header)
        csrf->header = (pt_str_t){header, (uint32_t)len};
    bool is_odd = s_read_str (self, WSI_TOKEN_ORIGIN, &csrf->origin) != 0 ||
                  s_read_str (self, WSI_TOKEN_HTTP_REFERER, &csrf->referer) != 0;
    if (is_odd)
        csrf->cookie = (pt_str_t){0}; /* with which nothing is proven */
    return gw_csrf_judge (csrf);
}

/*  A session lives on by being used, so the browser must keep its cookie longer. */
static void s_renew_cookie (gw_request_t *self)
{
    const gw_proof_t *proof = &self->proof;
    uint64_t seconds = gw_cookie_seconds (proof->identity.expires_us, sv_wall_us ());
    if (!proof->is_asked || proof->identity.expires_us == INT64_MAX || seconds == 0)
        return;
    pt_buf_t line;
    pt_buf_init (&line, 512);
    gw_cookie_put_session (&line, proof->credential.secret, seconds, self->gw->config->tls_cert != NULL);
    if (pt_buf_error (&line) == 0)
        self->cookies = pt_arena_copy (self->arena, line.at, line.len);
    pt_buf_fini (&line);
}

/*  Whether who has been proven may go on. */
static int s_admit (gw_request_t *self)
{
    int err = self->proof.err;
    if (err == -PT_E_unauthenticated && (self->route->flags & GW_ANYBODY) != 0)
        return 0;
    if (err == -PT_E_too_many)
        self->limited = (gw_limited_t){self->proof.retry_ms, self->proof.limit};
    if (err != 0)
        return err;
    self->identity = self->proof.identity;
    self->has_identity = true;
    err = gw_http_limit (self, GW_LIMIT_ACCOUNT);
    if (err == 0)
        err = gw_identity_may (&self->identity, self->route->scope);
    if (err != 0 || !self->proof.credential.is_cookie)
        return err;
    s_renew_cookie (self);
    return self->csrf;
}

static void s_on_proved (void *arg)
{
    gw_request_t *self = arg;
    gw_http_identified (self, s_admit (self));
}

/*  Signing in, too: nobody is to be signed in unknowingly as somebody else. */
static int s_prove_form (gw_request_t *self)
{
    int err = gw_http_read_shown (self, &self->proof.shown);
    self->csrf = s_read_csrf (self);
    return err != 0 ? err : self->csrf;
}

int gw_http_identify (gw_request_t *request)
{
    gw_proof_t *proof = &request->proof;
    if ((request->route->flags & GW_PROVEN) != 0)
        return s_prove_form (request);
    if ((request->route->flags & (GW_OPEN | GW_NO_CALL)) != 0)
        return 0;
    proof->gw = request->gw;
    proof->peer = request->link->peer;
    proof->network = &request->link->network;
    proof->trace = request->trace;
    proof->fn = s_on_proved;
    proof->arg = request;
    int err = gw_http_read_shown (request, &proof->shown);
    if (err != 0)
        return err;
    err = gw_prove (proof);
    if (proof->credential.is_cookie)
        request->csrf = s_read_csrf (request);
    return err == GW_PROVE_LATER ? 0 : s_admit (request);
}
