/*  drive_digest - a digest of bytes that come piece by piece. */

#ifndef DRIVE_DIGEST_H
#define DRIVE_DIGEST_H

#include "pt_message.h"

typedef struct drive_digest drive_digest_t;

/*  NULL when the kind is unknown or memory is out. */
drive_digest_t *drive_digest_new (pt_digest_t kind);
void drive_digest_destroy (drive_digest_t **self_p);

/*  Bytes of a digest of that kind; 0: unknown. */
size_t drive_digest_size (pt_digest_t kind);

/*  0 or -PT_E_internal. */
PT_MUSTCHECK int drive_digest_add (drive_digest_t *self, const void *bytes, size_t len);

/*  The digest of all that was added, after which nothing can be; `out` has room
    for LIM_SECRET_HASH bytes.  0 or -PT_E_internal. */
PT_MUSTCHECK int drive_digest_end (drive_digest_t *self, uint8_t *out);

#endif
