/*  chat_room - making and deleting rooms. */

#include "chat_fanout.h"
#include "chat_ops.h"
#include "chat_policy.h"

/*  ---- create -------------------------------------------------------------- */

/*  The members' first items are not published: nobody can have subscribed to a
    room before its id was told, and who did meanwhile finds them by the head. */
static void s_on_created (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    (void)ctx;
    (void)op;
    sv_request_reply (request_p, reply->msg);
}

void chat_room_on_create (void *ctx, sv_request_t *request, const void *msg)
{
    chat_t *chat = ctx;
    const pt_room_create_t *asked = msg;
    pt_error_t error = {0};
    int rc = chat_policy_room_create (asked, sv_request_arena (request), &error);
    if (rc != 0) {
        sv_request_fail_with (&request, rc, &error);
        return;
    }
    pt_room_create_t room = *asked;
    room.kind = chat_policy_room_kind (asked);
    room.has_kind = true;
    sv_backend_call_t call = {
        .opcode = PT_OP_store_room_create, .affinity = room.account, .msg = &room, .fn = s_on_created};
    sv_backend_call (&chat->store, &request, &call);
}

/*  ---- delete -------------------------------------------------------------- */

/*  `op` is the request's message, which lives as long as the request. */
static void s_on_deleted (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const pt_room_change_t *change = op;
    chat_fanout_gone (ctx, change->room, sv_request_trace (*request_p));
    sv_request_reply (request_p, reply->msg);
}

void chat_room_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    chat_t *chat = ctx;
    pt_room_change_t *change = pt_arena_alloc (sv_request_arena (request), sizeof *change);
    if (!change) {
        sv_request_fail (&request, PT_E_memory, NULL);
        return;
    }
    *change = *(const pt_room_change_t *)msg;
    sv_backend_call_t call = {
        .opcode = PT_OP_store_room_delete, .affinity = change->room, .msg = change, .fn = s_on_deleted, .op = change};
    sv_backend_call (&chat->store, &request, &call);
}
