/*  gw_loop_test - the loop on libev: descriptors, timers, ZeroMQ sockets with their
    edge-like fd, and the hook at the end of a turn. */

#include "gw_loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

typedef struct {
    sv_loop_t *loop;
    sv_watch_t *watch;
    sv_timer_t *timer, *guard;
    void *context, *from, *to;
    int pipe[2];
    unsigned count, turns, limit;
} fixture_t;

static void s_give_up (void *arg)
{
    (void)arg;
    fail_msg ("the loop slept through it");
}

static int s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->loop = gw_loop_new ();
    assert_non_null (self->loop);
    self->guard = sv_loop_timer (self->loop, 5000, 0, s_give_up, NULL);
    assert_int_equal (pipe (self->pipe), 0);
    self->context = zmq_ctx_new ();
    self->from = zmq_socket (self->context, ZMQ_PAIR);
    self->to = zmq_socket (self->context, ZMQ_PAIR);
    assert_int_equal (zmq_bind (self->to, "inproc://x"), 0);
    assert_int_equal (zmq_connect (self->from, "inproc://x"), 0);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    sv_loop_destroy (&self->loop);
    sv_loop_destroy (&self->loop);
    zmq_close (self->from);
    zmq_close (self->to);
    zmq_ctx_term (self->context);
    close (self->pipe[0]);
    close (self->pipe[1]);
    free (self);
    return 0;
}

static void s_run (fixture_t *self)
{
    assert_int_equal (sv_loop_run (self->loop), 0);
}

static void s_on_pipe (void *arg, int events)
{
    fixture_t *self = arg;
    char byte;
    assert_int_equal (events, SV_IN);
    assert_int_equal (read (self->pipe[0], &byte, 1), 1);
    if (++self->count == 3)
        sv_loop_stop (self->loop);
}

static void test_an_fd_is_called_while_it_is_ready (void **state)
{
    fixture_t *self = *state;
    self->watch = sv_loop_watch_fd (self->loop, self->pipe[0], 0, s_on_pipe, self);
    assert_non_null (self->watch);
    assert_int_equal (write (self->pipe[1], "abc", 3), 3);
    assert_int_equal (sv_watch_set (self->loop, self->watch, SV_IN), 0);
    s_run (self);
    assert_int_equal (self->count, 3);
    sv_watch_cancel (self->loop, &self->watch);
    assert_null (self->watch);
}

/*  Reads one message a call, so that input is left each time. */
static void s_on_message (void *arg)
{
    fixture_t *self = arg;
    char byte;
    assert_int_equal (zmq_recv (self->to, &byte, 1, ZMQ_DONTWAIT), 1);
    if (++self->count == self->limit)
        sv_loop_stop (self->loop);
}

static void test_a_socket_is_read_to_the_end_though_its_fd_fires_once (void **state)
{
    fixture_t *self = *state;
    self->limit = 100;
    self->watch = sv_loop_watch_socket (self->loop, self->to, s_on_message, self);
    for (int i = 0; i < 100; i++)
        assert_int_equal (zmq_send (self->from, "x", 1, 0), 1);
    s_run (self);
    assert_int_equal (self->count, 100);
}

/*  Uses the edge up, as any send or getsockopt on the socket would. */
static void s_take_the_edge (void *arg)
{
    fixture_t *self = arg;
    int events;
    size_t size = sizeof events;
    self->turns++;
    if (self->turns == 1)
        assert_int_equal (zmq_send (self->from, "x", 1, 0), 1);
    assert_int_equal (zmq_getsockopt (self->to, ZMQ_EVENTS, &events, &size), 0);
}

static void test_input_whose_edge_was_used_up_is_still_seen (void **state)
{
    fixture_t *self = *state;
    self->limit = 1;
    self->watch = sv_loop_watch_socket (self->loop, self->to, s_on_message, self);
    gw_loop_on_turn (self->loop, s_take_the_edge, self);
    s_run (self);
    assert_int_equal (self->count, 1);
}

static void s_on_tick (void *arg)
{
    fixture_t *self = arg;
    if (++self->count == 1) {
        sv_timer_set (self->loop, self->timer, 1, 5);
    } else if (self->count == 4) {
        sv_timer_cancel (self->loop, &self->timer);
        sv_loop_stop (self->loop);
    }
}

static void test_timers_repeat_move_and_end_from_their_own_callback (void **state)
{
    fixture_t *self = *state;
    uint64_t start = sv_now_ms ();
    self->timer = sv_loop_timer (self->loop, 20, 0, s_on_tick, self);
    s_run (self);
    assert_int_equal (self->count, 4);
    assert_in_range (sv_now_ms () - start, 30, 4000);
    assert_null (self->timer);
}

static void s_cancel_itself (void *arg, int events)
{
    fixture_t *self = arg;
    (void)events;
    self->count++;
    sv_watch_cancel (self->loop, &self->watch);
    sv_timer_set (self->loop, self->timer, 30, 0);
}

static void s_stop (void *arg)
{
    fixture_t *self = arg;
    sv_loop_stop (self->loop);
}

static void test_a_watch_may_end_itself_and_what_is_left_goes_with_the_loop (void **state)
{
    fixture_t *self = *state;
    self->timer = sv_loop_timer (self->loop, 0, 0, s_stop, self);
    self->watch = sv_loop_watch_fd (self->loop, self->pipe[0], SV_IN, s_cancel_itself, self);
    assert_non_null (sv_loop_watch_fd (self->loop, self->pipe[1], SV_IN, s_cancel_itself, self));
    assert_int_equal (write (self->pipe[1], "ab", 2), 2);
    s_run (self);
    assert_int_equal (self->count, 1);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_an_fd_is_called_while_it_is_ready),
        TEST (test_a_socket_is_read_to_the_end_though_its_fd_fires_once),
        TEST (test_input_whose_edge_was_used_up_is_still_seen),
        TEST (test_timers_repeat_move_and_end_from_their_own_callback),
        TEST (test_a_watch_may_end_itself_and_what_is_left_goes_with_the_loop),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
