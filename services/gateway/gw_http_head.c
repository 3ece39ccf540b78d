/*  gw_http_head - the head of a request, read by strict rules: lws has parsed it, and takes
    much that a proxy in front may read in another way. */

#include "gw_answer.h"
#include "gw_config.h"
#include "gw_dialect.h"
#include "gw_header.h"
#include "gw_http_priv.h"
#include "gw_random.h"
#include <libwebsockets.h>

const char *gw_http_header (gw_request_t *request, int token, size_t *out_len, int *out_err)
{
    struct lws *wsi = request->link->wsi;
    enum lws_token_indexes index = (enum lws_token_indexes)token;
    char probe[2];
    int len = lws_hdr_total_length (wsi, index);
    *out_len = 0;
    /*  An empty value has length 0, as an absent header has; only the copy of
        its first piece tells them apart. */
    if (len <= 0)
        return lws_hdr_copy_fragment (wsi, probe, sizeof probe, index, 0) == 0 ? "" : NULL;
    if (lws_hdr_fragment_length (wsi, index, 1) > 0) {
        *out_err = -PT_E_malformed;
        return NULL;
    }
    char *value = pt_arena_alloc (request->arena, (size_t)len + 1);
    if (!value) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    if (lws_hdr_copy (wsi, value, len + 1, index) != len || strlen (value) != (size_t)len) {
        *out_err = -PT_E_malformed;
        return NULL;
    }
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
    *out_len = (size_t)len;
    return value;
}

const char *gw_http_custom (gw_request_t *request, const char *name, size_t max, size_t *out_len)
{
    struct lws *wsi = request->link->wsi;
    int len = lws_hdr_custom_length (wsi, name, (int)strlen (name));
    if (len <= 0 || (size_t)len > max)
        return NULL;
    char *value = pt_arena_alloc (request->arena, (size_t)len + 1);
    if (!value || lws_hdr_custom_copy (wsi, value, len + 1, name, (int)strlen (name)) != len)
        return NULL;
    *out_len = (size_t)len;
    return value;
}

void gw_http_read_trace (gw_request_t *request)
{
    enum { TRACEPARENT = 256 }; /* longest that is looked at */
    size_t len = 0;
    const char *value = gw_http_custom (request, "x-request-id:", LIM_TRACE, &len);
    if (value && gw_header_printable (value, len, LIM_TRACE)) {
        memcpy (request->trace, value, len);
        request->trace[len] = '\0';
        return;
    }
    value = gw_http_custom (request, "traceparent:", TRACEPARENT, &len);
    value = value ? gw_header_trace_id (value, len) : NULL;
    if (value) {
        snprintf (request->trace, sizeof request->trace, "%.*s", GW_HEADER_TRACE_ID, value);
        return;
    }
    uint8_t random[12];
    gw_random (random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf (request->trace + 2 * i, 3, "%02x", random[i]);
}

/*  Names with a space before the colon are unknown to lws; a proxy in front may
    read them as the real thing. */
static int s_check_spaced_names (gw_request_t *self)
{
    static const char *const names[] = {
        "content-length :", "content-length\t:", "transfer-encoding :", "transfer-encoding\t:", "host :", "host\t:"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (lws_hdr_custom_length (self->link->wsi, names[i], (int)strlen (names[i])) >= 0)
            return -PT_E_malformed;
    return 0;
}

static int s_read_version (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, WSI_TOKEN_HTTP, &len, &err);
    if (err != 0)
        return err;
    bool is_11 = value && strcmp (value, "HTTP/1.1") == 0;
    if (!is_11 && (!value || strcmp (value, "HTTP/1.0") != 0))
        return -PT_E_version_unsupported;

    const char *connection = gw_http_header (self, WSI_TOKEN_CONNECTION, &len, &err);
    self->keeps_alive = is_11;
    if (connection && gw_header_in_list (connection, "close", 5))
        self->keeps_alive = false;
    else if (connection && !is_11)
        self->keeps_alive = len == 10 && strcasecmp (connection, "keep-alive") == 0;
    return err;
}

static int s_read_host (gw_request_t *self)
{
    int err = 0;
    size_t len;
    self->host = gw_http_header (self, WSI_TOKEN_HOST, &len, &err);
    if (err != 0 || !self->host || !gw_header_host_ok (self->host, len))
        return err != 0 ? err : -PT_E_malformed;
    const char *allowed = self->gw->config->allowed_hosts;
    if (allowed && !self->link->is_internal && !gw_header_in_list (allowed, self->host, len))
        return -PT_E_malformed;
    return 0;
}

static int s_read_framing (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, WSI_TOKEN_HTTP_TRANSFER_ENCODING, &len, &err);
    self->is_chunked = value && strcasecmp (value, "chunked") == 0;
    if ((value && !self->is_chunked) || err != 0)
        return err == -PT_E_memory ? err : -PT_E_length_required;
    value = gw_http_header (self, WSI_TOKEN_HTTP_CONTENT_LENGTH, &len, &err);
    if (err != 0)
        return err;
    if (self->is_chunked && value)
        return -PT_E_length_required;
    if (value) {
        err = gw_header_length (value, len, &self->length);
        self->has_length = err == 0;
    }
    return err != 0 ? err : s_check_spaced_names (self);
}

