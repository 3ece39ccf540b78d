/*  gw_ws - see gw_ws.h: the life of a session, frames in and out, time. */

#include "gw_config.h"
#include "gw_parse.h"
#include "gw_revoked.h"
#include "gw_text.h"
#include "gw_ws_priv.h"
#include <stdlib.h>

#define S_TICK_MS 1000
#define S_LANE_TICK_MS 100

/*  Faults a client may make at once, and one more each second; then it is
    closed: with 4400 for what can't be read, 4429 for too much. */
#define S_STRIKES 10
#define S_STRIKES_PER_SECOND 1

/*  A client is warned so long before its identity ends. */
#define S_WARN_US INT64_C (60000000)

#define S_TEXT_MAX (512 * 1024)
#define S_ARENA_MAX (256 * 1024)

enum { S_TOO_SLOW = 1013, S_MALFORMED = 4400, S_NO_AUTH = 4408, S_TOO_MANY = 4429 };

/*  ---- frames out --------------------------------------------------------------- */

void gw_ws_put (gw_ws_t *self, gw_frame_t **frame_p)
{
    if (self->is_closing) {
        gw_frame_unref (frame_p);
        return;
    }
    if (gw_outq_put (&self->outq, frame_p))
        gw_ws_shut (self, S_TOO_SLOW, "too slow");
    else
        gw_ws_dirty (self);
}

void gw_ws_dirty (gw_ws_t *self)
{
    if (!self->waiting_ms)
        self->waiting_ms = self->sessions->now_ms;
    gw_conn_dirty (self->conn);
}

static pt_buf_t *s_begin (gw_ws_t *self)
{
    pt_buf_t *text = &self->sessions->text;
    pt_buf_clear (text);
    return text;
}

pt_buf_t *gw_ws_begin_ok (gw_ws_t *self, uint64_t re)
{
    pt_buf_t *text = s_begin (self);
    pt_buf_puts (text, "{\"re\":");
    gw_text_u64 (text, re);
    pt_buf_puts (text, ",\"ok\":{");
    return text;
}

pt_buf_t *gw_ws_begin_event (gw_ws_t *self, const char *name)
{
    pt_buf_t *text = s_begin (self);
    pt_buf_puts (text, "{\"ev\":\"");
    pt_buf_puts (text, name);
    pt_buf_puts (text, "\"");
    return text;
}

void gw_ws_end (gw_ws_t *self, const char *braces)
{
    pt_buf_t *text = &self->sessions->text;
    if (self->seat)
        return;
    pt_buf_puts (text, braces);
    gw_frame_t *frame = pt_buf_error (text) ? NULL : gw_frame_new (text->at, text->len);
    gw_ws_put (self, &frame);
}

/*  The error of a request without a usable id has `"re":null`. */
static void s_fail (gw_ws_t *self, const uint64_t *re, int err, pt_str_t detail)
{
    sv_metric_add (self->sessions->m_refused, 1);
    if (!detail.len)
        detail = pt_str (pt_error_title (err));
    if (self->seat) {
        gw_seat_error (self, detail);
        return;
    }
    pt_buf_t *text = s_begin (self);
    pt_buf_puts (text, "{\"re\":");
    if (re)
        gw_text_u64 (text, *re);
    else
        pt_buf_puts (text, "null");
    pt_buf_puts (text, ",\"error\":{\"code\":\"");
    pt_buf_puts (text, pt_error_name (err));
    pt_buf_puts (text, "\",\"detail\":");
    gw_text_str (text, detail.at, detail.len);
    gw_ws_end (self, "}}");
}

void gw_ws_fail (gw_ws_t *self, uint64_t re, int err, pt_str_t detail)
{
    s_fail (self, &re, err, detail);
}

void gw_ws_fail_with (gw_ws_t *self, uint64_t re, int err, const pt_error_t *error)
{
    char line[LIM_DETAIL + 160];
    pt_str_t detail = error && error->has_detail ? error->detail : (pt_str_t){0};
    if (error && error->has_errors && error->errors.count) {
        const pt_field_error_t *first = &error->errors.at[0];
        int len = snprintf (line, sizeof line, "%.*s: %.*s", (int)first->field.len, first->field.at,
                            first->has_detail ? (int)first->detail.len : (int)first->code.len,
                            first->has_detail ? first->detail.at : first->code.at);
        if (len > 0)
            detail = (pt_str_t){line, (uint32_t)strlen (line)};
    }
    s_fail (self, &re, err, detail);
}

static bool s_send (void *arg, const char *bytes, size_t len)
{
    gw_ws_t *self = arg;
    return gw_conn_send (self->conn, bytes, len);
}

