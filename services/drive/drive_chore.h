/*  drive_chore - removes from the backend what nobody needs any more.

    The sweep: store hands out uploads that are over and blobs that no file
    consists of; they are removed, and store forgets them.  The walk: now and
    then a page of all that the backend has; what is old and store does not know
    was left by a crash, and is removed as well.  Every replica does both, and
    each step may be done twice. */

#ifndef DRIVE_CHORE_H
#define DRIVE_CHORE_H

#include "drive.h"

/*  Starts both; NULL when out of memory. */
drive_chore_t *drive_chore_new (drive_t *drive);
void drive_chore_destroy (drive_chore_t **self_p);

/*  Sweeps at once; accepts NULL. */
void drive_chore_soon (drive_chore_t *self);

/*  Has store give an upload up, without waiting for that. */
void drive_chore_forget (drive_chore_t *self, const pt_upload_ref_t *upload);

/*  Begins nothing any more; accepts NULL. */
void drive_chore_stop (drive_chore_t *self);

/*  Whether no step is under way; accepts NULL. */
bool drive_chore_is_idle (const drive_chore_t *self);

#endif
