/*  sv_curl_test - transfers end in time, are bounded in number and in what they take,
    and stay with the protocols and the server they were given. */

#include "deaf.h"
#include "sv_curl.h"
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000

typedef struct {
    sv_loop_t *loop;
    sv_timer_t *end;
    sv_curl_t *curl;
    unsigned done, wanted;
    sv_curl_result_t last;
} s_test_t;

static void s_on_end (void *arg)
{
    s_test_t *test = arg;
    sv_loop_stop (test->loop);
}

static void s_on_done (void *arg, const sv_curl_result_t *result)
{
    s_test_t *test = arg;
    test->last = *result;
    if (++test->done == test->wanted)
        sv_loop_stop (test->loop);
}

static int s_open (void **state)
{
    s_test_t *test = calloc (1, sizeof *test);
    test->loop = sv_zloop_new ();
    test->end = sv_loop_timer (test->loop, WAIT_MS, 0, s_on_end, test);
    test->curl = sv_curl_new (test->loop, 2);
    *state = test;
    return test->curl ? 0 : -1;
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    sv_curl_destroy (&test->curl);
    sv_timer_cancel (test->loop, &test->end);
    sv_loop_destroy (&test->loop);
    free (test);
    return 0;
}

static int s_start (s_test_t *test, const char *url, const char *protocols, uint32_t deadline_ms)
{
    CURL *handle = sv_curl_open (url, protocols, deadline_ms);
    assert_non_null (handle);
    int rc = sv_curl_start (test->curl, &handle, s_on_done, test);
    assert_null (handle);
    return rc;
}

static void s_run (s_test_t *test, unsigned wanted)
{
    test->done = 0;
    test->wanted = wanted;
    assert_int_equal (sv_loop_run (test->loop), 0);
    assert_int_equal (test->done, wanted);
    assert_int_equal (sv_curl_open_count (test->curl), 0);
}

static void s_a_deadline_ends_what_nobody_answers (void **state)
{
    s_test_t *test = *state;
    int fds[DEAF_FDS];
    char url[64];
    snprintf (url, sizeof url, "http://127.0.0.1:%u/", deaf_listen (fds));
    uint64_t begun_ms = sv_now_ms ();
    assert_int_equal (s_start (test, url, "http", 300), 0);
    s_run (test, 1);
    assert_int_equal (test->last.code, CURLE_OPERATION_TIMEDOUT);
    assert_in_range (sv_now_ms () - begun_ms, 250, 5000);
    deaf_close (fds);
}

static void s_there_are_so_many_at_a_time (void **state)
{
    s_test_t *test = *state;
    int fds[DEAF_FDS];
    char url[64];
    snprintf (url, sizeof url, "http://127.0.0.1:%u/", deaf_listen (fds));
    assert_int_equal (s_start (test, url, "http", 200), 0);
    assert_int_equal (s_start (test, url, "http", 200), 0);
    assert_int_equal (s_start (test, url, "http", 200), -PT_E_busy);
    assert_int_equal (sv_curl_open_count (test->curl), 2);
    s_run (test, 2);
    assert_int_equal (s_start (test, url, "http", 200), 0);
    deaf_close (fds); /* and the end of the test destroys what is under way */
}

static void s_other_protocols_are_refused (void **state)
{
    s_test_t *test = *state;
    static const char *const urls[] = {"file:///etc/passwd", "http://127.0.0.1:1/", "gopher://127.0.0.1:1/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal (s_start (test, urls[i], "smtp,smtps", 1000), 0);
        s_run (test, 1);
        assert_int_equal (test->last.code, CURLE_UNSUPPORTED_PROTOCOL);
    }
}

static void s_a_refused_connection_is_told_later (void **state)
{
    s_test_t *test = *state;
    assert_int_equal (s_start (test, "smtp://127.0.0.1:1", "smtp", 5000), 0);
    assert_int_equal (test->done, 0);
    s_run (test, 1);
    assert_int_equal (test->last.code, CURLE_COULDNT_CONNECT);
    assert_int_equal (test->last.response, 0);
}

/*  ---- names ------------------------------------------------------------------------ */

#define SLOW_NAME "slow.example.org"

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER; /* held while nobody answers for the slow name */

