/*  gw_signal - what is told at addresses and kept nowhere: who listens here, and the
    events from the bus. */

#include "gw_signal.h"
#include "gw_seen.h"
#include "sv_hash.h"
#include <stdlib.h>

#define TOPIC 's'

/*  Chains of addresses; a power of two.  At the bound each has four. */
#define S_CHAINS (GW_SIGNALS / 4)

/*  Later than that nobody wants to hear it. */
#define S_DEADLINE_MS 5000

/*  An address with listeners. */
typedef struct s_place {
    struct s_place *next; /* in its chain */
    gw_listener_t *first;
    struct s_place *later, *earlier; /* of those awaited */
    uint64_t since_ms;               /* it is awaited; 0: it is not */
    uint64_t call;                   /* a probe under way */
    bool is_proven;                  /* something was heard */
    uint32_t len;
    char address[];
} s_place_t;

struct gw_listener {
    gw_signals_t *signals;
    s_place_t *place;
    gw_listener_t *next, *prev; /* at the same address */
    gw_listener_fn *fn;
    gw_listener_ready_fn *ready; /* NULL: it does not wait */
    void *arg;
};

struct gw_signals {
    gw_t *gw;
    uint64_t seed[2];
    uint64_t number; /* of the last signal that was numbered */
    gw_seen_t seen;
    gw_listener_t *upcoming;           /* next one to be told of the signal at hand */
    s_place_t *awaited, *awaited_last; /* by listeners, oldest first */
    sv_timer_t *timer;                 /* runs while there are such */
    unsigned count;
    sv_metric_t *m_addresses, *m_told;
    s_place_t *chains[S_CHAINS];
};

/*  ---- addresses ------------------------------------------------------------------- */

/*  Where the address is in its chain, or where it would go. */
static s_place_t **s_find (gw_signals_t *self, pt_str_t address)
{
    s_place_t **at = &self->chains[sv_hash (self->seed, address.at, address.len) % S_CHAINS];
    while (*at && !pt_str_eq ((pt_str_t){(*at)->address, (*at)->len}, address))
        at = &(*at)->next;
    return at;
}

static int s_subscribe (gw_signals_t *self, pt_str_t address)
{
    uint8_t topic[PT_TOPIC_SIGNAL_MAX];
    size_t len = pt_topic_signal (topic, address);
    return sv_bus_subscribe (self->gw->bus, topic, len);
}

static void s_count (gw_signals_t *self, int change)
{
    self->count += change;
    sv_metric_set (self->m_addresses, self->count);
}

/*  Opens the address at the end of its chain. */
static int s_open (gw_signals_t *self, s_place_t **at, pt_str_t address)
{
    if (self->count == GW_SIGNALS)
        return -PT_E_busy;
    s_place_t *place = calloc (1, sizeof *place + address.len);
    if (!place)
        return -PT_E_memory;
    int err = s_subscribe (self, address);
    if (err) {
        free (place);
        return err;
    }
    place->len = address.len;
    memcpy (place->address, address.at, address.len);
    *at = place;
    s_count (self, 1);
    return 0;
}

/*  Nobody waits for the address any more. */
static void s_unlist (gw_signals_t *self, s_place_t *place)
{
    if (!place->since_ms)
        return;
    *(place->earlier ? &place->earlier->later : &self->awaited) = place->later;
    *(place->later ? &place->later->earlier : &self->awaited_last) = place->earlier;
    place->later = place->earlier = NULL;
    place->since_ms = 0;
    if (place->call)
        sv_bus_cancel (self->gw->bus, place->call);
    place->call = 0;
    if (!self->awaited)
        sv_timer_set (self->gw->loop, self->timer, 0, 0);
}

