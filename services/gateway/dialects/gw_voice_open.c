/*  gw_voice_open - the sockets of open rooms, which anybody may enter.

    Who is not signed in says what it likes: each frame comes back to it and goes to the others who
    are there, and is kept nowhere (signals, gw_signal.h).  Who is signed in is told what was said
    before, joins, and leaves; its messages are items of the room and are told to all.

    The room is entered in the books for the first who is signed in.  Who sat there before it was
    so, and is not signed in, looks for it when the way of signals is known to be there, when somebody
    joins, and from time to time, because a signal may be lost; all that the room has was then said
    while it sat there, so it is told the room from its beginning. */

#include "gw_dialect_person.h"
#include "gw_echo.h"
#include "gw_random.h"
#include "gw_revoked.h"
#include "gw_said.h"
#include "gw_shape.h"
#include "gw_signal.h"
#include "gw_text.h"
#include "gw_voices.h"
#include "gw_words.h"
#include "gw_ws_priv.h"
#include <inttypes.h>
#include <stdlib.h>

/*  Items that who joins is told at most. */
#define S_HISTORY 1000

/*  When a room that was not there is looked for though nobody has joined, and one that could not be
    looked for. */
#define S_LOOK_MS 30000
#define S_LOOK_AWAY_MS 2000

typedef struct {
    gw_ws_t *ws;
    gw_listener_t *listener;
    uint64_t origin;  /* of what it causes; it has that told by itself */
    char *name;       /* as it is shown; NULL: not known yet */
    bool is_told;     /* all that was said before */
    bool is_heard;    /* what is told from here on reaches it */
    bool has_joined;  /* the others are being told, or have been */
    bool is_speaking; /* what it says goes out */
    gw_words_t words;
    uint64_t call; /* that tells the first */
    uint64_t look_call, look_ms;
} s_open_t;

static s_open_t *s_own (const gw_ws_t *ws)
{
    return gw_seat_own (ws);
}

static bool s_is_anonymous (const s_open_t *self)
{
    return gw_seat_account (self->ws) == 0;
}

/* ---- frames ----------------------------------------------------------------------- */

/*  `"<name>: <body>"`: two texts of which one's last quote and the other's first make way. */
static void s_put_pair (pt_buf_t *out, pt_str_t name, pt_str_t body)
{
    size_t len = gw_text_str_len (name.at, name.len) + gw_text_str_len (body.at, body.len);
    char *at = pt_buf_reserve (out, len);
    if (!at)
        return;
    at = gw_text_put_str (at, name.at, name.len);
    at[-1] = ':';
    gw_text_put_str (at, body.at, body.len);
    *at = ' ';
    out->len += len;
}

static void s_put (pt_buf_t *out, const pt_item_t *item, const gw_sender_t *sender)
{
    if (item->kind != PT_item_kind_MESSAGE)
        return;
    pt_buf_puts (out, "{\"message\":");
    s_put_pair (out, sender && sender->name.len ? sender->name : PT_LIT ("(deleted)"), item->body);
    pt_buf_puts (out, "}");
}

/*  `{"message":"<name> has joined the chat"}` */
static void s_tell_move (gw_ws_t *ws, pt_str_t name, const char *did)
{
    pt_buf_t *out = gw_seat_begin (ws);
    pt_buf_puts (out, "{\"message\":");
    gw_text_str (out, name.at, name.len);
    if (!pt_buf_error (out))
        out->len--; /* the quote */
    pt_buf_printf (out, " has %s the chat\"}", did);
    gw_seat_tell (ws);
}

/* ---- telling it ------------------------------------------------------------ */

/*  What has been told to the others is told to who caused it. */
static void s_tell_first (s_open_t *self)
{
    const gw_word_t *word = self->words.first;
    if (word->kind == GW_WORD_JOINED)
        s_tell_move (self->ws, pt_str (self->name), "joined");
    else
        gw_seat_tell_as (self->ws, word->text, word->is_binary);
}

/*  When chat is away what waits is given up too: each would wait as long. */
static void s_fail_words (s_open_t *self, int err, const pt_error_t *error)
{
    bool is_away = pt_error_is_transient (err);
    do {
        gw_ws_fail_with (self->ws, 0, err, error);
        gw_words_drop (&self->words);
    } while (is_away && self->words.first && self->words.first->kind == GW_WORD_SAID);
}

static void s_pump (s_open_t *self);

static void s_settle_first (s_open_t *self, int err, const pt_error_t *error)
{
    if (self->words.first->kind == GW_WORD_JOINED)
        self->is_speaking = true;
    if (err)
        s_fail_words (self, err, error);
    else {
        s_tell_first (self);
        gw_words_drop (&self->words);
    }
}

