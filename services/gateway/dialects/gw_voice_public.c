/*  gw_voice_public - the sockets of numbered rooms: {"message", "userid"} in, {"message", "username"} out,
    to all who listen.

    Anybody may listen, an account speaks: `userid` has to name who is signed in.  With compat-trust-userid
    it is believed where nobody is; then it is asked first whether there is such an account, one frame
    after the other, so that what came first is said first. */

#include "gw.h"
#include "gw_config.h"
#include "gw_dialect_json.h"
#include "gw_said.h"
#include "gw_shape.h"
#include "gw_text.h"
#include "gw_voices.h"
#include <stdlib.h>

_Static_assert(LIM_BODY == 16384, "as the error says");

static void s_put (pt_buf_t *out, const pt_item_t *item, const gw_sender_t *sender)
{
    if (item->kind != PT_item_kind_MESSAGE)
        return;
    pt_buf_puts (out, "{\"message\":");
    gw_text_str (out, item->body.at, item->body.len);
    pt_buf_puts (out, ",\"username\":");
    gw_dialect_json_text (out, sender && sender->name.len, sender ? sender->name : PT_LIT (""));
    pt_buf_puts (out, "}");
}

/* ---- for whom nobody vouches ---------------------------------------------------------- */

/*  Frames of one socket that wait for their turn: at most 1 MiB.  One more is refused. */
#define S_LINES 64

typedef struct s_line {
    struct s_line *next;
    uint64_t account;
    uint32_t len;
    char text[];
} s_line_t;

typedef struct {
    s_line_t *first, *last; /* it is asked who `first` is from */
    unsigned count;
} s_lines_t;

static void s_drop (s_lines_t *self)
{
    s_line_t *line = self->first;
    self->first = line->next;
    self->count--;
    free (line);
}

static void s_on_person (gw_ws_t *ws, const void *msg);

/*  What can't be asked has been told. */
static void s_ask (gw_ws_t *ws, s_lines_t *self)
{
    while (self->first) {
        const pt_person_ref_t oneself = {.account = self->first->account};
        if (gw_seat_try (ws, PT_OP_chat_person, &oneself, oneself.account, s_on_person))
            return;
        s_drop (self);
    }
}

static void s_on_person (gw_ws_t *ws, const void *msg)
{
    s_lines_t *self = gw_seat_own (ws);
    const pt_person_t *person = msg;
    const s_line_t *line = self->first;
    if (person && person->has_active && person->active) {
        gw_seat_speak_for (ws, line->account);
        gw_seat_post (ws, (pt_str_t){line->text, line->len});
        gw_seat_speak_for (ws, 0);
    } else if (person)
        gw_seat_error (ws, PT_LIT ("userid may not sign in."));
    s_drop (self);
    s_ask (ws, self);
}

static s_lines_t *s_lines (gw_ws_t *ws)
{
    if (!gw_seat_own (ws))
        gw_seat_keep (ws, calloc (1, sizeof (s_lines_t)));
    return gw_seat_own (ws);
}

static void s_believe (gw_ws_t *ws, uint64_t account, pt_str_t text)
{
    s_lines_t *self = s_lines (ws);
    if (self && self->count == S_LINES) {
        gw_seat_error (ws, PT_LIT ("too much without an answer"));
        return;
    }
    s_line_t *line = self ? malloc (sizeof *line + text.len) : NULL;
    if (!line) {
        gw_seat_end (ws, "out of memory"); /* what follows must not overtake it */
        return;
    }
    *line = (s_line_t){.account = account, .len = text.len};
    memcpy (line->text, text.at, text.len);
    if (self->count++) {
        self->last = self->last->next = line;
        return;
    }
    self->first = self->last = line;
    s_ask (ws, self);
}

static void s_closing (gw_ws_t *ws)
{
    s_lines_t *self = gw_seat_own (ws);
    while (self && self->first)
        s_drop (self);
}

/* ---- what is said ----------------------------------------------------------------------- */

/*  Who shows a credential is not believed to be anybody else. */
static void s_judge (gw_ws_t *ws, uint64_t account, pt_str_t text)
{
    const gw_config_t *config = gw_seat_gw (ws)->config;
    const uint64_t oneself = gw_seat_account (ws);
    if (oneself && account == oneself)
        gw_seat_post (ws, text);
    else if (oneself)
        gw_seat_error (ws, PT_LIT ("userid is somebody else's."));
    else if (config && config->compat_trust_userid)
        s_believe (ws, account, text);
    else
        gw_seat_error (ws, PT_LIT ("Authentication credentials were not provided."));
}

static void s_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    (void)is_binary;
    gw_said_t said;
    pt_str_t message;
    uint64_t account;
    if (!gw_said_read (ws, text, &said))
        return;
    if (!gw_said_text (&said, "message", &message))
        gw_seat_error (ws, PT_LIT ("message is required."));
    else if (message.len > LIM_BODY)
        gw_seat_error (ws, PT_LIT ("message has more than 16384 bytes."));
    else if (!gw_said_id (&said, "userid", &account))
        gw_seat_error (ws, PT_LIT ("userid is required."));
    else
        s_judge (ws, account, message);
    gw_said_done (&said);
}

/* ---- what the document says --------------------------------------------------------------- */

static const gw_shape_t s_say_shapes[] = {{"message", GW_SHAPE_TEXT, 0, "at most 16384 bytes"},
                                          {"userid", GW_SHAPE_ANY, 0, "one's own number, or its digits"},
                                          {0}};
static const gw_shape_t s_told_shapes[] = {
    {"message", GW_SHAPE_TEXT, 0, "what was said"},
    {"username", GW_SHAPE_TEXT, GW_SHAPE_NULL, "who said it; null when the account is deleted"},
    {0}};
static const gw_voice_frame_t s_takes[] = {{"say", "Say something to all", s_say_shapes, NULL}, {0}};
static const gw_voice_frame_t s_tells[] = {{"told", "Somebody has said something", s_told_shapes, NULL}, {0}};
static const gw_voice_spec_t s_spec = {
    "A numbered room. Anybody may listen; who is signed in, by any credential of the handshake, may speak. Closed "
    "with 4404 when the room is deleted.",
    "The number of the room: `[0-9]+`", s_takes, s_tells};

const gw_voice_t gw_voice_public = {.dialect = PT_room_dialect_PUBLIC,
                                    .spec = &s_spec,
                                    .is_open = true,
                                    .has_items = true,
                                    .needs_sender = true,
                                    .put = s_put,
                                    .heard = s_heard,
                                    .closing = s_closing};
