/*  torture - which call fails, and the calls of libc. */

#include "torture.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char *const s_names[TORTURE_CLASSES] = {"memory", "send", "recv", "query", "system"};

static struct {
    atomic_ulong counts[TORTURE_CLASSES];
    int class; /* -1: none */
    unsigned long first, last;
} s_torture = {.class = -1};

/*  Before main, so that the first call counts. */
__attribute__ ((constructor)) static void s_begin (void)
{
    char program[64] = "", class[16] = "", on[4] = "";
    unsigned long n = 0;
    const char *text = getenv ("TORTURE");
    if (!text || sscanf (text, "%63s %15s %lu %3s", program, class, &n, on) < 3 ||
        strcmp (program, program_invocation_short_name) != 0)
        return;
    for (int i = 0; i < TORTURE_CLASSES; i++)
        if (strcmp (s_names[i], class) == 0)
            s_torture.class = i;
    s_torture.first = n;
    s_torture.last = *on ? (unsigned long)-1 : n;
}

/*  One write a process: lines of several do not mix. */
__attribute__ ((destructor)) static void s_end (void)
{
    char text[1024];
    size_t len = 0;
    const char *path = getenv ("TORTURE_REPORT");
    int fd = path ? open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (fd < 0)
        return;
    for (int i = 0; i < TORTURE_CLASSES; i++)
        len += (size_t)snprintf (text + len, sizeof text - len, "%.64s %s %lu\n", program_invocation_short_name,
                                 s_names[i], atomic_load (&s_torture.counts[i]));
    (void)!write (fd, text, len);
    close (fd);
}

bool torture_fails (torture_class_t class)
{
    unsigned long n = atomic_fetch_add (&s_torture.counts[class], 1) + 1;
    if ((int)class != s_torture.class || n < s_torture.first || n > s_torture.last)
        return false;
    if (n == s_torture.first && getenv ("TORTURE_TRACE"))
        __sanitizer_print_stack_trace ();
    return true;
}

