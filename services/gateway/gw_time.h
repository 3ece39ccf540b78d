/*  gw_time - reading RFC 3339 times; gw_text writes them. */

#ifndef GW_TIME_H
#define GW_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  `2026-11-21T09:51:35.123456Z`, with 0 to 9 decimals and Z or an offset, to
    microseconds since 1970 (finer digits are cut).  False for anything else
    and for times before 1970. */
bool gw_time_parse (const char *text, size_t len, int64_t *out_us);

#endif
