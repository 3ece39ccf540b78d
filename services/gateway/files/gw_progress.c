/*  gw_progress - how far transfers have come. */

#include "gw_progress.h"
#include "gw_seen.h"
#include "gw_ws.h"
#include <stdlib.h>

#define TOPIC "d"

struct gw_progress {
    gw_t *gw;
    gw_seen_t seen;
};

static void s_on_event (void *arg, const sv_event_t *event)
{
    gw_progress_t *self = arg;
    if (event->opcode == PT_EV_drive_progress && gw_seen_is_new (&self->seen, event->generation, event->counter))
        gw_sessions_progress (self->gw->sessions, event->msg);
}

gw_progress_t *gw_progress_new (gw_t *gw)
{
    gw_progress_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    sv_bus_on_event (gw->bus, *TOPIC, s_on_event, self);
    if (sv_bus_subscribe (gw->bus, TOPIC, sizeof TOPIC - 1))
        gw_progress_destroy (&self);
    return self;
}

void gw_progress_destroy (gw_progress_t **self_p)
{
    gw_progress_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_bus_on_event (self->gw->bus, *TOPIC, NULL, NULL);
    sv_bus_unsubscribe (self->gw->bus, TOPIC, sizeof TOPIC - 1);
    free (self);
}
