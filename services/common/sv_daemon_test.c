/*  sv_daemon_test - the life of a daemon, seen from outside: a tiny role runs
    in a child, the test reads its log and sends it signals. */

#include "sv_daemon.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/*  A step that takes longer is broken. */
#define DEADLINE_MS 10000

/*  ---- the role -------------------------------------------------------------------- */

typedef struct {
    sv_common_t common;
    bool is_holding; /* never drained */
    bool is_failing;
    bool is_stopping;
    const char *greeting;
} tiny_config_t;

typedef struct {
    sv_daemon_t *daemon;
    const tiny_config_t *config;
} tiny_t;

static const sv_setting_t s_settings[] = {
    {.name = "hold", .type = SV_TYPE_BOOL, .offset = offsetof (tiny_config_t, is_holding), .help = "never drained"},
    {.name = "fail", .type = SV_TYPE_BOOL, .offset = offsetof (tiny_config_t, is_failing), .help = "init fails"},
    {.name = "stop", .type = SV_TYPE_BOOL, .offset = offsetof (tiny_config_t, is_stopping), .help = "init stops"},
    {.name = "greeting",
     .type = SV_TYPE_STR,
     .offset = offsetof (tiny_config_t, greeting),
     .deflt = "hello",
     .flags = SV_RELOADABLE,
     .help = "what it says"},
};

static int s_tiny_init (sv_daemon_t *daemon, void **out_ctx, int *out_exit)
{
    tiny_t *self = calloc (1, sizeof (*self));
    if (!self)
        return -PT_E_memory;
    *out_ctx = self;
    self->daemon = daemon;
    self->config = sv_daemon_config (daemon);
    struct rlimit limit;
    getrlimit (RLIMIT_NOFILE, &limit);
    sv_log (sv_daemon_log (daemon), SV_INFO, NULL, "files %s",
            limit.rlim_cur == limit.rlim_max ? "at the hard limit" : "low");
    getrlimit (RLIMIT_CORE, &limit);
    char filter[16] = "";
    FILE *file = fopen ("/proc/self/coredump_filter", "re");
    bool has_filter = file && fgets (filter, sizeof filter, file);
    if (file)
        fclose (file);
    sv_log (sv_daemon_log (daemon), SV_INFO, NULL, "dumps %s",
            limit.rlim_max == 0 && has_filter && strtoul (filter, NULL, 16) == 0 ? "forbidden" : "allowed");
    if (self->config->is_failing) {
        *out_exit = 69;
        return -PT_E_unavailable;
    }
    if (self->config->is_stopping)
        sv_daemon_stop (daemon, 7);
    sv_daemon_set_ready (daemon, false, "warming up");
    sv_daemon_set_ready (daemon, true, NULL);
    sv_daemon_set_ready (daemon, true, NULL);
    return 0;
}

static void s_tiny_drain (void *ctx)
{
    tiny_t *self = ctx;
    sv_log (sv_daemon_log (self->daemon), SV_INFO, NULL, "role drains");
}

static bool s_tiny_is_drained (void *ctx)
{
    tiny_t *self = ctx;
    return !self->config->is_holding;
}

static void s_tiny_reload (void *ctx)
{
    tiny_t *self = ctx;
    sv_log (sv_daemon_log (self->daemon), SV_INFO, NULL, "greeting is %s", self->config->greeting);
    sv_daemon_set_ready (self->daemon, false, "store is away");
    sv_daemon_set_ready (self->daemon, false, "store is away");
    sv_daemon_set_ready (self->daemon, true, NULL);
    sv_log (sv_daemon_log (self->daemon), SV_DEBUG, NULL, "debug shows");
}

static void s_tiny_fini (void **ctx_p)
{
    tiny_t *self = *ctx_p;
    sv_log (sv_daemon_log (self->daemon), SV_INFO, NULL, "role ends");
    free (self);
    *ctx_p = NULL;
}

static const sv_role_t s_role = {
    .program = "parley-tiny",
    .summary = "a role for tests",
    .role = PT_PEER_none,
    .settings = s_settings,
    .setting_count = sizeof (s_settings) / sizeof (s_settings[0]),
    .config_size = sizeof (tiny_config_t),
    .init = s_tiny_init,
    .drain = s_tiny_drain,
    .is_drained = s_tiny_is_drained,
    .reload = s_tiny_reload,
    .fini = s_tiny_fini,
};

