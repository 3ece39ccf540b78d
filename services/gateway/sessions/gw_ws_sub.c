/*  gw_ws_sub - the subscriptions of a session.

    A subscription exists from the request on: the topic is subscribed before
    chat is asked where the account stands, so that what is committed meanwhile
    is either in the answer's head or arrives as an event. */

#include "gw_text.h"
#include "gw_ws_priv.h"

/*  ---- what rooms tell ------------------------------------------------------------ */

static void s_on_ready (gw_sub_t *sub)
{
    gw_ws_t *ws = sub->owner;
    if (ws->is_closing)
        return;
    gw_outq_ready (&ws->outq, &sub->feed);
    gw_ws_dirty (ws);
}

/*  Whether another answer about this room is still awaited. */
static bool s_is_awaited (const gw_ws_t *ws, uint64_t room)
{
    for (const gw_op_t *op = ws->ops; op; op = op->next)
        if ((op->opcode == PT_OP_chat_membership || (op->opcode == PT_OP_chat_room_find && !op->told)) &&
            op->room == room)
            return true;
    return false;
}

/*  Ends a subscription, or makes it silent when a request for it is under way. */
static void s_drop (gw_ws_t *ws, gw_sub_t *sub)
{
    gw_outq_unready (&ws->outq, &sub->feed);
    if (s_is_awaited (ws, gw_room_id (sub->room))) {
        gw_feed_fini (&sub->feed);
        sub->is_joined = false;
        return;
    }
    gw_idmap_remove (&ws->subs, gw_room_id (sub->room));
    gw_sub_destroy (&sub);
}

static void s_on_ended (gw_sub_t *sub, int why)
{
    gw_ws_t *ws = sub->owner;
    gw_outq_unready (&ws->outq, &sub->feed); /* a flush from within must not end it too */
    if (ws->seat && !ws->is_closing)
        gw_seat_parted (ws, why);
    else if (!ws->is_closing) {
        pt_buf_t *text = gw_ws_begin_event (ws, why == -PT_E_gone ? "gone" : "reset");
        pt_buf_puts (text, ",\"room\":");
        gw_text_id (text, gw_room_id (sub->room));
        if (why != -PT_E_gone) {
            pt_buf_puts (text, ",\"epoch\":");
            gw_text_u64 (text, gw_room_epoch (sub->room));
        }
        gw_ws_end (ws, "}");
    }
    s_drop (ws, sub);
}

static const gw_sub_ops_t s_sub_ops = {.ready = s_on_ready, .ended = s_on_ended};

void gw_ws_feed_page (void *arg, gw_feed_t *feed)
{
    (void)arg;
    gw_sub_page ((gw_sub_t *)feed);
}

void gw_ws_feed_end (void *arg, gw_feed_t *feed)
{
    gw_ws_t *ws = arg;
    if (ws->seat)
        gw_seat_removed (ws);
    s_drop (ws, (gw_sub_t *)feed);
}

void gw_ws_drop_subs (gw_ws_t *self)
{
    for (uint32_t i = 0; i < self->subs.cap; i++) {
        gw_sub_t *sub = gw_idmap_at (&self->subs, i);
        gw_sub_destroy (&sub);
    }
    gw_idmap_fini (&self->subs);
}

/*  ---- subscribe --------------------------------------------------------------------- */

static gw_sub_t *s_new_sub (gw_ws_t *ws, uint64_t room, int *out_err)
{
    *out_err = -PT_E_too_many;
    if (ws->subs.count >= LIM_WS_ROOMS)
        return NULL;
    gw_sub_want_t want = {.room = room, .account = ws->identity.account};
    if (ws->seat) {
        want.voice = gw_seat_voice (ws);
        want.account = want.voice->is_open ? 0 : want.account;
    }
    gw_sub_t *sub = gw_sub_new (ws->gw->rooms, &want, &s_sub_ops, ws, out_err);
    if (sub && gw_idmap_put (&ws->subs, room, sub)) {
        gw_sub_destroy (&sub);
        *out_err = -PT_E_memory;
    }
    return sub;
}

static void s_answer (gw_op_t *op, const gw_joined_t *joined)
{
    pt_buf_t *text = gw_ws_begin_ok (op->ws, op->re);
    pt_buf_puts (text, "\"head\":");
    gw_text_u64 (text, joined->head);
    pt_buf_puts (text, ",\"epoch\":");
    gw_text_u64 (text, joined->epoch);
    pt_buf_puts (text, joined->is_recovered ? ",\"recovered\":true" : ",\"recovered\":false");
    if (joined->has_floor) {
        pt_buf_puts (text, ",\"floor\":");
        gw_text_u64 (text, joined->floor);
    }
    pt_buf_puts (text, ",\"role\":\"");
    const char *role = pt_enum_text (PT_ENUM_role, joined->role);
    pt_buf_puts (text, role ? role : "");
    gw_ws_end (op->ws, "\"}}");
}

/*  Joins with chat's answer.  Own frames precede all feeds, so the `ok` queued
    here is read before the first item. */
