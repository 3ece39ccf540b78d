/*  auth_key - the ES256 key that signs access tokens. */

#ifndef AUTH_KEY_H
#define AUTH_KEY_H

#include "auth_file.h"
#include <cjose/jwk.h>

typedef struct auth_key auth_key_t;

/*  Reads the private JWK (RFC 7517; EC, P-256) at `path`, which is made first
    when it is missing, and proves it by signing once.  NULL with the reason in
    `why`; `*out_err` is then as of auth_file_load, or -PT_E_invalid for a key
    that can't sign ES256 or is a published example.  Blocks on the disk. */
auth_key_t *auth_key_load (const char *path, int *out_err, auth_why_t *why);

/*  As above, but a missing file is -PT_E_not_found. */
auth_key_t *auth_key_read (const char *path, int *out_err, auth_why_t *why);

/*  The key in these bytes.  NULL as above. */
auth_key_t *auth_key_new (const char *json, size_t len, int *out_err, auth_why_t *why);

void auth_key_destroy (auth_key_t **self_p);

/*  RFC 7638 thumbprint (SHA-256, base64url). */
const char *auth_key_kid (const auth_key_t *self);

/*  The public JWK with kid, alg and use, as JSON. */
const char *auth_key_public (const auth_key_t *self);

/*  For signing; borrowed. */
const cjose_jwk_t *auth_key_jwk (const auth_key_t *self);

#endif
