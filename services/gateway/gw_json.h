/*  gw_json - JSON of clients to messages of the schema, and back, by the same
    descriptors that the codec uses.

    In: strict (one value, no repeated members, bounded depth, no U+0000), every
    fault named by the path of its field; INNER fields do not exist here.
    Accepted forms: an ID or U64 is a number or a string of digits; TIME is
    RFC 3339; null is the same as absent.
    Out: IDs are strings, TIME is RFC 3339 with microseconds, absent OPTIONAL
    fields are left out but for `next` of a page, which is null. */

#ifndef GW_JSON_H
#define GW_JSON_H

#include "pt_arena.h"
#include "pt_buf.h"
#include "pt_message.h"

/*  Reads an object into the struct `msg` of `type` (zeroed by the caller; fields
    it does not name are left alone).  Strings live in `arena`.
    0; -PT_E_malformed (not one JSON object, too deep, repeated member, U+0000,
    invalid UTF-8), with a sentence in out_error->detail; -PT_E_invalid with the
    fields in `out_error`; -PT_E_memory.  Bounds are pt_validate's. */
PT_MUSTCHECK int gw_json_read (pt_msg_t type, const char *text, size_t len, pt_arena_t *arena, void *msg,
                               pt_error_t *out_error);

/*  Sets one field from text of a path or query: digits, true or false, a string,
    ids joined by commas.  0, -PT_E_invalid with the field in `out_error`, or
    -PT_E_memory. */
PT_MUSTCHECK int gw_json_set_text (const pt_field_t *field, const char *text, size_t len, pt_arena_t *arena, void *msg,
                                   pt_error_t *out_error);

/*  Sets an ID or U64 field, or a STR field, of our own making. */
void gw_json_set_u64 (const pt_field_t *field, void *msg, uint64_t value);
void gw_json_set_str (const pt_field_t *field, void *msg, pt_str_t value);

/*  Appends `msg` as one object; see pt_buf_error. */
void gw_json_write (pt_buf_t *out, pt_msg_t type, const void *msg);

#endif
