/*  gw_prove - the identity step, the same for HTTP and WebSocket: what a request
    shows becomes an identity, here or by asking auth. */

#ifndef GW_PROVE_H
#define GW_PROVE_H

#include "gw_check.h"
#include "gw_limit.h"

/*  Of gw_prove: the outcome comes later. */
#define GW_PROVE_LATER GW_CHECK_LATER

/*  The outcome is in the proof; may destroy it. */
typedef void (gw_prove_fn) (void *arg);

/*  Embedded; zeroed at first.  `shown` and `trace` are the caller's until there is
    an outcome. */
typedef struct {
    gw_t *gw;
    gw_shown_t shown;
    unsigned at;
    gw_credential_t credential; /* the one that counts; scheme none: there is none */
    gw_identity_t identity;
    int err; /* the outcome: 0, or why not */
    uint32_t retry_ms;
    gw_limit_class_t limit; /* that is used up, when the outcome is -PT_E_too_many */
    bool is_asked;          /* auth has said so just now */
    bool is_again;          /* what it says was asked for a second time */
    bool is_open;           /* no outcome yet */
    const char *peer, *trace;
    const gw_network_t *network; /* NULL: nothing is counted */
    gw_check_wait_t wait;
    gw_prove_fn *fn;
    void *arg;
} gw_proof_t;

/*  Begins with `gw`, `shown`, `peer`, `network`, `trace`, `fn` and `arg` set.  The
    outcome, or GW_PROVE_LATER; `fn` is called once then, unless it is cancelled.
    -PT_E_unauthenticated: nothing that counts was shown.  Whoever shows a
    credential that is no good gets what is wrong with it. */
PT_MUSTCHECK int gw_prove (gw_proof_t *self);

/*  No outcome is wanted any more; may be repeated. */
void gw_prove_cancel (gw_proof_t *self);

#endif