static void s_on_told (void *arg, const sv_reply_t *reply)
{
    s_open_t *self = arg;
    self->call = 0;
    s_settle_first (self, reply->status, reply->error);
    s_pump (self);
}

/*  Of a signal that whoever caused it does not wait for. */
static void s_on_nothing (void *arg, const sv_reply_t *reply)
{
    (void)arg;
    (void)reply;
}

static uint64_t s_signal (const s_open_t *self, pt_room_signal_t *signal, sv_reply_fn *fn, void *arg, int *out_err)
{
    char trace[LIM_TRACE + 1];
    gw_ws_name_call (self->ws, trace);
    signal->address = pt_str (gw_seat_place (self->ws)->address);
    signal->origin = self->origin;
    signal->has_origin = true;
    if (self->name) {
        signal->account = gw_seat_account (self->ws);
        signal->name = pt_str (self->name);
        signal->has_account = signal->has_name = true;
    }
    return gw_signal_send (self->ws->gw->signals, signal, trace, fn, arg, out_err);
}

static void s_send_first (s_open_t *self)
{
    const gw_word_t *word = self->words.first;
    pt_room_signal_t signal = {.kind = PT_signal_JOINED};
    int err = 0;
    if (word->kind == GW_WORD_SAID)
        signal = (pt_room_signal_t){.kind = PT_signal_SAID,
                                    .text = word->text,
                                    .has_text = true,
                                    .binary = word->is_binary,
                                    .has_binary = word->is_binary};
    self->call = s_signal (self, &signal, s_on_told, self, &err);
    if (!self->call)
        s_settle_first (self, err, NULL);
}

static void s_post_first (s_open_t *self)
{
    gw_seat_post (self->ws, self->words.first->text);
    gw_words_drop (&self->words);
}

/*  Whoever came before this one hears what it says: nothing goes out before the way of signals is
    known to be there. */
static void s_pump (s_open_t *self)
{
    while (self->is_heard && self->words.first && !self->call && !self->ws->is_closing) {
        if (self->words.first->kind != GW_WORD_POST)
            s_send_first (self);
        else if (self->is_speaking)
            s_post_first (self);
        else
            return;
    }
}

/*  Says it when all that was said before has gone out. */
static void s_say (s_open_t *self, gw_word_kind_t kind, pt_str_t text, bool is_binary)
{
    int err = gw_words_add (&self->words, kind, text, is_binary);
    if (err == -PT_E_too_many)
        gw_ws_fail (self->ws, 0, err, PT_LIT ("too much without an answer"));
    else if (err)
        gw_seat_end (self->ws, "out of memory"); /* what follows must not overtake it */
    else
        s_pump (self);
}

/* ---- joining ------------------------------------------------------------------------ */

/*  What was said too early waits behind it. */
static void s_join (s_open_t *self)
{
    if (self->has_joined || !self->name || !self->is_told || !self->is_heard)
        return;
    if (gw_words_add_first (&self->words, GW_WORD_JOINED)) {
        gw_seat_end (self->ws, "out of memory");
        return;
    }
    self->has_joined = true;
    s_pump (self);
}

static void s_on_name (gw_ws_t *ws, const void *msg)
{
    s_open_t *self = s_own (ws);
    if (!msg) {
        gw_seat_end (ws, "try again");
        return;
    }
    const pt_str_t name = gw_dialect_person_name (msg);
    self->name = strndup (name.len ? name.at : "", name.len);
    if (self->name)
        s_join (self);
    else
        gw_seat_end (ws, "out of memory");
}

static void s_ask_name (gw_ws_t *ws)
{
    const pt_person_ref_t oneself = {.account = gw_seat_account (ws)};
    if (!gw_seat_try (ws, PT_OP_chat_person, &oneself, oneself.account, s_on_name))
        gw_seat_end (ws, "try again");
}

static void s_follow (gw_ws_t *ws, uint64_t room, uint64_t head, uint64_t floor)
{
    uint64_t since = head > S_HISTORY ? head - S_HISTORY : 0;
    gw_seat_follow (ws, room, since < floor ? floor : since);
}

static void s_on_room (gw_ws_t *ws, const void *msg)
{
    const pt_room_t *room = msg;
    if (room)
        s_follow (ws, room->id, room->head, room->floor);
    else
        gw_seat_end (ws, "try again");
}

