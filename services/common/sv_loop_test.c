/*  sv_loop_test - the loop of the services: what may be done from callbacks,
    timers, and ZeroMQ input that is left over. */

#include "sv_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

/*  A test that takes longer is broken. */
#define DEADLINE_MS 5000

typedef struct {
    sv_loop_t *loop;
    sv_timer_t *deadline;
    sv_timer_t *timer;
    sv_timer_t *other_timer;
    sv_watch_t *watch;
    sv_watch_t *other_watch;
    int pipe[2];
    int other_pipe[2];
    unsigned calls;
    unsigned other_calls;
    unsigned stop_at;
    uint64_t fired_ms;
    void *zmq;
    void *in;
    void *out;
} fixture_t;

static void s_on_deadline (void *arg)
{
    (void)arg;
    fail_msg ("nothing happened for %d ms", DEADLINE_MS);
}

static int s_setup (void **state)
{
    static fixture_t self;
    memset (&self, 0, sizeof (self));
    self.loop = sv_zloop_new ();
    assert_non_null (self.loop);
    assert_int_equal (pipe (self.pipe), 0);
    assert_int_equal (pipe (self.other_pipe), 0);
    self.deadline = sv_loop_timer (self.loop, DEADLINE_MS, 0, s_on_deadline, &self);
    self.zmq = zmq_ctx_new ();
    self.in = zmq_socket (self.zmq, ZMQ_PULL);
    self.out = zmq_socket (self.zmq, ZMQ_PUSH);
    int no_limit = 0;
    zmq_setsockopt (self.in, ZMQ_RCVHWM, &no_limit, sizeof (no_limit));
    zmq_setsockopt (self.out, ZMQ_SNDHWM, &no_limit, sizeof (no_limit));
    assert_int_equal (zmq_bind (self.in, "inproc://loop"), 0);
    assert_int_equal (zmq_connect (self.out, "inproc://loop"), 0);
    *state = &self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    sv_loop_destroy (&self->loop);
    assert_null (self->loop);
    zmq_close (self->in);
    zmq_close (self->out);
    zmq_ctx_term (self->zmq);
    for (int i = 0; i < 2; i++) {
        close (self->pipe[i]);
        close (self->other_pipe[i]);
    }
    return 0;
}

static void s_write (int fd)
{
    assert_int_equal (write (fd, "x", 1), 1);
}

static void s_read (int fd)
{
    char byte;
    assert_int_equal (read (fd, &byte, 1), 1);
}

static void s_count_tick (void *arg)
{
    fixture_t *self = arg;
    self->fired_ms = sv_now_ms ();
    if (++self->calls == self->stop_at)
        sv_loop_stop (self->loop);
}

static void s_stop (void *arg)
{
    fixture_t *self = arg;
    self->other_calls++;
    sv_loop_stop (self->loop);
}

/*  ---- timers --------------------------------------------------------------- */

static void a_timer_fires_once_and_not_early (void **state)
{
    fixture_t *self = *state;
    uint64_t start_ms = sv_now_ms ();
    sv_timer_t *timer = sv_loop_timer (self->loop, 20, 0, s_count_tick, self);
    sv_timer_t *end = sv_loop_timer (self->loop, 60, 0, s_stop, self);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
    assert_true (self->fired_ms >= start_ms + 20);
    sv_timer_cancel (self->loop, &timer);
    sv_timer_cancel (self->loop, &end);
    assert_null (timer);
}

