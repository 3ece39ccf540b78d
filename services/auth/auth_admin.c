/*  auth_admin - what staff may do to accounts.  Whether who asks is staff store
    finds out itself, in the statement that does it. */

#include "auth_close.h"
#include "auth_ops.h"
#include "auth_policy.h"
#include "auth_revoked.h"

/*  Answers with what store answered. */
static void s_pass_on (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    (void)ctx, (void)op;
    sv_request_reply (request_p, reply->msg);
}

void auth_admin_on_list (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    pt_account_query_t query = *(const pt_account_query_t *)msg;
    query.as_staff = query.has_as_staff = true;
    sv_backend_call_t call = {.opcode = PT_OP_store_account_list, .msg = &query, .fn = s_pass_on};
    sv_backend_call (&auth->store, &request, &call);
}

void auth_admin_on_get (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    pt_account_ref_t ref = *(const pt_account_ref_t *)msg;
    ref.as_staff = ref.has_as_staff = true;
    sv_backend_call_t call = {.opcode = PT_OP_store_account_get, .msg = &ref, .fn = s_pass_on};
    sv_backend_call (&auth->store, &request, &call);
}

/*  ---- changes ------------------------------------------------------------------- */

static void s_on_changed (void *ctx, sv_request_t **request_p, void *op, const sv_reply_t *reply)
{
    (void)op;
    const pt_account_changed_t *changed = reply->msg;
    const pt_revocations_t revoked = {.items = {changed->revoked.at, changed->revoked.count}, .has_items = true};
    auth_revoked_publish (ctx, &revoked);
    sv_request_reply (request_p, changed->account);
}

void auth_admin_on_update (void *ctx, sv_request_t *request, const void *msg)
{
    auth_t *auth = ctx;
    const pt_admin_update_t *ask = msg;
    const char *trace = sv_request_trace (request);
    const pt_account_update_t profile = {.account = ask->id, .name = ask->name, .has_name = ask->has_name};
    pt_error_t error = {0};
    int rc = auth_policy_update (&profile, sv_request_arena (request), &error);
    if (rc != 0) {
        sv_request_fail_with (&request, rc, &error);
        return;
    }
    pt_admin_store_t store = {.ask = ask, .trace = pt_str (trace), .has_trace = *trace != '\0'};
    sv_backend_call_t call = {
        .opcode = PT_OP_store_admin_update, .affinity = ask->id, .msg = &store, .fn = s_on_changed};
    sv_backend_call (&auth->store, &request, &call);
}

static auth_close_t s_close (const pt_admin_ref_t *ask)
{
    return (auth_close_t){.account = ask->id,
                          .by = ask->account,
                          .has_address = ask->has_address,
                          .address = ask->address,
                          .key = ask->key};
}

void auth_admin_on_delete (void *ctx, sv_request_t *request, const void *msg)
{
    const auth_close_t close = s_close (msg);
    auth_close_account (ctx, &request, &close);
}

void auth_admin_on_sign_out (void *ctx, sv_request_t *request, const void *msg)
{
    const auth_close_t close = s_close (msg);
    auth_close_sessions (ctx, &request, &close);
}
