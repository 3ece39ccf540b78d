/*  gw_check_cache - what auth has said about credentials that only it can judge, by
    a hash of how they were shown; pure.

    Bounded: when it is full, what was confirmed the longest ago goes. */

#ifndef GW_CHECK_CACHE_H
#define GW_CHECK_CACHE_H

#include "gw_identity.h"

#define GW_CHECK_HASH 32

typedef struct gw_check_cache gw_check_cache_t;

/*  The first bytes of a hash, never 0: what gw_idmap takes. */
uint64_t gw_check_cache_key (const uint8_t hash[GW_CHECK_HASH]);

/*  At most `max` identities.  NULL when out of memory. */
gw_check_cache_t *gw_check_cache_new (uint32_t max);
void gw_check_cache_destroy (gw_check_cache_t **self_p);

/*  The identity of a hash and when it was confirmed; NULL when it is not known.
    Valid until the next call that changes anything. */
const gw_identity_t *gw_check_cache_find (const gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH],
                                          uint64_t *out_confirmed_ms);

/*  Remembers it as confirmed now; without memory it is not remembered. */
void gw_check_cache_put (gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH], const gw_identity_t *identity,
                         uint64_t now_ms);

void gw_check_cache_drop (gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH]);

/*  Drops those of one credential of an account, or all of the account (session 0). */
void gw_check_cache_forget (gw_check_cache_t *self, uint64_t account, uint64_t session);

uint32_t gw_check_cache_count (const gw_check_cache_t *self);

#endif
