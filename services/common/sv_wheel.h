/*  sv_wheel - timers by the thousand: adding, moving and removing one costs the
    same however many there are.

    Intrusive: the node lives in the caller's record.  A pure structure: time
    comes in as an argument, in milliseconds of any monotonic clock. */

#ifndef SV_WHEEL_H
#define SV_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  Slots times step is the horizon, a little beyond LIM_DEADLINE_MS; what lies
    farther is looked at once each turn of the wheel. */
#define SV_WHEEL_SLOTS 4096
#define SV_WHEEL_STEP_MS 8

typedef struct sv_wheel_node {
    struct sv_wheel_node *next;
    struct sv_wheel_node **link; /* what points to this node; NULL when not in a wheel */
    uint64_t due_ms;
} sv_wheel_node_t;

typedef struct {
    sv_wheel_node_t *slots[SV_WHEEL_SLOTS];
    uint64_t tick; /* the first tick not yet emptied */
    size_t count;
} sv_wheel_t;

void sv_wheel_init (sv_wheel_t *self);

/*  Sets `node` (zeroed at first) to fall due; one that is set already moves. */
void sv_wheel_set (sv_wheel_t *self, sv_wheel_node_t *node, uint64_t due_ms, uint64_t now_ms);

/*  Takes `node` out; one that is not set is left alone. */
void sv_wheel_unset (sv_wheel_t *self, sv_wheel_node_t *node);

/*  Takes out a node that is due, at most one step late; NULL when there is
    none.  While popping, set only what is due after `now_ms`. */
sv_wheel_node_t *sv_wheel_pop (sv_wheel_t *self, uint64_t now_ms);

#endif
