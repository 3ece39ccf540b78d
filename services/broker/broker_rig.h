/*  broker_rig - the routing core between peers of paper, for its tests: frames
    the core sends are kept in order, time is a number. */

#ifndef BROKER_RIG_H
#define BROKER_RIG_H

#include "broker_core.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define RIG_SENT 16384
#define RIG_PEERS (LIM_WORKERS + 64)

typedef struct {
    pt_peer_t role;
    uint32_t id;
    pt_envelope_t envelope;
    int body; /* 0: none */
} rig_frame_t;

typedef struct rig {
    broker_core_t *core;
    uint64_t now_ms;
    rig_frame_t sent[RIG_SENT];
    size_t sent_count;
    int bodies;              /* alive */
    bool is_gone[RIG_PEERS]; /* unreachable, by id */
    bool is_full[RIG_PEERS];
    unsigned notes[BROKER_NOTE_SLEPT + 1];
    unsigned queries;
    void (*on_sent) (struct rig *rig, const rig_frame_t *frame);
    void (*on_note) (struct rig *rig, broker_note_t note, uint32_t id);
    void *ctx;
} rig_t;

static inline uint32_t rig_id (const broker_addr_t *addr)
{
    uint32_t id;
    memcpy (&id, addr->id, sizeof id);
    return id;
}

static inline int rig_send (void *ctx, const broker_addr_t *to, const pt_envelope_t *envelope, void *body)
{
    rig_t *rig = ctx;
    uint32_t id = rig_id (to);
    assert_in_range (id, 0, RIG_PEERS - 1);
    if (rig->is_gone[id] || rig->is_full[id])
        return rig->is_gone[id] ? -PT_E_unavailable : -PT_E_busy;
    rig_frame_t frame = {to->role, id, *envelope, body ? *(int *)body : 0};
    rig->bodies -= body != NULL;
    free (body);
    if (rig->on_sent)
        rig->on_sent (rig, &frame);
    else if (rig->sent_count < RIG_SENT)
        rig->sent[rig->sent_count++] = frame;
    return 0;
}

static inline void rig_discard (void *ctx, void *body)
{
    ((rig_t *)ctx)->bodies--;
    free (body);
}

static inline void rig_query (void *ctx, const broker_addr_t *from, const pt_envelope_t *request, const void *body)
{
    (void)from, (void)request, (void)body;
    ((rig_t *)ctx)->queries++;
}

static inline void rig_note (void *ctx, broker_note_t note, const broker_addr_t *peer)
{
    rig_t *rig = ctx;
    rig->notes[note]++;
    if (rig->on_note && peer)
        rig->on_note (rig, note, rig_id (peer));
}

static inline rig_t *rig_new (uint64_t seed)
{
    static const broker_ops_t ops = {rig_send, rig_discard, rig_query, rig_note};
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    rig->now_ms = 1000000;
    rig->core = broker_core_new (seed, &ops, rig);
    assert_non_null (rig->core);
    return rig;
}

/*  Nothing may be left of any body. */
static inline void rig_destroy (rig_t **rig_p)
{
    broker_core_destroy (&(*rig_p)->core);
    assert_int_equal ((*rig_p)->bodies, 0);
    free (*rig_p);
    *rig_p = NULL;
}

static inline void rig_step (rig_t *rig, broker_kind_t kind, pt_peer_t role, uint32_t id, const pt_envelope_t *envelope,
                             const pt_presence_t *presence, int body)
{
    broker_event_t event = {
        .kind = kind,
        .from = {.role = role, .id = &id, .id_len = sizeof id},
        .envelope = envelope,
        .presence = presence,
    };
    if (body) {
        int *bytes = malloc (sizeof *bytes);
        assert_non_null (bytes);
        *bytes = body;
        event.body = bytes;
        rig->bodies++;
    }
    broker_core_step (rig->core, &event, rig->now_ms);
}

static inline void rig_presence (rig_t *rig, broker_kind_t kind, pt_peer_t role, uint32_t id, unsigned service,
                                 unsigned credit, uint64_t generation)
{
    pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_READY, .service = (uint8_t)service};
    pt_presence_t presence = {.generation = generation, .credit = credit, .interval_ms = 1000, .ttl_ms = 3000};
    rig_step (rig, kind, role, id, &envelope, &presence, 0);
}

/*  A peer of `role` enters: a worker when it has credit. */
static inline void rig_ready (rig_t *rig, pt_peer_t role, uint32_t id, unsigned credit)
{
    rig_presence (rig, BROKER_READY, role, id, pt_peer_rule (role)->serves, credit, 1000 + id);
}

static inline void rig_leave (rig_t *rig, pt_peer_t role, uint32_t id)
{
    pt_envelope_t envelope = {.version = PT_VERSION, .kind = PT_KIND_DISCONNECT};
    rig_step (rig, BROKER_LEAVE, role, id, &envelope, NULL, 0);
}

typedef struct {
    uint16_t opcode;
    uint64_t affinity;
    uint32_t deadline_ms;
} rig_ask_t;

/*  The body is the correlation, so that it can be followed. */
static inline void rig_ask (rig_t *rig, pt_peer_t role, uint32_t id, uint64_t correlation, rig_ask_t ask)
{
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_REQUEST,
        .service = (uint8_t)(ask.opcode >> 8),
        .opcode = ask.opcode,
        .correlation = correlation,
        .deadline_ms = ask.deadline_ms,
        .affinity = ask.affinity,
        .trace = "t-1",
    };
    rig_step (rig, BROKER_REQUEST, role, id, &envelope, NULL, (int)correlation);
}

static inline void rig_answer (rig_t *rig, pt_peer_t role, uint32_t id, uint64_t number, int status, int body)
{
    pt_envelope_t envelope = {
        .version = PT_VERSION,
        .kind = PT_KIND_REPLY,
        .service = (uint8_t)pt_peer_rule (role)->serves,
        .correlation = number,
        .status = (uint16_t)status,
    };
    rig_step (rig, BROKER_REPLY, role, id, &envelope, NULL, body);
}

static inline void rig_tick (rig_t *rig, uint64_t ms)
{
    rig->now_ms += ms;
    broker_core_step (rig->core, &(broker_event_t){.kind = BROKER_TICK}, rig->now_ms);
}

/*  Takes the first frame of a kind to a peer out of what was sent; false when
    there is none. */
static inline bool rig_take (rig_t *rig, uint32_t id, pt_kind_t kind, rig_frame_t *out)
{
    for (size_t i = 0; i < rig->sent_count; i++)
        if (rig->sent[i].id == id && rig->sent[i].envelope.kind == kind) {
            *out = rig->sent[i];
            memmove (&rig->sent[i], &rig->sent[i + 1], (--rig->sent_count - i) * sizeof *rig->sent);
            return true;
        }
    return false;
}

#endif
