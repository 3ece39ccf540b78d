/*  chat_channel - the channels of this instance: what is sent to a name waits there for a receiver.

    A pure core: events and the time go in, the answers come out through `answered`, one for
    each event that asks.  A channel is first in, first out; each message goes to one receiver,
    the one that has waited longest, and never twice.  A repeat of a call that is known, or
    waits, has the outcome of the first and no other effect.

    What is kept is soft: it is gone with the process, and with its time.  At each of the
    maxima below a send or a receive is refused with `busy`. */

#ifndef CHAT_CHANNEL_H
#define CHAT_CHANNEL_H

#include "pt_error.h"
#include "pt_message.h"

typedef struct chat_channel chat_channel_t;

#define CHAT_CHANNEL_MESSAGES 100             /* of one channel */
#define CHAT_CHANNEL_KEPT_MS 60000            /* a message; older ones are dropped */
#define CHAT_CHANNELS 1024                    /* that hold a message */
#define CHAT_CHANNEL_BYTES (32 * 1024 * 1024) /* of all messages, those that may be asked for again among them */
#define CHAT_CHANNEL_RECEIVERS 128            /* that wait, repeats among them */
#define CHAT_CHANNEL_SWEEP_MS 1000            /* from one look for what is old to the next */

typedef enum {
    CHAT_CHANNEL_SEND,
    CHAT_CHANNEL_RECEIVE,
    CHAT_CHANNEL_TICK,
    CHAT_CHANNEL_DRAIN, /* nobody waits any longer: `draining` */
} chat_channel_kind_t;

/*  Of SEND and RECEIVE `ask` is what the answer names; `call` is the same for a call and its repeats. */
typedef struct {
    chat_channel_kind_t kind;
    void *ask;
    uint64_t call;
    pt_str_t channel;
    pt_str_t message; /* SEND: copied */
    uint64_t wait_ms; /* RECEIVE */
} chat_channel_event_t;

/*  The outcome of `ask`, exactly once, from within a step: 0 or a negative error; of a receive the
    message, borrowed for the call, or none (`at` is NULL).  Must not step. */
typedef void (chat_channel_fn) (void *ctx, void *ask, int err, pt_str_t message);

/*  `receivers`: how many may wait, CHAT_CHANNEL_RECEIVERS at most.  NULL when out of memory. */
chat_channel_t *chat_channel_new (unsigned receivers, chat_channel_fn *answered, void *ctx);

/*  Frees all without answering who waits. */
void chat_channel_destroy (chat_channel_t **self_p);

void chat_channel_step (chat_channel_t *self, const chat_channel_event_t *event, uint64_t now_ms);

/*  When the next TICK has something to do; 0: never, as it is. */
uint64_t chat_channel_due_ms (const chat_channel_t *self);

#endif
