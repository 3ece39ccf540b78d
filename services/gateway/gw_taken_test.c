/*  gw_taken_test - counts hold while bytes are pouring in. */

#include "gw_taken.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD 300
#define ROUNDS 3000

typedef struct {
    int in, out; /* two ends of one connection */
    pthread_t thread;
    uint64_t read;
} fixture_t;

static int s_setup (void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    int listener = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal (listen (listener, 1), 0);
    assert_int_equal (getsockname (listener, (struct sockaddr *)&at, &len), 0);
    self->out = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (connect (self->out, (struct sockaddr *)&at, sizeof at), 0);
    self->in = accept (listener, NULL, NULL);
    assert_true (self->in >= 0);
    close (listener);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    close (self->in);
    close (self->out);
    free (self);
    return 0;
}

static void s_read (fixture_t *self, size_t want)
{
    static char bytes[1024 * 1024];
    while (want > 0) {
        ssize_t n = recv (self->in, bytes, want < sizeof bytes ? want : sizeof bytes, 0);
        assert_true (n > 0);
        self->read += (uint64_t)n;
        want -= (size_t)n;
    }
}

/*  Until the other end is shut. */
static void *s_pour (void *arg)
{
    static char bytes[16 * 1024];
    fixture_t *self = arg;
    while (send (self->out, bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
    }
    return NULL;
}

static void a_count_is_what_was_read (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (send (self->out, "0123456789", 10, 0), 10);
    s_read (self, 4);
    assert_int_equal (gw_taken_bytes (self->in), 4);
    assert_true (gw_taken_more (self->in, 2));
    assert_false (gw_taken_more (self->in, 3)); /* perhaps a FIN */
    assert_false (gw_taken_more (self->in, 4));
    assert_false (gw_taken_more (-1, 0));
}

/*  As a head is judged while its body comes: little was read since the mark, and much
    is coming in. */
static void what_was_read_is_seen_while_more_pours_in (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (pthread_create (&self->thread, NULL, s_pour, self), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        s_read (self, 64 * 1024);
        uint64_t mark = self->read;
        s_read (self, HEAD);
        for (unsigned k = 0; k < 20; k++)
            assert_true (gw_taken_more (self->in, mark));
        assert_false (gw_taken_more (self->in, self->read));
    }
    shutdown (self->in, SHUT_RDWR);
    close (self->in);
    self->in = -1;
    pthread_join (self->thread, NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_count_is_what_was_read, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (what_was_read_is_seen_while_more_pours_in, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
