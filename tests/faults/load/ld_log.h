/*  ld_log - the log of one client: lines are collected in memory and written
    together before any byte of the same turn goes to a socket, so that what is
    done is always in the file already. */

#ifndef LD_LOG_H
#define LD_LOG_H

#include "pt_buf.h"
#include "vf_line.h"

/*  Lines of one turn; beyond it the turn's lines are written at once. */
#define LD_LOG_BYTES (256 * 1024)
#define LD_LOG_PATH 4096

typedef struct ld_log {
    pt_buf_t lines;
    int fd;           /* -1: opened for each write */
    const char *name; /* of the client, borrowed */
    struct ld_log *next;
    bool is_dirty;
} ld_log_t;

/*  All logs of a run: folder, clock of the turn, and which have lines. */
typedef struct {
    char folder[LD_LOG_PATH];
    uint64_t mono_ns;
    int64_t wall_ns;
    ld_log_t *dirty;
    bool is_broken; /* a line could not be written: nothing may be done any more */
} ld_logs_t;

/*  Creates <folder>/<name>.jsonl anew.  `is_kept_open`: it costs a descriptor.
    0, -PT_E_unavailable (errno tells why). */
PT_MUSTCHECK int ld_log_open (ld_log_t *self, const ld_logs_t *logs, const char *name, bool is_kept_open);
void ld_log_close (ld_log_t *self);

/*  Adds a line with the clock of the turn and the client's name. */
void ld_log_add (ld_log_t *self, ld_logs_t *logs, const vf_event_t *event);

/*  Reads the clocks: the beginning of a turn. */
void ld_logs_begin (ld_logs_t *self);

/*  Writes what was added.  0, or -PT_E_unavailable: `is_broken` is set. */
PT_MUSTCHECK int ld_logs_flush (ld_logs_t *self);

#endif
