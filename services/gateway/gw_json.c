/*  gw_json - JSON of clients to messages of the schema, and back.

    Reading goes through jansson, once per request; writing, which answers and
    history pages make hot, goes straight into the buffer. */

#include "gw_json.h"
#include "gw_text.h"
#include "gw_time.h"
#include "pt_codec.h"
#include "pt_limits.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- members by descriptor ------------------------------------------------ */

typedef struct {
    const void *at;
    uint32_t count;
} list_t;

static void s_store (const pt_field_t *field, void *msg, const void *value, size_t size)
{
    memcpy ((char *)msg + field->offset, value, size);
    *((bool *)msg + field->has_offset) = true;
}

static void s_load (const pt_field_t *field, const void *msg, void *out, size_t size)
{
    memcpy (out, (const char *)msg + field->offset, size);
}

static bool s_has (const pt_field_t *field, const void *msg)
{
    return *((const bool *)msg + field->has_offset);
}

void gw_json_set_u64 (const pt_field_t *field, void *msg, uint64_t value)
{
    s_store (field, msg, &value, sizeof value);
}

void gw_json_set_str (const pt_field_t *field, void *msg, pt_str_t value)
{
    s_store (field, msg, &value, sizeof value);
}

/* ---- reading -------------------------------------------------------------- */

/*  Where a value sits; a list on the C stack, innermost first. */
typedef struct path {
    const struct path *up;
    const char *name; /* NULL: an element of a list */
    size_t index;
} path_t;

typedef struct {
    pt_arena_t *arena;
    pt_error_t error;
    int status; /* 0, -PT_E_invalid or -PT_E_memory */
} reader_t;

static size_t s_path_text (const path_t *path, char *out, size_t size)
{
    size_t at = path->up ? s_path_text (path->up, out, size) : 0;
    const char *dot = at > 0 ? "." : "";
    int more = path->name ? snprintf (out + at, size - at, "%s%s", dot, path->name)
                          : snprintf (out + at, size - at, "%s%zu", dot, path->index);
    at += more > 0 ? (size_t)more : 0;
    return at < size ? at : size - 1;
}

/*  Names a client sent may hold anything; only what can stand in a field name
    is repeated to it. */
static void s_fault (reader_t *self, const path_t *path, const char *code)
{
    char text[128 + 1];
    size_t len = s_path_text (path, text, sizeof text);
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            text[i] = '?';
    pt_error_add (&self->error, self->arena, text, code, NULL);
    self->status = -PT_E_invalid;
}

static bool s_digits (const char *text, size_t len, uint64_t *out_value)
{
    uint64_t value = 0;
    if (len == 0 || len > 19)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out_value = value;
    return true;
}

static bool s_number (const json_t *json, uint64_t *out_value)
{
    if (json_is_string (json))
        return s_digits (json_string_value (json), json_string_length (json), out_value);
    if (!json_is_integer (json) || json_integer_value (json) < 0)
        return false;
    *out_value = (uint64_t)json_integer_value (json);
    return true;
}

static void *s_alloc (reader_t *self, size_t size)
{
    void *memory = pt_arena_alloc (self->arena, size > 0 ? size : 1);
    if (!memory)
        self->status = -PT_E_memory;
    return memory;
}

static void s_read_object (reader_t *self, pt_msg_t type, const json_t *json, const path_t *up, void *msg);

static bool s_read_str (reader_t *self, const pt_field_t *field, const json_t *json, void *msg)
{
    if (!json_is_string (json))
        return false;
    size_t len = json_string_length (json);
    char *copy = pt_arena_copy (self->arena, json_string_value (json), len);
    if (!copy)
        self->status = -PT_E_memory;
    else
        gw_json_set_str (field, msg, (pt_str_t){copy, (uint32_t)len});
    return true;
}

static bool s_read_time (const pt_field_t *field, const json_t *json, void *msg)
{
    int64_t us;
    if (!json_is_string (json) || !gw_time_parse (json_string_value (json), json_string_length (json), &us))
        return false;
    s_store (field, msg, &us, sizeof us);
    return true;
}

