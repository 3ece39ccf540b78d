/*  ld_outbox - what one client sends to one room, in the order of its
    application.  Pure: no I/O, the time is given.

    At most `window` sends are in flight.  A send leaves only when its outcome is
    certain.  One whose outcome is unknown is sent again before anything behind
    it that is not in flight yet: what is in flight behind it may stay there,
    because the gateway lets nothing overtake a send with open outcome.  After
    the socket is lost everything starts again from the oldest. */

#ifndef LD_OUTBOX_H
#define LD_OUTBOX_H

#include "pt_message.h"

/*  Sends that wait or are in flight; a further one is refused. */
#define LD_OUTBOX_MAX 64
#define LD_WINDOW_MAX 16

/*  An unknown outcome is tried again after this long, doubled up to the maximum. */
#define LD_RETRY_US 50000
#define LD_RETRY_MAX_US 800000

typedef enum { LD_WAITING, LD_FLYING, LD_UNKNOWN, LD_SETTLED } ld_send_state_t;

typedef struct {
    uint64_t number;   /* the sender's counter: its send_id and its body */
    uint64_t first_us; /* first try; 0 before */
    uint64_t due_us;   /* UNKNOWN: not again before */
    uint32_t mark;     /* the mark it was begun after */
    uint32_t re;       /* FLYING: the request */
    uint32_t tries;
    ld_send_state_t state;
} ld_send_t;

typedef struct {
    ld_send_t *ring; /* LD_OUTBOX_MAX, made at the first add */
    uint32_t first, count;
    uint32_t window, flying;
} ld_outbox_t;

typedef enum { LD_STORED, LD_REFUSED, LD_OPEN } ld_outcome_t;

/*  Embedded object: init does not allocate; window is cut to 1..LD_WINDOW_MAX. */
void ld_outbox_init (ld_outbox_t *self, uint32_t window);
void ld_outbox_fini (ld_outbox_t *self);

/*  Queues a send.  0, -PT_E_busy when full, -PT_E_memory. */
PT_MUSTCHECK int ld_outbox_add (ld_outbox_t *self, uint64_t number, uint32_t mark);

/*  The next send to put on the wire, which is in flight as `re` from then on;
    NULL when nothing may go (window, order, or not yet).  Valid until the next
    call. */
const ld_send_t *ld_outbox_next (ld_outbox_t *self, uint32_t re, uint64_t now_us);

/*  The outcome of `re`.  False when nothing is in flight under it; else the send
    as it was is in `*out`. */
bool ld_outbox_settle (ld_outbox_t *self, uint32_t re, ld_outcome_t outcome, uint64_t now_us, ld_send_t *out);

/*  The socket is lost: gives each send that was in flight to `fn`, in order;
    they wait again. */
typedef void (ld_outbox_fn) (void *arg, const ld_send_t *send);
void ld_outbox_lose (ld_outbox_t *self, ld_outbox_fn *fn, void *arg);

/*  The same where nothing may be sent twice: what was in flight leaves. */
void ld_outbox_drop (ld_outbox_t *self, ld_outbox_fn *fn, void *arg);

/*  When the oldest that is in flight was first sent; 0 when nothing is. */
uint64_t ld_outbox_oldest (const ld_outbox_t *self);

/*  When ld_outbox_next may have something though nothing else happens:
    UINT64_MAX for never. */
uint64_t ld_outbox_due (const ld_outbox_t *self);

#endif
