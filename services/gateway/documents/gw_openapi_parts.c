/*  gw_openapi_parts - what operations of the document refer to: groups, refusals, schemas,
    credentials. */

#include "gw_cookie.h"
#include "gw_dialect_problem.h"
#include "gw_openapi_priv.h"
#include "gw_schema.h"
#include "sv_version.h"
#include <stdio.h>
#include <string.h>

/*  Statuses of refusal, rising. */
static const int s_statuses[] = {400, 401, 403, 404, 409, 410, 411, 412, 413,
                                 415, 416, 422, 423, 426, 429, 460, 503, 504};
enum { STATUSES = sizeof s_statuses / sizeof *s_statuses };

static const struct {
    int status;
    const char *name, *title;
} s_errors[] = {
#define ERR(name, number, http, title) {http, #name, title},
#include "errors.def"
#undef ERR
};
enum { ERRORS = sizeof s_errors / sizeof *s_errors };

/* ---- the head --------------------------------------------------------------------------- */

static const struct {
    const char *name, *doc;
} s_tags[] = {
    {"accounts", "Registering, one's profile, finding others"},
    {"passwords", "A password that was forgotten"},
    {"sessions", "Signing in and out, devices"},
    {"tokens", "API tokens"},
    {"rooms", "Rooms, members, messages"},
    {"sync", "One snapshot of one's rooms"},
    {"drive", "Files, and uploads by tus 1.0"},
    {"avatars", "Pictures of accounts"},
    {"admin", "What staff may"},
    {"ws", "The WebSocket; its messages are in /asyncapi.json"},
    {"chat", "For clients of others: accounts, friends, chats under /api/rest-auth/, /api/user/ and /api/chat/"},
    {"member", "For clients of others: rooms of named members under /api/v1/ and /knox/"},
    {"clock", "For clients of others: JWT and rooms that tell the time under /api/"},
    {"public", "For clients of others: numbered rooms that everybody may enter"},
    {"pages", "Pages for people: open chats, numbered rooms, signing in"},
    {"gateway", "How the gateway is, and the documents"},
};

static const char s_about[] =
    "A self-hosted real-time chat backend. Ids are text of digits (64 bit inside), `seq` and `epoch` are numbers below "
    "2^53, times are RFC 3339 in UTC. Bounds of texts count bytes of UTF-8. A list is a page; its `next` is the cursor "
    "of the next one. HEAD is answered wherever GET is, OPTIONS everywhere. `X-Request-ID` is taken and given back.";

static void s_info (gw_doc_t *doc)
{
    gw_doc_object (doc, "info");
    gw_doc_text (doc, "title", "Parley");
    gw_doc_text (doc, "version", SV_VERSION);
    gw_doc_text (doc, "description", s_about);
    gw_doc_object (doc, "license");
    gw_doc_text (doc, "name", "MIT License");
    gw_doc_text (doc, "identifier", "MIT");
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_openapi_head (gw_doc_t *doc)
{
    gw_doc_text (doc, "openapi", "3.1.0");
    s_info (doc);
    gw_doc_list (doc, "servers");
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "url", "/");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_list (doc, "tags");
    for (size_t i = 0; i < sizeof s_tags / sizeof *s_tags; i++) {
        gw_doc_object (doc, NULL);
        gw_doc_text (doc, "name", s_tags[i].name);
        gw_doc_text (doc, "description", s_tags[i].doc);
        gw_doc_end (doc);
    }
    gw_doc_end (doc);
}

/* ---- refusals ------------------------------------------------------------------------------ */

/*  All refusals of a dialect look alike. */
void gw_openapi_refusals (gw_doc_t *doc, const gw_route_t *route)
{
    const gw_dialect_t *dialect = gw_route_dialect (route);
    const char *usual = dialect && dialect->write_page ? "page_refusal" : "refusal";
    for (size_t i = 0; i < STATUSES; i++) {
        if (!gw_openapi_may_fail (route, s_statuses[i]))
            continue;
        char key[8];
        snprintf (key, sizeof key, "%d", s_statuses[i]);
        gw_doc_object (doc, key);
        if (dialect)
            gw_doc_printf (doc, "$ref", "#/components/responses/%s",
                           gw_openapi_is_mute (route, (unsigned)s_statuses[i]) ? "mute_refusal" : usual);
        else
            gw_doc_printf (doc, "$ref", "#/components/responses/E%d", s_statuses[i]);
        gw_doc_end (doc);
    }
    gw_doc_object (doc, "default");
    gw_doc_printf (doc, "$ref", "#/components/responses/%s", dialect ? usual : "problem");
    gw_doc_end (doc);
}

