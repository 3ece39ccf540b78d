/*  gw_openapi - the OpenAPI 3.1 document: paths and operations.  What they refer to is in
    gw_openapi_parts.c. */

#include "gw_openapi.h"
#include "gw_dialect_problem.h"
#include "gw_identity.h"
#include "gw_openapi_priv.h"
#include "gw_schema.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- names --------------------------------------------------------------------------- */

void gw_openapi_path (const char *path, char out[GW_OPENAPI_NAME])
{
    size_t at = 0;
    gw_schema_var_t var;
    const char *next = path;
    while (gw_schema_next_var (&next, &var)) {
        const char *open = strchr (path, '{');
        at += (size_t)snprintf (out + at, GW_OPENAPI_NAME - at, "%.*s{%s}", (int)(open - path), path, var.name);
        if (at >= GW_OPENAPI_NAME)
            return;
        path = next;
    }
    snprintf (out + at, GW_OPENAPI_NAME - at, "%s", path);
}

void gw_openapi_id (const char *method, const char *path, char out[GW_OPENAPI_NAME])
{
    size_t at = 0;
    bool needs_gap = true;
    for (; *method && at + 2 < GW_OPENAPI_NAME; method++)
        out[at++] = (char)tolower ((unsigned char)*method);
    if (strcmp (path, "/") == 0)
        path = "root";
    for (; *path && at + 2 < GW_OPENAPI_NAME; path++) {
        if (!isalnum ((unsigned char)*path)) {
            needs_gap = true;
            continue;
        }
        if (needs_gap)
            out[at++] = '_';
        needs_gap = false;
        out[at++] = *path;
    }
    out[at] = '\0';
}

void gw_openapi_tag (const gw_route_t *route, char out[GW_OPENAPI_NAME])
{
    const char *path = route->path;
    const gw_dialect_t *dialect = gw_route_dialect (route);
    bool is_native = strncmp (path, "/v1/", 4) == 0;
    size_t len = is_native ? strcspn (path + 4, "/") : 0;
    if (dialect)
        snprintf (out, GW_OPENAPI_NAME, "%s", dialect->name);
    else if (is_native)
        snprintf (out, GW_OPENAPI_NAME, "%.*s", (int)len, path + 4);
    else
        snprintf (out, GW_OPENAPI_NAME, "gateway");
}

/* ---- what a route does ------------------------------------------------------------------ */

/*  NULL where it does not say what goes over the wire: a dialect has words of its own. */
static const pt_call_t *s_call (const gw_route_t *route)
{
    return route->opcode != 0 && !gw_route_dialect (route) ? pt_call_find (route->opcode) : NULL;
}

bool gw_openapi_request (const gw_route_t *route, pt_msg_t *out)
{
    const pt_call_t *call = s_call (route);
    if (!call)
        return false;
    *out = call->request;
    return true;
}

bool gw_openapi_reply (const gw_route_t *route, pt_msg_t *out)
{
    const pt_call_t *call = s_call (route);
    if (!call || call->reply == PT_MSG_empty || route->status == 204)
        return false;
    *out = call->reply;
    return true;
}

bool gw_openapi_is_mute (const gw_route_t *route, unsigned status)
{
    const uint16_t *mute = route->spec ? route->spec->mute : NULL;
    while (mute && *mute != 0 && *mute != status)
        mute++;
    return status == 204 || (mute && *mute == status);
}

bool gw_openapi_has_body (const gw_route_t *route)
{
    bool is_upload = (route->flags & GW_STREAM) != 0 && route->method != GW_GET && route->method != GW_DELETE;
    return is_upload || (route->flags & (GW_BODY | GW_MAYBE)) != 0;
}

/*  With an ETag, so that it may have not changed. */
static bool s_is_bytes_out (const gw_route_t *route)
{
    return (route->flags & GW_STREAM) != 0 && route->method == GW_GET;
}

static bool s_has_ranges (const gw_route_t *route)
{
    return route->spec && route->spec->also == 206;
}

/*  HEAD is served wherever GET is; it is worth telling where headers are the answer. */
static bool s_has_head (const gw_route_t *route)
{
    return route->method == GW_GET && route->spec && route->spec->tells;
}

static bool s_is_served_openly (const gw_route_t *route)
{
    return (route->flags & (GW_OPEN | GW_NO_CALL | GW_INTERNAL | GW_ANYWHERE)) != 0;
}

static bool s_has_key (const gw_route_t *route)
{
    pt_msg_t type;
    if (route->method == GW_GET || !gw_openapi_request (route, &type))
        return false;
    const pt_field_t *field = pt_desc_field (pt_desc (type), "key", 3);
    return field && (field->flags & PT_INNER) != 0;
}

