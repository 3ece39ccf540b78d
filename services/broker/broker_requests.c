/*  broker_requests - recycled records of requests, see broker_requests.h. */

#include "broker_requests.h"
#include <stdlib.h>

#define CHUNK 256
#define CHUNKS (BROKER_REQUESTS / CHUNK)

_Static_assert(BROKER_REQUESTS == 1 << 16, "16 bits of a number are the slot");

typedef struct {
    broker_request_t request; /* first */
    uint32_t slot, next_free;
} record_t;

struct broker_requests {
    record_t *chunks[CHUNKS];
    uint32_t chunk_count;
    uint32_t free_slot; /* BROKER_REQUESTS: none */
    uint64_t next_serial;
};

broker_requests_t *broker_requests_new (uint64_t seed)
{
    broker_requests_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->free_slot = BROKER_REQUESTS;
    self->next_serial = (seed >> 17) | 1;
    return self;
}

void broker_requests_destroy (broker_requests_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    for (uint32_t i = 0; i < (*self_p)->chunk_count; i++)
        free ((*self_p)->chunks[i]);
    free (*self_p);
    *self_p = NULL;
}

static record_t *s_at (const broker_requests_t *self, uint32_t slot)
{
    return &self->chunks[slot / CHUNK][slot % CHUNK];
}

/*  Lower slots are used first, so that memory once needed in a peak rests. */
static int s_grow (broker_requests_t *self)
{
    record_t *chunk = self->chunk_count < CHUNKS ? calloc (CHUNK, sizeof *chunk) : NULL;
    if (!chunk)
        return -PT_E_memory;
    uint32_t first = self->chunk_count * CHUNK;
    self->chunks[self->chunk_count++] = chunk;
    for (uint32_t i = CHUNK; i-- > 0;) {
        chunk[i].slot = first + i;
        chunk[i].next_free = self->free_slot;
        self->free_slot = first + i;
    }
    return 0;
}

broker_request_t *broker_requests_take (broker_requests_t *self)
{
    if (self->free_slot == BROKER_REQUESTS && s_grow (self) != 0)
        return NULL;
    record_t *record = s_at (self, self->free_slot);
    self->free_slot = record->next_free;
    record->request = (broker_request_t){.id = self->next_serial++ << 16 | record->slot};
    return &record->request;
}

void broker_requests_give_back (broker_requests_t *self, broker_request_t **request_p)
{
    record_t *record = (record_t *)*request_p;
    *request_p = NULL;
    record->request.id = 0;
    record->request.state = BROKER_FREE;
    record->next_free = self->free_slot;
    self->free_slot = record->slot;
}

broker_request_t *broker_requests_find (const broker_requests_t *self, uint64_t id)
{
    uint32_t slot = id & (BROKER_REQUESTS - 1);
    if (id == 0 || slot / CHUNK >= self->chunk_count)
        return NULL;
    record_t *record = s_at (self, slot);
    return record->request.id == id ? &record->request : NULL;
}
