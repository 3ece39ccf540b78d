/*  store_ops_owner - what a sign-in is answered with: whose credential it is. */

#ifndef STORE_OPS_OWNER_H
#define STORE_OPS_OWNER_H

#include "store_op.h"

/*  account, session, generation, staff */
void store_ops_owner_read (store_row_t *row, pt_session_owner_t *out);

/*  For `take` of what makes a credential: the account's lock, then the row of the one that
    was made: account, session, generation, staff, created_at.  Without one the account is not there, not
    active, or has begun anew since it was looked at. */
int store_ops_owner_take (store_op_t *op, store_pg_t *pg, const store_pg_step_t *step);

#endif
