/*  sim_world - see sim_world.h. */

#include "sim_world.h"
#include "sim_verdict.h"
#include <stdlib.h>

#define S_BROKERS "tcp://127.0.0.1:9000,tcp://127.0.0.1:9100"
#define S_FIRST_ROOM 100

/*  A schedule that needs more steps has run away. */
#define S_STEPS_MAX 4000000

#define S_BOOT_US 300000
#define S_CHECK_US 200000

/*  ---- making ---------------------------------------------------------------------- */

static void s_add_daemons (sim_world_t *self, sim_role_t role, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sim_daemon_t *daemon = &self->daemons[self->daemon_count];
        *daemon = (sim_daemon_t){.role = role, .index = i, .brokers = S_BROKERS, .pg = self->pg};
        sim_process_init (&daemon->process, &self->net, &self->ports, (int)self->daemon_count++);
    }
}

static void s_add_client (sim_world_t *self, unsigned i, uint32_t body_max)
{
    sim_client_t *client = &self->clients[i];
    *client = (sim_client_t){
        .net = &self->net,
        .node = (int)(self->daemon_count + 1 + i),
        .index = i,
        .account = i + 1,
        .credential = 1000 * (i + 1),
        .generation = 1,
        .pg = self->pg,
        .history = &self->history,
        .window = sim_random_chance (&self->random, 500) ? 1 : (unsigned)sim_random_between (&self->random, 2, 6),
        .body_max = body_max,
        .room_count = self->room_count,
    };
    for (unsigned k = 0; k < self->daemon_count; k++)
        if (self->daemons[k].role == SIM_GATEWAY)
            client->gateways[client->gateway_count++] = &self->daemons[k];
    client->next_gateway = i;
    for (unsigned k = 0; k < self->room_count; k++)
        client->rooms[k] = (sim_room_t){.id = S_FIRST_ROOM + k, .is_wanted = true};
}

/*  In most schedules bodies are short; in some so long and frequent that the
    rings overflow and clients lag. */
static uint32_t s_choose_load (sim_world_t *self)
{
    bool is_heavy = sim_random_chance (&self->random, 20);
    self->room_count = (unsigned)sim_random_between (&self->random, 2, SIM_CLIENT_ROOMS);
    self->pace_ms = (unsigned)sim_random_between (&self->random, 150, 1200);
    if (!is_heavy)
        return 40;
    self->room_count = 2;
    self->pace_ms = 60;
    self->is_heavy = true;
    return LIM_BODY - 100;
}

static int s_make (sim_world_t *self, const sim_order_t *order)
{
    self->random.state = order->seed;
    sim_queue_init (&self->queue);
    sim_net_init (&self->net, &self->queue, &self->random);
    sim_history_init (&self->history, &self->net, order->trace);
    self->events_min = order->events_min;
    unsigned gateways = (unsigned)sim_random_between (&self->random, 2, SIM_GATEWAYS);
    self->pg = sim_pg_new (&self->net, (int)(SIM_BROKERS + SIM_STORES + SIM_CHATS + SIM_AUTHS + gateways));
    if (!self->pg)
        return -PT_E_memory;
    sim_pg_serve (self->pg);
    s_add_daemons (self, SIM_BROKER, SIM_BROKERS);
    s_add_daemons (self, SIM_STORE, SIM_STORES);
    s_add_daemons (self, SIM_CHAT, SIM_CHATS);
    self->auth = &self->daemons[self->daemon_count];
    s_add_daemons (self, SIM_AUTH, SIM_AUTHS);
    s_add_daemons (self, SIM_GATEWAY, gateways);
    self->client_count = 1 + (unsigned)sim_random_between (&self->random, 4, SIM_CLIENTS - 1);
    uint32_t body_max = s_choose_load (self);
    self->active_us = 1000 * sim_random_between (&self->random, 500, 3000);
    for (unsigned i = 0; i < self->room_count; i++)
        sim_pg_add_room (self->pg, S_FIRST_ROOM + i, self->client_count);
    for (unsigned i = 0; i < self->client_count; i++)
        s_add_client (self, i, body_max);
    self->clients[self->client_count - 1].is_seat = true;
    self->clients[self->client_count - 1].room_count = 1;
    return 0;
}

static void s_unmake (sim_world_t *self)
{
    for (unsigned i = 0; i < self->daemon_count; i++)
        sim_daemon_kill (&self->daemons[i]);
    for (unsigned i = 0; i < self->client_count; i++)
        sim_client_fini (&self->clients[i]);
    sim_pg_destroy (&self->pg);
    sim_net_fini (&self->net);
    sim_history_fini (&self->history);
    sim_queue_fini (&self->queue);
}

