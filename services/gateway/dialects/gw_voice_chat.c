/*  gw_voice_chat - the sockets of friends' chats: commands that ask for what was said before a time, and
    that say something to all who are there.

    The time of a message is where the page before it begins: times rise within a room by a microsecond
    at least, and are written and read to the microsecond. */

#include "gw_dialect_json.h"
#include "gw_said.h"
#include "gw_shape.h"
#include "gw_text.h"
#include "gw_time.h"
#include "gw_voices.h"

/*  Messages of one page. */
#define S_PAGE 15

/*  JSON of one page.  It can be queued to a socket, and fifteen of the longest texts fit it when they need no
    escapes; what does not fit is left to the next page. */
#define S_PAGE_BYTES (248 * 1024)

/*  Of a message, what is not its text; of a page, what is not its messages. */
#define S_BESIDE 128

_Static_assert(S_PAGE_BYTES + S_BESIDE <= LIM_WS_QUEUE, "a page can be queued");
_Static_assert(S_PAGE *(LIM_BODY + 2 + S_BESIDE) + S_BESIDE <= S_PAGE_BYTES, "as told above");
_Static_assert(6 * LIM_BODY + 2 * S_BESIDE <= S_PAGE_BYTES, "a page has a message at least");

/* ---- frames ------------------------------------------------------------------------------ */

static void s_put_message (pt_buf_t *out, const pt_item_t *item)
{
    pt_buf_puts (out, "{\"author_id\":");
    if (item->has_sender)
        gw_text_u64 (out, item->sender);
    else
        pt_buf_puts (out, "null");
    pt_buf_puts (out, ",\"content\":");
    gw_text_str (out, item->body.at, item->body.len);
    pt_buf_puts (out, ",\"time_stamp\":");
    gw_dialect_json_stamp (out, item->at);
    pt_buf_puts (out, "}");
}

static void s_put (pt_buf_t *out, const pt_item_t *item, const gw_sender_t *sender)
{
    (void)sender;
    if (item->kind != PT_item_kind_MESSAGE)
        return;
    pt_buf_puts (out, "{\"message\":");
    s_put_message (out, item);
    pt_buf_puts (out, ",\"command\":\"new_message\"}");
}

/* ---- what was said before -------------------------------------------------------------------- */

/*  How many of a page's messages are told, the latest ones. */
static uint32_t s_fit (const pt_history_page_t *page)
{
    size_t bytes = S_BESIDE;
    uint32_t count = 0;
    while (count < page->items.count && count < S_PAGE) {
        const pt_str_t body = page->items.at[page->items.count - 1 - count].body;
        bytes += S_BESIDE + gw_text_str_len (body.at, body.len);
        if (bytes > S_PAGE_BYTES && count > 0)
            break;
        count++;
    }
    return count;
}

/*  `note` is the time that was asked for, as it was written; it stays when there is nothing before it. */
static void s_on_page (gw_ws_t *ws, pt_str_t note, const pt_history_page_t *page)
{
    const pt_item_t *at = page->items.at;
    uint32_t count = page->items.count, told = s_fit (page);
    pt_buf_t *out = gw_seat_begin (ws);
    pt_buf_puts (out, "{\"messages\":[");
    for (uint32_t i = 0; i < told; i++) {
        pt_buf_puts (out, i > 0 ? "," : "");
        s_put_message (out, &at[count - 1 - i]);
    }
    pt_buf_puts (out, "],\"command\":\"fetch_messages\",\"last_message_time_stamp\":");
    if (told > 0)
        gw_dialect_json_stamp (out, at[count - told].at);
    else
        pt_buf_put (out, note.at, note.len);
    if (told == 0)
        pt_buf_puts (out, ",\"error\":\"NO MESSAGES\"");
    else if (told == count && told < S_PAGE)
        pt_buf_puts (out, ",\"error\":\"LAST PACKAGE\"");
    pt_buf_puts (out, "}");
    gw_seat_tell (ws);
}

/*  With a T or a space between date and time; without an offset it is UTC. */
static bool s_read_time (pt_str_t text, int64_t *out)
{
    char copy[GW_SEAT_NOTE];
    const size_t date = sizeof "2026-11-21" - 1;
    if (text.len <= date || text.len > sizeof copy - 3) /* quotes in the note, a Z here */
        return false;
    memcpy (copy, text.at, text.len);
    if (copy[date] == ' ')
        copy[date] = 'T';
    if (gw_time_parse (copy, text.len, out))
        return true;
    copy[text.len] = 'Z';
    return gw_time_parse (copy, text.len + 1, out);
}

/*  "0", 0, null, an empty text and nothing at all ask for the latest. */
static bool s_read_stamp (const json_t *field, int64_t *out)
{
    *out = INT64_MAX;
    if (!field || json_is_null (field))
        return true;
    if (json_is_integer (field))
        return json_integer_value (field) == 0;
    if (!json_is_string (field))
        return false;
    const pt_str_t text = {json_string_value (field), (uint32_t)json_string_length (field)};
    return text.len == 0 || pt_str_eq (text, PT_LIT ("0")) || s_read_time (text, out);
}

