/*  gw_api - what the gateway serves: the table of routes and the few handlers
    that are more than their operation.  Health has a file of its own. */

#include "gw_api_spec.h"
#include "gw_browser.h"
#include "gw_call.h"
#include "gw_dialect.h"
#include "gw_download.h"
#include "gw_health.h"
#include "gw_json.h"
#include "gw_pages.h"
#include "gw_ui.h"
#include "gw_upload.h"

/*  POST messages takes one message, not the list the operation takes. */
static void s_on_sent (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_call_succeeded (request, reply))
        return;
    const pt_send_results_t *results = reply->msg;
    const pt_send_result_t *result = &results->results.at[0];
    if (result->status != 0)
        gw_http_fail (request, -(int)result->status, NULL,
                      &(pt_error_t){.detail = result->detail, .has_detail = result->has_detail});
    else
        gw_http_reply (request, result->has_duplicate && result->duplicate ? 200 : request->route->status,
                       PT_MSG_send_result, result);
}

/*  The client's body is the entry, so faults name `body`, not `sends.0.body`. */
static void s_post_message (gw_request_t *request)
{
    pt_error_t error = {0};
    const pt_send_entry_t *entry = gw_call_read_body (request, PT_MSG_send_entry);
    if (!entry)
        return;
    int err = pt_validate (PT_MSG_send_entry, entry, request->arena, &error);
    if (err != 0) {
        gw_http_fail (request, err, NULL, &error);
        return;
    }
    pt_send_t *send = pt_arena_alloc (request->arena, sizeof *send);
    if (!send) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    send->sends.at = entry;
    send->sends.count = 1;
    send->has_sends = true;
    if (gw_call_fill (request, PT_MSG_send, send))
        gw_call_send (request, PT_OP_chat_send, send, s_on_sent);
}

/* ---- signing in and out --------------------------------------------------------- */

/*  A browser keeps its key where no script can read it, so the body does not show it. */
static void s_on_signed_in (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_call_succeeded (request, reply))
        return;
    pt_session_grant_t grant = *(const pt_session_grant_t *)reply->msg;
    int err = 0;
    if (grant.has_token && pt_str_eq (grant.token_type, PT_LIT ("Cookie"))) {
        err = gw_browser_sign_in (request, grant.token, grant.has_expires_at ? grant.expires_at : 0);
        grant.has_token = false;
    }
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else
        gw_http_reply (request, request->route->status, PT_MSG_session_grant, &grant);
}

static void s_sign_in (gw_request_t *request)
{
    pt_session_create_t *create = gw_call_read_body (request, PT_MSG_session_create);
    if (create && gw_call_fill (request, PT_MSG_session_create, create))
        gw_call_send (request, PT_OP_auth_session_create, create, s_on_signed_in);
}

static void s_on_done (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply))
        gw_http_reply (request, request->route->status, PT_MSG_empty, NULL);
}

/*  The session that asks is over: a browser forgets its cookies. */
static void s_on_signed_out (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_call_succeeded (request, reply))
        return;
    if (request->proof.credential.is_cookie)
        gw_browser_sign_out (request);
    gw_http_reply (request, request->route->status, PT_MSG_empty, NULL);
}

static void s_sign_out (gw_request_t *request, pt_session_ref_t *ref, bool is_all)
{
    if (!gw_call_fill (request, PT_MSG_session_ref, ref))
        return;
    bool is_own = is_all || ref->id == request->identity.session;
    gw_call_send (request, PT_OP_auth_session_delete, ref, is_own ? s_on_signed_out : s_on_done);
}

static void s_delete_current_session (gw_request_t *request)
{
    pt_session_ref_t ref = {.id = request->identity.session, .has_id = true};
    s_sign_out (request, &ref, false);
}

static void s_delete_session (gw_request_t *request)
{
    pt_session_ref_t ref = {0};
    s_sign_out (request, &ref, false);
}

static void s_delete_sessions (gw_request_t *request)
{
    pt_session_ref_t ref = {0};
    s_sign_out (request, &ref, true);
}

static void s_delete_token (gw_request_t *request)
{
    pt_session_ref_t ref = {.kind = PT_credential_kind_TOKEN, .has_kind = true};
    if (gw_call_fill (request, PT_MSG_session_ref, &ref))
        gw_call_send (request, PT_OP_auth_session_delete, &ref, s_on_done);
}

static void s_delete_account (gw_request_t *request)
{
    pt_account_delete_t *msg = gw_call_read_body (request, PT_MSG_account_delete);
    if (msg && gw_call_fill (request, PT_MSG_account_delete, msg))
        gw_call_send (request, PT_OP_auth_account_delete, msg, s_on_signed_out);
}

