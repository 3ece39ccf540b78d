/*  sv_wheel - timers by the thousand, see sv_wheel.h.

    Invariant: a node that falls due in tick t (rounded up, so never early)
    hangs in slot t modulo the size, and ticks before `tick` are empty. */

#include "sv_wheel.h"
#include <string.h>

void sv_wheel_init (sv_wheel_t *self)
{
    memset (self, 0, sizeof *self);
}

static void s_link (sv_wheel_t *self, sv_wheel_node_t *node)
{
    uint64_t tick = node->due_ms / SV_WHEEL_STEP_MS + (node->due_ms % SV_WHEEL_STEP_MS != 0);
    if (tick < self->tick)
        tick = self->tick;
    if (tick >= self->tick + SV_WHEEL_SLOTS)
        tick = self->tick + SV_WHEEL_SLOTS - 1;
    sv_wheel_node_t **head = &self->slots[tick % SV_WHEEL_SLOTS];
    node->next = *head;
    node->link = head;
    if (node->next)
        node->next->link = &node->next;
    *head = node;
    self->count++;
}

void sv_wheel_set (sv_wheel_t *self, sv_wheel_node_t *node, uint64_t due_ms, uint64_t now_ms)
{
    sv_wheel_unset (self, node);
    /*  Nobody turns an empty wheel, so it may lag behind. */
    if (self->count == 0 && self->tick < now_ms / SV_WHEEL_STEP_MS)
        self->tick = now_ms / SV_WHEEL_STEP_MS;
    node->due_ms = due_ms;
    s_link (self, node);
}

void sv_wheel_unset (sv_wheel_t *self, sv_wheel_node_t *node)
{
    if (!node->link)
        return;
    *node->link = node->next;
    if (node->next)
        node->next->link = node->link;
    node->next = NULL;
    node->link = NULL;
    self->count--;
}

sv_wheel_node_t *sv_wheel_pop (sv_wheel_t *self, uint64_t now_ms)
{
    uint64_t last = now_ms / SV_WHEEL_STEP_MS;
    if (self->tick + SV_WHEEL_SLOTS < last)
        self->tick = last - SV_WHEEL_SLOTS; /* slept: once around sees every slot */
    while (self->count > 0 && self->tick <= last) {
        sv_wheel_node_t *node = self->slots[self->tick % SV_WHEEL_SLOTS];
        if (!node) {
            self->tick++;
            continue;
        }
        sv_wheel_unset (self, node);
        if (node->due_ms <= now_ms)
            return node;
        s_link (self, node);
    }
    return NULL;
}
