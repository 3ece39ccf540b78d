/*  sv_address - whose room a name in an address is, told by its shape.

    Dialects share the paths of their WebSockets, so the shapes exclude each other:
    each name has one dialect or none, whether the room exists or not.  Pure. */

#ifndef SV_ADDRESS_H
#define SV_ADDRESS_H

#include "pt_message.h"

/*  The longest name that may be an open room's: longer ones have no dialect. */
#define SV_ADDRESS_OPEN_MAX 100

/*  The dialect of the rooms with names of this shape: digits (public), a UUID (chat),
    `chat_` and 8 hex digits (clock), `_` and 5 hex digits behind a word (member), any
    other word of letters, digits, `_` and `-` (open).  A room of the dialect `member`
    may have a name of the last shape too; who knows the rooms looks there first.
    PT_room_dialect_none: no room can have this name. */
pt_room_dialect_t sv_address_dialect (pt_str_t name);

#endif