static void s_refusal_of_dialects (gw_doc_t *doc, const char *name, bool is_mute)
{
    static const gw_shape_t any[] = {{"", GW_SHAPE_ANY, GW_SHAPE_MAP, "the field, or `detail`, and what is wrong"},
                                     {0}};
    gw_doc_object (doc, name);
    gw_doc_printf (doc, "description",
                   "%s`{\"detail\": sentence}`; of a body each field at fault with a list of sentences",
                   is_mute ? "Nothing, or " : "");
    if (is_mute)
        gw_doc_bool (doc, "x-may-be-empty", true);
    gw_doc_object (doc, "content");
    gw_doc_object (doc, GW_OPENAPI_JSON);
    gw_schema_shapes (doc, "schema", any);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_refusal_of_pages (gw_doc_t *doc)
{
    static const gw_shape_t page[] = {{"", GW_SHAPE_TEXT, 0, "a page"}, {0}};
    gw_doc_object (doc, "page_refusal");
    gw_doc_text (doc, "description", "A page that says what is wrong, for people");
    gw_doc_object (doc, "content");
    gw_doc_object (doc, "text/html");
    gw_schema_shapes (doc, "schema", page);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_problem_content (gw_doc_t *doc)
{
    gw_doc_object (doc, "content");
    gw_doc_object (doc, "application/problem+json");
    gw_doc_object (doc, "schema");
    gw_doc_text (doc, "$ref", GW_SCHEMA_AT "problem");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

/*  A status is described by the codes that have it. */
static void s_refusal (gw_doc_t *doc, int status)
{
    char key[8], text[512];
    size_t at = 0;
    for (size_t i = 0; i < ERRORS && at < sizeof text; i++)
        if (s_errors[i].status == status)
            at += (size_t)snprintf (text + at, sizeof text - at, "%s`%s`: %s", at > 0 ? "; " : "", s_errors[i].name,
                                    s_errors[i].title);
    snprintf (key, sizeof key, "E%d", status);
    gw_doc_object (doc, key);
    gw_doc_text (doc, "description", text);
    if (status == 429 || status == 503) {
        static const gw_shape_t retry = {"Retry-After", GW_SHAPE_INT, 0, NULL};
        gw_doc_object (doc, "headers");
        gw_doc_object (doc, "Retry-After");
        gw_doc_text (doc, "description", "Seconds to wait");
        gw_schema_shape (doc, "schema", &retry);
        gw_doc_end (doc);
        gw_doc_end (doc);
    }
    s_problem_content (doc);
    gw_doc_end (doc);
}

static void s_refusals (gw_doc_t *doc)
{
    gw_doc_object (doc, "responses");
    for (size_t i = 0; i < STATUSES; i++)
        s_refusal (doc, s_statuses[i]);
    gw_doc_object (doc, "problem");
    gw_doc_text (doc, "description", "Any other problem");
    s_problem_content (doc);
    gw_doc_end (doc);
    s_refusal_of_dialects (doc, "refusal", false);
    s_refusal_of_dialects (doc, "mute_refusal", true);
    s_refusal_of_pages (doc);
    gw_doc_end (doc);
}

/* ---- schemas --------------------------------------------------------------------------------- */

static void s_problem (gw_doc_t *doc)
{
    const char *names[ERRORS + 1] = {NULL};
    static const gw_shape_t field[] = {
        {"field", GW_SHAPE_FIELD, 0, "path of the field", .msg = PT_MSG_field_error},
        {"code", GW_SHAPE_FIELD, 0, "what is wrong with it", .msg = PT_MSG_field_error},
        {"detail", GW_SHAPE_FIELD, GW_SHAPE_OPTIONAL, "a sentence for people", .msg = PT_MSG_field_error},
        {0}};
    const gw_shape_t problem[] = {
        {"type", GW_SHAPE_URL, 0, "urn:parley:error: and the code"},
        {"title", GW_SHAPE_TEXT, 0, "what the code means"},
        {"status", GW_SHAPE_INT, 0, "the HTTP status"},
        {"code", GW_SHAPE_TEXT, 0, "which error it is", .one_of = names},
        {"detail", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "a sentence for people"},
        {"errors", GW_SHAPE_OBJ, GW_SHAPE_LIST | GW_SHAPE_OPTIONAL, "the fields at fault", .of = field},
        {"request_id", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "by which the logs know the request"},
        {0}};
    for (size_t i = 0; i < ERRORS; i++)
        names[i] = s_errors[i].name;
    gw_schema_shapes (doc, "problem", problem);
}

static void s_use_route (gw_schema_uses_t *uses, const gw_route_t *route)
{
    const gw_spec_t *spec = route->spec;
    pt_msg_t type;
    bool has_body = gw_openapi_has_body (route) && (!spec || !spec->takes);
    if (has_body && gw_openapi_request (route, &type) && !gw_schema_meets_path (type, route->path))
        gw_schema_use (uses, type);
    if ((!spec || !spec->gives) && gw_openapi_reply (route, &type))
        gw_schema_use (uses, type);
    if (spec) {
        gw_schema_use_shapes (uses, spec->takes);
        gw_schema_use_shapes (uses, spec->gives);
    }
}

static void s_schemas (gw_doc_t *doc)
{
    gw_schema_uses_t uses = {0};
    for (size_t i = 0; gw_route_at (i); i++)
        s_use_route (&uses, gw_route_at (i));
    gw_doc_object (doc, "schemas");
    gw_schema_components (doc, &uses);
    s_problem (doc);
    gw_doc_end (doc);
}

/* ---- credentials ------------------------------------------------------------------------------- */

static const struct {
    const char *name, *type, *scheme, *in, *key, *doc;
} s_schemes[] = {
    {"bearer", "http", "bearer", NULL, NULL, "An access token (JWT, ES256) or an API token"},
    {"token", "apiKey", NULL, "header", "Authorization", "`Token <key>`: an authtoken, a knox token or an API token"},
    {"basic", "http", "basic", NULL, NULL, "Name and password; costly, and limited as signing in is"},
    {"cookie", "apiKey", NULL, "cookie", GW_COOKIE_SESSION, "The session of a browser"},
    {"csrf", "apiKey", NULL, "header", "X-CSRFToken", "The cookie " GW_COOKIE_CSRF " once more"},
};

static void s_credentials (gw_doc_t *doc)
{
    gw_doc_object (doc, "securitySchemes");
    for (size_t i = 0; i < sizeof s_schemes / sizeof *s_schemes; i++) {
        gw_doc_object (doc, s_schemes[i].name);
        gw_doc_text (doc, "type", s_schemes[i].type);
        if (s_schemes[i].scheme)
            gw_doc_text (doc, "scheme", s_schemes[i].scheme);
        if (s_schemes[i].in)
            gw_doc_text (doc, "in", s_schemes[i].in);
        if (s_schemes[i].key)
            gw_doc_text (doc, "name", s_schemes[i].key);
        gw_doc_text (doc, "description", s_schemes[i].doc);
        gw_doc_end (doc);
    }
    gw_doc_end (doc);
}

static void s_parameters (gw_doc_t *doc)
{
    gw_doc_object (doc, "parameters");
    gw_doc_object (doc, "idempotency_key");
    gw_doc_text (doc, "name", "Idempotency-Key");
    gw_doc_text (doc, "in", "header");
    gw_doc_text (doc, "description", "The same key with the same body gives the first answer again");
    gw_doc_object (doc, "schema");
    gw_doc_text (doc, "type", "string");
    gw_doc_number (doc, "minLength", 1);
    gw_doc_number (doc, "maxLength", LIM_KEY);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_openapi_components (gw_doc_t *doc)
{
    gw_doc_object (doc, "components");
    s_schemas (doc);
    s_refusals (doc);
    s_parameters (doc);
    s_credentials (doc);
    gw_doc_end (doc);
}
