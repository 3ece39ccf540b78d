/*  gw_dialect_chat_people - the dialect of friends and their chats: accounts, who asks whom to be
    friends, and what is answered. */

#include "gw_browser.h"
#include "gw_dialect_chat.h"
#include "gw_text.h"
#include "pt_codec.h"
#include <inttypes.h>

/* ---- a person ------------------------------------------------------------------- */

/*  The name that need not be unique, or else the best there is: clients count on one. */
static pt_str_t s_username (const pt_person_t *person)
{
    if (person->has_nickname && person->nickname.len > 0)
        return person->nickname;
    if (person->has_login)
        return person->login;
    return person->has_name ? person->name : PT_LIT ("");
}

static void s_put_username (pt_buf_t *out, const pt_person_t *person)
{
    gw_dialect_json_text (out, true, s_username (person));
}

static void s_put_photo (pt_buf_t *out, const gw_request_t *request, const pt_person_t *person)
{
    char path[LIM_PATH + 1];
    snprintf (path, sizeof path, "%.*s", (int)person->avatar.len, person->avatar.at);
    if (person->has_avatar)
        gw_dialect_json_url (out, gw_browser_is_secure (request), request->host, path);
    else
        pt_buf_puts (out, "null");
}

static void s_put_person (pt_buf_t *out, const gw_request_t *request, const pt_person_t *person, bool shows_friend)
{
    pt_buf_puts (out, "{\"email\":");
    gw_dialect_json_text (out, person->has_email, person->email);
    pt_buf_printf (out, ",\"id\":%" PRIu64 ",\"uuid\":", person->id);
    gw_dialect_json_text (out, true, person->uuid);
    pt_buf_puts (out, ",\"username\":");
    s_put_username (out, person);
    pt_buf_puts (out, ",\"photo\":");
    s_put_photo (out, request, person);
    pt_buf_printf (out, ",\"is_active\":%s", person->has_active && person->active ? "true" : "false");
    if (shows_friend)
        pt_buf_printf (out, ",\"is_friend_of_current_user\":%s",
                       person->has_friend && person->friend ? "true" : "false");
    pt_buf_puts (out, "}");
}

static void s_on_person (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    s_put_person (&body, request, reply->msg, false);
    gw_dialect_answer (request, 200, &body);
}

static void s_get_oneself (gw_request_t *request)
{
    pt_person_ref_t ref = {0};
    gw_dialect_call (request, PT_OP_chat_person, &ref, s_on_person);
}

static void s_get_person (gw_request_t *request)
{
    pt_person_ref_t ref = {
        .uuid = gw_dialect_var (request, "person"), .has_uuid = true, .shows_email = true, .has_shows_email = true};
    gw_dialect_call (request, PT_OP_chat_person, &ref, s_on_person);
}

/* ---- lists of people ---------------------------------------------------------------- */

/*  Nobody in all: no content.  Nobody on this page of some: an empty page. */
static void s_answer_people (gw_request_t *request, const pt_people_t *people, bool shows_friend)
{
    gw_dialect_page_t page;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    if (people->total > 0) {
        gw_dialect_page (request, GW_DIALECT_CHAT_PAGE, &page);
        gw_dialect_page_write (&body, &page, people->total);
        for (uint32_t i = 0; i < people->items.count; i++) {
            pt_buf_puts (&body, i > 0 ? "," : "[");
            s_put_person (&body, request, &people->items.at[i], shows_friend);
        }
        pt_buf_puts (&body, people->items.count > 0 ? "]}" : "[]}");
    }
    gw_dialect_answer (request, people->total > 0 ? 200 : 204, &body);
}

static void s_on_found (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_answer_people (request, reply->msg, true);
}

