/*  sim_process - see sim_process.h.

    The clock and the sources of chance of the daemons take no context, so the
    process that runs is kept in one static pointer: a simulator has one thread
    and runs one process at a time. */

#include "sim_process.h"
#include "sim_zmq.h"
#include <sys/random.h>

/*  Between input and the turn that reads it. */
#define S_TURN_US 400
#define S_TIMER_SLACK_US 200

/*  Virtual time begins here: nothing in the daemons may rely on small clocks. */
#define S_EPOCH_US UINT64_C (1000000000)

static sim_process_t *s_current;

void sim_process_init (sim_process_t *self, sim_net_t *net, struct sim_ports *ports, int node)
{
    *self = (sim_process_t){.net = net, .ports = ports, .node = node};
}

void sim_process_enter (sim_process_t *self)
{
    s_current = self;
}

sim_process_t *sim_process_current (void)
{
    return s_current;
}

void sim_process_start (sim_process_t *self)
{
    sim_net_start (self->net, self->node);
    self->is_turn_due = false;
    sim_process_enter (self);
}

void sim_process_stop (sim_process_t *self)
{
    for (unsigned i = 0; i < SIM_WATCHES; i++)
        self->watches[i].fn = NULL;
    for (unsigned i = 0; i < SIM_TIMERS; i++) {
        self->timers[i].fn = NULL;
        self->timers[i].setting++;
    }
    self->end_turn = NULL;
}

void sim_process_end_turn (sim_process_t *self)
{
    if (self->end_turn)
        self->end_turn (self->ctx);
}

static void s_on_turn (void *ctx, uint64_t arg)
{
    (void)arg;
    sim_process_t *self = ctx;
    self->is_turn_due = false;
    sim_process_enter (self);
    bool has_more = false;
    for (unsigned i = 0; i < SIM_WATCHES; i++) {
        sv_watch_t *watch = &self->watches[i];
        if (watch->fn && sim_zmq_has_input (watch->socket))
            watch->fn (watch->arg);
        has_more = has_more || (watch->fn && sim_zmq_has_input (watch->socket));
    }
    sim_process_end_turn (self);
    if (has_more)
        sim_process_wake (self);
}

void sim_process_wake (sim_process_t *self)
{
    if (self->is_turn_due)
        return;
    self->is_turn_due = true;
    sim_net_after (self->net, self->node, sim_random_below (self->net->random, S_TURN_US), s_on_turn, self, 0);
}

/*  ---- sv_loop.h ---------------------------------------------------------------- */

sv_watch_t *sv_loop_watch_socket (sv_loop_t *loop, void *socket, sv_tick_fn *fn, void *arg)
{
    sim_process_t *self = (sim_process_t *)loop;
    for (unsigned i = 0; i < SIM_WATCHES; i++)
        if (!self->watches[i].fn) {
            self->watches[i] = (sv_watch_t){.process = self, .socket = socket, .fn = fn, .arg = arg};
            return &self->watches[i];
        }
    return NULL;
}

void sv_watch_cancel (sv_loop_t *loop, sv_watch_t **watch_p)
{
    (void)loop;
    if (!watch_p || !*watch_p)
        return;
    (*watch_p)->fn = NULL;
    *watch_p = NULL;
}

static void s_on_timer (void *ctx, uint64_t setting);

static void s_arm (sv_timer_t *timer, uint32_t ms)
{
    sim_process_t *self = timer->process;
    sim_net_after (self->net, self->node, UINT64_C (1000) * ms + sim_random_below (self->net->random, S_TIMER_SLACK_US),
                   s_on_timer, timer, timer->setting);
}

static void s_on_timer (void *ctx, uint64_t setting)
{
    sv_timer_t *timer = ctx;
    sim_process_t *self = timer->process;
    if (!timer->fn || timer->setting != setting)
        return;
    sim_process_enter (self);
    if (timer->repeat_ms)
        s_arm (timer, timer->repeat_ms);
    timer->fn (timer->arg);
    sim_process_end_turn (self);
}

void sv_timer_set (sv_loop_t *loop, sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms)
{
    (void)loop;
    timer->setting++;
    timer->repeat_ms = repeat_ms;
    if (first_ms || repeat_ms)
        s_arm (timer, first_ms);
}

sv_timer_t *sv_loop_timer (sv_loop_t *loop, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg)
{
    sim_process_t *self = (sim_process_t *)loop;
    for (unsigned i = 0; i < SIM_TIMERS; i++) {
        sv_timer_t *timer = &self->timers[i];
        if (timer->fn)
            continue;
        *timer = (sv_timer_t){.process = self, .fn = fn, .arg = arg, .setting = timer->setting + 1};
        sv_timer_set (loop, timer, first_ms, repeat_ms);
        return timer;
    }
    return NULL;
}

void sv_timer_cancel (sv_loop_t *loop, sv_timer_t **timer_p)
{
    (void)loop;
    if (!timer_p || !*timer_p)
        return;
    (*timer_p)->fn = NULL;
    (*timer_p)->setting++;
    *timer_p = NULL;
}

uint64_t sv_now_us (void)
{
    return S_EPOCH_US + s_current->net->now_us;
}

uint64_t sv_now_ms (void)
{
    return sv_now_us () / 1000;
}

int64_t sv_wall_us (void)
{
    return (int64_t)sv_now_us ();
}

/*  Generations come from here. */
ssize_t getrandom (void *buffer, size_t length, unsigned flags)
{
    (void)flags;
    uint8_t *out = buffer;
    for (size_t i = 0; i < length; i++)
        out[i] = s_current ? (uint8_t)(sim_random (s_current->net->random) >> 24) : 0;
    return (ssize_t)length;
}