/*  The room is made, or found if somebody else was faster. */
static void s_ask_room (gw_ws_t *ws)
{
    char key[LIM_KEY + 1];
    const pt_str_t address = pt_str (gw_seat_place (ws)->address);
    snprintf (key, sizeof key, "open-%014" PRIx64, s_own (ws)->origin);
    const pt_room_create_t create = {.account = gw_seat_account (ws),
                                     .name = address,
                                     .has_name = true,
                                     .key = pt_str (key),
                                     .dialect = PT_room_dialect_OPEN,
                                     .has_dialect = true,
                                     .room_address = address,
                                     .has_room_address = true};
    if (!gw_seat_try (ws, PT_OP_chat_room_create, &create, create.account, s_on_room))
        gw_seat_end (ws, "try again");
}

static void s_caught_up (gw_ws_t *ws)
{
    s_open_t *self = s_own (ws);
    self->is_told = true;
    if (!s_is_anonymous (self))
        s_join (self);
}

/* ---- a room that comes to be ---------------------------------------------------------- */

static void s_on_looked (void *arg, const sv_reply_t *reply)
{
    s_open_t *self = arg;
    bool is_away = reply->status && pt_error_is_transient (reply->status);
    self->look_call = 0;
    self->look_ms = sv_now_ms () + (is_away ? S_LOOK_AWAY_MS : S_LOOK_MS);
    if (!reply->status)
        gw_seat_follow (self->ws, ((const pt_room_detail_t *)reply->msg)->room->id, 0);
}

static void s_look (s_open_t *self)
{
    const gw_place_t *place = gw_seat_place (self->ws);
    if (self->look_call || place->room || !s_is_anonymous (self))
        return;
    char trace[LIM_TRACE + 1];
    gw_ws_name_call (self->ws, trace);
    const pt_room_find_t find = {.address = pt_str (place->address),
                                 .has_address = true,
                                 .dialect = PT_room_dialect_OPEN,
                                 .brief = true,
                                 .has_brief = true};
    const sv_call_t call = {.opcode = PT_OP_chat_room_find, .msg = &find, .deadline_ms = GW_WS_CALL_MS, .trace = trace};
    self->look_call = sv_bus_call (self->ws->gw->bus, &call, s_on_looked, self, NULL);
    self->look_ms = sv_now_ms () + S_LOOK_AWAY_MS;
}

static void s_ticked (gw_ws_t *ws)
{
    s_open_t *self = s_own (ws);
    if (ws->sessions->now_ms >= self->look_ms)
        s_look (self);
}

/* ---- what is told ------------------------------------------------------------------- */

/*  Who has not joined yet hears nothing that is not kept; nor does who may be signed out. */
static bool s_may_hear (const s_open_t *self)
{
    const gw_ws_t *ws = self->ws;
    if (s_is_anonymous (self))
        return true;
    return self->is_speaking && !gw_revoked_is_blind (ws->gw->revoked, sv_now_ms ());
}

static void s_on_signal (void *arg, const pt_room_signal_t *signal)
{
    s_open_t *self = arg;
    if (self->ws->is_closing || (signal->has_origin && signal->origin == self->origin))
        return;
    if (signal->has_account)
        s_look (self);
    if (!s_may_hear (self))
        return;
    if (signal->kind == PT_signal_SAID)
        gw_seat_tell_as (self->ws, signal->text, signal->has_binary && signal->binary);
    else if (signal->kind == PT_signal_JOINED || signal->kind == PT_signal_LEFT)
        s_tell_move (self->ws, signal->name, signal->kind == PT_signal_JOINED ? "joined" : "left");
}

/*  Whoever joined before this one heard it is found by looking. */
static void s_on_ready (void *arg)
{
    s_open_t *self = arg;
    if (self->ws->is_closing)
        return;
    self->is_heard = true;
    s_look (self);
    if (s_is_anonymous (self))
        s_pump (self);
    else
        s_join (self);
}

/* ---- life --------------------------------------------------------------------------- */

static void s_opened (gw_ws_t *ws)
{
    s_open_t *self = calloc (1, sizeof *self);
    const gw_place_t *place = gw_seat_place (ws);
    int err = 0;
    if (!self) {
        gw_seat_end (ws, "out of memory");
        return;
    }
    gw_seat_keep (ws, self);
    self->ws = ws;
    gw_random (&self->origin, sizeof self->origin);
    self->origin &= LIM_SEQ;
    self->look_ms = sv_now_ms () + S_LOOK_MS;
    self->listener =
        gw_listener_new (ws->gw->signals, place->address, strlen (place->address), s_on_signal, self, &err);
    if (!self->listener) {
        gw_seat_end (ws, "try again");
        return;
    }
    gw_listener_await (self->listener, s_on_ready);
    if (s_is_anonymous (self))
        return;
    s_ask_name (ws);
    if (place->room)
        s_follow (ws, place->room, place->head, place->floor);
    else
        s_ask_room (ws);
}