bool gw_openapi_may_fail (const gw_route_t *route, int status)
{
    pt_msg_t type;
    bool is_local = (route->flags & GW_NO_CALL) != 0;
    bool is_upload = gw_openapi_has_body (route) && (route->flags & GW_STREAM) != 0;
    if (route->spec && route->spec->refuses == status)
        return false; /* told with the reply */
    switch (status) {
    case 401:
    case 403:
        return !s_is_served_openly (route) || (route->flags & (status == 401 ? GW_COSTLY : GW_PROVEN)) != 0;
    case 404:
        return strchr (route->path, '{') || (route->spec && route->spec->may_miss);
    case 409:
        return s_has_key (route) || is_upload;
    case 400:
        return true;
    case 429:
        return (route->flags & (GW_ANYWHERE | GW_INTERNAL)) == 0;
    case 411:
    case 413:
    case 415:
        return gw_openapi_has_body (route);
    case 410:
    case 423:
    case 460:
        return is_upload;
    case 412:
        return is_upload || s_has_ranges (route);
    case 416:
        return s_has_ranges (route);
    case 422:
        return gw_openapi_request (route, &type);
    case 426:
        return route->status == 101;
    case 503:
    case 504:
        return !is_local;
    default:
        return false;
    }
}

/* ---- parameters ------------------------------------------------------------------------- */

static void s_begin_parameter (gw_doc_t *doc, bool *is_open, const char *name, const char *in, bool is_needed)
{
    if (!*is_open)
        gw_doc_list (doc, "parameters");
    *is_open = true;
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "name", name);
    gw_doc_text (doc, "in", in);
    if (is_needed)
        gw_doc_bool (doc, "required", true);
}

static void s_parameter_field (gw_doc_t *doc, const pt_field_t *field)
{
    gw_doc_text (doc, "description", field->doc);
    if (field->type == PT_T_IDS) {
        gw_doc_text (doc, "style", "form");
        gw_doc_bool (doc, "explode", false);
    }
    gw_schema_field (doc, "schema", field);
}

static gw_shape_t s_var_shape (const gw_schema_var_t *var)
{
    gw_shape_t shape = {.name = var->name, .type = GW_SHAPE_TEXT};
    if (strcmp (var->kind, "int") == 0)
        shape.type = GW_SHAPE_INT;
    else if (strcmp (var->kind, "uuid") == 0)
        shape.type = GW_SHAPE_UUID;
    else if (strcmp (var->name, "id") == 0)
        shape.type = GW_SHAPE_ID;
    return shape;
}

static void s_path_parameters (gw_doc_t *doc, const gw_route_t *route, bool *is_open)
{
    const char *at = route->path;
    gw_schema_var_t var;
    pt_msg_t type;
    bool has_type = gw_openapi_request (route, &type);
    while (gw_schema_next_var (&at, &var)) {
        const pt_field_t *field = has_type ? pt_desc_field (pt_desc (type), var.name, strlen (var.name)) : NULL;
        const gw_shape_t shape = s_var_shape (&var);
        s_begin_parameter (doc, is_open, var.name, "path", true);
        if (field && (field->flags & PT_INNER) == 0)
            s_parameter_field (doc, field);
        else
            gw_schema_shape (doc, "schema", &shape);
        gw_doc_end (doc);
    }
}

static void s_query_parameters (gw_doc_t *doc, const gw_route_t *route, bool *is_open)
{
    pt_msg_t type;
    if (route->method != GW_GET || !gw_openapi_request (route, &type))
        return;
    const pt_desc_t *desc = pt_desc (type);
    for (unsigned i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        if ((field->flags & PT_INNER) != 0 || gw_schema_has_var (route->path, field->name))
            continue;
        s_begin_parameter (doc, is_open, field->name, "query", (field->flags & PT_REQUIRED) != 0);
        s_parameter_field (doc, field);
        gw_doc_end (doc);
    }
}

static void s_shape_parameters (gw_doc_t *doc, const gw_shape_t *shapes, const char *in, bool *is_open)
{
    for (; shapes && shapes->name; shapes++) {
        s_begin_parameter (doc, is_open, shapes->name, in, (shapes->flags & GW_SHAPE_OPTIONAL) == 0);
        if (shapes->doc)
            gw_doc_text (doc, "description", shapes->doc);
        gw_schema_shape (doc, "schema", shapes);
        gw_doc_end (doc);
    }
}

static void s_parameters (gw_doc_t *doc, const gw_route_t *route)
{
    bool is_open = false;
    s_path_parameters (doc, route, &is_open);
    s_query_parameters (doc, route, &is_open);
    if (route->spec) {
        s_shape_parameters (doc, route->spec->query, "query", &is_open);
        s_shape_parameters (doc, route->spec->headers, "header", &is_open);
    }
    if (s_has_key (route)) {
        if (!is_open)
            gw_doc_list (doc, "parameters");
        is_open = true;
        gw_doc_object (doc, NULL);
        gw_doc_text (doc, "$ref", "#/components/parameters/idempotency_key");
        gw_doc_end (doc);
    }
    if (is_open)
        gw_doc_end (doc);
}

