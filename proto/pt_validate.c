/*  pt_validate - judge a struct that was not decoded from msgpack, by the
    decoder's own rules. */

#include "pt_codec.h"
#include "pt_field.h"

static int s_check_message (pt_faults_t *faults, pt_msg_t type, const void *msg, const pt_path_t *up, unsigned depth);

static int s_check_list (pt_faults_t *faults, const pt_field_t *field, const void *msg, pt_path_t *path, unsigned depth)
{
    pt_list_t list = pt_field_list (field, msg);
    for (path->index = 0; path->index < list.count; path->index++) {
        const void *element = pt_list_element (list, pt_desc (field->elem), path->index);
        int rc = s_check_message (faults, field->elem, element, path, depth + 2);
        if (rc)
            return rc;
    }
    return 0;
}

static int s_check_field (pt_faults_t *faults, const pt_field_t *field, const void *msg, const pt_path_t *up,
                          unsigned depth)
{
    pt_path_t path = {up, field, PT_NO_INDEX};
    if (!pt_field_has (field, msg)) {
        /*  Inner members come from a daemon; the encoder sees to those. */
        bool is_missed = (field->flags & PT_REQUIRED) && !(field->flags & PT_INNER);
        return is_missed ? pt_faults_note (faults, &path, "missing") : 0;
    }
    const char *code = pt_field_fault (field, msg, &path.index);
    if (code)
        return pt_faults_note (faults, &path, code);
    if (field->type == PT_T_OBJ)
        return s_check_message (faults, field->elem, pt_field_obj (field, msg), &path, depth + 1);
    return field->type == PT_T_LIST ? s_check_list (faults, field, msg, &path, depth) : 0;
}

static int s_check_message (pt_faults_t *faults, pt_msg_t type, const void *msg, const pt_path_t *up, unsigned depth)
{
    if (depth > LIM_SCAN_DEPTH)
        return pt_faults_note (faults, up, "too_long");
    const pt_desc_t *desc = pt_desc (type);
    for (uint16_t i = 0; i < desc->field_count; i++) {
        int rc = s_check_field (faults, &desc->fields[i], msg, up, depth);
        if (rc)
            return rc;
    }
    return 0;
}

int pt_validate (pt_msg_t type, const void *msg, pt_arena_t *arena, pt_error_t *out_error)
{
    pt_faults_t faults = {.arena = arena, .wants_all = out_error != NULL};
    int rc = s_check_message (&faults, type, msg, NULL, 1);
    return faults.count ? pt_faults_judge (&faults, out_error) : rc;
}
