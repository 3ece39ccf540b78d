/*  auth_life_test - parley-auth starts only with good keys, is ready when store
    is, says so when there is too much to do, and ends without losing what it took. */

#include "auth_argon.h"
#include "harness.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "correct horse battery staple"

typedef struct {
    char dir[64];
    char good_hash[AUTH_ARGON_SIZE];
    harness_t *harness;
} s_test_t;

static const char *const s_names[] = {"auth-key.jwk", "auth-secret"};

static void s_make_path (const s_test_t *test, const char *name, char out[128])
{
    snprintf (out, 128, "%s/%s", test->dir, name);
}

static int s_open (void **state)
{
    s_test_t *test = calloc (1, sizeof *test);
    snprintf (test->dir, sizeof test->dir, "/tmp/parley-auth-XXXXXX");
    *state = test;
    return mkdtemp (test->dir) && auth_argon_hash (GOOD, strlen (GOOD), test->good_hash) == 0 ? 0 : -1;
}

static int s_close (void **state)
{
    s_test_t *test = *state;
    char path[128];
    harness_destroy (&test->harness);
    for (size_t i = 0; i < sizeof s_names / sizeof s_names[0]; i++) {
        s_make_path (test, s_names[i], path);
        unlink (path);
    }
    int rc = rmdir (test->dir);
    free (test);
    return rc;
}

static void s_start (s_test_t *test, const char *queue)
{
    const char *const args[] = {"--state-dir", test->dir, "--hash-queue", queue, NULL};
    test->harness = harness_new ("parley-auth", PT_PEER_auth, args);
}

static void s_answer_status (s_test_t *test, bool is_ready)
{
    harness_answer_status (test->harness, harness_expect (test->harness, PT_OP_store_status), is_ready);
}

static const pt_status_t *s_ask_status (s_test_t *test)
{
    const pt_empty_t nothing = {0};
    uint64_t id = harness_request (test->harness, PT_OP_auth_status, &nothing);
    return harness_reply (test->harness, id)->msg;
}

static uint64_t s_sign_in (s_test_t *test)
{
    const pt_session_create_t ask = {.identifier = PT_LIT ("ann"), .password = PT_LIT (GOOD), .key = PT_LIT ("k")};
    return harness_request (test->harness, PT_OP_auth_session_create, &ask);
}

static void s_on_find (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    const s_test_t *test = ctx;
    const pt_account_t account = {.id = 7};
    const pt_account_secret_t found = {
        .account = &account, .password_hash = pt_str (test->good_hash), .has_password_hash = true, .active = true};
    harness_answer (harness, call, &found);
}

static void s_on_session (harness_t *harness, const harness_frame_t *call, void *ctx)
{
    (void)ctx;
    const pt_session_owner_t owner = {.account = 7, .session = 1001};
    harness_answer (harness, call, &owner);
}

/*  Waits for the end of the child, which the harness reaps; its exit code. */
static int s_wait_end (const s_test_t *test)
{
    siginfo_t info = {0};
    assert_int_equal (waitid (P_PID, (id_t)harness_pid (test->harness), &info, WEXITED | WNOWAIT), 0);
    return info.si_code == CLD_EXITED ? info.si_status : -1;
}

/*  ---- ready --------------------------------------------------------------------- */

static void s_it_is_ready_when_store_is (void **state)
{
    s_test_t *test = *state;
    s_start (test, "64");
    s_answer_status (test, false);
    const pt_status_t *status = s_ask_status (test);
    assert_false (status->ready);
    assert_true (pt_str_eq (status->reason, PT_LIT ("store can't serve")));
    s_answer_status (test, true);
    status = s_ask_status (test);
    assert_true (status->ready);
    assert_true (pt_str_eq (status->service, PT_LIT ("auth")));
}

/*  ---- too much -------------------------------------------------------------------- */

/*  A queue of 2 and one thread: of 12 sign-ins at once most are told to wait, the
    others are granted, and then all is well. */
static void s_a_login_storm_is_told_to_wait (void **state)
{
    s_test_t *test = *state;
    enum { COUNT = 12 };
    uint64_t ids[COUNT];
    unsigned busy = 0, granted = 0;
    s_start (test, "2");
    harness_fake (test->harness, PT_OP_store_session_create, s_on_session, test);
    for (int i = 0; i < COUNT; i++)
        ids[i] = s_sign_in (test);
    for (int i = 0; i < COUNT; i++)
        s_on_find (test->harness, harness_expect (test->harness, PT_OP_store_account_find), test);
    for (int i = 0; i < COUNT; i++) {
        const harness_frame_t *reply = harness_reply (test->harness, ids[i]);
        granted += reply->envelope.status == 0;
        if (reply->envelope.status == 0)
            continue;
        assert_int_equal (reply->envelope.status, PT_E_busy);
        assert_true (((const pt_error_t *)reply->msg)->retry_ms > 0);
        busy++;
    }
    assert_int_equal (granted + busy, COUNT);
    assert_true (granted >= 2 && busy >= 1);
    uint64_t id = s_sign_in (test);
    s_on_find (test->harness, harness_expect (test->harness, PT_OP_store_account_find), test);
    assert_int_equal (harness_reply (test->harness, id)->envelope.status, 0);
}

/*  ---- the end ------------------------------------------------------------------------ */

