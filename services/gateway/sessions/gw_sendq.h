/*  gw_sendq - what one socket sends to one room, strictly in order.

    At most one array is on its way; what is sent meanwhile waits and goes
    together in the next.  Pure: no I/O, no clock.

    The rule that keeps a sender's messages in order: a send leaves the queue
    only when its outcome is certain (stored, or refused for good).  When an
    array fails with an open outcome (no answer in time, a part away) the client is
    told so at once, but the sends keep their place and the array is tried again
    from the first, under the same send_ids; nothing queued behind may
    overtake it, because a late copy of it could still be committed after
    that.  A client that sends again what still waits here is attached to it.

    Bounds: GW_SENDQ_BYTES of text in one array; the owner bounds number and
    bytes of all its queues. */

#ifndef GW_SENDQ_H
#define GW_SENDQ_H

#include "pt_message.h"

/*  One array stays below what one frame between daemons may hold. */
#define GW_SENDQ_BYTES (512 * 1024)

/*  An array with open outcome is tried again after this long, doubled up to
    the maximum. */
#define GW_SENDQ_RETRY_MS 200
#define GW_SENDQ_RETRY_MAX_MS 4000

typedef struct gw_sendq gw_sendq_t;

/*  Tells the client: `result` of the send it knows as `re`, or an error (< 0)
    that concerns it; with an error `result` may say why, or be NULL. */
typedef void (gw_sendq_fn) (void *arg, uint64_t re, const pt_send_result_t *result, int err);

/*  The client of a patient one is not told of open outcomes: it has no words to ask again with.
    NULL when out of memory. */
gw_sendq_t *gw_sendq_new (bool is_patient);
void gw_sendq_destroy (gw_sendq_t **self_p);

/*  Queues a send (copied), which the client wants answered by `due_ms`.
    0 or -PT_E_memory. */
PT_MUSTCHECK int gw_sendq_push (gw_sendq_t *self, uint64_t re, const pt_send_entry_t *entry, uint64_t due_ms);

/*  Whether it repeats a send that is still queued though its client has been
    answered: then a push takes no more memory. */
bool gw_sendq_is_known (const gw_sendq_t *self, const pt_send_entry_t *entry);

/*  The next array, at most `max` entries (borrowed until it is answered); 0
    when one is on its way, when it is too early to try again, or when nothing waits.
    Then done or failed must follow. */
uint32_t gw_sendq_begin (gw_sendq_t *self, pt_send_entry_t *out_entries, uint32_t max, uint64_t now_ms);

/*  The array was answered.  Results of another number than was sent count as
    a failure with `worker_lost`. */
void gw_sendq_done (gw_sendq_t *self, const pt_send_result_t *results, uint32_t count, uint64_t now_ms, gw_sendq_fn *fn,
                    void *arg);

/*  The array failed: for good, or with open outcome when `err` is transient. */
void gw_sendq_fail (gw_sendq_t *self, int err, uint64_t now_ms, gw_sendq_fn *fn, void *arg);

/*  Tells clients whose time is up that the outcome is open. */
void gw_sendq_expire (gw_sendq_t *self, uint64_t now_ms, gw_sendq_fn *fn, void *arg);

/*  Sends that wait or are on their way, and their bytes. */
uint32_t gw_sendq_count (const gw_sendq_t *self);
size_t gw_sendq_bytes (const gw_sendq_t *self);

#endif
