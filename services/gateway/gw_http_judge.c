/*  gw_http_judge - whether a request whose head was read may go on: where its page comes
    from, what is served there, how often it asks, its types, and who asks. */

#include "gw_config.h"
#include "gw_dialect_body.h"
#include "gw_header.h"
#include "gw_http_priv.h"
#include <libwebsockets.h>

static int s_read_origin (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *origin = gw_http_header (self, WSI_TOKEN_ORIGIN, &len, &err);
    if (err == 0 && origin && gw_header_origin_ok (origin, len, self->gw->config->allowed_origins, self->host) &&
        gw_header_printable (origin, len, 512))
        self->origin = origin;
    return err;
}

/*  Whether the answer may be JSON.  A dialect's clients may ask for it in the query; a browser that would
    rather see a page gets it all the same. */
static bool s_accepts (const gw_request_t *self, const char *accept, size_t len)
{
    const gw_pair_t *format = self->dialect ? gw_http_query (self, "format") : NULL;
    if (gw_header_accepts_json (accept, len))
        return true;
    return self->dialect && (gw_header_lists_media (accept, len, "text/html") ||
                             (format && format->value_len == 4 && memcmp (format->value, "json", 4) == 0));
}

static int s_read_types (gw_request_t *self)
{
    int err = 0;
    size_t len;
    self->content_type = gw_http_header (self, WSI_TOKEN_HTTP_CONTENT_TYPE, &len, &err);
    if (err != 0)
        return err;
    const char *accept = gw_http_header (self, WSI_TOKEN_HTTP_ACCEPT, &len, &err);
    if (err != 0 || !accept)
        return 0; /* several Accept lines are legal; then anything goes */
    bool is_free = (self->route->flags & (GW_STREAM | GW_PAGE)) != 0;
    return is_free || s_accepts (self, accept, len) ? 0 : -PT_E_not_acceptable;
}

static int s_check_media (const gw_request_t *self)
{
    gw_media_t media = gw_dialect_body_media (self->content_type);
    bool is_taken = self->dialect ? media != GW_MEDIA_OTHER : media == GW_MEDIA_JSON;
    return self->length == 0 || is_taken ? 0 : -PT_E_unsupported_media;
}

static int s_read_key (gw_request_t *self)
{
    size_t len = 0;
    int present = lws_hdr_custom_length (self->link->wsi, "idempotency-key:", 16);
    if (present < 0)
        return 0;
    self->idempotency_key = gw_http_custom (self, "idempotency-key:", LIM_KEY, &len);
    return self->idempotency_key && gw_header_printable (self->idempotency_key, len, LIM_KEY) ? 0 : -PT_E_malformed;
}

int gw_http_limit (gw_request_t *request, gw_limit_class_t class)
{
    const gw_link_t *link = request->link;
    gw_limit_t *limit = link->gw->limit;
    uint64_t now_ms = sv_now_ms ();
    uint64_t wait_ms = class == GW_LIMIT_ACCOUNT
                           ? gw_limit_take_account (limit, request->identity.account, &link->network, now_ms)
                           : gw_limit_take (limit, class, &link->network, now_ms);
    if (wait_ms == 0)
        return 0;
    request->limited = (gw_limited_t){wait_ms, class};
    return -PT_E_too_many;
}

/*  Of a network any request counts, whatever becomes of it. */
static int s_limit (gw_request_t *self)
{
    if (self->link->is_internal)
        return 0;
    int err = gw_http_limit (self, GW_LIMIT_REQUEST);
    if (err == 0 && self->route && (self->route->flags & GW_COSTLY) != 0)
        err = gw_http_limit (self, GW_LIMIT_SIGN_IN);
    return err;
}

int gw_http_judge (gw_request_t *request)
{
    int err = s_read_origin (request);
    if (err == 0 && request->methods == 0)
        err = -PT_E_not_found;
    else if (err == 0 && !request->route && request->method != GW_OPTIONS)
        err = -PT_E_method_not_allowed;
    int limit = s_limit (request);
    if (limit != 0)
        return limit;
    if (err != 0 || !request->route)
        return err;
    err = s_read_types (request);
    if (err == 0)
        err = s_read_key (request);
    if (err == 0)
        err = gw_http_identify (request);
    if (err != 0)
        return err;
    if ((request->route->flags & (GW_BODY | GW_MAYBE)) == 0)
        return 0;
    if (!request->has_length && (request->route->flags & GW_BODY) != 0)
        return -PT_E_length_required;
    return s_check_media (request);
}
