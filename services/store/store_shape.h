/*  store_shape - rows of the shared queries as messages.  Texts point into the
    result.  The cells are read from where the row stands; the caller checks
    `is_bad` afterwards. */

#ifndef STORE_SHAPE_H
#define STORE_SHAPE_H

#include "store_wire.h"

/*  id, login, email, name, created_at */
void store_shape_account (store_row_t *row, pt_account_t *out);

/*  id, kind, name, topic, created_by, created_at, head, epoch, floor, role, read */
void store_shape_room (store_row_t *row, pt_room_t *out);

/*  account, role, login, name, joined_at */
void store_shape_member (store_row_t *row, pt_member_t *out);

/*  seq, id, created_at, kind, sender, send_id, body, reply_to, account, what, role */
void store_shape_item (store_row_t *row, uint64_t room, pt_item_t *out);

/*  A cursor is the last id of the page before, in decimal; 0 for none. 0 or -PT_E_invalid. */
PT_MUSTCHECK int store_shape_cursor (bool has, pt_str_t cursor, uint64_t *out_id);

#endif
