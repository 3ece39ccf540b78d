/*  gw_dialect_public_rooms - numbered rooms: listed and joined by whoever has an account, made,
    changed and deleted by staff.

    Who is staff is asked of the credential before anything else, so that others learn nothing from
    404 and 400; store asks again in the statement that does it.  A room of another dialect, or a
    native one, is not there: each handler finds its room before it does anything to it. */

#include "gw_dialect_public.h"
#include "gw_shape.h"
#include "gw_text.h"
#include <inttypes.h>

/*  The most of one list; the rest is asked for from an offset, as the answer's Link says. */
#define S_ROOMS 1000
#define S_LIST_BYTES (2 * 1024 * 1024)

/*  A page of store holds less than one frame, and ids are shorter in JSON than UUIDs beside them there. */
_Static_assert(S_LIST_BYTES + 2 * LIM_FRAME <= GW_DIALECT_ANSWER, "a list fits with the page that fills it");

/* ---- what the files of the dialect share -------------------------------------------- */

void gw_dialect_public_find (gw_request_t *request, uint64_t room, sv_reply_fn *fn)
{
    pt_room_find_t find = {.room = room, .has_room = true, .dialect = PT_room_dialect_PUBLIC, .has_dialect = true};
    if (room == 0)
        gw_http_fail (request, -PT_E_not_found, NULL, NULL);
    else
        gw_dialect_call (request, PT_OP_chat_room_find, &find, fn);
}

void gw_dialect_public_ask_people (gw_request_t *request, const uint64_t *ids, uint32_t count, sv_reply_fn *fn)
{
    pt_people_query_t query = {.ids = {ids, count}, .has_ids = true, .is_living = true, .has_is_living = true};
    gw_dialect_call (request, PT_OP_chat_people, &query, fn);
}

const pt_person_t *gw_dialect_public_person (const pt_people_t *people, uint64_t id)
{
    for (uint32_t i = 0; i < people->items.count; i++)
        if (people->items.at[i].id == id)
            return &people->items.at[i];
    return NULL;
}

void gw_dialect_public_note_missing (gw_dialect_body_t *body, const char *field, uint64_t id)
{
    const char *sentence = pt_arena_printf (body->arena, "Invalid pk \"%" PRIu64 "\" - object does not exist.", id);
    if (sentence)
        gw_dialect_fault (body, field, sentence);
    else
        body->is_short = true;
}

/* ---- writing rooms ----------------------------------------------------------------- */

static void s_put_room (pt_buf_t *out, const pt_room_detail_t *detail)
{
    const pt_room_t *room = detail->room;
    pt_buf_printf (out, "{\"id\":%" PRIu64 ",\"name\":", room->id);
    gw_text_str (out, room->name.at, room->name.len);
    pt_buf_puts (out, ",\"topic\":");
    gw_text_str (out, room->topic.at, room->topic.len);
    pt_buf_printf (out, ",\"created_by\":%" PRIu64 ",\"users\":[", room->created_by);
    for (uint32_t i = 0; i < detail->people.count; i++)
        pt_buf_printf (out, "%s%" PRIu64, i > 0 ? "," : "", detail->people.at[i].id);
    pt_buf_puts (out, "],\"created_at\":");
    gw_dialect_json_time (out, room->created_at);
    pt_buf_puts (out, ",\"updated_at\":");
    gw_dialect_json_time (out, room->has_updated_at ? room->updated_at : room->created_at);
    pt_buf_puts (out, "}");
}

static void s_answer_room (gw_request_t *request, int status, const pt_room_detail_t *detail)
{
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    s_put_room (&body, detail);
    gw_dialect_answer (request, status, &body);
}

/* ---- the list ------------------------------------------------------------------------- */

/*  A page of rooms, as it will stand in the answer. */
typedef struct s_piece {
    const char *text;
    size_t len;
    struct s_piece *next;
} s_piece_t;