static void s_close (gw_signals_t *self, s_place_t *place)
{
    s_unlist (self, place);
    const pt_str_t address = {place->address, place->len};
    uint8_t topic[PT_TOPIC_SIGNAL_MAX];
    size_t len = pt_topic_signal (topic, address);
    sv_bus_unsubscribe (self->gw->bus, topic, len);
    *s_find (self, address) = place->next;
    free (place);
    s_count (self, -1);
}

unsigned gw_signals_count (const gw_signals_t *self)
{
    return self->count;
}

/*  ---- listeners ------------------------------------------------------------------- */

/*  In front of the others, so that who is told at this moment does not meet it. */
static void s_link (gw_listener_t *self, s_place_t *place)
{
    self->place = place;
    self->next = place->first;
    if (self->next)
        self->next->prev = self;
    place->first = self;
}

gw_listener_t *gw_listener_new (gw_signals_t *self, const char *address, size_t len, gw_listener_fn *fn, void *arg,
                                int *out_err)
{
    *out_err = len > 0 && len <= LIM_ROOM_ADDRESS ? -PT_E_memory : -PT_E_invalid;
    gw_listener_t *listener = *out_err == -PT_E_memory ? calloc (1, sizeof *listener) : NULL;
    if (!listener)
        return NULL;
    *listener = (gw_listener_t){.signals = self, .fn = fn, .arg = arg};
    const pt_str_t name = {address, (uint32_t)len};
    s_place_t **at = s_find (self, name);
    *out_err = *at ? 0 : s_open (self, at, name);
    if (*out_err) {
        free (listener);
        return NULL;
    }
    s_link (listener, *at);
    return listener;
}

void gw_listener_destroy (gw_listener_t **self_p)
{
    gw_listener_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->signals->upcoming == self)
        self->signals->upcoming = self->next;
    if (self->next)
        self->next->prev = self->prev;
    if (self->prev)
        self->prev->next = self->next;
    else
        self->place->first = self->next;
    if (!self->place->first)
        s_close (self->signals, self->place);
    free (self);
}

/*  ---- probes ---------------------------------------------------------------------- */

static void s_on_probed (void *arg, const sv_reply_t *reply)
{
    s_place_t *place = arg;
    (void)reply; /* it counts when it is heard */
    place->call = 0;
}

static void s_probe (gw_signals_t *self, s_place_t *place)
{
    pt_room_signal_t probe = {.address = {place->address, place->len}, .kind = PT_signal_PROBE};
    if (!place->call)
        place->call = gw_signal_send (self, &probe, NULL, s_on_probed, place, NULL);
}

static void s_list (gw_signals_t *self, s_place_t *place)
{
    if (!self->awaited)
        sv_timer_set (self->gw->loop, self->timer, GW_SIGNAL_PROBE_MS, GW_SIGNAL_PROBE_MS);
    place->since_ms = sv_now_ms ();
    place->earlier = self->awaited_last;
    *(self->awaited_last ? &self->awaited_last->later : &self->awaited) = place;
    self->awaited_last = place;
}

void gw_listener_await (gw_listener_t *self, gw_listener_ready_fn *fn)
{
    s_place_t *place = self->place;
    if (place->is_proven) {
        fn (self->arg);
        return;
    }
    self->ready = fn;
    if (place->since_ms)
        return;
    s_list (self->signals, place);
    s_probe (self->signals, place);
}

/*  Who waits is told; with the last listener the place may go. */
static void s_end_wait (gw_signals_t *self, s_place_t *place)
{
    s_unlist (self, place);
    for (gw_listener_t *listener = place->first; listener; listener = self->upcoming) {
        gw_listener_ready_fn *fn = listener->ready;
        self->upcoming = listener->next;
        listener->ready = NULL;
        if (fn)
            fn (listener->arg);
    }
}

void gw_signals_tick (gw_signals_t *self, uint64_t now_ms)
{
    while (self->awaited && now_ms >= self->awaited->since_ms + GW_SIGNAL_PROOF_MS)
        s_end_wait (self, self->awaited);
    for (s_place_t *place = self->awaited; place; place = place->later)
        s_probe (self, place);
}

