/*  gw_revoked - which credentials no longer count, as far as this gateway knows,
    and how good its knowledge is.

    Access tokens are verified without asking anybody, so that what was revoked
    must be known here.  Events tell at once but may be lost; the question for all
    that was revoked since the last time, every LIM_REVOKED_POLL_MS, finds what
    they did not tell.  One sweep is such a question and those that follow while
    there is more; it proves knowledge of all that was committed before it began.

    Until the first sweep is complete nobody is let in; when none was complete for
    LIM_REVOKED_BLIND_MS the gateway is blind, and says so, until one is.

    A pure core: gw_revoked_step takes the state, one event and the time. */

#ifndef GW_REVOKED_H
#define GW_REVOKED_H

#include "gw_identity.h"
#include "pt_error.h"
#include "pt_limits.h"

/*  Revocations kept, each for LIM_REVOKED_KEPT_MS.  When there are more, the oldest
    goes, and no token is taken any more that was issued before its time and
    GW_REVOKED_SKEW_US: clients refresh. */
#define GW_REVOKED 262144
#define GW_REVOKED_SKEW_US INT64_C (60000000)

/*  After a question that failed. */
#define GW_REVOKED_RETRY_MS 250

typedef struct gw_revoked gw_revoked_t;

typedef enum {
    GW_REVOKED_TICK,   /* time has passed */
    GW_REVOKED_PAGE,   /* question, page: an answer */
    GW_REVOKED_FAILED, /* question, err: no answer */
    GW_REVOKED_TOLD,   /* told: an event of the bus */
} gw_revoked_kind_t;

typedef struct {
    gw_revoked_kind_t kind;
    uint64_t question; /* its number */
    int err;
    const pt_revoked_page_t *page;
    const pt_revocations_t *told;
} gw_revoked_event_t;

typedef struct {
    uint64_t question; /* not 0: ask, and report page or failure under this number */
    pt_str_t cursor;   /* valid until the next step */
    uint64_t due_ms;   /* a tick is wanted then; 0: not before the answer */
} gw_revoked_out_t;

/*  Something that was not known before; borrowed for the call. */
typedef void (gw_revoked_fn) (void *arg, const pt_revocation_t *what);

/*  Knows nothing and has swept nothing.  NULL when out of memory. */
gw_revoked_t *gw_revoked_new (void);
void gw_revoked_destroy (gw_revoked_t **self_p);

/*  One event at `now_ms` of a monotonic clock.  What was not known goes to `fn`. */
void gw_revoked_step (gw_revoked_t *self, const gw_revoked_event_t *event, uint64_t now_ms, gw_revoked_fn *fn,
                      void *arg, gw_revoked_out_t *out);

/*  0, -PT_E_token_revoked, or -PT_E_token_expired for one that was issued before the
    time from which on all is known. */
PT_MUSTCHECK int gw_revoked_find (const gw_revoked_t *self, const gw_identity_t *identity);

/*  As gw_revoked_find, but -PT_E_unavailable while nothing can be said. */
PT_MUSTCHECK int gw_revoked_judge (const gw_revoked_t *self, const gw_identity_t *identity, uint64_t now_ms);

/*  Whether the revocation is meant for that identity. */
bool gw_revoked_hits (const pt_revocation_t *what, const gw_identity_t *identity);

/*  Whether a first sweep was complete; whether none was for too long, or ever. */
bool gw_revoked_is_ready (const gw_revoked_t *self);
bool gw_revoked_is_blind (const gw_revoked_t *self, uint64_t now_ms);

/*  Milliseconds for which nothing that was committed since is known for certain;
    0 before the first sweep.  Entries kept. */
uint64_t gw_revoked_age_ms (const gw_revoked_t *self, uint64_t now_ms);
uint32_t gw_revoked_count (const gw_revoked_t *self);

#endif
