/*  ld_client - the life of one client: connections, one after the other, and what
    is due with time. */

#include "ld.h"
#include "ld_random.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Logs beyond these are opened for each write: descriptors are for sockets. */
#define S_LOGS_OPEN 2048

#define S_CONNECT_US 3000000
#define S_RETRY_LEAST_US 20000
#define S_RETRY_SPAN_US 130000
#define S_SIGNED_OUT_US 500000
#define S_TICK_US 100000
#define S_IDLE_TICK_US 1000000
#define S_READ_TICK_US 20000
#define S_SMALL_BUFFER 2048

enum { S_UNAUTHENTICATED = 401, S_SIGNED_OUT = 4401 };

/*  ---- connections ---------------------------------------------------------------- */

static bool s_reads_little (const ld_client_t *self)
{
    return (self->plan->mode == LD_SLOW || self->plan->mode == LD_STOPPED) && !self->ld->stop_us;
}

static void s_connect (ld_client_t *self)
{
    const ld_gateway_t *gateway = &self->ld->plan.gateways[self->gateway];
    ld_target_t target = {.to = &gateway->address,
                          .host = gateway->name,
                          .room = self->plan->speaks,
                          .scheme = *self->plan->scheme ? self->plan->scheme : "Bearer",
                          .token = self->plan->token,
                          .receive_bytes = s_reads_little (self) ? S_SMALL_BUFFER : 0};
    self->connect_us = self->ld->now_us + S_CONNECT_US;
    self->conn_session = self->session;
    if (ld_conn_start (&self->conn, &target))
        ld_client_leave (self, S_RETRY_SPAN_US, "no socket");
}

static void s_after (ld_client_t *self, uint64_t wait_us)
{
    self->gateway = (self->gateway + 1) % self->ld->plan.gateway_count;
    self->connect_us = self->ld->now_us + wait_us;
    self->leave_us = 0;
    self->wake_us = 0;
}

static void s_note_close (ld_client_t *self, const char *code)
{
    if (!self->is_open)
        return;
    self->is_open = false;
    self->ld->stats.open--;
    ld_note (self, &(vf_event_t){.op = VF_OK, .kind = VF_CLOSE, .session = self->conn_session, .err = pt_str (code)});
    self->tongue->lost (self);
}

void ld_client_leave (ld_client_t *self, uint64_t wait_us, const char *why)
{
    ld_conn_drop (&self->conn, true);
    s_note_close (self, why);
    s_after (self, wait_us);
}

static void s_on_opened (ld_conn_t *conn)
{
    ld_client_t *self = (ld_client_t *)conn;
    char index[16];
    snprintf (index, sizeof index, "%u", self->gateway);
    self->is_open = true;
    self->ld->stats.open++;
    self->ld->stats.conns++;
    self->heard_us = self->read_us = self->ld->now_us;
    self->frame_us = 0;
    ld_note (self, &(vf_event_t){.op = VF_OK,
                                 .kind = VF_CONN,
                                 .session = self->conn_session,
                                 .room = self->tongue == &ld_speak ? self->rooms[0].id : 0,
                                 .gateway = pt_str (index)});
    if (self->plan->mode == LD_SLOW && s_reads_little (self))
        ld_conn_hold (conn, true);
    for (unsigned i = 0; i < self->plan->room_count; i++)
        self->tongue->pump (self, i);
    self->wake_us = 0;
}

static void s_on_closed (ld_conn_t *conn, unsigned code, const char *why)
{
    ld_client_t *self = (ld_client_t *)conn;
    char text[16];
    snprintf (text, sizeof text, "%u", code);
    s_note_close (self, text);
    if (code == LD_CODE_PROTOCOL || code == 4400 || code == 1007 || code == 1008)
        ld_run_violation (self, why, 0, code);
    uint64_t wait_us = S_RETRY_LEAST_US + ld_random_below (&self->ld->random, S_RETRY_SPAN_US);
    s_after (self, code == S_UNAUTHENTICATED || code == S_SIGNED_OUT ? S_SIGNED_OUT_US : wait_us);
}

static void s_on_message (ld_conn_t *conn, const char *text, size_t len)
{
    ld_client_t *self = (ld_client_t *)conn;
    self->heard_us = self->ld->now_us;
    self->tongue->message (self, text, len);
}

static void s_on_pong (ld_conn_t *conn)
{
    ld_client_t *self = (ld_client_t *)conn;
    self->heard_us = self->ld->now_us;
}

static const ld_conn_ops_t s_conn_ops = {
    .opened = s_on_opened, .message = s_on_message, .pong = s_on_pong, .closed = s_on_closed};

/*  ---- time ----------------------------------------------------------------------------- */

static uint64_t s_oldest_us (const ld_client_t *self)
{
    uint64_t oldest = UINT64_MAX;
    for (unsigned i = 0, left = self->asked; i < LD_ASKS && left > 0; i++)
        if (self->asks[i].kind) {
            oldest = self->asks[i].at_us < oldest ? self->asks[i].at_us : oldest;
            left--;
        }
    return oldest;
}

/*  A connection that is silent is asked; one that owes an answer for too long is
    given up.  What is not being read owes nothing. */
static void s_watch_silence (ld_client_t *self)
{
    uint64_t now_us = self->ld->now_us;
    uint64_t quiet_us = now_us - self->heard_us;
    if (self->conn.is_held)
        return;
    if (self->asked && now_us > s_oldest_us (self) + self->ld->plan.answer_ms * 1000)
        ld_client_leave (self, S_RETRY_LEAST_US, "no_answer");
    else if (self->plan->mode == LD_IDLE && self->heartbeat_us && quiet_us > self->heartbeat_us * 5 / 2)
        ld_client_leave (self, S_RETRY_LEAST_US, "silence");
    else if (self->plan->mode != LD_IDLE && !self->asked && quiet_us > self->ld->plan.quiet_ms * 1000)
        ld_session_ask (self, &(ld_ask_t){.kind = LD_ASK_OTHER}, "ping", "");
}

