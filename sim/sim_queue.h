/*  sim_queue - what is going to happen: events by time, those of one time in
    the order in which they were entered. */

#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  Events that may wait; a schedule that needs more has run away. */
#define SIM_QUEUE_MAX (1u << 20)

/*  An event that belongs to no process. */
#define SIM_NOBODY (-1)

typedef void (sim_event_fn) (void *ctx, uint64_t arg);

typedef struct {
    uint64_t at_us;
    uint64_t order; /* set by the queue; kept when an event is put back */
    sim_event_fn *fn;
    void *ctx; /* must outlive the event */
    uint64_t arg;
    int node;      /* whose event it is: it waits while that process sleeps */
    uint32_t life; /* dropped when the process has another life by then; 0: in any */
} sim_event_t;

typedef struct {
    sim_event_t *heap;
    size_t count, cap;
    uint64_t last_order;
    bool is_overrun; /* SIM_QUEUE_MAX was met or memory ran out: events are missing */
} sim_queue_t;

void sim_queue_init (sim_queue_t *self);
void sim_queue_fini (sim_queue_t *self);

/*  Forgets all events, keeps the memory. */
void sim_queue_clear (sim_queue_t *self);

/*  Enters a copy; gives it its order unless it has one. */
void sim_queue_push (sim_queue_t *self, const sim_event_t *event);

/*  Takes the next event out; false when there is none. */
bool sim_queue_pop (sim_queue_t *self, sim_event_t *out);

#endif
