/*  sv_rate - a token bucket: so many a second, so many at once. */

#ifndef SV_RATE_H
#define SV_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*  Embedded; all zeros is a full bucket.  One number is enough: the moment at
    which the bucket will be full again. */
typedef struct {
    uint64_t full_us;
} sv_rate_t;

/*  One token every `token_us`, at most `burst` at once; neither may be 0. */
typedef struct {
    uint64_t token_us;
    uint32_t burst;
} sv_rate_rule_t;

/*  Time until the bucket will be full; 0 when it is. */
static inline uint64_t sv_rate_debt_us (const sv_rate_t *self, uint64_t now_us)
{
    return self->full_us > now_us ? self->full_us - now_us : 0;
}

/*  Time until there is a token; 0 when there is one. */
static inline uint64_t sv_rate_wait_us (const sv_rate_t *self, const sv_rate_rule_t *rule, uint64_t now_us)
{
    uint64_t after_us = sv_rate_debt_us (self, now_us) + rule->token_us;
    uint64_t most_us = rule->token_us * rule->burst;
    return after_us > most_us ? after_us - most_us : 0;
}

/*  Takes one token; false, and nothing changes, when there is none.
    `per_second` and `burst` must not be 0. */
static inline bool sv_rate_take (sv_rate_t *self, uint32_t per_second, uint32_t burst, uint64_t now_ms)
{
    const sv_rate_rule_t rule = {1000000 / per_second, burst};
    const uint64_t now_us = now_ms * 1000;
    if (sv_rate_wait_us (self, &rule, now_us) > 0)
        return false;
    self->full_us = now_us + sv_rate_debt_us (self, now_us) + rule.token_us;
    return true;
}

#endif
