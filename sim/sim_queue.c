/*  sim_queue - a binary heap, see sim_queue.h. */

#include "sim_queue.h"
#include <stdlib.h>

#define S_FIRST_CAP 1024

void sim_queue_init (sim_queue_t *self)
{
    *self = (sim_queue_t){0};
}

void sim_queue_fini (sim_queue_t *self)
{
    free (self->heap);
    *self = (sim_queue_t){0};
}

void sim_queue_clear (sim_queue_t *self)
{
    self->count = 0;
    self->last_order = 0;
    self->is_overrun = false;
}

static bool s_is_before (const sim_event_t *a, const sim_event_t *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static bool s_grow (sim_queue_t *self)
{
    size_t cap = self->cap ? 2 * self->cap : S_FIRST_CAP;
    sim_event_t *heap = cap <= SIM_QUEUE_MAX ? realloc (self->heap, cap * sizeof *heap) : NULL;
    if (!heap) {
        self->is_overrun = true;
        return false;
    }
    self->heap = heap;
    self->cap = cap;
    return true;
}

void sim_queue_push (sim_queue_t *self, const sim_event_t *event)
{
    if (self->count == self->cap && !s_grow (self))
        return;
    sim_event_t entry = *event;
    if (entry.order == 0)
        entry.order = ++self->last_order;
    size_t at = self->count++;
    while (at > 0 && s_is_before (&entry, &self->heap[(at - 1) / 2])) {
        self->heap[at] = self->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    self->heap[at] = entry;
}

bool sim_queue_pop (sim_queue_t *self, sim_event_t *out)
{
    if (self->count == 0)
        return false;
    *out = self->heap[0];
    sim_event_t last = self->heap[--self->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= self->count)
            break;
        if (child + 1 < self->count && s_is_before (&self->heap[child + 1], &self->heap[child]))
            child++;
        if (!s_is_before (&self->heap[child], &last))
            break;
        self->heap[at] = self->heap[child];
        at = child;
    }
    self->heap[at] = last;
    return true;
}
