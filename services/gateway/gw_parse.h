/*  gw_parse - JSON text to jansson's tree, and whether it failed for want of memory.

    jansson says "invalid token" for both.  For a session the difference counts: a
    frame that is not JSON was nobody's send, but one that could not be read for
    want of memory may have been, and nothing may overtake it. */

#ifndef GW_PARSE_H
#define GW_PARSE_H

#include <jansson.h>
#include <stdbool.h>

/*  One strict value, of any kind (repeated members are refused), or NULL with `error` filled in
    and `is_short` told: memory was out. */
json_t *gw_parse (const char *text, size_t len, json_error_t *error, bool *is_short);

/*  Whether arrays and objects nest no deeper than LIM_JSON_DEPTH; counts
    brackets outside strings, before anything is allocated for them. */
bool gw_parse_is_shallow (const char *bytes, size_t len);

#endif
