/*  gw_seat - see gw_seat.h. */

#include "gw_seat.h"
#include "gw_random.h"
#include "gw_revoked.h"
#include "gw_text.h"
#include "gw_ws_priv.h"
#include <inttypes.h>
#include <stdlib.h>

enum { S_PARTED = 4403, S_GONE = 4404 };

struct gw_seat {
    gw_place_t place; /* no voice: not taken yet */
    uint64_t speaker; /* 0: the session's account */
    uint64_t since;   /* last seq told, of `epoch` (0: the first that is met) */
    uint64_t epoch;
    uint64_t target;   /* head of the room when it was joined first */
    bool wants_room;   /* to be followed; asked for again with each tick until it is */
    bool is_following; /* it has been, at least once */
    bool is_caught_up;
    bool is_removed; /* it is closed when the write at hand is done */
    char key[17];    /* what its send_ids begin with */
    uint64_t posts;
    void *own;
};

int gw_seat_reserve (gw_ws_t *ws)
{
    uint64_t random;
    ws->seat = calloc (1, sizeof *ws->seat);
    if (!ws->seat)
        return -PT_E_memory;
    gw_random (&random, sizeof random);
    snprintf (ws->seat->key, sizeof ws->seat->key, "%016" PRIx64, random);
    return 0;
}

void gw_seat_take (gw_ws_t *ws, const gw_place_t *place)
{
    gw_seat_t *self = ws->seat;
    self->place = *place;
    self->target = place->head;
    if (place->voice->opened)
        place->voice->opened (ws);
    if (place->voice->has_items && place->room && !self->wants_room)
        gw_seat_follow (ws, place->room, place->head);
}

void gw_seat_leave (gw_ws_t *ws)
{
    gw_seat_t *self = ws->seat;
    if (!self)
        return;
    if (self->place.voice && self->place.voice->closing)
        self->place.voice->closing (ws);
    free (self->own);
    free (self);
    ws->seat = NULL;
}

/* ---- for voices ---------------------------------------------------------------------- */

const gw_place_t *gw_seat_place (const gw_ws_t *ws)
{
    return &ws->seat->place;
}

gw_t *gw_seat_gw (const gw_ws_t *ws)
{
    return ws->gw;
}

const gw_voice_t *gw_seat_voice (const gw_ws_t *ws)
{
    return ws->seat->place.voice;
}

uint64_t gw_seat_account (const gw_ws_t *ws)
{
    if (ws->seat->speaker)
        return ws->seat->speaker;
    return ws->has_identity ? ws->identity.account : 0;
}

void gw_seat_speak_for (gw_ws_t *ws, uint64_t account)
{
    ws->seat->speaker = account;
}

pt_buf_t *gw_seat_begin (gw_ws_t *ws)
{
    pt_buf_t *text = &ws->sessions->text;
    pt_buf_clear (text);
    return text;
}

void gw_seat_tell (gw_ws_t *ws)
{
    const pt_buf_t *text = &ws->sessions->text;
    gw_frame_t *frame = pt_buf_error (text) ? NULL : gw_frame_new (text->at, text->len);
    gw_ws_put (ws, &frame);
}

void gw_seat_tell_as (gw_ws_t *ws, pt_str_t bytes, bool is_binary)
{
    gw_frame_t *frame = is_binary ? gw_frame_new_binary (bytes.at, bytes.len) : gw_frame_new (bytes.at, bytes.len);
    gw_ws_put (ws, &frame);
}

void gw_seat_error (gw_ws_t *ws, pt_str_t text)
{
    pt_buf_t *out = gw_seat_begin (ws);
    pt_buf_puts (out, "{\"error\":");
    gw_text_str (out, text.at, text.len);
    pt_buf_puts (out, "}");
    gw_seat_tell (ws);
}

/*  The id is random and counted, so that no two posts of any socket have the same. */
void gw_seat_post (gw_ws_t *ws, pt_str_t body)
{
    gw_seat_t *self = ws->seat;
    int err = ws->has_identity ? gw_identity_may (&ws->identity, GW_SCOPE_WRITE) : 0;
    if (err) {
        gw_ws_fail (ws, 0, err, (pt_str_t){0});
        return;
    }
    char send_id[48];
    snprintf (send_id, sizeof send_id, "%s-%" PRIu64, self->key, ++self->posts);
    const pt_send_entry_t entry = {.send_id = pt_str (send_id), .has_send_id = true, .body = body, .has_body = true};
    gw_ws_post (ws, 0, self->place.room, &entry);
}

static void s_on_reply (void *arg, const sv_reply_t *reply)
{
    gw_op_t *op = arg;
    gw_ws_t *ws = op->ws;
    op->call = 0;
    gw_seat_reply_fn *fn = op->told;
    bool is_told = !reply->status || op->tells_failure;
    if (reply->status)
        gw_ws_fail_with (ws, 0, reply->status, reply->error);
    gw_op_destroy (&op);
    if (is_told)
        fn (ws, reply->status ? NULL : reply->msg);
}

static bool s_ask (gw_ws_t *ws, uint16_t opcode, const void *msg, uint64_t affinity, gw_seat_reply_fn *fn,
                   bool tells_failure)
{
    gw_op_t *op = gw_op_new (ws, 0, affinity);
    if (!op)
        return false;
    op->told = fn;
    op->tells_failure = tells_failure;
    gw_op_call (&op, opcode, msg, s_on_reply);
    return op;
}

