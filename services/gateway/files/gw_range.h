/*  gw_range - which bytes of a file a Range header asks for (RFC 9110, 14); pure. */

#ifndef GW_RANGE_H
#define GW_RANGE_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    GW_RANGE_WHOLE, /* all of it: there is no range, or none that is served */
    GW_RANGE_PART,
    GW_RANGE_OUTSIDE, /* no byte of it exists: 416 */
} gw_range_kind_t;

typedef struct {
    uint64_t first, count;
} gw_range_t;

/*  Judges a Range header (NULL: absent) against a file of `size` bytes; `*out` is
    set for WHOLE and PART.  One range is served.  Several, other units and what can't
    be read count as absent, as the RFC allows. */
gw_range_kind_t gw_range_read (const char *value, size_t len, uint64_t size, gw_range_t *out);

#endif