static void a_repeating_timer_goes_on (void **state)
{
    fixture_t *self = *state;
    self->stop_at = 4;
    assert_non_null (sv_loop_timer (self->loop, 0, 2, s_count_tick, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 4);
}

static void a_timer_of_zeros_never_fires (void **state)
{
    fixture_t *self = *state;
    sv_timer_t *timer = sv_loop_timer (self->loop, 0, 0, s_count_tick, self);
    assert_non_null (timer);
    assert_non_null (sv_loop_timer (self->loop, 20, 0, s_stop, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 0);
    /*  It can still be started. */
    self->stop_at = 1;
    sv_timer_set (self->loop, timer, 1, 0);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
}

static void s_reset_other (void *arg)
{
    fixture_t *self = arg;
    if (++self->other_calls < 10)
        sv_timer_set (self->loop, self->timer, 40, 0);
}

static void setting_a_timer_again_puts_it_off (void **state)
{
    fixture_t *self = *state;
    uint64_t start_ms = sv_now_ms ();
    self->stop_at = 1;
    self->timer = sv_loop_timer (self->loop, 40, 0, s_count_tick, self);
    assert_non_null (sv_loop_timer (self->loop, 5, 5, s_reset_other, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_true (self->other_calls >= 10);
    assert_true (self->fired_ms >= start_ms + 9 * 5 + 40);
}

static void setting_a_timer_earlier_works_too (void **state)
{
    fixture_t *self = *state;
    self->stop_at = 1;
    self->timer = sv_loop_timer (self->loop, DEADLINE_MS * 2, 0, s_count_tick, self);
    sv_timer_set (self->loop, self->timer, 5, 0);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
}

static void s_cancel_both_timers (void *arg)
{
    fixture_t *self = arg;
    self->calls++;
    sv_timer_cancel (self->loop, &self->timer);
    sv_timer_cancel (self->loop, &self->other_timer);
}

static void a_timer_may_cancel_itself_and_others (void **state)
{
    fixture_t *self = *state;
    self->timer = sv_loop_timer (self->loop, 5, 5, s_cancel_both_timers, self);
    self->other_timer = sv_loop_timer (self->loop, 5, 5, s_cancel_both_timers, self);
    assert_non_null (sv_loop_timer (self->loop, 40, 0, s_stop, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
    assert_null (self->timer);
    assert_null (self->other_timer);
}

static void s_add_timer (void *arg)
{
    fixture_t *self = arg;
    self->stop_at = 1;
    sv_timer_cancel (self->loop, &self->timer);
    self->other_timer = sv_loop_timer (self->loop, 1, 0, s_count_tick, self);
}

static void a_callback_may_add_timers (void **state)
{
    fixture_t *self = *state;
    self->timer = sv_loop_timer (self->loop, 1, 0, s_add_timer, self);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
}

typedef struct {
    sv_loop_t *loop;
    uint64_t last_ms;
    unsigned calls;
    unsigned count;
    uint64_t due_ms[200];
} order_t;

typedef struct {
    order_t *order;
    unsigned index;
} order_arg_t;

static void s_on_ordered (void *arg)
{
    order_arg_t *self = arg;
    /*  The due time was noted up to one tick before the loop read its clock. */
    assert_true (self->order->due_ms[self->index] + 1 >= self->order->last_ms);
    self->order->last_ms = self->order->due_ms[self->index];
    if (++self->order->calls == self->order->count)
        sv_loop_stop (self->order->loop);
}

static void many_timers_fire_in_order (void **state)
{
    fixture_t *self = *state;
    order_t order = {.loop = self->loop};
    order_arg_t args[200];
    sv_timer_t *timers[200];
    uint32_t seed = 7;
    for (unsigned i = 0; i < 200; i++) {
        seed = seed * 1103515245 + 12345;
        uint32_t delay_ms = 1 + (seed >> 16) % 40;
        args[i] = (order_arg_t){&order, i};
        order.due_ms[i] = sv_now_ms () + delay_ms;
        timers[i] = sv_loop_timer (self->loop, delay_ms, 0, s_on_ordered, &args[i]);
    }
    for (unsigned i = 0; i < 200; i += 3)
        sv_timer_cancel (self->loop, &timers[i]);
    order.count = 200 - 67;
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (order.calls, order.count);
}

/*  ---- file descriptors --------------------------------------------------------- */

static void s_on_fd_read (void *arg, int events)
{
    fixture_t *self = arg;
    assert_int_equal (events, SV_IN);
    s_read (self->pipe[0]);
    s_count_tick (self);
}

static void an_fd_is_watched_while_it_is_ready (void **state)
{
    fixture_t *self = *state;
    for (int i = 0; i < 3; i++)
        s_write (self->pipe[1]);
    self->stop_at = 3;
    assert_non_null (sv_loop_watch_fd (self->loop, self->pipe[0], SV_IN, s_on_fd_read, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 3);
}

static void s_on_fd_cancel_both (void *arg, int events)
{
    fixture_t *self = arg;
    (void)events;
    self->calls++;
    sv_watch_cancel (self->loop, &self->watch);
    sv_watch_cancel (self->loop, &self->other_watch);
}

static void a_watch_may_cancel_itself_and_one_that_is_ready_too (void **state)
{
    fixture_t *self = *state;
    s_write (self->pipe[1]);
    s_write (self->other_pipe[1]);
    self->watch = sv_loop_watch_fd (self->loop, self->pipe[0], SV_IN, s_on_fd_cancel_both, self);
    self->other_watch = sv_loop_watch_fd (self->loop, self->other_pipe[0], SV_IN, s_on_fd_cancel_both, self);
    assert_non_null (sv_loop_timer (self->loop, 20, 0, s_stop, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
    assert_null (self->watch);
    assert_null (self->other_watch);
}

static void s_on_fd_set_nothing (void *arg, int events)
{
    fixture_t *self = arg;
    (void)events;
    self->calls++;
    assert_int_equal (sv_watch_set (self->loop, self->watch, 0), 0);
}

static void a_watch_for_nothing_is_silent_even_when_the_peer_hung_up (void **state)
{
    fixture_t *self = *state;
    self->watch = sv_loop_watch_fd (self->loop, self->pipe[0], SV_IN, s_on_fd_set_nothing, self);
    close (self->pipe[1]);
    self->pipe[1] = -1;
    assert_non_null (sv_loop_timer (self->loop, 20, 0, s_stop, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
}

static void s_on_writable (void *arg, int events)
{
    fixture_t *self = arg;
    assert_int_equal (events, SV_OUT);
    s_count_tick (self);
}

static void a_watch_can_ask_for_more (void **state)
{
    fixture_t *self = *state;
    self->stop_at = 1;
    self->watch = sv_loop_watch_fd (self->loop, self->pipe[1], 0, s_on_writable, self);
    assert_non_null (self->watch);
    assert_int_equal (sv_watch_set (self->loop, self->watch, SV_OUT), 0);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
}

static void an_fd_that_is_closed_is_refused (void **state)
{
    fixture_t *self = *state;
    assert_null (sv_loop_watch_fd (self->loop, 9999, SV_IN, s_on_fd_read, self));
}

static void nothing_is_cancelled_by_null (void **state)
{
    fixture_t *self = *state;
    sv_watch_cancel (self->loop, &self->watch);
    sv_timer_cancel (self->loop, &self->timer);
    sv_watch_cancel (self->loop, NULL);
}

/*  ---- ZeroMQ --------------------------------------------------------------------- */

static void s_send (fixture_t *self, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal (zmq_send (self->out, "x", 1, ZMQ_DONTWAIT), 1);
}

static void s_on_socket_take_one (void *arg)
{
    fixture_t *self = arg;
    char byte;
    assert_int_equal (zmq_recv (self->in, &byte, 1, ZMQ_DONTWAIT), 1);
    s_count_tick (self);
}

static void input_left_unread_brings_another_call (void **state)
{
    fixture_t *self = *state;
    s_send (self, 50);
    self->stop_at = 50;
    self->watch = sv_loop_watch_socket (self->loop, self->in, s_on_socket_take_one, self);
    assert_non_null (self->watch);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 50);
}

static void s_on_socket_cancel (void *arg)
{
    fixture_t *self = arg;
    self->calls++;
    sv_watch_cancel (self->loop, &self->watch);
}

static void a_socket_watch_may_cancel_itself_and_be_set_up_again (void **state)
{
    fixture_t *self = *state;
    s_send (self, 3);
    self->watch = sv_loop_watch_socket (self->loop, self->in, s_on_socket_cancel, self);
    assert_non_null (sv_loop_timer (self->loop, 20, 0, s_stop, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
    self->calls = 0;
    self->stop_at = 3;
    self->watch = sv_loop_watch_socket (self->loop, self->in, s_on_socket_take_one, self);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 3);
}

static void s_on_socket_never_ending (void *arg)
{
    fixture_t *self = arg;
    char byte;
    zmq_recv (self->in, &byte, 1, ZMQ_DONTWAIT);
    s_send (self, 1);
}

static void a_busy_socket_does_not_starve_timers_and_fds (void **state)
{
    fixture_t *self = *state;
    s_send (self, 2);
    self->watch = sv_loop_watch_socket (self->loop, self->in, s_on_socket_never_ending, self);
    s_write (self->pipe[1]);
    assert_non_null (sv_loop_watch_fd (self->loop, self->pipe[0], SV_IN, s_on_fd_read, self));
    assert_non_null (sv_loop_timer (self->loop, 20, 0, s_stop, self));
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 1);
    assert_int_equal (self->other_calls, 1);
}

static void s_on_tick_close_socket (void *arg)
{
    fixture_t *self = arg;
    sv_watch_cancel (self->loop, &self->watch);
    zmq_close (self->in);
    self->in = NULL;
    sv_timer_set (self->loop, self->timer, 0, 0);
    self->other_timer = sv_loop_timer (self->loop, 10, 0, s_stop, self);
}

static void a_watched_socket_may_be_cancelled_and_closed_by_a_timer (void **state)
{
    fixture_t *self = *state;
    self->watch = sv_loop_watch_socket (self->loop, self->in, s_on_socket_take_one, self);
    self->timer = sv_loop_timer (self->loop, 5, 5, s_on_tick_close_socket, self);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->other_calls, 1);
}

static void a_stop_before_the_run_ends_it_at_once (void **state)
{
    fixture_t *self = *state;
    assert_non_null (sv_loop_timer (self->loop, 1, 1, s_count_tick, self));
    sv_loop_stop (self->loop);
    assert_int_equal (sv_loop_run (self->loop), 0);
    assert_int_equal (self->calls, 0);
}

static void the_clocks_run_forward (void **state)
{
    (void)state;
    uint64_t us = sv_now_us ();
    assert_true (sv_now_ms () >= us / 1000);
    assert_true (sv_now_us () >= us);
    /*  2020-01-01 has passed. */
    assert_true (sv_wall_us () > 1577836800LL * 1000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_timer_fires_once_and_not_early),
        TEST (a_repeating_timer_goes_on),
        TEST (a_timer_of_zeros_never_fires),
        TEST (setting_a_timer_again_puts_it_off),
        TEST (setting_a_timer_earlier_works_too),
        TEST (a_timer_may_cancel_itself_and_others),
        TEST (a_callback_may_add_timers),
        TEST (many_timers_fire_in_order),
        TEST (an_fd_is_watched_while_it_is_ready),
        TEST (a_watch_may_cancel_itself_and_one_that_is_ready_too),
        TEST (a_watch_for_nothing_is_silent_even_when_the_peer_hung_up),
        TEST (a_watch_can_ask_for_more),
        TEST (an_fd_that_is_closed_is_refused),
        TEST (nothing_is_cancelled_by_null),
        TEST (input_left_unread_brings_another_call),
        TEST (a_socket_watch_may_cancel_itself_and_be_set_up_again),
        TEST (a_busy_socket_does_not_starve_timers_and_fds),
        TEST (a_watched_socket_may_be_cancelled_and_closed_by_a_timer),
        TEST (a_stop_before_the_run_ends_it_at_once),
        TEST (the_clocks_run_forward),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
