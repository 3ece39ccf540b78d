/*  gw_postman - a Postman collection of all calls.

    A call names what an earlier one has made by variables: `rooms_id` is the id of the last room,
    after the segment of the path that it stands behind.  A script of the collection keeps them. */

#include "gw_postman.h"
#include "gw_openapi.h"
#include "gw_schema.h"
#include "sv_version.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  The longest example of a body. */
#define EXAMPLE (16 * 1024)

/* ---- scripts ------------------------------------------------------------------------- */

static const char *const s_before[] = {
    "const kept = pm.collectionVariables;",
    "if (!kept.get('login')) kept.set('login', 'p_' + Date.now().toString(36) + Math.floor(Math.random() * 1e6));",
    NULL,
};

static const char *const s_after[] = {
    "const kept = pm.collectionVariables;",
    "const keep = (name, value) => { if (value !== undefined && value !== null) kept.set(name, String(value)); };",
    "let json = null;",
    "try { json = pm.response.json(); } catch { json = null; }",
    "if (json && pm.response.code < 300) {",
    "  keep('access', json.access);",
    "  keep('refresh', json.refresh);",
    "  const place = (pm.response.headers.get('Location') || '').split('/');",
    "  const last = place.length > 2 ? place[place.length - 2] : pm.request.url.path.filter(Boolean).pop();",
    "  const first = (json.items || [])[0] || {};",
    "  if (last && !last.startsWith(':')) {",
    "    keep(last + '_id', json.id);",
    "    if (!kept.get(last + '_id')) keep(last + '_id', first.id || first.account);",
    "  }",
    "}",
    NULL,
};

static void s_script (gw_doc_t *doc, const char *when, const char *const *lines)
{
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "listen", when);
    gw_doc_object (doc, "script");
    gw_doc_text (doc, "type", "text/javascript");
    gw_doc_list (doc, "exec");
    for (; *lines; lines++)
        gw_doc_text (doc, NULL, *lines);
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

/*  The answer has one of the statuses that the document tells. */
static void s_check (gw_doc_t *doc, const gw_route_t *route)
{
    static const int refusals[] = {304, 400, 401, 403, 404, 409, 410, 411, 412, 413, 415, 416, 422, 423, 426, 429, 460};
    char line[256];
    const char *const lines[] = {line, NULL};
    size_t at =
        (size_t)snprintf (line, sizeof line, "pm.test('answers as documented', () => pm.expect([%u", route->status);
    if (route->spec && route->spec->also != 0)
        at += (size_t)snprintf (line + at, sizeof line - at, ",%u", route->spec->also);
    if (route->spec && route->spec->refuses != 0 && at < sizeof line)
        at += (size_t)snprintf (line + at, sizeof line - at, ",%u", route->spec->refuses);
    for (const uint16_t *mute = route->spec ? route->spec->mute : NULL; mute && *mute != 0 && at < sizeof line; mute++)
        at += (size_t)snprintf (line + at, sizeof line - at, ",%u", *mute);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals && at < sizeof line; i++)
        if (gw_openapi_may_fail (route, refusals[i]))
            at += (size_t)snprintf (line + at, sizeof line - at, ",%d", refusals[i]);
    if (at < sizeof line)
        snprintf (line + at, sizeof line - at, "]).to.include(pm.response.code));");
    gw_doc_list (doc, "event");
    s_script (doc, "test", lines);
    gw_doc_end (doc);
}

/* ---- examples ---------------------------------------------------------------------------- */

/*  By name.  Those that are told always are shown although they may be left out. */
static const struct {
    const char *name, *value;
    bool is_always;
} s_examples[] = {
    {"login", "{{login}}", true},
    {"name", "An example", true},
    {"password", "{{password}}", true},
    {"password1", "{{password}}", false},
    {"password2", "{{password}}", false},
    {"new_password1", "{{password}}", false},
    {"new_password2", "{{password}}", false},
    {"confirm_password", "{{password}}", false},
    {"old_password", "{{password}}", true},
    {"identifier", "{{login}}", false},
    {"username", "{{login}}", false},
    {"email", "{{login}}@example.org", false},
    {"refresh", "{{refresh}}", false},
    {"send_id", "{{$guid}}", false},
    {"body", "Hello", false},
    {"scopes", "read write", false},
    {"q", "p_", true},
};

static const char *s_example_of (const char *name, bool *out_always)
{
    for (size_t i = 0; i < sizeof s_examples / sizeof *s_examples; i++)
        if (strcmp (s_examples[i].name, name) == 0) {
            *out_always = s_examples[i].is_always;
            return s_examples[i].value;
        }
    *out_always = false;
    return name;
}

