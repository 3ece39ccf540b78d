/*  gw_ws_fake - sessions and rooms of the gateway with nothing around them, for
    tests: a bus that keeps the calls made and lets the test answer them, a loop
    whose timers never fire, connections that keep what was written.

    The functions of sv_bus.h are defined here, so that the linker takes none
    from the library.  Included by one test program each. */

#ifndef GW_WS_FAKE_H
#define GW_WS_FAKE_H

#include "gw_check.h"
#include "gw_revoked.h"
#include "gw_room.h"
#include "gw_signal.h"
#include "gw_ws_priv.h"
#include "pt_codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#ifndef FAKE_CALLS
#define FAKE_CALLS 512
#endif

typedef struct {
    uint64_t id;
    uint16_t opcode;
    uint64_t affinity;
    const void *msg; /* decoded again from its encoding, in fake.arena */
    sv_reply_fn *fn;
    void *arg;
} fake_call_t;

static struct {
    gw_t gw;
    sv_loop_t loop;
    fake_call_t calls[FAKE_CALLS]; /* open ones, oldest first */
    unsigned call_count;
    uint64_t call_last;
    bool is_bus_full, is_topic_refused;
    unsigned topics;
    struct {
        sv_event_fn *fn;
        void *ctx;
    } heard[128]; /* by the first character of a topic */
    void (*on_change) (void *ctx, unsigned live);
    void *on_change_ctx;
    pt_arena_t *arena;
    pt_codec_t *codec;
} fake;

/*  ---- the bus -------------------------------------------------------------------- */

uint64_t sv_bus_generation (const sv_bus_t *self)
{
    (void)self;
    return 77;
}

uint64_t sv_bus_call (sv_bus_t *self, const sv_call_t *call, sv_reply_fn *fn, void *arg, int *out_err)
{
    (void)self;
    assert_true (fake.call_count < FAKE_CALLS);
    if (fake.is_bus_full) {
        if (out_err)
            *out_err = -PT_E_busy;
        return 0;
    }
    const pt_call_t *op = pt_call_find (call->opcode);
    pt_buf_t body;
    pt_buf_init (&body, LIM_FRAME);
    assert_int_equal (pt_encode (&body, op->request, call->msg), 0);
    char *bytes = pt_arena_copy (fake.arena, body.at, body.len);
    fake_call_t *slot = &fake.calls[fake.call_count++];
    *slot =
        (fake_call_t){.id = ++fake.call_last, .opcode = call->opcode, .affinity = call->affinity, .fn = fn, .arg = arg};
    assert_int_equal (pt_decode (fake.codec, op->request, bytes, body.len, fake.arena, &slot->msg, NULL), 0);
    pt_buf_fini (&body);
    return slot->id;
}

/*  The event comes from a broker, to whoever takes topics that begin so. */
static inline void fake_hear (char first, const sv_event_t *event)
{
    fake.heard[(unsigned char)first].fn (fake.heard[(unsigned char)first].ctx, event);
}

static inline void fake_forget (unsigned i)
{
    fake.call_count--;
    memmove (&fake.calls[i], &fake.calls[i + 1], (fake.call_count - i) * sizeof fake.calls[0]);
}

void sv_bus_cancel (sv_bus_t *self, uint64_t id)
{
    (void)self;
    for (unsigned i = 0; i < fake.call_count; i++)
        if (fake.calls[i].id == id) {
            fake_forget (i);
            return;
        }
}

int sv_bus_subscribe (sv_bus_t *self, const void *topic, size_t topic_len)
{
    (void)self;
    char first = *(const char *)topic;
    if (first == 's')
        assert_in_range (topic_len, 2, PT_TOPIC_SIGNAL_MAX);
    else
        assert_int_equal (topic_len, first == 'r' ? PT_TOPIC_ROOM_LEN : 1);
    if (fake.is_topic_refused)
        return -PT_E_memory;
    fake.topics++;
    return 0;
}

void sv_bus_unsubscribe (sv_bus_t *self, const void *topic, size_t topic_len)
{
    (void)self, (void)topic, (void)topic_len;
    fake.topics--;
}

void sv_bus_on_event (sv_bus_t *self, char first, sv_event_fn *fn, void *ctx)
{
    (void)self;
    fake.heard[(unsigned char)first].fn = fn;
    fake.heard[(unsigned char)first].ctx = ctx;
}

void sv_bus_on_change (sv_bus_t *self, void (*fn) (void *ctx, unsigned live), void *ctx)
{
    (void)self;
    fake.on_change = fn;
    fake.on_change_ctx = ctx;
}

