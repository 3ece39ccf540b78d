/*  gw_taken - how much has been read from a TCP socket by whoever reads it.

    The kernel tells what has come and what is unread, but not both at one moment: what
    comes in between makes their difference wrong.  The two calls err to the side that
    each is used for. */

#ifndef GW_TAKEN_H
#define GW_TAKEN_H

#include <stdbool.h>
#include <stdint.h>

/*  Bytes read so far; too many by what came during the call. */
uint64_t gw_taken_bytes (int fd);

/*  Whether more than `mark` bytes have been read, a FIN beside.  False too when the kernel
    does not say, or so much comes in meanwhile, again and again, that it can't be told. */
bool gw_taken_more (int fd, uint64_t mark);

#endif
