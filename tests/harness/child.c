/*  child - one program as a child of a test, see child.h. */

#include "child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGS_MAX 64
#define PATH_LEN 512

static void s_find_program (const char *program, char out[PATH_LEN])
{
    const char *folder = getenv ("PARLEY_BIN");
    char own[PATH_LEN / 2] = "";
    if (strchr (program, '/')) {
        snprintf (out, PATH_LEN, "%s", program);
        return;
    }
    if (!folder && readlink ("/proc/self/exe", own, sizeof own - 1) > 0) {
        char *end = strstr (own, "/test/"); /* build/x/test/.. -> build/x/bin */
        if (end)
            memcpy (end, "/bin", sizeof "/bin");
        folder = own;
    }
    snprintf (out, PATH_LEN, "%s/%s", folder ? folder : ".", program);
}

static void s_run (const char *path, const char *const *args, const char *log, pid_t parent)
{
    const char *argv[ARGS_MAX + 2] = {path};
    for (int i = 0; args && args[i] && i < ARGS_MAX; i++)
        argv[1 + i] = args[i];
    int fd = open (log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (fd < 0 || getppid () != parent)
        _exit (127);
    dup2 (fd, STDOUT_FILENO);
    dup2 (fd, STDERR_FILENO);
    execv (path, (char *const *)(uintptr_t)argv);
    dprintf (fd, "can't run %s: %s\n", path, strerror (errno));
    _exit (127);
}

pid_t child_start (const char *program, const char *const *args, const char *log)
{
    char path[PATH_LEN];
    s_find_program (program, path);
    pid_t parent = getpid ();
    pid_t pid = fork ();
    if (pid == 0)
        s_run (path, args, log, parent);
    if (pid < 0)
        fail_msg ("can't fork: %s", strerror (errno));
    return pid;
}

bool child_is_gone (pid_t pid)
{
    siginfo_t info = {0};
    return waitid (P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

int child_open (pid_t pid)
{
    return (int)syscall (SYS_pidfd_open, pid, 0);
}

int child_end (pid_t *pid, int signal, int grace_ms)
{
    int status = 0;
    if (*pid <= 0)
        return 0;
    kill (*pid, signal);
    struct pollfd item = {.fd = child_open (*pid), .events = POLLIN};
    if (item.fd < 0 || poll (&item, 1, grace_ms) <= 0)
        kill (*pid, SIGKILL);
    if (item.fd >= 0)
        close (item.fd);
    waitpid (*pid, &status, 0);
    *pid = 0;
    return status;
}
