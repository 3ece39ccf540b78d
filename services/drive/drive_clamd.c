/*  drive_clamd - asks clamd whether bytes are harmful.

    zINSTREAM, then pieces of a length (32 bits, big-endian) and bytes, then a
    length of 0; the answer is one text that ends with NUL.  Only "stream: OK"
    lets a file pass: whatever else comes, or does not come, holds it back. */

#include "drive_clamd.h"
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define S_ANSWER_MAX 1024

struct drive_clamd {
    int fd;
};

static bool s_wait (const drive_clamd_t *self, short events)
{
    struct pollfd item = {.fd = self->fd, .events = events};
    int rc;
    do
        rc = poll (&item, 1, DRIVE_CLAMD_WAIT_MS);
    while (rc < 0 && errno == EINTR);
    return rc == 1;
}

static int s_send (const drive_clamd_t *self, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t sent = send (self->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            at += sent;
            len -= (size_t)sent;
        } else if (sent == 0 || (errno != EAGAIN && errno != EINTR) || !s_wait (self, POLLOUT))
            return -PT_E_unavailable;
    }
    return 0;
}

drive_clamd_t *drive_clamd_new (const char *path, int *out_err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *out_err = -PT_E_unavailable;
    if (strlen (path) >= sizeof address.sun_path)
        return NULL;
    memcpy (address.sun_path, path, strlen (path) + 1);
    drive_clamd_t *self = malloc (sizeof *self);
    if (!self) {
        *out_err = -PT_E_memory;
        return NULL;
    }
    self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /*  Of a socket file connecting is at once, or the queue is full: away. */
    if (self->fd < 0 || connect (self->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        s_send (self, "zINSTREAM", sizeof "zINSTREAM") != 0)
        drive_clamd_destroy (&self);
    return self;
}

void drive_clamd_destroy (drive_clamd_t **self_p)
{
    drive_clamd_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close (self->fd);
    free (self);
    *self_p = NULL;
}

int drive_clamd_add (drive_clamd_t *self, const void *bytes, size_t len)
{
    uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    if (len == 0)
        return 0;
    int rc = s_send (self, head, sizeof head);
    return rc == 0 ? s_send (self, bytes, len) : rc;
}

/*  Bytes up to NUL or the end; 0: nothing usable. */
static size_t s_read_answer (const drive_clamd_t *self, char answer[S_ANSWER_MAX])
{
    size_t len = 0;
    while (len < S_ANSWER_MAX - 1) {
        ssize_t got = recv (self->fd, answer + len, S_ANSWER_MAX - 1 - len, MSG_DONTWAIT);
        if (got > 0)
            len += (size_t)got;
        if (got == 0 || (got > 0 && answer[len - 1] == 0))
            break;
        if (got < 0 && ((errno != EAGAIN && errno != EINTR) || !s_wait (self, POLLIN)))
            break;
    }
    answer[len] = 0;
    return len;
}

int drive_clamd_end (drive_clamd_t *self, char *why, size_t size)
{
    static const char found[] = " FOUND";
    char answer[S_ANSWER_MAX];
    /*  Who has an answer already may have closed its ear: the answer counts. */
    (void)!s_send (self, "\0\0\0\0", 4);
    snprintf (why, size, "the scanner gave no answer");
    if (s_read_answer (self, answer) == 0)
        return -PT_E_unavailable;
    if (strcmp (answer, "stream: OK") == 0)
        return 0;
    snprintf (why, size, "%s", answer);
    size_t len = strlen (answer);
    if (len > sizeof found && strcmp (answer + len - (sizeof found - 1), found) == 0)
        return -PT_E_infected;
    return strstr (answer, "size limit exceeded") ? -PT_E_too_large : -PT_E_unavailable;
}
