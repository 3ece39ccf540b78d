/*  gw_voices - the dialects' voices, and which of them speaks in a room. */

#ifndef GW_VOICES_H
#define GW_VOICES_H

#include "gw_voice.h"

extern const gw_voice_t gw_voice_public, gw_voice_chat, gw_voice_clock, gw_voice_member, gw_voice_open;

/*  NULL: there is no such dialect. */
const gw_voice_t *gw_voices_of (pt_room_dialect_t dialect);

#endif
