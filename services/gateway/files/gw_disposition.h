/*  gw_disposition - names of files in Content-Disposition (RFC 6266, RFC 7578), read
    and written; pure.  A name is data: no path is ever made of it. */

#ifndef GW_DISPOSITION_H
#define GW_DISPOSITION_H

#include "pt_buf.h"
#include "pt_message.h"
#include <stdbool.h>

/*  The file name that a value names, `filename*` before `filename`, without folders
    that a client put before it; at most `size` bytes of valid UTF-8.  False when there
    is none, or it is too long. */
bool gw_disposition_name (const char *value, size_t len, char *out, size_t size, size_t *out_len);

/*  Whether a browser may show content of this type in place: pictures, sound, moving
    pictures and plain text.  Nothing that a browser would run. */
bool gw_disposition_is_inline (pt_str_t type);

/*  The header's whole line, its name in UTF-8 and, for old clients, in ASCII. */
void gw_disposition_put (pt_buf_t *out, bool is_inline, pt_str_t name);

#endif
