/*  ld_session - what one client asks and hears on its socket. */

#include "ld.h"
#include "ld_random.h"
#include <stdio.h>
#include <string.h>

#define S_PAGE 200
#define S_AGAIN_US 100000
#define S_READ_ONE_IN 200

/*  Frames a client sends at once when it was quiet; its lasting rate keeps a
    tenth below what the server takes. */
#define S_BURST 100

/*  ---- asking ------------------------------------------------------------------------ */

static bool s_is_in_rate (const ld_client_t *self)
{
    if (!self->rate)
        return true;
    uint64_t gap_us = UINT64_C (10000000) / (self->rate * 9);
    return self->frame_us <= self->ld->now_us + S_BURST * gap_us;
}

static bool s_may_ask (const ld_client_t *self)
{
    return self->is_open && self->asked < LD_ASKS - 1 && !self->asks[self->next_re % LD_ASKS].kind &&
           s_is_in_rate (self);
}

static void s_spend (ld_client_t *self)
{
    if (!self->rate)
        return;
    if (self->frame_us < self->ld->now_us)
        self->frame_us = self->ld->now_us;
    self->frame_us += UINT64_C (10000000) / (self->rate * 9);
}

bool ld_session_ask (ld_client_t *self, const ld_ask_t *ask, const char *op, const char *members)
{
    char text[LD_TOKEN_MAX + 256];
    if (!s_may_ask (self))
        return false;
    ld_ask_t *slot = &self->asks[self->next_re % LD_ASKS];
    int len = snprintf (text, sizeof text, "{\"op\":\"%s\",\"id\":%u%s}", op, self->next_re, members);
    if (len <= 0 || (size_t)len >= sizeof text)
        return false;
    *slot = *ask;
    slot->re = self->next_re++;
    slot->at_us = self->ld->now_us;
    self->asked++;
    s_spend (self);
    ld_conn_text (&self->conn, text, (size_t)len);
    return true;
}

static ld_room_t *s_room (ld_client_t *self, uint64_t id)
{
    for (unsigned i = 0; i < self->plan->room_count; i++)
        if (self->rooms[i].id == id)
            return &self->rooms[i];
    return NULL;
}

static void s_subscribe (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    char members[80];
    if (self->ld->now_us < room->retry_us || !s_may_ask (self))
        return;
    ld_note (self, &(vf_event_t){.op = VF_INVOKE, .kind = VF_SUB, .room = room->id, .seq = room->last});
    snprintf (members, sizeof members, ",\"room\":\"%llu\",\"since\":%llu", (unsigned long long)room->id,
              (unsigned long long)room->last);
    room->state = LD_ASKED;
    ld_session_ask (self, &(ld_ask_t){.kind = LD_ASK_SUBSCRIBE, .room = (uint16_t)index, .seq = room->last},
                    "subscribe", members);
}

static void s_history (ld_client_t *self, const ld_ask_t *ask, const char *where, uint64_t seq, unsigned limit)
{
    char members[120];
    snprintf (members, sizeof members, ",\"room\":\"%llu\",\"%s\":%llu,\"limit\":%u",
              (unsigned long long)self->rooms[ask->room].id, where, (unsigned long long)seq, limit);
    ld_session_ask (self, ask, "history", members);
}

static void s_pull (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    if (!room->pull || room->is_pulling || self->ld->now_us < room->retry_us || !s_may_ask (self))
        return;
    room->is_pulling = true;
    self->ld->stats.pulls++;
    s_history (self, &(ld_ask_t){.kind = LD_ASK_PULL, .room = (uint16_t)index}, "after", room->last, S_PAGE);
}

/*  ---- sending ------------------------------------------------------------------------- */

static pt_str_t s_send_id (const ld_client_t *self, uint64_t number, char out[LD_NAME_MAX + 24])
{
    int len = snprintf (out, LD_NAME_MAX + 24, "%s-%llu", self->plan->name, (unsigned long long)number);
    return (pt_str_t){out, (uint32_t)len};
}

size_t ld_session_body (const ld_client_t *self, const ld_send_t *send, char out[LD_BODY_MAX])
{
    ld_body_t body = {.sender = pt_str (self->plan->name), .number = send->number, .mark = send->mark};
    return ld_body_put (out, &body, self->ld->plan.seed ^ self->plan->account);
}

