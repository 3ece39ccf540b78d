/*  sv_trace - the ring of hops, see sv_trace.h.

    Design note.  Slots have one size and hold the request id in place, so that
    a hop is one copy and a search one pass.  Times are monotonic in the ring and
    become wall clock when they are asked for: a clock that was set between does
    not change how long anything took.  Pages of the ring that were never
    written cost no memory. */

#include "sv_trace.h"

#include "sv_loop.h"
#include <stdlib.h>

typedef struct {
    uint64_t at_us;
    uint64_t room, seq, last;
    uint32_t count;
    uint16_t opcode, status;
    uint8_t kind, broker;
    char trace[LIM_TRACE]; /* ends at a NUL or at its end */
} s_slot_t;

struct sv_trace {
    uint64_t born_us;
    uint64_t added; /* slot of the next hop, modulo the size */
    uint64_t mask;
    s_slot_t *slots;
};

sv_trace_t *sv_trace_new (size_t hops)
{
    size_t size = 1;
    while (size < hops && size < SV_TRACE_MAX)
        size *= 2;
    sv_trace_t *self = hops ? calloc (1, sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->born_us = sv_now_us ();
    self->mask = size - 1;
    self->slots = calloc (size, sizeof *self->slots);
    if (!self->slots)
        sv_trace_destroy (&self);
    return self;
}

void sv_trace_destroy (sv_trace_t **self_p)
{
    sv_trace_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free (self->slots);
    free (self);
}

/*  ---- noting ---------------------------------------------------------------- */

void sv_trace_add (sv_trace_t *self, const sv_hop_t *hop)
{
    if (!self)
        return;
    s_slot_t *slot = &self->slots[self->added++ & self->mask];
    slot->at_us = hop->at_us ? hop->at_us : sv_now_us ();
    slot->room = hop->room;
    slot->seq = hop->seq;
    slot->last = hop->last > hop->seq ? hop->last : hop->seq;
    slot->count = hop->count < UINT32_MAX ? (uint32_t)hop->count : UINT32_MAX;
    slot->opcode = hop->opcode;
    slot->status = (uint16_t)abs (hop->status);
    slot->kind = (uint8_t)hop->kind;
    slot->broker = (uint8_t)hop->broker;
    size_t len = hop->trace ? strnlen (hop->trace, LIM_TRACE) : 0;
    if (len > 0)
        memcpy (slot->trace, hop->trace, len);
    if (len < LIM_TRACE)
        slot->trace[len] = '\0';
}

void sv_trace_add_items (sv_trace_t *self, const sv_hop_t *hop, const pt_item_t *items, size_t count)
{
    sv_hop_t run = *hop;
    for (size_t i = 0; self && i < count; i++) {
        if (i == 0 || items[i].seq != items[i - 1].seq + 1)
            run.seq = items[i].seq;
        run.last = items[i].seq;
        if (i + 1 == count || items[i + 1].seq != run.last + 1)
            sv_trace_add (self, &run);
    }
}

/*  ---- finding --------------------------------------------------------------- */

static bool s_is_wanted (const s_slot_t *slot, const pt_trace_query_t *query)
{
    if (query->has_room && slot->room == query->room && slot->seq <= query->seq && query->seq <= slot->last &&
        slot->seq > 0)
        return true;
    return query->has_trace && query->trace.len == strnlen (slot->trace, LIM_TRACE) &&
           memcmp (slot->trace, query->trace.at, query->trace.len) == 0;
}

/*  The arena holds the request id until the ring has moved on. */
static int s_copy_out (const s_slot_t *slot, int64_t offset_us, pt_arena_t *arena, pt_hop_t *out)
{
    size_t len = strnlen (slot->trace, LIM_TRACE);
    const char *trace = len > 0 ? pt_arena_copy (arena, slot->trace, len) : NULL;
    *out = (pt_hop_t){
        .kind = (pt_hop_kind_t)slot->kind,
        .at = (int64_t)slot->at_us + offset_us,
        .has_trace = len > 0,
        .trace = {trace, (uint32_t)len},
        .has_opcode = slot->opcode != 0,
        .opcode = slot->opcode,
        .has_room = slot->room != 0,
        .room = slot->room,
        .has_seq = slot->seq != 0,
        .seq = slot->seq,
        .has_last = slot->last != slot->seq,
        .last = slot->last,
        .has_status = slot->status != 0,
        .status = slot->status,
        .has_broker = slot->broker != 0,
        .broker = slot->broker ? slot->broker - 1u : 0,
        .has_count = slot->count != 0,
        .count = slot->count,
    };
    return len == 0 || trace ? 0 : -PT_E_memory;
}

/*  From the newest back, into the end of the list, so that it comes out in order. */
static int s_collect (const sv_trace_t *self, const pt_trace_query_t *query, int64_t offset_us, pt_arena_t *arena,
                      pt_trace_t *out)
{
    uint64_t kept = self->added <= self->mask ? self->added : self->mask + 1;
    uint32_t from = LIM_HOPS;
    pt_hop_t *hops = pt_arena_alloc (arena, LIM_HOPS * sizeof *hops);
    if (!hops)
        return -PT_E_memory;
    for (uint64_t back = 1; back <= kept && !out->more; back++) {
        const s_slot_t *slot = &self->slots[(self->added - back) & self->mask];
        if (!s_is_wanted (slot, query))
            continue;
        out->more = from == 0;
        if (!out->more && s_copy_out (slot, offset_us, arena, &hops[--from]) != 0)
            return -PT_E_memory;
    }
    uint64_t since_us = kept > self->mask ? self->slots[self->added & self->mask].at_us : self->born_us;
    out->since = (int64_t)since_us + offset_us;
    out->hops.at = hops + from;
    out->hops.count = LIM_HOPS - from;
    return 0;
}

int sv_trace_find (const sv_trace_t *self, const pt_trace_query_t *query, pt_arena_t *arena, pt_trace_t *out)
{
    int64_t now_us = sv_wall_us ();
    out->since = now_us;
    out->more = false;
    out->hops.at = NULL;
    out->hops.count = 0;
    if (query->has_room != query->has_seq || (!query->has_trace && !query->has_room))
        return -PT_E_invalid;
    return self ? s_collect (self, query, now_us - (int64_t)sv_now_us (), arena, out) : 0;
}
