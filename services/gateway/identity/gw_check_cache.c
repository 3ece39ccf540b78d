/*  gw_check_cache - what auth has said about credentials; pure.

    Each entry is in three orders: by the first bytes of its hash, beside the others
    of its account, and by age.  SHA-256 makes the hash, so that two entries do not
    share its first bytes but by an accident nobody will see; then the older one
    goes. */

#include "gw_check_cache.h"
#include "gw_idmap.h"
#include <stdlib.h>

typedef struct entry {
    uint8_t hash[GW_CHECK_HASH];
    gw_identity_t identity;
    uint64_t confirmed_ms;
    struct entry *newer, *older;
    struct entry *next, *prev; /* of the account */
} entry_t;

struct gw_check_cache {
    gw_idmap_t entries;  /* by the hash */
    gw_idmap_t accounts; /* first entry of each */
    entry_t *newest, *oldest;
    uint32_t max;
};

gw_check_cache_t *gw_check_cache_new (uint32_t max)
{
    gw_check_cache_t *self = calloc (1, sizeof *self);
    if (self)
        self->max = max;
    return self;
}

uint32_t gw_check_cache_count (const gw_check_cache_t *self)
{
    return self->entries.count;
}

uint64_t gw_check_cache_key (const uint8_t hash[GW_CHECK_HASH])
{
    uint64_t key;
    memcpy (&key, hash, sizeof key);
    return key ? key : 1;
}

static void s_unlink_age (gw_check_cache_t *self, entry_t *entry)
{
    *(entry->newer ? &entry->newer->older : &self->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &self->oldest) = entry->newer;
}

static void s_unlink_account (gw_check_cache_t *self, entry_t *entry)
{
    uint64_t account = entry->identity.account;
    if (entry->next)
        entry->next->prev = entry->prev;
    if (entry->prev) {
        entry->prev->next = entry->next;
        return;
    }
    if (entry->next)
        gw_idmap_replace (&self->accounts, account, entry->next);
    else
        gw_idmap_remove (&self->accounts, account);
}

static void s_free (gw_check_cache_t *self, entry_t *entry)
{
    gw_idmap_remove (&self->entries, gw_check_cache_key (entry->hash));
    s_unlink_account (self, entry);
    s_unlink_age (self, entry);
    free (entry);
}

void gw_check_cache_destroy (gw_check_cache_t **self_p)
{
    gw_check_cache_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    while (self->oldest)
        s_free (self, self->oldest);
    gw_idmap_fini (&self->entries);
    gw_idmap_fini (&self->accounts);
    free (self);
}

static entry_t *s_find (const gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH])
{
    entry_t *entry = gw_idmap_get (&self->entries, gw_check_cache_key (hash));
    return entry && memcmp (entry->hash, hash, GW_CHECK_HASH) == 0 ? entry : NULL;
}

const gw_identity_t *gw_check_cache_find (const gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH],
                                          uint64_t *out_confirmed_ms)
{
    const entry_t *entry = s_find (self, hash);
    if (!entry)
        return NULL;
    *out_confirmed_ms = entry->confirmed_ms;
    return &entry->identity;
}

void gw_check_cache_drop (gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH])
{
    entry_t *entry = s_find (self, hash);
    if (entry)
        s_free (self, entry);
}

/*  Takes it to the account's others; false without memory. */
static bool s_link_account (gw_check_cache_t *self, entry_t *entry)
{
    entry_t *first = gw_idmap_get (&self->accounts, entry->identity.account);
    if (!first)
        return gw_idmap_put (&self->accounts, entry->identity.account, entry) == 0;
    entry->prev = first;
    entry->next = first->next;
    if (first->next)
        first->next->prev = entry;
    first->next = entry;
    return true;
}

static void s_link_age (gw_check_cache_t *self, entry_t *entry)
{
    entry->older = self->newest;
    *(self->newest ? &self->newest->newer : &self->oldest) = entry;
    self->newest = entry;
}

void gw_check_cache_put (gw_check_cache_t *self, const uint8_t hash[GW_CHECK_HASH], const gw_identity_t *identity,
                         uint64_t now_ms)
{
    entry_t *same = gw_idmap_get (&self->entries, gw_check_cache_key (hash));
    if (same)
        s_free (self, same);
    else if (self->entries.count >= self->max && self->oldest)
        s_free (self, self->oldest);
    entry_t *entry = self->entries.count < self->max ? calloc (1, sizeof *entry) : NULL;
    if (!entry)
        return;
    memcpy (entry->hash, hash, GW_CHECK_HASH);
    entry->identity = *identity;
    entry->confirmed_ms = now_ms;
    if (gw_idmap_put (&self->entries, gw_check_cache_key (hash), entry) != 0) {
        free (entry);
        return;
    }
    if (!s_link_account (self, entry)) {
        gw_idmap_remove (&self->entries, gw_check_cache_key (hash));
        free (entry);
        return;
    }
    s_link_age (self, entry);
}

void gw_check_cache_forget (gw_check_cache_t *self, uint64_t account, uint64_t session)
{
    entry_t *entry = gw_idmap_get (&self->accounts, account), *next;
    for (; entry; entry = next) {
        next = entry->next;
        if (session == 0 || entry->identity.session == session)
            s_free (self, entry);
    }
}
