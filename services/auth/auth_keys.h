/*  auth_keys - the keys and secrets in force, and their exchange while requests
    go on.

    Beside the key that signs there may be a second one that is announced to
    gateways as well, and beside the secret a second one under which what exists
    stays good.  All four are read at the start and again on SIGHUP. */

#ifndef AUTH_KEYS_H
#define AUTH_KEYS_H

#include "auth.h"

/*  Reads all; at the start the first key and secret are made when missing, the
    second ones may be missing at any time.  0 and they are in force, or a negative
    error with the reason in `why`, and those before stay.  Blocks on the disk. */
PT_MUSTCHECK int auth_keys_load (auth_t *auth, auth_why_t *why);

/*  Wipes and frees what was loaded. */
void auth_keys_unload (auth_t *auth);

#endif
