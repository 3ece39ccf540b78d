/*  gw_echo - what becomes of a text that somebody says in an open room without being signed in; pure. */

#ifndef GW_ECHO_H
#define GW_ECHO_H

#include "pt_buf.h"
#include "pt_message.h"

/*  Writes the frame that its sender and the others get: of a JSON object with a `message` that
    alone, any other text as it came.  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_echo_put (pt_buf_t *out, pt_str_t text);

#endif
