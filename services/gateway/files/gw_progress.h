/*  gw_progress - hears from drive how far transfers have come, and has the sockets of
    their accounts told.

    All of topic `d` is taken, not that of each account that has a socket here: an upload
    says so twice a second at most, and there are few of them at a time, while sockets
    come and go by the thousand, and each would have to be entered at every broker. */

#ifndef GW_PROGRESS_H
#define GW_PROGRESS_H

#include "gw.h"

/*  NULL when out of memory. */
gw_progress_t *gw_progress_new (gw_t *gw);
void gw_progress_destroy (gw_progress_t **self_p);

#endif