static void s_send (ld_client_t *self, unsigned index, const ld_send_t *send)
{
    const ld_room_t *room = &self->rooms[index];
    char id[LD_NAME_MAX + 24], body[LD_BODY_MAX], escaped[2 * LD_BODY_MAX + 1], members[2 * LD_BODY_MAX + 256];
    pt_str_t send_id = s_send_id (self, send->number, id);
    size_t len = ld_session_body (self, send, body);
    ld_note (self,
             &(vf_event_t){
                 .op = VF_INVOKE, .kind = VF_SEND, .room = room->id, .cmid = send_id, .bodyhash = vf_hash (body, len)});
    ld_body_escape (escaped, body, len);
    snprintf (members, sizeof members, ",\"room\":\"%llu\",\"send_id\":\"%s\",\"body\":\"%s\"",
              (unsigned long long)room->id, id, escaped);
    ld_session_ask (self, &(ld_ask_t){.kind = LD_ASK_SEND, .room = (uint16_t)index}, "send", members);
}

static void s_send_due (ld_client_t *self, unsigned index)
{
    while (s_may_ask (self) && !self->leave_us) {
        const ld_send_t *send = ld_outbox_next (&self->rooms[index].outbox, self->next_re, self->ld->now_us);
        if (!send)
            return;
        s_send (self, index, send);
    }
}

bool ld_session_begin (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    if (ld_outbox_add (&room->outbox, self->number + 1, self->ld->mark))
        return false;
    self->number++;
    self->ld->stats.sent++;
    if (room->state == LD_LIVE)
        self->tongue->pump (self, index);
    return true;
}

void ld_session_pump (ld_client_t *self, unsigned index)
{
    ld_room_t *room = &self->rooms[index];
    if (room->state == LD_WANTED)
        s_subscribe (self, index);
    else if (room->state == LD_LIVE) {
        s_pull (self, index);
        s_send_due (self, index);
    }
}

/*  ---- items ----------------------------------------------------------------------------- */

static void s_check_message (ld_client_t *self, const ld_said_t *item)
{
    ld_body_t body;
    if (!ld_body_read (item->body, &body)) {
        ld_run_violation (self, "a body that nobody sent", item->room, item->seq);
        return;
    }
    ld_run_seen (self, body.mark);
}

/*  A removal of its own up to the head it was told when it subscribed is of an
    earlier membership: it has been back since. */
static bool s_ends_membership (const ld_client_t *self, const ld_room_t *room, const ld_said_t *item)
{
    return !item->is_message && item->account == self->plan->account && item->seq > room->told &&
           (pt_str_eq (item->what, PT_LIT ("left")) || pt_str_eq (item->what, PT_LIT ("kicked")));
}

static void s_take_item (ld_client_t *self, ld_room_t *room, const ld_said_t *item)
{
    ld_note (self, &(vf_event_t){.op = VF_OK,
                                 .kind = VF_RECV,
                                 .account = item->account,
                                 .room = item->room,
                                 .seq = item->seq,
                                 .cmid = item->send_id,
                                 .bodyhash = item->is_message ? vf_hash (item->body.at, item->body.len) : 0,
                                 .what = item->what});
    self->ld->stats.received++;
    if (!room || room->state < LD_WANTED) {
        ld_run_violation (self, "an item of a room it is not in", item->room, item->seq);
        return;
    }
    if (item->seq != room->last + 1)
        ld_run_violation (self, item->seq > room->last ? "a hole" : "an item again", item->room, item->seq);
    if (item->seq > room->last)
        room->last = item->seq;
    if (item->seq > room->place->top)
        room->place->top = item->seq;
    if (item->is_message && item->seq > room->place->said_seq) {
        room->place->said_seq = item->seq;
        room->place->said = vf_hash (item->body.at, item->body.len);
    }
    if (item->is_message)
        s_check_message (self, item);
    else if (s_ends_membership (self, room, item))
        ld_member_out (self, (unsigned)(room - self->rooms));
}

/*  Until a subscription is answered the room's items are those of an older one:
    the application does not get them, they come again. */
static void s_on_item (ld_client_t *self, const ld_said_t *said)
{
    ld_room_t *room = s_room (self, said->room);
    if (!room || (room->state != LD_WANTED && room->state != LD_ASKED))
        s_take_item (self, room, said);
}

/*  ---- other events ------------------------------------------------------------------------ */

static void s_on_hello (ld_client_t *self, const ld_said_t *said)
{
    self->rate = said->rate;
    self->heartbeat_us = said->heartbeat_s * 1000000;
}

