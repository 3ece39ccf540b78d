/*  sv_trace - where requests and messages passed: a ring of the last hops of
    this process, for `parley trace`.

    A hop is noted with a copy into the next slot of a ring made at the start: no
    allocation, no lock, no input or output, one look at the clock.  The newest
    hop overwrites the oldest, so the ring never hinders what it watches, and
    what it has forgotten, or never knew, it says (`since`).  Ids and numbers alone are kept,
    never what people wrote. */

#ifndef SV_TRACE_H
#define SV_TRACE_H

#include "pt_arena.h"
#include "pt_message.h"

/*  Hops of one ring at most. */
#define SV_TRACE_MAX (1u << 20)

typedef struct sv_trace sv_trace_t;

/*  What is noted; members that mean nothing for a kind stay 0. */
typedef struct {
    pt_hop_kind_t kind;
    uint16_t opcode;
    const char *trace; /* request id; may be NULL or "" */
    uint64_t room;
    uint64_t seq, last; /* positions in the room, both ends included */
    int status;         /* 0 or an error, either sign */
    unsigned broker;    /* counted from 1 */
    uint64_t count;     /* of what, depends on the kind: see hop in messages.def */
    uint64_t at_us;     /* when, as sv_now_us; 0: this moment */
} sv_hop_t;

/*  Room for `hops`, rounded up to a power of two, at most SV_TRACE_MAX.  NULL when
    out of memory or for 0, and then nothing is noted. */
sv_trace_t *sv_trace_new (size_t hops);
void sv_trace_destroy (sv_trace_t **self_p);

/*  Notes a hop.  Accepts NULL. */
void sv_trace_add (sv_trace_t *self, const sv_hop_t *hop);

/*  Notes one hop for each run of adjoining seqs of `items`, which rise.  Accepts
    NULL. */
void sv_trace_add_items (sv_trace_t *self, const sv_hop_t *hop, const pt_item_t *items, size_t count);

/*  Fills `since`, `hops` and `more` of the answer with what matches the request
    id or the message asked for, the newest LIM_HOPS, in the order noted; lists
    live in `arena`.  Accepts NULL.  0; -PT_E_invalid when nothing is asked for;
    -PT_E_memory. */
PT_MUSTCHECK int sv_trace_find (const sv_trace_t *self, const pt_trace_query_t *query, pt_arena_t *arena,
                                pt_trace_t *out);

#endif