/*  Nobody has a name that is longer than any, or no text. */
static void s_search (gw_request_t *request)
{
    gw_dialect_page_t page;
    gw_dialect_page (request, GW_DIALECT_CHAT_PAGE, &page);
    pt_people_find_t find = {.q = gw_dialect_var (request, "phrase"),
                             .has_q = true,
                             .offset = page.offset,
                             .has_offset = true,
                             .limit = page.limit,
                             .has_limit = true,
                             .shows_email = true,
                             .has_shows_email = true};
    if (find.q.len > LIM_QUERY || !pt_utf8_valid (find.q.at, find.q.len))
        gw_dialect_say (request, 204, NULL, NULL);
    else
        gw_dialect_call (request, PT_OP_chat_people_find, &find, s_on_found);
}

static void s_on_friends (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (gw_dialect_succeeded (request, reply, NULL))
        s_answer_people (request, reply->msg, false);
}

static void s_list_friends (gw_request_t *request)
{
    gw_dialect_page_t page;
    gw_dialect_page (request, GW_DIALECT_CHAT_PAGE, &page);
    pt_friend_query_t query = {.offset = page.offset,
                               .has_offset = true,
                               .limit = page.limit,
                               .has_limit = true,
                               .shows_email = true,
                               .has_shows_email = true};
    gw_dialect_call (request, PT_OP_chat_friend_list, &query, s_on_friends);
}

/* ---- asking ------------------------------------------------------------------------ */

static void s_on_asked (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_contact_t *contact = reply->msg;
    gw_dialect_say (request, contact->has_known && contact->known ? 208 : 201, NULL, NULL);
}

