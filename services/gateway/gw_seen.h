/*  gw_seen - which events without a seq have come already.

    A publisher counts its events; each comes once through every broker, which may
    lose some and overtake each other.  So "the highest seen" would take a late one
    for a repeat: kept is a window of counters for each publisher.  Pure. */

#ifndef GW_SEEN_H
#define GW_SEEN_H

#include <stdbool.h>
#include <stdint.h>

/*  Publishers that are known; of one more the oldest is forgotten, and a repeat of
    its events may be told twice. */
#define GW_SEEN_PUBLISHERS 32

/*  Counters below the highest one that are told apart; what is further behind counts
    as a repeat. */
#define GW_SEEN_WINDOW 1024

typedef struct {
    struct {
        uint64_t generation, highest;
        uint64_t bits[GW_SEEN_WINDOW / 64]; /* of counter c: bit c modulo the window */
    } at[GW_SEEN_PUBLISHERS];
    unsigned next;
} gw_seen_t;

/*  Whether the event has not come before; it has then.  `self` begins zeroed, a
    generation is never 0. */
bool gw_seen_is_new (gw_seen_t *self, uint64_t generation, uint64_t counter);

#endif
