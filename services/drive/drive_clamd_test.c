/*  drive_clamd - what a scanner may say, and how it may fail to; played by a
    thread behind a socket file. */

#include "drive_clamd.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

typedef struct {
    char dir[64];
    struct sockaddr_un address;
    int listener;
    pthread_t thread;
    const char *answer; /* NULL: closes without one */
    size_t answer_len;
    size_t stops_after; /* bytes, after which it closes its ear; 0: never */
    char heard[256];
    size_t heard_len;
    bool is_whole; /* the stream came to its end */
} fixture_t;

static bool s_read (int fd, void *at, size_t len)
{
    char *to = at;
    while (len > 0) {
        ssize_t got = recv (fd, to, len, 0);
        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

static void *s_scan (void *arg)
{
    fixture_t *f = arg;
    int fd = accept (f->listener, NULL, NULL);
    char command[sizeof "zINSTREAM"];
    uint8_t head[4];
    bool is_good = s_read (fd, command, sizeof command) && memcmp (command, "zINSTREAM", sizeof command) == 0;
    while (is_good && s_read (fd, head, sizeof head)) {
        size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        f->is_whole = len == 0;
        if (f->is_whole || len > sizeof f->heard - f->heard_len || !s_read (fd, f->heard + f->heard_len, len))
            break;
        f->heard_len += len;
        if (f->stops_after > 0 && f->heard_len >= f->stops_after)
            break;
    }
    if (f->answer)
        (void)!send (fd, f->answer, f->answer_len, MSG_NOSIGNAL);
    close (fd);
    return NULL;
}

static int s_set_up (void **state)
{
    fixture_t *f = calloc (1, sizeof *f);
    assert_non_null (f);
    snprintf (f->dir, sizeof f->dir, "/tmp/drive_clamd_XXXXXX");
    assert_non_null (mkdtemp (f->dir));
    f->address.sun_family = AF_UNIX;
    snprintf (f->address.sun_path, sizeof f->address.sun_path, "%s/clamd", f->dir);
    f->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (f->listener, (const struct sockaddr *)&f->address, sizeof f->address), 0);
    assert_int_equal (listen (f->listener, 4), 0);
    *state = f;
    return 0;
}

static int s_tear_down (void **state)
{
    fixture_t *f = *state;
    close (f->listener);
    unlink (f->address.sun_path);
    rmdir (f->dir);
    free (f);
    return 0;
}

static int s_ask (fixture_t *f, const char *answer, size_t len, char *why, size_t size)
{
    int err = 0;
    f->answer = answer;
    f->answer_len = len;
    assert_int_equal (pthread_create (&f->thread, NULL, s_scan, f), 0);
    drive_clamd_t *clamd = drive_clamd_new (f->address.sun_path, &err);
    assert_non_null (clamd);
    int rc = drive_clamd_add (clamd, "hello ", 6);
    if (rc == 0)
        rc = drive_clamd_add (clamd, "", 0);
    if (rc == 0)
        rc = drive_clamd_add (clamd, "world", 5);
    assert_true (rc == 0 || f->stops_after > 0);
    rc = drive_clamd_end (clamd, why, size);
    drive_clamd_destroy (&clamd);
    pthread_join (f->thread, NULL);
    return rc;
}

static void only_ok_lets_a_file_pass (void **state)
{
    static const struct {
        const char *answer;
        size_t len;
        int err;
    } rows[] = {
        {"stream: OK", 11, 0},
        {"stream: Win.Test.EICAR_HDB-1 FOUND", 35, PT_E_infected},
        {"INSTREAM size limit exceeded. ERROR", 36, PT_E_too_large},
        {"stream: OK and more", 20, PT_E_unavailable},
        {"stream: OK FOUND\nOK", 20, PT_E_unavailable},
        {"FOUND", 6, PT_E_unavailable},
        {"UNKNOWN COMMAND", 16, PT_E_unavailable},
        {"", 1, PT_E_unavailable},
        {NULL, 0, PT_E_unavailable},
    };
    fixture_t *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[64];
        f->heard_len = 0;
        int rc = s_ask (f, rows[i].answer, rows[i].len, why, sizeof why);
        if (rc != -rows[i].err)
            fail_msg ("%s: %s", rows[i].answer ? rows[i].answer : "nothing", pt_error_name (rc));
        assert_true (f->is_whole);
        assert_int_equal (f->heard_len, 11);
        assert_memory_equal (f->heard, "hello world", 11);
        if (rows[i].err == PT_E_infected)
            assert_string_equal (why, rows[i].answer);
    }
}

static void an_answer_before_the_end_counts (void **state)
{
    fixture_t *f = *state;
    char why[64];
    f->stops_after = 1;
    assert_int_equal (s_ask (f, "stream: Eicar FOUND", 20, why, sizeof why), -PT_E_infected);
    assert_false (f->is_whole);
}

static void a_scanner_that_is_away_is_unavailable (void **state)
{
    fixture_t *f = *state;
    int err = 0;
    close (f->listener);
    f->listener = -1;
    assert_null (drive_clamd_new (f->address.sun_path, &err));
    assert_int_equal (err, -PT_E_unavailable);
    assert_null (drive_clamd_new ("/nowhere", &err));
    assert_int_equal (err, -PT_E_unavailable);
    char path[200];
    memset (path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_null (drive_clamd_new (path, &err));
    assert_int_equal (err, -PT_E_unavailable);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (only_ok_lets_a_file_pass),
        TEST (an_answer_before_the_end_counts),
        TEST (a_scanner_that_is_away_is_unavailable),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
