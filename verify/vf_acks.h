/*  vf_acks - what clients were told is stored, to be compared with what a store
    answers when it is asked.

    Sends are added as they stand in logs; then questions are taken one after the
    other, each with its answer, until there are none.  Only acknowledgements are
    compared, so others may have written to the rooms meanwhile.  Pure. */

#ifndef VF_ACKS_H
#define VF_ACKS_H

#include "vf_event.h"

typedef struct vf_acks vf_acks_t;

typedef struct {
    uint64_t acks;    /* acknowledgements in the logs */
    uint64_t kept;    /* found as they were acknowledged */
    uint64_t expired; /* at numbers that the room no longer keeps */
    uint64_t lost;    /* not there, with the whole room or alone */
    uint64_t changed; /* another sender, send_id or body stands there */
} vf_acks_counts_t;

/*  NULL when out of memory. */
vf_acks_t *vf_acks_new (void);
void vf_acks_destroy (vf_acks_t **self_p);

/*  Takes what matters of one event, those of one client in the order of its log.
    0 or -PT_E_memory. */
PT_MUSTCHECK int vf_acks_add (vf_acks_t *self, const vf_event_t *event);

/*  The next question; false when all is compared.  Nothing may be added any more. */
bool vf_acks_next (vf_acks_t *self, pt_range_query_t *out);

/*  Each acknowledgement that does not hold: `is_changed`, or it is not there. */
typedef void (vf_acks_fn) (void *ctx, uint64_t room, uint64_t seq, bool is_changed);

/*  Takes the answer to the last question; NULL: there is no such room. */
void vf_acks_take (vf_acks_t *self, const pt_history_page_t *page, vf_acks_fn *fn, void *ctx);

vf_acks_counts_t vf_acks_counts (const vf_acks_t *self);

#endif
