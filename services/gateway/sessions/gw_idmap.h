/*  gw_idmap - finds an object by its 64-bit id (not 0). */

#ifndef GW_IDMAP_H
#define GW_IDMAP_H

#include "pt_error.h"
#include <stdint.h>

/*  Embedded; all zeros is an empty map, which has allocated nothing. */
typedef struct {
    struct gw_idmap_slot *slots;
    uint32_t cap; /* power of two, or 0 */
    uint32_t count;
} gw_idmap_t;

void gw_idmap_fini (gw_idmap_t *self);

/*  NULL when there is none. */
void *gw_idmap_get (const gw_idmap_t *self, uint64_t id);

/*  `id` must not be in the map, `value` not NULL.  0 or -PT_E_memory. */
PT_MUSTCHECK int gw_idmap_put (gw_idmap_t *self, uint64_t id, void *value);

/*  Puts another value in the place of one that is there. */
void gw_idmap_replace (gw_idmap_t *self, uint64_t id, void *value);

/*  Takes it out; unknown ids are ignored. */
void gw_idmap_remove (gw_idmap_t *self, uint64_t id);

/*  The value in slot `i` of `cap`, NULL when it is free: to visit all, while
    nothing is put or removed. */
void *gw_idmap_at (const gw_idmap_t *self, uint32_t i);

#endif
