/*  gw_ws_priv - the insides of a session, shared by gw_ws.c (life, frames in and
    out, time), gw_ws_identity.c (whose it is), gw_ws_ops.c (the table of operations and the simple ones),
    gw_ws_sub.c (subscriptions) and gw_ws_send.c (sending). */

#ifndef GW_WS_PRIV_H
#define GW_WS_PRIV_H

#include "gw.h"
#include "gw_conn.h"
#include "gw_idmap.h"
#include "gw_outq.h"
#include "gw_room.h"
#include "gw_seat.h"
#include "gw_sendq.h"
#include "gw_ws.h"
#include "sv_rate.h"
#include <jansson.h>

/*  Deadline of what a session asks of services; of a send, until its client
    is told that the outcome is open. */
#define GW_WS_CALL_MS 5000

/*  Bytes of sends that one session may have waiting; beyond it too_many. */
#define GW_WS_SEND_BYTES (1024 * 1024)

/*  JSON of one answer to `history`; what does not fit is left for the next. */
#define GW_WS_HISTORY_BYTES (160 * 1024)

/*  Requests to sign in that may wait at a time, each with its token. */
#define GW_WS_AUTHS 4

/*  What of the handshake's request id its calls begin with; a dash and a number
    of at most 16 hex digits make each unique. */
#define GW_WS_TRACE (LIM_TRACE - 17)

typedef struct gw_op gw_op_t;
typedef struct gw_lane gw_lane_t;

struct gw_sessions {
    gw_t *gw;
    gw_ws_t *first;
    gw_idmap_t accounts; /* first session of each that is signed in */
    unsigned count;
    uint64_t now_ms;        /* of the last tick: exact enough for who is stuck */
    gw_lane_t *lanes;       /* those with something to send */
    gw_lane_t *due;         /* those that send at the end of this turn */
    sv_timer_t *tick_timer; /* every second: who is late, expired, stuck */
    sv_timer_t *lane_timer; /* runs while there are lanes */
    bool is_lane_ticking;
    pt_buf_t text;     /* JSON of the frame at hand */
    pt_arena_t *arena; /* of the request at hand */
    char *scratch;     /* GW_OUTQ_SCRATCH */
    sv_metric_t *m_sessions, *m_frames, *m_bytes, *m_refused, *m_closed, *m_revoked;
};

struct gw_ws {
    gw_t *gw;
    gw_sessions_t *sessions;
    gw_conn_t *conn;
    gw_seat_t *seat; /* NULL: it speaks the native protocol */
    gw_ws_t *next, *prev;
    gw_identity_t identity;
    bool has_identity;
    gw_ws_t *account_next, *account_prev; /* of one account */
    int refused;                          /* what became of its identity during the handshake; 0: it is good */
    bool is_closing;
    bool is_signed_out;
    bool is_warned;   /* of the end of its identity */
    bool is_fetching; /* one history question is open */
    uint64_t opened_ms;
    uint64_t waiting_ms; /* since when something waits and nothing is taken; 0: not at all */
    gw_outq_t outq;
    sv_rate_t rate;
    sv_rate_t strikes;
    gw_idmap_t subs;                     /* gw_sub_t by room */
    gw_idmap_t lanes;                    /* gw_lane_t by room */
    gw_op_t *ops;                        /* calls under way, newest first */
    gw_op_t *parked_first, *parked_last; /* history that waits its turn */
    gw_op_t *auth_first, *auth_last;     /* auth, the first under way, the others behind it */
    unsigned auths;
    unsigned pending;            /* requests not yet answered */
    char trace[GW_WS_TRACE + 1]; /* request id of the handshake; "" when there is none */
    uint64_t call_count;         /* calls that got an id of their own */
    size_t send_bytes;
};

/*  A request under way. */
struct gw_op {
    gw_ws_t *ws;
    gw_op_t *next, *prev;
    gw_op_t *parked_next;
    struct gw_auth *auth;   /* of an auth, its proof */
    gw_seat_reply_fn *told; /* of a voice's question */
    bool tells_failure;     /* also of one that fails */
    uint64_t call;          /* of the bus, 0: parked */
    uint64_t re;
    uint64_t room;
    uint16_t opcode;
    bool has_seq;
    uint64_t seq; /* subscribe: since */
    pt_history_query_t query;
    gw_seat_page_fn *looked; /* of a voice that looks back, with its note */
    uint32_t note_len;
    char note[GW_SEAT_NOTE];
};

/*  A request as it came. */
typedef struct {
    const json_t *json;
    uint64_t re;
} gw_request_t;

typedef void (gw_op_fn) (gw_ws_t *ws, const gw_request_t *request);

/*  The operation of that name, NULL when there is none. */
typedef struct {
    const char *name;
    gw_op_fn *fn;
    unsigned scope; /* GW_SCOPE_* that the credential needs; 0: needs no identity */
} gw_op_entry_t;

const gw_op_entry_t *gw_ws_op_find (const char *name);

/*  Row by row; NULL past the last. */
const gw_op_entry_t *gw_ws_op_at (size_t i);

