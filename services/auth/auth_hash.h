/*  auth_hash - a request's way through the pool of hashing threads. */

#ifndef AUTH_HASH_H
#define AUTH_HASH_H

#include "auth.h"

/*  Goes on with an operation after its password was hashed or verified; the
    result's status is 0.  Consumes the request. */
typedef void (auth_hash_fn) (auth_t *auth, sv_request_t **request_p, void *op, const auth_hashed_t *result);

typedef struct {
    pt_str_t password;
    bool is_verify;
    pt_str_t hash; /* to verify against; `at` NULL: nobody's, after the same time */
    auth_hash_fn *fn;
    void *op; /* lives in the request's arena */
} auth_hash_job_t;

/*  Hashes or verifies without blocking.  A full pool answers the request with
    `busy` and the time to wait, a deadline that passed in the queue with
    `deadline`; `fn` then is not called.  Consumes the request, now or later. */
void auth_hash (auth_t *auth, sv_request_t **request_p, const auth_hash_job_t *job);

#endif