/*  What the rest of the program refers to but these tests never reach. */
sv_bus_t *sv_bus_new (const sv_bus_config_t *config)
{
    (void)config;
    return NULL;
}
void sv_bus_close (sv_bus_t *self)
{
    (void)self;
}
void sv_bus_destroy (sv_bus_t **self_p)
{
    (void)self_p;
}
unsigned sv_bus_live (const sv_bus_t *self)
{
    (void)self;
    return 1;
}
void sv_bus_drain (sv_bus_t *self)
{
    (void)self;
}
unsigned sv_bus_in_flight (const sv_bus_t *self)
{
    (void)self;
    return 0;
}
pt_arena_t *sv_request_arena (sv_request_t *request)
{
    (void)request;
    return NULL;
}
void sv_request_reply (sv_request_t **request_p, const void *msg)
{
    (void)request_p, (void)msg;
}
void sv_request_fail (sv_request_t **request_p, int err, const char *detail)
{
    (void)request_p, (void)err, (void)detail;
}

/*  The only open call of that opcode. */
static inline fake_call_t fake_take (uint16_t opcode)
{
    gw_sessions_turn (fake.gw.sessions);
    for (unsigned i = 0; i < fake.call_count; i++) {
        if (fake.calls[i].opcode == opcode) {
            fake_call_t call = fake.calls[i];
            fake_forget (i);
            return call;
        }
    }
    fail_msg ("no call %s is open", pt_call_find (opcode)->name);
    return (fake_call_t){0};
}

static inline unsigned fake_open (uint16_t opcode)
{
    unsigned count = 0;
    gw_sessions_turn (fake.gw.sessions);
    for (unsigned i = 0; i < fake.call_count; i++)
        count += fake.calls[i].opcode == opcode;
    return count;
}

static inline void fake_answer (fake_call_t call, const void *msg)
{
    sv_reply_t reply = {.msg = msg, .arena = fake.arena};
    call.fn (call.arg, &reply);
}

static inline void fake_refuse (fake_call_t call, int err)
{
    static const pt_error_t error;
    sv_reply_t reply = {.status = err, .error = &error, .arena = fake.arena};
    call.fn (call.arg, &reply);
}

static inline void fake_publish (uint64_t room, uint64_t epoch, const pt_item_t *items, uint32_t count)
{
    pt_room_items_t msg = {.room = room, .epoch = epoch, .items = {items, count}};
    sv_event_t event = {.opcode = PT_EV_room_items, .msg = &msg, .generation = 5, .arena = fake.arena};
    fake_hear ('r', &event);
}

/*  ---- the loop ---------------------------------------------------------------------- */

static sv_timer_t *fake_timer (sv_loop_t *self, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg)
{
    (void)self, (void)first_ms, (void)repeat_ms, (void)fn, (void)arg;
    return malloc (1);
}

static inline void fake_timer_set (sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms)
{
    (void)timer, (void)first_ms, (void)repeat_ms;
}

static inline void fake_timer_cancel (sv_timer_t **timer_p)
{
    free (*timer_p);
    *timer_p = NULL;
}

static const sv_loop_ops_t fake_loop_ops = {
    .timer = fake_timer, .timer_set = fake_timer_set, .timer_cancel = fake_timer_cancel};

/*  A complete sweep that began at `now_ms` and found nothing. */
static inline void fake_sweep (uint64_t now_ms)
{
    const pt_revoked_page_t page = {.cursor = PT_LIT ("c")};
    gw_revoked_out_t out;
    gw_revoked_step (fake.gw.revoked, &(gw_revoked_event_t){.kind = GW_REVOKED_TICK}, now_ms, NULL, NULL, &out);
    gw_revoked_step (fake.gw.revoked,
                     &(gw_revoked_event_t){.kind = GW_REVOKED_PAGE, .question = out.question, .page = &page}, now_ms,
                     NULL, NULL, &out);
}

/*  Nothing is known of what was revoked, but what a sweep at `now_ms` told. */
static inline void fake_see_from (uint64_t now_ms)
{
    gw_revoked_destroy (&fake.gw.revoked);
    fake.gw.revoked = gw_revoked_new ();
    assert_non_null (fake.gw.revoked);
    fake_sweep (now_ms);
}

/*  Far enough in the future that no test becomes blind unless it wants to. */
#define FAKE_FOR_EVER (UINT64_MAX / 2)

