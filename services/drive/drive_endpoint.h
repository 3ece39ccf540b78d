/*  drive_endpoint - where this replica takes streams. */

#ifndef DRIVE_ENDPOINT_H
#define DRIVE_ENDPOINT_H

#include "pt_message.h"

/*  The endpoint when none is set: a socket of this start's own in the folder of
    the first broker, which is closed to others; without one, a free port of
    loopback.  Sockets that dead replicas left there are removed.  0, or
    -PT_E_invalid when the path is too long for a socket. */
PT_MUSTCHECK int drive_endpoint (const char *brokers, uint64_t generation, char out[LIM_ENDPOINT]);

#endif
