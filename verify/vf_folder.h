/*  vf_folder - the logs of a run: every *.jsonl of a folder, line by line. */

#ifndef VF_FOLDER_H
#define VF_FOLDER_H

#include "vf_event.h"

typedef struct {
    /*  One event and the line it came from, both borrowed.  Not 0 ends the reading. */
    int (*event) (void *ctx, const vf_event_t *event, const char *line, size_t len);
    /*  Now and then: how far it has come.  May be NULL. */
    void (*progress) (void *ctx, uint64_t bytes, uint64_t all_bytes);
    void *ctx;
} vf_reader_t;

/*  Reads all files in the order of their names.  0; -PT_E_not_found: no folder, or no
    log in it; -PT_E_malformed: a line that is none; -PT_E_too_large: a line over
    VF_LINE_MAX; or what `event` returned.  A last line without its end, as a killed
    client leaves it, is passed over.  `fault` gets a sentence. */
PT_MUSTCHECK int vf_folder_read (const char *folder, const vf_reader_t *reader, char *fault, size_t fault_size);

#endif
