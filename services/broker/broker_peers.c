/*  broker_peers - the peers a broker knows, see broker_peers.h. */

#include "broker_peers.h"
#include <stdlib.h>

#define BUCKETS (4 * LIM_PEERS)

static uint32_t s_bucket (const broker_addr_t *addr)
{
    const uint8_t *byte = addr->id;
    uint32_t hash = 0x811c9dc5u ^ (uint32_t)addr->role;
    for (size_t i = 0; i < addr->id_len; i++)
        hash = (hash ^ byte[i]) * 0x01000193u;
    return (hash ^ hash >> 15) % BUCKETS;
}

static bool s_is (const broker_addr_t *a, const broker_addr_t *b)
{
    return a->role == b->role && a->id_len == b->id_len && memcmp (a->id, b->id, a->id_len) == 0;
}

broker_peer_t *broker_peers_find (const broker_peers_t *self, const broker_addr_t *addr)
{
    broker_peer_t *peer = self->buckets[s_bucket (addr)];
    while (peer && !s_is (&peer->addr, addr))
        peer = peer->chain;
    return peer;
}

static uint32_t s_free_slot (broker_peers_t *self)
{
    for (uint32_t i = 0; i < self->used_slots; i++)
        if (!self->slots[i])
            return i;
    return self->used_slots++;
}

broker_peer_t *broker_peers_add (broker_peers_t *self, const broker_addr_t *addr)
{
    if (self->count >= LIM_PEERS)
        return NULL;
    broker_peer_t *peer = calloc (1, sizeof *peer + addr->id_len);
    if (!peer)
        return NULL;
    memcpy (peer + 1, addr->id, addr->id_len);
    peer->addr = (broker_addr_t){.role = addr->role, .id = peer + 1, .id_len = addr->id_len};
    peer->rule = pt_peer_rule (addr->role);
    peer->slot = s_free_slot (self);
    peer->serial = ++self->next_serial;
    peer->place = BROKER_NO_PLACE;
    TAILQ_INIT (&peer->queue);
    TAILQ_INIT (&peer->flight);
    broker_peer_t **bucket = &self->buckets[s_bucket (addr)];
    peer->chain = *bucket;
    *bucket = peer;
    self->slots[peer->slot] = peer;
    self->count++;
    return peer;
}

void broker_peers_remove (broker_peers_t *self, broker_peer_t **peer_p)
{
    broker_peer_t *peer = *peer_p;
    broker_peer_t **link = &self->buckets[s_bucket (&peer->addr)];
    while (*link != peer)
        link = &(*link)->chain;
    *link = peer->chain;
    self->slots[peer->slot] = NULL;
    self->count--;
    free (peer);
    *peer_p = NULL;
}

broker_peer_t *broker_peers_at (const broker_peers_t *self, uint32_t slot, uint64_t serial)
{
    broker_peer_t *peer = slot < LIM_PEERS ? self->slots[slot] : NULL;
    return peer && peer->serial == serial && !peer->is_lost ? peer : NULL;
}
