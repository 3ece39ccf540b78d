/*  gw_voice_clock - the sockets of groups that tell the time: a greeting, the time for whoever sends
    anything, and for all, each by its own name, when the group is told to tell.

    The greeting says that the group is heard: it waits until the way of its signals is known to be there
    (gw_listener_await), or for GW_SIGNAL_PROOF_MS, behind which one of them may be missed.  It is the first
    frame: what is asked before waits for it. */

#include "gw.h"
#include "gw_dialect_person.h"
#include "gw_seat.h"
#include "gw_shape.h"
#include "gw_signal.h"
#include "gw_text.h"
#include "gw_voices.h"
#include <stdlib.h>

/*  Bytes of a name as it is shown. */
#define S_NAME LIM_EMAIL
_Static_assert(S_NAME >= LIM_NAME && S_NAME >= LIM_LOGIN, "every name fits");

typedef struct {
    gw_listener_t *listener;
    char name[S_NAME + 1];
    bool is_named, is_heard; /* what the greeting waits for */
    bool is_greeted;
    unsigned owed; /* times that were asked for before it */
} s_clock_t;

/* ---- frames ------------------------------------------------------------------------------ */

/*  `start`, a name, and what time it is, UTC. */
static void s_tell (gw_ws_t *ws, const char *start, const char *name)
{
    char clock[GW_TEXT_CLOCK + 1] = {0}, line[S_NAME + 32];
    gw_text_put_clock (clock, sv_wall_us ());
    int len = snprintf (line, sizeof line, "%s%s%snow is %s", start, name, *name ? " " : "", clock);
    pt_buf_t *out = gw_seat_begin (ws);
    pt_buf_puts (out, "{\"type\":\"chat_message\",\"message\":");
    gw_text_str (out, line, (size_t)len);
    pt_buf_puts (out, "}");
    gw_seat_tell (ws);
}

static void s_greet (gw_ws_t *ws)
{
    s_clock_t *self = gw_seat_own (ws);
    if (!self->is_named || !self->is_heard)
        return;
    self->is_greeted = true;
    s_tell (ws, "hi ", self->name);
    for (; self->owed; self->owed--)
        s_tell (ws, "", "");
}

/* ---- what the greeting waits for ------------------------------------------------------------ */

static void s_on_ready (void *arg)
{
    gw_ws_t *ws = arg;
    s_clock_t *self = gw_seat_own (ws);
    self->is_heard = true;
    s_greet (ws);
}

static void s_on_person (gw_ws_t *ws, const void *msg)
{
    s_clock_t *self = gw_seat_own (ws);
    if (!msg) {
        gw_seat_end (ws, "try again");
        return;
    }
    const pt_str_t name = gw_dialect_person_name (msg);
    self->is_named = true;
    snprintf (self->name, sizeof self->name, "%.*s", (int)name.len, name.at);
    s_greet (ws);
}

static void s_on_signal (void *arg, const pt_room_signal_t *signal)
{
    gw_ws_t *ws = arg;
    const s_clock_t *self = gw_seat_own (ws);
    if (signal->kind == PT_signal_TELL && self->is_greeted)
        s_tell (ws, "", self->name);
}

/*  Nothing is said in a group: it is followed so that its end is known. */
static void s_put (pt_buf_t *out, const pt_item_t *item, const gw_sender_t *sender)
{
    (void)out, (void)item, (void)sender;
}

/* ---- the voice --------------------------------------------------------------------------------- */

static void s_opened (gw_ws_t *ws)
{
    const pt_person_ref_t oneself = {.account = gw_seat_account (ws)};
    const char *address = gw_seat_place (ws)->address;
    int err = -PT_E_memory;
    s_clock_t *self = calloc (1, sizeof *self);
    gw_seat_keep (ws, self);
    if (self)
        self->listener = gw_listener_new (gw_seat_gw (ws)->signals, address, strlen (address), s_on_signal, ws, &err);
    if (!self || !self->listener) {
        gw_seat_end (ws, pt_error_title (err));
        return;
    }
    gw_listener_await (self->listener, s_on_ready);
    if (!gw_seat_try (ws, PT_OP_chat_person, &oneself, oneself.account, s_on_person))
        gw_seat_end (ws, "try again");
}

/*  Nothing of it counts. */
static void s_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    s_clock_t *self = gw_seat_own (ws);
    (void)text, (void)is_binary;
    if (self->is_greeted)
        s_tell (ws, "", "");
    else if (self->owed == LIM_WS_PENDING)
        gw_seat_error (ws, PT_LIT ("too much without an answer"));
    else
        self->owed++;
}

static void s_closing (gw_ws_t *ws)
{
    s_clock_t *self = gw_seat_own (ws);
    if (self)
        gw_listener_destroy (&self->listener);
}

/* ---- what the document says --------------------------------------------------------------- */

static const char *const s_types[] = {"chat_message", NULL};
static const gw_shape_t s_ask_shapes[] = {{"", GW_SHAPE_TEXT, 0, "any text: nothing of it counts"}, {0}};
static const gw_shape_t s_told_shapes[] = {{"type", GW_SHAPE_TEXT, 0, "always the same", .one_of = s_types},
                                           {"message", GW_SHAPE_TEXT, 0,
                                            "`hi <name> now is HH:MM:SS` (UTC) at first; `now is HH:MM:SS` as an "
                                            "answer; `<own name> now is HH:MM:SS` when the "
                                            "group is told to tell"},
                                           {0}};
static const gw_voice_frame_t s_takes[] = {{"ask", "Ask for the time", s_ask_shapes, "text/plain"}, {0}};
static const gw_voice_frame_t s_tells[] = {{"told", "What time it is", s_told_shapes, NULL}, {0}};
static const gw_voice_spec_t s_spec = {
    "A group that tells the time, for whoever shows a credential. Closed with 4404 when the group is deleted.",
    "The name of the group: `chat_[0-9a-f]{8}`", s_takes, s_tells};

const gw_voice_t gw_voice_clock = {.dialect = PT_room_dialect_CLOCK,
                                   .spec = &s_spec,
                                   .is_open = true,
                                   .needs_account = true,
                                   .has_items = true,
                                   .put = s_put,
                                   .opened = s_opened,
                                   .heard = s_heard,
                                   .closing = s_closing};