/* ---- mail ------------------------------------------------------------------------ */

static void s_ask_mail (gw_request_t *request, pt_mail_kind_t kind)
{
    pt_mail_ask_t *ask = gw_call_read_body (request, PT_MSG_mail_ask);
    if (!ask)
        return;
    ask->kind = kind;
    if (gw_call_fill (request, PT_MSG_mail_ask, ask))
        gw_call_send (request, PT_OP_auth_mail_ask, ask, s_on_done);
}

static void s_ask_confirmation (gw_request_t *request)
{
    s_ask_mail (request, PT_mail_kind_CONFIRM);
}

static void s_ask_reset (gw_request_t *request)
{
    s_ask_mail (request, PT_mail_kind_RESET);
}

/* ---- the rest --------------------------------------------------------------------- */

/*  A handshake with all it needs never comes here: lws upgrades it. */
static void s_plain_websocket (gw_request_t *request)
{
    gw_http_fail (request, -PT_E_upgrade_required, "this path is a WebSocket", NULL);
}

#define READ GW_SCOPE_READ
#define WRITE GW_SCOPE_WRITE
#define ACCOUNT GW_SCOPE_ACCOUNT
#define ADMIN GW_SCOPE_ADMIN

static const gw_route_t s_v1[] = {
#define MORE(method, path, op, status, flags, scope, fn, doc)                                                          \
    {                                                                                                                  \
        GW_##method, path, PT_OP_##op, status, flags, scope, fn, doc                                                   \
    }
#define TOLD(method, path, op, status, flags, scope, fn, doc, spec)                                                    \
    {                                                                                                                  \
        GW_##method, path, PT_OP_##op, status, flags, scope, fn, doc, &gw_spec_##spec                                  \
    }
#define CALL(method, path, op, status, flags, scope, doc)                                                              \
    MORE (method, path, op, status, flags, scope, gw_call_route, doc)
    CALL (POST, "/v1/accounts", auth_account_create, 201, GW_OPEN | GW_BODY | GW_COSTLY, 0, "Register"),
    CALL (GET, "/v1/accounts", auth_account_list, 200, 0, READ, "Find accounts by ?q="),
    CALL (GET, "/v1/accounts/me", auth_account_get, 200, 0, READ, "Oneself"),
    CALL (PATCH, "/v1/accounts/me", auth_account_update, 200, GW_BODY, ACCOUNT, "Change one's profile"),
    MORE (DELETE, "/v1/accounts/me", auth_account_delete, 204, GW_MAYBE | GW_COSTLY, ACCOUNT, s_delete_account,
          "Delete one's account"),
    CALL (PUT, "/v1/accounts/me/password", auth_password_set, 204, GW_BODY | GW_COSTLY, ACCOUNT,
          "Change one's password"),
    CALL (PUT, "/v1/accounts/me/email", auth_email_set, 202, GW_BODY | GW_COSTLY, ACCOUNT,
          "Have a mail sent to a new address"),
    MORE (POST, "/v1/accounts/confirmations", auth_mail_ask, 202, GW_OPEN | GW_BODY | GW_COSTLY, 0, s_ask_confirmation,
          "Have the mail sent again that confirms an address"),
    CALL (POST, "/v1/accounts/confirm", auth_email_confirm, 200, GW_OPEN | GW_BODY | GW_COSTLY, 0,
          "Confirm an address"),
    CALL (GET, "/v1/accounts/{id}", auth_account_get, 200, 0, READ, "One account"),
    MORE (POST, "/v1/passwords/resets", auth_mail_ask, 202, GW_OPEN | GW_BODY | GW_COSTLY, 0, s_ask_reset,
          "Have a mail sent that lets choose a new password"),
    CALL (POST, "/v1/passwords/reset", auth_password_reset, 204, GW_OPEN | GW_BODY | GW_COSTLY, 0,
          "Choose a new password"),

    MORE (POST, "/v1/sessions", auth_session_create, 201, GW_OPEN | GW_BODY | GW_COSTLY, 0, s_sign_in, "Sign in"),
    CALL (GET, "/v1/sessions", auth_session_list, 200, 0, ACCOUNT, "One's devices"),
    MORE (DELETE, "/v1/sessions", auth_session_delete, 204, 0, ACCOUNT, s_delete_sessions, "Sign out everywhere"),
    CALL (POST, "/v1/sessions/refresh", auth_session_refresh, 200, GW_OPEN | GW_BODY, 0, "Rotate the refresh token"),
    MORE (DELETE, "/v1/sessions/current", auth_session_delete, 204, 0, 0, s_delete_current_session, "Sign out"),
    MORE (DELETE, "/v1/sessions/{id}", auth_session_delete, 204, 0, ACCOUNT, s_delete_session, "Sign out one device"),
    CALL (POST, "/v1/tokens", auth_token_create, 201, GW_BODY, ACCOUNT, "Make an API token; it is shown once"),
    CALL (GET, "/v1/tokens", auth_token_list, 200, 0, ACCOUNT, "One's API tokens"),
    MORE (DELETE, "/v1/tokens/{id}", auth_session_delete, 204, 0, ACCOUNT, s_delete_token, "Revoke an API token"),

    CALL (GET, "/v1/rooms", chat_room_list, 200, 0, READ, "One's rooms; ?public=1&q= for public ones"),
    CALL (POST, "/v1/rooms", chat_room_create, 201, GW_BODY, WRITE, "Make a room"),
    CALL (GET, "/v1/rooms/{room}", chat_room_get, 200, 0, READ, "One room"),
    CALL (PATCH, "/v1/rooms/{room}", chat_room_update, 200, GW_BODY, WRITE, "Change name or topic"),
    CALL (DELETE, "/v1/rooms/{room}", chat_room_delete, 204, 0, WRITE, "Delete a room"),
    CALL (POST, "/v1/rooms/{room}/join", chat_room_join, 200, 0, WRITE, "Join a public room"),
    CALL (POST, "/v1/rooms/{room}/leave", chat_room_leave, 204, 0, WRITE, "Leave a room"),
    CALL (GET, "/v1/rooms/{room}/members", chat_member_list, 200, 0, READ, "Members"),
    CALL (PUT, "/v1/rooms/{room}/members/{member}", chat_member_set, 200, GW_BODY, WRITE,
          "Add a member or change its role"),
    CALL (DELETE, "/v1/rooms/{room}/members/{member}", chat_member_remove, 204, 0, WRITE, "Remove a member"),

    CALL (GET, "/v1/rooms/{room}/messages", chat_history, 200, 0, READ,
          "History; ?after=, ?before= or ?around=, ?limit="),
    TOLD (POST, "/v1/rooms/{room}/messages", chat_send, 201, GW_BODY, WRITE, s_post_message, "Post a message", message),
    CALL (PUT, "/v1/rooms/{room}/read", chat_read, 204, GW_BODY, WRITE, "Move the read position"),
    CALL (GET, "/v1/sync", chat_sync, 200, 0, READ, "One snapshot; ?rooms=1,2&limit="),

    CALL (GET, "/v1/drive", drive_usage, 200, 0, READ, "How one's files stand: used, quota, largest upload"),
    CALL (GET, "/v1/drive/files", drive_file_list, 200, 0, READ, "One's files, latest first; ?q= part of the name"),
    CALL (GET, "/v1/drive/files/{id}", drive_file_get, 200, 0, READ, "One file"),
    CALL (PATCH, "/v1/drive/files/{id}", drive_file_update, 200, GW_BODY, WRITE, "Give a file another name"),
    CALL (DELETE, "/v1/drive/files/{id}", drive_file_delete, 204, 0, WRITE, "Delete a file"),
    TOLD (POST, "/v1/drive/uploads", drive_upload_create, 201, GW_STREAM, WRITE, gw_upload_create,
          "Begin an upload (tus 1.0), or send a whole file", upload),
    TOLD (GET, "/v1/drive/uploads/{id}", drive_upload_get, 200, 0, READ, gw_upload_head, "How far an upload has come",
          progress),
    TOLD (DELETE, "/v1/drive/uploads/{id}", drive_upload_delete, 204, 0, WRITE, gw_upload_delete, "Give an upload up",
          give_up),
    TOLD (PUT, "/v1/accounts/me/avatar", drive_upload_create, 200, GW_STREAM, ACCOUNT, gw_upload_avatar,
          "Set one's picture", picture),
    MORE (DELETE, "/v1/accounts/me/avatar", drive_avatar_delete, 204, 0, ACCOUNT, gw_upload_avatar_delete,
          "Remove one's picture"),

    CALL (GET, "/v1/admin/accounts", auth_admin_list, 200, 0, ADMIN, "Find accounts by ?q=, empty for all"),
    CALL (GET, "/v1/admin/accounts/{id}", auth_admin_get, 200, 0, ADMIN, "One account, all of it"),
    CALL (PATCH, "/v1/admin/accounts/{id}", auth_admin_update, 200, GW_BODY, ADMIN, "Change active, staff or name"),
    CALL (DELETE, "/v1/admin/accounts/{id}", auth_admin_delete, 204, 0, ADMIN, "Delete an account"),
    CALL (DELETE, "/v1/admin/accounts/{id}/sessions", auth_admin_sign_out, 204, 0, ADMIN, "Sign an account out"),
    CALL (GET, "/v1/admin/audit", auth_audit, 200, 0, ADMIN, "What was done to accounts; ?of= one of them"),
#undef CALL
#undef MORE
#undef TOLD
    {GW_GET, "/v1/drive/files/{id}/content", 0, 200, GW_STREAM, READ, gw_download_file,
     "The bytes of a file; Range, If-Range, If-None-Match", &gw_spec_content},
    {GW_PATCH, "/v1/drive/uploads/{id}", 0, 204, GW_STREAM, WRITE, gw_upload_patch, "Go on with an upload",
     &gw_spec_go_on},
    {GW_GET, "/v1/avatars/{avatar}", 0, 200, GW_STREAM | GW_OPEN, 0, gw_download_avatar,
     "A picture; anybody may see it", &gw_spec_avatar},
    {GW_GET, "/v1/ws", 0, 101, GW_NO_CALL, 0, s_plain_websocket, "The WebSocket", &gw_spec_socket},
};

