/*  gw_dialect_chat_rooms - the dialect of friends and their chats: the chats of two, and of groups. */

#include "gw_browser.h"
#include "gw_dialect_chat.h"
#include "gw_text.h"
#include <inttypes.h>

/*  Characters of the name of a group. */
#define S_NAME 50

#define NO_ACCESS .status = 400, .key = "error", .sentence = "No access!", .is_plain = true

static const gw_dialect_refusal_t s_not_shown[] = {{.err = PT_E_not_member, NO_ACCESS}, {0}};

/* ---- writing -------------------------------------------------------------------- */

static void s_put_head (pt_buf_t *out, const pt_room_t *room)
{
    pt_buf_printf (out, "{\"id\":%" PRIu64 ",\"uuid\":", room->id);
    gw_dialect_json_text (out, room->has_uuid, room->uuid);
    pt_buf_puts (out, ",\"name\":");
    gw_dialect_json_text (out, true, room->has_name ? room->name : PT_LIT (""));
    pt_buf_printf (out, ",\"is_group_chat\":%s", room->kind == PT_room_kind_DIRECT ? "false" : "true");
}

static void s_put_activity (pt_buf_t *out, const pt_room_t *room)
{
    pt_buf_puts (out, ",\"last_activity_date\":");
    gw_dialect_json_time (out, room->has_active_at ? room->active_at : room->created_at);
    pt_buf_puts (out, ",\"lastmessage\":");
    gw_dialect_json_text (out, true, room->has_last ? room->last : PT_LIT ("None"));
    pt_buf_puts (out, "}");
}

static void s_put_participant (pt_buf_t *out, const gw_request_t *request, const pt_person_t *person)
{
    char path[sizeof "/api/user//" + 36];
    snprintf (path, sizeof path, "/api/user/%.*s/", (int)person->uuid.len, person->uuid.at);
    gw_dialect_json_url (out, gw_browser_is_secure (request), request->host, path);
}

void gw_dialect_chat_put_room (pt_buf_t *out, const gw_request_t *request, const pt_room_detail_t *detail)
{
    s_put_head (out, detail->room);
    pt_buf_puts (out, ",\"participants\":[");
    for (uint32_t i = 0; i < detail->people.count; i++) {
        pt_buf_puts (out, i > 0 ? "," : "");
        s_put_participant (out, request, &detail->people.at[i]);
    }
    pt_buf_puts (out, "]");
    s_put_activity (out, detail->room);
}

/* ---- one chat --------------------------------------------------------------------- */

static void s_on_room (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_shown))
        return;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    gw_dialect_chat_put_room (&body, request, reply->msg);
    gw_dialect_answer (request, request->route->status, &body);
}

static void s_get_room (gw_request_t *request)
{
    pt_room_find_t find = {.uuid = gw_dialect_var (request, "room"),
                           .has_uuid = true,
                           .dialect = PT_room_dialect_CHAT,
                           .has_dialect = true};
    gw_dialect_call (request, PT_OP_chat_room_find, &find, s_on_room);
}

/* ---- one's chats -------------------------------------------------------------------- */

/*  Which rooms the word in the path means; false: none. */
static bool s_kind (const gw_request_t *request, pt_room_kind_t *out)
{
    static const struct {
        const char *word;
        pt_room_kind_t kind;
    } rows[] = {{"private", PT_room_kind_DIRECT}, {"groups", PT_room_kind_GROUP}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (pt_str_eq (gw_dialect_var (request, "kind"), pt_str (rows[i].word))) {
            *out = rows[i].kind;
            return true;
        }
    return false;
}

/*  So many rooms always fit into one reply of chat. */
static void s_page (const gw_request_t *request, gw_dialect_page_t *out)
{
    gw_dialect_page (request, GW_DIALECT_CHAT_PAGE, out);
    if (out->limit > LIM_ROOM_DETAILS)
        out->limit = LIM_ROOM_DETAILS;
}

static void s_on_rooms (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_room_details_t *rooms = reply->msg;
    gw_dialect_page_t page;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    if (rooms->total > 0) {
        s_page (request, &page);
        gw_dialect_page_write (&body, &page, rooms->total);
        pt_buf_puts (&body, "[");
        for (uint32_t i = 0; i < rooms->items.count; i++) {
            pt_buf_puts (&body, i > 0 ? "," : "");
            s_put_head (&body, rooms->items.at[i].room);
            s_put_activity (&body, rooms->items.at[i].room);
        }
        pt_buf_puts (&body, "]}");
    }
    gw_dialect_answer (request, rooms->total > 0 ? 200 : 204, &body);
}

static void s_list (gw_request_t *request, pt_room_index_t *index)
{
    gw_dialect_page_t page;
    s_page (request, &page);
    index->dialect = PT_room_dialect_CHAT;
    index->offset = page.offset;
    index->limit = page.limit;
    index->has_dialect = index->has_offset = index->has_limit = true;
    gw_dialect_call (request, PT_OP_chat_room_index, index, s_on_rooms);
}

static void s_list_all (gw_request_t *request)
{
    pt_room_index_t index = {0};
    s_list (request, &index);
}

static void s_list_kind (gw_request_t *request)
{
    pt_room_index_t index = {.has_kind = true};
    if (s_kind (request, &index.kind))
        s_list (request, &index);
    else
        gw_dialect_say (request, 400, NULL, NULL);
}

/* ---- a new group -------------------------------------------------------------------- */

static const gw_dialect_refusal_t s_not_made[] = {{.err = PT_E_invalid, .status = 400}, {0}};

/*  The room as it was made tells its maker by id alone. */
static void s_on_made (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_made))
        return;
    const pt_room_t *room = reply->msg;
    pt_room_find_t find = {.room = room->id, .has_room = true, .dialect = PT_room_dialect_CHAT, .has_dialect = true};
    gw_dialect_call (request, PT_OP_chat_room_find, &find, s_on_room);
}

