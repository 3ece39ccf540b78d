/*  store_mutation - runs a keyed operation inside the transaction that claims its
    key and saves its reply. */

#ifndef STORE_MUTATION_H
#define STORE_MUTATION_H

#include "store_op.h"

/*  The job of a keyed operation. */
extern const store_job_ops_t store_mutation_ops;

/*  The request's answer; each consumes it. */
void store_op_answer (store_op_t *op);
void store_op_refuse (store_op_t *op, int err);

#endif
