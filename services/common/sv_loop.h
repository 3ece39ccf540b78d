/*  sv_loop - the event loop of a daemon: file descriptors, ZeroMQ sockets and
    timers on one thread.

    The services run it on czmq's zloop (sv_zloop.c); the gateway, which shares
    its loop with libwebsockets, on libev (gw_loop.c).  Callers see this
    interface alone, so that the bus client works in both. */

#ifndef SV_LOOP_H
#define SV_LOOP_H

#include "pt_error.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct sv_loop sv_loop_t;
typedef struct sv_watch sv_watch_t;
typedef struct sv_timer sv_timer_t;

enum { SV_IN = 1, SV_OUT = 2 };

/*  `events`: what is ready, of what was asked. */
typedef void (sv_fd_fn) (void *arg, int events);
typedef void (sv_tick_fn) (void *arg);

/*  An implementation; the struct comes first in its own object. */
typedef struct {
    void (*destroy) (sv_loop_t **self_p);
    int (*run) (sv_loop_t *self);
    void (*stop) (sv_loop_t *self);
    sv_watch_t *(*watch_fd) (sv_loop_t *self, int fd, int events, sv_fd_fn *fn, void *arg);
    sv_watch_t *(*watch_socket) (sv_loop_t *self, void *socket, sv_tick_fn *fn, void *arg);
    int (*watch_set) (sv_watch_t *watch, int events);
    void (*watch_cancel) (sv_watch_t **watch_p);
    sv_timer_t *(*timer) (sv_loop_t *self, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg);
    void (*timer_set) (sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms);
    void (*timer_cancel) (sv_timer_t **timer_p);
} sv_loop_ops_t;

struct sv_loop {
    const sv_loop_ops_t *ops;
};

/*  The loop of the services, on zloop.  NULL when out of memory. */
sv_loop_t *sv_zloop_new (void);

/*  Frees the loop and every watch and timer left in it. */
void sv_loop_destroy (sv_loop_t **self_p);

/*  Runs until sv_loop_stop; 0, or -PT_E_internal when polling fails. */
PT_MUSTCHECK int sv_loop_run (sv_loop_t *self);

/*  Ends the run after the turn at hand; may be called from any callback. */
void sv_loop_stop (sv_loop_t *self);

/*  Calls `fn` while `fd` is ready for `events` (level-triggered).  The caller
    keeps the fd and cancels before closing it; one watch an fd.  NULL when out
    of memory, or when the fd can't be polled or is watched already. */
sv_watch_t *sv_loop_watch_fd (sv_loop_t *self, int fd, int events, sv_fd_fn *fn, void *arg);

/*  Calls `fn` while the raw ZeroMQ `socket` has input; the implementation
    copes with the edge-like ZMQ_FD, `fn` may leave input unread and is then
    called again.  NULL when out of memory. */
sv_watch_t *sv_loop_watch_socket (sv_loop_t *self, void *socket, sv_tick_fn *fn, void *arg);

/*  Changes what an fd is watched for (0: nothing).  0 or -PT_E_memory. */
PT_MUSTCHECK int sv_watch_set (sv_loop_t *self, sv_watch_t *watch, int events);

/*  Ends a watch; safe from within its own callback; accepts NULL. */
void sv_watch_cancel (sv_loop_t *self, sv_watch_t **watch_p);

/*  Calls `fn` after `first_ms` and then every `repeat_ms` (0: once; the timer
    stays and can be set again).  NULL when out of memory. */
sv_timer_t *sv_loop_timer (sv_loop_t *self, uint32_t first_ms, uint32_t repeat_ms, sv_tick_fn *fn, void *arg);

/*  Starts a timer anew; first_ms 0 with repeat_ms 0 stops it. */
void sv_timer_set (sv_loop_t *self, sv_timer_t *timer, uint32_t first_ms, uint32_t repeat_ms);

/*  Ends and frees a timer; safe from within its own callback; accepts NULL. */
void sv_timer_cancel (sv_loop_t *self, sv_timer_t **timer_p);

/*  Monotonic milliseconds and microseconds; wall clock microseconds since 1970. */
uint64_t sv_now_ms (void);
uint64_t sv_now_us (void);
int64_t sv_wall_us (void);

#endif
