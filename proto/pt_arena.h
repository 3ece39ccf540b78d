/*  pt_arena - memory that lives as long as one request and is freed at once. */

#ifndef PT_ARENA_H
#define PT_ARENA_H

#include <stddef.h>

typedef struct pt_arena pt_arena_t;

/*  A new arena that will hold at most `max` bytes.  NULL when out of memory. */
pt_arena_t *pt_arena_new (size_t max);

/*  Frees the arena and all that was taken from it; accepts NULL, nulls the
    caller's pointer. */
void pt_arena_destroy (pt_arena_t **self_p);

/*  Forgets all that was taken and keeps the first chunk for reuse. */
void pt_arena_reset (pt_arena_t *self);

/*  `size` zeroed bytes aligned for any type; NULL beyond the maximum or when
    out of memory.  Owned by the arena. */
void *pt_arena_alloc (pt_arena_t *self, size_t size);

/*  A copy of `len` bytes with a NUL behind them.  NULL as above. */
char *pt_arena_copy (pt_arena_t *self, const void *bytes, size_t len);

/*  printf into the arena.  NULL as above. */
char *pt_arena_printf (pt_arena_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
