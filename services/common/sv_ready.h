/*  sv_ready - whether a service can serve that depends on another one: a pure
    state machine without clock, socket or log, so that tests and the simulator
    drive it. */

#ifndef SV_READY_H
#define SV_READY_H

#include <stdbool.h>
#include <stdint.h>

/*  Time between two questions to the other service: while we are ready, and
    while not, so that we are back soon after it is. */
#define SV_READY_ASK_MS 2000
#define SV_READY_ASK_SOON_MS 250

/*  The other service counts as there for so long after its last good answer:
    one answer may be lost. */
#define SV_READY_FRESH_MS 5000

#define SV_READY_REASON_LEN 64

typedef enum {
    SV_READY_TICK,    /* time has passed */
    SV_READY_BROKERS, /* `live` brokers are there */
    SV_READY_OK,      /* the other service answered and can serve */
    SV_READY_BAD,     /* it answered that it can't serve */
    SV_READY_AWAY,    /* it did not answer */
} sv_ready_event_t;

typedef struct {
    const char *name; /* of the other service, for the reason; borrowed */
    unsigned live;    /* brokers */
    bool was_ok;      /* it has answered well at least once, at `ok_ms` */
    uint64_t ok_ms;
    bool is_bad; /* its last answer was that it can't serve */
} sv_ready_t;

typedef struct {
    bool is_ready;
    char reason[SV_READY_REASON_LEN]; /* empty when ready */
    uint32_t next_ask_ms;
} sv_ready_verdict_t;

/*  One step; a fresh state is all zero but for `name`.  `live` counts for
    SV_READY_BROKERS alone, `now_ms` never goes back. */
sv_ready_verdict_t sv_ready_step (sv_ready_t *state, sv_ready_event_t event, unsigned live, uint64_t now_ms);

#endif
