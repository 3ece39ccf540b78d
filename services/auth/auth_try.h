/*  auth_try - entering what was derived, once more after a conflict.

    Store refuses a credential as a conflict for three reasons: the account's
    credentials have begun anew since its password was verified, the two secrets
    were exchanged between a request and its repeat, or the key was used for
    something else.  The first two are tried again, each once. */

#ifndef AUTH_TRY_H
#define AUTH_TRY_H

#include "auth_person.h"

/*  Lives in the request's arena. */
typedef struct {
    const auth_person_t *person; /* as verified, or as found again; NULL: no password was shown */
    void (*enter) (auth_t *auth, sv_request_t **request_p, void *op); /* derives and asks store */
    void *op;
    bool is_other;  /* under the second secret */
    bool is_second; /* the person was found again */
} auth_try_t;

/*  The secret to derive from. */
const auth_secret_t *auth_try_secret (const auth_t *auth, const auth_try_t *self);

/*  After a conflict: enters again, or answers `conflict`; `bad_credentials` when the
    password that was verified is not the account's any more.  Consumes the
    request. */
void auth_try_again (auth_t *auth, sv_request_t **request_p, auth_try_t *self);

#endif
