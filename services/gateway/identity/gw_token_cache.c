/*  gw_token_cache - verified tokens by hash: sets of a few places, the oldest of
    a set makes room.  The hash comes from SHA-256, so nobody can aim at a set. */

#include "gw_token_cache.h"
#include <stdlib.h>
#include <string.h>

#define WAYS 4
#define SETS (GW_TOKEN_CACHE / WAYS)

typedef struct {
    uint8_t hash[GW_TOKEN_HASH];
    gw_identity_t identity; /* account 0: free */
} entry_t;

struct gw_token_cache {
    uint8_t oldest[SETS];
    entry_t *entries;
};

gw_token_cache_t *gw_token_cache_new (void)
{
    gw_token_cache_t *self = calloc (1, sizeof *self);
    if (self)
        self->entries = calloc (GW_TOKEN_CACHE, sizeof *self->entries);
    if (self && !self->entries)
        gw_token_cache_destroy (&self);
    return self;
}

void gw_token_cache_destroy (gw_token_cache_t **self_p)
{
    gw_token_cache_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free (self->entries);
    free (self);
}

static unsigned s_set (const uint8_t hash[GW_TOKEN_HASH])
{
    return ((unsigned)hash[0] | (unsigned)hash[1] << 8) % SETS;
}

bool gw_token_cache_find (const gw_token_cache_t *self, const uint8_t hash[GW_TOKEN_HASH], gw_identity_t *out)
{
    const entry_t *entry = &self->entries[s_set (hash) * WAYS];
    for (unsigned way = 0; way < WAYS; way++, entry++)
        if (entry->identity.account != 0 && memcmp (entry->hash, hash, GW_TOKEN_HASH) == 0) {
            *out = entry->identity;
            return true;
        }
    return false;
}

void gw_token_cache_put (gw_token_cache_t *self, const uint8_t hash[GW_TOKEN_HASH], const gw_identity_t *identity)
{
    unsigned set = s_set (hash);
    entry_t *entry = &self->entries[set * WAYS + self->oldest[set]];
    self->oldest[set] = (uint8_t)((self->oldest[set] + 1) % WAYS);
    memcpy (entry->hash, hash, GW_TOKEN_HASH);
    entry->identity = *identity;
}

void gw_token_cache_clear (gw_token_cache_t *self)
{
    memset (self->entries, 0, GW_TOKEN_CACHE * sizeof *self->entries);
}
