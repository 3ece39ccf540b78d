/*  store_shape - rows of the shared queries as messages.  Texts point into the
    result.  The cells are read from where the row stands; the caller checks
    `is_bad` afterwards.  Where a message is one of a list, `out` is of its type, and the
    function a reader for store_ops_list. */

#ifndef STORE_SHAPE_H
#define STORE_SHAPE_H

#include "pt_codec.h"
#include "store_wire.h"

/*  id, login, email, name, created_at, uuid, nickname, deleted, email_confirmed,
    active, staff, avatar */
void store_shape_account (store_row_t *row, void *out);

/*  id, device, created_at, used_at, current, kind, expires_at */
void store_shape_session (store_row_t *row, void *out);

/*  id, name, prefix, scopes, created_at, used_at, expires_at */
void store_shape_token (store_row_t *row, void *out);

/*  account, session, generation, spared, at */
void store_shape_revocation (store_row_t *row, void *out);

/*  id, kind, account, email, name, expires_at, tries, dialect */
void store_shape_mail (store_row_t *row, void *out);

/*  id, at, what, account, by, session, address, trace */
void store_shape_audit (store_row_t *row, void *out);

/*  id, kind, name, topic, created_by, created_at, head, epoch, floor, role, read */
void store_shape_room (store_row_t *row, void *out);

/*  As store_shape_room, then uuid, address, dialect, updated_at, active_at, last */
void store_shape_dialect_room (store_row_t *row, void *out);

/*  id, uuid, login, name, nickname, email, avatar, active, friend */
void store_shape_person (store_row_t *row, void *out);

/*  account, role, login, name, joined_at */
void store_shape_member (store_row_t *row, void *out);

/*  account, room, heir */
void store_shape_farewell (store_row_t *row, void *out);

/*  id, owner, name, type, size, sha256 in hex, created_at */
void store_shape_file (store_row_t *row, void *out);

/*  id, name, length, purpose, expires_at.  The offset is drive's to say: 0. */
void store_shape_upload (store_row_t *row, void *out);

/*  seq, id, created_at, kind, sender, send_id, body, reply_to, account, what, role, attachments,
    which are decoded into the arena. */
void store_shape_item (store_row_t *row, uint64_t room, pt_codec_t *codec, pt_arena_t *arena, pt_item_t *out);

/*  A cursor is the last id of the page before, in decimal; 0 for none. 0 or -PT_E_invalid. */
PT_MUSTCHECK int store_shape_cursor (bool has, pt_str_t cursor, uint64_t *out_id);

#endif