static bool s_read_ids (reader_t *self, const pt_field_t *field, const json_t *json, const path_t *path, void *msg)
{
    if (!json_is_array (json))
        return false;
    size_t count = json_array_size (json);
    if (count > field->max) {
        s_fault (self, path, "too_long");
        return true;
    }
    uint64_t *ids = s_alloc (self, count * sizeof *ids);
    for (size_t i = 0; ids && i < count; i++)
        if (!s_number (json_array_get (json, i), &ids[i])) {
            const path_t element = {path, NULL, i};
            s_fault (self, &element, "type");
        }
    const pt_ids_t value = {ids, (uint32_t)count};
    if (ids)
        s_store (field, msg, &value, sizeof value);
    return true;
}

static bool s_read_nested (reader_t *self, const pt_field_t *field, const json_t *json, const path_t *path, void *msg)
{
    if (!json_is_object (json))
        return false;
    void *nested = s_alloc (self, pt_desc ((pt_msg_t)field->elem)->size);
    if (!nested)
        return true;
    s_read_object (self, (pt_msg_t)field->elem, json, path, nested);
    s_store (field, msg, &nested, sizeof nested);
    return true;
}

static bool s_read_list (reader_t *self, const pt_field_t *field, const json_t *json, const path_t *path, void *msg)
{
    if (!json_is_array (json))
        return false;
    size_t count = json_array_size (json), size = pt_desc ((pt_msg_t)field->elem)->size;
    if (count > field->max) {
        s_fault (self, path, "too_long");
        return true;
    }
    char *elements = s_alloc (self, count * size);
    for (size_t i = 0; elements && i < count; i++) {
        const path_t element = {path, NULL, i};
        const json_t *value = json_array_get (json, i);
        if (json_is_object (value))
            s_read_object (self, (pt_msg_t)field->elem, value, &element, elements + i * size);
        else
            s_fault (self, &element, "type");
    }
    const list_t list = {elements, (uint32_t)count};
    if (elements)
        s_store (field, msg, &list, sizeof list);
    return true;
}

/*  Writes the member; false when the value is of another type. */
static bool s_read_value (reader_t *self, const pt_field_t *field, const json_t *json, const path_t *path, void *msg)
{
    uint64_t number;
    unsigned named;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
        if (!s_number (json, &number))
            return false;
        gw_json_set_u64 (field, msg, number);
        return true;
    case PT_T_TIME:
        return s_read_time (field, json, msg);
    case PT_T_BOOL:
        if (!json_is_boolean (json))
            return false;
        s_store (field, msg, &(bool){json_is_true (json)}, sizeof (bool));
        return true;
    case PT_T_STR:
        return s_read_str (self, field, json, msg);
    case PT_T_IDS:
        return s_read_ids (self, field, json, path, msg);
    case PT_T_NAMED:
        if (!json_is_string (json))
            return false;
        named = pt_enum_value ((pt_enum_t)field->elem, json_string_value (json), json_string_length (json));
        if (named == 0)
            s_fault (self, path, "not_one_of");
        else
            s_store (field, msg, &named, sizeof named);
        return true;
    case PT_T_OBJ:
        return s_read_nested (self, field, json, path, msg);
    case PT_T_LIST:
        return s_read_list (self, field, json, path, msg);
    case PT_T_BIN:
        break;
    }
    return false;
}

static void s_read_object (reader_t *self, pt_msg_t type, const json_t *json, const path_t *up, void *msg)
{
    const pt_desc_t *desc = pt_desc (type);
    const char *name;
    json_t *value;
    /*  jansson iterates through non-const pointers only; nothing is changed. */
    union {
        const json_t *in;
        json_t *out;
    } object = {.in = json};
    json_object_foreach (object.out, name, value)
    {
        const path_t path = {up, name, 0};
        const pt_field_t *field = pt_desc_field (desc, name, strlen (name));
        if (!field || (field->flags & PT_INNER) != 0)
            s_fault (self, &path, "unknown");
        else if (!json_is_null (value) && !s_read_value (self, field, value, &path, msg))
            s_fault (self, &path, "type");
        if (self->status == -PT_E_memory)
            return;
    }
}

