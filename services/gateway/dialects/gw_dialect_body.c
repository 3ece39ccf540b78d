/*  gw_dialect_body - the body of a request to a dialect as fields; pure. */

#include "gw_dialect_body.h"
#include "gw_header.h"
#include "gw_parse.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char s_too_many[] = "Too many fields.";

gw_media_t gw_dialect_body_media (const char *type)
{
    size_t len = type ? strlen (type) : 0;
    if (gw_header_is_json (type, len))
        return GW_MEDIA_JSON;
    if (gw_header_is_media (type, len, "application/x-www-form-urlencoded"))
        return GW_MEDIA_FORM;
    return gw_header_is_media (type, len, "multipart/form-data") ? GW_MEDIA_MULTIPART : GW_MEDIA_OTHER;
}

const gw_value_t *gw_dialect_body_field (const gw_dialect_body_t *self, const char *name)
{
    for (uint32_t i = self->count; i > 0; i--)
        if (pt_str_eq (self->fields[i - 1].name, pt_str (name)))
            return &self->fields[i - 1];
    return NULL;
}

const char *gw_dialect_body_type (const gw_value_t *value)
{
    static const char *const names[] = {
        [GW_VALUE_TEXT] = "str",      [GW_VALUE_INTEGER] = "int",
        [GW_VALUE_REAL] = "float",    [GW_VALUE_BOOL] = "bool",
        [GW_VALUE_NULL] = "NoneType", [GW_VALUE_LIST] = "list",
        [GW_VALUE_OBJECT] = "dict",   [GW_VALUE_FILE] = "InMemoryUploadedFile",
    };
    return names[value->kind];
}

static gw_value_t *s_add (gw_dialect_body_t *self, pt_str_t name)
{
    if (self->count == GW_DIALECT_FIELDS)
        return NULL;
    gw_value_t *field = &self->fields[self->count++];
    *field = (gw_value_t){.name = name};
    return field;
}

/* ---- JSON ------------------------------------------------------------------------- */

static int s_copy (pt_arena_t *arena, const char *at, size_t len, pt_str_t *out)
{
    const char *copy = pt_arena_copy (arena, at, len);
    *out = (pt_str_t){copy, (uint32_t)len};
    return copy ? 0 : -PT_E_memory;
}

/*  The shortest digits that mean the same number. */
static int s_real (pt_arena_t *arena, double value, pt_str_t *out)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf (text, sizeof text, "%.*g", digits, value);
        if (strtod (text, NULL) == value)
            break;
    }
    return s_copy (arena, text, strlen (text), out);
}

static int s_scalar (pt_arena_t *arena, const json_t *json, gw_value_t *out)
{
    char text[24];
    switch (json_typeof (json)) {
    case JSON_STRING:
        out->kind = GW_VALUE_TEXT;
        return s_copy (arena, json_string_value (json), json_string_length (json), &out->text);
    case JSON_INTEGER:
        out->kind = GW_VALUE_INTEGER;
        snprintf (text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value (json));
        return s_copy (arena, text, strlen (text), &out->text);
    case JSON_REAL:
        out->kind = GW_VALUE_REAL;
        return s_real (arena, json_real_value (json), &out->text);
    case JSON_TRUE:
    case JSON_FALSE:
        out->kind = GW_VALUE_BOOL;
        out->truth = json_is_true (json);
        return 0;
    case JSON_NULL:
        out->kind = GW_VALUE_NULL;
        return 0;
    case JSON_ARRAY:
        out->kind = GW_VALUE_LIST;
        return 0;
    default:
        out->kind = GW_VALUE_OBJECT;
        return 0;
    }
}

/*  A list in a list is only known to be one. */
static int s_value (pt_arena_t *arena, const json_t *json, gw_value_t *out)
{
    int err = s_scalar (arena, json, out);
    size_t count = json_is_array (json) ? json_array_size (json) : 0;
    if (err != 0 || count == 0)
        return err;
    gw_value_t *items = pt_arena_alloc (arena, count * sizeof *items);
    if (!items)
        return -PT_E_memory;
    for (size_t i = 0; i < count && err == 0; i++)
        err = s_scalar (arena, json_array_get (json, i), &items[i]);
    out->items = items;
    out->count = (uint32_t)count;
    return err;
}

