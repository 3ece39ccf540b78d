/*  store_shape - rows of the shared queries as messages. */

#include "store_shape.h"

/*  The next cells into an OPTIONAL member: absent when NULL. */
#define S_OPT(row, out, name, read)                                                                                    \
    do {                                                                                                               \
        (out)->has_##name = !store_row_null (row);                                                                     \
        (out)->name = read (row);                                                                                      \
    } while (0)

static pt_role_t s_role (store_row_t *row)
{
    return (pt_role_t)store_row_u64 (row);
}
static pt_change_t s_change (store_row_t *row)
{
    return (pt_change_t)store_row_u64 (row);
}

static pt_room_dialect_t s_dialect (store_row_t *row)
{
    return (pt_room_dialect_t)store_row_u64 (row);
}

static pt_credential_kind_t s_kind (store_row_t *row)
{
    return (pt_credential_kind_t)store_row_u64 (row);
}

void store_shape_account (store_row_t *row, void *at)
{
    pt_account_t *out = at;
    out->id = store_row_u64 (row);
    S_OPT (row, out, login, store_row_str);
    S_OPT (row, out, email, store_row_str);
    S_OPT (row, out, name, store_row_str);
    out->created_at = store_row_time (row);
    S_OPT (row, out, uuid, store_row_str);
    S_OPT (row, out, nickname, store_row_str);
    S_OPT (row, out, deleted, store_row_bool);
    S_OPT (row, out, email_confirmed, store_row_bool);
    S_OPT (row, out, active, store_row_bool);
    S_OPT (row, out, staff, store_row_bool);
    S_OPT (row, out, avatar, store_row_str);
}

void store_shape_session (store_row_t *row, void *at)
{
    pt_session_t *out = at;
    out->id = store_row_u64 (row);
    S_OPT (row, out, device, store_row_str);
    out->created_at = store_row_time (row);
    out->used_at = store_row_time (row);
    out->current = store_row_bool (row);
    S_OPT (row, out, kind, s_kind);
    S_OPT (row, out, expires_at, store_row_time);
}

void store_shape_token (store_row_t *row, void *at)
{
    pt_token_t *out = at;
    out->id = store_row_u64 (row);
    S_OPT (row, out, name, store_row_str);
    S_OPT (row, out, prefix, store_row_str);
    out->scopes = store_row_str (row);
    out->created_at = store_row_time (row);
    S_OPT (row, out, used_at, store_row_time);
    S_OPT (row, out, expires_at, store_row_time);
}

void store_shape_revocation (store_row_t *row, void *at)
{
    pt_revocation_t *out = at;
    out->account = store_row_u64 (row);
    S_OPT (row, out, session, store_row_u64);
    S_OPT (row, out, generation, store_row_u64);
    S_OPT (row, out, spared, store_row_u64);
    out->at = store_row_time (row);
}

void store_shape_mail (store_row_t *row, void *at)
{
    pt_mail_t *out = at;
    out->id = store_row_u64 (row);
    out->kind = (pt_mail_kind_t)store_row_u64 (row);
    out->account = store_row_u64 (row);
    out->email = store_row_str (row);
    S_OPT (row, out, name, store_row_str);
    out->expires_at = store_row_time (row);
    out->tries = store_row_u64 (row);
    S_OPT (row, out, dialect, s_dialect);
}

void store_shape_audit (store_row_t *row, void *at)
{
    pt_audit_t *out = at;
    S_OPT (row, out, id, store_row_u64);
    out->at = store_row_time (row);
    out->what = (pt_audit_action_t)store_row_u64 (row);
    S_OPT (row, out, account, store_row_u64);
    S_OPT (row, out, by, store_row_u64);
    S_OPT (row, out, session, store_row_u64);
    S_OPT (row, out, address, store_row_str);
    S_OPT (row, out, trace, store_row_str);
}

void store_shape_room (store_row_t *row, void *at)
{
    pt_room_t *out = at;
    out->id = store_row_u64 (row);
    out->kind = (pt_room_kind_t)store_row_u64 (row);
    S_OPT (row, out, name, store_row_str);
    S_OPT (row, out, topic, store_row_str);
    out->created_by = store_row_u64 (row);
    out->created_at = store_row_time (row);
    out->head = store_row_u64 (row);
    out->epoch = store_row_u64 (row);
    out->floor = store_row_u64 (row);
    S_OPT (row, out, role, s_role);
    S_OPT (row, out, read, store_row_u64);
    out->has_read = out->has_unread = out->has_role;
    out->unread = out->head > out->read ? out->head - out->read : 0;
}

