/*  sim_gateway - the gateway's sessions and rooms, with the simulated network in
    place of libwebsockets: what gw_link does for gw_ws is done here.

    Clients speak the JSON of /v1/ws.  What they would ask over HTTP comes as one
    line "!<id> <operation> <room> <account> <key>", answered "!<id> <error>". */

#include "gw_conn.h"
#include "gw_revoked.h"
#include "gw_revoked_poll.h"
#include "gw_room.h"
#include "gw_seat.h"
#include "gw_voices.h"
#include "gw_ws.h"
#include "sim_daemon.h"
#include <stdio.h>
#include <stdlib.h>

/*  Bytes a session may write in one turn. */
#define S_FLUSH_BUDGET (256 * 1024)

/*  A socket takes so much before its client must have read. */
#define S_WINDOW (48 * 1024)

#define S_RESTS 8
#define S_REST_MS 5000

typedef struct {
    sim_session_t *session;
    uint64_t call; /* 0: free */
    unsigned long long id;
} rest_t;

struct sim_session {
    gw_conn_t conn; /* first */
    sim_daemon_t *daemon;
    unsigned slot;
    gw_identity_t identity;
    gw_place_t place; /* no room: it is native */
    sim_link_t *link; /* NULL until it is up */
    gw_ws_t *ws;
    bool is_dirty, is_closing;
    size_t unread; /* bytes sent that the client has not taken */
    rest_t rests[S_RESTS];
};

/*  ---- gw_conn --------------------------------------------------------------------- */

static void s_dirty (gw_conn_t *conn)
{
    ((sim_session_t *)conn)->is_dirty = true;
}

static void s_send_bytes (sim_session_t *self, const void *bytes, size_t len)
{
    sim_net_t *net = self->daemon->process.net;
    sim_parcel_t *parcel = sim_parcel_new (net);
    if (!parcel)
        return;
    parcel->parts[0] = sim_bytes_new (bytes, len);
    if (!parcel->parts[0]) {
        sim_parcel_discard (net, &parcel);
        return;
    }
    parcel->count = 1;
    self->unread += len;
    sim_link_send (self->link, 1, parcel);
}

static bool s_send (gw_conn_t *conn, const void *bytes, size_t len)
{
    sim_session_t *self = (sim_session_t *)conn;
    if (self->is_closing || !self->link || self->unread > S_WINDOW)
        return false;
    s_send_bytes (self, bytes, len);
    return true;
}

static void s_close_conn (gw_conn_t *conn, uint16_t code, const char *reason)
{
    (void)code, (void)reason;
    ((sim_session_t *)conn)->is_closing = true;
    sim_process_wake (&((sim_session_t *)conn)->daemon->process);
}

static const char *s_peer (const gw_conn_t *conn)
{
    (void)conn;
    return "simulated";
}

static const gw_network_t *s_network (const gw_conn_t *conn)
{
    (void)conn;
    return NULL;
}

static const gw_conn_ops_t s_conn_ops = {s_dirty, s_send, s_close_conn, s_peer, s_network};

/*  ---- what goes over HTTP ------------------------------------------------------------ */

static void s_answer_rest (sim_session_t *self, unsigned long long id, int status)
{
    char line[64];
    int len = snprintf (line, sizeof line, "!%llu %d", id, -status);
    if (self->link && !self->is_closing)
        s_send_bytes (self, line, (size_t)len);
}

static void s_on_rest (void *arg, const sv_reply_t *reply)
{
    rest_t *rest = arg;
    rest->call = 0;
    s_answer_rest (rest->session, rest->id, reply->status);
}

static rest_t *s_free_rest (sim_session_t *self)
{
    for (unsigned i = 0; i < S_RESTS; i++)
        if (!self->rests[i].call)
            return &self->rests[i];
    return NULL;
}

static void s_ask_rest (sim_session_t *self, const char *line)
{
    unsigned long long id = 0, room = 0, account = 0;
    char what = 0, key[LIM_KEY];
    if (sscanf (line, "!%llu %c %llu %llu %63s", &id, &what, &room, &account, key) != 5)
        return;
    pt_room_change_t change = {.account = self->identity.account, .room = room, .key = pt_str (key)};
    pt_member_remove_t removal = {
        .account = self->identity.account, .room = room, .member = account, .key = pt_str (key)};
    pt_member_set_t set = {.account = self->identity.account, .room = room, .member = account, .key = pt_str (key)};
    sv_call_t call = {.affinity = room, .deadline_ms = S_REST_MS};
    switch (what) {
    case 'j':
        call.opcode = PT_OP_chat_room_join, call.msg = &change;
        break;
    case 'l':
        call.opcode = PT_OP_chat_room_leave, call.msg = &change;
        break;
    case 'k':
        call.opcode = PT_OP_chat_member_remove, call.msg = &removal;
        break;
    default:
        call.opcode = PT_OP_chat_member_set, call.msg = &set;
        break;
    }
    rest_t *rest = s_free_rest (self);
    int err = -PT_E_busy;
    if (rest) {
        rest->session = self;
        rest->id = id;
        rest->call = sv_bus_call (self->daemon->bus, &call, s_on_rest, rest, &err);
    }
    if (!rest || !rest->call)
        s_answer_rest (self, id, err);
}

/*  ---- sessions ----------------------------------------------------------------------- */

static void s_destroy (sim_session_t *self)
{
    for (unsigned i = 0; i < S_RESTS; i++)
        if (self->rests[i].call)
            sv_bus_cancel (self->daemon->bus, self->rests[i].call);
    gw_ws_close (&self->ws);
    if (self->link)
        sim_link_close (self->link, 1);
    self->daemon->sessions[self->slot] = NULL;
    free (self);
}

