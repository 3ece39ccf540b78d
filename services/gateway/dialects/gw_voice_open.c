/*  gw_voice_open - placeholder. */

#include "gw_seat.h"
#include "gw_voices.h"

static void s_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    (void)text;
    (void)is_binary;
    gw_seat_error (ws, PT_LIT ("not yet"));
}

const gw_voice_t gw_voice_open = {.dialect = PT_room_dialect_OPEN, .heard = s_heard};
