/*  gw_problem - an error as application/problem+json and its headers. */

#include "gw_problem.h"
#include "gw_text.h"
#include "pt_error.h"
#include <stdio.h>

static void s_member (pt_buf_t *out, const char *name, pt_str_t value)
{
    pt_buf_printf (out, ",\"%s\":", name);
    gw_text_str (out, value.at, value.len);
}

static void s_fields (pt_buf_t *out, const pt_error_t *error)
{
    pt_buf_puts (out, ",\"errors\":[");
    for (uint32_t i = 0; i < error->errors.count; i++) {
        const pt_field_error_t *field = &error->errors.at[i];
        pt_buf_puts (out, i > 0 ? ",{\"field\":" : "{\"field\":");
        gw_text_str (out, field->field.at, field->field.len);
        s_member (out, "code", field->code);
        if (field->has_detail)
            s_member (out, "detail", field->detail);
        pt_buf_puts (out, "}");
    }
    pt_buf_puts (out, "]");
}

void gw_problem_write (pt_buf_t *out, int err, const char *detail, const pt_error_t *error, const char *trace)
{
    const char *name = pt_error_name (err);
    pt_buf_printf (out, "{\"type\":\"urn:parley:error:%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"", name,
                   pt_error_title (err), pt_error_http (err), name);
    if (detail)
        s_member (out, "detail", pt_str (detail));
    else if (error && error->has_detail && error->detail.len > 0)
        s_member (out, "detail", error->detail);
    if (error && error->errors.count > 0)
        s_fields (out, error);
    if (trace && *trace)
        s_member (out, "request_id", pt_str (trace));
    pt_buf_puts (out, "}");
}

static unsigned s_retry_seconds (const pt_error_t *error)
{
    uint64_t ms = error && error->has_retry_ms ? error->retry_ms : 1000;
    return ms > 3600000 ? 3600 : ms == 0 ? 1 : (unsigned)((ms + 999) / 1000);
}

/*  A page's script that shows Basic on purpose is told; who shows nothing is never
    asked for it, or browsers would ask people for a password. */
static void s_put_challenge (int code, pt_scheme_t shown, char out[GW_PROBLEM_HEADERS])
{
    bool is_bad = code == PT_E_token_invalid || code == PT_E_token_expired || code == PT_E_token_revoked ||
                  code == PT_E_token_wrong_type;
    if (shown == PT_scheme_BASIC)
        snprintf (out, GW_PROBLEM_HEADERS, "WWW-Authenticate: Basic realm=\"parley\", charset=\"UTF-8\"\r\n");
    else if (shown == PT_scheme_TOKEN)
        snprintf (out, GW_PROBLEM_HEADERS, "WWW-Authenticate: Token realm=\"parley\"\r\n");
    else if (code == PT_E_scope_missing)
        snprintf (out, GW_PROBLEM_HEADERS,
                  "WWW-Authenticate: Bearer realm=\"parley\", error=\"insufficient_scope\"\r\n");
    else if (is_bad)
        snprintf (out, GW_PROBLEM_HEADERS,
                  "WWW-Authenticate: Bearer realm=\"parley\", error=\"invalid_token\", error_description=\"%s\"\r\n",
                  pt_error_title (code));
    else
        snprintf (out, GW_PROBLEM_HEADERS, "WWW-Authenticate: Bearer realm=\"parley\"\r\n");
}

const char *gw_problem_headers (int err, const pt_error_t *error, pt_scheme_t shown, char out[GW_PROBLEM_HEADERS])
{
    int http = pt_error_http (err);
    int code = err < 0 ? -err : err;
    out[0] = '\0';
    if (http == 401 || code == PT_E_scope_missing)
        s_put_challenge (code, shown, out);
    else if (http == 429 || http == 503)
        snprintf (out, GW_PROBLEM_HEADERS, "Retry-After: %u\r\n", s_retry_seconds (error));
    else if (http == 426)
        snprintf (out, GW_PROBLEM_HEADERS, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    return out;
}
