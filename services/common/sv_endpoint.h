/*  sv_endpoint - where a broker and its peers meet: endpoints from the base of
    a broker and a role, and ZeroMQ sockets with the house's options. */

#ifndef SV_ENDPOINT_H
#define SV_ENDPOINT_H

#include "pt_message.h"
#include <czmq.h>

/*  Requests and answers; events from the role; events to the role. */
typedef enum { SV_REQ, SV_PUB, SV_SUB } sv_channel_t;

#define SV_ENDPOINT_LEN 160

/*  ipc://<folder> gives ipc://<folder>/<role>.<req|pub|sub>;
    tcp://<loopback>:<port> gives the port plus 3 x role + channel.
    0; -PT_E_invalid for anything else: other transports, addresses that are not
    loopback (there are no keys to protect them), ports out of range, paths
    that do not fit a socket address. */
PT_MUSTCHECK int sv_endpoint (const char *base, pt_peer_t role, sv_channel_t channel, char out[SV_ENDPOINT_LEN]);

/*  The folder of an ipc base; NULL when it is not ipc.  Points into `base`. */
const char *sv_endpoint_folder (const char *base);

/*  Name of a role as endpoints carry it; NULL when unknown. */
const char *sv_role_name (pt_peer_t role);

/*  A socket of a ZeroMQ type with maxima, heartbeats and linger set; neither
    bound nor connected.  The caller destroys it.  NULL when there is none left
    or memory is out. */
zsock_t *sv_socket_new (int type);

/*  Whether the message just received has more frames. */
static inline bool sv_msg_more (const zmq_msg_t *msg)
{
    return zmq_msg_more (msg) != 0;
}

/*  Reads and drops what is left of a message whose last frame read was `msg`. */
void sv_socket_skip (void *socket, zmq_msg_t *msg);

#endif
