/*  chat_member - changes of membership: join, leave, set, remove.

    A change is a row of the room's append-only table like a message, so that it
    has one place in the room's order.  Who may do what is decided by store, in
    the transaction that numbers the row; chat keeps no roles. */

#include "chat_fanout.h"
#include "chat_ops.h"
#include "chat_policy.h"

_Static_assert(LIM_KEY <= LIM_SEND_ID, "a key serves as send_id of its row");

typedef struct {
    uint64_t room;
    pt_append_entry_t entry;
    bool wants_membership; /* the reply is a membership, else empty */
} s_op_t;

static bool s_has_row (const pt_append_result_t *result)
{
    return result->has_seq && result->seq > 0;
}

/*  Whether the answer holds one result, and that its position or an error.  A
    row without seq is complete too: nothing had to change. */
static bool s_is_complete (const pt_append_results_t *answer)
{
    const pt_append_result_t *result = answer->results.at;
    if (answer->results.count != 1)
        return false;
    return result->status != 0 || !s_has_row (result) || (result->has_id && result->has_at);
}

static bool s_has_role (pt_change_t what)
{
    return what == PT_change_JOINED || what == PT_change_ROLE;
}

static pt_item_t s_make_item (const s_op_t *op, const pt_append_result_t *result)
{
    pt_change_t what = result->has_what ? result->what : op->entry.what;
    return (pt_item_t){.room = op->room,
                       .seq = result->seq,
                       .id = result->id,
                       .kind = PT_item_kind_MEMBER,
                       .account = op->entry.account,
                       .has_account = true,
                       .what = what,
                       .has_what = true,
                       .role = result->role,
                       .has_role = result->has_role && s_has_role (what),
                       .by = op->entry.sender,
                       .has_by = true,
                       .at = result->at};
}

static void s_reply (sv_request_t **request_p, const s_op_t *op, const pt_append_results_t *answer)
{
    const pt_append_result_t *result = answer->results.at;
    pt_membership_t membership = {.room = op->room,
                                  .account = op->entry.account,
                                  .role = result->role,
                                  .has_role = result->has_role,
                                  .seq = answer->head,
                                  .epoch = answer->epoch,
                                  .floor = answer->floor};
    pt_empty_t empty = {0};
    if (op->wants_membership)
        sv_request_reply (request_p, &membership);
    else
        sv_request_reply (request_p, &empty);
}

/*  Published also when store knew the row: who appended it may have died
    before publishing.  A row without seq changed nothing. */
static void s_on_appended (void *ctx, sv_request_t **request_p, void *arg, const sv_reply_t *reply)
{
    chat_t *chat = ctx;
    const s_op_t *op = arg;
    const pt_append_results_t *answer = reply->msg;
    const pt_append_result_t *result = answer->results.at;
    if (!s_is_complete (answer)) {
        sv_metric_add (chat->metrics.unknown, 1);
        sv_log (chat->log, SV_ERROR, sv_request_trace (*request_p), "store's answer does not fit results=%u",
                answer->results.count);
        sv_request_fail (request_p, PT_E_worker_lost, "store's answer does not fit; the outcome is unknown");
        return;
    }
    if (result->status != 0) {
        pt_error_t error = {.detail = result->detail, .has_detail = result->has_detail};
        sv_request_fail_with (request_p, (int)result->status, &error);
        return;
    }
    if (s_has_row (result)) {
        pt_item_t item = s_make_item (op, result);
        sv_metric_add (chat->metrics.members, 1);
        chat_fanout_items (chat, op->room, answer->epoch, &item, 1, sv_request_trace (*request_p));
    }
    s_reply (request_p, op, answer);
}

static void s_change (chat_t *chat, sv_request_t *request, const s_op_t *change)
{
    s_op_t *op = pt_arena_alloc (sv_request_arena (request), sizeof *op);
    if (!op) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *op = *change;
    pt_append_t append = {.room = op->room, .entries = {&op->entry, 1}};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_append, .affinity = op->room, .msg = &append, .fn = s_on_appended, .op = op};
    sv_backend_call (&chat->store, &request, &call);
}

static pt_append_entry_t s_make_entry (uint64_t by, pt_str_t key, uint64_t account, pt_change_t what)
{
    return (pt_append_entry_t){.kind = PT_item_kind_MEMBER,
                               .sender = by,
                               .send_id = key,
                               .account = account,
                               .has_account = true,
                               .what = what,
                               .has_what = true};
}

/*  No role is given: who is in already keeps the one it has. */
void chat_member_on_join (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_room_change_t *asked = msg;
    s_op_t op = {.room = asked->room,
                 .entry = s_make_entry (asked->account, asked->key, asked->account, PT_change_JOINED),
                 .wants_membership = true};
    s_change (ctx, request, &op);
}

void chat_member_on_leave (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_room_change_t *asked = msg;
    s_op_t op = {.room = asked->room,
                 .entry = s_make_entry (asked->account, asked->key, asked->account, PT_change_LEFT)};
    s_change (ctx, request, &op);
}

/*  Asked as `joined` with a role; store says `role` when the account was a
    member before. */
void chat_member_on_set (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_member_set_t *asked = msg;
    s_op_t op = {.room = asked->room,
                 .entry = s_make_entry (asked->account, asked->key, asked->member, PT_change_JOINED),
                 .wants_membership = true};
    op.entry.role = asked->has_role ? asked->role : PT_role_MEMBER;
    op.entry.has_role = true;
    s_change (ctx, request, &op);
}

void chat_member_on_remove (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_member_remove_t *asked = msg;
    pt_change_t what = chat_policy_removal (asked->account, asked->member);
    s_op_t op = {.room = asked->room, .entry = s_make_entry (asked->account, asked->key, asked->member, what)};
    s_change (ctx, request, &op);
}
