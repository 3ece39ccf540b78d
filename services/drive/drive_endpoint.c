/*  drive_endpoint - where this replica takes streams. */

#include "drive_endpoint.h"
#include "sv_endpoint.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define S_FIRST "bulk-"

/*  Whether nobody listens at a socket file any more. */
static bool s_is_dead (const struct sockaddr_un *address)
{
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool is_dead = connect (fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close (fd);
    return is_dead;
}

static void s_clear (const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    DIR *folder = opendir (path);
    if (!folder)
        return;
    const struct dirent *entry;
    while ((entry = readdir (folder))) {
        int len = snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", path, entry->d_name);
        if (strncmp (entry->d_name, S_FIRST, sizeof S_FIRST - 1) == 0 && len < (int)sizeof address.sun_path &&
            s_is_dead (&address))
            unlink (address.sun_path);
    }
    closedir (folder);
}

int drive_endpoint (const char *brokers, uint64_t generation, char out[LIM_ENDPOINT])
{
    char base[LIM_ENDPOINT];
    size_t len = strcspn (brokers, ",");
    if (len >= sizeof base)
        return -PT_E_invalid;
    memcpy (base, brokers, len);
    base[len] = 0;
    const char *folder = sv_endpoint_folder (base);
    if (!folder) {
        snprintf (out, LIM_ENDPOINT, "tcp://127.0.0.1:*");
        return 0;
    }
    s_clear (folder);
    int written = snprintf (out, LIM_ENDPOINT, "ipc://%s/" S_FIRST "%016" PRIx64, folder, generation);
    const int longest = (int)(sizeof "ipc://" - 1 + sizeof ((struct sockaddr_un *)0)->sun_path);
    return written < longest ? 0 : -PT_E_invalid;
}
