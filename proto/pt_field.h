/*  pt_field - for code that serves any message: its members by their descriptors,
    the bounds of one member, and the list of what is wrong. */

#ifndef PT_FIELD_H
#define PT_FIELD_H

#include "pt_arena.h"
#include "pt_message.h"

/*  What LIST members look like, whatever their elements. */
typedef struct {
    const void *at;
    uint32_t count;
} pt_list_t;

/*  Members are read and written through memcpy: the pointers inside point to
    different types, and compilers may assume that those never alias. */
static inline void pt_field_load (const pt_field_t *field, const void *msg, void *out, size_t size)
{
    memcpy (out, (const char *)msg + field->offset, size);
}

static inline void pt_field_store (const pt_field_t *field, void *msg, const void *value, size_t size)
{
    memcpy ((char *)msg + field->offset, value, size);
}

static inline bool pt_field_has (const pt_field_t *field, const void *msg)
{
    return *((const bool *)msg + field->has_offset);
}

static inline void pt_field_set_has (const pt_field_t *field, void *msg)
{
    *((bool *)msg + field->has_offset) = true;
}

static inline uint64_t pt_field_u64 (const pt_field_t *field, const void *msg)
{
    uint64_t value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

static inline int64_t pt_field_time (const pt_field_t *field, const void *msg)
{
    int64_t value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

static inline bool pt_field_bool (const pt_field_t *field, const void *msg)
{
    return *((const bool *)msg + field->offset);
}

static inline unsigned pt_field_named (const pt_field_t *field, const void *msg)
{
    unsigned value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

static inline pt_str_t pt_field_str (const pt_field_t *field, const void *msg)
{
    pt_str_t value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

static inline pt_ids_t pt_field_ids (const pt_field_t *field, const void *msg)
{
    pt_ids_t value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

static inline const void *pt_field_obj (const pt_field_t *field, const void *msg)
{
    const void *value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

static inline pt_list_t pt_field_list (const pt_field_t *field, const void *msg)
{
    pt_list_t value;
    pt_field_load (field, msg, &value, sizeof value);
    return value;
}

/*  The i-th element of a list whose elements `desc` describes. */
static inline const void *pt_list_element (pt_list_t list, const pt_desc_t *desc, uint32_t i)
{
    return (const char *)list.at + (size_t)i * desc->size;
}

/*  Code of what is wrong with one member ("too_long"), NULL when nothing is.
    Looks at the member itself and the ids in it, not into nested messages;
    `*out_index` is the element at fault, PT_NO_INDEX for the whole. */
#define PT_NO_INDEX UINT32_MAX
const char *pt_field_fault (const pt_field_t *field, const void *msg, uint32_t *out_index);

/*  The same for a length or number of elements alone, before it is read. */
const char *pt_field_fault_len (const pt_field_t *field, uint64_t len);

/*  Where a value sits; a list on the C stack, innermost first. */
typedef struct pt_path {
    const struct pt_path *up; /* NULL at the top */
    const pt_field_t *field;
    uint32_t index; /* PT_NO_INDEX when not in a list */
} pt_path_t;

/*  Collects what is wrong with one message. */
typedef struct {
    pt_arena_t *arena;
    bool wants_all; /* otherwise the first one ends the work */
    uint32_t count;
    pt_error_t error;
} pt_faults_t;

/*  Notes one.  0: go on; -PT_E_invalid: nobody asks for more. */
PT_MUSTCHECK int pt_faults_note (pt_faults_t *self, const pt_path_t *path, const char *code);

/*  0 without faults; else -PT_E_invalid and the list in `*out_error` (may be
    NULL). */
PT_MUSTCHECK int pt_faults_judge (const pt_faults_t *self, pt_error_t *out_error);

#endif
