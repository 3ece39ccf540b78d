/*  drive_policy - rules beyond the schema, as pure functions. */

#include "drive_policy.h"
#include "drive_digest.h"
#include "pt_codec.h"
#include "sv_text.h"

int drive_policy_name (pt_str_t name, pt_arena_t *arena, pt_error_t *error)
{
    if (sv_text_has_control (name, false)) {
        pt_error_add (error, arena, "name", "encoding", "control characters are not allowed");
        return -PT_E_invalid;
    }
    if (!sv_text_has_ink (name)) {
        pt_error_add (error, arena, "name", "too_short", "needs a character that is not white space");
        return -PT_E_invalid;
    }
    return 0;
}

int drive_policy_update (const void *msg, pt_arena_t *arena, pt_error_t *error)
{
    const pt_file_update_t *update = msg;
    return drive_policy_name (update->name, arena, error);
}

int drive_policy_range (const pt_read_open_t *ask, uint64_t size, uint64_t *out_count)
{
    if (ask->first > size || (ask->first == size && size > 0))
        return -PT_E_range_not_satisfiable;
    uint64_t left = size - ask->first;
    *out_count = ask->has_count && ask->count < left ? ask->count : left;
    return 0;
}

int drive_policy_write (const pt_write_open_t *ask, const pt_upload_t *upload, uint64_t safe, uint64_t max,
                        uint64_t *out_limit)
{
    uint64_t length = upload->has_length ? upload->length : ask->has_length ? ask->length : max;
    bool has_digest = ask->has_digest_kind || ask->has_digest_value;
    if (has_digest && (!ask->has_digest_kind || !ask->has_digest_value ||
                       drive_digest_size (ask->digest_kind) != ask->digest_value.len))
        return -PT_E_invalid;
    if (ask->offset != safe)
        return -PT_E_offset_conflict;
    if (safe > length || (ask->has_count && ask->count > length - safe))
        return -PT_E_too_large;
    *out_limit = length - safe;
    return 0;
}
