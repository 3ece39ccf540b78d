/*  gw_dialect_member_rooms - rooms that belong to their members, by their addresses: made with at least
    two, seen by members alone, and any of them may bring others in. */

#include "gw_dialect_member.h"
#include <inttypes.h>

#define NO_ROOM .status = 404, .key = "error", .sentence = "Chat Room doesn't exist!", .is_plain = true
#define NOT_IN                                                                                                         \
    .status = 403, .key = "error", .sentence = "You are not authorized to view the chatroom.", .is_plain = true
#define NOBODY                                                                                                         \
    .field = "members", .code = "not_found", .key = "members", .sentence = "Invalid pk \"%s\" - object does not exist."

/* ---- ids of others ------------------------------------------------------------------ */

/*  The list, which may be left out, within what one operation takes. */
static void s_read_members (gw_dialect_body_t *body, unsigned max, pt_ids_t *out)
{
    if (!gw_dialect_pks (body, "members", false, out) || out->count <= max)
        return;
    const char *sentence = pt_arena_printf (body->arena, "Ensure this field has no more than %u elements.", max);
    body->is_short = body->is_short || !sentence;
    gw_dialect_fault (body, "members", sentence ? sentence : "");
}

/* ---- making ------------------------------------------------------------------------- */

static const gw_dialect_refusal_t s_not_made[] = {{.field = "members",
                                                   .code = "too_short",
                                                   .key = "members",
                                                   .sentence = "A Chat Room must have at least two members!"},
                                                  {NOBODY},
                                                  {0}};

/*  Where the room is belongs to the answer: nothing else tells its maker. */
static void s_on_made (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_made))
        return;
    const pt_room_t *room = reply->msg;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_printf (&body, "{\"message\":\"Chat Room Created!\",\"id\":%" PRIu64 ",\"slug\":", room->id);
    gw_dialect_json_text (&body, room->has_address, room->address);
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 201, &body);
}

static void s_make (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_room_create_t create = {
        .has_name = true, .has_members = true, .dialect = PT_room_dialect_MEMBER, .has_dialect = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_text (&body, "name", &(gw_text_rule_t){.is_required = true, .max = LIM_ROOM_NAME}, &create.name);
    s_read_members (&body, LIM_ROOM_INVITES, &create.members);
    request->refusals = s_not_made;
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_chat_room_create, &create, s_on_made);
}

/* ---- finding ------------------------------------------------------------------------- */

/*  An address that is longer than any is that of no room. */
static const gw_dialect_refusal_t s_not_found[] = {
    {.err = PT_E_not_found, NO_ROOM}, {.err = PT_E_invalid, NO_ROOM}, {.err = PT_E_not_member, NOT_IN}, {0}};

static void s_find (gw_request_t *request, sv_reply_fn *fn)
{
    pt_room_find_t find = {
        .address = gw_dialect_var (request, "slug"), .has_address = true, .dialect = PT_room_dialect_MEMBER};
    request->refusals = s_not_found;
    gw_dialect_call (request, PT_OP_chat_room_find, &find, fn);
}

/*  Accounts of other dialects may have no name of this kind. */
static void s_put_name (pt_buf_t *out, const pt_person_t *person)
{
    pt_str_t name = person->has_name       ? person->name
                    : person->has_nickname ? person->nickname
                    : person->has_login    ? person->login
                                           : PT_LIT ("");
    gw_dialect_json_text (out, true, name);
}

static void s_put_person (pt_buf_t *out, const pt_person_t *person)
{
    pt_buf_printf (out, "{\"id\":%" PRIu64 ",\"email\":", person->id);
    gw_dialect_json_text (out, person->has_email, person->email);
    pt_buf_puts (out, ",\"name\":");
    s_put_name (out, person);
    pt_buf_puts (out, "}");
}

static void s_put_people (pt_buf_t *out, const pt_room_detail_t *detail)
{
    pt_buf_puts (out, "[");
    for (uint32_t i = 0; i < detail->people.count; i++) {
        pt_buf_puts (out, i > 0 ? "," : "");
        s_put_person (out, &detail->people.at[i]);
    }
    pt_buf_puts (out, "]");
}

static void s_on_found (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, s_not_found))
        return;
    const pt_room_detail_t *detail = reply->msg;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_printf (&body, "{\"id\":%" PRIu64 ",\"name\":", detail->room->id);
    gw_dialect_json_text (&body, detail->room->has_name, detail->room->name);
    pt_buf_puts (&body, ",\"members\":");
    s_put_people (&body, detail);
    pt_buf_puts (&body, ",\"created_by\":");
    if (detail->has_creator)
        s_put_person (&body, detail->creator);
    else
        pt_buf_puts (&body, "null");
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 200, &body);
}