static void s_up (void *ctx, sim_link_t *link)
{
    sim_session_t *self = ctx;
    sim_process_enter (&self->daemon->process);
    self->link = link;
    self->ws = gw_ws_open (&self->daemon->gw, &self->conn, &self->identity, self->place.room != 0);
    if (!self->ws || self->daemon->is_draining)
        self->is_closing = true;
    else if (self->place.room)
        gw_seat_take (self->ws, &self->place);
    sim_process_wake (&self->daemon->process);
}

static void s_down (void *ctx, sim_link_t *link)
{
    sim_session_t *self = ctx;
    sim_process_enter (&self->daemon->process);
    sim_link_close (link, 1);
    self->link = NULL;
    s_destroy (self);
}

static void s_take (void *ctx, sim_link_t *link, sim_parcel_t *parcel)
{
    sim_session_t *self = ctx;
    sim_process_t *process = &self->daemon->process;
    const sim_bytes_t *bytes = parcel->parts[0];
    (void)link;
    sim_process_enter (process);
    if (bytes->at[0] == '!')
        s_ask_rest (self, bytes->at);
    else if (self->ws && !self->is_closing)
        gw_ws_message (self->ws, bytes->at, bytes->len, false);
    sim_parcel_discard (process->net, &parcel);
    sim_process_wake (process);
}

static const sim_end_ops_t s_end_ops = {s_up, s_down, s_take};

/*  As the handshake does it. */
static bool s_is_good (const sim_daemon_t *self, const gw_identity_t *identity)
{
    return self->is_running && gw_revoked_judge (self->gw.revoked, identity, self->process.net->now_us / 1000) == 0;
}

sim_end_t sim_gateway_accept (sim_daemon_t *self, const gw_identity_t *identity, uint64_t seat)
{
    sim_end_t end = {.node = self->process.node, .ops = &s_end_ops};
    unsigned slot = 0;
    while (slot < SIM_SESSIONS && self->sessions[slot])
        slot++;
    sim_session_t *session = slot < SIM_SESSIONS && s_is_good (self, identity) ? calloc (1, sizeof *session) : NULL;
    if (!session)
        return end;
    *session = (sim_session_t){.conn = {&s_conn_ops}, .daemon = self, .slot = slot, .identity = *identity};
    if (seat)
        session->place =
            (gw_place_t){.voice = &gw_voice_member, .room = seat, .head = sim_pg_room (self->pg, seat)->head};
    self->sessions[slot] = session;
    end.ctx = session;
    return end;
}

const gw_identity_t *sim_gateway_stale (const sim_daemon_t *self, uint64_t us)
{
    for (unsigned i = 0; self->is_running && i < SIM_SESSIONS; i++) {
        const sim_session_t *session = self->sessions[i];
        if (!session || !session->ws || session->is_closing)
            continue;
        const gw_identity_t *identity = &session->identity;
        uint64_t revoked_us = sim_pg_revoked_us (self->pg, identity->account, identity->session, identity->generation);
        if (revoked_us && revoked_us <= us)
            return identity;
    }
    return NULL;
}

void sim_gateway_refuse (sim_end_t *end)
{
    if (end->ctx)
        s_destroy (end->ctx);
    end->ctx = NULL;
}

/*  The client has read: what was too much before may go on. */
void sim_gateway_read (void *session, size_t len)
{
    sim_session_t *self = session;
    self->unread -= len < self->unread ? len : self->unread;
    if (self->is_dirty)
        sim_process_wake (&self->daemon->process);
}

/*  ---- the gateway ----------------------------------------------------------------------- */

void sim_gateway_end_turn (void *daemon)
{
    sim_daemon_t *self = daemon;
    gw_sessions_turn (self->gw.sessions);
    for (unsigned i = 0; i < SIM_SESSIONS; i++) {
        sim_session_t *session = self->sessions[i];
        if (session && session->ws && session->is_dirty)
            session->is_dirty = gw_ws_flush (session->ws, S_FLUSH_BUDGET);
        if (session && session->is_closing)
            s_destroy (session);
    }
}

bool sim_gateway_open (sim_daemon_t *self)
{
    self->gw = (gw_t){.loop = &self->process.loop, .bus = self->bus};
    snprintf (self->gw.instance, sizeof self->gw.instance, "%016llx",
              (unsigned long long)sv_bus_generation (self->bus));
    self->gw.revoked = gw_revoked_new ();
    self->gw.rooms = self->gw.revoked ? gw_rooms_new (&self->gw) : NULL;
    self->gw.sessions = self->gw.rooms ? gw_sessions_new (&self->gw) : NULL;
    self->gw.poll = self->gw.sessions ? gw_revoked_poll_new (&self->gw) : NULL;
    self->process.end_turn = sim_gateway_end_turn;
    self->process.ctx = self;
    return self->gw.poll != NULL;
}

void sim_gateway_close (sim_daemon_t *self)
{
    self->process.end_turn = NULL;
    for (unsigned i = 0; i < SIM_SESSIONS; i++)
        if (self->sessions[i])
            s_destroy (self->sessions[i]);
    gw_revoked_poll_destroy (&self->gw.poll);
    gw_sessions_destroy (&self->gw.sessions);
    gw_rooms_destroy (&self->gw.rooms);
    gw_revoked_destroy (&self->gw.revoked);
}

void sim_gateway_drain (sim_daemon_t *self)
{
    self->gw.is_draining = true;
    for (unsigned i = 0; i < SIM_SESSIONS; i++)
        if (self->sessions[i] && self->sessions[i]->ws) {
            gw_ws_drain (self->sessions[i]->ws, 100);
            self->sessions[i]->is_closing = true;
        }
    sim_process_wake (&self->process);
}
