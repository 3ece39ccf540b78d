/*  vf_history - histories for the judge's own tests: a good one from a seed, as
    clients of a faultless server would write it, and every way to spoil it. */

#ifndef VF_HISTORY_H
#define VF_HISTORY_H

#include "vf_judge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HISTORY_EVENTS 20000
#define HISTORY_CLIENTS 4
#define HISTORY_ROOMS 2
#define HISTORY_ITEMS 2000

/*  Longer than what is signed out may have effects. */
#define HISTORY_REVOKED_NS 6000000000u

typedef struct {
    vf_event_t events[HISTORY_EVENTS];
    char cmids[HISTORY_EVENTS][24];
    uint32_t count;
    uint64_t random, now_ns;
    /*  The truth. */
    vf_event_t items[HISTORY_ROOMS][HISTORY_ITEMS];
    uint32_t heads[HISTORY_ROOMS];
    bool is_member[HISTORY_ROOMS][HISTORY_CLIENTS];
    uint64_t left[HISTORY_ROOMS][HISTORY_CLIENTS];
    uint64_t last[HISTORY_ROOMS][HISTORY_CLIENTS];
    uint64_t sessions[HISTORY_CLIENTS];
} history_t;

static const char *const history_names[] = {"c0", "c1", "c2", "c3"};

static inline uint32_t history_below (history_t *self, uint32_t n)
{
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return (uint32_t)(self->random >> 33) % n;
}

static inline vf_event_t *history_add (history_t *self, uint32_t client, vf_op_t op, vf_kind_t kind, uint32_t room)
{
    assert_in_range (self->count, 0, HISTORY_EVENTS - 1);
    self->now_ns += 1000 + history_below (self, 1000000);
    vf_event_t *event = &self->events[self->count++];
    *event = (vf_event_t){.mono_ns = self->now_ns,
                          .client = client < HISTORY_CLIENTS ? pt_str (history_names[client]) : PT_LIT ("final"),
                          .op = op,
                          .kind = kind,
                          .room = room + 1000};
    return event;
}

/*  The room gets one more item; `cmid` is empty for a change of membership. */
static inline uint64_t history_store (history_t *self, uint32_t room, uint32_t client, pt_str_t cmid, uint64_t hash,
                                      pt_str_t what)
{
    uint64_t seq = ++self->heads[room];
    assert_in_range (seq, 1, HISTORY_ITEMS);
    self->items[room][seq - 1] = (vf_event_t){.client = PT_LIT ("final"),
                                              .op = VF_OK,
                                              .kind = VF_ITEM,
                                              .account = 100 + client,
                                              .room = room + 1000,
                                              .seq = seq,
                                              .cmid = cmid,
                                              .bodyhash = hash,
                                              .what = what};
    return seq;
}

static inline void history_deliver (history_t *self, uint32_t room, uint32_t client, uint64_t count)
{
    uint64_t end = self->is_member[room][client] ? self->heads[room] : self->left[room][client];
    for (; count > 0 && self->last[room][client] < end; count--) {
        const vf_event_t *item = &self->items[room][self->last[room][client]++];
        vf_event_t *event = history_add (self, client, VF_OK, VF_RECV, room);
        event->account = item->account;
        event->seq = item->seq;
        event->cmid = item->cmid;
        event->bodyhash = item->bodyhash;
        event->what = item->what;
    }
}

static inline void history_subscribe (history_t *self, uint32_t room, uint32_t client)
{
    history_add (self, client, VF_INVOKE, VF_SUB, room)->seq = self->last[room][client];
    vf_event_t *ok = history_add (self, client, VF_OK, VF_SUB, room);
    ok->seq = self->last[room][client];
    ok->head = self->heads[room];
    ok->recovered = true;
}

static inline void history_send (history_t *self, uint32_t room, uint32_t client)
{
    char *cmid = self->cmids[self->count];
    snprintf (cmid, sizeof self->cmids[0], "m%u-%u", client, self->count);
    uint64_t hash = vf_hash (cmid, strlen (cmid)) | 1;
    uint32_t luck = history_below (self, 100);
    uint64_t seq = 0;
    for (unsigned tries = 1 + (luck < 20); tries > 0; tries--) {
        vf_event_t *invoke = history_add (self, client, VF_INVOKE, VF_SEND, room);
        invoke->cmid = pt_str (cmid);
        invoke->bodyhash = hash;
        bool is_stored = luck < 90 || luck < 95;
        if (is_stored && !seq && (tries == 1 || luck % 2 == 0))
            seq = history_store (self, room, client, pt_str (cmid), hash, (pt_str_t){0});
        vf_op_t op = tries > 1 ? VF_INFO : luck < 90 ? VF_OK : luck < 95 ? VF_INFO : VF_FAIL;
        vf_event_t *end = history_add (self, client, op, VF_SEND, room);
        end->cmid = pt_str (cmid);
        end->seq = op == VF_OK ? seq : 0;
        end->duplicate = op == VF_OK && luck < 20;
    }
    if (luck < 90 && history_below (self, 5) == 0) {
        vf_event_t *look = history_add (self, client, VF_OK, VF_READ, room);
        look->seq = seq;
        look->bodyhash = hash;
    }
}

