/*  sv_endpoint_test - bases and what they give, and sockets of the bus where the
    network does not answer. */

#include "deaf.h"
#include "sv_endpoint.h"
#include "sv_loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000

static void a_base_and_a_role_give_an_endpoint (void **state)
{
    static const struct {
        const char *base, *endpoint;
    } cases[] = {
        {"ipc:///run/parley/b0", "ipc:///run/parley/b0/chat.pub"},
        {"tcp://127.0.0.1:9000", "tcp://127.0.0.1:9010"},
        {"tcp://127.255.0.9:9000", "tcp://127.255.0.9:9010"},
        {"tcp://10.0.0.1:9000", NULL},
        {"tcp://127.0.0.1:0", NULL},
        {"tcp://127.0.0.1:65530", NULL},
        {"tcp://127.0.0.1", NULL},
        {"tcp://127.0.0.256:9000", NULL},
        {"ipc://run/parley", NULL},
        {"udp://127.0.0.1:9000", NULL},
        {"inproc://a", NULL},
        {"tcp://127.0.0.1:", NULL},
        {"tcp://127.0.0.1:5000x", NULL},
        {"tcp://localhost:5000", NULL},
        {"tcp:// 127.0.0.1:5000", NULL},
        {"tcp://\n127.0.0.1:5000", NULL},
        {"tcp://+127.0.0.1:5000", NULL},
        {"tcp://127.0.0:5000", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char endpoint[SV_ENDPOINT_LEN];
        int rc = sv_endpoint (cases[i].base, PT_PEER_chat, SV_PUB, endpoint);
        assert_int_equal (rc, cases[i].endpoint ? 0 : -PT_E_invalid);
        if (cases[i].endpoint)
            assert_string_equal (endpoint, cases[i].endpoint);
    }
    char endpoint[SV_ENDPOINT_LEN];
    assert_int_equal (sv_endpoint ("ipc:///run/a", (pt_peer_t)99, SV_REQ, endpoint), -PT_E_invalid);
}

/*  The next event of a socket's monitor. */
static int s_next_event (void *monitor)
{
    zmq_msg_t msg;
    uint16_t event = 0;
    zmq_msg_init (&msg);
    assert_true (zmq_msg_recv (&msg, monitor, 0) >= (int)sizeof event);
    memcpy (&event, zmq_msg_data (&msg), sizeof event);
    sv_socket_skip (monitor, &msg);
    zmq_msg_close (&msg);
    return event;
}

static void connecting_begins_anew_soon_where_nobody_answers (void **state)
{
    enum { RETRIES = 2 };
    (void)state;
    int fds[DEAF_FDS], wait_ms = WAIT_MS;
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", deaf_listen (fds));
    zsock_t *dealer = sv_socket_new (ZMQ_DEALER), *events = sv_socket_new (ZMQ_PAIR);
    assert_int_equal (zmq_socket_monitor (zsock_resolve (dealer), "inproc://events", ZMQ_EVENT_CONNECT_RETRIED), 0);
    assert_int_equal (zmq_connect (zsock_resolve (events), "inproc://events"), 0);
    zmq_setsockopt (zsock_resolve (events), ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    uint64_t begin_ms = sv_now_ms ();
    assert_int_equal (zmq_connect (zsock_resolve (dealer), endpoint), 0);
    for (int i = 0; i < RETRIES; i++)
        assert_int_equal (s_next_event (zsock_resolve (events)), ZMQ_EVENT_CONNECT_RETRIED);
    assert_in_range (sv_now_ms () - begin_ms, RETRIES * LIM_CONNECT_MS, 3 * RETRIES * LIM_CONNECT_MS);
    zsock_destroy (&dealer);
    zsock_destroy (&events);
    deaf_close (fds);
}

static void every_socket_gives_up_a_connection_that_is_not_acknowledged (void **state)
{
    static const int types[] = {ZMQ_DEALER, ZMQ_ROUTER, ZMQ_PUB, ZMQ_SUB, ZMQ_XPUB, ZMQ_XSUB};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        zsock_t *socket = sv_socket_new (types[i]);
        int value = 0;
        size_t len = sizeof value;
        assert_int_equal (zmq_getsockopt (zsock_resolve (socket), ZMQ_TCP_MAXRT, &value, &len), 0);
        assert_int_equal (value, LIM_HEARTBEAT_TTL_MS);
        zsock_destroy (&socket);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_base_and_a_role_give_an_endpoint),
        cmocka_unit_test (connecting_begins_anew_soon_where_nobody_answers),
        cmocka_unit_test (every_socket_gives_up_a_connection_that_is_not_acknowledged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
