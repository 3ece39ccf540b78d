/*  drive_policy - rules beyond the schema, as pure functions. */

#ifndef DRIVE_POLICY_H
#define DRIVE_POLICY_H

#include "pt_arena.h"
#include "pt_message.h"

/*  A name is data and never a path: slashes and dots may be in it.  0, or
    -PT_E_invalid with the field at fault added to `error`: control characters, or
    nothing but white space. */
PT_MUSTCHECK int drive_policy_name (pt_str_t name, pt_arena_t *arena, pt_error_t *error);

/*  As sv_check_fn for pt_file_update_t. */
PT_MUSTCHECK int drive_policy_update (const void *msg, pt_arena_t *arena, pt_error_t *error);

/*  The bytes of a file of `size` that a request names.  0;
    -PT_E_range_not_satisfiable when it begins behind the end. */
PT_MUSTCHECK int drive_policy_range (const pt_read_open_t *ask, uint64_t size, uint64_t *out_count);

/*  Whether bytes may come at `offset` of an upload of which `safe` bytes are
    there, `max` at most of one whose length is not known, and how many may.  0;
    -PT_E_offset_conflict; -PT_E_too_large: more are announced than fit;
    -PT_E_invalid: a digest of another length than its kind has. */
PT_MUSTCHECK int drive_policy_write (const pt_write_open_t *ask, const pt_upload_t *upload, uint64_t safe, uint64_t max,
                                     uint64_t *out_limit);

#endif