static bool s_is_wanted (const pt_field_t *field)
{
    bool is_always;
    s_example_of (field->name, &is_always);
    return (field->flags & PT_INNER) == 0 && ((field->flags & PT_REQUIRED) != 0 || is_always);
}

static void s_field_example (gw_doc_t *doc, const pt_field_t *field)
{
    bool is_always;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
        gw_doc_printf (doc, field->name, "{{%ss_id}}", field->name);
        break;
    case PT_T_U64:
        gw_doc_number (doc, field->name, field->min);
        break;
    case PT_T_TIME:
        gw_doc_text (doc, field->name, "{{$isoTimestamp}}");
        break;
    case PT_T_BOOL:
        gw_doc_bool (doc, field->name, false);
        break;
    case PT_T_NAMED:
        gw_doc_text (doc, field->name, pt_enum_at ((pt_enum_t)field->elem, 0));
        break;
    case PT_T_STR:
    case PT_T_BIN:
        gw_doc_text (doc, field->name, s_example_of (field->name, &is_always));
        break;
    case PT_T_IDS:
    case PT_T_LIST:
        gw_doc_list (doc, field->name);
        gw_doc_end (doc);
        break;
    case PT_T_OBJ:
        gw_doc_object (doc, field->name);
        gw_doc_end (doc);
        break;
    }
}

static void s_message_example (gw_doc_t *doc, pt_msg_t type, const char *path)
{
    const pt_desc_t *desc = pt_desc (type);
    gw_doc_object (doc, NULL);
    for (unsigned i = 0; i < desc->field_count; i++)
        if (s_is_wanted (&desc->fields[i]) && !gw_schema_has_var (path, desc->fields[i].name))
            s_field_example (doc, &desc->fields[i]);
    gw_doc_end (doc);
}

static void s_shape_example (gw_doc_t *doc, const gw_shape_t *shape)
{
    bool is_always;
    const pt_field_t *field = NULL;
    if (shape->type == GW_SHAPE_FIELD)
        field = pt_desc_field (pt_desc (shape->msg), shape->name, strlen (shape->name));
    if (field)
        s_field_example (doc, field);
    else if ((shape->flags & GW_SHAPE_LIST) != 0) {
        gw_doc_list (doc, shape->name);
        gw_doc_end (doc);
    } else if (shape->type == GW_SHAPE_INT)
        gw_doc_number (doc, shape->name, 1);
    else if (shape->type == GW_SHAPE_BOOL)
        gw_doc_bool (doc, shape->name, false);
    else
        gw_doc_text (doc, shape->name, shape->one_of ? shape->one_of[0] : s_example_of (shape->name, &is_always));
}

/*  Whether the body is bytes, of which there is but one example. */
static bool s_takes_bytes (const gw_route_t *route)
{
    const gw_shape_t *takes = route->spec ? route->spec->takes : NULL;
    return takes && gw_schema_is_value (takes) && takes->type == GW_SHAPE_BYTES;
}

static void s_example (gw_doc_t *doc, const gw_route_t *route)
{
    const gw_shape_t *takes = route->spec ? route->spec->takes : NULL;
    pt_msg_t type;
    if (takes && gw_schema_is_value (takes) && takes->type == GW_SHAPE_MSG)
        s_message_example (doc, takes->msg, route->path);
    else if (takes) {
        gw_doc_object (doc, NULL);
        for (; takes->name; takes++)
            if ((takes->flags & GW_SHAPE_OPTIONAL) == 0)
                s_shape_example (doc, takes);
        gw_doc_end (doc);
    } else if (gw_openapi_request (route, &type))
        s_message_example (doc, type, route->path);
}

/* ---- one call -------------------------------------------------------------------------------- */

static void s_pair (gw_doc_t *doc, const char *name, const char *value, const char *what, bool is_off)
{
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "key", name);
    gw_doc_text (doc, "value", value);
    if (what)
        gw_doc_text (doc, "description", what);
    if (is_off)
        gw_doc_bool (doc, "disabled", true);
    gw_doc_end (doc);
}

static void s_header (gw_doc_t *doc, const gw_route_t *route)
{
    const char *media = route->spec && route->spec->takes_media ? route->spec->takes_media : "application/json";
    char first[GW_OPENAPI_NAME];
    snprintf (first, sizeof first, "%.*s", (int)strcspn (media, ","), media);
    gw_doc_list (doc, "header");
    if (gw_openapi_has_body (route))
        s_pair (doc, "Content-Type", first, NULL, false);
    const gw_shape_t *at = route->spec ? route->spec->headers : NULL;
    for (; at && at->name; at++)
        s_pair (doc, at->name, at->type == GW_SHAPE_INT ? "0" : "", at->doc, (at->flags & GW_SHAPE_OPTIONAL) != 0);
    gw_doc_end (doc);
}

