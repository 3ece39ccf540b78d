/*  drive_local_priv - what the parts of drive_local share. */

#ifndef DRIVE_LOCAL_PRIV_H
#define DRIVE_LOCAL_PRIV_H

#include "drive_backend.h"
#include <sys/types.h>

#define S_MARK_END ".mark"
#define S_MARK_NAME (DRIVE_NAME_UPLOAD + sizeof S_MARK_END - 1)

/*  ab/cd/<name> */
#define S_BLOB_PATH (6 + DRIVE_NAME_BLOB)

typedef struct {
    drive_backend_t backend;
    int root, uploads, blobs; /* folders; -1: not open */
} s_local_t;

/*  The error for an errno. */
int drive_local_error (int err);

/*  Opens beneath `folder`, through no link; the fd, or -1 with errno. */
int drive_local_open (int folder, const char *path, int flags, mode_t mode);

void drive_local_path (const drive_blob_name_t *name, char out[S_BLOB_PATH]);

/*  Whether neither bytes nor name of a file changed since `old_before`. */
bool drive_local_is_old (int fd, int64_t old_before);

/*  As drive_backend_ops_t's remove and list. */
int drive_local_unlink (int folder, const char *path, int64_t old_before);
int drive_local_list (drive_backend_t *backend, int64_t old_before, drive_place_t *place, drive_listing_t *out);

#endif
