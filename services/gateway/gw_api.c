/*  gw_api - what the gateway serves: the table of routes and the few handlers
    that are more than their operation.  Health has a file of its own. */

#include "gw_call.h"
#include "gw_health.h"
#include "gw_json.h"

/*  POST messages takes one message, not the list the operation takes. */
static void s_on_sent (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_call_succeeded (request, reply))
        return;
    const pt_send_results_t *results = reply->msg;
    const pt_send_result_t *result = &results->results.at[0];
    if (result->status != 0)
        gw_http_fail (request, -(int)result->status, NULL, NULL);
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

static void s_on_done (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_call_succeeded (request, reply))
        gw_http_reply (request, 204, PT_MSG_empty, NULL);
}

static void s_delete_current_session (gw_request_t *request)
{
    pt_session_ref_t ref = {.id = request->identity.session, .has_id = true};
    if (gw_call_fill (request, PT_MSG_session_ref, &ref))
        gw_call_send (request, PT_OP_auth_session_delete, &ref, s_on_done);
}

static void s_welcome (gw_request_t *request)
{
    static const char text[] = "{\"name\":\"Parley\",\"what\":\"a self-hosted real-time chat backend\","
                               "\"version\":\"" SV_VERSION "\",\"api\":\"/v1\",\"websocket\":\"/v1/ws\","
                               "\"ready\":\"/readyz\",\"docs\":\"docs/ of the source, services/gateway/README.md\"}";
    gw_http_answer (request,
                    &(gw_answer_t){.status = 200, .type = "application/json", .body = text, .len = sizeof text - 1});
}

/*  A handshake with all it needs never comes here: lws upgrades it. */
static void s_plain_websocket (gw_request_t *request)
{
    gw_http_fail (request, -PT_E_upgrade_required, "this path is a WebSocket", NULL);
}

const gw_route_t gw_routes[] = {
#define CALL(method, path, op, status, flags, doc)                                                                     \
    {                                                                                                                  \
        GW_##method, path, PT_OP_##op, status, flags, gw_call_route, doc                                               \
    }
    CALL (POST, "/v1/accounts", auth_account_create, 201, GW_OPEN | GW_BODY | GW_COSTLY, "Register"),
    CALL (GET, "/v1/accounts", auth_account_list, 200, 0, "Find accounts by ?q="),
    CALL (GET, "/v1/accounts/me", auth_account_get, 200, 0, "Oneself"),
    CALL (PATCH, "/v1/accounts/me", auth_account_update, 200, GW_BODY, "Change one's profile"),
    CALL (GET, "/v1/accounts/{id}", auth_account_get, 200, 0, "One account"),

    CALL (POST, "/v1/sessions", auth_session_create, 201, GW_OPEN | GW_BODY | GW_COSTLY, "Sign in"),
    CALL (GET, "/v1/sessions", auth_session_list, 200, 0, "One's devices"),
    CALL (DELETE, "/v1/sessions", auth_session_delete, 204, 0, "Sign out everywhere"),
    CALL (POST, "/v1/sessions/refresh", auth_session_refresh, 200, GW_OPEN | GW_BODY, "Rotate the refresh token"),
    {GW_DELETE, "/v1/sessions/current", PT_OP_auth_session_delete, 204, 0, s_delete_current_session, "Sign out"},
    CALL (DELETE, "/v1/sessions/{id}", auth_session_delete, 204, 0, "Sign out one device"),

    CALL (GET, "/v1/rooms", chat_room_list, 200, 0, "One's rooms; ?public=1&q= for public ones"),
    CALL (POST, "/v1/rooms", chat_room_create, 201, GW_BODY, "Make a room"),
    CALL (GET, "/v1/rooms/{room}", chat_room_get, 200, 0, "One room"),
    CALL (PATCH, "/v1/rooms/{room}", chat_room_update, 200, GW_BODY, "Change name or topic"),
    CALL (DELETE, "/v1/rooms/{room}", chat_room_delete, 204, 0, "Delete a room"),
    CALL (POST, "/v1/rooms/{room}/join", chat_room_join, 200, 0, "Join a public room"),
    CALL (POST, "/v1/rooms/{room}/leave", chat_room_leave, 204, 0, "Leave a room"),
    CALL (GET, "/v1/rooms/{room}/members", chat_member_list, 200, 0, "Members"),
    CALL (PUT, "/v1/rooms/{room}/members/{member}", chat_member_set, 200, GW_BODY, "Add a member or change its role"),
    CALL (DELETE, "/v1/rooms/{room}/members/{member}", chat_member_remove, 204, 0, "Remove a member"),

    CALL (GET, "/v1/rooms/{room}/messages", chat_history, 200, 0, "History; ?after=, ?before= or ?around=, ?limit="),
    {GW_POST, "/v1/rooms/{room}/messages", PT_OP_chat_send, 201, GW_BODY, s_post_message, "Post a message"},
    CALL (PUT, "/v1/rooms/{room}/read", chat_read, 204, GW_BODY, "Move the read position"),
    CALL (GET, "/v1/sync", chat_sync, 200, 0, "One snapshot; ?rooms=1,2&limit="),
#undef CALL
    {GW_GET, "/v1/ws", 0, 101, GW_NO_CALL, s_plain_websocket, "The WebSocket"},
    {GW_GET, "/", 0, 200, GW_NO_CALL, s_welcome, "What this is"},
    {GW_GET, "/healthz", 0, 200, GW_NO_CALL | GW_ANYWHERE, gw_health_live, "The process runs"},
    {GW_GET, "/livez", 0, 200, GW_NO_CALL | GW_ANYWHERE, gw_health_live, "The process runs"},
    {GW_GET, "/readyz", 0, 200, GW_NO_CALL | GW_ANYWHERE, gw_health_ready, "It can serve; ?verbose lists the checks"},
    {GW_GET, "/metrics", 0, 200, GW_NO_CALL | GW_INTERNAL, gw_health_metrics, "Metrics in Prometheus' text format"},
};

const size_t gw_route_count = sizeof gw_routes / sizeof gw_routes[0];
