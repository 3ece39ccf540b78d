/*  gw_dialect_public_messages - what was said in a numbered room, for anybody, and saying more.

    The history is that of the end of the room.  It is read from there backwards, in windows of seqs:
    numbers have no holes, so a window that does not reach to its last seq was cut where its bytes
    end, and a narrower one is asked for. */

#include "gw_dialect_person.h"
#include "gw_dialect_public.h"
#include "gw_shape.h"
#include "gw_text.h"
#include <inttypes.h>
#include <stdlib.h>

/*  The most of one history: messages, bytes of their texts, and how often chat is asked for it, each
    time for LIM_RANGE items at most.  Older ones are read by the native route, as the answer's Link says. */
#define S_MESSAGES 1000
#define S_TEXT_BYTES (512 * 1024)
#define S_WINDOWS 16

/*  A byte of a text may take six; a message takes less than this beside its text, its author's name among it. */
#define S_BESIDE (256 + 6 * LIM_NAME)
_Static_assert(6 * S_TEXT_BYTES + S_MESSAGES * S_BESIDE <= GW_DIALECT_ANSWER, "a history fits an answer");

/* ---- the history -------------------------------------------------------------------- */

typedef struct {
    uint64_t id, sender; /* 0: nobody */
    int64_t at;
    pt_str_t body;
} s_message_t;

typedef struct {
    uint64_t room;
    pt_str_t name;
    uint64_t top, floor; /* what has not been read: the seqs above `floor` up to `top` */
    uint64_t width;      /* of the window */
    unsigned windows;    /* asked for so far */
    size_t bytes;        /* of texts */
    unsigned count;
    bool is_full;               /* there was one more than fits */
    s_message_t at[S_MESSAGES]; /* the last one first */
    uint64_t authors[S_MESSAGES];
    pt_str_t names[S_MESSAGES];   /* of the authors */
    unsigned author_count, named; /* asked for so far */
} s_history_t;

