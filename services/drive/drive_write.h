/*  drive_write - bytes that come over a stream and go into an upload. */

#ifndef DRIVE_WRITE_H
#define DRIVE_WRITE_H

#include "drive.h"

/*  Ends the stream that writes to an upload here, if there is one. */
void drive_write_drop (drive_t *drive, uint64_t upload, int err);

/*  Ends all streams with `draining`; what came is made safe, at the latest when
    the threads have ended. */
void drive_write_stop (drive_t *drive);

#endif