static int s_members (gw_dialect_body_t *self, json_t *json, const char **out_detail)
{
    const char *name;
    json_t *value;
    json_object_foreach (json, name, value)
    {
        pt_str_t copy;
        if (s_copy (self->arena, name, strlen (name), &copy) != 0)
            return -PT_E_memory;
        gw_value_t *field = s_add (self, copy);
        if (!field) {
            *out_detail = s_too_many;
            return -PT_E_malformed;
        }
        if (s_value (self->arena, value, field) != 0)
            return -PT_E_memory;
    }
    return 0;
}

static int s_not_object (gw_dialect_body_t *self, const json_t *json, const char *loose_key)
{
    gw_value_t value = {0};
    const char *sentence = "No data provided";
    if (s_scalar (self->arena, json, &value) != 0)
        return -PT_E_memory;
    if (value.kind != GW_VALUE_NULL)
        sentence = pt_arena_printf (self->arena, "Invalid data. Expected a dictionary, but got %s.",
                                    gw_dialect_body_type (&value));
    if (!sentence)
        return -PT_E_memory;
    gw_dialect_faults_add (&self->faults, pt_str (loose_key), pt_str (sentence), false);
    return -PT_E_invalid;
}

/*  jansson's texts quote the input, which may be a password: only the place is told. */
static int s_read_json (gw_dialect_body_t *self, pt_str_t bytes, const char *loose_key, const char **out_detail)
{
    json_error_t fault;
    bool is_short;
    json_t *json = gw_parse (bytes.at, bytes.len, &fault, &is_short);
    if (!json) {
        *out_detail =
            pt_arena_printf (self->arena, "JSON parse error - line %d column %d (char %d)",
                             fault.line < 0 ? 1 : fault.line, fault.column < 0 ? 0 : fault.column, fault.position);
        return is_short || !*out_detail ? -PT_E_memory : -PT_E_malformed;
    }
    int err = json_is_object (json) ? s_members (self, json, out_detail) : s_not_object (self, json, loose_key);
    json_decref (json);
    return err;
}

/* ---- forms ---------------------------------------------------------------------------- */

