/*  gw_ws_send - sending: one lane for each room that a session sends to, with at
    most one call of chat under way (gw_sendq has the rules). */

#include "gw_text.h"
#include "gw_ws_priv.h"
#include "sv_crash.h"
#include <stdlib.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF (x)

struct gw_lane {
    gw_ws_t *ws;
    uint64_t room;
    uint64_t account; /* who sends */
    uint64_t key;     /* in the session's map */
    gw_sendq_t *queue;
    uint64_t call;
    uint64_t since_us;         /* when the first send came that was in no array yet; 0: none */
    char trace[LIM_TRACE + 1]; /* id of the array at hand, kept while it is tried again */
    bool is_listed;            /* in sessions->lanes: it has something to send */
    bool is_due;               /* in sessions->due: it sends at the end of this turn */
    gw_lane_t *next, *prev;
    gw_lane_t *due_next;
};

gw_lane_t *gw_lane_next (const gw_lane_t *self)
{
    return self->next;
}

/*  Keeps the list of lanes that have something to send, and the session's
    counts, in step with the queue. */
static void s_list (gw_lane_t *self)
{
    gw_sessions_t *sessions = self->ws->sessions;
    if (self->is_listed)
        return;
    self->is_listed = true;
    self->prev = NULL;
    self->next = sessions->lanes;
    if (sessions->lanes)
        sessions->lanes->prev = self;
    sessions->lanes = self;
    gw_sessions_wake_lanes (sessions);
}

static void s_unlist (gw_lane_t *self)
{
    if (!self->is_listed)
        return;
    self->is_listed = false;
    if (self->prev)
        self->prev->next = self->next;
    else
        self->ws->sessions->lanes = self->next;
    if (self->next)
        self->next->prev = self->prev;
    self->next = self->prev = NULL;
}

static void s_make_due (gw_lane_t *self)
{
    gw_sessions_t *sessions = self->ws->sessions;
    if (self->is_due)
        return;
    self->is_due = true;
    self->due_next = sessions->due;
    sessions->due = self;
}

static void s_unmake_due (gw_lane_t *self)
{
    gw_lane_t **at = &self->ws->sessions->due;
    while (self->is_due && *at) {
        if (*at == self) {
            *at = self->due_next;
            self->is_due = false;
        } else
            at = &(*at)->due_next;
    }
}

static void s_destroy (gw_lane_t **self_p)
{
    gw_lane_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    s_unlist (self);
    s_unmake_due (self);
    if (self->call)
        sv_bus_cancel (self->ws->gw->bus, self->call);
    gw_sendq_destroy (&self->queue);
    free (self);
}

void gw_ws_drop_lanes (gw_ws_t *self)
{
    for (uint32_t i = 0; i < self->lanes.cap; i++) {
        gw_lane_t *lane = gw_idmap_at (&self->lanes, i);
        s_destroy (&lane);
    }
    gw_idmap_fini (&self->lanes);
}

/*  ---- answers ------------------------------------------------------------------------ */

static void s_answer (void *arg, uint64_t re, const pt_send_result_t *result, int err)
{
    gw_ws_t *ws = arg;
    if (err) {
        bool is_open = pt_error_is_transient (err);
        pt_str_t why = result && result->has_detail ? result->detail : (pt_str_t){0};
        gw_ws_fail (ws, re, err, is_open ? PT_LIT ("the outcome is unknown: send again with the same send_id") : why);
        return;
    }
    pt_buf_t *text = gw_ws_begin_ok (ws, re);
    pt_buf_puts (text, "\"seq\":");
    gw_text_u64 (text, result->seq);
    pt_buf_puts (text, ",\"id\":");
    gw_text_id (text, result->id);
    pt_buf_puts (text, ",\"at\":");
    gw_text_time (text, result->at);
    pt_buf_puts (text, result->duplicate ? ",\"duplicate\":true" : ",\"duplicate\":false");
    gw_ws_end (ws, "}}");
}

/*  Notes the acknowledged positions of an array. */
static void s_note_acks (const gw_lane_t *self, const pt_send_result_t *results, uint32_t count, uint64_t now_us)
{
    sv_hop_t hop = {.kind = PT_hop_kind_ACKED, .trace = self->trace, .room = self->room, .at_us = now_us};
    for (uint32_t i = 0, n; i < count; i += n) {
        n = 1;
        while (i + n < count && results[i + n].seq == results[i].seq + n)
            n++;
        hop.seq = results[i].seq;
        hop.last = results[i + n - 1].seq;
        hop.status = (int)results[i].status;
        sv_trace_add (self->ws->gw->trace, &hop);
    }
}