/*  Signs in `count` times and waits until auth has taken them all. */
static void s_fill (s_test_t *test, uint64_t *ids, int count)
{
    const harness_frame_t *calls[64];
    s_start (test, "64");
    harness_fake (test->harness, PT_OP_store_session_create, s_on_session, test);
    for (int i = 0; i < count; i++)
        ids[i] = s_sign_in (test);
    for (int i = 0; i < count; i++)
        calls[i] = harness_expect (test->harness, PT_OP_store_account_find);
    for (int i = 0; i < count; i++)
        s_on_find (test->harness, calls[i], test);
}

static void s_a_drain_finishes_the_passwords_it_took (void **state)
{
    s_test_t *test = *state;
    enum { COUNT = 10 };
    uint64_t ids[COUNT];
    s_fill (test, ids, COUNT);
    assert_int_equal (kill (harness_pid (test->harness), SIGTERM), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal (harness_reply (test->harness, ids[i])->envelope.status, 0);
    assert_int_equal (s_wait_end (test), 0);
}

/*  The second signal leaves passwords in the queue; they are let go of without
    harm (a sanitizer would end the program with another code). */
static void s_an_end_at_once_leaves_nothing_behind (void **state)
{
    s_test_t *test = *state;
    enum { COUNT = 40 };
    uint64_t ids[COUNT];
    s_fill (test, ids, COUNT);
    (void)harness_reply (test->harness, ids[0]);
    assert_int_equal (kill (harness_pid (test->harness), SIGTERM), 0);
    assert_int_equal (kill (harness_pid (test->harness), SIGINT), 0);
    assert_int_equal (s_wait_end (test), 1);
}

/*  ---- files of keys ---------------------------------------------------------------------- */

static void s_find_program (char *out, size_t size)
{
    char own[256] = "";
    const char *folder = getenv ("PARLEY_BIN");
    if (!folder && readlink ("/proc/self/exe", own, sizeof own - 1) > 0) {
        char *end = strstr (own, "/test/");
        assert_non_null (end);
        strcpy (end, "/bin");
        folder = own;
    }
    snprintf (out, size, "%s/parley-auth", folder ? folder : ".");
}

/*  Runs the program on the test's folder until it ends; its exit code, and what it
    said in `out`. */
static int s_run (const s_test_t *test, char *out, size_t size)
{
    int pipes[2], status = 0;
    char path[512];
    s_find_program (path, sizeof path);
    assert_int_equal (pipe2 (pipes, O_CLOEXEC), 0);
    pid_t pid = fork ();
    if (pid == 0) {
        dup2 (pipes[1], STDERR_FILENO);
        execl (path, path, "--bus", "ipc:///tmp/parley-auth-nowhere", "--state-dir", test->dir, (char *)NULL);
        _exit (127);
    }
    close (pipes[1]);
    size_t len = 0;
    ssize_t got;
    while ((got = read (pipes[0], out + len, size - 1 - len)) > 0)
        len += (size_t)got;
    out[len] = 0;
    close (pipes[0]);
    assert_int_equal (waitpid (pid, &status, 0), pid);
    return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void s_write (const char *path, const char *content, mode_t mode)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, content, strlen (content)), strlen (content));
    assert_int_equal (fchmod (fd, mode), 0);
    close (fd);
}

static void s_a_readable_or_broken_key_stops_the_start (void **state)
{
    s_test_t *test = *state;
    static const struct {
        const char *name, *content;
        mode_t mode;
    } cases[] = {
        {"auth-key.jwk", "{\"kty\":\"EC\",\"d\":\"SECRET\"}", 0644},
        {"auth-key.jwk", "{\"kty\":\"EC\",\"d\":\"SECRET\"}", 0600},
        {"auth-key.jwk", "SECRET", 0600},
        {"auth-secret", "SECRET", 0600},
        {"auth-secret", "SECRET 0123456789abcdefghijklmnopqrstuv", 0604},
        {"auth-key-next.jwk", "SECRET", 0600},
        {"auth-secret-next", "SECRET 0123456789abcdefghijklmnopqrstuv", 0604},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[128], said[8192];
        s_make_path (test, cases[i].name, path);
        unlink (path);
        s_write (path, cases[i].content, cases[i].mode);
        assert_int_equal (s_run (test, said, sizeof said), 78);
        assert_non_null (strstr (said, cases[i].name));
        assert_null (strstr (said, "SECRET"));
        unlink (path);
    }
}

static void s_a_short_key_of_an_older_deployment_stops_the_start (void **state)
{
    char said[8192];
    setenv ("PARLEY_JWT_LEGACY_HS256_KEY", "SECRET 012345678901234567890123", 1);
    int status = s_run (*state, said, sizeof said);
    unsetenv ("PARLEY_JWT_LEGACY_HS256_KEY");
    assert_int_equal (status, 78);
    assert_non_null (strstr (said, "PARLEY_JWT_LEGACY_HS256_KEY"));
    assert_null (strstr (said, "SECRET"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (s_it_is_ready_when_store_is, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_login_storm_is_told_to_wait, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_drain_finishes_the_passwords_it_took, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_an_end_at_once_leaves_nothing_behind, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_readable_or_broken_key_stops_the_start, s_open, s_close),
        cmocka_unit_test_setup_teardown (s_a_short_key_of_an_older_deployment_stops_the_start, s_open, s_close),
    };
    if (sodium_init () < 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}