static void s_on_lag (ld_client_t *self, const ld_said_t *said)
{
    ld_room_t *room = s_room (self, said->room);
    if (!room || room->state != LD_LIVE)
        return;
    if (said->head > room->place->top)
        room->place->top = said->head;
    room->pull = said->head > room->last ? said->head : room->last;
    room->retry_us = 0;
    s_pull (self, (unsigned)(room - self->rooms));
}

/*  Numbering began anew: all is read again from the beginning. */
static void s_start_anew (ld_client_t *self, ld_room_t *room, uint64_t epoch)
{
    ld_note (self, &(vf_event_t){.op = VF_OK, .kind = VF_RESET, .room = room->id, .epoch = epoch});
    room->last = 0;
    room->pull = 0;
    room->epoch = epoch;
    room->place->top = 0;
    room->place->said_seq = room->place->said = 0;
    room->retry_us = 0;
}

static void s_on_reset (ld_client_t *self, const ld_said_t *said)
{
    ld_room_t *room = s_room (self, said->room);
    if (!room || room->state < LD_WANTED)
        return;
    s_start_anew (self, room, said->epoch);
    if (room->state == LD_LIVE)
        room->state = LD_WANTED;
    ld_session_pump (self, (unsigned)(room - self->rooms));
}

static void s_on_gone (ld_client_t *self, const ld_said_t *said)
{
    ld_room_t *room = s_room (self, said->room);
    if (room) {
        room->state = LD_OUT;
        room->move_us = UINT64_MAX;
    }
}

static void s_on_drain (ld_client_t *self, const ld_said_t *said)
{
    self->leave_us = self->ld->now_us + said->retry_ms * 1000;
    self->wake_us = 0;
}

static void s_on_other (ld_client_t *self, const ld_said_t *said)
{
    (void)self;
    (void)said;
}

/*  ---- answers ------------------------------------------------------------------------------- */

/*  What an error code says about the outcome.  All that is not here is open, and
    a surprise. */
static const struct {
    const char *code;
    ld_outcome_t outcome;
} s_codes[] = {{"busy", LD_OPEN},          {"unavailable", LD_OPEN},     {"deadline", LD_OPEN},
               {"worker_lost", LD_OPEN},   {"draining", LD_OPEN},        {"memory", LD_OPEN},
               {"too_many", LD_OPEN},      {"internal", LD_OPEN},        {"token_expired", LD_OPEN},
               {"token_revoked", LD_OPEN}, {"inactive", LD_OPEN},        {"token_invalid", LD_OPEN},
               {"invalid", LD_REFUSED},    {"unauthenticated", LD_OPEN}, {"conflict", LD_REFUSED},
               {"forbidden", LD_REFUSED},  {"not_found", LD_REFUSED},    {"not_member", LD_REFUSED},
               {"gone", LD_REFUSED},       {"too_large", LD_REFUSED},    {"malformed", LD_REFUSED}};

static ld_outcome_t s_outcome (ld_client_t *self, const ld_said_t *said)
{
    for (size_t i = 0; i < sizeof s_codes / sizeof *s_codes; i++)
        if (pt_str_eq (said->code, pt_str (s_codes[i].code)))
            return s_codes[i].outcome;
    ld_run_violation (self, "an error that is not documented here", said->room, 0);
    return LD_OPEN;
}

static bool s_is_not_member (const ld_said_t *said)
{
    return said->kind == LD_SAID_ERROR &&
           (pt_str_eq (said->code, PT_LIT ("not_member")) || pt_str_eq (said->code, PT_LIT ("forbidden")));
}

/*  Where delivery begins: behind `since`, or, when that can't be, behind the head. */
static void s_joined (ld_client_t *self, ld_room_t *room, const ld_ask_t *ask, const ld_said_t *said)
{
    if (room->epoch && said->epoch != room->epoch) {
        s_start_anew (self, room, said->epoch);
        room->state = LD_WANTED;
        return;
    }
    room->epoch = said->epoch;
    if (ask->seq != room->last) { /* reset meanwhile */
        room->state = LD_WANTED;
        return;
    }
    if (!said->recovered) {
        ld_run_violation (self, "a subscription that was not recovered", room->id, ask->seq);
        room->last = said->head;
    }
    ld_note (self, &(vf_event_t){.op = VF_OK,
                                 .kind = VF_SUB,
                                 .room = room->id,
                                 .seq = room->last,
                                 .epoch = said->epoch,
                                 .head = said->head,
                                 .recovered = said->recovered});
    if (said->head > room->place->top)
        room->place->top = said->head;
    room->told = said->head;
    room->pull = 0;
    room->state = LD_LIVE;
}