static void s_show (gw_request_t *request)
{
    s_find (request, s_on_found);
}

/* ---- bringing in others --------------------------------------------------------------- */

/*  The room may be gone, and who asks out of it, since it was found. */
static const gw_dialect_refusal_t s_not_added[] = {
    {NOBODY}, {.err = PT_E_not_found, NO_ROOM}, {.err = PT_E_not_member, NOT_IN}, {.err = PT_E_forbidden, NOT_IN}, {0}};

static void s_answer_added (gw_request_t *request)
{
    gw_dialect_say (request, 200, "message", "Users added successfully!");
}

static void s_on_added (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, s_not_added))
        s_answer_added (request);
}

/*  What the body holds is looked at only when there is a room that who asks may see. */
static void s_on_found_to_add (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    gw_dialect_body_t body;
    if (!gw_dialect_succeeded (request, reply, s_not_found))
        return;
    const pt_room_detail_t *detail = reply->msg;
    pt_members_add_t add = {.room = detail->room->id, .has_room = true, .has_members = true};
    request->refusals = NULL;
    if (!gw_dialect_read (request, &body))
        return;
    s_read_members (&body, LIM_APPEND, &add.members);
    if (!gw_dialect_passes (request, &body))
        return;
    request->refusals = s_not_added;
    if (add.members.count == 0)
        s_answer_added (request);
    else
        gw_dialect_call (request, PT_OP_chat_members_add, &add, s_on_added);
}

static void s_add (gw_request_t *request)
{
    s_find (request, s_on_found_to_add);
}

/* ---- documents ------------------------------------------------------------------------- */

static const gw_shape_t s_new_room[] = {
    {"name", GW_SHAPE_TEXT, 0, "name"},
    {"members", GW_SHAPE_INT, GW_SHAPE_LIST | GW_SHAPE_OPTIONAL, "account ids; at least one beside the maker's"},
    {0}};
static const gw_shape_t s_made[] = {{"message", GW_SHAPE_TEXT, 0, "that it is done"},
                                    {"id", GW_SHAPE_INT, 0, "room id"},
                                    {"slug", GW_SHAPE_TEXT, 0, "its name in addresses"},
                                    {0}};
static const gw_shape_t s_person[] = {{"id", GW_SHAPE_INT, 0, "account id"},
                                      {"email", GW_SHAPE_EMAIL, GW_SHAPE_NULL, "address"},
                                      {"name", GW_SHAPE_TEXT, 0, "display name"},
                                      {0}};
static const gw_shape_t s_room[] = {{"id", GW_SHAPE_INT, 0, "room id"},
                                    {"name", GW_SHAPE_TEXT, 0, "name"},
                                    {"members", GW_SHAPE_OBJ, GW_SHAPE_LIST, "in order of joining", s_person},
                                    {"created_by", GW_SHAPE_OBJ, GW_SHAPE_NULL, "who made it", s_person},
                                    {0}};
static const gw_shape_t s_others[] = {{"members", GW_SHAPE_INT, GW_SHAPE_LIST | GW_SHAPE_OPTIONAL, "account ids"}, {0}};
static const gw_shape_t s_done[] = {{"message", GW_SHAPE_TEXT, 0, "that it is done"}, {0}};

static const gw_spec_t s_make_spec = {.takes = s_new_room, .gives = s_made};
static const gw_spec_t s_show_spec = {.gives = s_room};
static const gw_spec_t s_add_spec = {.takes = s_others, .gives = s_done};

/* ---- the table ------------------------------------------------------------------------ */

static const gw_route_t s_routes[] = {
    {GW_POST, "/api/v1/chat/room/create/", PT_OP_chat_room_create, 201, GW_MAYBE, GW_SCOPE_WRITE, s_make,
     "Make a room with its first members", &s_make_spec},
    {GW_GET, "/api/v1/chat/room/detail/{slug}/", PT_OP_chat_room_find, 200, 0, GW_SCOPE_READ, s_show,
     "A room and its members", &s_show_spec},
    {GW_PATCH, "/api/v1/chat/room/{slug}/members/add/", PT_OP_chat_members_add, 200, GW_MAYBE, GW_SCOPE_WRITE, s_add,
     "Add members to a room", &s_add_spec},
};

const gw_route_set_t gw_dialect_member_room_routes = {"/api/v1/chat/room/", s_routes,
                                                      sizeof s_routes / sizeof s_routes[0], &gw_dialect_member};