/*  ---- gw_ws.c ---------------------------------------------------------------- */

/*  Queues a frame (consumed) and makes the connection dirty; a session that
    takes nothing any more is closed. */
void gw_ws_put (gw_ws_t *self, gw_frame_t **frame_p);

/*  Something waits to be written. */
void gw_ws_dirty (gw_ws_t *self);

/*  Opens a reply `{"re":n,"ok":{` or an event `{"ev":"name"` in the shared
    text; the fields follow; gw_ws_end closes with as many braces, and queues it.  A dialect
    has no such frames: there they are dropped. */
pt_buf_t *gw_ws_begin_ok (gw_ws_t *self, uint64_t re);
pt_buf_t *gw_ws_begin_event (gw_ws_t *self, const char *name);
void gw_ws_end (gw_ws_t *self, const char *braces);

/*  Answers with an error (either sign) and a sentence (may be NULL), in a dialect with that sentence
    alone. */
void gw_ws_fail (gw_ws_t *self, uint64_t re, int err, pt_str_t detail);

/*  As above from the error body of a service or of pt_validate. */
void gw_ws_fail_with (gw_ws_t *self, uint64_t re, int err, const pt_error_t *error);

/*  Close code when memory is out, or who is asked away; when the identity has ended. */
#define GW_WS_SHORT 1013
#define GW_WS_SIGNED_OUT 4401

/*  A request id for a call of this session; "" without one of the handshake. */
void gw_ws_name_call (gw_ws_t *self, char out[LIM_TRACE + 1]);

/*  Flushes what there is and closes; later frames of the client are ignored. */
void gw_ws_shut (gw_ws_t *self, uint16_t code, const char *reason);

/*  What the timers call, for tests with a clock of their own. */
void gw_sessions_tick (gw_sessions_t *self, uint64_t now_ms, int64_t wall_us);
void gw_sessions_lane_tick (gw_sessions_t *self, uint64_t now_ms);

/*  There is a lane: its ticks are needed. */
void gw_sessions_wake_lanes (gw_sessions_t *self);

/*  ---- gw_ws_identity.c ---------------------------------------------------------- */

/*  Closes a session whose identity was good when the handshake was judged, and is
    not any more. */
void gw_ws_refuse (gw_ws_t *self);

/*  The session is gone from the list of its account. */
void gw_ws_unlist_account (gw_ws_t *self);

/*  ---- gw_ws_ops.c -------------------------------------------------------------- */

/*  A new request under way, counted as pending; NULL after answering too_many
    or memory. */
gw_op_t *gw_op_new (gw_ws_t *ws, uint64_t re, uint64_t room);

/*  Takes it off its session and frees it; cancels its call. */
void gw_op_destroy (gw_op_t **self_p);

/*  Calls `opcode`; on failure answers (unless it is a seat that follows its room) and destroys the
    op. */
void gw_op_call (gw_op_t **self_p, uint16_t opcode, const void *msg, sv_reply_fn *fn);

/*  A field of a request: an id or seq, as number or digits.  gw_request_room
    answers `invalid` and returns 0 when there is no usable `room`. */
bool gw_request_u64 (const gw_request_t *request, const char *name, uint64_t *out_value);

/*  A list of ids; `out_values` takes `max`.  0 of them when it is absent or null; false when
    it is anything else, or longer. */
bool gw_request_ids (const gw_request_t *request, const char *name, uint64_t *out_values, uint32_t max,
                     uint32_t *out_count);
uint64_t gw_request_room (gw_ws_t *ws, const gw_request_t *request);

/*  A string field; false when it is absent or no string. */
bool gw_request_str (const gw_request_t *request, const char *name, pt_str_t *out_value);

/*  Asks for the history that `query` says, when it is its turn. */
void gw_ws_ask_history (gw_op_t *op);

/*  Starts history that was parked, when the socket has taken what it had. */
void gw_ws_unpark (gw_ws_t *self);

/*  ---- gw_ws_sub.c ---------------------------------------------------------------- */

gw_op_fn gw_ws_subscribe, gw_ws_unsubscribe;

/*  Follows the room of a seat, unless that is under way. */
void gw_ws_follow (gw_ws_t *self);

/*  Subscriptions end with their session; the outq has let go of their feeds. */
void gw_ws_drop_subs (gw_ws_t *self);

/*  What a feed in the queue of a session needs (gw_outq_ops_t). */
void gw_ws_feed_page (void *arg, gw_feed_t *feed);
void gw_ws_feed_end (void *arg, gw_feed_t *feed);

/*  ---- gw_ws_send.c ---------------------------------------------------------------- */

gw_op_fn gw_ws_send;

/*  Checks an entry by the schema and queues it (copied) behind all that was sent to the room before. */
void gw_ws_post (gw_ws_t *self, uint64_t re, uint64_t room, const pt_send_entry_t *entry);
void gw_ws_drop_lanes (gw_ws_t *self);

/*  What waits for its time in a lane: answers that are due, another try. */
void gw_lane_tick (gw_lane_t *self, uint64_t now_ms);
gw_lane_t *gw_lane_next (const gw_lane_t *self);

#endif
