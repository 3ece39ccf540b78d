/*  gw_senders - see gw_senders.h.

    Two halves: what is learnt goes into the younger one; when that is full, or its time is over, the
    older one is dropped and the younger takes its place.  So nothing needs a time of its own. */

#include "gw_senders.h"
#include "gw_dialect_person.h"
#include "gw_idmap.h"
#include <stdlib.h>

typedef struct {
    gw_sender_t shown;
    char bytes[];
} s_entry_t;

struct gw_senders {
    gw_idmap_t young, old;
    uint32_t max;
    uint64_t born_ms; /* of the younger half */
};

static void s_clear (gw_idmap_t *half)
{
    for (uint32_t i = 0; i < half->cap; i++)
        free (gw_idmap_at (half, i));
    gw_idmap_fini (half);
    *half = (gw_idmap_t){0};
}

static void s_turn (gw_senders_t *self, uint64_t now_ms)
{
    s_clear (&self->old);
    self->old = self->young;
    self->young = (gw_idmap_t){0};
    self->born_ms = now_ms;
}

/*  What is known at all is at most two spans old. */
static void s_age (gw_senders_t *self, uint64_t now_ms)
{
    if (now_ms - self->born_ms < GW_SENDERS_MS)
        return;
    bool is_stale = now_ms - self->born_ms >= 2 * GW_SENDERS_MS;
    s_turn (self, now_ms);
    if (is_stale)
        s_turn (self, now_ms);
}

gw_senders_t *gw_senders_new (uint32_t max)
{
    gw_senders_t *self = calloc (1, sizeof *self);
    if (self)
        self->max = max;
    return self;
}

void gw_senders_destroy (gw_senders_t **self_p)
{
    gw_senders_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    s_clear (&self->young);
    s_clear (&self->old);
    free (self);
}

static s_entry_t *s_entry (const pt_person_t *person)
{
    pt_str_t name = gw_dialect_person_name (person);
    pt_str_t email = person->has_email ? person->email : (pt_str_t){0};
    s_entry_t *entry = malloc (sizeof *entry + name.len + email.len);
    if (!entry)
        return NULL;
    if (name.len)
        memcpy (entry->bytes, name.at, name.len);
    if (email.len)
        memcpy (entry->bytes + name.len, email.at, email.len);
    entry->shown = (gw_sender_t){{entry->bytes, name.len}, {entry->bytes + name.len, email.len}};
    return entry;
}

void gw_senders_put (gw_senders_t *self, const pt_person_t *person, uint64_t now_ms)
{
    s_age (self, now_ms);
    s_entry_t *entry = s_entry (person), *before = gw_idmap_get (&self->young, person->id);
    if (!entry)
        return;
    if (before) {
        gw_idmap_replace (&self->young, person->id, entry);
        free (before);
        return;
    }
    if (self->young.count >= self->max)
        s_turn (self, now_ms);
    if (gw_idmap_put (&self->young, person->id, entry) != 0)
        free (entry);
}

const gw_sender_t *gw_senders_get (gw_senders_t *self, uint64_t account, uint64_t now_ms)
{
    s_age (self, now_ms);
    const s_entry_t *entry = gw_idmap_get (&self->young, account);
    if (!entry)
        entry = gw_idmap_get (&self->old, account);
    return entry ? &entry->shown : NULL;
}
