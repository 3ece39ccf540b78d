/*  gw_schema - messages, fields and shapes as JSON Schema. */

#include "gw_schema.h"
#include <stdio.h>
#include <string.h>

/* ---- paths --------------------------------------------------------------------------- */

bool gw_schema_next_var (const char **at, gw_schema_var_t *out)
{
    const char *open = strchr (*at, '{'), *close = open ? strchr (open, '}') : NULL;
    if (!close)
        return false;
    const char *colon = memchr (open, ':', (size_t)(close - open)), *name = colon ? colon + 1 : open + 1;
    snprintf (out->name, sizeof out->name, "%.*s", (int)(close - name), name);
    snprintf (out->kind, sizeof out->kind, "%.*s", colon ? (int)(colon - open - 1) : 0, open + 1);
    *at = close + 1;
    return true;
}

bool gw_schema_has_var (const char *path, const char *name)
{
    gw_schema_var_t var;
    while (path && gw_schema_next_var (&path, &var))
        if (strcmp (var.name, name) == 0)
            return true;
    return false;
}

bool gw_schema_meets_path (pt_msg_t type, const char *path)
{
    const pt_desc_t *desc = pt_desc (type);
    for (unsigned i = 0; i < desc->field_count; i++)
        if ((desc->fields[i].flags & PT_INNER) == 0 && gw_schema_has_var (path, desc->fields[i].name))
            return true;
    return false;
}

/* ---- what is used ---------------------------------------------------------------------- */

void gw_schema_use (gw_schema_uses_t *self, pt_msg_t type)
{
    const pt_desc_t *desc = pt_desc (type);
    if (self->has[type])
        return;
    self->has[type] = true;
    for (unsigned i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        if ((field->flags & PT_INNER) == 0 && (field->type == PT_T_OBJ || field->type == PT_T_LIST))
            gw_schema_use (self, (pt_msg_t)field->elem);
    }
}

void gw_schema_use_shapes (gw_schema_uses_t *self, const gw_shape_t *shapes)
{
    for (; shapes && shapes->name; shapes++) {
        const pt_field_t *field = NULL;
        if (shapes->type == GW_SHAPE_MSG)
            gw_schema_use (self, shapes->msg);
        else if (shapes->type == GW_SHAPE_FIELD)
            field = pt_desc_field (pt_desc (shapes->msg), shapes->name, strlen (shapes->name));
        else if (shapes->type == GW_SHAPE_OBJ)
            gw_schema_use_shapes (self, shapes->of);
        if (field && (field->type == PT_T_OBJ || field->type == PT_T_LIST))
            gw_schema_use (self, (pt_msg_t)field->elem);
    }
}

void gw_schema_components (gw_doc_t *doc, const gw_schema_uses_t *uses)
{
    for (unsigned type = 0; type < PT_MSG_COUNT; type++)
        if (uses->has[type])
            gw_schema_message (doc, pt_desc ((pt_msg_t)type)->name, (pt_msg_t)type, NULL);
}

/* ---- fields ------------------------------------------------------------------------------ */

/*  `null` where a page is the last one: always there, see gw_json.h. */
static bool s_is_next (const pt_field_t *field)
{
    return field->type == PT_T_STR && strcmp (field->name, "next") == 0;
}

static void s_type (gw_doc_t *doc, const char *type, bool may_be_null)
{
    if (!may_be_null) {
        gw_doc_text (doc, "type", type);
        return;
    }
    gw_doc_list (doc, "type");
    gw_doc_text (doc, NULL, type);
    gw_doc_text (doc, NULL, "null");
    gw_doc_end (doc);
}

static void s_id (gw_doc_t *doc)
{
    gw_doc_text (doc, "type", "string");
    gw_doc_text (doc, "pattern", "^[0-9]{1,19}$");
}

/*  A character takes four bytes at most; where there is but one length all have one. */
static void s_text_bounds (gw_doc_t *doc, const pt_field_t *field)
{
    uint64_t least = field->min == field->max ? field->min : (field->min + 3) / 4;
    if (least > 0)
        gw_doc_number (doc, "minLength", least);
    gw_doc_number (doc, "maxLength", field->max);
    if ((field->flags & PT_SECRET) != 0)
        gw_doc_text (doc, "format", "password");
    else if (strcmp (field->name, "uuid") == 0)
        gw_doc_text (doc, "format", "uuid");
    else if (strcmp (field->name, "email") == 0)
        gw_doc_text (doc, "format", "email");
}

