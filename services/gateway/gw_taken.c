/*  gw_taken - how much has been read from a TCP socket by whoever reads it. */

#include "gw_taken.h"
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/*  How often it is looked for more than the mark. */
#define LOOKS 16

/*  Bytes that came in order, plus one for a FIN; 0 when the kernel does not say. */
static uint64_t s_received (int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_received : 0;
}

/*  SO_OOBINLINE keeps urgent data from hiding part of it. */
static uint64_t s_unread (int fd)
{
    int unread = 0;
    return ioctl (fd, SIOCINQ, &unread) == 0 ? (uint64_t)unread : 0;
}

uint64_t gw_taken_bytes (int fd)
{
    uint64_t unread = s_unread (fd);
    return s_received (fd) - unread;
}

/*  A difference is too small by what came in between, and never too large: one look that
    shows more than the mark proves it, one that does not is worth another. */
bool gw_taken_more (int fd, uint64_t mark)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        uint64_t received = s_received (fd), unread = s_unread (fd);
        if (received > unread && received - unread > mark + 1)
            return true;
    }
    return false;
}