static void s_say_text (s_open_t *self, pt_str_t text)
{
    pt_buf_t *out = gw_seat_begin (self->ws);
    if (gw_echo_put (out, text))
        gw_seat_end (self->ws, "out of memory");
    else if (out->len > LIM_BODY)
        gw_seat_error (self->ws, PT_LIT ("the message is too long"));
    else
        s_say (self, GW_WORD_SAID, (pt_str_t){out->at, (uint32_t)out->len}, false);
}

static void s_heard_anonymous (s_open_t *self, pt_str_t text, bool is_binary)
{
    if (!is_binary)
        s_say_text (self, text);
    else if (text.len > LIM_BODY)
        gw_seat_error (self->ws, PT_LIT ("the message is too long"));
    else
        s_say (self, GW_WORD_SAID, text, true);
}

static void s_heard_person (s_open_t *self, pt_str_t text, bool is_binary)
{
    gw_said_t said;
    pt_str_t body;
    if (is_binary) {
        gw_seat_error (self->ws, PT_LIT ("Text messages only."));
        return;
    }
    if (!gw_said_read (self->ws, text, &said))
        return;
    if (gw_said_text (&said, "message", &body))
        s_say (self, GW_WORD_POST, body, false);
    else
        gw_seat_error (self->ws, PT_LIT ("message is required."));
    gw_said_done (&said);
}

static void s_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    s_open_t *self = s_own (ws);
    if (s_is_anonymous (self))
        s_heard_anonymous (self, text, is_binary);
    else
        s_heard_person (self, text, is_binary);
}

static void s_closing (gw_ws_t *ws)
{
    s_open_t *self = s_own (ws);
    if (!self)
        return;
    if (self->has_joined)
        s_signal (self, &(pt_room_signal_t){.kind = PT_signal_LEFT}, s_on_nothing, NULL, NULL);
    if (self->call)
        sv_bus_cancel (ws->gw->bus, self->call);
    if (self->look_call)
        sv_bus_cancel (ws->gw->bus, self->look_call);
    gw_listener_destroy (&self->listener);
    gw_words_fini (&self->words);
    free (self->name);
}

/* ---- what the document says --------------------------------------------------------------- */

static const gw_shape_t s_say_shapes[] = {
    {"message", GW_SHAPE_ANY, 0, "of who is signed in a text, which is kept; of others anything, which comes back"},
    {0}};
static const gw_shape_t s_told_shapes[] = {
    {"message", GW_SHAPE_ANY, 0,
     "`<user>: <text>`, `<user> has joined the chat`, `<user> has left the chat`; or what somebody said who is not "
     "signed in"},
    {0}};
static const gw_shape_t s_text_shapes[] = {{"", GW_SHAPE_TEXT, 0, "at most 16384 bytes"}, {0}};
static const gw_shape_t s_bytes_shapes[] = {{"", GW_SHAPE_BYTES, 0, "at most 16384 bytes, in a binary frame"}, {0}};
static const gw_voice_frame_t s_takes[] = {
    {"say", "Say something to all who are there", s_say_shapes, NULL},
    {"say_text", "Any other text, of who is not signed in", s_text_shapes, "text/plain"},
    {"say_bytes", "Bytes, of who is not signed in", s_bytes_shapes, "application/octet-stream"},
    {0}};
static const gw_voice_frame_t s_tells[] = {
    {"told", "Somebody has said something, has come or has gone", s_told_shapes, NULL},
    {"told_text", "Text of who is not signed in, as it came", s_text_shapes, "text/plain"},
    {"told_bytes", "Bytes of who is not signed in, as they came", s_bytes_shapes, "application/octet-stream"},
    {0}};
static const gw_voice_spec_t s_spec = {
    "A room that anybody may enter. Who is signed in is told what was said before, joins, and is kept; what others "
    "say comes back to them, goes to all who are there, and is kept nowhere.",
    "A word that no other dialect's rooms can have: `[0-9A-Za-z_-]{1,100}`", s_takes, s_tells};

const gw_voice_t gw_voice_open = {.dialect = PT_room_dialect_OPEN,
                                  .spec = &s_spec,
                                  .is_open = true,
                                  .has_items = true,
                                  .needs_sender = true,
                                  .takes_binary = true,
                                  .put = s_put,
                                  .opened = s_opened,
                                  .caught_up = s_caught_up,
                                  .heard = s_heard,
                                  .ticked = s_ticked,
                                  .closing = s_closing};
