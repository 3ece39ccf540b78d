/*  pt_print - a message as a line for people.

    The line goes into logs: secrets are three stars, long texts their length,
    and nothing in a value can end the line, move the cursor or turn the
    direction of writing.  Pieces are written whole or not at all, and after
    the first that does not fit nothing more, so that a cut line is still
    valid UTF-8. */

#include "pt_codec.h"
#include "pt_field.h"
#include <inttypes.h>
#include <stdio.h>

/*  A string that may grow beyond this is what people wrote: not for logs. */
enum { S_SHOWN = LIM_DETAIL };

/*  Elements of a list that are shown; the others are counted. */
enum { S_ELEMENTS = 8 };

typedef struct {
    pt_buf_t *out;
    bool is_full;
} s_print_t;

static void s_put (s_print_t *self, const char *bytes, size_t len)
{
    if (self->is_full || len > self->out->max - self->out->len) {
        self->is_full = true;
        return;
    }
    pt_buf_put (self->out, bytes, len);
}

static void s_puts (s_print_t *self, const char *text)
{
    s_put (self, text, strlen (text));
}

static void s_put_number (s_print_t *self, uint64_t value)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, value);
    s_puts (self, text);
}

static void s_put_time (s_print_t *self, int64_t value)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRId64, value);
    s_puts (self, text);
}

static void s_put_len (s_print_t *self, size_t len)
{
    char text[40];
    snprintf (text, sizeof text, "(%zu bytes)", len);
    s_puts (self, text);
}

/*  ---- strings ------------------------------------------------------------ */

/*  Bytes of the character at the front, 0 when it is not well-formed. */
static size_t s_char_len (const char *at, size_t left)
{
    size_t most = left < 4 ? left : 4;
    for (size_t len = 1; len <= most; len++)
        if (pt_utf8_valid (at, len))
            return len;
    return 0;
}

/*  Control characters beyond ASCII (C1), line and paragraph separators, and
    the marks that turn the direction of writing. */
static bool s_is_unsafe (const char *at, size_t len)
{
    const uint8_t *byte = (const uint8_t *)at;
    if (len == 2)
        return byte[0] == 0xc2 && byte[1] < 0xa0;
    if (len != 3 || byte[0] != 0xe2)
        return false;
    if (byte[1] == 0x80) /* U+200E, U+200F, U+2028 to U+202E */
        return byte[2] == 0x8e || byte[2] == 0x8f || (byte[2] >= 0xa8 && byte[2] <= 0xae);
    return byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9; /* U+2066 to U+2069 */
}

static void s_put_escaped (s_print_t *self, const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char text[8];
        snprintf (text, sizeof text, "\\x%02x", (uint8_t)at[i]);
        s_puts (self, text);
    }
}

static void s_put_char (s_print_t *self, const char *at, size_t len)
{
    if (len == 1 && (*at == '"' || *at == '\\')) {
        char text[2] = {'\\', *at};
        s_put (self, text, sizeof text);
    } else if (len == 1 && *at == '\n')
        s_puts (self, "\\n");
    else if ((len == 1 && (*at < 0x20 || *at == 0x7f)) || s_is_unsafe (at, len))
        s_put_escaped (self, at, len);
    else
        s_put (self, at, len);
}

static void s_put_quoted (s_print_t *self, const char *at, size_t len)
{
    s_puts (self, "\"");
    while (len && !self->is_full) {
        size_t step = s_char_len (at, len);
        if (step)
            s_put_char (self, at, step);
        else {
            step = 1;
            s_put_escaped (self, at, step);
        }
        at += step;
        len -= step;
    }
    s_puts (self, "\"");
}

/*  ---- members ------------------------------------------------------------ */

static void s_put_message (s_print_t *self, pt_msg_t type, const void *msg, unsigned depth);

static void s_put_str (s_print_t *self, const pt_field_t *field, pt_str_t value)
{
    if (field->type == PT_T_BIN || field->max > S_SHOWN || (value.len && !value.at))
        s_put_len (self, value.len);
    else
        s_put_quoted (self, value.at, value.len);
}

static void s_put_rest (s_print_t *self, uint32_t count)
{
    if (count <= S_ELEMENTS)
        return;
    s_puts (self, " and ");
    s_put_number (self, count - S_ELEMENTS);
    s_puts (self, " more");
}

static void s_put_ids (s_print_t *self, pt_ids_t ids)
{
    s_puts (self, "[");
    for (uint32_t i = 0; ids.at && i < ids.count && i < S_ELEMENTS; i++) {
        s_puts (self, i ? " " : "");
        s_put_number (self, ids.at[i]);
    }
    s_put_rest (self, ids.count);
    s_puts (self, "]");
}

static void s_put_list (s_print_t *self, const pt_field_t *field, const void *msg, unsigned depth)
{
    pt_list_t list = pt_field_list (field, msg);
    s_puts (self, "[");
    for (uint32_t i = 0; list.at && i < list.count && i < S_ELEMENTS; i++) {
        s_puts (self, i ? " " : "");
        s_put_message (self, field->elem, pt_list_element (list, pt_desc (field->elem), i), depth + 2);
    }
    s_put_rest (self, list.count);
    s_puts (self, "]");
}

static void s_put_value (s_print_t *self, const pt_field_t *field, const void *msg, unsigned depth)
{
    const char *text;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
        s_put_number (self, pt_field_u64 (field, msg));
        return;
    case PT_T_TIME:
        s_put_time (self, pt_field_time (field, msg));
        return;
    case PT_T_BOOL:
        s_puts (self, pt_field_bool (field, msg) ? "true" : "false");
        return;
    case PT_T_STR:
    case PT_T_BIN:
        s_put_str (self, field, pt_field_str (field, msg));
        return;
    case PT_T_IDS:
        s_put_ids (self, pt_field_ids (field, msg));
        return;
    case PT_T_NAMED:
        text = pt_enum_text (field->elem, pt_field_named (field, msg));
        s_puts (self, text ? text : "?");
        return;
    case PT_T_OBJ:
        s_put_message (self, field->elem, pt_field_obj (field, msg), depth + 1);
        return;
    case PT_T_LIST:
        s_put_list (self, field, msg, depth);
        return;
    }
}

static void s_put_message (s_print_t *self, pt_msg_t type, const void *msg, unsigned depth)
{
    const pt_desc_t *desc = pt_desc (type);
    const char *gap = "";
    s_puts (self, "{");
    for (uint16_t i = 0; msg && depth <= LIM_SCAN_DEPTH && i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        if (!(field->flags & PT_REQUIRED) && !pt_field_has (field, msg))
            continue;
        s_puts (self, gap);
        s_put (self, field->name, field->name_len);
        s_puts (self, ":");
        if (field->flags & PT_SECRET)
            s_puts (self, "***");
        else
            s_put_value (self, field, msg, depth);
        gap = " ";
    }
    s_puts (self, "}");
}

void pt_print (pt_msg_t type, const void *msg, pt_buf_t *out)
{
    s_print_t print = {.out = out};
    s_puts (&print, pt_desc (type)->name);
    s_put_message (&print, type, msg, 1);
}
