/*  sim_fault - what can go wrong, one row each. */

#include "sim_world.h"

#define S_DRAIN_POLL_US 20000
#define S_DRAIN_POLLS 250

static uint64_t s_ms (sim_world_t *self, uint64_t low, uint64_t high)
{
    return 1000 * sim_random_between (&self->random, low, high);
}

static sim_daemon_t *s_any (sim_world_t *self)
{
    return &self->daemons[sim_random_below (&self->random, self->daemon_count)];
}

/*  The effect lasts so long. */
static uint64_t s_until (sim_world_t *self, uint64_t us)
{
    if (self->net.now_us + us > self->fault_end_us)
        self->fault_end_us = self->net.now_us + us;
    return us;
}

static void s_note (sim_world_t *self, const sim_daemon_t *daemon, const char *what)
{
    if (self->history.trace)
        fprintf (self->history.trace, "%10.3f *** %s %s %u\n", (double)self->net.now_us / 1e3, what,
                 sim_role_name (daemon->role), daemon->index);
}

/*  ---- processes ------------------------------------------------------------------------ */

static void s_on_restart (void *ctx, uint64_t arg)
{
    sim_world_t *self = ctx;
    sim_daemon_t *daemon = &self->daemons[arg];
    if (daemon->is_running)
        return;
    s_note (self, daemon, "start");
    if (!sim_daemon_start (daemon))
        sim_history_blame (&self->history, VF_UNRECOVERED, "a daemon could not start");
}

static void s_restart_later (sim_world_t *self, const sim_daemon_t *daemon)
{
    sim_net_after (&self->net, SIM_NOBODY, s_until (self, s_ms (self, 20, 3000)), s_on_restart, self,
                   (uint64_t)(daemon - self->daemons));
}

static void s_kill (sim_world_t *self)
{
    sim_daemon_t *daemon = s_any (self);
    if (!daemon->is_running)
        return;
    s_note (self, daemon, "kill");
    sim_daemon_kill (daemon);
    s_restart_later (self, daemon);
}

static void s_on_drain_poll (void *ctx, uint64_t arg)
{
    sim_world_t *self = ctx;
    sim_daemon_t *daemon = &self->daemons[arg & 0xff];
    uint64_t polls = arg >> 8;
    sim_process_enter (&daemon->process);
    if (!sim_daemon_is_drained (daemon) && polls < S_DRAIN_POLLS) {
        sim_net_after (&self->net, daemon->process.node, S_DRAIN_POLL_US, s_on_drain_poll, self,
                       (polls + 1) << 8 | (arg & 0xff));
        return;
    }
    s_note (self, daemon, "leave");
    sim_daemon_leave (daemon);
    s_restart_later (self, daemon);
}

static void s_drain (sim_world_t *self)
{
    sim_daemon_t *daemon = s_any (self);
    if (!daemon->is_running || daemon->is_draining || sim_net_is_asleep (&self->net, daemon->process.node))
        return;
    s_note (self, daemon, "drain");
    sim_daemon_drain (daemon);
    s_until (self, UINT64_C (1000) * S_DRAIN_POLL_US / 1000 * S_DRAIN_POLLS);
    sim_net_after (&self->net, daemon->process.node, S_DRAIN_POLL_US, s_on_drain_poll, self,
                   (uint64_t)(daemon - self->daemons));
}

static void s_sleep (sim_world_t *self)
{
    sim_daemon_t *daemon = s_any (self);
    if (!daemon->is_running || sim_net_is_asleep (&self->net, daemon->process.node))
        return;
    s_note (self, daemon, "sleep");
    sim_net_sleep (&self->net, daemon->process.node, s_until (self, s_ms (self, 50, 9000)));
}

/*  ---- network ----------------------------------------------------------------------------- */

static void s_cut (sim_world_t *self)
{
    unsigned count = (unsigned)sim_random_between (&self->random, 1, 4);
    while (count-- > 0)
        (void)sim_net_cut_any (&self->net, sim_random (&self->random));
}

