/*  drive_digest - a digest of bytes that come piece by piece, by libcrypto. */

#include "drive_digest.h"
#include <openssl/evp.h>
#include <stdlib.h>

static const struct {
    const EVP_MD *(*type) (void);
    size_t size;
} s_kinds[] = {
    [PT_digest_SHA1] = {EVP_sha1, 20},
    [PT_digest_SHA256] = {EVP_sha256, LIM_HASH},
    [PT_digest_MD5] = {EVP_md5, 16},
};

struct drive_digest {
    EVP_MD_CTX *ctx;
};

size_t drive_digest_size (pt_digest_t kind)
{
    return (size_t)kind < sizeof s_kinds / sizeof s_kinds[0] ? s_kinds[kind].size : 0;
}

drive_digest_t *drive_digest_new (pt_digest_t kind)
{
    drive_digest_t *self = drive_digest_size (kind) > 0 ? calloc (1, sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->ctx = EVP_MD_CTX_new ();
    if (!self->ctx || EVP_DigestInit_ex (self->ctx, s_kinds[kind].type (), NULL) != 1)
        drive_digest_destroy (&self);
    return self;
}

void drive_digest_destroy (drive_digest_t **self_p)
{
    drive_digest_t *self = *self_p;
    if (!self)
        return;
    EVP_MD_CTX_free (self->ctx);
    free (self);
    *self_p = NULL;
}

int drive_digest_add (drive_digest_t *self, const void *bytes, size_t len)
{
    return EVP_DigestUpdate (self->ctx, bytes, len) == 1 ? 0 : -PT_E_internal;
}

int drive_digest_end (drive_digest_t *self, uint8_t *out)
{
    return EVP_DigestFinal_ex (self->ctx, out, NULL) == 1 ? 0 : -PT_E_internal;
}
