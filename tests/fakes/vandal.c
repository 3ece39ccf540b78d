/*  vandal - throws what no peer of ours would send at every endpoint of every
    broker: random bytes, msgpack bombs, envelopes with garbage behind them,
    workers that claim another role's service, topics a role may not publish.

    usage: vandal BASE[,BASE...] FRAMES */

#include "pt_codec.h"
#include "pt_envelope.h"
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

typedef struct {
    void *zmq;
    uint64_t seed;
    unsigned long sent;
} vandal_t;

static uint64_t s_random (vandal_t *self)
{
    self->seed = self->seed * 6364136223846793005u + 1442695040888963407u;
    return self->seed >> 33;
}

static void *s_open (vandal_t *self, int type, const char *base, const char *role, const char *kind)
{
    char endpoint[256];
    snprintf (endpoint, sizeof endpoint, "%s/%s.%s", base, role, kind);
    void *socket = zmq_socket (self->zmq, type);
    int linger = 2000, timeout = 2000;
    zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    if (zmq_connect (socket, endpoint) != 0)
        fprintf (stderr, "vandal: %s: %s\n", endpoint, zmq_strerror (zmq_errno ()));
    return socket;
}

static void s_send (vandal_t *self, void *socket, const void *bytes, size_t len, int more)
{
    if (zmq_send (socket, bytes, len, more ? ZMQ_SNDMORE : 0) >= 0)
        self->sent++;
}

static size_t s_noise (vandal_t *self, uint8_t *out, size_t max)
{
    size_t len = s_random (self) % max;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)s_random (self);
    return len;
}

/*  A well-formed envelope of any kind to any service, mostly senseless. */
static size_t s_envelope (vandal_t *self, uint8_t *out)
{
    const pt_call_t *call = NULL;
    while (!call)
        call = pt_call_at (s_random (self) % 64);
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = (uint8_t)(1 + s_random (self) % 7),
                              .service = (uint8_t)(s_random (self) % 8),
                              .opcode = call->opcode,
                              .correlation = s_random (self),
                              .deadline_ms = 200,
                              .affinity = s_random (self) % 3,
                              .status = (uint16_t)(s_random (self) % 3)};
    return pt_envelope_encode (&envelope, out);
}

static void s_attack_requests (vandal_t *self, const char *base, const char *role, unsigned frames)
{
    static const char *const bombs[] = {
        "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff",
        "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"};
    uint8_t head[LIM_ENVELOPE], noise[512];
    void *socket = s_open (self, ZMQ_DEALER, base, role, "req");
    for (unsigned i = 0; i < frames; i++) {
        size_t head_len = i % 3 ? s_envelope (self, head) : s_noise (self, head, sizeof head);
        s_send (self, socket, head, head_len, 1);
        if (i % 2) {
            const char *bomb = bombs[s_random (self) % 4];
            s_send (self, socket, bomb, strlen (bomb), i % 5 == 0);
        } else
            s_send (self, socket, noise, s_noise (self, noise, sizeof noise), i % 5 == 0);
        if (i % 5 == 0)
            s_send (self, socket, "", 0, 0);
    }
    zmq_close (socket);
}

/*  Says READY with credit on a socket of a role that serves nothing, and on
    one that serves something else. */
static void s_claim_worker (vandal_t *self, const char *base, const char *role, uint8_t service)
{
    uint8_t head[LIM_ENVELOPE];
    pt_buf_t body;
    pt_buf_init (&body, 256);
    pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_READY, .service = service};
    pt_presence_t presence = {.generation = 1 + s_random (self), .credit = 64, .interval_ms = 1000, .ttl_ms = 3000};
    if (pt_encode (&body, PT_MSG_presence, &presence) == 0) {
        void *socket = s_open (self, ZMQ_DEALER, base, role, "req");
        s_send (self, socket, head, pt_envelope_encode (&envelope, head), 1);
        s_send (self, socket, body.at, body.len, 0);
        zmq_close (socket);
    }
    pt_buf_fini (&body);
}

static void s_attack_events (vandal_t *self, const char *base, const char *role, unsigned frames)
{
    uint8_t noise[256], head[LIM_ENVELOPE];
    void *socket = s_open (self, ZMQ_PUB, base, role, "pub");
    void *raw = s_open (self, ZMQ_DEALER, base, role, "pub");
    for (unsigned i = 0; i < frames; i++) {
        noise[0] = i % 2 ? 'r' : (uint8_t)s_random (self);
        size_t len = 1 + s_noise (self, noise + 1, sizeof noise - 1);
        s_send (self, socket, noise, len, 1);
        s_send (self, socket, head, s_envelope (self, head), i % 7 != 0);
        if (i % 7 != 0)
            s_send (self, socket, noise, len, 0);
    }
    zmq_close (raw);
    zmq_close (socket);
    void *subscriber = s_open (self, ZMQ_SUB, base, role, "sub");
    zmq_setsockopt (subscriber, ZMQ_SUBSCRIBE, "", 0);
    zmq_setsockopt (subscriber, ZMQ_SUBSCRIBE, "\xff\xff", 2);
    zmq_close (subscriber);
}

int main (int argc, char **argv)
{
    if (argc != 3) {
        fprintf (stderr, "usage: vandal BASE[,BASE...] FRAMES\n");
        return 2;
    }
    vandal_t self = {.zmq = zmq_ctx_new (), .seed = 20260101};
    unsigned frames = (unsigned)strtoul (argv[2], NULL, 10);
    char *rest = argv[1];
    for (char *base = strtok_r (rest, ",", &rest); base; base = strtok_r (rest, ",", &rest))
        for (int role = 1; role < PT_PEER_COUNT; role++) {
            const char *name = pt_peer_rule ((pt_peer_t)role)->name;
            s_attack_requests (&self, base, name, frames);
            s_attack_events (&self, base, name, frames);
            for (uint8_t service = 1; service < PT_SERVICE_COUNT; service++)
                if (service != (uint8_t)pt_peer_rule ((pt_peer_t)role)->serves)
                    s_claim_worker (&self, base, name, service);
        }
    zmq_ctx_term (self.zmq);
    printf ("%lu frames\n", self.sent);
    return 0;
}
