/*  sv_zloop - the loop of the services, on czmq's zloop.

    Design note.  zloop polls ZeroMQ sockets well, and nothing else as we need
    it: each change of its poll set rebuilds it, its timers can't be set again
    and are freed a turn late by id, and it returns when a system call is
    interrupted.  So zloop holds the ZeroMQ sockets and one file descriptor of
    an epoll; in the epoll are the other file descriptors and one timerfd, which
    is armed for the earliest timer of a binary heap.  The epoll is the first
    item of the poll set, so busy sockets never starve timers and signals.

    Callbacks may cancel anything, themselves included: a cancelled watch or
    timer is marked dead, is never called again, and is freed when no callback
    of this loop is on the stack (s_leave). */

#include "sv_loop.h"

#include <czmq.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/*  Ready file descriptors taken from the kernel at a time; the rest comes in
    the next turn. */
#define ZLOOP_EVENTS 64

#define ZLOOP_NOT_QUEUED SIZE_MAX

typedef struct sv_zloop sv_zloop_t;

struct sv_watch {
    sv_zloop_t *loop;
    void *socket; /* ZeroMQ socket; NULL for an fd */
    int fd;
    int events; /* asked for; 0: not in the epoll */
    bool is_dead;
    sv_fd_fn *on_fd;
    sv_tick_fn *on_socket;
    void *arg;
    sv_watch_t *next; /* in `watches` or `dead_watches` */
    sv_watch_t *prev;
};

struct sv_timer {
    sv_zloop_t *loop;
    uint64_t when_ms;
    uint32_t repeat_ms;
    size_t slot; /* in the heap, or ZLOOP_NOT_QUEUED */
    bool is_dead;
    sv_tick_fn *fn;
    void *arg;
    sv_timer_t *next; /* in `timers` or `dead_timers` */
    sv_timer_t *prev;
};

struct sv_zloop {
    sv_loop_t base;
    zloop_t *zloop;
    int epoll_fd;
    int timer_fd;
    bool is_stopped;
    unsigned depth; /* callbacks on the stack */
    sv_watch_t *watches;
    sv_watch_t *dead_watches;
    sv_timer_t *timers;
    sv_timer_t *dead_timers;
    sv_timer_t **heap; /* by when_ms; room for every timer there is */
    size_t heap_len;
    size_t heap_cap;
    size_t timer_count;
    uint64_t armed_ms; /* what the timerfd is set to; 0: off */
};

/*  ---- lists, and what is freed late ---------------------------------------- */

#define LIST_PUSH(head, item)                                                                                          \
    do {                                                                                                               \
        (item)->prev = NULL;                                                                                           \
        (item)->next = (head);                                                                                         \
        if (head)                                                                                                      \
            (head)->prev = (item);                                                                                     \
        (head) = (item);                                                                                               \
    } while (0)

#define LIST_REMOVE(head, item)                                                                                        \
    do {                                                                                                               \
        if ((item)->prev)                                                                                              \
            (item)->prev->next = (item)->next;                                                                         \
        else                                                                                                           \
            (head) = (item)->next;                                                                                     \
        if ((item)->next)                                                                                              \
            (item)->next->prev = (item)->prev;                                                                         \
    } while (0)

#define LIST_FREE(head)                                                                                                \
    while (head) {                                                                                                     \
        void *item_ = (head);                                                                                          \
        (head) = (head)->next;                                                                                         \
        free (item_);                                                                                                  \
    }

static void s_bury (sv_zloop_t *self)
{
    LIST_FREE (self->dead_watches);
    LIST_FREE (self->dead_timers);
}

static void s_enter (sv_zloop_t *self)
{
    self->depth++;
}

/*  What zloop wants from a handler: -1 ends its run. */
static int s_leave (sv_zloop_t *self)
{
    if (--self->depth == 0)
        s_bury (self);
    return self->is_stopped ? -1 : 0;
}

/*  ---- timers ---------------------------------------------------------------- */

