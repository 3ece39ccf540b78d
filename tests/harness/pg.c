/*  pg - a throw-away PostgreSQL cluster for tests.

    Readiness is read from postmaster.pid, whose last line becomes "ready";
    inotify says when the file changes, so nothing sleeps.  The server is in a
    process group of its own, and the kernel ends it (immediate shutdown) when the
    test process dies. */

#include "pg.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct pg {
    char dir[64]; /* /tmp/parley-pg-XXXXXX: data, socket and log */
    char conninfo[160];
    pid_t pid; /* postmaster, 0 when stopped */
};

static void s_die (const char *what)
{
    fprintf (stderr, "pg: %s: %s\n", what, strerror (errno));
    abort ();
}

static long s_now_ms (void)
{
    struct timespec ts;
    clock_gettime (CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*  Folder of initdb and postgres: the newest that is installed. */
static const char *s_bin (void)
{
    static const char *const dirs[] = {"/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin",
                                       "/usr/lib/postgresql/15/bin", "/usr/bin"};
    for (size_t i = 0; i < sizeof (dirs) / sizeof (dirs[0]); i++) {
        char path[128];
        snprintf (path, sizeof (path), "%s/initdb", dirs[i]);
        if (access (path, X_OK) == 0)
            return dirs[i];
    }
    errno = ENOENT;
    s_die ("initdb is not installed");
    return NULL;
}

/*  In the child: becomes the server's user, dies with the parent, logs to a file. */
static void s_become (const pg_t *self, pid_t parent)
{
    const struct passwd *user = getuid () == 0 ? getpwnam ("postgres") : NULL;
    if (getuid () == 0 && (!user || setgroups (0, NULL) < 0 || setgid (user->pw_gid) < 0 || setuid (user->pw_uid) < 0))
        _exit (126);
    /*  After setuid, which clears it. */
    prctl (PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid () != parent || setpgid (0, 0) < 0 || chdir (self->dir) < 0)
        _exit (126);
    int in = open ("/dev/null", O_RDONLY | O_CLOEXEC),
        out = open ("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (in < 0 || out < 0 || dup2 (in, 0) < 0 || dup2 (out, 1) < 0 || dup2 (out, 2) < 0)
        _exit (126);
}

/*  argv[0] becomes the whole path: initdb finds its neighbours by it. */
static pid_t s_spawn (const pg_t *self, const char *program, char **argv)
{
    char path[160];
    argv[0] = path;
    snprintf (path, sizeof (path), "%s/%s", s_bin (), program);
    pid_t parent = getpid ();
    pid_t pid = fork ();
    if (pid < 0)
        s_die ("fork");
    if (pid == 0) {
        s_become (self, parent);
        execv (path, argv);
        _exit (127);
    }
    return pid;
}

static void s_show_log (const pg_t *self)
{
    char path[128], line[512];
    snprintf (path, sizeof (path), "%s/log", self->dir);
    FILE *file = fopen (path, "re");
    while (file && fgets (line, sizeof (line), file))
        fputs (line, stderr);
    if (file)
        fclose (file);
}

static void s_init_data (pg_t *self)
{
    char *argv[] = {"initdb", "-D",    "data", "-E",     "UTF8", "--locale=C.UTF-8",
                    "-A",     "trust", "-U",   "parley", "-N",   NULL};
    pid_t pid = s_spawn (self, "initdb", argv);
    int status = 0;
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status != 0) {
        s_show_log (self);
        s_die ("initdb failed");
    }
}

/*  Whether the last line of postmaster.pid says ready. */
static bool s_is_ready (const pg_t *self)
{
    char path[128], text[1024] = "";
    snprintf (path, sizeof (path), "%s/data/postmaster.pid", self->dir);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read (fd, text, sizeof (text) - 1);
    close (fd);
    return len > 0 && strstr (text, "\nready") && strtol (text, NULL, 10) == (long)self->pid;
}

static void s_fail_if_gone (pg_t *self)
{
    if (waitpid (self->pid, NULL, WNOHANG) != self->pid)
        return;
    self->pid = 0;
    s_show_log (self);
    s_die ("postgres ended");
}

pg_t *pg_new (void)
{
    pg_t *self = calloc (1, sizeof (*self));
    if (!self)
        s_die ("memory");
    snprintf (self->dir, sizeof (self->dir), "/tmp/parley-pg-XXXXXX");
    if (!mkdtemp (self->dir))
        s_die ("mkdtemp");
    const struct passwd *user = getuid () == 0 ? getpwnam ("postgres") : NULL;
    if (user && chown (self->dir, user->pw_uid, user->pw_gid) < 0)
        s_die ("chown");
    snprintf (self->conninfo, sizeof (self->conninfo), "host=%s user=parley dbname=postgres", self->dir);
    s_init_data (self);
    pg_start (self);
    return self;
}

void pg_start (pg_t *self)
{
    char data[96];
    snprintf (data, sizeof (data), "%s/data", self->dir);
    int watch = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
    if (watch < 0 || inotify_add_watch (watch, data, IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO) < 0)
        s_die ("inotify");
    char socket_dir[96];
    snprintf (socket_dir, sizeof (socket_dir), "unix_socket_directories=%s", self->dir);
    char *argv[] = {"postgres",
                    "-D",
                    "data",
                    "-c",
                    socket_dir,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=off",
                    "-c",
                    "full_page_writes=off",
                    "-c",
                    "max_connections=60",
                    "-c",
                    "shared_buffers=32MB",
                    "-c",
                    "log_statement=none",
                    "-c",
                    "autovacuum_naptime=1h",
                    NULL};
    self->pid = s_spawn (self, "postgres", argv);
    long end = s_now_ms () + PG_WAIT_MS;
    while (!s_is_ready (self)) {
        s_fail_if_gone (self);
        if (s_now_ms () > end)
            s_die ("postgres did not start");
        struct pollfd poll_fd = {.fd = watch, .events = POLLIN};
        char events[4096];
        if (poll (&poll_fd, 1, 100) > 0 && read (watch, events, sizeof (events)) < 0 && errno != EAGAIN)
            s_die ("inotify");
    }
    close (watch);
}

void pg_stop (pg_t *self, bool is_crash)
{
    if (self->pid == 0)
        return;
    kill (self->pid, is_crash ? SIGQUIT : SIGINT);
    int status;
    while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
        ;
    self->pid = 0;
}

/*  The backends lead groups of their own, so each child is named. */
static void s_signal_all (const pg_t *self, int number)
{
    char path[64], text[4096] = "";
    snprintf (path, sizeof (path), "/proc/%d/task/%d/children", (int)self->pid, (int)self->pid);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read (fd, text, sizeof (text) - 1);
    if (fd >= 0)
        close (fd);
    kill (self->pid, number);
    for (char *at = text; len > 0 && *at;) {
        char *end = at;
        long pid = strtol (at, &end, 10);
        if (end == at || pid <= 1)
            break;
        kill ((pid_t)pid, number);
        at = end;
    }
}

void pg_freeze (pg_t *self)
{
    s_signal_all (self, SIGSTOP);
}
void pg_thaw (pg_t *self)
{
    s_signal_all (self, SIGCONT);
}

const char *pg_conninfo (const pg_t *self)
{
    return self->conninfo;
}

void pg_destroy (pg_t **self_p)
{
    pg_t *self = *self_p;
    if (!self)
        return;
    pg_stop (self, true);
    char *argv[] = {"rm", "-rf", self->dir, NULL};
    pid_t pid = fork ();
    if (pid == 0) {
        execv ("/bin/rm", argv);
        _exit (127);
    }
    while (pid > 0 && waitpid (pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free (self);
    *self_p = NULL;
}
