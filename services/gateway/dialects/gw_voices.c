/*  gw_voices - see gw_voices.h. */

#include "gw_voices.h"

static const gw_voice_t *const s_voices[] = {
    [PT_room_dialect_PUBLIC] = &gw_voice_public, [PT_room_dialect_CHAT] = &gw_voice_chat,
    [PT_room_dialect_CLOCK] = &gw_voice_clock,   [PT_room_dialect_MEMBER] = &gw_voice_member,
    [PT_room_dialect_OPEN] = &gw_voice_open,
};

const gw_voice_t *gw_voices_of (pt_room_dialect_t dialect)
{
    return (size_t)dialect < sizeof s_voices / sizeof *s_voices ? s_voices[dialect] : NULL;
}