static int s_hex (char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit ((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

/*  A percent sign that no two hex digits follow stands for itself. */
static int s_unescape (pt_arena_t *arena, const char *at, size_t len, pt_str_t *out)
{
    char *copy = pt_arena_copy (arena, at, len);
    if (!copy)
        return -PT_E_memory;
    uint32_t made = 0;
    for (size_t i = 0; i < len; i++) {
        int high = at[i] == '%' && i + 2 < len ? s_hex (at[i + 1]) : -1;
        int low = high >= 0 ? s_hex (at[i + 2]) : -1;
        copy[made] = at[i] == '+' ? ' ' : at[i];
        if (low >= 0)
            copy[made] = (char)(high << 4 | low);
        made++;
        i += low >= 0 ? 2 : 0;
    }
    copy[made] = '\0';
    *out = (pt_str_t){copy, made};
    return 0;
}

static int s_read_pair (gw_dialect_body_t *self, const char *at, size_t len, const char **out_detail)
{
    const char *equals = memchr (at, '=', len);
    size_t name_len = equals ? (size_t)(equals - at) : len;
    pt_str_t name, value;
    if (s_unescape (self->arena, at, name_len, &name) != 0 ||
        s_unescape (self->arena, equals ? equals + 1 : at, equals ? len - name_len - 1 : 0, &value) != 0)
        return -PT_E_memory;
    gw_value_t *field = s_add (self, name);
    if (!field) {
        *out_detail = s_too_many;
        return -PT_E_malformed;
    }
    field->text = value;
    return 0;
}

static int s_read_form (gw_dialect_body_t *self, pt_str_t bytes, const char **out_detail)
{
    const char *at = bytes.at, *end = bytes.at + bytes.len;
    int err = 0;
    while (at < end && err == 0) {
        const char *pair = memchr (at, '&', (size_t)(end - at));
        size_t len = (size_t)((pair ? pair : end) - at);
        if (len > 0)
            err = s_read_pair (self, at, len, out_detail);
        at += len + 1;
    }
    return err;
}

int gw_dialect_body_part (gw_dialect_body_t *self, const gw_multipart_t *form, gw_value_t **out_field,
                          const char **out_detail)
{
    pt_str_t name;
    if (s_copy (self->arena, form->field, form->field_len, &name) != 0)
        return -PT_E_memory;
    gw_value_t *field = s_add (self, name);
    if (!field) {
        *out_detail = s_too_many;
        return -PT_E_malformed;
    }
    *out_field = field;
    if (!form->is_file)
        return 0;
    field->kind = GW_VALUE_FILE;
    return s_copy (self->arena, form->name, form->name_len, &field->file_name);
}

/*  Content of a part is gathered where it fits for sure: all of a body at once. */
static int s_read_parts (gw_dialect_body_t *self, gw_multipart_t *form, pt_str_t bytes, const char **out_detail)
{
    char *content = pt_arena_alloc (self->arena, bytes.len + 1);
    const char *at = bytes.at, *piece;
    size_t left = bytes.len, len = 0;
    gw_value_t none = {0}, *field = &none; /* content comes behind a part alone */
    int err = content ? 0 : -PT_E_memory;
    while (err == 0) {
        switch (gw_multipart_next (form, &at, &left, &piece, &len)) {
        case GW_MULTIPART_PART:
            err = gw_dialect_body_part (self, form, &field, out_detail);
            field->text = (pt_str_t){content, 0};
            break;
        case GW_MULTIPART_DATA:
            memcpy (content, piece, len);
            content += len;
            field->text.len += (uint32_t)len;
            break;
        case GW_MULTIPART_PART_END:
            break;
        case GW_MULTIPART_END:
            return 0;
        default:
            *out_detail = "Multipart form parse error - the body is not a whole form";
            return -PT_E_malformed;
        }
    }
    return err;
}

static int s_read_multipart (gw_dialect_body_t *self, const char *type, pt_str_t bytes, const char **out_detail)
{
    gw_multipart_t *form = pt_arena_alloc (self->arena, sizeof *form);
    if (!form)
        return -PT_E_memory;
    if (!gw_multipart_init (form, type, strlen (type))) {
        *out_detail = "Multipart form parse error - Invalid boundary in multipart";
        return -PT_E_malformed;
    }
    form->wants_all = true;
    return s_read_parts (self, form, bytes, out_detail);
}

static int s_open (gw_dialect_body_t *self)
{
    self->fields = pt_arena_alloc (self->arena, GW_DIALECT_FIELDS * sizeof *self->fields);
    return self->fields ? 0 : -PT_E_memory;
}

int gw_dialect_body_open (gw_dialect_body_t *self, pt_arena_t *arena)
{
    *self = (gw_dialect_body_t){.arena = arena, .is_form = true};
    return s_open (self);
}

/* ---- all three ---------------------------------------------------------------------------- */

int gw_dialect_body_read (gw_dialect_body_t *self, const char *type, pt_str_t bytes, const char *loose_key,
                          pt_arena_t *arena, const char **out_detail)
{
    gw_media_t media = gw_dialect_body_media (type);
    *self = (gw_dialect_body_t){.arena = arena, .is_form = media != GW_MEDIA_JSON};
    *out_detail = NULL;
    if (bytes.len == 0)
        return 0;
    if (s_open (self) != 0)
        return -PT_E_memory;
    switch (media) {
    case GW_MEDIA_JSON:
        return s_read_json (self, bytes, loose_key, out_detail);
    case GW_MEDIA_FORM:
        return s_read_form (self, bytes, out_detail);
    case GW_MEDIA_MULTIPART:
        return s_read_multipart (self, type, bytes, out_detail);
    default:
        return -PT_E_unsupported_media;
    }
}