static void s_block (sim_world_t *self)
{
    const sim_daemon_t *a = s_any (self), *b = s_any (self);
    uint64_t us = s_until (self, s_ms (self, 100, 8000));
    if (a == b)
        return;
    s_note (self, a, "block from");
    s_note (self, b, "block to");
    sim_net_block (&self->net, a->process.node, b->process.node, us);
    if (sim_random_chance (&self->random, 500))
        sim_net_block (&self->net, b->process.node, a->process.node, us);
}

static void s_lose (sim_world_t *self)
{
    self->net.loss_permille = (unsigned)sim_random_between (&self->random, 100, 1000);
    self->net.loss_until_us = self->net.now_us + s_until (self, s_ms (self, 200, 5000));
}

static void s_slow (sim_world_t *self)
{
    sim_node_t *node = &self->net.nodes[s_any (self)->process.node];
    node->slow_us = s_ms (self, 1, 400);
    node->slow_until_us = self->net.now_us + s_until (self, s_ms (self, 200, 4000));
}

/*  ---- PostgreSQL ---------------------------------------------------------------------------- */

static void s_crash_pg (sim_world_t *self)
{
    sim_pg_crash (self->pg, s_until (self, s_ms (self, 50, 3000)));
}

static void s_cut_pg (sim_world_t *self)
{
    sim_pg_cut (self->pg, sim_random (&self->random));
}

static void s_fail_pg (sim_world_t *self)
{
    static const char *const states[] = {"53100", "40P01", "55P03", "57014", "08006", "53200", "57P01"};
    sim_pg_fail (self->pg, states[sim_random_below (&self->random, sizeof states / sizeof *states)],
                 (unsigned)sim_random_between (&self->random, 50, 700), s_until (self, s_ms (self, 100, 3000)));
}

static void s_sleep_pg (sim_world_t *self)
{
    int node = (int)self->daemon_count;
    sim_net_sleep (&self->net, node, s_until (self, s_ms (self, 50, 4000)));
}

/*  ---- clients --------------------------------------------------------------------------------- */

static void s_hang_up (sim_world_t *self)
{
    for (unsigned i = 0; i < self->client_count; i++)
        if (sim_random_chance (&self->random, 500))
            sim_client_hang_up (&self->clients[i]);
}

static void s_pause (sim_world_t *self)
{
    sim_client_pause (&self->clients[sim_random_below (&self->random, self->client_count)],
                      s_until (self, s_ms (self, 100, 5000)));
}

static const struct {
    const char *name;
    unsigned weight;
    void (*inject) (sim_world_t *self);
} s_faults[] = {
    {"kill", 20, s_kill},    {"drain", 8, s_drain},     {"sleep", 10, s_sleep},      {"cut", 12, s_cut},
    {"block", 8, s_block},   {"lose", 10, s_lose},      {"slow", 6, s_slow},         {"crash pg", 5, s_crash_pg},
    {"cut pg", 8, s_cut_pg}, {"fail pg", 5, s_fail_pg}, {"sleep pg", 4, s_sleep_pg}, {"hang up", 6, s_hang_up},
    {"pause", 5, s_pause},
};
#define S_FAULTS (sizeof s_faults / sizeof *s_faults)

void sim_fault_inject (sim_world_t *self)
{
    unsigned sum = 0;
    for (size_t i = 0; i < S_FAULTS; i++)
        sum += s_faults[i].weight;
    uint64_t drawn = sim_random_below (&self->random, sum);
    size_t at = 0;
    while (drawn >= s_faults[at].weight)
        drawn -= s_faults[at++].weight;
    while (self->is_heavy && sim_random_chance (&self->random, 300) && s_faults[at].inject != s_pause)
        at = (at + 1) % S_FAULTS;
    self->faults++;
    sim_history_note (&self->history, s_faults[at].name, self->faults, 0);
    s_until (self, 0);
    s_faults[at].inject (self);
}
