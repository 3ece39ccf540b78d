/*  store_detail - a room of a dialect with its people, as several operations answer with. */

#ifndef STORE_DETAIL_H
#define STORE_DETAIL_H

#include "store_op.h"

/*  Results that store_detail_read reads, one behind the other. */
#define STORE_DETAIL_RESULTS 2

/*  Sends the questions for the room and for its people.  `ask` names the room by its id, its
    uuid or its address. */
void store_detail_send (store_pg_t *pg, const pt_room_find_t *ask);

/*  Sends the question for the room alone; its row is store_shape_dialect_room's. */
void store_detail_send_room (store_pg_t *pg, const pt_room_find_t *ask);

/*  Reads both answers into a message of the operation's arena, texts pointing into the results.
    0; -PT_E_not_found when there is no such room in the dialect, -PT_E_not_member when the
    asker may not see it; or another error. */
PT_MUSTCHECK int store_detail_read (store_op_t *op, const PGresult *const *results, pt_room_detail_t **out);

#endif
