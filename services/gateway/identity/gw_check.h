/*  gw_check - whose credential it is, where only auth can tell: one question for
    all that show the same secret at the same time, and the answer remembered.

    An answer is used for GW_CHECK_FRESH_MS; while auth can't be asked, for
    GW_CHECK_STALE_MS.  Basic credentials and access tokens of older deployments
    have no row that a revocation could name, and are never used longer than fresh.
    Refusals are not remembered. */

#ifndef GW_CHECK_H
#define GW_CHECK_H

#include "gw.h"
#include "gw_check_cache.h"

/*  Identities remembered; the ones confirmed the longest ago go. */
#define GW_CHECK_CACHE 16384

/*  Questions that are open at a time; one more is `busy`. */
#define GW_CHECK_OPEN 1024

#define GW_CHECK_FRESH_MS 60000
#define GW_CHECK_STALE_MS 300000

/*  How long one question may take: less than a WebSocket may stay without an
    identity. */
#define GW_CHECK_MS (LIM_WS_AUTH_MS - 500)

/*  Of gw_check_ask: the answer comes later. */
#define GW_CHECK_LATER 1

typedef struct gw_checks gw_checks_t;

/*  0 and the identity, or a negative error; `retry_ms` is 0 unless auth named a
    time.  May destroy the owner of the wait, and ask again. */
typedef void (gw_check_fn) (void *arg, int err, const gw_identity_t *identity, uint32_t retry_ms);

/*  Someone who waits for an answer; embedded, zeroed at first. */
typedef struct gw_check_wait {
    struct gw_check_wait *next, *prev;
    struct gw_check_question *question; /* NULL: does not wait */
    gw_check_fn *fn;
    void *arg;
} gw_check_wait_t;

/*  NULL when out of memory. */
gw_checks_t *gw_checks_new (gw_t *gw);
void gw_checks_destroy (gw_checks_t **self_p);

/*  Who asks, and for whom: the credential, borrowed for the call; the address of
    the client and the request id, which may be NULL. */
typedef struct {
    const gw_credential_t *credential;
    const char *peer, *trace;
    bool is_known_only; /* nobody is asked: what is not known is -PT_E_too_many */
} gw_check_ask_t;

/*  0 and the identity when it is known; GW_CHECK_LATER: `fn` is called once, never
    from within this call, unless the wait is cancelled; or a negative error. */
PT_MUSTCHECK int gw_check_ask (gw_checks_t *self, const gw_check_ask_t *ask, gw_check_wait_t *wait,
                               gw_identity_t *out_identity);

/*  Waits no more; may be repeated. */
void gw_check_cancel (gw_check_wait_t *wait);

/*  What is remembered of one credential of an account, or of all of them (session
    0), is asked for again. */
void gw_check_forget (gw_checks_t *self, uint64_t account, uint64_t session);

#endif
