/*  gw_loop - sv_loop on libev; see the note in gw_loop.h. */

#include "gw_loop.h"
#include <ev.h>
#include <stdlib.h>
#include <zmq.h>

typedef struct gw_loop gw_loop_t;

struct sv_watch {
    gw_loop_t *loop;
    sv_watch_t *next, **link;
    ev_io io;
    int events;   /* SV_IN | SV_OUT as asked */
    void *socket; /* ZeroMQ socket, NULL for an fd */
    sv_fd_fn *on_fd;
    sv_tick_fn *on_input;
    void *arg;
    bool is_cancelled; /* freed at the end of the turn */
};

struct sv_timer {
    gw_loop_t *loop;
    sv_timer_t *next, **link;
    ev_timer timer;
    sv_tick_fn *fn;
    void *arg;
};

struct gw_loop {
    sv_loop_t base; /* first */
    struct ev_loop *ev;
    ev_prepare prepare;
    ev_idle idle;
    sv_watch_t *watches;
    sv_timer_t *timers;
    bool has_cancelled;
    sv_tick_fn *on_turn;
    void *on_turn_arg;
};

static gw_loop_t *s_self (sv_loop_t *base)
{
    return (gw_loop_t *)base;
}

/* ---- turns --------------------------------------------------------------- */

static bool s_has_input (void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt (socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

/*  A watch may be made or cancelled by any callback: new ones come in front,
    cancelled ones stay linked until s_reap. */
static void s_read_sockets (gw_loop_t *self)
{
    for (sv_watch_t *watch = self->watches; watch; watch = watch->next)
        if (watch->socket && !watch->is_cancelled && s_has_input (watch->socket))
            watch->on_input (watch->arg);
}

static bool s_any_input (gw_loop_t *self)
{
    for (sv_watch_t *watch = self->watches; watch; watch = watch->next)
        if (watch->socket && !watch->is_cancelled && s_has_input (watch->socket))
            return true;
    return false;
}

static void s_unlink_watch (sv_watch_t *watch)
{
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
}

static void s_reap (gw_loop_t *self)
{
    self->has_cancelled = false;
    for (sv_watch_t *watch = self->watches, *next; watch; watch = next) {
        next = watch->next;
        if (watch->is_cancelled) {
            s_unlink_watch (watch);
            free (watch);
        }
    }
}

static void s_on_prepare (struct ev_loop *ev, ev_prepare *prepare, int revents)
{
    (void)revents;
    gw_loop_t *self = prepare->data;
    s_read_sockets (self);
    if (self->on_turn)
        self->on_turn (self->on_turn_arg);
    if (self->has_cancelled)
        s_reap (self);
    if (s_any_input (self))
        ev_idle_start (ev, &self->idle);
    else
        ev_idle_stop (ev, &self->idle);
}

static void s_on_idle (struct ev_loop *ev, ev_idle *idle, int revents)
{
    (void)ev;
    (void)idle;
    (void)revents;
}

/* ---- watches ------------------------------------------------------------- */

static int s_to_ev (int events)
{
    return (events & SV_IN ? EV_READ : 0) | (events & SV_OUT ? EV_WRITE : 0);
}

static void s_on_fd (struct ev_loop *ev, ev_io *io, int revents)
{
    (void)ev;
    sv_watch_t *watch = io->data;
    int events = (revents & EV_READ ? SV_IN : 0) | (revents & EV_WRITE ? SV_OUT : 0);
    if (!watch->is_cancelled && watch->on_fd && (events & watch->events) != 0)
        watch->on_fd (watch->arg, events & watch->events);
}

static sv_watch_t *s_watch_new (gw_loop_t *self, int fd, int events, void *arg)
{
    sv_watch_t *watch = calloc (1, sizeof *watch);
    if (!watch)
        return NULL;
    watch->loop = self;
    watch->events = events;
    watch->arg = arg;
    watch->next = self->watches;
    watch->link = &self->watches;
    if (watch->next)
        watch->next->link = &watch->next;
    self->watches = watch;
    ev_io_init (&watch->io, s_on_fd, fd, s_to_ev (events));
    watch->io.data = watch;
    if (events != 0)
        ev_io_start (self->ev, &watch->io);
    return watch;
}

static sv_watch_t *s_watch_fd (sv_loop_t *base, int fd, int events, sv_fd_fn *fn, void *arg)
{
    sv_watch_t *watch = s_watch_new (s_self (base), fd, events, arg);
    if (watch)
        watch->on_fd = fn;
    return watch;
}

/*  The fd only wakes the loop; the reading is done at the end of the turn. */
static sv_watch_t *s_watch_socket (sv_loop_t *base, void *socket, sv_tick_fn *fn, void *arg)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt (socket, ZMQ_FD, &fd, &size) != 0)
        return NULL;
    sv_watch_t *watch = s_watch_new (s_self (base), fd, SV_IN, arg);
    if (watch) {
        watch->socket = socket;
        watch->on_input = fn;
    }
    return watch;
}

