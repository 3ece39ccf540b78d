/*  torture_bus - the calls of ZeroMQ, czmq and msgpack. */

#include "torture.h"
#include <czmq.h>
#include <msgpack.h>

TORTURE_CALL (MEMORY, bool, msgpack_zone_init, (msgpack_zone * zone, size_t size), (zone, size), false, ENOMEM)
TORTURE_CALL (MEMORY, int, zmq_msg_init_size, (zmq_msg_t * msg, size_t size), (msg, size), -1, ENOMEM)
TORTURE_CALL (MEMORY, zsock_t *, zsock_new_checked, (int type, const char *file, size_t line), (type, file, line), NULL,
              EMFILE)
TORTURE_CALL (MEMORY, zloop_t *, zloop_new, (void), (), NULL, ENOMEM)

TORTURE_CALL (SEND, int, zmq_msg_send, (zmq_msg_t * msg, void *socket, int flags), (msg, socket, flags), -1, EAGAIN)
TORTURE_CALL (SEND, int, zmq_send, (void *socket, const void *at, size_t len, int flags), (socket, at, len, flags), -1,
              EAGAIN)
/*  ZeroMQ hands over whole messages: what can fail is the first frame. */
int torture_zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags);
int torture_zmq_msg_recv (zmq_msg_t *msg, void *socket, int flags)
{
    int has_more = 0;
    size_t size = sizeof has_more;
    bool is_inside = zmq_getsockopt (socket, ZMQ_RCVMORE, &has_more, &size) == 0 && has_more;
    if (is_inside || !torture_fails (TORTURE_RECV))
        return zmq_msg_recv (msg, socket, flags);
    errno = EAGAIN;
    return -1;
}

TORTURE_CALL (SYSTEM, int, zmq_setsockopt, (void *socket, int option, const void *value, size_t len),
              (socket, option, value, len), -1, EINVAL)
TORTURE_CALL (SYSTEM, int, zmq_bind, (void *socket, const char *endpoint), (socket, endpoint), -1, EADDRINUSE)
TORTURE_CALL (SYSTEM, int, zmq_connect, (void *socket, const char *endpoint), (socket, endpoint), -1, EMFILE)