void gw_seat_ask (gw_ws_t *ws, uint16_t opcode, const void *msg, uint64_t affinity, gw_seat_reply_fn *fn)
{
    s_ask (ws, opcode, msg, affinity, fn, false);
}

bool gw_seat_try (gw_ws_t *ws, uint16_t opcode, const void *msg, uint64_t affinity, gw_seat_reply_fn *fn)
{
    return s_ask (ws, opcode, msg, affinity, fn, true);
}

void gw_seat_look_back (gw_ws_t *ws, int64_t before_at, uint32_t limit, pt_str_t note, gw_seat_page_fn *fn)
{
    gw_op_t *op = gw_op_new (ws, 0, ws->seat->place.room);
    if (!op)
        return;
    op->query = (pt_history_query_t){.account = gw_seat_account (ws),
                                     .room = op->room,
                                     .limit = limit,
                                     .has_limit = true,
                                     .before_at = before_at,
                                     .has_before_at = true};
    op->looked = fn;
    while (op->note_len < note.len && op->note_len < GW_SEAT_NOTE) {
        op->note[op->note_len] = note.at[op->note_len];
        op->note_len++;
    }
    gw_ws_ask_history (op);
}

void gw_seat_end (gw_ws_t *ws, const char *reason)
{
    gw_ws_shut (ws, GW_WS_SHORT, reason);
}

void *gw_seat_own (const gw_ws_t *ws)
{
    return ws->seat->own;
}

void gw_seat_keep (gw_ws_t *ws, void *own)
{
    free (ws->seat->own);
    ws->seat->own = own;
}

/*  Frames count as those of native clients do; who can't be judged as signed in is not heard. */
void gw_seat_heard (gw_ws_t *ws, pt_str_t text, bool is_binary)
{
    const gw_voice_t *voice = ws->seat->place.voice;
    if (!voice)
        return;
    if (ws->has_identity && gw_revoked_is_blind (ws->gw->revoked, sv_now_ms ()))
        gw_ws_fail (ws, 0, PT_E_unavailable, (pt_str_t){0});
    else if (is_binary && !voice->takes_binary)
        gw_seat_error (ws, PT_LIT ("Text messages only."));
    else
        voice->heard (ws, text, is_binary);
}

/* ---- the room ---------------------------------------------------------------------------- */

void gw_seat_follow (gw_ws_t *ws, uint64_t room, uint64_t since)
{
    gw_seat_t *self = ws->seat;
    self->place.room = room;
    self->since = since;
    self->wants_room = true;
    gw_ws_follow (ws);
}

/*  What an epoch numbered says nothing about another one's. */
const uint64_t *gw_seat_since (gw_ws_t *ws, const pt_membership_t *membership)
{
    gw_seat_t *self = ws->seat;
    if (self->epoch && self->epoch != membership->epoch)
        return NULL;
    if (self->since < membership->floor)
        self->since = membership->floor;
    return &self->since;
}

void gw_seat_joined (gw_ws_t *ws, uint64_t head, uint64_t epoch)
{
    gw_seat_t *self = ws->seat;
    self->wants_room = false;
    if (!self->is_following || self->epoch != epoch)
        self->target = head;
    self->epoch = epoch;
    self->is_following = true;
}

static const gw_sub_t *s_sub (const gw_ws_t *ws)
{
    return gw_idmap_get (&ws->subs, ws->seat->place.room);
}

/*  What can't be asked for, or can't be continued as it was, is followed again with the next tick,
    from where it was left. */
void gw_seat_parted (gw_ws_t *ws, int why)
{
    gw_seat_t *self = ws->seat;
    const gw_sub_t *sub = s_sub (ws);
    if (why == -PT_E_gone || why == -PT_E_not_found) {
        gw_ws_shut (ws, S_GONE, "room deleted");
        return;
    }
    if (why == -PT_E_not_member || why == -PT_E_forbidden) {
        gw_ws_shut (ws, S_PARTED, "removed from the room");
        return;
    }
    if (sub && sub->feed.next)
        self->since = sub->feed.next - 1;
    self->wants_room = true;
}

/*  The close writes what there is, which is planned by the write that has come to this end. */
void gw_seat_removed (gw_ws_t *ws)
{
    ws->seat->is_removed = true;
}

void gw_seat_tick (gw_ws_t *ws)
{
    const gw_voice_t *voice = ws->seat->place.voice;
    if (ws->seat->wants_room)
        gw_ws_follow (ws);
    if (voice && voice->ticked && !ws->is_closing)
        voice->ticked (ws);
}

void gw_seat_flushed (gw_ws_t *ws)
{
    gw_seat_t *self = ws->seat;
    if (self->is_removed) {
        self->is_removed = false;
        gw_seat_parted (ws, -PT_E_not_member);
        return;
    }
    if (self->is_caught_up || !self->is_following)
        return;
    const gw_sub_t *sub = s_sub (ws);
    if (!sub || !sub->is_joined || sub->feed.next <= self->target)
        return;
    self->is_caught_up = true;
    if (self->place.voice->caught_up)
        self->place.voice->caught_up (ws);
}
