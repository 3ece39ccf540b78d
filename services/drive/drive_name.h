/*  drive_name - the names under which a backend keeps bytes; pure.

    They are made of a digest and of an upload's random id alone, never of
    anything that a client chose, so that a name can't lead anywhere. */

#ifndef DRIVE_NAME_H
#define DRIVE_NAME_H

#include "pt_message.h"

/*  <SHA-256 in hex>-<upload id in hex>, and a NUL. */
#define DRIVE_NAME_BLOB (2 * LIM_HASH + 1 + 16 + 1)

/*  <upload id in hex>, and a NUL. */
#define DRIVE_NAME_UPLOAD (16 + 1)

typedef struct {
    char at[DRIVE_NAME_BLOB];
} drive_blob_name_t;

drive_blob_name_t drive_name_blob (const uint8_t sha256[LIM_HASH], uint64_t upload);

/*  Takes a name that came from elsewhere.  0, or -PT_E_invalid unless it is one
    that drive_name_blob could have made. */
PT_MUSTCHECK int drive_name_take (pt_str_t text, drive_blob_name_t *out);

void drive_name_upload (uint64_t upload, char out[DRIVE_NAME_UPLOAD]);

/*  The id in the name of an upload; 0 unless it is one. */
uint64_t drive_name_upload_id (const char *name);

#endif
