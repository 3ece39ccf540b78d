/*  auth_farewell - deleted accounts leave their rooms.

    store lists the memberships that are left; each is ended as the account itself
    would: where it is the last owner among others, somebody else is made owner
    first.  Repeats are harmless, by any instance and at any time: the send_ids
    follow from what is done. */

#ifndef AUTH_FAREWELL_H
#define AUTH_FAREWELL_H

#include "auth.h"

/*  Memberships asked for at a time, and pages before other work has its turn. */
#define AUTH_FAREWELL_PAGE 50
#define AUTH_FAREWELL_PAGES 20

typedef struct auth_farewell auth_farewell_t;

/*  NULL when out of memory. */
auth_farewell_t *auth_farewell_new (auth_t *auth);
void auth_farewell_destroy (auth_farewell_t **self_p);

/*  The end of a round: 0, or the error of store that ended it. */
typedef void (auth_farewell_done_fn) (void *arg, int status);

/*  Ends memberships, one after the other, then calls `fn`, later or at once.  One
    round at a time. */
void auth_farewell_work (auth_farewell_t *self, auth_farewell_done_fn *fn, void *arg);

/*  Ends the round where it is; its `fn` is not called. */
void auth_farewell_stop (auth_farewell_t *self);

#endif
