/*  broker_folder - the folder of a broker's sockets, see broker_folder.h.

    Whoever can reach a socket speaks for its role, so the folder is closed to
    other users.  ZeroMQ replaces a socket file that is there, stale or not;
    the lock keeps two brokers from doing so to each other. */

#include "broker_folder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int s_make (const char *path)
{
    struct stat info;
    if (mkdir (path, 0700) == 0)
        return 0;
    if (errno != EEXIST)
        return -PT_E_unavailable;
    if (lstat (path, &info) != 0)
        return -PT_E_unavailable;
    if (!S_ISDIR (info.st_mode) || info.st_uid != geteuid ())
        return -PT_E_forbidden;
    return chmod (path, 0700) == 0 ? 0 : -PT_E_unavailable;
}

int broker_folder_take (const char *path, int *out_lock)
{
    char name[128];
    int rc = s_make (path);
    if (rc != 0)
        return rc;
    if (snprintf (name, sizeof name, "%s/lock", path) >= (int)sizeof name)
        return -PT_E_forbidden;
    int lock = open (name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return -PT_E_unavailable;
    if (flock (lock, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK ? -PT_E_taken : -PT_E_unavailable;
        close (lock);
        return rc;
    }
    *out_lock = lock;
    return 0;
}
