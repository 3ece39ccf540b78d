/*  store_fault - from PostgreSQL's SQLSTATE to how to go on and what to tell. */

#ifndef STORE_FAULT_H
#define STORE_FAULT_H

#include "store_pg.h"

/*  The kind of failure, and the error for the asker in `*out_err`. */
store_fault_t store_fault (const char *sqlstate, int *out_err);

#endif
