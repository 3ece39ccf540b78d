/*  gw_random - random bytes that nobody can guess. */

#ifndef GW_RANDOM_H
#define GW_RANDOM_H

#include <stddef.h>

/*  Fills `out`; ends the process when the system has none. */
void gw_random (void *out, size_t len);

#endif
