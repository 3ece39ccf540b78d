/*  ld_body - the text of a message, made again at every try from what is known
    of it, and its check at the receiver.  Pure.

    "crc32 sender counter mark filling": the checksum covers all behind it, so
    that a receiver sees a changed body without knowing what was sent. */

#ifndef LD_BODY_H
#define LD_BODY_H

#include "pt_message.h"

/*  Longest body, and longest name of a sender. */
#define LD_BODY_MAX 200
#define LD_BODY_MIN 40
#define LD_NAME_MAX 32

typedef struct {
    pt_str_t sender; /* at most LD_NAME_MAX, no space */
    uint64_t number; /* counter of the sender */
    uint32_t mark;   /* the mark it was begun after */
} ld_body_t;

/*  Writes LD_BODY_MIN to LD_BODY_MAX bytes, by seed and content alone; UTF-8,
    with characters that JSON escapes.  Returns the length. */
size_t ld_body_put (char out[LD_BODY_MAX], const ld_body_t *body, uint64_t seed);

/*  Writes a text as a JSON string without its quotes, with a 0 behind it; `out` has room
    for 2 * len + 1 bytes.  Of the control characters bodies have newlines alone.  Returns
    the length. */
size_t ld_body_escape (char *out, const char *text, size_t len);

/*  Whether the text is a body of ours, unchanged; `*out` borrows from it. */
bool ld_body_read (pt_str_t text, ld_body_t *out);

#endif
