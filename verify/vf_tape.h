/*  vf_tape - an array that grows, for the judge's books. */

#ifndef VF_TAPE_H
#define VF_TAPE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    void *at;
    uint32_t count, room;
} vf_tape_t;

/*  A zeroed element at the end; NULL when out of memory or beyond 2^31.  Earlier
    pointers into the tape are void afterwards. */
static inline void *vf_tape_add (vf_tape_t *self, size_t size)
{
    if (self->count == self->room) {
        uint32_t room = self->room ? 2 * self->room : 16;
        void *grown = room <= INT32_MAX ? realloc (self->at, room * size) : NULL;
        if (!grown)
            return NULL;
        self->at = grown;
        self->room = room;
    }
    char *element = (char *)self->at + size * self->count++;
    memset (element, 0, size);
    return element;
}

static inline void vf_tape_fini (vf_tape_t *self)
{
    free (self->at);
    *self = (vf_tape_t){0};
}

#endif