/*  After the queue has changed by an answer: counts, next array, list. */
static void s_settle (gw_lane_t *self, uint32_t count, size_t bytes)
{
    self->ws->pending -= count - gw_sendq_count (self->queue);
    self->ws->send_bytes -= bytes - gw_sendq_bytes (self->queue);
    if (gw_sendq_count (self->queue))
        s_make_due (self);
    else
        s_unlist (self);
}

static void s_on_send (void *arg, const sv_reply_t *reply)
{
    gw_lane_t *self = arg;
    uint64_t now_us = sv_now_us (), now_ms = now_us / 1000;
    uint32_t count = gw_sendq_count (self->queue);
    size_t bytes = gw_sendq_bytes (self->queue);
    self->call = 0;
    sv_crash (SV_CRASH_gateway_send_answered);
    if (reply->status)
        gw_sendq_fail (self->queue, reply->status, now_ms, s_answer, self->ws);
    else {
        const pt_send_results_t *msg = reply->msg;
        gw_sendq_done (self->queue, msg->results.at, msg->results.count, now_ms, s_answer, self->ws);
        s_note_acks (self, msg->results.at, msg->results.count, now_us);
    }
    sv_crash (SV_CRASH_gateway_send_acked);
    if (!pt_error_is_transient (reply->status))
        *self->trace = '\0';
    s_settle (self, count, bytes);
}

/*  The array that goes now gets an id, unless it is one tried again. */
static void s_name_array (gw_lane_t *self)
{
    if (!*self->trace)
        gw_ws_name_call (self->ws, self->trace);
    const sv_hop_t hop = {.kind = PT_hop_kind_TAKEN,
                          .opcode = PT_OP_chat_send,
                          .trace = self->trace,
                          .room = self->room,
                          .at_us = self->since_us};
    if (self->since_us && *self->trace)
        sv_trace_add (self->ws->gw->trace, &hop);
    self->since_us = 0;
}

static void s_pump (gw_lane_t *self, uint64_t now_ms)
{
    gw_ws_t *ws = self->ws;
    pt_send_entry_t entries[LIM_SENDS];
    uint32_t count = gw_sendq_begin (self->queue, entries, LIM_SENDS, now_ms);
    if (!count)
        return;
    s_name_array (self);
    pt_send_t msg = {.account = self->account, .room = self->room, .sends = {entries, count}};
    if (ws->seat)
        msg.takes_empty = msg.has_takes_empty = gw_seat_voice (ws)->takes_empty;
    sv_call_t call = {.opcode = PT_OP_chat_send,
                      .msg = &msg,
                      .affinity = self->room,
                      .deadline_ms = GW_WS_CALL_MS,
                      .trace = self->trace};
    int err = -PT_E_busy;
    self->call = sv_bus_call (ws->gw->bus, &call, s_on_send, self, &err);
    if (!self->call)
        gw_sendq_fail (self->queue, pt_error_is_transient (err) ? err : -PT_E_busy, now_ms, s_answer, ws);
}

void gw_sessions_turn (gw_sessions_t *self)
{
    if (!self->due)
        return;
    uint64_t now_ms = sv_now_ms ();
    gw_lane_t *lane;
    while ((lane = self->due)) {
        self->due = lane->due_next;
        lane->is_due = false;
        s_pump (lane, now_ms);
    }
}

void gw_lane_tick (gw_lane_t *self, uint64_t now_ms)
{
    gw_sendq_expire (self->queue, now_ms, s_answer, self->ws);
    s_pump (self, now_ms);
}

/*  ---- the operation ------------------------------------------------------------------------ */

/*  Lanes that are idle go when there are too many. */
static void s_sweep (gw_ws_t *ws)
{
    uint32_t i = 0;
    while (i < ws->lanes.cap) {
        gw_lane_t *lane = gw_idmap_at (&ws->lanes, i);
        if (!lane || gw_sendq_count (lane->queue)) {
            i++;
            continue;
        }
        gw_idmap_remove (&ws->lanes, lane->key); /* may move another into slot i */
        s_destroy (&lane);
    }
}

