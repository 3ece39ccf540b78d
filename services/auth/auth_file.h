/*  auth_file - small private files that hold key material: made once, with mode
    0600, in a way that lets several instances start on one folder at the same
    time and all end with the same content. */

#ifndef AUTH_FILE_H
#define AUTH_FILE_H

#include "pt_error.h"
#include <stddef.h>
#include <stdint.h>

/*  A larger file is refused: it can't be one of ours. */
#define AUTH_FILE_MAX 4096

/*  Content of a file, with a NUL behind it.  Whoever fills one wipes it. */
typedef struct {
    uint8_t at[AUTH_FILE_MAX + 1];
    size_t len;
} auth_blob_t;

/*  A sentence for the log; never holds anything of a file's content. */
typedef struct {
    char text[512];
} auth_why_t;

/*  printf into `why`. */
void auth_why (auth_why_t *why, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  Reads a regular file that belongs to us or to root and that nobody but its
    owner may write and no stranger may read.  Blocks on the disk.
    0; -PT_E_not_found (the file, not its folder, is missing, or both);
    -PT_E_forbidden (mode or owner); -PT_E_invalid (no regular file, empty, too
    large); -PT_E_internal (reading failed). */
PT_MUSTCHECK int auth_file_read (const char *path, auth_blob_t *out_blob, auth_why_t *why);

/*  Makes the file with mode 0600, on disk when this returns.  0 also when it
    is there already: then nothing was written and the content is another's.
    -PT_E_internal when it can't be made. */
PT_MUSTCHECK int auth_file_create (const char *path, const void *bytes, size_t len, auth_why_t *why);

/*  Gives content for a file that is missing; 0 or a negative error. */
typedef int (auth_file_make_fn) (auth_blob_t *out_blob, auth_why_t *why);

/*  Reads the file, which is made first when it is missing.  Whoever made it, all
    callers get the same content.  `make` NULL: it is not made, and -PT_E_not_found.
    Other errors as above. */
PT_MUSTCHECK int auth_file_load (const char *path, auth_file_make_fn *make, auth_blob_t *out_blob, auth_why_t *why);

#endif
