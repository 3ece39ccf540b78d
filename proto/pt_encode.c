/*  pt_encode - structs to msgpack maps, validated on the way.

    Nothing is allocated but the growth of the buffer.  Errors of the buffer
    are sticky and are looked at once, at the end. */

#include "pt_codec.h"
#include "pt_field.h"
#include <msgpack.h>

static int s_append (void *data, const char *bytes, size_t len)
{
    pt_buf_t *out = data;
    if (out->error || len > out->cap - out->len)
        pt_buf_put (out, bytes, len);
    else if (len) {
        memcpy (out->at + out->len, bytes, len);
        out->len += len;
    }
    return 0;
}

static bool s_is_sent (const pt_field_t *field, const void *msg)
{
    return (field->flags & PT_REQUIRED) || pt_field_has (field, msg);
}

static int s_pack_message (msgpack_packer *packer, pt_msg_t type, const void *msg, unsigned depth);

static void s_pack_text (msgpack_packer *packer, const char *at, size_t len)
{
    msgpack_pack_str (packer, len);
    msgpack_pack_str_body (packer, at, len);
}

/*  Header and name in one piece: keys are most of what is written. */
static void s_pack_key (msgpack_packer *packer, const pt_field_t *field)
{
    char key[32];
    if (field->name_len >= sizeof key) {
        s_pack_text (packer, field->name, field->name_len);
        return;
    }
    key[0] = (char)(0xa0 | field->name_len);
    memcpy (key + 1, field->name, field->name_len);
    s_append (packer->data, key, 1u + field->name_len);
}

static void s_pack_named (msgpack_packer *packer, const pt_field_t *field, const void *msg)
{
    const char *text = pt_enum_text (field->elem, pt_field_named (field, msg));
    s_pack_text (packer, text, strlen (text));
}

static void s_pack_ids (msgpack_packer *packer, pt_ids_t ids)
{
    msgpack_pack_array (packer, ids.count);
    for (uint32_t i = 0; i < ids.count; i++)
        msgpack_pack_uint64 (packer, ids.at[i]);
}

static int s_pack_list (msgpack_packer *packer, const pt_field_t *field, const void *msg, unsigned depth)
{
    pt_list_t list = pt_field_list (field, msg);
    const pt_desc_t *desc = pt_desc (field->elem);
    msgpack_pack_array (packer, list.count);
    for (uint32_t i = 0; i < list.count; i++) {
        int rc = s_pack_message (packer, field->elem, pt_list_element (list, desc, i), depth + 2);
        if (rc)
            return rc;
    }
    return 0;
}

/*  A value that pt_field_fault has passed. */
static int s_pack_value (msgpack_packer *packer, const pt_field_t *field, const void *msg, unsigned depth)
{
    pt_str_t bytes;
    switch ((pt_type_t)field->type) {
    case PT_T_ID:
    case PT_T_U64:
        msgpack_pack_uint64 (packer, pt_field_u64 (field, msg));
        return 0;
    case PT_T_TIME:
        msgpack_pack_int64 (packer, pt_field_time (field, msg));
        return 0;
    case PT_T_BOOL:
        if (pt_field_bool (field, msg))
            msgpack_pack_true (packer);
        else
            msgpack_pack_false (packer);
        return 0;
    case PT_T_STR:
        bytes = pt_field_str (field, msg);
        s_pack_text (packer, bytes.at, bytes.len);
        return 0;
    case PT_T_BIN:
        bytes = pt_field_str (field, msg);
        msgpack_pack_bin (packer, bytes.len);
        msgpack_pack_bin_body (packer, bytes.at, bytes.len);
        return 0;
    case PT_T_IDS:
        s_pack_ids (packer, pt_field_ids (field, msg));
        return 0;
    case PT_T_NAMED:
        s_pack_named (packer, field, msg);
        return 0;
    case PT_T_OBJ:
        return s_pack_message (packer, field->elem, pt_field_obj (field, msg), depth + 1);
    case PT_T_LIST:
        return s_pack_list (packer, field, msg, depth);
    }
    return -PT_E_invalid;
}

static int s_pack_message (msgpack_packer *packer, pt_msg_t type, const void *msg, unsigned depth)
{
    if (depth > LIM_SCAN_DEPTH)
        return -PT_E_invalid;
    const pt_desc_t *desc = pt_desc (type);
    const pt_field_t *end = desc->fields + desc->field_count;
    size_t count = 0;
    for (const pt_field_t *field = desc->fields; field < end; field++)
        count += s_is_sent (field, msg);
    msgpack_pack_map (packer, count);
    for (const pt_field_t *field = desc->fields; field < end; field++) {
        uint32_t index;
        if (!s_is_sent (field, msg))
            continue;
        if (pt_field_fault (field, msg, &index))
            return -PT_E_invalid;
        s_pack_key (packer, field);
        int rc = s_pack_value (packer, field, msg, depth);
        if (rc)
            return rc;
    }
    return 0;
}

int pt_encode (pt_buf_t *out, pt_msg_t type, const void *msg)
{
    size_t before = out->len;
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, s_append);
    int rc = s_pack_message (&packer, type, msg, 1);
    if (rc == 0)
        rc = pt_buf_error (out);
    if (rc)
        out->len = before;
    return rc;
}
