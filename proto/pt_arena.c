/*  pt_arena - memory that lives as long as one request and is freed at once.

    A list of chunks, the newest first; an allocation moves a mark in the
    newest one.  The maximum counts what was taken, rounded up, so that it
    bounds a request however its allocations fall into chunks. */

#include "pt_arena.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_ALIGN = _Alignof(max_align_t), S_FIRST_CHUNK = 4096, S_LAST_CHUNK = 256 * 1024 };

typedef struct s_chunk {
    struct s_chunk *next; /* older */
    size_t size;          /* bytes in `at` */
    size_t used;          /* bytes of it taken */
    _Alignas(max_align_t) char at[];
} s_chunk_t;

struct pt_arena {
    s_chunk_t *chunks; /* newest first, the first chunk last */
    size_t taken;      /* bytes handed out since the last reset */
    size_t max;
};

static s_chunk_t *s_new_chunk (size_t size, s_chunk_t *next)
{
    if (size > SIZE_MAX - sizeof (s_chunk_t))
        return NULL;
    s_chunk_t *chunk = malloc (sizeof *chunk + size);
    if (chunk)
        *chunk = (s_chunk_t){.next = next, .size = size};
    return chunk;
}

pt_arena_t *pt_arena_new (size_t max)
{
    pt_arena_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->max = max;
    self->chunks = s_new_chunk (S_FIRST_CHUNK, NULL);
    if (!self->chunks)
        pt_arena_destroy (&self);
    return self;
}

/*  Frees chunks until only `keep` of the oldest is left. */
static void s_free_chunks (pt_arena_t *self, const s_chunk_t *keep)
{
    while (self->chunks && self->chunks != keep) {
        s_chunk_t *next = self->chunks->next;
        free (self->chunks);
        self->chunks = next;
    }
}

void pt_arena_destroy (pt_arena_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    s_free_chunks (*self_p, NULL);
    free (*self_p);
    *self_p = NULL;
}

void pt_arena_reset (pt_arena_t *self)
{
    s_chunk_t *first = self->chunks;
    while (first->next)
        first = first->next;
    s_free_chunks (self, first);
    first->used = 0;
    self->taken = 0;
}

/*  A chunk in front with room for `size`; each is twice the one before, so
    that a large request costs few allocations. */
static int s_grow (pt_arena_t *self, size_t size)
{
    size_t chunk_size = self->chunks->size * 2;
    if (chunk_size > S_LAST_CHUNK)
        chunk_size = S_LAST_CHUNK;
    if (chunk_size < size)
        chunk_size = size;
    s_chunk_t *chunk = s_new_chunk (chunk_size, self->chunks);
    if (!chunk)
        return -1;
    self->chunks = chunk;
    return 0;
}

void *pt_arena_alloc (pt_arena_t *self, size_t size)
{
    if (size > SIZE_MAX - S_ALIGN)
        return NULL;
    size_t rounded = size ? (size + S_ALIGN - 1) / S_ALIGN * S_ALIGN : S_ALIGN;
    if (rounded > self->max - self->taken)
        return NULL;
    if (rounded > self->chunks->size - self->chunks->used && s_grow (self, rounded))
        return NULL;
    char *at = self->chunks->at + self->chunks->used;
    self->chunks->used += rounded;
    self->taken += rounded;
    return memset (at, 0, size);
}

char *pt_arena_copy (pt_arena_t *self, const void *bytes, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = pt_arena_alloc (self, len + 1);
    if (copy && len)
        memcpy (copy, bytes, len);
    return copy;
}

char *pt_arena_printf (pt_arena_t *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    int len = vsnprintf (NULL, 0, format, args);
    va_end (args);
    char *text = len < 0 ? NULL : pt_arena_alloc (self, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start (args, format);
    vsnprintf (text, (size_t)len + 1, format, args);
    va_end (args);
    return text;
}