static void s_heap_put (sv_zloop_t *self, size_t slot, sv_timer_t *timer)
{
    self->heap[slot] = timer;
    timer->slot = slot;
}

static void s_heap_up (sv_zloop_t *self, size_t slot)
{
    sv_timer_t *timer = self->heap[slot];
    while (slot > 0 && self->heap[(slot - 1) / 2]->when_ms > timer->when_ms) {
        s_heap_put (self, slot, self->heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    s_heap_put (self, slot, timer);
}

static void s_heap_down (sv_zloop_t *self, size_t slot)
{
    sv_timer_t *timer = self->heap[slot];
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= self->heap_len)
            break;
        if (child + 1 < self->heap_len && self->heap[child + 1]->when_ms < self->heap[child]->when_ms)
            child++;
        if (self->heap[child]->when_ms >= timer->when_ms)
            break;
        s_heap_put (self, slot, self->heap[child]);
        slot = child;
    }
    s_heap_put (self, slot, timer);
}

static void s_timer_queue (sv_zloop_t *self, sv_timer_t *timer, uint64_t when_ms)
{
    timer->when_ms = when_ms;
    s_heap_put (self, self->heap_len++, timer);
    s_heap_up (self, timer->slot);
}

static void s_timer_unqueue (sv_zloop_t *self, sv_timer_t *timer)
{
    size_t slot = timer->slot;
    if (slot == ZLOOP_NOT_QUEUED)
        return;
    timer->slot = ZLOOP_NOT_QUEUED;
    sv_timer_t *last = self->heap[--self->heap_len];
    if (last == timer)
        return;
    s_heap_put (self, slot, last);
    s_heap_up (self, slot);
    s_heap_down (self, last->slot);
}

/*  Sets the timerfd to the earliest timer.  It is left alone when it fires too
    early rather than too late: such a wake-up finds nothing due and arms anew,
    which is cheaper than a system call for every timer that moves.  It is set to
    a time from now, not to a moment: what shifts a process's wall clock
    (libfaketime) shifts moments of every clock. */
static void s_timers_arm (sv_zloop_t *self)
{
    if (self->heap_len == 0)
        return;
    uint64_t when_ms = self->heap[0]->when_ms;
    if (self->armed_ms != 0 && self->armed_ms <= when_ms)
        return;
    self->armed_ms = when_ms;
    uint64_t now_us = sv_now_us (), when_us = when_ms * 1000;
    uint64_t wait_us = when_us > now_us ? when_us - now_us : 1; /* 0 would turn it off */
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000}};
    timerfd_settime (self->timer_fd, 0, &spec, NULL);
}

/*  Calls the timers that are due.  A repeating timer that is late goes on from
    now: whoever slept gets one tick, not all that were missed. */
static void s_timers_run (sv_zloop_t *self)
{
    uint64_t expirations;
    if (read (self->timer_fd, &expirations, sizeof (expirations)) < 0 && errno != EAGAIN)
        return;
    self->armed_ms = 0;
    uint64_t now_ms = sv_now_ms ();
    while (self->heap_len > 0 && self->heap[0]->when_ms <= now_ms && !self->is_stopped) {
        sv_timer_t *timer = self->heap[0];
        s_timer_unqueue (self, timer);
        if (timer->repeat_ms > 0) {
            uint64_t next_ms = timer->when_ms + timer->repeat_ms;
            s_timer_queue (self, timer, next_ms > now_ms ? next_ms : now_ms + timer->repeat_ms);
        }
        timer->fn (timer->arg);
    }
    s_timers_arm (self);
}

static int s_heap_grow (sv_zloop_t *self)
{
    if (self->timer_count < self->heap_cap)
        return 0;
    size_t cap = self->heap_cap ? self->heap_cap * 2 : 16;
    sv_timer_t **heap = realloc (self->heap, cap * sizeof (sv_timer_t *));
    if (!heap)
        return -PT_E_memory;
    self->heap = heap;
    self->heap_cap = cap;
    return 0;
}