static const gw_outq_ops_t s_outq_ops = {.send = s_send, .page = gw_ws_feed_page, .end = gw_ws_feed_end};

/*  Whether deliveries must wait: nobody knows who is signed out. */
static bool s_is_blind (const gw_ws_t *self, uint64_t now_ms)
{
    return gw_revoked_is_blind (self->gw->revoked, now_ms);
}

bool gw_ws_flush (gw_ws_t *self, size_t budget)
{
    if (self->refused)
        gw_ws_refuse (self);
    if (self->is_closing)
        return false;
    size_t written = 0;
    self->outq.is_paused = self->is_signed_out || s_is_blind (self, sv_now_ms ());
    gw_outq_result_t result = gw_outq_flush (&self->outq, &s_outq_ops, self, self->sessions->scratch, budget, &written);
    if (result == GW_OUTQ_DONE)
        self->waiting_ms = 0;
    else if (written || !self->waiting_ms)
        self->waiting_ms = self->sessions->now_ms;
    sv_metric_add (self->sessions->m_bytes, written);
    if (self->seat)
        gw_seat_flushed (self);
    if (self->parked_first)
        gw_ws_unpark (self);
    return result != GW_OUTQ_DONE;
}

/*  What it has been told so far goes out first: the error that explains it. */
void gw_ws_shut (gw_ws_t *self, uint16_t code, const char *reason)
{
    if (self->is_closing)
        return;
    gw_ws_flush (self, GW_OUTQ_SCRATCH);
    self->is_closing = true;
    sv_metric_add (self->sessions->m_closed, 1);
    gw_conn_close (self->conn, code, reason);
}

void gw_ws_drain (gw_ws_t *self, uint32_t retry_ms)
{
    pt_buf_t *text = gw_ws_begin_event (self, "drain");
    pt_buf_puts (text, ",\"retry_ms\":");
    gw_text_u64 (text, retry_ms);
    gw_ws_end (self, "}");
}

void gw_sessions_resume (gw_sessions_t *self)
{
    for (gw_ws_t *ws = self->first; ws; ws = ws->next)
        if (!ws->is_closing && !gw_outq_is_empty (&ws->outq))
            gw_ws_dirty (ws);
}

/*  Frames a second this session may send; 0: no limit. */
static uint32_t s_rate (const gw_ws_t *self)
{
    return self->gw->config ? (uint32_t)self->gw->config->ws_rate : LIM_WS_RATE;
}

static bool s_is_in_rate (gw_ws_t *self, uint64_t now_ms)
{
    uint32_t rate = s_rate (self);
    return rate == 0 || sv_rate_take (&self->rate, rate, rate * (LIM_WS_RATE_BURST / LIM_WS_RATE), now_ms);
}

static void s_say_hello (gw_ws_t *self)
{
    const gw_config_t *config = self->gw->config;
    pt_buf_t *text = gw_ws_begin_event (self, "hello");
    pt_buf_printf (text,
                   ",\"version\":\"%s\",\"instance\":\"%s\",\"heartbeat_s\":%u,\"limits\":{\"message\":%d,\"body\":%d,"
                   "\"rooms\":%d,\"pending\":%d,\"rate\":%u}",
                   SV_VERSION, self->gw->instance, (unsigned)((config ? config->ping_ms : LIM_WS_PING_MS) / 1000),
                   LIM_WS_MESSAGE, LIM_BODY, LIM_WS_ROOMS, LIM_WS_PENDING, s_rate (self));
    gw_ws_end (self, "}");
}

/*  ---- frames in ------------------------------------------------------------------ */

/*  A fault of the client: the error says which, repetition closes. */
static void s_strike (gw_ws_t *self, const uint64_t *re, int err, const char *detail, uint16_t code)
{
    s_fail (self, re, err, pt_str (detail));
    if (!sv_rate_take (&self->strikes, S_STRIKES_PER_SECOND, S_STRIKES, sv_now_ms ()))
        gw_ws_shut (self, code, pt_error_name (err));
}

static int s_may (const gw_ws_t *self, const gw_op_entry_t *op, uint64_t now_ms)
{
    if (op->scope == 0)
        return 0;
    if (!self->has_identity)
        return -PT_E_unauthenticated;
    int err = gw_identity_may (&self->identity, op->scope);
    return err == 0 && s_is_blind (self, now_ms) ? -PT_E_unavailable : err;
}

