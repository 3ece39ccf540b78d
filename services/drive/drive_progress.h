/*  drive_progress - tells an account how its uploads go on: often enough to see,
    seldom enough to cost nothing, and always the last word. */

#ifndef DRIVE_PROGRESS_H
#define DRIVE_PROGRESS_H

#include "drive.h"

/*  At most one event of an upload in this time, but for the last. */
#define DRIVE_PROGRESS_MS 500

/*  Embedded; all zero but for its first three before the first event. */
typedef struct {
    uint64_t account, upload;
    uint64_t total; /* 0: not known */
    uint64_t told_ms, told_bytes;
} drive_progress_t;

/*  Says where the upload stands, unless that was said a moment ago and
    `is_last` is not set.  An event is a hint: it may be lost. */
void drive_progress (const drive_t *drive, drive_progress_t *self, const char *state, uint64_t acked,
                     const char *reason, bool is_last);

#endif
