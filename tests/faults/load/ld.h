/*  ld - a run of the load client: the one context, and the clients in it.

    Each client is a careful application: it keeps the last seq of each room and
    an outbox, reconnects to the next gateway with `since`, and sends again under
    the same send_id, in order, what has no certain outcome.  A turn of the loop
    reads sockets, lets clients decide, writes all logs, and then the sockets. */

#ifndef LD_H
#define LD_H

#include "ld_conn.h"
#include "ld_http.h"
#include "ld_log.h"
#include "ld_outbox.h"
#include "ld_plan.h"
#include "ld_said.h"
#include "ld_stats.h"

/*  Unanswered requests of one client; beyond it nothing more is asked. */
#define LD_ASKS 128

/*  Moves of members (joins, leaves, kicks) under way; a further one waits. */
#define LD_MOVES LD_HTTP_MAX
#define LD_MOVE_TRIES 50

/*  Whoever is violated is told this often, then only counted. */
#define LD_VIOLATIONS 100

/*  Longest time in a frame of a dialect, and its end. */
#define LD_TIME_MAX 40

/*  How long `stop` waits until all is acknowledged and delivered. */
#define LD_STOP_US 60000000

/*  Complete for so long: gateways ask for heads every 2 s. */
#define LD_CALM_US 2500000

typedef struct ld ld_t;
typedef struct ld_client ld_client_t;
typedef struct ld_revoked ld_revoked_t;

/*  What all clients together know of one room. */
typedef struct {
    uint64_t id;
    uint64_t top;            /* largest seq that any of them heard of */
    uint64_t said_seq, said; /* newest message that any native one was given: its seq, and vf_hash of its body */
} ld_place_t;

typedef enum {
    LD_OUT,     /* not a member, or the room is gone */
    LD_JOINING, /* a join is on its way */
    LD_WANTED,  /* a subscription is needed */
    LD_ASKED,
    LD_LIVE
} ld_room_state_t;

typedef struct {
    uint64_t id;
    ld_place_t *place;
    ld_room_state_t state;
    uint64_t last;  /* last seq given to the application */
    uint64_t epoch; /* 0: not known yet */
    uint64_t told;  /* LIVE: head that the subscription's answer told */
    uint64_t pull;  /* LAGGING: head to be pulled up to; 0: none */
    bool is_pulling;
    bool is_moving;    /* a leave is on its way */
    uint64_t retry_us; /* WANTED, a pull: not before */
    uint64_t move_us;  /* OUT, LIVE of LD_CHURN: the next move */
    uint64_t heard;    /* of a dialect: vf_hash of the newest message heard */
    ld_outbox_t outbox;
} ld_room_t;

typedef enum { LD_ASK_NONE, LD_ASK_SUBSCRIBE, LD_ASK_SEND, LD_ASK_PULL, LD_ASK_READ, LD_ASK_OTHER } ld_ask_kind_t;

typedef struct {
    uint32_t re;
    ld_ask_kind_t kind;
    uint16_t room;
    uint64_t seq; /* SUBSCRIBE: since; READ: what is looked for */
    uint64_t at_us;
} ld_ask_t;

/*  What a client does on an open connection: natively, or in a dialect. */
typedef struct {
    /*  A whole text frame has come. */
    void (*message) (ld_client_t *self, const char *text, size_t len);
    /*  Does what can be done in a room: subscriptions, pages, sends. */
    void (*pump) (ld_client_t *self, unsigned room);
    /*  Looks whether the other side still answers. */
    void (*watch) (ld_client_t *self);
    /*  The connection is gone: outcomes are open. */
    void (*lost) (ld_client_t *self);
} ld_tongue_t;

struct ld_client {
    ld_conn_t conn; /* first: a connection leads to its client */
    ld_t *ld;
    ld_plan_client_t *plan;
    const ld_tongue_t *tongue;
    ld_log_t log;
    ld_room_t *rooms;
    ld_revoked_t *revoked; /* LD_REVOKED; else NULL */
    uint64_t session;      /* of the token; 0: not known */
    uint64_t conn_session; /* of the token that this connection was begun with */
    ld_client_t *twin;     /* the next client of the same account; itself when alone */
    ld_ask_t asks[LD_ASKS];
    uint32_t next_re, asked;
    unsigned gateway;        /* of this connection, or the next one */
    uint64_t number;         /* messages begun */
    uint64_t spoken;         /* of a dialect: messages sent */
    uint64_t asked_us;       /* of a dialect: when it asked for a sign of life; 0: not */
    char time[LD_TIME_MAX];  /* of a dialect: that of the newest message on this socket */
    uint64_t moves;          /* joins, leaves and kicks begun */
    uint64_t connect_us;     /* DOWN: when to connect; else when the upgrade is too late */
    uint64_t leave_us;       /* the gateway drains: when to leave it; 0: it does not */
    uint64_t heard_us;       /* something came */
    uint64_t kick_us;        /* the next kick */
    uint64_t read_us;        /* SLOW: read up to then */
    uint64_t wake_us;        /* nothing is to be done before */
    uint64_t rate, frame_us; /* frames a second it may send; when the next is due at that rate */
    uint64_t heartbeat_us;
    uint32_t acked_mark, seen_mark, flowing_mark;
    bool owes_mark; /* must begin a message for the mark */
    bool is_open;   /* counted in stats.open */
};

