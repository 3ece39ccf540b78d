/*  ld_stats - counters of a run, and times in buckets that are an eighth apart. */

#ifndef LD_STATS_H
#define LD_STATS_H

#include <stddef.h>
#include <stdint.h>

#define LD_BUCKETS 256

typedef struct {
    uint64_t counts[LD_BUCKETS];
    uint64_t total;
} ld_times_t;

typedef struct {
    uint64_t sent, acked, received;  /* messages begun, acknowledged; items given to applications */
    uint64_t unknown, refused, held; /* held: not begun, the outbox was full */
    uint64_t conns, violations, reads, moves, pulls, revoked;
    unsigned open;      /* sockets that are open */
    ld_times_t acks;    /* first try to acknowledgement, microseconds, since the last report */
    ld_times_t overall; /* the same of the whole run */
} ld_stats_t;

void ld_times_add (ld_times_t *self, uint64_t us);

/*  The time that `permille` of a thousand do not exceed (the bucket's upper end); 0 without any. */
uint64_t ld_times_quantile (const ld_times_t *self, unsigned permille);

#endif
