/*  gw_dialect - routes for clients of other chat systems: what a handler of a dialect needs. */

#include "gw_dialect.h"
#include "gw_browser.h"
#include "gw_text.h"
#include <inttypes.h>

/* ---- the final slash ---------------------------------------------------------------- */

static void s_put_query (pt_buf_t *out, const gw_request_t *request)
{
    for (unsigned i = 0; i < request->query_count; i++) {
        const gw_pair_t *pair = &request->query[i];
        pt_buf_puts (out, i > 0 ? "&" : "?");
        gw_dialect_json_escape (out, pair->name, pair->name_len, false);
        pt_buf_puts (out, "=");
        gw_dialect_json_escape (out, pair->value, pair->value_len, false);
    }
}

static void s_redirect (gw_request_t *request)
{
    pt_buf_t line;
    pt_buf_init (&line, 2 * LIM_HTTP_HEADERS);
    pt_buf_puts (&line, "Location: ");
    gw_dialect_json_escape (&line, request->path, strlen (request->path), true);
    pt_buf_puts (&line, "/");
    s_put_query (&line, request);
    pt_buf_put (&line, "\r\n", 3);
    if (pt_buf_error (&line) != 0)
        gw_http_fail (request, pt_buf_error (&line) == -PT_E_memory ? -PT_E_memory : -PT_E_uri_too_long, NULL, NULL);
    else {
        const gw_answer_t answer = {.status = 301, .extra = line.at};
        gw_http_answer (request, &answer);
    }
    pt_buf_fini (&line);
}

const gw_route_t gw_dialect_slash = {
    GW_GET, "/", 0, 301, GW_OPEN | GW_NO_CALL | GW_PAGE, 0, s_redirect, "The same path with its final slash"};

/* ---- the request ---------------------------------------------------------------------- */

static void s_answer_faults (gw_request_t *request, const gw_dialect_faults_t *faults)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    gw_dialect_faults_write (&body, faults);
    gw_dialect_answer (request, 400, &body);
}

bool gw_dialect_read (gw_request_t *request, gw_dialect_body_t *out)
{
    const char *detail;
    const pt_str_t bytes = {request->body.at, (uint32_t)request->body.len};
    int err =
        gw_dialect_body_read (out, request->content_type, bytes, request->dialect->loose_key, request->arena, &detail);
    if (err == -PT_E_invalid)
        s_answer_faults (request, &out->faults);
    else if (err != 0)
        gw_http_fail (request, err, detail, NULL);
    return err == 0;
}

void gw_dialect_prove_form (gw_request_t *request)
{
    gw_dialect_body_t body;
    const char *detail;
    gw_media_t media = gw_dialect_body_media (request->content_type);
    bool is_form = media == GW_MEDIA_FORM || media == GW_MEDIA_MULTIPART;
    const pt_str_t bytes = {request->body.at, (uint32_t)request->body.len};
    if (!is_form || pt_buf_error (&request->body) != 0 ||
        gw_dialect_body_read (&body, request->content_type, bytes, request->dialect->loose_key, request->arena,
                              &detail) != 0)
        return;
    const gw_value_t *field = gw_dialect_body_field (&body, "csrfmiddlewaretoken");
    if (!field || field->kind != GW_VALUE_TEXT)
        return;
    request->csrf_seen.header = field->text;
    request->csrf = gw_csrf_judge (&request->csrf_seen);
    if (request->csrf == 0 && request->fault == -PT_E_csrf_failed)
        request->fault = 0;
}

bool gw_dialect_passes (gw_request_t *request, const gw_dialect_body_t *body)
{
    bool is_good = gw_dialect_is_good (body); /* which may be gone with the request */
    if (body->is_short)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else if (!is_good)
        s_answer_faults (request, &body->faults);
    return is_good;
}

/*  The last of that name. */
static const gw_pair_t *s_find (const gw_pair_t *pairs, unsigned count, const char *name)
{
    for (unsigned i = count; i > 0; i--)
        if (pairs[i - 1].name_len == strlen (name) && memcmp (pairs[i - 1].name, name, strlen (name)) == 0)
            return &pairs[i - 1];
    return NULL;
}

const gw_pair_t *gw_dialect_query (const gw_request_t *request, const char *name)
{
    return s_find (request->query, request->query_count, name);
}

pt_str_t gw_dialect_var (const gw_request_t *request, const char *name)
{
    const gw_pair_t *var = s_find (request->vars, request->var_count, name);
    return var ? (pt_str_t){var->value, (uint32_t)var->value_len} : PT_LIT ("");
}

uint64_t gw_dialect_id (const gw_request_t *request, const char *name)
{
    pt_str_t digits = gw_dialect_var (request, name);
    uint64_t value = 0;
    for (uint32_t i = 0; i < digits.len; i++) {
        if (value > (LIM_ID - 9) / 10)
            return 0;
        value = value * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return value;
}

void gw_dialect_page (const gw_request_t *request, uint64_t usual, gw_dialect_page_t *out)
{
    *out = (gw_dialect_page_t){.is_secure = gw_browser_is_secure (request),
                               .host = request->host,
                               .path = request->path,
                               .query = request->query,
                               .query_count = request->query_count};
    gw_dialect_page_read (out, usual);
}

/* ---- calling --------------------------------------------------------------------------- */

void gw_dialect_call (gw_request_t *request, uint16_t opcode, void *msg, sv_reply_fn *fn)
{
    if (gw_call_fill_inner (request, pt_call_find (opcode)->request, msg))
        gw_call_send (request, opcode, msg, fn);
}

bool gw_dialect_succeeded (gw_request_t *request, const sv_reply_t *reply, const gw_dialect_refusal_t *refusals)
{
    request->refusals = refusals;
    return gw_call_succeeded (request, reply);
}

/* ---- answering --------------------------------------------------------------------------- */

void gw_dialect_answer (gw_request_t *request, int status, pt_buf_t *body)
{
    const gw_answer_t answer = {
        .status = status, .type = body->len > 0 ? "application/json" : NULL, .body = body->at, .len = body->len};
    if (pt_buf_error (body) != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_http_answer (request, &answer);
    pt_buf_fini (body);
}

void gw_dialect_say (gw_request_t *request, int status, const char *key, const char *text)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    if (key) {
        gw_dialect_faults_t faults = {.count = 0};
        gw_dialect_faults_add (&faults, pt_str (key), pt_str (text), true);
        gw_dialect_faults_write (&body, &faults);
    }
    gw_dialect_answer (request, status, &body);
}

void gw_dialect_answer_account (gw_request_t *request, uint64_t id, const gw_dialect_member_t members[2])
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_printf (&body, "{\"id\":%" PRIu64, id);
    for (unsigned i = 0; i < 2; i++) {
        pt_buf_printf (&body, ",\"%s\":", members[i].name);
        gw_dialect_json_text (&body, members[i].has, members[i].text);
    }
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 201, &body);
}

void gw_dialect_describe (gw_request_t *request, const char *extra)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"name\":");
    gw_text_str (&body, request->first->doc, strlen (request->first->doc));
    pt_buf_puts (&body, ",\"description\":\"\",\"renders\":[\"application/json\"],\"parses\":[\"application/json\","
                        "\"application/x-www-form-urlencoded\",\"multipart/form-data\"]}");
    const gw_answer_t answer = {
        .status = 200, .type = "application/json", .extra = extra, .body = body.at, .len = body.len};
    if (pt_buf_error (&body) != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else
        gw_http_answer (request, &answer);
    pt_buf_fini (&body);
}
