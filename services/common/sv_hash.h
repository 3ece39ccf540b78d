/*  sv_hash - SipHash-2-4 of some bytes: under a random seed nobody outside can choose
    bytes that meet in one place of a table.  Pure. */

#ifndef SV_HASH_H
#define SV_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t sv_hash (const uint64_t seed[2], const void *bytes, size_t len);

#endif