static int s_read_expect (gw_request_t *self)
{
    int err = 0;
    size_t len;
    const char *value = gw_http_header (self, WSI_TOKEN_HTTP_EXPECT, &len, &err);
    if (err != 0 || !value)
        return err;
    if (strcasecmp (value, "100-continue") != 0)
        return -PT_E_expectation_failed;
    self->expects_continue = self->length > 0 || self->is_chunked;
    return 0;
}

static int s_read_method (gw_request_t *self)
{
    static const gw_method_t methods[] = {
        [LWSHUMETH_GET] = GW_GET,         [LWSHUMETH_POST] = GW_POST,   [LWSHUMETH_OPTIONS] = GW_OPTIONS,
        [LWSHUMETH_PUT] = GW_PUT,         [LWSHUMETH_PATCH] = GW_PATCH, [LWSHUMETH_DELETE] = GW_DELETE,
        [LWSHUMETH_CONNECT] = GW_METHODS, [LWSHUMETH_HEAD] = GW_GET,
    };
    char *path = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method (self->link->wsi, &path, &len);
    if (method < 0 || (size_t)method >= sizeof methods / sizeof methods[0] || methods[method] == GW_METHODS)
        return -PT_E_method_not_allowed;
    self->method = methods[method];
    self->is_head = method == LWSHUMETH_HEAD;
    char *copy = pt_arena_copy (self->arena, path, len > 0 ? (size_t)len : 0);
    if (!copy)
        return -PT_E_memory;
    self->path = copy;
    return len > 0 && strlen (copy) == (size_t)len && copy[0] == '/' ? 0 : -PT_E_malformed;
}

/*  lws has split the query at `&` and decoded it. */
static int s_read_query (gw_request_t *self)
{
    struct lws *wsi = self->link->wsi;
    for (int i = 0; (int)self->query_count <= GW_HTTP_QUERY; i++) {
        char probe[2];
        int len = lws_hdr_fragment_length (wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len <= 0) {
            if (lws_hdr_copy_fragment (wsi, probe, sizeof probe, WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
                return 0;
            continue;
        }
        if (self->query_count == GW_HTTP_QUERY)
            return -PT_E_malformed;
        char *text = pt_arena_alloc (self->arena, (size_t)len + 1);
        if (!text)
            return -PT_E_memory;
        if (lws_hdr_copy_fragment (wsi, text, len + 1, WSI_TOKEN_HTTP_URI_ARGS, i) != len)
            return -PT_E_malformed;
        const char *equals = memchr (text, '=', (size_t)len);
        size_t name_len = equals ? (size_t)(equals - text) : (size_t)len;
        self->query[self->query_count++] = (gw_pair_t){
            .name = text,
            .name_len = name_len,
            .value = equals ? equals + 1 : "",
            .value_len = equals ? (size_t)len - name_len - 1 : 0,
        };
    }
    return -PT_E_malformed;
}

const gw_pair_t *gw_http_query (const gw_request_t *request, const char *name)
{
    for (unsigned i = 0; i < request->query_count; i++)
        if (request->query[i].name_len == strlen (name) &&
            memcmp (request->query[i].name, name, request->query[i].name_len) == 0)
            return &request->query[i];
    return NULL;
}

static bool s_is_form (gw_request_t *self)
{
    size_t len;
    int err = 0;
    const char *type = gw_http_header (self, WSI_TOKEN_HTTP_CONTENT_TYPE, &len, &err);
    return err == 0 && gw_dialect_body_media (type) == GW_MEDIA_MULTIPART;
}

/*  What stands in the table for the path; 404 and 405 are gw_http_judge's to say. */
static int s_find_route (gw_request_t *self)
{
    gw_route_match_t match;
    gw_route_find (gw_route_sets, gw_route_set_count, self->method, self->path, self->link->is_internal, &match);
    self->methods = match.methods;
    self->first = match.first;
    self->dialect = match.dialect;
    self->route = match.lacks_slash && self->method == GW_GET ? &gw_dialect_slash : match.route;
    self->var_count = match.var_count;
    memcpy (self->vars, match.vars, sizeof match.vars);
    unsigned flags = self->route ? self->route->flags : 0;
    self->is_stream = (flags & GW_STREAM) != 0 || ((flags & GW_FORM) != 0 && s_is_form (self));
    return 0;
}

bool gw_http_takes_body (const gw_request_t *request)
{
    return request->method == GW_POST || request->method == GW_PUT || request->method == GW_PATCH;
}

/*  Bodies without an end, and without a bound, are for routes that take them as they come;
    lws reads none at all of other methods without a length. */
static int s_check_body (gw_request_t *self)
{
    if (self->is_chunked && (!self->is_stream || !gw_http_takes_body (self)))
        return -PT_E_length_required;
    return self->length > LIM_HTTP_BODY && !self->is_stream ? -PT_E_too_large : 0;
}

/*  What judges the framing comes first: its errors end the connection. */
gw_request_t *gw_http_read_head (gw_link_t *link, int *out_err)
{
    gw_http_forget (link);
    gw_request_t *self = gw_http_new (link);
    if (!self) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    static int (*const steps[]) (gw_request_t *) = {s_read_version, s_read_host,  s_read_framing, s_read_expect,
                                                    s_read_method,  s_read_query, s_find_route,   s_check_body};
    gw_http_read_trace (self);
    *out_err = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && *out_err == 0; i++)
        *out_err = steps[i](self);
    return self;
}
