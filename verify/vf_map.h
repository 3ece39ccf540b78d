/*  vf_map - from a 64-bit key to a 32-bit index: open addressing, grows by two.

    Keys made of several ids are mixed into 64 bits by vf_key; with 1e7 entries
    two of them meet with a probability below 1e-5, and would show as a fault,
    never hide one of many. */

#ifndef VF_MAP_H
#define VF_MAP_H

#include <stdbool.h>
#include <stdint.h>

#define VF_NONE UINT32_MAX

typedef struct {
    uint64_t *keys;
    uint32_t *values;
    uint64_t mask;
    uint64_t count;
} vf_map_t;

/*  Zeroed is empty.  Frees what it holds. */
void vf_map_fini (vf_map_t *self);

/*  The value of a key; VF_NONE when it is not there. */
uint32_t vf_map_get (const vf_map_t *self, uint64_t key);

/*  Enters a key that is not there yet.  False when out of memory. */
bool vf_map_put (vf_map_t *self, uint64_t key, uint32_t value);

/*  Mixes ids into one key. */
uint64_t vf_key (uint64_t a, uint64_t b, uint64_t c);

#endif