/*  ---- acts ----------------------------------------------------------------------------- */

static void s_on_tell (void *ctx, uint64_t i)
{
    sim_world_t *self = ctx;
    if (self->auth->is_running)
        sim_auth_tell (self->auth, sim_pg_revocation (self->pg, i));
}

/*  Auth hears of the commit, and tells of it; dead or asleep, it does not, or late. */
static void s_on_revoked (void *ctx, uint64_t i)
{
    sim_world_t *self = ctx;
    const pt_revocation_t *what = sim_pg_revocation (self->pg, i);
    sim_history_note (&self->history, "revoked", what->account, what->has_session ? what->session : what->generation);
    sim_net_after (&self->net, self->auth->process.node, sim_random_between (&self->random, 200, 5000), s_on_tell, self,
                   i);
}

/*  Of one credential, or of all but perhaps one. */
static void s_sign_out (sim_world_t *self, const sim_client_t *client)
{
    pt_revocation_t what = {.account = client->account, .at = (int64_t)self->net.now_us};
    if (sim_random_chance (&self->random, 600)) {
        what.session = client->credential;
        what.has_session = true;
    } else {
        what.generation = sim_pg_generation (self->pg, client->account) + 1;
        what.has_generation = true;
        /*  Store takes a new password only from a session that lives. */
        bool lives = !sim_pg_revoked_us (self->pg, client->account, client->credential, client->generation);
        what.has_spared = sim_random_chance (&self->random, 500) && lives;
        what.spared = what.has_spared ? client->credential : 0;
    }
    (void)sim_pg_revoke (self->pg, &what, s_on_revoked, self);
}

static void s_act (sim_world_t *self, sim_client_t *client)
{
    unsigned room = (unsigned)sim_random_below (&self->random, client->room_count);
    uint64_t what = sim_random_below (&self->random, 1000);
    uint64_t whom = 2 + sim_random_below (&self->random, self->client_count - 2);
    if (client->is_seat) {
        if (what < 10)
            s_sign_out (self, client);
        else
            sim_client_say (client);
    } else if (what < 20 && client->index > 0)
        sim_client_change (client, room, 'l', client->account);
    else if (what < 40 && client->index == 0)
        sim_client_change (client, room, 'k', whom);
    else if (what < 50)
        sim_client_turn_away (client, room);
    else if (what < 60)
        s_sign_out (self, client);
    else
        for (uint64_t n = sim_random_chance (&self->random, 200) ? 1 + sim_random_below (&self->random, 6) : 1; n > 0;
             n--)
            sim_client_send (client, room);
}

static void s_on_act (void *ctx, uint64_t i)
{
    sim_world_t *self = ctx;
    if (self->is_over)
        return;
    s_act (self, &self->clients[i]);
    sim_net_after (&self->net, SIM_NOBODY, 1000 * (1 + sim_random_below (&self->random, 2 * self->pace_ms)), s_on_act,
                   self, i);
}

static void s_on_fault (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_world_t *self = ctx;
    if (self->is_over)
        return;
    sim_fault_inject (self);
    sim_net_after (&self->net, SIM_NOBODY, 1000 * sim_random_between (&self->random, 50, 1500), s_on_fault, self, 0);
}

static void s_on_boot (void *ctx, uint64_t i)
{
    sim_world_t *self = ctx;
    if (!sim_daemon_start (&self->daemons[i]))
        sim_history_blame (&self->history, VF_UNRECOVERED, "a daemon could not start");
}

static void s_on_watch (void *ctx, uint64_t arg);

static void s_begin (sim_world_t *self)
{
    sim_net_start (&self->net, (int)self->daemon_count); /* PostgreSQL */
    for (unsigned i = 0; i < self->daemon_count; i++)
        sim_net_after (&self->net, SIM_NOBODY, sim_random_below (&self->random, S_BOOT_US), s_on_boot, self, i);
    for (unsigned i = 0; i < self->client_count; i++) {
        sim_client_start (&self->clients[i]);
        sim_net_after (&self->net, SIM_NOBODY, S_BOOT_US, s_on_act, self, i);
    }
    sim_net_after (&self->net, SIM_NOBODY, S_BOOT_US + 1000 * sim_random_below (&self->random, 1000), s_on_fault, self,
                   0);
    sim_net_after (&self->net, SIM_NOBODY, S_BOOT_US, s_on_watch, self, 0);
}

/*  ---- running ---------------------------------------------------------------------------- */

