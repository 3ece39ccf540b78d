/*  sim_random - the one source of chance of a schedule (splitmix64): the same
    seed gives the same schedule, on every machine. */

#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} sim_random_t;

static inline uint64_t sim_random (sim_random_t *self)
{
    uint64_t x = self->state += UINT64_C (0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C (0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/*  0 .. n - 1; 0 when n is 0. */
static inline uint64_t sim_random_below (sim_random_t *self, uint64_t n)
{
    return n ? (sim_random (self) >> 11) % n : 0;
}

/*  low .. high. */
static inline uint64_t sim_random_between (sim_random_t *self, uint64_t low, uint64_t high)
{
    return low + sim_random_below (self, high - low + 1);
}

/*  True `permille` times of a thousand. */
static inline bool sim_random_chance (sim_random_t *self, unsigned permille)
{
    return sim_random_below (self, 1000) < permille;
}

#endif