static int s_watch_set (sv_watch_t *watch, int events)
{
    struct ev_loop *ev = watch->loop->ev;
    if (watch->events == events)
        return 0;
    watch->events = events;
    ev_io_stop (ev, &watch->io);
    ev_io_set (&watch->io, watch->io.fd, s_to_ev (events));
    if (events != 0)
        ev_io_start (ev, &watch->io);
    return 0;
}

static void s_watch_cancel (sv_watch_t **watch_p)
{
    sv_watch_t *watch = *watch_p;
    *watch_p = NULL;
    if (!watch)
        return;
    ev_io_stop (watch->loop->ev, &watch->io);
    watch->is_cancelled = true;
    watch->loop->has_cancelled = true;
}

/* ---- timers -------------------------------------------------------------- */

static void s_on_timer (struct ev_loop *ev, ev_timer *timer, int revents)
{
    (void)ev;
    (void)revents;
    sv_timer_t *self = timer->data;
    self->fn (self->arg);
}

/*  Timers count from now, not from the beginning of a long turn. */
static void s_timer_set (sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms)
{
    struct ev_loop *ev = timer->loop->ev;
    ev_timer_stop (ev, &timer->timer);
    if (first_ms == 0 && repeat_ms == 0)
        return;
    ev_now_update (ev);
    ev_timer_set (&timer->timer, first_ms / 1000.0, repeat_ms / 1000.0);
    ev_timer_start (ev, &timer->timer);
}

static sv_timer_t *s_timer (sv_loop_t *base, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg)
{
    gw_loop_t *self = s_self (base);
    sv_timer_t *timer = calloc (1, sizeof *timer);
    if (!timer)
        return NULL;
    timer->loop = self;
    timer->fn = fn;
    timer->arg = arg;
    timer->next = self->timers;
    timer->link = &self->timers;
    if (timer->next)
        timer->next->link = &timer->next;
    self->timers = timer;
    ev_timer_init (&timer->timer, s_on_timer, 0.0, 0.0);
    timer->timer.data = timer;
    s_timer_set (timer, first_ms, repeat_ms);
    return timer;
}

static void s_timer_cancel (sv_timer_t **timer_p)
{
    sv_timer_t *timer = *timer_p;
    *timer_p = NULL;
    if (!timer)
        return;
    ev_timer_stop (timer->loop->ev, &timer->timer);
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    free (timer);
}

/* ---- life ---------------------------------------------------------------- */

static int s_run (sv_loop_t *base)
{
    ev_run (s_self (base)->ev, 0);
    return 0;
}

static void s_stop (sv_loop_t *base)
{
    ev_break (s_self (base)->ev, EVBREAK_ALL);
}

static void s_destroy (sv_loop_t **self_p)
{
    gw_loop_t *self = s_self (*self_p);
    *self_p = NULL;
    for (sv_timer_t *timer = self->timers, *next; timer; timer = next) {
        next = timer->next;
        ev_timer_stop (self->ev, &timer->timer);
        free (timer);
    }
    for (sv_watch_t *watch = self->watches; watch; watch = watch->next) {
        ev_io_stop (self->ev, &watch->io);
        watch->is_cancelled = true;
    }
    s_reap (self);
    ev_loop_destroy (self->ev);
    free (self);
}

static const sv_loop_ops_t s_ops = {
    .destroy = s_destroy,
    .run = s_run,
    .stop = s_stop,
    .watch_fd = s_watch_fd,
    .watch_socket = s_watch_socket,
    .watch_set = s_watch_set,
    .watch_cancel = s_watch_cancel,
    .timer = s_timer,
    .timer_set = s_timer_set,
    .timer_cancel = s_timer_cancel,
};

sv_loop_t *gw_loop_new (void)
{
    gw_loop_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->base.ops = &s_ops;
    self->ev = ev_loop_new (EVFLAG_AUTO | EVFLAG_NOENV);
    if (!self->ev) {
        free (self);
        return NULL;
    }
    ev_prepare_init (&self->prepare, s_on_prepare);
    self->prepare.data = self;
    ev_prepare_start (self->ev, &self->prepare);
    ev_idle_init (&self->idle, s_on_idle);
    return &self->base;
}

struct ev_loop *gw_loop_ev (sv_loop_t *self)
{
    return s_self (self)->ev;
}

void gw_loop_on_turn (sv_loop_t *self, sv_tick_fn *fn, void *arg)
{
    s_self (self)->on_turn = fn;
    s_self (self)->on_turn_arg = arg;
}
