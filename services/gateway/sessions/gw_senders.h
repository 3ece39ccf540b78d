/*  gw_senders - what dialects show of who sent a message, remembered for a short while. */

#ifndef GW_SENDERS_H
#define GW_SENDERS_H

#include "pt_message.h"

/*  Somebody who changes its name is shown under the new one after twice this long at most. */
#define GW_SENDERS_MS 30000

/*  Remembered at one time: twice as many at most; of one more the older half is forgotten. */
#define GW_SENDERS 16384

typedef struct {
    pt_str_t name;  /* as frames show it (gw_dialect_person_name) */
    pt_str_t email; /* empty when it has none */
} gw_sender_t;

typedef struct gw_senders gw_senders_t;

/*  Remembers at most `max` in each of two halves.  NULL when out of memory. */
gw_senders_t *gw_senders_new (uint32_t max);
void gw_senders_destroy (gw_senders_t **self_p);

/*  Remembers (copies) or replaces.  Does nothing when out of memory. */
void gw_senders_put (gw_senders_t *self, const pt_person_t *person, uint64_t now_ms);

/*  NULL when it is not known; valid until the next put. */
const gw_sender_t *gw_senders_get (gw_senders_t *self, uint64_t account, uint64_t now_ms);

#endif
