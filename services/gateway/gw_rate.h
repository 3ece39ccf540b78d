/*  gw_rate - a token bucket: so many a second, so many at once. */

#ifndef GW_RATE_H
#define GW_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*  Embedded; all zeros is a full bucket.  One number is enough: the moment at
    which the bucket will be full again. */
typedef struct {
    uint64_t full_us;
} gw_rate_t;

/*  Takes one token; false, and nothing changes, when there is none.
    `per_second` and `burst` must not be 0. */
static inline bool gw_rate_take (gw_rate_t *self, uint32_t per_second, uint32_t burst, uint64_t now_ms)
{
    const uint64_t token_us = 1000000 / per_second;
    const uint64_t now_us = now_ms * 1000;
    uint64_t full_us = self->full_us > now_us ? self->full_us : now_us;
    if (full_us + token_us - now_us > token_us * burst)
        return false;
    self->full_us = full_us + token_us;
    return true;
}

#endif
