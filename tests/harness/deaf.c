/*  deaf - a listener that answers nobody, see deaf.h. */

#include "deaf.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

unsigned deaf_listen (int fds[DEAF_FDS])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    fds[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (fds[0], (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (fds[0], 0), 0);
    assert_int_equal (getsockname (fds[0], (struct sockaddr *)&address, &len), 0);
    for (int i = 1; i < DEAF_FDS; i++) {
        fds[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect (fds[i], (struct sockaddr *)&address, sizeof address);
    }
    return ntohs (address.sin_port);
}

void deaf_close (const int fds[DEAF_FDS])
{
    for (int i = 0; i < DEAF_FDS; i++)
        close (fds[i]);
}
