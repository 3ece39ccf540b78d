/*  auth_revoked - telling gateways at once what was revoked. */

#ifndef AUTH_REVOKED_H
#define AUTH_REVOKED_H

#include "auth.h"

/*  Topic of the event; one letter, all gateways listen. */
#define AUTH_REVOKED_TOPIC "a"

/*  Publishes what store says was revoked; nothing when that is empty.  A hint: what
    is lost gateways learn from store a second later. */
void auth_revoked_publish (auth_t *auth, const pt_revocations_t *revoked);

/*  Goes on after store has answered with revocations: publishes them and answers
    the request that all is done. */
sv_backend_fn auth_revoked_on_stored;

#endif
