/*  sv_calls - the resend table, see sv_calls.h.

    Invariant: an entered call is WAITING (no broker has it, or the last refused
    it) or SENT (its `broker` has it), is in the wheel under the earlier of its
    deadline and its next try, and leaves the table exactly once: by answer,
    cancel, or `ended`. */

#include "sv_calls.h"
#include "sv_wheel.h"
#include <stdlib.h>

/*  While no broker can take a call, one is looked for this often. */
#define WAIT_MS 50

/*  Pause before a refused call is tried again: doubles from the first to the
    last. */
#define PAUSE_FIRST_MS 10
#define PAUSE_LAST_MS 1000

/*  A broker is given a little less time than the caller has, by a quarter but no
    more than this, so that its verdict, which knows more than our clock (nobody
    serves this; a worker died), is here before the time is up. */
#define MARGIN_MS 100

/*  Opcodes with a latency of their own; later ones share the last. */
#define STATS_MAX 64
#define BUCKETS 16 /* bucket b: below 2^b ms */
#define SAMPLES_MAX 1024

#define SLOT_BITS 13
_Static_assert((1 << SLOT_BITS) == LIM_CALLS, "ids hold a slot");

typedef enum { FREE, WAITING, SENT } state_t;

typedef struct {
    sv_wheel_node_t node; /* first: the wheel gives nodes back */
    uint64_t id;
    uint64_t affinity;
    uint64_t deadline_ms;
    uint64_t first_ms; /* when it was first sent */
    uint32_t next_free;
    uint16_t opcode;
    uint8_t state;
    uint8_t tries;
    uint8_t broker; /* that had it last; LIM_BROKERS when none */
} call_t;

typedef struct {
    uint16_t counts[BUCKETS];
    uint16_t total;
    uint16_t p99_ms;
} stat_t;

struct sv_calls {
    const sv_calls_ops_t *ops;
    void *ctx;
    uint64_t keys[LIM_BROKERS];
    unsigned broker_count;
    unsigned turn;  /* round robin */
    uint32_t takes; /* set of brokers that take calls */
    uint64_t next_serial;
    uint64_t resent;
    uint32_t free_slot;  /* LIM_CALLS: none */
    uint32_t used_slots; /* slots beyond were never touched */
    unsigned open;
    uint8_t stat_count;
    uint8_t stat_of[8 * 256]; /* opcode to stats[], plus one */
    stat_t stats[STATS_MAX];
    sv_wheel_t wheel;
    call_t calls[LIM_CALLS];
};

sv_calls_t *sv_calls_new (const uint64_t *keys, unsigned broker_count, uint64_t seed, const sv_calls_ops_t *ops,
                          void *ctx)
{
    if (broker_count > LIM_BROKERS)
        return NULL;
    sv_calls_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->ops = ops;
    self->ctx = ctx;
    self->broker_count = broker_count;
    for (unsigned i = 0; i < broker_count; i++)
        self->keys[i] = keys[i];
    self->next_serial = (seed >> 16) | 1;
    self->free_slot = LIM_CALLS;
    sv_wheel_init (&self->wheel);
    return self;
}

void sv_calls_destroy (sv_calls_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free (*self_p);
    *self_p = NULL;
}

/*  ---- latency -------------------------------------------------------------- */

static unsigned s_opcode_index (uint16_t opcode)
{
    return opcode & (8 * 256 - 1);
}

static stat_t *s_stat (sv_calls_t *self, uint16_t opcode)
{
    uint8_t *index = &self->stat_of[s_opcode_index (opcode)];
    if (*index == 0) {
        if (self->stat_count < STATS_MAX)
            self->stat_count++;
        *index = self->stat_count;
    }
    return &self->stats[*index - 1];
}

static void s_halve (stat_t *stat)
{
    stat->total = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        stat->counts[i] /= 2;
        stat->total = (uint16_t)(stat->total + stat->counts[i]);
    }
}

static void s_note_latency (stat_t *stat, uint64_t ms)
{
    unsigned bucket = ms == 0 ? 0 : 64 - (unsigned)__builtin_clzll (ms);
    stat->counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    if (++stat->total >= SAMPLES_MAX)
        s_halve (stat);
    unsigned above = 0, allowed = stat->total / 100, at = BUCKETS - 1;
    while (at > 0 && above + stat->counts[at] <= allowed)
        above += stat->counts[at--];
    stat->p99_ms = (uint16_t)(1u << at);
}

uint32_t sv_calls_patience_ms (const sv_calls_t *self, uint16_t opcode)
{
    unsigned index = self->stat_of[s_opcode_index (opcode)];
    uint32_t ms = index ? 3u * self->stats[index - 1].p99_ms : 0;
    if (ms < LIM_RESEND_MIN_MS)
        return LIM_RESEND_MIN_MS;
    return ms < LIM_RESEND_MAX_MS ? ms : LIM_RESEND_MAX_MS;
}