/*  Depth of the brackets outside strings; jansson's own limit is far above. */
static bool s_too_deep (const char *text, size_t len)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > LIM_JSON_DEPTH)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static int s_malformed (pt_arena_t *arena, const char *detail, int line, pt_error_t *out_error)
{
    const char *text = line > 0 ? pt_arena_printf (arena, "%s (line %d)", detail, line) : detail;
    if (text) {
        out_error->detail = pt_str (text);
        out_error->has_detail = true;
    }
    return -PT_E_malformed;
}

/*  jansson's texts quote the input; only what they say of the kind is kept. */
static const char *s_json_reason (enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8:
        return "the body is not UTF-8";
    case json_error_premature_end_of_input:
        return "the JSON ends too early";
    case json_error_end_of_input_expected:
        return "something follows the JSON";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "U+0000 can't be used";
    case json_error_duplicate_key:
        return "a member is there twice";
    case json_error_numeric_overflow:
        return "a number is too large";
    default:
        return "the body is not JSON";
    }
}

int gw_json_read (pt_msg_t type, const char *text, size_t len, pt_arena_t *arena, void *msg, pt_error_t *out_error)
{
    reader_t self = {.arena = arena};
    json_error_t fault;
    *out_error = (pt_error_t){0};
    if (s_too_deep (text, len))
        return s_malformed (arena, "the JSON is nested too deep", 0, out_error);
    json_t *json = json_loadb (text, len, JSON_REJECT_DUPLICATES, &fault);
    if (!json)
        return s_malformed (arena, s_json_reason (json_error_code (&fault)), fault.line, out_error);
    if (!json_is_object (json)) {
        json_decref (json);
        return s_malformed (arena, "the body must be a JSON object", 0, out_error);
    }
    s_read_object (&self, type, json, NULL, msg);
    json_decref (json);
    *out_error = self.error;
    return self.status;
}

/* ---- text of paths and queries --------------------------------------------- */

static int s_text_ids (const pt_field_t *field, const char *text, size_t len, pt_arena_t *arena, void *msg)
{
    size_t count = 1;
    for (size_t i = 0; i < len; i++)
        count += text[i] == ',';
    if (count > field->max)
        return -PT_E_too_large;
    uint64_t *ids = pt_arena_alloc (arena, count * sizeof *ids);
    if (!ids)
        return -PT_E_memory;
    const char *at = text, *end = text + len;
    for (size_t i = 0; i < count; i++) {
        const char *comma = memchr (at, ',', (size_t)(end - at));
        size_t piece = (size_t)((comma ? comma : end) - at);
        if (!s_digits (at, piece, &ids[i]))
            return -PT_E_invalid;
        at += piece + 1;
    }
    const pt_ids_t value = {ids, (uint32_t)count};
    s_store (field, msg, &value, sizeof value);
    return 0;
}

static bool s_text_is (const char *text, size_t len, const char *word)
{
    return len == strlen (word) && memcmp (text, word, len) == 0;
}

static int s_text_bool (const pt_field_t *field, const char *text, size_t len, void *msg)
{
    bool value = s_text_is (text, len, "true") || s_text_is (text, len, "1");
    if (!value && !s_text_is (text, len, "false") && !s_text_is (text, len, "0"))
        return -PT_E_invalid;
    s_store (field, msg, &value, sizeof value);
    return 0;
}

static int s_text_value (const pt_field_t *field, const char *text, size_t len, pt_arena_t *arena, void *msg)
{
    uint64_t number;
    unsigned named;
    const char *copy;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
        if (!s_digits (text, len, &number))
            return -PT_E_invalid;
        gw_json_set_u64 (field, msg, number);
        return 0;
    case PT_T_BOOL:
        return s_text_bool (field, text, len, msg);
    case PT_T_STR:
        copy = pt_arena_copy (arena, text, len);
        if (!copy)
            return -PT_E_memory;
        gw_json_set_str (field, msg, (pt_str_t){copy, (uint32_t)len});
        return 0;
    case PT_T_NAMED:
        named = pt_enum_value ((pt_enum_t)field->elem, text, len);
        if (named == 0)
            return -PT_E_not_found;
        s_store (field, msg, &named, sizeof named);
        return 0;
    case PT_T_IDS:
        return s_text_ids (field, text, len, arena, msg);
    default:
        return -PT_E_invalid;
    }
}

