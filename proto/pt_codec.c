/*  pt_codec - msgpack maps to structs.

    Three steps: pt_scan judges the bytes, so that what follows can't be made
    to allocate more than they are worth; msgpack-c builds its tree in a zone
    that is kept; the tree is copied into structs of the arena, field by field.
    The tree holds pointers into the bytes, and so do the structs. */

#include "pt_codec.h"
#include "pt_field.h"
#include "pt_scan.h"
#include <msgpack.h>
#include <stdlib.h>

/*  The zone keeps one chunk of this size; larger trees get more, freed after. */
enum { S_ZONE_CHUNK = 64 * 1024 };

struct pt_codec {
    msgpack_zone zone;
};

pt_codec_t *pt_codec_new (void)
{
    pt_codec_t *self = calloc (1, sizeof *self);
    if (self && !msgpack_zone_init (&self->zone, S_ZONE_CHUNK)) {
        free (self);
        self = NULL;
    }
    return self;
}

void pt_codec_destroy (pt_codec_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    msgpack_zone_destroy (&(*self_p)->zone);
    free (*self_p);
    *self_p = NULL;
}

/*  ---- values ------------------------------------------------------------- */

/*  Reads one value into its member.  NULL, or the code of what is wrong with
    its type; bounds come after. */

static const char *s_read_uint (const pt_field_t *field, const msgpack_object *value, void *msg)
{
    if (value->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return "too_small";
    if (value->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return "type";
    pt_field_store (field, msg, &value->via.u64, sizeof value->via.u64);
    return NULL;
}

static const char *s_read_time (const pt_field_t *field, const msgpack_object *value, void *msg)
{
    const char *code = s_read_uint (field, value, msg);
    return !code && value->via.u64 > INT64_MAX ? "too_large" : code;
}

static const char *s_read_bool (const pt_field_t *field, const msgpack_object *value, void *msg)
{
    if (value->type != MSGPACK_OBJECT_BOOLEAN)
        return "type";
    pt_field_store (field, msg, &value->via.boolean, sizeof (bool));
    return NULL;
}

static const char *s_read_str (const pt_field_t *field, const msgpack_object *value, void *msg)
{
    if (value->type != MSGPACK_OBJECT_STR)
        return "type";
    pt_str_t str = {value->via.str.ptr, value->via.str.size};
    pt_field_store (field, msg, &str, sizeof str);
    return NULL;
}

static const char *s_read_bin (const pt_field_t *field, const msgpack_object *value, void *msg)
{
    if (value->type != MSGPACK_OBJECT_BIN)
        return "type";
    pt_str_t bin = {value->via.bin.ptr, value->via.bin.size};
    pt_field_store (field, msg, &bin, sizeof bin);
    return NULL;
}

static const char *s_read_named (const pt_field_t *field, const msgpack_object *value, void *msg)
{
    if (value->type != MSGPACK_OBJECT_STR)
        return "type";
    unsigned number = pt_enum_value (field->elem, value->via.str.ptr, value->via.str.size);
    pt_field_store (field, msg, &number, sizeof number);
    return NULL;
}

typedef const char *(s_read_fn)(const pt_field_t *field, const msgpack_object *value, void *msg);

static s_read_fn *const s_readers[] = {
    [PT_T_ID] = s_read_uint, [PT_T_U64] = s_read_uint, [PT_T_TIME] = s_read_time,   [PT_T_BOOL] = s_read_bool,
    [PT_T_STR] = s_read_str, [PT_T_BIN] = s_read_bin,  [PT_T_NAMED] = s_read_named,
};

/*  ---- messages ----------------------------------------------------------- */

static int s_fill_message (pt_faults_t *faults, const pt_desc_t *desc, const msgpack_object_map *map, void *msg,
                           const pt_path_t *up);

static int s_fill_scalar (pt_faults_t *faults, const pt_field_t *field, const msgpack_object *value, void *msg,
                          const pt_path_t *path)
{
    uint32_t index;
    const char *code = s_readers[field->type](field, value, msg);
    if (!code)
        code = pt_field_fault (field, msg, &index);
    return code ? pt_faults_note (faults, path, code) : 0;
}

/*  Ids are checked for type here, for value by pt_field_fault. */
static int s_fill_ids (pt_faults_t *faults, const pt_field_t *field, const msgpack_object *value, void *msg,
                       pt_path_t *path)
{
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return pt_faults_note (faults, path, "type");
    uint32_t count = value->via.array.size;
    const char *code = pt_field_fault_len (field, count);
    if (code)
        return pt_faults_note (faults, path, code);
    if (count == 0)
        return 0;
    uint64_t *ids = pt_arena_alloc (faults->arena, count * sizeof *ids);
    if (!ids)
        return -PT_E_memory;
    for (uint32_t i = 0; i < count; i++) {
        const msgpack_object *id = &value->via.array.ptr[i];
        if (id->type != MSGPACK_OBJECT_POSITIVE_INTEGER) {
            path->index = i;
            return pt_faults_note (faults, path, "type");
        }
        ids[i] = id->via.u64;
    }
    pt_field_store (field, msg, &(pt_ids_t){ids, count}, sizeof (pt_ids_t));
    code = pt_field_fault (field, msg, &path->index);
    return code ? pt_faults_note (faults, path, code) : 0;
}

static int s_fill_obj (pt_faults_t *faults, const pt_field_t *field, const msgpack_object *value, void *msg,
                       const pt_path_t *path)
{
    if (value->type != MSGPACK_OBJECT_MAP)
        return pt_faults_note (faults, path, "type");
    const pt_desc_t *desc = pt_desc (field->elem);
    void *nested = pt_arena_alloc (faults->arena, desc->size);
    if (!nested)
        return -PT_E_memory;
    pt_field_store (field, msg, &nested, sizeof nested);
    return s_fill_message (faults, desc, &value->via.map, nested, path);
}

static int s_fill_elements (pt_faults_t *faults, const pt_field_t *field, const msgpack_object_array *array,
                            char *elements, pt_path_t *path)
{
    const pt_desc_t *desc = pt_desc (field->elem);
    for (path->index = 0; path->index < array->size; path->index++) {
        const msgpack_object *value = &array->ptr[path->index];
        int rc;
        if (value->type == MSGPACK_OBJECT_MAP)
            rc = s_fill_message (faults, desc, &value->via.map, elements + (size_t)path->index * desc->size, path);
        else
            rc = pt_faults_note (faults, path, "type");
        if (rc)
            return rc;
    }
    return 0;
}

static int s_fill_list (pt_faults_t *faults, const pt_field_t *field, const msgpack_object *value, void *msg,
                        pt_path_t *path)
{
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return pt_faults_note (faults, path, "type");
    uint32_t count = value->via.array.size;
    const char *code = pt_field_fault_len (field, count);
    if (code)
        return pt_faults_note (faults, path, code);
    if (count == 0)
        return 0;
    char *elements = pt_arena_alloc (faults->arena, (size_t)count * pt_desc (field->elem)->size);
    if (!elements)
        return -PT_E_memory;
    pt_field_store (field, msg, &(pt_list_t){elements, count}, sizeof (pt_list_t));
    return s_fill_elements (faults, field, &value->via.array, elements, path);
}

static int s_fill_field (pt_faults_t *faults, const pt_field_t *field, const msgpack_object *value, void *msg,
                         const pt_path_t *up)
{
    pt_path_t path = {up, field, PT_NO_INDEX};
    switch ((pt_type_t)field->type) {
    case PT_T_IDS:
        return s_fill_ids (faults, field, value, msg, &path);
    case PT_T_OBJ:
        return s_fill_obj (faults, field, value, msg, &path);
    case PT_T_LIST:
        return s_fill_list (faults, field, value, msg, &path);
    default:
        return s_fill_scalar (faults, field, value, msg, &path);
    }
}

/*  The field that a key names.  Our encoder writes them in the order of the
    schema, so the one behind the last is tried first. */
static const pt_field_t *s_find_field (const pt_desc_t *desc, const pt_field_t **next, const msgpack_object_str *key)
{
    const pt_field_t *field = *next;
    /*  Behind the last field is a row without a name, of length 0. */
    if (!field->name || field->name_len != key->size || memcmp (field->name, key->ptr, key->size) != 0)
        field = pt_desc_field (desc, key->ptr, key->size);
    if (field)
        *next = field + 1;
    return field;
}

static int s_note_missing (pt_faults_t *faults, const pt_desc_t *desc, const void *msg, const pt_path_t *up)
{
    for (uint16_t i = 0; i < desc->field_count; i++) {
        const pt_field_t *field = &desc->fields[i];
        if (!(field->flags & PT_REQUIRED) || pt_field_has (field, msg))
            continue;
        pt_path_t path = {up, field, PT_NO_INDEX};
        int rc = pt_faults_note (faults, &path, "missing");
        if (rc)
            return rc;
    }
    return 0;
}

static int s_fill_message (pt_faults_t *faults, const pt_desc_t *desc, const msgpack_object_map *map, void *msg,
                           const pt_path_t *up)
{
    const pt_field_t *next = desc->fields;
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object_kv *pair = &map->ptr[i];
        if (pair->key.type != MSGPACK_OBJECT_STR)
            return -PT_E_malformed;
        const pt_field_t *field = s_find_field (desc, &next, &pair->key.via.str);
        if (!field)
            continue;
        if (pt_field_has (field, msg))
            return -PT_E_malformed;
        pt_field_set_has (field, msg);
        int rc = s_fill_field (faults, field, &pair->val, msg, up);
        if (rc)
            return rc;
    }
    return s_note_missing (faults, desc, msg, up);
}

/*  ---- decode ------------------------------------------------------------- */

static int s_decode_tree (pt_msg_t type, const msgpack_object *root, pt_arena_t *arena, const void **out_msg,
                          pt_error_t *out_error)
{
    if (root->type != MSGPACK_OBJECT_MAP)
        return -PT_E_malformed;
    const pt_desc_t *desc = pt_desc (type);
    void *msg = pt_arena_alloc (arena, desc->size);
    if (!msg)
        return -PT_E_memory;
    pt_faults_t faults = {.arena = arena, .wants_all = out_error != NULL};
    int rc = s_fill_message (&faults, desc, &root->via.map, msg, NULL);
    if (rc == 0 || rc == -PT_E_invalid)
        rc = pt_faults_judge (&faults, out_error);
    if (rc == 0)
        *out_msg = msg;
    return rc;
}

int pt_decode (pt_codec_t *self, pt_msg_t type, const void *bytes, size_t len, pt_arena_t *arena, const void **out_msg,
               pt_error_t *out_error)
{
    int rc = pt_scan (bytes, len, LIM_SCAN_DEPTH, LIM_SCAN_OBJECTS);
    if (rc)
        return rc;
    msgpack_object root;
    size_t offset = 0;
    msgpack_unpack_return got = msgpack_unpack (bytes, len, &offset, &self->zone, &root);
    if (got == MSGPACK_UNPACK_NOMEM_ERROR)
        rc = -PT_E_memory;
    else if (got != MSGPACK_UNPACK_SUCCESS || offset != len)
        rc = -PT_E_malformed;
    else
        rc = s_decode_tree (type, &root, arena, out_msg, out_error);
    msgpack_zone_clear (&self->zone);
    return rc;
}
