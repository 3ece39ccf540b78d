/*  auth_close - ending credentials, or a whole account. */

#include "auth_close.h"
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
                                      .has_trace = *trace != '\0'};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_session_delete, .affinity = ask->account, .msg = &close, .fn = auth_revoked_on_stored};
    sv_backend_call (&auth->store, request_p, &call);
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
        .opcode = PT_OP_store_account_delete, .affinity = ask->account, .msg = &close, .fn = auth_revoked_on_stored};
    sv_backend_call (&auth->store, request_p, &call);
}
