/*  auth_secret - the installation's secret.

    It lives in memory of its own that is locked, kept out of core dumps and
    fenced by guard pages (sodium_malloc). */

#include "auth_secret.h"
#include <sodium.h>
#include <stdbool.h>

/*  32 random bytes, or their hex or base64, have more different bytes than this
    with all but certainty; a repeated word or one pressed key has not. */
#define S_DISTINCT_MIN 8

/*  Stands for the length of an absent part. */
#define S_ABSENT 0xffffffffu

struct auth_secret {
    size_t len;
    uint8_t at[AUTH_FILE_MAX];
};

static int s_make_secret (auth_blob_t *out_blob, auth_why_t *why)
{
    (void)why;
    randombytes_buf (out_blob->at, AUTH_SECRET_MIN);
    out_blob->len = AUTH_SECRET_MIN;
    return 0;
}

static bool s_looks_random (const uint8_t *bytes, size_t len)
{
    bool seen[256] = {false};
    unsigned distinct = 0;
    for (size_t i = 0; i < len; i++) {
        distinct += !seen[bytes[i]];
        seen[bytes[i]] = true;
    }
    return distinct >= S_DISTINCT_MIN;
}

auth_secret_t *auth_secret_new (const void *bytes, size_t len)
{
    if (len < AUTH_SECRET_MIN || len > AUTH_FILE_MAX)
        return NULL;
    auth_secret_t *self = sodium_malloc (sizeof *self);
    if (!self)
        return NULL;
    self->len = len;
    memcpy (self->at, bytes, len);
    return self;
}

static auth_secret_t *s_load (const char *path, auth_file_make_fn *make, int *out_err, auth_why_t *why)
{
    auth_blob_t blob;
    auth_secret_t *self = NULL;
    int rc = auth_file_load (path, make, &blob, why);
    if (rc == 0 && (blob.len < AUTH_SECRET_MIN || !s_looks_random (blob.at, blob.len))) {
        auth_why (why, "%s: a secret needs at least %d random bytes; remove the file to have one made", path,
                  AUTH_SECRET_MIN);
        rc = -PT_E_invalid;
    }
    if (rc == 0 && !(self = auth_secret_new (blob.at, blob.len)))
        rc = -PT_E_memory;
    sodium_memzero (&blob, sizeof blob);
    if (rc != 0)
        *out_err = rc;
    return self;
}

auth_secret_t *auth_secret_load (const char *path, int *out_err, auth_why_t *why)
{
    return s_load (path, s_make_secret, out_err, why);
}

auth_secret_t *auth_secret_read (const char *path, int *out_err, auth_why_t *why)
{
    return s_load (path, NULL, out_err, why);
}

void auth_secret_destroy (auth_secret_t **self_p)
{
    sodium_free (*self_p);
    *self_p = NULL;
}

static void s_add_part (crypto_auth_hmacsha256_state *state, pt_str_t part)
{
    uint32_t len = part.at ? part.len : S_ABSENT;
    const uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    crypto_auth_hmacsha256_update (state, head, sizeof head);
    if (part.at)
        crypto_auth_hmacsha256_update (state, (const uint8_t *)part.at, part.len);
}

void auth_secret_mac (const auth_secret_t *self, const char *label, const pt_str_t *parts, size_t count,
                      uint8_t out_mac[AUTH_MAC_LEN])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init (&state, self->at, self->len);
    s_add_part (&state, pt_str (label));
    for (size_t i = 0; i < count; i++)
        s_add_part (&state, parts[i]);
    crypto_auth_hmacsha256_final (&state, out_mac);
    sodium_memzero (&state, sizeof state);
}

pt_str_t auth_secret_number (uint64_t value, char out[8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (char)(value >> (56 - 8 * i));
    return (pt_str_t){out, 8};
}