typedef struct {
    s_piece_t *first, **end;
    size_t bytes;
    uint64_t offset; /* of the rooms that are asked for next */
    uint64_t total;
    unsigned count; /* rooms so far */
} s_list_t;

static void s_on_page (void *arg, const sv_reply_t *reply);

static void s_ask_page (gw_request_t *request)
{
    const s_list_t *list = request->steps;
    unsigned left = S_ROOMS - list->count;
    pt_room_index_t index = {.dialect = PT_room_dialect_PUBLIC,
                             .has_dialect = true,
                             .offset = list->offset,
                             .has_offset = true,
                             .limit = left < LIM_ROOM_DETAILS ? left : LIM_ROOM_DETAILS,
                             .has_limit = true};
    gw_dialect_call (request, PT_OP_chat_room_index, &index, s_on_page);
}

static int s_add_page (gw_request_t *request, s_list_t *list, const pt_room_details_t *page)
{
    s_piece_t *piece = pt_arena_alloc (request->arena, sizeof *piece);
    pt_buf_t text;
    pt_buf_init (&text, GW_DIALECT_ANSWER);
    for (uint32_t i = 0; i < page->items.count; i++) {
        pt_buf_puts (&text, list->count + i > 0 ? "," : "");
        s_put_room (&text, &page->items.at[i]);
    }
    int err = !piece || pt_buf_error (&text) != 0 ? -PT_E_memory : 0;
    if (err == 0) {
        *piece = (s_piece_t){.text = pt_arena_copy (request->arena, text.at, text.len), .len = text.len};
        err = piece->text ? 0 : -PT_E_memory;
        *list->end = piece;
        list->end = &piece->next;
        list->bytes += piece->len;
        list->offset += page->items.count;
        list->count += page->items.count;
    }
    pt_buf_fini (&text);
    return err;
}

/*  Clients that know of no pages are told by a header where the rest is. */
static void s_answer_list (gw_request_t *request)
{
    const s_list_t *list = request->steps;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "[");
    for (const s_piece_t *piece = list->first; piece; piece = piece->next)
        pt_buf_put (&body, piece->text, piece->len);
    pt_buf_puts (&body, "]");
    if (list->offset < list->total)
        request->lines = pt_arena_printf (request->arena, "Link: <%s?offset=%" PRIu64 ">; rel=\"next\"\r\n",
                                          request->first->path, list->offset);
    gw_dialect_answer (request, 200, &body);
}

static void s_on_page (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_list_t *list = request->steps;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_room_details_t *page = reply->msg;
    list->total = page->total;
    if (page->items.count > 0 && s_add_page (request, list, page) != 0)
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
    else if (page->items.count == 0 || list->offset >= list->total || list->count >= S_ROOMS ||
             list->bytes >= S_LIST_BYTES)
        s_answer_list (request);
    else
        s_ask_page (request);
}

static void s_list (gw_request_t *request)
{
    gw_dialect_page_t page;
    s_list_t *list = pt_arena_alloc (request->arena, sizeof *list);
    if (!list) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    gw_dialect_page (request, LIM_PAGE, &page);
    *list = (s_list_t){.end = &list->first, .offset = page.offset};
    request->steps = list;
    s_ask_page (request);
}

/* ---- one ------------------------------------------------------------------------------ */

static uint64_t s_room (const gw_request_t *request)
{
    return gw_dialect_id (request, "room");
}

static void s_on_retrieved (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_answer_room (request, 200, reply->msg);
}

static void s_retrieve (gw_request_t *request)
{
    gw_dialect_public_find (request, s_room (request), s_on_retrieved);
}

/* ---- making and changing ---------------------------------------------------------------- */

/*  What a body says of a room. */
typedef struct {
    gw_dialect_body_t body; /* with what is wrong */
    pt_str_t name, topic;
    bool has_name, has_topic;
    uint64_t maker; /* has to be somebody, and is not heeded; 0: nobody is named */
    int status;     /* of the answer */
} s_change_t;