static void s_fetch (gw_ws_t *ws, const gw_said_t *said)
{
    const json_t *field = json_object_get (said->json, "last_message_time_stamp");
    char note[GW_SEAT_NOTE];
    int64_t before;
    if (!s_read_stamp (field, &before)) {
        gw_seat_error (ws, PT_LIT ("last_message_time_stamp is not a time."));
        return;
    }
    size_t len = field ? json_dumpb (field, note, sizeof note, JSON_ENCODE_ANY) : 0;
    bool is_kept = len > 0 && len <= sizeof note;
    gw_seat_look_back (ws, before, S_PAGE, is_kept ? (pt_str_t){note, (uint32_t)len} : PT_LIT ("null"), s_on_page);
}

/* ---- commands --------------------------------------------------------------------------------- */

static void s_say (gw_ws_t *ws, const gw_said_t *said)
{
    pt_str_t body;
    if (gw_said_text (said, "message", &body))
        gw_seat_post (ws, body);
    else
        gw_seat_error (ws, PT_LIT ("message is required."));
}

static const struct {
    const char *name;
    void (*fn) (gw_ws_t *ws, const gw_said_t *said);
} s_commands[] = {{"fetch_messages", s_fetch}, {"new_message", s_say}};

static void s_obey (gw_ws_t *ws, const gw_said_t *said)
{
    pt_str_t name;
    if (!gw_said_text (said, "command", &name)) {
        gw_seat_error (ws, PT_LIT ("command is required."));
        return;
    }
    for (size_t i = 0; i < sizeof s_commands / sizeof *s_commands; i++)
        if (pt_str_eq (name, pt_str (s_commands[i].name))) {
            s_commands[i].fn (ws, said);
            return;
        }
    gw_seat_error (ws, PT_LIT ("command is unknown."));
}

static void s_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    (void)is_binary;
    gw_said_t said;
    if (!gw_said_read (ws, text, &said))
        return;
    s_obey (ws, &said);
    gw_said_done (&said);
}

/* ---- what the document says --------------------------------------------------------------- */

static const char *const s_fetching[] = {"fetch_messages", NULL}, *const s_saying[] = {"new_message", NULL};
static const char *const s_ends[] = {"LAST PACKAGE", "NO MESSAGES", NULL};
static const gw_shape_t s_fetch_shapes[] = {{"command", GW_SHAPE_TEXT, 0, "which command", .one_of = s_fetching},
                                            {"last_message_time_stamp", GW_SHAPE_ANY, GW_SHAPE_OPTIONAL,
                                             "a time; `\"0\"`, 0, null, an empty text or nothing: the latest"},
                                            {0}};
static const gw_shape_t s_say_shapes[] = {{"command", GW_SHAPE_TEXT, 0, "which command", .one_of = s_saying},
                                          {"message", GW_SHAPE_TEXT, 0, "1 to 16384 bytes"},
                                          {0}};
static const gw_shape_t s_message_shapes[] = {
    {"author_id", GW_SHAPE_INT, GW_SHAPE_NULL, "who said it; null when the account is deleted"},
    {"content", GW_SHAPE_TEXT, 0, "what was said"},
    {"time_stamp", GW_SHAPE_STAMP, 0, "when, to the microsecond; it rises within a chat"},
    {0}};
static const gw_shape_t s_page_shapes[] = {
    {"messages", GW_SHAPE_OBJ, GW_SHAPE_LIST, "latest first, 15 at most", .of = s_message_shapes},
    {"command", GW_SHAPE_TEXT, 0, "what was asked", .one_of = s_fetching},
    {"last_message_time_stamp", GW_SHAPE_ANY, 0, "time of the last one; without any, what was asked with"},
    {"error", GW_SHAPE_TEXT, GW_SHAPE_OPTIONAL, "there are no earlier ones", .one_of = s_ends},
    {0}};
static const gw_shape_t s_told_shapes[] = {{"message", GW_SHAPE_OBJ, 0, "what was said", .of = s_message_shapes},
                                           {"command", GW_SHAPE_TEXT, 0, "what brought it", .one_of = s_saying},
                                           {0}};
static const gw_voice_frame_t s_takes[] = {
    {"fetch_messages", "Ask for what was said before a time", s_fetch_shapes, NULL},
    {"new_message", "Say something to all who are there", s_say_shapes, NULL},
    {0}};
static const gw_voice_frame_t s_tells[] = {{"page", "What was said before that time", s_page_shapes, NULL},
                                           {"told", "Somebody has said something", s_told_shapes, NULL},
                                           {0}};
static const gw_voice_spec_t s_spec = {
    "A chat of friends, for who takes part. Nothing is told at first; frames are commands. Closed with 4403 for who "
    "is removed.",
    "The UUID of the chat, in either case", s_takes, s_tells};

const gw_voice_t gw_voice_chat = {.dialect = PT_room_dialect_CHAT,
                                  .spec = &s_spec,
                                  .needs_account = true,
                                  .has_items = true,
                                  .put = s_put,
                                  .heard = s_heard};