static void s_timer_set (sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms)
{
    sv_zloop_t *self = timer->loop;
    if (timer->is_dead)
        return;
    s_timer_unqueue (self, timer);
    timer->repeat_ms = repeat_ms;
    if (first_ms == 0 && repeat_ms == 0)
        return;
    s_timer_queue (self, timer, sv_now_ms () + first_ms);
    s_timers_arm (self);
}

static sv_timer_t *s_timer_new (sv_loop_t *base, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg)
{
    sv_zloop_t *self = (sv_zloop_t *)base;
    if (s_heap_grow (self) < 0)
        return NULL;
    sv_timer_t *timer = calloc (1, sizeof (*timer));
    if (!timer)
        return NULL;
    timer->loop = self;
    timer->slot = ZLOOP_NOT_QUEUED;
    timer->fn = fn;
    timer->arg = arg;
    self->timer_count++;
    LIST_PUSH (self->timers, timer);
    s_timer_set (timer, first_ms, repeat_ms);
    return timer;
}

static void s_timer_cancel (sv_timer_t **timer_p)
{
    sv_timer_t *timer = *timer_p;
    sv_zloop_t *self = timer->loop;
    *timer_p = NULL;
    s_timer_unqueue (self, timer);
    timer->is_dead = true;
    self->timer_count--;
    LIST_REMOVE (self->timers, timer);
    LIST_PUSH (self->dead_timers, timer);
    if (self->depth == 0)
        s_bury (self);
}

/*  ---- watches --------------------------------------------------------------- */

static int s_watch_set (sv_watch_t *watch, int events)
{
    if (watch->socket || watch->is_dead || watch->events == events)
        return 0;
    struct epoll_event event = {.data.ptr = watch};
    event.events = (events & SV_IN ? (uint32_t)EPOLLIN : 0u) | (events & SV_OUT ? (uint32_t)EPOLLOUT : 0u);
    /*  An fd that is watched for nothing leaves the epoll, which would report
        its errors and hang-ups without end. */
    int op = events == 0 ? EPOLL_CTL_DEL : watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl (watch->loop->epoll_fd, op, watch->fd, &event) < 0 && op != EPOLL_CTL_DEL)
        return -PT_E_memory;
    watch->events = events;
    return 0;
}

static sv_watch_t *s_watch_new (sv_zloop_t *self, void *arg)
{
    sv_watch_t *watch = calloc (1, sizeof (*watch));
    if (!watch)
        return NULL;
    watch->loop = self;
    watch->fd = -1;
    watch->arg = arg;
    LIST_PUSH (self->watches, watch);
    return watch;
}

static void s_watch_cancel (sv_watch_t **watch_p)
{
    sv_watch_t *watch = *watch_p;
    sv_zloop_t *self = watch->loop;
    *watch_p = NULL;
    if (watch->socket) {
        zmq_pollitem_t item = {.socket = watch->socket};
        zloop_poller_end (self->zloop, &item);
    } else {
        int ignored = s_watch_set (watch, 0);
        (void)ignored;
    }
    watch->is_dead = true;
    LIST_REMOVE (self->watches, watch);
    LIST_PUSH (self->dead_watches, watch);
    if (self->depth == 0)
        s_bury (self);
}

static sv_watch_t *s_watch_fd (sv_loop_t *base, int fd, int events, sv_fd_fn *fn, void *arg)
{
    sv_watch_t *watch = s_watch_new ((sv_zloop_t *)base, arg);
    if (!watch)
        return NULL;
    watch->fd = fd;
    watch->on_fd = fn;
    if (s_watch_set (watch, events) < 0)
        s_watch_cancel (&watch);
    return watch;
}

static int s_on_socket (zloop_t *zloop, zmq_pollitem_t *item, void *arg)
{
    (void)zloop;
    (void)item;
    sv_watch_t *watch = arg;
    sv_zloop_t *self = watch->loop;
    s_enter (self);
    if (!watch->is_dead)
        watch->on_socket (watch->arg);
    return s_leave (self);
}

