/*  drive_local - bytes in a folder of this machine, or one that several share. */

#ifndef DRIVE_LOCAL_H
#define DRIVE_LOCAL_H

#include "drive_backend.h"

/*  Opens the folder, which is made (0700) when it is not there.  NULL with the
    reason in `why` (`size` bytes, ended by NUL): it can't be made or is open to
    others.  Blocks. */
drive_backend_t *drive_local_new (const char *folder, char *why, size_t size);

#endif