static inline void history_turn_member (history_t *self, uint32_t room, uint32_t client)
{
    if (client == 0)
        return; /* somebody stays */
    bool is_leaving = self->is_member[room][client];
    pt_str_t what = !is_leaving ? PT_LIT ("joined") : history_below (self, 2) ? PT_LIT ("left") : PT_LIT ("kicked");
    history_add (self, client, VF_INVOKE, is_leaving ? VF_LEAVE : VF_JOIN, room);
    uint64_t seq = history_store (self, room, client, (pt_str_t){0}, 0, what);
    history_add (self, client, VF_OK, is_leaving ? VF_LEAVE : VF_JOIN, room)->seq = seq;
    self->is_member[room][client] = !is_leaving;
    if (is_leaving)
        self->left[room][client] = seq;
    else
        history_subscribe (self, room, client);
}

/*  A connection under a session of its own. */
static inline void history_sign_in (history_t *self, uint32_t client)
{
    self->sessions[client] = self->sessions[client] ? self->sessions[client] + HISTORY_CLIENTS : 500 + client;
    vf_event_t *conn = history_add (self, client, VF_OK, VF_CONN, 0);
    conn->room = 0;
    conn->session = self->sessions[client];
    for (uint32_t room = 0; room < HISTORY_ROOMS; room++)
        if (self->is_member[room][client])
            history_subscribe (self, room, client);
}

static inline void history_say (history_t *self, uint32_t client, vf_op_t op, vf_kind_t kind, uint64_t session)
{
    vf_event_t *event = history_add (self, client, op, kind, 0);
    event->room = 0;
    event->session = session;
}

/*  Another signs the client out; what is on its way still arrives, and then the
    socket closes and the session is refused. */
static inline void history_sign_out (history_t *self, uint32_t client)
{
    uint64_t session = self->sessions[client];
    uint32_t other = (client + 1) % HISTORY_CLIENTS;
    history_say (self, other, VF_INVOKE, VF_REVOKE, session);
    history_say (self, client, VF_OK, VF_USE, session);
    history_say (self, other, VF_OK, VF_REVOKE, session);
    history_deliver (self, history_below (self, HISTORY_ROOMS), client, 1);
    history_say (self, client, VF_OK, VF_CLOSE, session);
    self->events[self->count - 1].err = PT_LIT ("4401");
    self->now_ns += HISTORY_REVOKED_NS;
    history_say (self, client, VF_FAIL, VF_USE, session);
    history_sign_in (self, client);
}

static inline void history_fault (history_t *self, uint32_t step)
{
    static const vf_op_t ops[] = {VF_INVOKE, VF_OK, VF_INFO};
    vf_event_t *event = history_add (self, 0, ops[step], VF_FAULT, 0);
    event->client = PT_LIT ("nemesis");
    event->err = PT_LIT ("kill");
    event->gateway = PT_LIT ("store");
    event->room = 0;
}

static inline void history_begin (history_t *self)
{
    for (uint32_t client = 0; client < HISTORY_CLIENTS; client++) {
        vf_event_t *first = history_add (self, client, VF_OK, VF_CLIENT, 0);
        first->room = 0;
        first->account = 100 + client;
    }
    for (uint32_t client = 0; client < HISTORY_CLIENTS; client++)
        history_sign_in (self, client);
    for (uint32_t room = 0; room < HISTORY_ROOMS; room++)
        for (uint32_t client = 0; client < HISTORY_CLIENTS; client++) {
            history_store (self, room, client, (pt_str_t){0}, 0, PT_LIT ("joined"));
            self->is_member[room][client] = true;
            history_subscribe (self, room, client);
        }
}

static inline void history_end (history_t *self)
{
    for (uint32_t room = 0; room < HISTORY_ROOMS; room++)
        for (uint32_t client = 0; client < HISTORY_CLIENTS; client++) {
            history_deliver (self, room, client, UINT64_MAX);
            history_add (self, client, VF_OK, VF_END, room)->seq = self->last[room][client];
        }
    for (uint32_t room = 0; room < HISTORY_ROOMS; room++)
        for (uint32_t i = 0; i < self->heads[room]; i++) {
            vf_event_t *item = history_add (self, HISTORY_CLIENTS, VF_OK, VF_ITEM, room);
            uint64_t mono_ns = item->mono_ns;
            *item = self->items[room][i];
            item->mono_ns = mono_ns;
        }
}

/*  A good history of about `steps` acts; the caller frees it. */
static inline history_t *history_new (uint64_t seed, uint32_t steps)
{
    history_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->random = seed * 0x9e3779b97f4a7c15u + 1;
    history_begin (self);
    for (uint32_t i = 0, fault = 0; i < steps; i++) {
        uint32_t room = history_below (self, HISTORY_ROOMS), client = history_below (self, HISTORY_CLIENTS);
        uint32_t act = history_below (self, 100);
        if (act < 50 && self->is_member[room][client])
            history_send (self, room, client);
        else if (act < 85)
            history_deliver (self, room, client, 1 + history_below (self, 8));
        else if (act < 93 && self->is_member[room][client])
            history_subscribe (self, room, client);
        else if (act < 97)
            history_turn_member (self, room, client);
        else if (act < 98)
            history_sign_out (self, client);
        else
            history_fault (self, fault++ % 3);
        if (i == steps - 1)
            while (fault % 3)
                history_fault (self, fault++ % 3);
    }
    history_end (self);
    return self;
}

static inline vf_judge_t *history_judge (const history_t *self, vf_counts_t *out_counts, bool *out_is_good)
{
    static const vf_limits_t limits = {.recovery_ms = 100000, .rss_max = 1 << 30, .fds_max = 1000};
    vf_judge_t *judge = vf_judge_new (&limits);
    assert_non_null (judge);
    for (uint32_t i = 0; i < self->count; i++)
        assert_int_equal (vf_judge_add (judge, &self->events[i]), 0);
    *out_is_good = vf_judge_finish (judge, out_counts);
    return judge;
}

#endif
