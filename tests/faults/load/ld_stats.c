/*  ld_stats - see ld_stats.h.  A bucket is the position of the highest bit and
    the three bits below it. */

#include "ld_stats.h"

static unsigned s_bucket (uint64_t us)
{
    if (us < 16)
        return (unsigned)us;
    unsigned high = 63 - (unsigned)__builtin_clzll (us);
    unsigned bucket = (high - 2) * 8 + (unsigned)(us >> (high - 3) & 7);
    return bucket < LD_BUCKETS ? bucket : LD_BUCKETS - 1;
}

static uint64_t s_upper (unsigned bucket)
{
    if (bucket < 16)
        return bucket;
    unsigned high = bucket / 8 + 2;
    return ((uint64_t)(bucket % 8 + 9) << (high - 3)) - 1;
}

void ld_times_add (ld_times_t *self, uint64_t us)
{
    self->counts[s_bucket (us)]++;
    self->total++;
}

uint64_t ld_times_quantile (const ld_times_t *self, unsigned permille)
{
    uint64_t wanted = (self->total * permille + 999) / 1000, seen = 0;
    for (unsigned i = 0; i < LD_BUCKETS; i++) {
        seen += self->counts[i];
        if (seen >= wanted && seen > 0)
            return s_upper (i);
    }
    return 0;
}