static void s_on_tick (void *arg)
{
    gw_signals_tick (arg, sv_now_ms ());
}

/*  ---- signals --------------------------------------------------------------------- */

/*  An event comes once through each broker, and an unanswered call of a gateway is made
    again: what the gateway numbered is known by that, anything else as the event it is. */
static bool s_is_new (gw_signals_t *self, const sv_event_t *event)
{
    const pt_room_signal_t *signal = event->msg;
    if (signal->has_teller && signal->has_number)
        return gw_seen_is_new (&self->seen, signal->teller, signal->number);
    return gw_seen_is_new (&self->seen, event->generation, event->counter);
}

/*  Whatever is heard shows that the way is there. */
static void s_prove (gw_signals_t *self, pt_str_t address)
{
    s_place_t *place = *s_find (self, address);
    if (!place || place->is_proven)
        return;
    place->is_proven = true;
    s_end_wait (self, place);
}

static void s_on_event (void *arg, const sv_event_t *event)
{
    gw_signals_t *self = arg;
    if (event->opcode != PT_EV_room_signal)
        return;
    const pt_room_signal_t *signal = event->msg;
    s_prove (self, signal->address);
    const s_place_t *place = *s_find (self, signal->address); /* topics that begin like ours come too */
    if (!place || signal->kind == PT_signal_PROBE || !s_is_new (self, event))
        return;
    sv_metric_add (self->m_told, 1);
    for (gw_listener_t *listener = place->first; listener; listener = self->upcoming) {
        self->upcoming = listener->next;
        listener->fn (listener->arg, signal);
    }
}

void gw_signal_number (gw_signals_t *self, pt_room_signal_t *signal)
{
    signal->teller = sv_bus_generation (self->gw->bus);
    signal->has_teller = true;
    signal->number = ++self->number;
    signal->has_number = true;
}

uint64_t gw_signal_affinity (pt_str_t address)
{
    static const uint64_t everywhere[2] = {0}; /* all gateways send to the same chat */
    return sv_hash (everywhere, address.at, address.len);
}

uint64_t gw_signal_send (gw_signals_t *self, pt_room_signal_t *signal, const char *trace, sv_reply_fn *fn, void *arg,
                         int *out_err)
{
    if (signal->kind != PT_signal_PROBE) /* of which any will do: it would push others out of gw_seen's window */
        gw_signal_number (self, signal);
    const sv_call_t call = {.opcode = PT_OP_chat_signal,
                            .msg = signal,
                            .affinity = gw_signal_affinity (signal->address),
                            .deadline_ms = S_DEADLINE_MS,
                            .trace = trace};
    return sv_bus_call (self->gw->bus, &call, fn, arg, out_err);
}

/*  ---- life ------------------------------------------------------------------------- */

gw_signals_t *gw_signals_new (gw_t *gw, const uint64_t seed[2])
{
    gw_signals_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->gw = gw;
    self->timer = sv_loop_timer (gw->loop, GW_SIGNAL_PROBE_MS, 0, s_on_tick, self);
    if (!self->timer) {
        free (self);
        return NULL;
    }
    memcpy (self->seed, seed, sizeof self->seed);
    self->m_addresses = sv_metrics_gauge (gw->metrics, "parley_gateway_signal_addresses", NULL,
                                          "addresses with listeners to what is kept nowhere");
    self->m_told = sv_metrics_counter (gw->metrics, "parley_gateway_signals_total", NULL,
                                       "signals told to the listeners of their address");
    sv_bus_on_event (gw->bus, TOPIC, s_on_event, self);
    return self;
}

void gw_signals_destroy (gw_signals_t **self_p)
{
    gw_signals_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sv_bus_on_event (self->gw->bus, TOPIC, NULL, NULL);
    sv_timer_cancel (self->gw->loop, &self->timer);
    free (self);
}
