/*  chat_signal - what is told to who listens at an address and kept nowhere.

    Joins, leaves and words in open rooms need nothing but what the gateway says, and a probe not even an
    open room; that a
    group shall tell the time is for who made it, which store knows. */

#include "chat_fanout.h"
#include "chat_ops.h"
#include "chat_policy.h"

static void s_publish (chat_t *chat, sv_request_t **request_p, const pt_room_signal_t *signal)
{
    const pt_empty_t done = {0};
    int rc = chat_fanout_signal (chat, signal, sv_request_trace (*request_p));
    if (rc == 0)
        sv_request_reply (request_p, &done);
    else
        sv_request_fail (request_p, rc, NULL);
}

/*  `op` is the request's message, which lives as long as the request. */
static void s_on_found (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const pt_room_signal_t *signal = op;
    const pt_room_detail_t *group = reply->msg;
    if (group->room->created_by == signal->account)
        s_publish (ctx, request_p, signal);
    else
        sv_request_fail (request_p, PT_E_forbidden, "the group is somebody else's");
}

static void s_find (chat_t *chat, sv_request_t **request_p, const pt_room_signal_t *signal)
{
    const pt_room_find_t find = {.account = signal->account,
                                 .has_account = true,
                                 .address = signal->address,
                                 .has_address = true,
                                 .dialect = PT_room_dialect_CLOCK,
                                 .has_dialect = true};
    const sv_backend_call_t call = {.opcode = PT_OP_store_room_find,
                                    .affinity = signal->account,
                                    .msg = &find,
                                    .fn = s_on_found,
                                    .op = (void *)(uintptr_t)signal};
    sv_backend_call (&chat->store, request_p, &call);
}

void chat_signal_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    chat_t *chat = ctx;
    const pt_room_signal_t *signal = msg;
    pt_error_t error = {0};
    int rc = chat_policy_signal (signal, sv_request_arena (request), &error);
    if (rc != 0)
        sv_request_fail_with (&request, rc, &error);
    else if (signal->kind == PT_signal_TELL)
        s_find (chat, &request, signal);
    else
        s_publish (chat, &request, signal);
}