/*  A native session sends to many rooms as one account, a seat to one room, maybe as several. */
static gw_lane_t *s_lane (gw_ws_t *ws, uint64_t room)
{
    uint64_t account = ws->seat ? gw_seat_account (ws) : ws->identity.account;
    uint64_t key = ws->seat ? account : room;
    gw_lane_t *self = gw_idmap_get (&ws->lanes, key);
    if (self)
        return self;
    if (ws->lanes.count >= LIM_WS_ROOMS)
        s_sweep (ws);
    self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->ws = ws;
    self->room = room;
    self->account = account;
    self->key = key;
    self->queue = gw_sendq_new (ws->seat);
    if (!self->queue || gw_idmap_put (&ws->lanes, key, self))
        s_destroy (&self);
    return self;
}

/*  A send that memory was out for: later ones must not overtake it, and there is no
    place to keep it in. */
static void s_give_up (gw_ws_t *ws, uint64_t re)
{
    gw_ws_fail (ws, re, PT_E_memory, (pt_str_t){0});
    gw_ws_shut (ws, GW_WS_SHORT, "out of memory");
}

/*  Fills the entry; false after answering.  `files` is memory for its attachments. */
static bool s_read_entry (gw_ws_t *ws, const gw_request_t *request, pt_send_entry_t *entry,
                          uint64_t files[LIM_ATTACHMENTS])
{
    const json_t *reply_to = json_object_get (request->json, "reply_to");
    entry->has_send_id = gw_request_str (request, "send_id", &entry->send_id);
    entry->has_body = gw_request_str (request, "body", &entry->body);
    entry->has_reply_to = reply_to && !json_is_null (reply_to);
    const char *fault = !entry->has_send_id ? "send_id: a string is needed"
                        : !entry->has_body  ? "body: a string is needed"
                        : entry->has_reply_to && !gw_request_u64 (request, "reply_to", &entry->reply_to)
                            ? "reply_to: a seq is needed"
                        : !gw_request_ids (request, "attachments", files, LIM_ATTACHMENTS, &entry->attachments.count)
                            ? "attachments: a list of at most " TEXT (LIM_ATTACHMENTS) " file ids is needed"
                            : NULL;
    entry->attachments.at = files;
    entry->has_attachments = entry->attachments.count > 0;
    if (!fault && entry->body.len == 0 && !entry->has_attachments)
        fault = "body: text or attachments are needed";
    if (fault)
        gw_ws_fail (ws, request->re, PT_E_invalid, pt_str (fault));
    return !fault;
}

static bool s_is_valid (gw_ws_t *ws, uint64_t re, const pt_send_entry_t *entry)
{
    pt_error_t error = {0};
    pt_arena_reset (ws->sessions->arena);
    int err = pt_validate (PT_MSG_send_entry, entry, ws->sessions->arena, &error);
    if (err == -PT_E_memory)
        s_give_up (ws, re);
    else if (err)
        gw_ws_fail_with (ws, re, err, &error);
    return !err;
}

/*  Whether the account may write is decided where the message is numbered: a
    cached role would now and then refuse what has just been allowed. */
void gw_ws_post (gw_ws_t *ws, uint64_t re, uint64_t room, const pt_send_entry_t *entry)
{
    if (!s_is_valid (ws, re, entry))
        return;
    gw_lane_t *lane = s_lane (ws, room);
    bool is_full = ws->pending >= LIM_WS_PENDING || ws->send_bytes + entry->body.len > GW_WS_SEND_BYTES;
    if (is_full && (!lane || !gw_sendq_is_known (lane->queue, entry))) {
        gw_ws_fail (ws, re, PT_E_too_many, PT_LIT ("too much without an answer"));
        return;
    }
    uint64_t now_us = sv_now_us ();
    uint32_t count = lane ? gw_sendq_count (lane->queue) : 0;
    size_t bytes = lane ? gw_sendq_bytes (lane->queue) : 0;
    if (!lane || gw_sendq_push (lane->queue, re, entry, now_us / 1000 + GW_WS_CALL_MS)) {
        s_give_up (ws, re);
        return;
    }
    if (!lane->since_us)
        lane->since_us = now_us;
    ws->pending += gw_sendq_count (lane->queue) - count;
    ws->send_bytes += gw_sendq_bytes (lane->queue) - bytes;
    s_list (lane);
    s_make_due (lane);
    sv_crash (SV_CRASH_gateway_send_read);
}

void gw_ws_send (gw_ws_t *ws, const gw_request_t *request)
{
    pt_send_entry_t entry = {0};
    uint64_t files[LIM_ATTACHMENTS];
    uint64_t room = gw_request_room (ws, request);
    if (room && s_read_entry (ws, request, &entry, files))
        gw_ws_post (ws, request->re, room, &entry);
}
