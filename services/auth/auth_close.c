/*  auth_close - ending credentials, or a whole account. */

#include "auth_close.h"
#include "auth_chore.h"
#include "auth_revoked.h"

void auth_close_sessions (auth_t *auth, sv_request_t **request_p, const auth_close_t *ask)
{
    const char *trace = sv_request_trace (*request_p);
    const pt_session_close_t close = {.account = ask->account,
                                      .id = ask->id,
                                      .has_id = ask->has_id,
                                      .kind = ask->kind,
                                      .has_kind = ask->has_kind,
                                      .by = ask->by,
                                      .address = ask->address,
                                      .has_address = ask->has_address,
                                      .trace = pt_str (trace),
                                      .has_trace = *trace != '\0',
                                      .key = ask->key};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_session_delete, .affinity = ask->account, .msg = &close, .fn = auth_revoked_on_stored};
    sv_backend_call (&auth->store, request_p, &call);
}

/*  Its rooms are left at once. */
static void s_on_closed (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    const auth_t *auth = ctx;
    auth_revoked_on_stored (ctx, request_p, op, reply);
    auth_chore_soon (auth->chore);
}

void auth_close_account (auth_t *auth, sv_request_t **request_p, const auth_close_t *ask)
{
    const char *trace = sv_request_trace (*request_p);
    const pt_account_close_t close = {.account = ask->account,
                                      .by = ask->by,
                                      .address = ask->address,
                                      .has_address = ask->has_address,
                                      .trace = pt_str (trace),
                                      .has_trace = *trace != '\0'};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_account_delete, .affinity = ask->account, .msg = &close, .fn = s_on_closed};
    sv_backend_call (&auth->store, request_p, &call);
}
