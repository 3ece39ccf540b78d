/*  fuzz_broker - frames from clients and workers into the routing core, in any
    order and state, with connections that break and queues that fill.

    Books are kept beside it: every request taken gets one answer unless its
    client is gone; a worker never has more than the credit it announced, nor two
    requests under one number, nor one of another service; every body is freed
    once.  At the end all is well again and nothing may be left open.
    Covers: services/broker/broker_core.c services/broker/broker_route.c services/broker/broker_peers.c
            services/broker/broker_requests.c */

#include "broker_core.h"
#include "fuzz.h"

enum { S_PEERS = 10, S_ASKED = 256, S_HELD = 300, S_EVENTS = 500, S_GENERATIONS = 3 };

/*  Peer `i` comes through the endpoint of this role. */
static const pt_peer_t s_roles[S_PEERS] = {
    PT_PEER_gateway, PT_PEER_gateway, PT_PEER_operator, PT_PEER_auth,  PT_PEER_chat,
    PT_PEER_chat,    PT_PEER_chat,    PT_PEER_store,    PT_PEER_store, PT_PEER_drive,
};

typedef struct {
    bool is_known, is_gone, is_full;
    uint64_t generation;
    uint32_t credit;
    uint64_t held[S_HELD];
    uint32_t held_count;
} s_peer_t;

typedef struct {
    uint8_t owner;
    bool is_void; /* its client left, or could not be reached with the answer */
    unsigned outcomes;
} s_asked_t;

typedef struct {
    broker_core_t *core;
    uint64_t now_ms;
    s_peer_t peers[S_PEERS];
    s_asked_t asked[S_ASKED];
    unsigned asked_count;
    int bodies;
} s_books_t;

static void *s_body (s_books_t *self)
{
    void *body = malloc (1);
    fuzz_must (body != NULL);
    self->bodies++;
    return body;
}

static unsigned s_index (const broker_addr_t *addr)
{
    uint8_t i = *(const uint8_t *)addr->id;
    fuzz_must (addr->id_len == 1 && i < S_PEERS && addr->role == s_roles[i]);
    return i;
}

static void s_on_outcome (s_books_t *self, unsigned peer, uint64_t correlation)
{
    fuzz_must (correlation >= 1 && correlation <= self->asked_count);
    s_asked_t *asked = &self->asked[correlation - 1];
    fuzz_must (asked->owner == peer && asked->outcomes++ == 0);
}

static void s_on_request (s_peer_t *peer, unsigned i, const pt_envelope_t *envelope)
{
    fuzz_must (envelope->service == pt_peer_rule (s_roles[i])->serves);
    fuzz_must (envelope->deadline_ms >= 1 && envelope->deadline_ms <= LIM_DEADLINE_MS);
    fuzz_must (peer->held_count < peer->credit && peer->held_count < S_HELD);
    for (uint32_t k = 0; k < peer->held_count; k++)
        fuzz_must (peer->held[k] != envelope->correlation);
    peer->held[peer->held_count++] = envelope->correlation;
}

static int s_send (void *ctx, const broker_addr_t *to, const pt_envelope_t *envelope, void *body)
{
    s_books_t *self = ctx;
    unsigned i = s_index (to);
    s_peer_t *peer = &self->peers[i];
    if (peer->is_gone || peer->is_full) {
        if (envelope->kind == PT_KIND_REPLY)
            self->asked[envelope->correlation - 1].is_void = true;
        return peer->is_gone ? -PT_E_unavailable : -PT_E_busy;
    }
    if (envelope->kind == PT_KIND_REPLY)
        s_on_outcome (self, i, envelope->correlation);
    else if (envelope->kind == PT_KIND_REQUEST)
        s_on_request (peer, i, envelope);
    self->bodies -= body != NULL;
    free (body);
    return 0;
}

static void s_discard (void *ctx, void *body)
{
    ((s_books_t *)ctx)->bodies--;
    free (body);
}

static void s_query (void *ctx, const broker_addr_t *from, const pt_envelope_t *request, const void *body)
{
    (void)body;
    s_on_outcome (ctx, s_index (from), request->correlation);
}

static void s_note (void *ctx, broker_note_t note, const broker_addr_t *addr)
{
    s_books_t *self = ctx;
    if (note != BROKER_NOTE_JOINED && note != BROKER_NOTE_LEFT && note != BROKER_NOTE_LOST)
        return;
    unsigned i = s_index (addr);
    self->peers[i].is_known = note == BROKER_NOTE_JOINED;
    self->peers[i].held_count = 0;
    for (unsigned k = 0; note != BROKER_NOTE_JOINED && k < self->asked_count; k++)
        if (self->asked[k].owner == i && self->asked[k].outcomes == 0)
            self->asked[k].is_void = true;
}

static void s_step (s_books_t *self, broker_kind_t kind, uint8_t i, const pt_envelope_t *envelope,
                    const pt_presence_t *presence, void *body)
{
    broker_event_t event = {.kind = kind,
                            .from = {.role = s_roles[i], .id = &i, .id_len = 1},
                            .envelope = envelope,
                            .presence = presence,
                            .body = body};
    broker_core_step (self->core, &event, self->now_ms);
}

static void s_presence (s_books_t *self, broker_kind_t kind, uint8_t i, unsigned service, uint32_t credit,
                        uint64_t generation)
{
    static const uint8_t kinds[] = {
        [BROKER_READY] = PT_KIND_READY, [BROKER_HEARTBEAT] = PT_KIND_HEARTBEAT, [BROKER_CREDIT] = PT_KIND_CREDIT};
    s_peer_t *peer = &self->peers[i];
    pt_envelope_t envelope = {.version = PT_VERSION, .kind = kinds[kind], .service = (uint8_t)service};
    pt_presence_t presence = {
        .generation = generation, .credit = credit, .interval_ms = LIM_HEARTBEAT_MS, .ttl_ms = LIM_HEARTBEAT_TTL_MS};
    if (kind == BROKER_READY || (peer->is_known && peer->generation == generation)) {
        peer->generation = generation;
        peer->credit = credit;
    }
    s_step (self, kind, i, &envelope, &presence, NULL);
}