/* ---- bodies --------------------------------------------------------------------------------- */

/*  A form has bytes under a name. */
static void s_form_of_bytes (gw_doc_t *doc, const char *key)
{
    static const gw_shape_t form[] = {{"file", GW_SHAPE_BYTES, 0, "its first part with a file name"}, {0}};
    gw_schema_shapes (doc, key, form);
}

static bool s_is_bytes (const gw_shape_t *shapes)
{
    return gw_schema_is_value (shapes) && shapes->type == GW_SHAPE_BYTES;
}

/*  One entry for each of the media types, all with the same schema. */
static void s_media (gw_doc_t *doc, const char *media, const gw_shape_t *shapes)
{
    for (const char *at = media; *at;) {
        size_t len = strcspn (at, ",");
        char one[GW_OPENAPI_NAME];
        snprintf (one, sizeof one, "%.*s", (int)len, at);
        gw_doc_object (doc, one);
        if (s_is_bytes (shapes) && strcmp (one, "multipart/form-data") == 0)
            s_form_of_bytes (doc, "schema");
        else
            gw_schema_shapes (doc, "schema", shapes);
        gw_doc_end (doc);
        at += len;
        at += strspn (at, ", ");
    }
}

static void s_message_body (gw_doc_t *doc, const gw_route_t *route)
{
    pt_msg_t type;
    if (!gw_openapi_request (route, &type))
        return;
    gw_doc_object (doc, "application/json");
    if (gw_schema_meets_path (type, route->path))
        gw_schema_message (doc, "schema", type, route->path);
    else
        gw_schema_ref (doc, "schema", type);
    gw_doc_end (doc);
}

static bool s_needs_body (const gw_route_t *route)
{
    const gw_shape_t *at = route->spec && gw_route_dialect (route) ? route->spec->takes : NULL;
    for (; at && at->name; at++)
        if ((at->flags & GW_SHAPE_OPTIONAL) == 0)
            return true;
    return (route->flags & GW_BODY) != 0;
}

