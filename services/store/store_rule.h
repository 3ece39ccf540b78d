/*  store_rule - who may say and change what in a room: the rules alone. */

#ifndef STORE_RULE_H
#define STORE_RULE_H

#include "store_append.h"

/*  Whether a sender with that role (0: a stranger) may post the entry.  0, or the error,
    which is also entered in the entry. */
PT_MUSTCHECK int store_rule_message (const store_room_t *room, pt_role_t sender, store_entry_t *entry);

/*  Whether the asker may change the target's membership as the entry asks.  0 with `what` and `role` of the entry set
   to what happens, or its verdict to STORE_SAME when nothing has to change; or the error, which is also entered in the
   entry. */
PT_MUSTCHECK int store_rule_change (const store_room_t *room, const store_pair_t *asker, const store_pair_t *target,
                                    store_entry_t *entry);

#endif
