/*  auth_bootstrap - the accounts that settings ask for: the first administrator, and
    users to try things out with.

    They are made through store as a registration is, and asked for again until store
    is there: several auths may do it at once, and every start does it again.  An
    account that is there keeps its password; the administrator's is made staff. */

#ifndef AUTH_BOOTSTRAP_H
#define AUTH_BOOTSTRAP_H

#include "auth.h"

/*  Demo users of one installation. */
#define AUTH_BOOTSTRAP_USERS 32

#define AUTH_BOOTSTRAP_PAUSE_MS 500
#define AUTH_BOOTSTRAP_PAUSE_MAX_MS 16000

/*  Judges the settings and begins.  0 and NULL in `*out_self` when they ask for
    nothing; -PT_E_invalid with the reason in `why`, which holds nothing of them; or
    -PT_E_memory. */
PT_MUSTCHECK int auth_bootstrap_new (auth_t *auth, sv_loop_t *loop, auth_bootstrap_t **out_self, auth_why_t *why);

/*  Ends the work where it is; accepts NULL. */
void auth_bootstrap_stop (auth_bootstrap_t *self);

/*  Before auth_password is destroyed a hash may be under way, which calls back:
    destroy this after that.  Accepts NULL. */
void auth_bootstrap_destroy (auth_bootstrap_t **self_p);

#endif