/*  ---- choice of a broker ------------------------------------------------------ */

uint64_t sv_rendezvous (uint64_t key, uint64_t node)
{
    uint64_t x = key * 0x9e3779b97f4a7c15u ^ node;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static unsigned s_choose_by_key (const sv_calls_t *self, uint32_t among, uint64_t key)
{
    unsigned best = LIM_BROKERS;
    uint64_t best_weight = 0;
    for (unsigned i = 0; i < self->broker_count; i++) {
        uint64_t weight = sv_rendezvous (key, self->keys[i]);
        if ((among >> i & 1) && (best == LIM_BROKERS || weight > best_weight)) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

static unsigned s_choose_in_turn (sv_calls_t *self, uint32_t among)
{
    for (unsigned i = 0; i < self->broker_count; i++) {
        unsigned broker = self->turn++ % self->broker_count;
        if (among >> broker & 1)
            return broker;
    }
    return LIM_BROKERS;
}

/*  Any of `among`, but the one that had the call last only when it is alone. */
static unsigned s_choose (sv_calls_t *self, const call_t *call, uint32_t among)
{
    uint32_t others = call->broker < LIM_BROKERS ? among & ~(1u << call->broker) : among;
    if (others)
        among = others;
    return call->affinity ? s_choose_by_key (self, among, call->affinity) : s_choose_in_turn (self, among);
}

/*  ---- one call ------------------------------------------------------------------ */

static void s_release (sv_calls_t *self, call_t *call)
{
    uint32_t slot = (uint32_t)(call - self->calls);
    sv_wheel_unset (&self->wheel, &call->node);
    call->id = 0;
    call->state = FREE;
    call->next_free = self->free_slot;
    self->free_slot = slot;
    self->open--;
}

static void s_end (sv_calls_t *self, call_t *call, int err)
{
    s_release (self, call);
    self->ops->ended (self->ctx, (uint32_t)(call - self->calls), err);
}

static void s_look_again (sv_calls_t *self, call_t *call, uint64_t at_ms, uint64_t now_ms)
{
    uint64_t due = at_ms < call->deadline_ms ? at_ms : call->deadline_ms;
    sv_wheel_set (&self->wheel, &call->node, due > now_ms ? due : now_ms + 1, now_ms);
}

static void s_wait (sv_calls_t *self, call_t *call, uint64_t ms, uint64_t now_ms)
{
    call->state = WAITING;
    s_look_again (self, call, now_ms + ms, now_ms);
}

static void s_note_sent (sv_calls_t *self, call_t *call, unsigned broker, uint64_t now_ms)
{
    uint64_t patience = (uint64_t)sv_calls_patience_ms (self, call->opcode) << call->tries;
    if (call->tries++ == 0)
        call->first_ms = now_ms;
    else
        self->resent++;
    call->state = SENT;
    call->broker = (uint8_t)broker;
    s_look_again (self, call, now_ms + patience, now_ms);
}

static uint32_t s_remaining_ms (const call_t *call, uint64_t now_ms)
{
    uint64_t left_ms = call->deadline_ms - now_ms;
    return (uint32_t)(left_ms - (left_ms / 4 < MARGIN_MS ? left_ms / 4 : MARGIN_MS));
}

/*  Sends to one of `among`, or to the next when that one can't take it. */
static bool s_try (sv_calls_t *self, call_t *call, uint32_t among, uint64_t now_ms)
{
    uint32_t slot = (uint32_t)(call - self->calls);
    while (among && now_ms < call->deadline_ms && call->tries < LIM_RESENDS) {
        unsigned broker = s_choose (self, call, among);
        if (self->ops->send (self->ctx, slot, call->id, broker, s_remaining_ms (call, now_ms))) {
            s_note_sent (self, call, broker, now_ms);
            return true;
        }
        among &= ~(1u << broker);
    }
    return false;
}

static void s_dispatch (sv_calls_t *self, call_t *call, uint64_t now_ms)
{
    if (!s_try (self, call, self->takes, now_ms))
        s_wait (self, call, WAIT_MS, now_ms);
}

uint64_t sv_calls_enter (sv_calls_t *self, const sv_calls_ask_t *ask, uint64_t now_ms)
{
    uint32_t slot = self->free_slot;
    if (slot < LIM_CALLS)
        self->free_slot = self->calls[slot].next_free;
    else if (self->used_slots < LIM_CALLS)
        slot = self->used_slots++;
    else
        return 0;
    uint32_t deadline_ms = ask->deadline_ms < LIM_DEADLINE_MS ? ask->deadline_ms : LIM_DEADLINE_MS;
    call_t *call = &self->calls[slot];
    *call = (call_t){
        .id = self->next_serial++ << SLOT_BITS | slot,
        .affinity = ask->affinity,
        .deadline_ms = now_ms + deadline_ms,
        .opcode = ask->opcode,
        .state = WAITING,
        .broker = LIM_BROKERS,
    };
    self->open++;
    return call->id;
}

void sv_calls_start (sv_calls_t *self, uint64_t id, uint64_t now_ms)
{
    int32_t slot = sv_calls_slot (self, id);
    if (slot >= 0)
        s_dispatch (self, &self->calls[slot], now_ms);
}

int32_t sv_calls_slot (const sv_calls_t *self, uint64_t id)
{
    uint32_t slot = id & (LIM_CALLS - 1);
    return id != 0 && self->calls[slot].id == id ? (int32_t)slot : -1;
}

int32_t sv_calls_answer (sv_calls_t *self, uint64_t id, uint64_t now_ms)
{
    int32_t slot = sv_calls_slot (self, id);
    if (slot < 0)
        return -1;
    call_t *call = &self->calls[slot];
    if (call->tries > 0)
        s_note_latency (s_stat (self, call->opcode), now_ms - call->first_ms);
    s_release (self, call);
    return slot;
}

int32_t sv_calls_cancel (sv_calls_t *self, uint64_t id)
{
    int32_t slot = sv_calls_slot (self, id);
    if (slot >= 0)
        s_release (self, &self->calls[slot]);
    return slot;
}

/*  ---- events ---------------------------------------------------------------------- */

static uint64_t s_pause_ms (const call_t *call)
{
    uint64_t ms = (uint64_t)PAUSE_FIRST_MS << (call->tries - 1);
    if (ms > PAUSE_LAST_MS)
        ms = PAUSE_LAST_MS;
    return ms + sv_rendezvous (call->id, call->tries) % (ms / 2 + 1); /* not all at one moment */
}

static void s_on_refused (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms)
{
    int32_t slot = sv_calls_slot (self, event->id);
    if (slot < 0 || self->calls[slot].state != SENT || self->calls[slot].broker != event->broker)
        return; /* another broker has it by now */
    call_t *call = &self->calls[slot];
    uint32_t others = self->takes & ~(1u << call->broker);
    if (call->tries < self->broker_count && s_try (self, call, others, now_ms))
        return;
    uint64_t pause_ms = s_pause_ms (call);
    if (call->tries >= LIM_RESENDS || now_ms + pause_ms + MARGIN_MS >= call->deadline_ms)
        s_end (self, call, event->err);
    else
        s_wait (self, call, pause_ms, now_ms);
}

/*  Sends anew what waits, and what `broker` had and lost. */
static void s_resend (sv_calls_t *self, unsigned broker, uint64_t now_ms)
{
    for (uint32_t i = 0; i < self->used_slots; i++) {
        call_t *call = &self->calls[i];
        if (call->state == WAITING || (call->state == SENT && call->broker == broker))
            s_dispatch (self, call, now_ms);
    }
}

static void s_on_up (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms)
{
    self->takes |= 1u << event->broker;
    s_resend (self, event->broker, now_ms);
}

static void s_on_down (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms)
{
    self->takes &= ~(1u << event->broker);
    s_resend (self, event->broker, now_ms);
}

static void s_on_leaving (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms)
{
    (void)now_ms;
    self->takes &= ~(1u << event->broker);
}

/*  What is to be done with a call whose patience or pause ended. */
static void s_look (sv_calls_t *self, call_t *call, uint64_t now_ms)
{
    if (now_ms >= call->deadline_ms)
        s_end (self, call, call->tries ? -PT_E_deadline : -PT_E_unavailable);
    else if (call->state == WAITING)
        s_dispatch (self, call, now_ms);
    else if (!s_try (self, call, self->takes & ~(1u << call->broker), now_ms))
        s_look_again (self, call, now_ms + sv_calls_patience_ms (self, call->opcode), now_ms);
}

static void s_on_tick (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms)
{
    (void)event;
    sv_wheel_node_t *node;
    while ((node = sv_wheel_pop (&self->wheel, now_ms)))
        s_look (self, (call_t *)node, now_ms);
}

void sv_calls_step (sv_calls_t *self, const sv_calls_event_t *event, uint64_t now_ms)
{
    static void (*const steps[]) (sv_calls_t *, const sv_calls_event_t *, uint64_t) = {
        [SV_CALLS_REFUSED] = s_on_refused, [SV_CALLS_UP] = s_on_up,     [SV_CALLS_DOWN] = s_on_down,
        [SV_CALLS_LEAVING] = s_on_leaving, [SV_CALLS_TICK] = s_on_tick,
    };
    if (event->broker < self->broker_count || event->kind == SV_CALLS_TICK)
        steps[event->kind](self, event, now_ms);
}

uint64_t sv_calls_id (const sv_calls_t *self, uint32_t slot)
{
    return slot < LIM_CALLS ? self->calls[slot].id : 0;
}

unsigned sv_calls_open (const sv_calls_t *self)
{
    return self->open;
}

uint64_t sv_calls_resent (const sv_calls_t *self)
{
    return self->resent;
}
