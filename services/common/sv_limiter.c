/*  sv_limiter - a fixed number of token buckets by 64-bit key.

    A bucket that is full again says nothing that an absent one would not, so
    nothing is ever removed: it is the first to make room. */

#include "sv_limiter.h"
#include "sv_hash.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t key;
    sv_rate_t rate;
} s_bucket_t;

struct sv_limiter {
    uint64_t seed[2];
    size_t mask; /* number of sets - 1, a power of two less one */
    s_bucket_t *buckets;
};

sv_limiter_t *sv_limiter_new (size_t most, const uint64_t seed[2])
{
    size_t sets = 1;
    while (sets * SV_LIMITER_WAYS < most)
        sets *= 2;
    sv_limiter_t *self = calloc (1, sizeof *self);
    s_bucket_t *buckets = calloc (sets * SV_LIMITER_WAYS, sizeof *buckets);
    if (!self || !buckets) {
        free (self);
        free (buckets);
        return NULL;
    }
    *self = (sv_limiter_t){{seed[0], seed[1]}, sets - 1, buckets};
    return self;
}

void sv_limiter_destroy (sv_limiter_t **self_p)
{
    sv_limiter_t *self = *self_p;
    if (!self)
        return;
    free (self->buckets);
    free (self);
    *self_p = NULL;
}

uint64_t sv_limiter_key (const sv_limiter_t *self, const void *bytes, size_t len)
{
    return sv_hash (self->seed, bytes, len);
}

/*  ---- buckets --------------------------------------------------------------- */

static s_bucket_t *s_set_of (const sv_limiter_t *self, uint64_t key)
{
    return self->buckets + (key & self->mask) * SV_LIMITER_WAYS;
}

/*  The bucket of `key`; a full one when there is none. */
static sv_rate_t s_find (const sv_limiter_t *self, uint64_t key)
{
    const s_bucket_t *set = s_set_of (self, key);
    for (unsigned i = 0; i < SV_LIMITER_WAYS; i++)
        if (set[i].key == key)
            return set[i].rate;
    return (sv_rate_t){0};
}

static void s_keep (sv_limiter_t *self, uint64_t key, sv_rate_t rate)
{
    s_bucket_t *set = s_set_of (self, key), *least = set;
    for (unsigned i = 0; i < SV_LIMITER_WAYS; i++) {
        if (set[i].key == key) {
            set[i].rate = rate;
            return;
        }
        if (set[i].rate.full_us < least->rate.full_us)
            least = &set[i];
    }
    *least = (s_bucket_t){key, rate};
}

static uint64_t s_ms (uint64_t us)
{
    return us / 1000 + (us % 1000 != 0);
}

uint64_t sv_limiter_wait_ms (const sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t now_ms)
{
    const sv_rate_t rate = s_find (self, key);
    return s_ms (sv_rate_wait_us (&rate, rule, now_ms * 1000));
}

uint64_t sv_limiter_take (sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t now_ms)
{
    uint64_t wait_ms = sv_limiter_wait_ms (self, key, rule, now_ms);
    if (wait_ms == 0)
        sv_limiter_charge (self, key, rule, s_ms (rule->token_us * rule->burst), now_ms);
    return wait_ms;
}

void sv_limiter_charge (sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t debt_ms, uint64_t now_ms)
{
    const sv_rate_t rate = s_find (self, key);
    uint64_t now_us = now_ms * 1000, debt_us = sv_rate_debt_us (&rate, now_us);
    uint64_t after_us = debt_us + rule->token_us, most_us = debt_ms * 1000;
    if (after_us > most_us)
        after_us = debt_us > most_us ? debt_us : most_us;
    s_keep (self, key, (sv_rate_t){now_us + after_us});
}

uint32_t sv_limiter_left (const sv_limiter_t *self, uint64_t key, const sv_rate_rule_t *rule, uint64_t now_ms)
{
    const sv_rate_t rate = s_find (self, key);
    uint64_t owed = sv_rate_debt_us (&rate, now_ms * 1000) / rule->token_us;
    owed += sv_rate_debt_us (&rate, now_ms * 1000) % rule->token_us != 0;
    return owed < rule->burst ? rule->burst - (uint32_t)owed : 0;
}

uint64_t sv_limiter_debt_ms (const sv_limiter_t *self, uint64_t key, uint64_t now_ms)
{
    const sv_rate_t rate = s_find (self, key);
    return s_ms (sv_rate_debt_us (&rate, now_ms * 1000));
}