static void s_on_subscribed (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said)
{
    ld_room_t *room = &self->rooms[ask->room];
    if (room->state != LD_ASKED)
        return;
    if (said->kind == LD_SAID_OK) {
        s_joined (self, room, ask, said);
        ld_session_pump (self, ask->room);
        return;
    }
    ld_note (self, &(vf_event_t){.op = s_is_not_member (said) ? VF_FAIL : VF_INFO,
                                 .kind = VF_SUB,
                                 .room = room->id,
                                 .seq = ask->seq,
                                 .err = said->code});
    room->state = LD_WANTED;
    room->retry_us = self->ld->now_us + S_AGAIN_US;
    if (s_is_not_member (said))
        ld_member_out (self, ask->room);
}

/*  History behind seq - 1 must show what has just been acknowledged; asked on
    another connection of the account if it has one. */
static void s_read_back (ld_client_t *self, unsigned index, uint64_t seq)
{
    ld_client_t *reader = self->twin;
    const ld_room_t *room = s_room (reader, self->rooms[index].id);
    if (!room || room->state != LD_LIVE || !s_may_ask (reader)) {
        reader = self;
        room = &self->rooms[index];
    }
    if (room->state != LD_LIVE || !s_may_ask (reader))
        return;
    ld_ask_t ask = {.kind = LD_ASK_READ, .room = (uint16_t)(room - reader->rooms), .seq = seq};
    s_history (reader, &ask, "after", seq - 1, 1);
    self->ld->stats.reads++;
}

static void s_stored (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said, const ld_send_t *send)
{
    ld_t *ld = self->ld;
    ld_room_t *room = &self->rooms[ask->room];
    char id[LD_NAME_MAX + 24];
    ld_note (self, &(vf_event_t){.op = VF_OK,
                                 .kind = VF_SEND,
                                 .room = room->id,
                                 .seq = said->seq,
                                 .cmid = s_send_id (self, send->number, id),
                                 .duplicate = said->duplicate});
    if (said->seq > room->place->top)
        room->place->top = said->seq;
    ld_run_acked (self, send);
    if (ld->stats.acked % S_READ_ONE_IN == 0)
        s_read_back (self, ask->room, said->seq);
}

/*  A refusal says nothing about an earlier try whose outcome was open. */
static void s_not_stored (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said, const ld_send_t *send,
                          ld_outcome_t outcome)
{
    char id[LD_NAME_MAX + 24];
    bool is_certain = outcome == LD_REFUSED && send->tries == 1;
    ld_note (self, &(vf_event_t){.op = is_certain ? VF_FAIL : VF_INFO,
                                 .kind = VF_SEND,
                                 .room = self->rooms[ask->room].id,
                                 .cmid = s_send_id (self, send->number, id),
                                 .err = said->code});
    self->ld->stats.refused += outcome == LD_REFUSED;
    self->ld->stats.unknown += outcome == LD_OPEN;
    if (outcome == LD_REFUSED && self->plan->mode != LD_CHURN)
        ld_run_violation (self, "a send that was refused", self->rooms[ask->room].id, 0);
}

static void s_on_sent (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said)
{
    ld_send_t send;
    bool is_stored = said->kind == LD_SAID_OK && said->seq > 0;
    ld_outcome_t outcome = is_stored ? LD_STORED : said->kind == LD_SAID_OK ? LD_OPEN : s_outcome (self, said);
    if (!ld_outbox_settle (&self->rooms[ask->room].outbox, ask->re, outcome, self->ld->now_us, &send))
        return;
    if (is_stored)
        s_stored (self, ask, said, &send);
    else
        s_not_stored (self, ask, said, &send, outcome);
    if (self->rooms[ask->room].state == LD_LIVE)
        s_send_due (self, ask->room);
    self->wake_us = 0;
}

/*  The page ends where the subscription goes on, so nothing more is asked for
    once the head that was told is reached. */
static void s_on_pulled (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said)
{
    ld_room_t *room = &self->rooms[ask->room];
    ld_said_t item;
    room->is_pulling = false;
    if (room->state != LD_LIVE)
        return;
    uint64_t before = room->last;
    for (size_t i = 0; said->kind == LD_SAID_OK && i < ld_said_items (said) && room->state == LD_LIVE; i++) {
        if (ld_said_item (said, i, &item) || item.room != room->id) {
            ld_run_violation (self, "a page that can't be read", room->id, room->last);
            break;
        }
        s_take_item (self, room, &item);
    }
    if (room->last >= room->pull)
        room->pull = 0;
    else
        room->retry_us = room->last > before ? 0 : self->ld->now_us + S_AGAIN_US;
    ld_session_pump (self, ask->room);
}

