/*  chat_member - changes of membership: join, leave, set, remove, add several.

    A change is a row of the room's append-only table like a message, so that it
    has one place in the room's order.  Who may do what is decided by store, in
    the transaction that numbers the row; chat keeps no roles. */

#include "chat_member.h"
#include "chat_fanout.h"
#include "chat_ops.h"
#include "chat_policy.h"

_Static_assert(LIM_KEY <= LIM_SEND_ID, "a key serves as send_id of its row");
_Static_assert(LIM_APPEND <= LIM_PAGE, "whom to add is one question to store");

/*  What the reply is; but for EMPTY it tells of the only entry. */
typedef enum { S_EMPTY, S_MEMBERSHIP, S_INVITED } s_reply_t;

typedef struct {
    uint64_t room;
    pt_append_entry_t *entries; /* what store is asked, in one piece */
    pt_item_t *items;           /* what is published; as many at most */
    uint32_t count;
    s_reply_t reply;
} s_op_t;

/*  Takes all memory that is needed after the commit; NULL when the request was refused. */
static s_op_t *s_new_op (sv_request_t **request_p, uint64_t room, uint32_t count)
{
    pt_arena_t *arena = sv_request_arena (*request_p);
    s_op_t *op = pt_arena_alloc (arena, sizeof *op);
    pt_append_entry_t *entries = pt_arena_alloc (arena, count * sizeof *entries);
    pt_item_t *items = pt_arena_alloc (arena, count * sizeof *items);
    if (!op || !entries || !items) {
        sv_request_fail (request_p, PT_E_memory, NULL);
        return NULL;
    }
    *op = (s_op_t){.room = room, .entries = entries, .items = items, .count = count};
    return op;
}

/*  ---- coming back ----------------------------------------------------------- */

static bool s_has_row (const pt_append_result_t *result)
{
    return result->has_seq && result->seq > 0;
}

/*  Whether every entry has a result, and every result its position or an error.  A
    row without seq is complete too: nothing had to change. */
static bool s_is_complete (const s_op_t *op, const pt_append_results_t *answer)
{
    if (answer->results.count != op->count)
        return false;
    for (uint32_t i = 0; i < op->count; i++) {
        const pt_append_result_t *result = answer->results.at + i;
        if (result->status == 0 && s_has_row (result) && !(result->has_id && result->has_at))
            return false;
    }
    return true;
}

static bool s_has_role (pt_change_t what)
{
    return what == PT_change_JOINED || what == PT_change_ROLE;
}

static pt_item_t s_make_item (uint64_t room, const pt_append_entry_t *entry, const pt_append_result_t *result)
{
    pt_change_t what = result->has_what ? result->what : entry->what;
    return (pt_item_t){.room = room,
                       .seq = result->seq,
                       .id = result->id,
                       .kind = PT_item_kind_MEMBER,
                       .account = entry->account,
                       .has_account = true,
                       .what = what,
                       .has_what = true,
                       .role = result->role,
                       .has_role = result->has_role && s_has_role (what),
                       .by = entry->sender,
                       .has_by = true,
                       .at = result->at};
}

/*  Fills the items; returns how many.  `*out_refused` is the first result that is an error. */
static size_t s_take_answer (s_op_t *op, const pt_append_results_t *answer, const pt_append_result_t **out_refused)
{
    size_t count = 0;
    *out_refused = NULL;
    for (uint32_t i = 0; i < op->count; i++) {
        const pt_append_result_t *result = answer->results.at + i;
        if (result->status != 0 && !*out_refused)
            *out_refused = result;
        if (result->status == 0 && s_has_row (result))
            op->items[count++] = s_make_item (op->room, op->entries + i, result);
    }
    return count;
}

static void s_reply (sv_request_t **request_p, const s_op_t *op, const pt_append_results_t *answer)
{
    const pt_append_result_t *result = answer->results.at;
    pt_membership_t membership = {.room = op->room,
                                  .account = op->entries->account,
                                  .role = result->role,
                                  .has_role = result->has_role,
                                  .seq = answer->head,
                                  .epoch = answer->epoch,
                                  .floor = answer->floor};
    const pt_room_invited_t invited = {.known = true, .has_known = !s_has_row (result)};
    const pt_empty_t empty = {0};
    const void *const replies[] = {[S_EMPTY] = &empty, [S_MEMBERSHIP] = &membership, [S_INVITED] = &invited};
    sv_request_reply (request_p, replies[op->reply]);
}

/*  Published also when store knew the row: who appended it may have died
    before publishing.  A row without seq changed nothing. */
static void s_on_appended (void *ctx, sv_request_t **request_p, void *arg, const sv_reply_t *reply)
{
    chat_t *chat = ctx;
    s_op_t *op = arg;
    const pt_append_results_t *answer = reply->msg;
    const char *trace = sv_request_trace (*request_p);
    if (!s_is_complete (op, answer)) {
        sv_metric_add (chat->metrics.unknown, 1);
        sv_log (chat->log, SV_ERROR, trace, "store's answer does not fit results=%u", answer->results.count);
        sv_request_fail (request_p, PT_E_worker_lost, "store's answer does not fit; the outcome is unknown");
        return;
    }
    const pt_append_result_t *refused;
    size_t count = s_take_answer (op, answer, &refused);
    sv_metric_add (chat->metrics.members, count);
    chat_fanout_items (chat, op->room, answer->epoch, op->items, count, trace);
    if (refused) {
        pt_error_t error = {.detail = refused->detail, .has_detail = refused->has_detail};
        sv_request_fail_with (request_p, (int)refused->status, &error);
    } else
        s_reply (request_p, op, answer);
}