static void s_body (gw_doc_t *doc, const gw_route_t *route)
{
    pt_buf_t text;
    gw_doc_t example;
    if (!gw_openapi_has_body (route))
        return;
    pt_buf_init (&text, EXAMPLE);
    gw_doc_init (&example, &text, false);
    if (s_takes_bytes (route))
        pt_buf_puts (&text, "Hello");
    else
        s_example (&example, route);
    pt_buf_put (&text, "", 1);
    gw_doc_object (doc, "body");
    gw_doc_text (doc, "mode", "raw");
    gw_doc_text (doc, "raw", pt_buf_error (&text) == 0 ? text.at : "");
    gw_doc_end (doc);
    if (pt_buf_error (&text) != 0 && doc->out->error == 0)
        doc->out->error = pt_buf_error (&text);
    pt_buf_fini (&text);
}

static void s_query (gw_doc_t *doc, const gw_route_t *route)
{
    pt_msg_t type;
    bool is_always;
    const gw_shape_t *at = route->spec ? route->spec->query : NULL;
    gw_doc_list (doc, "query");
    if (route->method == GW_GET && gw_openapi_request (route, &type)) {
        const pt_desc_t *desc = pt_desc (type);
        for (unsigned i = 0; i < desc->field_count; i++) {
            const pt_field_t *field = &desc->fields[i];
            if ((field->flags & PT_INNER) == 0 && !gw_schema_has_var (route->path, field->name))
                s_pair (doc, field->name, s_example_of (field->name, &is_always), field->doc,
                        field->type != PT_T_STR || !s_is_wanted (field));
        }
    }
    for (; at && at->name; at++)
        s_pair (doc, at->name, s_example_of (at->name, &is_always), at->doc, (at->flags & GW_SHAPE_OPTIONAL) != 0);
    gw_doc_end (doc);
}

/*  The segments of the path; what a variable is worth stands behind the segment before it. */
static void s_segments (gw_doc_t *doc, const char *path)
{
    gw_doc_list (doc, "path");
    while (*path == '/') {
        size_t len = strcspn (++path, "/");
        const char *name = path + 1;
        const char *colon = memchr (path, ':', len);
        if (*path == '{')
            gw_doc_printf (doc, NULL, ":%.*s", (int)(path + len - 1 - (colon ? colon + 1 : name)),
                           colon ? colon + 1 : name);
        else
            gw_doc_printf (doc, NULL, "%.*s", (int)len, path);
        path += len;
    }
    gw_doc_end (doc);
}

static void s_variables (gw_doc_t *doc, const char *path)
{
    const char *at = path;
    gw_schema_var_t var;
    gw_doc_list (doc, "variable");
    while (gw_schema_next_var (&at, &var)) {
        char value[GW_OPENAPI_NAME];
        const char *open = strchr (path, '{'), *from = open - 1;
        while (from > path && from[-1] != '/')
            from--;
        snprintf (value, sizeof value, "{{%.*s_id}}", (int)(open - 1 - from), from);
        s_pair (doc, var.name, value, NULL, false);
        path = at;
    }
    gw_doc_end (doc);
}

static void s_url (gw_doc_t *doc, const gw_route_t *route)
{
    gw_doc_object (doc, "url");
    gw_doc_list (doc, "host");
    gw_doc_text (doc, NULL, (route->flags & GW_INTERNAL) != 0 ? "{{internal}}" : "{{base}}");
    gw_doc_end (doc);
    s_segments (doc, route->path);
    s_query (doc, route);
    s_variables (doc, route->path);
    gw_doc_end (doc);
}

/*  What leads on is judged itself, not what it leads to. */
static void s_follow_not (gw_doc_t *doc, const gw_route_t *route)
{
    if (route->status / 100 != 3)
        return;
    gw_doc_object (doc, "protocolProfileBehavior");
    gw_doc_bool (doc, "followRedirects", false);
    gw_doc_end (doc);
}

