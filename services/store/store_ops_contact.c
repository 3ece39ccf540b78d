/*  store_ops_contact - who asks whom to be friends, what is answered, and whether a friend
    may be added to a room.

    Two accounts have one contact, whoever asked.  Who was not asked finds none to answer, so
    that the numbers of contacts tell nothing. */

#include "store_create.h"
#include "store_detail.h"
#include "store_ops.h"
#include "store_shape.h"

/*  ---- create ------------------------------------------------------------------- */

static void s_create_identify (store_op_t *op)
{
    const pt_contact_create_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_contact_create, msg);
}

static store_next_t s_create_send (store_op_t *op, store_pg_t *pg)
{
    const pt_contact_create_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_str (args, msg->uuid);
    store_args_i64 (args, LIM_CONTACTS);
    store_pg_send (pg, STORE_SQL_contact_create);
    args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_str (args, msg->uuid);
    store_args_i64 (args, LIM_CONTACTS);
    store_pg_send (pg, STORE_SQL_contact_get);
    return STORE_NEXT;
}

/*  There is no contact: too many were asked, or the one that was met is gone since. */
static int s_refuse_contact (store_op_t *op, store_row_t *row)
{
    (void)store_row_u64 (row);
    bool is_full = store_row_bool (row);
    op->detail = is_full ? "too many accounts were asked" : "it was answered just now";
    return row->is_bad ? -PT_E_internal : is_full ? -PT_E_too_many : -PT_E_busy;
}

static int s_create_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_contact_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (step->results[1]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (step->results[1], 0);
    if (store_row_null (&row))
        return s_refuse_contact (op, &row);
    reply->id = store_row_u64 (&row);
    reply->has_known = true;
    reply->known = PQntuples (step->results[0]) == 0;
    op->reply = reply;
    return row.is_bad ? -PT_E_internal : STORE_DONE;
}

/*  ---- list ----------------------------------------------------------------------- */

typedef struct {
    uint64_t id;
    pt_person_t asker, asked;
} s_pair_t;

static void s_read_pair (store_row_t *row, void *at)
{
    s_pair_t *out = at;
    out->id = store_row_u64 (row);
    store_shape_person (row, &out->asker);
    store_shape_person (row, &out->asked);
}

static store_next_t s_list_send (store_op_t *op, store_pg_t *pg)
{
    const pt_contact_query_t *msg = op->msg;
    store_ops_send_ref (pg, STORE_SQL_contact_list, msg->account, LIM_PAGE);
    return STORE_LAST;
}

static int s_list_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    store_ops_list_t list;
    int rc = store_ops_list (op, step->results[0], LIM_PAGE, sizeof (s_pair_t), s_read_pair, &list);
    if (rc < 0)
        return rc;
    pt_contacts_t *reply = store_op_alloc (op, sizeof (*reply));
    pt_contact_t *items = store_op_alloc (op, (list.count + 1) * sizeof (*items));
    if (!reply || !items)
        return -PT_E_memory;
    const s_pair_t *pairs = list.at;
    for (uint32_t i = 0; i < list.count; i++)
        items[i] = (pt_contact_t){.id = pairs[i].id,
                                  .asker = &pairs[i].asker,
                                  .has_asker = true,
                                  .asked = &pairs[i].asked,
                                  .has_asked = true};
    reply->items.at = items;
    reply->items.count = list.count;
    op->reply = reply;
    return STORE_DONE;
}

/*  ---- answer --------------------------------------------------------------------- */

static void s_answer_identify (store_op_t *op)
{
    const pt_contact_answer_t *msg = op->msg;
    op->caller = msg->account;
    op->key = msg->key;
    store_op_content (op, PT_MSG_contact_answer, msg);
}

static store_next_t s_answer_send (store_op_t *op, store_pg_t *pg)
{
    const pt_contact_answer_t *msg = op->msg;
    store_ops_send_ref (pg, STORE_SQL_contact_lock, msg->id, msg->account);
    return STORE_NEXT;
}

static void s_send_id (store_pg_t *pg, store_sql_t sql, uint64_t id)
{
    store_args_i64 (store_pg_args (pg), id);
    store_pg_send (pg, sql);
}

/*  The direct room of the two, be it made here or there already, belongs to the dialect from
    here on. */