/*  ---- going out ------------------------------------------------------------- */

static void s_append (chat_t *chat, sv_request_t **request_p, s_op_t *op)
{
    pt_append_t append = {.room = op->room, .entries = {op->entries, op->count}};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_append, .affinity = op->room, .msg = &append, .fn = s_on_appended, .op = op};
    sv_backend_call (&chat->store, request_p, &call);
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

static void s_change (chat_t *chat, sv_request_t **request_p, uint64_t room, const pt_append_entry_t *entry,
                      s_reply_t reply)
{
    s_op_t *op = s_new_op (request_p, room, 1);
    if (!op)
        return;
    op->entries[0] = *entry;
    op->reply = reply;
    s_append (chat, request_p, op);
}

/*  No role is given: who is in already keeps the one it has. */
void chat_member_on_join (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_room_change_t *asked = msg;
    pt_append_entry_t entry = s_make_entry (asked->account, asked->key, asked->account, PT_change_JOINED);
    s_change (ctx, &request, asked->room, &entry, S_MEMBERSHIP);
}

void chat_member_on_leave (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_room_change_t *asked = msg;
    pt_append_entry_t entry = s_make_entry (asked->account, asked->key, asked->account, PT_change_LEFT);
    s_change (ctx, &request, asked->room, &entry, S_EMPTY);
}

/*  Asked as `joined` with a role; store says `role` when the account was a
    member before. */
void chat_member_on_set (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_member_set_t *asked = msg;
    pt_append_entry_t entry = s_make_entry (asked->account, asked->key, asked->member, PT_change_JOINED);
    entry.role = asked->has_role ? asked->role : PT_role_MEMBER;
    entry.has_role = true;
    s_change (ctx, &request, asked->room, &entry, S_MEMBERSHIP);
}

void chat_member_on_remove (void *ctx, sv_request_t *request, const void *msg)
{
    const pt_member_remove_t *asked = msg;
    pt_change_t what = chat_policy_removal (asked->account, asked->member);
    pt_append_entry_t entry = s_make_entry (asked->account, asked->key, asked->member, what);
    s_change (ctx, &request, asked->room, &entry, S_EMPTY);
}

/*  No role is given here either: a friend who is in stays as it is. */
void chat_member_invite (chat_t *chat, sv_request_t **request_p, const pt_room_invite_t *asked,
                         const pt_invite_t *invite)
{
    pt_append_entry_t entry = s_make_entry (asked->account, asked->key, invite->account, PT_change_JOINED);
    s_change (chat, request_p, invite->room, &entry, S_INVITED);
}

/*  ---- several at once --------------------------------------------------------- */

static bool s_is_among (const pt_people_t *people, uint64_t account)
{
    for (uint32_t i = 0; i < people->items.count; i++)
        if (people->items.at[i].id == account)
            return true;
    return false;
}

/*  An append judges each entry by itself; that all of them are there is seen to before it, so
    that a wrong id adds nobody. */
static void s_on_people (void *ctx, sv_request_t **request_p, void *arg, const sv_reply_t *reply)
{
    s_op_t *op = arg;
    pt_arena_t *arena = sv_request_arena (*request_p);
    for (uint32_t i = 0; i < op->count; i++) {
        if (s_is_among (reply->msg, op->entries[i].account))
            continue;
        pt_error_t error = {0};
        const char *id = pt_arena_printf (arena, "%llu", (unsigned long long)op->entries[i].account);
        pt_error_add (&error, arena, "members", "not_found", id ? id : "");
        sv_request_fail_with (request_p, PT_E_invalid, &error);
        return;
    }
    s_append (ctx, request_p, op);
}

/*  No role is given here either, so that who is in stays as it is. */
void chat_member_on_add (void *ctx, sv_request_t *request, const void *msg)
{
    chat_t *chat = ctx;
    const pt_members_add_t *asked = msg;
    pt_arena_t *arena = sv_request_arena (request);
    s_op_t *op = s_new_op (&request, asked->room, asked->members.count);
    if (!op)
        return;
    for (uint32_t i = 0; i < op->count; i++) {
        pt_str_t key = chat_policy_key (asked->key, asked->members.at[i], arena);
        if (!key.len) {
            sv_request_fail (&request, PT_E_memory, NULL);
            return;
        }
        op->entries[i] = s_make_entry (asked->account, key, asked->members.at[i], PT_change_JOINED);
    }
    pt_people_query_t people = {.ids = asked->members, .is_living = true, .has_is_living = true};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_people, .affinity = op->room, .msg = &people, .fn = s_on_people, .op = op};
    sv_backend_call (&chat->store, &request, &call);
}
