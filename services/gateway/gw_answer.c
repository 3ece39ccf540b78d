/*  gw_answer - writing answers: status line, headers and body in one piece.

    One lws_write an answer: over plain HTTP/1.1 that is three times as fast as
    headers and body apart.  What the socket does not take lws keeps and sends
    on; the idle timeout bounds how long a client may take to read it. */

#include "gw_answer.h"
#include "gw_config.h"
#include "gw_date.h"
#include "gw_dialect.h"
#include "gw_json.h"
#include "gw_problem.h"
#include "gw_server.h"
#include "gw_upload.h"
#include <libwebsockets.h>
#include <stdlib.h>
#include <time.h>

/*  The most of an answer that is written in one go before lws copies the rest. */
#define EXTRA_HEADERS 1024

/*  Value of an Allow header. */
#define ALLOW 96

static const char *s_status_text (int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {208, "Already Reported"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {460, "Checksum Mismatch"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

static void s_put_date (pt_buf_t *out)
{
    char date[GW_DATE + 1];
    pt_buf_printf (out, "Date: %s\r\n", gw_date_put (date, (int64_t)time (NULL)));
}

static void s_put_security (pt_buf_t *out, const gw_request_t *request, const char *security)
{
    static const char usual[] = "Cache-Control: no-store\r\n"
                                "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
    pt_buf_puts (out, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
    pt_buf_puts (out, security ? security : usual);
    if (request->gw->config->tls_cert)
        pt_buf_puts (out, "Strict-Transport-Security: max-age=31536000\r\n");
    pt_buf_puts (out, "Vary: Origin\r\n");
    if (request->origin)
        pt_buf_printf (out,
                       "Access-Control-Allow-Origin: %s\r\n"
                       "Access-Control-Expose-Headers: X-Request-ID, Retry-After, RateLimit, RateLimit-Policy, Allow, "
                       "Location, ETag, "
                       "Content-Disposition, Content-Range, Accept-Ranges, Tus-Resumable, Tus-Version, Tus-Extension, "
                       "Tus-Max-Size, "
                       "Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Expires\r\n",
                       request->origin);
}

static void s_put_allow (pt_buf_t *out, unsigned methods)
{
    char allow[ALLOW];
    gw_route_allow (methods, allow, sizeof allow);
    pt_buf_printf (out, "Allow: %s\r\n", allow);
}

static void s_put_head (pt_buf_t *out, const gw_request_t *request, const gw_answer_t *answer, uint64_t length,
                        bool ends)
{
    pt_buf_printf (out, "HTTP/1.1 %d %s\r\n", answer->status, s_status_text (answer->status));
    s_put_date (out);
    if (answer->type)
        pt_buf_printf (out, "Content-Type: %s\r\n", answer->type);
    if (answer->status != 204 && answer->status != 304)
        pt_buf_printf (out, "Content-Length: %llu\r\n", (unsigned long long)length);
    pt_buf_puts (out, ends ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
    s_put_security (out, request, answer->security);
    pt_buf_printf (out, "X-Request-ID: %s\r\n", request->trace);
    if (request->dialect)
        s_put_allow (out, request->methods);
    if (answer->extra)
        pt_buf_puts (out, answer->extra);
    if (request->lines)
        pt_buf_puts (out, request->lines);
    if (request->cookies)
        pt_buf_puts (out, request->cookies);
    pt_buf_puts (out, "\r\n");
}

static bool s_write (gw_link_t *link, pt_buf_t *out)
{
    if (pt_buf_error (out) != 0)
        return false;
    return lws_write (link->wsi, (unsigned char *)out->at + LWS_PRE, out->len - LWS_PRE, LWS_WRITE_HTTP_FINAL) >= 0;
}

static pt_buf_t *s_scratch (gw_request_t *request)
{
    pt_buf_t *out = gw_server_scratch (request->gw->server);
    char *pre = pt_buf_reserve (out, LWS_PRE);
    if (pre) {
        memset (pre, 0, LWS_PRE);
        out->len += LWS_PRE;
    }
    return out;
}

static void s_count (const gw_request_t *request, int status)
{
    gw_counters_t *counters = gw_server_counters (request->gw->server);
    sv_metric_add (counters->requests, 1);
    if (status >= 500)
        sv_metric_add (counters->errors, 1);
    sv_metric_observe_us (counters->latency, sv_now_us () - request->started_us);
}

/*  After the answer: the next request, or the end. */
static void s_finish (gw_link_t *link, bool ends)
{
    bool has_more_body = link->request->has_more_body;
    gw_http_forget (link);
    if (has_more_body) {
        gw_http_linger (link);
        return;
    }
    gw_link_enter (link, GW_PHASE_HEAD, link->gw->config->idle_ms);
    if (ends || lws_http_transaction_completed (link->wsi) != 0)
        gw_link_end_soon (link);
    else
        lws_set_timeout (link->wsi, NO_PENDING_TIMEOUT, 0);
}

static bool s_ends (const gw_request_t *request, const gw_answer_t *answer)
{
    return answer->ends || !request->keeps_alive || request->has_more_body || request->is_chunked ||
           request->gw->is_draining;
}

static void s_resume (gw_link_t *link)
{
    if (link->is_paused)
        lws_rx_flow_control (link->wsi, 1);
    link->is_paused = false;
}

/*  The write has failed: nothing more is said on this connection. */
static void s_lose (gw_link_t *link)
{
    gw_http_forget (link);
    link->must_end = true;
    gw_link_kill (link);
}

void gw_http_answer (gw_request_t *request, const gw_answer_t *answer)
{
    gw_link_t *link = request->link;
    bool ends = s_ends (request, answer);
    s_resume (link);
    s_count (request, answer->status);
    pt_buf_t *out = s_scratch (request);
    s_put_head (out, request, answer, answer->type ? answer->len : 0, ends);
    if (answer->type && !request->is_head)
        pt_buf_put (out, answer->body, answer->len);
    /*  Before the client can know the answer: what it asks next is not taken for
        something that was there already. */
    gw_http_mark_read (link);
    if (s_write (link, out))
        s_finish (link, ends);
    else
        s_lose (link);
}

int gw_http_begin (gw_request_t *request, const gw_answer_t *answer, uint64_t length)
{
    gw_link_t *link = request->link;
    request->keeps_alive = !s_ends (request, answer);
    pt_buf_clear (&request->body);
    s_put_head (&request->body, request, answer, length, !request->keeps_alive);
    if (pt_buf_error (&request->body) != 0 || lws_partial_buffered (link->wsi))
        return pt_buf_error (&request->body) != 0 ? -PT_E_memory : -PT_E_gone;
    s_count (request, answer->status);
    gw_link_enter (link, GW_PHASE_STREAM, 0);
    gw_server_mark_dirty (link->gw->server, link);
    return 0;
}

void gw_http_finish (gw_request_t *request)
{
    gw_link_t *link = request->link;
    s_resume (link);
    gw_http_mark_read (link);
    s_finish (link, !request->keeps_alive || request->gw->is_draining);
}

/*  Header lines of an answer to a fault, but for those of every answer. */
static void s_put_fault_lines (pt_buf_t *out, const gw_request_t *request, int err)
{
    char limits[GW_LIMIT_HEADERS];
    if (err == -PT_E_too_many && request->limited.wait_ms > 0) {
        pt_buf_puts (out, gw_limit_headers (request->limited.class, request->limited.wait_ms, limits));
        sv_metric_add (gw_server_counters (request->gw->server)->limited, 1);
    }
    if (err == -PT_E_method_not_allowed && request->methods != 0 && !request->dialect)
        s_put_allow (out, request->methods);
}

/*  Writes the body and its header lines; the status. */
static int s_write_native (pt_buf_t *body, pt_buf_t *lines, const gw_request_t *request, int err, const char *detail,
                           const pt_error_t *error)
{
    char headers[GW_PROBLEM_HEADERS];
    const pt_error_t limited = {.has_retry_ms = true, .retry_ms = request->limited.wait_ms};
    bool is_limited = err == -PT_E_too_many && request->limited.wait_ms > 0;
    gw_problem_write (body, err, detail, error, request->trace);
    pt_buf_puts (lines,
                 gw_problem_headers (err, is_limited ? &limited : error, request->proof.credential.scheme, headers));
    return pt_error_http (err);
}

static int s_write_dialect (pt_buf_t *body, pt_buf_t *lines, const gw_request_t *request, int err, const char *detail,
                            const pt_error_t *error)
{
    char headers[GW_PROBLEM_HEADERS];
    uint64_t told_ms = error && error->has_retry_ms ? error->retry_ms : 0;
    const gw_dialect_problem_t problem = {
        .dialect = request->dialect,
        .shown = &request->proof.credential,
        .err = err,
        .detail = detail,
        .error = error,
        .method = request->is_head ? "HEAD" : gw_method_name (request->method),
        .media = request->content_type,
        .retry_ms = request->limited.wait_ms > 0 ? request->limited.wait_ms : told_ms,
        .arena = request->arena,
        .refusals = request->refusals,
    };
    int status = gw_dialect_problem_write (body, &problem);
    pt_buf_puts (lines, gw_dialect_problem_headers (&problem, status, headers));
    return status;
}

void gw_http_fail (gw_request_t *request, int err, const char *detail, const pt_error_t *error)
{
    pt_buf_t body, lines;
    pt_buf_init (&body, 64 * 1024);
    pt_buf_init (&lines, EXTRA_HEADERS);
    int status = request->dialect ? s_write_dialect (&body, &lines, request, err, detail, error)
                                  : s_write_native (&body, &lines, request, err, detail, error);
    s_put_fault_lines (&lines, request, err);
    pt_buf_put (&lines, "", 1);
    const char *type = request->dialect ? "application/json" : GW_PROBLEM_TYPE;
    gw_http_answer (request, &(gw_answer_t){.status = status,
                                            .type = body.len > 0 || !request->dialect ? type : NULL,
                                            .extra = pt_buf_error (&lines) == 0 ? lines.at : NULL,
                                            .body = body.at,
                                            .len = body.len});
    pt_buf_fini (&lines);
    pt_buf_fini (&body);
}

void gw_http_reply (gw_request_t *request, int status, pt_msg_t type, const void *msg)
{
    if (type == PT_MSG_empty) {
        gw_http_answer (request, &(gw_answer_t){.status = status});
        return;
    }
    pt_buf_t body;
    pt_buf_init (&body, GW_HTTP_ARENA);
    gw_json_write (&body, type, msg);
    if (pt_buf_error (&body) != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_http_answer (request,
                        &(gw_answer_t){.status = status, .type = "application/json", .body = body.at, .len = body.len});
    pt_buf_fini (&body);
}

void gw_answer_continue (gw_request_t *request)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    pt_buf_t *out = s_scratch (request);
    pt_buf_put (out, text, sizeof text - 1);
    if (!s_write (request->link, out)) {
        request->link->must_end = true;
        gw_link_kill (request->link);
    }
}

/*  A preflight from an origin that is not allowed gets the bare answer: the
    browser then refuses by itself. */
void gw_answer_options (gw_request_t *request)
{
    char allow[ALLOW], extra[EXTRA_HEADERS] = "";
    gw_route_allow (request->methods, allow, sizeof allow);
    int len = request->dialect ? 0 : snprintf (extra, sizeof extra, "Allow: %s\r\n", allow);
    if (request->origin && len >= 0)
        snprintf (
            extra + len, sizeof extra - (size_t)len,
            "Access-Control-Allow-Methods: %s\r\n"
            "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, Traceparent, X-CSRFToken, "
            "X-Request-ID, Range, If-Range, If-None-Match, Content-Disposition, Tus-Resumable, Upload-Length, "
            "Upload-Offset, Upload-Metadata, Upload-Defer-Length, Upload-Checksum\r\n"
            "Access-Control-Max-Age: 600\r\n",
            allow);
    if (request->dialect) {
        gw_dialect_describe (request, extra);
        return;
    }
    gw_upload_options (request);
    gw_http_answer (request, &(gw_answer_t){.status = 204, .extra = extra});
}