/*  ---- the child and its log ------------------------------------------------------------ */

typedef struct {
    pid_t pid;
    int err;
    char log[64 * 1024];
    size_t log_len;
    size_t log_read; /* what s_wait_log has passed */
    char dir[64];
    char file[96];
    char option[128];
    int notify;
} fixture_t;

static int s_setup (void **state)
{
    static fixture_t self;
    memset (&self, 0, sizeof (self));
    self.err = self.notify = -1;
    snprintf (self.dir, sizeof (self.dir), "/tmp/sv_daemon_test_XXXXXX");
    assert_non_null (mkdtemp (self.dir));
    snprintf (self.file, sizeof (self.file), "%s/conf", self.dir);
    snprintf (self.option, sizeof (self.option), "--config=%s", self.file);
    unsetenv ("NOTIFY_SOCKET");
    unsetenv ("WATCHDOG_USEC");
    *state = &self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    if (self->pid > 0) {
        kill (self->pid, SIGKILL);
        waitpid (self->pid, NULL, 0);
    }
    if (self->err >= 0)
        close (self->err);
    if (self->notify >= 0)
        close (self->notify);
    unlink (self->file);
    char path[96];
    snprintf (path, sizeof (path), "%s/notify", self->dir);
    unlink (path);
    rmdir (self->dir);
    return 0;
}

