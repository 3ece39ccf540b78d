/*  gw_dialect_sign_in - signing in as dialects do: the token they know, and perhaps the session
    of a browser beside it. */

#ifndef GW_DIALECT_SIGN_IN_H
#define GW_DIALECT_SIGN_IN_H

#include "gw_dialect.h"

/*  Signed in: answers.  The grant is borrowed for the call. */
typedef void (gw_signed_in_fn) (gw_request_t *request, const pt_session_grant_t *grant);

typedef struct {
    pt_str_t identifier, password;
    pt_credential_kind_t kind;            /* of the token */
    bool with_cookie;                     /* the answer sets the cookies of a browser's session too */
    bool tells_unknown;                   /* the refusal names `identifier` when nobody has it */
    const gw_dialect_refusal_t *refusals; /* NULL: the usual words */
    gw_signed_in_fn *fn;
} gw_dialect_sign_in_t;

/*  Copies `ask`; its texts must live as long as the request.  Answers when it fails. */
void gw_dialect_sign_in (gw_request_t *request, const gw_dialect_sign_in_t *ask);

#endif
