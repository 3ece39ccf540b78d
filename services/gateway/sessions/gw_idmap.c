/*  gw_idmap - see gw_idmap.h.  Open addressing with linear probing, at most
    three quarters full; removal shifts back, so that there are no tombstones. */

#include "gw_idmap.h"
#include <stdlib.h>

#define S_CAP_MIN 4

typedef struct gw_idmap_slot {
    uint64_t id; /* 0: free */
    void *value;
} s_slot_t;

void gw_idmap_fini (gw_idmap_t *self)
{
    free (self->slots);
    *self = (gw_idmap_t){0};
}

/*  Ids are often consecutive or all share their low bits: mix them (the
    finaliser of splitmix64). */
static uint32_t s_home (const gw_idmap_t *self, uint64_t id)
{
    id = (id ^ (id >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    id = (id ^ (id >> 27)) * UINT64_C (0x94d049bb133111eb);
    return (uint32_t)(id ^ (id >> 31)) & (self->cap - 1);
}

/*  Where the id is, or the free slot where it would go. */
static uint32_t s_find (const gw_idmap_t *self, uint64_t id)
{
    uint32_t at = s_home (self, id);
    while (self->slots[at].id && self->slots[at].id != id)
        at = (at + 1) & (self->cap - 1);
    return at;
}

void *gw_idmap_get (const gw_idmap_t *self, uint64_t id)
{
    return self->cap ? self->slots[s_find (self, id)].value : NULL;
}

static int s_grow (gw_idmap_t *self)
{
    gw_idmap_t larger = {.cap = self->cap ? self->cap * 2 : S_CAP_MIN, .count = self->count};
    larger.slots = calloc (larger.cap, sizeof *larger.slots);
    if (!larger.slots)
        return -PT_E_memory;
    for (uint32_t i = 0; i < self->cap; i++)
        if (self->slots[i].id)
            larger.slots[s_find (&larger, self->slots[i].id)] = self->slots[i];
    free (self->slots);
    *self = larger;
    return 0;
}

int gw_idmap_put (gw_idmap_t *self, uint64_t id, void *value)
{
    if ((self->count + 1) * 4 > self->cap * 3 && s_grow (self))
        return -PT_E_memory;
    self->slots[s_find (self, id)] = (s_slot_t){id, value};
    self->count++;
    return 0;
}

void gw_idmap_replace (gw_idmap_t *self, uint64_t id, void *value)
{
    self->slots[s_find (self, id)].value = value;
}

void gw_idmap_remove (gw_idmap_t *self, uint64_t id)
{
    if (!self->cap)
        return;
    uint32_t hole = s_find (self, id);
    if (!self->slots[hole].id)
        return;
    self->count--;
    uint32_t mask = self->cap - 1;
    for (uint32_t at = (hole + 1) & mask; self->slots[at].id; at = (at + 1) & mask) {
        uint32_t home = s_home (self, self->slots[at].id);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue; /* it would move in front of its home */
        self->slots[hole] = self->slots[at];
        hole = at;
    }
    self->slots[hole] = (s_slot_t){0};
}

void *gw_idmap_at (const gw_idmap_t *self, uint32_t i)
{
    return self->slots[i].value;
}
