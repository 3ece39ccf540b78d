/*  gw_keys - keeps the keys that verify tokens fresh: asks auth at the start
    until it answers, then every minute, and at once (at most once a second)
    when a token named a key that is not known. */

#ifndef GW_KEYS_H
#define GW_KEYS_H

#include "gw.h"

typedef struct gw_keys gw_keys_t;

/*  NULL when out of memory. */
gw_keys_t *gw_keys_new (gw_t *gw);
void gw_keys_destroy (gw_keys_t **self_p);

/*  Called whenever keys have come; may be NULL. */
void gw_keys_on_change (gw_keys_t *self, void (*fn) (void *arg), void *arg);

#endif
