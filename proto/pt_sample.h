/*  pt_sample - for tests and corpora alone: any message, made up from its
    descriptors, and the comparison of two.

    The same seed gives the same message, so a failing test names its seed. */

#ifndef PT_SAMPLE_H
#define PT_SAMPLE_H

#include "pt_field.h"
#include <stdlib.h>

typedef enum {
    PT_SAMPLE_SMALLEST, /* required fields, each at its minimum */
    PT_SAMPLE_LARGEST,  /* all fields, each at its maximum while the budget lasts */
    PT_SAMPLE_RANDOM,   /* any fields, values near bounds and near msgpack's widths */
} pt_sample_kind_t;

typedef struct {
    pt_sample_kind_t kind;
    uint64_t state; /* of the generator; starts as the seed */
    size_t budget;  /* bytes of strings that may still be made longer than they must */
    pt_arena_t *arena;
} pt_sample_t;

/*  splitmix64. */
static inline uint64_t pt_sample_next (pt_sample_t *self)
{
    uint64_t z = self->state += UINT64_C (0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/*  Memory of a sample; without it there is no test. */
static inline void *pt_sample_alloc (pt_sample_t *self, size_t size)
{
    void *at = pt_arena_alloc (self->arena, size);
    if (!at)
        abort ();
    return at;
}

/*  A number from `min` to `max`, by kind. */
static inline uint64_t pt_sample_number (pt_sample_t *self, uint64_t min, uint64_t max)
{
    if (self->kind != PT_SAMPLE_RANDOM)
        return self->kind == PT_SAMPLE_SMALLEST ? min : max;
    uint64_t random = pt_sample_next (self);
    uint64_t value;
    switch (random % 4) {
    case 0:
        value = random & 4 ? min : max;
        break;
    case 1: /* beside a power of two, where the width changes */
        value = (UINT64_C (1) << (random >> 8) % 64) - (random >> 16) % 2;
        break;
    default:
        value = pt_sample_next (self) >> (random >> 8) % 64;
    }
    return value >= min && value <= max ? value : min + (max > min ? value % (max - min) : 0);
}

/*  A length from `min` to `max`; random ones stay small most of the time. */
static inline uint32_t pt_sample_len (pt_sample_t *self, uint64_t min, uint64_t max)
{
    uint64_t len = pt_sample_number (self, min, max);
    if (self->kind == PT_SAMPLE_RANDOM && pt_sample_next (self) % 16)
        len = min + len % 40 <= max ? min + len % 40 : max;
    return (uint32_t)len;
}

static inline uint32_t pt_sample_spend (pt_sample_t *self, const pt_field_t *field)
{
    uint32_t len = pt_sample_len (self, field->min, field->max);
    if (len > self->budget)
        len = (uint32_t)field->min;
    self->budget -= len < self->budget ? len : self->budget;
    return len;
}

/*  Well-formed UTF-8 of exactly `len` bytes, characters of all lengths. */
static inline void pt_sample_text (pt_sample_t *self, char *to, uint32_t len)
{
    static const char *const s_chars[] = {
        "a",
        "\x01",
        "\x7f",
        "\"",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xe2\x80\xae",
        "\xef\xbf\xbf",
        "\xf0\x9f\x98\x80",
        "\xf4\x8f\xbf\xbf",
    };
    while (len) {
        const char *text = s_chars[pt_sample_next (self) % (sizeof s_chars / sizeof s_chars[0])];
        size_t step = strlen (text);
        if (step > len) {
            text = "z";
            step = 1;
        }
        memcpy (to, text, step);
        to += step;
        len -= (uint32_t)step;
    }
}

static inline pt_str_t pt_sample_bytes (pt_sample_t *self, const pt_field_t *field)
{
    uint32_t len = pt_sample_spend (self, field);
    char *at = pt_sample_alloc (self, len + 1);
    if (field->type == PT_T_STR)
        pt_sample_text (self, at, len);
    else
        for (uint32_t i = 0; i < len; i++)
            at[i] = (char)pt_sample_next (self);
    return (pt_str_t){at, len};
}

static inline pt_ids_t pt_sample_ids (pt_sample_t *self, const pt_field_t *field)
{
    uint32_t count = pt_sample_len (self, field->min, field->max);
    uint64_t *ids = pt_sample_alloc (self, count * sizeof *ids);
    for (uint32_t i = 0; i < count; i++)
        ids[i] = pt_sample_number (self, 1, LIM_ID);
    return (pt_ids_t){ids, count};
}

static inline unsigned pt_sample_named (pt_sample_t *self, pt_enum_t type)
{
    size_t count = 0;
    while (pt_enum_at (type, count))
        count++;
    const char *text = pt_enum_at (type, pt_sample_number (self, 0, count - 1));
    return pt_enum_value (type, text, strlen (text));
}

static inline void pt_sample_fill (pt_sample_t *self, pt_msg_t type, void *msg);

static inline void *pt_sample_message (pt_sample_t *self, pt_msg_t type)
{
    void *msg = pt_sample_alloc (self, pt_desc (type)->size);
    pt_sample_fill (self, type, msg);
    return msg;
}

static inline pt_list_t pt_sample_list (pt_sample_t *self, const pt_field_t *field)
{
    const pt_desc_t *desc = pt_desc (field->elem);
    uint32_t count = pt_sample_len (self, field->min, field->max);
    char *at = pt_sample_alloc (self, (size_t)count * desc->size);
    for (uint32_t i = 0; i < count; i++)
        pt_sample_fill (self, field->elem, at + (size_t)i * desc->size);
    return (pt_list_t){at, count};
}

static inline void pt_sample_field (pt_sample_t *self, const pt_field_t *field, void *msg)
{
    union {
        uint64_t number;
        bool boolean;
        unsigned named;
        pt_str_t bytes;
        pt_ids_t ids;
        const void *obj;
        pt_list_t list;
    } value;
    size_t size = sizeof (uint64_t);
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
    case PT_T_TIME:
        value.number = pt_sample_number (self, field->min, field->max);
        break;
    case PT_T_BOOL:
        value.boolean = pt_sample_next (self) & 1;
        size = sizeof value.boolean;
        break;
    case PT_T_STR:
    case PT_T_BIN:
        value.bytes = pt_sample_bytes (self, field);
        size = sizeof value.bytes;
        break;
    case PT_T_IDS:
        value.ids = pt_sample_ids (self, field);
        size = sizeof value.ids;
        break;
    case PT_T_NAMED:
        value.named = pt_sample_named (self, field->elem);
        size = sizeof value.named;
        break;
    case PT_T_OBJ:
        value.obj = pt_sample_message (self, field->elem);
        size = sizeof value.obj;
        break;
    case PT_T_LIST:
        value.list = pt_sample_list (self, field);
        size = sizeof value.list;
        break;
    }
    pt_field_store (field, msg, &value, size);
    pt_field_set_has (field, msg);
}

static inline void pt_sample_fill (pt_sample_t *self, pt_msg_t type, void *msg)
{
    const pt_desc_t *desc = pt_desc (type);
    for (uint16_t i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        bool is_wanted = field->flags & PT_REQUIRED;
        if (!is_wanted && self->kind != PT_SAMPLE_SMALLEST)
            is_wanted = self->kind == PT_SAMPLE_LARGEST || pt_sample_next (self) % 2;
        if (is_wanted)
            pt_sample_field (self, field, msg);
    }
}

/*  ---- comparison --------------------------------------------------------- */

static inline const pt_field_t *pt_sample_difference (pt_msg_t type, const void *a, const void *b);

static inline bool pt_sample_same_list (const pt_field_t *field, const void *a, const void *b)
{
    pt_list_t one = pt_field_list (field, a), two = pt_field_list (field, b);
    const pt_desc_t *desc = pt_desc (field->elem);
    if (one.count != two.count)
        return false;
    for (uint32_t i = 0; i < one.count; i++)
        if (pt_sample_difference (field->elem, pt_list_element (one, desc, i), pt_list_element (two, desc, i)))
            return false;
    return true;
}

static inline bool pt_sample_same_field (const pt_field_t *field, const void *a, const void *b)
{
    pt_ids_t one, two;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
    case PT_T_TIME:
        return pt_field_u64 (field, a) == pt_field_u64 (field, b);
    case PT_T_BOOL:
        return pt_field_bool (field, a) == pt_field_bool (field, b);
    case PT_T_STR:
    case PT_T_BIN:
        return pt_str_eq (pt_field_str (field, a), pt_field_str (field, b));
    case PT_T_IDS:
        one = pt_field_ids (field, a);
        two = pt_field_ids (field, b);
        return one.count == two.count && (one.count == 0 || memcmp (one.at, two.at, one.count * sizeof *one.at) == 0);
    case PT_T_NAMED:
        return pt_field_named (field, a) == pt_field_named (field, b);
    case PT_T_OBJ:
        return !pt_sample_difference (field->elem, pt_field_obj (field, a), pt_field_obj (field, b));
    case PT_T_LIST:
        return pt_sample_same_list (field, a, b);
    }
    return false;
}

/*  The first field in which two messages differ, NULL when they are equal. */
static inline const pt_field_t *pt_sample_difference (pt_msg_t type, const void *a, const void *b)
{
    const pt_desc_t *desc = pt_desc (type);
    for (uint16_t i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        if (pt_field_has (field, a) != pt_field_has (field, b))
            return field;
        if (pt_field_has (field, a) && !pt_sample_same_field (field, a, b))
            return field;
    }
    return NULL;
}

#endif