static void s_call (gw_doc_t *doc, const gw_route_t *route)
{
    gw_doc_object (doc, NULL);
    gw_doc_printf (doc, "name", "%s %s", gw_method_name (route->method), route->path);
    s_check (doc, route);
    s_follow_not (doc, route);
    gw_doc_object (doc, "request");
    gw_doc_text (doc, "method", gw_method_name (route->method));
    gw_doc_text (doc, "description", route->doc);
    if ((route->flags & GW_OPEN) != 0) {
        gw_doc_object (doc, "auth");
        gw_doc_text (doc, "type", "noauth");
        gw_doc_end (doc);
    }
    s_header (doc, route);
    s_body (doc, route);
    s_url (doc, route);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

/* ---- the order ---------------------------------------------------------------------------------- */

/*  0: what the others need; 1: most; 2: what takes away; 3: what signs out, 4: and what
    would then in a dialect's words. */
static int s_turn (const gw_route_t *route)
{
    static const uint16_t needed[] = {PT_OP_auth_account_create, PT_OP_auth_session_create, PT_OP_drive_upload_create};
    bool is_native = strncmp (route->path, "/v1/", 4) == 0;
    for (size_t i = 0; is_native && route->method == GW_POST && i < sizeof needed / sizeof *needed; i++)
        if (route->opcode == needed[i])
            return 0;
    if (route->opcode == PT_OP_auth_session_delete || route->opcode == PT_OP_auth_account_delete)
        return is_native ? 3 : 4;
    return route->method == GW_DELETE || route->opcode == PT_OP_chat_room_leave ? 2 : 1;
}

static bool s_is_in (const gw_route_t *route, int turn, const char *tag)
{
    char own[GW_OPENAPI_NAME];
    gw_openapi_tag (route, own);
    return s_turn (route) == turn && (!tag || strcmp (own, tag) == 0);
}

static void s_folder (gw_doc_t *doc, const char *name)
{
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "name", name);
    gw_doc_list (doc, "item");
}

static void s_end_folder (gw_doc_t *doc)
{
    gw_doc_end (doc);
    gw_doc_end (doc);
}

static void s_put_group (gw_doc_t *doc, size_t first)
{
    const gw_route_t *route;
    char tag[GW_OPENAPI_NAME];
    gw_openapi_tag (gw_route_at (first), tag);
    for (size_t i = 0; i < first; i++)
        if (s_is_in (gw_route_at (i), 1, tag))
            return;
    s_folder (doc, tag);
    for (size_t i = first; (route = gw_route_at (i)); i++)
        if (s_is_in (route, 1, tag))
            s_call (doc, route);
    s_end_folder (doc);
}

/*  From the last to the first: what was made later goes earlier. */
static void s_put_back (gw_doc_t *doc, const char *name, int turn, size_t count)
{
    s_folder (doc, name);
    for (size_t i = count; i > 0; i--)
        if (s_turn (gw_route_at (i - 1)) == turn)
            s_call (doc, gw_route_at (i - 1));
    s_end_folder (doc);
}

static void s_calls (gw_doc_t *doc)
{
    const gw_route_t *route;
    size_t count = 0;
    gw_doc_list (doc, "item");
    s_folder (doc, "begin");
    for (; (route = gw_route_at (count)); count++)
        if (s_turn (route) == 0)
            s_call (doc, route);
    s_end_folder (doc);
    for (size_t i = 0; i < count; i++)
        if (s_turn (gw_route_at (i)) == 1)
            s_put_group (doc, i);
    s_put_back (doc, "take away", 2, count);
    s_put_back (doc, "sign out", 3, count);
    s_put_back (doc, "sign out in a dialect", 4, count);
    gw_doc_end (doc);
}

static void s_info (gw_doc_t *doc)
{
    gw_doc_object (doc, "info");
    gw_doc_text (doc, "name", "Parley");
    gw_doc_text (doc, "version", SV_VERSION);
    gw_doc_text (doc, "description", "Every call, with examples. Run in order, it registers an account of its own.");
    gw_doc_text (doc, "schema", "https://schema.getpostman.com/json/collection/v2.1.0/collection.json");
    gw_doc_end (doc);
}

static void s_credentials (gw_doc_t *doc)
{
    gw_doc_object (doc, "auth");
    gw_doc_text (doc, "type", "bearer");
    gw_doc_list (doc, "bearer");
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "key", "token");
    gw_doc_text (doc, "value", "{{access}}");
    gw_doc_text (doc, "type", "string");
    gw_doc_end (doc);
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_postman_write (gw_doc_t *doc)
{
    gw_doc_object (doc, NULL);
    s_info (doc);
    s_credentials (doc);
    gw_doc_list (doc, "event");
    s_script (doc, "prerequest", s_before);
    s_script (doc, "test", s_after);
    gw_doc_end (doc);
    gw_doc_list (doc, "variable");
    s_pair (doc, "base", "http://127.0.0.1:8000", NULL, false);
    s_pair (doc, "internal", "http://127.0.0.1:8100", NULL, false);
    s_pair (doc, "login", "", NULL, false);
    s_pair (doc, "password", "a long enough example 1", NULL, false);
    gw_doc_end (doc);
    s_calls (doc);
    gw_doc_end (doc);
}
