/*  auth_ops - the table of operations that auth serves, and their handlers.

    Every handler has the type sv_handler_fn: ctx is the auth_t, the request is
    consumed now or when store or the pool of hashing threads has answered. */

#ifndef AUTH_OPS_H
#define AUTH_OPS_H

#include "auth.h"
#include "sv_forward.h"

extern const sv_handler_t auth_ops[];
extern const size_t auth_op_count;

sv_handler_fn auth_account_on_create, auth_account_on_judge;
sv_handler_fn auth_session_on_create, auth_session_on_refresh, auth_session_on_delete;
sv_handler_fn auth_keys_on_request, auth_check_on_request, auth_api_on_create;
sv_handler_fn auth_change_on_password, auth_change_on_email, auth_change_on_delete;
sv_handler_fn auth_admin_on_list, auth_admin_on_get, auth_admin_on_update, auth_admin_on_delete, auth_admin_on_sign_out;

sv_handler_fn auth_mail_on_ask, auth_mail_on_confirm, auth_mail_on_reset;

/*  Serves every operation of auth_routes. */
sv_handler_fn auth_forward_on_request;

/*  What store answers unchanged. */
extern const sv_route_t auth_routes[];
extern const size_t auth_route_count;

#endif