static void s_enum (gw_doc_t *doc, pt_enum_t type)
{
    const char *text;
    gw_doc_text (doc, "type", "string");
    gw_doc_list (doc, "enum");
    for (size_t i = 0; (text = pt_enum_at (type, i)); i++)
        gw_doc_text (doc, NULL, text);
    gw_doc_end (doc);
}

static void s_list_bounds (gw_doc_t *doc, const pt_field_t *field)
{
    gw_doc_text (doc, "type", "array");
    if (field->min > 0)
        gw_doc_number (doc, "minItems", field->min);
    gw_doc_number (doc, "maxItems", field->max);
}

static void s_point (gw_doc_t *doc, pt_msg_t type)
{
    gw_doc_printf (doc, "$ref", GW_SCHEMA_AT "%s", pt_desc (type)->name);
}

/*  Into the object that is open. */
static void s_field (gw_doc_t *doc, const pt_field_t *field)
{
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
        s_id (doc);
        break;
    case PT_T_U64:
        gw_doc_text (doc, "type", "integer");
        gw_doc_number (doc, "minimum", field->min);
        gw_doc_number (doc, "maximum", field->max);
        break;
    case PT_T_TIME:
        gw_doc_text (doc, "type", "string");
        gw_doc_text (doc, "format", "date-time");
        break;
    case PT_T_BOOL:
        gw_doc_text (doc, "type", "boolean");
        break;
    case PT_T_STR:
        s_type (doc, "string", s_is_next (field));
        s_text_bounds (doc, field);
        break;
    case PT_T_IDS:
        s_list_bounds (doc, field);
        gw_doc_object (doc, "items");
        s_id (doc);
        gw_doc_end (doc);
        break;
    case PT_T_NAMED:
        s_enum (doc, (pt_enum_t)field->elem);
        break;
    case PT_T_OBJ:
        s_point (doc, (pt_msg_t)field->elem);
        break;
    case PT_T_LIST:
        s_list_bounds (doc, field);
        gw_schema_ref (doc, "items", (pt_msg_t)field->elem);
        break;
    case PT_T_BIN: /* see gw_json_write */
        gw_doc_text (doc, "type", "null");
        break;
    }
}

void gw_schema_field (gw_doc_t *doc, const char *key, const pt_field_t *field)
{
    gw_doc_object (doc, key);
    s_field (doc, field);
    gw_doc_text (doc, "description", field->doc);
    gw_doc_end (doc);
}

/* ---- messages ------------------------------------------------------------------------------ */

void gw_schema_ref (gw_doc_t *doc, const char *key, pt_msg_t type)
{
    gw_doc_object (doc, key);
    s_point (doc, type);
    gw_doc_end (doc);
}

static bool s_is_shown (const pt_field_t *field, const char *path)
{
    return (field->flags & PT_INNER) == 0 && !gw_schema_has_var (path, field->name);
}

static void s_required (gw_doc_t *doc, const pt_desc_t *desc, const char *path)
{
    bool is_open = false;
    for (unsigned i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        if (!s_is_shown (field, path) || ((field->flags & PT_REQUIRED) == 0 && !s_is_next (field)))
            continue;
        if (!is_open)
            gw_doc_list (doc, "required");
        is_open = true;
        gw_doc_text (doc, NULL, field->name);
    }
    if (is_open)
        gw_doc_end (doc);
}

void gw_schema_message (gw_doc_t *doc, const char *key, pt_msg_t type, const char *path)
{
    const pt_desc_t *desc = pt_desc (type);
    gw_doc_object (doc, key);
    gw_doc_text (doc, "type", "object");
    gw_doc_text (doc, "description", desc->doc);
    gw_doc_object (doc, "properties");
    for (unsigned i = 0; i < desc->field_count; i++)
        if (s_is_shown (&desc->fields[i], path))
            gw_schema_field (doc, desc->fields[i].name, &desc->fields[i]);
    gw_doc_end (doc);
    s_required (doc, desc, path);
    gw_doc_end (doc);
}

/* ---- shapes --------------------------------------------------------------------------------- */

bool gw_schema_is_value (const gw_shape_t *shapes)
{
    return shapes->name && shapes->name[0] == '\0';
}

