/*  gw_dialect_clock_chat - rooms that tell the time: making one, and asking it to tell. */

#include "gw_browser.h"
#include "gw_dialect.h"
#include "gw_dialect_person.h"
#include "gw_shape.h"
#include "gw_signal.h"
#include "gw_text.h"

/* ---- a new room ------------------------------------------------------------------- */

/*  What the maker is greeted with: "Hello .., the time is ..". */
static const char *s_greeting (const gw_request_t *request, pt_str_t name)
{
    char clock[GW_TEXT_CLOCK + 1] = {0};
    gw_text_put_clock (clock, sv_wall_us ());
    return pt_arena_printf (request->arena, "سلام %.*s الان ساعت %s است", (int)name.len, name.at, clock);
}

static void s_on_started (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_room_t *room = reply->msg;
    const char *greeting = s_greeting (request, *(const pt_str_t *)request->steps);
    if (!greeting || !room->has_address) {
        gw_http_fail (request, greeting ? -PT_E_internal : -PT_E_memory, NULL, NULL);
        return;
    }
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"group_name\":");
    gw_text_str (&body, room->address.at, room->address.len);
    pt_buf_printf (&body, ",\"websocket_url\":\"%s://%s/ws/chat/%.*s/\",\"message\":",
                   gw_browser_is_secure (request) ? "wss" : "ws", request->host, (int)room->address.len,
                   room->address.at);
    gw_text_str (&body, greeting, strlen (greeting));
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 200, &body);
}

/*  Whom to greet is asked first: what fails here leaves no room behind. */
static void s_on_maker (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    pt_str_t name = gw_dialect_person_name (reply->msg), *kept = pt_arena_alloc (request->arena, sizeof *kept);
    const char *copy = pt_arena_copy (request->arena, name.at, name.len);
    if (!kept || !copy) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    *kept = (pt_str_t){copy, name.len};
    request->steps = kept;
    pt_room_create_t create = {.dialect = PT_room_dialect_CLOCK, .has_dialect = true};
    gw_dialect_call (request, PT_OP_chat_room_create, &create, s_on_started);
}

/*  Nothing of the body is looked at, but it has to be one. */
static void s_start (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_person_ref_t oneself = {0};
    if (gw_dialect_read (request, &body))
        gw_dialect_call (request, PT_OP_chat_person, &oneself, s_on_maker);
}

/* ---- asking a room to tell the time --------------------------------------------------- */

#define NOT_ONES_OWN .key = "error", .sentence = "Group not found or you are not the creator", .is_plain = true

static const gw_dialect_refusal_t s_not_told[] = {{.err = PT_E_not_found, NOT_ONES_OWN},
                                                  {.err = PT_E_forbidden, NOT_ONES_OWN},
                                                  {.err = PT_E_invalid, NOT_ONES_OWN},
                                                  {0}};

static void s_on_told (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, s_not_told))
        gw_dialect_say (request, 200, "message", "Test message sent to WebSocket group");
}

static void s_tell (gw_request_t *request)
{
    const gw_pair_t *name = gw_http_query (request, "group_name");
    if (!name || name->value_len == 0) {
        gw_dialect_say (request, 400, "error", "group_name is required");
        return;
    }
    pt_room_signal_t tell = {.address = {name->value, (uint32_t)name->value_len},
                             .has_address = true,
                             .kind = PT_signal_TELL,
                             .has_kind = true};
    gw_signal_number (request->gw->signals, &tell);
    request->refusals = s_not_told; /* also of a name that no group can have */
    gw_dialect_call (request, PT_OP_chat_signal, &tell, s_on_told);
}

/* ---- the table ---------------------------------------------------------------------- */

static const gw_shape_t s_started[] = {{"group_name", GW_SHAPE_TEXT, 0, "its name in the WebSocket's path"},
                                       {"websocket_url", GW_SHAPE_TEXT, 0, "where to open the WebSocket"},
                                       {"message", GW_SHAPE_TEXT, 0, "a greeting with one's name and the time, UTC"},
                                       {0}};
static const gw_shape_t s_group_name[] = {{"group_name", GW_SHAPE_TEXT, 0, "a group of one's own"}, {0}};
static const gw_shape_t s_said[] = {{"message", GW_SHAPE_TEXT, 0, "that it was done"}, {0}};

static const gw_shape_t s_anything[] = {{"", GW_SHAPE_ANY, GW_SHAPE_OPTIONAL, "nothing of it counts"}, {0}};

static const gw_spec_t s_start_spec = {.takes = s_anything, .gives = s_started};
static const gw_spec_t s_tell_spec = {.query = s_group_name, .gives = s_said};

static const gw_route_t s_routes[] = {
    {GW_POST, "/api/start-chat/", PT_OP_chat_room_create, 200, GW_MAYBE, GW_SCOPE_WRITE, s_start, "Make a group",
     &s_start_spec},
    {GW_GET, "/api/send-test-message/", PT_OP_chat_signal, 200, 0, GW_SCOPE_WRITE, s_tell,
     "Have a group of one's own told the time", &s_tell_spec},
};

const gw_route_set_t gw_dialect_clock_chat_routes = {"/api/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                     &gw_dialect_clock};
