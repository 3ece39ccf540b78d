/*  vf_judge - decides from what clients saw whether the server kept its
    promises.  It trusts the server in nothing.

    Events are added in any order of clients, but those of one client in the
    order of its log; what rooms held at the end (VF_ITEM) by rising seq.  Then
    the verdict is asked for once.  Memory grows with the number of events;
    nothing is read, written or timed here, so a simulator uses it too. */

#ifndef VF_JUDGE_H
#define VF_JUDGE_H

#include "vf_event.h"

typedef struct vf_judge vf_judge_t;

/*  What can be wrong: the invariants of the delivery contract. */
typedef enum {
    VF_LOST,        /* I1: acknowledged, but not in the final store, or with another body */
    VF_HOLE,        /* I2: the final numbering has a hole, or a number was used twice */
    VF_GAP,         /* I3: a member was not given a seq it was owed */
    VF_TWICE,       /* I3: a member was given a seq twice */
    VF_BACKWARDS,   /* I3: a member was given a lower seq after a higher one */
    VF_OTHERWISE,   /* I3: what a member was given is not what the store holds at that seq */
    VF_DOUBLED,     /* I4: one send_id, two seqs, or two different acknowledgements */
    VF_GHOST,       /* I5: a body that nobody sent, or whose send was certainly refused */
    VF_REORDERED,   /* I6: a sender's acknowledged messages are not in its order */
    VF_UNREAD,      /* I7: history did not show what had been acknowledged before */
    VF_LATE,        /* I8: an item behind the end of a membership was delivered */
    VF_HEARD_AFTER, /* I9: given an item on a session that had been revoked for too long */
    VF_OPEN_AFTER,  /* I9: the socket of such a session was not closed */
    VF_TAKEN_AFTER, /* I9: a request or a socket of such a session was accepted */
    VF_UNBOUNDED,   /* I10: memory, descriptors or idle CPU beyond the stated cap */
    VF_UNRECOVERED, /* I11: not flowing again in time after a fault */
    VF_SLOWED,      /* I12: others' latency suffered */
    VF_DISHONEST,   /* I13: a send without an outcome at the end, or reported failed and stored */
    VF_FINDINGS
} vf_finding_t;

/*  What was signed out must have no effect any more after so long (I9). */
#define VF_REVOKED_MS 5000

typedef struct {
    uint64_t recovery_ms; /* VF_UNRECOVERED beyond; 0: not judged */
    uint64_t rss_max;     /* bytes per process; 0: not judged */
    uint64_t fds_max;
} vf_limits_t;

typedef struct {
    uint64_t events, clients, rooms;
    uint64_t sent, acked, acked_in_faults, refused, unknown, delivered;
    uint64_t stored;            /* items of the final store */
    uint64_t faults;            /* injections */
    uint64_t worst_recovery_ms; /* healed to flowing */
    uint64_t rss_peak, fds_peak;
    uint64_t findings[VF_FINDINGS];
    uint64_t ack_p50_us, ack_p99_us, ack_max_us;       /* first try to acknowledgement */
    uint64_t revoked;                                  /* sessions that were certainly signed out */
    uint64_t revoked_closed;                           /* their sockets that the server closed for it */
    uint64_t close_p50_us, close_p99_us, close_max_us; /* from the answer that it is revoked to that close */
} vf_counts_t;

/*  One thing that is wrong: what, where, and a sentence. */
typedef struct {
    vf_finding_t finding;
    uint64_t room, seq;
    uint64_t session; /* I9; else 0 */
    pt_str_t client;  /* borrowed from the judge */
    char text[200];
} vf_fault_t;

/*  At most this many are kept as examples; all are counted. */
#define VF_FAULTS_MAX 100

/*  NULL when out of memory. */
vf_judge_t *vf_judge_new (const vf_limits_t *limits);
void vf_judge_destroy (vf_judge_t **self_p);

/*  Takes one event (copied).  0 or -PT_E_memory. */
PT_MUSTCHECK int vf_judge_add (vf_judge_t *self, const vf_event_t *event);

/*  The verdict; nothing may be added afterwards.  True when nothing is wrong. */
bool vf_judge_finish (vf_judge_t *self, vf_counts_t *out_counts);

/*  Examples, 0 .. count - 1. */
const vf_fault_t *vf_judge_faults (const vf_judge_t *self, unsigned *out_count);

/*  A finding in a few words. */
const char *vf_finding_name (vf_finding_t finding);

/*  The columns of a verdict: each finding is counted in one. */
typedef enum { VF_CLASS_LOST, VF_CLASS_DOUBLED, VF_CLASS_REORDERED, VF_CLASS_OUTLIVED, VF_CLASS_OTHER } vf_class_t;

uint64_t vf_counts_of (const vf_counts_t *counts, vf_class_t class);

#endif
