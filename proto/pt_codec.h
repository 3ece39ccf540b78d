/*  pt_codec - messages to msgpack maps and back, strictly.

    The decoder scans the bytes itself first (pt_scan: depth, count, lengths
    against what is left), then lets msgpack-c unpack into a reused zone, then
    fills the struct and validates every field.  Unknown fields are ignored,
    repeated ones and trailing bytes are errors. */

#ifndef PT_CODEC_H
#define PT_CODEC_H

#include "pt_arena.h"
#include "pt_buf.h"
#include "pt_message.h"

typedef struct pt_codec pt_codec_t;

/*  Holds the reused msgpack zone; one a daemon, not shared between threads. */
pt_codec_t *pt_codec_new (void);
void pt_codec_destroy (pt_codec_t **self_p);

/*  Appends `msg` (a pt_<name>_t) as a msgpack map.  0, -PT_E_too_large,
    -PT_E_memory, or -PT_E_invalid when a value breaks its own schema (our
    bug: the peer would refuse it); then nothing was appended. */
PT_MUSTCHECK int pt_encode (pt_buf_t *out, pt_msg_t type, const void *msg);

/*  Decodes `len` bytes into a struct taken from `arena`.  STR and BIN members
    point into `bytes`, which must outlive the struct.
    0; -PT_E_malformed (not one msgpack map, too deep, too many, trailing
    bytes, a known field twice); -PT_E_invalid (a field; `*out_error`, when not
    NULL, is then overwritten with the list, in the arena); -PT_E_memory. */
PT_MUSTCHECK int pt_decode (pt_codec_t *self, pt_msg_t type, const void *bytes, size_t len, pt_arena_t *arena,
                            const void **out_msg, pt_error_t *out_error);

/*  Validates a struct that was not decoded from msgpack (JSON, query), by the
    same rules and by its `has_` flags; absent INNER members are not missed,
    the encoder sees to those.  0, or -PT_E_invalid and `*out_error`, when not
    NULL, is overwritten with the list, memory from `arena`. */
PT_MUSTCHECK int pt_validate (pt_msg_t type, const void *msg, pt_arena_t *arena, pt_error_t *out_error);

/*  Adds one field error; silently full at LIM_FIELD_ERRORS. */
void pt_error_add (pt_error_t *error, pt_arena_t *arena, const char *field, const char *code, const char *detail);

/*  Whether bytes are well-formed UTF-8 without U+0000 (RFC 3629). */
bool pt_utf8_valid (const char *bytes, size_t len);

/*  A line for people: `send{room:7 sends:[{send_id:"a" body:(12 bytes)}]}`.
    SECRET fields print as `***`, bodies as their length, control characters
    escaped; cut to what fits. */
void pt_print (pt_msg_t type, const void *msg, pt_buf_t *out);

#endif
