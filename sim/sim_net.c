/*  sim_net - see sim_net.h.

    A link is never used again, so that an event that comes late can't meet
    another connection in its place. */

#include "sim_net.h"
#include <stdlib.h>
#include <string.h>

/*  One way on a healthy wire, and how much longer now and then. */
#define S_WIRE_MIN_US 30
#define S_WIRE_MAX_US 300
#define S_HICCUP_PERMILLE 20
#define S_HICCUP_US 8000

struct sim_link {
    sim_net_t *net;
    sim_link_t *next;
    sim_end_t ends[2];
    uint32_t life[2];
    bool is_up[2], is_closed[2], is_told[2];
    bool is_cut;
    uint64_t last_us[2]; /* arrival of the last parcel sent by that side */
    uint64_t stop_us[2]; /* what that side sent and arrives later is lost */
};

/*  ---- bytes ------------------------------------------------------------------- */

sim_bytes_t *sim_bytes_new (const void *from, size_t len)
{
    sim_bytes_t *self = malloc (sizeof *self + len + 1);
    if (!self)
        return NULL;
    self->refs = 1;
    self->len = (uint32_t)len;
    if (from && len)
        memcpy (self->at, from, len);
    self->at[len] = 0;
    return self;
}

sim_bytes_t *sim_bytes_ref (sim_bytes_t *self)
{
    if (self)
        self->refs++;
    return self;
}

void sim_bytes_unref (sim_bytes_t **self_p)
{
    sim_bytes_t *self = *self_p;
    *self_p = NULL;
    if (self && --self->refs == 0)
        free (self);
}

/*  ---- parcels ------------------------------------------------------------------ */

sim_parcel_t *sim_parcel_new (sim_net_t *self)
{
    sim_parcel_t *parcel = self->spare;
    if (parcel)
        self->spare = parcel->next;
    else {
        parcel = calloc (1, sizeof *parcel);
        if (!parcel)
            return NULL;
        parcel->all = self->parcels;
        self->parcels = parcel;
    }
    parcel->next = NULL;
    return parcel;
}

void sim_parcel_discard (sim_net_t *self, sim_parcel_t **parcel_p)
{
    sim_parcel_t *parcel = *parcel_p;
    *parcel_p = NULL;
    if (!parcel)
        return;
    for (unsigned i = 0; i < parcel->count; i++)
        sim_bytes_unref (&parcel->parts[i]);
    parcel->count = 0;
    parcel->next = self->spare;
    self->spare = parcel;
}

/*  ---- processes ------------------------------------------------------------------ */

void sim_net_init (sim_net_t *self, sim_queue_t *queue, sim_random_t *random)
{
    *self = (sim_net_t){.queue = queue, .random = random};
}

void sim_net_fini (sim_net_t *self)
{
    while (self->links) {
        sim_link_t *link = self->links;
        self->links = link->next;
        free (link);
    }
    while (self->parcels) {
        sim_parcel_t *parcel = self->parcels;
        self->parcels = parcel->all;
        for (unsigned i = 0; i < parcel->count; i++)
            sim_bytes_unref (&parcel->parts[i]);
        free (parcel);
    }
    self->spare = NULL;
}

void sim_net_start (sim_net_t *self, int node)
{
    self->nodes[node].is_alive = true;
    self->nodes[node].life++;
    self->nodes[node].wakes_us = 0;
}

void sim_net_kill (sim_net_t *self, int node)
{
    self->nodes[node].is_alive = false;
    self->nodes[node].life++;
    self->nodes[node].wakes_us = 0;
}

bool sim_net_is_asleep (const sim_net_t *self, int node)
{
    return self->nodes[node].wakes_us > self->now_us;
}

static void s_event (sim_net_t *self, int node, uint32_t life, uint64_t at_us, sim_event_fn *fn, void *ctx,
                     uint64_t arg)
{
    sim_event_t event = {.at_us = at_us, .fn = fn, .ctx = ctx, .arg = arg, .node = node, .life = life};
    sim_queue_push (self->queue, &event);
}

