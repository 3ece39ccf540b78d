/*  ld_outbox - see ld_outbox.h */

#include "ld_outbox.h"
#include <stdlib.h>

static ld_send_t *s_at (const ld_outbox_t *self, uint32_t i)
{
    return &self->ring[(self->first + i) % LD_OUTBOX_MAX];
}

void ld_outbox_init (ld_outbox_t *self, uint32_t window)
{
    *self = (ld_outbox_t){.window = window < 1 ? 1 : window > LD_WINDOW_MAX ? LD_WINDOW_MAX : window};
}

void ld_outbox_fini (ld_outbox_t *self)
{
    free (self->ring);
    self->ring = NULL;
    self->count = self->flying = 0;
}

int ld_outbox_add (ld_outbox_t *self, uint64_t number, uint32_t mark)
{
    if (!self->ring && !(self->ring = calloc (LD_OUTBOX_MAX, sizeof *self->ring)))
        return -PT_E_memory;
    if (self->count == LD_OUTBOX_MAX)
        return -PT_E_busy;
    *s_at (self, self->count++) = (ld_send_t){.number = number, .mark = mark, .state = LD_WAITING};
    return 0;
}

/*  Oldest first: the first that is neither settled nor in flight goes, or
    nothing does.  A window spans what is unsettled and whatever settled between. */
static ld_send_t *s_candidate (const ld_outbox_t *self)
{
    uint32_t span = self->count < self->window ? self->count : self->window;
    for (uint32_t i = 0; i < span; i++) {
        ld_send_t *send = s_at (self, i);
        if (send->state == LD_WAITING || send->state == LD_UNKNOWN)
            return send;
    }
    return NULL;
}

const ld_send_t *ld_outbox_next (ld_outbox_t *self, uint32_t re, uint64_t now_us)
{
    ld_send_t *send = s_candidate (self);
    if (!send || (send->state == LD_UNKNOWN && now_us < send->due_us))
        return NULL;
    send->state = LD_FLYING;
    send->re = re;
    send->tries++;
    if (!send->first_us)
        send->first_us = now_us;
    self->flying++;
    return send;
}

uint64_t ld_outbox_due (const ld_outbox_t *self)
{
    const ld_send_t *send = s_candidate (self);
    return !send ? UINT64_MAX : send->state == LD_WAITING ? 0 : send->due_us;
}

uint64_t ld_outbox_oldest (const ld_outbox_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (s_at (self, i)->state == LD_FLYING)
            return s_at (self, i)->first_us;
    return 0;
}

static uint64_t s_backoff_us (unsigned tries)
{
    uint64_t wait = (uint64_t)LD_RETRY_US << (tries < 6 ? tries - (tries > 0) : 5);
    return wait < LD_RETRY_MAX_US ? wait : LD_RETRY_MAX_US;
}

static void s_trim (ld_outbox_t *self)
{
    while (self->count > 0 && s_at (self, 0)->state == LD_SETTLED) {
        self->first = (self->first + 1) % LD_OUTBOX_MAX;
        self->count--;
    }
}

bool ld_outbox_settle (ld_outbox_t *self, uint32_t re, ld_outcome_t outcome, uint64_t now_us, ld_send_t *out)
{
    for (uint32_t i = 0; i < self->count; i++) {
        ld_send_t *send = s_at (self, i);
        if (send->state != LD_FLYING || send->re != re)
            continue;
        *out = *send;
        self->flying--;
        send->state = outcome == LD_OPEN ? LD_UNKNOWN : LD_SETTLED;
        send->due_us = now_us + s_backoff_us (send->tries);
        s_trim (self);
        return true;
    }
    return false;
}

void ld_outbox_drop (ld_outbox_t *self, ld_outbox_fn *fn, void *arg)
{
    for (uint32_t i = 0; i < self->count; i++) {
        ld_send_t *send = s_at (self, i);
        if (send->state != LD_FLYING)
            continue;
        fn (arg, send);
        send->state = LD_SETTLED;
    }
    self->flying = 0;
    s_trim (self);
}

/*  What was tried already counts as unknown, though nothing delays it: a new
    connection starts with it. */
void ld_outbox_lose (ld_outbox_t *self, ld_outbox_fn *fn, void *arg)
{
    for (uint32_t i = 0; i < self->count; i++) {
        ld_send_t *send = s_at (self, i);
        if (send->state == LD_FLYING)
            fn (arg, send);
        if (send->state == LD_FLYING || send->state == LD_UNKNOWN)
            send->state = LD_WAITING;
    }
    self->flying = 0;
}