/*  Those that are a type and a format. */
static const struct {
    const char *type, *format;
} s_simple[GW_SHAPE_TYPES] = {
    [GW_SHAPE_TEXT] = {"string", NULL},      [GW_SHAPE_SECRET] = {"string", "password"},
    [GW_SHAPE_EMAIL] = {"string", "email"},  [GW_SHAPE_URL] = {"string", "uri-reference"},
    [GW_SHAPE_UUID] = {"string", "uuid"},    [GW_SHAPE_TIME] = {"string", "date-time"},
    [GW_SHAPE_STAMP] = {"string", NULL},     [GW_SHAPE_ID] = {"string", NULL},
    [GW_SHAPE_INT] = {"integer", NULL},      [GW_SHAPE_BOOL] = {"boolean", NULL},
    [GW_SHAPE_BYTES] = {"string", "binary"},
};

static void s_simple_shape (gw_doc_t *doc, const gw_shape_t *shape, bool may_be_null)
{
    s_type (doc, s_simple[shape->type].type, may_be_null);
    if (s_simple[shape->type].format)
        gw_doc_text (doc, "format", s_simple[shape->type].format);
    if (shape->type == GW_SHAPE_ID)
        gw_doc_text (doc, "pattern", "^[0-9]{1,19}$");
    if (shape->type == GW_SHAPE_INT)
        gw_doc_number (doc, "minimum", 0);
    if (!shape->one_of)
        return;
    gw_doc_list (doc, "enum");
    for (const char *const *value = shape->one_of; *value; value++)
        gw_doc_text (doc, NULL, *value);
    gw_doc_end (doc);
}

static void s_members (gw_doc_t *doc, const gw_shape_t *shapes)
{
    bool is_open = false;
    gw_doc_text (doc, "type", "object");
    gw_doc_object (doc, "properties");
    for (const gw_shape_t *at = shapes; at->name; at++)
        gw_schema_shape (doc, at->name, at);
    gw_doc_end (doc);
    for (const gw_shape_t *at = shapes; at->name; at++) {
        if ((at->flags & GW_SHAPE_OPTIONAL) != 0)
            continue;
        if (!is_open)
            gw_doc_list (doc, "required");
        is_open = true;
        gw_doc_text (doc, NULL, at->name);
    }
    if (is_open)
        gw_doc_end (doc);
}

/*  What it is apart from its flags, into the object that is open. */
static void s_bare (gw_doc_t *doc, const gw_shape_t *shape, bool may_be_null)
{
    const pt_field_t *field = NULL;
    if (shape->type == GW_SHAPE_FIELD)
        field = pt_desc_field (pt_desc (shape->msg), shape->name, strlen (shape->name));
    if (field)
        s_field (doc, field);
    else if (shape->type == GW_SHAPE_MSG)
        s_point (doc, shape->msg);
    else if (shape->type == GW_SHAPE_OBJ)
        s_members (doc, shape->of);
    else if (s_simple[shape->type].type)
        s_simple_shape (doc, shape, may_be_null);
}

static void s_or_null (gw_doc_t *doc, const gw_shape_t *shape)
{
    gw_doc_list (doc, "anyOf");
    gw_doc_object (doc, NULL);
    s_bare (doc, shape, false);
    gw_doc_end (doc);
    gw_doc_object (doc, NULL);
    gw_doc_text (doc, "type", "null");
    gw_doc_end (doc);
    gw_doc_end (doc);
}

void gw_schema_shape (gw_doc_t *doc, const char *key, const gw_shape_t *shape)
{
    bool may_be_null = (shape->flags & GW_SHAPE_NULL) != 0;
    bool is_many = (shape->flags & (GW_SHAPE_LIST | GW_SHAPE_MAP)) != 0;
    gw_doc_object (doc, key);
    if (is_many) {
        bool is_list = (shape->flags & GW_SHAPE_LIST) != 0;
        s_type (doc, is_list ? "array" : "object", may_be_null);
        gw_doc_object (doc, is_list ? "items" : "additionalProperties");
        s_bare (doc, shape, false);
        gw_doc_end (doc);
    } else if (may_be_null && !s_simple[shape->type].type)
        s_or_null (doc, shape);
    else
        s_bare (doc, shape, may_be_null);
    if (shape->doc)
        gw_doc_text (doc, "description", shape->doc);
    gw_doc_end (doc);
}

void gw_schema_shapes (gw_doc_t *doc, const char *key, const gw_shape_t *shapes)
{
    if (gw_schema_is_value (shapes) && !shapes[1].name) {
        gw_schema_shape (doc, key, shapes);
        return;
    }
    gw_doc_object (doc, key);
    if (gw_schema_is_value (shapes)) {
        gw_doc_list (doc, "anyOf");
        for (; shapes->name; shapes++)
            gw_schema_shape (doc, NULL, shapes);
        gw_doc_end (doc);
    } else
        s_members (doc, shapes);
    gw_doc_end (doc);
}