static const gw_route_t s_operators[] = {
    {GW_GET, "/healthz", 0, 200, GW_NO_CALL | GW_ANYWHERE, 0, gw_health_live, "The process runs", &gw_spec_live},
    {GW_GET, "/livez", 0, 200, GW_NO_CALL | GW_ANYWHERE, 0, gw_health_live, "The process runs", &gw_spec_live},
    {GW_GET, "/readyz", 0, 200, GW_NO_CALL | GW_ANYWHERE, 0, gw_health_ready, "It can serve; ?verbose lists the checks",
     &gw_spec_ready},
    {GW_GET, "/metrics", 0, 200, GW_NO_CALL | GW_INTERNAL, 0, gw_health_metrics, "Metrics in Prometheus' text format",
     &gw_spec_metrics},

    {GW_GET, "/openapi.json", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_openapi, "This document", &gw_spec_json},
    {GW_GET, "/swagger.json", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_openapi, "This document", &gw_spec_json},
    {GW_GET, "/swagger.yaml", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_yaml, "This document as YAML", &gw_spec_yaml},
    {GW_GET, "/asyncapi.json", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_asyncapi,
     "The WebSockets' messages, as AsyncAPI 3.0", &gw_spec_json},
    {GW_GET, "/postman.json", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_postman, "All calls, as a Postman collection",
     &gw_spec_json},
    {GW_GET, "/swagger/", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_swagger, "This document in Swagger UI",
     &gw_spec_page},
    {GW_GET, "/apischema/", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_swagger, "This document in Swagger UI",
     &gw_spec_page},
    {GW_GET, "/redoc/", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_redoc, "This document in ReDoc", &gw_spec_page},
    {GW_GET, "/pages/{stamp}/{name}", 0, 200, GW_STREAM | GW_OPEN, 0, gw_pages_file, "A file of these pages",
     &gw_spec_page_file},
};

