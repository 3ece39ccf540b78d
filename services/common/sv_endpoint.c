/*  sv_endpoint - endpoints and sockets of the bus, see sv_endpoint.h. */

#include "sv_endpoint.h"
#include <arpa/inet.h>

/*  Longest path of a Unix socket (sun_path, its end included). */
#define PATH_LEN 108

static const char *const s_channels[] = {[SV_REQ] = "req", [SV_PUB] = "pub", [SV_SUB] = "sub"};

const char *sv_role_name (pt_peer_t role)
{
    const pt_peer_rule_t *rule = pt_peer_rule (role);
    return rule ? rule->name : NULL;
}

const char *sv_endpoint_folder (const char *base)
{
    static const char scheme[] = "ipc://";
    return strncmp (base, scheme, sizeof scheme - 1) == 0 ? base + sizeof scheme - 1 : NULL;
}

static int s_ipc (const char *folder, pt_peer_t role, sv_channel_t channel, char *out)
{
    char path[PATH_LEN];
    int len = snprintf (path, sizeof path, "%s/%s.%s", folder, sv_role_name (role), s_channels[channel]);
    if (folder[0] != '/' || len < 0 || (size_t)len >= sizeof path)
        return -PT_E_invalid;
    snprintf (out, SV_ENDPOINT_LEN, "ipc://%s", path);
    return 0;
}

static bool s_is_loopback (const char *host)
{
    uint8_t address[4];
    return inet_pton (AF_INET, host, address) == 1 && address[0] == 127;
}

static int s_tcp (const char *address, pt_peer_t role, sv_channel_t channel, char *out)
{
    char host[64];
    const char *colon = strrchr (address, ':');
    if (!colon || (size_t)(colon - address) >= sizeof host)
        return -PT_E_invalid;
    snprintf (host, sizeof host, "%.*s", (int)(colon - address), address);
    char *end = NULL;
    unsigned long port = strtoul (colon + 1, &end, 10);
    if (!s_is_loopback (host) || !isdigit ((unsigned char)colon[1]) || *end != 0 || port == 0 ||
        port + 3 * PT_PEER_COUNT > 65535)
        return -PT_E_invalid;
    snprintf (out, SV_ENDPOINT_LEN, "tcp://%s:%lu", host, port + 3 * (unsigned)role + (unsigned)channel);
    return 0;
}

int sv_endpoint (const char *base, pt_peer_t role, sv_channel_t channel, char out[SV_ENDPOINT_LEN])
{
    static const char tcp[] = "tcp://";
    if (!sv_role_name (role))
        return -PT_E_invalid;
    const char *folder = sv_endpoint_folder (base);
    if (folder)
        return s_ipc (folder, role, channel, out);
    if (strncmp (base, tcp, sizeof tcp - 1) == 0)
        return s_tcp (base + sizeof tcp - 1, role, channel, out);
    return -PT_E_invalid;
}

/*  Subscriptions are never dropped: SUB and XSUB have no send limit.  A
    publisher that is full drops; a ROUTER says so instead of dropping. */
static int s_set_type_options (void *socket, int type)
{
    int none = 0, on = 1;
    switch (type) {
    case ZMQ_SUB:
    case ZMQ_XSUB:
        return zmq_setsockopt (socket, ZMQ_SNDHWM, &none, sizeof none);
    case ZMQ_XPUB:
        return zmq_setsockopt (socket, ZMQ_RCVHWM, &none, sizeof none);
    case ZMQ_ROUTER:
        return zmq_setsockopt (socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on);
    case ZMQ_DEALER:
        /*  Nothing is queued for a broker that is away: the sender learns it
            at once and the broker, when it returns, gets nothing stale. */
        return zmq_setsockopt (socket, ZMQ_IMMEDIATE, &on, sizeof on);
    default:
        return 0;
    }
}

/*  A cut way shows as silence.  Left alone, the kernel waits longer after each
    packet in vain, for a connection being made as for one that is up, and still
    waits long after the way is back: both are given up in time, and anew. */
static int s_set_options (void *socket, int type)
{
    static const struct {
        int option, value;
    } options[] = {
        {ZMQ_LINGER, 200},
        {ZMQ_SNDHWM, LIM_HWM},
        {ZMQ_RCVHWM, LIM_HWM},
        {ZMQ_HEARTBEAT_IVL, 2000},
        {ZMQ_HEARTBEAT_TIMEOUT, 6000},
        {ZMQ_HANDSHAKE_IVL, 6000},
        {ZMQ_CONNECT_TIMEOUT, LIM_CONNECT_MS},
        {ZMQ_TCP_MAXRT, LIM_HEARTBEAT_TTL_MS},
        {ZMQ_RECONNECT_IVL, 20},
        {ZMQ_RECONNECT_IVL_MAX, 500},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (zmq_setsockopt (socket, options[i].option, &options[i].value, sizeof (int)) != 0)
            return -PT_E_internal;
    int64_t max = LIM_FRAME;
    if (zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0 || s_set_type_options (socket, type) != 0)
        return -PT_E_internal;
    return 0;
}

zsock_t *sv_socket_new (int type)
{
    zsys_handler_set (NULL); /* signals are the daemon's business */
    zsock_t *self = zsock_new (type);
    if (self && s_set_options (zsock_resolve (self), type) != 0)
        zsock_destroy (&self);
    return self;
}

void sv_socket_skip (void *socket, zmq_msg_t *msg)
{
    while (sv_msg_more (msg))
        if (zmq_msg_recv (msg, socket, ZMQ_DONTWAIT) < 0)
            return;
}