static sv_watch_t *s_watch_socket (sv_loop_t *base, void *socket, sv_tick_fn *fn, void *arg)
{
    sv_zloop_t *self = (sv_zloop_t *)base;
    sv_watch_t *watch = s_watch_new (self, arg);
    if (!watch)
        return NULL;
    watch->socket = socket;
    watch->on_socket = fn;
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    if (zloop_poller (self->zloop, &item, s_on_socket, watch) < 0)
        s_watch_cancel (&watch);
    else
        zloop_poller_set_tolerant (self->zloop, &item);
    return watch;
}

/*  An error or hang-up is reported as what was asked for: the read or write
    that follows tells which. */
static int s_ready_of (const struct epoll_event *event, int asked)
{
    int ready = 0;
    if (event->events & (EPOLLERR | EPOLLHUP))
        ready = SV_IN | SV_OUT;
    if (event->events & EPOLLIN)
        ready |= SV_IN;
    if (event->events & EPOLLOUT)
        ready |= SV_OUT;
    return ready & asked;
}

static int s_on_epoll (zloop_t *zloop, zmq_pollitem_t *item, void *arg)
{
    (void)zloop;
    (void)item;
    sv_zloop_t *self = arg;
    struct epoll_event events[ZLOOP_EVENTS];
    s_enter (self);
    int count = epoll_wait (self->epoll_fd, events, ZLOOP_EVENTS, 0);
    for (int i = 0; i < count && !self->is_stopped; i++) {
        sv_watch_t *watch = events[i].data.ptr;
        if (!watch) {
            s_timers_run (self);
            continue;
        }
        int ready = s_ready_of (&events[i], watch->is_dead ? 0 : watch->events);
        if (ready)
            watch->on_fd (watch->arg, ready);
    }
    return s_leave (self);
}

/*  ---- life ------------------------------------------------------------------ */

static int s_run (sv_loop_t *base)
{
    sv_zloop_t *self = (sv_zloop_t *)base;
    while (!self->is_stopped) {
        errno = 0;
        int rc = zloop_start (self->zloop);
        if (!self->is_stopped && rc == 0 && errno != EINTR)
            return -PT_E_internal;
    }
    self->is_stopped = false;
    return 0;
}

static void s_stop (sv_loop_t *base)
{
    sv_zloop_t *self = (sv_zloop_t *)base;
    self->is_stopped = true;
}

static void s_destroy (sv_loop_t **self_p)
{
    sv_zloop_t *self = (sv_zloop_t *)*self_p;
    *self_p = NULL;
    zloop_destroy (&self->zloop);
    LIST_FREE (self->watches);
    LIST_FREE (self->timers);
    s_bury (self);
    free (self->heap);
    if (self->timer_fd >= 0)
        close (self->timer_fd);
    if (self->epoll_fd >= 0)
        close (self->epoll_fd);
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
    .timer = s_timer_new,
    .timer_set = s_timer_set,
    .timer_cancel = s_timer_cancel,
};

static int s_open (sv_zloop_t *self)
{
    self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
    self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    if (self->epoll_fd < 0 || self->timer_fd < 0 ||
        epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->timer_fd, &event) < 0)
        return -PT_E_internal;
    self->zloop = zloop_new ();
    if (!self->zloop)
        return -PT_E_memory;
    zloop_set_nonstop (self->zloop, true);
    zmq_pollitem_t item = {.fd = self->epoll_fd, .events = ZMQ_POLLIN};
    if (zloop_poller (self->zloop, &item, s_on_epoll, self) < 0)
        return -PT_E_memory;
    zloop_poller_set_tolerant (self->zloop, &item);
    return 0;
}

sv_loop_t *sv_zloop_new (void)
{
    zsys_handler_set (NULL);
    sv_zloop_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->base.ops = &s_ops;
    self->epoll_fd = self->timer_fd = -1;
    sv_loop_t *base = &self->base;
    if (s_open (self) < 0)
        sv_loop_destroy (&base);
    return base;
}
