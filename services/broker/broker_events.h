/*  broker_events - passes events from publishers to subscribers, and
    subscriptions the other way, by the rules of roles.def.

    One XSUB and one XPUB a role: the endpoint says who speaks.  Frames are
    passed by reference; what a slow subscriber can't take is dropped for it
    alone, because an event is a hint. */

#ifndef BROKER_EVENTS_H
#define BROKER_EVENTS_H

#include "sv_log.h"
#include "sv_loop.h"
#include "sv_metrics.h"

typedef struct broker_events broker_events_t;

typedef struct {
    const char *base; /* where to listen, see sv_endpoint.h */
    sv_loop_t *loop;  /* borrowed, as all below */
    sv_metrics_t *metrics;
    void (*on_garbage) (void *ctx, const char *what);
    void *ctx;
} broker_events_config_t;

/*  Binds the endpoints of all roles.  NULL when one can't be bound. */
broker_events_t *broker_events_new (const broker_events_config_t *config);
void broker_events_destroy (broker_events_t **self_p);

#endif
