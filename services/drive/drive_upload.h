/*  drive_upload - what handlers share about uploads. */

#ifndef DRIVE_UPLOAD_H
#define DRIVE_UPLOAD_H

#include "drive.h"

/*  A copy that lives as long as the arena; NULL when that is full. */
pt_upload_t *drive_upload_copy (pt_arena_t *arena, const pt_upload_t *upload);

/*  Most bytes of an upload for that purpose. */
uint64_t drive_upload_max (const drive_t *drive, pt_upload_purpose_t purpose);

/*  When an upload that goes on now will be forgotten. */
int64_t drive_upload_expiry (const drive_t *drive);

#endif
