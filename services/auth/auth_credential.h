/*  auth_credential - opaque credentials, derived from the secret rather than
    drawn, so that a repeat of a request gets the same answer
    from any instance and nothing secret is stored; pure.

    | kind      | text                      | over                                     | kept as |
    |-----------|---------------------------|------------------------------------------|---------|
    | authtoken | 40 hex                    | "authtoken", account, generation         | SHA-256 |
    | knox      | 64 hex                    | "knox", account, idempotency key         | SHA-512 |
    | token     | parley_ and 43 base64url  | "token", account, idempotency key        | SHA-256 |
    | cookie    | 32 of a-z 0-9             | "cookie", account, idempotency key       | SHA-256 |

    The kinds differ in form, so the text alone tells which it is. */

#ifndef AUTH_CREDENTIAL_H
#define AUTH_CREDENTIAL_H

#include "auth_secret.h"

#define AUTH_CREDENTIAL_AUTHTOKEN_LEN 40
#define AUTH_CREDENTIAL_KNOX_LEN 64
#define AUTH_CREDENTIAL_COOKIE_LEN 32
#define AUTH_CREDENTIAL_TOKEN_HEAD "parley_"
#define AUTH_CREDENTIAL_TOKEN_LEN (7 + 43)

/*  A credential with a NUL behind it. */
typedef struct {
    pt_credential_kind_t kind;
    uint32_t len;
    char text[AUTH_CREDENTIAL_KNOX_LEN + 1];
} auth_credential_t;

/*  What store keeps of it. */
typedef struct {
    uint8_t at[LIM_SECRET_HASH];
    uint32_t len;
} auth_credential_hash_t;

/*  The authtoken of `account` in its generation. */
void auth_credential_authtoken (const auth_secret_t *secret, uint64_t account, uint64_t generation,
                                auth_credential_t *out);

/*  The knox, token or cookie that `key` makes for `account`. */
void auth_credential_derive (const auth_secret_t *secret, pt_credential_kind_t kind, uint64_t account, pt_str_t key,
                             auth_credential_t *out);

/*  Of which kind a text is by its form; PT_credential_kind_SESSION for what is none
    of ours. */
pt_credential_kind_t auth_credential_kind (pt_str_t text);

/*  Hash of a text of that kind. */
void auth_credential_hash (pt_credential_kind_t kind, pt_str_t text, auth_credential_hash_t *out);

/*  How a credential begins, as its owner is shown later; empty for those that
    are not listed by it. */
pt_str_t auth_credential_prefix (const auth_credential_t *self);

#endif
