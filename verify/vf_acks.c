/*  vf_acks - acknowledgements, compared with what the store says. */

#include "vf_acks.h"

#include "vf_map.h"
#include <stdlib.h>

typedef struct {
    uint64_t room, seq;
    uint64_t account;
    uint64_t cmid; /* its hash, as body */
    uint64_t body; /* 0: the log does not say */
} ack_t;

typedef struct {
    void *at;
    uint32_t count, room;
} list_t;

struct vf_acks {
    vf_map_t clients, sends; /* to accounts, and to bodies */
    list_t accounts, bodies, acks;
    uint32_t next; /* acknowledgement to be compared */
    bool is_sorted;
    vf_acks_counts_t counts;
};

vf_acks_t *vf_acks_new (void)
{
    return calloc (1, sizeof (vf_acks_t));
}

void vf_acks_destroy (vf_acks_t **self_p)
{
    vf_acks_t *self = *self_p;
    if (!self)
        return;
    vf_map_fini (&self->clients);
    vf_map_fini (&self->sends);
    free (self->accounts.at);
    free (self->bodies.at);
    free (self->acks.at);
    free (self);
    *self_p = NULL;
}

/* ---- collecting ---------------------------------------------------------------- */

/*  Appends one element; false when out of memory, or of indexes. */
static bool s_push (list_t *list, const void *element, size_t size)
{
    if (list->count == list->room) {
        uint32_t room = list->room ? list->room * 2 : 1024;
        void *at = room > list->room && room < VF_NONE ? realloc (list->at, room * size) : NULL;
        if (!at)
            return false;
        list->at = at;
        list->room = room;
    }
    memcpy ((char *)list->at + list->count++ * size, element, size);
    return true;
}

/*  Enters a number under a key, once. */
static int s_enter (vf_map_t *map, list_t *list, uint64_t key, uint64_t number)
{
    if (vf_map_get (map, key) != VF_NONE)
        return 0;
    return s_push (list, &number, sizeof number) && vf_map_put (map, key, list->count - 1) ? 0 : -PT_E_memory;
}

static uint64_t s_find (const vf_map_t *map, const list_t *list, uint64_t key)
{
    uint32_t index = vf_map_get (map, key);
    return index == VF_NONE ? 0 : ((const uint64_t *)list->at)[index];
}

int vf_acks_add (vf_acks_t *self, const vf_event_t *event)
{
    /*  Without a send_id nobody said where it is stored. */
    bool is_send = event->kind == VF_SEND && event->cmid.len && (event->op == VF_INVOKE || event->op == VF_OK);
    if (!is_send && event->kind != VF_CLIENT)
        return 0;
    uint64_t client = vf_key (vf_hash (event->client.at, event->client.len), 0, 0);
    if (event->kind == VF_CLIENT)
        return s_enter (&self->clients, &self->accounts, client, event->account);
    uint64_t cmid = vf_hash (event->cmid.at, event->cmid.len);
    uint64_t send = vf_key (client, event->room, cmid);
    if (event->op == VF_INVOKE)
        return s_enter (&self->sends, &self->bodies, send, event->bodyhash);
    uint64_t account = event->account ? event->account : s_find (&self->clients, &self->accounts, client);
    ack_t ack = {event->room, event->seq, account, cmid, s_find (&self->sends, &self->bodies, send)};
    return s_push (&self->acks, &ack, sizeof ack) ? 0 : -PT_E_memory;
}

/* ---- comparing ----------------------------------------------------------------- */

static const ack_t *s_ack (const vf_acks_t *self, uint32_t i)
{
    return (const ack_t *)self->acks.at + i;
}

static int s_compare (const void *a, const void *b)
{
    const ack_t *x = a, *y = b;
    if (x->room != y->room)
        return x->room < y->room ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

bool vf_acks_next (vf_acks_t *self, pt_range_query_t *out)
{
    if (!self->is_sorted && self->acks.count)
        qsort (self->acks.at, self->acks.count, sizeof (ack_t), s_compare);
    self->is_sorted = true;
    if (self->next == self->acks.count)
        return false;
    const ack_t *ack = s_ack (self, self->next);
    *out = (pt_range_query_t){.room = ack->room, .after = ack->seq ? ack->seq - 1 : 0, .limit = LIM_RANGE};
    return true;
}

static bool s_is_same (const ack_t *ack, const pt_item_t *item)
{
    return item->kind == PT_item_kind_MESSAGE && item->has_body && (!ack->account || ack->account == item->sender) &&
           vf_hash (item->send_id.at, item->send_id.len) == ack->cmid &&
           (!ack->body || vf_hash (item->body.at, item->body.len) == ack->body);
}

/*  Compares one acknowledgement with the item at its number, NULL when there is none. */
static void s_judge (vf_acks_t *self, const ack_t *ack, const pt_item_t *item, uint64_t floor, vf_acks_fn *fn,
                     void *ctx)
{
    if (item && s_is_same (ack, item)) {
        self->counts.kept++;
        return;
    }
    if (!item && ack->seq && ack->seq <= floor) {
        self->counts.expired++;
        return;
    }
    self->counts.changed += item != NULL;
    self->counts.lost += item == NULL;
    fn (ctx, ack->room, ack->seq, item != NULL);
}

void vf_acks_take (vf_acks_t *self, const pt_history_page_t *page, vf_acks_fn *fn, void *ctx)
{
    if (self->next == self->acks.count)
        return;
    static const pt_history_page_t none;
    const pt_history_page_t *found = page ? page : &none;
    uint64_t room = s_ack (self, self->next)->room, end = UINT64_MAX;
    if (found->more && found->items.count)
        end = found->items.at[found->items.count - 1].seq;
    /*  The one that was asked for is settled whatever the answer: else it would be asked for ever. */
    if (end < s_ack (self, self->next)->seq)
        end = s_ack (self, self->next)->seq;
    uint32_t item = 0;
    for (; self->next < self->acks.count; self->next++) {
        const ack_t *ack = s_ack (self, self->next);
        if (ack->room != room || ack->seq > end)
            break;
        while (item < found->items.count && found->items.at[item].seq < ack->seq)
            item++;
        bool is_there = item < found->items.count && found->items.at[item].seq == ack->seq;
        s_judge (self, ack, is_there ? &found->items.at[item] : NULL, found->floor, fn, ctx);
    }
}

vf_acks_counts_t vf_acks_counts (const vf_acks_t *self)
{
    vf_acks_counts_t counts = self->counts;
    counts.acks = self->acks.count;
    return counts;
}
