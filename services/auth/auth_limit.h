/*  auth_limit - how often somebody may guess: wrong passwords by identifier, and by
    identifier and network of whoever asks.

    | counted for                     | at once | then one per | applies                                   |
    |---------------------------------|---------|--------------|-------------------------------------------|
    | identifier and network          | 5       | 10 s         | always                                    |
    | identifier                      | 50      | 30 s         | to networks it did not sign in from before |

    So nobody is kept out of an account from where he signed in before, however
    many guess at it.  A network is an IPv4 address or the first 64 bits of an IPv6
    one.  What is unknown counts like what is known, so that a refusal tells
    nothing.  Each instance counts alone; the gateway's affinity by identifier
    makes the guesses at one account meet. */

#ifndef AUTH_LIMIT_H
#define AUTH_LIMIT_H

#include "auth.h"

/*  Pairs, identifiers and successes remembered; beyond it those that owe least are
    forgotten (sv_limiter).  1 MiB each. */
#define AUTH_LIMIT_KEYS 65536

/*  Many guesses at once are all let through and counted after; so long is the
    wait that they may lead to. */
#define AUTH_LIMIT_PAIR_DEBT_MS 600000
#define AUTH_LIMIT_IDENTIFIER_DEBT_MS 3600000

/*  How long a sign-in is remembered, unless many others come after it. */
#define AUTH_LIMIT_KNOWN_MS (30 * 86400000ull)

/*  `seed` NULL: a random one.  NULL when out of memory. */
auth_limit_t *auth_limit_new (const uint64_t seed[2]);
void auth_limit_destroy (auth_limit_t **self_p);

/*  Milliseconds until a password may be tried, 0: at once.  Changes nothing.
    `identifier` is in lower case; `address` is text, empty when it is not known. */
uint64_t auth_limit_wait_ms (const auth_limit_t *self, pt_str_t identifier, pt_str_t address, uint64_t now_ms);

/*  Notes what came of a password. */
void auth_limit_record (auth_limit_t *self, pt_str_t identifier, pt_str_t address, bool is_good, uint64_t now_ms);

/*  The same two for handlers, at the time it is. */
bool auth_limit_may (auth_t *auth, pt_str_t identifier, pt_str_t address, uint64_t *out_retry_ms);
void auth_limit_note (auth_t *auth, pt_str_t identifier, pt_str_t address, bool is_good);

/*  Answers a request with `too_many` and the time to wait.  Consumes the request. */
void auth_limit_refuse (auth_t *auth, sv_request_t **request_p, uint64_t retry_ms);

#endif
