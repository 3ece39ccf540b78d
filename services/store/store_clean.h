/*  store_clean - removes what has expired, a bounded number of rows at a time:
    answers of old requests, credentials and mails past their end, revocations and the
    audit trail when they are old enough, and what deleted rooms and accounts left behind. */

#ifndef STORE_CLEAN_H
#define STORE_CLEAN_H

#include "store_pool.h"

/*  Rows one statement removes at most. */
#define STORE_CLEAN_ROWS 1000

typedef struct store_clean store_clean_t;

/*  Works through `pool` from now on.  NULL when out of memory. */
store_clean_t *store_clean_new (store_pool_t *pool, sv_loop_t *loop, sv_log_t *log);

/*  The pool must be gone already: a job may still be in it. */
void store_clean_destroy (store_clean_t **self_p);

#endif
