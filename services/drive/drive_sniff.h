/*  drive_sniff - the media type of bytes, as they say themselves: what a client
    claims is never asked. */

#ifndef DRIVE_SNIFF_H
#define DRIVE_SNIFF_H

#include "pt_message.h"

/*  First bytes that are looked at. */
#define DRIVE_SNIFF_BYTES (64 * 1024)

/*  What is neither text nor known. */
#define DRIVE_SNIFF_UNKNOWN "application/octet-stream"

typedef struct drive_sniff drive_sniff_t;

/*  Loads libmagic's tables.  NULL when they are not there or memory is out. */
drive_sniff_t *drive_sniff_new (void);
void drive_sniff_destroy (drive_sniff_t **self_p);

/*  The type of a file that begins with these bytes, lower case and without
    parameters.  May be called by several threads; one waits for the other. */
void drive_sniff_type (drive_sniff_t *self, const void *bytes, size_t len, char out[LIM_MEDIA_TYPE + 1]);

#endif