static void s_make_none (gw_request_t *request)
{
    gw_dialect_say (request, 400, NULL, NULL);
}

static void s_make (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_room_kind_t kind = PT_room_kind_DIRECT;
    pt_room_create_t create = {.has_name = true,
                               .kind = PT_room_kind_GROUP,
                               .has_kind = true,
                               .dialect = PT_room_dialect_CHAT,
                               .has_dialect = true};
    if (!s_kind (request, &kind) || kind != PT_room_kind_GROUP) {
        s_make_none (request);
        return;
    }
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "name", &(gw_text_rule_t){.is_required = true, .max = S_NAME}, &create.name);
    request->refusals = s_not_made;
    if (gw_dialect_chat_passes_mute (request, &body))
        gw_dialect_call (request, PT_OP_chat_room_create, &create, s_on_made);
}

/* ---- adding a friend ------------------------------------------------------------------ */

static const gw_dialect_refusal_t s_not_added[] = {
    {.err = PT_E_not_member, NO_ACCESS}, {.err = PT_E_forbidden, .status = 400}, {0}};

static void s_on_added (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_added))
        return;
    const pt_room_invited_t *invited = reply->msg;
    gw_dialect_say (request, invited->has_known && invited->known ? 208 : 200, NULL, NULL);
}

static void s_add (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_room_invite_t invite = {.room = gw_dialect_var (request, "room"), .has_room = true, .has_uuid = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_uuid (&body, "user_uuid", true, &invite.uuid);
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_chat_invite, &invite, s_on_added);
}

/* ---- the table ------------------------------------------------------------------------- */

#define ROOM_HEAD                                                                                                      \
    {"id", GW_SHAPE_INT, 0, "room id"}, {"uuid", GW_SHAPE_UUID, 0, "the same room"},                                   \
        {"name", GW_SHAPE_TEXT, 0, "name; empty in a chat of two"},                                                    \
    {                                                                                                                  \
        "is_group_chat", GW_SHAPE_BOOL, 0, "false: a chat of two"                                                      \
    }
#define ROOM_ACTIVITY                                                                                                  \
    {"last_activity_date", GW_SHAPE_TIME, 0, "when it was last written to, else made"},                                \
    {                                                                                                                  \
        "lastmessage", GW_SHAPE_TEXT, 0, "its last message; the word None when there is none"                          \
    }

const gw_shape_t gw_dialect_chat_room_shape[] = {
    ROOM_HEAD, {"participants", GW_SHAPE_URL, GW_SHAPE_LIST, "where who takes part is shown"}, ROOM_ACTIVITY, {0}};

const gw_shape_t gw_dialect_chat_page_shape[] = {{"limit", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "how many; 8 when absent"},
                                                 {"offset", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "how many to leave out"},
                                                 {0}};

static const gw_shape_t s_room[] = {ROOM_HEAD, ROOM_ACTIVITY, {0}};
static const gw_shape_t s_rooms[] = {GW_DIALECT_CHAT_PAGE_OF (s_room), {0}};
static const gw_shape_t s_name[] = {{"name", GW_SHAPE_TEXT, 0, "name, at most 50 characters"}, {0}};
static const gw_shape_t s_whom[] = {{"user_uuid", GW_SHAPE_UUID, 0, "which friend"}, {0}};

static const uint16_t s_mute[] = {400, 0};
static const gw_spec_t s_rooms_spec = {
    .gives = s_rooms, .query = gw_dialect_chat_page_shape, .also = 204, .mute = s_mute};
static const gw_spec_t s_make_spec = {.takes = s_name, .gives = gw_dialect_chat_room_shape, .mute = s_mute};
static const gw_spec_t s_room_spec = {.gives = gw_dialect_chat_room_shape};
static const gw_spec_t s_add_spec = {.takes = s_whom, .also = 208, .mute = s_mute};

#define READ GW_SCOPE_READ
#define WRITE GW_SCOPE_WRITE

static const gw_route_t s_routes[] = {
    {GW_GET, "/api/chat/mychats/", PT_OP_chat_room_index, 200, 0, READ, s_list_all, "One's chats", &s_rooms_spec},
    {GW_POST, "/api/chat/mychats/", PT_OP_chat_room_create, 201, GW_MAYBE, WRITE, s_make_none,
     "Always refused: a new group is made under groups", &s_make_spec},
    {GW_GET, "/api/chat/mychats/{kind}/", PT_OP_chat_room_index, 200, 0, READ, s_list_kind,
     "One's chats of a kind: private or groups", &s_rooms_spec},
    {GW_POST, "/api/chat/mychats/{kind}/", PT_OP_chat_room_create, 201, GW_MAYBE, WRITE, s_make,
     "Make a group; under groups alone", &s_make_spec},
    {GW_GET, "/api/chat/{uuid:room}/", PT_OP_chat_room_find, 200, 0, READ, s_get_room, "One chat", &s_room_spec},
    {GW_POST, "/api/chat/{uuid:room}/", PT_OP_chat_invite, 200, GW_MAYBE, WRITE, s_add, "Add a friend to a group",
     &s_add_spec},
};

const gw_route_set_t gw_dialect_chat_rooms_routes = {"/api/chat/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                     &gw_dialect_chat};