static void s_ask_friend (gw_request_t *request)
{
    gw_dialect_body_t body;
    pt_contact_create_t create = {.has_uuid = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_uuid (&body, "user_uuid", true, &create.uuid);
    if (gw_dialect_passes (request, &body))
        gw_dialect_call (request, PT_OP_chat_contact_create, &create, s_on_asked);
}

/* ---- answering ----------------------------------------------------------------------- */

static void s_put_contact (pt_buf_t *out, const pt_contact_t *contact)
{
    pt_buf_printf (out, "{\"id\":%" PRIu64 ",\"first_user\":", contact->id);
    s_put_username (out, contact->asker);
    pt_buf_puts (out, ",\"second_user\":");
    s_put_username (out, contact->asked);
    pt_buf_puts (out, "}");
}

static void s_on_invitations (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_contacts_t *contacts = reply->msg;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    for (uint32_t i = 0; i < contacts->items.count; i++) {
        pt_buf_puts (&body, i > 0 ? "," : "[");
        s_put_contact (&body, &contacts->items.at[i]);
    }
    if (contacts->items.count > 0)
        pt_buf_puts (&body, "]");
    gw_dialect_answer (request, contacts->items.count > 0 ? 200 : 204, &body);
}

static void s_list_invitations (gw_request_t *request)
{
    pt_contact_query_t query = {0};
    gw_dialect_call (request, PT_OP_chat_contact_list, &query, s_on_invitations);
}

static void s_on_answered (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_contact_answered_t *answered = reply->msg;
    if (!answered->has_room) {
        gw_dialect_say (request, answered->has_known && answered->known ? 208 : 200, NULL, NULL);
        return;
    }
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    gw_dialect_chat_put_room (&body, request, answered->room);
    gw_dialect_answer (request, 201, &body);
}

static void s_answer_invitation (gw_request_t *request)
{
    gw_dialect_body_t body;
    int64_t id = 0;
    pt_contact_answer_t answer = {.has_id = true, .has_accept = true};
    if (!gw_dialect_read (request, &body))
        return;
    gw_dialect_flag (&body, "decision", true, &answer.accept);
    gw_dialect_integer (&body, "contact_id", true, &id);
    if (!gw_dialect_chat_passes_mute (request, &body))
        return;
    answer.id = id > 0 ? (uint64_t)id : 0;
    if (answer.id == 0)
        gw_http_fail (request, -PT_E_not_found, NULL, NULL);
    else
        gw_dialect_call (request, PT_OP_chat_contact_answer, &answer, s_on_answered);
}

/* ---- the table -------------------------------------------------------------------------- */

#define PERSON                                                                                                         \
    {"email", GW_SHAPE_EMAIL, GW_SHAPE_NULL, "address"}, {"id", GW_SHAPE_INT, 0, "account id"},                        \
        {"uuid", GW_SHAPE_UUID, 0, "the same account"}, {"username", GW_SHAPE_TEXT, 0, "name; not unique"},            \
        {"photo", GW_SHAPE_URL, GW_SHAPE_NULL, "picture"},                                                             \
    {                                                                                                                  \
        "is_active", GW_SHAPE_BOOL, 0, "whether it may sign in"                                                        \
    }

static const gw_shape_t s_person[] = {PERSON, {0}};
static const gw_shape_t s_hit[] = {
    PERSON, {"is_friend_of_current_user", GW_SHAPE_BOOL, 0, "whether it is a friend of who asks"}, {0}};
static const gw_shape_t s_friends[] = {GW_DIALECT_CHAT_PAGE_OF (s_person), {0}};
static const gw_shape_t s_hits[] = {GW_DIALECT_CHAT_PAGE_OF (s_hit), {0}};
static const gw_shape_t s_whom[] = {{"user_uuid", GW_SHAPE_UUID, 0, "whom to ask"}, {0}};

static const gw_shape_t s_invitation[] = {{"id", GW_SHAPE_INT, 0, "number of the invitation"},
                                          {"first_user", GW_SHAPE_TEXT, 0, "name of who asked"},
                                          {"second_user", GW_SHAPE_TEXT, 0, "name of who was asked"},
                                          {0}};
static const gw_shape_t s_invitations[] = {{"", GW_SHAPE_OBJ, GW_SHAPE_LIST, "unanswered ones", s_invitation}, {0}};

static const gw_shape_t s_decision[] = {{"decision", GW_SHAPE_BOOL, 0, "whether to be friends"},
                                        {"contact_id", GW_SHAPE_INT, 0, "number of the invitation"},
                                        {0}};

static const gw_spec_t s_person_spec = {.gives = s_person};
static const uint16_t s_answer_mute[] = {200, 208, 400, 0};
static const gw_spec_t s_search_spec = {.gives = s_hits, .query = gw_dialect_chat_page_shape, .also = 204};
static const gw_spec_t s_friends_spec = {.gives = s_friends, .query = gw_dialect_chat_page_shape, .also = 204};
static const gw_spec_t s_ask_spec = {.takes = s_whom, .also = 208, .may_miss = true};
static const gw_spec_t s_invitations_spec = {.gives = s_invitations, .also = 204};
static const gw_spec_t s_answer_spec = {
    .takes = s_decision, .gives = gw_dialect_chat_room_shape, .may_miss = true, .mute = s_answer_mute};

#define READ GW_SCOPE_READ
#define WRITE GW_SCOPE_WRITE

static const gw_route_t s_routes[] = {
    {GW_GET, "/api/user/currentuser/", PT_OP_chat_person, 200, 0, READ, s_get_oneself, "Oneself", &s_person_spec},
    {GW_GET, "/api/user/search/{phrase}/", PT_OP_chat_people_find, 200, 0, READ, s_search,
     "Find people by part of their name", &s_search_spec},
    {GW_GET, "/api/user/friends/", PT_OP_chat_friend_list, 200, 0, READ, s_list_friends, "One's friends",
     &s_friends_spec},
    {GW_POST, "/api/user/friends/", PT_OP_chat_contact_create, 201, GW_MAYBE, WRITE, s_ask_friend,
     "Ask somebody to be a friend", &s_ask_spec},
    {GW_GET, "/api/user/invitations/", PT_OP_chat_contact_list, 200, 0, READ, s_list_invitations,
     "What one was asked and has not answered", &s_invitations_spec},
    {GW_POST, "/api/user/invitations/", PT_OP_chat_contact_answer, 201, GW_MAYBE, WRITE, s_answer_invitation,
     "Accept or refuse; who accepts gets the chat of the two", &s_answer_spec},
    {GW_GET, "/api/user/{uuid:person}/", PT_OP_chat_person, 200, 0, READ, s_get_person, "One user", &s_person_spec},
};

const gw_route_set_t gw_dialect_chat_people_routes = {"/api/user/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                      &gw_dialect_chat};