static void s_start (fixture_t *self, const char *const *args)
{
    int err[2];
    assert_int_equal (pipe (err), 0);
    self->pid = fork ();
    assert_true (self->pid >= 0);
    if (self->pid == 0) {
        dup2 (err[1], STDERR_FILENO);
        close (err[0]);
        close (err[1]);
        char *argv[8] = {strdup ("parley-tiny")};
        int argc = 1;
        while (*args)
            argv[argc++] = strdup (*args++);
        struct rlimit limit;
        getrlimit (RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 64;
        setrlimit (RLIMIT_NOFILE, &limit);
        int exit_code = sv_daemon_main (&s_role, argc, argv);
        for (int i = 0; i < argc; i++)
            free (argv[i]);
        exit (exit_code);
    }
    close (err[1]);
    self->err = err[0];
}

#define START(self, ...) s_start (self, (const char *const[]){__VA_ARGS__, NULL})

/*  Reads more of the log; false at its end. */
static bool s_read_log (fixture_t *self)
{
    struct pollfd item = {.fd = self->err, .events = POLLIN};
    if (poll (&item, 1, DEADLINE_MS) <= 0)
        fail_msg ("nothing is logged after: %s", self->log);
    ssize_t len = read (self->err, self->log + self->log_len, sizeof (self->log) - 1 - self->log_len);
    if (len <= 0)
        return false;
    self->log_len += (size_t)len;
    self->log[self->log_len] = '\0';
    return true;
}

/*  Waits until `text` is logged, behind what was waited for before. */
static void s_wait_log (fixture_t *self, const char *text)
{
    for (;;) {
        const char *found = strstr (self->log + self->log_read, text);
        if (found) {
            self->log_read = (size_t)(found - self->log) + strlen (text);
            return;
        }
        if (!s_read_log (self))
            fail_msg ("'%s' is not in the log: %s", text, self->log);
    }
}

/*  Reads the log to its end and returns the exit code. */
static int s_wait_exit (fixture_t *self)
{
    while (s_read_log (self))
        continue;
    int status;
    assert_int_equal (waitpid (self->pid, &status, 0), self->pid);
    self->pid = 0;
    if (!WIFEXITED (status))
        fail_msg ("ended by signal %d: %s", WTERMSIG (status), self->log);
    return WEXITSTATUS (status);
}

static unsigned s_count_log (const fixture_t *self, const char *text)
{
    unsigned count = 0;
    for (const char *at = strstr (self->log, text); at; at = strstr (at + 1, text))
        count++;
    return count;
}

static void s_write_file (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

#define READY "\"msg\":\"ready\""

/*  ---- life -------------------------------------------------------------------------------- */

static void a_daemon_says_ready_once_and_drains_on_sigterm (void **state)
{
    fixture_t *self = *state;
    START (self, "--log-level=info");
    s_wait_log (self, "files at the hard limit");
    s_wait_log (self, "dumps forbidden");
    s_wait_log (self, "not ready: warming up");
    s_wait_log (self, READY);
    kill (self->pid, SIGTERM);
    s_wait_log (self, "SIGTERM: draining for at most 30000 ms");
    s_wait_log (self, "not ready: draining");
    s_wait_log (self, "role drains");
    s_wait_log (self, "drained");
    assert_int_equal (s_wait_exit (self), 0);
    assert_int_equal (s_count_log (self, READY), 1);
    assert_int_equal (s_count_log (self, "role ends"), 1);
}

static void sigint_drains_too (void **state)
{
    fixture_t *self = *state;
    START (self, "--log-level=info");
    s_wait_log (self, READY);
    kill (self->pid, SIGINT);
    s_wait_log (self, "SIGINT: draining");
    assert_int_equal (s_wait_exit (self), 0);
}

static void a_second_signal_ends_at_once (void **state)
{
    fixture_t *self = *state;
    START (self, "--hold");
    s_wait_log (self, READY);
    kill (self->pid, SIGTERM);
    s_wait_log (self, "role drains");
    kill (self->pid, SIGTERM);
    s_wait_log (self, "SIGTERM again: ending at once");
    assert_int_equal (s_wait_exit (self), 1);
    assert_int_equal (s_count_log (self, "role ends"), 1);
}

static void a_drain_has_a_deadline (void **state)
{
    fixture_t *self = *state;
    START (self, "--hold", "--drain-ms=100ms");
    s_wait_log (self, READY);
    uint64_t start_ms = sv_now_ms ();
    kill (self->pid, SIGTERM);
    s_wait_log (self, "drain cut");
    assert_int_equal (s_wait_exit (self), 1);
    assert_true (sv_now_ms () >= start_ms + 100);
}

static void a_role_that_can_not_start_gives_the_exit_code (void **state)
{
    fixture_t *self = *state;
    START (self, "--fail");
    assert_int_equal (s_wait_exit (self), 69);
    assert_int_equal (s_count_log (self, "not started: unavailable"), 1);
    assert_int_equal (s_count_log (self, "role ends"), 1);
    assert_int_equal (s_count_log (self, READY), 0);
}

static void a_role_may_stop_from_within_init (void **state)
{
    fixture_t *self = *state;
    START (self, "--stop");
    assert_int_equal (s_wait_exit (self), 7);
}

static void faults_of_settings_end_before_anything_starts (void **state)
{
    fixture_t *self = *state;
    START (self, "--greeting");
    assert_int_equal (s_wait_exit (self), 2);
    assert_string_equal (self->log, "parley-tiny: --greeting: a value is missing\nTry 'parley-tiny --help'.\n");
}

static void who_opens_no_bus_has_no_setting_for_it (void **state)
{
    fixture_t *self = *state;
    START (self, "--bus=ipc:///tmp/x");
    assert_int_equal (s_wait_exit (self), 2);
    assert_int_equal (s_count_log (self, "--bus: no such option"), 1);
}

/*  ---- reload and state ------------------------------------------------------------------------ */

static void sighup_reloads (void **state)
{
    fixture_t *self = *state;
    s_write_file (self->file, "greeting = one\n");
    START (self, self->option);
    s_wait_log (self, READY);
    s_write_file (self->file, "greeting = two\nlog_level = debug\nhold = on\n");
    kill (self->pid, SIGHUP);
    s_wait_log (self, "conf:3: hold: the change takes effect at the next start");
    s_wait_log (self, "greeting is two");
    s_wait_log (self, "not ready: store is away");
    s_wait_log (self, "ready again");
    s_wait_log (self, "debug shows");
    s_wait_log (self, "reloaded");
    s_write_file (self->file, "greeting = three\nlog_level = loud\n");
    kill (self->pid, SIGHUP);
    s_wait_log (self, "'loud' is not one of");
    s_wait_log (self, "reload refused");
    kill (self->pid, SIGTERM);
    assert_int_equal (s_wait_exit (self), 0);
    assert_int_equal (s_count_log (self, "greeting is"), 1);
    assert_int_equal (s_count_log (self, "not ready: store is away"), 1);
    assert_int_equal (s_count_log (self, READY), 1);
}

static void sigusr1_logs_state (void **state)
{
    fixture_t *self = *state;
    START (self, "--log-level=info");
    s_wait_log (self, READY);
    kill (self->pid, SIGUSR1);
    s_wait_log (self, "state: ready");
    s_wait_log (self, "parley_build_info{version=\\\"" SV_VERSION "\\\"} 1\"}");
    s_wait_log (self, "parley_ready 1\"}");
    kill (self->pid, SIGTERM);
    assert_int_equal (s_wait_exit (self), 0);
}

/*  ---- the service manager ----------------------------------------------------------------------- */

static void s_open_notify (fixture_t *self, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen (name);
    memcpy (address.sun_path, name, len);
    if (*name == '@')
        address.sun_path[0] = '\0';
    self->notify = socket (AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal (bind (self->notify, (const struct sockaddr *)&address,
                            (socklen_t)(offsetof (struct sockaddr_un, sun_path) + len + (*name == '/'))),
                      0);
    setenv ("NOTIFY_SOCKET", name, 1);
}

/*  Waits for a message with this text in it; others are passed over. */
static void s_wait_notify (fixture_t *self, const char *text)
{
    char message[2048];
    do {
        struct pollfd item = {.fd = self->notify, .events = POLLIN};
        if (poll (&item, 1, DEADLINE_MS) <= 0)
            fail_msg ("'%s' did not come", text);
        ssize_t len = recv (self->notify, message, sizeof (message) - 1, 0);
        message[len > 0 ? len : 0] = '\0';
    } while (!strstr (message, text));
}

static void s_check_notify (fixture_t *self, const char *name)
{
    s_open_notify (self, name);
    setenv ("WATCHDOG_USEC", "20000", 1);
    s_write_file (self->file, "");
    START (self, self->option);
    s_wait_notify (self, "STATUS=warming up");
    s_wait_notify (self, "READY=1\nSTATUS=ready");
    s_wait_notify (self, "WATCHDOG=1");
    s_wait_notify (self, "WATCHDOG=1");
    kill (self->pid, SIGHUP);
    s_wait_notify (self, "STATUS=store is away");
    s_wait_notify (self, "STATUS=ready");
    kill (self->pid, SIGTERM);
    s_wait_notify (self, "STOPPING=1");
    assert_int_equal (s_wait_exit (self), 0);
}

static void the_service_manager_is_told_through_a_path (void **state)
{
    fixture_t *self = *state;
    char path[96];
    snprintf (path, sizeof (path), "%s/notify", self->dir);
    s_check_notify (self, path);
}

static void the_service_manager_is_told_through_an_abstract_name (void **state)
{
    fixture_t *self = *state;
    char name[96];
    snprintf (name, sizeof (name), "@%s/notify", self->dir + 1);
    s_check_notify (self, name);
}

static void a_service_manager_that_is_not_there_does_no_harm (void **state)
{
    fixture_t *self = *state;
    setenv ("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    setenv ("WATCHDOG_USEC", "20000", 1);
    START (self, "--log-level=info");
    s_wait_log (self, READY);
    kill (self->pid, SIGTERM);
    assert_int_equal (s_wait_exit (self), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_daemon_says_ready_once_and_drains_on_sigterm),
        TEST (sigint_drains_too),
        TEST (a_second_signal_ends_at_once),
        TEST (a_drain_has_a_deadline),
        TEST (a_role_that_can_not_start_gives_the_exit_code),
        TEST (a_role_may_stop_from_within_init),
        TEST (faults_of_settings_end_before_anything_starts),
        TEST (who_opens_no_bus_has_no_setting_for_it),
        TEST (sighup_reloads),
        TEST (sigusr1_logs_state),
        TEST (the_service_manager_is_told_through_a_path),
        TEST (the_service_manager_is_told_through_an_abstract_name),
        TEST (a_service_manager_that_is_not_there_does_no_harm),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