/*  One event; false when there is none. */
static bool s_step (sim_world_t *self)
{
    sim_event_t event;
    if (!sim_queue_pop (&self->queue, &event))
        return false;
    self->net.now_us = event.at_us;
    if (event.node >= 0) {
        const sim_node_t *node = &self->net.nodes[event.node];
        if (event.life != 0 && event.life != node->life)
            return true;
        if (node->wakes_us > event.at_us) {
            event.at_us = node->wakes_us;
            sim_queue_push (&self->queue, &event);
            return true;
        }
    }
    event.fn (event.ctx, event.arg);
    return true;
}

static bool s_is_active (const sim_world_t *self)
{
    return self->net.delivered < self->events_min || self->faults < SIM_FAULTS_MIN ||
           self->net.now_us < self->active_us;
}

/*  Somebody whose credential was revoked until `us` and who is still served. */
static const gw_identity_t *s_stale (const sim_world_t *self, uint64_t us)
{
    const gw_identity_t *stale = NULL;
    for (unsigned i = 0; !stale && i < self->daemon_count; i++)
        if (self->daemons[i].role == SIM_GATEWAY)
            stale = sim_gateway_stale (&self->daemons[i], us);
    return stale;
}

static void s_on_watch (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_world_t *self = ctx;
    uint64_t now_us = self->net.now_us;
    if (now_us > self->fault_end_us + SIM_SIGNED_OUT_US) {
        const gw_identity_t *stale = s_stale (self, now_us - SIM_SIGNED_OUT_US);
        if (stale)
            sim_history_blame (&self->history, VF_OPEN_AFTER,
                               "c%llu is served under credential %llu, revoked %llu ms ago",
                               (unsigned long long)stale->account, (unsigned long long)stale->session,
                               (unsigned long long)(now_us - sim_pg_revoked_us (self->pg, stale->account,
                                                                                stale->session, stale->generation)) /
                                   1000);
    }
    sim_net_after (&self->net, SIM_NOBODY, S_CHECK_US, s_on_watch, self, 0);
}

/*  Whether all is as it should be in the end. */
static bool s_is_content (const sim_world_t *self, char *why, size_t size)
{
    for (unsigned i = 0; i < self->client_count; i++)
        if (!sim_client_is_content (&self->clients[i], why, size))
            return false;
    const gw_identity_t *stale = s_stale (self, UINT64_MAX);
    if (stale)
        snprintf (why, size, "c%llu is served though it was signed out", (unsigned long long)stale->account);
    return !stale;
}

static void s_run (sim_world_t *self, sim_result_t *out)
{
    char why[120] = "";
    uint64_t check_us = 0;
    while (!self->history.wrong[0] && s_step (self)) {
        const char *complaint = sim_pg_complaint (self->pg);
        if (complaint)
            sim_history_blame (&self->history, VF_HOLE, "%s", complaint);
        if (self->queue.is_overrun || ++out->steps > S_STEPS_MAX)
            sim_history_blame (&self->history, VF_UNBOUNDED, "the schedule runs away");
        if (!self->is_over && !s_is_active (self))
            self->is_over = true;
        if (!self->is_over || self->net.now_us < check_us || self->net.now_us < self->fault_end_us)
            continue;
        check_us = self->net.now_us + S_CHECK_US;
        if (s_is_content (self, why, sizeof why))
            return;
        if (self->net.now_us > self->fault_end_us + SIM_PEACE_US)
            sim_history_blame (&self->history, VF_UNRECOVERED, "%s, %llu s after the last fault", why,
                               (unsigned long long)(SIM_PEACE_US / 1000000));
    }
}

int sim_world_run (const sim_order_t *order, sim_result_t *out)
{
    *out = (sim_result_t){0};
    sim_world_t *self = calloc (1, sizeof *self);
    if (!self || s_make (self, order) != 0) {
        free (self);
        return -PT_E_memory;
    }
    s_begin (self);
    s_run (self, out);
    for (unsigned i = 0; i < self->client_count; i++) {
        sim_client_end (&self->clients[i]);
        out->sent += self->clients[i].acked;
        out->received += self->clients[i].received;
    }
    int rc = self->history.wrong[0] ? 0 : sim_verdict (&self->history, self->pg);
    out->events = self->net.delivered;
    out->faults = self->faults;
    out->virtual_us = self->net.now_us;
    out->hash = self->history.hash;
    out->finding = self->history.finding;
    snprintf (out->wrong, sizeof out->wrong, "%s", self->history.wrong);
    out->is_good = !out->wrong[0];
    s_unmake (self);
    free (self);
    return rc;
}
