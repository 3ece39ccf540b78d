/*  gw_signal - what is told at addresses and kept nowhere: who listens here, and the
    events from the bus.

    The first listener of an address subscribes its topic, the last one unsubscribes
    it.  A signal is told once, however many brokers bring it and however often the
    request that caused it was sent.  It is a hint: one that was published before the
    brokers know of the subscription, or that one of them loses, is not heard.

    Bound: GW_SIGNALS addresses; further ones are `busy`.  Listeners are as many as
    their owners, the sockets. */

#ifndef GW_SIGNAL_H
#define GW_SIGNAL_H

#include "gw.h"

/*  Addresses with local listeners. */
#define GW_SIGNALS 65536

typedef struct gw_listener gw_listener_t;

/*  Somebody told something at the listener's address; `signal` is borrowed for the
    call.  The listener, and any other, may be destroyed from within; one that is made
    from within does not hear this signal.  Whether the owner may hear it (origin,
    revocation) is the owner's to judge. */
typedef void (gw_listener_fn) (void *arg, const pt_room_signal_t *signal);

/*  Takes the bus' events of topic `s`.  `seed` is random, so that nobody outside can
    choose addresses that meet.  NULL when out of memory. */
gw_signals_t *gw_signals_new (gw_t *gw, const uint64_t seed[2]);

/*  After the last listener is gone. */
void gw_signals_destroy (gw_signals_t **self_p);

/*  Listens at an address of 1 to LIM_ROOM_ADDRESS bytes, which are copied.  NULL with
    the reason in `*out_err`: busy, memory, invalid (no address). */
gw_listener_t *gw_listener_new (gw_signals_t *self, const char *address, size_t len, gw_listener_fn *fn, void *arg,
                                int *out_err);

/*  Accepts NULL. */
void gw_listener_destroy (gw_listener_t **self_p);

/*  Numbers a signal that is going to be sent with PT_OP_chat_signal, so that it is told
    once although the request may arrive twice. */
void gw_signal_number (gw_signals_t *self, pt_room_signal_t *signal);

/*  Sends a signal (chat_signal), numbered, to the chat that all signals of this address
    go to, so that they keep their order.  As sv_bus_call, whose id it returns: 0 with
    the reason in `*out_err`.  `fn` gets the answer. */
uint64_t gw_signal_send (gw_signals_t *self, pt_room_signal_t *signal, const char *trace, sv_reply_fn *fn, void *arg,
                         int *out_err);

/*  Addresses with listeners here. */
unsigned gw_signals_count (const gw_signals_t *self);

#endif
