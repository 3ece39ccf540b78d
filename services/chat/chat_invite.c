/*  chat_invite - adding a friend to a room of the dialect chat.

    store says which room and whom the names mean, and whether the two are friends; the
    change itself is a row of the room like any other, and judged once more as such. */

#include "chat_member.h"
#include "chat_ops.h"

/*  `op` is the request's message, which lives as long as the request. */
static void s_on_found (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const pt_room_invite_t *asked = op;
    const pt_invite_t *invite = reply->msg;
    const pt_room_invited_t known = {.known = true, .has_known = true};
    if (invite->has_known && invite->known) {
        sv_request_reply (request_p, &known);
        return;
    }
    chat_member_invite (ctx, request_p, asked, invite);
}

void chat_invite_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    chat_t *chat = ctx;
    const pt_room_invite_t *asked = msg;
    sv_backend_call_t call = {.opcode = PT_OP_store_invite,
                              .affinity = asked->account,
                              .msg = asked,
                              .fn = s_on_found,
                              .op = (void *)(uintptr_t)asked};
    sv_backend_call (&chat->store, &request, &call);
}
