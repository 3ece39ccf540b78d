/*  ld_speak - a client of members' rooms, on their own socket: {"message"} out,
    {"message", "sender", "timestamp"} in.

    It is told no seq and no acknowledgement: a message is certain when its sender
    hears it, and one whose socket died before is not sent again, since nobody
    would know the second from the first. */

#include "ld.h"
#include <string.h>

/*  ---- sending ------------------------------------------------------------------------- */

static void s_speak (ld_client_t *self, const ld_room_t *room, const ld_send_t *send)
{
    char body[LD_BODY_MAX], text[2 * LD_BODY_MAX + 32] = "{\"message\":\"";
    size_t len = ld_session_body (self, send, body), at = strlen (text);
    ld_note (self, &(vf_event_t){.op = VF_INVOKE, .kind = VF_SEND, .room = room->id, .bodyhash = vf_hash (body, len)});
    at += ld_body_escape (text + at, body, len);
    memcpy (text + at, "\"}", 2);
    ld_conn_text (&self->conn, text, at + 2);
}

/*  At the end it may not know whether something was said that it has not heard: it says
    one thing more, which comes behind all that. */
static void s_ask_for_the_end (ld_client_t *self, ld_room_t *room)
{
    uint64_t now_us = self->ld->now_us;
    if (!self->ld->stop_us || room->outbox.count || room->heard == room->place->said)
        room->move_us = now_us + LD_CALM_US;
    else if (now_us >= room->move_us) {
        room->move_us = now_us + LD_CALM_US;
        ld_session_begin (self, 0);
    }
}

/*  Everything is sent once and in order, so its number tells a send in flight. */
static void s_pump (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    const ld_send_t *send;
    room->state = LD_LIVE;
    s_ask_for_the_end (self, room);
    while (self->is_open && !self->leave_us &&
           (send = ld_outbox_next (&room->outbox, (uint32_t)(self->spoken + 1), self->ld->now_us))) {
        self->spoken = send->number;
        s_speak (self, room, send);
    }
}

/*  ---- hearing ------------------------------------------------------------------------- */

static uint64_t s_account (const ld_t *ld, const char *email)
{
    for (unsigned i = 0; email && i < ld->plan.count; i++)
        if (strcmp (ld->plan.clients[i].email, email) == 0)
            return ld->plan.clients[i].account;
    return 0;
}

/*  Its own message is back. */
static void s_take_own (ld_client_t *self, ld_room_t *room, uint64_t number, uint64_t hash)
{
    ld_send_t send;
    ld_note (self, &(vf_event_t){.op = VF_OK, .kind = VF_SEND, .room = room->id, .bodyhash = hash});
    if (ld_outbox_settle (&room->outbox, (uint32_t)number, LD_STORED, self->ld->now_us, &send))
        ld_run_acked (self, &send);
    self->wake_us = 0;
}

/*  Times are text of one form, and rise. */
static void s_check_time (ld_client_t *self, const ld_room_t *room, const char *time)
{
    if (strlen (time) >= LD_TIME_MAX || strcmp (time, self->time) <= 0)
        ld_run_violation (self, "a time that does not rise", room->id, 0);
    else
        memcpy (self->time, time, strlen (time) + 1);
}

static void s_take (ld_client_t *self, pt_str_t text, const char *sender, const char *time)
{
    ld_room_t *room = &self->rooms[0];
    uint64_t hash = vf_hash (text.at, text.len);
    ld_body_t body;
    ld_note (self, &(vf_event_t){.op = VF_OK,
                                 .kind = VF_HEARD,
                                 .account = s_account (self->ld, sender),
                                 .room = room->id,
                                 .bodyhash = hash});
    self->ld->stats.received++;
    room->heard = hash;
    s_check_time (self, room, time);
    if (!ld_body_read (text, &body)) {
        ld_run_violation (self, "a body that nobody sent", room->id, 0);
        return;
    }
    ld_run_seen (self, body.mark);
    if (pt_str_eq (body.sender, pt_str (self->plan->name)))
        s_take_own (self, room, body.number, hash);
}

/*  Nothing says which message it is about: all that are in flight are open. */
static void s_take_error (ld_client_t *self)
{
    ld_client_leave (self, 0, "error");
}

static void s_message (ld_client_t *self, const char *text, size_t len)
{
    json_t *json = json_loadb (text, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *message = json_object_get (json, "message");
    const json_t *sender = json_object_get (json, "sender");
    const char *time = json_string_value (json_object_get (json, "timestamp"));
    bool is_sender = json_is_string (sender) || json_is_null (sender);
    if (json_object_size (json) == 3 && json_is_string (message) && is_sender && time)
        s_take (self, (pt_str_t){json_string_value (message), (uint32_t)json_string_length (message)},
                json_string_value (sender), time);
    else if (json_object_size (json) == 1 && json_is_string (json_object_get (json, "error")))
        s_take_error (self);
    else
        ld_run_violation (self, "a frame that can't be read", self->rooms[0].id, len);
    json_decref (json);
}

/*  ---- the connection ------------------------------------------------------------------ */

/*  A message that is not back in time, or a silence that a ping does not end: the
    connection is given up.  What is not being read owes nothing. */
static void s_watch (ld_client_t *self)
{
    uint64_t now_us = self->ld->now_us, answer_us = self->ld->plan.answer_ms * 1000;
    uint64_t since_us = ld_outbox_oldest (&self->rooms[0].outbox);
    if (self->conn.is_held)
        return;
    if (self->heard_us >= self->asked_us)
        self->asked_us = 0;
    if ((since_us && now_us > since_us + answer_us) || (self->asked_us && now_us > self->asked_us + answer_us))
        ld_client_leave (self, 0, "no_answer");
    else if (!self->asked_us && now_us > self->heard_us + self->ld->plan.quiet_ms * 1000) {
        self->asked_us = now_us;
        ld_conn_ping (&self->conn);
    }
}

static void s_on_lost_send (void *arg, const ld_send_t *send)
{
    ld_client_t *self = arg;
    char body[LD_BODY_MAX];
    size_t len = ld_session_body (self, send, body);
    self->ld->stats.unknown++;
    self->owes_mark |= send->mark > self->acked_mark;
    ld_note (self, &(vf_event_t){.op = VF_INFO,
                                 .kind = VF_SEND,
                                 .room = self->rooms[0].id,
                                 .bodyhash = vf_hash (body, len),
                                 .err = PT_LIT ("closed")});
}

static void s_lost (ld_client_t *self)
{
    self->rooms[0].state = LD_WANTED;
    self->rooms[0].retry_us = 0;
    self->asked_us = 0;
    self->time[0] = 0;
    ld_outbox_drop (&self->rooms[0].outbox, s_on_lost_send, self);
}

const ld_tongue_t ld_speak = {.message = s_message, .pump = s_pump, .watch = s_watch, .lost = s_lost};
