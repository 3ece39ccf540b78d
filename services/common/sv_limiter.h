/*  sv_limiter - a fixed number of token buckets by 64-bit key: who asks too often,
    of however many.

    Memory never grows.  A key is looked for in one small set of buckets; where
    the set is full the one that owes least makes room, so that whoever floods
    the table with keys frees those that would have been let through anyway.  A
    pure structure: time comes in as an argument, in milliseconds of any
    monotonic clock. */

#ifndef SV_LIMITER_H
#define SV_LIMITER_H

#include "sv_rate.h"
#include <stddef.h>

typedef struct sv_limiter sv_limiter_t;

/*  Keys of one set. */
#define SV_LIMITER_WAYS 8

/*  A limiter of at least `most` keys (rounded up to a power of two).  `seed` is
    random, so that nobody outside can choose keys that meet in one set.  NULL
    when out of memory. */
sv_limiter_t *sv_limiter_new (size_t most, const uint64_t seed[2]);

void sv_limiter_destroy (sv_limiter_t **self_p);

/*  The key of some bytes: SipHash-2-4 under the seed. */
uint64_t sv_limiter_key (const sv_limiter_t *self, const void *bytes, size_t len);

/*  Milliseconds until `key` has a token, at least 1; 0 when it has one.  Changes
    nothing. */
uint64_t sv_limiter_wait_ms (const sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t now_ms);

/*  Takes a token where there is one; otherwise changes nothing.  Returns what
    sv_limiter_wait_ms would have said. */
uint64_t sv_limiter_take (sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t now_ms);

/*  Takes a token also where there is none: the key owes it, but never more than
    `debt_ms` of waiting in all. */
void sv_limiter_charge (sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t debt_ms,
                        uint64_t now_ms);

/*  Tokens that `key` has now, at most the burst. */
uint32_t sv_limiter_left (const sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t now_ms);

/*  Milliseconds until the bucket of `key` will be full, rounded up; 0 when it is. */
uint64_t sv_limiter_debt_ms (const sv_limiter_t *self, uint64_t key, uint64_t now_ms);

#endif
