/*  gw_identity - who is asking, as a credential proved it. */

#ifndef GW_IDENTITY_H
#define GW_IDENTITY_H

#include "pt_message.h"
#include <stdbool.h>
#include <stdint.h>

/*  What a credential may be used for; a set. */
enum {
    GW_SCOPE_READ = 1,
    GW_SCOPE_WRITE = 2,
    GW_SCOPE_ACCOUNT = 4, /* profile, password, sessions, tokens */
    GW_SCOPE_ADMIN = 8,   /* what staff may; staff alone has it */
    GW_SCOPE_ALL = 15,
};

typedef struct {
    uint64_t account;
    uint64_t session;          /* id of the credential, whatever its kind */
    uint64_t generation;       /* of the account, when the credential was judged */
    int64_t expires_us;        /* wall clock; the identity ends then, INT64_MAX: never */
    int64_t issued_us;         /* wall clock; when this was true: of a token, when it was signed */
    pt_credential_kind_t kind; /* SESSION: an access token */
    unsigned scopes;
    bool is_staff;
} gw_identity_t;

#endif
