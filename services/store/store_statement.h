/*  store_statement - a batch in SQL: what to ask, how to read the answer, what
    to write.  The order of the statements in the first step is the order of the
    results that store_statement_read expects. */

#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include "store_append.h"
#include "store_pg.h"

/*  Sends BEGIN, the locks and the reads of an opened batch. */
void store_statement_ask (store_append_t *append, store_pg_t *pg, store_entry_t *const *run, unsigned count,
                          bool needs_ids);

/*  Tells the batch what was read, valid for as long as the step is, but files as long as the
    entry's arena; a new block of ids goes to `ids`.  0, -PT_E_internal when a result has another shape,
    or -PT_E_memory. */
PT_MUSTCHECK int store_statement_read (store_append_t *append, const store_pg_step_t *step, pt_codec_t *codec,
                                       store_ids_t *ids, int64_t *out_now);

/*  Sends what was decided and COMMIT; only ROLLBACK when everything was refused. */
void store_statement_write (store_append_t *append, store_pg_t *pg, store_entry_t *const *run, unsigned count,
                            unsigned new_count);

#endif
