/*  auth_issue - having store enter an opaque credential: for a sign-in, or an API
    token. */

#ifndef AUTH_ISSUE_H
#define AUTH_ISSUE_H

#include "auth_credential.h"
#include "auth_person.h"

/*  Goes on with what store entered; `owner` is borrowed for the call, the others
    live in the request's arena.  Consumes the request. */
typedef void (auth_issued_fn) (auth_t *auth, sv_request_t **request_p, void *op, const auth_credential_t *credential,
                               const pt_session_owner_t *owner);

/*  All texts live as long as the request. */
typedef struct {
    pt_credential_kind_t kind;
    uint64_t account;
    const auth_person_t *person; /* whose password was verified; NULL: of an API token */
    pt_str_t key;
    bool has_name, has_scopes, has_address;
    pt_str_t name, scopes, address;
    int64_t expires_at; /* 0: never */
    auth_issued_fn *fn;
    void *op;
} auth_issue_t;

/*  Derives the credential and has it entered.  An authtoken that exists already,
    under either secret, is entered no second time and is the answer.  Consumes
    the request, does not block. */
void auth_issue (auth_t *auth, sv_request_t **request_p, const auth_issue_t *issue);

#endif
