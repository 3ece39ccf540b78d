/*  gw_forge - keys and tokens for tests, good ones and every kind of bad one. */

#ifndef GW_FORGE_H
#define GW_FORGE_H

#include "pt_message.h"
#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const cjose_jwk_t *key;
    const char *alg, *typ, *kid;
    const char *claims; /* the payload as it is */
} forge_t;

/*  A P-256 key; released with cjose_jwk_release. */
static inline cjose_jwk_t *forge_key (void)
{
    cjose_err err;
    cjose_jwk_t *key = cjose_jwk_create_EC_random (CJOSE_JWK_EC_P_256, &err);
    if (!key)
        abort ();
    return key;
}

/*  The public half as auth hands it out; the text lives in `out`. */
static inline pt_public_key_t forge_public (const cjose_jwk_t *key, const char *kid, char out[1024])
{
    cjose_err err;
    char *json = cjose_jwk_to_json (key, false, &err);
    if (!json)
        abort ();
    snprintf (out, 1024, "%s", json);
    free (json);
    return (pt_public_key_t){.kid = pt_str (kid), .jwk = pt_str (out)};
}

/*  Signs what `forge` says, right or wrong; the caller frees. */
static inline char *forge_token (const forge_t *forge)
{
    cjose_err err;
    const char *text;
    cjose_header_t *header = cjose_header_new (&err);
    cjose_header_set (header, "alg", forge->alg ? forge->alg : "ES256", &err);
    if (!forge->typ || *forge->typ)
        cjose_header_set (header, "typ", forge->typ ? forge->typ : "JWT", &err);
    if (!forge->kid || *forge->kid)
        cjose_header_set (header, "kid", forge->kid ? forge->kid : "k1", &err);
    cjose_jws_t *jws =
        cjose_jws_sign (forge->key, header, (const uint8_t *)forge->claims, strlen (forge->claims), &err);
    if (!jws || !cjose_jws_export (jws, &text, &err))
        abort ();
    char *copy = strdup (text);
    cjose_jws_release (jws);
    cjose_header_release (header);
    return copy;
}

/*  What says of claims that they are an access token's. */
#define FORGE_TYPE "\"token_type\":\"access\","

/*  Claims that hold from 1970 to the year 9999. */
#define FORGE_CLAIMS                                                                                                   \
    "{" FORGE_TYPE                                                                                                     \
    "\"iss\":\"parley\",\"aud\":\"parley\",\"sub\":\"7\",\"sid\":\"42\",\"iat\":1,\"nbf\":1,\"exp\":253402300799}"

#endif