void sim_net_after (sim_net_t *self, int node, uint64_t us, sim_event_fn *fn, void *ctx, uint64_t arg)
{
    s_event (self, node, node >= 0 ? self->nodes[node].life : 0, self->now_us + us, fn, ctx, arg);
}

/*  ---- links ------------------------------------------------------------------------ */

static uint64_t s_wire_us (sim_net_t *self, int from)
{
    const sim_node_t *node = &self->nodes[from];
    uint64_t us = sim_random_between (self->random, S_WIRE_MIN_US, S_WIRE_MAX_US);
    if (sim_random_chance (self->random, S_HICCUP_PERMILLE))
        us += sim_random_below (self->random, S_HICCUP_US);
    if (node->slow_until_us > self->now_us)
        us += sim_random_below (self->random, node->slow_us);
    return us;
}

static void s_on_up (void *ctx, uint64_t side)
{
    sim_link_t *self = ctx;
    if (self->is_closed[side] || self->is_told[side] || self->is_cut)
        return;
    if (self->net->nodes[self->ends[side].node].life != self->life[side]) {
        sim_link_close (self, (unsigned)side); /* it died before it knew of the link */
        return;
    }
    self->is_up[side] = true;
    self->ends[side].ops->up (self->ends[side].ctx, self);
}

static void s_on_down (void *ctx, uint64_t side)
{
    sim_link_t *self = ctx;
    bool is_gone = self->net->nodes[self->ends[side].node].life != self->life[side];
    if (self->is_closed[side] || self->is_told[side] || is_gone)
        return;
    self->is_told[side] = true;
    self->is_up[side] = false;
    self->ends[side].ops->down (self->ends[side].ctx, self);
}

/*  Lets an end know, when what the other end sent before `stop_us` is there. */
static void s_tell_down (sim_link_t *self, unsigned side, uint64_t stop_us)
{
    sim_net_t *net = self->net;
    if (stop_us < net->now_us)
        stop_us = net->now_us;
    self->stop_us[!side] = stop_us;
    s_event (net, self->ends[side].node, 0, stop_us + 1, s_on_down, self, side);
}

static uint64_t s_some_us (sim_link_t *self, unsigned sender)
{
    sim_net_t *net = self->net;
    return self->last_us[sender] > net->now_us ? sim_random_between (net->random, net->now_us, self->last_us[sender])
                                               : net->now_us;
}

sim_link_t *sim_net_connect (sim_net_t *self, const sim_end_t *from, const sim_end_t *to)
{
    bool is_blocked =
        self->blocked_us[from->node][to->node] > self->now_us || self->blocked_us[to->node][from->node] > self->now_us;
    if (!self->nodes[to->node].is_alive || is_blocked || self->link_count == SIM_LINKS)
        return NULL;
    sim_link_t *link = calloc (1, sizeof *link);
    if (!link)
        return NULL;
    link->net = self;
    link->next = self->links;
    self->links = link;
    self->link_count++;
    link->ends[0] = *from;
    link->ends[1] = *to;
    link->life[0] = self->nodes[from->node].life;
    link->life[1] = self->nodes[to->node].life;
    link->stop_us[0] = link->stop_us[1] = UINT64_MAX;
    uint64_t there_us = self->now_us + s_wire_us (self, from->node);
    uint64_t back_us = there_us + s_wire_us (self, to->node);
    link->last_us[1] = back_us;
    s_event (self, to->node, 0, there_us, s_on_up, link, 1);
    s_event (self, from->node, 0, back_us, s_on_up, link, 0);
    return link;
}

static void s_on_arrival (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_parcel_t *parcel = ctx;
    sim_link_t *self = parcel->link;
    unsigned side = !parcel->side;
    if (!self->is_up[side] || parcel->at_us > self->stop_us[parcel->side]) {
        sim_parcel_discard (self->net, &parcel);
        return;
    }
    self->net->delivered++;
    self->ends[side].ops->take (self->ends[side].ctx, self, parcel);
}

