/*  vf_line - a line of a log: flat JSON, to and from a vf_event_t.

    tests/faults/README.md has the keys.  Reading allocates nothing: texts of the
    event point into the line, which is changed where it holds escapes. */

#ifndef VF_LINE_H
#define VF_LINE_H

#include "vf_event.h"

/*  Longest line that is read or written, its newline included. */
#define VF_LINE_MAX 4096

/*  Reads one line without its newline.  NULL, or a sentence that says what is
    wrong with it.  Keys may come in any order, unknown ones are passed over. */
PT_MUSTCHECK const char *vf_line_read (vf_event_t *out, char *line, size_t len);

/*  Writes one line with its newline into `out` and returns its length; 0 when it
    does not fit `size`.  Absent texts and numbers are left out. */
size_t vf_line_write (char *out, size_t size, const vf_event_t *event);

/*  Names as lines have them; NULL for what is none. */
const char *vf_op_name (vf_op_t op);
const char *vf_kind_name (vf_kind_t kind);

#endif
