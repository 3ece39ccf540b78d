/*  auth_refresh - opaque refresh tokens, derived rather than drawn.

    A token's successor is a function of the token and our secret: when the reply
    with the successor is lost and the client shows the old token again, it gets
    the same successor, whichever instance answers.  The first token of a session
    follows from the account and the idempotency key likewise.  Without the secret
    nobody can go from one token to the next.  store keeps SHA-256 of them alone. */

#ifndef AUTH_REFRESH_H
#define AUTH_REFRESH_H

#include "auth_secret.h"

/*  Characters of a token: 32 bytes in base64url without padding. */
#define AUTH_REFRESH_LEN 43

/*  How long a used token may be shown again to be given its successor once more. */
#define AUTH_REFRESH_GRACE_MS 10000

/*  A token with a NUL behind it. */
typedef struct {
    char text[AUTH_REFRESH_LEN + 1];
} auth_refresh_t;

/*  The first token of the session that `key` makes for `account`. */
void auth_refresh_first (const auth_secret_t *secret, uint64_t account, pt_str_t key, auth_refresh_t *out_token);

/*  The successor of `token`: the same for all who ask, or, unless `key` is empty, for
    those alone who ask under that key.  0, or -PT_E_token_invalid when `token` does not
    have the form of a token. */
PT_MUSTCHECK int auth_refresh_next (const auth_secret_t *secret, pt_str_t token, pt_str_t key,
                                    auth_refresh_t *out_token);

/*  SHA-256 of a token, as store keeps it. */
void auth_refresh_hash (pt_str_t token, uint8_t out_hash[LIM_HASH]);

#endif
