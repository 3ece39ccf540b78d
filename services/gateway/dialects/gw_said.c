/*  gw_said - see gw_said.h. */

#include "gw_said.h"
#include "gw_parse.h"
#include "gw_ws_priv.h"

bool gw_said_read (gw_ws_t *ws, pt_str_t text, gw_said_t *out)
{
    json_error_t error;
    bool is_short = false;
    out->json = gw_parse_is_shallow (text.at, text.len) ? gw_parse (text.at, text.len, &error, &is_short) : NULL;
    if (json_is_object (out->json))
        return true;
    if (is_short)
        gw_ws_shut (ws, GW_WS_SHORT, "out of memory"); /* what follows must not overtake it */
    else
        gw_seat_error (ws, out->json ? PT_LIT ("A JSON object is required.") : PT_LIT ("Invalid JSON format."));
    gw_said_done (out);
    return false;
}

void gw_said_done (gw_said_t *self)
{
    json_decref (self->json);
    self->json = NULL;
}

bool gw_said_text (const gw_said_t *self, const char *name, pt_str_t *out)
{
    const json_t *field = json_object_get (self->json, name);
    if (!json_is_string (field))
        return false;
    *out = (pt_str_t){json_string_value (field), (uint32_t)json_string_length (field)};
    return true;
}

bool gw_said_id (const gw_said_t *self, const char *name, uint64_t *out)
{
    const gw_request_t request = {.json = self->json};
    return gw_request_u64 (&request, name, out) && *out > 0 && *out <= LIM_ID;
}

size_t gw_said_length (pt_str_t text)
{
    size_t count = 0;
    for (uint32_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    return count;
}
