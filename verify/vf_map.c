/*  vf_map - from a 64-bit key to a 32-bit index: open addressing. */

#include "vf_map.h"

#include <stdlib.h>

#define FIRST_SIZE 1024

void vf_map_fini (vf_map_t *self)
{
    free (self->keys);
    free (self->values);
    *self = (vf_map_t){0};
}

/*  splitmix64: every bit of the key reaches every bit of the place. */
static uint64_t s_mix (uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t vf_key (uint64_t a, uint64_t b, uint64_t c)
{
    return s_mix (s_mix (s_mix (a + 0x9e3779b97f4a7c15u) ^ b) + c);
}

/*  The place of a key, or the free one where it belongs. */
static uint64_t s_place (const vf_map_t *self, uint64_t key)
{
    uint64_t at = s_mix (key) & self->mask;
    while (self->values[at] != VF_NONE && self->keys[at] != key)
        at = (at + 1) & self->mask;
    return at;
}

uint32_t vf_map_get (const vf_map_t *self, uint64_t key)
{
    return self->keys ? self->values[s_place (self, key)] : VF_NONE;
}

static bool s_grow (vf_map_t *self)
{
    uint64_t size = self->keys ? 2 * (self->mask + 1) : FIRST_SIZE;
    vf_map_t grown = {malloc (size * sizeof *grown.keys), malloc (size * sizeof *grown.values), size - 1, self->count};
    if (!grown.keys || !grown.values) {
        vf_map_fini (&grown);
        return false;
    }
    for (uint64_t i = 0; i < size; i++)
        grown.values[i] = VF_NONE;
    for (uint64_t i = 0; self->keys && i <= self->mask; i++) {
        if (self->values[i] == VF_NONE)
            continue;
        uint64_t at = s_place (&grown, self->keys[i]);
        grown.keys[at] = self->keys[i];
        grown.values[at] = self->values[i];
    }
    free (self->keys);
    free (self->values);
    self->keys = grown.keys;
    self->values = grown.values;
    self->mask = grown.mask;
    return true;
}

bool vf_map_put (vf_map_t *self, uint64_t key, uint32_t value)
{
    bool is_full = !self->keys || 2 * self->count > self->mask;
    if (is_full && !s_grow (self))
        return false;
    uint64_t at = s_place (self, key);
    self->keys[at] = key;
    self->values[at] = value;
    self->count++;
    return true;
}
