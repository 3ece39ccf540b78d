/*  gw_token_cache - tokens that were verified, by the SHA-256 of their text: so
    that a signature is checked once a token, not once a request. */

#ifndef GW_TOKEN_CACHE_H
#define GW_TOKEN_CACHE_H

#include "gw_token.h"
#include <stdbool.h>

#define GW_TOKEN_HASH 32

typedef struct gw_token_cache gw_token_cache_t;

/*  Room for GW_TOKEN_CACHE tokens; untouched memory is not used.  NULL when out
    of memory. */
gw_token_cache_t *gw_token_cache_new (void);
void gw_token_cache_destroy (gw_token_cache_t **self_p);

bool gw_token_cache_find (const gw_token_cache_t *self, const uint8_t hash[GW_TOKEN_HASH], gw_identity_t *out);

/*  Remembers one; of the few it shares a place with, the oldest goes. */
void gw_token_cache_put (gw_token_cache_t *self, const uint8_t hash[GW_TOKEN_HASH], const gw_identity_t *identity);

void gw_token_cache_clear (gw_token_cache_t *self);

#endif
