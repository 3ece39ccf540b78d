/*  auth_argon - one password hash at a time: Argon2id with fixed costs. */

#include "auth_argon.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define S_MEMORY ((size_t)AUTH_ARGON_KIB * 1024)

_Static_assert(crypto_pwhash_argon2id_STRBYTES <= AUTH_ARGON_SIZE, "a hash must fit");

int auth_argon_hash (const char *password, size_t len, char out_hash[AUTH_ARGON_SIZE])
{
    return crypto_pwhash_argon2id_str (out_hash, password, len, AUTH_ARGON_PASSES, S_MEMORY) == 0 ? 0 : -PT_E_memory;
}

bool auth_argon_is_affordable (const char *hash)
{
    unsigned version = 0, kib = 0, passes = 0, lanes = 0;
    int end = 0;
    if (sscanf (hash, "$argon2id$v=%3u$m=%7u,t=%3u,p=%3u$%n", &version, &kib, &passes, &lanes, &end) != 4 || end == 0)
        return false;
    return kib <= AUTH_ARGON_KIB_MAX && passes <= AUTH_ARGON_PASSES_MAX && lanes == 1;
}

int auth_argon_verify (const char *hash, const char *password, size_t len, bool *out_is_match)
{
    errno = 0;
    bool is_match = crypto_pwhash_argon2id_str_verify (hash, password, len) == 0;
    if (!is_match && errno == ENOMEM)
        return -PT_E_memory;
    *out_is_match = is_match;
    return 0;
}
