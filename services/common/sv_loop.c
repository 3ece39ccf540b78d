/*  sv_loop - dispatch to the implementation of the loop, and the clocks.

    The implementations never see NULL handles: what accepts NULL is decided
    here once. */

#include "sv_loop.h"

#include <time.h>

void sv_loop_destroy (sv_loop_t **self_p)
{
    if (self_p && *self_p)
        (*self_p)->ops->destroy (self_p);
}

int sv_loop_run (sv_loop_t *self)
{
    return self->ops->run (self);
}

void sv_loop_stop (sv_loop_t *self)
{
    self->ops->stop (self);
}

sv_watch_t *sv_loop_watch_fd (sv_loop_t *self, int fd, int events, sv_fd_fn *fn, void *arg)
{
    return self->ops->watch_fd (self, fd, events, fn, arg);
}

sv_watch_t *sv_loop_watch_socket (sv_loop_t *self, void *socket, sv_tick_fn *fn, void *arg)
{
    return self->ops->watch_socket (self, socket, fn, arg);
}

int sv_watch_set (sv_loop_t *self, sv_watch_t *watch, int events)
{
    return self->ops->watch_set (watch, events);
}

void sv_watch_cancel (sv_loop_t *self, sv_watch_t **watch_p)
{
    if (watch_p && *watch_p)
        self->ops->watch_cancel (watch_p);
}

sv_timer_t *sv_loop_timer (sv_loop_t *self, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg)
{
    return self->ops->timer (self, first_ms, repeat_ms, fn, arg);
}

void sv_timer_set (sv_loop_t *self, sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms)
{
    self->ops->timer_set (timer, first_ms, repeat_ms);
}

void sv_timer_cancel (sv_loop_t *self, sv_timer_t **timer_p)
{
    if (timer_p && *timer_p)
        self->ops->timer_cancel (timer_p);
}

uint64_t sv_now_us (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t sv_now_ms (void)
{
    return sv_now_us () / 1000;
}

int64_t sv_wall_us (void)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
