/*  gw_voice_member - the sockets of members' rooms: {"message"} in, {"message", "sender", "timestamp"}
    out, to all members who are there. */

#include "gw_dialect_json.h"
#include "gw_said.h"
#include "gw_shape.h"
#include "gw_text.h"
#include "gw_voices.h"

/*  Characters of one message. */
#define S_MESSAGE 1000

static void s_put (pt_buf_t *out, const pt_item_t *item, const gw_sender_t *sender)
{
    if (item->kind != PT_item_kind_MESSAGE)
        return;
    pt_buf_puts (out, "{\"message\":");
    gw_text_str (out, item->body.at, item->body.len);
    pt_buf_puts (out, ",\"sender\":");
    if (sender && sender->email.len)
        gw_text_str (out, sender->email.at, sender->email.len);
    else
        pt_buf_puts (out, "null");
    pt_buf_puts (out, ",\"timestamp\":");
    gw_dialect_json_stamp (out, item->at);
    pt_buf_puts (out, "}");
}

static void s_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    (void)is_binary;
    gw_said_t said;
    if (!gw_said_read (ws, text, &said))
        return;
    pt_str_t body;
    if (!gw_said_text (&said, "message", &body))
        gw_seat_error (ws, PT_LIT ("message is required."));
    else if (gw_said_length (body) > S_MESSAGE)
        gw_seat_error (ws, PT_LIT ("message has more than 1000 characters."));
    else
        gw_seat_post (ws, body);
    gw_said_done (&said);
}

/* ---- what the document says --------------------------------------------------------------- */

static const gw_shape_t s_say_shapes[] = {{"message", GW_SHAPE_TEXT, 0, "at most 1000 characters; may be empty"}, {0}};
static const gw_shape_t s_told_shapes[] = {
    {"message", GW_SHAPE_TEXT, 0, "what was said"},
    {"sender", GW_SHAPE_EMAIL, GW_SHAPE_NULL, "who said it; null without an address, or when the account is deleted"},
    {"timestamp", GW_SHAPE_STAMP, 0, "when, to the microsecond"},
    {0}};
static const gw_voice_frame_t s_takes[] = {{"say", "Say something to all members", s_say_shapes, NULL}, {0}};
static const gw_voice_frame_t s_tells[] = {{"told", "Somebody has said something", s_told_shapes, NULL}, {0}};
static const gw_voice_spec_t s_spec = {
    "A room of members, for them alone. Closed with 4403 for who is removed, with 4404 when the room is deleted.",
    "The slug of the room: `[0-9A-Za-z_-]*_[0-9a-f]{5}`, at most 120 characters", s_takes, s_tells};

const gw_voice_t gw_voice_member = {.dialect = PT_room_dialect_MEMBER,
                                    .spec = &s_spec,
                                    .needs_account = true,
                                    .has_items = true,
                                    .needs_sender = true,
                                    .takes_empty = true,
                                    .put = s_put,
                                    .heard = s_heard};
