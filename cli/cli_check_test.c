/*  cli_check_test - the checks of files, sockets and HTTP, on a folder and a
    port of their own. */

#include "cli_check.h"

#include "sv_endpoint.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SOCKETS_MAX 32

typedef struct {
    cli_checks_t checks;
    char dir[64];
    char base[80];
    int sockets[SOCKETS_MAX];
    char paths[SOCKETS_MAX][SV_ENDPOINT_LEN];
    unsigned socket_count;
} fixture_t;

static int s_setup (void **state)
{
    static fixture_t self;
    memset (&self, 0, sizeof (self));
    snprintf (self.dir, sizeof (self.dir), "/tmp/cli_check_test_XXXXXX");
    assert_non_null (mkdtemp (self.dir));
    snprintf (self.base, sizeof (self.base), "ipc://%s", self.dir);
    *state = &self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    for (unsigned i = 0; i < self->socket_count; i++) {
        close (self->sockets[i]);
        unlink (self->paths[i]);
    }
    char path[96];
    snprintf (path, sizeof (path), "%s/key", self->dir);
    unlink (path);
    rmdir (self->dir);
    return 0;
}

static void s_write_key (const fixture_t *self, mode_t mode)
{
    char path[96];
    snprintf (path, sizeof (path), "%s/key", self->dir);
    int fd = open (path, O_CREAT | O_WRONLY, 0600);
    assert_true (fd >= 0);
    fchmod (fd, mode);
    close (fd);
}

static void s_assert_check (const fixture_t *self, unsigned i, cli_outcome_t outcome, const char *detail)
{
    assert_true (i < self->checks.count);
    assert_int_equal (self->checks.list[i].outcome, outcome);
    if (!strstr (self->checks.list[i].detail, detail))
        fail_msg ("'%s' is not in '%s'", detail, self->checks.list[i].detail);
    assert_int_equal (*self->checks.list[i].hint != '\0', outcome == CHECK_FAIL);
}

static void a_private_state_directory_is_well (void **state)
{
    fixture_t *self = *state;
    s_write_key (self, 0600);
    cli_check_state_dir (&self->checks, self->dir);
    assert_int_equal (self->checks.count, 2);
    s_assert_check (self, 0, CHECK_OK, self->dir);
    s_assert_check (self, 1, CHECK_OK, "1 files, open to their owner alone");
    assert_int_equal (cli_checks_failed (&self->checks), 0);
    /*  Passing through is allowed, reading is not. */
    chmod (self->dir, 0711);
    cli_check_state_dir (&self->checks, self->dir);
    s_assert_check (self, 2, CHECK_OK, self->dir);
}

static void what_others_may_read_is_named (void **state)
{
    fixture_t *self = *state;
    s_write_key (self, 0640);
    chmod (self->dir, 0755);
    cli_check_state_dir (&self->checks, self->dir);
    s_assert_check (self, 0, CHECK_FAIL, "is open to others (mode 0755)");
    s_assert_check (self, 1, CHECK_FAIL, "/key is open to others (mode 0640)");
    assert_int_equal (cli_checks_failed (&self->checks), 2);
}

static void a_folder_that_is_not_there_is_told (void **state)
{
    fixture_t *self = *state;
    cli_check_state_dir (&self->checks, "/nowhere/at/all");
    assert_int_equal (self->checks.count, 1);
    s_assert_check (self, 0, CHECK_FAIL, "is not there");
}

/*  Listens on all endpoints of a broker, as one would. */
static void s_listen (fixture_t *self)
{
    for (int role = PT_PEER_none + 1; role < PT_PEER_COUNT; role++)
        for (int channel = SV_REQ; channel <= SV_SUB; channel++) {
            char endpoint[SV_ENDPOINT_LEN];
            assert_int_equal (sv_endpoint (self->base, (pt_peer_t)role, (sv_channel_t)channel, endpoint), 0);
            struct sockaddr_un address = {.sun_family = AF_UNIX};
            const char *path = endpoint + strlen ("ipc://");
            assert_true (strlen (path) < sizeof (address.sun_path));
            memcpy (address.sun_path, path, strlen (path));
            unsigned i = self->socket_count++;
            assert_true (i < SOCKETS_MAX);
            snprintf (self->paths[i], sizeof (self->paths[i]), "%s", address.sun_path);
            self->sockets[i] = socket (AF_UNIX, SOCK_STREAM, 0);
            assert_int_equal (bind (self->sockets[i], (const struct sockaddr *)&address, sizeof (address)), 0);
            assert_int_equal (listen (self->sockets[i], 8), 0);
        }
}

static void a_broker_listens_on_all_its_sockets (void **state)
{
    fixture_t *self = *state;
    cli_check_sockets (&self->checks, self->base);
    s_assert_check (self, 0, CHECK_FAIL, "is not there");
    s_listen (self);
    cli_check_sockets (&self->checks, self->base);
    s_assert_check (self, 1, CHECK_OK, "18 of 18 listen");
    /*  A socket file outlives its broker. */
    close (self->sockets[17]);
    self->sockets[17] = -1;
    cli_check_sockets (&self->checks, self->base);
    s_assert_check (self, 2, CHECK_FAIL, "nobody listens");
    chmod (self->dir, 0755);
    cli_check_sockets (&self->checks, self->base);
    s_assert_check (self, 3, CHECK_FAIL, "is open to others");
    cli_check_sockets (&self->checks, "tcp://127.0.0.1:5000");
    s_assert_check (self, 4, CHECK_SKIP, "is not a folder of sockets");
}

