/*  vf_around - a counterexample: the lines of the logs around something that is
    wrong, of everybody, in the order in which they happened. */

#ifndef VF_AROUND_H
#define VF_AROUND_H

#include "vf_judge.h"

/*  Of the first faults, this many lines each; those at the very seq are kept
    before those beside it. */
#define VF_AROUND_FAULTS 5
#define VF_AROUND_LINES 24
#define VF_AROUND_LEN 320

typedef struct vf_around vf_around_t;

/*  For the first faults of a verdict.  NULL when out of memory. */
vf_around_t *vf_around_new (const vf_fault_t *faults, unsigned count);
void vf_around_destroy (vf_around_t **self_p);

/*  Looks at one line of the logs; to be given all of them. */
void vf_around_add (vf_around_t *self, const vf_event_t *event, const char *line, size_t len);

/*  The lines around a fault in the order of time, `*out_count` of them; NULL for a
    fault beyond VF_AROUND_FAULTS. */
const char (*vf_around_lines (vf_around_t *self, unsigned fault, unsigned *out_count))[VF_AROUND_LEN];

#endif
