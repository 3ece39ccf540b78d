/*  auth_forward - the operations that store answers as they are. */

#include "auth_ops.h"
#include "auth_policy.h"

const sv_route_t auth_routes[] = {
    {PT_OP_auth_account_get, PT_OP_store_account_get, NULL},
    {PT_OP_auth_account_update, PT_OP_store_account_update, auth_policy_update},
    {PT_OP_auth_account_list, PT_OP_store_account_list, NULL},
    {PT_OP_auth_session_list, PT_OP_store_session_list, NULL},
    {PT_OP_auth_token_list, PT_OP_store_token_list, NULL},
    {PT_OP_auth_audit, PT_OP_store_audit_list, NULL},
};

const size_t auth_route_count = sizeof auth_routes / sizeof auth_routes[0];

void auth_forward_on_request (void *ctx, sv_request_t *request, const void *msg)
{
    (void)ctx;
    sv_forward (auth_routes, auth_route_count, &request, msg);
}
