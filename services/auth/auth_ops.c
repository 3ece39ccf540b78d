/*  auth_ops - the table of operations that auth serves. */

#include "auth_ops.h"

const sv_handler_t auth_ops[] = {
    {PT_OP_auth_status, sv_daemon_on_status},
    {PT_OP_auth_account_create, auth_account_on_create},
    {PT_OP_auth_account_judge, auth_account_on_judge},
    {PT_OP_auth_account_get, auth_forward_on_request},
    {PT_OP_auth_account_update, auth_forward_on_request},
    {PT_OP_auth_account_list, auth_forward_on_request},
    {PT_OP_auth_session_create, auth_session_on_create},
    {PT_OP_auth_session_refresh, auth_session_on_refresh},
    {PT_OP_auth_session_list, auth_forward_on_request},
    {PT_OP_auth_session_delete, auth_session_on_delete},
    {PT_OP_auth_keys, auth_keys_on_request},
    {PT_OP_auth_check, auth_check_on_request},
    {PT_OP_auth_token_create, auth_api_on_create},
    {PT_OP_auth_token_list, auth_forward_on_request},
    {PT_OP_auth_password_set, auth_change_on_password},
    {PT_OP_auth_email_set, auth_change_on_email},
    {PT_OP_auth_account_delete, auth_change_on_delete},
    {PT_OP_auth_admin_list, auth_admin_on_list},
    {PT_OP_auth_admin_get, auth_admin_on_get},
    {PT_OP_auth_admin_update, auth_admin_on_update},
    {PT_OP_auth_admin_delete, auth_admin_on_delete},
    {PT_OP_auth_admin_sign_out, auth_admin_on_sign_out},
    {PT_OP_auth_audit, auth_forward_on_request},
    {PT_OP_auth_mail_ask, auth_mail_on_ask},
    {PT_OP_auth_email_confirm, auth_mail_on_confirm},
    {PT_OP_auth_password_reset, auth_mail_on_reset},
    {PT_OP_auth_trace, sv_daemon_on_trace},
};

const size_t auth_op_count = sizeof auth_ops / sizeof auth_ops[0];
