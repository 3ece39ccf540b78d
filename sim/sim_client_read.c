/*  sim_client_read - what a client is told, and whether that can be right.

    The frames are the gateway's own and their values hold neither quotes nor
    backslashes, so a field is found by its name. */

#include "sim_client_priv.h"
#include <stdlib.h>

#define S_RETRY_US 50000

/*  One JSON object. */
typedef struct {
    const char *at;
    size_t len;
} text_t;

/*  ---- fields ------------------------------------------------------------------------ */

/*  The bytes behind `"name":`; NULL when there is no such field. */
static const char *s_field (text_t text, const char *name)
{
    size_t len = strlen (name);
    for (const char *at = text.at; (at = memchr (at, '"', text.len - (size_t)(at - text.at))); at++) {
        size_t left = text.len - (size_t)(at - text.at);
        if (left > len + 3 && at[len + 1] == '"' && at[len + 2] == ':' && memcmp (at + 1, name, len) == 0)
            return at + len + 3;
    }
    return NULL;
}

static uint64_t s_number (text_t text, const char *name)
{
    const char *at = s_field (text, name);
    uint64_t value = 0;
    for (at = at && *at == '"' ? at + 1 : at; at && *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

static pt_str_t s_string (text_t text, const char *name)
{
    const char *at = s_field (text, name);
    const char *end = at && *at == '"' ? memchr (at + 1, '"', text.len - (size_t)(at + 1 - text.at)) : NULL;
    return end ? (pt_str_t){at + 1, (uint32_t)(end - at - 1)} : (pt_str_t){"", 0};
}

static bool s_is (pt_str_t value, const char *text)
{
    return pt_str_eq (value, pt_str (text));
}

static bool s_is_true (text_t text, const char *name)
{
    const char *at = s_field (text, name);
    return at && *at == 't';
}

static int s_error (text_t text)
{
    pt_str_t code = s_string (text, "code");
    for (int err = 1; err <= PT_E_version_unsupported; err++)
        if (s_is (code, pt_error_name (err)))
            return -err;
    return -PT_E_internal;
}

/*  ---- lines ---------------------------------------------------------------------------- */

void sim_client_log (sim_client_t *self, vf_kind_t kind, vf_op_t op, const sim_room_t *room, const sim_line_t *line)
{
    sim_line_t entry = *line;
    entry.client = self->index + 1;
    entry.kind = (uint8_t)kind;
    entry.op = (uint8_t)op;
    if (room)
        entry.room = room->id;
    if (!entry.account)
        entry.account = self->account;
    sim_history_add (self->history, &entry);
}

static sim_room_t *s_room (sim_client_t *self, uint64_t id)
{
    for (unsigned i = 0; i < self->room_count; i++)
        if (self->rooms[i].id == id)
            return &self->rooms[i];
    return NULL;
}

const pt_item_t *sim_client_owed (const sim_client_t *self, const sim_room_t *room)
{
    const sim_pg_room_t *truth = sim_pg_room (self->pg, room->id);
    uint64_t at = room->last;
    while (at < truth->head && truth->items[at].kind != PT_item_kind_MESSAGE)
        at++;
    return at < truth->head ? &truth->items[at] : NULL;
}

/*  ---- items ------------------------------------------------------------------------------ */

/*  What the database holds at a seq; NULL: nothing. */
static const pt_item_t *s_stored (const sim_client_t *self, const sim_room_t *room, uint64_t seq)
{
    const sim_pg_room_t *truth = sim_pg_room (self->pg, room->id);
    return truth && seq >= 1 && seq <= truth->head ? &truth->items[seq - 1] : NULL;
}

/*  Whether what was given is what the database holds at that seq. */
static void s_compare (sim_client_t *self, const sim_room_t *room, text_t text, uint64_t seq)
{
    const pt_item_t *item = s_stored (self, room, seq);
    bool is_same = item && s_number (text, "id") == item->id;
    if (is_same && item->kind == PT_item_kind_MESSAGE)
        is_same = s_number (text, "sender") == item->sender && pt_str_eq (s_string (text, "send_id"), item->send_id) &&
                  pt_str_eq (s_string (text, "body"), item->body);
    else if (is_same)
        is_same = s_number (text, "account") == item->account &&
                  s_is (s_string (text, "what"), pt_enum_text (PT_ENUM_change, item->what));
    if (!is_same)
        sim_history_blame (self->history, VF_OTHERWISE,
                           "c%u was given seq %llu of room %llu otherwise than it is stored", self->index + 1,
                           (unsigned long long)seq, (unsigned long long)room->id);
}

static void s_judge_seq (sim_client_t *self, const sim_room_t *room, uint64_t seq)
{
    if (room->is_out)
        sim_history_blame (self->history, VF_LATE, "c%u got seq %llu of room %llu behind the end of its membership",
                           self->index + 1, (unsigned long long)seq, (unsigned long long)room->id);
    else if (seq <= room->last)
        sim_history_blame (self->history, seq == room->last ? VF_TWICE : VF_BACKWARDS,
                           "c%u got seq %llu of room %llu behind %llu", self->index + 1, (unsigned long long)seq,
                           (unsigned long long)room->id, (unsigned long long)room->last);
    else if (seq != room->last + 1 && !room->is_lagging)
        sim_history_blame (self->history, VF_GAP, "c%u got seq %llu of room %llu right behind %llu", self->index + 1,
                           (unsigned long long)seq, (unsigned long long)room->id, (unsigned long long)room->last);
}

/*  One that lies behind the head that was told ends the subscription; one before
    it is history. */
static bool s_is_own_removal (const sim_client_t *self, text_t text)
{
    pt_str_t what = s_string (text, "what");
    return s_number (text, "account") == self->account && (s_is (what, "left") || s_is (what, "kicked"));
}

/*  From the subscription, or from a page that was pulled. */
static void s_take_item (sim_client_t *self, text_t text, bool is_pulled)
{
    sim_room_t *room = s_room (self, s_number (text, "room"));
    uint64_t seq = s_number (text, "seq");
    if (!room)
        return;
    bool is_message = s_is (s_string (text, "kind"), "message");
    pt_str_t body = s_string (text, "body"), send_id = s_string (text, "send_id");
    sim_line_t line = {.seq = seq, .account = s_number (text, is_message ? "sender" : "account")};
    if (is_message) {
        const pt_item_t *item = s_stored (self, room, seq);
        line.send_id = item ? item->send_id : (pt_str_t){0};
        line.sender = (uint32_t)line.account;
        line.number = (uint32_t)strtoul (send_id.len ? send_id.at + 1 : "0", NULL, 10);
        line.bodyhash = vf_hash (body.at, body.len);
    } else {
        static const char *const whats[] = {"joined", "left", "kicked", "role"};
        for (unsigned i = 0; i < 4; i++)
            if (s_is (s_string (text, "what"), whats[i]))
                line.what = whats[i];
    }
    bool is_end = !is_message && !is_pulled && seq > room->head && s_is_own_removal (self, text);
    if (is_end && seq > room->last + 1) /* it lagged, and may pull no more */
        sim_client_log (self, VF_RESET, VF_OK, room, &(sim_line_t){0});
    sim_client_log (self, VF_RECV, VF_OK, room, &line);
    s_judge_seq (self, room, seq);
    s_compare (self, room, text, seq);
    self->received++;
    room->last = seq > room->last ? seq : room->last;
    if (is_end) {
        room->is_out = true;
        room->state = SIM_ROOM_OFF;
        room->is_lagging = room->is_pulling = false;
        room->retry_us = self->net->now_us + sim_random_below (self->net->random, 300000);
    }
}

static void s_take_lag (sim_client_t *self, text_t text)
{
    sim_room_t *room = s_room (self, s_number (text, "room"));
    if (!room)
        return;
    room->is_lagging = true;
    room->lag_head = s_number (text, "head");
    sim_history_note (self->history, "lag", self->index + 1, room->lag_head);
}

static void s_take_event (sim_client_t *self, text_t text)
{
    pt_str_t name = s_string (text, "ev");
    sim_room_t *room = s_room (self, s_number (text, "room"));
    if (s_is (name, "message") || s_is (name, "member"))
        s_take_item (self, text, false);
    else if (s_is (name, "lag"))
        s_take_lag (self, text);
    else if (room && (s_is (name, "reset") || s_is (name, "gone")))
        sim_history_blame (self->history, VF_OTHERWISE, "c%u was told that room %llu began anew or is gone",
                           self->index + 1, (unsigned long long)room->id);
}

/*  ---- answers ------------------------------------------------------------------------------- */

static bool s_is_final (int err)
{
    return !pt_error_is_transient (err) && err != -PT_E_too_many && err != -PT_E_memory && err != -PT_E_internal;
}

/*  A refusal for want of membership leaves no row behind: a copy of the request
    that is late may be judged anew when the account is a member again.  So it ends
    the send, but is not told to the judge as certain; see README.md. */
static bool s_is_certain (int err)
{
    return s_is_final (err) && err != -PT_E_not_member && err != -PT_E_not_found && err != -PT_E_forbidden;
}

static void s_answer_subscribe (sim_client_t *self, sim_room_t *room, text_t text, int err)
{
    sim_line_t line = {.head = s_number (text, "head"), .recovered = s_is_true (text, "recovered")};
    line.seq = line.recovered ? room->last : line.head;
    sim_client_log (self, VF_SUB, err ? VF_INFO : VF_OK, room, &line);
    room->re = 0;
    room->state = err ? SIM_ROOM_OFF : SIM_ROOM_LIVE;
    room->head = line.head;
    room->retry_us = self->net->now_us + S_RETRY_US;
    if (err == -PT_E_not_member || err == -PT_E_not_found)
        room->is_out = true;
    if (!err && !line.recovered)
        sim_history_blame (self->history, VF_GAP, "c%u could not resume room %llu behind %llu", self->index + 1,
                           (unsigned long long)room->id, (unsigned long long)room->last);
}

static void s_answer_history (sim_client_t *self, sim_room_t *room, text_t text, int err)
{
    const char *end = text.at + text.len;
    const char *at = err ? NULL : s_field (text, "items");
    for (at = at ? memchr (at, '{', (size_t)(end - at)) : NULL; at;) {
        const char *close = memchr (at, '}', (size_t)(end - at));
        if (!close)
            break;
        s_take_item (self, (text_t){at, (size_t)(close - at) + 1}, true);
        at = close + 1 < end && close[1] == ',' ? close + 2 : NULL;
    }
    room->re = 0;
    room->is_pulling = false;
    room->retry_us = err ? self->net->now_us + S_RETRY_US : 0;
    if (room->last >= room->lag_head)
        room->is_lagging = false;
}

/*  What was acknowledged stands in the order in which it was sent, whenever the
    acknowledgements came. */
static void s_judge_order (sim_client_t *self, sim_room_t *room, uint32_t number, uint64_t seq)
{
    uint32_t before = number - 1, after = number + 1;
    room->seqs[number] = (uint32_t)seq;
    while (before > 0 && room->seqs[before] == 0)
        before--;
    while (after <= room->next_number && room->seqs[after] == 0)
        after++;
    bool is_behind = room->seqs[before] < seq;
    bool is_before = after > room->next_number || seq < room->seqs[after];
    if (!is_behind || !is_before)
        sim_history_blame (self->history, VF_REORDERED,
                           "send %u of c%u to room %llu became seq %llu, number %u is seq %u", number, self->index + 1,
                           (unsigned long long)room->id, (unsigned long long)seq, is_behind ? after : before,
                           room->seqs[is_behind ? after : before]);
}

/*  Whether the database has what was acknowledged. */
static void s_judge_ack (sim_client_t *self, sim_room_t *room, const sim_send_t *send, uint64_t seq)
{
    char body[LIM_BODY];
    pt_str_t asked = {body, sim_body (body, self->account, send->number, send->size)};
    const sim_pg_room_t *truth = sim_pg_room (self->pg, room->id);
    const pt_item_t *item = seq >= 1 && seq <= truth->head ? &truth->items[seq - 1] : NULL;
    if (!item || item->sender != self->account || !pt_str_eq (item->body, asked))
        sim_history_blame (self->history, VF_LOST,
                           "send %u of c%u to room %llu was acknowledged as seq %llu, which is not it", send->number,
                           self->index + 1, (unsigned long long)room->id, (unsigned long long)seq);
    s_judge_order (self, room, send->number, seq);
}

static void s_remove_send (sim_room_t *room, unsigned i)
{
    for (; i > 0; i--)
        room->outbox[(room->first + i) % SIM_OUTBOX] = room->outbox[(room->first + i - 1) % SIM_OUTBOX];
    room->first = (room->first + 1) % SIM_OUTBOX;
    room->count--;
}

static void s_answer_send (sim_client_t *self, sim_room_t *room, unsigned i, text_t text, int err)
{
    sim_send_t *send = &room->outbox[(room->first + i) % SIM_OUTBOX];
    sim_line_t line = {.sender = (uint32_t)self->account,
                       .number = send->number,
                       .seq = s_number (text, "seq"),
                       .duplicate = s_is_true (text, "duplicate")};
    bool is_final = err && s_is_final (err);
    if (err)
        line.what = pt_error_name (err);
    sim_client_log (self, VF_SEND, !err ? VF_OK : s_is_certain (err) ? VF_FAIL : VF_INFO, room, &line);
    if (err && !is_final) {
        send->re = 0;
        send->retry_us = self->net->now_us + S_RETRY_US;
        return;
    }
    if (err == -PT_E_conflict)
        sim_history_blame (self->history, VF_OTHERWISE, "send %u of c%u met a conflict with itself", send->number,
                           self->index + 1);
    if (!err)
        s_judge_ack (self, room, send, line.seq);
    self->acked += !err;
    s_remove_send (room, i);
}

static void s_take_reply (sim_client_t *self, text_t text)
{
    uint64_t re = s_number (text, "re");
    int err = s_field (text, "error") ? s_error (text) : 0;
    for (unsigned i = 0; i < self->room_count; i++) {
        sim_room_t *room = &self->rooms[i];
        if (room->re == re && room->state == SIM_ROOM_ASKED)
            s_answer_subscribe (self, room, text, err);
        else if (room->re == re && room->state == SIM_ROOM_LEAVING)
            room->state = SIM_ROOM_OFF;
        else if (room->re == re && room->is_pulling)
            s_answer_history (self, room, text, err);
        for (unsigned k = 0; k < room->count; k++)
            if (room->outbox[(room->first + k) % SIM_OUTBOX].re == re) {
                s_answer_send (self, room, k, text, err);
                return;
            }
    }
}

static void s_take_rest (sim_client_t *self, const char *line)
{
    static const vf_kind_t kinds[] = {['j'] = VF_JOIN, ['l'] = VF_LEAVE, ['k'] = VF_KICK, ['s'] = VF_JOIN};
    char *end;
    uint64_t id = strtoull (line + 1, &end, 10);
    int err = -(int)strtol (end, NULL, 10);
    for (unsigned i = 0; i < self->room_count; i++) {
        sim_room_t *room = &self->rooms[i];
        if (room->rest != id || !id)
            continue;
        bool is_open = err && !s_is_final (err);
        sim_client_log (self, kinds[(unsigned char)room->rest_what],
                        !err      ? VF_OK
                        : is_open ? VF_INFO
                                  : VF_FAIL,
                        room, &(sim_line_t){.account = room->rest_whom, .what = err ? pt_error_name (err) : NULL});
        room->rest = 0;
        room->rest_retry_us = self->net->now_us + S_RETRY_US;
        if (is_open)
            return;
        if (room->rest_what == 'j')
            room->is_out = false;
        room->rest_what = 0;
    }
}

/*  ---- bytes ---------------------------------------------------------------------------------- */

/*  Its own message is back; one of an earlier socket is certain as well. */
static void s_take_own (sim_client_t *self, sim_room_t *room, pt_str_t body)
{
    char own[LIM_BODY];
    sim_client_log (self, VF_SEND, VF_OK, room, &(sim_line_t){.bodyhash = vf_hash (body.at, body.len)});
    self->acked++;
    for (unsigned i = 0; i < room->count; i++) {
        const sim_send_t *send = &room->outbox[(room->first + i) % SIM_OUTBOX];
        uint32_t len = sim_body (own, self->account, send->number, send->size);
        if (!pt_str_eq (body, (pt_str_t){own, len}))
            continue;
        s_remove_send (room, i);
        return;
    }
}

/*  A seat is told no seq: this must be the next message of its room.  An error does not
    say which message it is about, so nothing is sure any more. */
static void s_take_said (sim_client_t *self, text_t text)
{
    sim_room_t *room = &self->rooms[0];
    if (s_field (text, "error")) {
        self->wants_hang_up = true;
        return;
    }
    const pt_item_t *item = sim_client_owed (self, room);
    pt_str_t body = s_string (text, "message"), sender = s_string (text, "sender");
    char email[SIM_PG_EMAIL];
    bool is_owed = item && pt_str_eq (body, item->body) && s_is (sender, sim_pg_email (item->sender, email));
    sim_client_log (self, VF_HEARD, VF_OK, room,
                    &(sim_line_t){.account = item ? item->sender : 0, .bodyhash = vf_hash (body.at, body.len)});
    self->received++;
    if (!is_owed)
        sim_history_blame (self->history, item ? VF_OTHERWISE : VF_GHOST,
                           "c%u was told \"%.*s\" by %.*s behind seq %llu of room %llu", self->index + 1,
                           (int)(body.len < 20 ? body.len : 20), body.at, (int)sender.len, sender.at,
                           (unsigned long long)room->last, (unsigned long long)room->id);
    else
        room->last = item->seq;
    if (is_owed && item->sender == self->account)
        s_take_own (self, room, body);
}

static void s_take_message (sim_client_t *self)
{
    text_t text = {self->message.at, self->message.len};
    if (self->is_seat)
        s_take_said (self, text);
    else if (text.len > 5 && memcmp (text.at, "{\"re\"", 5) == 0)
        s_take_reply (self, text);
    else
        s_take_event (self, text);
    pt_buf_clear (&self->message);
}

/*  WebSocket frames, unmasked; each write holds whole ones. */
static void s_take_frames (sim_client_t *self, const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes, *end = at + len;
    while (end - at >= 2) {
        size_t size = at[1] & 0x7f, head = 2;
        bool is_last = at[0] & 0x80;
        if (size == 126) {
            size = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        pt_buf_put (&self->message, at + head, size);
        at += head + size;
        if (is_last)
            s_take_message (self);
    }
}

void sim_client_read_all (sim_client_t *self)
{
    while (self->unread_first) {
        sim_parcel_t *parcel = self->unread_first;
        self->unread_first = parcel->next;
        const sim_bytes_t *bytes = parcel->parts[0];
        void *session = self->link ? sim_link_ctx (self->link, 1) : NULL;
        if (session)
            sim_gateway_read (session, bytes->len);
        if (bytes->len > 0 && bytes->at[0] == '!')
            s_take_rest (self, bytes->at);
        else
            s_take_frames (self, bytes->at, bytes->len);
        sim_parcel_discard (self->net, &parcel);
    }
}

/*  ---- the end ---------------------------------------------------------------------------------- */

static const char *s_lacks (const sim_client_t *self, const sim_room_t *room)
{
    const sim_pg_room_t *truth = sim_pg_room (self->pg, room->id);
    if (room->count > 0)
        return "has no answer to a send in";
    if (room->rest_what)
        return "has no answer to a change in";
    if (room->is_wanted && (room->is_out || room->state != SIM_ROOM_LIVE))
        return "is not subscribed to";
    if (self->is_seat ? sim_client_owed (self, room) != NULL : room->is_wanted && room->last < truth->head)
        return "lacks the last items of";
    return NULL;
}

bool sim_client_is_content (const sim_client_t *self, char *why, size_t size)
{
    for (unsigned i = 0; i < self->room_count; i++) {
        const sim_room_t *room = &self->rooms[i];
        const char *lack = s_lacks (self, room);
        if (!lack)
            continue;
        snprintf (why, size, "c%u %s room %llu (last %llu of %u)", self->index + 1, lack, (unsigned long long)room->id,
                  (unsigned long long)room->last, sim_pg_room (self->pg, room->id)->head);
        return false;
    }
    return true;
}

void sim_client_end (sim_client_t *self)
{
    for (unsigned i = 0; i < self->room_count; i++)
        if (self->rooms[i].state == SIM_ROOM_LIVE)
            sim_client_log (self, VF_END, VF_OK, &self->rooms[i], &(sim_line_t){.seq = self->rooms[i].last});
}
