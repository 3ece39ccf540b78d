/*  gw_ring - see gw_ring.h.

    Messages lie one behind the other in blocks; `ends` gives, by seq, where
    each one ends, counted in bytes since the ring began.  A message never
    spans two blocks.  Blocks are in two lists, oldest first: those of their
    ring and those of the pool; as both are in order of birth, the pool's oldest
    is also its ring's oldest. */

#include "gw_ring.h"
#include "gw_frame.h"
#include <stdlib.h>

#define S_BLOCK_MIN 2048
#define S_BLOCK_MAX (32 * 1024)
#define S_ENDS_MIN 16

typedef struct s_block {
    struct s_block *newer; /* in the ring */
    struct s_block *pool_older, *pool_newer;
    gw_ring_t *ring;
    uint64_t born_ms;
    uint64_t start; /* position of its first byte */
    uint64_t first_seq;
    uint32_t count; /* messages */
    uint32_t len, cap;
    char bytes[];
} s_block_t;

struct gw_ring_pool {
    size_t bytes, max;
    s_block_t *oldest, *newest;
};

struct gw_ring {
    unsigned refs;
    gw_ring_pool_t *pool;
    uint64_t room;
    uint64_t last;
    size_t bytes; /* of its blocks */
    s_block_t *oldest, *newest;
    uint64_t *ends;    /* of seq s at s modulo ends_cap */
    uint32_t ends_cap; /* power of two, 0 at first */
};

gw_ring_pool_t *gw_ring_pool_new (size_t max)
{
    gw_ring_pool_t *self = calloc (1, sizeof *self);
    if (self)
        self->max = max;
    return self;
}