TORTURE_CALL (MEMORY, void *, malloc, (size_t size), (size), NULL, ENOMEM)
TORTURE_CALL (MEMORY, void *, calloc, (size_t count, size_t size), (count, size), NULL, ENOMEM)
TORTURE_CALL (MEMORY, void *, realloc, (void *at, size_t size), (at, size), NULL, ENOMEM)
TORTURE_CALL (MEMORY, char *, strdup, (const char *text), (text), NULL, ENOMEM)
TORTURE_CALL (MEMORY, char *, strndup, (const char *text, size_t max), (text, max), NULL, ENOMEM)
TORTURE_CALL (MEMORY, FILE *, open_memstream, (char **at, size_t *len), (at, len), NULL, ENOMEM)
__attribute__ ((format (printf, 2, 0)))
TORTURE_CALL (MEMORY, int, vasprintf, (char **out, const char *format, va_list args), (out, format, args), -1, ENOMEM)

    TORTURE_CALL (SEND, ssize_t, send, (int fd, const void *at, size_t len, int flags), (fd, at, len, flags), -1,
                  ECONNRESET) TORTURE_CALL (SEND, ssize_t, sendto,
                                            (int fd, const void *at, size_t len, int flags, const struct sockaddr *to,
                                             socklen_t to_len),
                                            (fd, at, len, flags, to, to_len), -1, ECONNREFUSED)
        TORTURE_CALL (SEND, ssize_t, write, (int fd, const void *at, size_t len), (fd, at, len), -1,
                      EIO) TORTURE_CALL (SEND, int, eventfd_write, (int fd, eventfd_t value), (fd, value), -1, EAGAIN)
            TORTURE_CALL (RECV, ssize_t, recv, (int fd, void *at, size_t len, int flags), (fd, at, len, flags), -1,
                          ECONNRESET) TORTURE_CALL (RECV, ssize_t, read, (int fd, void *at, size_t len), (fd, at, len),
                                                    -1, EIO) TORTURE_CALL (RECV, int, eventfd_read,
                                                                           (int fd, eventfd_t *value), (fd, value), -1,
                                                                           EAGAIN)

                TORTURE_CALL (SYSTEM, int, fsync, (int fd), (fd), -1, EIO)
                    TORTURE_CALL (SYSTEM, int, link, (const char *from, const char *to), (from, to), -1,
                                  ENOSPC) TORTURE_CALL (SYSTEM, int, mkdir, (const char *path, mode_t mode),
                                                        (path, mode), -1, ENOSPC)
                        TORTURE_CALL (SYSTEM, int, chmod, (const char *path, mode_t mode), (path, mode), -1,
                                      EPERM) TORTURE_CALL (SYSTEM, int, fstat,
                                                           (int fd, struct stat *info), (fd, info), -1, EIO)
                            TORTURE_CALL (SYSTEM, int, flock, (int fd, int operation), (fd, operation), -1,
                                          EWOULDBLOCK) TORTURE_CALL (SYSTEM, DIR *, opendir, (const char *path), (path),
                                                                     NULL, EMFILE)
                                TORTURE_CALL (SYSTEM, FILE *, fopen, (const char *path, const char *mode), (path, mode),
                                              NULL,
                                              EMFILE) TORTURE_CALL (SYSTEM, int, socket,
                                                                    (int domain, int type, int protocol),
                                                                    (domain, type, protocol), -1, EMFILE)
                                    TORTURE_CALL (SYSTEM, int, bind, (int fd, const struct sockaddr *at, socklen_t len),
                                                  (fd, at, len), -1,
                                                  EADDRINUSE) TORTURE_CALL (SYSTEM, int, listen, (int fd, int backlog),
                                                                            (fd, backlog), -1, EADDRINUSE)
                                        TORTURE_CALL (SYSTEM, int, accept4,
                                                      (int fd, struct sockaddr *from, socklen_t *len, int flags),
                                                      (fd, from, len, flags), -1, EMFILE)
                                            TORTURE_CALL (SYSTEM, int, connect,
                                                          (int fd, const struct sockaddr *to, socklen_t len),
                                                          (fd, to, len), -1, ECONNREFUSED)
                                                TORTURE_CALL (SYSTEM, int, setsockopt,
                                                              (int fd, int level, int name, const void *value,
                                                               socklen_t len),
                                                              (fd, level, name, value, len), -1, ENOBUFS)
                                                    TORTURE_CALL (SYSTEM, int, eventfd, (unsigned count, int flags),
                                                                  (count, flags), -1, EMFILE)
                                                        TORTURE_CALL (SYSTEM, int, signalfd,
                                                                      (int fd, const sigset_t *set, int flags),
                                                                      (fd, set, flags), -1,
                                                                      EMFILE) TORTURE_CALL (SYSTEM, int, timerfd_create,
                                                                                            (int clock, int flags),
                                                                                            (clock, flags), -1, EMFILE)
                                                            TORTURE_CALL (SYSTEM, int, epoll_create1, (int flags),
                                                                          (flags), -1, EMFILE)
                                                                TORTURE_CALL (SYSTEM, int, epoll_ctl,
                                                                              (int fd, int op, int of,
                                                                               struct epoll_event *event),
                                                                              (fd, op, of, event), -1, ENOSPC)
                                                                    TORTURE_CALL (SYSTEM, int, poll,
                                                                                  (struct pollfd * items, nfds_t count,
                                                                                   int wait_ms),
                                                                                  (items, count, wait_ms), -1, EINTR)
                                                                        TORTURE_CALL (SYSTEM, ssize_t, getrandom,
                                                                                      (void *at, size_t len,
                                                                                       unsigned flags),
                                                                                      (at, len, flags), -1, EINTR)

    /*  These return their error. */
    TORTURE_CALL (SYSTEM, int, pthread_create,
                  (pthread_t * thread, const pthread_attr_t *attr, void *(*fn) (void *), void *arg),
                  (thread, attr, fn, arg), EAGAIN, EAGAIN)

        int torture_open (const char *path, int flags, ...);
int torture_open (const char *path, int flags, ...)
{
    va_list args;
    va_start (args, flags);
    mode_t mode = flags & O_CREAT ? va_arg (args, mode_t) : 0;
    va_end (args);
    if (!torture_fails (TORTURE_SYSTEM))
        return open (path, flags, mode);
    errno = EMFILE;
    return -1;
}
