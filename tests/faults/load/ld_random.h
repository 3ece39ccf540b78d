/*  ld_random - the seeded generator of every choice (splitmix64), so that a run
    can be repeated. */

#ifndef LD_RANDOM_H
#define LD_RANDOM_H

#include <stdint.h>

static inline uint64_t ld_random (uint64_t *state)
{
    uint64_t z = *state += UINT64_C (0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/*  A number from 0 to bound - 1; 0 for a bound of 0. */
static inline uint64_t ld_random_below (uint64_t *state, uint64_t bound)
{
    return bound ? ld_random (state) % bound : 0;
}

#endif