static void responses_are_parsed (void **state)
{
    (void)state;
    static const struct {
        const char *response;
        int status;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
        {"HTTP/1.0 503 Busy\r\n\r\nno store", 503, "no store"},
        {"HTTP/1.1 204", 204, ""},
        {"HTTP/1.1 20", -1, ""},
        {"HTTP/2 200", -1, ""},
        {"HTTP/1.", -1, ""},
        {"SSH-2.0-OpenSSH", -1, ""},
        {"", -1, ""},
    };
    for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
        char body[64];
        assert_int_equal (cli_http_parse (cases[i].response, body, sizeof (body)), cases[i].status);
        assert_string_equal (body, cases[i].body);
    }
}

/*  Listens on a port of the kernel's choice. */
static int s_listen_tcp (uint16_t *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof (address);
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (fd, (const struct sockaddr *)&address, sizeof (address)), 0);
    assert_int_equal (listen (fd, 1), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *)&address, &len), 0);
    *out_port = ntohs (address.sin_port);
    return fd;
}

/*  A child answers one connection with `response` when it was asked rightly. */
static void s_check_response (fixture_t *self, const char *response)
{
    uint16_t port;
    int fd = s_listen_tcp (&port);
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        char request[512] = "";
        alarm (10); /* nobody may come */
        int client = accept (fd, NULL, NULL);
        ssize_t len = recv (client, request, sizeof (request) - 1, 0);
        if (len > 0 && strncmp (request, "GET /readyz HTTP/1.1\r\nHost: ", 28) == 0)
            (void)!send (client, response, strlen (response), MSG_NOSIGNAL);
        close (client);
        _exit (0);
    }
    close (fd);
    cli_check_http (&self->checks, port, 5000);
    assert_int_equal (waitpid (pid, NULL, 0), pid);
}

static void a_gateway_is_asked_over_http (void **state)
{
    fixture_t *self = *state;
    s_check_response (self, "HTTP/1.1 200 OK\r\n\r\n");
    s_assert_check (self, 0, CHECK_OK, "answers 200");
    s_check_response (self, "HTTP/1.1 503 Busy\r\n\r\nno\nstore");
    s_assert_check (self, 1, CHECK_FAIL, "answers 503: no store");
    s_check_response (self, "nonsense");
    s_assert_check (self, 2, CHECK_FAIL, "does not speak HTTP");
    uint16_t port;
    int fd = s_listen_tcp (&port);
    cli_check_http (&self->checks, port, 50);
    s_assert_check (self, 3, CHECK_FAIL, "listens and does not answer");
    close (fd);
    cli_check_http (&self->checks, port, 50);
    s_assert_check (self, 4, CHECK_FAIL, "nobody listens");
}

static const char *s_print (const pt_buf_t *buf)
{
    static char text[4096];
    assert_int_equal (pt_buf_error (buf), 0);
    assert_true (buf->len < sizeof (text));
    memcpy (text, buf->at, buf->len);
    text[buf->len] = '\0';
    return text;
}

static void checks_are_printed_one_a_line (void **state)
{
    fixture_t *self = *state;
    pt_buf_t buf;
    pt_buf_init (&buf, 4096);
    cli_check_add (&self->checks, CHECK_OK, "first", "is well");
    cli_check_add (&self->checks, CHECK_FAIL, "the second", "is ill");
    cli_check_hint (&self->checks, "rest");
    cli_check_add (&self->checks, CHECK_SKIP, "third", "was not asked");
    cli_checks_print (&self->checks, false, &buf);
    assert_string_equal (s_print (&buf), "ok    first       is well\n"
                                         "FAIL  the second  is ill\n"
                                         "                  -> rest\n"
                                         "-     third       was not asked\n"
                                         "\n1 of 3 checks failed; mend the first one first.\n");
    pt_buf_clear (&buf);
    cli_checks_print_json (&self->checks, &buf);
    assert_string_equal (
        s_print (&buf),
        "{\"ok\":false,\"checks\":[{\"name\":\"first\",\"outcome\":\"ok\",\"detail\":\"is well\",\"hint\":\"\"},"
        "{\"name\":\"the second\",\"outcome\":\"fail\",\"detail\":\"is ill\",\"hint\":\"rest\"},"
        "{\"name\":\"third\",\"outcome\":\"skip\",\"detail\":\"was not asked\",\"hint\":\"\"}]}\n");
    pt_buf_fini (&buf);
}

static void more_checks_than_fit_are_dropped (void **state)
{
    fixture_t *self = *state;
    for (int i = 0; i < CLI_CHECKS_MAX + 5; i++)
        cli_check_add (&self->checks, CHECK_FAIL, "x", "y");
    assert_int_equal (self->checks.count, CLI_CHECKS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_private_state_directory_is_well),
        TEST (what_others_may_read_is_named),
        TEST (a_folder_that_is_not_there_is_told),
        TEST (a_broker_listens_on_all_its_sockets),
        TEST (responses_are_parsed),
        TEST (a_gateway_is_asked_over_http),
        TEST (checks_are_printed_one_a_line),
        TEST (more_checks_than_fit_are_dropped),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
