/*  auth_argon - one password hash at a time: Argon2id with fixed costs. */

#ifndef AUTH_ARGON_H
#define AUTH_ARGON_H

#include "pt_error.h"
#include <stdbool.h>
#include <stddef.h>

/*  Costs of new hashes (OWASP: 19 MiB, 2 passes, 1 lane); 10 to 30 ms. */
#define AUTH_ARGON_KIB 19456u
#define AUTH_ARGON_PASSES 2u

/*  A stored hash that asks for more is not computed: a row of the database must
    not be able to stop sign-in for everybody. */
#define AUTH_ARGON_KIB_MAX 65536u
#define AUTH_ARGON_PASSES_MAX 4u

/*  A hash with a NUL behind it, at most. */
#define AUTH_ARGON_SIZE 129

/*  Hashes under a fresh salt.  Blocks for the whole computation.  0, or -PT_E_memory. */
PT_MUSTCHECK int auth_argon_hash (const char *password, size_t len, char out_hash[AUTH_ARGON_SIZE]);

/*  Whether `hash` is an Argon2id hash within the maxima. */
bool auth_argon_is_affordable (const char *hash);

/*  Whether `password` is the one of `hash`.  Blocks for the whole computation.
    0 with the answer; -PT_E_memory when it could not be computed. */
PT_MUSTCHECK int auth_argon_verify (const char *hash, const char *password, size_t len, bool *out_is_match);

#endif