/*  As the room is when all is done, for the answer. */
static void s_on_changed (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    const s_change_t *change = request->steps;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_answer_room (request, change->status, reply->msg);
}

static void s_on_done (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        gw_dialect_public_find (request, ((const pt_room_t *)reply->msg)->id, s_on_changed);
}

static void s_do (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    uint64_t room = s_room (request);
    if (room != 0) {
        pt_room_update_t update = {.room = room,
                                   .has_room = true,
                                   .name = change->name,
                                   .has_name = change->has_name,
                                   .topic = change->topic,
                                   .has_topic = change->has_topic};
        gw_dialect_call (request, PT_OP_chat_room_update, &update, s_on_done);
        return;
    }
    pt_room_create_t create = {.name = change->name,
                               .has_name = true,
                               .topic = change->topic,
                               .has_topic = change->has_topic,
                               .dialect = PT_room_dialect_PUBLIC,
                               .has_dialect = true};
    gw_dialect_call (request, PT_OP_chat_room_create, &create, s_on_done);
}

static void s_do_if_good (gw_request_t *request)
{
    const s_change_t *change = request->steps;
    if (gw_dialect_passes (request, &change->body))
        s_do (request);
}

static void s_on_maker (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_change_t *change = request->steps;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    if (!gw_dialect_public_person (reply->msg, change->maker))
        gw_dialect_public_note_missing (&change->body, "created_by", change->maker);
    s_do_if_good (request);
}

/*  Reads the body, and does what it says. */
static void s_begin (gw_request_t *request, int status)
{
    const gw_text_rule_t name = {.is_required = request->method != GW_PATCH, .max = LIM_ROOM_NAME};
    const gw_text_rule_t topic = {.may_be_blank = true, .max = LIM_ROOM_TOPIC};
    s_change_t *change = pt_arena_alloc (request->arena, sizeof *change);
    if (!change) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    request->steps = change;
    change->status = status;
    if (!gw_dialect_read (request, &change->body))
        return;
    change->has_name = gw_dialect_text (&change->body, "name", &name, &change->name);
    change->has_topic = gw_dialect_text (&change->body, "topic", &topic, &change->topic);
    gw_dialect_pk (&change->body, "created_by", false, &change->maker);
    if (change->maker != 0 && !change->body.is_short)
        gw_dialect_public_ask_people (request, &change->maker, 1, s_on_maker);
    else
        s_do_if_good (request);
}

static void s_create (gw_request_t *request)
{
    s_begin (request, 201);
}

static void s_on_to_change (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_begin (request, 200);
}

static void s_change (gw_request_t *request)
{
    gw_dialect_public_find (request, s_room (request), s_on_to_change);
}

/* ---- deleting and joining ---------------------------------------------------------------- */

static void s_on_deleted (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        gw_dialect_say (request, 204, NULL, NULL);
}

static void s_on_to_delete (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    pt_room_change_t what = {.room = s_room (request), .has_room = true};
    if (gw_dialect_succeeded (request, reply, NULL))
        gw_dialect_call (request, PT_OP_chat_room_delete, &what, s_on_deleted);
}

static void s_delete (gw_request_t *request)
{
    gw_dialect_public_find (request, s_room (request), s_on_to_delete);
}

/*  `steps` is the sentence. */
static void s_on_joined (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        gw_dialect_say (request, 200, "detail", request->steps);
}

static void s_on_to_join (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    pt_room_change_t what = {.room = s_room (request), .has_room = true};
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_room_t *room = ((const pt_room_detail_t *)reply->msg)->room;
    request->steps =
        pt_arena_printf (request->arena, "You have joined the room \"%.*s\"", (int)room->name.len, room->name.at);
    if (request->steps)
        gw_dialect_call (request, PT_OP_chat_room_join, &what, s_on_joined);
    else
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
}

static void s_join (gw_request_t *request)
{
    gw_dialect_public_find (request, s_room (request), s_on_to_join);
}

/* ---- the table ------------------------------------------------------------------------- */

