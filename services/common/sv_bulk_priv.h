/*  sv_bulk_priv - what the files of bulk streams share; for sv_bulk*.c alone.

        sv_bulk_stream.c  the rules of one stream (pure)
        sv_bulk_flow.c    streams of a socket: offered, joined, given, taken, ended
        sv_bulk.c         life, frames in and out, connections lost, time           */

#ifndef SV_BULK_PRIV_H
#define SV_BULK_PRIV_H

#include "pt_arena.h"
#include "pt_codec.h"
#include "sv_bulk.h"
#include "sv_bulk_stream.h"
#include <czmq.h>

#define SV_BULK_BUCKETS 256 /* of streams, by the low bits of their random ids */

/*  Routing ids that ROUTER makes have 5 bytes; a peer that names itself otherwise
    is not one of ours. */
#define SV_BULK_PEER 8

/*  Memory that decoding one bulk_end may take. */
#define SV_BULK_ARENA 65536

typedef struct {
    uint8_t len; /* 0: nobody */
    uint8_t id[SV_BULK_PEER];
} sv_bulk_peer_t;

struct sv_bulk_flow {
    sv_bulk_t *bulk;
    sv_bulk_flow_t *next, **link; /* in a bucket, or among the doomed */
    sv_bulk_stream_t stream;
    sv_bulk_peer_t peer; /* serving: who said HELLO */
    const sv_bulk_ops_t *ops;
    void *arg;
    int doom; /* why it failed; its owner is told at the next tick */
};

typedef struct {
    sv_metric_t *in, *out, *streams, *done, *aborted, *failed, *strange;
} sv_bulk_metrics_t;

struct sv_bulk {
    sv_bulk_config_t config;
    bool serves;
    char endpoint[LIM_ENDPOINT + 1];
    zsock_t *socket, *monitor;
    void *raw;
    sv_watch_t *watch, *monitor_watch;
    sv_timer_t *timer;
    uint64_t connect_by_ms; /* connecting: when it is given up; 0: it stands */
    uint64_t suspect_ms;    /* serving: a connection went; until then every peer is asked */
    bool is_lost;
    bool is_hurried; /* the timer is about to run */
    sv_bulk_flow_t *buckets[SV_BULK_BUCKETS];
    sv_bulk_flow_t *doomed;
    unsigned count;
    pt_codec_t *codec;
    pt_arena_t *arena;
    pt_buf_t scratch;
    sv_bulk_metrics_t metrics;
};

/*  sv_bulk.c: sends a frame to `peer` (ignored where we connected); consumes it.
    false when the peer is gone. */
bool sv_bulk_send (sv_bulk_t *self, const sv_bulk_peer_t *peer, zmq_msg_t *frame);

/*  A frame that is a head and, unless NULL, a bulk_end. */
bool sv_bulk_send_head (sv_bulk_t *self, const sv_bulk_peer_t *peer, const sv_bulk_head_t *head,
                        const pt_bulk_end_t *end);

/*  Has the timer run now; it goes on as long as there is something to watch. */
void sv_bulk_hurry (sv_bulk_t *self);

/*  sv_bulk_flow.c: the stream of an id that this peer may use (a HELLO makes it
    the peer's); NULL. */
sv_bulk_flow_t *sv_bulk_find (sv_bulk_t *self, const sv_bulk_head_t *head, const sv_bulk_peer_t *peer);

/*  A frame of this stream's; `frame` is moved away when the owner takes it. */
void sv_bulk_flow_heard (sv_bulk_flow_t *flow, const sv_bulk_head_t *head, zmq_msg_t *frame);

/*  Time passes for all streams; `is_asking`: each says where it stands whatever the time. */
void sv_bulk_flows_tick (sv_bulk_t *self, bool is_asking, uint64_t now_ms);

/*  Fails all of them; and tells the owners of those that failed. */
void sv_bulk_flows_doom (sv_bulk_t *self, int err);
void sv_bulk_flows_bury (sv_bulk_t *self);

/*  The first of a list, taken out of it; NULL. */
sv_bulk_flow_t *sv_bulk_flow_pop (sv_bulk_flow_t **head);

/*  Unlinks and frees. */
void sv_bulk_flow_free (sv_bulk_flow_t *flow);

#endif
