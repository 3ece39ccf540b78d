/*  gw_token - who is asking: access tokens verified locally and cached.

    The public keys come from auth (auth_keys), are refreshed every 60 s and
    at once when a token names an unknown kid (at most once a second). */

#ifndef GW_TOKEN_H
#define GW_TOKEN_H

#include "gw_identity.h"
#include "pt_error.h"
#include <stddef.h>

typedef struct gw_tokens gw_tokens_t;

/*  Verified tokens remembered by SHA-256: at most this many, the oldest go. */
#define GW_TOKEN_CACHE 65536

gw_tokens_t *gw_tokens_new (void);
void gw_tokens_destroy (gw_tokens_t **self_p);

/*  Takes the key set of auth; keys that don't parse are left out.  0 or
    -PT_E_invalid when none is left (the old ones stay). */
PT_MUSTCHECK int gw_tokens_set_keys (gw_tokens_t *self, const pt_key_set_t *keys);

/*  0, -PT_E_token_invalid, -PT_E_token_expired, or -PT_E_unavailable while no
    key is known.  Checks algorithm (ES256 alone), kid, signature, iss
    "parley", aud "parley", typ "JWT", token_type "access", exp, nbf; `now_us` is the wall clock. */
PT_MUSTCHECK int gw_tokens_verify (gw_tokens_t *self, const char *token, size_t len, int64_t now_us,
                                   gw_identity_t *out_identity);

/*  Whether any keys are known. */
bool gw_tokens_has_keys (const gw_tokens_t *self);

/*  Whether a token named an unknown key since the last time this was asked. */
bool gw_tokens_take_unknown (gw_tokens_t *self);

#endif