static const gw_shape_t s_room_shape[] = {
    {"id", GW_SHAPE_INT, 0, "room id"},
    {"name", GW_SHAPE_TEXT, 0, "name"},
    {"topic", GW_SHAPE_TEXT, 0, "topic; empty: none"},
    {"created_by", GW_SHAPE_INT, 0, "account that made it"},
    {"users", GW_SHAPE_INT, GW_SHAPE_LIST, "its members, in order of joining, the first 1000 of them"},
    {"created_at", GW_SHAPE_TIME, 0, "when it was made"},
    {"updated_at", GW_SHAPE_TIME, 0, "when its name or topic last changed"},
    {0}};
static const gw_shape_t s_rooms_shape[] = {
    {"", GW_SHAPE_OBJ, GW_SHAPE_LIST, "rooms by id, 1000 or 2 MiB of them", s_room_shape}, {0}};
static const gw_shape_t s_whole[] = {
    {"name", GW_SHAPE_TEXT, 0, "name"},
    {"topic", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "topic"},
    {"created_by", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "an account; it is always the caller that counts"},
    {0}};
static const gw_shape_t s_part[] = {
    {"name", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "name"},
    {"topic", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "topic"},
    {"created_by", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "an account; who made the room stays"},
    {0}};
static const gw_shape_t s_offset[] = {{"offset", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "rooms to leave out"}, {0}};
static const gw_shape_t s_link[] = {
    {"Link", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "rel=next: where the rest of a list is that was cut"}, {0}};
static const gw_shape_t s_sentence[] = {{"detail", GW_SHAPE_TEXT, 0, "that one has joined"}, {0}};

static const gw_spec_t s_list_spec = {.query = s_offset, .gives = s_rooms_shape, .tells = s_link};
static const gw_spec_t s_retrieve_spec = {.gives = s_room_shape};
static const gw_spec_t s_create_spec = {.takes = s_whole, .gives = s_room_shape};
static const gw_spec_t s_change_spec = {.takes = s_part, .gives = s_room_shape};
static const gw_shape_t s_anything[] = {{"", GW_SHAPE_ANY, GW_SHAPE_OPTIONAL, "nothing of it counts"}, {0}};
static const gw_spec_t s_join_spec = {.takes = s_anything, .gives = s_sentence};

#define READ GW_SCOPE_READ
#define WRITE GW_SCOPE_WRITE
#define STAFF (GW_SCOPE_WRITE | GW_SCOPE_ADMIN)

/*  The rows of a room and of all, by their paths. */
#define ROWS(all, one)                                                                                                 \
    {GW_GET, all, PT_OP_chat_room_index, 200, 0, READ, s_list, "Rooms", &s_list_spec},                                 \
        {GW_POST, all, PT_OP_chat_room_create, 201, GW_MAYBE, STAFF, s_create, "Make a room", &s_create_spec},         \
        {GW_GET, one, PT_OP_chat_room_find, 200, 0, READ, s_retrieve, "One room", &s_retrieve_spec},                   \
        {GW_PUT, one, PT_OP_chat_room_update, 200, GW_MAYBE, STAFF, s_change, "Change a room", &s_create_spec},        \
        {GW_PATCH, one,      PT_OP_chat_room_update,  200,           GW_MAYBE,                                         \
         STAFF,    s_change, "Change some of a room", &s_change_spec},                                                 \
    {                                                                                                                  \
        GW_DELETE, one, PT_OP_chat_room_delete, 204, 0, STAFF, s_delete, "Delete a room", NULL                         \
    }

static const gw_route_t s_routes[] = {
    ROWS ("/rooms/", "/rooms/{int:room}/"),
    ROWS ("/rooms.json", "/rooms/{int:room}.json"),
    {GW_POST, "/rooms/{int:room}/join/", PT_OP_chat_room_join, 200, GW_MAYBE, WRITE, s_join, "Join a room",
     &s_join_spec},
};

const gw_route_set_t gw_dialect_public_rooms_routes = {"/rooms", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                       &gw_dialect_public};
