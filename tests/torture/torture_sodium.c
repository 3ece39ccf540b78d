/*  torture_sodium - the calls of libsodium. */

#include "torture.h"
#include <sodium.h>

TORTURE_CALL (MEMORY, void *, sodium_malloc, (size_t size), (size), NULL, ENOMEM)
