/*  store_address - the names by which rooms of dialects are reached.

    `member`: what the room is called, as a word of ASCII, `_` and 5 hex digits.  `clock`:
    `chat_` and 8 hex digits.  The digits follow from the key of the request, so that a repeat
    asks for the same address.  Rooms of the other dialects have none. */

#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include "pt_message.h"

/*  Addresses that are tried for one room; when none of them is free the request is refused. */
#define STORE_ADDRESS_TRIES 8

/*  Bytes of an address with its end, and of its word, which leaves room for the digits within
    the 100 that a route takes. */
#define STORE_ADDRESS_BYTES (LIM_ROOM_ADDRESS + 1)
#define STORE_ADDRESS_WORD 94

/*  Whether rooms of that dialect have an address. */
bool store_address_is_made (pt_room_dialect_t dialect);

/*  A name as a word, as Django's slugify makes it: lower-case ASCII letters, digits, `_` and `-`;
    accented Latin letters lose their accents, white space and hyphens become one hyphen, all else
    is left out.  `word` has STORE_ADDRESS_WORD + 1 bytes; returns the length, which may be 0. */
size_t store_address_word (pt_str_t name, char *word);

/*  Writes the `attempt`-th address (from 0) of a room of a dialect that has one.
    0, or -PT_E_internal when there is none or no digest could be made. */
PT_MUSTCHECK int store_address_make (pt_room_dialect_t dialect, pt_str_t name, pt_str_t key, unsigned attempt,
                                     char address[STORE_ADDRESS_BYTES]);

#endif