static void s_dispatch (gw_ws_t *self, const json_t *json)
{
    gw_request_t request = {.json = json};
    const char *name = json_string_value (json_object_get (json, "op"));
    const json_t *id = json_object_get (json, "id");
    if (!json_is_integer (id) || json_integer_value (id) < 0 || (uint64_t)json_integer_value (id) > LIM_SEQ) {
        s_strike (self, NULL, PT_E_malformed, "id: a number from 0 to 2^53 - 1 is needed", S_MALFORMED);
        return;
    }
    request.re = (uint64_t)json_integer_value (id);
    const gw_op_entry_t *op = name ? gw_ws_op_find (name) : NULL;
    uint64_t now_ms = sv_now_ms ();
    int err = op ? s_may (self, op, now_ms) : -PT_E_unknown_op;
    if (!name)
        s_strike (self, &request.re, PT_E_malformed, "op: a string is needed", S_MALFORMED);
    else if (!s_is_in_rate (self, now_ms))
        s_strike (self, &request.re, PT_E_too_many, "too many frames a second", S_TOO_MANY);
    else if (err != 0)
        gw_ws_fail (self, request.re, err, (pt_str_t){0});
    else
        op->fn (self, &request);
}

/*  Frames of a dialect count as native ones do. */
static void s_hear (gw_ws_t *self, const char *bytes, size_t len, bool is_binary)
{
    if (s_is_in_rate (self, sv_now_ms ()))
        gw_seat_heard (self, (pt_str_t){bytes, (uint32_t)len}, is_binary);
    else
        s_strike (self, NULL, PT_E_too_many, "too many frames a second", S_TOO_MANY);
}

void gw_ws_message (gw_ws_t *self, const char *bytes, size_t len, bool is_binary)
{
    if (self->is_closing)
        return;
    sv_metric_add (self->sessions->m_frames, 1);
    if (self->seat) {
        s_hear (self, bytes, len, is_binary);
        return;
    }
    if (is_binary) {
        gw_ws_shut (self, S_MALFORMED, "text messages only");
        return;
    }
    if (!gw_parse_is_shallow (bytes, len)) {
        s_strike (self, NULL, PT_E_malformed, "nested too deeply", S_MALFORMED);
        return;
    }
    json_error_t error;
    bool is_short;
    json_t *json = gw_parse (bytes, len, &error, &is_short);
    if (is_short)
        gw_ws_shut (self, GW_WS_SHORT,
                    "out of memory"); /* it may have been a send: what follows must not overtake it */
    else if (json_is_object (json))
        s_dispatch (self, json);
    else
        s_strike (self, NULL, PT_E_malformed, json ? "an object is needed" : "not valid JSON", S_MALFORMED);
    json_decref (json);
}

/*  ---- life --------------------------------------------------------------------------- */

gw_ws_t *gw_ws_open (gw_t *gw, gw_conn_t *conn, const gw_identity_t *identity, bool is_seat)
{
    gw_sessions_t *sessions = gw->sessions;
    gw_ws_t *self = calloc (1, sizeof *self);
    if (!self || (is_seat && gw_seat_reserve (self) != 0)) {
        free (self);
        return NULL;
    }
    self->gw = gw;
    self->sessions = sessions;
    self->conn = conn;
    self->opened_ms = sv_now_ms ();
    if (identity)
        self->refused = gw_ws_sign_in (self, identity);
    gw_outq_init (&self->outq);
    self->next = sessions->first;
    if (sessions->first)
        sessions->first->prev = self;
    sessions->first = self;
    sv_metric_set (sessions->m_sessions, ++sessions->count);
    s_say_hello (self);
    return self;
}

void gw_ws_set_trace (gw_ws_t *self, const char *trace)
{
    snprintf (self->trace, sizeof self->trace, "%s", trace);
}

