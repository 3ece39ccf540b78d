/*  sim_client - connections, subscriptions, sends.  What it is told is read in
    sim_client_read.c.

    One tick does everything that is due: so a client holds no timers of its own
    and nothing of it can come late. */

#include "sim_client_priv.h"
#include <stdarg.h>
#include <stdio.h>

#define S_TICK_US 10000
#define S_RECONNECT_MIN_US 20000
#define S_RECONNECT_MAX_US 150000
#define S_MESSAGE_MAX (1024 * 1024)

/*  Bytes of what a seat says: its dialect takes 1000 characters. */
#define S_SAID_MAX 900

/*  ---- frames out ------------------------------------------------------------------ */

static uint64_t s_ask (sim_client_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  The first argument of every format is the request's id. */
static uint64_t s_ask (sim_client_t *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    sim_parcel_t *parcel = sim_parcel_new (self->net);
    sim_bytes_t *bytes = sim_bytes_new (NULL, LIM_BODY + 256);
    if (parcel && bytes) {
        int len = vsnprintf (bytes->at, bytes->len, format, args);
        bytes->len = len > 0 ? (uint32_t)len : 0;
        parcel->parts[0] = bytes;
        parcel->count = 1;
        sim_link_send (self->link, 0, parcel);
    } else {
        sim_bytes_unref (&bytes);
        sim_parcel_discard (self->net, &parcel);
    }
    va_end (args);
    return self->last_re;
}

void sim_client_subscribe (sim_client_t *self, sim_room_t *room)
{
    room->state = SIM_ROOM_ASKED;
    room->is_lagging = room->is_pulling = false;
    sim_client_log (self, VF_SUB, VF_INVOKE, room, &(sim_line_t){.seq = room->last});
    room->re = ++self->last_re;
    s_ask (self, "{\"op\":\"subscribe\",\"id\":%llu,\"room\":\"%llu\",\"since\":%llu}", (unsigned long long)room->re,
           (unsigned long long)room->id, (unsigned long long)room->last);
}

void sim_client_pull (sim_client_t *self, sim_room_t *room)
{
    room->is_pulling = true;
    room->re = ++self->last_re;
    s_ask (self, "{\"op\":\"history\",\"id\":%llu,\"room\":\"%llu\",\"after\":%llu,\"limit\":200}",
           (unsigned long long)room->re, (unsigned long long)room->id, (unsigned long long)room->last);
}

uint32_t sim_body (char *out, uint64_t client, uint32_t number, uint32_t size)
{
    int len = snprintf (out, LIM_BODY, "c%llu-%u ", (unsigned long long)client, number);
    uint32_t from = len > 0 ? (uint32_t)len : 0;
    if (size > from)
        memset (out + from, 'x', size - from);
    return size > from ? size : from;
}

static void s_try (sim_client_t *self, sim_room_t *room, sim_send_t *send)
{
    char body[LIM_BODY];
    uint32_t len = sim_body (body, self->account, send->number, send->size);
    sim_client_log (
        self, VF_SEND, VF_INVOKE, room,
        &(sim_line_t){.sender = (uint32_t)self->account, .number = send->number, .bodyhash = vf_hash (body, len)});
    send->is_tried = true;
    send->re = ++self->last_re;
    s_ask (self, "{\"op\":\"send\",\"id\":%llu,\"room\":\"%llu\",\"send_id\":\"m%u\",\"body\":\"%.*s\"}",
           (unsigned long long)send->re, (unsigned long long)room->id, send->number, (int)len, body);
}

static void s_ask_change (sim_client_t *self, sim_room_t *room)
{
    static const vf_kind_t kinds[] = {['j'] = VF_JOIN, ['l'] = VF_LEAVE, ['k'] = VF_KICK, ['s'] = VF_JOIN};
    room->rest = ++self->last_re;
    room->rest_tries++;
    sim_client_log (self, kinds[(unsigned char)room->rest_what], VF_INVOKE, room,
                    &(sim_line_t){.account = room->rest_whom});
    s_ask (self, "!%llu %c %llu %llu k%llu-%u", (unsigned long long)room->rest, room->rest_what,
           (unsigned long long)room->id, (unsigned long long)room->rest_whom, (unsigned long long)self->account,
           room->rest_key);
}

/*  ---- ticks ------------------------------------------------------------------------- */

/*  Sends in order; one that waits for its next try holds back those behind it
    that were not tried on this connection. */
static void s_pump (sim_client_t *self, sim_room_t *room)
{
    for (unsigned i = 0; i < room->count && i < self->window; i++) {
        sim_send_t *send = &room->outbox[(room->first + i) % SIM_OUTBOX];
        if (send->re)
            continue;
        if (send->retry_us > self->net->now_us)
            return;
        s_try (self, room, send);
    }
}

static void s_tend (sim_client_t *self, sim_room_t *room)
{
    uint64_t now_us = self->net->now_us;
    if (self->is_seat)
        return;
    if (room->rest_what && !room->rest && room->rest_retry_us <= now_us)
        s_ask_change (self, room);
    if (room->state == SIM_ROOM_OFF && room->is_out && room->is_wanted && !room->rest_what && room->retry_us <= now_us)
        sim_client_change (self, (unsigned)(room - self->rooms), 'j', self->account);
    if (room->state == SIM_ROOM_OFF && !room->is_out && room->is_wanted && room->retry_us <= now_us)
        sim_client_subscribe (self, room);
    if (room->state == SIM_ROOM_LIVE && room->is_lagging && !room->is_pulling && room->retry_us <= now_us)
        sim_client_pull (self, room);
    if (room->state == SIM_ROOM_LIVE)
        s_pump (self, room);
}

static void s_connect (sim_client_t *self);

static void s_on_tick (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_client_t *self = ctx;
    if (self->wants_hang_up)
        sim_client_hang_up (self);
    if (!self->link && !self->is_connecting)
        s_connect (self);
    if (self->unread_first && self->paused_us <= self->net->now_us)
        sim_client_read_all (self);
    for (unsigned i = 0; self->is_up && i < self->room_count; i++)
        s_tend (self, &self->rooms[i]);
    sim_net_after (self->net, self->node, S_TICK_US, s_on_tick, self, 0);
}

/*  ---- connections --------------------------------------------------------------------- */

static void s_drop_unread (sim_client_t *self)
{
    while (self->unread_first) {
        sim_parcel_t *parcel = self->unread_first;
        self->unread_first = parcel->next;
        sim_parcel_discard (self->net, &parcel);
    }
}

static void s_log_said (sim_client_t *self, const sim_room_t *room, const sim_send_t *send, vf_op_t op)
{
    char body[LIM_BODY];
    uint32_t len = sim_body (body, self->account, send->number, send->size);
    sim_client_log (self, VF_SEND, op, room, &(sim_line_t){.bodyhash = vf_hash (body, len)});
}

/*  What a seat said and has not heard is open for ever: said again it would be another
    message. */
static void s_give_up (sim_client_t *self, sim_room_t *room)
{
    for (; room->count > 0; room->count--) {
        s_log_said (self, room, &room->outbox[room->first], VF_INFO);
        room->first = (room->first + 1) % SIM_OUTBOX;
    }
}

static void s_on_retry (void *ctx, uint64_t arg)
{
    (void)arg;
    ((sim_client_t *)ctx)->is_connecting = false;
}

/*  Nothing that was asked on the connection that is gone has an answer any more. */
static void s_lose (sim_client_t *self)
{
    if (self->is_up)
        sim_client_log (self, VF_CLOSE, VF_OK, NULL, &(sim_line_t){0});
    self->link = NULL;
    self->is_up = self->wants_hang_up = false;
    s_drop_unread (self);
    pt_buf_clear (&self->message);
    for (unsigned i = 0; i < self->room_count; i++) {
        sim_room_t *room = &self->rooms[i];
        if (room->state == SIM_ROOM_ASKED)
            sim_client_log (self, VF_SUB, VF_INFO, room, &(sim_line_t){0});
        room->state = SIM_ROOM_OFF;
        room->re = 0;
        room->rest = 0;
        room->is_lagging = room->is_pulling = false;
        if (self->is_seat)
            s_give_up (self, room);
        for (unsigned k = 0; k < room->count; k++) {
            sim_send_t *send = &room->outbox[(room->first + k) % SIM_OUTBOX];
            if (send->re)
                sim_client_log (self, VF_SEND, VF_INFO, room,
                                &(sim_line_t){.sender = (uint32_t)self->account, .number = send->number});
            send->re = 0;
            send->retry_us = 0;
        }
    }
    self->is_connecting = true;
    sim_net_after (self->net, self->node,
                   sim_random_between (self->net->random, S_RECONNECT_MIN_US, S_RECONNECT_MAX_US), s_on_retry, self, 0);
}

static void s_up (void *ctx, sim_link_t *link)
{
    sim_client_t *self = ctx;
    (void)link;
    self->is_up = true;
    self->socket++;
    sim_client_log (self, VF_CONN, VF_OK, self->is_seat ? &self->rooms[0] : NULL, &(sim_line_t){0});
    if (self->is_seat)
        self->rooms[0].state = SIM_ROOM_LIVE;
    for (unsigned i = 0; i < self->room_count; i++)
        if (self->rooms[i].is_wanted && !self->rooms[i].is_out && !self->is_seat)
            sim_client_subscribe (self, &self->rooms[i]);
}

static void s_down (void *ctx, sim_link_t *link)
{
    sim_client_t *self = ctx;
    if (self->link == link)
        s_lose (self);
}

static void s_take (void *ctx, sim_link_t *link, sim_parcel_t *parcel)
{
    sim_client_t *self = ctx;
    (void)link;
    parcel->next = NULL;
    if (self->unread_first)
        self->unread_last->next = parcel;
    else
        self->unread_first = parcel;
    self->unread_last = parcel;
    if (self->paused_us <= self->net->now_us)
        sim_client_read_all (self);
}

static const sim_end_ops_t s_end_ops = {s_up, s_down, s_take};

/*  Who has been signed out signs in again, or tries to get in all the same. */
static gw_identity_t s_identity (sim_client_t *self)
{
    bool is_revoked = sim_pg_revoked_us (self->pg, self->account, self->credential, self->generation) != 0;
    if (is_revoked && sim_random_chance (self->net->random, 300)) {
        self->credential++;
        self->generation = sim_pg_generation (self->pg, self->account);
    }
    return (gw_identity_t){.account = self->account,
                           .session = self->credential,
                           .generation = self->generation,
                           .expires_us = INT64_MAX,
                           .scopes = GW_SCOPE_ALL};
}

static void s_connect (sim_client_t *self)
{
    sim_daemon_t *gateway = self->gateways[self->next_gateway++ % self->gateway_count];
    sim_end_t from = {self->node, &s_end_ops, self};
    if (sim_net_is_asleep (self->net, gateway->process.node) || gateway->is_draining)
        return;
    gw_identity_t identity = s_identity (self);
    sim_end_t to = sim_gateway_accept (gateway, &identity, self->is_seat ? self->rooms[0].id : 0);
    if (!to.ctx)
        return;
    if (self->is_seat)
        self->rooms[0].last = sim_pg_room (self->pg, self->rooms[0].id)->head;
    self->link = sim_net_connect (self->net, &from, &to);
    if (!self->link)
        sim_gateway_refuse (&to);
}

void sim_client_hang_up (sim_client_t *self)
{
    if (!self->is_up)
        return;
    sim_link_close (self->link, 0);
    s_lose (self);
}

void sim_client_start (sim_client_t *self)
{
    pt_buf_init (&self->message, S_MESSAGE_MAX);
    sim_net_start (self->net, self->node);
    sim_client_log (self, VF_CLIENT, VF_OK, NULL, &(sim_line_t){0});
    sim_net_after (self->net, self->node, sim_random_below (self->net->random, 200000), s_on_tick, self, 0);
}

void sim_client_fini (sim_client_t *self)
{
    s_drop_unread (self);
    pt_buf_fini (&self->message);
}

/*  ---- acts of the user ------------------------------------------------------------------ */

void sim_client_send (sim_client_t *self, unsigned at)
{
    sim_room_t *room = &self->rooms[at];
    if (room->count == SIM_OUTBOX || room->next_number == SIM_SENDS || room->is_out || !room->is_wanted)
        return;
    uint32_t size = (uint32_t)sim_random_below (self->net->random, self->body_max);
    room->outbox[(room->first + room->count++) % SIM_OUTBOX] =
        (sim_send_t){.number = ++room->next_number, .size = size};
    if (self->is_up && room->state == SIM_ROOM_LIVE)
        s_pump (self, room);
}

void sim_client_say (sim_client_t *self)
{
    char body[LIM_BODY];
    sim_room_t *room = &self->rooms[0];
    if (room->count == SIM_OUTBOX || room->next_number == SIM_SENDS || !self->is_up)
        return;
    uint32_t max = self->body_max < S_SAID_MAX ? self->body_max : S_SAID_MAX;
    sim_send_t *send = &room->outbox[(room->first + room->count++) % SIM_OUTBOX];
    *send = (sim_send_t){.number = ++room->next_number, .size = (uint32_t)sim_random_below (self->net->random, max)};
    s_log_said (self, room, send, VF_INVOKE);
    uint32_t len = sim_body (body, self->account, send->number, send->size);
    s_ask (self, "{\"message\":\"%.*s\"}", (int)len, body);
}

void sim_client_change (sim_client_t *self, unsigned at, char what, uint64_t whom)
{
    sim_room_t *room = &self->rooms[at];
    if (room->rest_what || (what != 'j' && (room->state != SIM_ROOM_LIVE || room->is_out)))
        return;
    room->rest_what = what;
    room->rest_whom = whom;
    room->rest_key++;
    room->rest_retry_us = 0;
}

void sim_client_turn_away (sim_client_t *self, unsigned at)
{
    sim_room_t *room = &self->rooms[at];
    if (!self->is_up || room->state != SIM_ROOM_LIVE || room->is_pulling)
        return;
    room->state = SIM_ROOM_LEAVING;
    room->re = ++self->last_re;
    s_ask (self, "{\"op\":\"unsubscribe\",\"id\":%llu,\"room\":\"%llu\"}", (unsigned long long)room->re,
           (unsigned long long)room->id);
}

void sim_client_pause (sim_client_t *self, uint64_t us)
{
    self->paused_us = self->net->now_us + us;
}
