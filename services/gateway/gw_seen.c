/*  gw_seen - which events without a seq have come already. */

#include "gw_seen.h"
#include <string.h>

static bool s_take_bit (uint64_t *bits, uint64_t counter)
{
    uint64_t place = counter % GW_SEEN_WINDOW, bit = 1ULL << (place % 64);
    bool is_new = (bits[place / 64] & bit) == 0;
    bits[place / 64] |= bit;
    return is_new;
}

/*  Moves the window up to `counter`: what it leaves behind makes room for what has not
    come yet. */
static void s_advance (uint64_t *bits, uint64_t highest, uint64_t counter)
{
    if (counter - highest >= GW_SEEN_WINDOW) {
        memset (bits, 0, GW_SEEN_WINDOW / 8);
        return;
    }
    for (uint64_t c = highest + 1; c <= counter; c++)
        bits[c % GW_SEEN_WINDOW / 64] &= ~(1ULL << (c % 64));
}

bool gw_seen_is_new (gw_seen_t *self, uint64_t generation, uint64_t counter)
{
    unsigned i = 0;
    while (i < GW_SEEN_PUBLISHERS && self->at[i].generation != generation)
        i++;
    if (i == GW_SEEN_PUBLISHERS) {
        i = self->next;
        self->next = (self->next + 1) % GW_SEEN_PUBLISHERS;
        memset (&self->at[i], 0, sizeof self->at[i]);
        self->at[i].generation = generation;
        self->at[i].highest = counter;
    }
    uint64_t highest = self->at[i].highest;
    if (counter > highest) {
        s_advance (self->at[i].bits, highest, counter);
        self->at[i].highest = counter;
    } else if (highest - counter >= GW_SEEN_WINDOW)
        return false;
    return s_take_bit (self->at[i].bits, counter);
}