void gw_ws_name_call (gw_ws_t *self, char out[LIM_TRACE + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strlen (self->trace);
    uint64_t number = ++self->call_count;
    unsigned width = 1;
    out[0] = '\0';
    if (len == 0)
        return;
    while (width < 16 && number >> (4 * width))
        width++;
    memcpy (out, self->trace, len);
    out[len++] = '-';
    while (width-- > 0)
        out[len++] = digits[number >> (4 * width) & 15];
    out[len] = '\0';
}

void gw_ws_close (gw_ws_t **self_p)
{
    gw_ws_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    gw_sessions_t *sessions = self->sessions;
    self->is_closing = true;
    gw_seat_leave (self);
    gw_outq_fini (&self->outq);
    while (self->ops) {
        gw_op_t *op = self->ops;
        gw_op_destroy (&op);
    }
    gw_ws_drop_subs (self);
    gw_ws_drop_lanes (self);
    gw_ws_unlist_account (self);
    if (self->prev)
        self->prev->next = self->next;
    else
        sessions->first = self->next;
    if (self->next)
        self->next->prev = self->prev;
    sv_metric_set (sessions->m_sessions, --sessions->count);
    free (self);
}

/*  ---- time ----------------------------------------------------------------------------- */

static void s_warn (gw_ws_t *self)
{
    self->is_warned = true;
    gw_ws_begin_event (self, "session");
    gw_ws_end (self, ",\"what\":\"expiring\"}");
}

static void s_age (gw_ws_t *self, int64_t wall_us)
{
    int64_t expires_us = self->identity.expires_us;
    if (wall_us >= expires_us)
        gw_ws_shut (self, GW_WS_SIGNED_OUT, "token expired");
    else if (wall_us >= expires_us - S_WARN_US && !self->is_warned)
        s_warn (self);
}

static void s_tick (gw_ws_t *self, uint64_t now_ms, int64_t wall_us)
{
    if (self->has_identity)
        s_age (self, wall_us);
    else if (!self->seat && now_ms - self->opened_ms >= LIM_WS_AUTH_MS)
        gw_ws_shut (self, S_NO_AUTH, "no auth in time");
    if (self->waiting_ms && now_ms - self->waiting_ms >= LIM_WS_STUCK_MS)
        gw_ws_shut (self, S_TOO_SLOW, "too slow");
    if (self->seat && !self->is_closing)
        gw_seat_tick (self);
}

/*  gw_conn_close never closes from within, so the list holds still. */
void gw_sessions_tick (gw_sessions_t *self, uint64_t now_ms, int64_t wall_us)
{
    self->now_ms = now_ms;
    for (gw_ws_t *ws = self->first; ws; ws = ws->next)
        if (!ws->is_closing)
            s_tick (ws, now_ms, wall_us);
}

static void s_on_tick (void *arg)
{
    gw_sessions_tick (arg, sv_now_ms (), sv_wall_us ());
}

void gw_sessions_lane_tick (gw_sessions_t *self, uint64_t now_ms)
{
    gw_lane_t *next;
    for (gw_lane_t *lane = self->lanes; lane; lane = next) {
        next = gw_lane_next (lane);
        gw_lane_tick (lane, now_ms);
    }
}

void gw_sessions_wake_lanes (gw_sessions_t *self)
{
    if (self->is_lane_ticking)
        return;
    self->is_lane_ticking = true;
    sv_timer_set (self->gw->loop, self->lane_timer, S_LANE_TICK_MS, S_LANE_TICK_MS);
}

static void s_on_lane_tick (void *arg)
{
    gw_sessions_t *self = arg;
    gw_sessions_lane_tick (self, sv_now_ms ());
    self->is_lane_ticking = self->lanes != NULL;
    if (!self->is_lane_ticking)
        sv_timer_set (self->gw->loop, self->lane_timer, 0, 0);
}

gw_sessions_t *gw_sessions_new (gw_t *gw)
{
    gw_sessions_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->now_ms = sv_now_ms ();
    pt_buf_init (&self->text, S_TEXT_MAX);
    self->m_sessions = sv_metrics_gauge (gw->metrics, "parley_gateway_sessions", NULL, "open WebSocket sessions");
    self->m_frames = sv_metrics_counter (gw->metrics, "parley_gateway_frames_in_total", NULL, "messages of clients");
    self->m_bytes = sv_metrics_counter (gw->metrics, "parley_gateway_bytes_out_total", NULL, "WebSocket bytes");
    self->m_refused = sv_metrics_counter (gw->metrics, "parley_gateway_refused_total", NULL, "requests refused");
    self->m_revoked =
        sv_metrics_counter (gw->metrics, "parley_gateway_signed_out_total", NULL, "sessions closed as revoked");
    self->m_closed = sv_metrics_counter (gw->metrics, "parley_gateway_closed_total", NULL, "sessions closed by us");
    self->scratch = malloc (GW_OUTQ_SCRATCH);
    self->arena = pt_arena_new (S_ARENA_MAX);
    self->tick_timer = sv_loop_timer (gw->loop, S_TICK_MS, S_TICK_MS, s_on_tick, self);
    self->is_lane_ticking = true; /* the first tick stops it */
    self->lane_timer = sv_loop_timer (gw->loop, S_LANE_TICK_MS, S_LANE_TICK_MS, s_on_lane_tick, self);
    if (!self->scratch || !self->arena || !self->tick_timer || !self->lane_timer)
        gw_sessions_destroy (&self);
    return self;
}

void gw_sessions_destroy (gw_sessions_t **self_p)
{
    gw_sessions_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_timer_cancel (self->gw->loop, &self->tick_timer);
    sv_timer_cancel (self->gw->loop, &self->lane_timer);
    pt_arena_destroy (&self->arena);
    gw_idmap_fini (&self->accounts);
    pt_buf_fini (&self->text);
    free (self->scratch);
    free (self);
}