static void s_body (gw_doc_t *doc, const gw_route_t *route)
{
    static const gw_shape_t any[] = {{"", GW_SHAPE_ANY, GW_SHAPE_MAP, NULL}, {0}};
    const gw_spec_t *spec = route->spec;
    bool is_dialect = gw_route_dialect (route) != NULL;
    const char *media = is_dialect ? GW_OPENAPI_FORMS : GW_OPENAPI_JSON;
    if (!gw_openapi_has_body (route))
        return;
    gw_doc_object (doc, "requestBody");
    gw_doc_bool (doc, "required", s_needs_body (route));
    gw_doc_object (doc, "content");
    if (is_dialect || (spec && spec->takes))
        s_media (doc, spec && spec->takes_media ? spec->takes_media : media, spec && spec->takes ? spec->takes : any);
    else
        s_message_body (doc, route);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

/* ---- replies ---------------------------------------------------------------------------------- */

static void s_headers (gw_doc_t *doc, const gw_shape_t *shapes)
{
    if (!shapes)
        return;
    gw_doc_object (doc, "headers");
    for (; shapes->name; shapes++) {
        gw_doc_object (doc, shapes->name);
        if (shapes->doc)
            gw_doc_text (doc, "description", shapes->doc);
        gw_schema_shape (doc, "schema", shapes);
        gw_doc_end (doc);
    }
    gw_doc_end (doc);
}

static void s_content (gw_doc_t *doc, const gw_route_t *route)
{
    pt_msg_t type = PT_MSG_empty;
    bool has_reply = gw_openapi_reply (route, &type);
    const gw_spec_t *spec = route->spec;
    if (!has_reply && (!spec || !spec->gives))
        return;
    gw_doc_object (doc, "content");
    if (spec && spec->gives)
        s_media (doc, spec->gives_media ? spec->gives_media : GW_OPENAPI_JSON, spec->gives);
    else {
        gw_doc_object (doc, GW_OPENAPI_JSON);
        gw_schema_ref (doc, "schema", type);
        gw_doc_end (doc);
    }
    gw_doc_end (doc);
}

static void s_response (gw_doc_t *doc, const gw_route_t *route, unsigned status, bool is_head)
{
    char key[8];
    snprintf (key, sizeof key, "%u", status);
    gw_doc_object (doc, key);
    gw_doc_text (doc, "description", route->doc);
    s_headers (doc, route->spec ? route->spec->tells : NULL);
    if (!is_head && status != 304 && !gw_openapi_is_mute (route, status))
        s_content (doc, route);
    gw_doc_end (doc);
}

static void s_responses (gw_doc_t *doc, const gw_route_t *route, bool is_head)
{
    gw_doc_object (doc, "responses");
    s_response (doc, route, route->status, is_head);
    if (route->spec && route->spec->also != 0)
        s_response (doc, route, route->spec->also, is_head);
    for (const uint16_t *mute = route->spec ? route->spec->mute : NULL; mute && *mute != 0; mute++)
        if (*mute < 300)
            s_response (doc, route, *mute, is_head);
    if (route->spec && route->spec->refuses != 0)
        s_response (doc, route, route->spec->refuses, is_head);
    if (s_is_bytes_out (route))
        s_response (doc, route, 304, true);
    gw_openapi_refusals (doc, route);
    gw_doc_end (doc);
}

/* ---- operations ---------------------------------------------------------------------------------- */

static void s_scopes (gw_doc_t *doc, const char *scheme, unsigned scope)
{
    static const struct {
        unsigned scope;
        const char *name;
    } names[] = {
        {GW_SCOPE_READ, "read"}, {GW_SCOPE_WRITE, "write"}, {GW_SCOPE_ACCOUNT, "account"}, {GW_SCOPE_ADMIN, "admin"}};
    gw_doc_list (doc, scheme);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((scope & names[i].scope) != 0)
            gw_doc_text (doc, NULL, names[i].name);
    gw_doc_end (doc);
}

/*  Any of these will do.  A cookie counts for a change only with its token. */
static void s_security (gw_doc_t *doc, const gw_route_t *route)
{
    static const char *const schemes[] = {"bearer", "token", "basic", "cookie"};
    gw_doc_list (doc, "security");
    for (size_t i = 0; !s_is_served_openly (route) && i < sizeof schemes / sizeof *schemes; i++) {
        gw_doc_object (doc, NULL);
        s_scopes (doc, schemes[i], route->scope);
        if (strcmp (schemes[i], "cookie") == 0 && route->method != GW_GET)
            s_scopes (doc, "csrf", 0);
        gw_doc_end (doc);
    }
    if ((route->flags & GW_ANYBODY) != 0) {
        gw_doc_object (doc, NULL);
        gw_doc_end (doc);
    }
    gw_doc_end (doc);
}

static void s_operation (gw_doc_t *doc, const gw_route_t *route, const char *method, bool is_head)
{
    char id[GW_OPENAPI_NAME], tag[GW_OPENAPI_NAME], key[8] = "";
    for (size_t i = 0; method[i] && i + 1 < sizeof key; i++)
        key[i] = (char)tolower ((unsigned char)method[i]);
    gw_openapi_id (method, route->path, id);
    gw_openapi_tag (route, tag);
    gw_doc_object (doc, key);
    gw_doc_text (doc, "operationId", id);
    gw_doc_text (doc, "summary", route->doc);
    gw_doc_list (doc, "tags");
    gw_doc_text (doc, NULL, tag);
    gw_doc_end (doc);
    s_security (doc, route);
    s_parameters (doc, route);
    s_body (doc, route);
    s_responses (doc, route, is_head);
    gw_doc_end (doc);
}

/*  The internal port is the operator's to choose. */
static void s_internal_server (gw_doc_t *doc)
{
    gw_doc_list (doc, "servers");
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "url", "http://127.0.0.1:{port}");
    gw_doc_text (doc, "description", "the internal port, on the machine itself");
    gw_doc_object (doc, "variables");
    gw_doc_object (doc, "port");
    gw_doc_text (doc, "default", "8100");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

/*  Whether an earlier row has this path. */
static bool s_is_told (size_t i)
{
    const char *path = gw_route_at (i)->path;
    for (size_t j = 0; j < i; j++)
        if (strcmp (gw_route_at (j)->path, path) == 0)
            return true;
    return false;
}

static void s_path (gw_doc_t *doc, size_t i)
{
    const gw_route_t *route, *first = gw_route_at (i);
    char path[GW_OPENAPI_NAME];
    gw_openapi_path (first->path, path);
    gw_doc_object (doc, path);
    if ((first->flags & GW_INTERNAL) != 0)
        s_internal_server (doc);
    for (; (route = gw_route_at (i)); i++) {
        if (strcmp (route->path, first->path) != 0)
            continue;
        s_operation (doc, route, gw_method_name (route->method), false);
        if (s_has_head (route))
            s_operation (doc, route, "HEAD", true);
    }
    gw_doc_end (doc);
}

void gw_openapi_write (gw_doc_t *doc)
{
    gw_doc_object (doc, NULL);
    gw_openapi_head (doc);
    gw_doc_object (doc, "paths");
    for (size_t i = 0; gw_route_at (i); i++)
        if (!s_is_told (i))
            s_path (doc, i);
    gw_doc_end (doc);
    gw_openapi_components (doc);
    gw_doc_end (doc);
}
