/*  drive_clamd - asks clamd whether bytes are harmful (INSTREAM over its socket). */

#ifndef DRIVE_CLAMD_H
#define DRIVE_CLAMD_H

#include "pt_error.h"
#include <stddef.h>
#include <stdint.h>

/*  Longest wait for clamd to take bytes, and to answer, milliseconds. */
#define DRIVE_CLAMD_WAIT_MS 30000

typedef struct drive_clamd drive_clamd_t;

/*  Connects to the socket file `path` and begins a stream.  NULL with the reason
    in `*out_err`: -PT_E_unavailable when clamd is away, -PT_E_memory.  Blocks. */
drive_clamd_t *drive_clamd_new (const char *path, int *out_err);
void drive_clamd_destroy (drive_clamd_t **self_p);

/*  Sends a piece.  0, or -PT_E_unavailable: clamd closed or took nothing for
    DRIVE_CLAMD_WAIT_MS.  clamd may close before the end because it has an
    answer; drive_clamd_end has it then.  Blocks. */
PT_MUSTCHECK int drive_clamd_add (drive_clamd_t *self, const void *bytes, size_t len);

/*  Ends the stream and reads the answer.  0: nothing found; -PT_E_infected with
    the finding in `why` (`size` bytes, ended by NUL); -PT_E_too_large: beyond
    clamd's StreamMaxLength; -PT_E_unavailable: no usable answer.  Blocks. */
PT_MUSTCHECK int drive_clamd_end (drive_clamd_t *self, char *why, size_t size);

#endif