void store_shape_dialect_room (store_row_t *row, void *at)
{
    pt_room_t *out = at;
    store_shape_room (row, out);
    S_OPT (row, out, uuid, store_row_str);
    S_OPT (row, out, address, store_row_str);
    S_OPT (row, out, dialect, s_dialect);
    S_OPT (row, out, updated_at, store_row_time);
    S_OPT (row, out, active_at, store_row_time);
    S_OPT (row, out, last, store_row_str);
}

void store_shape_person (store_row_t *row, void *at)
{
    pt_person_t *out = at;
    out->id = store_row_u64 (row);
    out->uuid = store_row_str (row);
    S_OPT (row, out, login, store_row_str);
    S_OPT (row, out, name, store_row_str);
    S_OPT (row, out, nickname, store_row_str);
    S_OPT (row, out, email, store_row_str);
    S_OPT (row, out, avatar, store_row_str);
    S_OPT (row, out, active, store_row_bool);
    S_OPT (row, out, friend, store_row_bool);
}

void store_shape_member (store_row_t *row, void *at)
{
    pt_member_t *out = at;
    out->account = store_row_u64 (row);
    out->role = s_role (row);
    S_OPT (row, out, login, store_row_str);
    S_OPT (row, out, name, store_row_str);
    out->joined_at = store_row_time (row);
}

void store_shape_farewell (store_row_t *row, void *at)
{
    pt_farewell_t *out = at;
    out->account = store_row_u64 (row);
    out->room = store_row_u64 (row);
    S_OPT (row, out, heir, store_row_u64);
}

void store_shape_file (store_row_t *row, void *at)
{
    pt_file_t *out = at;
    out->id = store_row_u64 (row);
    out->owner = store_row_u64 (row);
    out->name = store_row_str (row);
    out->type = store_row_str (row);
    out->size = store_row_u64 (row);
    out->sha256 = store_row_str (row);
    out->created_at = store_row_time (row);
}

void store_shape_upload (store_row_t *row, void *at)
{
    pt_upload_t *out = at;
    out->id = store_row_u64 (row);
    out->name = store_row_str (row);
    S_OPT (row, out, length, store_row_u64);
    out->purpose = (pt_upload_purpose_t)store_row_u64 (row);
    out->expires_at = store_row_time (row);
}

static void s_read_attachments (store_row_t *row, pt_codec_t *codec, pt_arena_t *arena, pt_item_t *out)
{
    out->has_attachments = !store_row_null (row);
    pt_str_t bytes = store_row_str (row);
    const void *msg = NULL;
    if (!out->has_attachments)
        return;
    if (pt_decode (codec, PT_MSG_attachments, bytes.at, bytes.len, arena, &msg, NULL) < 0) {
        row->is_bad = true;
        out->has_attachments = false;
        return;
    }
    const pt_attachments_t *kept = msg;
    out->attachments.at = kept->files.at;
    out->attachments.count = kept->files.count;
}

void store_shape_item (store_row_t *row, uint64_t room, pt_codec_t *codec, pt_arena_t *arena, pt_item_t *out)
{
    out->room = room;
    out->seq = store_row_u64 (row);
    out->id = store_row_u64 (row);
    out->at = store_row_time (row);
    out->kind = (pt_item_kind_t)store_row_u64 (row);
    uint64_t sender = store_row_u64 (row);
    S_OPT (row, out, send_id, store_row_str);
    S_OPT (row, out, body, store_row_str);
    S_OPT (row, out, reply_to, store_row_u64);
    S_OPT (row, out, account, store_row_u64);
    S_OPT (row, out, what, s_change);
    S_OPT (row, out, role, s_role);
    s_read_attachments (row, codec, arena, out);
    if (out->kind == PT_item_kind_MEMBER) {
        out->has_by = true;
        out->by = sender;
        out->has_send_id = false; /* the key of the change, which is nobody's to see */
    } else {
        out->has_sender = true;
        out->sender = sender;
    }
}

int store_shape_cursor (bool has, pt_str_t cursor, uint64_t *out_id)
{
    uint64_t id = 0;
    for (uint32_t i = 0; has && i < cursor.len; i++) {
        unsigned digit = (unsigned)cursor.at[i] - '0';
        if (digit > 9 || id > (LIM_ID - digit) / 10)
            return -PT_E_invalid;
        id = id * 10 + digit;
    }
    *out_id = id;
    return 0;
}
