/*  gw_base64 - reading base64 (RFC 4648, 4); pure. */

#ifndef GW_BASE64_H
#define GW_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/*  Decodes into `out`.  Padding may be left out, as some clients do; what is there
    must be right, and unused bits must be 0.  False for anything else, and when it
    is more than `size` bytes. */
bool gw_base64_decode (const char *text, size_t len, char *out, size_t size, size_t *out_len);

#endif
