/*  store_create - the statement that makes a room with its first members. */

#ifndef STORE_CREATE_H
#define STORE_CREATE_H

#include "store_pg.h"

/*  Bytes of the key of a pair's direct room, with its end. */
#define STORE_DIRECT_KEY_BYTES 48

/*  The key of a pair, whichever of them asks. */
void store_create_direct_key (uint64_t a, uint64_t b, char key[STORE_DIRECT_KEY_BYTES]);

/*  Sends STORE_SQL_room_create, whose row is the id of the room; no row: the direct room of the pair
    is there already, or no address is free (the one that was given, or each that was made).  `kind` must be set in
   `ask`; the first of the accounts becomes the owner, but in a direct room, which has none and needs the key (else "").
 */
void store_create_send (store_pg_t *pg, const pt_room_create_t *ask, const char *direct_key, const uint64_t *accounts,
                        unsigned count);

/*  Sends the question for the id of the direct room with that key. */
void store_create_send_direct (store_pg_t *pg, const char *direct_key);

#endif
