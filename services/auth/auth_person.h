/*  auth_person - an account as store knows it, and whether a password is its own. */

#ifndef AUTH_PERSON_H
#define AUTH_PERSON_H

#include "auth.h"

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

/*  Finds by login or address in any case.  A name that nobody has gives a person
    without an account; trouble answers the request.  Consumes the request, does
    not block; `op` lives in the request's arena, as below. */
void auth_person_find (auth_t *auth, sv_request_t **request_p, pt_str_t identifier, auth_person_fn *fn, void *op);

/*  As above by account id. */
void auth_person_get (auth_t *auth, sv_request_t **request_p, uint64_t account, auth_person_fn *fn, void *op);

/*  Verifies the password in the pool, after the same time whoever it is: nobody,
    somebody without a password, somebody who may not sign in, or a wrong one.
    `person` lives in the request's arena.  Consumes the request. */
void auth_person_verify (auth_t *auth, sv_request_t **request_p, const auth_person_t *person, pt_str_t password,
                         auth_verdict_fn *fn, void *op);

/*  What somebody shows; must live until the verdict. */
typedef struct {
    pt_str_t identifier, password;
    pt_str_t address; /* of who asks; empty when it is not known */
} auth_proof_t;

/*  Finds and verifies: all of a sign-in, and of Basic.  Who failed too often before
    is refused unseen (auth_limit). */
void auth_person_prove (auth_t *auth, sv_request_t **request_p, const auth_proof_t *proof, auth_verdict_fn *fn,
                        void *op);

#endif