static void s_ask (s_books_t *self, uint8_t i, fuzz_input_t *in)
{
    static const uint16_t opcodes[] = {
        PT_OP_chat_send, PT_OP_chat_history, PT_OP_auth_keys, PT_OP_store_append, PT_OP_broker_state, 0x7f01, 0x0201};
    uint8_t shape = fuzz_u8 (in);
    uint16_t opcode = opcodes[shape % 7];
    if (self->asked_count == S_ASKED)
        return;
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = PT_KIND_REQUEST,
                              .service = (uint8_t)(shape > 0xf0 ? shape : opcode >> 8),
                              .opcode = opcode,
                              .correlation = ++self->asked_count,
                              .deadline_ms = (uint32_t)fuzz_bits (in, 2),
                              .affinity = fuzz_u8 (in) % 4};
    /*  Of a peer that is not known nothing is taken. */
    self->asked[self->asked_count - 1] = (s_asked_t){.owner = i, .is_void = !self->peers[i].is_known};
    s_step (self, BROKER_REQUEST, i, &envelope, NULL, s_body (self));
}

/*  A worker answers what it has, or anything at all. */
static void s_answer (s_books_t *self, uint8_t i, uint8_t which, uint16_t status)
{
    s_peer_t *peer = &self->peers[i];
    uint64_t number = UINT64_C (0x100000000) * which + which;
    if (peer->held_count > 0 && which < 0xf0) {
        number = peer->held[which % peer->held_count];
        peer->held[which % peer->held_count] = peer->held[peer->held_count - 1];
        peer->held_count--;
    }
    pt_envelope_t envelope = {.version = PT_VERSION,
                              .kind = PT_KIND_REPLY,
                              .service = (uint8_t)pt_peer_rule (s_roles[i])->serves,
                              .correlation = number,
                              .status = status};
    s_step (self, BROKER_REPLY, i, &envelope, NULL, s_body (self));
}

static void s_tick (s_books_t *self, uint64_t ms)
{
    self->now_ms += ms;
    broker_core_step (self->core, &(broker_event_t){.kind = BROKER_TICK}, self->now_ms);
}

static void s_run (s_books_t *self, fuzz_input_t *in)
{
    uint8_t what = fuzz_u8 (in), i = (uint8_t)(what >> 4) % S_PEERS, value = fuzz_u8 (in);
    const pt_envelope_t leave = {.version = PT_VERSION, .kind = PT_KIND_DISCONNECT};
    unsigned serves = pt_peer_rule (s_roles[i])->serves;
    switch (what & 15) {
    case 0:
        s_presence (self, BROKER_READY, i, value & 0x80 ? value & 7 : serves, serves ? value % 8 : 0,
                    1 + value / 8 % S_GENERATIONS);
        break;
    case 1:
    case 2:
        s_presence (self, what & 1 ? BROKER_HEARTBEAT : BROKER_CREDIT, i, serves, serves ? value % 8 : 0,
                    1 + value / 8 % S_GENERATIONS);
        break;
    case 3:
        s_step (self, BROKER_LEAVE, i, &leave, NULL, NULL);
        break;
    case 4:
        self->peers[i].is_gone = value & 1;
        self->peers[i].is_full = value & 2;
        break;
    case 5:
        if (value == 0xff)
            broker_core_step (self->core, &(broker_event_t){.kind = BROKER_DRAIN}, self->now_ms);
        break;
    case 6:
    case 7:
        s_tick (self, what & 1 ? value : value * 50u);
        break;
    case 8:
    case 9:
    case 10:
        s_answer (self, i, value, value % 5 == 4 ? PT_E_internal : 0);
        break;
    default:
        s_ask (self, i, in);
    }
}

/*  Nobody is silent or unreachable, nothing new is asked, and time passes until
    every deadline is over. */
static void s_heal (s_books_t *self)
{
    for (unsigned i = 0; i < S_PEERS; i++)
        self->peers[i].is_gone = self->peers[i].is_full = false;
    for (unsigned round = 0; round < 2 * LIM_DEADLINE_MS / 1000; round++) {
        for (uint8_t i = 0; i < S_PEERS; i++)
            if (self->peers[i].is_known)
                s_presence (self, BROKER_HEARTBEAT, i, pt_peer_rule (s_roles[i])->serves, self->peers[i].credit,
                            self->peers[i].generation);
        s_tick (self, 1000);
    }
    fuzz_must (!broker_core_is_busy (self->core));
    for (unsigned i = 0; i < self->asked_count; i++)
        fuzz_must (self->asked[i].outcomes == 1 || self->asked[i].is_void);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const broker_ops_t ops = {s_send, s_discard, s_query, s_note};
    static s_books_t books;
    fuzz_input_t in = {data, size};
    memset (&books, 0, sizeof books);
    books.now_ms = 1000000;
    books.core = broker_core_new (fuzz_bits (&in, 8), &ops, &books);
    fuzz_must (books.core != NULL);
    for (unsigned i = 0; i < S_EVENTS && in.left > 0; i++) {
        s_run (&books, &in);
        for (unsigned service = 1; service < PT_SERVICE_COUNT; service++)
            fuzz_must (broker_core_queued (books.core, service) <= LIM_SERVICE_QUEUE);
    }
    s_heal (&books);
    broker_core_destroy (&books.core);
    fuzz_must (books.bodies == 0);
    return 0;
}
