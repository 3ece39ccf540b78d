/*  drive_image - how large a picture says that it is, from its first bytes; pure.

    Only headers are read, nothing is decoded: what a decoder would allocate is
    bounded before anybody runs one. */

#ifndef DRIVE_IMAGE_H
#define DRIVE_IMAGE_H

#include "pt_error.h"
#include <stddef.h>
#include <stdint.h>

/*  Longest side of any picture. */
#define DRIVE_IMAGE_SIDE 16384

typedef struct {
    const char *type; /* media type: image/png, jpeg, gif or webp */
    uint32_t width, height;
} drive_image_t;

/*  Reads the header of a picture whose first `len` bytes are at `at`.  0;
    -PT_E_media_refused when it is no such picture or its header is not in
    these bytes; -PT_E_too_large beyond DRIVE_IMAGE_SIDE or `pixels`. */
PT_MUSTCHECK int drive_image_read (const uint8_t *at, size_t len, uint64_t pixels, drive_image_t *out);

#endif
