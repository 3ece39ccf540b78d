/*  auth_key - the ES256 key that signs access tokens.

    cjose derives the public point from the private number and does not look at
    the one in the file.  A file whose halves do not belong together was
    damaged or mixed up, so it is compared here and refused. */

#include "auth_key.h"
#include <cjose/util.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  43 characters: SHA-256 in base64url. */
#define S_KID_SIZE 44

struct auth_key {
    cjose_jwk_t *jwk;
    char *public_json;
    char kid[S_KID_SIZE];
};

/*  Public halves of keys whose private halves are printed in RFCs. */
static const char *const s_samples[] = {
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", /* RFC 7515, A.3 */
    "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", /* RFC 7517, A.1 and A.2 */
    "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", /* RFC 7517, C and RFC 7518, C */
    "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", /* RFC 7518, C */
};

static void s_free_json (char *json)
{
    if (!json)
        return;
    sodium_memzero (json, strlen (json));
    cjose_get_dealloc () (json);
}

/*  A member that is a string; empty when there is none. */
static const char *s_member (const json_t *object, const char *name)
{
    const char *text = json_string_value (json_object_get (object, name));
    return text ? text : "";
}

static bool s_is_sample (const char *x)
{
    for (size_t i = 0; i < sizeof s_samples / sizeof s_samples[0]; i++)
        if (strcmp (x, s_samples[i]) == 0)
            return true;
    return false;
}

/*  RFC 7638: SHA-256 over the required members in lexical order, no spaces. */
static int s_set_kid (auth_key_t *self, const char *x, const char *y)
{
    char text[256];
    int len = snprintf (text, sizeof text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    if (len < 0 || (size_t)len >= sizeof text)
        return -PT_E_invalid;
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256 (hash, (const uint8_t *)text, (size_t)len);
    sodium_bin2base64 (self->kid, sizeof self->kid, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return cjose_jwk_set_kid (self->jwk, self->kid, strlen (self->kid), NULL) ? 0 : -PT_E_memory;
}

static int s_set_public (auth_key_t *self, const char *x, const char *y)
{
    json_t *jwk = json_pack ("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x", x, "y", y, "kid",
                             self->kid, "alg", "ES256", "use", "sig");
    self->public_json = jwk ? json_dumps (jwk, JSON_COMPACT) : NULL;
    json_decref (jwk);
    return self->public_json ? 0 : -PT_E_memory;
}

/*  Fills kid and public JWK from the point that cjose derived. `given` is what the
    file said. */
static int s_describe (auth_key_t *self, const json_t *given, auth_why_t *why)
{
    char *text = cjose_jwk_to_json (self->jwk, false, NULL);
    json_t *half = text ? json_loads (text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    s_free_json (text);
    const char *x = s_member (half, "x"), *y = s_member (half, "y");
    int rc = -PT_E_invalid;
    if (strcmp (x, s_member (given, "x")) != 0 || strcmp (y, s_member (given, "y")) != 0)
        auth_why (why, "the halves of the signing key do not belong together");
    else if (s_is_sample (x))
        auth_why (why, "the signing key is a published example; remove the file to have one made");
    else if ((rc = s_set_kid (self, x, y)) == 0)
        rc = s_set_public (self, x, y);
    json_decref (half);
    return rc;
}

/*  Imports what has a private half, which cjose does not tell. */
static int s_import (auth_key_t *self, const json_t *given, const char *json, size_t len)
{
    cjose_err err;
    if (!*s_member (given, "d") || !(self->jwk = cjose_jwk_import (json, len, NULL)))
        return -PT_E_invalid;
    bool is_p256 = cjose_jwk_get_kty (self->jwk, &err) == CJOSE_JWK_KTY_EC &&
                   cjose_jwk_EC_get_curve (self->jwk, &err) == CJOSE_JWK_EC_P_256;
    return is_p256 ? 0 : -PT_E_invalid;
}

auth_key_t *auth_key_new (const char *json, size_t len, int *out_err, auth_why_t *why)
{
    auth_key_t *self = calloc (1, sizeof *self);
    if (!self) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    json_t *given = json_loadb (json, len, JSON_REJECT_DUPLICATES, NULL);
    int rc = s_import (self, given, json, len);
    if (rc != 0)
        auth_why (why, "the signing key is not a private JWK of an EC key on P-256");
    else
        rc = s_describe (self, given, why);
    json_decref (given);
    if (rc != 0) {
        *out_err = rc;
        auth_key_destroy (&self);
    }
    return self;
}

static int s_make_key (auth_blob_t *out_blob, auth_why_t *why)
{
    cjose_jwk_t *jwk = cjose_jwk_create_EC_random (CJOSE_JWK_EC_P_256, NULL);
    char *json = jwk ? cjose_jwk_to_json (jwk, true, NULL) : NULL;
    size_t len = json ? strlen (json) : 0;
    int rc = len > 0 && len < AUTH_FILE_MAX ? 0 : -PT_E_internal;
    if (rc == 0) {
        memcpy (out_blob->at, json, len);
        out_blob->at[len] = '\n';
        out_blob->len = len + 1;
    } else
        auth_why (why, "no signing key could be made");
    s_free_json (json);
    cjose_jwk_release (jwk);
    return rc;
}

static auth_key_t *s_load (const char *path, auth_file_make_fn *make, int *out_err, auth_why_t *why)
{
    auth_blob_t blob;
    auth_why_t fault = {""};
    auth_key_t *self = NULL;
    int rc = auth_file_load (path, make, &blob, why);
    if (rc != 0)
        *out_err = rc;
    else if (!(self = auth_key_new ((const char *)blob.at, blob.len, out_err, &fault)))
        auth_why (why, "%s: %s", path, *out_err == -PT_E_memory ? "out of memory" : fault.text);
    sodium_memzero (&blob, sizeof blob);
    return self;
}

auth_key_t *auth_key_load (const char *path, int *out_err, auth_why_t *why)
{
    return s_load (path, s_make_key, out_err, why);
}

auth_key_t *auth_key_read (const char *path, int *out_err, auth_why_t *why)
{
    return s_load (path, NULL, out_err, why);
}

void auth_key_destroy (auth_key_t **self_p)
{
    auth_key_t *self = *self_p;
    if (!self)
        return;
    cjose_jwk_release (self->jwk);
    free (self->public_json);
    free (self);
    *self_p = NULL;
}

const char *auth_key_kid (const auth_key_t *self)
{
    return self->kid;
}

const char *auth_key_public (const auth_key_t *self)
{
    return self->public_json;
}

const cjose_jwk_t *auth_key_jwk (const auth_key_t *self)
{
    return self->jwk;
}
