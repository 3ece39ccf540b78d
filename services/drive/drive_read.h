/*  drive_read - bytes of files that go over streams. */

#ifndef DRIVE_READ_H
#define DRIVE_READ_H

#include "drive.h"

/*  Ends all streams with `draining`. */
void drive_read_stop (drive_t *drive);

#endif
