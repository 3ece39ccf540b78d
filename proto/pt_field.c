/*  pt_field - the bounds of one member, and the list of what is wrong.

    Encoder, decoder and validator all ask here, so a value that one of them
    passes is passed by the others. */

#include "pt_field.h"
#include "pt_codec.h"
#include <stdio.h>

/*  Members of every enum are moved as `unsigned`. */
_Static_assert(sizeof (pt_role_t) == sizeof (unsigned), "enums are as wide as unsigned");

enum { S_PATH_LEN = 128 }; /* bound of field_error.field; a longer path is cut */

/*  ---- bounds ------------------------------------------------------------- */

const char *pt_field_fault_len (const pt_field_t *field, uint64_t len)
{
    if (len < field->min)
        return "too_short";
    return len > field->max ? "too_long" : NULL;
}

static const char *s_fault_number (uint64_t value, uint64_t min, uint64_t max)
{
    if (value < min)
        return "too_small";
    return value > max ? "too_large" : NULL;
}

static const char *s_fault_time (const pt_field_t *field, int64_t value)
{
    return value < 0 ? "too_small" : s_fault_number ((uint64_t)value, field->min, field->max);
}

/*  `at` may be NULL only when there is nothing to point at. */
static const char *s_fault_bytes (const pt_field_t *field, pt_str_t value)
{
    const char *code = pt_field_fault_len (field, value.len);
    if (code)
        return code;
    if (!value.at && value.len)
        return "missing";
    if (field->type == PT_T_STR && !pt_utf8_valid (value.at, value.len))
        return "encoding";
    return NULL;
}

static const char *s_fault_ids (const pt_field_t *field, pt_ids_t ids, uint32_t *out_index)
{
    const char *code = pt_field_fault_len (field, ids.count);
    if (code)
        return code;
    if (!ids.at && ids.count)
        return "missing";
    for (uint32_t i = 0; i < ids.count; i++) {
        code = s_fault_number (ids.at[i], 1, LIM_ID);
        if (code) {
            *out_index = i;
            return code;
        }
    }
    return NULL;
}

static const char *s_fault_list (const pt_field_t *field, pt_list_t list)
{
    const char *code = pt_field_fault_len (field, list.count);
    if (code)
        return code;
    return !list.at && list.count ? "missing" : NULL;
}

const char *pt_field_fault (const pt_field_t *field, const void *msg, uint32_t *out_index)
{
    *out_index = PT_NO_INDEX;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
        return s_fault_number (pt_field_u64 (field, msg), field->min, field->max);
    case PT_T_TIME:
        return s_fault_time (field, pt_field_time (field, msg));
    case PT_T_BOOL:
        return NULL;
    case PT_T_STR:
    case PT_T_BIN:
        return s_fault_bytes (field, pt_field_str (field, msg));
    case PT_T_IDS:
        return s_fault_ids (field, pt_field_ids (field, msg), out_index);
    case PT_T_NAMED:
        return pt_enum_text (field->elem, pt_field_named (field, msg)) ? NULL : "not_one_of";
    case PT_T_OBJ:
        return pt_field_obj (field, msg) ? NULL : "missing";
    case PT_T_LIST:
        return s_fault_list (field, pt_field_list (field, msg));
    }
    return "type";
}

/*  ---- faults ------------------------------------------------------------- */

/*  Writes `sends.0.body`, outermost first; returns where it stopped. */
static size_t s_write_path (const pt_path_t *path, char out[S_PATH_LEN + 1])
{
    if (!path)
        return 0;
    size_t len = s_write_path (path->up, out);
    int wrote = snprintf (out + len, S_PATH_LEN + 1 - len, "%s%s", len ? "." : "", path->field->name);
    if (path->index != PT_NO_INDEX && wrote > 0 && len + (size_t)wrote < S_PATH_LEN) {
        len += (size_t)wrote;
        wrote = snprintf (out + len, S_PATH_LEN + 1 - len, ".%u", path->index);
    }
    len += wrote > 0 ? (size_t)wrote : 0;
    return len < S_PATH_LEN ? len : S_PATH_LEN;
}

int pt_faults_note (pt_faults_t *self, const pt_path_t *path, const char *code)
{
    self->count++;
    if (!self->wants_all)
        return -PT_E_invalid;
    char text[S_PATH_LEN + 1] = "";
    s_write_path (path, text);
    pt_error_add (&self->error, self->arena, text, code, NULL);
    return self->count < LIM_FIELD_ERRORS ? 0 : -PT_E_invalid;
}

int pt_faults_judge (const pt_faults_t *self, pt_error_t *out_error)
{
    if (self->count == 0)
        return 0;
    if (out_error)
        *out_error = self->error;
    return -PT_E_invalid;
}

/*  Length of a C string, cut to `max` bytes without splitting a character. */
static uint32_t s_cut_len (const char *text, size_t max)
{
    size_t len = strnlen (text, max + 1);
    if (len <= max)
        return (uint32_t)len;
    len = max;
    while (len && ((uint8_t)text[len] & 0xc0) == 0x80)
        len--;
    return (uint32_t)len;
}

/*  A copy of a C string in the arena; empty when there is no room. */
static pt_str_t s_copy_text (pt_arena_t *arena, const char *text, size_t max)
{
    pt_str_t copy = {.len = s_cut_len (text, max)};
    copy.at = pt_arena_copy (arena, text, copy.len);
    return copy.at ? copy : PT_LIT ("");
}

void pt_error_add (pt_error_t *error, pt_arena_t *arena, const char *field, const char *code, const char *detail)
{
    uint32_t count = error->errors.count;
    if (count >= LIM_FIELD_ERRORS)
        return;
    /*  The list is copied: it may be a decoded one, which is not ours to grow. */
    pt_field_error_t *list = pt_arena_alloc (arena, (count + 1) * sizeof *list);
    if (!list)
        return;
    if (count)
        memcpy (list, error->errors.at, count * sizeof *list);
    pt_field_error_t *added = &list[count];
    added->field = s_copy_text (arena, field, S_PATH_LEN);
    added->has_field = true;
    added->code = s_copy_text (arena, code, 32);
    added->has_code = true;
    if (detail) {
        added->detail = s_copy_text (arena, detail, LIM_DETAIL);
        added->has_detail = true;
    }
    error->errors.at = list;
    error->errors.count = count + 1;
    error->has_errors = true;
}
