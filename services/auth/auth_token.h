/*  auth_token - access tokens: JWT (RFC 9068) signed with ES256. */

#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include "auth_key.h"
#include "pt_message.h"

#define AUTH_TOKEN_ISSUER "parley"
#define AUTH_TOKEN_AUDIENCE "parley"
#define AUTH_TOKEN_TYPE "JWT"

/*  Bytes of the unique id of a token. */
#define AUTH_TOKEN_JTI_LEN 16

typedef struct {
    uint64_t account;
    uint64_t session;
    uint64_t generation; /* of the account's sessions */
    bool is_staff;
    int64_t now_us; /* wall clock */
    uint64_t ttl_s;
    uint8_t jti[AUTH_TOKEN_JTI_LEN];
} auth_claims_t;

/*  A token with a NUL behind it. */
typedef struct {
    char text[LIM_TOKEN + 1];
    size_t len;
} auth_token_t;

/*  Signs; about 0.1 ms of CPU, does not block.  0, -PT_E_memory, or -PT_E_internal
    when the library refuses. */
PT_MUSTCHECK int auth_token_sign (const auth_key_t *key, const auth_claims_t *claims, auth_token_t *out_token);

/*  Whether `text` is an access token that `key` signed and that has not expired at
    `now_us` (wall clock).  It says what something is, not who may do what: revocation
    is not looked at.  About 0.2 ms of CPU for what has the form of a token. */
bool auth_token_is_live (const auth_key_t *key, pt_str_t text, int64_t now_us);

#endif
