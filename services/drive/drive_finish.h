/*  drive_finish - makes a complete upload a file.

        look through it -> make it a blob -> store_file_create -> forget the upload

    Each step may be done again after a crash, by any replica: the upload's bytes
    and row stay until store has the file.  Before that nobody can see it. */

#ifndef DRIVE_FINISH_H
#define DRIVE_FINISH_H

#include "drive.h"

/*  What came of it: 0 and the file, or an error and a sentence for people (may be
    NULL).  Borrowed for the call. */
typedef void (drive_finish_fn) (void *arg, int status, const char *detail, const pt_file_t *file);

typedef struct {
    uint64_t account;
    uint64_t upload;
    uint64_t size;
    pt_upload_purpose_t purpose;
    const uint8_t *sha256; /* NULL: not known; copied */
    const char *trace;     /* copied; may be NULL */
    drive_sink_t *sink;    /* taken, whatever comes */
    drive_finish_fn *fn;   /* called exactly once, never from within */
    void *arg;
} drive_finish_t;

/*  Begins; does not block.  0; else `fn` is not called: -PT_E_busy,
    -PT_E_draining, -PT_E_memory. */
PT_MUSTCHECK int drive_finish (drive_t *drive, const drive_finish_t *ask);

#endif