/*  What begins with /v1/ is looked for in its own rows alone. */
static const gw_route_set_t s_native = {"/v1/", s_v1, sizeof s_v1 / sizeof s_v1[0], NULL};
static const gw_route_set_t s_other = {"/", s_operators, sizeof s_operators / sizeof s_operators[0], NULL};

const gw_route_set_t *const gw_route_sets[] = {
    &s_native,
    &s_other,
    &gw_dialect_clock_routes,
    &gw_dialect_clock_chat_routes,
    &gw_dialect_chat_routes,
    &gw_dialect_chat_profile_routes,
    &gw_dialect_chat_people_routes,
    &gw_dialect_chat_rooms_routes,
    &gw_dialect_member_routes,
    &gw_dialect_member_knox_routes,
    &gw_dialect_member_room_routes,
    &gw_ui_routes,
    &gw_dialect_public_routes,
    &gw_dialect_public_rooms_routes,
    &gw_dialect_public_messages_routes,
};

const size_t gw_route_set_count = sizeof gw_route_sets / sizeof gw_route_sets[0];

static const gw_route_t *s_row (size_t i, const gw_dialect_t **out_dialect)
{
    for (size_t set = 0; set < gw_route_set_count; i -= gw_route_sets[set++]->count)
        if (i < gw_route_sets[set]->count) {
            *out_dialect = gw_route_sets[set]->dialect;
            return &gw_route_sets[set]->at[i];
        }
    return NULL;
}

const gw_route_t *gw_route_at (size_t i)
{
    const gw_dialect_t *dialect;
    return s_row (i, &dialect);
}

const gw_dialect_t *gw_route_dialect (const gw_route_t *route)
{
    const gw_dialect_t *dialect = NULL;
    const gw_route_t *row;
    for (size_t i = 0; (row = s_row (i, &dialect)); i++)
        if (row == route)
            return dialect;
    return NULL;
}