static inline int fake_setup (void **state)
{
    (void)state;
    memset (&fake, 0, sizeof fake);
    fake.loop.ops = &fake_loop_ops;
    fake.arena = pt_arena_new (256 * 1024 * 1024);
    fake.codec = pt_codec_new ();
    fake.gw.loop = &fake.loop;
    fake.gw.metrics = sv_metrics_new ();
    snprintf (fake.gw.instance, sizeof fake.gw.instance, "00000000deadbeef");
    fake.gw.tokens = gw_tokens_new ();
    fake.gw.checks = gw_checks_new (&fake.gw);
    fake_see_from (FAKE_FOR_EVER);
    fake.gw.rooms = gw_rooms_new (&fake.gw);
    fake.gw.signals = gw_signals_new (&fake.gw, (uint64_t[2]){1, 2});
    fake.gw.sessions = gw_sessions_new (&fake.gw);
    bool is_whole = fake.arena && fake.codec && fake.gw.metrics && fake.gw.tokens && fake.gw.checks && fake.gw.rooms &&
                    fake.gw.signals && fake.gw.sessions;
    return is_whole ? 0 : -1;
}

static inline int fake_teardown (void **state)
{
    (void)state;
    gw_sessions_destroy (&fake.gw.sessions);
    gw_signals_destroy (&fake.gw.signals);
    gw_rooms_destroy (&fake.gw.rooms);
    gw_checks_destroy (&fake.gw.checks);
    gw_tokens_destroy (&fake.gw.tokens);
    gw_revoked_destroy (&fake.gw.revoked);
    sv_metrics_destroy (&fake.gw.metrics);
    pt_codec_destroy (&fake.codec);
    pt_arena_destroy (&fake.arena);
    return fake.call_count || fake.topics ? -1 : 0;
}

/*  ---- connections ----------------------------------------------------------------------- */

typedef struct {
    gw_conn_t conn;
    gw_ws_t *ws;
    pt_buf_t wire;    /* written, not yet read by the test */
    pt_buf_t message; /* the one last read */
    bool is_dirty, is_blocked;
    uint16_t close_code;
    unsigned writes;
    const gw_network_t *network;
} fake_conn_t;

static inline void fake_conn_dirty (gw_conn_t *conn)
{
    ((fake_conn_t *)conn)->is_dirty = true;
}

static bool fake_conn_send (gw_conn_t *conn, const void *bytes, size_t len)
{
    fake_conn_t *self = (fake_conn_t *)conn;
    assert_true (len > 0 && len <= GW_CONN_WRITE);
    if (self->is_blocked || self->close_code)
        return false;
    pt_buf_put (&self->wire, bytes, len);
    self->writes++;
    return true;
}

static inline void fake_conn_close (gw_conn_t *conn, uint16_t code, const char *reason)
{
    (void)reason;
    ((fake_conn_t *)conn)->close_code = code;
}

static inline const char *fake_conn_peer (const gw_conn_t *conn)
{
    (void)conn;
    return "test";
}

static inline const gw_network_t *fake_conn_network (const gw_conn_t *conn)
{
    return ((const fake_conn_t *)conn)->network;
}

static const gw_conn_ops_t fake_conn_ops = {fake_conn_dirty, fake_conn_send, fake_conn_close, fake_conn_peer,
                                            fake_conn_network};

static inline fake_conn_t *fake_open_session (uint64_t account, bool is_seat)
{
    fake_conn_t *self = calloc (1, sizeof *self);
    gw_identity_t identity = {
        .account = account, .session = 3, .expires_us = sv_wall_us () + 3600000000, .scopes = GW_SCOPE_ALL};
    self->conn.ops = &fake_conn_ops;
    pt_buf_init (&self->wire, 64 * 1024 * 1024);
    pt_buf_init (&self->message, 64 * 1024 * 1024);
    self->ws = gw_ws_open (&fake.gw, &self->conn, account ? &identity : NULL, is_seat);
    assert_non_null (self->ws);
    return self;
}

/*  A client signed in as `account`; 0: not signed in.  Its hello has been read. */
static inline fake_conn_t *fake_connect (uint64_t account)
{
    return fake_open_session (account, false);
}

/*  The same in a room of a dialect; what the seat asks at once is open. */
static inline fake_conn_t *fake_sit (uint64_t account, const gw_voice_t *voice, const char *address, uint64_t room)
{
    fake_conn_t *self = fake_open_session (account, true);
    gw_place_t place = {.voice = voice, .room = room};
    snprintf (place.address, sizeof place.address, "%s", address);
    gw_seat_take (self->ws, &place);
    return self;
}

static inline void fake_close (fake_conn_t **self_p)
{
    fake_conn_t *self = *self_p;
    gw_ws_close (&self->ws);
    pt_buf_fini (&self->wire);
    pt_buf_fini (&self->message);
    free (self);
    *self_p = NULL;
}

/*  The end of a loop turn. */
static inline void fake_turn (fake_conn_t *self)
{
    if (!self->is_dirty)
        return;
    self->is_dirty = false;
    while (gw_ws_flush (self->ws, GW_CONN_WRITE) && !self->is_blocked && !self->close_code)
        continue;
    if (self->is_blocked)
        self->is_dirty = true;
}

