/*  fuzz_json - bodies of clients against the schema of any message.

    The first byte chooses the message.  What is read and found valid is written
    again, and must read as the same message and write as the same text, but for
    what JSON does not show: digests are not written, INNER fields not read.
    Covers: services/gateway/gw_json.c */

#include "fuzz.h"
#include "gw_json.h"
#include "pt_codec.h"
#include "pt_sample.h"

enum { S_ARENA = 8 << 20 };

static void *s_new (pt_arena_t *arena, pt_msg_t type)
{
    void *msg = pt_arena_alloc (arena, pt_desc (type)->size);
    fuzz_must (msg != NULL);
    return msg;
}

/*  Whether the message or one inside it has fields that a client can't send
    back as they are shown. */
static bool s_is_one_way (pt_msg_t type, unsigned depth)
{
    for (const pt_field_t *field = pt_desc (type)->fields; field->name; field++) {
        if (field->type == PT_T_BIN || (field->flags & PT_INNER) || depth > LIM_SCAN_DEPTH)
            return true;
        if ((field->type == PT_T_OBJ || field->type == PT_T_LIST) && s_is_one_way ((pt_msg_t)field->elem, depth + 1))
            return true;
    }
    return false;
}

static void s_check_text (const pt_buf_t *text)
{
    fuzz_must (pt_utf8_valid (text->at, text->len));
    for (size_t i = 0; i < text->len; i++)
        fuzz_must ((uint8_t)text->at[i] >= 0x20);
}

static void s_check_read (pt_msg_t type, const void *msg, pt_arena_t *arena)
{
    pt_buf_t first, second;
    pt_error_t error;
    pt_buf_init (&first, S_ARENA);
    pt_buf_init (&second, S_ARENA);
    gw_json_write (&first, type, msg);
    fuzz_must (pt_buf_error (&first) == 0);
    s_check_text (&first);
    if (!s_is_one_way (type, 0)) {
        void *again = s_new (arena, type);
        fuzz_must (gw_json_read (type, first.at, first.len, arena, again, &error) == 0);
        fuzz_must (pt_sample_difference (type, msg, again) == NULL);
        gw_json_write (&second, type, again);
        fuzz_must (first.len == second.len && memcmp (first.at, second.at, first.len) == 0);
    }
    pt_buf_fini (&first);
    pt_buf_fini (&second);
}

/*  A refusal is told to the client, so it must be sound itself. */
static void s_check_refused (int rc, const pt_error_t *error, pt_arena_t *arena)
{
    fuzz_must (rc == -PT_E_malformed || rc == -PT_E_invalid || rc == -PT_E_memory);
    fuzz_must (rc == -PT_E_memory || pt_validate (PT_MSG_error, error, arena, NULL) == 0);
    fuzz_must (rc != -PT_E_invalid || error->errors.count > 0);
}

/*  A field from a path or a query. */
static void s_set_text (pt_msg_t type, const uint8_t *data, size_t size, pt_arena_t *arena)
{
    const pt_desc_t *desc = pt_desc (type);
    pt_error_t error = {0};
    if (size == 0 || desc->field_count == 0)
        return;
    const pt_field_t *field = &desc->fields[data[0] % desc->field_count];
    int rc = gw_json_set_text (field, (const char *)data + 1, size - 1, arena, s_new (arena, type), &error);
    if (rc)
        s_check_refused (rc, &error, arena);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    pt_msg_t type = data[0] % PT_MSG_COUNT;
    pt_arena_t *arena = pt_arena_new (S_ARENA);
    fuzz_must (arena != NULL);
    void *msg = s_new (arena, type);
    pt_error_t error;
    int rc = gw_json_read (type, (const char *)data + 1, size - 1, arena, msg, &error);
    if (rc)
        s_check_refused (rc, &error, arena);
    else if (pt_validate (type, msg, arena, NULL) == 0)
        s_check_read (type, msg, arena);
    s_set_text (type, data + 1, size - 1, arena);
    pt_arena_destroy (&arena);
    return 0;
}