void sim_link_send (sim_link_t *self, unsigned side, sim_parcel_t *parcel)
{
    sim_net_t *net = self->net;
    int from = self->ends[side].node, to = self->ends[!side].node;
    if (!self->is_up[side] || self->is_cut || self->is_closed[!side] || !net->nodes[from].is_alive) {
        sim_parcel_discard (net, &parcel);
        return;
    }
    uint64_t at_us = net->now_us;
    if (net->blocked_us[from][to] > at_us)
        at_us = net->blocked_us[from][to];
    at_us += s_wire_us (net, from);
    if (at_us < self->last_us[side])
        at_us = self->last_us[side];
    self->last_us[side] = at_us;
    parcel->link = self;
    parcel->side = side;
    parcel->at_us = at_us;
    s_event (net, to, 0, at_us, s_on_arrival, parcel, 0);
}

void sim_link_close (sim_link_t *self, unsigned side)
{
    sim_net_t *net = self->net;
    if (self->is_closed[side])
        return;
    self->is_closed[side] = true;
    self->is_up[side] = false;
    if (self->is_cut || self->is_closed[!side] || self->is_told[!side])
        return;
    bool is_killed = !net->nodes[self->ends[side].node].is_alive;
    s_tell_down (self, !side, is_killed ? s_some_us (self, side) : self->last_us[side]);
}

void sim_link_cut (sim_link_t *self)
{
    if (self->is_cut)
        return;
    for (unsigned side = 0; side < 2; side++)
        if (!self->is_closed[side] && !self->is_told[side])
            s_tell_down (self, side, s_some_us (self, !side));
    self->is_cut = true;
}

bool sim_link_is_up (const sim_link_t *self, unsigned side)
{
    return self->is_up[side];
}

int sim_link_node (const sim_link_t *self, unsigned side)
{
    return self->ends[side].node;
}

void *sim_link_ctx (const sim_link_t *self, unsigned side)
{
    return self->is_up[side] ? self->ends[side].ctx : NULL;
}

static bool s_is_alive (const sim_link_t *self)
{
    return self->is_up[0] && self->is_up[1] && !self->is_cut;
}

bool sim_net_cut_any (sim_net_t *self, uint64_t n)
{
    uint64_t count = 0;
    for (const sim_link_t *link = self->links; link; link = link->next)
        count += s_is_alive (link);
    if (count == 0)
        return false;
    n %= count;
    sim_link_t *link = self->links;
    while (!s_is_alive (link) || n-- > 0)
        link = link->next;
    sim_link_cut (link);
    return true;
}

/*  ---- silence ------------------------------------------------------------------------ */

static void s_on_silence (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_link_cut (ctx);
}

static void s_give_up (sim_net_t *self, int a, int b)
{
    for (sim_link_t *link = self->links; link; link = link->next) {
        int x = link->ends[0].node, y = link->ends[1].node;
        bool is_between = (x == a && y == b) || (x == b && y == a) || (b == SIM_NOBODY && (x == a || y == a));
        if (is_between && s_is_alive (link))
            s_event (self, SIM_NOBODY, 0, self->now_us + SIM_SILENCE_US + sim_random_below (self->random, 2000000),
                     s_on_silence, link, 0);
    }
}

void sim_net_sleep (sim_net_t *self, int node, uint64_t us)
{
    self->nodes[node].wakes_us = self->now_us + us;
    if (us > SIM_SILENCE_US)
        s_give_up (self, node, SIM_NOBODY);
}

void sim_net_block (sim_net_t *self, int from, int to, uint64_t us)
{
    self->blocked_us[from][to] = self->now_us + us;
    if (us > SIM_SILENCE_US)
        s_give_up (self, from, to);
}
