/*  gw_signal - what is told at addresses and kept nowhere: who listens here, and the
    events from the bus.

    The first listener of an address subscribes its topic, the last one unsubscribes
    it.  A signal is told once, however many brokers bring it and however often the
    request that caused it was sent.  It is a hint: one that was published before the
    brokers and chat know of the subscription, or that one of them loses, is not heard.

    When a subscription is in place nobody says, so who has to know asks for a probe: a signal to oneself
    through chat, repeated until one comes back, whose way is that of all other signals of the address.

    Bounds: GW_SIGNALS addresses; further ones are `busy`.  Listeners are as many as
    their owners, the sockets.  Each address has one probe under way at most. */

#ifndef GW_SIGNAL_H
#define GW_SIGNAL_H

#include "gw.h"

/*  Addresses with local listeners. */
#define GW_SIGNALS 65536

/*  An address is probed so often, and no longer than that. */
#define GW_SIGNAL_PROBE_MS 50
#define GW_SIGNAL_PROOF_MS 3000

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

/*  Calls `fn` once, with the listener's `arg`: when it is known that what is told at the address from here
    on is heard, maybe at once from within; else after GW_SIGNAL_PROOF_MS, when something may be missed.
    `fn` may destroy listeners, its own too. */
typedef void (gw_listener_ready_fn) (void *arg);
void gw_listener_await (gw_listener_t *self, gw_listener_ready_fn *fn);

/*  Accepts NULL. */
void gw_listener_destroy (gw_listener_t **self_p);

/*  Numbers a signal that is going to be sent with PT_OP_chat_signal, so that it is told
    once although the request may arrive twice. */
void gw_signal_number (gw_signals_t *self, pt_room_signal_t *signal);

/*  Where all signals of an address go, so that they keep their order. */
uint64_t gw_signal_affinity (pt_str_t address);

/*  Sends a signal (chat_signal), numbered unless it is a probe, to the chat that all signals of this address
    go to.  As sv_bus_call, whose id it returns: 0 with
    the reason in `*out_err`.  `fn` gets the answer. */
uint64_t gw_signal_send (gw_signals_t *self, pt_room_signal_t *signal, const char *trace, sv_reply_fn *fn, void *arg,
                         int *out_err);

/*  What the timer calls, for tests with a clock of their own. */
void gw_signals_tick (gw_signals_t *self, uint64_t now_ms);

/*  Addresses with listeners here. */
unsigned gw_signals_count (const gw_signals_t *self);

#endif
