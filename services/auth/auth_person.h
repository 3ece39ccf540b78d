/*  auth_person - an account as store knows it, and whether a password is its own. */

#ifndef AUTH_PERSON_H
#define AUTH_PERSON_H

#include "auth.h"

/*  What a refused sign-in is told, whatever the reason. */
#define AUTH_PERSON_REFUSAL "unknown account or wrong password"

/*  Lives in the request's arena. */
typedef struct {
    uint64_t account; /* 0: there is no such account */
    uint64_t generation, authtoken;
    bool is_active, is_staff;
    pt_str_t login, email;  /* `at` NULL: none */
    pt_str_t password_hash; /* `at` NULL: none */
} auth_person_t;

/*  Goes on with an operation after store has answered.  Consumes the request. */
typedef void (auth_person_fn) (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person);

/*  As above; `is_match`: the account is there, active, and the password is its own. */
typedef void (auth_verdict_fn) (auth_t *auth, sv_request_t **request_p, void *op, const auth_person_t *person,
                                bool is_match);

/*  Asks for an account by id.  An id that nobody has gives a person without an
    account; trouble answers the request.  Consumes the request, does not block;
    `op` lives in the request's arena. */
void auth_person_get (auth_t *auth, sv_request_t **request_p, uint64_t account, auth_person_fn *fn, void *op);

/*  As above, for whom a login or an address in lower case names. */
void auth_person_find (auth_t *auth, sv_request_t **request_p, pt_str_t identifier, auth_person_fn *fn, void *op);

/*  A password that somebody shows; all texts live as long as the request, `op` in
    its arena. */
typedef struct {
    pt_str_t identifier; /* that guesses are counted under (auth_limit) */
    pt_str_t password;
    pt_str_t address; /* network address of who shows it; empty: not known */
    auth_verdict_fn *fn;
    void *op;
} auth_proof_t;

/*  Verifies the password in the pool, after the same time whoever it is: nobody,
    somebody without a password, somebody who may not sign in, or a wrong one.
    Too many guesses answer the request with `too_many`.  `person` lives in the
    request's arena, `proof` is copied.  Consumes the request. */
void auth_person_verify (auth_t *auth, sv_request_t **request_p, const auth_person_t *person,
                         const auth_proof_t *proof);

/*  Finds whom the identifier, in any case, names, and verifies: all of a sign-in,
    and of Basic. */
void auth_person_prove (auth_t *auth, sv_request_t **request_p, const auth_proof_t *proof);

#endif