static const ld_tongue_t s_native = {
    .message = ld_session_message, .pump = ld_session_pump, .watch = s_watch_silence, .lost = ld_session_lost};

static bool s_is_settled (const ld_client_t *self)
{
    for (unsigned i = 0; i < self->plan->room_count; i++)
        if (self->rooms[i].state != LD_LIVE && self->rooms[i].state != LD_OUT)
            return false;
    return true;
}

static void s_read_little (ld_client_t *self)
{
    if (self->plan->mode == LD_STOPPED && !self->conn.is_held && s_is_settled (self))
        ld_conn_hold (&self->conn, true);
    if (self->plan->mode != LD_SLOW)
        return;
    uint64_t us = self->ld->now_us - self->read_us;
    size_t max = us * self->ld->plan.slow_bytes / 1000000;
    if (!max)
        return;
    self->read_us = self->ld->now_us;
    ld_conn_read (&self->conn, max);
}

static void s_tick_open (ld_client_t *self)
{
    if (self->leave_us && self->ld->now_us >= self->leave_us) {
        ld_client_leave (self, 0, "drain");
        return;
    }
    if (s_reads_little (self))
        s_read_little (self);
    else if (self->conn.is_held)
        ld_conn_hold (&self->conn, false);
    if (self->is_open)
        self->tongue->watch (self);
    for (unsigned i = 0; self->is_open && i < self->plan->room_count; i++)
        self->tongue->pump (self, i);
}

static uint64_t s_next_us (const ld_client_t *self)
{
    uint64_t now_us = self->ld->now_us;
    if (!self->is_open)
        return self->connect_us;
    if (self->plan->mode == LD_IDLE)
        return now_us + S_IDLE_TICK_US;
    uint64_t next = now_us + (self->plan->mode == LD_SLOW ? S_READ_TICK_US : S_TICK_US);
    if (self->owes_mark)
        return now_us;
    for (unsigned i = 0; i < self->plan->room_count; i++) {
        const ld_room_t *room = &self->rooms[i];
        uint64_t due = room->state == LD_LIVE ? ld_outbox_due (&room->outbox) : room->retry_us;
        next = due < next ? due : next;
    }
    return next;
}

void ld_client_tick (ld_client_t *self)
{
    if (self->ld->now_us < self->wake_us)
        return;
    if (self->is_open)
        s_tick_open (self);
    else if (self->ld->now_us >= self->connect_us && self->plan->token[0]) {
        if (self->conn.state == LD_DOWN)
            s_connect (self);
        else
            ld_client_leave (self, S_RETRY_LEAST_US, "too slow");
    }
    if (self->plan->mode == LD_CHURN || self->plan->kick_count)
        ld_member_tick (self);
    self->wake_us = s_next_us (self);
}

/*  ---- beginning and end ------------------------------------------------------------------ */

void ld_client_sign_in (ld_client_t *self, const char *token, uint64_t session)
{
    char *copy = strdup (token);
    if (!copy)
        return;
    free (self->plan->token);
    self->plan->token = copy;
    self->session = session;
    self->wake_us = 0;
    if (self->conn.state == LD_DOWN)
        self->connect_us = self->ld->now_us;
}

void ld_client_renew (ld_client_t *self)
{
    char members[LD_TOKEN_MAX + 32];
    snprintf (members, sizeof members, ",\"token\":\"%s\"", self->plan->token);
    if (self->is_open && !self->revoked && self->tongue == &s_native)
        ld_session_ask (self, &(ld_ask_t){.kind = LD_ASK_OTHER}, "auth", members);
}

int ld_client_init (ld_client_t *self, ld_t *ld, unsigned index)
{
    self->ld = ld;
    self->plan = &ld->plan.clients[index];
    self->tongue = *self->plan->speaks ? &ld_speak : &s_native;
    self->gateway = index % ld->plan.gateway_count;
    self->connect_us = ld->now_us;
    self->rate = 100; /* until the server says what it takes */
    self->next_re = 1;
    self->twin = self;
    ld_conn_init (&self->conn, &ld->net, &s_conn_ops, ld_random (&ld->random));
    self->rooms = calloc (self->plan->room_count + 1, sizeof *self->rooms);
    if (!self->rooms)
        return -PT_E_memory;
    for (unsigned i = 0; i < self->plan->room_count; i++) {
        self->rooms[i].id = self->plan->rooms[i];
        self->rooms[i].state = LD_WANTED;
        ld_outbox_init (&self->rooms[i].outbox, (uint32_t)ld->plan.window);
    }
    if (self->plan->mode == LD_REVOKED && !(self->revoked = ld_revoked_new (self)))
        return -PT_E_memory;
    int err = ld_log_open (&self->log, &ld->logs, self->plan->name, index < S_LOGS_OPEN);
    if (!err)
        ld_note (self, &(vf_event_t){.op = VF_OK, .kind = VF_CLIENT, .account = self->plan->account});
    return err;
}

void ld_client_fini (ld_client_t *self)
{
    ld_conn_fini (&self->conn);
    ld_log_close (&self->log);
    ld_revoked_destroy (&self->revoked);
    for (unsigned i = 0; self->rooms && i < self->plan->room_count; i++)
        ld_outbox_fini (&self->rooms[i].outbox);
    free (self->rooms);
}
