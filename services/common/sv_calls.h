/*  sv_calls - the resend table: every call that has no answer yet, and what
    is to be done about it.

    A pure core: events and the time go in, frames to send and calls that ended
    come out through `sv_calls_ops_t`.  It knows no bodies, no sockets and no
    clock, so a simulator can drive it from a seed.

    A call goes to the broker that rendezvous hashing gives for its affinity,
    else to the live ones in turn.  Unanswered after 3 x p99 of its opcode, within
    LIM_RESEND_MIN_MS and LIM_RESEND_MAX_MS, doubled with each try, it goes to another broker
    under the same id.  With a single live broker there is no other, and a
    connection does not lose what it carries: then it is sent again when the
    broker was lost and came back.  A refusal that a broker gave is tried again,
    at once where another broker is left, else after a growing pause. */

#ifndef SV_CALLS_H
#define SV_CALLS_H

#include "pt_message.h"

typedef struct sv_calls sv_calls_t;

/*  Slots are 0 .. LIM_CALLS - 1: the caller keeps its own part of a call (the
    body, whom to tell) in an array beside. */
typedef struct {
    /*  Sends the call in `slot`, to be answered within `remaining_ms`; false when
        the broker can't take it. */
    bool (*send) (void *ctx, uint32_t slot, uint64_t id, unsigned broker, uint32_t remaining_ms);

    /*  The call in `slot` ended with a negative error; the slot is free.  Never
        called from within sv_calls_start or for a call that was answered. */
    void (*ended) (void *ctx, uint32_t slot, int err);
} sv_calls_ops_t;

typedef enum {
    SV_CALLS_REFUSED, /* `id` was refused by `broker` with `err`: busy, unavailable, worker_lost */
    SV_CALLS_UP,      /* `broker` is live; it knows nothing of what it was sent before */
    SV_CALLS_DOWN,    /* `broker` is gone with all it was sent */
    SV_CALLS_LEAVING, /* `broker` takes no more calls, but may answer those it has */
    SV_CALLS_TICK,
} sv_calls_kind_t;

typedef struct {
    sv_calls_kind_t kind;
    unsigned broker;
    uint64_t id;
    int err;
} sv_calls_event_t;

typedef struct {
    uint16_t opcode;
    uint64_t affinity;
    uint32_t deadline_ms; /* from now; cut to LIM_DEADLINE_MS */
} sv_calls_ask_t;

/*  `keys` names the brokers alike in every process (rendezvous hashing); `seed`
    is where ids start.  `ops` is borrowed.  NULL when out of memory. */
sv_calls_t *sv_calls_new (const uint64_t *keys, unsigned broker_count, uint64_t seed, const sv_calls_ops_t *ops,
                          void *ctx);
void sv_calls_destroy (sv_calls_t **self_p);

/*  Enters a call and returns its id; 0 when the table is full.  Nothing is sent
    before sv_calls_start, so that the caller can fill its part of the slot. */
uint64_t sv_calls_enter (sv_calls_t *self, const sv_calls_ask_t *ask, uint64_t now_ms);
void sv_calls_start (sv_calls_t *self, uint64_t id, uint64_t now_ms);

/*  An answer came (or nobody wants one any more, for _cancel).  Frees and
    returns the slot; -1 for an id that is not open: late, repeated, or never
    ours. */
int32_t sv_calls_answer (sv_calls_t *self, uint64_t id, uint64_t now_ms);
int32_t sv_calls_cancel (sv_calls_t *self, uint64_t id);

void sv_calls_step (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms);

/*  The slot of an open id; -1 when it is not open. */
int32_t sv_calls_slot (const sv_calls_t *self, uint64_t id);

/*  Id of the call in a slot; 0 when the slot is free. */
uint64_t sv_calls_id (const sv_calls_t *self, uint32_t slot);

unsigned sv_calls_open (const sv_calls_t *self);
uint64_t sv_calls_resent (const sv_calls_t *self);

/*  The time after which an unanswered call of `opcode` is sent again. */
uint32_t sv_calls_patience_ms (const sv_calls_t *self, uint16_t opcode);

/*  Weight of `node` for `key`: the highest wins (rendezvous hashing). */
uint64_t sv_rendezvous (uint64_t key, uint64_t node);

#endif
