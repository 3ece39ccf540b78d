/*  auth_audit - refused sign-ins for the audit trail: entered in the background,
    in batches, so that a refusal takes the same time whoever was named. */

#ifndef AUTH_AUDIT_H
#define AUTH_AUDIT_H

#include "auth.h"

/*  Entries that wait for store; beyond it new ones are counted, and left out. */
#define AUTH_AUDIT_MAX 1024

/*  How often they are entered. */
#define AUTH_AUDIT_MS 1000

/*  Starts the clock; `auth` is borrowed.  NULL when out of memory. */
auth_audit_t *auth_audit_new (auth_t *auth);

/*  What still waits is lost; accepts NULL. */
void auth_audit_destroy (auth_audit_t **self_p);

/*  Notes a refusal now; nothing of what was typed.  `address` may be empty. */
void auth_audit_refused (auth_audit_t *self, pt_str_t address, const char *trace);

/*  Enters what waits without waiting for the clock. */
void auth_audit_flush (auth_audit_t *self);

#endif