/*  The next whole message, "" when there is none. */
static inline const char *fake_read (fake_conn_t *self)
{
    fake_turn (self);
    pt_buf_clear (&self->message);
    const unsigned char *wire = (const unsigned char *)self->wire.at;
    size_t at = 0;
    bool is_last = false;
    while (!is_last && at < self->wire.len) {
        is_last = wire[at] & 0x80;
        assert_int_equal (wire[at] & 0x0f, self->message.len ? 0 : 1);
        size_t len = wire[at + 1] == 126 ? (size_t)wire[at + 2] << 8 | wire[at + 3] : wire[at + 1];
        at += wire[at + 1] == 126 ? 4 : 2;
        pt_buf_put (&self->message, wire + at, len);
        at += len;
    }
    assert_true (at <= self->wire.len);
    if (at) {
        memmove (self->wire.at, self->wire.at + at, self->wire.len - at);
        self->wire.len -= at;
    }
    pt_buf_put (&self->message, "", 1);
    return self->message.at;
}

static inline void fake_ask (fake_conn_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
static inline void fake_ask (fake_conn_t *self, const char *format, ...)
{
    char text[LIM_WS_MESSAGE];
    va_list args;
    va_start (args, format);
    int len = vsnprintf (text, sizeof text, format, args);
    va_end (args);
    gw_ws_message (self->ws, text, (size_t)len, false);
    gw_sessions_turn (self->ws->sessions);
}

#define fake_expect(self, text) assert_string_equal (fake_read (self), text)
#define fake_expect_none(self) fake_expect (self, "")

/*  The message begins with `text`. */
#define fake_expect_like(self, text)                                                                                   \
    do {                                                                                                               \
        const char *read_ = fake_read (self);                                                                          \
        if (strncmp (read_, text, strlen (text)) != 0)                                                                 \
            fail_msg ("\"%.200s\" does not begin with \"%s\"", read_, text);                                           \
    } while (0)

/*  ---- rooms ---------------------------------------------------------------------------------- */

static inline pt_item_t fake_item (uint64_t room, uint64_t seq)
{
    return (pt_item_t){
        .room = room,
        .seq = seq,
        .id = 1000 + seq,
        .kind = PT_item_kind_MESSAGE,
        .sender = 9,
        .has_sender = true,
        .send_id = PT_LIT ("s"),
        .has_send_id = true,
        .body = PT_LIT ("hi"),
        .has_body = true,
        .at = (int64_t)seq,
    };
}

static inline pt_item_t fake_member (uint64_t room, uint64_t seq, uint64_t account, pt_change_t what, pt_role_t role)
{
    return (pt_item_t){
        .room = room,
        .seq = seq,
        .id = 1000 + seq,
        .kind = PT_item_kind_MEMBER,
        .account = account,
        .has_account = true,
        .what = what,
        .has_what = true,
        .role = role,
        .has_role = role != PT_role_none,
        .at = (int64_t)seq,
    };
}

static inline void fake_publish_seq (uint64_t room, uint64_t seq)
{
    pt_item_t item = fake_item (room, seq);
    fake_publish (room, 1, &item, 1);
}

/*  A page with items `first`..`last`. */
static inline void fake_answer_page (fake_call_t call, uint64_t room, uint64_t first, uint64_t last, uint64_t head)
{
    pt_item_t items[LIM_RANGE];
    uint32_t count = 0;
    for (uint64_t seq = first; seq <= last; seq++)
        items[count++] = fake_item (room, seq);
    pt_history_page_t page = {.items = {items, count}, .more = last < head, .head = head, .epoch = 1};
    fake_answer (call, &page);
}

static inline void fake_answer_membership (uint64_t room, uint64_t account, uint64_t head, pt_role_t role)
{
    pt_membership_t msg = {.room = room, .account = account, .role = role, .seq = head, .epoch = 1};
    fake_answer (fake_take (PT_OP_chat_membership), &msg);
}

/*  Subscribes to a room that stands at `head`, and reads the ok. */
static inline void fake_subscribe (fake_conn_t *self, uint64_t room, uint64_t account, uint64_t head)
{
    fake_ask (self, "{\"op\":\"subscribe\",\"id\":1,\"room\":\"%d\"}", (int)room);
    fake_answer_membership (room, account, head, PT_role_MEMBER);
    fake_expect_like (self, "{\"re\":1,\"ok\":{\"head\":");
}

/*  Whether the next message is the event of that seq. */
static inline void fake_expect_seq (fake_conn_t *self, uint64_t room, uint64_t seq)
{
    char text[120];
    snprintf (text, sizeof text, "{\"ev\":\"message\",\"room\":\"%d\",\"seq\":%d,", (int)room, (int)seq);
    fake_expect_like (self, text);
}

#endif
