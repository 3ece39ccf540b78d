/*  sv_notify - the sd_notify protocol by hand: datagrams of assignments to a
    Unix socket, which spares a library for forty lines. */

#include "sv_notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NOTIFY_MESSAGE_MAX 1024

struct sv_notify {
    int fd;
    struct sockaddr_un address;
    socklen_t address_len;
};

sv_notify_t *sv_notify_new (void)
{
    const char *path = getenv ("NOTIFY_SOCKET");
    size_t len = path ? strlen (path) : 0;
    if (len < 2 || len >= sizeof (((struct sockaddr_un *)0)->sun_path) || (path[0] != '/' && path[0] != '@'))
        return NULL;
    sv_notify_t *self = calloc (1, sizeof (*self));
    if (!self)
        return NULL;
    self->address.sun_family = AF_UNIX;
    memcpy (self->address.sun_path, path, len);
    /*  The length counts for an abstract name, which may hold anything. */
    self->address_len = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + len + (path[0] == '/'));
    if (path[0] == '@')
        self->address.sun_path[0] = '\0';
    self->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->fd < 0)
        sv_notify_destroy (&self);
    return self;
}

void sv_notify_destroy (sv_notify_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    if ((*self_p)->fd >= 0)
        close ((*self_p)->fd);
    free (*self_p);
    *self_p = NULL;
}

void sv_notify_send (sv_notify_t *self, const char *format, ...)
{
    if (!self)
        return;
    char text[NOTIFY_MESSAGE_MAX];
    va_list args;
    va_start (args, format);
    int len = vsnprintf (text, sizeof (text), format, args);
    va_end (args);
    if (len <= 0)
        return;
    size_t size = (size_t)len < sizeof (text) ? (size_t)len : sizeof (text) - 1;
    sendto (self->fd, text, size, MSG_NOSIGNAL, (const struct sockaddr *)&self->address, self->address_len);
}

uint32_t sv_notify_watchdog_ms (void)
{
    const char *pid = getenv ("WATCHDOG_PID");
    const char *interval = getenv ("WATCHDOG_USEC");
    if (!interval || (pid && *pid && strtol (pid, NULL, 10) != (long)getpid ()))
        return 0;
    errno = 0;
    unsigned long long us = strtoull (interval, NULL, 10);
    if (errno || us == 0 || us / 2000 > UINT32_MAX)
        return 0;
    return us < 2000 ? 1 : (uint32_t)(us / 2000);
}
