/*  pt_scan - judge untrusted msgpack before anything is allocated for it. */

#ifndef PT_SCAN_H
#define PT_SCAN_H

#include "pt_error.h"
#include <stddef.h>

/*  0 when `bytes` are exactly one msgpack object, no deeper than `depth`, of
    at most `objects` objects, every length within what is left, no ext types,
    no floats; else -PT_E_malformed.  Never reads past `len`, never recurses. */
PT_MUSTCHECK int pt_scan (const void *bytes, size_t len, unsigned depth, unsigned objects);

#endif
