/*  chat.h - the one context of parley-chat, passed to every handler.

    There is nothing in it that a restart would lose: rooms, members, messages
    and their order live in store.  The channel layer alone is soft state. */

#ifndef CHAT_H
#define CHAT_H

#include "sv_backend.h"
#include "sv_probe.h"

typedef struct {
    sv_common_t common;
    uint64_t credit;            /* requests taken at a time */
    uint64_t store_deadline_ms; /* longest wait for one answer of store */
} chat_config_t;

typedef struct {
    sv_metric_t *appended; /* messages that got a number */
    sv_metric_t *known;    /* messages that had one already */
    sv_metric_t *refused;  /* messages refused one by one */
    sv_metric_t *members;  /* changes of membership */
    sv_metric_t *events;   /* events given to the bus */
    sv_metric_t *unsent;   /* events that could not be encoded */
    sv_metric_t *unknown;  /* answers of store that did not fit the question */
    sv_metric_t *dropped;  /* messages to groups that a member's channel did not take */
} chat_metrics_t;

typedef struct chat_layer chat_layer_t;

typedef struct {
    sv_daemon_t *daemon;         /* first: sv_daemon_on_status looks for it here */
    const chat_config_t *config; /* changes in place on SIGHUP */
    sv_bus_t *bus;
    sv_backend_t store;
    sv_log_t *log;
    chat_metrics_t metrics;
    sv_probe_t *probe; /* of store */
    sv_trace_t *trace; /* NULL: hops are not noted */
    chat_layer_t *layer;
} chat_t;

#endif