static int s_join (gw_op_t *op, gw_sub_t *sub, const pt_membership_t *membership)
{
    gw_joined_t joined;
    gw_outq_unready (&op->ws->outq, &sub->feed);
    const uint64_t *since = op->has_seq ? &op->seq : NULL;
    if (op->ws->seat)
        since = gw_seat_since (op->ws, membership);
    int err = gw_sub_join (sub, membership, since, &joined);
    if (!err && op->ws->seat)
        gw_seat_joined (op->ws, joined.head, joined.epoch);
    else if (!err)
        s_answer (op, &joined);
    return err;
}

static void s_refuse (gw_op_t *op, int err, const pt_error_t *error)
{
    if (op->ws->seat)
        gw_seat_parted (op->ws, err);
    else
        gw_ws_fail_with (op->ws, op->re, err, error);
}

/*  `membership` is NULL when it could not be told. */
static void s_settle (gw_op_t *op, const pt_membership_t *membership, const sv_reply_t *reply)
{
    gw_ws_t *ws = op->ws;
    gw_sub_t *sub = gw_idmap_get (&ws->subs, op->room);
    int err = reply->status;
    op->call = 0;
    op->opcode = 0; /* no longer awaited */
    if (!err && !sub)
        err = -PT_E_conflict; /* unsubscribed meanwhile */
    if (!err)
        err = s_join (op, sub, membership);
    if (err) {
        s_refuse (op, err, reply->status ? reply->error : NULL);
        sub = gw_idmap_get (&ws->subs, op->room); /* a flush from within may have ended it */
        if (sub && !sub->is_joined)
            s_drop (ws, sub);
    }
    gw_op_destroy (&op);
}

static void s_on_membership (void *arg, const sv_reply_t *reply)
{
    s_settle (arg, reply->msg, reply);
}

/*  Anybody may listen: where the room stands is all that counts. */
static void s_on_found (void *arg, const sv_reply_t *reply)
{
    gw_op_t *op = arg;
    pt_membership_t membership = {.room = op->room, .role = PT_role_READER};
    if (!reply->status) {
        const pt_room_t *room = ((const pt_room_detail_t *)reply->msg)->room;
        membership.seq = room->head;
        membership.epoch = room->epoch;
        membership.floor = room->floor;
    }
    s_settle (op, &membership, reply);
}

/*  Asks where the room and the account stand.  The op is consumed. */
static void s_ask (gw_op_t *op)
{
    gw_ws_t *ws = op->ws;
    if (ws->seat && gw_seat_voice (ws)->is_open) {
        pt_room_find_t msg = {.room = op->room,
                              .has_room = true,
                              .dialect = gw_seat_voice (ws)->dialect,
                              .brief = true,
                              .has_brief = true,
                              .account = ws->identity.account,
                              .has_account = ws->has_identity};
        gw_op_call (&op, PT_OP_chat_room_find, &msg, s_on_found);
    } else {
        pt_room_ref_t msg = {.account = ws->identity.account, .room = op->room};
        gw_op_call (&op, PT_OP_chat_membership, &msg, s_on_membership);
    }
}

/*  The topic is subscribed, then chat is asked.  0, or what is in the way. */
static int s_begin (gw_ws_t *ws, uint64_t re, uint64_t room, const uint64_t *since)
{
    int err = 0;
    if (!gw_idmap_get (&ws->subs, room) && !s_new_sub (ws, room, &err))
        return err;
    gw_op_t *op = gw_op_new (ws, re, room);
    bool has_op = op;
    if (op) {
        op->has_seq = since;
        op->seq = since ? *since : 0;
        s_ask (op);
        has_op = s_is_awaited (ws, room);
    }
    gw_sub_t *sub = gw_idmap_get (&ws->subs, room);
    if (!has_op && sub && !sub->is_joined)
        s_drop (ws, sub);
    return 0;
}

void gw_ws_follow (gw_ws_t *ws)
{
    uint64_t room = gw_seat_place (ws)->room;
    if (s_is_awaited (ws, room))
        return;
    int err = s_begin (ws, 0, room, NULL);
    if (err)
        gw_seat_parted (ws, err);
}

void gw_ws_subscribe (gw_ws_t *ws, const gw_request_t *request)
{
    uint64_t room = gw_request_room (ws, request);
    uint64_t since = 0;
    const json_t *field = json_object_get (request->json, "since");
    bool has_since = field && !json_is_null (field);
    if (!room)
        return;
    if (has_since && (!gw_request_u64 (request, "since", &since) || since > LIM_SEQ)) {
        gw_ws_fail (ws, request->re, PT_E_invalid, PT_LIT ("since: a seq is needed"));
        return;
    }
    int err = s_begin (ws, request->re, room, has_since ? &since : NULL);
    if (err)
        gw_ws_fail (ws, request->re, err, (pt_str_t){0});
}

void gw_ws_unsubscribe (gw_ws_t *ws, const gw_request_t *request)
{
    uint64_t room = gw_request_room (ws, request);
    if (!room)
        return;
    gw_sub_t *sub = gw_idmap_get (&ws->subs, room);
    if (sub) {
        gw_outq_unready (&ws->outq, &sub->feed);
        gw_idmap_remove (&ws->subs, room);
        gw_sub_destroy (&sub);
    }
    gw_ws_begin_ok (ws, request->re);
    gw_ws_end (ws, "}}");
}