/*  Stands before that of libc, for libcurl too. */
int getaddrinfo (const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*next) (const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&next = dlsym (RTLD_NEXT, "getaddrinfo");
    if (!name || strcmp (name, SLOW_NAME) != 0)
        return next (name, service, hints, out);
    struct timespec end;
    clock_gettime (CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_MS / 1000;
    if (pthread_mutex_timedlock (&s_lock, &end) == 0)
        pthread_mutex_unlock (&s_lock);
    return EAI_AGAIN;
}

static void s_a_name_that_nobody_knows_keeps_nobody_waiting (void **state)
{
    s_test_t *test = *state;
    uint64_t begun_ms = sv_now_ms ();
    pthread_mutex_lock (&s_lock);
    assert_int_equal (s_start (test, "smtp://" SLOW_NAME, "smtp", 300), 0);
    s_run (test, 1);
    uint64_t took_ms = sv_now_ms () - begun_ms;
    pthread_mutex_unlock (&s_lock);
    assert_int_equal (test->last.code, CURLE_OPERATION_TIMEDOUT);
    assert_true (took_ms < 4000);
}

static void s_names_are_looked_up_without_waiting (void **state)
{
    s_test_t *test = *state;
    assert_int_equal (s_start (test, "smtp://localhost:1", "smtp", 5000), 0);
    s_run (test, 1);
    assert_int_equal (test->last.code, CURLE_COULDNT_CONNECT);
}

/*  ---- a server ------------------------------------------------------------------ */

typedef struct {
    void *(*talk) (void *server);
    const char *scheme;
    int fd;
    const char *head;
    size_t body; /* bytes behind the head */
    pthread_t thread;
    char url[64];
} s_server_t;

/*  Answers one request, as far as it is wanted. */
static void *s_answer (void *arg)
{
    const s_server_t *server = arg;
    char bytes[4096];
    int fd = accept (server->fd, NULL, NULL);
    bool is_open = recv (fd, bytes, sizeof bytes, 0) > 0 && send (fd, server->head, strlen (server->head), 0) > 0;
    memset (bytes, 'x', sizeof bytes);
    for (size_t done = 0; is_open && done < server->body; done += sizeof bytes)
        is_open = send (fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0;
    close (fd);
    return NULL;
}

static void s_serve (s_server_t *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    server->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (server->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (server->fd, 1), 0);
    assert_int_equal (getsockname (server->fd, (struct sockaddr *)&address, &len), 0);
    snprintf (server->url, sizeof server->url, "%s://127.0.0.1:%u/", server->scheme, ntohs (address.sin_port));
    assert_int_equal (pthread_create (&server->thread, NULL, server->talk, server), 0);
}

/*  What came of asking a server that answers so. */
static void s_ask (s_test_t *test, s_server_t *server)
{
    s_serve (server);
    assert_int_equal (s_start (test, server->url, server->scheme, 5000), 0);
    s_run (test, 1);
    shutdown (server->fd, SHUT_RDWR); /* who was not asked stops waiting */
    pthread_join (server->thread, NULL);
    close (server->fd);
}

/*  Nobody listens on the port that both name. */
static void s_neither_the_environment_nor_an_answer_leads_elsewhere (void **state)
{
    s_test_t *test = *state;
    s_server_t server = {.talk = s_answer,
                         .scheme = "http",
                         .head = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"};
    setenv ("http_proxy", "http://127.0.0.1:1", 1);
    s_ask (test, &server);
    unsetenv ("http_proxy");
    assert_int_equal (test->last.code, CURLE_OK);
    assert_int_equal (test->last.response, 302);
}

static void s_an_answer_without_end_is_cut (void **state)
{
    s_test_t *test = *state;
    s_server_t server = {
        .talk = s_answer, .scheme = "http", .head = "HTTP/1.1 200 OK\r\n\r\n", .body = 64u * 1024 * 1024};
    s_ask (test, &server);
    assert_int_equal (test->last.code, CURLE_WRITE_ERROR);
}

/*  Says well or `head` to each line, and to QUIT nothing until the other side leaves. */
static void *s_talk (void *arg)
{
    const s_server_t *server = arg;
    char line[512];
    ssize_t len = 1;
    int fd = accept (server->fd, NULL, NULL);
    const char *say = "220 here\r\n";
    while (len > 0) {
        if (say)
            send (fd, say, strlen (say), MSG_NOSIGNAL);
        len = recv (fd, line, sizeof line, 0);
        bool is_hello = len > 4 && memcmp (line, "EHLO", 4) == 0, is_quit = len > 4 && memcmp (line, "QUIT", 4) == 0;
        say = is_quit ? NULL : is_hello ? "250 well\r\n" : server->head;
    }
    close (fd);
    return NULL;
}

/*  libcurl says goodbye on its way out of a transfer, and would keep the loop waiting. */
static void s_no_goodbye_is_waited_for (void **state)
{
    s_test_t *test = *state;
    static const char *const ends[] = {"214 this is all\r\n", "550 not for you\r\n"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        s_server_t server = {.talk = s_talk, .scheme = "smtp", .head = ends[i]};
        uint64_t begun_ms = sv_now_ms ();
        s_ask (test, &server);
        assert_int_equal (test->last.response, i == 0 ? 214 : 550);
        assert_true (sv_now_ms () - begun_ms < 5000);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown (fn, s_open, s_close)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (s_a_deadline_ends_what_nobody_answers),
        TEST (s_there_are_so_many_at_a_time),
        TEST (s_other_protocols_are_refused),
        TEST (s_a_refused_connection_is_told_later),
        TEST (s_names_are_looked_up_without_waiting),
        TEST (s_a_name_that_nobody_knows_keeps_nobody_waiting),
        TEST (s_neither_the_environment_nor_an_answer_leads_elsewhere),
        TEST (s_an_answer_without_end_is_cut),
        TEST (s_no_goodbye_is_waited_for),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