static int s_by_id (const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/*  Each author once, by id. */
static void s_list_authors (s_history_t *history)
{
    unsigned count = 0, kept = 0;
    for (unsigned i = 0; i < history->count; i++)
        if (history->at[i].sender != 0)
            history->authors[count++] = history->at[i].sender;
    qsort (history->authors, count, sizeof history->authors[0], s_by_id);
    for (unsigned i = 0; i < count; i++)
        if (kept == 0 || history->authors[kept - 1] != history->authors[i])
            history->authors[kept++] = history->authors[i];
    history->author_count = kept;
}

/*  Where the name of an author stands; NULL: it is none. */
static pt_str_t *s_name_of (s_history_t *history, uint64_t author)
{
    uint64_t *at = bsearch (&author, history->authors, history->author_count, sizeof history->authors[0], s_by_id);
    return at ? &history->names[at - history->authors] : NULL;
}

static void s_put_message (pt_buf_t *out, s_history_t *history, const s_message_t *message)
{
    const pt_str_t *name = s_name_of (history, message->sender);
    pt_buf_printf (out, "{\"id\":%" PRIu64 ",\"room\":%" PRIu64 ",\"content\":", message->id, history->room);
    gw_text_str (out, message->body.at, message->body.len);
    pt_buf_puts (out, ",\"user\":");
    gw_dialect_json_text (out, name && name->len > 0, name ? *name : PT_LIT (""));
    pt_buf_puts (out, ",\"created_at\":");
    gw_dialect_json_time (out, message->at);
    pt_buf_puts (out, "}");
}

static void s_answer_history (gw_request_t *request)
{
    s_history_t *history = request->steps;
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_puts (&body, "{\"name\":");
    gw_text_str (&body, history->name.at, history->name.len);
    pt_buf_puts (&body, ",\"messages\":[");
    for (unsigned i = history->count; i > 0; i--) {
        s_put_message (&body, history, &history->at[i - 1]);
        pt_buf_puts (&body, i > 1 ? "," : "");
    }
    pt_buf_puts (&body, "]}");
    if (history->top > history->floor)
        request->lines = pt_arena_printf (request->arena,
                                          "Link: </v1/rooms/%" PRIu64 "/messages?before=%" PRIu64 ">; rel=\"prev\"\r\n",
                                          history->room, history->top + 1);
    gw_dialect_answer (request, 200, &body);
}

/*  False when memory is out. */
static bool s_copy (gw_request_t *request, pt_str_t text, pt_str_t *out)
{
    *out = (pt_str_t){pt_arena_copy (request->arena, text.at, text.len), text.len};
    return out->at;
}

static void s_on_names (void *arg, const sv_reply_t *reply);

static void s_ask_names (gw_request_t *request)
{
    s_history_t *history = request->steps;
    unsigned left = history->author_count - history->named, count = left < LIM_PAGE ? left : LIM_PAGE;
    pt_people_query_t query = {.ids = {history->authors + history->named, count}, .has_ids = true};
    history->named += count;
    if (count == 0)
        s_answer_history (request);
    else
        gw_dialect_call (request, PT_OP_chat_people, &query, s_on_names);
}

static void s_on_names (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_people_t *people = reply->msg;
    for (uint32_t i = 0; i < people->items.count; i++) {
        const pt_person_t *person = &people->items.at[i];
        pt_str_t *name = s_name_of (request->steps, person->id);
        if (name && !s_copy (request, gw_dialect_person_name (person), name)) {
            gw_http_fail (request, -PT_E_memory, NULL, NULL);
            return;
        }
    }
    s_ask_names (request);
}

/*  Takes one message more, the next older one.  0, also when it is full and takes no more, or -PT_E_memory. */
static int s_take (gw_request_t *request, s_history_t *history, const pt_item_t *item)
{
    if (item->kind != PT_item_kind_MESSAGE)
        return 0;
    history->is_full = history->count == S_MESSAGES || history->bytes + item->body.len > S_TEXT_BYTES;
    if (history->is_full)
        return 0;
    s_message_t *message = &history->at[history->count++];
    *message = (s_message_t){.id = item->id, .sender = item->sender, .at = item->at};
    history->bytes += item->body.len;
    return s_copy (request, item->body, &message->body) ? 0 : -PT_E_memory;
}

/*  From the last item to the first, or to the one that does not fit. */
static int s_take_items (gw_request_t *request, s_history_t *history, const pt_history_page_t *page)
{
    int err = 0;
    for (uint32_t i = page->items.count; i > 0 && err == 0; i--) {
        const pt_item_t *item = &page->items.at[i - 1];
        err = s_take (request, history, item);
        if (history->is_full)
            break;
        history->top = item->seq - 1;
    }
    return err;
}

static void s_on_items (void *arg, const sv_reply_t *reply);

static void s_ask_items (gw_request_t *request)
{
    s_history_t *history = request->steps;
    uint64_t left = history->top - history->floor;
    if (left == 0 || history->is_full || history->windows == S_WINDOWS) {
        s_list_authors (history);
        s_ask_names (request);
        return;
    }
    history->windows++;
    history->width = history->width < left ? history->width : left;
    pt_range_query_t query = {.room = history->room,
                              .has_room = true,
                              .after = history->top - history->width,
                              .has_after = true,
                              .limit = history->width,
                              .has_limit = true};
    gw_dialect_call (request, PT_OP_chat_range, &query, s_on_items);
}

/*  What was removed meanwhile, because it was old, is not waited for. */
static void s_on_items (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_history_t *history = request->steps;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_history_page_t *page = reply->msg;
    uint32_t count = page->items.count;
    bool is_cut = count > 0 && page->items.at[count - 1].seq < history->top && history->width > 1;
    int err = 0;
    history->floor = page->floor < history->top ? page->floor : history->top;
    if (count == 0)
        history->floor = history->top;
    else if (is_cut)
        history->width /= 2;
    else
        err = s_take_items (request, history, page);
    if (err != 0)
        gw_http_fail (request, err, NULL, NULL);
    else
        s_ask_items (request);
}

static void s_on_room (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_room_t *room = ((const pt_room_detail_t *)reply->msg)->room;
    s_history_t *history = pt_arena_alloc (request->arena, sizeof *history);
    if (!history || !s_copy (request, room->name, &history->name)) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    history->room = room->id;
    history->top = room->head;
    history->floor = room->floor < room->head ? room->floor : room->head;
    history->width = LIM_RANGE;
    request->steps = history;
    s_ask_items (request);
}

static void s_read (gw_request_t *request)
{
    gw_dialect_public_find (request, gw_dialect_id (request, "room"), s_on_room);
}

/* ---- posting ---------------------------------------------------------------------------- */

/*  What a body says.  `room` and `user` must be there somewhere, and are not heeded. */
typedef struct {
    gw_dialect_body_t body; /* with what is wrong */
    uint64_t room;          /* of the path */
    pt_str_t content;
    uint64_t named_room, named_user; /* 0: not named */
    pt_str_t name;                   /* the sender's */
} s_post_t;

static const gw_dialect_refusal_t s_not_posted[] = {
    {.field = "sends.0.body",
     .code = "too_long",
     .key = "content",
     .sentence = "Ensure this field has no more than 16384 bytes."},
    {.field = "sends.0.body", .key = "content", .sentence = "This field may not be blank."},
    {0}};

static void s_on_sent (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    const s_post_t *post = request->steps;
    if (!gw_dialect_succeeded (request, reply, s_not_posted))
        return;
    const pt_send_result_t *result = &((const pt_send_results_t *)reply->msg)->results.at[0];
    if (result->status != 0) {
        gw_http_fail (request, -(int)result->status, NULL, NULL);
        return;
    }
    pt_buf_t body;
    pt_buf_init (&body, GW_DIALECT_ANSWER);
    pt_buf_printf (&body, "{\"room\":%" PRIu64 ",\"content\":", post->room);
    gw_text_str (&body, post->content.at, post->content.len);
    pt_buf_puts (&body, ",\"user\":");
    gw_dialect_json_text (&body, post->name.len > 0, post->name);
    pt_buf_puts (&body, "}");
    gw_dialect_answer (request, 201, &body);
}

static void s_send (gw_request_t *request)
{
    const s_post_t *post = request->steps;
    const char *key = gw_call_key (request);
    if (!key) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    const pt_send_entry_t entry = {
        .send_id = pt_str (key), .has_send_id = true, .body = post->content, .has_body = true};
    pt_send_t send = {.room = post->room, .has_room = true, .sends = {&entry, 1}, .has_sends = true};
    request->refusals = s_not_posted;
    gw_dialect_call (request, PT_OP_chat_send, &send, s_on_sent);
}

static void s_send_if_good (gw_request_t *request)
{
    const s_post_t *post = request->steps;
    if (gw_dialect_passes (request, &post->body))
        s_send (request);
}

static void s_on_named_room (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_post_t *post = request->steps;
    if (reply->status == -PT_E_not_found) {
        gw_call_took (request, reply);
        gw_dialect_public_note_missing (&post->body, "room", post->named_room);
    } else if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    s_send_if_good (request);
}

static void s_on_people (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_post_t *post = request->steps;
    if (!gw_dialect_succeeded (request, reply, NULL))
        return;
    const pt_person_t *sender = gw_dialect_public_person (reply->msg, request->identity.account);
    if (post->named_user != 0 && !gw_dialect_public_person (reply->msg, post->named_user))
        gw_dialect_public_note_missing (&post->body, "user", post->named_user);
    if (sender && !s_copy (request, gw_dialect_person_name (sender), &post->name))
        post->body.is_short = true;
    if (post->named_room != 0 && post->named_room != post->room && !post->body.is_short)
        gw_dialect_public_find (request, post->named_room, s_on_named_room);
    else
        s_send_if_good (request);
}

static void s_on_room_to_post (void *arg, const sv_reply_t *reply)
{
    gw_request_t *request = arg;
    s_post_t *post = request->steps;
    gw_dialect_body_t *body = &post->body;
    if (!gw_dialect_succeeded (request, reply, NULL) || !gw_dialect_read (request, body))
        return;
    gw_dialect_text (body, "content", &(gw_text_rule_t){.is_required = true, .max = LIM_BODY}, &post->content);
    gw_dialect_pk (body, "room", false, &post->named_room);
    gw_dialect_pk (body, "user", false, &post->named_user);
    if (body->is_short) {
        gw_dialect_passes (request, body);
        return;
    }
    const uint64_t ids[] = {request->identity.account, post->named_user};
    gw_dialect_public_ask_people (request, ids, post->named_user != 0 ? 2 : 1, s_on_people);
}

static void s_post (gw_request_t *request)
{
    s_post_t *post = pt_arena_alloc (request->arena, sizeof *post);
    if (!post) {
        gw_http_fail (request, -PT_E_memory, NULL, NULL);
        return;
    }
    post->room = gw_dialect_id (request, "room");
    request->steps = post;
    gw_dialect_public_find (request, post->room, s_on_room_to_post);
}

/* ---- the table -------------------------------------------------------------------------- */

static const gw_shape_t s_message_shape[] = {
    {"id", GW_SHAPE_INT, 0, "message id"},
    {"room", GW_SHAPE_INT, 0, "room id"},
    {"content", GW_SHAPE_TEXT, 0, "its text"},
    {"user", GW_SHAPE_TEXT, GW_SHAPE_NULL, "its author's name; null: the account is gone"},
    {"created_at", GW_SHAPE_TIME, 0, "when it was sent"},
    {0}};
static const gw_shape_t s_history_shape[] = {
    {"name", GW_SHAPE_TEXT, 0, "the room's"},
    {"messages", GW_SHAPE_OBJ, GW_SHAPE_LIST, "the last 1000, or 512 KiB of text, oldest first", s_message_shape},
    {0}};
static const gw_shape_t s_link[] = {
    {"Link", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "rel=prev: where members read what is older"}, {0}};
static const gw_shape_t s_said[] = {
    {"content", GW_SHAPE_TEXT, 0, "what to say"},
    {"room", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "a room; it is that of the path that counts"},
    {"user", GW_SHAPE_INT, GW_SHAPE_OPTIONAL, "an account; it is always the caller that counts"},
    {0}};
static const gw_shape_t s_posted[] = {{"room", GW_SHAPE_INT, 0, "room id"},
                                      {"content", GW_SHAPE_TEXT, 0, "its text"},
                                      {"user", GW_SHAPE_TEXT, GW_SHAPE_NULL, "one's name"},
                                      {0}};

static const gw_spec_t s_read_spec = {.gives = s_history_shape, .tells = s_link};
static const gw_spec_t s_post_spec = {.takes = s_said, .gives = s_posted};

static const gw_route_t s_routes[] = {
    {GW_GET, "/messages/{int:room}/", PT_OP_chat_range, 200, GW_ANYBODY, GW_SCOPE_READ, s_read,
     "What was said in a room", &s_read_spec},
    {GW_POST, "/messages/create/{int:room}/", PT_OP_chat_send, 201, GW_MAYBE, GW_SCOPE_WRITE, s_post, "Post a message",
     &s_post_spec},
};

const gw_route_set_t gw_dialect_public_messages_routes = {"/messages/", s_routes, sizeof s_routes / sizeof s_routes[0],
                                                          &gw_dialect_public};
