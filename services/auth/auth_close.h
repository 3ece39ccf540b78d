/*  auth_close - ending credentials, or a whole account, for its owner and for staff
    alike; who may, store decides. */

#ifndef AUTH_CLOSE_H
#define AUTH_CLOSE_H

#include "auth.h"

typedef struct {
    uint64_t account; /* whose */
    uint64_t by;      /* who asks */
    bool has_id, has_kind, has_address;
    uint64_t id;               /* this credential alone */
    pt_credential_kind_t kind; /* all of this kind alone */
    pt_str_t address;
    pt_str_t key; /* of the request; an account needs none: it is deleted once */
} auth_close_t;

/*  Ends one credential, all of a kind, or all but API tokens; tells gateways and
    answers that it is done.  Consumes the request, does not block. */
void auth_close_sessions (auth_t *auth, sv_request_t **request_p, const auth_close_t *ask);

/*  Deletes the account; likewise. */
void auth_close_account (auth_t *auth, sv_request_t **request_p, const auth_close_t *ask);

#endif