typedef struct {
    ld_client_t *client; /* who acts; NULL: free */
    uint16_t room;
    vf_kind_t kind; /* VF_JOIN, VF_LEAVE, VF_KICK */
    uint64_t account;
    char key[LD_NAME_MAX + 32];
    unsigned tries, gateway;
    bool is_asked;
    uint64_t due_us;
} ld_move_t;

struct ld {
    ld_plan_t plan;
    ld_logs_t logs;
    ld_net_t net;
    ld_https_t https;
    ld_stats_t stats;
    ld_client_t *clients;  /* plan.count */
    ld_client_t **senders; /* those that send, each once for each of its rooms */
    unsigned sender_count;
    ld_place_t *places;
    unsigned place_count;
    ld_move_t moves[LD_MOVES];
    uint64_t now_us;
    uint64_t random;
    uint64_t rate, credit_us; /* sends a second; the next is due then */
    bool is_paused;
    uint32_t mark;
    uint64_t mark_us;
    unsigned mark_left; /* clients that do not flow yet; 0: told */
    uint64_t stop_us;   /* stopping since; 0: not */
    uint64_t calm_us;   /* complete since; 0: not */
};

/*  ---- ld_client: life --------------------------------------------------------- */

/*  0, -PT_E_memory, -PT_E_unavailable (the log can't be made). */
PT_MUSTCHECK int ld_client_init (ld_client_t *self, ld_t *ld, unsigned index);
void ld_client_fini (ld_client_t *self);

/*  What is due. */
void ld_client_tick (ld_client_t *self);

/*  Ends the connection; the next one begins after `wait_us`. */
void ld_client_leave (ld_client_t *self, uint64_t wait_us, const char *why);

/*  It has signed in anew: the next connection is begun with this token (copied). */
void ld_client_sign_in (ld_client_t *self, const char *token, uint64_t session);

/*  The plan has a newer token for it. */
void ld_client_renew (ld_client_t *self);

/*  ---- ld_session: what is said on the socket ------------------------------------ */

/*  A whole text frame has come. */
void ld_session_message (ld_client_t *self, const char *text, size_t len);

/*  Asks what can be asked: subscriptions, pages, sends of the room. */
void ld_session_pump (ld_client_t *self, unsigned room);

/*  Asks with `op`; `members` are further JSON members, such as ,"room":"7".
    False when nothing may be asked at the moment. */
bool ld_session_ask (ld_client_t *self, const ld_ask_t *ask, const char *op, const char *members);

/*  Begins a message in a room; false when its outbox is full. */
bool ld_session_begin (ld_client_t *self, unsigned room);

/*  Writes the body of a send, the same at every try.  Returns the length. */
size_t ld_session_body (const ld_client_t *self, const ld_send_t *send, char out[LD_BODY_MAX]);

/*  The connection is gone: outcomes are open, rooms need subscriptions. */
void ld_session_lost (ld_client_t *self);

/*  ---- ld_speak: the same in the dialect of members' rooms ------------------------- */

extern const ld_tongue_t ld_speak;

/*  ---- ld_member: joins, leaves, kicks ----------------------------------------------- */

void ld_member_tick (ld_client_t *self);

/*  The client is no longer a member of the room. */
void ld_member_out (ld_client_t *self, unsigned room);

void ld_moves_tick (ld_t *self);
unsigned ld_moves_count (const ld_t *self);

/*  ---- ld_revoked: ways out, and in again ---------------------------------------------- */

/*  NULL when out of memory. */
ld_revoked_t *ld_revoked_new (ld_client_t *client);
void ld_revoked_destroy (ld_revoked_t **self_p);
void ld_revoked_tick (ld_revoked_t *self);

/*  Signed in, and nothing of it on its way. */
bool ld_revoked_is_calm (const ld_revoked_t *self);

/*  ---- ld_run: the whole ---------------------------------------------------------------- */

/*  Logs and clients of `self->plan`.  0 or < 0. */
PT_MUSTCHECK int ld_run_init (ld_t *self);
void ld_run_fini (ld_t *self);

/*  Sends that are due, moves, progress of a stop.  True when a stop has ended;
    `*out_status` is then the exit code. */
bool ld_run_tick (ld_t *self, int *out_status);

/*  The commands. */
void ld_run_mark (ld_t *self);
void ld_run_storm (ld_t *self);
void ld_run_stop (ld_t *self);

/*  The client has an acknowledgement; a message that was begun after that mark. */
void ld_run_acked (ld_client_t *client, const ld_send_t *send);
void ld_run_seen (ld_client_t *client, uint32_t mark);

void ld_run_progress (ld_t *self);

/*  Tells that the server broke its word. */
void ld_run_violation (const ld_client_t *client, const char *what, uint64_t room, uint64_t seq);

/*  Adds a line to the client's log. */
static inline void ld_note (ld_client_t *self, const vf_event_t *event)
{
    ld_log_add (&self->log, &self->ld->logs, event);
}

#endif