static void s_send_room (store_pg_t *pg, const pt_contact_answer_t *msg, uint64_t asker)
{
    const uint64_t accounts[] = {msg->account, asker};
    const pt_room_create_t room = {.account = msg->account,
                                   .kind = PT_room_kind_DIRECT,
                                   .has_kind = true,
                                   .dialect = PT_room_dialect_CHAT,
                                   .has_dialect = true,
                                   .key = msg->key};
    char direct_key[STORE_DIRECT_KEY_BYTES];
    store_create_direct_key (msg->account, asker, direct_key);
    store_create_send (pg, &room, direct_key, accounts, 2);
    store_args_t *args = store_pg_args (pg);
    store_args_str (args, pt_str (direct_key));
    store_args_i16 (args, PT_room_dialect_CHAT);
    store_pg_send (pg, STORE_SQL_room_adopt);
}

static int s_take_lock (store_op_t *op, store_pg_t *pg, const PGresult *result)
{
    const pt_contact_answer_t *msg = op->msg;
    pt_contact_answered_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (result) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (result, 0);
    uint64_t asker = store_row_u64 (&row);
    bool was_accepted = store_row_bool (&row);
    if (row.is_bad)
        return -PT_E_internal;
    op->reply = op->state = reply;
    if (msg->accept && was_accepted) {
        reply->has_known = reply->known = true;
        return STORE_DONE;
    }
    s_send_id (pg, msg->accept ? STORE_SQL_contact_accept : STORE_SQL_contact_delete, msg->id);
    if (msg->accept)
        s_send_room (pg, msg, asker);
    return STORE_NEXT;
}

/*  Steps, as they are taken. */
enum { S_LOCKED = 1, S_ANSWERED };

/*  First the contact comes, then the id of the room, if there is to be one, then that room. */
static int s_answer_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    const pt_contact_answer_t *msg = op->msg;
    if (op->step == S_LOCKED)
        return s_take_lock (op, pg, step->results[0]);
    if (op->step == S_ANSWERED && !msg->accept)
        return STORE_DONE;
    if (op->step == S_ANSWERED) {
        store_row_t row = store_row (step->results[2], 0); /* after contact_accept and room_create */
        const pt_room_find_t find = {.account = msg->account,
                                     .has_account = true,
                                     .room = store_row_u64 (&row),
                                     .has_room = true,
                                     .dialect = PT_room_dialect_CHAT};
        if (row.is_bad)
            return -PT_E_internal;
        store_detail_send (pg, &find);
        return STORE_NEXT;
    }
    pt_contact_answered_t *reply = op->state;
    pt_room_detail_t *detail = NULL;
    int rc = store_detail_read (op, step->results, &detail);
    reply->room = detail;
    reply->has_room = true;
    return rc < 0 ? rc : STORE_DONE;
}

/*  ---- invite ---------------------------------------------------------------------- */

static store_next_t s_invite_send (store_op_t *op, store_pg_t *pg)
{
    const pt_room_invite_t *msg = op->msg;
    store_args_t *args = store_pg_args (pg);
    store_args_i64 (args, msg->account);
    store_args_str (args, msg->room);
    store_args_str (args, msg->uuid);
    store_pg_send (pg, STORE_SQL_invite);
    return STORE_LAST;
}

/*  A friend who is in already is told by the append alone: it knows whether this very request
    brought the friend in before. */
static int s_invite_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step)
{
    (void)pg;
    pt_invite_t *reply = store_op_alloc (op, sizeof (*reply));
    if (!reply)
        return -PT_E_memory;
    if (PQntuples (step->results[0]) == 0)
        return -PT_E_not_found;
    store_row_t row = store_row (step->results[0], 0);
    reply->room = store_row_u64 (&row);
    bool is_direct = store_row_u64 (&row) == PT_room_kind_DIRECT;
    bool is_member = store_row_u64 (&row) != PT_role_none;
    reply->account = store_row_u64 (&row);
    bool is_in = store_row_bool (&row);
    bool is_friend = store_row_bool (&row);
    reply->has_known = true;
    reply->known = is_direct || (is_in && !is_friend);
    if (row.is_bad)
        return -PT_E_internal;
    if (!is_member)
        return -PT_E_not_member;
    if (reply->account == 0)
        return -PT_E_not_found;
    op->detail = "friends alone are added";
    if (!reply->known && !is_friend)
        return -PT_E_forbidden;
    op->reply = reply;
    return STORE_DONE;
}

const store_op_rule_t store_ops_contact[] = {
    {PT_OP_store_contact_create, s_create_send, s_create_take, s_create_identify},
    {PT_OP_store_contact_list, s_list_send, s_list_take, NULL, .is_read = true},
    {PT_OP_store_contact_answer, s_answer_send, s_answer_take, s_answer_identify},
    {PT_OP_store_invite, s_invite_send, s_invite_take, NULL, .is_read = true},
    {0, NULL, NULL, NULL},
};
