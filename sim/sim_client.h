/*  sim_client - a careful client, as tests/e2e/lib/client.mjs is one: it keeps
    the last seq of each room and an outbox with send_ids, connects to the next
    gateway with `since` when it loses one, and sends again what has no answer.

    What it sees is judged at once against what the database holds: the first
    thing that is wrong ends the schedule.  It is also told to a history, from
    which the judge of verify/ decides in the end. */

#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "sim_daemon.h"
#include "sim_history.h"

#define SIM_CLIENT_ROOMS 4
#define SIM_OUTBOX 64 /* sends of one room without an answer; more are not begun */
#define SIM_SENDS 510 /* of one client to one room in a schedule */
#define SIM_GATEWAYS 3

typedef enum {
    SIM_ROOM_OFF,     /* not subscribed */
    SIM_ROOM_ASKED,   /* subscribe is under way */
    SIM_ROOM_LIVE,    /* subscribed */
    SIM_ROOM_LEAVING, /* unsubscribe is under way */
} sim_room_state_t;

typedef struct {
    uint32_t number; /* of the send: its send_id */
    uint32_t size;   /* of its body */
    uint64_t re;     /* of the try under way; 0: none */
    uint64_t retry_us;
    bool is_tried;
} sim_send_t;

typedef struct {
    uint64_t id;
    sim_room_state_t state;
    uint64_t re; /* of subscribe, unsubscribe or history */
    uint64_t retry_us;
    uint64_t last;                /* seq given to the application; of a seat, or the room's when it connected */
    uint64_t head;                /* told when it was subscribed */
    uint32_t seqs[SIM_SENDS + 2]; /* acknowledged, by number of the send; 0: not (yet) */
    bool is_wanted;               /* wants to be a member and to follow */
    bool is_out;                  /* has seen the end of its membership */
    bool is_lagging, is_pulling;
    uint64_t lag_head;
    uint64_t rest; /* join, leave or kick under way: its id */
    uint32_t rest_key, rest_tries;
    char rest_what;
    uint64_t rest_whom, rest_retry_us;
    uint32_t next_number;
    sim_send_t outbox[SIM_OUTBOX];
    unsigned first, count;
} sim_room_t;

typedef struct {
    sim_net_t *net;
    int node;
    unsigned index;
    uint64_t account;
    uint64_t credential, generation; /* that it signed in with */
    sim_pg_t *pg;
    sim_history_t *history;
    sim_daemon_t *gateways[SIM_GATEWAYS];
    unsigned gateway_count, next_gateway;
    bool is_seat;      /* listens and speaks in its one room in the members' dialect, and does nothing else */
    unsigned window;   /* sends of one room that may be under way */
    uint32_t body_max; /* bytes */
    sim_link_t *link;
    bool is_up, is_connecting;
    bool wants_hang_up; /* with the next tick */
    uint64_t paused_us; /* reads nothing until then */
    sim_parcel_t *unread_first, *unread_last;
    uint64_t last_re;
    uint64_t socket; /* counts its connections */
    pt_buf_t message;
    sim_room_t rooms[SIM_CLIENT_ROOMS];
    unsigned room_count;
    uint64_t acked, received;
} sim_client_t;

/*  Embedded object, all zero but what is given (net, node, pg ..); begins to
    connect and ticks from now on. */
void sim_client_start (sim_client_t *self);
void sim_client_fini (sim_client_t *self);

/*  Acts of its user; whatever can't be done now is left undone. */
void sim_client_send (sim_client_t *self, unsigned room);
void sim_client_say (sim_client_t *self); /* of a seat */
void sim_client_change (sim_client_t *self, unsigned room, char what, uint64_t whom);
void sim_client_turn_away (sim_client_t *self, unsigned room); /* unsubscribe, and back */
void sim_client_hang_up (sim_client_t *self);
void sim_client_pause (sim_client_t *self, uint64_t us);

/*  Everything acknowledged, everything that is owed received; if not, what is
    missing goes to `why`. */
bool sim_client_is_content (const sim_client_t *self, char *why, size_t size);

/*  Tells the history how far it has come. */
void sim_client_end (sim_client_t *self);

#endif