int gw_json_set_text (const pt_field_t *field, const char *text, size_t len, pt_arena_t *arena, void *msg,
                      pt_error_t *out_error)
{
    int err = s_text_value (field, text, len, arena, msg);
    if (err == 0 || err == -PT_E_memory)
        return err;
    pt_error_add (out_error, arena, field->name,
                  err == -PT_E_too_large   ? "too_long"
                  : err == -PT_E_not_found ? "not_one_of"
                                           : "type",
                  NULL);
    return -PT_E_invalid;
}

/* ---- writing ---------------------------------------------------------------- */

static void s_write_list (pt_buf_t *out, const pt_field_t *field, const void *msg)
{
    list_t list;
    s_load (field, msg, &list, sizeof list);
    size_t size = pt_desc ((pt_msg_t)field->elem)->size;
    pt_buf_put (out, "[", 1);
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0)
            pt_buf_put (out, ",", 1);
        gw_json_write (out, (pt_msg_t)field->elem, (const char *)list.at + i * size);
    }
    pt_buf_put (out, "]", 1);
}

static void s_write_ids (pt_buf_t *out, const pt_field_t *field, const void *msg)
{
    pt_ids_t ids;
    s_load (field, msg, &ids, sizeof ids);
    pt_buf_put (out, "[", 1);
    for (uint32_t i = 0; i < ids.count; i++) {
        if (i > 0)
            pt_buf_put (out, ",", 1);
        gw_text_id (out, ids.at[i]);
    }
    pt_buf_put (out, "]", 1);
}

static void s_write_value (pt_buf_t *out, const pt_field_t *field, const void *msg)
{
    union {
        uint64_t u64;
        int64_t time;
        bool flag;
        unsigned named;
        pt_str_t str;
        const void *obj;
    } value;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
        s_load (field, msg, &value.u64, sizeof value.u64);
        gw_text_id (out, value.u64);
        break;
    case PT_T_U64:
        s_load (field, msg, &value.u64, sizeof value.u64);
        gw_text_u64 (out, value.u64);
        break;
    case PT_T_TIME:
        s_load (field, msg, &value.time, sizeof value.time);
        gw_text_time (out, value.time);
        break;
    case PT_T_BOOL:
        s_load (field, msg, &value.flag, sizeof value.flag);
        pt_buf_puts (out, value.flag ? "true" : "false");
        break;
    case PT_T_STR:
        s_load (field, msg, &value.str, sizeof value.str);
        gw_text_str (out, value.str.at, value.str.len);
        break;
    case PT_T_NAMED:
        s_load (field, msg, &value.named, sizeof value.named);
        pt_buf_printf (out, "\"%s\"", pt_enum_text ((pt_enum_t)field->elem, value.named));
        break;
    case PT_T_IDS:
        s_write_ids (out, field, msg);
        break;
    case PT_T_OBJ:
        s_load (field, msg, &value.obj, sizeof value.obj);
        gw_json_write (out, (pt_msg_t)field->elem, value.obj);
        break;
    case PT_T_LIST:
        s_write_list (out, field, msg);
        break;
    case PT_T_BIN: /* digests and keys: none of them is shown to clients */
        pt_buf_puts (out, "null");
        break;
    }
}

static bool s_is_next (const pt_field_t *field)
{
    return field->type == PT_T_STR && strcmp (field->name, "next") == 0;
}

void gw_json_write (pt_buf_t *out, pt_msg_t type, const void *msg)
{
    const pt_desc_t *desc = pt_desc (type);
    char before = '{';
    for (unsigned i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        bool has = (field->flags & PT_REQUIRED) != 0 || s_has (field, msg);
        if ((field->flags & PT_INNER) != 0 || (!has && !s_is_next (field)))
            continue;
        char *at = pt_buf_reserve (out, field->name_len + 4u);
        if (!at)
            return;
        *at++ = before;
        *at++ = '"';
        memcpy (at, field->name, field->name_len);
        at[field->name_len] = '"';
        at[field->name_len + 1] = ':';
        out->len += field->name_len + 4u;
        before = ',';
        if (has)
            s_write_value (out, field, msg);
        else
            pt_buf_puts (out, "null");
    }
    pt_buf_puts (out, before == '{' ? "{}" : "}");
}
