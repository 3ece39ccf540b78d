/*  gw_bulk - bytes of requests on their way to and from the replicas of drive.

    One connection a replica, made when a grant first names it, closed when it has
    been idle for GW_BULK_IDLE_MS.  A transfer belongs to one request.  Its speed is
    the client's: a download holds at most one window and goes on as the socket
    takes it, an upload reads the socket as the replica grants.  A transfer has no
    patience of its own: how long a client may stand still is the request's to
    decide, which then cancels.

    Nothing blocks; everything runs on the loop's thread. */

#ifndef GW_BULK_H
#define GW_BULK_H

#include "sv_bulk.h"

typedef struct gw_bulk gw_bulk_t;
typedef struct gw_transfer gw_transfer_t;

/*  Connections to replicas at one time; at the limit `busy`, and those that are idle
    are closed at once. */
#define GW_BULK_REPLICAS 64

#define GW_BULK_IDLE_MS 60000

/*  Bytes of a slow client go on after this long, however few they are. */
#define GW_BULK_FLUSH_MS 250

/*  The most that one gw_transfer_put may bring. */
#define GW_BULK_PUT (64 * 1024)

/*  What a request is told; from the loop, never from within its own calls. */
typedef struct {
    /*  Download: bytes are there to be had.  Upload: gw_transfer_wants holds again. */
    void (*ready) (void *arg);

    /*  The transfer is over and no more to be touched; once at most, and not after
        cancel.  Download: 0 when the last byte has been eaten, else it was cut
        short and the answer must not end as if it was whole.  Upload: 0 and the
        replica's word; else what went wrong: -PT_E_worker_lost, -PT_E_deadline,
        -PT_E_malformed, or the replica's refusal.  `end` is borrowed. */
    void (*ended) (void *arg, int status, const pt_bulk_end_t *end);
} gw_transfer_ops_t;

/*  NULL when out of memory.  `config` is copied. */
gw_bulk_t *gw_bulk_new (const sv_bulk_config_t *config);

/*  Cancels what is left without telling; accepts NULL. */
void gw_bulk_destroy (gw_bulk_t **self_p);

/*  Transfers under way; connections to replicas. */
unsigned gw_bulk_transfers (const gw_bulk_t *self);
unsigned gw_bulk_replicas (const gw_bulk_t *self);

/*  Takes up the stream of a grant; the grant is not kept, `ops` is borrowed.  NULL
    and the reason in `*out_err`: -PT_E_busy (LIM_BULK_STREAMS, GW_BULK_REPLICAS),
    -PT_E_unavailable (the grant names no endpoint we may go to), -PT_E_memory. */
gw_transfer_t *gw_bulk_download (gw_bulk_t *self, const pt_bulk_grant_t *grant, const gw_transfer_ops_t *ops, void *arg,
                                 int *out_err);
gw_transfer_t *gw_bulk_upload (gw_bulk_t *self, const pt_bulk_grant_t *grant, const gw_transfer_ops_t *ops, void *arg,
                               int *out_err);

/*  Download: the bytes that are next, in one piece; NULL and 0 when none are there
    yet.  Valid until eat or cancel, and until the loop's next turn. */
const uint8_t *gw_transfer_peek (gw_transfer_t *self, size_t *out_len);

/*  Download: `len` of those bytes have left for the client. */
void gw_transfer_eat (gw_transfer_t *self, size_t len);

/*  Upload: whether GW_BULK_PUT more bytes can be put.  When not, stop reading the
    client until `ready`. */
bool gw_transfer_wants (const gw_transfer_t *self);

/*  Upload: the client's next bytes, copied.  At most GW_BULK_PUT, and only while
    it wants: else -PT_E_too_large and nothing is taken.  -PT_E_memory ends nothing:
    cancel.  0 also when the stream failed meanwhile: `ended` tells. */
PT_MUSTCHECK int gw_transfer_put (gw_transfer_t *self, const void *bytes, size_t len);

/*  Upload: that was all; `ended` will bring the replica's word, which may take as
    long as the replica looks at the content. */
void gw_transfer_last (gw_transfer_t *self);

/*  Bytes given or eaten so far. */
uint64_t gw_transfer_passed (const gw_transfer_t *self);

/*  The client is gone, or is to be refused: the replica is told (either sign).
    Accepts NULL. */
void gw_transfer_cancel (gw_transfer_t **self_p, int err);

#endif
