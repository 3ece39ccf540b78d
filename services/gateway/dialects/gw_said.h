/*  gw_said - a dialect's client's frame as JSON. */

#ifndef GW_SAID_H
#define GW_SAID_H

#include "gw_seat.h"
#include <jansson.h>

typedef struct {
    json_t *json; /* an object */
} gw_said_t;

/*  Reads one JSON object; false after an error frame, `Invalid JSON format.` among them, or when memory
    is out, which closes the session.  gw_said_done lets go of it. */
bool gw_said_read (gw_ws_t *ws, pt_str_t text, gw_said_t *out);
void gw_said_done (gw_said_t *self);

/*  A text; false when there is none of that name. */
bool gw_said_text (const gw_said_t *self, const char *name, pt_str_t *out);

/*  An id, as number or digits; false when there is none of that name. */
bool gw_said_id (const gw_said_t *self, const char *name, uint64_t *out);

/*  Characters, not bytes, of valid UTF-8. */
size_t gw_said_length (pt_str_t text);

#endif
