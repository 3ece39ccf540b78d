/*  auth_legacy - access tokens of an older deployment: JWTs that SimpleJWT signed
    with HS256 under a key of its own; pure. */

#ifndef AUTH_LEGACY_H
#define AUTH_LEGACY_H

#include "pt_message.h"

/*  A shorter key could be guessed from one token (RFC 7518, 3.2). */
#define AUTH_LEGACY_KEY_MIN 32

/*  Clocks of two machines may differ by so much. */
#define AUTH_LEGACY_SKEW_US (5 * (int64_t)1000000)

typedef struct {
    uint64_t account;
    int64_t expires_us; /* wall clock */
} auth_legacy_t;

/*  Verifies the token under `key` at `now_us` (wall clock).  Taken are: header members
    alg (HS256) and typ (JWT) alone, one spelling of each part, no claim twice,
    token_type access, user_id an account id as number or digits, exp; iat and
    nbf not in the future.  Tokens for an issuer or an audience are refused: who
    that was is not known here.  0, -PT_E_token_expired, or -PT_E_token_invalid
    (a key that is too short among the reasons). */
PT_MUSTCHECK int auth_legacy_verify (pt_str_t key, pt_str_t token, int64_t now_us, auth_legacy_t *out);

#endif
