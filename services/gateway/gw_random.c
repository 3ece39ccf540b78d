/*  gw_random - see gw_random.h. */

#include "gw_random.h"
#include <stdlib.h>
#include <sys/random.h>

void gw_random (void *out, size_t len)
{
    if (getrandom (out, len, 0) != (ssize_t)len)
        abort ();
}
