/*  auth_file - small private files that hold key material.

    Invariant: under its final name a file is complete and never changes.  It is
    written and synced under a name of its own, then linked to the final name:
    link fails when the name is taken, where rename would replace a key that
    another instance has read already.  The loser reads the winner's file.  A
    kill in between leaves at most one private file with a random suffix. */

#include "auth_file.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*  Tries to find a free temporary name; 2 would do. */
#define S_NAME_TRIES 8

void auth_why (auth_why_t *why, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why->text, sizeof why->text, format, args);
    va_end (args);
}

static int s_fail (auth_why_t *why, int err, const char *path, const char *reason)
{
    auth_why (why, "%s: %s", path, reason);
    return err;
}

static int s_check_stat (const char *path, const struct stat *stat, auth_why_t *why)
{
    uid_t me = geteuid ();
    if (!S_ISREG (stat->st_mode))
        return s_fail (why, -PT_E_invalid, path, "is not a regular file");
    if (stat->st_mode & S_IRWXO)
        return s_fail (why, -PT_E_forbidden, path,
                       "is open to everybody; chmod 600 it, and make a new one if others could read it");
    if (stat->st_mode & S_IWGRP)
        return s_fail (why, -PT_E_forbidden, path, "may be written by its group; chmod 600 it");
    if (me != 0 && stat->st_uid != me && stat->st_uid != 0)
        return s_fail (why, -PT_E_forbidden, path, "belongs to another user");
    if (stat->st_size == 0 || stat->st_size > AUTH_FILE_MAX)
        return s_fail (why, -PT_E_invalid, path, "is empty or too large");
    return 0;
}

static int s_read_all (int fd, auth_blob_t *blob)
{
    blob->len = 0;
    while (blob->len < AUTH_FILE_MAX) {
        ssize_t got = read (fd, blob->at + blob->len, AUTH_FILE_MAX - blob->len);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -PT_E_internal;
        if (got > 0)
            blob->len += (size_t)got;
    }
    blob->at[blob->len] = 0;
    return blob->len > 0 ? 0 : -PT_E_internal;
}

int auth_file_read (const char *path, auth_blob_t *out_blob, auth_why_t *why)
{
    /*  O_NONBLOCK: a FIFO under this name must not hold the start. */
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return s_fail (why, errno == ENOENT ? -PT_E_not_found : -PT_E_internal, path, strerror (errno));
    struct stat stat;
    int rc = fstat (fd, &stat) == 0 ? s_check_stat (path, &stat, why) : -PT_E_internal;
    if (rc == 0 && s_read_all (fd, out_blob) != 0)
        rc = s_fail (why, -PT_E_internal, path, "can't be read");
    close (fd);
    return rc;
}

static int s_write_all (int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = write (fd, bytes, len);
        if (put < 0 && errno != EINTR)
            return -PT_E_internal;
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
        }
    }
    return 0;
}

/*  Opens a new private file beside `path`; its name goes to `name`. */
static int s_open_beside (const char *path, char *name, size_t name_size)
{
    for (int i = 0; i < S_NAME_TRIES; i++) {
        int len = snprintf (name, name_size, "%s.%08x", path, randombytes_random ());
        if (len < 0 || (size_t)len >= name_size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open (name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/*  Makes the name durable.  Failure is of no consequence: after a power cut the
    file may be missing, and is then made anew. */
static void s_sync_folder (const char *path)
{
    char folder[4096];
    const char *slash = strrchr (path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (len >= sizeof folder)
        return;
    memcpy (folder, path, len);
    memcpy (folder + len, slash ? "/" : ".", 2);
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync (fd);
    close (fd);
}

int auth_file_create (const char *path, const void *bytes, size_t len, auth_why_t *why)
{
    char name[4096];
    int fd = s_open_beside (path, name, sizeof name);
    if (fd < 0)
        return s_fail (why, -PT_E_internal, path, strerror (errno));
    int rc = s_write_all (fd, bytes, len) == 0 && fsync (fd) == 0 ? 0 : -PT_E_internal;
    if (close (fd) != 0)
        rc = -PT_E_internal;
    if (rc == 0 && link (name, path) != 0 && errno != EEXIST)
        rc = -PT_E_internal;
    if (rc != 0)
        rc = s_fail (why, rc, path, strerror (errno));
    else
        s_sync_folder (path);
    unlink (name);
    return rc;
}

int auth_file_load (const char *path, auth_file_make_fn *make, auth_blob_t *out_blob, auth_why_t *why)
{
    int rc = auth_file_read (path, out_blob, why);
    if (rc != -PT_E_not_found || !make)
        return rc;
    rc = make (out_blob, why);
    if (rc == 0)
        rc = auth_file_create (path, out_blob->at, out_blob->len, why);
    sodium_memzero (out_blob, sizeof *out_blob);
    return rc == 0 ? auth_file_read (path, out_blob, why) : rc;
}