static void s_on_read (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said)
{
    ld_said_t item = {0};
    if (said->kind != LD_SAID_OK)
        return; /* no answer is no finding */
    bool is_there = ld_said_items (said) == 1 && !ld_said_item (said, 0, &item) && item.seq == ask->seq;
    ld_note (self, &(vf_event_t){.op = is_there ? VF_OK : VF_FAIL,
                                 .kind = VF_READ,
                                 .room = self->rooms[ask->room].id,
                                 .seq = ask->seq,
                                 .bodyhash = is_there ? vf_hash (item.body.at, item.body.len) : 0});
    if (!is_there)
        ld_run_violation (self, "history does not show what was acknowledged", self->rooms[ask->room].id, ask->seq);
}

static void s_on_whatever (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said)
{
    (void)self;
    (void)ask;
    (void)said;
}

static void (*const s_answers[]) (ld_client_t *self, const ld_ask_t *ask, const ld_said_t *said) = {
    [LD_ASK_NONE] = s_on_whatever, [LD_ASK_SUBSCRIBE] = s_on_subscribed,
    [LD_ASK_SEND] = s_on_sent,     [LD_ASK_PULL] = s_on_pulled,
    [LD_ASK_READ] = s_on_read,     [LD_ASK_OTHER] = s_on_whatever};

static void s_on_answer (ld_client_t *self, const ld_said_t *said)
{
    ld_ask_t *slot = &self->asks[said->re % LD_ASKS];
    if (!said->has_re || !slot->kind || slot->re != said->re) {
        ld_run_violation (self, "an answer to nothing", 0, said->re);
        return;
    }
    ld_ask_t ask = *slot;
    slot->kind = LD_ASK_NONE;
    self->asked--;
    s_answers[ask.kind](self, &ask, said);
}

/*  ---- frames ----------------------------------------------------------------------------------- */

static void (*const s_events[]) (ld_client_t *self, const ld_said_t *said) = {
    [LD_SAID_OK] = s_on_answer,   [LD_SAID_ERROR] = s_on_answer, [LD_SAID_ITEM] = s_on_item,
    [LD_SAID_HELLO] = s_on_hello, [LD_SAID_LAG] = s_on_lag,      [LD_SAID_RESET] = s_on_reset,
    [LD_SAID_GONE] = s_on_gone,   [LD_SAID_DRAIN] = s_on_drain,  [LD_SAID_OTHER] = s_on_other};

void ld_session_message (ld_client_t *self, const char *text, size_t len)
{
    ld_said_t said;
    if (ld_said_read (&said, text, len)) {
        ld_run_violation (self, "a frame that can't be read", 0, len);
        return;
    }
    s_events[said.kind](self, &said);
    ld_said_fini (&said);
}

/*  ---- the end of a connection -------------------------------------------------------------------- */

typedef struct {
    ld_client_t *client;
    uint64_t room;
} s_losing_t;

static void s_on_lost_send (void *arg, const ld_send_t *send)
{
    const s_losing_t *losing = arg;
    char id[LD_NAME_MAX + 24];
    losing->client->ld->stats.unknown++;
    ld_note (losing->client, &(vf_event_t){.op = VF_INFO,
                                           .kind = VF_SEND,
                                           .room = losing->room,
                                           .cmid = s_send_id (losing->client, send->number, id),
                                           .err = PT_LIT ("closed")});
}

void ld_session_lost (ld_client_t *self)
{
    for (unsigned i = 0; i < self->plan->room_count; i++) {
        ld_room_t *room = &self->rooms[i];
        s_losing_t losing = {self, room->id};
        if (room->state == LD_ASKED)
            ld_note (self, &(vf_event_t){.op = VF_INFO, .kind = VF_SUB, .room = room->id, .err = PT_LIT ("closed")});
        if (room->state == LD_ASKED || room->state == LD_LIVE)
            room->state = LD_WANTED;
        room->pull = 0;
        room->is_pulling = false;
        room->retry_us = 0;
        ld_outbox_lose (&room->outbox, s_on_lost_send, &losing);
    }
    memset (self->asks, 0, sizeof self->asks);
    self->asked = 0;
}
