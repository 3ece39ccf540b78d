/*  gw_date - dates of HTTP headers (RFC 9110, 5.6.7); pure. */

#ifndef GW_DATE_H
#define GW_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  `Sun, 06 Nov 1994 08:49:37 GMT` is so long. */
#define GW_DATE 29

/*  Writes seconds since 1970 with a NUL behind; times before 1970 and after the
    year 9999 are cut to these bounds.  Returns `out`. */
char *gw_date_put (char out[GW_DATE + 1], int64_t seconds);

/*  Reads the form above, the only one that is written any more; false for the
    two older ones, as for anything else. */
bool gw_date_parse (const char *text, size_t len, int64_t *out_seconds);

#endif
