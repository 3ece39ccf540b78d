/*  drive_check - looks through a complete upload, once, and tells what it is. */

#ifndef DRIVE_CHECK_H
#define DRIVE_CHECK_H

#include "drive_backend.h"
#include "drive_sniff.h"

/*  What is asked; all borrowed. */
typedef struct {
    drive_sniff_t *sniff;
    const char *clamd_socket; /* NULL: nothing is scanned */
    drive_sink_t *sink;
    uint64_t size;
    const uint8_t *sha256; /* NULL: not known yet */
    bool is_picture;
    uint64_t pixels;
} drive_check_t;

typedef struct {
    uint8_t sha256[LIM_HASH];
    char type[LIM_MEDIA_TYPE + 1];
    char why[LIM_DETAIL + 1]; /* of a refusal: a sentence for people; else empty */
} drive_verdict_t;

/*  Blocks.  0; for what the bytes are, and will stay: -PT_E_media_refused,
    -PT_E_too_large (a picture, or beyond what the scanner takes), -PT_E_infected;
    else, and trying again may help: -PT_E_unavailable (the scanner is away),
    -PT_E_memory, and the errors of the backend. */
PT_MUSTCHECK int drive_check (const drive_check_t *ask, drive_verdict_t *out);

/*  Whether an error is of the first kind. */
bool drive_check_is_final (int err);

#endif