void gw_ring_pool_destroy (gw_ring_pool_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

size_t gw_ring_pool_bytes (const gw_ring_pool_t *self)
{
    return self->bytes;
}

static size_t s_block_size (const s_block_t *block)
{
    return sizeof *block + block->cap;
}

static void s_pool_add (gw_ring_pool_t *pool, s_block_t *block)
{
    block->pool_older = pool->newest;
    block->pool_newer = NULL;
    if (pool->newest)
        pool->newest->pool_newer = block;
    else
        pool->oldest = block;
    pool->newest = block;
    pool->bytes += s_block_size (block);
}

static void s_pool_remove (gw_ring_pool_t *pool, s_block_t *block)
{
    if (block->pool_older)
        block->pool_older->pool_newer = block->pool_newer;
    else
        pool->oldest = block->pool_newer;
    if (block->pool_newer)
        block->pool_newer->pool_older = block->pool_older;
    else
        pool->newest = block->pool_older;
    pool->bytes -= s_block_size (block);
}

static void s_evict (gw_ring_t *self)
{
    s_block_t *block = self->oldest;
    self->oldest = block->newer;
    if (!self->oldest)
        self->newest = NULL;
    self->bytes -= s_block_size (block);
    s_pool_remove (self->pool, block);
    free (block);
}

void gw_ring_pool_tick (gw_ring_pool_t *self, uint64_t now_ms)
{
    while (self->oldest && self->oldest->born_ms + GW_RING_AGE_MS <= now_ms)
        s_evict (self->oldest->ring);
}

gw_ring_t *gw_ring_new (gw_ring_pool_t *pool, uint64_t room, uint64_t last)
{
    gw_ring_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->refs = 1;
    self->pool = pool;
    self->room = room;
    self->last = last;
    return self;
}

gw_ring_t *gw_ring_ref (gw_ring_t *self)
{
    self->refs++;
    return self;
}

void gw_ring_unref (gw_ring_t **self_p)
{
    gw_ring_t *self = *self_p;
    *self_p = NULL;
    if (!self || --self->refs)
        return;
    gw_ring_restart (self, 0);
    free (self->ends);
    free (self);
}

void gw_ring_restart (gw_ring_t *self, uint64_t last)
{
    while (self->oldest)
        s_evict (self);
    self->last = last;
}

uint64_t gw_ring_first (const gw_ring_t *self)
{
    return self->oldest ? self->oldest->first_seq : self->last + 1;
}

uint64_t gw_ring_last (const gw_ring_t *self)
{
    return self->last;
}

uint64_t gw_ring_room (const gw_ring_t *self)
{
    return self->room;
}

static uint64_t s_end (const gw_ring_t *self, uint64_t seq)
{
    return self->ends[seq & (self->ends_cap - 1)];
}

/*  Doubles the table of ends when it is full; positions move to their place in
    the larger one. */
static bool s_reserve_end (gw_ring_t *self)
{
    uint64_t first = gw_ring_first (self);
    if (self->last - first + 1 < self->ends_cap)
        return true;
    uint32_t cap = self->ends_cap ? self->ends_cap * 2 : S_ENDS_MIN;
    uint64_t *ends = malloc (cap * sizeof *ends);
    if (!ends)
        return false;
    for (uint64_t seq = first; seq <= self->last; seq++)
        ends[seq & (cap - 1)] = s_end (self, seq);
    free (self->ends);
    self->ends = ends;
    self->ends_cap = cap;
    return true;
}

/*  Each block is twice as large as the one before, within bounds: busy rooms get
    large blocks, quiet ones stay small. */
static size_t s_next_cap (const gw_ring_t *self, size_t need)
{
    size_t cap = self->newest ? (size_t)self->newest->cap * 2 : S_BLOCK_MIN;
    if (cap > S_BLOCK_MAX)
        cap = S_BLOCK_MAX;
    return cap < need ? need : cap;
}

static s_block_t *s_add_block (gw_ring_t *self, size_t need, uint64_t now_ms)
{
    size_t cap = s_next_cap (self, need);
    s_block_t *block = malloc (sizeof *block + cap);
    if (!block)
        return NULL;
    *block = (s_block_t){.ring = self, .born_ms = now_ms, .cap = (uint32_t)cap, .first_seq = self->last + 1};
    if (self->newest) {
        block->start = self->newest->start + self->newest->len;
        self->newest->newer = block;
    } else
        self->oldest = block;
    self->newest = block;
    self->bytes += s_block_size (block);
    s_pool_add (self->pool, block);
    return block;
}

/*  A block stops growing at half its age, so that its eviction by age never
    takes what was added just now. */
static s_block_t *s_writable_block (gw_ring_t *self, size_t need, uint64_t now_ms)
{
    s_block_t *block = self->newest;
    if (block && block->cap - block->len >= need && now_ms - block->born_ms < GW_RING_AGE_MS / 2)
        return block;
    return s_add_block (self, need, now_ms);
}

static void s_keep_bounds (gw_ring_t *self)
{
    while (self->oldest != self->newest &&
           (self->bytes > GW_RING_BYTES || self->last - gw_ring_first (self) + 1 > GW_RING_ITEMS))
        s_evict (self);
    while (self->pool->bytes > self->pool->max && self->pool->oldest != self->pool->newest)
        s_evict (self->pool->oldest->ring);
}

bool gw_ring_is_full_for (const gw_ring_t *self, size_t need)
{
    if (!self->newest)
        return false;
    bool fits = self->newest->cap - self->newest->len >= need;
    size_t bytes = self->bytes + (fits ? 0 : sizeof (s_block_t) + s_next_cap (self, need));
    return bytes > GW_RING_BYTES || self->last - gw_ring_first (self) + 1 >= GW_RING_ITEMS;
}

/*  Where a message of at most `need` bytes may be put; NULL when out of memory: the ring has
    been restarted behind it then. */
static char *s_begin (gw_ring_t *self, uint64_t seq, size_t need, uint64_t now_ms)
{
    s_block_t *block = s_reserve_end (self) ? s_writable_block (self, need, now_ms) : NULL;
    if (block)
        return block->bytes + block->len;
    gw_ring_restart (self, seq);
    return NULL;
}

static void s_commit (gw_ring_t *self, uint64_t seq, size_t len)
{
    s_block_t *block = self->newest;
    block->len += (uint32_t)len;
    block->count++;
    self->last = seq;
    self->ends[self->last & (self->ends_cap - 1)] = block->start + block->len;
    s_keep_bounds (self);
}

void gw_ring_append (gw_ring_t *self, const pt_item_t *item, uint64_t now_ms)
{
    char *at = s_begin (self, item->seq, gw_frame_item_max (item), now_ms);
    if (at)
        s_commit (self, item->seq, gw_frame_put_item (at, item));
}

void gw_ring_append_text (gw_ring_t *self, uint64_t seq, pt_str_t text, uint64_t now_ms)
{
    size_t len = text.len ? gw_frame_wire_len (text.len) : 0;
    char *at = s_begin (self, seq, len, now_ms);
    if (!at)
        return;
    if (len) {
        memcpy (at + len - text.len, text.at, text.len);
        gw_frame_wrap (at, text.len);
    }
    s_commit (self, seq, len);
}

/*  The block that holds `seq`; nearly always the newest. */
static const s_block_t *s_find_block (const gw_ring_t *self, uint64_t seq)
{
    const s_block_t *block = self->newest;
    if (seq >= block->first_seq)
        return block;
    block = self->oldest;
    while (seq >= block->first_seq + block->count)
        block = block->newer;
    return block;
}

size_t gw_ring_peek (const gw_ring_t *self, uint64_t from, uint64_t to, size_t max, const char **out_bytes,
                     uint64_t *out_to)
{
    const s_block_t *block = s_find_block (self, from);
    uint64_t start = from == block->first_seq ? block->start : s_end (self, from - 1);
    uint64_t last = block->first_seq + block->count - 1;
    if (to > last)
        to = last;
    if (s_end (self, to) - start > max) { /* the greatest that still fits */
        uint64_t low = from, high = to;
        while (low < high) {
            uint64_t middle = low + (high - low + 1) / 2;
            if (s_end (self, middle) - start > max)
                high = middle - 1;
            else
                low = middle;
        }
        to = low;
    }
    *out_bytes = block->bytes + (start - block->start);
    *out_to = to;
    return (size_t)(s_end (self, to) - start);
}
